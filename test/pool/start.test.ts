import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { assertWhole, counts, forkSettled, OpenError, settle, World } from "../support/world.ts"

describe("start: eager", () => {
  it.effect("make waits until `size` resources are open", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = () => Effect.sleep("1 second")
      const making = yield* forkSettled(world.pool({ size: 4 }))
      assert.isUndefined(making.pollUnsafe())
      yield* TestClock.adjust("1 second")
      const session = yield* Fiber.join(making)
      yield* assertWhole(session, world, 4)
    }))

  it.effect("a failing opening closes what was opened, and make fails with the first failure", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => id < 3 ? Effect.sleep(`${id} seconds`) : Effect.delay(new OpenError({ id }), `${id} seconds`)
      const making = yield* forkSettled(Effect.exit(world.pool({ size: 6, openConcurrency: 6 })))
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(yield* Fiber.join(making), Exit.fail(new OpenError({ id: 3 })))
      assert.strictEqual(world.opened.length, 2)
      assert.strictEqual(world.live, 0, "it was closed before make failed")
      assert.strictEqual(world.begun, 6, "nothing was tried again")
    }))

  it.effect("a typed failure of the factory is make's failure even if the closing of the others is slow", () =>
    Effect.gen(function*() {
      const world = new World()
      world.close = () => Effect.sleep("2 seconds")
      world.open = (id) => id === 2 ? new OpenError({ id }) : Effect.void
      const making = yield* forkSettled(Effect.exit(world.pool({ size: 2 })))
      yield* TestClock.adjust("1 second")
      assert.isUndefined(making.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(making), Exit.fail(new OpenError({ id: 2 })))
    }))

  it.effect("make dies with the defect of a factory that dies", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = () => Effect.die("boom")
      assert.deepStrictEqual(yield* Effect.exit(world.pool({ size: 2 })), Exit.die("boom"))
      assert.strictEqual(world.live, 0)
    }))

  it.effect("make dies with what a factory throws before it is an effect at all (C-7)", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = () => {
        throw new Error("boom")
      }
      const exit = yield* Effect.exit(world.pool({ size: 2 }))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    }))

  it.effect("make fails with OpenTimeout when an opening takes longer than `openTimeout`", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = () => Effect.never
      const making = yield* forkSettled(Effect.flip(world.pool({ name: "db", openTimeout: "2 seconds" })))
      yield* TestClock.adjust("2 seconds")
      const error = yield* Fiber.join(making)
      assert.instanceOf(error, Pool.OpenTimeout)
      assert.strictEqual(error.pool, "db")
    }))

  it.effect("an interrupted make closes what was opened", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => id === 1 ? Effect.void : Effect.never
      const making = yield* forkSettled(world.pool({ size: 2 }))
      assert.strictEqual(world.live, 1)
      yield* Fiber.interrupt(making)
      assert.strictEqual(world.live, 0)
    }))

  it.effect("openings beyond `openConcurrency` wait for the ones before them", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = () => Effect.sleep("1 second")
      const making = yield* forkSettled(world.pool({ size: 5, openConcurrency: 2 }))
      assert.strictEqual(world.begun, 2)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(world.begun, 4)
      yield* TestClock.adjust("2 seconds")
      yield* assertWhole(yield* Fiber.join(making), world, 5)
    }))
})

describe("start: background", () => {
  it.effect("make does not wait, and openings go on behind it", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = () => Effect.sleep("1 second")
      const session = yield* world.pool({ size: 3, start: "background" })
      yield* settle
      assert.deepStrictEqual(yield* counts(session), { opening: 3 })
      yield* TestClock.adjust("1 second")
      yield* assertWhole(session, world, 3)
    }))

  it.effect("a failing opening is tried again instead of failing make (A-11, H-3)", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => id < 3 ? new OpenError({ id }) : Effect.void
      const session = yield* world.pool({ size: 1, start: "background" })
      yield* TestClock.adjust("1 minute")
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.begun, 3)
    }))
})

describe("start: lazy", () => {
  it.effect("nothing is opened before somebody asks, and then no more than that", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3, start: "lazy" })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(world.begun, 0)
      yield* session.use(() => Effect.void)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("parallel first checkouts open no more than `size` (D-2)", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = () => Effect.sleep("1 second")
      const session = yield* world.pool({ size: 2, start: "lazy" })
      const all = yield* forkSettled(
        Effect.forEach(Array.from({ length: 20 }), () => session.use(() => Effect.sleep(10)), { concurrency: 20 })
      )
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(all)
      assert.strictEqual(world.begun, 2)
      yield* assertWhole(session, world, 2)
    }))

  it.effect("tryCheckout answers PoolFull and warms the pool up, one opening a call, up to `size`", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = () => Effect.sleep("1 second")
      const session = yield* world.pool({ size: 2, maxOverflow: 3, start: "lazy" })
      for (let i = 0; i < 5; i++) assert.strictEqual((yield* Effect.flip(session.tryCheckout()))._tag, "PoolFull")
      yield* settle
      assert.strictEqual(world.begun, 2)
      yield* TestClock.adjust("1 second")
      const leases = [yield* session.tryCheckout(), yield* session.tryCheckout()]
      assert.strictEqual((yield* Effect.flip(session.tryCheckout()))._tag, "PoolFull")
      yield* Effect.forEach(leases, (lease) => session.checkin(lease))
      yield* assertWhole(session, world, 2)
    }))

  it.effect("a resource that dies is replaced, but a pool nobody has asked stays empty", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, start: "lazy", link: world.link })
      const lease = yield* session.checkout()
      yield* world.kill(lease.resource)
      yield* settle
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.begun, 2)
    }))
})

it.effect("closing the scope of make closes every resource exactly once", () =>
  Effect.gen(function*() {
    const world = new World()
    const scope = yield* Scope.make()
    const session = yield* Scope.provide(world.make({ size: 3, maxOverflow: 1 }), scope)
    const leases = yield* Effect.forEach([1, 2, 3, 4], () => session.checkout())
    yield* Effect.forEach(leases, (lease) => session.checkin(lease))
    yield* Scope.close(scope, Exit.void)
    assert.strictEqual(world.closed.length, 4)
    assert.deepStrictEqual(world.problems, [])
    assert.strictEqual((yield* session.status).state, "closed")
  }))
