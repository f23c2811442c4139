import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { withLogs } from "../support/logs.ts"
import { assertWhole, counts, forkSettled, settle, World } from "../support/world.ts"

describe("a closing", () => {
  it.effect("that is slow blocks neither other checkouts nor the one that caused it (H-7, R8)", () =>
    Effect.gen(function*() {
      const world = new World()
      world.close = ({ id }) => id === 2 ? Effect.sleep("3 seconds") : Effect.void
      const session = yield* world.pool({ size: 2 })
      yield* session.destroyed(yield* session.checkout())
      assert.deepStrictEqual(yield* counts(session), { idle: 1, closing: 1 })
      assert.strictEqual(yield* session.use(() => Effect.succeed("served")), "served")
      yield* TestClock.adjust("3 seconds")
      yield* assertWhole(session, world, 2)
    }))

  it.effect("counts against the bound until it is done, so that no more are ever open (D-12, invariant 1)", () =>
    Effect.gen(function*() {
      const world = new World()
      world.close = ({ id }) => id === 1 ? Effect.sleep("3 seconds") : Effect.void
      const session = yield* world.pool({ size: 1 })
      yield* session.destroyed(yield* session.checkout())
      const waiter = yield* forkSettled(session.checkout())
      assert.deepStrictEqual(yield* counts(session), { closing: 1, waiting: 1 })
      assert.strictEqual(world.begun, 1)
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* Fiber.join(waiter)).resource.id, 2)
    }))

  it.effect("that dies still gives its place back, and the other finalizers run (D-11, H-10)", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const world = new World()
        world.close = () => Effect.die(new Error("hunter2"))
        let others = 0
        const factory = Effect.andThen(Effect.addFinalizer(() => Effect.sync(() => others++)), world.factory)
        const session = yield* world.pool({ factory, name: "db" })
        yield* session.destroyed(yield* session.checkout())
        yield* assertWhole(session, world, 1)
        assert.strictEqual(others, 1)
        assert.deepStrictEqual(lines.map(({ level }) => level), ["Warn"])
        assert.include(lines[0]!.message, "\"db\"")
        assert.notInclude(lines[0]!.message, "hunter2")
      })
    ))

  it.effect("that hangs is given up after closeTimeout, its place is used again, and it is reported", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const world = new World()
        world.close = (resource) => resource.id === 1 ? Effect.never : Effect.void
        const session = yield* world.pool({ closeTimeout: "2 seconds" })
        yield* session.destroyed(yield* session.checkout())
        const waiter = yield* forkSettled(session.checkout({ timeout: "3 seconds" }))
        yield* TestClock.adjust("1999 millis")
        assert.deepStrictEqual(yield* counts(session), { closing: 1, waiting: 1 })
        yield* TestClock.adjust("1 millis")
        const lease = yield* Fiber.join(waiter)
        assert.strictEqual(lease.resource.id, 2)
        yield* session.checkin(lease)
        assert.deepStrictEqual(yield* counts(session), { idle: 1, abandoned: 1 })
        assert.deepStrictEqual(lines.map(({ level }) => level), ["Warn"])
      })
    ))

  it.effect("given up and ending late after all changes nothing any more (H-6)", () =>
    Effect.gen(function*() {
      const world = new World()
      world.close = (resource) => resource.id === 1 ? Effect.sleep("1 minute") : Effect.void
      const session = yield* world.pool({ closeTimeout: "2 seconds" })
      yield* session.destroyed(yield* session.checkout())
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(yield* counts(session), { idle: 1, abandoned: 1 })
      assert.deepStrictEqual(world.problems, [])
    }))

  it.effect("is done by closers in reverse order within one resource", () =>
    Effect.gen(function*() {
      const order: Array<string> = []
      const finalizer = (name: string) => Effect.addFinalizer(() => Effect.sync(() => order.push(name)))
      const scope = yield* Scope.make()
      const session = yield* Scope.provide(
        Pool.make({ factory: Effect.andThen(finalizer("inner"), finalizer("outer")), size: 1 }),
        scope
      )
      yield* session.use(() => Effect.void)
      assert.deepStrictEqual(order, [])
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(order, ["outer", "inner"])
    }))

  it.effect("begun before an opening was over closes what the opening acquired, once", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, maxOverflow: 1 })
      const factoryStarted = world.begun
      world.open = () => Effect.never
      yield* session.checkout()
      const waiter = yield* forkSettled(session.checkout())
      yield* session.shutdown({ mode: "now" })
      assert.strictEqual((yield* Effect.flip(Fiber.join(waiter)))._tag, "PoolClosed")
      yield* settle
      assert.strictEqual(world.begun, factoryStarted + 1)
      yield* assertWhole(session, world, 0)
    }))
})
