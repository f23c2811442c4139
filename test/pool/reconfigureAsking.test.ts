/** Whoever asks, or waits already, when options are changed: by which of them they are served (Z2). */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { Overload } from "whitepool"
import { id } from "../support/resources.ts"
import { assertWhole, forkSettled, lend, OpenError, settle, tagsOf, World } from "../support/world.ts"

const times = (count: number) => Array.from({ length: count }, (_, index) => index)

describe("whoever asks", () => {
  it.effect("waits by the maxWaiting of a patch; who waits already goes on waiting", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      yield* lend(session, 1)
      const waiting = yield* Effect.forEach(times(3), () => forkSettled(session.checkout()))
      yield* session.reconfigure({ maxWaiting: 1 })
      yield* settle
      assert.isTrue(waiting.every((fiber) => fiber.pollUnsafe() === undefined))
      assert.strictEqual((yield* Effect.flip(session.checkout()))._tag, "PoolOverloaded")
      yield* session.reconfigure({ maxWaiting: Infinity })
      yield* forkSettled(Effect.exit(session.checkout()))
      assert.strictEqual((yield* session.status).waiting, 4)
    }))

  it.effect("is lent by the strategy of a patch", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ size: 3 })
      assert.strictEqual(yield* session.use(id), 3)
      yield* session.reconfigure({ strategy: "fifo" })
      assert.strictEqual(yield* session.use(id), 1)
      assert.strictEqual(yield* session.use(id), 2)
    }))

  it.effect("waits after a failed opening by the backoff of a patch", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => new OpenError({ id })
      const session = yield* world.pool({ start: "background", backoff: Schedule.spaced("1 seconds") })
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(world.begun, 2)
      yield* session.reconfigure({ backoff: Schedule.spaced("10 seconds") })
      // The delay under way was drawn from the old one.
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(world.begun, 3)
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(world.begun, 3)
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(world.begun, 4)
      world.open = () => Effect.void
      yield* TestClock.adjust("10 seconds")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("is told of a failed opening by the onOpenFailure of a patch", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => new OpenError({ id })
      const session = yield* world.pool({ start: "lazy", backoff: Schedule.spaced("1 seconds") })
      const asking = yield* forkSettled(session.checkout())
      assert.isUndefined(asking.pollUnsafe())
      yield* session.reconfigure({ onOpenFailure: "fail" })
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(yield* tagsOf([asking]), ["OpenFailed"])
    }))

  it.effect("is served by the fairness of a patch, with those who wait already", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const [lease] = yield* lend(session, 1)
      const served: Array<string> = []
      const ask = (key: string) =>
        forkSettled(session.use(() => Effect.sync(() => served.push(key)), { key, timeout: "infinity" }))
      const asking = [yield* ask("a"), yield* ask("a"), yield* ask("a"), yield* ask("b")]
      yield* session.reconfigure({ fairness: {} })
      asking.push(yield* ask("c"))
      yield* session.checkin(lease!)
      yield* Effect.forEach(asking, Fiber.join)
      assert.deepStrictEqual(served, ["a", "b", "c", "a", "a"])
      yield* session.reconfigure({ fairness: undefined })
      const [again] = yield* lend(session, 1)
      served.length = 0
      const later = [yield* ask("a"), yield* ask("a"), yield* ask("b")]
      yield* session.checkin(again!)
      yield* Effect.forEach(later, Fiber.join)
      assert.deepStrictEqual(served, ["a", "a", "b"])
    }))

  it.effect("may be dropped by the overload of a patch, and no more when it is taken away", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ checkoutTimeout: "infinity" })
      yield* lend(session, 1)
      const waiting = yield* Effect.forEach(times(2), () => forkSettled(session.checkout()))
      yield* TestClock.adjust("1 minute")
      yield* session.reconfigure({ overload: Overload.codel({ target: "10 millis", interval: "100 millis" }) })
      for (const _ of times(10)) yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(yield* tagsOf(waiting), ["PoolOverloaded", "PoolOverloaded"])
      yield* session.reconfigure({ overload: undefined })
      const patient = yield* forkSettled(session.checkout())
      for (const _ of times(10)) yield* TestClock.adjust("1 seconds")
      assert.isUndefined(patient.pollUnsafe())
    }))

  it.effect("is refused by the breaker of a patch", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => new OpenError({ id })
      const session = yield* world.pool({
        start: "lazy",
        backoff: Schedule.spaced("1 seconds"),
        checkoutTimeout: "1 hour"
      })
      const asking = yield* forkSettled(session.checkout())
      for (const _ of times(5)) yield* TestClock.adjust("1 seconds")
      assert.isUndefined(asking.pollUnsafe())
      yield* session.reconfigure({ breaker: { failures: 3 } })
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(yield* tagsOf([asking]), ["OpenFailed"])
      yield* session.reconfigure({ breaker: undefined })
      const patient = yield* forkSettled(session.checkout())
      for (const _ of times(5)) yield* TestClock.adjust("1 seconds")
      assert.isUndefined(patient.pollUnsafe(), "waits for better times again")
      world.open = () => Effect.void
      yield* TestClock.adjust("1 seconds")
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(patient)))
    }))
})
