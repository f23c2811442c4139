/** What the races of the pool have in common: the pool, the start, and what must hold afterwards whoever wins. */
import { assert, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Logger, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { Pool } from "whitepool"
import { interleavings } from "../support/seededScheduler.ts"
import { counts, type Resource, type Session, World } from "../support/world.ts"

/** For each race. */
export const seeds = 300

export interface Arena {
  readonly world: World
  readonly session: Session
  readonly scope: Scope.Closeable
  readonly clone: Session
}

/** A pool of one under `TestClock`; after the race it must be whole, or closed, and then nothing is left. */
export const race = <Outcome extends string>(
  body: (arena: Arena) => Effect.Effect<Outcome, unknown, Scope.Scope>,
  options: Parameters<World["make"]>[0] = {}
): Effect.Effect<Outcome> =>
  Effect.gen(function*() {
    const world = new World()
    const scope = Scope.makeUnsafe()
    const session = yield* Scope.provide(world.make({ link: world.link, ...options }), scope)
    const clone = yield* Scope.provide(session.clone, scope)
    yield* settle
    const outcome = yield* Scope.provide(body({ world, session, scope, clone }), scope)
    // A restart may be under way.
    yield* Effect.andThen(settle, settle)
    yield* settle
    const { abandoned: _, ...status } = yield* counts(session)
    const isClosed = (yield* session.status).state === "closed"
    assert.deepStrictEqual(status, isClosed ? {} : { idle: 1 })
    assert.strictEqual(world.live, isClosed ? 0 : 1, "open resources")
    if (!isClosed) assert.strictEqual(yield* session.use(() => Effect.succeed("works")), "works")
    yield* Scope.close(scope, Exit.void)
    yield* TestClock.adjust("1 hour")
    assert.strictEqual(world.live, 0)
    assert.deepStrictEqual(world.problems, [])
    return outcome
  }).pipe(Effect.provide(TestClock.layer()), Effect.provide(Logger.layer([])), Effect.orDie)

/** Chance decides who runs: it takes more turns until all have come to rest. */
export const settle = Effect.forEach(Array.from({ length: 40 }), () => Effect.yieldNow, { discard: true })

/** A lease of nobody, so that the pool is full. */
export const fill = (session: Session) => session.checkout({ owner: "none" })

/** Both at once, as the scheduler likes. */
export const beside = <A, E, B, E2>(a: Effect.Effect<A, E>, b: Effect.Effect<B, E2>) =>
  Effect.gen(function*() {
    const [first, second] = [yield* Effect.forkChild(a), yield* Effect.forkChild(b)]
    return [yield* Fiber.await(first), yield* Fiber.await(second)] as const
  })

/** Gives back what a winner has won; names who that was. */
export const won = (session: Session, exit: Exit.Exit<Pool.Lease<Resource>, { readonly _tag: string }>) =>
  Effect.gen(function*() {
    if (Exit.isSuccess(exit)) {
      yield* session.checkin(exit.value)
      return "lease"
    }
    const failure = Exit.findErrorOption(exit)
    return failure._tag === "Some" ? failure.value._tag : "interrupted"
  })

export const told = (seen: Record<string, number>) => console.log(`  outcomes: ${JSON.stringify(seen)}`)

/** One test: that race, once per seed. */
export const races = <Outcome extends string>(
  name: string,
  outcomes: ReadonlyArray<Outcome>,
  body: (arena: Arena) => Effect.Effect<Outcome, unknown, Scope.Scope>,
  options?: Parameters<World["make"]>[0]
): void =>
  it(name, async () => {
    told(await interleavings({ seeds, outcomes, race: race(body, options) }))
  })
