/** Where the backend is known to be down nobody waits for it: they are told at once (Q8). */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Fiber, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { crash } from "../support/crash.ts"
import { withCounters } from "../support/liveFibers.ts"
import { withLogs } from "../support/logs.ts"
import { id } from "../support/resources.ts"
import {
  assertWhole,
  counts,
  forkSettled,
  lend,
  OpenError,
  type Session,
  settle,
  tagsOf,
  World
} from "../support/world.ts"

const times = (count: number) => Array.from({ length: count }, (_, index) => index)

/** A pool on a backend that is down, which tries once in a second. */
const down = (options: Parameters<World["pool"]>[0] = {}) =>
  Effect.gen(function*() {
    const world = new World()
    world.open = (id) => new OpenError({ id })
    const session = yield* world.pool({
      start: "lazy",
      backoff: Schedule.spaced("1 seconds"),
      breaker: { failures: 3 },
      checkoutTimeout: "1 hour",
      ...options
    })
    return { world, session }
  })

const failures = (session: Session, count: number) =>
  Effect.gen(function*() {
    yield* forkSettled(Effect.exit(session.checkout()))
    for (const _ of times(count - 1)) yield* TestClock.adjust("1 seconds")
  })

describe("a breaker", () => {
  it.effect("opens after so many failed openings in a row: all who wait are told why, at once (Q8)", () =>
    Effect.gen(function*() {
      const { session, world } = yield* down()
      const waiters = yield* Effect.forEach(times(5), () => forkSettled(session.checkout()))
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(world.begun, 2)
      assert.isTrue(waiters.every((waiter) => waiter.pollUnsafe() === undefined))
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(world.begun, 3)
      for (const waiter of waiters) {
        const error = yield* Effect.flip(Fiber.join(waiter))
        assert(error._tag === "OpenFailed")
        assert.deepStrictEqual(Cause.squash(error.failure), new OpenError({ id: 3 }))
      }
      assert.deepStrictEqual(yield* counts(session), {})
    }))

  it.effect("that is open tells who asks at once, and tryCheckout finds nothing as ever", () =>
    Effect.gen(function*() {
      const { session } = yield* down()
      yield* failures(session, 3)
      const ways = [
        session.checkout(),
        session.use(() => Effect.void),
        Effect.scoped(session.scoped()),
        session.checkout({ timeout: "infinity" })
      ]
      for (const way of ways) {
        const asking = yield* forkSettled(Effect.asVoid(way))
        assert.deepStrictEqual(yield* tagsOf([asking]), ["OpenFailed"])
      }
      assert.strictEqual((yield* Effect.flip(session.tryCheckout()))._tag, "PoolFull")
    }))

  it.effect("goes on trying, one at a time and by its back-off, though nobody asks; a success closes it", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const { session, world } = yield* down({ size: 4 })
        yield* failures(session, 3)
        assert.strictEqual(world.begun, 3)
        for (const second of times(20)) {
          yield* TestClock.adjust("1 seconds")
          assert.strictEqual(world.begun, 4 + second)
        }
        world.open = () => Effect.void
        yield* TestClock.adjust("1 seconds")
        yield* settle
        assert.strictEqual(yield* session.use(id), 24)
        const all = yield* Effect.forEach(times(4), () => session.checkout({ owner: "none" }), {
          concurrency: "unbounded"
        })
        assert.strictEqual(all.length, 4)
        yield* Effect.forEach(all, session.checkin)
        yield* assertWhole(session, world, 4)
        assert.deepStrictEqual(lines.map(({ level }) => level), ["Warn", "Info"], "one of the outage, one of its end")
      })
    ))

  it.effect("does not open while anything is alive: who waits may have that", () =>
    Effect.gen(function*() {
      const { session, world } = yield* down({ size: 1, maxOverflow: 3 })
      world.open = () => Effect.void
      const [lease] = yield* Effect.all([session.checkout({ owner: "none" })])
      world.open = (id) => new OpenError({ id })
      const waiter = yield* forkSettled(session.use(id))
      for (const _ of times(10)) yield* TestClock.adjust("1 seconds")
      assert.isUndefined(waiter.pollUnsafe())
      assert.isAbove(world.begun, 5)
      yield* session.checkin(lease)
      assert.strictEqual(yield* Fiber.join(waiter), 1)
    }))

  it.effect("opens with the next failure after the last one alive has gone", () =>
    Effect.gen(function*() {
      const { session, world } = yield* down({ size: 1, maxOverflow: 3 })
      world.open = () => Effect.void
      const lease = yield* session.checkout({ owner: "none" })
      world.open = (id) => new OpenError({ id })
      const waiter = yield* forkSettled(session.use(id))
      for (const _ of times(10)) yield* TestClock.adjust("1 seconds")
      yield* session.destroyed(lease)
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(yield* tagsOf([waiter]), ["OpenFailed"])
    }))

  it.effect("counts failures in a row: a success in between begins anew", () =>
    Effect.gen(function*() {
      const { session, world } = yield* down()
      yield* failures(session, 2)
      world.open = () => Effect.void
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual((yield* session.status).lent, 1)
      world.open = (id) => new OpenError({ id })
      yield* session.evictAll()
      const waiter = yield* forkSettled(session.checkout())
      const { opened } = world
      yield* session.resize({ maxOverflow: 1 })
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(opened.length, 1)
      assert.isUndefined(waiter.pollUnsafe())
    }))

  it.effect("counts a factory that dies, and one that takes too long, too", () =>
    Effect.gen(function*() {
      for (const open of [() => Effect.die("boom"), () => Effect.never]) {
        const { session, world } = yield* down({ openTimeout: "1 seconds" })
        world.open = open
        const waiter = yield* forkSettled(session.checkout())
        for (const _ of times(8)) yield* TestClock.adjust("1 seconds")
        assert.deepStrictEqual(yield* tagsOf([waiter]), ["OpenFailed"])
      }
    }))

  it.effect("without which those who wait go on waiting, until their deadline", () =>
    Effect.gen(function*() {
      const { session } = yield* down({ breaker: undefined })
      const waiter = yield* forkSettled(session.checkout({ timeout: "1 minute" }))
      for (const _ of times(59)) yield* TestClock.adjust("1 seconds")
      assert.isUndefined(waiter.pollUnsafe())
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(yield* tagsOf([waiter]), ["CheckoutTimeout"])
    }))

  it.effect("is tried by its pool for an hour, and the first who asks after that is served (C-4)", () =>
    Effect.gen(function*() {
      const { session, world } = yield* down({ backoff: undefined })
      yield* forkSettled(Effect.exit(session.checkout()))
      for (const _ of times(360)) yield* TestClock.adjust("10 seconds")
      assert.isAtMost(world.begun, 400)
      assert.strictEqual((yield* Effect.flip(session.checkout()))._tag, "OpenFailed")
      world.open = () => Effect.void
      for (const _ of times(6)) yield* TestClock.adjust("10 seconds")
      yield* session.use(id)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("that is open is suspended with its pool, and tried again after resume", () =>
    Effect.gen(function*() {
      const { session, world } = yield* down()
      yield* failures(session, 3)
      yield* session.suspend
      for (const _ of times(5)) yield* TestClock.adjust("1 seconds")
      assert.strictEqual(world.begun, 3)
      world.open = () => Effect.void
      yield* session.resume
      yield* settle
      yield* session.use(id)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("that is open is closed by a crash: the next incarnation finds out for itself", () =>
    Effect.gen(function*() {
      const { session, world } = yield* down()
      yield* failures(session, 3)
      yield* crash(session)
      yield* settle
      const waiter = yield* forkSettled(session.checkout())
      assert.isUndefined(waiter.pollUnsafe())
      assert.strictEqual(world.begun, 4)
      for (const _ of times(2)) yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(yield* tagsOf([waiter]), ["OpenFailed"])
    }))

  it.effect("holds nothing up at the end, and leaves nothing", () =>
    withCounters(({ fibers, sleeps }) =>
      Effect.gen(function*() {
        const { session, world } = yield* down()
        yield* failures(session, 4)
        assert.strictEqual(sleeps(), 1, "the back-off")
        assert.deepStrictEqual(yield* session.shutdown(), { drained: 0, forced: 0 })
        yield* settle
        assert.deepStrictEqual({ fibers: fibers(), sleeps: sleeps() }, { fibers: 0, sleeps: 0 })
        yield* assertWhole(session, world, 0)
        assert.strictEqual((yield* Effect.flip(session.checkout()))._tag, "PoolClosed")
      })
    ))

  it.effect("says nothing of an eager start, which fails with the first failure", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => new OpenError({ id })
      const error = yield* Effect.flip(world.make({ breaker: { failures: 3 } }))
      assert.deepStrictEqual(error, new OpenError({ id: 1 }))
    }))

  it.effect("with leases out of a pool that loses all of them serves none of those who wait for ever", () =>
    Effect.gen(function*() {
      const { session, world } = yield* down({ size: 3, link: undefined })
      world.open = () => Effect.void
      const leases = yield* Effect.forEach(times(3), () => session.checkout({ owner: "none" }))
      world.open = (id) => new OpenError({ id })
      const waiters = yield* Effect.forEach(times(4), () => forkSettled(session.checkout({ timeout: "infinity" })))
      yield* Effect.forEach(leases, (lease) => session.destroyed(lease))
      for (const _ of times(3)) yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual([...new Set(yield* tagsOf(waiters))], ["OpenFailed"])
      assert.deepStrictEqual(yield* lend(session, 0), [])
    }))
})

it.effect("OpenFailed of an open breaker names the pool, and only the tag of the failure", () =>
  Effect.gen(function*() {
    const { session } = yield* down({ name: "db" })
    yield* failures(session, 3)
    const error = yield* Effect.flip(session.checkout())
    assert(error instanceof Pool.OpenFailed)
    assert.strictEqual(error.message, "pool \"db\": opening failed with OpenError")
  }))
