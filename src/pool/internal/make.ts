/** @internal */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import * as Actor from "../../actor/Actor.ts"
import type { Options } from "../Options.ts"
import { InvalidOptions, type OpenTimeout } from "../PoolError.ts"
import type { Session } from "../Session.ts"
import type { ShutdownReport } from "../Status.ts"
import { awaitEnd } from "./awaiter.ts"
import { defaultBackoff } from "./backoff.ts"
import { Core, type Parts } from "./core.ts"
import { SessionImpl } from "./session.ts"
import { settingsOf } from "./settings.ts"

/** @internal */
export const CheckInvariants: Context.Reference<boolean> = Context.Reference<boolean>(
  "whitepool/pool/CheckInvariants",
  {
    defaultValue: () => false
  }
)

type Needs<R, RL> = Exclude<R | RL, Scope.Scope> | Scope.Scope

/** @internal */
export const make = <A, E = never, R = never, RL = never>(
  options: Options<A, E, R, RL>
): Effect.Effect<Session<A, E>, E | OpenTimeout | InvalidOptions, Needs<R, RL>> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const settings = settingsOf(options)
      if (settings instanceof InvalidOptions) return yield* settings
      const context = Context.omit(Tracer.ParentSpan)(yield* Effect.context<Needs<R, RL>>())
      // The context holds what the factory and the link need; a Core runs them in it.
      const parts = {
        factory: options.factory,
        link: options.link,
        isBroken: options.isBroken,
        backoff: options.backoff ?? defaultBackoff,
        checkInvariants: Context.get(context, CheckInvariants)
      } as unknown as Parts
      const core = new Core(settings, context, parts)
      // The actor's own scope: in that of the caller, which may close all at once, it could end before it has drained.
      const life = Scope.makeUnsafe()
      yield* Effect.forkDetach(core.launcher.run, { startImmediately: true })
      yield* Effect.orDie(Scope.provide(Actor.spawn(core.behavior, { name: settings.name }), life))
      // A scope in the caller's, so that a pool that has ended by itself leaves nothing behind in one that lives on.
      const own = Scope.forkUnsafe(yield* Effect.scope)
      core.onGone = () => void Scope.closeUnsafe(own, Exit.void)
      yield* Scope.addFinalizerExit(own, (exit) =>
        Effect.andThen(close(core, settings.shutdownTimeout), Scope.close(life, exit)))
      const failure = yield* restore(started(core)).pipe(Effect.onInterrupt(() =>
        close(core, 0)
      ))
      if (failure === undefined) return new SessionImpl<A, E>(core)
      yield* awaitEnd(core, (awaiter) => ({ _tag: "AwaitShutdown", awaiter }))
      return yield* Effect.failCause(failure as Cause.Cause<E | OpenTimeout>)
    })
  )

/** The failure of an eager start, if it failed. */
const started = (core: Core): Effect.Effect<Cause.Cause<unknown> | undefined> =>
  Effect.callback((resume) => {
    if (!core.machine.state.starting) return resume(Effect.succeed(core.startFailure))
    core.onStarted = () => resume(Effect.succeed(core.startFailure))
  })

/** Drains, then revokes. After a crash there is nobody to drain for, and only the closings are waited for. */
const close = (core: Core, within: number): Effect.Effect<ShutdownReport> =>
  awaitEnd(core, (awaiter) => ({ _tag: "Shutdown", mode: "drain", within, awaiter }))

/** @internal */
export const layer = <I, A, E, R = never, RL = never>(
  tag: Context.Key<I, Session<A, E>>,
  options: Options<A, E, R, RL>
): Layer.Layer<I, E | OpenTimeout | InvalidOptions, Exclude<R | RL, Scope.Scope>> => Layer.effect(tag, make(options))

/** @internal */
export const Service = <Self, A, E = never>() => <const Id extends string>(id: Id) => {
  const Base = Context.Service<Self, Session<A, E>>()(id)
  return Object.assign(Base, {
    layerWith<R = never, RL = never>(this: typeof Base, options: Options<A, E, R, RL>) {
      return layer(this as unknown as Context.Key<Self, Session<A, E>>, options)
    }
  })
}
