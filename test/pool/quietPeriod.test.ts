/** A drain that begins only when nobody has asked for a while: Netty's `shutdownGracefully` (pools.md §3, row 26). */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { withCounters } from "../support/liveFibers.ts"
import { id } from "../support/resources.ts"
import { assertWhole, counts, forkSettled, lend, settle, tagsOf, World } from "../support/world.ts"

const times = (count: number) => Array.from({ length: count }, (_, index) => index)

describe("a quiet period", () => {
  it.effect("serves everybody as before, until nobody has asked for that long", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.make({ size: 2 })
      const ending = yield* forkSettled(session.shutdown({ quietPeriod: "3 seconds", timeout: "1 minute" }))
      for (const second of times(10)) {
        yield* TestClock.adjust("2 seconds")
        assert.isUndefined(ending.pollUnsafe(), `after ${second}`)
        assert.strictEqual(yield* session.use(id), 2)
      }
      yield* TestClock.adjust("2999 millis")
      assert.isUndefined(ending.pollUnsafe())
      assert.strictEqual((yield* session.status).state, "ready")
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* Fiber.join(ending), { drained: 0, forced: 0 })
      yield* assertWhole(session, world, 0)
    }))

  it.effect("of a pool that nobody asks ends by itself after that time", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.make({})
      const ending = yield* forkSettled(session.shutdown({ quietPeriod: "3 seconds" }))
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(ending)
      yield* assertWhole(session, world, 0)
    }))

  it.effect("is begun anew by every way of asking, also by one that is told that there is nothing", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.make({ size: 1 })
      const [lease] = yield* lend(session, 1)
      const ending = yield* forkSettled(session.shutdown({ quietPeriod: "3 seconds", timeout: "1 minute" }))
      const ways = [
        Effect.flip(session.tryCheckout()),
        Effect.flip(session.checkout({ timeout: 0 })),
        forkSettled(Effect.exit(session.checkout({ timeout: "10 millis" })))
      ]
      for (const way of ways) {
        yield* TestClock.adjust("2 seconds")
        yield* way
      }
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual((yield* session.status).state, "full", "open still")
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual((yield* session.status).state, "draining")
      yield* session.checkin(lease!)
      yield* Fiber.join(ending)
      yield* assertWhole(session, world, 0)
    }))

  it.effect("is not begun anew by what is given back, nor by a look at the numbers", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.make({ size: 2 })
      const [first, second] = yield* lend(session, 2)
      const ending = yield* forkSettled(session.shutdown({ quietPeriod: "3 seconds", timeout: "1 minute" }))
      yield* TestClock.adjust("2 seconds")
      yield* session.checkin(first!)
      yield* session.destroyed(second!)
      yield* session.status
      yield* TestClock.adjust("1 seconds")
      yield* Fiber.join(ending)
      yield* assertWhole(session, world, 0)
    }))

  it.effect("never goes past the timeout: then leases are revoked, and who waits is refused", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.make({ size: 1 })
      yield* lend(session, 1)
      const ending = yield* forkSettled(session.shutdown({ quietPeriod: "3 seconds", timeout: "10 seconds" }))
      const waiters: Array<Fiber.Fiber<unknown, Pool.CheckoutError<unknown>>> = []
      for (const _ of times(9)) {
        yield* TestClock.adjust("1 seconds")
        waiters.push(yield* forkSettled(session.checkout({ timeout: "infinity" })))
      }
      assert.isUndefined(ending.pollUnsafe())
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(yield* Fiber.join(ending), { drained: 0, forced: 1 })
      assert.deepStrictEqual([...new Set(yield* tagsOf(waiters))], ["PoolClosed"])
      yield* assertWhole(session, world, 0)
    }))

  it.effect("is followed by a drain: those who still wait are served, those who ask are refused", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.make({ size: 1 })
      const [lease] = yield* lend(session, 1)
      const ending = yield* forkSettled(session.shutdown({ quietPeriod: "3 seconds", timeout: "1 minute" }))
      const waiter = yield* forkSettled(session.use(id, { timeout: "1 minute" }))
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* session.status).state, "draining")
      assert.strictEqual((yield* Effect.flip(session.checkout()))._tag, "PoolClosed")
      yield* session.checkin(lease!)
      assert.strictEqual(yield* Fiber.join(waiter), 1)
      assert.deepStrictEqual(yield* Fiber.join(ending), { drained: 2, forced: 0 })
      yield* assertWhole(session, world, 0)
    }))

  it.effect("is cut short by a shutdown without one, or with mode now, or with a shorter one", () =>
    Effect.gen(function*() {
      for (const [options, after] of [[{}, 0], [{ mode: "now" }, 0], [{ quietPeriod: "1 seconds" }, 1_000]] as const) {
        const world = new World()
        const session = yield* world.make({})
        const first = yield* forkSettled(session.shutdown({ quietPeriod: "1 minute", timeout: "1 hour" }))
        const second = yield* forkSettled(session.shutdown(options))
        yield* TestClock.adjust(after)
        yield* Fiber.join(second)
        yield* Fiber.join(first)
        yield* assertWhole(session, world, 0)
      }
    }))

  it.effect("is not made longer by a second one", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.make({})
      const first = yield* forkSettled(session.shutdown({ quietPeriod: "2 seconds", timeout: "1 hour" }))
      yield* forkSettled(session.shutdown({ quietPeriod: "1 minute", timeout: "1 hour" }))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(first)
      yield* assertWhole(session, world, 0)
    }))

  it.effect("leaves the leases of whoever awaits the end alone until the drain begins, and revokes them then", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.make({ size: 2 })
      const ending = yield* forkSettled(Effect.gen(function*() {
        const lease = yield* session.checkout()
        const report = yield* session.shutdown({ quietPeriod: "3 seconds", timeout: "1 hour" })
        return [lease.isLive, report] as const
      }))
      yield* TestClock.adjust("2999 millis")
      assert.deepStrictEqual(yield* counts(session), { idle: 1, lent: 1 })
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* Fiber.join(ending), [false, { drained: 0, forced: 1 }])
      yield* assertWhole(session, world, 0)
    }))

  it.effect("goes on where the one who asked for it was interrupted", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.make({})
      const asking = yield* forkSettled(session.shutdown({ quietPeriod: "3 seconds", timeout: "1 hour" }))
      yield* Fiber.interrupt(asking)
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(yield* session.awaitShutdown, { drained: 0, forced: 0 })
      yield* assertWhole(session, world, 0)
    }))

  it.effect("replaces what is lost, as before", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.make({ size: 1 })
      yield* forkSettled(session.shutdown({ quietPeriod: "3 seconds", timeout: "1 hour" }))
      yield* session.destroyed(yield* session.checkout())
      assert.strictEqual(yield* session.use(id), 2)
      yield* TestClock.adjust("3 seconds")
      yield* session.awaitShutdown
      yield* assertWhole(session, world, 0)
    }))

  it.effect.each([-1, NaN])("of %s dies, and ends nothing", (quietPeriod) =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const defect = yield* Effect.flip(
        Effect.catchDefect(session.shutdown({ quietPeriod }), (defect) => Effect.fail(defect))
      )
      assert(defect instanceof Pool.InvalidOptions)
      assert.deepStrictEqual(defect.problems, ["quietPeriod: must be a duration, not negative and not NaN"])
      yield* assertWhole(session, world, 1)
    }))

  it.effect("is asked for by a mode that there is; another one dies, and ends nothing", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ name: "db" })
      const defect = yield* Effect.flip(
        Effect.catchDefect(session.shutdown({ mode: "kill" as "now" }), (defect) => Effect.fail(defect))
      )
      assert.strictEqual(String(defect), "InvalidOptions: pool \"db\": mode: must be \"drain\" or \"now\"")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("has one timer, and leaves none", () =>
    withCounters(({ fibers, sleeps }) =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.make({ size: 2 })
        yield* forkSettled(session.shutdown({ quietPeriod: "3 seconds", timeout: "1 hour" }))
        yield* settle
        assert.strictEqual(sleeps(), 1)
        yield* TestClock.adjust("2 seconds")
        yield* session.use(id)
        yield* TestClock.adjust("3 seconds")
        yield* settle
        assert.deepStrictEqual({ fibers: fibers(), sleeps: sleeps() }, { fibers: 0, sleeps: 0 })
        yield* assertWhole(session, world, 0)
      })
    ))
})
