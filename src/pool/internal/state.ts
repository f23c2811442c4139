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
import { Codel } from "./codel.ts"
import { Discipline } from "./discipline.ts"
import type { Owner } from "./owner.ts"
import type { Seat } from "./seat.ts"
import type { Settings } from "./settings.ts"
import type { Worker } from "./worker.ts"

/**
 * What can fall due: a waiter, a worker's opening, check or closing, the back-off, the housekeeper's round, CoDel's look at
 * the queue, the shutdown, the end of its quiet period.
 *
 * @internal
 */
export type Due = Borrow | Worker | "backoff" | "round" | "codel" | "shutdown" | "quiet"

/** @internal */
export interface Tickets {
  last: number
}

/** @internal */
export class State {
  settings: Settings
  phase: "open" | "draining" | "closing" | "closed" = "open"
  /** `make` still waits for the first `size` resources. */
  starting: boolean
  /**
   * How many workers are kept alive without being asked for: what demand has raised it to, from `minIdle` (or nothing, under
   * `start: "lazy"`), and what `idleTimeout` lowers again.
   */
  target: number
  /** Nothing is to be asked of any policy before something is lent or kept: as in most pools, at most times. */
  isPlain: boolean
  /** Between `Suspend` and `Resume`. */
  isSuspended = false
  /** The circuit breaker is open: nothing is live, and too many openings have failed. */
  isTripped = false

  /** In the order in which they were started: they stop in reverse. */
  readonly workers = new Set<Worker>()
  readonly idle = new List<Worker>()
  /** In the order in which they were lent. */
  readonly lent = new List<Seat>()
  /** Resources that somebody has, and that others may have too. */
  readonly shared = new List<Worker>()
  /** Leases beyond the first of their resource. */
  extra = 0
  /** Oldest first. */
  readonly waiting = new List<Borrow>()
  /** Began to wait at a time that nobody has read yet, and so have no deadline; some of them may have been served. */
  undated: Array<Borrow> = []
  /** Who of them is next, if not the oldest. */
  discipline: Discipline | undefined
  /** Those who have been granted some of what they want only together, and have not taken it over. */
  gathering: Array<ReadonlyArray<Borrow>> = []
  /** Who of them is dropped instead. */
  codel: Codel | undefined
  /** When it looks at them by itself. */
  codelAt: Deadline<Due> | undefined = undefined
  opening = 0
  resetting = 0
  /** Also those that are probed. */
  validating = 0
  probing = 0
  closing = 0
  /** How many have a successor, and have not gone. */
  succeeded = 0
  /** More than `bound` only after it was lowered, and then it falls with what there is. */
  ceiling: number
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
  /** The housekeeper's next round. */
  round: Deadline<Due> | undefined = undefined
  /** A shutdown waits until nobody has asked for so many milliseconds. */
  quiet: number | undefined = undefined
  quietAt: Deadline<Due> | undefined = undefined
  /** When somebody has asked last, meanwhile. */
  askedLast = 0
  drained = 0
  forced = 0

  lastWorkerId = 0
  lastLeaseId = 0
  /** The last ticket that was given; of all pools that share one limit. */
  readonly tickets: Tickets
  /** There is a limit that it shares with other pools. */
  readonly isLimited: boolean
  /** How many of those who wait are `tryCheckout`s. */
  tries = 0

  constructor(settings: Settings, tickets?: Tickets) {
    this.settings = settings
    this.tickets = tickets ?? { last: 0 }
    this.isLimited = tickets !== undefined
    this.starting = settings.start === "eager" && settings.minIdle > 0
    this.target = settings.start === "lazy" ? 0 : settings.minIdle
    this.ceiling = this.bound
    this.discipline = settings.fairness && new Discipline(settings)
    this.codel = settings.overload && new Codel(settings.overload)
    this.isPlain = this.#isPlain
  }

  /** Some of it is granted. Until its asker has it in hand, what it lacks comes first. */
  gather(bundle: ReadonlyArray<Borrow>): void {
    if (!this.gathering.includes(bundle)) this.gathering.push(bundle)
    this.forgetGathered()
  }

  forgetGathered(): void {
    this.gathering = this.gathering.filter((bundle) => bundle.some(isOnItsWay))
  }

  /** After a change of anything that it depends on. */
  replan(): void {
    this.isPlain = this.#isPlain
  }

  get #isPlain(): boolean {
    const { settings } = this
    if (
      this.ceiling > this.bound || this.validating > 0 || this.isLimited || this.isSuspended ||
      this.quiet !== undefined ||
      this.discipline !== undefined ||
      this.codel !== undefined
    ) {
      return false
    }
    if (settings.maxUses < Infinity || settings.validates || settings.leaseTimeout !== undefined) return false
    if (settings.maxLifetime < Infinity || settings.keepalive < Infinity || settings.targetUtilization < 1) return false
    if (
      settings.concurrency > 1 || settings.overflowTtl > 0 || settings.minIdle < settings.size ||
      settings.asksToRetire || settings.resets
    ) return false
    for (const worker of this.workers) if (worker.retireAt < Infinity) return false
    return true
  }

  /** The bound on everything that may hold something open. */
  get bound(): number {
    return this.settings.size + this.settings.maxOverflow
  }

  /** How many hold a resource that is open and not told to close. */
  get open(): number {
    return this.idle.length + this.lent.length - this.extra + this.resetting + this.validating
  }

  /** How many somebody has. */
  get busy(): number {
    return this.lent.length - this.extra
  }

  get live(): number {
    return this.opening + this.open
  }

  get room(): number {
    return this.bound - this.live - this.closing
  }

  /** How many of those who wait could be served now, if there were something to lend. */
  get servable(): number {
    return this.discipline === undefined ? this.waiting.length : this.discipline.servable
  }

  /** How many idle ones are being checked for somebody who waits. */
  get vetting(): number {
    return this.validating - this.probing
  }

  /** How many are about to be free for whoever waits. */
  get coming(): number {
    return this.resetting + this.validating
  }

  /** How many should be alive for what is lent now, where some are to be in reserve. */
  get needed(): number {
    if (this.settings.targetUtilization === 1) return 0
    const { concurrency, minIdle, size, start, targetUtilization } = this.settings
    const least = start === "lazy" ? 0 : minIdle
    const inUse = (this.lent.length + this.servable) / concurrency
    return Math.min(size, Math.max(least, Math.ceil(inUse / targetUtilization)))
  }

  /**
   * Waiters beyond this many wait for a resource that is lent; the others for an opening, a back-off, or a closing whose
   * place is theirs next.
   */
  get openable(): number {
    return (this.bound - this.busy - this.idle.length) * this.settings.concurrency
  }

  /**
   * Up to which ticket a waiter's place is one that an opening, the back-off before it, or the check of an idle one is under
   * way for. `Infinity`: for a newcomer's too.
   */
  openUpTo(): number {
    if (this.opening === 0 && this.validating === 0 && this.backoff === undefined) return 0
    if (this.waiting.length < this.openable) return Infinity
    let last: Borrow | undefined
    for (let places = this.openable; places > 0; places--) last = last === undefined ? this.waiting.head : last.next
    return last?.ticket ?? 0
  }

  status(): Status {
    const { name, size, maxOverflow } = this.settings
    const { opening, resetting, validating, closing } = this
    const idle = this.idle.length
    const lent = this.busy
    return {
      name,
      state: this.word(),
      size,
      maxOverflow,
      idle,
      lent,
      leases: this.lent.length,
      opening,
      resetting,
      validating,
      closing,
      overflow: Math.max(0, this.live + closing - size),
      waiting: this.waiting.length,
      suspended: this.isSuspended,
      abandoned: this.abandoned
    }
  }

  private word(): Status["state"] {
    if (this.phase === "closed") return "closed"
    if (this.phase !== "open") return "draining"
    if (this.idle.length + this.shared.length > 0 || this.live < this.settings.size) return "ready"
    return this.room > 0 ? "overflow" : "full"
  }
}

const isOnItsWay = ({ state, taken }: Borrow): boolean => !taken && (state === "lent" || state === "waiting")

/** How many leases one borrower can ever have together. One can always be waited for, as by anybody. @internal */
export const mostAtOnce = ({ concurrency, fairness, maxOverflow, size }: Settings): number =>
  Math.max(1, Math.min((size + maxOverflow) * concurrency, fairness?.maxPerKey ?? Infinity))

/** The numbers of a pool that has no state. @internal */
export const vacantStatus = (
  { maxOverflow, name, size }: Settings,
  known: Pick<Status, "state" | "opening" | "closing" | "waiting" | "suspended" | "abandoned">
): Status => ({
  name,
  size,
  maxOverflow,
  idle: 0,
  lent: 0,
  leases: 0,
  resetting: 0,
  validating: 0,
  overflow: Math.max(0, known.opening + known.closing - size),
  ...known
})
