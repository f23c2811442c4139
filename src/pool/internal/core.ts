/**
 * The pool's shell: it gives the machine its mailbox, its clock, its workers, and carries out what a turn has decided.
 *
 * A turn only queues. The flush after it delivers replies, wakes the launcher (workers, logs) and aims the timer.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type * as Actor from "../../actor/Actor.ts"
import { type Fork, Host } from "../../channel/internal/host.ts"
import { type Delivery, Outbox } from "../../channel/internal/outbox.ts"
import { Timer } from "../../channel/internal/timer.ts"
import { check } from "../Invariant.ts"
import { Machine } from "../Machine.ts"
import type { Message } from "../Message.ts"
import * as PoolError from "../PoolError.ts"
import type { Ports } from "../Ports.ts"
import type { ShutdownReport, Status } from "../Status.ts"
import { Backoff } from "./backoff.ts"
import type { Borrow } from "./borrow.ts"
import { Crew } from "./crew.ts"
import { Launcher } from "./launcher.ts"
import type { Owner } from "./owner.ts"
import type { Settings } from "./settings.ts"
import type { Worker } from "./worker.ts"

const crashedStatus = (status: Status): Status => ({
  ...status,
  state: "closed",
  idle: 0,
  lent: 0,
  opening: 0,
  closing: 0,
  overflow: 0,
  waiting: 0
})

/** What a core is made of, besides its settings. @internal */
export interface Parts {
  readonly factory: Effect.Effect<unknown, unknown, Scope.Scope>
  readonly link: ((resource: unknown) => Effect.Effect<unknown, unknown, Scope.Scope>) | undefined
  readonly isBroken: ((cause: Cause.Cause<unknown>) => boolean) | undefined
  readonly backoff: Schedule.Schedule<unknown, Cause.Cause<unknown>>
  readonly checkInvariants: boolean
}

/** @internal */
export class Core implements Ports {
  readonly settings: Settings
  readonly isBroken: Parts["isBroken"]
  readonly machine: Machine
  readonly host: Host
  readonly launcher = new Launcher()
  /** Set once nothing more can be had from the actor: what is asked from then on is answered here. */
  outcome: "closed" | "crashed" | undefined = undefined
  /** How many sessions have not been dropped. */
  sessions = 0
  /** Why an eager start failed; once `starting` is over. */
  startFailure: Cause.Cause<unknown> | undefined = undefined
  onStarted: (() => void) | undefined = undefined
  onGone: (() => void) | undefined = undefined
  #actor: Actor.Context<Message> | undefined
  #isGone = false
  #farewells: Array<Delivery> = []
  #lastStatus: Status | undefined
  readonly #checkInvariants: boolean
  readonly #outbox: Outbox
  readonly #timer: Timer
  readonly #backoff: Backoff
  /** The user's schedule is asked for a delay, which may take it a while. */
  #stepping: Fiber.Fiber<void> | undefined
  readonly #fork: Fork
  readonly #crew: Crew
  readonly #orphans: FinalizationRegistry<Borrow>
  /** Asked, awaited, and still in the mailbox when the asker went to sleep: only a crash needs to know them. */
  readonly #unheard = new Set<Borrow>()

  constructor(settings: Settings, context: Context.Context<never>, parts: Parts) {
    this.settings = settings
    this.isBroken = parts.isBroken
    this.#checkInvariants = parts.checkInvariants
    this.host = new Host(context)
    this.#fork = Effect.runForkWith(context)
    this.#outbox = new Outbox(this.host, this.#afterFlush)
    this.#timer = new Timer(this.host, () => this.post({ _tag: "Tick", now: this.host.now() }), this.#fork)
    this.#backoff = new Backoff(parts.backoff)
    this.#orphans = new FinalizationRegistry((borrow) => {
      if (borrow.state === "lent") this.post({ _tag: "Unreachable", borrow })
    })
    this.#crew = this.#makeCrew(parts)
    this.machine = new Machine(settings, this)
  }

  /** The actor's behaviour: its init and its turns. */
  readonly behavior: Actor.Behavior<Message> = {
    init: (context) =>
      Effect.sync(() => {
        this.#actor = context
        this.machine.start()
      }),
    receive: (message) => this.#turn(message)
  }

  /** Never throws, never waits. What is posted after the end is answered by whoever looks at `outcome`. */
  post(message: Message): void {
    if (this.outcome === undefined) this.#actor!.self.castUnsafe(message)
  }

  /** Asks for a lease. What has become of it stands in `borrow.state` when this returns, or is delivered later. */
  ask(borrow: Borrow): void {
    borrow.asking = true
    this.post(borrow)
    borrow.asking = false
    if (borrow.state !== "asked") return
    if (this.outcome !== undefined) return this.refuse(borrow)
    if (borrow.isAwaited) this.#unheard.add(borrow)
  }

  /** The answer of a pool that is no more, or of a session that was dropped. */
  refuse(borrow: Borrow): void {
    const pool = this.settings.name
    borrow.state = "refused"
    borrow.refusal = this.outcome === "crashed"
      ? new PoolError.PoolCrashed({ pool })
      : new PoolError.PoolClosed({ pool })
  }

  /** Also after the end, when the actor is no more. */
  statusUnsafe(): Status {
    return this.#lastStatus ?? this.machine.state.status()
  }

  /** What `shutdown` and `awaitShutdown` answer once it is over. */
  report(): ShutdownReport {
    const { drained, forced } = this.machine.state
    return { drained, forced }
  }

  deliverLater(delivery: Delivery): void {
    this.#outbox.add(delivery)
  }

  #turn(message: Message): void {
    if (message._tag === "Checkout" && this.#unheard.size > 0) this.#unheard.delete(message)
    try {
      this.machine.handle(message)
      if (this.#checkInvariants) check(this.machine.state)
    } catch (defect) {
      this.#crash(message, defect)
      throw defect
    }
  }

  /** A bug of ours, in the middle of a turn. Everybody is answered and everything is closed before the actor dies of it. */
  #crash(message: Message, defect: unknown): void {
    this.#finish("crashed")
    try {
      this.machine.crash()
    } finally {
      if (message._tag === "Checkout") this.#unheard.add(message)
      for (const borrow of this.#unheard) {
        if (borrow.state !== "asked") continue
        this.refuse(borrow)
        this.reply(borrow)
      }
      this.#launch(() => {
        this.#crew.closeAll()
        const line = `pool "${this.settings.name}": the supervisor actor has crashed`
        this.#fork(Effect.logError(line, Cause.die(defect)))
      })
      this.started(Cause.die(new PoolError.PoolCrashed({ pool: this.settings.name })))
    }
  }

  #finish(how: "closed" | "crashed"): void {
    this.#lastStatus = how === "closed" ? this.machine.state.status() : crashedStatus(this.machine.state.status())
    this.outcome = how
    // In the launcher: the actor cannot be stopped by its own turn.
    this.#launch(() => {
      this.#timer.disarm()
      this.#stepping?.interruptUnsafe()
      this.#fork(this.#leave)
      this.launcher.end()
    })
  }

  /** Whoever awaits the end is told when nothing is left: no fiber, no timer, no observer. */
  readonly #leave: Effect.Effect<void> = Effect.suspend(() => {
    const closings = Effect.timeoutOption(this.#crew.awaitAll, Duration.millis(this.settings.closeTimeout))
    return Effect.andThen(
      this.outcome === "crashed" ? closings : Effect.void,
      Effect.map(this.#actor!.self.stop(), () => {
        this.#isGone = true
        this.onGone?.()
        for (const delivery of this.#farewells) this.#outbox.add(delivery)
        this.#farewells = []
      })
    )
  })

  /** Delivers once nothing is left. */
  deliverAtEnd(delivery: Delivery): void {
    if (this.#isGone) this.#outbox.add(delivery)
    else this.#farewells.push(delivery)
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
    this.#launch(() => {
      this.#stepping = this.#fork(Effect.map(this.#backoff.next(first, cause), post))
    })
  }

  /** It ends with the actor, and leaves no observer behind. */
  monitor(owner: Owner): void {
    this.#actor!.monitorUnsafe(owner.fiber, (reason) => ({
      _tag: "OwnerDown",
      owner,
      success: reason._tag === "Normal"
    }))
  }

  orphan(borrow: Borrow): void {
    const lease = borrow.lease
    // Not handed out yet: `handOut` sees to it.
    if (lease === undefined) return
    borrow.lease = undefined
    this.#orphans.register(lease, borrow)
  }

  started(failure: Cause.Cause<unknown> | undefined): void {
    this.startFailure = failure
    this.#launch(() => this.onStarted?.())
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
    if (borrow.owner !== undefined) borrow.lease = lease
    else if (borrow.state === "lent") this.#orphans.register(lease, borrow)
  }

  #launch(job: () => void): void {
    this.launcher.add(job)
    this.#outbox.schedule()
  }

  readonly #afterFlush = (): void => {
    if (this.outcome === undefined) {
      const next = this.machine.state.deadlines.next()
      if (this.#timer.misses(next)) this.launcher.add(() => this.#timer.aim(next))
    }
    if (this.launcher.hasWork) this.launcher.wake()
  }

  #makeCrew(parts: Parts): Crew {
    const { name, openTimeout } = this.settings
    return new Crew({
      factory: parts.factory,
      link: parts.link,
      fork: this.#fork,
      openTimedOut: () => Cause.fail(new PoolError.OpenTimeout({ pool: name, after: Duration.millis(openTimeout) })),
      ready: (worker, resource) => this.post({ _tag: "Ready", worker, resource }),
      exited: (worker, reason) => this.post({ _tag: "Exited", worker, reason }),
      closeFailed: (cause) => this.log("warning", `a closing failed with ${PoolError.tagOf(cause)}`)
    })
  }
}
