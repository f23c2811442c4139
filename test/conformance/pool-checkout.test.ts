import { assert, it } from "@effect/vitest"
import { Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { defectOf, outcome, pending, settle, tagOf } from "./support.ts"
import { makePool, spawned, statusIs } from "./world.ts"

it.effect("checkout: an idle resource at once, without the clock", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    const lease = yield* session.checkout()
    assert.strictEqual(lease.resource, world.opened[0])
    assert.isTrue(lease.isLive)
    assert.isNumber(lease.id)
    yield* statusIs(session, { idle: 0, lent: 1, waiting: 0, state: "full" })
    yield* session.checkin(lease)
    yield* statusIs(session, { idle: 1, lent: 0, state: "ready" })
  }))

it.effect("checkout: waits until a lease comes back, first come first served", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const order: Array<string> = []
    const lease = yield* session.checkout()
    for (const who of ["a", "b", "c"]) yield* spawned(session.use(() => Effect.sync(() => order.push(who))))
    yield* statusIs(session, { waiting: 3 })
    yield* session.checkin(lease)
    yield* settle
    assert.deepStrictEqual(order, ["a", "b", "c"])
    yield* statusIs(session, { waiting: 0, idle: 1 })
  }))

it.effect("checkout: a newcomer never overtakes a waiter, not even the one who gave it back", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const lease = yield* session.checkout()
    const waiter = yield* spawned(session.checkout({ owner: "none" }))
    yield* session.checkin(lease)
    assert.strictEqual(yield* tagOf(session.tryCheckout()), "PoolFull")
    assert.strictEqual(yield* tagOf(session.checkout({ timeout: 0 })), "CheckoutTimeout")
    yield* settle
    yield* session.checkin(outcome(waiter))
  }))

it.effect("checkout: CheckoutTimeout after 5 s by default, with what a person needs", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool({ name: "db" })
    const lease = yield* session.checkout()
    yield* TestClock.adjust("2 seconds")
    const waiter = yield* spawned(session.checkout())
    yield* TestClock.adjust(4_999)
    assert.isTrue(pending(waiter))
    yield* TestClock.adjust(1)
    yield* settle
    const error: any = outcome(waiter)
    assert.strictEqual(error._tag, "CheckoutTimeout")
    assert.isTrue(error instanceof Error)
    assert.include(error.message, "db")
    assert.strictEqual(error.pool, "db")
    assert.strictEqual(Duration.toMillis(error.waited), 5_000)
    assert.strictEqual(error.phase, "queue")
    assert.deepInclude(error.status, { name: "db", size: 1, lent: 1, idle: 0 })
    assert.strictEqual(Duration.toMillis(error.oldestLeaseAge), 7_000)
    assert.isUndefined(error.lastOpenFailure)
    yield* statusIs(session, { waiting: 0, lent: 1 })
    yield* session.checkin(lease)
    yield* statusIs(session, { idle: 1 })
  }))

it.effect("checkout: checkoutTimeout is the default, options.timeout wins, infinity waits for ever", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool({ checkoutTimeout: "1 second" })
    const lease = yield* session.checkout()
    const byPool = yield* spawned(session.checkout())
    const byCall = yield* spawned(session.checkout({ timeout: "3 seconds" }))
    const never = yield* spawned(session.checkout({ timeout: "infinity", owner: "none" }))
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.strictEqual(outcome(byPool)._tag, "CheckoutTimeout")
    assert.isTrue(pending(byCall))
    yield* TestClock.adjust("2 seconds")
    yield* settle
    assert.strictEqual(outcome(byCall)._tag, "CheckoutTimeout")
    yield* TestClock.adjust("365 days")
    assert.isTrue(pending(never))
    yield* session.checkin(lease)
    yield* settle
    assert.isTrue(outcome(never).isLive)
    yield* session.checkin(outcome(never))
  }))

it.effect("checkout: timeout 0 grants an idle resource and otherwise fails at once, never queued", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ maxOverflow: 1 })
    const lease = yield* session.checkout({ timeout: 0 })
    assert.strictEqual(yield* tagOf(session.checkout({ timeout: 0 })), "CheckoutTimeout")
    yield* statusIs(session, { waiting: 0, lent: 1 })
    assert.strictEqual(world.attempts, 1)
    yield* session.checkin(lease)
  }))

for (const timeout of [-1, NaN]) {
  it.effect(`checkout, use, scoped: a timeout of ${timeout} dies`, () =>
    Effect.gen(function*() {
      const { session } = yield* makePool()
      assert.isDefined(yield* defectOf(session.checkout({ timeout })))
      assert.isDefined(yield* defectOf(session.use(() => Effect.void, { timeout })))
      assert.isDefined(yield* defectOf(Effect.scoped(session.scoped({ timeout }))))
      yield* statusIs(session, { idle: 1, lent: 0, waiting: 0 })
    }))
}

it.effect("checkout: one deadline for queue and opening together", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    const lease = yield* session.checkout()
    world.before = Effect.sleep("4 seconds")
    const waiter = yield* spawned(session.checkout({ timeout: "5 seconds" }))
    yield* TestClock.adjust("3 seconds")
    yield* session.destroyed(lease)
    yield* TestClock.adjust(1_999)
    assert.isTrue(pending(waiter))
    yield* TestClock.adjust(1)
    yield* settle
    assert.strictEqual(outcome(waiter)._tag, "CheckoutTimeout")
    assert.strictEqual(outcome(waiter).phase, "open")
    yield* TestClock.adjust("2 seconds")
    yield* statusIs(session, { idle: 1 })
  }))

it.effect("checkout: an interrupted waiter leaves the queue, and the next one is served", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    const lease = yield* session.checkout()
    const first = yield* spawned(session.checkout())
    const second = yield* spawned(session.checkout({ owner: "none" }))
    yield* Fiber.interrupt(first)
    yield* statusIs(session, { waiting: 1 })
    yield* session.checkin(lease)
    yield* settle
    assert.isTrue(outcome(second).isLive)
    assert.strictEqual(world.attempts, 1)
    yield* session.checkin(outcome(second))
  }))

it.effect("checkout: interrupted between grant and delivery, the resource is as good as new", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    const lease = yield* session.checkout()
    const waiter = yield* spawned(session.checkout())
    yield* session.checkin(lease)
    yield* Fiber.interrupt(waiter)
    yield* statusIs(session, { idle: 1, lent: 0 })
    assert.deepStrictEqual(world.closed, [])
  }))

it.effect("tryCheckout: an idle resource, or PoolFull with the status, and never waits", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool({ name: "db", maxOverflow: 2 })
    const lease = yield* session.tryCheckout()
    const full = yield* Effect.flip(session.tryCheckout())
    assert.strictEqual(full._tag, "PoolFull")
    assert(full._tag === "PoolFull")
    assert.deepInclude(full.status, { lent: 1, idle: 0, name: "db" })
    yield* session.checkin(lease)
    yield* session.checkin(yield* session.tryCheckout({ owner: "none" }))
  }))

it.effect("tryCheckout: starts an opening while live < size, so that a lazy pool warms up, and none beyond", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ start: "lazy", size: 1, maxOverflow: 3 })
    assert.strictEqual(yield* tagOf(session.tryCheckout()), "PoolFull")
    yield* settle
    const lease = yield* session.tryCheckout()
    assert.strictEqual(yield* tagOf(session.tryCheckout()), "PoolFull")
    yield* settle
    assert.strictEqual(world.attempts, 1)
    yield* session.checkin(lease)
  }))
