import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { assertWhole, counts, forkSettled, type OpenError, settle, World } from "../support/world.ts"

/** The failure of a fiber that is over, or that it is not. */
const failureOf = <A, E>(fiber: Fiber.Fiber<A, E>): E | "success" | "waiting" => {
  const exit = fiber.pollUnsafe()
  if (exit === undefined) return "waiting"
  const error = Exit.findErrorOption(exit)
  return error._tag === "Some" ? error.value : "success"
}

const timeoutOf = <A, E>(fiber: Fiber.Fiber<A, E>): Pool.CheckoutTimeout<OpenError> => {
  const failure = failureOf(fiber)
  assert.instanceOf(failure, Pool.CheckoutTimeout)
  return failure
}

describe("timeout", () => {
  it.effect("of 5 seconds is the default, and fails at 5 seconds: not before, not after (A-2, J-3)", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      yield* session.checkout()
      const waiter = yield* forkSettled(session.checkout())
      yield* TestClock.adjust("4999 millis")
      assert.strictEqual(failureOf(waiter), "waiting")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(Duration.toMillis(timeoutOf(waiter).waited), 5_000)
      assert.deepStrictEqual(yield* counts(session), { lent: 1 })
    }))

  it.effect("of one waiter leaves the others queued (B-2)", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const lease = yield* session.checkout()
      const short = yield* forkSettled(session.checkout({ timeout: "1 second" }))
      const long = yield* forkSettled(session.checkout({ timeout: "1 minute" }))
      yield* TestClock.adjust("1 second")
      timeoutOf(short)
      assert.deepStrictEqual(yield* counts(session), { lent: 1, waiting: 1 })
      yield* session.checkin(lease)
      assert.isTrue((yield* Fiber.join(long)).isLive)
    }))

  it.effect("falls due by its own length, not by the order of arrival", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      yield* session.checkout()
      const fibers = yield* Effect.forEach([3, 1, 2], (seconds) =>
        forkSettled(session.checkout({ timeout: Duration.seconds(seconds) })))
      for (const waiting of [2, 1, 0]) {
        yield* TestClock.adjust("1 second")
        assert.strictEqual((yield* session.status).waiting, waiting)
      }
      assert.deepStrictEqual(
        fibers.map((fiber) =>
          Duration.toSeconds(timeoutOf(fiber).waited)
        ),
        [3, 1, 2]
      )
    }))

  it.effect("a resource asked for in vain is not free before it comes back (B-3, B-16)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const lease = yield* session.checkout()
      yield* forkSettled(Effect.exit(session.checkout({ timeout: 10 })))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Effect.flip(session.tryCheckout()))._tag, "PoolFull")
      assert.isTrue(lease.isLive)
      yield* session.checkin(lease)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("a resource that comes back after all have timed out is idle, not given to the dead (B-18, E-8)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const lease = yield* session.checkout()
      const dead = yield* Effect.forEach([1, 2, 3], () => forkSettled(session.checkout({ timeout: 10 })))
      yield* TestClock.adjust("10 millis")
      dead.forEach(timeoutOf)
      yield* session.checkin(lease)
      yield* assertWhole(session, world, 1)
      assert.isTrue((yield* session.tryCheckout()).isLive)
    }))

  it.effect("that falls due together with the grant has one outcome (B-1)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const lease = yield* session.checkout()
      yield* Effect.forkChild(Effect.delay(session.checkin(lease), "1 second"))
      yield* settle
      const waiter = yield* forkSettled(session.use(() => Effect.succeed("used"), { timeout: "1 second" }))
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.include(["success", "CheckoutTimeout"], tagOf(failureOf(waiter)))
      yield* assertWhole(session, world, 1)
    }))

  it.effect("served in time leaves nothing that fires later (J-4)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const lease = yield* session.checkout()
      const waiter = yield* forkSettled(session.use(() => Effect.as(Effect.sleep("1 hour"), "done")))
      yield* session.checkin(lease)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* Fiber.join(waiter), "done")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("0 lends what is idle and otherwise fails at once, never queued, opening nothing (D-10, J-1)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, maxOverflow: 1 })
      const lease = yield* session.checkout({ timeout: 0 })
      const error = yield* Effect.flip(session.checkout({ timeout: 0 }))
      assert.strictEqual(error._tag, "CheckoutTimeout")
      assert.strictEqual((yield* Effect.flip(session.use(() => Effect.void, { timeout: 0 })))._tag, "CheckoutTimeout")
      yield* settle
      assert.strictEqual(world.begun, 1)
      yield* session.checkin(lease)
      yield* session.use(() => Effect.void, { timeout: 0 })
    }))

  it.effect("0 as the pool's own checkoutTimeout never waits, rather than for ever", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ checkoutTimeout: 0 })
      yield* session.checkout()
      assert.strictEqual((yield* Effect.flip(session.checkout()))._tag, "CheckoutTimeout")
    }))

  it.effect.each(["infinity", Infinity, Duration.infinity] as const)(
    "%s waits for ever",
    (timeout) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({})
        const lease = yield* session.checkout()
        const waiter = yield* forkSettled(session.checkout({ timeout }))
        yield* TestClock.adjust("365 days")
        assert.strictEqual(failureOf(waiter), "waiting")
        yield* session.checkin(lease)
        assert.isTrue((yield* Fiber.join(waiter)).isLive)
      })
  )

  it.effect("is one budget for queue and opening together: 100 %, not 120 % (J-2)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1 })
      const lease = yield* session.checkout()
      const waiter = yield* forkSettled(session.checkout({ timeout: "10 seconds" }))
      world.open = () => Effect.sleep("8 seconds")
      yield* TestClock.adjust("4 seconds")
      yield* session.destroyed(lease)
      yield* TestClock.adjust("5999 millis")
      assert.strictEqual(failureOf(waiter), "waiting")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(timeoutOf(waiter).phase, "open")
      yield* TestClock.adjust("2 seconds")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("says phase queue where everything is lent, and open where an opening is under way for this place", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, maxOverflow: 1 })
      world.open = () => Effect.never
      yield* session.checkout()
      const first = yield* forkSettled(session.checkout({ timeout: "1 second" }))
      const second = yield* forkSettled(session.checkout({ timeout: "1 second" }))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([timeoutOf(first).phase, timeoutOf(second).phase], ["open", "queue"])
    }))
})

const tagOf = (failure: unknown): string =>
  typeof failure === "object" && failure !== null && "_tag" in failure ? String(failure._tag) : String(failure)

describe("tryCheckout", () => {
  it.effect("never answers PoolFull while something is idle (E-9)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3 })
      const leases = yield* Effect.forEach([1, 2, 3], () => session.tryCheckout())
      assert.strictEqual(new Set(leases.map((lease) => lease.resource)).size, 3)
      const error = yield* Effect.flip(session.tryCheckout())
      assert.instanceOf(error, Pool.PoolFull)
      assert.deepInclude(error.status, { lent: 3, idle: 0, waiting: 0 })
      yield* Effect.forEach(leases, (lease) => session.checkin(lease))
      yield* assertWhole(session, world, 3)
    }))

  it.effect("under contention for the last resource gives it to one and never blocks the others (D-8)", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ size: 1 })
      const exits = yield* Effect.forEach(Array.from({ length: 50 }), () => Effect.exit(session.tryCheckout()), {
        concurrency: "unbounded"
      })
      assert.strictEqual(exits.filter(Exit.isSuccess).length, 1)
    }))

  it.effect("opens no overflow", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, maxOverflow: 3 })
      yield* session.checkout()
      yield* Effect.flip(session.tryCheckout())
      yield* settle
      assert.strictEqual(world.begun, 1)
    }))
})
