/**
 * All the state of a pool, and the questions one can ask of it. Only the machine changes it.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import { type Deadline, Deadlines } from "../../channel/internal/deadlines.ts"
import { List } from "../../channel/internal/list.ts"
import type { Awaiter } from "../Message.ts"
import type { Status } from "../Status.ts"
import type { Borrow } from "./borrow.ts"
import type { Owner } from "./owner.ts"
import type { Settings } from "./settings.ts"
import type { Worker } from "./worker.ts"

/** What can fall due: a waiter, a worker's opening or closing, the back-off, the shutdown. @internal */
export type Due = Borrow | Worker | "backoff" | "shutdown"

/** @internal */
export class State {
  readonly settings: Settings
  phase: "open" | "draining" | "closing" | "closed" = "open"
  /** `make` still waits for the first `size` resources. */
  starting: boolean
  /** How many workers are kept alive without being asked for; what `start: "lazy"` holds low until demand has raised it. */
  target: number

  /** In the order in which they were started: they stop in reverse. */
  readonly workers = new Set<Worker>()
  readonly idle = new List<Worker>()
  /** In the order in which they were lent. */
  readonly lent = new List<Worker>()
  /** Oldest first. */
  readonly waiting = new List<Borrow>()
  /** Began to wait at a time that nobody has read yet, and so have no deadline; some of them may have been served. */
  undated: Array<Borrow> = []
  opening = 0
  closing = 0
  abandoned = 0

  readonly deadlines = new Deadlines<Due>()
  readonly owners = new Map<Owner["fiber"], Owner>()

  /** Failed openings since the last success. */
  failures = 0
  failingSince = 0
  hasOpenedSince = false
  /** Resources that died right after their opening, in a row, before anybody had them. */
  stillborn = 0
  /** When resources have died by themselves, oldest first, as far as it matters. */
  deaths: ReadonlyArray<number> = []
  lastOpenFailure: Cause.Cause<unknown> | undefined = undefined
  /** After a failed opening: first the schedule is asked for its delay, then the delay is waited for. */
  backoff: "asking" | Deadline<Due> | undefined = undefined

  awaiters: Array<Awaiter> = []
  shutdownBy: Deadline<Due> | undefined = undefined
  drained = 0
  forced = 0

  lastWorkerId = 0
  lastLeaseId = 0
  lastTicket = 0

  constructor(settings: Settings) {
    this.settings = settings
    this.starting = settings.start === "eager" && settings.size > 0
    this.target = settings.start === "lazy" ? 0 : settings.size
  }

  /** The bound on everything that may hold something open. */
  get bound(): number {
    return this.settings.size + this.settings.maxOverflow
  }

  get live(): number {
    return this.opening + this.idle.length + this.lent.length
  }

  get room(): number {
    return this.bound - this.live - this.closing
  }

  /**
   * Waiters beyond this many wait for a resource that is lent; the others for an opening, a back-off, or a closing whose
   * place is theirs next.
   */
  get openable(): number {
    return this.bound - this.lent.length - this.idle.length
  }

  /**
   * Up to which ticket a waiter's place is one that an opening, or the back-off before it, is under way for. `Infinity`:
   * for a newcomer's too.
   */
  openUpTo(): number {
    if (this.opening === 0 && this.backoff === undefined) return 0
    if (this.waiting.length < this.openable) return Infinity
    let last: Borrow | undefined
    for (let places = this.openable; places > 0; places--) last = last === undefined ? this.waiting.head : last.next
    return last?.ticket ?? 0
  }

  status(): Status {
    const { name, size, maxOverflow } = this.settings
    const { opening, closing } = this
    const idle = this.idle.length
    const lent = this.lent.length
    return {
      name,
      state: this.word(),
      size,
      maxOverflow,
      idle,
      lent,
      opening,
      closing,
      overflow: Math.max(0, idle + lent + opening + closing - size),
      waiting: this.waiting.length,
      abandoned: this.abandoned
    }
  }

  private word(): Status["state"] {
    if (this.phase === "closed") return "closed"
    if (this.phase !== "open") return "draining"
    if (this.idle.length > 0 || this.live < this.settings.size) return "ready"
    return this.room > 0 ? "overflow" : "full"
  }
}
