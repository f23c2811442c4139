/**
 * Races of a pool whose supervisor actor dies, under a scheduler that picks tasks at random: whoever wins, everybody has
 * one answer, every resource is closed once, and what follows is a whole pool or none. `SEED=…` replays one.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Logger, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { type Actor, ExitReason, Supervisor } from "whitepool/actor"
import { crash } from "../support/crash.ts"
import { interleavings } from "../support/seededScheduler.ts"
import { type Session, World } from "../support/world.ts"
import { beside, fill, races, seeds, settle, told, won } from "./arena.ts"

describe("whoever wins, everything is whole", () => {
  races("a crash against a checkout", ["served", "PoolCrashed"], ({ session }) =>
    Effect.gen(function*() {
      yield* fill(session)
      const asking = Effect.flatMap(session.checkout({ owner: "none" }), (lease) => session.checkin(lease))
      const [asked] = yield* beside(asking, crash(session))
      if (Exit.isSuccess(asked)) return "served"
      const { _tag } = yield* Effect.flip(asked)
      return _tag as "PoolCrashed"
    }))

  races(
    "a crash against the checkin that a waiter waits for",
    ["lease", "PoolCrashed"],
    ({ session }) =>
      Effect.gen(function*() {
        const lease = yield* fill(session)
        const waiter = yield* Effect.forkChild(session.checkout({ owner: "none" }))
        yield* settle
        yield* beside(session.checkin(lease), crash(session))
        assert.isFalse(lease.isLive)
        return (yield* won(session, yield* Fiber.await(waiter))) as "lease" | "PoolCrashed"
      })
  )

  races("a crash against a shutdown", ["PoolClosed", "PoolCrashed"], ({ session, world }) =>
    Effect.gen(function*() {
      const [ended] = yield* beside(session.shutdown(), crash(session))
      assert.isTrue(Exit.isSuccess(ended))
      assert.strictEqual(world.live, 0)
      return (yield* Effect.flip(session.checkout()))._tag as "PoolClosed" | "PoolCrashed"
    }))

  races(
    "the restart against a shutdown",
    ["before it opened", "after it opened"],
    ({ session, world }) =>
      Effect.gen(function*() {
        yield* crash(session)
        const shutdown = Effect.andThen(
          Effect.forEach(Array.from({ length: 12 }), () => Effect.yieldNow),
          session.shutdown()
        )
        yield* beside(shutdown, Effect.exit(session.use(() => Effect.void)))
        assert.strictEqual(world.live, 0)
        return world.begun === 1 ? "before it opened" : "after it opened"
      })
  )

  races(
    "the restart against the interruption of somebody in the lobby",
    ["served", "interrupted"],
    ({ session }) =>
      Effect.gen(function*() {
        yield* crash(session)
        const asker = yield* Effect.forkChild(session.checkout({ owner: "none" }))
        yield* Effect.forkChild(Effect.andThen(
          Effect.forEach(Array.from({ length: 15 }), () => Effect.yieldNow),
          Effect.sync(() => asker.interruptUnsafe())
        ))
        const outcome = yield* won(session, yield* Fiber.await(asker))
        return outcome === "lease" ? "served" : outcome as "interrupted"
      })
  )

  races(
    "a crash against the end of a lease's owner",
    ["another world", "the same world"],
    ({ session, world }) =>
      Effect.gen(function*() {
        const owner = yield* Effect.forkChild(Effect.andThen(session.checkout(), Effect.never))
        yield* settle
        yield* beside(Effect.sync(() => owner.interruptUnsafe()), crash(session))
        yield* session.use(() => Effect.void)
        // The owner's end closes and replaces, the crash closes all: a resource that was replaced first is the third.
        return world.begun === 2 ? "another world" : "the same world"
      })
  )
})

/** A pool in a tree, which is killed while it starts: nothing may be left of it, and another try must work. */
describe("a supervisor that ends while its pool starts", () => {
  const planted = (
    end: (tree: { readonly kill: Effect.Effect<void>; readonly close: Effect.Effect<void> }) => Effect.Effect<void>
  ) =>
    Effect.gen(function*() {
      const world = new World()
      world.open = () => Effect.forEach(Array.from({ length: 6 }), () => Effect.yieldNow)
      const scope = Scope.makeUnsafe()
      const { session, spec } = yield* Pool.childSpec("db", { factory: world.factory, size: 2 })
      const parent: { ref: Actor.ActorRef<never> | undefined } = { ref: undefined }
      const making = yield* Effect.forkChild(Scope.provide(
        Effect.tap(Supervisor.make({}, [spec]), ({ ref }) => Effect.sync(() => void (parent.ref = ref))),
        scope
      ))
      const asking = yield* Effect.forkChild(session.use(() => Effect.void, { timeout: "1 second" }))
      yield* Effect.forkChild(Effect.andThen(
        Effect.forEach(Array.from({ length: 28 }), () => Effect.yieldNow),
        end({
          kill: Effect.suspend(() => parent.ref?.exit(ExitReason.killed) ?? Effect.asVoid(Fiber.interrupt(making))),
          close: Scope.close(scope, Exit.void)
        })
      ))
      const made = yield* Fiber.await(making)
      yield* settle
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.await(asking)
      yield* Scope.close(scope, Exit.void)
      yield* settle
      assert.strictEqual(world.live, 0)
      assert.deepStrictEqual(world.problems, [])
      yield* Effect.scoped(Effect.andThen(Supervisor.make({}, [spec]), session.use(() => Effect.void)))
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(world.live, 0)
      return Exit.isSuccess(made) ? "it had started" : "it had not started"
    }).pipe(Effect.provide(TestClock.layer()), Effect.provide(Logger.layer([])), Effect.orDie)

  const outcomes = ["it had started", "it had not started"] as const

  it("by the end of its scope", async () => {
    told(await interleavings({ seeds, outcomes, race: planted(({ close }) => close) }))
  })

  it("killed, or its making interrupted", async () => {
    told(await interleavings({ seeds, outcomes, race: planted(({ kill }) => kill) }))
  })
})

/** A pool in a tree that is asked to do two things at once: one life at a time, and nobody waits for one that never comes. */
describe("a pool with a place in a tree", () => {
  interface Planted {
    readonly world: World
    readonly session: Session
    readonly spec: Supervisor.ChildSpec<never>
    readonly tree: Supervisor.Supervisor<never>
    readonly kill: Effect.Effect<void>
  }

  const places = <Outcome extends string>(
    name: string,
    restart: Supervisor.Restart,
    outcomes: ReadonlyArray<Outcome>,
    body: (planted: Planted) => Effect.Effect<Outcome, unknown, Scope.Scope>
  ) =>
    it(name, async () => {
      const run = Effect.gen(function*() {
        const world = new World()
        world.close = () => Effect.forEach(Array.from({ length: 4 }), () => Effect.yieldNow)
        const { session, spec } = yield* Pool.childSpec("db", { factory: world.factory, size: 2 })
        const tree = yield* Supervisor.make({ intensity: 3 }, [{ ...spec, restart }])
        const [info] = yield* tree.whichChildren
        const actor = info?.child as Actor.ActorRef<never>
        const outcome = yield* body({ world, session, spec, tree, kill: actor.exit(ExitReason.killed) })
        assert.isAtMost(world.peak, 2)
        assert.deepStrictEqual(world.problems, [])
        return outcome
      }).pipe(
        Effect.scoped,
        Effect.provide(TestClock.layer()),
        Effect.provide(Logger.layer([])),
        Effect.provideService(Pool.CheckInvariants, true),
        Effect.orDie
      )
      told(await interleavings({ seeds, outcomes, race: run }))
    })

  const later = <A, E>(steps: number, effect: Effect.Effect<A, E>) =>
    Effect.andThen(Effect.forEach(Array.from({ length: steps }), () => Effect.yieldNow), effect)

  places(
    "transient: a crash against a shutdown: it never comes back",
    "transient",
    ["PoolClosed", "PoolCrashed"],
    ({ kill, session, world }) =>
      Effect.gen(function*() {
        yield* beside(later(6, session.shutdown()), kill)
        yield* Effect.andThen(settle, settle)
        assert.strictEqual(world.live, 0)
        const error = yield* Effect.flip(session.use(() => Effect.void, { timeout: "infinity" }))
        yield* session.awaitShutdown
        return error._tag as "PoolClosed" | "PoolCrashed"
      })
  )

  places(
    "temporary: a crash against somebody who asks: answered, and never served by another one",
    "temporary",
    ["served", "PoolCrashed"],
    ({ kill, session, world }) =>
      Effect.gen(function*() {
        const asking = yield* Effect.forkChild(Effect.exit(session.use(() => Effect.void, { timeout: "infinity" })))
        yield* later(1, kill)
        const asked = yield* Fiber.join(asking)
        yield* session.awaitShutdown
        assert.strictEqual(world.begun, 2)
        return Exit.isSuccess(asked) ? "served" : "PoolCrashed"
      })
  )

  places(
    "permanent: a crash against terminateChild: it is stopped, and whoever asked has an answer",
    "permanent",
    ["served", "PoolClosed", "PoolCrashed"],
    ({ kill, session, tree, world }) =>
      Effect.gen(function*() {
        const asking = yield* Effect.forkChild(later(18, session.use(() => Effect.void, { timeout: "infinity" })))
        yield* beside(later(6, tree.terminateChild("db")), kill)
        const asked = yield* Fiber.await(asking)
        assert.strictEqual(world.live, 0)
        const { _tag } = yield* Effect.flip(session.checkout({ timeout: "infinity" }))
        assert.oneOf(_tag, ["PoolClosed", "PoolCrashed"])
        if (Exit.isSuccess(asked)) return "served"
        return (yield* Effect.flip(asked))._tag as "PoolClosed" | "PoolCrashed"
      })
  )

  places(
    "a crash against a start elsewhere: one of the two has it",
    "permanent",
    ["here", "elsewhere"],
    ({ kill, session, spec, world }) =>
      Effect.gen(function*() {
        const scope = yield* Effect.scope
        const [, second] = yield* beside(kill, later(4, Scope.provide(Supervisor.make({}, [spec]), scope)))
        yield* session.use(() => Effect.void)
        assert.isAtMost(world.live, 2)
        return Exit.isSuccess(second) ? "elsewhere" : "here"
      })
  )
})
