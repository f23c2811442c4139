/** How long the closing of each resource may take when the pool shuts down: OTP's `shutdown` of a child. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { withCounters } from "../support/liveFibers.ts"
import { withLogs } from "../support/logs.ts"
import { numbers } from "../support/resources.ts"
import { assertWhole, counts, forkSettled, lend, settle, World } from "../support/world.ts"

describe("workerShutdown", () => {
  it.effect("of a time waits for each closing for so long, whatever closeTimeout says, and tells who was given up", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.make({ size: 3, workerShutdown: "10 seconds", closeTimeout: "1 seconds" })
        world.close = ({ id }) => Effect.sleep(id === 2 ? "1 hour" : "9 seconds")
        const ending = yield* forkSettled(session.shutdown())
        yield* TestClock.adjust("9 seconds")
        assert.deepStrictEqual(yield* counts(session), { closing: 1 })
        yield* TestClock.adjust("999 millis")
        assert.isUndefined(ending.pollUnsafe())
        yield* TestClock.adjust("1 millis")
        yield* Fiber.join(ending)
        assert.deepStrictEqual(yield* counts(session), { abandoned: 1 })
        assert.deepStrictEqual(lines.map(({ message }) => message), [
          "pool \"pool\": a closing outlived its timeout and was given up"
        ])
      })
    ))

  it.effect("is closeTimeout where nothing else was said, and that alone says how long a closing takes before", () =>
    withLogs(() =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.make({ size: 2, closeTimeout: "2 seconds" })
        world.close = () => Effect.never
        const ending = yield* forkSettled(session.shutdown())
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(ending)

        const other = new World()
        const second = yield* other.make({ closeTimeout: "2 seconds", workerShutdown: "1 hour" })
        other.close = ({ id }) => id === 1 ? Effect.never : Effect.void
        yield* Effect.flatMap(second.checkout(), second.destroyed)
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(yield* counts(second), { idle: 1, abandoned: 1 })
        yield* second.shutdown()
      })
    ))

  it.effect("shortens a closing that is under way already, and does not lengthen one", () =>
    withLogs(() =>
      Effect.gen(function*() {
        for (const [closeTimeout, workerShutdown] of [["1 hour", "2 seconds"], ["2 seconds", "1 hour"]] as const) {
          const world = new World()
          const session = yield* world.make({ size: 1, closeTimeout, workerShutdown, start: "lazy" })
          world.close = () => Effect.never
          yield* Effect.flatMap(session.checkout(), session.destroyed)
          const ending = yield* forkSettled(session.shutdown())
          yield* TestClock.adjust("1999 millis")
          assert.isUndefined(ending.pollUnsafe())
          yield* TestClock.adjust("1 millis")
          yield* Fiber.join(ending)
          assert.deepStrictEqual(yield* counts(session), { abandoned: 1 })
        }
      })
    ))

  it.effect("of infinity waits for as long as it takes", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.make({ size: 2, workerShutdown: "infinity", closeTimeout: "1 seconds" })
      world.close = () => Effect.sleep("10 hours")
      const ending = yield* forkSettled(session.shutdown({ timeout: "1 seconds" }))
      for (let hour = 0; hour < 10; hour++) {
        assert.isUndefined(ending.pollUnsafe())
        yield* TestClock.adjust("1 hour")
      }
      yield* Fiber.join(ending)
      yield* assertWhole(session, world, 0)
    }))

  it.effect("of brutal_kill tells all to close, and waits for none", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.make({ size: 3, workerShutdown: "brutal_kill" })
      world.close = () => Effect.sleep("1 minute")
      const [lease] = yield* lend(session, 1)
      const ending = yield* forkSettled(session.shutdown({ timeout: "1 seconds" }))
      assert.isUndefined(ending.pollUnsafe(), "leases are waited for as ever")
      yield* session.checkin(lease!)
      yield* settle
      assert.deepStrictEqual(yield* Fiber.join(ending), { drained: 1, forced: 0 })
      assert.strictEqual(world.live, 0, "each has begun to close")
      assert.deepStrictEqual(world.problems, [])
    }))

  it.effect("of brutal_kill closes what ends at once as ever, and counts none of it as given up", () =>
    withLogs((lines) =>
      withCounters(({ fibers, sleeps }) =>
        Effect.gen(function*() {
          const world = new World()
          const scope = yield* Scope.make()
          const session = yield* Scope.provide(world.make({ size: 3, workerShutdown: "brutal_kill" }), scope)
          yield* Scope.close(scope, Exit.void)
          yield* settle
          assert.strictEqual(world.closed.length, 3)
          assert.deepStrictEqual(lines, [])
          assert.deepStrictEqual({ fibers: fibers(), sleeps: sleeps() }, { fibers: 0, sleeps: 0 })
          yield* assertWhole(session, world, 0)
        })
      )
    ))

  it.effect("holds for what is still opening, being reset or validated, too", () =>
    withLogs(() =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.make({
          size: 2,
          start: "lazy",
          workerShutdown: "1 seconds",
          closeTimeout: "1 hour",
          factory: Effect.uninterruptible(world.factory),
          reset: () => Effect.uninterruptible(Effect.sleep("1 hour")),
          resetTimeout: "2 hours"
        })
        yield* session.use(() => Effect.void)
        world.open = () => Effect.sleep("1 hour")
        yield* Effect.forEach([1, 2], () => forkSettled(Effect.exit(session.checkout())))
        assert.deepStrictEqual(yield* numbers(session), { opening: 1, resetting: 1, waiting: 2 })
        const ending = yield* forkSettled(session.shutdown({ mode: "now" }))
        yield* TestClock.adjust("1 seconds")
        yield* Fiber.join(ending)
        assert.deepStrictEqual(yield* counts(session), { abandoned: 2 })
        for (let hour = 0; hour < 3; hour++) yield* TestClock.adjust("1 hour")
        yield* settle
        assert.strictEqual(world.live, 0, "whatever it yielded was closed")
        assert.deepStrictEqual(world.problems, [])
      })
    ))
})
