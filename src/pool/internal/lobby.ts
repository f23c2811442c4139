/**
 * Where checkouts wait while there is no incarnation to ask: each within its own deadline, which goes on when an
 * incarnation takes it over.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import type { Deadline } from "../../channel/internal/deadlines.ts"
import type { Host } from "../../channel/internal/host.ts"
import type { Delivery } from "../../channel/internal/outbox.ts"
import { stackless } from "../../channel/internal/stackless.ts"
import type { Expiring } from "../../channel/internal/wake.ts"
import * as PoolError from "../PoolError.ts"
import type { Status } from "../Status.ts"
import type { Borrow, Refusal } from "./borrow.ts"
import type { Settings } from "./settings.ts"

/** What there is to be said of a pool in which nobody is at work. @internal */
export interface Absence {
  readonly settings: Settings
  readonly lastOpenFailure: Cause.Cause<unknown> | undefined
  readonly emptyStatus: () => Status
}

/** @internal */
export class Lobby {
  readonly #host: Host
  readonly #absence: Absence
  /** In the order of arrival. */
  readonly #guests = new Map<Borrow, Guest>()

  constructor(host: Host, absence: Absence) {
    this.#host = host
    this.#absence = absence
  }

  get size(): number {
    return this.#guests.size
  }

  /** Who cannot wait is refused. */
  enter(borrow: Borrow): void {
    const refusal = this.#refusalFor(borrow)
    if (refusal !== undefined) {
      borrow.state = "refused"
      borrow.reason = refusal
    } else this.#seat(borrow)
  }

  #refusalFor({ mode, wait }: Borrow): Refusal | undefined {
    const { concurrency, maxOverflow, maxWaiting, name, size } = this.#absence.settings
    if (mode === "try") return new PoolError.PoolFull({ pool: name, status: this.#absence.emptyStatus() })
    if (wait === 0) return this.#timeout(0)
    // As the next incarnation would judge: it opens for as many as it has room for.
    return this.size < (size + maxOverflow) * concurrency + maxWaiting ? undefined : this.#overloaded("maxWaiting")
  }

  #overloaded(reason: "maxWaiting" | "size"): Refusal {
    return stackless((fields) => new PoolError.PoolOverloaded(fields), {
      pool: this.#absence.settings.name,
      status: this.#absence.emptyStatus(),
      reason,
      waited: Duration.zero
    })
  }

  #seat(borrow: Borrow): void {
    const now = this.#host.now()
    // One that comes back, from an incarnation that crashed as soon as it began, has its first budget.
    const askedAt = borrow.askedAt ??= now
    const guest = new Guest(() => this.#expire(borrow, askedAt))
    this.#guests.set(borrow, guest)
    if (borrow.wait < Infinity) guest.deadline = this.#host.wake.expireAfter(askedAt + borrow.wait - now, guest)
  }

  leave(borrow: Borrow): void {
    const guest = this.#guests.get(borrow)
    if (guest === undefined) return
    this.#guests.delete(borrow)
    this.#host.wake.cancel(guest.deadline)
  }

  /** Empties it, the oldest first. */
  emptyInto(take: (borrow: Borrow) => void): void {
    for (const borrow of Array.from(this.#guests.keys())) {
      this.leave(borrow)
      take(borrow)
    }
  }

  /** Those who want more together than there can ever be now. */
  refuseTooMany(most: number): void {
    for (const borrow of Array.from(this.#guests.keys())) {
      if (borrow.bundle === undefined || borrow.bundle.length <= most) continue
      this.leave(borrow)
      borrow.state = "refused"
      borrow.reason = this.#overloaded("size")
      this.deliver(borrow)
    }
  }

  deliver(delivery: Delivery): void {
    this.#host.wake.deliver(delivery)
  }

  #expire(borrow: Borrow, askedAt: number): void {
    this.leave(borrow)
    borrow.state = "refused"
    borrow.reason = this.#timeout(this.#host.now() - askedAt)
    this.deliver(borrow)
  }

  #timeout(waited: number): Refusal {
    const { lastOpenFailure, settings } = this.#absence
    return stackless((fields) => new PoolError.CheckoutTimeout<unknown>(fields), {
      pool: settings.name,
      waited: Duration.millis(waited),
      phase: "open" as const,
      status: this.#absence.emptyStatus(),
      oldestLeaseAge: undefined,
      lastOpenFailure,
      mayBeDeadlock: false
    })
  }
}

class Guest implements Expiring {
  readonly expire: () => void
  deadline: Deadline<Expiring> | undefined

  constructor(expire: () => void) {
    this.expire = expire
  }
}
