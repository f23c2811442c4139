/**
 * A fiber that owns leases, observed once however many leases it takes: an observer added and removed for each lease
 * costs several times the checkout itself.
 *
 * @internal
 */
import type { AnyFiber } from "./borrow.ts"
import type { Worker } from "./worker.ts"

/** @internal */
export class Owner {
  readonly fiber: AnyFiber
  #head: Worker | undefined = undefined

  constructor(fiber: AnyFiber) {
    this.fiber = fiber
  }

  take(worker: Worker): void {
    worker.owner = this
    worker.ownedPrev = undefined
    worker.ownedNext = this.#head
    if (this.#head !== undefined) this.#head.ownedPrev = worker
    this.#head = worker
  }

  release(worker: Worker): void {
    if (worker.ownedPrev === undefined) this.#head = worker.ownedNext
    else worker.ownedPrev.ownedNext = worker.ownedNext
    if (worker.ownedNext !== undefined) worker.ownedNext.ownedPrev = worker.ownedPrev
    worker.ownedPrev = undefined
    worker.ownedNext = undefined
    worker.owner = undefined
  }

  /** Any that it has borrowed: the one it has had for the shortest time. */
  get first(): Worker | undefined {
    return this.#head
  }
}
