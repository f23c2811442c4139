/**
 * A fiber that owns leases, observed once however many leases it takes: an observer added and removed for each lease
 * costs several times the checkout itself.
 *
 * @internal
 */
import type { AnyFiber } from "./borrow.ts"
import type { Seat } from "./seat.ts"

/** @internal */
export class Owner {
  readonly fiber: AnyFiber
  #head: Seat | undefined = undefined

  constructor(fiber: AnyFiber) {
    this.fiber = fiber
  }

  take(seat: Seat): void {
    seat.owner = this
    seat.ownedPrev = undefined
    seat.ownedNext = this.#head
    if (this.#head !== undefined) this.#head.ownedPrev = seat
    this.#head = seat
  }

  release(seat: Seat): void {
    if (seat.ownedPrev === undefined) this.#head = seat.ownedNext
    else seat.ownedPrev.ownedNext = seat.ownedNext
    if (seat.ownedNext !== undefined) seat.ownedNext.ownedPrev = seat.ownedPrev
    seat.ownedPrev = undefined
    seat.ownedNext = undefined
    seat.owner = undefined
  }

  /** Any that it has borrowed: the one it has had for the shortest time. */
  get first(): Seat | undefined {
    return this.#head
  }
}
