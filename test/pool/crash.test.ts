import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Machine } from "../../src/pool/Machine.ts"
import { crash } from "../support/crash.ts"
import { withCounters } from "../support/liveFibers.ts"
import { withLogs } from "../support/logs.ts"
import { assertWhole, counts, forkSettled, lend, OpenError, settle, tagsOf, World } from "../support/world.ts"

describe("a crash of the supervisor actor", () => {
  it.effect("fails its waiters with PoolCrashed, however they wait, and says why", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ name: "db" })
      yield* lend(session, 1)
      const waiters = yield* Effect.forEach([
        session.checkout(),
        session.use(() => Effect.void),
        Effect.scoped(session.scoped()),
        session.checkout({ timeout: "infinity" })
      ], (waiting) => forkSettled(Effect.asVoid(waiting)))
      yield* crash(session)
      for (const waiter of waiters) {
        const error = yield* Effect.flip(Fiber.join(waiter))
        assert(error._tag === "PoolCrashed")
        assert.strictEqual(error.reason._tag, "Crash")
        assert.strictEqual(error.message, "pool \"db\" has crashed: Crash(Error)")
      }
    }))

  it.effect("is told to an asker whose grant was on its way, too", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ size: 2 })
      const leases = yield* lend(session, 2)
      const waiters = [yield* forkSettled(session.checkout()), yield* forkSettled(session.use(() => Effect.never))]
      yield* Effect.forEach(leases, (lease) => session.checkin(lease))
      yield* crash(session)
      assert.deepStrictEqual(yield* tagsOf(waiters), ["PoolCrashed", "PoolCrashed"])
    }))

  it.effect("ends its leases: what gives them back later changes nothing in the next incarnation", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      const [lease] = yield* lend(session, 1)
      yield* crash(session)
      yield* settle
      const [another] = yield* lend(session, 1)
      assert.isFalse(lease!.isLive)
      yield* session.checkin(lease!)
      yield* session.destroyed(lease!)
      yield* session.adopt(lease!)
      assert.isTrue(another!.isLive)
      yield* session.checkin(another!)
      yield* assertWhole(session, world, 2)
    }))

  it.effect("closes its resources once: idle, lent and still opening", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, maxOverflow: 1 })
      yield* lend(session, 2)
      world.open = () => Effect.never
      yield* forkSettled(Effect.exit(session.checkout()))
      yield* crash(session)
      yield* settle
      assert.strictEqual(world.live, 0)
      assert.deepStrictEqual(world.problems, [])
    }))

  it.effect("is survived: the same sessions are served by a fresh incarnation", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      const clone = yield* session.clone
      yield* crash(session)
      assert.oneOf(yield* session.use(({ id }) => Effect.succeed(id)), [3, 4])
      assert.oneOf(yield* clone.use(({ id }) => Effect.succeed(id)), [3, 4])
      yield* assertWhole(session, world, 2)
      assert.strictEqual(world.closed.length, 2)
    }))

  it.effect("is survived in the middle of an outage, though the pool had started eagerly", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1 })
      world.open = (id) => Effect.fail(new OpenError({ id }))
      yield* crash(session)
      const asking = yield* forkSettled(session.use(Effect.succeed, { timeout: "1 minute" }))
      yield* TestClock.adjust("30 seconds")
      world.open = () => Effect.void
      yield* TestClock.adjust("30 seconds")
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(asking)))
      yield* assertWhole(session, world, 1)
    }))

  it.effect("that a checkout's own turn was is that checkout's answer: it is not asked again", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const handle = Machine.prototype.handle
      let crashes = 0
      Machine.prototype.handle = function(message) {
        if (message._tag !== "Checkout") return handle.call(this, message)
        crashes++
        throw new Error("poison")
      }
      const asking = [
        yield* forkSettled(session.use(() => Effect.void)),
        yield* forkSettled(Effect.asVoid(session.checkout()))
      ]
      Machine.prototype.handle = handle
      // A checkout that found no answer at its first attempt asks a second time; that one is waited for.
      assert.isAtMost(crashes, 3)
      assert.deepStrictEqual(yield* tagsOf(asking), ["PoolCrashed", "PoolCrashed"])
      yield* session.use(() => Effect.void)
    }))

  it.effect("leaves a running use alone: it ends with its own exit", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const using = yield* forkSettled(session.use(() => Effect.as(Effect.sleep("1 second"), "undisturbed")))
      yield* crash(session)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(using), "undisturbed")
    }))

  it.effect("never throws into whoever happened to send the message", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(crash(session))))
    }))

  it.effect("is logged once by the supervisor, with its reason, and no resource in it", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({ name: "db" })
        yield* crash(session)
        yield* settle
        assert.lengthOf(lines, 1)
        assert.match(lines[0]!.message, /supervisor "db".*"db".*Crash\(Error\)/)
      })
    ))
})

describe("between two incarnations", () => {
  /** The old resources are slow to close, so the next incarnation has to wait for them. */
  const inTheGap = (options: Parameters<World["pool"]>[0] = {}) =>
    Effect.gen(function*() {
      const world = new World()
      world.close = () => Effect.sleep("2 seconds")
      const session = yield* world.pool(options)
      // At the end of the test the old resources are let close.
      yield* Effect.addFinalizer(() => TestClock.adjust("1 minute"))
      yield* crash(session)
      yield* settle
      world.close = () => Effect.void
      return { session, world }
    })

  it.effect("no resource of the next one is opened before those of the last are closed", () =>
    Effect.gen(function*() {
      const { world } = yield* inTheGap({ size: 3 })
      yield* TestClock.adjust("1 second")
      assert.strictEqual(world.begun, 3)
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.strictEqual(world.begun, 6)
    }))

  it.effect("one that does not close holds the next incarnation up for closeTimeout and no longer", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ closeTimeout: "2 seconds" })
      world.close = ({ id }) => id === 1 ? Effect.never : Effect.void
      yield* crash(session)
      yield* TestClock.adjust("1999 millis")
      assert.strictEqual(world.begun, 1)
      yield* TestClock.adjust("1 millis")
      yield* settle
      assert.strictEqual(world.begun, 2)
    }))

  it.effect("who asks waits, in the order of asking, and is served", () =>
    Effect.gen(function*() {
      const { session } = yield* inTheGap()
      const served: Array<number> = []
      const asking = yield* Effect.forEach([1, 2, 3], (n) =>
        forkSettled(session.use(() => Effect.sync(() => served.push(n)))))
      assert.deepStrictEqual(yield* counts(session), { closing: 1, waiting: 3 })
      assert.strictEqual((yield* session.status).state, "full")
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.joinAll(asking)
      assert.deepStrictEqual(served, [1, 2, 3])
    }))

  it.effect("each waits no longer than its own deadline, of which the wait for the incarnation is a part", () =>
    Effect.gen(function*() {
      const { session, world } = yield* inTheGap()
      const early = yield* forkSettled(session.checkout({ timeout: "1500 millis" }))
      const late = yield* forkSettled(session.use(() => Effect.void, { timeout: "3 seconds" }))
      world.open = () => Effect.never
      yield* TestClock.adjust("1499 millis")
      assert.isUndefined(early.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      const error = yield* Effect.flip(Fiber.join(early))
      assert(error._tag === "CheckoutTimeout")
      assert.strictEqual(error.phase, "open")
      assert.match(error.message, /within 1\.500 s/)
      yield* TestClock.adjust("1499 millis")
      assert.isUndefined(late.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.match((yield* Effect.flip(Fiber.join(late))).message, /within 3\.000 s/)
    }))

  it.effect("who has no time to wait is refused at once", () =>
    Effect.gen(function*() {
      const { session } = yield* inTheGap()
      const errors = [
        yield* Effect.flip(session.checkout({ timeout: 0 })),
        yield* Effect.flip(session.use(() => Effect.void, { timeout: 0 })),
        yield* Effect.flip(session.tryCheckout())
      ]
      assert.deepStrictEqual(errors.map(({ _tag }) => _tag), ["CheckoutTimeout", "CheckoutTimeout", "PoolFull"])
    }))

  it.effect("who is interrupted leaves the line", () =>
    Effect.gen(function*() {
      const { session, world } = yield* inTheGap()
      const asking = yield* Effect.forEach([session.checkout(), session.use(() => Effect.never)], (ask) =>
        forkSettled(Effect.asVoid(ask)))
      yield* Fiber.interruptAll(asking)
      assert.deepStrictEqual(yield* counts(session), { closing: 1 })
      yield* TestClock.adjust("2 seconds")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("as many wait as maxWaiting allows once the next one opens, and no more", () =>
    Effect.gen(function*() {
      const { session } = yield* inTheGap({ maxWaiting: 1, maxOverflow: 1 })
      const waiting = yield* Effect.forEach([1, 2, 3], () => forkSettled(session.use(() => Effect.void)))
      const errors = [yield* Effect.flip(session.checkout()), yield* Effect.flip(session.use(() => Effect.void))]
      assert.deepStrictEqual(errors.map(({ _tag }) => _tag), ["PoolOverloaded", "PoolOverloaded"])
      assert.strictEqual((yield* Effect.flip(session.checkout({ timeout: 0 })))._tag, "CheckoutTimeout")
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.joinAll(waiting)
    }))

  it.effect("the report of a shutdown is about that shutdown, and the same for all, not about the crash before", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      yield* lend(session, 2)
      const awaiting = yield* forkSettled(session.awaitShutdown)
      yield* crash(session)
      const ending = yield* forkSettled(session.shutdown())
      const none = { drained: 0, forced: 0 }
      assert.deepStrictEqual(yield* Fiber.joinAll([awaiting, ending]), [none, none])
    }))

  it.effect("a shutdown ends the pool: nobody is served any more, and nothing opens", () =>
    Effect.gen(function*() {
      const { session, world } = yield* inTheGap()
      const asking = yield* forkSettled(session.checkout())
      const ending = yield* forkSettled(session.shutdown())
      assert.deepStrictEqual(yield* tagsOf([asking]), ["PoolClosed"])
      assert.isUndefined(ending.pollUnsafe())
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(ending)
      assert.strictEqual((yield* Effect.flip(session.checkout()))._tag, "PoolClosed")
      assert.strictEqual(world.begun, 1)
      yield* assertWhole(session, world, 0)
    }))

  it.effect("dropping the last session ends the pool, if it was to end with it", () =>
    Effect.gen(function*() {
      const { session, world } = yield* inTheGap({ stopWithLastSession: true })
      yield* session.drop
      yield* TestClock.adjust("2 seconds")
      yield* session.awaitShutdown
      assert.strictEqual(world.begun, 1)
    }))

  it.effect("closing the scope ends the pool when the old resources are closed", () =>
    withCounters(({ fibers, sleeps }) =>
      Effect.gen(function*() {
        const world = new World()
        world.close = () => Effect.sleep("2 seconds")
        const scope = yield* Scope.make()
        const session = yield* Scope.provide(world.make({}), scope)
        yield* crash(session)
        const closing = yield* forkSettled(Scope.close(scope, Exit.void))
        assert.isUndefined(closing.pollUnsafe())
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(closing)
        yield* settle
        assert.strictEqual(fibers(), 0)
        assert.strictEqual(sleeps(), 0)
        assert.strictEqual(world.live, 0)
      })
    ))
})

describe("numbers that outlive an incarnation", () => {
  it.effect("the ids of leases go on, so that no two leases of a pool have the same", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ size: 2 })
      const leases = yield* lend(session, 2)
      yield* crash(session)
      yield* settle
      leases.push(...yield* lend(session, 2))
      yield* crash(session)
      yield* settle
      leases.push(...yield* lend(session, 1))
      assert.deepStrictEqual(leases.map(({ id }) => id), [1, 2, 3, 4, 5])
    }))

  it.effect("what was abandoned stays counted; closings that outlive a crash are, too, and a warning says so", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({ closeTimeout: "1 second" })
        world.close = ({ id }) => id < 3 ? Effect.never : Effect.void
        const [lease] = yield* lend(session, 1)
        yield* session.destroyed(lease!)
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* counts(session), { idle: 1, abandoned: 1 })
        yield* crash(session)
        yield* settle
        assert.deepStrictEqual(yield* counts(session), { closing: 1, abandoned: 1 })
        yield* TestClock.adjust("1 second")
        yield* settle
        assert.deepStrictEqual(yield* counts(session), { idle: 1, abandoned: 2 })
        assert.match(lines.at(-1)!.message, /1 did not close in time after its crash, given up/)
      })
    ))
})

describe("the end of a pool that crashes", () => {
  it.effect("those who await the shutdown go on waiting, for the pool goes on", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const awaiting = yield* forkSettled(session.awaitShutdown)
      yield* crash(session)
      yield* settle
      assert.isUndefined(awaiting.pollUnsafe())
      yield* session.shutdown()
      yield* Fiber.join(awaiting)
    }))

  it.effect("a crash during the shutdown is the end: those who awaited it have it, and nothing opens", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      yield* lend(session, 1)
      const awaiting = [yield* forkSettled(session.awaitShutdown), yield* forkSettled(session.shutdown())]
      yield* crash(session)
      assert.deepStrictEqual(yield* Fiber.joinAll(awaiting), [{ drained: 0, forced: 1 }, { drained: 0, forced: 1 }])
      assert.strictEqual((yield* Effect.flip(session.checkout()))._tag, "PoolCrashed")
      assert.strictEqual(world.begun, 1)
    }))

  it.effect("a lease that nobody had taken yet is none of those that were revoked", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const [lease] = yield* lend(session, 1)
      const waiter = yield* forkSettled(session.checkout({ owner: "none" }))
      const ending = yield* forkSettled(session.shutdown())
      yield* session.checkin(lease!)
      yield* crash(session)
      assert.deepStrictEqual(yield* tagsOf([waiter]), ["PoolCrashed"])
      assert.deepStrictEqual(yield* Fiber.join(ending), { drained: 1, forced: 0 })
    }))

  it.effect("one crash too many within 10 seconds ends the pool: every later call fails with PoolCrashed", () =>
    withCounters(({ fibers, sleeps }) =>
      Effect.gen(function*() {
        const world = new World()
        const scope = yield* Scope.make()
        const session = yield* Scope.provide(world.make({}), scope)
        for (let i = 0; i < 5; i++) {
          yield* crash(session)
          yield* session.use(() => Effect.void)
        }
        const awaiting = yield* forkSettled(session.awaitShutdown)
        yield* crash(session)
        yield* Fiber.join(awaiting)
        const errors = [
          yield* Effect.flip(session.checkout()),
          yield* Effect.flip(session.checkout({ timeout: 0 })),
          yield* Effect.flip(session.tryCheckout()),
          yield* Effect.flip(session.use(() => Effect.void)),
          yield* Effect.flip(Effect.scoped(session.scoped()))
        ]
        assert.deepStrictEqual(errors.map(({ _tag }) => _tag), errors.map(() => "PoolCrashed"))
        assert.strictEqual((yield* session.status).state, "closed")
        yield* session.shutdown()
        yield* settle
        assert.strictEqual(fibers(), 0)
        assert.strictEqual(sleeps(), 0)
        assert.strictEqual(world.live, 0)
        yield* Scope.close(scope, Exit.void)
      })
    ))

  it.effect("crashes that lie further apart than that never end it", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      for (let i = 0; i < 20; i++) {
        yield* crash(session)
        yield* session.use(() => Effect.void)
        yield* TestClock.adjust("3 seconds")
      }
    }))

  it.effect("after many crashes nothing is left of the incarnations that were", () =>
    withCounters(({ fibers }) =>
      Effect.gen(function*() {
        const session = yield* new World().make({ size: 3 })
        yield* settle
        const before = fibers()
        for (let i = 0; i < 10; i++) {
          yield* crash(session)
          yield* TestClock.adjust("11 seconds")
        }
        yield* settle
        assert.strictEqual(fibers(), before)
        yield* session.shutdown()
      })
    ))
})
