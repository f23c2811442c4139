/**
 * What every supervisor does: it counts restarts, gives up, ends when significant children have ended, and stops what it
 * has started. What the strategies do differently stands in `supervisor.ts` and `dynamicSupervisor.ts`.
 *
 * All of it happens in turns, one after another, so that there is one order of events. A turn is an Effect on the
 * supervisor's own fiber: nothing is read from whoever sent the message.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import { Signal } from "../../channel/internal/signal.ts"
import type * as Oneshot from "../../channel/Oneshot.ts"
import { StartFailed } from "../ActorError.ts"
import * as ExitReason from "../ExitReason.ts"
import type { Child, ChildCount, ChildInfo } from "../Supervisor.ts"
import { SupervisorError } from "../SupervisorError.ts"
import { whileAwaited } from "./awaitedBy.ts"
import { ChildRecord, Place } from "./child.ts"
import { asRecord, type Settings, type Spec } from "./childSpec.ts"
import type { Keeper, Life } from "./life.ts"
import { Current } from "./process.ts"
import { addRestart } from "./restartWindow.ts"
import { SupervisorProcess } from "./supervisorProcess.ts"

/** @internal */
export type Reply<A> = Oneshot.Sender<A, SupervisorError>

/** @internal */
export type Message<Order> =
  | { readonly _tag: "Begin" }
  | { readonly _tag: "Order"; readonly order: Order }
  | { readonly _tag: "Which"; readonly reply: Reply<ReadonlyArray<ChildInfo>> }
  | { readonly _tag: "Count"; readonly reply: Reply<ChildCount> }
  | {
    readonly _tag: "Exited"
    readonly child: ChildRecord
    readonly life: Life
    readonly reason: ExitReason.ExitReason
  }
  | { readonly _tag: "Retry"; readonly child: ChildRecord; readonly reason: ExitReason.ExitReason }

/** What a supervisor is made in: without the span and the scope of whoever makes it, and not as a part of that actor. */
const withoutCaller = Context.omit(Tracer.ParentSpan, Scope.Scope, Current)

/** @internal */
export abstract class Supervising<Order> implements Keeper {
  readonly settings: Settings
  readonly process: SupervisorProcess<Message<Order>>
  /** All children have started, or the supervisor has ended. */
  readonly #begun: Signal<void>
  /** It has ended, and nothing that it has started is left. */
  readonly #left: Signal<void>
  /** Where it stands itself, below another one. */
  readonly #place: Place | undefined
  #hasBegun = false
  #restarts: ReadonlyArray<number> = []

  constructor(settings: Settings, context: Context.Context<never>) {
    this.settings = settings
    this.#place = Context.get(context, Place)
    const behavior = {
      receive: (message: Message<Order>) => this.#turn(message),
      trapExit: true,
      terminate: () => this.stopAll
    }
    this.process = new SupervisorProcess(behavior, { name: settings.name }, withoutCaller(context))
    this.#begun = new Signal(this.process.host.wake)
    this.#left = new Signal(this.process.host.wake)
  }

  /** In start order. */
  abstract readonly children: Iterable<ChildRecord>
  /** Starts those that it was made with; gives the failure of the first that does not start. */
  abstract readonly begin: Effect.Effect<SupervisorError | undefined>
  abstract readonly stopAll: Effect.Effect<void>
  abstract order(order: Order): void | Effect.Effect<void>
  /** One restart, which has been counted. */
  abstract restart(child: ChildRecord): Effect.Effect<void>
  /** It will not be restarted: its spec stays, or does not. */
  abstract retire(child: ChildRecord): void
  abstract count(): ChildCount

  // Turns

  #turn(message: Message<Order>): void | Effect.Effect<void> {
    // Its ref takes no messages; what comes all the same, from untyped code, must not end it.
    if (!(message instanceof Object)) return
    switch (message._tag) {
      case "Which":
        return void message.reply.sendUnsafe(Array.from(this.children, (child) => child.info))
      case "Count":
        return void message.reply.sendUnsafe(this.count())
      case "Begin":
        return this.#begin
      case "Exited":
        return this.#onExited(message)
      case "Retry":
        return message.child.isRestarting ? this.#restart(message.child, message.reason) : undefined
      case "Order":
        return this.order(message.order)
    }
  }

  readonly #begin = Effect.flatMap(Effect.suspend(() => this.begin), (failure) =>
    Effect.sync(() => {
      if (failure !== undefined) return this.process.condemn({ _tag: "Shutdown", detail: failure })
      this.#hasBegun = true
      this.#begun.set(undefined)
    }))

  readonly #onExited = Effect.fnUntraced(
    { self: this },
    function*(message: { readonly child: ChildRecord; readonly life: Life; readonly reason: ExitReason.ExitReason }) {
      const { child, life, reason } = message
      // Of a life that this supervisor has ended itself meanwhile, or follows another one.
      if (child.life !== life) return
      const isAbnormal = ExitReason.isAbnormal(reason)
      if (isAbnormal) yield* this.warn(`${child.label} has ended: ${ExitReason.format(reason)}`)
      yield* child.stop
      const isDue = child.spec.restart === "permanent" || (child.spec.restart === "transient" && isAbnormal)
      if (isDue) return yield* this.#restart(child, reason)
      this.retire(child)
      child.onRetired?.()
      if (this.#isEndedBy(child)) this.process.condemn(ExitReason.shutdown)
    }
  )

  /** Counts first: a failed attempt counts like any other restart. */
  #restart(child: ChildRecord, reason: ExitReason.ExitReason): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { intensity, period } = this.settings
      const window = addRestart(this.#restarts, this.process.host.now(), intensity, period)
      this.#restarts = window.restarts
      if (window.isWithin) return this.restart(child)
      this.retire(child)
      const line =
        `${child.label} has ended too often (${ExitReason.format(reason)}): more than ${intensity} restarts in ` +
        `${period} ms, giving up`
      return Effect.andThen(
        this.#log("Error", line),
        Effect.sync(() => this.process.condemn(ExitReason.shutdown))
      )
    })
  }

  /** An automatic start. When it fails, the next attempt is a message, so that a stop can come in between. */
  startAgain(child: ChildRecord): Effect.Effect<boolean> {
    return Effect.flatMap(child.start, (failure) => {
      if (failure === undefined) {
        child.restarts++
        return Effect.succeed(true)
      }
      const reason = ExitReason.crash(failure)
      child.isRestarting = true
      this.process.castUnsafe({ _tag: "Retry", child, reason })
      return Effect.as(this.warn(`${child.label} could not be restarted: ${ExitReason.format(reason)}`), false)
    })
  }

  #isEndedBy(child: ChildRecord): boolean {
    // Refused where `autoShutdown` is "never".
    if (!child.spec.significant) return false
    if (this.settings.autoShutdown === "any_significant") return true
    return !Array.from(this.children).some((other) => other.spec.significant && !other.isStopped)
  }

  // Children

  isWithin(process: object | undefined): boolean {
    return process === this.process || this.#place?.isWithin(process) === true
  }

  /** What the caller provides is laid over what the supervisor was made with. */
  recordOf(spec: Spec, caller?: Context.Context<never>): ChildRecord {
    const own = this.process.host.context
    const context = caller === undefined ? own : Context.merge(own, withoutCaller(caller))
    return new ChildRecord(
      spec,
      context,
      this,
      (child, life, reason) => this.process.castUnsafe({ _tag: "Exited", child, life, reason })
    )
  }

  /** Starts one that somebody has asked for, and answers. `enter` and what it started are one step. */
  startFor(child: ChildRecord, reply: Reply<Child>): Effect.Effect<boolean> {
    return Effect.map(child.start, (failure) => {
      if (failure === undefined) reply.sendUnsafe(child.info.child as Child)
      else {
        child.onRetired?.()
        reply.failUnsafe(Cause.fail(this.makeStartFailed(child.spec.id, failure)))
      }
      return failure === undefined
    })
  }

  /** Stops one that somebody wants stopped, and answers: also when the supervisor itself is told to end meanwhile. */
  stopFor(child: ChildRecord, reply: Reply<void>): Effect.Effect<void> {
    const life = child.life
    const done = (): void => {
      this.retire(child)
      child.onRetired?.()
      reply.sendUnsafe(undefined)
    }
    return Effect.onInterrupt(Effect.map(child.stop, done), () => Effect.sync(() => life?.afterStop(done)))
  }

  // Errors and logs

  makeError(reason: string, childId: string | undefined, problems: ReadonlyArray<string> = []): SupervisorError {
    return new SupervisorError({ reason, supervisor: this.process.name, childId, problems })
  }

  makeStartFailed(childId: string | undefined, failure: Cause.Cause<unknown>): SupervisorError {
    return new SupervisorError({
      reason: "start_failed",
      supervisor: this.process.name,
      childId,
      problems: [],
      cause: Cause.squash(failure)
    })
  }

  refuse<A>(reply: Reply<A>, reason: string, childId: string | undefined, problems?: ReadonlyArray<string>): void {
    reply.failUnsafe(Cause.fail(this.makeError(reason, childId, problems)))
  }

  readonly warn = (line: string): Effect.Effect<void> => this.#log("Warn", line)

  /** A logger that throws must neither end the supervisor nor keep a child from being killed. */
  #log(level: "Warn" | "Error", line: string): Effect.Effect<void> {
    const { id, name } = this.process
    const who = Option.isSome(name) ? `supervisor "${name.value}"` : "supervisor"
    return Effect.ignoreCause(Effect.logWithLevel(level)(`${who} (${id}): ${line}`))
  }

  readonly fork = (effect: Effect.Effect<void>): Fiber.Fiber<void> =>
    Effect.runForkWith(this.process.host.context)(effect)

  // Asking

  /** OTP's `infinity`: however long the children take. */
  ask<A>(make: (reply: Reply<A>) => Order): Effect.Effect<A, SupervisorError> {
    return this.#call((reply) => ({ _tag: "Order", order: make(reply) }))
  }

  readonly which = this.#call<ReadonlyArray<ChildInfo>>((reply) => ({ _tag: "Which", reply }))

  readonly counted = this.#call<ChildCount>((reply) => ({ _tag: "Count", reply }))

  #call<A>(make: (reply: Reply<A>) => Message<Order>): Effect.Effect<A, SupervisorError> {
    const call = Effect.suspend(() => this.process.call<A, SupervisorError>(make, { timeout: "infinity" }))
    // Whoever asks waits for the children that are being stopped, too.
    const awaited = Effect.suspend(() => whileAwaited(this.process.awaitedBy, call))
    return Effect.catchTags(awaited, {
      ActorStopped: () => Effect.fail(this.makeError("noproc", undefined)),
      CallTimeout: (error) => Effect.die(error),
      // A turn that goes wrong drops its reply, and the supervisor ends of it.
      NoReply: () => Effect.fail(this.makeError("noproc", undefined))
    })
  }

  // Its life in a scope

  /** Starts it, in a scope of its own below the given one, which is left when it ends by itself. */
  open(
    scope: Scope.Scope,
    restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
  ): Effect.Effect<void, StartFailed> {
    return Effect.suspend(() => {
      const own = Scope.forkUnsafe(scope)
      this.process.afterEnd(() => this.#onEnd(own))
      this.process.start()
      this.process.castUnsafe({ _tag: "Begin" })
      return Scope.addFinalizer(own, this.#close).pipe(
        Effect.andThen(Effect.onInterrupt(restore(this.#begun.wait), () => this.#close)),
        Effect.andThen(Effect.suspend(() => this.#hasBegun ? Effect.void : this.#fail()))
      )
    })
  }

  #fail(): Effect.Effect<never, StartFailed> {
    return Effect.flatMap(this.#left.wait, () => {
      const { id, name, reason } = this.process
      return Effect.fail(new StartFailed({ actor: id, name, reason }))
    })
  }

  readonly #close = Effect.suspend(() => this.process.shutdown(this.#left.wait))

  /** After a kill its children are still there; after every other end they have been stopped. */
  #onEnd(own: Scope.Closeable): void {
    const leave = (): void => {
      this.#left.set(undefined)
      this.#begun.set(undefined)
      void Scope.closeUnsafe(own, Exit.void)
    }
    const orphans = Array.from(this.children).reverse().filter((child) => child.life !== undefined)
    if (orphans.length === 0) return leave()
    for (const child of orphans) child.life?.orphan()
    const stopping = Effect.forEach(orphans, (child) => child.stop, { concurrency: "unbounded", discard: true })
    this.fork(Effect.map(stopping, leave))
  }
}

/** Nothing was started. @internal */
export const makeInvalid = (flags: unknown, problems: ReadonlyArray<string>): SupervisorError => {
  const name = asRecord(flags)?.["name"]
  const supervisor = typeof name === "string" ? Option.some(name) : Option.none()
  return new SupervisorError({ reason: "invalid_options", supervisor, childId: undefined, problems })
}
