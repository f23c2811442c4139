/**
 * The machine's record of one worker: the supervised child that owns one resource (poolboy's word). The fiber that
 * opens, holds and closes the resource is the shell's affair, see `workerFiber.ts`. What belongs to a lease of it is in its
 * seats.
 *
 * @internal
 */
import type { Deadline } from "../../channel/internal/deadlines.ts"
import type { Linked } from "../../channel/internal/list.ts"
import type { Reservation } from "../Message.ts"
import { Seat } from "./seat.ts"
import type { Due } from "./state.ts"

/** @internal */
export class Worker implements Linked<Worker> {
  readonly id: number
  /** `free` only within a turn: between two places. */
  state: "opening" | "free" | "idle" | "lent" | "resetting" | "validating" | "closing" | "gone" = "opening"
  resource: unknown = undefined
  /** Monotonic milliseconds of its `Ready`. */
  since = 0
  /** A borrower has had it: whatever happens to it now, opening it had worked. */
  proven = false
  /** Its `Ready` did not count as a success yet. */
  doubted = false
  /** How many borrowers are through with it. */
  uses = 0
  /** Monotonic milliseconds of the moment at which it became idle, or of earlier in that batch of turns. */
  idleSince = 0
  /** The same, of the last moment at which it was known to be well: it came back, or it passed a check. */
  checkedAt = 0
  /** What its lifetime is shortened by, drawn once: from 0 to 1, of the fraction that is set. */
  jitter = 0
  /** Somebody wants it gone from then on. */
  evictAt = Infinity
  /** From then on it is not lent any more: the end of its lifetime, or its eviction. */
  retireAt = Infinity
  /** When a successor is to be opened ahead of the end of its lifetime. */
  succeedAt = Infinity
  /** Another one was opened, or is being opened, ahead of its retirement. */
  hasSuccessor = false
  /** It is being probed while it is idle, rather than validated for somebody who waits. */
  isProbed = false
  /** How many have it now. More than one where it is shared. */
  leases = 0
  readonly seat: Seat = new Seat(this)
  /** The other seats, where it is shared; made when they are needed. */
  others: Array<Seat> | undefined = undefined
  /** One more may have it. */
  isShared = false
  /** Nobody is to have it any more: it is closed when the last one gives it back. */
  isLeaving = false
  /** Those who want it for themselves alone. The first has it, or waits for the others to leave. */
  reservations: Array<Reservation> | undefined = undefined
  /** Nobody waits for its opening or its closing any more. */
  isGivenUp = false
  /** Of its opening, of a check, later of its closing. */
  deadline: Deadline<Due> | undefined = undefined
  prev: Worker | undefined = undefined
  next: Worker | undefined = undefined

  constructor(id: number) {
    this.id = id
  }

  /** One that is free; the caller knows that there is one. */
  freeSeat(): Seat {
    if (this.seat.borrow === undefined) return this.seat
    const others = this.others ??= []
    const free = others.find(({ borrow }) => borrow === undefined)
    if (free !== undefined) return free
    const seat = new Seat(this)
    others.push(seat)
    return seat
  }

  get seats(): ReadonlyArray<Seat> {
    return this.others === undefined ? [this.seat] : [this.seat, ...this.others]
  }
}
