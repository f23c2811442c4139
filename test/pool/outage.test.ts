/**
 * A factory that fails for an hour. What the pool may do meanwhile is written down here as a schedule, and counted.
 */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, Fiber, Schedule } from "effect"
import { TestClock } from "effect/testing"
import type { Pool } from "whitepool"
import { withLogs } from "../support/logs.ts"
import { assertWhole, forkSettled, OpenError, settle, World } from "../support/world.ts"

const hour = Duration.toMillis("1 hour")

/** 1, 2, 4, 8, 16 and from then on 30 seconds. */
const backoff = Schedule.exponential("1 second").pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.seconds(30))))
)

/** The moments at which that back-off lets one opening fail, in milliseconds from the first failure. */
const moments = (until: number): ReadonlyArray<number> => {
  const at = [0]
  for (let delay = 1000, now = delay; now <= until; delay = Math.min(delay * 2, 30_000), now += delay) at.push(now)
  return at
}

/** Down from the beginning; counts the openings under way. */
const downWorld = () => {
  const world = new World()
  const began: Array<number> = []
  let isUp = false
  let underWay = 0
  let peak = 0
  world.open = (id) =>
    Effect.gen(function*() {
      peak = Math.max(peak, ++underWay)
      began.push(yield* Effect.clockWith((clock) => clock.currentTimeMillis))
      if (isUp) yield* Effect.sleep("1 second")
      underWay--
      if (!isUp) return yield* new OpenError({ id })
    })
  return { world, began, up: () => void (isUp = true), peak: () => peak }
}

describe("a factory that fails for an hour", () => {
  it.effect("is tried at the moments of the back-off and at no other, and the pool is whole when it recovers", () =>
    withLogs((logs) =>
      Effect.gen(function*() {
        const real = performance.now()
        const { began, peak, up, world } = downWorld()
        const session = yield* world.pool({ size: 4, start: "background", openConcurrency: 2, backoff })
        yield* TestClock.adjust("1 hour")
        // Two abreast before the first failure is known, then one by one.
        assert.deepStrictEqual(began, [0, ...moments(hour)])
        up()
        // The longest back-off, then one that probes, then two abreast.
        yield* TestClock.adjust("33 seconds")
        yield* assertWhole(session, world, 4)
        assert.strictEqual(peak(), 2)
        assert.strictEqual(yield* session.use(({ id }) => Effect.succeed(id > 0)), true)
        assert.deepStrictEqual(logs.map(({ level }) => level), ["Warn", "Info"], "no flood in an hour")
        // Loose: it is a fraction of a second on any machine.
        assert.isBelow(performance.now() - real, 10_000)
      })
    ))

  it.effect("costs everybody who waits their own deadline and no more, and they are told why", () =>
    Effect.gen(function*() {
      const { began, up, world } = downWorld()
      const session = yield* world.pool({ size: 4, start: "background", openConcurrency: 2, backoff })
      const told: Array<
        { readonly deadline: number; readonly at: number; readonly error: string; readonly why: unknown }
      > = []
      const wait = (deadline: number) =>
        session.use(() => Effect.void, { timeout: deadline }).pipe(
          Effect.catch((error: Pool.CheckoutError<OpenError>) =>
            Effect.clockWith((clock) =>
              Effect.map(clock.currentTimeMillis, (at) => {
                const why = error._tag === "CheckoutTimeout" ? error.lastOpenFailure : undefined
                told.push({ deadline, at, error: error._tag, why: why && Cause.squash(why) })
              })
            )
          )
        )
      // All of them wait from the beginning; no two have the same deadline, and no deadline is a moment of the back-off.
      const impatient = Array.from({ length: 250 }, (_, index) => 1 + Math.round((index + 0.5) * hour / 250))
      const patient = Array.from({ length: 250 }, (_, index) => 2 * hour + index)
      const waiters = yield* forkSettled(Effect.forEach([...patient, ...impatient].reverse(), wait, {
        concurrency: "unbounded",
        discard: true
      }))
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(told.map(({ deadline }) => deadline), impatient, "in the order of their deadlines")
      for (const { at, deadline, error, why } of told) {
        assert.strictEqual(error, "CheckoutTimeout")
        assert.strictEqual(at, deadline)
        assert.instanceOf(why, OpenError)
      }
      assert.strictEqual((yield* session.status).waiting, 250)
      assert.deepStrictEqual(began, [0, ...moments(hour)], "those who wait cause no opening of their own")
      up()
      yield* TestClock.adjust("33 seconds")
      yield* Fiber.join(waiters)
      assert.strictEqual(told.length, 250, "the others were served")
      yield* assertWhole(session, world, 4)
    }))

  it.effect("does not make newcomers wait for the schedule, once one opening has succeeded", () =>
    Effect.gen(function*() {
      const { up, world } = downWorld()
      const session = yield* world.pool({ size: 1, maxOverflow: 1, start: "lazy", backoff })
      const first = yield* forkSettled(session.use(() => Effect.never, { timeout: "infinity" }))
      yield* TestClock.adjust("1 hour")
      up()
      yield* TestClock.adjust("31 seconds")
      const second = yield* forkSettled(session.use(({ id }) => Effect.succeed(id), { timeout: "2 seconds" }))
      yield* TestClock.adjust("1 second")
      assert.isAbove(yield* Fiber.join(second), 0)
      yield* Fiber.interrupt(first)
      yield* settle
    }))
})
