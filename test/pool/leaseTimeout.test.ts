/** A lease that is held for too long is reported, or ended (Q10). */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { withCounters } from "../support/liveFibers.ts"
import { withLogs } from "../support/logs.ts"
import { id, ids, numbers } from "../support/resources.ts"
import { assertWhole, counts, forkSettled, lend, settle, World } from "../support/world.ts"

const times = (count: number) => Array.from({ length: count }, (_, index) => index)

const after = "10 seconds"

describe("warn", () => {
  it.effect("says once that a lease is held for longer, which one and in which pool, and changes nothing (Q10)", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({ name: "db", leaseTimeout: { after, action: "warn" } })
        const [lease] = yield* lend(session, 1)
        yield* TestClock.adjust("9999 millis")
        assert.deepStrictEqual(lines, [])
        yield* TestClock.adjust("1 millis")
        yield* settle
        assert.deepStrictEqual(lines.map(({ level, message }) => [level, message]), [
          ["Warn", `pool "db": lease ${lease!.id} is held for longer than 10000 ms`]
        ])
        for (const _ of times(10)) yield* TestClock.adjust("1 minute")
        assert.strictEqual(lines.length, 1)
        assert.isTrue(lease!.isLive)
        yield* session.checkin(lease!)
        yield* assertWhole(session, world, 1)
        assert.deepStrictEqual(world.closed, [])
      })
    ))

  it.effect("says it of each lease: of the next one of the same resource, too", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({ leaseTimeout: { after, action: "warn" } })
        for (const _ of times(3)) {
          const [lease] = yield* lend(session, 1)
          yield* TestClock.adjust("11 seconds")
          yield* session.checkin(lease!)
        }
        assert.strictEqual(lines.length, 3)
        assert.strictEqual(new Set(lines.map(({ message }) => message)).size, 3)
      })
    ))

  it.effect("says nothing of a lease that has ended in time, and of each of several when its own time has come", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({ size: 3, leaseTimeout: { after, action: "warn" } })
        const [a] = yield* lend(session, 1)
        yield* TestClock.adjust("3 seconds")
        const [b] = yield* lend(session, 1)
        yield* TestClock.adjust("3 seconds")
        const [c] = yield* lend(session, 1)
        yield* session.checkin(b!)
        yield* TestClock.adjust("4 seconds")
        yield* settle
        assert.strictEqual(lines.length, 1)
        yield* TestClock.adjust("3 seconds")
        yield* settle
        assert.strictEqual(lines.length, 1)
        yield* TestClock.adjust("3 seconds")
        yield* settle
        assert.deepStrictEqual(lines.map(({ message }) => message.match(/lease (\d+)/)![1]), [`${a!.id}`, `${c!.id}`])
      })
    ))

  it.effect("says it of a lease though it was switched off, and on again, since the last one of that resource", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const leaseTimeout = { after, action: "warn" } as const
        const session = yield* new World().pool({ leaseTimeout })
        const [first] = yield* lend(session, 1)
        yield* TestClock.adjust("10 seconds")
        yield* session.checkin(first!)
        yield* session.reconfigure({ leaseTimeout: undefined })
        yield* lend(session, 1)
        yield* session.reconfigure({ leaseTimeout })
        yield* TestClock.adjust("10 seconds")
        yield* settle
        assert.strictEqual(lines.length, 2)
      })
    ))

  it.effect("watches use and scoped, too, and counts from when each was lent, not from when it was asked for", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({ leaseTimeout: { after, action: "warn" } })
        const first = yield* forkSettled(session.use(() => Effect.sleep("9 seconds")))
        const second = yield* forkSettled(
          Effect.scoped(Effect.andThen(session.scoped({ timeout: "1 minute" }), Effect.sleep("12 seconds")))
        )
        yield* TestClock.adjust("9 seconds")
        yield* Fiber.join(first)
        yield* TestClock.adjust("9 seconds")
        assert.deepStrictEqual(lines, [])
        yield* TestClock.adjust("3 seconds")
        yield* Fiber.join(second)
        yield* settle
        assert.strictEqual(lines.length, 1)
      })
    ))

  it.effect("counts the time under a new owner with that under the old one: it is the same lease", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({ leaseTimeout: { after, action: "warn" } })
        const [lease] = yield* lend(session, 1)
        yield* TestClock.adjust("6 seconds")
        yield* session.adopt(lease!)
        yield* TestClock.adjust("4 seconds")
        yield* settle
        assert.strictEqual(lines.length, 1)
      })
    ))

  it.effect("has one timer for all leases, and none while nothing is lent, or all was said (H9, G-13)", () =>
    withCounters(({ sleeps }) =>
      withLogs(() =>
        Effect.gen(function*() {
          const session = yield* new World().pool({ size: 3, leaseTimeout: { after, action: "warn" } })
          yield* settle
          assert.strictEqual(sleeps(), 0)
          const leases = yield* lend(session, 3)
          yield* settle
          assert.strictEqual(sleeps(), 1)
          yield* TestClock.adjust("10 seconds")
          yield* settle
          assert.strictEqual(sleeps(), 0)
          yield* Effect.forEach(leases, session.checkin)
          yield* session.use(id)
          yield* TestClock.adjust("10 seconds")
          yield* settle
          assert.strictEqual(sleeps(), 0)
        })
      )
    ))
})

describe("revoke", () => {
  it.effect("ends the lease, closes its resource and replaces it, and says so (Q10)", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({ name: "db", leaseTimeout: { after, action: "revoke" } })
        const [lease] = yield* lend(session, 1)
        yield* TestClock.adjust("10 seconds")
        yield* settle
        assert.isFalse(lease!.isLive)
        assert.throws(() => lease!.resource, /has ended/)
        assert.deepStrictEqual(ids(world.closed), [1])
        assert.deepStrictEqual(lines.map(({ level, message }) => [level, message]), [
          ["Warn", `pool "db": lease ${lease!.id} is held for longer than 10000 ms, and is revoked`]
        ])
        yield* assertWhole(session, world, 1)
      })
    ))

  it.effect("is final: what gives the lease back later changes nothing (B-16)", () =>
    withLogs(() =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({ leaseTimeout: { after, action: "revoke" } })
        const [lease] = yield* lend(session, 1)
        yield* TestClock.adjust("10 seconds")
        const [other] = yield* lend(session, 1)
        yield* session.checkin(lease!)
        yield* session.destroyed(lease!)
        yield* session.adopt(lease!)
        assert.isTrue(other!.isLive)
        yield* session.checkin(other!)
        yield* assertWhole(session, world, 1)
        assert.deepStrictEqual(ids(world.closed), [1])
      })
    ))

  it.effect("leaves a running use undisturbed: it ends with its own exit, and gives nothing back", () =>
    withLogs(() =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({ leaseTimeout: { after, action: "revoke" } })
        const using = yield* forkSettled(
          session.use((_, lease) => Effect.map(Effect.sleep("15 seconds"), () => lease.isLive))
        )
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(yield* session.use(id), 2)
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(yield* Fiber.await(using), Exit.succeed(false))
        yield* assertWhole(session, world, 1)
        assert.deepStrictEqual(ids(world.closed), [1])
      })
    ))

  it.effect("serves whoever waits with a new one, in order of arrival, each within its deadline", () =>
    withLogs(() =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({ size: 2, leaseTimeout: { after, action: "revoke" } })
        yield* lend(session, 2)
        yield* TestClock.adjust("6 seconds")
        const served: Array<string> = []
        const ask = (name: string) =>
          forkSettled(session.use(({ id }) => Effect.sync(() => served.push(`${name} ${id}`))))
        const asking = [yield* ask("a"), yield* ask("b")]
        yield* TestClock.adjust("4 seconds")
        yield* Effect.forEach(asking, Fiber.join)
        assert.deepStrictEqual(served, ["a 3", "b 4"])
        yield* assertWhole(session, world, 2)
      })
    ))

  it.effect("ends a lease that has leaked: that of no owner, too", () =>
    withLogs(() =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({ size: 3, leaseTimeout: { after, action: "revoke" } })
        for (const round of times(5)) {
          yield* lend(session, 3)
          yield* TestClock.adjust("10 seconds")
          yield* settle
          assert.deepStrictEqual(yield* counts(session), { idle: 3 }, `round ${round}`)
        }
        yield* assertWhole(session, world, 3)
      })
    ))

  it.effect("does not count the time of a reset, nor that between two leases", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({
          leaseTimeout: { after: "3 seconds", action: "revoke" },
          reset: () => Effect.sleep("2 seconds")
        })
        for (const _ of times(3)) {
          const lease = yield* session.checkout({ owner: "none" })
          yield* TestClock.adjust("2 seconds")
          yield* session.checkin(lease)
          yield* settle
          assert.deepStrictEqual(yield* numbers(session), { resetting: 1 })
          yield* TestClock.adjust("2 seconds")
        }
        assert.deepStrictEqual(lines, [])
        yield* assertWhole(session, world, 1)
      })
    ))

  it.effect("goes on while the pool drains: a lease that leaks does not use up the shutdown's time", () =>
    withLogs(() =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.make({ leaseTimeout: { after, action: "revoke" } })
        yield* lend(session, 1)
        const ending = yield* forkSettled(session.shutdown({ timeout: "1 hour" }))
        yield* TestClock.adjust("10 seconds")
        assert.deepStrictEqual(yield* Fiber.join(ending), { drained: 0, forced: 1 })
        yield* assertWhole(session, world, 0)
      })
    ))

  it.effect("revokes at its time though the pool is suspended, or quiet", () =>
    withLogs(() =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({ leaseTimeout: { after, action: "revoke" } })
        const [lease] = yield* lend(session, 1)
        yield* session.suspend
        yield* TestClock.adjust("10 seconds")
        assert.isFalse(lease!.isLive)
        yield* session.resume
        yield* assertWhole(session, world, 1)
      })
    ))
})
