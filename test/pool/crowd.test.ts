import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { withCounters } from "../support/liveFibers.ts"
import { forkSettled, settle, tagsOf, World } from "../support/world.ts"

const crowd = 100_000
const smallCrowd = 30_000

/** Starts this many, and waits until all of them stand in the queue. */
const gather = <A, E, R>(session: Pool.Session<unknown, unknown>, count: number, waiting: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fibers = yield* Effect.forEach(Array.from({ length: count }), () => Effect.forkChild(waiting))
    while ((yield* session.status).waiting < count) yield* Effect.yieldNow
    return fibers
  })

/** A 0 ms timer that keeps firing, and how much was done at most between two firings. */
const heartbeat = (done: () => number) => {
  let firings = 0
  let gap = 0
  let last = done()
  let timer = setTimeout(function beat() {
    firings++
    gap = Math.max(gap, done() - last)
    last = done()
    timer = setTimeout(beat, 0)
  }, 0)
  return () => {
    clearTimeout(timer)
    return { firings, gap: Math.max(gap, done() - last) }
  }
}

describe("100 000 waiters", () => {
  it.live("are drained while a 0 ms timer keeps firing", () =>
    Effect.gen(function*() {
      let served = 0
      const session = yield* Pool.make({ factory: Effect.succeed({}), size: 100, checkoutTimeout: "infinity" })
      const leases = yield* Effect.forEach(Array.from({ length: 100 }), () => session.checkout())
      const fibers = yield* gather(session, crowd, session.use(() => Effect.sync(() => served++)))
      const stop = heartbeat(() => served)
      yield* Effect.forEach(leases, (lease) => session.checkin(lease), { discard: true })
      yield* Fiber.awaitAll(fibers)
      const { firings, gap } = stop()
      assert.strictEqual(served, crowd)
      assert.isAbove(firings, 10)
      assert.isBelow(gap, crowd / 4, "served between two firings of the timer")
      assert.deepInclude(yield* session.status, { idle: 100, lent: 0, waiting: 0 })
    }))

  it.effect("that time out leave nothing: no waiter, no timer, no fiber", () =>
    withCounters(({ fibers, sleeps }) =>
      Effect.gen(function*() {
        const session = yield* Pool.make({ factory: Effect.succeed({}), size: 1 })
        const lease = yield* session.checkout({ owner: "none" })
        yield* settle
        const before = fibers()
        const waiters = yield* gather(session, crowd, session.checkout())
        yield* settle
        assert.strictEqual(sleeps(), 1, "one timer serves them all")
        assert.strictEqual(fibers() - before, crowd + 1)
        yield* TestClock.adjust("5 seconds")
        const exits = yield* Fiber.awaitAll(waiters)
        assert.isTrue(exits.every(Exit.isFailure))
        yield* settle
        assert.deepInclude(yield* session.status, { idle: 0, lent: 1, waiting: 0 })
        assert.strictEqual(sleeps(), 0)
        assert.strictEqual(fibers(), before)
        yield* session.checkin(lease)
      })
    ))
})

describe("30 000 waiters", () => {
  it.live("that all fail at once hold the event loop for no more than a batch at a time", () =>
    Effect.gen(function*() {
      let failed = 0
      const session = yield* Pool.make({ factory: Effect.succeed({}), size: 1, checkoutTimeout: "infinity" })
      yield* session.checkout()
      const fibers = yield* gather(
        session,
        smallCrowd,
        Effect.catchTag(session.use(() => Effect.void), "PoolClosed", () => Effect.sync(() => failed++))
      )
      const stop = heartbeat(() => failed)
      yield* session.shutdown({ mode: "now" })
      yield* Fiber.awaitAll(fibers)
      const { firings, gap } = stop()
      assert.strictEqual(failed, smallCrowd)
      assert.isAbove(firings, 5)
      assert.isBelow(gap, smallCrowd / 4, "failed between two firings of the timer")
    }))

  it.effect("that are interrupted leave nothing either, and the next in line is served", () =>
    withCounters(({ fibers, sleeps }) =>
      Effect.gen(function*() {
        const session = yield* Pool.make({ factory: Effect.succeed({}), size: 1 })
        const lease = yield* session.checkout({ owner: "none" })
        yield* settle
        const before = fibers()
        const waiters = yield* gather(session, smallCrowd, session.checkout())
        const last = yield* Effect.forkChild(session.checkout({ owner: "none" }))
        yield* settle
        for (const waiter of waiters) waiter.interruptUnsafe()
        assert.deepInclude(yield* session.status, { lent: 1, waiting: 1 })
        yield* session.checkin(lease)
        yield* session.checkin(yield* Fiber.join(last))
        yield* settle
        assert.deepInclude(yield* session.status, { idle: 1, lent: 0, waiting: 0 })
        assert.deepStrictEqual([fibers(), sleeps()], [before, 0])
      })
    ))
})

it.effect("a thousand waiters of a pool whose scope closes are all told PoolClosed at the deadline (I-1)", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const session = yield* Scope.provide(new World().make({ checkoutTimeout: "infinity" }), scope)
    yield* session.checkout({ owner: "none" })
    const waiters = yield* gather(session, 1_000, session.checkout())
    const closing = yield* forkSettled(Scope.close(scope, Exit.void))
    yield* TestClock.adjust("5 seconds")
    yield* Fiber.join(closing)
    assert.deepStrictEqual(new Set(yield* tagsOf(waiters)), new Set(["PoolClosed"]))
  }))
