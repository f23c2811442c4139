import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { assertWhole, counts, drain, forkSettled, lend, type Session, settle, tagsOf, World } from "../support/world.ts"

describe("while draining", () => {
  it.effect("a lease that comes back is not kept idle, and one destroyed is not replaced (A-10, I-2)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3 })
      const [kept, broken] = yield* lend(session, 2)
      yield* drain(session)
      yield* session.destroyed(broken!)
      yield* settle
      assert.strictEqual(world.begun, 3)
      yield* session.checkin(kept!)
      yield* assertWhole(session, world, 0)
      assert.strictEqual(world.begun, 3)
    }))

  it.effect("an opening starts only for somebody who already waited", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const [broken] = yield* lend(session, 1)
      const waiter = yield* forkSettled(session.use((resource) => Effect.succeed(resource.id)))
      yield* drain(session)
      yield* session.destroyed(broken!)
      assert.strictEqual(yield* Fiber.join(waiter), 2)
      yield* assertWhole(session, world, 0)
      assert.strictEqual(world.begun, 2)
    }))

  it.effect("an opening under way is interrupted, or its product closed, and the drain completes (I-3, C-10)", () =>
    Effect.gen(function*() {
      for (const stubborn of [false, true]) {
        const world = new World()
        world.open = () => Effect.sleep("2 seconds")
        const factory = stubborn ? Effect.uninterruptible(world.factory) : world.factory
        const session = yield* world.pool({ factory, start: "background" })
        yield* settle
        const ending = yield* drain(session)
        assert.strictEqual(ending.pollUnsafe() === undefined, stubborn)
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(ending)
        assert.strictEqual(world.opened.length, stubborn ? 1 : 0)
        yield* assertWhole(session, world, 0)
      }
    }))

  it.effect("an opening that never ends is abandoned after closeTimeout, and its late product is closed (C-10)", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = () => Effect.sleep("1 hour")
      const session = yield* world.pool({
        factory: Effect.uninterruptible(world.factory),
        start: "background",
        openTimeout: "2 hours",
        closeTimeout: "3 seconds"
      })
      yield* settle
      const ending = yield* drain(session)
      yield* TestClock.adjust("3 seconds")
      yield* Fiber.join(ending)
      assert.deepStrictEqual(yield* counts(session), { abandoned: 1 })
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(world.opened.length, 1)
      assert.strictEqual(world.live, 0)
    }))

  it.effect("checkin, adopt, status and timeouts of waiters go on working", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const [lease] = yield* lend(session, 1)
      const waiter = yield* forkSettled(session.checkout({ timeout: "1 second" }))
      yield* drain(session, { timeout: "1 hour" })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* tagsOf([waiter]), ["CheckoutTimeout"])
      yield* Fiber.await(yield* Effect.forkChild(Effect.andThen(session.adopt(lease!), Effect.fail("adopter"))))
      yield* settle
      assert.isFalse(lease!.isLive)
      assert.strictEqual((yield* session.status).state, "closed")
    }))
})

it.effect("closing the scope drains within shutdownTimeout, and so does a shutdown that names no time", () =>
  Effect.gen(function*() {
    for (const byScope of [true, false]) {
      const world = new World()
      const scope = yield* Scope.make()
      const session = yield* Scope.provide(world.make({ size: 2, shutdownTimeout: "2 seconds" }), scope)
      const [back, kept] = yield* lend(session, 2)
      const ending = yield* forkSettled(byScope ? Scope.close(scope, Exit.void) : Effect.asVoid(session.shutdown()))
      yield* session.checkin(back!)
      yield* TestClock.adjust("1999 millis")
      assert.isUndefined(ending.pollUnsafe())
      assert.isTrue(kept!.isLive)
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(ending)
      assert.deepStrictEqual(yield* session.awaitShutdown, { drained: 1, forced: 1 })
      yield* assertWhole(session, world, 0)
    }
  }))

it.effect("workers are told to stop in reverse order, and close concurrently", () =>
  Effect.gen(function*() {
    const world = new World()
    world.close = () => Effect.sleep("1 second")
    const session = yield* world.pool({ size: 4, openConcurrency: 1 })
    const ending = yield* drain(session)
    assert.deepStrictEqual(world.closed.map(({ id }) => id), [4, 3, 2, 1])
    yield* TestClock.adjust("1 second")
    yield* Fiber.join(ending)
  }))

it.effect("a closing that hangs holds the shutdown up only for closeTimeout", () =>
  Effect.gen(function*() {
    const world = new World()
    world.close = () => Effect.never
    const scope = yield* Scope.make()
    const session = yield* Scope.provide(world.make({ size: 3, closeTimeout: "2 seconds" }), scope)
    const closing = yield* forkSettled(Scope.close(scope, Exit.void))
    yield* TestClock.adjust("1999 millis")
    assert.isUndefined(closing.pollUnsafe())
    yield* TestClock.adjust("1 millis")
    yield* Fiber.join(closing)
    assert.deepStrictEqual(yield* counts(session), { abandoned: 3 })
  }))

describe("a lease of the very fiber that ends the pool", () => {
  const ways: ReadonlyArray<[string, (session: Session, close: Effect.Effect<void>) => Effect.Effect<unknown>]> = [
    ["shutdown", (session) => session.shutdown()],
    ["shutdown, infinity", (session) => session.shutdown({ timeout: "infinity" })],
    ["the scope's end", (_, close) => close]
  ]
  it.effect.each(ways)("cannot come back, so it is revoked at once: %s", ([, end]) =>
    Effect.gen(function*() {
      const world = new World()
      const scope = yield* Scope.make()
      const session = yield* Scope.provide(world.make({ size: 2 }), scope)
      const lease = yield* session.checkout()
      yield* end(session, Scope.close(scope, Exit.void))
      assert.isFalse(lease.isLive)
      yield* assertWhole(session, world, 0)
    }))

  it.effect("also when that fiber awaits the end first and another one shuts down", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const holder = yield* forkSettled(Effect.andThen(session.checkout(), session.awaitShutdown))
      assert.deepStrictEqual(yield* session.shutdown(), { drained: 0, forced: 1 })
      yield* Fiber.join(holder)
    }))

  it.effect("inside its own use, too", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      assert.deepStrictEqual(yield* session.use(() => session.shutdown()), { drained: 0, forced: 1 })
      yield* assertWhole(session, world, 0)
    }))

  it.effect("but not of one that awaits it no more, and gives back in its finalizer", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const holder = yield* forkSettled(Effect.gen(function*() {
        const lease = yield* session.checkout()
        yield* Effect.onInterrupt(session.awaitShutdown, () => Effect.delay(session.checkin(lease), "1 second"))
      }))
      holder.interruptUnsafe()
      const clock = yield* Effect.forkChild(TestClock.adjust("1 second"))
      assert.deepStrictEqual(yield* session.shutdown(), { drained: 1, forced: 0 })
      yield* Fiber.join(clock)
    }))

  it.effect("but not one that another fiber has adopted", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const lease = yield* session.checkout()
      const adopter = yield* forkSettled(Effect.gen(function*() {
        yield* session.adopt(lease)
        yield* Effect.sleep("1 second")
        yield* session.checkin(lease)
      }))
      const clock = yield* Effect.forkChild(TestClock.adjust("1 second"))
      assert.deepStrictEqual(yield* session.shutdown(), { drained: 1, forced: 0 })
      yield* Fiber.joinAll([clock, adopter])
    }))
})
