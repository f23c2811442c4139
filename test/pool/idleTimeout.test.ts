/** How many sit idle, and for how long: `minIdle`, `idleTimeout`, `overflowTtl`. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Deadlines } from "../../src/channel/internal/deadlines.ts"
import { withCounters } from "../support/liveFibers.ts"
import { id, ids } from "../support/resources.ts"
import { assertWhole, counts, forkSettled, lend, type Session, settle, World } from "../support/world.ts"

const times = (count: number) => Array.from({ length: count }, (_, index) => index)

/** So many are lent at once, and come back in the order in which they went out. */
const burst = (session: Session, count: number) =>
  Effect.gen(function*() {
    const leases = yield* Effect.forEach(times(count), () => session.checkout())
    yield* Effect.forEach(leases, session.checkin)
    yield* settle
  })

describe("minIdle", () => {
  it.effect("is size by default: what sits idle within it is never closed, and there is no timer (G-4, G-13, H5)", () =>
    withCounters(({ sleeps }) =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({ size: 3, idleTimeout: "1 minute" })
        yield* burst(session, 3)
        assert.strictEqual(sleeps(), 0)
        yield* TestClock.adjust("10 days")
        assert.deepStrictEqual(ids(world.closed), [])
        yield* assertWhole(session, world, 3)
      })
    ))

  it.effect("is how many are opened at the start, and make waits for those", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = () => Effect.sleep("1 seconds")
      const making = yield* forkSettled(world.pool({ size: 5, minIdle: 2 }))
      assert.strictEqual(world.begun, 2)
      yield* TestClock.adjust("1 seconds")
      yield* assertWhole(yield* Fiber.join(making), world, 2)
    }))

  it.effect("is raised by demand, up to size and no further", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 4, minIdle: 1 })
      yield* burst(session, 3)
      yield* assertWhole(session, world, 3)
      yield* Effect.forEach(times(20), () => session.use(() => Effect.yieldNow), { concurrency: "unbounded" })
      yield* assertWhole(session, world, 4)
    }))

  it.effect("of 0 opens nothing at the start, and keeps nothing for ever", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, minIdle: 0, idleTimeout: "1 minute" })
      yield* assertWhole(session, world, 0)
      assert.strictEqual((yield* session.status).state, "ready")
      yield* burst(session, 2)
      yield* assertWhole(session, world, 2)
      yield* TestClock.adjust("1 minute")
      yield* assertWhole(session, world, 0)
      assert.strictEqual(yield* session.use(id), 3)
    }))

  it.effect("with start: lazy is not opened before somebody asks, and kept from then on", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3, minIdle: 1, start: "lazy", idleTimeout: "1 minute" })
      yield* assertWhole(session, world, 0)
      yield* burst(session, 3)
      yield* assertWhole(session, world, 3)
      yield* TestClock.adjust("1 hour")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("is kept up: what is lost within it is replaced, though nobody asks (G-12)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 4, minIdle: 2, idleTimeout: "1 minute", link: world.link })
      yield* burst(session, 4)
      yield* TestClock.adjust("1 minute")
      yield* assertWhole(session, world, 2)
      for (const resource of world.opened.filter((one) => !world.closed.includes(one))) yield* world.kill(resource)
      yield* assertWhole(session, world, 2)
    }))
})

describe("idleTimeout", () => {
  it.effect("closes what has sat idle for so long above minIdle, and opens none of it again (H4, H5)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 5, minIdle: 2, idleTimeout: "1 minute" })
      yield* burst(session, 5)
      yield* TestClock.adjust("59999 millis")
      yield* assertWhole(session, world, 5)
      yield* TestClock.adjust("1 millis")
      yield* assertWhole(session, world, 2)
      yield* TestClock.adjust("10 days")
      yield* assertWhole(session, world, 2)
      assert.strictEqual(world.begun, 5)
    }))

  it.effect("is 10 minutes by default, as HikariCP's", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, minIdle: 1 })
      yield* burst(session, 2)
      yield* TestClock.adjust("599999 millis")
      yield* assertWhole(session, world, 2)
      yield* TestClock.adjust("1 millis")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("of infinity closes nothing, and has no timer", () =>
    withCounters(({ sleeps }) =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({ size: 2, minIdle: 1, idleTimeout: "infinity" })
        yield* burst(session, 2)
        assert.strictEqual(sleeps(), 0)
        yield* TestClock.adjust("1000 days")
        yield* assertWhole(session, world, 2)
      })
    ))

  it.effect.each(["lifo", "fifo"] as const)(
    "under %s closes the coldest, and begins anew with each use",
    (strategy) =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({ size: 3, minIdle: 1, idleTimeout: "1 minute", strategy })
        yield* burst(session, 3)
        yield* TestClock.adjust("40 seconds")
        const used = yield* session.use(id)
        assert.strictEqual(used, strategy === "lifo" ? 3 : 1)
        yield* TestClock.adjust("20 seconds")
        assert.strictEqual(world.live, 1)
        assert.notInclude(ids(world.closed), used)
      })
  )

  it.effect("lets a pool of little use shrink to what it needs under lifo", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 10, minIdle: 0, idleTimeout: "1 minute" })
      yield* burst(session, 10)
      for (const _ of times(20)) {
        yield* burst(session, 3)
        yield* TestClock.adjust("10 seconds")
      }
      yield* assertWhole(session, world, 3)
      assert.strictEqual(world.begun, 10)
    }))

  it.effect("leaves what is lent alone, and what comes back has its time", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3, minIdle: 1, idleTimeout: "1 minute" })
      const leases = yield* Effect.forEach(times(3), () => session.checkout())
      yield* TestClock.adjust("1 hour")
      yield* Effect.forEach(leases, session.checkin)
      yield* TestClock.adjust("59 seconds")
      yield* assertWhole(session, world, 3)
      yield* TestClock.adjust("1 seconds")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("never closes one that somebody would get: whoever asks in that instant is served", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, minIdle: 0, idleTimeout: "1 minute" })
      yield* burst(session, 2)
      const asking = yield* Effect.forEach(
        times(4),
        () => Effect.forkChild(Effect.delay(session.use(id, { timeout: "1 seconds" }), "1 minute"))
      )
      yield* TestClock.adjust("1 minute")
      yield* Effect.forEach(asking, Fiber.join)
      assert.deepStrictEqual(world.problems, [])
    }))

  it.effect("is one timer for all that is idle, and none where nothing is above minIdle (H9, G-13)", () =>
    withCounters(({ sleeps }) =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({ size: 6, minIdle: 1, idleTimeout: "1 minute" })
        yield* settle
        assert.strictEqual(sleeps(), 0)
        yield* burst(session, 6)
        assert.strictEqual(sleeps(), 1)
        yield* TestClock.adjust("1 minute")
        yield* settle
        assert.deepStrictEqual(yield* counts(session), { idle: 1 })
        assert.strictEqual(sleeps(), 0)
      })
    ))

  it.effect("together with drain closes each once (G-11)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.make({ size: 6, minIdle: 0, idleTimeout: "1 minute", overflowTtl: "1 minute" })
      yield* burst(session, 6)
      world.close = () => Effect.sleep("1 seconds")
      const draining = yield* Effect.forkChild(Effect.delay(session.shutdown(), "1 minute"))
      yield* TestClock.adjust("2 minutes")
      yield* Fiber.join(draining)
      yield* assertWhole(session, world, 0)
      assert.strictEqual(world.closed.length, 6)
    }))
})

describe("overflowTtl", () => {
  it.effect("is 0 by default: overflow that nobody waits for is closed at once, as poolboy's (R11)", () =>
    withCounters(({ sleeps }) =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({ size: 1, maxOverflow: 2 })
        yield* burst(session, 3)
        yield* assertWhole(session, world, 1)
        assert.strictEqual(sleeps(), 0)
      })
    ))

  it.effect("keeps overflow idle for so long, and status says that it is overflow", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, maxOverflow: 2, overflowTtl: "30 seconds" })
      yield* burst(session, 3)
      assert.deepInclude(yield* session.status, { state: "ready", idle: 3, overflow: 2 })
      yield* TestClock.adjust("29999 millis")
      assert.deepStrictEqual(yield* counts(session), { idle: 3 })
      yield* TestClock.adjust("1 millis")
      assert.deepInclude(yield* session.status, { state: "ready", idle: 1, overflow: 0 })
      yield* TestClock.adjust("10 days")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("ends a hundred swings of alternating load with no more openings than the bound (A-9)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, maxOverflow: 3, overflowTtl: "30 seconds" })
      for (const _ of times(100)) {
        yield* burst(session, 5)
        yield* TestClock.adjust("10 seconds")
      }
      assert.strictEqual(world.begun, 5)
    }))

  it.effect("begins anew with each use, and closes the coldest first, down to size", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, maxOverflow: 2, overflowTtl: "30 seconds" })
      yield* burst(session, 3)
      yield* TestClock.adjust("20 seconds")
      const hot = yield* session.use(id)
      yield* TestClock.adjust("10 seconds")
      assert.notInclude(ids(world.closed), hot)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("applies to what is idle while others are lent: those above size in all may go", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, maxOverflow: 2, overflowTtl: "30 seconds" })
      const leases = yield* Effect.forEach(times(4), () => session.checkout())
      yield* Effect.forEach(leases.slice(0, 2), session.checkin)
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(yield* counts(session), { lent: 2 })
      assert.strictEqual(world.live, 2)
      yield* Effect.forEach(leases.slice(2), session.checkin)
      yield* assertWhole(session, world, 2)
    }))

  it.effect("of a pool that has nothing but overflow keeps none for ever", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 0, maxOverflow: 2, overflowTtl: "30 seconds" })
      yield* burst(session, 2)
      assert.deepStrictEqual(yield* counts(session), { idle: 2 })
      assert.strictEqual(yield* session.use(id), 2)
      yield* TestClock.adjust("30 seconds")
      yield* assertWhole(session, world, 0)
      assert.strictEqual(world.begun, 2)
    }))

  it.effect("never keeps anybody waiting: what lingers is lent like anything idle", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, maxOverflow: 1, overflowTtl: "30 seconds" })
      yield* burst(session, 2)
      const leases = yield* lend(session, 2)
      assert.strictEqual(world.begun, 2)
      yield* Effect.forEach(leases, session.checkin)
    }))

  it.effect("and idleTimeout: each says how long its own may sit", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({
        size: 3,
        minIdle: 1,
        maxOverflow: 2,
        overflowTtl: "10 seconds",
        idleTimeout: "1 minute"
      })
      yield* burst(session, 5)
      yield* TestClock.adjust("10 seconds")
      yield* assertWhole(session, world, 3)
      yield* TestClock.adjust("50 seconds")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("leaves one timer, and none when it is over (G-13)", () =>
    withCounters(({ sleeps }) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({ size: 1, maxOverflow: 3, overflowTtl: "30 seconds" })
        yield* settle
        assert.strictEqual(sleeps(), 0)
        yield* burst(session, 4)
        assert.strictEqual(sleeps(), 1)
        yield* TestClock.adjust("30 seconds")
        yield* settle
        assert.strictEqual(sleeps(), 0)
      })
    ))
})

describe("many cycles", () => {
  it.effect("of a pool with every limit of time leave nothing behind: one timer, and no more fibers than workers (G-6)", () =>
    withCounters(({ fibers, sleeps }) =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({
          size: 4,
          minIdle: 1,
          maxOverflow: 4,
          idleTimeout: "3 seconds",
          overflowTtl: "1 seconds",
          maxLifetime: "20 seconds",
          keepalive: { every: "2 seconds", probe: () => Effect.void }
        })
        yield* settle
        const before = fibers()
        for (const turn of times(1_000)) {
          yield* burst(session, 1 + (turn * 7) % 8)
          yield* TestClock.adjust("700 millis")
        }
        yield* TestClock.adjust("19 seconds")
        yield* settle
        assert.deepStrictEqual(yield* counts(session), { idle: 1 })
        assert.strictEqual(world.live, 1)
        assert.strictEqual(fibers(), before)
        assert.strictEqual(sleeps(), 1)
      })
    ))

  it.effect("without a pause in between queue nothing up for the timer (G-6)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({
        size: 2,
        minIdle: 1,
        idleTimeout: "1 minute",
        maxLifetime: "1 hour",
        leaseTimeout: { after: "1 minute", action: "warn" }
      })
      const deadlines: Array<Deadlines<unknown>> = []
      const { add } = Deadlines.prototype
      Deadlines.prototype.add = function(at, target) {
        if (!deadlines.includes(this)) deadlines.push(this)
        return add.call(this, at, target)
      }
      yield* Effect.ensuring(
        Effect.forEach(times(100_000), () => session.use(() => Effect.void), { discard: true }),
        Effect.sync(() => Deadlines.prototype.add = add)
      )
      yield* settle
      assert.isAtLeast(deadlines.length, 1)
      for (const { size } of deadlines) assert.isAtMost(size, 3)
    }))
})
