import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { outcome, pending, settle, tagOf } from "./support.ts"
import { makePool, makeWorld, Refused, spawned, statusIs } from "./world.ts"

it.effect("A-1 a checkin during a slow opening is handled at once", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ maxOverflow: 1 })
    const lease = yield* session.checkout()
    world.before = Effect.sleep("1 second")
    const waiter = yield* spawned(session.use((thing) => Effect.succeed(thing.id)))
    yield* session.checkin(lease)
    yield* settle
    assert.strictEqual(outcome(waiter), 1)
    yield* TestClock.adjust("1 second")
    yield* statusIs(session, { idle: 1, opening: 0, closing: 0 })
  }))

it.effect("B-1 a deadline and a grant in the same tick: exactly one outcome, nothing lent afterwards", () =>
  Effect.gen(function*() {
    for (const giverFirst of [true, false]) {
      const { session, world } = yield* makePool()
      const lease = yield* session.checkout()
      const give = spawned(Effect.andThen(Effect.sleep("1 second"), session.checkin(lease)))
      const take = spawned(Effect.exit(session.use(() => Effect.void, { timeout: "1 second" })))
      const fibers = giverFirst ? [yield* give, yield* take] : [yield* take, yield* give]
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.isFalse(fibers.some(pending))
      yield* statusIs(session, { idle: 1, lent: 0, waiting: 0 })
      assert.deepStrictEqual(world.closed, [])
    }
  }))

it.effect("B-2 one waiter's time-out leaves the others in line", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const lease = yield* session.checkout()
    const one = yield* spawned(session.use(() => Effect.void, { timeout: "1 second" }))
    const two = yield* spawned(session.use(() => Effect.void, { timeout: "9 seconds" }))
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.strictEqual(outcome(one)._tag, "CheckoutTimeout")
    assert.isTrue(pending(two))
    yield* session.checkin(lease)
    yield* Fiber.join(two)
  }))

it.effect("C-3 500 waiters when the backend comes back: openings at once stay within openConcurrency", () =>
  Effect.gen(function*() {
    const world = makeWorld()
    world.before = Effect.fail(new Refused("down"))
    const { session } = yield* makePool({
      start: "background",
      size: 20,
      openConcurrency: 3,
      checkoutTimeout: "infinity",
      backoff: Schedule.spaced("1 second")
    }, world)
    const all = yield* spawned(Effect.forEach(
      Array.from({ length: 500 }),
      () => session.use(() => Effect.sleep(1)),
      { concurrency: "unbounded", discard: true }
    ))
    yield* TestClock.adjust("1 minute")
    world.mostOpening = 0
    world.before = Effect.sleep("1 second")
    yield* TestClock.adjust("1 minute")
    yield* Fiber.join(all)
    assert.strictEqual(world.mostOpening, 3)
    assert.isAtMost(world.mostLive, 20)
    yield* statusIs(session, { idle: 20, waiting: 0 })
  }))

it.effect("C-7 a factory that throws synchronously is an opening failure, and the pool survives", () =>
  Effect.gen(function*() {
    const world = makeWorld()
    world.before = Effect.sync(() => {
      if (world.attempts === 1) throw new Error("sync")
    })
    const { session } = yield* makePool({ start: "lazy", backoff: Schedule.spaced("1 second") }, world)
    const waiter = yield* spawned(session.use((thing) => Effect.succeed(thing.id)))
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.strictEqual(outcome(waiter), 1)
  }))

it.effect("C-11 1 000 checkouts on an empty pool of 10: exactly 10 openings", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ start: "lazy", size: 10, checkoutTimeout: "infinity" })
    yield* Effect.forEach(Array.from({ length: 1_000 }), () => session.use(() => Effect.yieldNow), {
      concurrency: "unbounded",
      discard: true
    })
    assert.strictEqual(world.attempts, 10)
  }))

it.effect("E-2 three waiters and three returns: served in the order of arrival", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool({ size: 3 })
    const leases = [yield* session.checkout(), yield* session.checkout(), yield* session.checkout()]
    const order: Array<number> = []
    for (const n of [1, 2, 3]) yield* spawned(session.use(() => Effect.sync(() => order.push(n))))
    for (const lease of [leases[2]!, leases[0]!, leases[1]!]) yield* session.checkin(lease)
    yield* settle
    assert.deepStrictEqual(order, [1, 2, 3])
  }))

it.effect("E-5 a waiter that was granted and then interrupted passes the resource on", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    const lease = yield* session.checkout()
    const one = yield* spawned(session.use(() => Effect.void))
    const two = yield* spawned(session.use((thing) => Effect.succeed(thing.id)))
    yield* session.checkin(lease)
    yield* Fiber.interrupt(one)
    yield* settle
    assert.strictEqual(outcome(two), 1)
    assert.deepStrictEqual(world.closed, [])
  }))

it.effect("E-9 tryCheckout with something idle never answers PoolFull", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool({ size: 2 })
    for (let n = 0; n < 100; n++) {
      const lease = yield* session.tryCheckout()
      const other = yield* session.tryCheckout()
      yield* session.checkin(lease)
      yield* session.checkin(other)
    }
  }))

it.effect("F-7 given back and asked for again by the same fiber: the other who waits wins", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const order: Array<string> = []
    const lease = yield* session.checkout()
    yield* spawned(session.use(() => Effect.sync(() => order.push("other"))))
    yield* session.checkin(lease)
    yield* session.use(() => Effect.sync(() => order.push("same")))
    assert.deepStrictEqual(order, ["other", "same"])
  }))

it.effect("H-10 a finalizer that dies at shutdown keeps no other from running", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ size: 3 })
    world.closing = (id) => id === 3 ? Effect.die("finalizer") : Effect.void
    yield* session.shutdown()
    assert.sameMembers(world.closed, [1, 2, 3])
    yield* statusIs(session, { state: "closed", closing: 0 })
  }))

it.effect("I-3 an opening under way when the drain begins is closed when it ends, and the drain completes", () =>
  Effect.gen(function*() {
    const world = makeWorld()
    const gate = yield* Deferred.make<void>()
    world.before = Deferred.await(gate)
    const { session } = yield* makePool({ start: "background" }, world)
    yield* settle
    const shutdown = yield* spawned(session.shutdown())
    yield* Deferred.succeed(gate, undefined)
    yield* Fiber.join(shutdown)
    assert.strictEqual(world.live(), 0)
  }))

it.effect("I-8 status answers when the pool is full, draining or closed", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool({ maxWaiting: 0 })
    const lease = yield* session.checkout({ owner: "none" })
    yield* statusIs(session, { state: "full" })
    const shutdown = yield* spawned(session.shutdown())
    yield* statusIs(session, { state: "draining", lent: 1 })
    yield* session.checkin(lease)
    yield* Fiber.join(shutdown)
    yield* statusIs(session, { state: "closed" })
  }))

it.effect("J-1 a timeout of 0 on a lazy pool fails and leaves no waiter behind", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool({ start: "lazy" })
    assert.strictEqual(yield* tagOf(session.checkout({ timeout: 0 })), "CheckoutTimeout")
    yield* statusIs(session, { waiting: 0, lent: 0 })
  }))
