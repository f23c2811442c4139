/** @internal */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Supervisor from "../../actor/Supervisor.ts"
import { Host } from "../../channel/internal/host.ts"
import type { Options } from "../Options.ts"
import { InvalidOptions, type OpenTimeout } from "../PoolError.ts"
import type { Session } from "../Session.ts"
import { awaitEnd } from "./awaiter.ts"
import { Front } from "./front.ts"
import { announce, incarnate } from "./incarnate.ts"
import { Plan } from "./plan.ts"
import type { Quota } from "./quota.ts"
import { SessionImpl } from "./session.ts"
import { recipeOf } from "./settings.ts"

type Needs<R, RL> = Exclude<R | RL, Scope.Scope> | Scope.Scope

/** How often a pool of `make` survives its own actor's crash: a bug that strikes at every turn must come to an end. */
const flags: Supervisor.Flags = { intensity: 5, period: "10 seconds", autoShutdown: "any_significant" }

/** @internal */
export const make = <A, E = never, R = never, RL = never>(
  options: Options<A, E, R, RL>
): Effect.Effect<Session<A, E>, E | OpenTimeout | InvalidOptions, Needs<R, RL>> => makeUnder(options, undefined)

/** The same, under a limit that it shares with other pools. @internal */
export const makeUnder = <A, E, R, RL>(
  options: Options<A, E, R, RL>,
  quota: Quota | undefined
): Effect.Effect<Session<A, E>, E | OpenTimeout | InvalidOptions, Needs<R, RL>> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const { front, start } = yield* frontOf(options, "pool", true, quota)
      const { name, shutdownTimeout } = front.settings
      let failure: Cause.Cause<E | OpenTimeout> | undefined
      const child = {
        id: name,
        start: Effect.tapCause(start, (cause) => Effect.sync(() => failure = cause)),
        restart: "transient",
        significant: true,
        shutdown: "infinity"
      } as const
      // The supervisor's own scope: in that of the caller, which may close all at once, it could end before the pool has drained.
      const life = Scope.makeUnsafe()
      // A scope in the caller's, so that a pool that has ended by itself leaves nothing behind in one that lives on.
      const own = Scope.forkUnsafe(yield* Effect.scope)
      front.onOver = () => void Scope.closeUnsafe(own, Exit.void)
      const end = Effect.withFiber((fiber) => {
        announce(front, fiber)
        return awaitEnd(front, (awaiter) => ({ _tag: "Shutdown", mode: "drain", within: shutdownTimeout, awaiter }))
      })
      yield* Scope.addFinalizerExit(own, (exit) => Effect.andThen(end, Scope.close(life, exit)))
      // The scope was closed already.
      if (front.isOver) return new SessionImpl<A, E>(front)
      yield* restore(Scope.provide(Supervisor.make({ ...flags, name }, [child]), life)).pipe(
        Effect.catch((error) => failure === undefined ? Effect.die(error) : Effect.failCause(failure))
      )
      return new SessionImpl<A, E>(front)
    })
  )

/** @internal */
export const childSpec = <A, E = never, R = never, RL = never>(
  id: string,
  options: Options<A, E, R, RL>
): Effect.Effect<
  { readonly spec: Supervisor.ChildSpec<Exclude<R | RL, Scope.Scope>>; readonly session: Session<A, E> },
  InvalidOptions
> =>
  Effect.map(frontOf(options, id, false), ({ front, start }) => ({
    // The pool's own timeouts bound its end.
    spec: { id, start, type: "supervisor", shutdown: "infinity" },
    session: new SessionImpl<A, E>(front)
  }))

const frontOf = <A, E, R, RL>(options: Options<A, E, R, RL>, defaultName: string, isAlone: boolean, quota?: Quota) =>
  Effect.contextWith((context: Context.Context<never>) => {
    const recipe = recipeOf(options, defaultName)
    if (recipe instanceof InvalidOptions) return Effect.fail(recipe)
    const front = new Front(new Plan(recipe), Host.of(context), isAlone, quota)
    // The context in which it starts holds what the factory and the link need; a Core runs them in it.
    const start = incarnate(front) as Effect.Effect<Supervisor.Child, E | OpenTimeout, Needs<R, RL>>
    return Effect.succeed({ front, start })
  })

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
