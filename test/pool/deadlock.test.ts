/** Fibers that hold what they wait for: a timeout says that it may be so (C13, HikariCP's pool-locking). */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { assertWhole, forkSettled, lend, OpenError, type Session, World } from "../support/world.ts"

/** Holds one, and wants another one for so long. */
const nested = (session: Session, millis: number) =>
  session.use(() => session.use(() => Effect.void, { timeout: millis }))

/** The same, of several: each holds one before any of them wants another one. */
const nestedAll = (session: Session, millis: ReadonlyArray<number>) =>
  Effect.gen(function*() {
    const one = (wait: number) =>
      session.use(() => Effect.andThen(Effect.sleep("1 millis"), session.use(() => Effect.void, { timeout: wait })))
    const fibers = yield* Effect.forEach(millis, (wait) => forkSettled(one(wait)))
    yield* TestClock.adjust("1 millis")
    return fibers
  })

/** How a checkout has timed out. */
const timeoutOf = (fiber: Fiber.Fiber<unknown, unknown>) =>
  Effect.map(Effect.flip(Fiber.join(fiber)), (error) => {
    assert(error instanceof Pool.CheckoutTimeout)
    return error
  })

const hint = "; all of them are held by fibers that wait for one more"

describe("a timeout may be a deadlock", () => {
  it.effect("where a fiber holds all there is, and waits for one more: the message says so (C13)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ name: "db" })
      const error = yield* Effect.flatMap(
        forkSettled(nested(session, 1_000)),
        (fiber) => Effect.andThen(TestClock.adjust("1 seconds"), timeoutOf(fiber))
      )
      assert.isTrue(error.mayBeDeadlock)
      assert.strictEqual(
        error.message,
        "pool \"db\": no resource within 1.000 s (phase queue; size=1+0, idle=0, lent=1, opening=0, closing=0, " +
          `waiting=1; oldest lease 1.000 s${hint})`
      )
      yield* assertWhole(session, world, 1)
    }))

  it.effect("in every way of borrowing", () =>
    Effect.gen(function*() {
      const ways: ReadonlyArray<(session: Session) => Effect.Effect<unknown, unknown>> = [
        (session) => nested(session, 1_000),
        (session) => Effect.andThen(session.checkout(), session.checkout({ timeout: 1_000 })),
        (session) => Effect.andThen(session.checkout(), session.use(() => Effect.void, { timeout: 1_000 })),
        (session) => session.use(() => session.checkout({ timeout: 1_000 })),
        (session) => Effect.scoped(Effect.andThen(session.scoped(), session.scoped({ timeout: 1_000 }))),
        (session) =>
          Effect.flatMap(
            session.checkout({ owner: "none" }),
            (lease) => Effect.andThen(session.adopt(lease), session.checkout({ timeout: 1_000 }))
          )
      ]
      for (const way of ways) {
        const world = new World()
        const session = yield* world.pool({})
        const fiber = yield* forkSettled(way(session))
        yield* TestClock.adjust("1 seconds")
        assert.isTrue((yield* timeoutOf(fiber)).mayBeDeadlock)
      }
    }))

  it.effect("where several hold all there is among them, and each waits: for the first whose time is up", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3 })
      const fibers = yield* nestedAll(session, [1_000, 2_000, 3_000])
      yield* TestClock.adjust("1 seconds")
      assert.isTrue((yield* timeoutOf(fibers[0]!)).mayBeDeadlock)
      // Its resource went to the next of them.
      yield* Fiber.join(fibers[1]!)
      yield* Fiber.join(fibers[2]!)
      yield* assertWhole(session, world, 3)
    }))

  it.effect("for all of those whose time is up at once", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ size: 3 })
      const fibers = yield* nestedAll(session, [1_000, 1_000, 1_000])
      yield* TestClock.adjust("1 seconds")
      for (const fiber of fibers) assert.isTrue((yield* timeoutOf(fiber)).mayBeDeadlock)
    }))
})

describe("a timeout is no deadlock", () => {
  const plain = (error: Pool.CheckoutTimeout<unknown>) => {
    assert.isFalse(error.mayBeDeadlock)
    assert.notInclude(error.message, hint)
  }

  it.effect("where somebody else holds what there is and waits for nothing", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ size: 2 })
      yield* forkSettled(session.use(() => Effect.never))
      const fiber = yield* forkSettled(nested(session, 1_000))
      yield* TestClock.adjust("1 seconds")
      plain(yield* timeoutOf(fiber))
    }))

  it.effect("for somebody who holds nothing himself, whatever the others do", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      yield* forkSettled(nested(session, 5_000))
      const bystander = yield* forkSettled(session.use(() => Effect.void, { timeout: 1_000 }))
      yield* TestClock.adjust("1 seconds")
      plain(yield* timeoutOf(bystander))
    }))

  it.effect("where a lease is nobody's: nobody knows who may give it back", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ size: 2 })
      yield* lend(session, 1)
      const fiber = yield* forkSettled(nested(session, 1_000))
      yield* TestClock.adjust("1 seconds")
      plain(yield* timeoutOf(fiber))
    }))

  it.effect("where an opening is under way for it, or failing: the pool is to blame", () =>
    Effect.gen(function*() {
      for (const open of [() => Effect.never, (id: number) => new OpenError({ id })]) {
        const world = new World()
        const session = yield* world.pool({ size: 1, maxOverflow: 1 })
        world.open = open
        const fiber = yield* forkSettled(nested(session, 1_000))
        yield* TestClock.adjust("1 seconds")
        const error = yield* timeoutOf(fiber)
        assert.strictEqual(error.phase, "open")
        plain(error)
      }
    }))

  it.effect("where the one who waits has given back what it had", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const other = yield* forkSettled(Effect.gen(function*() {
        const lease = yield* session.checkout()
        yield* Effect.sleep("1 millis")
        yield* session.checkin(lease)
        yield* Effect.yieldNow
        return yield* session.use(() => Effect.void, { timeout: 1_000 })
      }))
      yield* forkSettled(session.use(() => Effect.never))
      yield* TestClock.adjust("1 millis")
      yield* TestClock.adjust("1 seconds")
      plain(yield* timeoutOf(other))
    }))

  it.effect("where it had no time to wait at all", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      plain(yield* timeoutOf(yield* forkSettled(nested(session, 0))))
    }))
})
