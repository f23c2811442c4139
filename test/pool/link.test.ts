import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { assertWhole, counts, forkSettled, settle, World } from "../support/world.ts"

describe("a linked resource that dies", () => {
  it.effect("while idle is replaced and never handed out (H-2)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, link: world.link })
      yield* world.kill(world.opened[1]!)
      // Nothing has turned since: still the dead one must not be lent.
      assert.notStrictEqual(yield* session.use((resource) => Effect.succeed(resource.id)), 2)
      yield* assertWhole(session, world, 2)
      assert.deepStrictEqual(world.closed.map(({ id }) => id), [2])
    }))

  it.effect("while lent ends its lease, is closed once, and the waiter gets its successor at once (B-21, E-6)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ link: world.link })
      const lease = yield* session.checkout()
      const waiter = yield* forkSettled(session.checkout())
      yield* world.kill(lease.resource)
      assert.isFalse(lease.isLive)
      assert.throws(() => lease.resource, Pool.LeaseExpired)
      const next = yield* Fiber.join(waiter)
      assert.strictEqual(next.resource.id, 2)
      yield* session.checkin(lease)
      assert.isTrue(next.isLive, "the late checkin of the dead one changes nothing")
      yield* session.destroyed(lease)
      assert.isTrue(next.isLive)
      yield* session.checkin(next)
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.closed.length, 1)
    }))

  it.effect("under a use leaves the use alone, and its end changes nothing", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ link: world.link })
      const using = yield* forkSettled(session.use((resource) => Effect.as(Effect.sleep("1 second"), resource.id)))
      yield* world.kill(world.opened[0]!)
      yield* settle
      assert.deepStrictEqual(yield* counts(session), { idle: 1 })
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(using), 1)
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.closed.length, 1)
    }))

  it.effect("the moment it is open is replaced without being lent", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({
        start: "background",
        link: (resource) => resource.id === 1 ? Effect.void : Effect.never
      })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* session.use((resource) => Effect.succeed(resource.id)), 2)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("the moment it is open, every time, makes no tight loop: the back-off holds it", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({
        start: "background",
        backoff: Schedule.spaced("1 second"),
        link: (resource) => resource.id > 1_000 ? Effect.never : Effect.void
      })
      yield* settle
      assert.isAtMost(world.begun, 5)
      yield* TestClock.adjust("10 seconds")
      assert.isAtMost(world.begun, 20)
      assert.isAtLeast(world.begun, 5, "and it goes on trying")
      assert.strictEqual((yield* session.status).lent, 0)
    }))

  it.effect("all idle ones at once: every checkout is still served within its deadline (G-5, G-10)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 4, link: world.link })
      yield* Effect.forEach(Array.from(world.opened), world.kill)
      const ids = yield* Effect.forEach([1, 2, 3, 4], () => session.use((resource) => Effect.succeed(resource.id)), {
        concurrency: 4
      })
      assert.isTrue(ids.every((id) => id > 4))
      yield* assertWhole(session, world, 4)
    }))

  it.effect("granted but not yet in its asker's hands is replaced, and the asker gets the new one", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ link: world.link })
      const lease = yield* session.checkout()
      const waiter = yield* forkSettled(session.checkout())
      const dying = lease.resource
      yield* session.checkin(lease)
      yield* world.kill(dying)
      const next = yield* Fiber.join(waiter)
      assert.isTrue(next.isLive)
      assert.strictEqual(next.resource.id, 2)
      yield* session.checkin(next)
      yield* assertWhole(session, world, 1)
    }))
})

describe("a link", () => {
  it.effect.each(
    [
      ["fails", Effect.fail("ECONNRESET")],
      ["dies", Effect.die("boom")],
      ["is interrupted", Effect.interrupt],
      ["succeeds", Effect.void]
    ] as ReadonlyArray<[string, Effect.Effect<void, string>]>
  )("that %s says that the resource has died", ([, end]) =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ link: (resource) => Effect.andThen(world.link(resource), end) })
      yield* world.kill(world.opened[0]!)
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.closed.length, 1)
    }))

  it.effect("that throws instead of giving an effect counts as a death", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({
        link: (resource) => {
          if (resource.id === 1) throw new Error("boom")
          return Effect.never
        }
      })
      yield* assertWhole(session, world, 1)
      assert.deepStrictEqual(world.closed.map(({ id }) => id), [1])
    }))

  it.effect("is interrupted when its resource is closed", () =>
    Effect.gen(function*() {
      const world = new World()
      let interrupted = 0
      const session = yield* world.pool({
        link: () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++))
      })
      const lease = yield* session.checkout()
      yield* session.destroyed(lease)
      yield* settle
      assert.strictEqual(interrupted, 1)
      yield* session.shutdown()
      assert.strictEqual(interrupted, 2)
    }))

  it.effect("may need services, which are taken from where the pool was made", () =>
    Effect.gen(function*() {
      const world = new World()
      yield* world.pool({ link: () => Effect.andThen(Effect.scope, Effect.never) })
      assert.strictEqual(world.live, 1)
    }))
})
