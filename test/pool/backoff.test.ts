import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { withLogs } from "../support/logs.ts"
import { assertWhole, counts, forkSettled, OpenError, settle, World } from "../support/world.ts"

/** A backend that is down until it is brought up. */
const backend = () => {
  const world = new World()
  let isUp = false
  world.open = (id) => isUp ? Effect.void : new OpenError({ id })
  return { world, up: () => void (isUp = true), down: () => void (isUp = false) }
}

describe("while the backend is down", () => {
  it.effect("openings are tried no more often than the default back-off allows (C-1)", () =>
    Effect.gen(function*() {
      const { world } = backend()
      yield* world.pool({ size: 4, start: "background" })
      // 4 at once, then one after 100, 200, 400, 800, 1600, 3200 ms, each with a jitter of at most 20 %.
      yield* TestClock.adjust("10 seconds")
      assert.isAtLeast(world.begun, 4 + 4)
      assert.isAtMost(world.begun, 4 + 8)
      const before = world.begun
      yield* TestClock.adjust("10 minutes")
      assert.isAtLeast(world.begun - before, 10)
      assert.isAtMost(world.begun - before, 40, "never slower than every 30 s and a jitter, never a storm")
    }))

  it.effect("no opening starts during the back-off, not even for a newcomer", () =>
    Effect.gen(function*() {
      const { world } = backend()
      const session = yield* world.pool({ size: 2, start: "lazy", backoff: Schedule.spaced("10 seconds") })
      yield* forkSettled(Effect.exit(session.checkout({ timeout: "infinity" })))
      assert.strictEqual(world.begun, 1)
      yield* forkSettled(Effect.exit(session.checkout({ timeout: "infinity" })))
      yield* Effect.flip(session.tryCheckout())
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(world.begun, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(world.begun, 2, "one probes")
    }))

  it.effect("500 waiters cause no storm, and when it is back no more than openConcurrency open at once (C-3)", () =>
    Effect.gen(function*() {
      const { up, world } = backend()
      const session = yield* world.pool({ size: 20, start: "background", openConcurrency: 3 })
      const waiters = yield* forkSettled(Effect.forEach(
        Array.from({ length: 500 }),
        () => session.use(() => Effect.yieldNow, { timeout: "infinity" }),
        { concurrency: "unbounded", discard: true }
      ))
      yield* TestClock.adjust("1 minute")
      let opening = 0
      let peak = 0
      up()
      const open = world.open
      world.open = (id) =>
        Effect.gen(function*() {
          peak = Math.max(peak, ++opening)
          yield* Effect.sleep("1 second")
          opening--
          yield* open(id)
        })
      yield* TestClock.adjust("2 minutes")
      yield* Fiber.join(waiters)
      assert.strictEqual(peak, 3)
      yield* assertWhole(session, world, 20)
    }))

  it.effect("for an hour, the pool recovers without a restart when it is back (C-4)", () =>
    Effect.gen(function*() {
      const { up, world } = backend()
      const session = yield* world.pool({ size: 2, start: "background" })
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* Effect.flip(session.checkout({ timeout: 0 })))._tag, "CheckoutTimeout")
      up()
      const waiter = yield* forkSettled(
        session.use((resource) => Effect.succeed(resource.id), { timeout: "40 seconds" })
      )
      yield* TestClock.adjust("40 seconds")
      assert.isAbove(yield* Fiber.join(waiter), 0)
      yield* assertWhole(session, world, 2)
    }))

  it.effect("one warning at the first failure of a streak and one line on recovery: no flood, no user data", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const { down, up, world } = backend()
        const session = yield* world.pool({ size: 3, name: "db", start: "background" })
        yield* TestClock.adjust("10 minutes")
        assert.deepStrictEqual(lines.map(({ level }) => level), ["Warn"])
        assert.match(lines[0]!.message, /"db".*OpenError/)
        up()
        yield* TestClock.adjust("1 minute")
        assert.deepStrictEqual(lines.map(({ level }) => level), ["Warn", "Info"])
        assert.match(lines[1]!.message, /"db".*opening again/)
        down()
        const leases = yield* Effect.forEach([1, 2, 3], () => session.checkout())
        yield* Effect.forEach(leases, (lease) => session.destroyed(lease))
        yield* TestClock.adjust("10 minutes")
        assert.deepStrictEqual(lines.map(({ level }) => level), ["Warn", "Info", "Warn"], "a new streak, a new warning")
      })
    ))
})

describe("the back-off", () => {
  it.effect("begins anew after a success", () =>
    Effect.gen(function*() {
      const { down, up, world } = backend()
      const session = yield* world.pool({ start: "background", backoff: Schedule.exponential("1 second") })
      yield* TestClock.adjust("31 seconds")
      assert.strictEqual(world.begun, 6)
      up()
      yield* TestClock.adjust("32 seconds")
      yield* assertWhole(session, world, 1)
      down()
      const before = world.begun
      yield* session.destroyed(yield* session.checkout())
      yield* settle
      assert.strictEqual(world.begun - before, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(world.begun - before, 2)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(world.begun - before, 3)
    }))

  it.effect("of a Schedule that ends goes on with its last delay", () =>
    Effect.gen(function*() {
      const { world } = backend()
      yield* world.pool({
        start: "background",
        backoff: Schedule.spaced("7 seconds").pipe(Schedule.upTo({ times: 2 }))
      })
      yield* TestClock.adjust("70 seconds")
      assert.strictEqual(world.begun, 11)
    }))

  it.effect("of a Schedule that dies goes on all the same, and never in a tight loop", () =>
    Effect.gen(function*() {
      const { up, world } = backend()
      const session = yield* world.pool({
        start: "background",
        backoff: Schedule.spaced("1 second").pipe(Schedule.modifyDelay(() => Effect.die("the schedule is broken")))
      })
      yield* TestClock.adjust("10 seconds")
      assert.isAtLeast(world.begun, 3)
      assert.isAtMost(world.begun, 12)
      up()
      yield* TestClock.adjust("10 seconds")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("of a Schedule without any delay is still no tight loop", () =>
    Effect.gen(function*() {
      const { world } = backend()
      yield* world.pool({ start: "background", backoff: Schedule.forever })
      yield* TestClock.adjust(Duration.millis(100))
      assert.isAtMost(world.begun, 102)
    }))

  it.effect("ends with the shutdown: nothing is tried any more and nobody waits for it", () =>
    Effect.gen(function*() {
      const { world } = backend()
      const session = yield* world.pool({ start: "background", backoff: Schedule.spaced("1 hour") })
      yield* settle
      yield* session.shutdown()
      const before = world.begun
      yield* TestClock.adjust("2 hours")
      assert.strictEqual(world.begun, before)
      assert.deepStrictEqual(yield* counts(session), {})
    }))

  it.effect("of a Schedule that takes its time to answer is not waited for by the shutdown, nor left running", () =>
    Effect.gen(function*() {
      const { world } = backend()
      let interrupted = 0
      const hesitates = Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++))
      const slow = Schedule.modifyDelay(Schedule.forever, () => hesitates)
      const session = yield* world.pool({ start: "background", backoff: slow })
      yield* settle
      yield* session.shutdown()
      assert.strictEqual(interrupted, 1)
    }))

  it.effect("does not keep anybody from what is idle or comes back", () =>
    Effect.gen(function*() {
      const { down, up, world } = backend()
      up()
      const session = yield* world.pool({ size: 2, backoff: Schedule.spaced("1 hour") })
      down()
      const [kept, broken] = [yield* session.checkout(), yield* session.checkout()]
      const waiter = yield* forkSettled(session.use(() => Effect.succeed("served")))
      yield* session.destroyed(broken)
      yield* settle
      yield* session.checkin(kept)
      assert.strictEqual(yield* Fiber.join(waiter), "served")
      assert.strictEqual(yield* session.use(() => Effect.succeed("served")), "served")
    }))
})
