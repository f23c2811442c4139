import { assert, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { outcome, pending, settle, tagOf } from "./support.ts"
import { makePool, makeWorld, spawned, statusIs } from "./world.ts"

it.effect("maxOverflow: opened when nothing is idle, closed on return", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ size: 1, maxOverflow: 1 })
    yield* statusIs(session, { state: "ready", overflow: 0 })
    const one = yield* session.checkout()
    yield* statusIs(session, { state: "overflow", overflow: 0 })
    const two = yield* session.checkout()
    yield* statusIs(session, { state: "full", lent: 2, overflow: 1, maxOverflow: 1 })
    const waiter = yield* spawned(session.checkout({ timeout: "1 second" }))
    assert.isTrue(pending(waiter))
    yield* TestClock.adjust("1 second")
    yield* session.checkin(two)
    yield* statusIs(session, { lent: 1, idle: 0, overflow: 0 })
    yield* session.checkin(one)
    yield* statusIs(session, { idle: 1, overflow: 0 })
    assert.strictEqual(world.mostLive, 2)
    assert.strictEqual(world.closed.length, 1)
  }))

it.effect("maxOverflow: an overflow resource goes to a waiter rather than being closed", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ size: 1, maxOverflow: 1 })
    const one = yield* session.checkout()
    const two = yield* session.checkout()
    const waiter = yield* spawned(session.checkout({ owner: "none" }))
    yield* session.checkin(two)
    yield* settle
    assert.isTrue(outcome(waiter).isLive)
    assert.deepStrictEqual(world.closed, [])
    yield* session.checkin(one)
    yield* session.checkin(outcome(waiter))
  }))

it.effect("bound: 1 000 askers of a lazy pool of 3 + 2 never see more than 5 alive, opening or closing", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ size: 3, maxOverflow: 2, start: "lazy", openConcurrency: 100 })
    world.before = Effect.sleep(10)
    world.closing = () => Effect.sleep(10)
    let most = 0
    const all = yield* spawned(Effect.forEach(
      Array.from({ length: 1_000 }, (_, n) => n),
      () =>
        session.use(() =>
          Effect.gen(function*() {
            const { opening, idle, lent, closing } = yield* session.status
            most = Math.max(most, opening + idle + lent + closing)
            yield* Effect.sleep(1)
          }), { timeout: "infinity" }),
      { concurrency: "unbounded", discard: true }
    ))
    yield* TestClock.adjust("1 minute")
    yield* Fiber.join(all)
    assert.isAtMost(most, 5)
    assert.isAtMost(world.attempts, 1_000)
    yield* statusIs(session, { idle: 3, lent: 0, waiting: 0, overflow: 0 })
  }))

it.effect("maxWaiting: only the one too many is refused, at once, with PoolOverloaded", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool({ name: "db", maxWaiting: 2 })
    const lease = yield* session.checkout()
    const waiting = [yield* spawned(session.use(() => Effect.void)), yield* spawned(session.use(() => Effect.void))]
    const error = yield* Effect.flip(session.checkout())
    assert(error._tag === "PoolOverloaded")
    assert.strictEqual(error.pool, "db")
    assert.deepInclude(error.status, { waiting: 2, lent: 1 })
    yield* session.checkin(lease)
    for (const fiber of waiting) yield* Fiber.join(fiber)
  }))

it.effect("maxWaiting 0: never queues for a lent resource; callers with an opening under way are not counted", () =>
  Effect.gen(function*() {
    const world = makeWorld()
    world.before = Effect.sleep("1 second")
    const { session } = yield* makePool({ maxWaiting: 0, start: "lazy", size: 2 }, world)
    const one = yield* spawned(session.checkout({ owner: "none" }))
    const two = yield* spawned(session.checkout({ owner: "none" }))
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.isTrue(outcome(one).isLive && outcome(two).isLive)
    assert.strictEqual(yield* tagOf(session.checkout()), "PoolOverloaded")
    assert.strictEqual(yield* tagOf(session.checkout({ timeout: 0 })), "CheckoutTimeout")
    yield* session.checkin(outcome(one))
    yield* session.checkin(outcome(two))
    yield* session.use(() => Effect.void)
  }))

it.effect("an opening belongs to the pool: if the asker leaves, the resource goes to the next waiter", () =>
  Effect.gen(function*() {
    const world = makeWorld()
    world.before = Effect.sleep("2 seconds")
    const { session } = yield* makePool({ start: "lazy" }, world)
    const first = yield* spawned(session.checkout())
    const second = yield* spawned(session.checkout({ owner: "none" }))
    yield* Fiber.interrupt(first)
    yield* TestClock.adjust("2 seconds")
    yield* settle
    assert.strictEqual(outcome(second).resource.id, 1)
    assert.strictEqual(world.attempts, 1)
    yield* session.checkin(outcome(second))
  }))

it.effect("an opening whose asker left: idle when live <= size, and closed when it is overflow", () =>
  Effect.gen(function*() {
    const world = makeWorld()
    world.before = Effect.sleep("2 seconds")
    const { session } = yield* makePool({ start: "lazy", maxOverflow: 1 }, world)
    yield* Effect.flatMap(spawned(session.checkout()), Fiber.interrupt)
    yield* TestClock.adjust("2 seconds")
    yield* statusIs(session, { idle: 1, opening: 0 })
    const lease = yield* session.checkout()
    yield* Effect.flatMap(spawned(session.checkout()), Fiber.interrupt)
    yield* TestClock.adjust("2 seconds")
    yield* statusIs(session, { idle: 0, lent: 1, opening: 0, closing: 0 })
    assert.strictEqual(world.live(), 1)
    yield* session.checkin(lease)
  }))

it.effect("a timed-out asker's opening serves the next one", () =>
  Effect.gen(function*() {
    const world = makeWorld()
    world.before = Effect.sleep("2 seconds")
    const { session } = yield* makePool({ start: "lazy" }, world)
    const late = yield* spawned(session.checkout({ timeout: "1 second" }))
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.strictEqual(outcome(late)._tag, "CheckoutTimeout")
    assert.strictEqual(outcome(late).phase, "open")
    yield* TestClock.adjust("1 second")
    yield* statusIs(session, { idle: 1, waiting: 0 })
    assert.strictEqual(world.attempts, 1)
  }))

it.effect("N time-outs change no capacity", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool({ size: 2 })
    const leases = [yield* session.checkout(), yield* session.checkout()]
    for (let n = 0; n < 20; n++) yield* spawned(Effect.exit(session.checkout({ timeout: n + 1 })))
    yield* TestClock.adjust("1 second")
    yield* statusIs(session, { waiting: 0, lent: 2 })
    for (const lease of leases) yield* session.checkin(lease)
    yield* statusIs(session, { idle: 2, lent: 0 })
  }))

it.effect("status never drifts: live = idle + lent + opening + closing at every step", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ size: 2 })
    world.closing = () => Effect.sleep("1 second")
    const lease = yield* session.checkout()
    yield* session.destroyed(lease)
    yield* statusIs(session, { idle: 1, closing: 1, lent: 0 })
    yield* TestClock.adjust("1 second")
    yield* statusIs(session, { idle: 2, closing: 0, opening: 0 })
  }))

it.effect("phase: open for the waiter whose place is opening, queue for the one behind it; no lease, no age", () =>
  Effect.gen(function*() {
    const world = makeWorld()
    world.before = Effect.sleep("20 seconds")
    const { session } = yield* makePool({ start: "lazy" }, world)
    const one = yield* spawned(session.checkout())
    const two = yield* spawned(session.checkout())
    yield* TestClock.adjust("5 seconds")
    yield* settle
    assert.deepStrictEqual([outcome(one).phase, outcome(two).phase], ["open", "queue"])
    assert.isUndefined(outcome(one).oldestLeaseAge)
  }))

it.effect("maxWaiting 0 on a lazy pool: the second asker has no opening of its own and is refused", () =>
  Effect.gen(function*() {
    const world = makeWorld()
    world.before = Effect.sleep("1 second")
    const { session } = yield* makePool({ start: "lazy", maxWaiting: 0 }, world)
    const one = yield* spawned(session.use((thing) => Effect.succeed(thing.id)))
    assert.strictEqual(yield* tagOf(session.checkout()), "PoolOverloaded")
    yield* TestClock.adjust("1 second")
    assert.strictEqual(yield* Fiber.join(one), 1)
  }))

it.effect("state of a pool of size 0: overflow while there is room, full without", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool({ size: 0, maxOverflow: 1 })
    yield* statusIs(session, { state: "overflow", overflow: 0 })
    const lease = yield* session.checkout()
    yield* statusIs(session, { state: "full", overflow: 1 })
    yield* session.checkin(lease)
  }))
