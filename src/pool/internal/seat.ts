/**
 * What one borrower has of a resource. A resource has one seat; one that is shared has as many as may share it.
 *
 * Seats outlive leases, so that a lease costs no more than its borrow.
 *
 * @internal
 */
import type { Linked } from "../../channel/internal/list.ts"
import type { Borrow } from "./borrow.ts"
import type { Owner } from "./owner.ts"
import type { Worker } from "./worker.ts"

/** @internal */
export class Seat implements Linked<Seat> {
  readonly worker: Worker
  /** Whose it is. */
  borrow: Borrow | undefined = undefined
  /** Whose end abandons the lease. */
  owner: Owner | undefined = undefined
  ownedPrev: Seat | undefined = undefined
  ownedNext: Seat | undefined = undefined
  /** The public lease, held only while a living owner holds it too: an ownerless one must stay collectable. */
  lease: object | undefined = undefined
  /**
   * Monotonic milliseconds of the moment at which it was lent, or of the end of the batch of turns in which it was; none
   * until then.
   */
  lentAt: number | undefined = undefined
  /** Its lease was found to be held for too long, and that was said. */
  isOverdue = false
  prev: Seat | undefined = undefined
  next: Seat | undefined = undefined

  constructor(worker: Worker) {
    this.worker = worker
  }
}
