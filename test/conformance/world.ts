import { assert } from "@effect/vitest"
import { Deferred, Effect, type Exit, type Fiber, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { settle } from "./support.ts"

export class Refused extends Error {
  readonly _tag = "Refused"
}

export interface Thing {
  readonly id: number
  readonly death: Deferred.Deferred<void>
}

/** A scripted factory and the ledger of what it opened and closed. */
export const makeWorld = () => {
  const world = {
    attempts: 0,
    opening: 0,
    mostOpening: 0,
    opened: [] as Array<Thing>,
    closed: [] as Array<number>,
    exits: [] as Array<Exit.Exit<unknown, unknown>>,
    mostLive: 0,
    /** What an opening does before it has its resource. */
    before: Effect.void as Effect.Effect<unknown, Refused>,
    /** What a closing does. */
    closing: (_id: number): Effect.Effect<unknown> => Effect.void,
    live: () => world.opened.length - world.closed.length
  }
  const acquire = Effect.gen(function*() {
    const death = yield* Deferred.make<void>()
    const thing: Thing = { id: world.opened.length + 1, death }
    world.opened.push(thing)
    world.mostLive = Math.max(world.mostLive, world.live())
    return thing
  })
  const factory: Effect.Effect<Thing, Refused, Scope.Scope> = Effect.gen(function*() {
    world.attempts++
    world.opening++
    world.mostOpening = Math.max(world.mostOpening, world.opening)
    yield* Effect.ensuring(Effect.suspend(() => world.before), Effect.sync(() => world.opening--))
    return yield* Effect.acquireRelease(acquire, (thing, exit) => {
      world.closed.push(thing.id)
      world.exits.push(exit)
      return world.closing(thing.id)
    })
  })
  return Object.assign(world, { factory })
}

export type World = ReturnType<typeof makeWorld>
export type Extra = Partial<Omit<Pool.Options<Thing, Refused>, "factory">>

/** The clock goes on when the test ends, so that closing the test's scope never waits for it. */
export const runOutTheClock = Effect.addFinalizer(() =>
  Effect.forkDetach(Effect.andThen(settle, TestClock.adjust("1 hour")))
)

/** A pool of one, unless told otherwise. */
export const makePool = (extra: Extra = {}, world = makeWorld(), runsOut = true) =>
  Effect.gen(function*() {
    const session = yield* Pool.make<Thing, Refused, Scope.Scope>({
      size: 1,
      link: (thing: Thing) => Deferred.await(thing.death),
      ...extra,
      factory: world.factory
    })
    if (runsOut) yield* runOutTheClock
    return { session, world }
  })

/** Forked in the test's scope, and run as far as it gets. */
export const spawned = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.tap(Effect.forkScoped(effect, { startImmediately: true }), settle)

export const statusIs = (session: Pool.Session<unknown, unknown>, expected: Partial<Pool.Status>) =>
  Effect.map(Effect.andThen(settle, session.status), (status) => assert.deepInclude(status, expected))

export const die = (thing: Thing) => Effect.andThen(Deferred.succeed(thing.death, undefined), settle)

export type AnyFiber = Fiber.Fiber<unknown, unknown>
