import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { assertWhole, counts, forkSettled, type Resource, type Session, settle, World } from "../support/world.ts"

/** A resource that was closed has been replaced: the pool is whole in either case. */
const assertKept = (session: Session, world: World) =>
  Effect.andThen(assertWhole(session, world, 1), Effect.sync(() => assert.strictEqual(world.closed.length, 0, "kept")))
const assertReplaced = (session: Session, world: World, times = 1) =>
  Effect.andThen(
    assertWhole(session, world, 1),
    Effect.sync(() => assert.strictEqual(world.closed.length, times, "replaced"))
  )

type Body<A, E> = (resource: Resource) => Effect.Effect<A, E>
type Using = <A, E>(session: Session, body: Body<A, E>) => Effect.Effect<A, unknown>

/** The same rules hold for a scope's exit as for that of `use`. */
const faces: ReadonlyArray<[string, Using]> = [
  ["use", (session, body) => session.use(body)],
  ["scoped", (session, body) => Effect.scoped(Effect.flatMap(session.scoped(), body))]
]

describe.each(faces)("%s", (_, using) => {
  it.effect("lends for its duration and checks in on success", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const inside = yield* using(session, () => counts(session))
      assert.deepStrictEqual(inside, { lent: 1 })
      yield* assertKept(session, world)
    }))

  it.effect("checks in on a typed failure, which comes out as it is (B-13)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      assert.deepStrictEqual(yield* Effect.exit(using(session, () => Effect.fail("query"))), Exit.fail("query"))
      yield* assertKept(session, world)
    }))

  it.effect("destroys on a typed failure that isBroken calls broken, or throws at", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({
        isBroken: (cause) => {
          if (Cause.squash(cause) === "throw") throw new Error("isBroken itself is broken")
          return Cause.squash(cause) === "disconnected"
        }
      })
      yield* Effect.exit(using(session, () => Effect.fail("query")))
      yield* assertKept(session, world)
      assert.deepStrictEqual(
        yield* Effect.exit(using(session, () => Effect.fail("disconnected"))),
        Exit.fail("disconnected")
      )
      yield* assertReplaced(session, world)
      assert.deepStrictEqual(yield* Effect.exit(using(session, () => Effect.fail("throw"))), Exit.fail("throw"))
      yield* assertReplaced(session, world, 2)
    }))

  it.effect("destroys on a defect, whatever isBroken says", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ isBroken: () => false })
      assert.deepStrictEqual(yield* Effect.exit(using(session, () => Effect.die("boom"))), Exit.die("boom"))
      yield* assertReplaced(session, world)
    }))

  it.effect("destroys on an interruption by default", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ isBroken: () => false })
      const fiber = yield* forkSettled(using(session, () => Effect.never))
      yield* Fiber.interrupt(fiber)
      yield* assertReplaced(session, world)
    }))

  it.effect("checks in on an interruption with onInterrupt: checkin, and isBroken is not asked", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ onInterrupt: "checkin", isBroken: () => true })
      const fiber = yield* forkSettled(using(session, () => Effect.never))
      yield* Fiber.interrupt(fiber)
      yield* assertKept(session, world)
    }))

  it.effect("judges a defect before an interruption before a typed failure", () =>
    Effect.gen(function*() {
      const [dies, interrupts, fails] = [Cause.die("boom"), Cause.interrupt(1), Cause.fail("query")]
      const world = new World()
      const session = yield* world.pool({ onInterrupt: "checkin", isBroken: () => true })
      yield* Effect.exit(using(session, () => Effect.failCause(Cause.combine(fails, interrupts))))
      yield* assertKept(session, world)
      yield* Effect.exit(using(session, () => Effect.failCause(Cause.combine(interrupts, dies))))
      yield* assertReplaced(session, world)
      yield* Effect.exit(using(session, () => Effect.failCause(fails)))
      yield* assertReplaced(session, world, 2)
    }))

  it.effect("gives its place in the queue up when it is interrupted while it waits", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const lease = yield* session.checkout()
      const waiter = yield* forkSettled(using(session, () => Effect.die("never runs")))
      yield* Fiber.interrupt(waiter)
      assert.deepStrictEqual(yield* counts(session), { lent: 1 })
      yield* session.checkin(lease)
      yield* assertKept(session, world)
    }))

  it.effect("interrupted between grant and delivery gives the resource back as good as new (B-10, B-17)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const lease = yield* session.checkout()
      const waiter = yield* forkSettled(using(session, () => Effect.die("never runs")))
      yield* session.checkin(lease)
      waiter.interruptUnsafe()
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(waiter)))
      yield* assertKept(session, world)
    }))

  it.effect("in an uninterruptible region waits and is served all the same", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const lease = yield* session.checkout()
      const waiter = yield* forkSettled(Effect.uninterruptible(using(session, () => Effect.succeed("served"))))
      waiter.interruptUnsafe()
      yield* session.checkin(lease)
      yield* Fiber.await(waiter)
      yield* assertWhole(session, world, 1)
    }))
})

describe("use", () => {
  it.effect("of an f that throws before it is an effect dies with that, and the lease is back (B-12)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const boom = (): Effect.Effect<void> => {
        throw new Error("boom")
      }
      const exit = yield* Effect.exit(session.use(boom))
      assert.isTrue(Exit.hasDies(exit))
      yield* assertReplaced(session, world)
    }))

  it.effect("gives f its lease, so that f can call destroyed: closed once, whatever f's exit", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const seen = yield* session.use((resource, lease) =>
        Effect.gen(function*() {
          assert.strictEqual(lease.resource, resource)
          yield* session.destroyed(lease)
          return lease
        })
      )
      assert.isFalse(seen.isLive)
      yield* assertReplaced(session, world)
    }))

  it.effect("whose lease escapes: it has ended with the use", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const lease = yield* session.use((_, lease) => Effect.succeed(lease))
      assert.isFalse(lease.isLive)
      assert.throws(() => lease.resource, Pool.LeaseExpired)
    }))

  it.effect("adopted inside is left alone: the adopter's failure is not an abandonment", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      yield* session.use((_, lease) =>
        Effect.gen(function*() {
          const adopter = yield* Effect.forkChild(Effect.andThen(session.adopt(lease), Effect.fail("adopter")))
          yield* Fiber.await(adopter)
          yield* settle
          assert.isTrue(lease.isLive)
        })
      )
      yield* assertKept(session, world)
    }))

  it.effect("checked in by f goes to the next at once, and its own end changes nothing", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      yield* session.use((_, lease) =>
        Effect.gen(function*() {
          yield* session.checkin(lease)
          yield* session.use(() => Effect.void)
          return yield* Effect.die("too late to destroy")
        })
      ).pipe(Effect.exit)
      yield* assertKept(session, world)
    }))

  it.effect("nested borrows two, and 50 in parallel never share one", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3, maxOverflow: 2 })
      const busy = new Set<Resource>()
      const work = session.use((resource) =>
        Effect.gen(function*() {
          assert.isFalse(busy.has(resource), "invariant 3: one holder")
          busy.add(resource)
          yield* Effect.yieldNow
          busy.delete(resource)
        })
      )
      yield* Effect.forEach(Array.from({ length: 50 }), () => work, { concurrency: "unbounded" })
      yield* session.use((a) => session.use((b) => Effect.sync(() => assert.notStrictEqual(a, b))))
      yield* assertWhole(session, world, 3)
    }))

  it.effect("timed out from outside ends its borrow", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const fiber = yield* forkSettled(Effect.timeoutOption(session.use(() => Effect.never), "1 second"))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "None")
      yield* assertReplaced(session, world)
    }))
})
