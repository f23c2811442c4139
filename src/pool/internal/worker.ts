/**
 * The machine's record of one worker: the supervised child that owns one resource (poolboy's word). The fiber that
 * opens, holds and closes the resource is the shell's affair, see `workerFiber.ts`.
 *
 * @internal
 */
import type { Deadline } from "../../channel/internal/deadlines.ts"
import type { Linked } from "../../channel/internal/list.ts"
import type { Borrow } from "./borrow.ts"
import type { Owner } from "./owner.ts"
import type { Due } from "./state.ts"

/** @internal */
export class Worker implements Linked<Worker> {
  readonly id: number
  /** `free` only within a turn: between two places. */
  state: "opening" | "free" | "idle" | "lent" | "closing" | "gone" = "opening"
  resource: unknown = undefined
  /** Monotonic milliseconds of its `Ready`. */
  since = 0
  /** A borrower has had it: whatever happens to it now, opening it had worked. */
  proven = false
  /** Its `Ready` did not count as a success yet. */
  doubted = false
  /** Whose it is, while `lent`. */
  borrow: Borrow | undefined = undefined
  /** Whose end abandons the lease. */
  owner: Owner | undefined = undefined
  ownedPrev: Worker | undefined = undefined
  ownedNext: Worker | undefined = undefined
  /** The public lease, held only while a living owner holds it too: an ownerless one must stay collectable. */
  lease: object | undefined = undefined
  /**
   * Monotonic milliseconds of the moment at which it was lent, or of the end of the batch of turns in which it was; none
   * until then.
   */
  lentAt: number | undefined = undefined
  /** Of its opening, later of its closing. */
  deadline: Deadline<Due> | undefined = undefined
  prev: Worker | undefined = undefined
  next: Worker | undefined = undefined

  constructor(id: number) {
    this.id = id
  }
}
