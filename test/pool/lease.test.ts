import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber } from "effect"
import { inspect } from "node:util"
import { Pool } from "whitepool"
import { assertWhole, counts, forkSettled, World } from "../support/world.ts"

const defectOf = (exit: Exit.Exit<unknown, unknown>): unknown => {
  assert.isTrue(Exit.hasDies(exit), "a defect")
  return Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
}

describe("a lease", () => {
  it.effect("has an id of its own, its pool's name and its resource", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ size: 2, name: "db" })
      const [a, b] = [yield* session.checkout(), yield* session.checkout()]
      assert.notStrictEqual(a.id, b.id)
      assert.strictEqual(a.pool, "db")
      assert.isTrue(a.isLive && b.isLive)
      assert.notStrictEqual(a.resource, b.resource)
      assert.isTrue(Pool.isLease(a))
      assert.isFalse(Pool.isLease({ id: 1, pool: "db", resource: {}, isLive: true }))
    }))

  it.effect("read after its end throws LeaseExpired, and dies inside an Effect (F-3)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ name: "db" })
      const lease = yield* session.checkout()
      yield* session.checkin(lease)
      assert.isFalse(lease.isLive)
      assert.throws(() => lease.resource, Pool.LeaseExpired)
      const defect = defectOf(yield* Effect.exit(Effect.sync(() => lease.resource)))
      assert.instanceOf(defect, Pool.LeaseExpired)
      assert.deepInclude(defect as object, { pool: "db", leaseId: lease.id })
      // Also when its resource has been lent anew.
      yield* session.use(() => Effect.sync(() => assert.throws(() => lease.resource, Pool.LeaseExpired)))
    }))

  it.effect("leaves its resource out of JSON, inspection and spreading, live or ended", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ name: "db" })
      const lease = yield* session.checkout()
      for (const isLive of [true, false]) {
        assert.deepStrictEqual(lease["toJSON" as never as "id"] === undefined, false)
        assert.deepStrictEqual(JSON.parse(JSON.stringify(lease)), { _id: "Lease", id: lease.id, pool: "db", isLive })
        assert.notInclude(inspect(lease, { showHidden: true, depth: 10 }), "resource")
        assert.doesNotHaveAnyKeys({ ...lease }, ["resource"])
        yield* session.checkin(lease)
      }
    }))

  it.effect("checked in twice makes one idle, and the second changes nothing (F-1, invariant 8)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      const lease = yield* session.checkout()
      yield* session.checkin(lease)
      yield* session.checkin(lease)
      yield* assertWhole(session, world, 2)
      const again = yield* session.checkout()
      yield* session.checkin(lease)
      yield* session.destroyed(lease)
      assert.isTrue(again.isLive, "a stale lease does not end the next one of the same resource")
      yield* session.checkin(again)
      yield* assertWhole(session, world, 2)
      assert.strictEqual(world.begun, 2)
    }))

  it.effect("checked in or destroyed after it was destroyed is closed once", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const lease = yield* session.checkout()
      yield* session.destroyed(lease)
      yield* session.destroyed(lease, "again")
      yield* session.checkin(lease)
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.closed.length, 1)
    }))

  it.effect("of another pool dies with ForeignLease and nothing changes in either (A-7, F-2)", () =>
    Effect.gen(function*() {
      const [worldA, worldB] = [new World(), new World()]
      const [a, b] = [yield* worldA.pool({ name: "a" }), yield* worldB.pool({ name: "b" })]
      const lease = yield* a.checkout()
      for (const call of [b.checkin(lease), b.destroyed(lease), b.adopt(lease)]) {
        const defect = defectOf(yield* Effect.exit(call))
        assert.instanceOf(defect, Pool.ForeignLease)
        assert.deepInclude(defect as object, { pool: "b", leaseId: lease.id })
      }
      assert.isTrue(lease.isLive)
      yield* assertWhole(b, worldB, 1)
      yield* a.checkin(lease)
      yield* assertWhole(a, worldA, 1)
    }))

  it.effect("of another pool of the same name is foreign too, and so is what is no lease at all", () =>
    Effect.gen(function*() {
      const [a, b] = [yield* new World().pool({}), yield* new World().pool({})]
      const lease = yield* a.checkout()
      for (const foreign of [lease, { id: 1 }, null, undefined, 7] as unknown as ReadonlyArray<never>) {
        assert.instanceOf(defectOf(yield* Effect.exit(b.checkin(foreign))), Pool.ForeignLease)
      }
    }))

  it.effect("can be given back by another fiber, through another session: once, and the owner's end is then a no-op (F-6)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const clone = yield* session.clone
      let lease: Pool.Lease<unknown> | undefined
      const owner = yield* forkSettled(Effect.andThen(
        Effect.tap(session.checkout(), (taken) => Effect.sync(() => lease = taken)),
        Effect.never
      ))
      yield* Fiber.join(yield* Effect.forkChild(clone.checkin(lease!)))
      yield* assertWhole(session, world, 1)
      const next = yield* session.checkout()
      yield* Fiber.interrupt(owner)
      assert.isTrue(next.isLive)
      yield* session.checkin(next)
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.begun, 1)
    }))

  it.effect("destroyed is closed and replaced at once, and the waiter gets the new one (E-7, A-10)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const lease = yield* session.checkout()
      const waiter = yield* forkSettled(session.checkout())
      yield* session.destroyed(lease, new Error("broken"))
      assert.strictEqual((yield* Fiber.join(waiter)).resource.id, 2)
      assert.deepStrictEqual(world.closed.map(({ id }) => id), [1])
    }))

  it.effect("many destroyed at once are all replaced, and nobody starves (E-3, G-12, C-9)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 4 })
      for (let round = 0; round < 5; round++) {
        const leases = yield* Effect.forEach([1, 2, 3, 4], () => session.checkout())
        const waiters = yield* forkSettled(
          Effect.forEach(Array.from({ length: 8 }), () => session.use(() => Effect.void), {
            concurrency: 8
          })
        )
        yield* Effect.forEach(leases, (lease) => session.destroyed(lease))
        yield* Fiber.join(waiters)
      }
      yield* assertWhole(session, world, 4)
      assert.strictEqual(world.peak, 4)
    }))

  it.effect("10 000 given back at once never wait for the mailbox, and all arrive (A-6, A-13)", () =>
    Effect.gen(function*() {
      const session = yield* Pool.make({ factory: Effect.succeed({}), size: 10_000, openConcurrency: 10_000 })
      const leases = yield* Effect.forEach(Array.from({ length: 10_000 }), () => session.checkout())
      const waiters = yield* Effect.forEach([1, 2, 3], () => Effect.forkChild(session.checkout({ owner: "none" })))
      yield* Effect.yieldNow
      yield* Effect.forEach(leases, (lease) => session.checkin(lease), { concurrency: "unbounded", discard: true })
      const { idle, lent } = yield* session.status
      assert.deepStrictEqual({ idle, lent }, { idle: 9_997, lent: 3 })
      const served = yield* Fiber.joinAll(waiters)
      assert.isTrue(served.every((lease) => lease.isLive))
      yield* Effect.forEach(served, (lease) => session.checkin(lease))
    }))

  it.effect("of a pool that is closed is refused nothing: checkin after the end changes nothing (I-5)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const lease = yield* session.checkout({ owner: "none" })
      yield* session.shutdown({ mode: "now" })
      assert.isFalse(lease.isLive)
      yield* session.checkin(lease)
      yield* session.destroyed(lease)
      yield* session.adopt(lease)
      yield* assertWhole(session, world, 0)
      assert.deepStrictEqual(yield* counts(session), {})
    }))
})
