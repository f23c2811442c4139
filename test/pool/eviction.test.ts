/** How resources are thrown away while the pool goes on: one, some, or all of them; at once, or spread over time. */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { crash } from "../support/crash.ts"
import { withCounters } from "../support/liveFibers.ts"
import { id, ids, numbers, type Told, told } from "../support/resources.ts"
import { assertWhole, counts, drain, forkSettled, lend, settle, World } from "../support/world.ts"

const times = (count: number) => Array.from({ length: count }, (_, index) => index)

describe("evict", () => {
  it.effect("closes the idle ones that the predicate holds of, replaces them, and tells how many there were (H10, G-12)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 4 })
      assert.strictEqual(yield* session.evict((_, { id }) => id % 2 === 0), 2)
      yield* settle
      assert.sameMembers([...ids(world.closed)], [2, 4])
      yield* assertWhole(session, world, 4)
      assert.strictEqual(yield* session.evict(() => false), 0)
      yield* assertWhole(session, world, 4)
      assert.strictEqual(world.begun, 6)
    }))

  it.effect("leaves what is lent alone until it comes back, and never lends it again (F-5)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      const [lease] = yield* lend(session, 1)
      const { resource } = lease!
      assert.strictEqual(yield* session.evict((_, one) => one === resource), 1)
      yield* TestClock.adjust("1 hour")
      assert.isTrue(lease!.isLive)
      assert.deepStrictEqual(world.closed, [])
      assert.deepStrictEqual(yield* counts(session), { idle: 1, lent: 1 })
      yield* session.checkin(lease!)
      yield* settle
      assert.deepStrictEqual(world.closed, [resource])
      yield* assertWhole(session, world, 2)
    }))

  it.effect("gives whoever waits for one that comes back evicted a new one (F-5)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const [lease] = yield* lend(session, 1)
      const waiter = yield* forkSettled(session.use(id))
      assert.strictEqual(yield* session.evict(() => true), 1)
      yield* session.checkin(lease!)
      assert.strictEqual(yield* Fiber.join(waiter), 2)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("counts what is evicted already once more: it holds of it still", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const [lease] = yield* lend(session, 1)
      assert.strictEqual(yield* session.evict(() => true), 1)
      assert.strictEqual(yield* session.evict(() => true), 1)
      yield* session.checkin(lease!)
      yield* assertWhole(session, world, 1)
      assert.deepStrictEqual(ids(world.closed), [1])
    }))

  it.effect("is told the age of a resource, how long it has been idle, its uses and whether it is overflow, in a plain pool too", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, maxOverflow: 1 })
      yield* TestClock.adjust("10 seconds")
      yield* session.use(id)
      yield* session.use(id)
      yield* TestClock.adjust("5 seconds")
      const seen: Array<Told> = []
      const look = Effect.suspend(() => {
        seen.length = 0
        return Effect.as(session.evict((info, resource) => seen.push(told(info, resource)) < 0), seen)
      })
      assert.deepStrictEqual(yield* look, [{ id: 1, age: 15_000, idleFor: 5_000, uses: 2, overflow: false }])
      const [first] = yield* lend(session, 1)
      const second = yield* session.checkout()
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(yield* look, [
        { id: 1, age: 16_000, idleFor: 0, uses: 2, overflow: true },
        { id: 2, age: 1_000, idleFor: 0, uses: 0, overflow: true }
      ])
      yield* session.checkin(first!)
      yield* settle
      assert.deepStrictEqual(yield* look, [{ id: 2, age: 1_000, idleFor: 0, uses: 0, overflow: false }])
      yield* session.checkin(second)
    }))

  it.effect("with a predicate that throws dies with what was thrown, and changes nothing", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3 })
      const [lease] = yield* lend(session, 1)
      const evict = session.evict((_, resource) => {
        if (resource.id === 2) throw new Error("boom")
        return true
      })
      const defect = yield* Effect.flip(Effect.catchDefect(evict, (defect) => Effect.fail(defect)))
      assert.strictEqual(String(defect), "Error: boom")
      yield* settle
      assert.deepStrictEqual(world.closed, [])
      assert.deepStrictEqual(yield* counts(session), { idle: 2, lent: 1 })
      yield* session.checkin(lease!)
      yield* assertWhole(session, world, 3)
      assert.deepStrictEqual(world.closed, [])
    }))

  it.effect("does not ask about what is not open yet, nor about what is closing", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, maxOverflow: 1 })
      world.open = () => Effect.sleep("1 seconds")
      world.close = () => Effect.sleep("1 seconds")
      const [broken] = yield* lend(session, 2)
      yield* session.destroyed(broken!)
      yield* settle
      assert.deepStrictEqual(yield* counts(session), { lent: 1, opening: 1, closing: 1 })
      assert.strictEqual(yield* session.evict(() => true), 1)
      yield* TestClock.adjust("1 seconds")
      world.close = () => Effect.void
    }))

  it.effect("of one that is being reset closes it when that has ended, and whoever waits gets another one", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, reset: () => Effect.sleep("1 seconds") })
      yield* session.use(id)
      const waiter = yield* forkSettled(session.use(id))
      assert.deepStrictEqual(yield* numbers(session), { resetting: 1, waiting: 1 })
      assert.strictEqual(yield* session.evict(() => true), 1)
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(yield* Fiber.join(waiter), 2)
      assert.deepStrictEqual(ids(world.closed), [1])
    }))

  it.effect("of one that is being validated closes it when that has ended, and whoever waits gets another one", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ validate: () => Effect.delay(Effect.succeed(true), "1 seconds") })
      yield* TestClock.adjust("1 seconds")
      const waiter = yield* forkSettled(session.use(id))
      assert.deepStrictEqual(yield* numbers(session), { validating: 1, waiting: 1 })
      assert.strictEqual(yield* session.evict(() => true), 1)
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(yield* Fiber.join(waiter), 2)
      assert.deepStrictEqual(ids(world.closed), [1])
    }))

  it.effect("finds nothing in a pool that has ended, or whose actor is being replaced", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      yield* crash(session)
      assert.strictEqual(yield* session.evict(() => true), 0)
      yield* settle
      assert.strictEqual(yield* session.evict(() => true), 2)
      yield* session.shutdown()
      assert.strictEqual(yield* session.evict(() => true), 0)
      yield* session.evictAll()
      yield* assertWhole(session, world, 0)
    }))

  it.effect("of everything does not keep the next one waiting for ever (G-5)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3, maxOverflow: 2 })
      for (const round of times(50)) {
        const leases = yield* Effect.forEach(times(round % 6), () => session.checkout())
        const evicting = yield* Effect.forkChild(session.evict(() => true))
        yield* Effect.forEach(leases, session.checkin)
        yield* Fiber.join(evicting)
        yield* session.use(id, { timeout: "1 seconds" })
      }
      yield* assertWhole(session, world, 3)
    }))

  it.effect("in a drain under way closes each once, and replaces nothing (G-11, I-2)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 4 })
      world.close = () => Effect.sleep("1 seconds")
      const [lease] = yield* lend(session, 1)
      const evicting = yield* forkSettled(session.evict((_, { id }) => id <= 2))
      const draining = yield* drain(session)
      yield* session.evict(() => true)
      yield* session.evictAll()
      yield* session.checkin(lease!)
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(evicting)
      assert.deepStrictEqual(yield* Fiber.join(draining), { drained: 1, forced: 0 })
      yield* assertWhole(session, world, 0)
    }))
})

describe("evictAll", () => {
  it.effect("closes what is idle now and what is lent when it comes back, and replaces all of it (H11)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 4 })
      const leases = yield* lend(session, 2)
      yield* session.evictAll()
      yield* settle
      assert.sameMembers([...ids(world.closed)], [1, 2])
      assert.deepStrictEqual(yield* counts(session), { idle: 2, lent: 2 })
      yield* TestClock.adjust("1 hour")
      assert.isTrue(leases.every(({ isLive }) => isLive))
      yield* Effect.forEach(leases, session.checkin)
      yield* assertWhole(session, world, 4)
      assert.sameMembers([...ids(world.closed)], [1, 2, 3, 4])
      assert.strictEqual(world.begun, 8)
    }))

  it.effect("counts openings under way as stale, too: what they yield is lent to nobody (H11)", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = () => Effect.sleep("5 seconds")
      const session = yield* world.pool({ size: 2, start: "background" })
      const asking = yield* forkSettled(session.use(id, { timeout: "1 minute" }))
      yield* TestClock.adjust("3 seconds")
      yield* session.evictAll()
      yield* TestClock.adjust("10 seconds")
      assert.isAbove(yield* Fiber.join(asking), 2)
      yield* assertWhole(session, world, 2)
      assert.isFalse(world.opened.some((one) => one.id <= 2 && !world.closed.includes(one)))
    }))

  it.effect("does not touch what is opened after it", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      yield* session.evictAll({ over: "1 minute" })
      yield* TestClock.adjust("1 hour")
      assert.sameMembers([...ids(world.closed)], [1, 2])
      yield* assertWhole(session, world, 2)
    }))

  it.effect("over a time closes them evenly, idle ones first and the coldest before all, then lent ones (H11)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 6 })
      const leases = yield* lend(session, 2)
      const lent = leases.map(({ resource }) => resource.id)
      yield* session.evictAll({ over: "60 seconds" })
      const closed: Array<number> = []
      for (const _ of times(60)) {
        yield* settle
        closed.push(world.closed.length)
        yield* TestClock.adjust("1 seconds")
      }
      // The i-th of n at i/n of the time.
      assert.deepStrictEqual(closed, times(60).map((second) => Math.min(4, Math.floor(second / 10) + 1)))
      assert.deepStrictEqual(ids(world.closed), [1, 2, 3, 4])
      yield* session.checkin(leases[0]!)
      yield* session.checkin(leases[1]!)
      yield* settle
      assert.deepStrictEqual(ids(world.closed).slice(4), lent)
      yield* assertWhole(session, world, 6)
    }))

  it.effect("over a time lends those whose turn has not come as before, and nobody finds less than size", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 4 })
      yield* session.evictAll({ over: "40 seconds" })
      for (const _ of times(50)) {
        yield* TestClock.adjust("1 seconds")
        const leases = yield* lend(session, 4)
        yield* Effect.forEach(leases, session.checkin)
      }
      assert.sameMembers([...ids(world.closed)], [1, 2, 3, 4])
      yield* assertWhole(session, world, 4)
      assert.strictEqual(world.begun, 8)
    }))

  it.effect("a second time only hastens: a longer spread puts nothing off", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 4 })
      yield* session.evictAll({ over: "40 seconds" })
      yield* session.evictAll({ over: "4000 seconds" })
      yield* TestClock.adjust("30 seconds")
      assert.isTrue([1, 2, 3, 4].every((one) => ids(world.closed).includes(one)))
      yield* assertWhole(session, world, 4)
    }))

  it.effect("a second time at once closes what is left of the first", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 4 })
      yield* session.evictAll({ over: "40 seconds" })
      yield* session.evictAll()
      yield* settle
      assert.isTrue([1, 2, 3, 4].every((one) => ids(world.closed).includes(one)))
      yield* assertWhole(session, world, 4)
    }))

  it.effect("over a time needs one timer, and none when it is over (H9, G-13)", () =>
    withCounters(({ sleeps }) =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({ size: 5 })
        yield* session.evictAll({ over: "1 minute" })
        yield* settle
        assert.strictEqual(sleeps(), 1)
        yield* TestClock.adjust("1 minute")
        yield* settle
        assert.strictEqual(sleeps(), 0)
        yield* assertWhole(session, world, 5)
      })
    ))

  it.effect.each([-1, NaN, Infinity])("over %s dies, and changes nothing", (over) =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      const evicting = Effect.catchDefect(session.evictAll({ over }), (defect) => Effect.fail(String(defect)))
      assert.match(yield* Effect.flip(evicting), /over: must be a duration, not negative/)
      yield* assertWhole(session, world, 2)
      assert.deepStrictEqual(world.closed, [])
    }))

  it.effect("of a whole pool under load is felt by nobody but as an opening", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3, maxOverflow: 2 })
      const work = session.use(() => Effect.sleep("100 millis"), { timeout: "2 seconds" })
      const workers = yield* Effect.forEach(times(8), () => Effect.forkChild(Effect.repeat(work, { times: 50 })))
      for (const _ of times(20)) {
        yield* TestClock.adjust("500 millis")
        yield* session.evictAll()
      }
      yield* TestClock.adjust("1 minute")
      yield* Effect.forEach(workers, Fiber.join)
      yield* assertWhole(session, world, 3)
      assert.isAtMost(world.peak, 5)
    }))

  it.effect("when the refill fails at first goes on trying until size is reached again", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3 })
      world.open = (id) => id < 10 ? Effect.die("refused") : Effect.void
      yield* session.evictAll()
      for (const _ of times(10)) yield* TestClock.adjust("10 seconds")
      yield* assertWhole(session, world, 3)
    }))
})

describe("shouldRetire", () => {
  it.effect("is asked when a resource comes back, and retires it (H15)", () =>
    Effect.gen(function*() {
      const world = new World()
      const seen: Array<Told> = []
      const session = yield* world.pool({
        shouldRetire: (info, resource) => {
          seen.push(told(info, resource))
          return info.uses >= 2
        }
      })
      yield* TestClock.adjust("2 seconds")
      for (const _ of times(3)) yield* Effect.andThen(session.use(id), settle)
      assert.deepStrictEqual(seen, [
        { id: 1, age: 2_000, idleFor: 0, uses: 1, overflow: false },
        { id: 1, age: 2_000, idleFor: 0, uses: 2, overflow: false },
        { id: 2, age: 0, idleFor: 0, uses: 1, overflow: false }
      ])
      assert.deepStrictEqual(ids(world.closed), [1])
      yield* assertWhole(session, world, 1)
    }))

  it.effect("gives whoever waits another one", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ shouldRetire: (_, { id }) => id < 3 })
      const served = yield* Effect.forEach(times(4), () => session.use(id), { concurrency: "unbounded" })
      assert.deepStrictEqual(served, [1, 2, 3, 3])
      yield* assertWhole(session, world, 1)
    }))

  it.effect("that throws retires: nobody knows what is wrong with it", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({
        shouldRetire: (_, { id }) => {
          if (id === 1) throw new Error("boom")
          return false
        }
      })
      yield* session.use(id)
      yield* assertWhole(session, world, 1)
      assert.deepStrictEqual(ids(world.closed), [1])
      assert.strictEqual(yield* session.use(id), 2)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("is asked about what is idle, too, now and then, and told for how long (H15)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({
        size: 3,
        shouldRetire: ({ age, idleFor }) => Duration.toMillis(idleFor) >= 100_000 || Duration.toMillis(age) >= 1_000_000
      })
      yield* TestClock.adjust("60 seconds")
      yield* session.use(id)
      yield* TestClock.adjust("99 seconds")
      // All but the one that was used have sat idle for too long.
      assert.strictEqual(world.closed.length, 2)
      yield* TestClock.adjust("31 seconds")
      assert.strictEqual(world.closed.filter(({ id }) => id <= 3).length, 3)
      yield* assertWhole(session, world, 3)
    }))

  it.effect("is not asked about what nobody has touched, nor about what has just been opened", () =>
    Effect.gen(function*() {
      const world = new World()
      let asked = 0
      const session = yield* world.pool({
        shouldRetire: () => {
          asked++
          return false
        }
      })
      const [lease] = yield* lend(session, 1)
      const asker = yield* forkSettled(session.use(id))
      yield* session.checkin(lease!)
      yield* settle
      assert.strictEqual(asked, 2, "of the lease, and of the use")
      yield* Fiber.join(asker)
    }))

  it.effect("has one timer while something is idle, and none otherwise (H9, G-13)", () =>
    withCounters(({ sleeps }) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({ size: 2, shouldRetire: () => false })
        yield* settle
        assert.strictEqual(sleeps(), 1)
        const leases = yield* lend(session, 2)
        yield* TestClock.adjust("1 minute")
        yield* settle
        assert.strictEqual(sleeps(), 0)
        yield* Effect.forEach(leases, session.checkin)
        yield* settle
        assert.strictEqual(sleeps(), 1)
      })
    ))
})
