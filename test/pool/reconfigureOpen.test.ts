/** What is open already, and lent perhaps, when options are changed: by which of them it goes on (Z2). */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { withLogs } from "../support/logs.ts"
import { id, ids, numbers } from "../support/resources.ts"
import { assertWhole, forkSettled, lend, type Resource, settle, World } from "../support/world.ts"

const times = (count: number) => Array.from({ length: count }, (_, index) => index)

describe("what is open already", () => {
  it.effect("is validated by the validate of a patch, and no more when it is taken away", () =>
    Effect.gen(function*() {
      const world = new World()
      const seen: Array<string> = []
      const validate = (name: string) => ({ id }: Resource) => Effect.sync(() => seen.push(`${name} ${id}`) > 0)
      const session = yield* world.pool({ size: 1 })
      yield* TestClock.adjust("1 minute")
      yield* session.use(id)
      assert.deepStrictEqual(seen, [])
      yield* session.reconfigure({ validate: validate("one"), validationBypass: 0 })
      yield* session.use(id)
      yield* session.reconfigure({ validate: validate("two") })
      yield* session.use(id)
      assert.deepStrictEqual(seen, ["one 1", "two 1"])
      yield* session.reconfigure({ validate: undefined, validationBypass: undefined })
      yield* session.use(id)
      assert.deepStrictEqual(seen, ["one 1", "two 1"])
      yield* assertWhole(session, world, 1)
    }))

  it.effect("is reset by the reset of a patch, also what is lent at the time", () =>
    Effect.gen(function*() {
      const world = new World()
      const resets: Array<number> = []
      const session = yield* world.pool({ size: 2 })
      const [lease] = yield* lend(session, 1)
      const { resource } = lease!
      yield* session.reconfigure({ reset: ({ id }) => Effect.sync(() => resets.push(id)) })
      yield* session.checkin(lease!)
      yield* settle
      assert.deepStrictEqual(resets, [resource.id])
      yield* session.reconfigure({ reset: undefined })
      yield* session.use(id)
      yield* assertWhole(session, world, 2)
      assert.deepStrictEqual(resets, [resource.id])
    }))

  it.effect("that is being reset or validated goes on as it has begun, and is lent by the new rules", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ reset: () => Effect.sleep("2 seconds") })
      yield* session.use(id)
      yield* settle
      assert.deepStrictEqual(yield* numbers(session), { resetting: 1 })
      yield* session.reconfigure({ reset: undefined })
      const waiter = yield* forkSettled(session.use(id))
      yield* TestClock.adjust("1999 millis")
      assert.isUndefined(waiter.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(waiter), 1)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("is judged by the isBroken and onInterrupt of a patch, also in a use that runs", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const fail = session.use(() => Effect.delay(Effect.fail("lost"), "1 seconds"))
      const failing = yield* forkSettled(Effect.exit(fail))
      yield* session.reconfigure({ isBroken: (cause) => Cause.squash(cause) === "lost", onInterrupt: "checkin" })
      yield* TestClock.adjust("1 seconds")
      yield* Fiber.join(failing)
      yield* settle
      assert.deepStrictEqual(ids(world.closed), [1])
      yield* Fiber.interrupt(yield* forkSettled(session.use(() => Effect.never)))
      yield* settle
      assert.deepStrictEqual(ids(world.closed), [1])
      yield* session.reconfigure({ isBroken: undefined, onInterrupt: undefined })
      yield* Effect.exit(session.use(() => Effect.fail("lost")))
      yield* settle
      assert.deepStrictEqual(ids(world.closed), [1])
      yield* Fiber.interrupt(yield* forkSettled(session.use(() => Effect.never)))
      yield* settle
      assert.deepStrictEqual(ids(world.closed), [1, 2])
    }))

  it.effect("keeps the link it was opened with; what is opened from then on has the new one", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ link: world.link })
      const other = new World()
      yield* session.use(id)
      yield* session.reconfigure({ link: other.link })
      yield* world.kill(world.opened[0]!)
      yield* assertWhole(session, world, 1)
      assert.deepStrictEqual(ids(world.closed), [1], "the old link still holds")
      yield* session.use(id)
      yield* other.kill(world.opened[1]!)
      yield* assertWhole(session, world, 1)
      assert.deepStrictEqual(ids(world.closed), [1, 2])
    }))

  it.effect("has the lifetime of a patch, counted from its opening: what is older goes at once, lent ones on return (H6)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3 })
      yield* TestClock.adjust("10 minutes")
      const [lease] = yield* lend(session, 1)
      yield* session.reconfigure({ maxLifetime: "5 minutes" })
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(ids(world.closed), [1, 2])
      assert.isTrue(lease!.isLive)
      yield* session.checkin(lease!)
      yield* assertWhole(session, world, 3)
      assert.deepStrictEqual(ids(world.closed), [1, 2, 3])
      yield* session.reconfigure({ maxLifetime: undefined })
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(ids(world.closed), [1, 2, 3])
    }))

  it.effect("has the uses of a patch, and those that it has had count (L12)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      for (const _ of times(4)) yield* session.use(id)
      yield* session.reconfigure({ maxUses: 5 })
      assert.strictEqual(yield* session.use(id), 1)
      yield* settle
      assert.deepStrictEqual(ids(world.closed), [1])
      yield* assertWhole(session, world, 1)
    }))

  it.effect("may sit idle for as long as the patch says, and no longer, though it began before", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3 })
      yield* TestClock.adjust("2 minutes")
      yield* session.reconfigure({ minIdle: 1, idleTimeout: "3 minutes" })
      yield* settle
      assert.strictEqual(world.live, 3)
      yield* TestClock.adjust("1 minute")
      yield* assertWhole(session, world, 1)
      yield* session.reconfigure({ minIdle: undefined })
      yield* assertWhole(session, world, 3)
    }))

  it.effect("that lingers as overflow goes when there is to be none", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, maxOverflow: 2, overflowTtl: "1 hour" })
      yield* Effect.forEach(times(3), () => session.use(() => Effect.yieldNow), { concurrency: "unbounded" })
      yield* assertWhole(session, world, 3)
      yield* session.reconfigure({ overflowTtl: undefined })
      yield* assertWhole(session, world, 1)
    }))

  it.effect("is probed by the keepalive of a patch", () =>
    Effect.gen(function*() {
      const world = new World()
      const probed: Array<number> = []
      const session = yield* world.pool({})
      yield* TestClock.adjust("1 minute")
      yield* session.reconfigure({
        keepalive: { every: "10 seconds", probe: ({ id }) => Effect.sync(() => probed.push(id)) }
      })
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(probed, [1], "it had not been seen for long")
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(probed, [1, 1])
      yield* session.reconfigure({ keepalive: undefined })
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(probed, [1, 1])
    }))

  it.effect("and lent may be held for as long as the leaseTimeout of a patch says", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({ name: "db" })
        const [lease] = yield* lend(session, 1)
        yield* TestClock.adjust("10 seconds")
        yield* session.reconfigure({ leaseTimeout: { after: "15 seconds", action: "revoke" } })
        yield* TestClock.adjust("4999 millis")
        assert.isTrue(lease!.isLive)
        yield* TestClock.adjust("1 millis")
        assert.isFalse(lease!.isLive)
        assert.strictEqual(lines.length, 1)
      })
    ))
})
