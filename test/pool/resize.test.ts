/** How many there are is changed while the pool is at work (Z1, Z3). */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { Supervisor } from "whitepool/actor"
import { crash } from "../support/crash.ts"
import { withCounters } from "../support/liveFibers.ts"
import { id, ids } from "../support/resources.ts"
import { assertWhole, counts, forkSettled, lend, OpenError, settle, tagsOf, World } from "../support/world.ts"

const times = (count: number) => Array.from({ length: count }, (_, index) => index)

describe("to more", () => {
  it.effect("serves those who wait at once, in order of arrival (Z1)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const [lease] = yield* lend(session, 1)
      const served: Array<string> = []
      const ask = (name: string) =>
        forkSettled(
          session.use(({ id }) => Effect.andThen(Effect.sync(() => served.push(`${name} ${id}`)), Effect.never))
        )
      const asking = [yield* ask("a"), yield* ask("b"), yield* ask("c")]
      yield* session.resize({ size: 3 })
      yield* settle
      assert.deepStrictEqual(served, ["a 2", "b 3"])
      assert.deepInclude(yield* session.status, { size: 3, lent: 3, waiting: 1, state: "full" })
      yield* session.resize({ maxOverflow: 1 })
      yield* settle
      assert.deepStrictEqual(served, ["a 2", "b 3", "c 4"])
      yield* Effect.forEach(asking, Fiber.interrupt)
      yield* session.checkin(lease!)
    }))

  it.effect("opens what it is to keep, though nobody asks", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1 })
      yield* session.resize({ size: 4 })
      yield* assertWhole(session, world, 4)
    }))

  it.effect("opens nothing that nobody asks for where the pool is lazy, or minIdle says so, or it is overflow", () =>
    Effect.gen(function*() {
      for (const options of [{ start: "lazy" }, { minIdle: 1 }] as const) {
        const world = new World()
        const session = yield* world.pool({ size: 1, ...options })
        yield* session.use(id)
        yield* session.resize({ size: 4, maxOverflow: 3 })
        yield* assertWhole(session, world, 1)
      }
    }))

  it.effect("lets tryCheckout warm up what there is room for now", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, start: "lazy" })
      yield* session.checkout()
      yield* session.resize({ size: 2 })
      assert.strictEqual((yield* Effect.flip(session.tryCheckout()))._tag, "PoolFull")
      yield* settle
      assert.strictEqual((yield* session.tryCheckout()).resource.id, 2)
    }))

  it.effect("keeps the deadline that each of those who wait has", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      yield* lend(session, 1)
      world.open = () => Effect.sleep("1 hour")
      const waiter = yield* forkSettled(session.checkout({ timeout: "3 seconds" }))
      yield* TestClock.adjust("2 seconds")
      yield* session.resize({ size: 2 })
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(waiter.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* tagsOf([waiter]), ["CheckoutTimeout"])
    }))
})

describe("to less", () => {
  it.effect("closes idle ones now, from the cold end, and lent ones when they come back (Z1, Z3)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 5 })
      const leases = yield* lend(session, 3)
      const lent = leases.map(({ resource }) => resource.id)
      assert.deepStrictEqual(lent, [5, 4, 3])
      yield* session.resize({ size: 2 })
      yield* settle
      assert.deepStrictEqual(ids(world.closed), [1, 2])
      assert.deepInclude(yield* session.status, { size: 2, lent: 3, idle: 0, overflow: 1, state: "full" })
      assert.isTrue(leases.every(({ isLive }) => isLive))
      yield* session.checkin(leases[0]!)
      yield* settle
      assert.deepStrictEqual(ids(world.closed), [1, 2, 5])
      yield* Effect.forEach(leases.slice(1), session.checkin)
      yield* assertWhole(session, world, 2)
      assert.strictEqual(world.begun, 5)
    }))

  it.effect("closes the coldest of the idle ones first", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3 })
      assert.strictEqual(yield* session.use(id), 3)
      yield* session.resize({ size: 1 })
      yield* settle
      assert.deepStrictEqual(ids(world.closed), [1, 2])
    }))

  it.effect("gives what comes back to whoever waits, as long as there is no more of it than there may be", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3 })
      const leases = yield* lend(session, 3)
      const served: Array<number> = []
      const ask = () => forkSettled(session.use(({ id }) => Effect.sync(() => served.push(id))))
      const waiters = [yield* ask(), yield* ask()]
      yield* session.resize({ size: 1 })
      yield* session.checkin(leases[0]!)
      yield* session.checkin(leases[1]!)
      yield* session.checkin(leases[2]!)
      yield* Effect.forEach(waiters, Fiber.join)
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.begun, 3, "nothing was opened for them")
    }))

  it.effect("under load has no number below zero, and ends at the new bound (D-6)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 8, maxOverflow: 4 })
      const look = Effect.map(session.status, (status) => {
        for (const [name, value] of Object.entries(status)) {
          if (typeof value === "number") assert.isAtLeast(value, 0, name)
        }
      })
      const work = session.use(() => Effect.andThen(look, Effect.sleep("10 millis")), { timeout: "infinity" })
      const workers = yield* Effect.forEach(times(30), () => Effect.forkChild(Effect.repeat(work, { times: 30 })))
      for (const [size, maxOverflow] of [[2, 0], [6, 2], [0, 1], [1, 0], [9, 0], [3, 3], [2, 1]] as const) {
        yield* TestClock.adjust("25 millis")
        yield* session.resize({ size, maxOverflow })
        yield* look
      }
      yield* TestClock.adjust("25 millis")
      assert.isAtMost(world.live, 3)
      for (const _ of times(700)) yield* TestClock.adjust("10 millis")
      yield* Effect.forEach(workers, Fiber.join)
      yield* assertWhole(session, world, 2)
      assert.isAtMost(world.peak, 12)
    }))

  it.effect("to nothing makes everybody wait within their deadlines, until there is something again (Z3)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      const [lease] = yield* lend(session, 1)
      yield* session.resize({ size: 0 })
      yield* settle
      assert.deepInclude(yield* session.status, { size: 0, maxOverflow: 0, idle: 0, lent: 1, state: "full" })
      const hasty = yield* forkSettled(session.checkout({ timeout: "1 seconds" }))
      const patient = yield* forkSettled(session.use(id, { timeout: "1 minute" }))
      yield* session.checkin(lease!)
      yield* settle
      assert.deepStrictEqual(yield* counts(session), { waiting: 2 })
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(yield* tagsOf([hasty]), ["CheckoutTimeout"])
      assert.strictEqual((yield* Effect.flip(session.tryCheckout()))._tag, "PoolFull")
      assert.strictEqual((yield* Effect.flip(session.checkout({ timeout: 0 })))._tag, "CheckoutTimeout")
      assert.isUndefined(patient.pollUnsafe())
      assert.strictEqual(world.begun, 2)
      yield* session.resize({ size: 1 })
      assert.strictEqual(yield* Fiber.join(patient), 3)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("while openings are under way keeps no more of them than there may be", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = () => Effect.sleep("5 seconds")
      const session = yield* world.pool({ size: 4, start: "background" })
      yield* settle
      assert.deepStrictEqual(yield* counts(session), { opening: 4 })
      yield* session.resize({ size: 1 })
      yield* TestClock.adjust("5 seconds")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("and more again before anything has come back leaves everything as it was", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3 })
      const leases = yield* lend(session, 3)
      yield* session.resize({ size: 1 })
      yield* session.resize({ size: 3 })
      yield* Effect.forEach(leases, session.checkin)
      yield* assertWhole(session, world, 3)
      assert.strictEqual(world.begun, 3)
    }))

  it.effect("of maxOverflow only leaves size as it is, and what is undefined, too", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, maxOverflow: 2 })
      const leases = yield* Effect.forEach(times(4), () => session.checkout())
      yield* session.resize({ size: undefined, maxOverflow: 0 })
      assert.deepInclude(yield* session.status, { size: 2, maxOverflow: 0, lent: 4 })
      yield* session.resize({})
      assert.deepInclude(yield* session.status, { size: 2, maxOverflow: 0, lent: 4 })
      yield* Effect.forEach(leases, session.checkin)
      yield* assertWhole(session, world, 2)
    }))

  it.effect("with overflowTtl lets what is too much linger as overflow, if there is room for overflow", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 4, overflowTtl: "30 seconds" })
      yield* session.resize({ size: 2, maxOverflow: 1 })
      yield* settle
      assert.isAtMost(world.live, 3)
      yield* TestClock.adjust("30 seconds")
      yield* assertWhole(session, world, 2)
    }))
})

describe("a resize", () => {
  it.effect("that cannot be fails with every problem, and changes nothing (Z2)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ name: "db", size: 3, minIdle: 2 })
      const untyped = (change: unknown) => change as Pool.Size
      const wrong: ReadonlyArray<[Pool.Size, ReadonlyArray<string>]> = [
        [{ size: -1 }, ["size: must be a whole number of at least 0"]],
        [{ size: 1 }, ["minIdle: 2 is more than size, 1, and no more than that are kept"]],
        [{ size: 1.5, maxOverflow: NaN }, [
          "size: must be a whole number of at least 0",
          "maxOverflow: must be a whole number of at least 0"
        ]],
        [untyped({ size: 4, minIdle: 1 }), ["minIdle: only size and maxOverflow can be resized"]],
        [untyped(null), ["the patch must be an object"]],
        [untyped(7), ["the patch must be an object"]]
      ]
      for (const [change, problems] of wrong) {
        const error = yield* Effect.flip(session.resize(change))
        assert(error instanceof Pool.InvalidOptions)
        assert.deepStrictEqual({ pool: error.pool, problems: error.problems }, { pool: "db", problems })
        assert.deepInclude(yield* session.status, { size: 3, maxOverflow: 0 })
      }
      yield* assertWhole(session, world, 2)
    }))

  it.effect("while an eager start is under way is what the start waits for", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => id === 1 ? Effect.void : Effect.sleep("20 seconds")
      const { session, spec } = yield* Pool.childSpec("db", { factory: world.factory, size: 3 })
      yield* session.resize({ size: 2 })
      const starting = yield* forkSettled(Supervisor.make({}, [spec]))
      assert.strictEqual(world.begun, 2)
      assert.isUndefined(starting.pollUnsafe())
      yield* session.resize({ size: 1 })
      yield* settle
      assert.isDefined(starting.pollUnsafe())
      yield* TestClock.adjust("20 seconds")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("is remembered by the next incarnation, also if there is none at work (H-4)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1 })
      yield* session.resize({ size: 3 })
      yield* crash(session)
      yield* assertWhole(session, world, 3)
      yield* crash(session)
      yield* session.resize({ size: 2 })
      yield* assertWhole(session, world, 2)
      assert.strictEqual((yield* session.status).size, 2)
    }))

  it.effect("of a pool that has ended, or drains, changes nothing of its end", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      const [lease] = yield* lend(session, 1)
      const ending = yield* forkSettled(session.shutdown({ timeout: "1 minute" }))
      yield* session.resize({ size: 5 })
      yield* settle
      assert.strictEqual(world.begun, 2)
      yield* session.checkin(lease!)
      assert.deepStrictEqual(yield* Fiber.join(ending), { drained: 1, forced: 0 })
      yield* session.resize({ size: 1 })
      yield* assertWhole(session, world, 0)
    }))

  it.effect("during an outage keeps to the back-off, and then opens as many as there are to be", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => new OpenError({ id })
      const session = yield* world.pool({ size: 1, start: "background" })
      yield* settle
      const begun = world.begun
      yield* session.resize({ size: 4 })
      yield* settle
      assert.strictEqual(world.begun, begun, "the back-off goes on")
      world.open = () => Effect.void
      for (const _ of times(10)) yield* TestClock.adjust("10 seconds")
      yield* assertWhole(session, world, 4)
    }))

  it.effect("arms no timer (G-13)", () =>
    withCounters(({ sleeps }) =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({ size: 2 })
        yield* session.resize({ size: 4 })
        yield* session.resize({ size: 1 })
        yield* settle
        assert.strictEqual(sleeps(), 0)
        yield* assertWhole(session, world, 1)
      })
    ))
})
