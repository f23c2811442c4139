/**
 * How a host wakes those who wait: soon, by the outbox; or at an instant, by one timer for all of its deadlines.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import { type Deadline, Deadlines } from "./deadlines.ts"
import type { Host } from "./host.ts"
import { type Delivery, Outbox } from "./outbox.ts"
import { Timer } from "./timer.ts"

/** @internal */
export interface Expiring {
  /** Its deadline has fallen due. Decides, and leaves the waking to the outbox. */
  expire(): void
}

/** @internal */
export class Wake {
  readonly #host: Host
  readonly #deadlines = new Deadlines<Expiring>()
  readonly #outbox: Outbox
  #timer: Timer | undefined

  constructor(host: Host) {
    this.#host = host
    this.#outbox = new Outbox(host, () => this.#aim())
  }

  deliver(delivery: Delivery): void {
    this.#outbox.add(delivery)
  }

  expireAfter(millis: number, target: Expiring): Deadline<Expiring> {
    this.#outbox.schedule()
    return this.#deadlines.add(this.#host.now() + millis, target)
  }

  cancel(deadline: Deadline<Expiring> | undefined): void {
    if (deadline === undefined || deadline.target === undefined) return
    this.#deadlines.cancel(deadline)
    this.#outbox.schedule()
  }

  #aim(): void {
    const next = this.#deadlines.next()
    if (this.#timer === undefined) {
      if (next === undefined) return
      this.#timer = new Timer(this.#host, () => this.#fire())
    }
    this.#timer.aim(next)
  }

  #fire(): void {
    const now = this.#host.now()
    for (let due = this.#deadlines.takeDue(now); due !== undefined; due = this.#deadlines.takeDue(now)) due.expire()
    this.#outbox.schedule()
  }
}

/**
 * Milliseconds of a timeout; `Infinity` for none. A negative one, or one that is not a number, is a mistake of the
 * program and throws.
 *
 * @internal
 */
export const timeoutMillis = (timeout: Duration.Input): number => {
  // Duration itself reads NaN as zero.
  if (typeof timeout === "number" && Number.isNaN(timeout)) throw new RangeError("a timeout must be a number, got NaN")
  const millis = Duration.toMillis(Duration.fromInputUnsafe(timeout))
  if (millis >= 0) return millis
  throw new RangeError(`a timeout must not be negative, got ${millis} ms`)
}
