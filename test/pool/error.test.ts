import { assert, describe, it } from "@effect/vitest"
import { Cause, Data, Duration, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import { Pool } from "whitepool"
import { forkSettled, settle, World } from "../support/world.ts"

const secret = "hunter2"

class Refused extends Data.TaggedError("Refused")<{ readonly password: string }> {
  override get message(): string {
    return `refused for ${this.password}`
  }
}

const failing = (options: Partial<Pool.Options<{ readonly password: string }, Refused>>) =>
  Effect.provideService(
    Pool.make({
      factory: Effect.fail(new Refused({ password: secret })),
      size: 1,
      name: "db",
      start: "background",
      ...options
    }),
    Pool.CheckInvariants,
    true
  )

describe("CheckoutTimeout", () => {
  it.effect("has what a person needs at three in the morning", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ size: 2, name: "db" })
      yield* session.checkout()
      yield* TestClock.adjust("1 minute")
      yield* session.checkout()
      const waiter = yield* forkSettled(Effect.flip(session.checkout({ timeout: "3 seconds" })))
      yield* TestClock.adjust("3 seconds")
      const error = yield* Fiber.join(waiter)
      assert.instanceOf(error, Pool.CheckoutTimeout)
      assert.instanceOf(error, Error)
      assert.strictEqual(error.pool, "db")
      assert.strictEqual(error.phase, "queue")
      assert.strictEqual(Duration.toSeconds(error.waited), 3)
      assert.strictEqual(Duration.toSeconds(error.oldestLeaseAge!), 63)
      assert.isUndefined(error.lastOpenFailure)
      assert.isFalse(Object.hasOwn(error, "cause"))
      assert.deepInclude(error.status, { name: "db", state: "full", size: 2, idle: 0, lent: 2, waiting: 1 })
      assert.strictEqual(
        error.message,
        "pool \"db\": no resource within 3.000 s (phase queue; size=2+0, idle=0, lent=2, opening=0, closing=0, " +
          "waiting=1; oldest lease 63.000 s)"
      )
    }))

  it.effect("carries the last opening failure untouched, also as a cause that is not enumerable (C-6)", () =>
    Effect.gen(function*() {
      const session = yield* failing({})
      const waiter = yield* forkSettled(Effect.flip(session.checkout({ timeout: "3 seconds" })))
      yield* TestClock.adjust("3 seconds")
      const error = yield* Fiber.join(waiter)
      assert.instanceOf(error, Pool.CheckoutTimeout)
      const failure = Cause.squash(error.lastOpenFailure!)
      assert.instanceOf(failure, Refused)
      assert.strictEqual(failure.password, secret)
      assert.strictEqual(error.cause, failure)
      assert.notInclude(Object.keys(error), "cause")
      assert.strictEqual(error.phase, "open")
    }))

  it.effect("made in a timer's turn has no JavaScript stack of the timer", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      yield* session.checkout()
      const waiter = yield* forkSettled(Effect.flip(session.checkout({ timeout: "1 second" })))
      yield* TestClock.adjust("1 second")
      const error = yield* Fiber.join(waiter)
      assert.notMatch(error.stack ?? "", /^\s+at /m)
    }))

  it.effect("of all who fail in one turn share one status, and leave no limit on stacks behind", () =>
    Effect.gen(function*() {
      const before = Error.stackTraceLimit
      const session = yield* new World().pool({})
      yield* session.checkout()
      const waiters = yield* Effect.forEach(
        [1, 2, 3],
        () => forkSettled(Effect.flip(session.checkout({ timeout: "1 second" })))
      )
      yield* TestClock.adjust("1 second")
      const statuses = (yield* Fiber.joinAll(waiters)).map((error) => (error as Pool.CheckoutTimeout<never>).status)
      assert.strictEqual(statuses[0]!.waiting, 3)
      assert.isTrue(statuses.every((status) => status === statuses[0]))
      assert.strictEqual(Error.stackTraceLimit, before)
    }))
})

describe("messages name only an error's tag", () => {
  it.effect("of CheckoutTimeout and OpenFailed: no user data", () =>
    Effect.gen(function*() {
      const retrying = yield* failing({})
      const waiter = yield* forkSettled(Effect.flip(retrying.checkout({ timeout: "1 second" })))
      const failFast = yield* failing({ onOpenFailure: "fail", start: "lazy" })
      const refused = yield* forkSettled(Effect.flip(failFast.checkout()))
      yield* TestClock.adjust("1 second")
      for (const error of [yield* Fiber.join(waiter), yield* Fiber.join(refused)]) {
        assert.include(error.message, "Refused")
        assert.notInclude(error.message, secret)
      }
    }))

  it.effect("of OpenFailed: its failure is the user's cause untouched", () =>
    Effect.gen(function*() {
      const session = yield* failing({ onOpenFailure: "fail", start: "lazy" })
      const error = yield* Effect.flip(session.checkout())
      assert.instanceOf(error, Pool.OpenFailed)
      assert.strictEqual(error.pool, "db")
      assert.strictEqual((Cause.squash(error.failure) as Refused).password, secret)
    }))

  it.effect("no resource is in any message, nor in the JSON or inspection of an error, a session or a lease", () =>
    Effect.gen(function*() {
      const session = yield* Effect.provideService(
        Pool.make({ factory: Effect.succeed({ password: secret }), size: 1, maxWaiting: 0 }),
        Pool.CheckInvariants,
        true
      )
      const lease = yield* session.checkout()
      const shown: Array<unknown> = [
        session,
        lease,
        yield* session.status,
        yield* Effect.flip(session.tryCheckout()),
        yield* Effect.flip(session.checkout()),
        yield* Effect.flip(session.checkout({ timeout: 0 }))
      ]
      yield* session.checkin(lease)
      shown.push(yield* Effect.exit(Effect.sync(() => lease.resource)))
      yield* session.shutdown()
      shown.push(yield* Effect.flip(session.checkout()))
      for (const value of shown) {
        assert.notInclude(inspect(value, { depth: 20, showHidden: true }), secret)
        assert.notInclude(JSON.stringify(value), secret)
        assert.notInclude(String(value), secret)
      }
    }))
})

describe("the other errors", () => {
  it.effect("are tagged errors with the pool's name, never a bare interrupt and never undefined", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ name: "db", maxWaiting: 0 })
      const lease = yield* session.checkout()
      const full = yield* Effect.flip(session.tryCheckout())
      const overloaded = yield* Effect.flip(session.checkout())
      const clone = yield* session.clone
      yield* clone.drop
      const closed = yield* Effect.flip(clone.checkout())
      yield* session.checkin(lease)
      const expired = yield* Effect.exit(Effect.sync(() => lease.resource))
      assert.isTrue(Exit.hasDies(expired))
      const defect = Exit.isFailure(expired) ? Cause.squash(expired.cause) : undefined
      assert.instanceOf(defect, Pool.LeaseExpired)
      for (
        const [error, tag, word] of [
          [full, "PoolFull", "idle"],
          [overloaded, "PoolOverloaded", "waiting"],
          [closed, "PoolClosed", "closed"],
          [defect, "LeaseExpired", "ended"]
        ] as const
      ) {
        assert.instanceOf(error, Error)
        assert.strictEqual(error._tag, tag)
        assert.strictEqual(error.pool, "db")
        assert.include(error.message, "\"db\"")
        assert.include(error.message, word)
      }
    }))

  it.effect("OpenTimeout says how long was waited for", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = () => Effect.never
      const session = yield* world.pool({ start: "lazy", onOpenFailure: "fail", openTimeout: "2 seconds", name: "db" })
      const waiter = yield* forkSettled(Effect.flip(session.checkout()))
      yield* TestClock.adjust("2 seconds")
      yield* settle
      const error = yield* Fiber.join(waiter)
      assert.instanceOf(error, Pool.OpenFailed)
      const failure = Cause.squash(error.failure)
      assert.instanceOf(failure, Pool.OpenTimeout)
      assert.strictEqual(Duration.toSeconds(failure.after), 2)
      assert.strictEqual(failure.message, "pool \"db\": not open after 2.000 s")
    }))
})
