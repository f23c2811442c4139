/**
 * One incarnation of a pool: it gives the machine its mailbox, its clock, its workers, and carries out what a turn has
 * decided. When it ends, in whatever way, it ends whole, and is deaf to what its workers and timers still have to say.
 *
 * A turn only queues. The flush after it delivers replies, wakes the launcher (workers, logs) and aims the timer.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Actor from "../../actor/Actor.ts"
import * as ExitReason from "../../actor/ExitReason.ts"
import type { Process } from "../../actor/internal/process.ts"
import { type Fork, Host } from "../../channel/internal/host.ts"
import { type Delivery, Outbox } from "../../channel/internal/outbox.ts"
import { Signal } from "../../channel/internal/signal.ts"
import { Timer } from "../../channel/internal/timer.ts"
import { check } from "../Invariant.ts"
import { Machine } from "../Machine.ts"
import type { Message } from "../Message.ts"
import * as PoolError from "../PoolError.ts"
import type { Ports } from "../Ports.ts"
import { Backoff } from "./backoff.ts"
import type { Borrow } from "./borrow.ts"
import { type Crew, crewOf } from "./crew.ts"
import { Dating } from "./dating.ts"
import { Launcher } from "./launcher.ts"
import type { Owner } from "./owner.ts"
import type { Parts, Settings } from "./settings.ts"
import type { Worker } from "./worker.ts"

/** How an incarnation has ended: as it was asked to, or for this reason. @internal */
export type Outcome = "closed" | { readonly crashed: ExitReason.ExitReason }

/** Whom a core tells of its end. @internal */
export interface Employer {
  /** Nothing more can be had from it, from this step on. */
  readonly ended: (core: Core, outcome: Outcome) => void
  /** It was asked, and never came to an answer. */
  readonly handBack: (borrow: Borrow) => void
  /** Nothing of it is left: no fiber, no timer, no observer. */
  readonly left: (core: Core) => void
}

/** @internal */
export class Core implements Ports {
  readonly settings: Settings
  readonly machine: Machine
  readonly host: Host
  readonly launcher = new Launcher()
  /** Why an eager start failed; once `starting` is over. */
  startFailure: Cause.Cause<unknown> | undefined = undefined
  onStarted: (() => void) | undefined = undefined
  /** Set when nothing of it is left. */
  readonly gone: Signal<void>
  readonly #employer: Employer
  #outcome: Outcome | undefined
  /** Once it has started. */
  #actor: Process<Message> | undefined
  /** Posted before the actor had started: somebody wants its end already. */
  readonly #early: Array<Message> = []
  /** Too many resources have died. The turn that found out is finished first. */
  #exhausted: PoolError.RestartIntensityExceeded | undefined
  readonly #checkInvariants: boolean
  readonly #outbox: Outbox
  readonly #timer: Timer
  readonly #dating = new Dating()
  readonly #backoff: Backoff
  /** The user's schedule is asked for a delay, which may take it a while. */
  #stepping: Fiber.Fiber<void> | undefined
  readonly #fork: Fork
  readonly #crew: Crew
  readonly #orphans: FinalizationRegistry<Borrow>
  /** Asked, awaited, and still in the mailbox when the asker went to sleep: only a crash needs to know them. */
  readonly #unheard = new Set<Borrow>()

  constructor(
    settings: Settings,
    context: Context.Context<never>,
    parts: Parts,
    checkInvariants: boolean,
    employer: Employer
  ) {
    this.settings = settings
    this.#employer = employer
    this.#checkInvariants = checkInvariants
    this.host = new Host(context)
    this.gone = new Signal(this.host.wake)
    this.#fork = Effect.runForkWith(context)
    this.#outbox = new Outbox(this.host, this.#afterFlush)
    this.#timer = new Timer(this.host, () => this.post({ _tag: "Tick", now: this.host.now() }), this.#fork)
    this.#backoff = new Backoff(parts.backoff)
    this.#orphans = new FinalizationRegistry((borrow) => {
      if (borrow.state === "lent") this.post({ _tag: "Unreachable", borrow })
    })
    this.#crew = crewOf(this, parts, this.#fork)
    this.machine = new Machine(settings, this)
  }

  /** The actor's behaviour: its init and its turns. */
  readonly behavior: Actor.Behavior<Message> = {
    trapExit: true,
    init: (context) =>
      Effect.sync(() => {
        this.#actor = context.self as Process<Message>
        this.machine.start()
        for (const message of this.#early) this.post(message)
      }),
    receive: (message) => this.#turn(message),
    onExit: (_from, reason) => {
      // Somebody else's end, and a good one. Asked to end, it drains. Anything worse it does not survive.
      if (reason._tag === "Normal") return
      if (ExitReason.isAbnormal(reason)) return this.#break(reason)
      this.#turn({ _tag: "Shutdown", mode: "drain", within: this.settings.shutdownTimeout, awaiter: undefined })
    }
  }

  /** The actor has ended: was it its own doing? */
  actorEnded(reason: ExitReason.ExitReason): void {
    if (this.#outcome === undefined) this.#break(reason)
  }

  get isOver(): boolean {
    return this.#outcome !== undefined
  }

  /** How many resources it may hold open, whatever its machine knows of them. */
  get holding(): number {
    return this.#crew.size
  }

  /** Never throws, never waits. What is posted after the end is answered by whoever knows of the end. */
  post(message: Message): void {
    if (this.#outcome !== undefined) return
    if (this.#actor === undefined) this.#early.push(message)
    else this.#actor.put(message)
  }

  /** Asks for a lease. What has become of it stands in `borrow.state` when this returns, or is delivered later. */
  ask(borrow: Borrow): void {
    borrow.asking = true
    this.post(borrow)
    borrow.asking = false
    if (borrow.state === "asked") this.#unheard.add(borrow)
  }

  /** The asker has gone. If it was never heard, nobody is to answer it later. */
  cancel(borrow: Borrow): void {
    this.#unheard.delete(borrow)
    this.post({ _tag: "Cancel", borrow })
  }

  deliverLater(delivery: Delivery): void {
    this.#outbox.add(delivery)
  }

  #turn(message: Message): void {
    // What a crash left in the mailbox has been answered.
    if (typeof this.#outcome === "object") return
    if (this.#unheard.size > 0 && message._tag === "Checkout") this.#unheard.delete(message)
    try {
      this.machine.handle(message)
      if (this.#checkInvariants) check(this.machine.state)
    } catch (defect) {
      this.#onDefect(defect, message)
    }
    const detail = this.#exhausted
    if (detail !== undefined && this.#outcome === undefined) this.#break({ _tag: "Shutdown", detail })
  }

  /** A bug of ours, in the middle of a turn. */
  #onDefect(defect: unknown, message: Message): never {
    if (this.#outcome === undefined) this.#break(ExitReason.crash(Cause.die(defect)), message)
    throw defect
  }

  /** Everybody is answered, everything is closed, and the actor ends, if it has not ended already. */
  #break(reason: ExitReason.ExitReason, culprit?: Message): void {
    const crashed = new PoolError.PoolCrashed({ pool: this.settings.name, reason })
    try {
      this.machine.crash(crashed)
    } finally {
      this.#finish({ crashed: reason })
      // What a crash was about is not asked again of the next incarnation.
      if (culprit?._tag === "Checkout" && culprit.isPending) {
        culprit.state = "refused"
        culprit.reason = crashed
        this.reply(culprit)
      }
      for (const borrow of this.#unheard) if (borrow.state === "asked") this.#employer.handBack(borrow)
      this.#launch(() => this.#crew.closeAll())
      this.started(Cause.die(crashed))
    }
  }

  #finish(outcome: Outcome): void {
    this.#outcome = outcome
    this.#employer.ended(this, outcome)
    // In the launcher: the actor cannot be stopped by its own turn.
    this.#launch(() => {
      this.#timer.disarm()
      this.#stepping?.interruptUnsafe()
      this.#fork(this.#leave)
      this.launcher.end()
    })
  }

  readonly #leave: Effect.Effect<void> = Effect.suspend(() => {
    const outcome = this.#outcome
    const reason = typeof outcome === "object" ? outcome.crashed : ExitReason.normal
    const closings = this.#crew.awaitAll(this.settings.closeTimeout)
    return Effect.andThen(
      outcome === "closed" ? Effect.void : Effect.flatMap(closings, this.#giveUp),
      // No actor: it did not even start.
      Effect.map(this.#actor?.stop(reason) ?? Effect.void, () => {
        this.gone.set(undefined)
        this.#employer.left(this)
      })
    )
  })

  /** After a crash: the machine is no more, and nobody else counts them. */
  readonly #giveUp = (left: number): Effect.Effect<void> => {
    if (left === 0) return Effect.void
    this.machine.state.abandoned += left
    return Effect.logWarning(`pool "${this.settings.name}": ${left} did not close in time after its crash, given up`)
  }

  // Ports

  now(): number {
    return this.host.now()
  }

  reply(borrow: Borrow): void {
    if (!borrow.asking) this.#outbox.add(borrow)
  }

  aim(): void {
    this.#outbox.schedule()
  }

  date(): void {
    if (this.#outbox.isScheduled) this.#dating.lent()
    else if (this.#dating.lent()) this.#outbox.schedule()
    else this.machine.date()
  }

  open(worker: Worker): void {
    this.#launch(() => this.#crew.open(worker))
  }

  close(worker: Worker): void {
    this.#launch(() => this.#crew.close(worker))
  }

  giveUp(worker: Worker): void {
    this.#launch(() => this.#crew.giveUp(worker))
  }

  retryDelay(first: boolean, cause: Cause.Cause<unknown>): void {
    const post = (delay: number): void => this.post({ _tag: "RetryAfter", delay })
    this.#launch(() => void (this.#stepping = this.#fork(Effect.map(this.#backoff.next(first, cause), post))))
  }

  /** It ends with the actor, and leaves no observer behind. */
  monitor(owner: Owner): void {
    const down = (success: boolean): Message => ({ _tag: "OwnerDown", owner, success })
    this.#actor!.context.monitorUnsafe(owner.fiber, ({ _tag }) => down(_tag === "Normal"))
  }

  orphan(borrow: Borrow): void {
    const worker = borrow.worker!
    const lease = worker.lease
    // Not handed out yet: `handOut` sees to it.
    if (lease === undefined) return
    worker.lease = undefined
    this.#orphans.register(lease, borrow)
  }

  started(failure: Cause.Cause<unknown> | undefined): void {
    this.startFailure = failure
    this.#launch(() => this.onStarted?.())
  }

  exhausted(error: PoolError.RestartIntensityExceeded): void {
    this.#exhausted = error
  }

  ended(): void {
    this.#finish("closed")
  }

  log(level: "warning" | "info", message: string): void {
    const line = `pool "${this.settings.name}": ${message}`
    this.#launch(() => this.#fork(level === "warning" ? Effect.logWarning(line) : Effect.logInfo(line)))
  }

  /** The asker takes the lease over. The pool holds on to the object only as long as a living owner does. */
  handOut(borrow: Borrow, lease: object): void {
    borrow.taken = true
    if (borrow.state !== "lent") return
    const worker = borrow.worker!
    if (worker.owner !== undefined) worker.lease = lease
    else this.#orphans.register(lease, borrow)
  }

  #launch(job: () => void): void {
    this.launcher.add(job)
    this.#outbox.schedule()
  }

  readonly #afterFlush = (): void => {
    if (this.#outcome === undefined) {
      this.#dating.flushed()
      this.machine.date()
      const next = this.machine.state.deadlines.next()
      if (this.#timer.misses(next)) this.launcher.add(() => this.#timer.aim(next))
    }
    if (this.launcher.hasWork) this.launcher.wake()
  }
}
