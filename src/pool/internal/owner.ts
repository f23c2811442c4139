/**
 * A fiber that owns leases, observed once however many leases it takes: an observer added and removed for each lease
 * costs several times the checkout itself.
 *
 * @internal
 */
import type { AnyFiber, Borrow } from "./borrow.ts"

/** @internal */
export class Owner {
  readonly fiber: AnyFiber
  #head: Borrow | undefined = undefined

  constructor(fiber: AnyFiber) {
    this.fiber = fiber
  }

  take(borrow: Borrow): void {
    borrow.owner = this
    borrow.ownedPrev = undefined
    borrow.ownedNext = this.#head
    if (this.#head !== undefined) this.#head.ownedPrev = borrow
    this.#head = borrow
  }

  release(borrow: Borrow): void {
    if (borrow.ownedPrev === undefined) this.#head = borrow.ownedNext
    else borrow.ownedPrev.ownedNext = borrow.ownedNext
    if (borrow.ownedNext !== undefined) borrow.ownedNext.ownedPrev = borrow.ownedPrev
    borrow.ownedPrev = undefined
    borrow.ownedNext = undefined
    borrow.owner = undefined
  }

  /** Any of its leases: the newest. */
  get first(): Borrow | undefined {
    return this.#head
  }
}
