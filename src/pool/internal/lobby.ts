/**
 * Where checkouts wait while there is no incarnation to ask: each within its own deadline, which goes on when an
 * incarnation takes it over.
 *
 * @internal
 */
import type { Deadline } from "../../channel/internal/deadlines.ts"
import type { Host } from "../../channel/internal/host.ts"
import type { Delivery } from "../../channel/internal/outbox.ts"
import type { Expiring } from "../../channel/internal/wake.ts"
import type { Borrow, Refusal } from "./borrow.ts"

/** @internal */
export class Lobby {
  readonly #host: Host
  readonly #refusalFor: (waited: number) => Refusal
  /** In the order of arrival. */
  readonly #guests = new Map<Borrow, Guest>()

  constructor(host: Host, refusalFor: (waited: number) => Refusal) {
    this.#host = host
    this.#refusalFor = refusalFor
  }

  get size(): number {
    return this.#guests.size
  }

  enter(borrow: Borrow): void {
    const now = this.#host.now()
    // One that comes back, from an incarnation that crashed as soon as it began, has its first budget.
    if (borrow.askedAt < 0) borrow.askedAt = now
    const guest = new Guest(() => this.#expire(borrow))
    this.#guests.set(borrow, guest)
    if (borrow.wait < Infinity) guest.deadline = this.#host.wake.expireAfter(borrow.askedAt + borrow.wait - now, guest)
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

  deliver(delivery: Delivery): void {
    this.#host.wake.deliver(delivery)
  }

  #expire(borrow: Borrow): void {
    this.leave(borrow)
    borrow.state = "refused"
    borrow.refusal = this.#refusalFor(this.#host.now() - borrow.askedAt)
    this.deliver(borrow)
  }
}

class Guest implements Expiring {
  readonly expire: () => void
  deadline: Deadline<Expiring> | undefined

  constructor(expire: () => void) {
    this.expire = expire
  }
}
