/** Several resources together, all of them or none, with one place in the queue (C10). */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { withLogs } from "../support/logs.ts"
import { id, numbers } from "../support/resources.ts"
import { checkinAll, many, pool, resourcesOf } from "../support/together.ts"
import { defect, isWaiting } from "../support/waiting.ts"
import { assertWhole, forkSettled, lend, type Resource, settle, tagsOf } from "../support/world.ts"

describe("checkoutMany", () => {
  it.effect("gives as many leases of different resources, each of which ends by itself (C10)", () =>
    Effect.gen(function*() {
      const { session, world } = yield* pool(3, 0)
      const leases = yield* session.checkoutMany(3)
      assert.deepStrictEqual(resourcesOf(leases), [1, 2, 3])
      assert.strictEqual(new Set(leases.map((lease) => lease.id)).size, 3)
      yield* session.checkin(leases[0]!)
      yield* session.destroyed(leases[1]!)
      assert.deepStrictEqual(leases.map(({ isLive }) => isLive), [false, false, true])
      yield* session.checkin(leases[2]!)
      yield* assertWhole(session, world, 3)
    }))

  it.effect("each time that it is run it asks anew", () =>
    Effect.gen(function*() {
      const { session, world } = yield* pool(4, 0)
      const asking = many(session, 2)
      const [first, second] = [yield* asking, yield* asking]
      assert.deepStrictEqual(resourcesOf([...first, ...second]), [1, 2, 3, 4])
      yield* checkinAll(session, [...first, ...second])
      yield* assertWhole(session, world, 4)
    }))

  it.effect("takes what is idle, waits for the rest, and hands out nothing before it has them all", () =>
    Effect.gen(function*() {
      const { held, session, world } = yield* pool(3, 2)
      const asking = yield* forkSettled(many(session, 3))
      assert.deepStrictEqual(yield* numbers(session), { lent: 3, waiting: 2 })
      yield* session.checkin(held[0]!)
      yield* settle
      assert.isTrue(isWaiting(asking))
      yield* session.checkin(held[1]!)
      const leases = yield* Fiber.join(asking)
      assert.isTrue(leases.every(({ isLive }) => isLive))
      yield* checkinAll(session, leases)
      yield* assertWhole(session, world, 3)
    }))

  it.effect("opens what is missing, up to the bound", () =>
    Effect.gen(function*() {
      const { session, world } = yield* pool(1, 0, { maxOverflow: 2, start: "lazy" })
      const leases = yield* many(session, 3)
      assert.strictEqual(world.begun, 3)
      yield* checkinAll(session, leases)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("where resources are shared, takes seats of them", () =>
    Effect.gen(function*() {
      const { session, world } = yield* pool(2, 0, { concurrency: 2 })
      const leases = yield* many(session, 4)
      assert.deepStrictEqual(resourcesOf(leases), [1, 1, 2, 2])
      yield* checkinAll(session, leases)
      yield* assertWhole(session, world, 2)
    }))

  it.effect("fails as a whole at its deadline; what it had goes back as it was: not reset, not used, not closed", () =>
    Effect.gen(function*() {
      let resets = 0
      const reset = () => Effect.sync(() => void resets++)
      const { held, session, world } = yield* pool(3, 1, { reset, maxUses: 2 })
      const asking = yield* forkSettled(many(session, 3, { timeout: "1 second" }))
      yield* TestClock.adjust("999 millis")
      assert.isTrue(isWaiting(asking))
      yield* TestClock.adjust("1 millis")
      const error = yield* Effect.flip(Fiber.join(asking))
      assert(error._tag === "CheckoutTimeout")
      assert.strictEqual(error.phase, "queue")
      assert.deepStrictEqual(yield* numbers(session), { idle: 2, lent: 1 })
      assert.strictEqual(resets, 0)
      for (let n = 0; n < 2; n++) yield* session.evict(({ uses }) => uses > 0)
      yield* session.checkin(held[0]!)
      yield* assertWhole(session, world, 3)
      assert.strictEqual(world.begun, 3, "none of them was replaced")
    }))

  it.effect("with no time to wait, takes all that it wants from what is idle, or nothing (D-10)", () =>
    Effect.gen(function*() {
      const { held, session, world } = yield* pool(3, 1)
      assert.strictEqual((yield* Effect.flip(many(session, 3, { timeout: 0 })))._tag, "CheckoutTimeout")
      assert.deepStrictEqual(yield* numbers(session), { idle: 2, lent: 1 })
      const leases = yield* many(session, 2, { timeout: 0 })
      yield* checkinAll(session, [...leases, ...held])
      yield* assertWhole(session, world, 3)
    }))

  it.effect("interrupted while it waits leaves the queue, and gives back untouched what it had (B-6)", () =>
    Effect.gen(function*() {
      const { held, session, world } = yield* pool(3, 2)
      const asking = yield* forkSettled(session.checkoutMany(3))
      const behind = yield* forkSettled(many(session, 1))
      yield* Fiber.interrupt(asking)
      yield* checkinAll(session, [...(yield* Fiber.join(behind)), ...held])
      yield* assertWhole(session, world, 3)
      assert.strictEqual(world.begun, 3)
    }))

  it.effect("interrupted before it has any of them leaves nobody in line (B-6)", () =>
    Effect.gen(function*() {
      const { held, session, world } = yield* pool(2, 2)
      const asking = yield* forkSettled(session.checkoutMany(2))
      yield* Fiber.interrupt(asking)
      assert.deepStrictEqual(yield* numbers(session), { lent: 2 })
      yield* checkinAll(session, held)
      yield* assertWhole(session, world, 2)
      assert.strictEqual(world.begun, 2)
    }))

  it.effect("those before it come first, and nobody behind it before it is whole (E-2)", () =>
    Effect.gen(function*() {
      const { held, session, world } = yield* pool(3, 3, { checkoutTimeout: "infinity" })
      const order: Array<string> = []
      const use = (name: string) => session.use(() => Effect.sync(() => void order.push(name)))
      const before = yield* forkSettled(use("before"))
      const asking = yield* forkSettled(Effect.tap(many(session, 2), () => Effect.sync(() => void order.push("many"))))
      const after = yield* Effect.forEach([1, 2], (n) => forkSettled(use(`after ${n}`)))
      for (const lease of held.slice(0, 2)) {
        yield* session.checkin(lease)
        yield* settle
      }
      assert.deepStrictEqual(order, ["before", "many"])
      yield* checkinAll(session, yield* Fiber.join(asking))
      yield* Fiber.joinAll([before, ...after])
      assert.deepStrictEqual(order, ["before", "many", "after 1", "after 2"])
      yield* session.checkin(held[2]!)
      yield* assertWhole(session, world, 3)
    }))

  it.effect("too many for maxWaiting fails, and gives back what it had (D-5)", () =>
    Effect.gen(function*() {
      const { held, session, world } = yield* pool(2, 1, { maxWaiting: 0 })
      assert.strictEqual((yield* Effect.flip(many(session, 2)))._tag, "PoolOverloaded")
      assert.deepStrictEqual(yield* numbers(session), { idle: 1, lent: 1 })
      yield* checkinAll(session, held)
      yield* assertWhole(session, world, 2)
    }))

  it.effect("more than there can ever be, and what is no number of resources, dies with InvalidOptions", () =>
    Effect.gen(function*() {
      const { session } = yield* pool(2, 0, { maxOverflow: 1, name: "db" })
      for (const n of [0, -1, 1.5, NaN, Infinity, 4, "2" as unknown as number]) {
        assert.strictEqual(yield* defect(many(session, n)), "pool \"db\": n: must be a whole number from 1 to 3")
      }
      const { session: fair } = yield* pool(4, 0, { name: "fair", fairness: { maxPerKey: 2 } })
      assert.include(yield* defect(many(fair, 3, { key: "a" })), "from 1 to 2")
      const { session: shared } = yield* pool(1, 0, { concurrency: 3 })
      assert.include(yield* defect(many(shared, 4)), "from 1 to 3")
      yield* session.resize({ size: 4 })
      yield* checkinAll(session, yield* many(session, 5))
      yield* session.resize({ size: 0, maxOverflow: 0 })
      assert.include(yield* defect(many(session, 2)), "from 1 to 1")
      const one = yield* forkSettled(many(session, 1))
      assert.strictEqual((yield* session.status).waiting, 1, "as anybody who asks for one")
      yield* session.resize({ size: 2 })
      yield* checkinAll(session, yield* Fiber.join(one))
      assert.deepStrictEqual((yield* session.status).waiting, 0)
    }))

  it.effect("resized to less than it wants, it is refused at once, and those behind it are served (D-6)", () =>
    Effect.gen(function*() {
      const { held, session, world } = yield* pool(3, 2)
      const asking = yield* forkSettled(many(session, 3, { timeout: "infinity" }))
      const behind = yield* forkSettled(session.use(id))
      yield* session.resize({ size: 2 })
      assert.deepStrictEqual(yield* tagsOf([asking]), ["PoolOverloaded"])
      yield* checkinAll(session, held)
      yield* Fiber.join(behind)
      yield* assertWhole(session, world, 2)
    }))

  it.effect("a resource that dies before all are there is replaced, and nobody hears of it", () =>
    Effect.gen(function*() {
      const { held, session, world } = yield* pool(2, 1)
      const asking = yield* forkSettled(many(session, 2))
      const idle = world.opened.find((resource) => resource !== held[0]!.resource)!
      yield* world.kill(idle)
      yield* settle
      yield* session.checkin(held[0]!)
      const leases = yield* Fiber.join(asking)
      assert.isTrue(leases.every(({ isLive }) => isLive))
      assert.notInclude(resourcesOf(leases), idle.id)
      yield* checkinAll(session, leases)
      yield* assertWhole(session, world, 2)
    }))

  it.effect("waits for a check of each that needs one, and has them after it (B-17)", () =>
    Effect.gen(function*() {
      const validated: Array<number> = []
      const validate = (resource: Resource) => Effect.sync(() => validated.push(resource.id) > 0)
      const { held, session, world } = yield* pool(3, 1, { validate, validationBypass: "1 second" })
      yield* TestClock.adjust("1 second")
      const asking = yield* forkSettled(many(session, 3))
      assert.deepStrictEqual(validated.length, 2)
      yield* session.checkin(held[0]!)
      yield* checkinAll(session, yield* Fiber.join(asking))
      assert.deepStrictEqual(validated.length, 2, "what comes back is known to be well")
      yield* assertWhole(session, world, 3)
    }))

  it.effect("is no lease to anybody before it is whole: its leaseTimeout begins then (Q10)", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const { held, session, world } = yield* pool(2, 0, { leaseTimeout: { after: "2 seconds", action: "revoke" } })
        const [first] = yield* lend(session, 1)
        const asking = yield* forkSettled(many(session, 2, { timeout: "infinity" }))
        yield* TestClock.adjust("1999 millis")
        yield* session.checkin(first!)
        const leases = yield* Fiber.join(asking)
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(leases.map(({ isLive }) => isLive), [true, true])
        assert.deepStrictEqual(lines, [])
        yield* checkinAll(session, [...held, ...leases])
        yield* assertWhole(session, world, 2)
      })
    ))
})
