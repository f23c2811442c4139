/** What the end of a pool, of an incarnation, of an opening or of an owner is to a `checkoutMany` (C10). */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { crash } from "../support/crash.ts"
import { numbers } from "../support/resources.ts"
import { checkinAll, type Leases, many, pool, resourcesOf } from "../support/together.ts"
import { isWaiting } from "../support/waiting.ts"
import { assertWhole, counts, drain, forkSettled, OpenError, settle, tagsOf } from "../support/world.ts"

describe("checkoutMany, and the pool it asks", () => {
  it.effect("between two incarnations waits in the lobby, and is answered by the next one", () =>
    Effect.gen(function*() {
      const { session, world } = yield* pool(2, 0)
      yield* crash(session)
      const leases = yield* many(session, 2)
      assert.deepStrictEqual(resourcesOf(leases), [3, 4])
      yield* checkinAll(session, leases)
      yield* assertWhole(session, world, 2)
    }))

  it.effect("in the lobby is refused when the pool is made too small for it meanwhile; others are not", () =>
    Effect.gen(function*() {
      const { session, world } = yield* pool(3, 0)
      yield* crash(session)
      const fork = (n: number) => Effect.forkChild(many(session, n), { startImmediately: true })
      const [three, two] = [yield* fork(3), yield* fork(2)]
      assert.deepStrictEqual(yield* counts(session), { closing: 3, waiting: 5 }, "there is nobody to ask yet")
      yield* session.resize({ size: 2 })
      assert.strictEqual((yield* session.status).waiting, 2)
      assert.deepStrictEqual(yield* tagsOf([three]), ["PoolOverloaded"])
      yield* checkinAll(session, yield* Fiber.join(two))
      yield* assertWhole(session, world, 2)
    }))

  it.effect("half-filled when the actor crashes fails with PoolCrashed, once; nothing is lost", () =>
    Effect.gen(function*() {
      const { session, world } = yield* pool(2, 1)
      const asking = yield* forkSettled(many(session, 2))
      yield* crash(session)
      assert.deepStrictEqual(yield* tagsOf([asking]), ["PoolCrashed"])
      yield* checkinAll(session, yield* many(session, 2))
      yield* assertWhole(session, world, 2)
    }))

  it.effect("of a pool that drains is served if it waits already; later ones, and those of a dropped session, are not", () =>
    Effect.gen(function*() {
      const { held, session } = yield* pool(2, 1)
      const asking = yield* forkSettled(many(session, 2))
      const end = yield* drain(session)
      assert.strictEqual((yield* Effect.flip(many(session, 2)))._tag, "PoolClosed")
      yield* session.checkin(held[0]!)
      yield* checkinAll(session, yield* Fiber.join(asking))
      assert.deepStrictEqual(yield* Fiber.join(end), { drained: 3, forced: 0 })
      assert.strictEqual((yield* Effect.flip(many(session, 1)))._tag, "PoolClosed")

      const { session: other, world } = yield* pool(2, 0)
      const clone = yield* other.clone
      yield* clone.drop
      assert.strictEqual((yield* Effect.flip(many(clone, 2)))._tag, "PoolClosed")
      yield* assertWhole(other, world, 2)
    }))

  it.effect("half-filled when the drain has no more time fails with PoolClosed, and counts as no lease", () =>
    Effect.gen(function*() {
      const { session } = yield* pool(2, 1)
      const asking = yield* forkSettled(many(session, 2, { timeout: "infinity" }))
      const end = yield* drain(session, { timeout: "1 second" })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* tagsOf([asking]), ["PoolClosed"])
      assert.deepStrictEqual(yield* Fiber.join(end), { drained: 0, forced: 1 })
    }))

  it.effect("a failed opening fails all of it at once under onOpenFailure fail, and the rest goes back (C-2)", () =>
    Effect.gen(function*() {
      const { session, world } = yield* pool(3, 0, { start: "lazy", onOpenFailure: "fail" })
      // The first is there, the second fails, and nobody waits for the third.
      world.open = (id) => id === 2 ? Effect.fail(new OpenError({ id })) : Effect.sleep(id === 1 ? 0 : "1 second")
      const asking = yield* forkSettled(many(session, 3))
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(yield* tagsOf([asking]), ["OpenFailed"])
      assert.deepStrictEqual(yield* numbers(session), { idle: 1, opening: 1 })
      world.open = () => Effect.void
      yield* TestClock.adjust("1 minute")
      yield* checkinAll(session, yield* many(session, 3))
      yield* assertWhole(session, world, 3)
    }))

  it.effect("fails at once where the circuit is open (Q8)", () =>
    Effect.gen(function*() {
      const { session, world } = yield* pool(2, 0, { start: "lazy", breaker: { failures: 1 } })
      world.open = (id) => Effect.fail(new OpenError({ id }))
      const asking = yield* forkSettled(many(session, 2))
      yield* settle
      assert.deepStrictEqual(yield* tagsOf([asking]), ["OpenFailed"])
      assert.strictEqual((yield* Effect.flip(many(session, 2)))._tag, "OpenFailed")
      assert.strictEqual((yield* session.status).waiting, 0)
    }))

  it.effect("waits while the pool is suspended, and has them all when it is resumed", () =>
    Effect.gen(function*() {
      const { session, world } = yield* pool(2, 0)
      yield* session.suspend
      const asking = yield* forkSettled(many(session, 2))
      assert.isTrue(isWaiting(asking))
      yield* session.resume
      yield* checkinAll(session, yield* Fiber.join(asking))
      yield* assertWhole(session, world, 2)
    }))
})

describe("checkoutMany: whose leases they are", () => {
  it.effect("those of the calling fiber: its failure abandons all, its success hands all of them on (H-1)", () =>
    Effect.gen(function*() {
      const { session, world } = yield* pool(2, 0)
      const failing = yield* forkSettled(Effect.andThen(session.checkoutMany(2), Effect.fail("oops")))
      yield* Effect.exit(Fiber.join(failing))
      yield* assertWhole(session, world, 2)
      assert.strictEqual(world.begun, 4)
      const leases = yield* Fiber.join(yield* Effect.forkChild(session.checkoutMany(2)))
      yield* settle
      assert.deepStrictEqual(leases.map(({ isLive }) => isLive), [true, true])
      yield* checkinAll(session, leases)
      yield* assertWhole(session, world, 2)
    }))

  it.effect("another owner's end, while it waits, does not give half of them: all live, or all ended", () =>
    Effect.gen(function*() {
      const { held, session, world } = yield* pool(2, 1)
      const owner = yield* Effect.forkChild(Effect.never)
      const asking = yield* forkSettled(session.checkoutMany(2, { owner }))
      yield* Fiber.interrupt(owner)
      yield* settle
      yield* checkinAll(session, held)
      const leases = yield* Fiber.join(asking)
      yield* settle
      assert.strictEqual(new Set(leases.map(({ isLive }) => isLive)).size, 1)
      yield* checkinAll(session, leases)
      yield* assertWhole(session, world, 2)
    }))

  it.effect("whoever adopts one of them owns that one", () =>
    Effect.gen(function*() {
      const { session, world } = yield* pool(2, 0)
      const handed = yield* Deferred.make<Leases>()
      const owner = yield* forkSettled(
        Effect.andThen(
          Effect.flatMap(session.checkoutMany(2), (leases) => Deferred.succeed(handed, leases)),
          Effect.never
        )
      )
      const [mine, theirs] = yield* Deferred.await(handed)
      yield* session.adopt(mine!)
      yield* Fiber.interrupt(owner)
      yield* settle
      assert.deepStrictEqual([mine!.isLive, theirs!.isLive], [true, false])
      yield* session.checkin(mine!)
      yield* assertWhole(session, world, 2)
    }))

  it.effect("a fiber that holds half of what it waits for is not told of a deadlock that there is none of (C13)", () =>
    Effect.gen(function*() {
      const { session } = yield* pool(2, 1)
      const asking = yield* forkSettled(session.checkoutMany(2, { timeout: "1 second" }))
      yield* TestClock.adjust("1 second")
      const error = yield* Effect.flip(Fiber.join(asking))
      assert(error._tag === "CheckoutTimeout")
      assert.isFalse(error.mayBeDeadlock)
    }))
})
