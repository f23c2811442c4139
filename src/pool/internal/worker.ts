/**
 * The machine's record of one worker: the supervised child that owns one resource (poolboy's word). The fiber that
 * opens, holds and closes the resource is the shell's affair, see `workerFiber.ts`.
 *
 * @internal
 */
import type { Deadline } from "../../channel/internal/deadlines.ts"
import type { Linked } from "../../channel/internal/list.ts"
import type { Borrow } from "./borrow.ts"
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
  /** Of its opening, later of its closing. */
  deadline: Deadline<Due> | undefined = undefined
  prev: Worker | undefined = undefined
  next: Worker | undefined = undefined

  constructor(id: number) {
    this.id = id
  }
}
