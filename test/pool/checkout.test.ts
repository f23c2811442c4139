import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { assertWhole, counts, forkSettled, settle, World } from "../support/world.ts"

describe("checkout", () => {
  it.effect("lends what is idle, and checkin makes it idle again", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      const lease = yield* session.checkout()
      assert.strictEqual(lease.resource, world.opened[1])
      assert.deepStrictEqual(yield* counts(session), { idle: 1, lent: 1 })
      yield* session.checkin(lease)
      yield* assertWhole(session, world, 2)
    }))

  it.effect("lifo lends what came back last, fifo what came back first", () =>
    Effect.gen(function*() {
      for (const [strategy, expected] of [["lifo", [2, 2]], ["fifo", [1, 2]]] as const) {
        const session = yield* new World().pool({ size: 2, strategy })
        const ids = yield* Effect.forEach([1, 2], () => session.use((resource) => Effect.succeed(resource.id)))
        assert.deepStrictEqual(ids, expected as unknown as Array<number>, strategy)
      }
    }))

  it.effect("opens overflow while nothing is idle, and closes it when it comes back to nobody (C9)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, maxOverflow: 2 })
      const leases = yield* Effect.forEach([1, 2, 3], () => session.checkout())
      assert.strictEqual((yield* session.status).overflow, 2)
      yield* Effect.forEach(leases, (lease) => session.checkin(lease))
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.peak, 3)
    }))

  it.effect("a returned overflow resource goes to a waiter instead of being closed", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, maxOverflow: 1 })
      const [first, second] = [yield* session.checkout(), yield* session.checkout()]
      const waiter = yield* forkSettled(session.checkout())
      const resource = second.resource
      yield* session.checkin(second)
      assert.strictEqual((yield* Fiber.join(waiter)).resource, resource)
      assert.strictEqual(world.begun, 2)
      yield* session.checkin(first)
    }))

  it.effect("waiters are served in the order in which they came (E-2)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      const held = [yield* session.checkout(), yield* session.checkout()]
      const served: Array<number> = []
      for (let i = 1; i <= 5; i++) {
        yield* forkSettled(session.use(() => Effect.andThen(Effect.sync(() => served.push(i)), Effect.yieldNow)))
      }
      assert.deepStrictEqual(yield* counts(session), { lent: 2, waiting: 5 })
      yield* Effect.forEach(held.reverse(), (lease) => session.checkin(lease))
      yield* settle
      assert.deepStrictEqual(served, [1, 2, 3, 4, 5])
      yield* assertWhole(session, world, 2)
    }))

  it.effect("a newcomer never overtakes a waiter, not even the fiber that just gave back (E-1, F-7)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const served: Array<string> = []
      const lease = yield* session.checkout()
      yield* forkSettled(session.use(() => Effect.sync(() => served.push("waiter"))))
      yield* session.checkin(lease)
      assert.strictEqual((yield* Effect.flip(session.checkout({ timeout: 0 })))._tag, "CheckoutTimeout")
      yield* session.use(() => Effect.sync(() => served.push("newcomer")))
      assert.deepStrictEqual(served, ["waiter", "newcomer"])
    }))

  it.effect("10 000 concurrent checkouts on an empty pool open exactly as many as it may hold (C-11, D-1)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* Pool.make({ factory: world.factory, size: 7, maxOverflow: 3, start: "lazy" })
      world.open = () => Effect.yieldNow
      yield* Effect.forEach(Array.from({ length: 10_000 }), () => session.use(() => Effect.yieldNow), {
        concurrency: "unbounded",
        discard: true
      })
      assert.strictEqual(world.begun, 10)
      yield* settle
      yield* assertWhole(session, world, 7)
    }))

  it.effect("alternating load on overflow opens no more than one per swing (A-9)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, maxOverflow: 1 })
      for (let i = 0; i < 100; i++) {
        yield* session.use(() => session.use(() => Effect.void))
        yield* settle
      }
      assert.strictEqual(world.begun, 101)
      yield* assertWhole(session, world, 1)
    }))
})

describe("a waiter that leaves", () => {
  it.effect("is forgotten at once, and the next one in line is served without a new resource (A-8, B-6, B-20)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const lease = yield* session.checkout()
      const [gone, next] = [yield* forkSettled(session.checkout()), yield* forkSettled(session.checkout())]
      yield* Fiber.interrupt(gone)
      assert.deepStrictEqual(yield* counts(session), { lent: 1, waiting: 1 })
      yield* session.checkin(lease)
      assert.isTrue((yield* Fiber.join(next)).isLive)
      assert.strictEqual(world.begun, 1)
    }))

  it.effect("after it was granted passes the grant on, whole (B-4, B-18, E-5)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const lease = yield* session.checkout()
      const granted = yield* forkSettled(session.checkout())
      const next = yield* forkSettled(session.checkout())
      yield* session.checkin(lease)
      // The reply is on its way, and its receiver leaves before it is there.
      granted.interruptUnsafe()
      assert.isTrue((yield* Fiber.join(next)).isLive)
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(granted)))
      assert.strictEqual(world.begun, 1)
    }))

  it.effect("while its opening is under way leaves the resource to the pool, idle (L11, B-8, B-9)", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = () => Effect.sleep("1 second")
      const session = yield* world.pool({ start: "lazy" })
      const asker = yield* forkSettled(session.checkout())
      yield* Fiber.interrupt(asker)
      yield* TestClock.adjust("1 second")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("while an overflow opening is under way has it closed again when it is there", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, maxOverflow: 1 })
      world.open = () => Effect.sleep("1 second")
      const lease = yield* session.checkout()
      const asker = yield* forkSettled(session.checkout())
      yield* Fiber.interrupt(asker)
      yield* TestClock.adjust("1 second")
      yield* session.checkin(lease)
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.opened.length, 2)
    }))

  it.effect("a fiber interrupted before it asked is never seen by the pool (J-5)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const asker = yield* Effect.forkChild(session.checkout())
      asker.interruptUnsafe()
      yield* Fiber.await(asker)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("a thousand times over costs no capacity and leaves no waiter (B-5, B-11, B-15, D-13)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      const held = [yield* session.checkout(), yield* session.checkout()]
      for (let i = 0; i < 1_000; i++) {
        const asker = yield* Effect.forkChild(session.checkout({ timeout: 1_000 }), { startImmediately: true })
        if (i % 3 === 0) yield* session.checkin(held.shift()!)
        asker.interruptUnsafe()
        if (i % 3 === 0) held.push(yield* session.checkout({ timeout: 0 }))
        yield* Fiber.await(asker)
      }
      assert.deepStrictEqual(yield* counts(session), { lent: 2 })
      yield* Effect.forEach(held, (lease) => session.checkin(lease))
      yield* assertWhole(session, world, 2)
      assert.strictEqual(world.begun, 2)
    }))
})

describe("maxWaiting", () => {
  it.effect("0 never queues for a lent resource: PoolOverloaded at once (D-4)", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ name: "db", maxWaiting: 0 })
      yield* session.checkout()
      const error = yield* Effect.flip(session.checkout())
      assert.instanceOf(error, Pool.PoolOverloaded)
      assert.strictEqual(error.pool, "db")
      assert.strictEqual(error.status.lent, 1)
    }))

  it.effect("n lets n wait and refuses only the last (D-5)", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ maxWaiting: 2 })
      yield* session.checkout()
      const waiting = [yield* forkSettled(session.checkout()), yield* forkSettled(session.checkout())]
      const error = yield* Effect.flip(session.checkout())
      assert.strictEqual(error._tag, "PoolOverloaded")
      assert.deepStrictEqual(waiting.map((fiber) => fiber.pollUnsafe()), [undefined, undefined])
    }))

  it.effect("does not count callers for whom an opening is under way", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = () => Effect.sleep("1 second")
      const session = yield* world.pool({ size: 2, maxOverflow: 1, maxWaiting: 0, start: "lazy" })
      const served = yield* forkSettled(
        Effect.forEach([1, 2, 3], () => session.checkout({ owner: "none" }), { concurrency: 3 })
      )
      assert.strictEqual((yield* Effect.flip(session.checkout()))._tag, "PoolOverloaded")
      yield* TestClock.adjust("1 second")
      assert.lengthOf(yield* Fiber.join(served), 3)
    }))

  it.effect("a timeout of 0 wins over maxWaiting 0: CheckoutTimeout", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ maxWaiting: 0 })
      yield* session.checkout()
      assert.strictEqual((yield* Effect.flip(session.checkout({ timeout: 0 })))._tag, "CheckoutTimeout")
      assert.strictEqual((yield* Effect.flip(session.use(() => Effect.void, { timeout: 0 })))._tag, "CheckoutTimeout")
    }))
})

it.effect("a timeout that is no duration dies with InvalidOptions, whatever asks", () =>
  Effect.gen(function*() {
    const world = new World()
    const session = yield* world.pool({})
    for (const timeout of [-1, NaN, Duration.millis(-1), "soon" as never, null as never]) {
      const calls = [
        session.checkout({ timeout }),
        session.use(() => Effect.void, { timeout }),
        Effect.scoped(session.scoped({ timeout })),
        session.shutdown({ timeout })
      ]
      for (const call of calls) {
        const exit = yield* Effect.exit(call)
        assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause), String(timeout))
        assert.instanceOf(Exit.isFailure(exit) && Cause.squash(exit.cause), Pool.InvalidOptions)
      }
    }
    yield* assertWhole(session, world, 1)
  }))
