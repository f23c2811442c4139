/**
 * Leases that nobody owns. Nobody but the garbage collector can tell when they can be given back no more, so the pool holds
 * on to none of them.
 *
 * @internal
 */
import type { Borrow } from "./borrow.ts"

/** @internal */
export class Orphans {
  readonly #registry: FinalizationRegistry<Borrow>

  constructor(unreachable: (borrow: Borrow) => void) {
    this.#registry = new FinalizationRegistry((borrow) => {
      if (borrow.state === "lent") unreachable(borrow)
    })
  }

  /** The asker takes the lease over. The pool holds on to the object only as long as a living owner does. */
  handOut(borrow: Borrow, lease: object): void {
    borrow.taken = true
    if (borrow.state !== "lent") return
    const seat = borrow.seat!
    if (seat.owner !== undefined) seat.lease = lease
    else this.#registry.register(lease, borrow)
  }

  /** Its owner has handed it on. */
  watch(borrow: Borrow): void {
    const seat = borrow.seat!
    const lease = seat.lease
    // Not handed out yet: `handOut` sees to it.
    if (lease === undefined) return
    seat.lease = undefined
    this.#registry.register(lease, borrow)
  }
}
