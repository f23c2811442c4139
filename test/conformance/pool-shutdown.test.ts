import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { Pool } from "whitepool"
import { defectOf, outcome, pending, settle, tagOf } from "./support.ts"
import { makePool, makeWorld, spawned, statusIs } from "./world.ts"

const take = (session: Pool.Session<any, any>) => session.checkout({ owner: "none" })
const closed = { state: "closed", idle: 0, lent: 0, opening: 0, closing: 0, waiting: 0 } as const

it.effect("an idle pool shuts down at once", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ size: 3 })
    assert.deepInclude(yield* session.shutdown(), { drained: 0, forced: 0 })
    assert.sameMembers(world.closed, [1, 2, 3])
    yield* statusIs(session, closed)
  }))

it.effect("drain (the default): waits for all leases until they are back; new checkouts fail PoolClosed", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ size: 3, name: "db" })
    const leases = [yield* take(session), yield* take(session), yield* take(session)]
    const shutdown = yield* spawned(session.shutdown({ timeout: "1 minute" }))
    yield* statusIs(session, { state: "draining" })
    assert.strictEqual(yield* tagOf(session.checkout()), "PoolClosed")
    assert.strictEqual(yield* tagOf(session.tryCheckout()), "PoolClosed")
    for (const lease of leases) {
      assert.isTrue(pending(shutdown))
      assert.isTrue(lease.isLive)
      yield* session.checkin(lease)
      yield* settle
    }
    assert.deepInclude(yield* Fiber.join(shutdown), { drained: 3, forced: 0 })
    assert.sameMembers(world.closed, [1, 2, 3])
    assert.strictEqual(world.attempts, 3)
  }))

it.effect("drain: those already waiting are served, until all pending checkouts are handled", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const lease = yield* take(session)
    const waiters = [yield* spawned(session.use(() => Effect.void)), yield* spawned(session.use(() => Effect.void))]
    const shutdown = yield* spawned(session.shutdown())
    assert.isTrue(waiters.every(pending))
    yield* session.checkin(lease)
    yield* settle
    assert.isTrue(waiters.every((fiber) => fiber.pollUnsafe()?._tag === "Success"))
    assert.deepInclude(yield* Fiber.join(shutdown), { drained: 3, forced: 0 })
  }))

it.effect("drain: an opening starts only for somebody who already waited", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ size: 2 })
    const one = yield* take(session)
    const two = yield* take(session)
    const waiter = yield* spawned(take(session))
    const shutdown = yield* spawned(session.shutdown())
    yield* session.destroyed(one)
    yield* settle
    assert.strictEqual(world.attempts, 3)
    assert.isTrue(outcome(waiter).isLive)
    yield* session.destroyed(two)
    yield* session.destroyed(outcome(waiter))
    yield* Fiber.join(shutdown)
    assert.strictEqual(world.attempts, 3)
    assert.strictEqual(world.live(), 0)
  }))

it.effect("drain: at the timeout what is still out is revoked", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ size: 2 })
    const [kept, back] = [yield* take(session), yield* take(session)]
    const shutdown = yield* spawned(session.shutdown({ timeout: "10 seconds" }))
    yield* session.checkin(back)
    yield* TestClock.adjust(9_999)
    assert.isTrue(pending(shutdown) && kept.isLive)
    yield* TestClock.adjust(1)
    assert.deepInclude(yield* Fiber.join(shutdown), { drained: 1, forced: 1 })
    assert.isFalse(kept.isLive)
    assert.strictEqual((yield* defectOf(Effect.sync(() => kept.resource))).defect._tag, "LeaseExpired")
    assert.sameMembers(world.closed, [1, 2])
    yield* session.checkin(kept)
    yield* session.destroyed(kept)
    assert.sameMembers(world.closed, [1, 2])
  }))

it.effect("drain: the timeout defaults to shutdownTimeout, 5 s; waiters left over fail with PoolClosed", () =>
  Effect.gen(function*() {
    for (const [shutdownTimeout, millis] of [[undefined, 5_000], ["2 seconds", 2_000]] as const) {
      const { session } = yield* makePool({ shutdownTimeout, checkoutTimeout: "infinity" })
      yield* take(session)
      const waiter = yield* spawned(take(session))
      const shutdown = yield* spawned(session.shutdown())
      yield* TestClock.adjust(millis - 1)
      assert.isTrue(pending(shutdown) && pending(waiter))
      yield* TestClock.adjust(1)
      assert.deepInclude(yield* Fiber.join(shutdown), { drained: 0, forced: 1 })
      yield* settle
      assert.strictEqual(outcome(waiter)._tag, "PoolClosed")
    }
  }))

it.effect("now: fails the waiters and revokes at once", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    const lease = yield* take(session)
    const waiter = yield* spawned(take(session))
    assert.deepInclude(yield* session.shutdown({ mode: "now" }), { drained: 0, forced: 1 })
    yield* settle
    assert.strictEqual(outcome(waiter)._tag, "PoolClosed")
    assert.isFalse(lease.isLive)
    assert.deepStrictEqual(world.closed, [1])
  }))

it.effect("revoking does not interrupt a running use, which ends with its own exit", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    const gate = yield* Deferred.make<void>()
    const using = yield* spawned(session.use(() => Effect.as(Deferred.await(gate), "mine")))
    yield* session.shutdown({ mode: "now" })
    assert.deepStrictEqual(world.closed, [1])
    assert.isTrue(pending(using))
    yield* Deferred.succeed(gate, undefined)
    assert.strictEqual(yield* Fiber.join(using), "mine")
  }))

it.effect("idempotent: every caller awaits the same end; a shorter second deadline shortens the first", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    yield* take(session)
    const waiting = yield* spawned(session.awaitShutdown)
    const first = yield* spawned(session.shutdown({ timeout: "1 hour" }))
    const second = yield* spawned(session.shutdown({ timeout: "10 seconds" }))
    const third = yield* spawned(session.shutdown({ timeout: "infinity" }))
    yield* TestClock.adjust("10 seconds")
    yield* settle
    for (const fiber of [waiting, first, second, third]) {
      assert.deepInclude(yield* Fiber.join(fiber), { drained: 0, forced: 1 })
    }
    assert.deepInclude(yield* session.shutdown({ mode: "now" }), { forced: 1 })
    assert.deepInclude(yield* session.awaitShutdown, { forced: 1 })
    assert.deepStrictEqual(world.closed, [1])
  }))

it.effect("now after drain: ends the drain at once", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    yield* take(session)
    const drain = yield* spawned(session.shutdown({ timeout: "infinity" }))
    yield* session.shutdown({ mode: "now" })
    assert.deepInclude(yield* Fiber.join(drain), { drained: 0, forced: 1 })
  }))

it.effect("a shutdown whose caller is interrupted goes on", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const lease = yield* take(session)
    yield* Effect.flatMap(spawned(session.shutdown()), Fiber.interrupt)
    yield* statusIs(session, { state: "draining" })
    yield* session.checkin(lease)
    assert.deepInclude(yield* session.awaitShutdown, { drained: 1, forced: 0 })
  }))

it.effect("closing the scope is drain with shutdownTimeout", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const { session } = yield* Scope.provide(makePool({ shutdownTimeout: "3 seconds" }, makeWorld(), false), scope)
    const lease = yield* take(session)
    const closing = yield* spawned(Scope.close(scope, Exit.void))
    yield* statusIs(session, { state: "draining" })
    assert.isTrue(lease.isLive)
    yield* session.checkin(lease)
    yield* Fiber.join(closing)
    yield* statusIs(session, closed)
  }))

it.effect("a lease whose owner is the fiber that closes or awaits is revoked at once", () =>
  Effect.gen(function*() {
    for (const end of ["shutdown", "scope", "awaitShutdown"] as const) {
      const scope = yield* Scope.make()
      const { session, world } = yield* Scope.provide(makePool(), Scope.forkUnsafe(scope))
      const lease = yield* session.checkout()
      if (end === "shutdown") assert.deepInclude(yield* session.shutdown(), { drained: 0, forced: 1 })
      else if (end === "scope") yield* Scope.close(scope, Exit.void)
      else {
        const other = yield* spawned(session.shutdown({ timeout: "infinity" }))
        assert.deepInclude(yield* session.awaitShutdown, { drained: 0, forced: 1 })
        yield* Fiber.join(other)
      }
      assert.isFalse(lease.isLive)
      assert.deepStrictEqual(world.closed, [1])
    }
  }))

it.effect("a worker is closed within closeTimeout, all concurrently; one that hangs is abandoned", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ size: 3, closeTimeout: "2 seconds" })
    world.closing = (id) => id === 2 ? Effect.never : Effect.sleep("1 second")
    const shutdown = yield* spawned(session.shutdown())
    assert.deepStrictEqual(world.closed, [3, 2, 1])
    yield* TestClock.adjust("2 seconds")
    yield* Fiber.join(shutdown)
    yield* statusIs(session, { ...closed, abandoned: 1 })
  }))

it.effect("an opening under way is waited for up to closeTimeout and then abandoned; what it yields is closed", () =>
  Effect.gen(function*() {
    const world = makeWorld()
    const { session } = yield* makePool({ start: "lazy", closeTimeout: "2 seconds" }, world)
    world.before = Effect.uninterruptible(Effect.sleep("1 minute"))
    yield* spawned(Effect.exit(session.tryCheckout()))
    const shutdown = yield* spawned(session.shutdown())
    yield* TestClock.adjust("2 seconds")
    yield* settle
    assert.isFalse(pending(shutdown))
    yield* TestClock.adjust("2 minutes")
    assert.strictEqual(world.live(), 0)
    yield* statusIs(session, closed)
  }))
