import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { assertWhole, drain, forkSettled, lend, settle, tagsOf, World } from "../support/world.ts"

describe("shutdown", () => {
  it.effect("of an idle pool ends at once (A-4)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3 })
      assert.deepStrictEqual(yield* session.shutdown(), { drained: 0, forced: 0 })
      yield* assertWhole(session, world, 0)
      assert.strictEqual((yield* session.status).state, "closed")
    }))

  it.effect("waits for every lease, not only for the first that comes back (A-5)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3 })
      const leases = yield* lend(session, 3)
      const ending = yield* drain(session)
      for (const lease of leases) {
        assert.isUndefined(ending.pollUnsafe())
        assert.strictEqual((yield* session.status).state, "draining")
        yield* session.checkin(lease)
        yield* settle
      }
      assert.deepStrictEqual(yield* Fiber.join(ending), { drained: 3, forced: 0 })
      yield* assertWhole(session, world, 0)
    }))

  it.effect("serves those who already wait, and only then ends (A-3, I-9)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const [lease] = yield* lend(session, 1)
      const served = yield* forkSettled(session.use(() => Effect.succeed("served")))
      const ending = yield* drain(session)
      yield* session.checkin(lease!)
      assert.strictEqual(yield* Fiber.join(served), "served")
      assert.deepStrictEqual(yield* Fiber.join(ending), { drained: 2, forced: 0 })
      yield* assertWhole(session, world, 0)
    }))

  it.effect("refuses newcomers at once with PoolClosed: checkout, tryCheckout, use and scoped (A-12, I-7)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      yield* lend(session, 1)
      yield* drain(session)
      const errors = [
        yield* Effect.flip(session.checkout()),
        yield* Effect.flip(session.checkout({ timeout: 0 })),
        yield* Effect.flip(session.tryCheckout()),
        yield* Effect.flip(session.use(() => Effect.void)),
        yield* Effect.flip(Effect.scoped(session.scoped()))
      ]
      assert.deepStrictEqual(errors.map(({ _tag }) => _tag), errors.map(() => "PoolClosed"))
    }))

  it.effect("revokes what is still lent at the deadline, and its use ends with its own exit (H-8)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      const [lease] = yield* lend(session, 1)
      const using = yield* forkSettled(session.use(() => Effect.as(Effect.sleep("1 minute"), "undisturbed")))
      const ending = yield* drain(session, { timeout: "2 seconds" })
      yield* TestClock.adjust("1999 millis")
      assert.isTrue(lease!.isLive)
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* Fiber.join(ending), { drained: 0, forced: 2 })
      assert.isFalse(lease!.isLive)
      yield* assertWhole(session, world, 0)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(using), "undisturbed")
    }))

  it.effect("fails those who still wait at the deadline with PoolClosed (I-1)", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ checkoutTimeout: "infinity" })
      yield* lend(session, 1)
      const waiters = [yield* forkSettled(session.checkout()), yield* forkSettled(session.use(() => Effect.void))]
      const ending = yield* drain(session, { timeout: "2 seconds" })
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* tagsOf(waiters), ["PoolClosed", "PoolClosed"])
      assert.deepStrictEqual(yield* Fiber.join(ending), { drained: 0, forced: 1 })
    }))

  it.effect("now: fails waiters and revokes at once", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      const leases = yield* lend(session, 2)
      const waiter = yield* forkSettled(session.checkout())
      assert.deepStrictEqual(yield* session.shutdown({ mode: "now" }), { drained: 0, forced: 2 })
      assert.deepStrictEqual(yield* tagsOf([waiter]), ["PoolClosed"])
      assert.isTrue(leases.every((lease) => !lease.isLive))
      yield* assertWhole(session, world, 0)
    }))

  it.effect("is idempotent: two at once, a third later, and awaitShutdown all get the same end (I-4)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const watcher = yield* forkSettled(session.awaitShutdown)
      const [lease] = yield* lend(session, 1)
      const both = [yield* drain(session), yield* drain(session)]
      assert.isUndefined(watcher.pollUnsafe())
      yield* session.checkin(lease!)
      const reports = [...(yield* Fiber.joinAll(both)), yield* Fiber.join(watcher), yield* session.shutdown()]
      assert.deepStrictEqual(reports, reports.map(() => ({ drained: 1, forced: 0 })))
      assert.strictEqual(world.closed.length, 1)
    }))

  it.effect("a shorter second deadline shortens the first, a longer one changes nothing, now ends it", () =>
    Effect.gen(function*() {
      for (
        const [second, at] of [[{ timeout: "1 second" }, 1], [{ timeout: "1 hour" }, 10], [{ mode: "now" }, 0]] as const
      ) {
        const session = yield* new World().pool({})
        yield* lend(session, 1)
        const first = yield* drain(session, { timeout: "10 seconds" })
        yield* drain(session, second)
        for (let passed = 0; passed < at; passed++) {
          assert.isUndefined(first.pollUnsafe(), `${passed} s of ${at} s`)
          yield* TestClock.adjust("1 second")
        }
        assert.deepStrictEqual(yield* Fiber.join(first), { drained: 0, forced: 1 })
      }
    }))

  it.effect("interrupted goes on nevertheless", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const [lease] = yield* lend(session, 1)
      const ending = yield* drain(session)
      yield* Fiber.interrupt(ending)
      assert.strictEqual((yield* session.status).state, "draining")
      yield* session.checkin(lease!)
      yield* assertWhole(session, world, 0)
    }))

  it.effect("with timeout infinity waits as long as it takes", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const [lease] = yield* lend(session, 1)
      const ending = yield* drain(session, { timeout: "infinity" })
      yield* TestClock.adjust("365 days")
      assert.isUndefined(ending.pollUnsafe())
      yield* session.checkin(lease!)
      assert.deepStrictEqual(yield* Fiber.join(ending), { drained: 1, forced: 0 })
    }))

  it.effect("with timeout 0 revokes at once", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      yield* lend(session, 1)
      assert.deepStrictEqual(yield* session.shutdown({ timeout: 0 }), { drained: 0, forced: 1 })
    }))
})
