/** Some are kept in reserve for those who are still to come (Z4, Effect's own `targetUtilization`). */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { withCounters } from "../support/liveFibers.ts"
import { id } from "../support/resources.ts"
import { assertWhole, counts, forkSettled, lend, settle, World } from "../support/world.ts"

const times = (count: number) => Array.from({ length: count }, (_, index) => index)

describe("targetUtilization", () => {
  it.effect("keeps as many alive as are lent, divided by it: within minIdle and size (Z4)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 8, minIdle: 1, targetUtilization: 0.5 })
      const alive: Array<number> = []
      const leases = []
      for (const _ of times(7)) {
        leases.push(yield* session.checkout({ owner: "none" }))
        yield* settle
        const { idle, lent } = yield* session.status
        alive.push(idle + lent)
      }
      assert.deepStrictEqual(alive, [2, 4, 6, 8, 8, 8, 8])
      yield* Effect.forEach(leases, session.checkin)
      yield* assertWhole(session, world, 8)
    }))

  it.effect("so finds something idle for whoever comes next, where without it there is none", () =>
    Effect.gen(function*() {
      for (const targetUtilization of [0.7, undefined]) {
        const world = new World()
        const session = yield* world.pool({ size: 10, minIdle: 1, targetUtilization })
        world.open = () => Effect.sleep("100 millis")
        yield* lend(session, 1)
        yield* TestClock.adjust("100 millis")
        const next = yield* Effect.exit(session.checkout({ owner: "none", timeout: 0 }))
        assert.strictEqual(next._tag, targetUtilization === undefined ? "Failure" : "Success")
        world.open = () => Effect.void
      }
    }))

  it.effect("of 1 keeps nothing in reserve, which is the default", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 4, minIdle: 1, targetUtilization: 1 })
      const leases = yield* Effect.forEach(times(3), () => session.checkout())
      yield* settle
      assert.deepStrictEqual(yield* counts(session), { lent: 3 })
      yield* Effect.forEach(leases, session.checkin)
    }))

  it.effect("counts those who wait, too: they are about to have one", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 8, minIdle: 0, targetUtilization: 0.5, openConcurrency: 8 })
      world.open = () => Effect.sleep("1 seconds")
      const asking = yield* Effect.forEach(times(3), () => forkSettled(session.use(() => Effect.never)))
      assert.deepStrictEqual(yield* counts(session), { opening: 6, waiting: 3 })
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(yield* counts(session), { idle: 3, lent: 3 })
      yield* Effect.forEach(asking, Fiber.interrupt)
    }))

  it.effect("closes what is not needed any more after idleTimeout, and no more than that", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 8, minIdle: 1, targetUtilization: 0.5, idleTimeout: "1 minute" })
      const leases = yield* Effect.forEach(times(4), () => session.checkout({ owner: "none" }))
      yield* settle
      assert.strictEqual(world.live, 8)
      yield* Effect.forEach(leases.slice(2), session.checkin)
      for (const _ of times(3)) yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* counts(session), { idle: 2, lent: 2 })
      yield* Effect.forEach(leases.slice(0, 2), session.checkin)
      for (const _ of times(3)) yield* TestClock.adjust("1 minute")
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.begun, 8, "nothing was opened again")
    }))

  it.effect("opens none above size, and overflow only for those who wait", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, maxOverflow: 4, targetUtilization: 0.1 })
      const leases = yield* Effect.forEach(times(3), () => session.checkout({ owner: "none" }))
      yield* settle
      assert.deepStrictEqual(yield* counts(session), { lent: 3 })
      yield* Effect.forEach(leases, session.checkin)
      yield* assertWhole(session, world, 2)
    }))

  it.effect("opens within openConcurrency, and nothing in a back-off or while suspended", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 9, minIdle: 1, targetUtilization: 0.1, openConcurrency: 2 })
      world.open = () => Effect.sleep("1 seconds")
      yield* session.suspend
      yield* settle
      yield* session.resume
      const [lease] = yield* lend(session, 1)
      yield* settle
      assert.deepStrictEqual(yield* counts(session), { lent: 1, opening: 2 })
      yield* session.suspend
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* counts(session), { lent: 1, idle: 2 })
      yield* session.resume
      for (const _ of times(4)) yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(yield* counts(session), { lent: 1, idle: 8 })
      yield* session.checkin(lease!)
    }))

  it.effect("keeps up what is lost of the reserve", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 8, minIdle: 1, targetUtilization: 0.5 })
      yield* lend(session, 1)
      yield* settle
      yield* session.checkout({ owner: "none" })
      yield* settle
      assert.deepStrictEqual(yield* counts(session), { idle: 2, lent: 2 })
      yield* session.evictAll()
      yield* settle
      assert.deepStrictEqual(yield* counts(session), { idle: 2, lent: 2 })
    }))

  it.effect("together with a quiet pool has no timer (G-13)", () =>
    withCounters(({ sleeps }) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({ size: 4, targetUtilization: 0.5 })
        yield* session.use(id)
        yield* settle
        assert.strictEqual(sleeps(), 0)
      })
    ))
})
