/** The pool stands still for the minutes of a failover: nothing is lent, nothing is opened, nobody fails before his time (D7). */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Overload } from "whitepool"
import { crash } from "../support/crash.ts"
import { withCounters } from "../support/liveFibers.ts"
import { id, ids } from "../support/resources.ts"
import { assertWhole, counts, drain, forkSettled, lend, OpenError, settle, tagsOf, World } from "../support/world.ts"

const times = (count: number) => Array.from({ length: count }, (_, index) => index)

describe("while suspended", () => {
  it.effect("a checkout waits though something is idle, and is served by resume, in order of arrival (D7)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      yield* session.suspend
      assert.deepInclude(yield* session.status, { suspended: true, idle: 2 })
      const served: Array<string> = []
      const ask = (name: string) => forkSettled(session.use(() => Effect.sync(() => served.push(name))))
      const asking = [yield* ask("a"), yield* ask("b"), yield* ask("c")]
      assert.deepStrictEqual(yield* counts(session), { idle: 2, waiting: 3 })
      yield* session.resume
      yield* Effect.forEach(asking, Fiber.join)
      assert.deepStrictEqual(served, ["a", "b", "c"])
      assert.strictEqual((yield* session.status).suspended, false)
      yield* assertWhole(session, world, 2)
    }))

  it.effect("a checkout fails at its deadline and not before, and one that has no time to wait at once", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1 })
      yield* session.suspend
      const waiter = yield* forkSettled(session.checkout({ timeout: "3 seconds" }))
      yield* TestClock.adjust("2999 millis")
      assert.isUndefined(waiter.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* tagsOf([waiter]), ["CheckoutTimeout"])
      assert.strictEqual((yield* Effect.flip(session.checkout({ timeout: 0 })))._tag, "CheckoutTimeout")
      assert.strictEqual((yield* Effect.flip(session.tryCheckout()))._tag, "PoolFull")
      yield* session.resume
      yield* assertWhole(session, world, 1)
    }))

  it.effect("what is lent goes on, and comes back to nobody: not even to who waits for it", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const [lease] = yield* lend(session, 1)
      const waiter = yield* forkSettled(session.use(id))
      yield* session.suspend
      assert.isTrue(lease!.isLive)
      yield* session.checkin(lease!)
      yield* settle
      assert.deepStrictEqual(yield* counts(session), { idle: 1, waiting: 1 })
      yield* session.resume
      assert.strictEqual(yield* Fiber.join(waiter), 1)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("nothing is opened: not for who waits, nor for what is lost, nor what a try would warm up", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, maxOverflow: 2, start: "lazy" })
      const lease = yield* session.checkout()
      yield* session.suspend
      yield* session.destroyed(lease)
      const waiters = yield* Effect.forEach(times(3), () => forkSettled(session.use(id)))
      yield* Effect.flip(session.tryCheckout())
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual(world.begun, 1)
      yield* session.resume
      assert.deepStrictEqual((yield* Effect.forEach(waiters, Fiber.join)).length, 3)
      yield* settle
      assert.isAtMost(world.peak, 4)
    }))

  it.effect("an opening that is under way ends, and what it yields is kept for later", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = () => Effect.sleep("2 seconds")
      const session = yield* world.pool({ start: "background" })
      const waiter = yield* forkSettled(session.use(id))
      yield* session.suspend
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* counts(session), { idle: 1, waiting: 1 })
      yield* session.resume
      assert.strictEqual(yield* Fiber.join(waiter), 1)
    }))

  it.effect("a failed opening is not tried again before resume, when its back-off is over too", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => new OpenError({ id })
      const session = yield* world.pool({ start: "background" })
      yield* settle
      yield* session.suspend
      for (const _ of times(6)) yield* TestClock.adjust("10 seconds")
      assert.strictEqual(world.begun, 1)
      world.open = () => Effect.void
      yield* session.resume
      yield* assertWhole(session, world, 1)
    }))

  it.effect("maxWaiting bounds those who wait (Q4)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, maxWaiting: 2 })
      const [lease] = yield* lend(session, 1)
      yield* session.suspend
      const waiting = yield* Effect.forEach(times(2), () => forkSettled(session.use(id)))
      const error = yield* Effect.flip(session.checkout())
      assert.match(String(error), /^PoolOverloaded: .*too many are waiting \(suspended, size=1\+0/)
      yield* session.checkin(lease!)
      yield* session.resume
      yield* Effect.forEach(waiting, Fiber.join)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("one that is told by its validation to be well is kept for later", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ validate: () => Effect.delay(Effect.succeed(true), "1 seconds") })
      yield* TestClock.adjust("1 seconds")
      const trying = yield* forkSettled(session.tryCheckout())
      const waiter = yield* forkSettled(session.use(id))
      assert.deepInclude(yield* session.status, { validating: 1, waiting: 2 })
      yield* session.suspend
      yield* settle
      assert.isDefined(trying.pollUnsafe(), "there is nothing more that it could wait for")
      assert.deepStrictEqual(yield* tagsOf([trying]), ["PoolFull"])
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(yield* counts(session), { idle: 1, waiting: 1 })
      yield* session.resume
      assert.strictEqual(yield* Fiber.join(waiter), 1)
    }))

  it.effect("time goes on: what is past its lifetime is closed, and replaced after resume", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, maxLifetime: "1 minute" })
      yield* session.suspend
      for (const _ of times(10)) yield* TestClock.adjust("10 seconds")
      assert.sameMembers([...ids(world.closed)], [1, 2])
      assert.strictEqual(world.begun, 2)
      yield* session.resume
      yield* assertWhole(session, world, 2)
    }))

  it.effect("evictAll closes all there is, and resume opens anew: a failover in three lines", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3 })
      yield* session.suspend
      yield* session.evictAll()
      yield* assertWhole(session, world, 0)
      const asking = yield* Effect.forEach(times(5), () => forkSettled(session.use(id, { timeout: "1 minute" })))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(world.begun, 3)
      yield* session.resume
      const served = yield* Effect.forEach(asking, Fiber.join)
      assert.isTrue(served.every((one) => one > 3))
      yield* assertWhole(session, world, 3)
    }))

  it.effect("CoDel drops nobody, and neither does it after resume those who had to wait for that: it was no overload", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, overload: Overload.codel(), checkoutTimeout: "1 minute" })
      yield* session.suspend
      const waiters = yield* Effect.forEach(times(20), () => forkSettled(session.use(() => Effect.sleep("10 millis"))))
      for (const _ of times(30)) yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(yield* counts(session), { idle: 2, waiting: 20 })
      yield* session.resume
      for (const _ of times(20)) yield* TestClock.adjust("10 millis")
      yield* Effect.forEach(waiters, Fiber.join)
      yield* assertWhole(session, world, 2)
    }))

  it.effect("somebody who gives up waiting is gone", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      yield* session.suspend
      const waiter = yield* forkSettled(session.checkout())
      yield* Fiber.interrupt(waiter)
      assert.deepStrictEqual(yield* counts(session), { idle: 1 })
      yield* session.resume
      yield* assertWhole(session, world, 1)
    }))
})

describe("suspend and resume", () => {
  it.effect("count once, however often they are called, and through whichever session", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const clone = yield* session.clone
      yield* session.resume
      yield* session.suspend
      yield* clone.suspend
      const waiter = yield* forkSettled(session.use(id))
      assert.isTrue((yield* clone.status).suspended)
      yield* clone.resume
      assert.strictEqual(yield* Fiber.join(waiter), 1)
      yield* session.resume
      yield* assertWhole(session, world, 1)
    }))

  it.effect("leave a plain pool behind, without a timer (G-13)", () =>
    withCounters(({ sleeps }) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({ size: 2 })
        yield* session.suspend
        yield* settle
        assert.strictEqual(sleeps(), 0)
        yield* session.resume
        yield* session.use(id)
        yield* settle
        assert.strictEqual(sleeps(), 0)
      })
    ))

  it.effect("survive a crash of the actor: the next incarnation opens and lends nothing, until resume", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      yield* session.suspend
      yield* crash(session)
      yield* settle
      assert.deepInclude(yield* session.status, { suspended: true, idle: 0, opening: 0 })
      assert.strictEqual(world.begun, 2)
      const waiter = yield* forkSettled(session.use(id, { timeout: "1 minute" }))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(world.begun, 2)
      yield* session.resume
      assert.isAbove(yield* Fiber.join(waiter), 2)
      yield* assertWhole(session, world, 2)
    }))

  it.effect("between two incarnations apply to the next one", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1 })
      yield* crash(session)
      yield* session.suspend
      assert.isTrue((yield* session.status).suspended)
      yield* settle
      assert.strictEqual(world.begun, 1)
      yield* crash(session)
      yield* session.resume
      yield* assertWhole(session, world, 1)
    }))

  it.effect("of a pool that drains or has ended are over: a shutdown resumes, for those who wait", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1 })
      yield* session.suspend
      const waiters = yield* Effect.forEach(times(2), () => forkSettled(session.use(id)))
      const ending = yield* drain(session)
      assert.deepStrictEqual(yield* Effect.forEach(waiters, Fiber.join), [1, 1])
      yield* Fiber.join(ending)
      yield* session.suspend
      yield* session.resume
      assert.deepInclude(yield* session.status, { state: "closed" })
      yield* assertWhole(session, world, 0)
    }))

  it.effect("in the middle of a drain change nothing of it", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1 })
      const [lease] = yield* lend(session, 1)
      const waiter = yield* forkSettled(session.use(id))
      const ending = yield* drain(session)
      yield* session.suspend
      yield* session.checkin(lease!)
      assert.strictEqual(yield* Fiber.join(waiter), 1)
      yield* Fiber.join(ending)
      yield* assertWhole(session, world, 0)
    }))

  it.effect("of a pool whose scope closes hold nothing up", () =>
    Effect.gen(function*() {
      const world = new World()
      const scope = yield* Scope.make()
      const session = yield* Scope.provide(world.make({ size: 2 }), scope)
      yield* session.suspend
      yield* Scope.close(scope, Exit.void)
      yield* assertWhole(session, world, 0)
    }))
})
