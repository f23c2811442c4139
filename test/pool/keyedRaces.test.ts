/** A key that goes, and somebody who wants it, at the same moment: under every order of things, and interrupted anywhere. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Exit, Fiber, Logger, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import * as KeyedPool from "../../src/pool/KeyedPool.ts"
import { interleavings } from "../support/seededScheduler.ts"
import { type OpenError, type Resource, World } from "../support/world.ts"
import { sweep } from "../support/yieldSweep.ts"

type Keyed = KeyedPool.KeyedPool<string, Resource, OpenError>

interface Arena {
  readonly keyed: Keyed
  readonly world: World
  readonly scope: Scope.Closeable
}

/** Chance decides who runs: it takes more turns until all have come to rest. */
const settle = Effect.forEach(Array.from({ length: 60 }), () => Effect.yieldNow, { discard: true })

/** One key in one world: it never has two pools at once, and at the end nothing is left. */
const race = <Outcome extends string>(
  idleTimeToLive: number,
  body: (arena: Arena) => Effect.Effect<Outcome, unknown>
): Effect.Effect<Outcome> =>
  Effect.gen(function*() {
    const world = new World()
    const scope = Scope.makeUnsafe()
    const keyed = yield* Scope.provide(
      KeyedPool.make({
        lookup: (name: string) => ({ size: name.length, factory: world.factory, checkoutTimeout: "1 hour" }),
        idleTimeToLive
      }),
      scope
    )
    const outcome = yield* body({ keyed, world, scope })
    yield* settle
    assert.isAtMost(world.peak, 1, "one at a time")
    yield* TestClock.adjust("1 minute")
    yield* settle
    assert.deepStrictEqual(yield* keyed.keys, [], "it is idle, and is found to be")
    assert.strictEqual(world.live, 0)
    yield* Scope.close(scope, Exit.void)
    assert.deepStrictEqual(world.problems, [])
    return outcome
  }).pipe(Effect.provide(TestClock.layer()), Effect.provide(Logger.layer([])), Effect.orDie)

const beside = <A, E, B, E2>(a: Effect.Effect<A, E>, b: Effect.Effect<B, E2>) =>
  Effect.gen(function*() {
    const [first, second] = [yield* Effect.forkChild(a), yield* Effect.forkChild(b)]
    return [yield* Fiber.await(first), yield* Fiber.await(second)] as const
  })

const races = <Outcome extends string>(
  name: string,
  outcomes: ReadonlyArray<Outcome>,
  body: (arena: Arena) => Effect.Effect<Outcome, unknown>,
  idleTimeToLive = 60_000
): void =>
  it(name, async () => {
    const seen = await interleavings({ seeds: 200, outcomes, race: race(idleTimeToLive, body) })
    console.log(`  outcomes: ${JSON.stringify(seen)}`)
  })

/** What a session lends, given back. */
const borrow = (keyed: Keyed) =>
  Effect.gen(function*() {
    const session = yield* keyed.session("a")
    const lease = yield* session.checkout({ owner: "none" })
    const { id } = lease.resource
    yield* Effect.yieldNow
    yield* session.checkin(lease)
    return id
  })

/** So that the other side has its chance. */
const later = (turns: number) => Effect.forEach(Array.from({ length: turns }), () => Effect.yieldNow, { discard: true })

const use = (keyed: Keyed) => keyed.use("a", ({ id }) => Effect.as(Effect.yieldNow, id))

const scoped = (keyed: Keyed) =>
  Effect.scoped(Effect.flatMap(keyed.scoped("a"), ({ id }) => Effect.as(Effect.yieldNow, id)))

describe("K-3 nobody is turned away by a key that goes", () => {
  for (const [name, asks] of [["use", use], ["scoped", scoped], ["checkout", borrow]] as const) {
    races(`${name} against the idle close`, ["kept", "made anew"], ({ keyed }) =>
      Effect.gen(function*() {
        yield* use(keyed)
        const [, asked] = yield* beside(TestClock.adjust("1 minute"), Effect.andThen(later(4), asks(keyed)))
        return (yield* asked) === 1 ? "kept" : "made anew"
      }))

    it(`${name} of many fibers at once with no time to live at all`, async () => {
      let most = 0
      const outcomes = ["done"] as const
      await interleavings({
        seeds: 60,
        outcomes,
        race: race(0, ({ keyed, world }) =>
          Effect.gen(function*() {
            const fibers = yield* Effect.forEach(Array.from({ length: 6 }), () =>
              Effect.forkChild(Effect.forEach([0, 5, 10], (turns) => Effect.andThen(later(turns), asks(keyed)))))
            // Not interrupted: an `adjust` that is cut short forgets whom it was about to wake.
            let isOver = false
            const ticking = yield* Effect.forkChild(
              Effect.gen(function*() {
                while (!isOver) {
                  yield* Effect.andThen(TestClock.adjust("1 second"), Effect.yieldNow)
                }
              })
            )
            for (const fiber of fibers) {
              yield* Fiber.join(fiber)
            }
            isOver = true
            yield* Fiber.join(ticking)
            most = Math.max(most, world.begun)
            return "done" as const
          }))
      })
      // One seed that is replayed need not be one of those.
      if (process.env["SEED"] === undefined) assert.isAbove(most, 1, "the key went in between, now and then")
    })
  }

  races("use against the end by hand", ["before", "after"], ({ keyed }) =>
    Effect.gen(function*() {
      yield* use(keyed)
      const [, used] = yield* beside(keyed.shutdown("a"), use(keyed))
      return (yield* used) === 1 ? "before" : "after"
    }))

  races("two ends by hand at once", ["done"], ({ keyed, world }) =>
    Effect.gen(function*() {
      yield* use(keyed)
      yield* beside(keyed.shutdown("a"), keyed.shutdown("a", { mode: "now" }))
      assert.strictEqual(world.live, 0)
      return "done"
    }))

  races("a first use against the end of all", ["served", "PoolClosed"], ({ keyed, scope }) =>
    Effect.gen(function*() {
      const [, used] = yield* beside(Effect.andThen(later(25), Scope.close(scope, Exit.void)), use(keyed))
      if (Exit.isSuccess(used)) return "served"
      const failure = Exit.findErrorOption(used)
      return failure._tag === "Some" ? failure.value._tag as "PoolClosed" : "PoolClosed"
    }))
})

describe("interrupted at every point, nothing is lost and the key is idle", () => {
  const ground = Effect.gen(function*() {
    const world = new World()
    const scope = Scope.makeUnsafe()
    const keyed = yield* Scope.provide(
      KeyedPool.make({ lookup: (name: string) => ({ size: name.length, factory: world.factory }) }),
      scope
    )
    return { keyed, world, scope, had: false }
  })

  const used = Effect.tap(ground, ({ keyed }) => Effect.orDie(keyed.use("a", () => Effect.void)))

  const verify = ({ had, keyed, scope, world }: Effect.Success<typeof ground>, exit: Exit.Exit<unknown, unknown>) =>
    Effect.gen(function*() {
      const session = yield* Effect.orDie(keyed.session("a"))
      if (Exit.isSuccess(exit) && Pool.isLease(exit.value)) yield* session.checkin(exit.value)
      for (let i = 0; i < 10; i++) yield* Effect.yieldNow
      const { idle, lent, waiting } = yield* session.status
      assert.deepStrictEqual({ idle, lent, waiting }, { idle: 1, lent: 0, waiting: 0 })
      assert.isAtMost(world.begun, had && Exit.hasInterrupts(exit) ? 2 : 1, "what nobody had is as good as new")
      yield* TestClock.adjust("1 minute")
      for (let i = 0; i < 40; i++) yield* Effect.yieldNow
      assert.deepStrictEqual(yield* keyed.keys, [])
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(world.live, 0)
      assert.deepStrictEqual(world.problems, [])
    }).pipe(Effect.orDie)

  const swept = (
    name: string,
    run: (g: Effect.Success<typeof ground>) => Effect.Effect<unknown, unknown>
  ): void => {
    for (const [when, setup] of [["for the first time", ground], ["once more", used]] as const) {
      it(`${name} ${when}`, async () => {
        const clock = await Effect.runPromise(Effect.scoped(TestClock.make()))
        const context = Context.make(Clock.Clock, clock)
        const { points } = await sweep({ setup, run, verify, maxOps: [3, 5, 8, 13, 64], context })
        assert.isAbove(points, 4)
      })
    }
  }

  swept("use", (g) =>
    g.keyed.use("a", () => {
      g.had = true
      return Effect.yieldNow
    }))
  swept("scoped", (g) =>
    Effect.scoped(Effect.flatMap(g.keyed.scoped("a"), () => {
      g.had = true
      return Effect.yieldNow
    })))
  swept("checkout", (g) => Effect.flatMap(g.keyed.session("a"), (session) => session.checkout({ owner: "none" })))
})
