/**
 * One incarnation of a pool: it gives the machine its mailbox, and a shell that carries out what a turn has decided. When it
 * ends, in whatever way, it ends whole, and is deaf to what its workers and timers still have to say.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Actor from "../../actor/Actor.ts"
import * as ExitReason from "../../actor/ExitReason.ts"
import type { Process } from "../../actor/internal/process.ts"
import { Signal } from "../../channel/internal/signal.ts"
import { check } from "../Invariant.ts"
import { Machine } from "../Machine.ts"
import type { Message } from "../Message.ts"
import * as PoolError from "../PoolError.ts"
import type { Borrow } from "./borrow.ts"
import type { Owner } from "./owner.ts"
import type { Plan } from "./plan.ts"
import type { Quota } from "./quota.ts"
import { PoolParty } from "./quotaParty.ts"
import type { Parts, Settings } from "./settings.ts"
import { Shell } from "./shell.ts"

/** How an incarnation has ended: as it was asked to, or for this reason. @internal */
export type Outcome = "closed" | { readonly crashed: ExitReason.ExitReason }

/** Whom a core tells of its end. @internal */
export interface Employer {
  /** It shares a limit with other pools. */
  readonly quota: Quota | undefined
  /** Nothing more can be had from it, from this step on. */
  readonly ended: (core: Core, outcome: Outcome) => void
  /** It had ended as it was asked to, but its actor was killed before it could say so. */
  readonly killed: (core: Core) => void
  /** It was asked, and never came to an answer. */
  readonly handBack: (borrow: Borrow) => void
  /** Nothing of it is left: no fiber, no timer, no observer. */
  readonly left: (core: Core) => void
}

/** @internal */
export class Core {
  settings: Settings
  readonly machine: Machine
  readonly shell: Shell
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
    this.shell = new Shell(context, parts, this)
    this.gone = new Signal(this.shell.host.wake)
    const { quota } = employer
    this.machine = new Machine(settings, this.shell, quota?.tickets)
    const party = new PoolParty(this.machine.state, (message) => this.post(message), () => this.shell.now())
    this.shell.member = quota?.join(party)
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
    else if (this.#outcome === "closed" && ExitReason.isAbnormal(reason)) this.#employer.killed(this)
  }

  get isOver(): boolean {
    return this.#outcome !== undefined
  }

  /** How many resources it may hold open, whatever its machine knows of them. */
  get holding(): number {
    return this.shell.crew.size
  }

  /** Never throws, never waits. What is posted after the end is answered by whoever knows of the end. */
  post(message: Message): void {
    if (this.#outcome !== undefined) return
    if (this.#actor === undefined) this.#early.push(message)
    else this.#actor.put(message)
  }

  /** Other options apply from now on. How it has started is past. */
  reconfigure({ parts, settings }: Plan): void {
    this.settings = { ...settings, start: this.settings.start }
    this.shell.equip(parts)
    this.post({ _tag: "Reconfigure", settings: this.settings })
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
        this.shell.reply(culprit)
      }
      for (const borrow of this.#unheard) if (borrow.state === "asked") this.#employer.handBack(borrow)
      this.shell.launch(() => this.shell.crew.closeAll())
      this.started(Cause.die(crashed))
    }
  }

  #finish(outcome: Outcome): void {
    this.#outcome = outcome
    this.#employer.ended(this, outcome)
    // In the launcher: the actor cannot be stopped by its own turn.
    this.shell.launch(() => this.shell.end(this.#leave))
  }

  readonly #leave: Effect.Effect<void> = Effect.suspend(() => {
    const outcome = this.#outcome
    const reason = typeof outcome === "object" ? outcome.crashed : ExitReason.normal
    const closings = this.shell.crew.awaitAll(this.settings.closeTimeout)
    return Effect.andThen(
      outcome === "closed" ? Effect.void : Effect.flatMap(closings, this.#giveUp),
      // No actor: it did not even start.
      Effect.map(this.#actor?.stop(reason) ?? Effect.void, () => {
        this.shell.member?.leave()
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

  // What its shell tells

  /** An eager start is complete, or has failed. */
  started(failure: Cause.Cause<unknown> | undefined): void {
    this.startFailure = failure
    this.shell.launch(() => this.onStarted?.())
  }

  exhausted(error: PoolError.RestartIntensityExceeded): void {
    this.#exhausted = error
  }

  /** The machine has come to its end. */
  closed(): void {
    this.#finish("closed")
  }

  /** Watches a fiber for the actor. It ends with the actor, and leaves no observer behind. */
  monitor(owner: Owner): void {
    const down = (success: boolean): Message => ({ _tag: "OwnerDown", owner, success })
    this.#actor!.context.monitorUnsafe(owner.fiber, ({ _tag }) => down(_tag === "Normal"))
  }
}
