/** More is asked of a pool than it can do: CoDel in a whole pool (Q5). The algorithm by itself is in `codel.test.ts`. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Overload, Pool } from "whitepool"
import { withCounters } from "../support/liveFibers.ts"
import { id } from "../support/resources.ts"
import { assertWhole, counts, drain, forkSettled, lend, settle, tagsOf, World } from "../support/world.ts"

const times = (count: number) => Array.from({ length: count }, (_, index) => index)

const overload = Overload.codel({ target: "50 millis", interval: "1 second" })

interface Result {
  /** How long each of those who were served had waited. */
  readonly waits: ReadonlyArray<number>
  readonly dropped: number
  readonly expired: number
  readonly asked: number
  /** When each was served. */
  readonly servedAt: ReadonlyArray<number>
}

/** Somebody asks every `every` milliseconds for `seconds`; each holds a resource for `work`. */
const load = (options: Parameters<World["pool"]>[0], every: number, work: number, seconds: number) =>
  Effect.gen(function*() {
    const world = new World()
    const session = yield* world.pool(options)
    const waits: Array<number> = []
    const servedAt: Array<number> = []
    let dropped = 0
    let expired = 0
    const call = Effect.gen(function*() {
      const asked = yield* Clock.currentTimeMillis
      yield* session.use(() =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          waits.push(Number(now) - Number(asked))
          servedAt.push(Number(now))
          return Effect.sleep(work)
        })
      )
    }).pipe(
      Effect.catchTag("PoolOverloaded", () => Effect.sync(() => dropped++)),
      Effect.catchTag("CheckoutTimeout", () => Effect.sync(() => expired++))
    )
    let asked = 0
    for (let millis = 0; millis < seconds * 1000; millis += every) {
      asked++
      yield* Effect.forkChild(call)
      yield* TestClock.adjust(every)
    }
    for (const _ of times(20)) yield* TestClock.adjust("1 seconds")
    const result: Result = { waits, dropped, expired, asked, servedAt }
    assert.strictEqual(waits.length + dropped + expired, asked, "everybody has one answer")
    const { idle } = yield* session.status
    yield* assertWhole(session, world, idle)
    return result
  })

const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0) / values.length

describe("CoDel", () => {
  it.effect("drops nobody while those who wait do not wait for long (Q5)", () =>
    Effect.gen(function*() {
      // Four of 40 ms each: a hundred in a second, and so many are asked for.
      const { dropped, expired, waits } = yield* load({ size: 4, overload }, 10, 40, 10)
      assert.deepStrictEqual([dropped, expired], [0, 0])
      assert.isAtMost(Math.max(...waits), 50)
    }))

  it.effect("drops nobody of a burst that is over within an interval", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 4, overload, checkoutTimeout: "1 minute" })
      yield* TestClock.adjust("10 seconds")
      const burst = yield* Effect.forEach(
        times(80),
        () => Effect.forkChild(session.use(() => Effect.sleep("40 millis")))
      )
      for (const _ of times(30)) yield* TestClock.adjust("40 millis")
      yield* Effect.forEach(burst, Fiber.join)
      yield* assertWhole(session, world, 4)
    }))

  it.effect("in overload keeps the wait of those who are served near the target, and the pool at its capacity (Q5)", () =>
    Effect.gen(function*() {
      const offered = { size: 4, overload, checkoutTimeout: "5 seconds" } as const
      // Four of 40 ms each: a hundred in a second; 250 are asked for.
      const { dropped, expired, servedAt, waits } = yield* load(offered, 4, 40, 20)
      assert.strictEqual(expired, 0)
      assert.isAbove(dropped, 2_000)
      const steady = servedAt.flatMap((at, index) => at >= 5_000 && at < 20_000 ? [waits[index]!] : [])
      assert.isAtLeast(steady.length, 0.98 * 1_500, "goodput at capacity")
      assert.isAtMost(mean(steady), 120)
      // But for the first whose turn comes in each interval.
      assert.isAtMost([...steady].sort((a, b) => a - b)[Math.floor(0.98 * steady.length)]!, 110)
    }))

  it.effect("without which everybody waits as long as anybody may, and the same number is served", () =>
    Effect.gen(function*() {
      const { dropped, servedAt, waits } = yield* load({ size: 4, checkoutTimeout: "5 seconds" }, 4, 40, 20)
      assert.strictEqual(dropped, 0)
      const steady = servedAt.flatMap((at, index) => at >= 10_000 && at < 20_000 ? [waits[index]!] : [])
      assert.isAbove(mean(steady), 4_000)
    }))

  it.effect("is over when the overload is: nobody is dropped an interval later", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, overload, checkoutTimeout: "1 minute" })
      const call = session.use(() => Effect.sleep("40 millis"))
      const outcomes = { dropped: 0 }
      const counted = Effect.catchTag(call, "PoolOverloaded", () => Effect.sync(() => outcomes.dropped++))
      for (const _ of times(500)) {
        yield* Effect.forkChild(counted)
        yield* TestClock.adjust("10 millis")
      }
      assert.isAbove(outcomes.dropped, 100)
      for (const _ of times(30)) yield* TestClock.adjust("100 millis")
      outcomes.dropped = 0
      for (const _ of times(100)) {
        yield* Effect.forkChild(counted)
        yield* TestClock.adjust("50 millis")
      }
      assert.strictEqual(outcomes.dropped, 0)
    }))

  it.effect("drops those who wait for what never comes back, after two intervals, oldest first, and then whoever has waited too long", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ size: 1, overload, checkoutTimeout: "infinity" })
      yield* lend(session, 1)
      const waiters = yield* Effect.forEach(times(3), () => forkSettled(session.checkout()))
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(yield* counts(session), { lent: 1, waiting: 3 })
      const late = yield* forkSettled(session.checkout())
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(yield* tagsOf(waiters), ["PoolOverloaded", "PoolOverloaded", "PoolOverloaded"])
      for (const _ of times(3)) yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(yield* tagsOf([late]), ["PoolOverloaded"])
    }))

  it.effect("says why, and how long it was waited, in an error of its own", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ name: "db", overload, checkoutTimeout: "infinity" })
      yield* lend(session, 1)
      const waiter = yield* forkSettled(session.checkout())
      yield* TestClock.adjust("1 seconds")
      yield* TestClock.adjust("1 seconds")
      const error = yield* Effect.flip(Fiber.join(waiter))
      assert(error instanceof Pool.PoolOverloaded)
      assert.deepInclude({ pool: error.pool, reason: error.reason }, { pool: "db", reason: "codel" })
      assert.strictEqual(Duration.toMillis(error.waited), 2_000)
      assert.deepInclude(error.status, { lent: 1, waiting: 1 })
      assert.strictEqual(
        error.message,
        "pool \"db\": dropped from a slow queue after 2.000 s " +
          "(size=1+0, idle=0, lent=1, opening=0, closing=0, waiting=1)"
      )
    }))

  it.effect("and maxWaiting: each refuses by its own reason", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ name: "db", overload, maxWaiting: 1, checkoutTimeout: "infinity" })
      yield* lend(session, 1)
      yield* forkSettled(Effect.exit(session.checkout()))
      const error = yield* Effect.flip(session.checkout())
      assert(error._tag === "PoolOverloaded")
      assert.strictEqual(error.reason, "maxWaiting")
      assert.strictEqual(Duration.toMillis(error.waited), 0)
      assert.strictEqual(
        error.message,
        "pool \"db\": too many are waiting (size=1+0, idle=0, lent=1, opening=0, closing=0, waiting=1)"
      )
    }))

  it.effect("nor does maxWaiting refuse who is refused because the pool was made too small for it", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ name: "db", size: 2 })
      yield* lend(session, 1)
      const waiter = yield* forkSettled(Effect.flip(session.checkoutMany(2)))
      yield* session.resize({ size: 1 })
      const error = yield* Fiber.join(waiter)
      assert(error._tag === "PoolOverloaded")
      assert.strictEqual(error.reason, "size")
      assert.match(error.message, /^pool "db": made too small for so many together \(size=1\+0/)
    }))

  it.effect("still lets a deadline that comes first have its say", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ size: 1, overload })
      yield* lend(session, 1)
      const waiter = yield* forkSettled(session.checkout({ timeout: "500 millis" }))
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual(yield* tagsOf([waiter]), ["CheckoutTimeout"])
    }))

  it.effect("never drops what it could serve: a resource is not idle while somebody waits", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, overload, checkoutTimeout: "infinity" })
      const leases = yield* lend(session, 2)
      const waiters = yield* Effect.forEach(times(6), () => forkSettled(session.use(id)))
      for (const _ of times(19)) yield* TestClock.adjust("100 millis")
      yield* Effect.forEach(leases, session.checkin)
      yield* Effect.forEach(waiters, Fiber.await)
      yield* assertWhole(session, world, 2)
    }))

  it.effect("drops nobody who waits when the pool is drained: they are to be served (I-9)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.make({ size: 1, overload, checkoutTimeout: "infinity" })
      const [lease] = yield* lend(session, 1)
      const waiters = yield* Effect.forEach(times(3), () => forkSettled(session.use(id)))
      yield* TestClock.adjust("1500 millis")
      const ending = yield* drain(session, { timeout: "1 minute" })
      for (const _ of times(5)) yield* TestClock.adjust("1 seconds")
      yield* session.checkin(lease!)
      assert.deepStrictEqual(yield* Effect.forEach(waiters, Fiber.join), [1, 1, 1])
      yield* Fiber.join(ending)
      yield* assertWhole(session, world, 0)
    }))

  it.effect("has one timer while somebody waits, and none otherwise (H9, G-13)", () =>
    withCounters(({ sleeps }) =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({ size: 1, overload, checkoutTimeout: "infinity" })
        yield* session.use(id)
        yield* settle
        assert.strictEqual(sleeps(), 0)
        const [lease] = yield* lend(session, 1)
        const waiters = yield* Effect.forEach(times(3), () => forkSettled(session.use(id)))
        yield* settle
        assert.strictEqual(sleeps(), 1)
        yield* session.checkin(lease!)
        yield* Effect.forEach(waiters, Fiber.join)
        yield* settle
        assert.strictEqual(sleeps(), 0)
        yield* assertWhole(session, world, 1)
      })
    ))
})

describe("CoDel among tenants", () => {
  it.effect("drops those of the tenant that asks for too much, and nobody of the others", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, overload, fairness: {}, checkoutTimeout: "10 seconds" })
      const dropped: Record<string, number> = { noisy: 0, quiet: 0 }
      const waits: Record<string, Array<number>> = { noisy: [], quiet: [] }
      const call = (key: string) =>
        Effect.gen(function*() {
          const asked = Number(yield* Clock.currentTimeMillis)
          yield* session.use(() =>
            Effect.flatMap(Clock.currentTimeMillis, (now) => {
              waits[key]!.push(Number(now) - asked)
              return Effect.sleep("40 millis")
            }), { key })
        }).pipe(Effect.catchTag("PoolOverloaded", () => Effect.sync(() => dropped[key]!++)))
      // Fifty in a second can be served. The noisy one asks for a hundred, the quiet one for ten.
      for (const step of times(1_000)) {
        yield* Effect.forkChild(call("noisy"))
        if (step % 10 === 0) yield* Effect.forkChild(call("quiet"))
        yield* TestClock.adjust("10 millis")
      }
      for (const _ of times(5)) yield* TestClock.adjust("1 seconds")
      assert.strictEqual(dropped["quiet"], 0)
      assert.strictEqual(waits["quiet"]!.length, 100)
      assert.isAtMost(Math.max(...waits["quiet"]!), 40)
      assert.isAbove(dropped["noisy"]!, 300)
      assert.isAtLeast(waits["noisy"]!.length + 100, 480, "and the pool is busy all the time")
      assert.isAtMost(mean(waits["noisy"]!), 300, "those of the noisy one that are served have waited little, too")
      yield* assertWhole(session, world, 2)
    }))
})
