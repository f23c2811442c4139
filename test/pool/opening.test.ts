import { assert, describe, it } from "@effect/vitest"
import { Cause, type Duration, Effect, Fiber, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { assertWhole, counts, forkSettled, OpenError, settle, World } from "../support/world.ts"

const every = (delay: Duration.Input) => Schedule.spaced(delay)

describe("a slow opening", () => {
  it.effect("holds nobody up: checkin, status and other checkouts are handled at once (A-1, I-8)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, maxOverflow: 1 })
      world.open = () => Effect.never
      const lease = yield* session.checkout()
      yield* forkSettled(session.checkout())
      assert.deepStrictEqual(yield* counts(session), { lent: 1, opening: 1, waiting: 1 })
      const waiter = yield* forkSettled(session.use(() => Effect.succeed("served")))
      yield* session.checkin(lease)
      yield* settle
      assert.deepStrictEqual(yield* counts(session), { lent: 1, opening: 1, waiting: 1 })
      assert.isUndefined(waiter.pollUnsafe())
    }))

  it.effect("serves whoever is first in line when it is there, not who asked for it", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = () => Effect.sleep("1 second")
      const session = yield* world.pool({ size: 1, start: "lazy" })
      const asker = yield* forkSettled(session.checkout())
      const next = yield* forkSettled(session.checkout())
      yield* Fiber.interrupt(asker)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(next)).resource.id, 1)
      assert.strictEqual(world.begun, 1)
    }))

  it.effect("is interrupted at openTimeout, and the next one is tried after the back-off (C-5)", () =>
    Effect.gen(function*() {
      const world = new World()
      let interrupted = 0
      world.open = (id) =>
        id > 1 ? Effect.void : Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++))
      const session = yield* world.pool({ start: "lazy", openTimeout: "2 seconds", backoff: every("1 second") })
      const waiter = yield* forkSettled(session.checkout({ timeout: "1 minute" }))
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(interrupted, 1)
      assert.strictEqual(world.begun, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(waiter)).resource.id, 2)
    }))

  it.effect("that ignores its interruption is given up, and what it still yields is closed once (C-8, L10, B-14)", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => id > 1 ? Effect.void : Effect.sleep("10 seconds")
      const factory = Effect.uninterruptible(world.factory)
      const session = yield* world.pool({
        factory,
        start: "lazy",
        openTimeout: "2 seconds",
        backoff: every("1 second")
      })
      const waiter = yield* forkSettled(session.checkout({ timeout: "1 minute" }))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* counts(session), { waiting: 1, abandoned: 1 })
      yield* TestClock.adjust("1 second")
      const lease = yield* Fiber.join(waiter)
      assert.strictEqual(lease.resource.id, 2)
      yield* TestClock.adjust("7 seconds")
      assert.deepStrictEqual(world.closed.map(({ id }) => id), [1])
      yield* session.checkin(lease)
      yield* settle
      assert.deepStrictEqual(yield* counts(session), { idle: 1, abandoned: 1 })
      assert.strictEqual(world.live, 1)
    }))

  it.effect("that never ends costs its place only until openTimeout, again and again", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => id > 3 ? Effect.void : Effect.uninterruptible(Effect.never)
      const session = yield* world.pool({ start: "background", openTimeout: "1 second", backoff: every("1 second") })
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* counts(session), { idle: 1, abandoned: 3 })
    }))
})

describe("a factory", () => {
  it.effect("that fails is tried again until it works, and the waiter is served (A-11, C-2)", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => id < 4 ? new OpenError({ id }) : Effect.void
      const session = yield* world.pool({ start: "lazy", backoff: every("1 second") })
      const waiter = yield* forkSettled(session.checkout({ timeout: "1 minute" }))
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual((yield* Fiber.join(waiter)).resource.id, 4)
    }))

  it.effect("that dies or throws after the start is a failed opening like any other (C-7, B-19, D-14)", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => {
        if (id === 1) throw new Error("boom")
        return id === 2 ? Effect.die("boom") : Effect.void
      }
      const session = yield* world.pool({ start: "background", backoff: every("1 second") })
      yield* TestClock.adjust("2 seconds")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("that interrupts itself is a failed opening too, not a lost place", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => id === 1 ? Effect.interrupt : Effect.void
      const session = yield* world.pool({ start: "background", backoff: every("1 second") })
      yield* TestClock.adjust("1 second")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("that returns the same object twice lends two leases, and each is given back for itself (L13)", () =>
    Effect.gen(function*() {
      const same = { id: 0 }
      let closed = 0
      const session = yield* Effect.provideService(
        Pool.make({ factory: Effect.acquireRelease(Effect.succeed(same), () => Effect.sync(() => closed++)), size: 2 }),
        Pool.CheckInvariants,
        true
      )
      const [a, b] = [yield* session.checkout(), yield* session.checkout()]
      assert.strictEqual(a.resource, b.resource)
      yield* session.checkin(a)
      assert.isFalse(a.isLive)
      assert.isTrue(b.isLive)
      yield* session.destroyed(b)
      yield* settle
      assert.strictEqual(closed, 1)
      assert.deepInclude(yield* session.status, { idle: 2, lent: 0 })
      yield* session.shutdown()
      assert.strictEqual(closed, 3)
    }))

  it.effect("that returns undefined or a primitive is as good as any", () =>
    Effect.gen(function*() {
      const session = yield* Effect.provideService(
        Pool.make({ factory: Effect.succeed(undefined), size: 1 }),
        Pool.CheckInvariants,
        true
      )
      const lease = yield* session.checkout()
      assert.isUndefined(lease.resource)
      assert.isTrue(lease.isLive)
      yield* session.checkin(lease)
      assert.throws(() => lease.resource, Pool.LeaseExpired)
    }))
})

describe("onOpenFailure: fail", () => {
  it.effect("the oldest waiter gets the failure, the others wait for the next attempt", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => id === 1 ? Effect.delay(new OpenError({ id }), "1 second") : Effect.void
      const session = yield* world.pool({ start: "lazy", onOpenFailure: "fail", backoff: every("1 second") })
      const first = yield* forkSettled(Effect.flip(session.checkout()))
      const second = yield* forkSettled(session.checkout())
      yield* TestClock.adjust("1 second")
      const error = yield* Fiber.join(first)
      assert.instanceOf(error, Pool.OpenFailed)
      assert.deepStrictEqual(Cause.squash(error.failure), new OpenError({ id: 1 }))
      assert.isUndefined(second.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(second)).resource.id, 2)
    }))

  it.effect("nobody waits: nobody is told, and the pool goes on trying", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => id < 3 ? new OpenError({ id }) : Effect.void
      const session = yield* world.pool({ start: "background", onOpenFailure: "fail", backoff: every("1 second") })
      yield* TestClock.adjust("2 seconds")
      yield* assertWhole(session, world, 1)
    }))
})
