/**
 * What the sessions of a pool hold on to: it outlives the incarnations of the supervisor actor, of which there is one at
 * work, or none.
 *
 * ```text
 *                 published          crash, too many dead resources, a sibling's sake
 *   vacant ──────────────────▶ working ──────────────────────────────────────▶ vacant
 *     │  ▲                        │ shutdown has run its course                   │ nobody starts another
 *     │  └── started again ── closed ◀──────────────────────── shutdown ──────────┤
 *     └──────────────────────────────────────────────────────────────────────▶ crashed
 * ```
 *
 * Where nobody is at work, checkouts wait in the lobby.
 *
 * @internal
 */
import * as ExitReason from "../../actor/ExitReason.ts"
import type { Place } from "../../actor/internal/child.ts"
import type { Process } from "../../actor/internal/process.ts"
import type { Host } from "../../channel/internal/host.ts"
import type { Delivery } from "../../channel/internal/outbox.ts"
import type {
  Adopt,
  AwaitShutdown,
  Checkin,
  Destroyed,
  Detach,
  Evict,
  EvictAll,
  Reserve,
  Shutdown,
  Unreserve
} from "../Message.ts"
import * as PoolError from "../PoolError.ts"
import type { ShutdownReport, Status } from "../Status.ts"
import type { Awaiter } from "./awaiter.ts"
import type { Borrow, Refusal } from "./borrow.ts"
import type { Core, Employer, Outcome } from "./core.ts"
import { type Absence, Lobby } from "./lobby.ts"
import type { Plan } from "./plan.ts"
import type { Quota } from "./quota.ts"
import type { Settings } from "./settings.ts"
import { mostAtOnce, vacantStatus } from "./state.ts"
import { SupervisorWatch } from "./supervisorWatch.ts"

/** What is lost on a pool in which nobody is at work. @internal */
type AboutLeases = Adopt | AwaitShutdown | Checkin | Destroyed | Detach | Evict | EvictAll | Reserve | Unreserve

/** @internal */
export class Front implements Employer, Absence {
  readonly plan: Plan
  readonly quota: Quota | undefined
  /** How many sessions have not been dropped. */
  sessions = 0
  /** An incarnation has been at work: the next one does not start eagerly. */
  hasWorked = false
  /** Its supervisor exists for this pool alone, and ends with it. */
  readonly isAlone: boolean
  /** The pool is over, and nothing of it is left. */
  onOver: (() => void) | undefined = undefined
  #state: "vacant" | "working" | "closed" | "crashed" = "vacant"
  /** At work. */
  #core: Core | undefined
  /** The same, while it takes new checkouts. */
  #desk: Core | undefined
  /** From its start until nothing of it is left. */
  #present: Core | undefined
  #supervisor: SupervisorWatch | undefined
  /** Somebody has asked for the end of the present incarnation: a crash on the way there is the end, too. */
  #isLeaving = false
  /** It ends for a sibling's sake, and the next incarnation will follow. */
  #isReturning = false
  /** Whose next `start` would be the next incarnation. */
  #place: Place | undefined
  /** Nobody will start another one. */
  #isOrphan = false
  #isSuspended = false
  /** The last incarnation has not ended as the pool was told to, and its supervisor may be about to start the next one. */
  #isDue = false
  /** Of the last incarnation. */
  #report: ShutdownReport = { drained: 0, forced: 0 }
  #abandoned = 0
  #lastLeaseId = 0
  #reason: ExitReason.ExitReason = ExitReason.noProcess
  /** Of an eager start. */
  lastOpenFailure: Core["startFailure"]
  readonly #lobby: Lobby
  readonly #awaiters = new Set<Awaiter>()

  constructor(plan: Plan, host: Host, isAlone: boolean, quota: Quota | undefined) {
    this.plan = plan
    this.quota = quota
    this.isAlone = isAlone
    this.#lobby = new Lobby(host, this)
  }

  get settings(): Settings {
    return this.plan.settings
  }

  // For sessions

  /** Asks for a lease. What has become of it stands in `borrow.state` when this returns, or is delivered later. */
  ask(borrow: Borrow): void {
    if (this.#desk !== undefined) this.#desk.ask(borrow)
    else if (this.isOver) this.refuse(borrow)
    else this.#lobby.enter(borrow)
  }

  /** About leases. Where nobody is at work there is none: the leases of an incarnation end with it. */
  post(message: AboutLeases): void {
    this.#core?.post(message)
  }

  /** The asker has gone. */
  cancel(borrow: Borrow): void {
    this.#lobby.leave(borrow)
    this.#core?.cancel(borrow)
  }

  /** The answer of a pool that is no more, or of a session that was dropped. */
  refuse(borrow: Borrow): void {
    borrow.state = "refused"
    borrow.reason = this.#refusal()
  }

  handOut(borrow: Borrow, lease: object): void {
    borrow.taken = true
    this.#core?.shell.handOut(borrow, lease)
  }

  deliverLater(delivery: Delivery): void {
    if (this.#core === undefined) this.#lobby.deliver(delivery)
    else this.#core.shell.deliverLater(delivery)
  }

  /** In one turn, so that its numbers agree. A turn is over when `post` returns, and so the reply is there. */
  statusUnsafe(): Status {
    let status: Status | undefined
    this.#core?.post({ _tag: "Status", reply: { sendUnsafe: (value) => status = value } })
    return status ?? this.#core?.machine.state.status() ?? this.emptyStatus()
  }

  report(): ShutdownReport {
    return this.#report
  }

  /** The pool's end is awaited, and perhaps asked for. */
  awaitEnd(awaiter: Awaiter, message: Shutdown | AwaitShutdown): void {
    this.#awaiters.add(awaiter)
    if (message._tag === "Shutdown") this.shutdown(message)
    else this.#core?.post(message)
    this.#settle()
  }

  forget(awaiter: Awaiter): void {
    this.#awaiters.delete(awaiter)
  }

  /** `isReturning`: who asks from now on is not refused, but waits for the next incarnation. */
  shutdown(message: Shutdown, isReturning = false): void {
    if (this.isOver) return
    this.#isLeaving = true
    this.#isReturning = isReturning
    if (isReturning) this.#desk = undefined
    const present = this.#present
    if (present !== undefined && !present.isOver) return present.post(message)
    // What a crash has ended before was not ended by this.
    this.#report = { drained: 0, forced: 0 }
    this.#end("closed")
  }

  /** Lend and open nothing, or do again: also in the incarnations to come. */
  suspend(isSuspended: boolean): void {
    this.#isSuspended = isSuspended
    // Also one that is only starting.
    this.#present?.post({ _tag: isSuspended ? "Suspend" : "Resume" })
  }

  reconfigure(change: Parameters<Plan["change"]>[0]): PoolError.InvalidOptions | undefined {
    const problem = this.plan.change(change)
    if (problem !== undefined) return problem
    this.#lobby.refuseTooMany(mostAtOnce(this.settings))
    this.#present?.reconfigure(this.plan)
    return undefined
  }

  /** At work; for whoever looks at its workers. */
  get core(): Core | undefined {
    return this.#core
  }

  // For incarnations

  /** A pool that was shut down stays so, unless it has a place in somebody's tree. */
  get isOver(): boolean {
    return this.#state === "closed" || this.#state === "crashed"
  }

  /** From its start until nothing of it is left. */
  get present(): Core | undefined {
    return this.#present
  }

  /** The pool was shut down, and this start is only its supervisor's answer to the crash before. */
  isPastRestart(place: Place | undefined): boolean {
    return this.isOver && (this.isAlone || (this.#isDue && place !== undefined && !place.isPermanent))
  }

  /** Without a place it is started by hand, and nobody will start another one. */
  begin(core: Core, place: Place | undefined, supervisor: Process<never> | undefined): void {
    this.#place = place
    if (place !== undefined) place.onRetired = () => this.#retired(place)
    this.#supervise(place === undefined ? undefined : supervisor)
    this.#present = core
    this.#state = "vacant"
    this.#isOrphan = place === undefined
    this.#isDue = false
    this.#isLeaving = false
    this.#isReturning = false
    core.machine.state.abandoned = this.#abandoned
    core.machine.state.lastLeaseId = this.#lastLeaseId
    // Before it opens anything.
    if (this.#isSuspended) core.machine.suspend()
  }

  /** It has started. */
  publish(core: Core): void {
    this.lastOpenFailure = undefined
    // It was shut down while it started.
    if (core.isOver) return
    this.hasWorked = true
    this.#state = "working"
    this.#core = core
    this.#desk = core
    for (const awaiter of this.#awaiters) core.post({ _tag: "AwaitShutdown", awaiter })
    this.#lobby.emptyInto((borrow) => {
      this.ask(borrow)
      if (!borrow.isPending) this.deliverLater(borrow)
    })
  }

  ended(core: Core, outcome: Outcome): void {
    if (core !== this.#present) return
    const { drained, forced, lastLeaseId } = core.machine.state
    this.#core = undefined
    this.#desk = undefined
    this.#report = { drained, forced }
    this.#lastLeaseId = lastLeaseId
    this.#abandoned = core.machine.state.abandoned
    this.lastOpenFailure = core.startFailure
    this.#isDue = outcome !== "closed" || this.#isReturning
    if (outcome !== "closed") this.#reason = outcome.crashed
    else if (core.startFailure !== undefined) this.#reason = ExitReason.crash(core.startFailure)
    if (this.#isReturning && !this.#isOrphan) this.#state = "vacant"
    else if (outcome === "closed" && core.startFailure === undefined) this.#end("closed")
    else if (this.#isLeaving || this.#isOrphan) this.#end("crashed")
    else this.#state = "vacant"
  }

  killed(core: Core): void {
    if (this.#present === undefined || core === this.#present) this.#isDue = true
  }

  handBack(borrow: Borrow): void {
    if (this.isOver) this.refuse(borrow)
    else this.#lobby.enter(borrow)
    if (!borrow.isPending) this.#lobby.deliver(borrow)
  }

  left(core: Core): void {
    if (core !== this.#present) return
    this.#present = undefined
    this.#abandoned = core.machine.state.abandoned
    this.#settle()
  }

  supervisorEnded(): void {
    this.#supervisor = undefined
    this.#orphaned()
  }

  // Within

  /** The place stays, and may be filled again; until then there is nothing to wait for. */
  #retired(place: Place): void {
    if (place !== this.#place) return
    this.#isDue = false
    this.#orphaned()
  }

  #orphaned(): void {
    this.#isOrphan = true
    if (this.#state === "vacant") this.#end(this.#isReturning ? "closed" : "crashed")
    this.#settle()
  }

  #end(how: "closed" | "crashed"): void {
    this.#state = how
    this.#lobby.emptyInto((borrow) => {
      this.refuse(borrow)
      this.#lobby.deliver(borrow)
    })
  }

  /** Whoever awaits the end is told when nothing is left. */
  #settle(): void {
    if (!this.isOver || this.#present !== undefined) return
    if (this.isAlone && this.#supervisor !== undefined) return
    this.#supervise(undefined)
    for (const awaiter of this.#awaiters) this.#lobby.deliver(awaiter)
    this.#awaiters.clear()
    this.onOver?.()
  }

  #supervise(supervisor: Process<never> | undefined): void {
    if (this.#supervisor?.process === supervisor) return
    this.#supervisor?.release()
    this.#supervisor = supervisor === undefined ? undefined : new SupervisorWatch(this, supervisor)
  }

  #refusal(): Refusal {
    const pool = this.settings.name
    if (this.#state !== "crashed") return new PoolError.PoolClosed({ pool })
    return new PoolError.PoolCrashed({ pool, reason: this.#reason })
  }

  /** Of a pool in which nobody is at work: nothing is idle, and there is no room for more. */
  emptyStatus(): Status {
    const present = this.#present
    const held = this.isOver ? 0 : present?.holding ?? 0
    const [opening, closing] = present?.isOver === true ? [0, held] : [held, 0]
    return vacantStatus(this.settings, {
      state: this.isOver ? "closed" : "full",
      opening,
      closing,
      waiting: this.#lobby.size,
      suspended: this.#isSuspended,
      abandoned: this.#abandoned
    })
  }
}
