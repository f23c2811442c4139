/**
 * The room in a channel, as a fair semaphore after Tokio's batch semaphore: first come first served, and a large
 * request at the head of the line is not overtaken by a small one that would fit.
 *
 * ```text
 * free ──occupy──▶ occupied by a message ──vacate──▶ free
 * free ──acquire─▶ outstanding ──use──▶ occupied           (a permit; or a grant its waiter has not yet taken)
 *                  outstanding ──giveBack──▶ free
 * ```
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Deadline } from "./deadlines.ts"
import type { Host } from "./host.ts"
import type { Delivery } from "./outbox.ts"
import { WaitList, WaitNode } from "./waitList.ts"
import type { Expiring } from "./wake.ts"

/** Why a wait for room ended without any. @internal */
export type Refusal = "closed" | "expired"

/** @internal */
export class Permits {
  readonly max: number
  readonly #host: Host
  /** The last permit was given back: perhaps nothing can come any more. */
  readonly #onQuiet: () => void
  readonly #line = new WaitList<Acquirer>()
  #free: number
  #outstanding = 0
  #closed = false

  constructor(host: Host, max: number, onQuiet: () => void) {
    this.max = max
    this.#free = max
    this.#host = host
    this.#onQuiet = onQuiet
  }

  /** Room that a newcomer may have: none while somebody waits. */
  get capacity(): number {
    return this.#line.isEmpty ? Math.max(0, this.#free) : 0
  }

  get hasRoom(): boolean {
    return this.#free >= 1 && this.#line.isEmpty
  }

  /** No permit is outstanding and nobody waits for one. */
  get isQuiet(): boolean {
    return this.#outstanding === 0 && this.#line.isEmpty
  }

  occupy(n: number): void {
    this.#free -= n
  }

  vacate(n: number): void {
    this.#free += n
    if (!this.#line.isEmpty) this.#grant()
  }

  /** Only where `capacity` is at least `n`. */
  acquire(n: number): void {
    this.#free -= n
    this.#outstanding += n
  }

  /** One permit becomes a message, whose room it keeps. */
  use(): void {
    this.#outstanding--
  }

  giveBack(n: number): void {
    this.#outstanding -= n
    this.vacate(n)
    if (this.#outstanding === 0) this.#onQuiet()
  }

  /** Those in line are refused; what was granted stays granted. */
  close(): void {
    this.#closed = true
    for (let first = this.#line.shift(); first !== undefined; first = this.#line.shift()) this.#settle(first, "closed")
  }

  /**
   * Waits for `n`, at most `millis`. `onGranted` runs in the very step that ends the wait, with the permits
   * outstanding; interrupted before it, they go to whoever is next.
   */
  wait<A, E>(
    n: number,
    millis: number,
    onGranted: (fiber: Fiber.Fiber<unknown, unknown>) => A,
    onRefused: (refusal: Refusal) => Effect.Effect<never, E>
  ): Effect.Effect<A, E> {
    return Effect.callback<A, E>((resume) => {
      // The receiver may have closed between the look and the wait.
      if (this.#closed) return resume(onRefused("closed"))
      const granted = Effect.withFiberSucceed((fiber) => {
        acquirer.isGranted = false
        return onGranted(fiber)
      })
      const acquirer = new Acquirer(this, n, (refusal) => {
        resume(refusal === undefined ? granted : onRefused(refusal))
      })
      this.#line.add(acquirer)
      if (millis !== Infinity) acquirer.deadline = this.#host.wake.expireAfter(millis, acquirer)
      this.#grant()
      return Effect.sync(() => this.#leave(acquirer))
    })
  }

  /** Only while it waits: its deadline is cancelled when it is settled. */
  expire(acquirer: Acquirer): void {
    this.#line.remove(acquirer)
    this.#settle(acquirer, "expired")
    // A large request may have held back smaller ones behind it.
    this.#grant()
  }

  #leave(acquirer: Acquirer): void {
    this.#host.wake.cancel(acquirer.deadline)
    if (acquirer.isWaiting) {
      this.#line.remove(acquirer)
      this.#grant()
    } else if (acquirer.isGranted) {
      // Granted, but interrupted before it was taken.
      acquirer.isGranted = false
      this.giveBack(acquirer.n)
    }
  }

  #grant(): void {
    for (let first = this.#line.first; first !== undefined && first.n <= this.#free; first = this.#line.first) {
      this.#line.remove(first)
      this.acquire(first.n)
      first.isGranted = true
      this.#settle(first, undefined)
    }
  }

  #settle(acquirer: Acquirer, refusal: Refusal | undefined): void {
    this.#host.wake.cancel(acquirer.deadline)
    acquirer.refusal = refusal
    this.#host.wake.deliver(acquirer)
  }
}

class Acquirer extends WaitNode implements Delivery, Expiring {
  readonly n: number
  readonly #permits: Permits
  readonly #resume: (refusal: Refusal | undefined) => void
  deadline: Deadline<Expiring> | undefined
  refusal: Refusal | undefined
  /** From the grant until it is taken or given back. */
  isGranted = false

  constructor(permits: Permits, n: number, resume: (refusal: Refusal | undefined) => void) {
    super()
    this.#permits = permits
    this.n = n
    this.#resume = resume
  }

  expire(): void {
    this.#permits.expire(this)
  }

  deliver(): void {
    this.#resume(this.refusal)
  }
}
