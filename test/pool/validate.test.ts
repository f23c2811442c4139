/** What has sat idle is validated before it is lent: when, for how long, and for whom. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Doctor, outOfSight, unwell } from "../support/doctor.ts"
import { id, ids, numbers } from "../support/resources.ts"
import { assertWhole, forkSettled, lend, settle, World } from "../support/world.ts"

describe("validate", () => {
  it.effect.each([["is false", () => Effect.succeed(false)], ...unwell] as typeof unwell)(
    "that %s closes the resource, and the borrower gets the next one (G-1, H1)",
    ([, answer]) =>
      Effect.gen(function*() {
        const world = new World()
        const doctor = new Doctor()
        const session = yield* world.pool({ size: 2, validate: doctor.check })
        yield* outOfSight
        doctor.answer = () => doctor.seen.length === 1 ? answer() : Effect.succeed(true)
        const served = yield* session.use(id)
        const [sick, next] = doctor.seen
        assert.strictEqual(served, next)
        assert.deepStrictEqual(ids(world.closed), [sick!])
        yield* assertWhole(session, world, 2)
        // Nothing is stuck: all of it can still be lent.
        yield* lend(session, 2)
        assert.deepStrictEqual(yield* numbers(session), { lent: 2 })
      })
  )

  it.effect("is not run on what came back, or was opened, within the bypass window (H2)", () =>
    Effect.gen(function*() {
      const world = new World()
      const doctor = new Doctor()
      const session = yield* world.pool({ validate: doctor.check, validationBypass: "2 seconds" })
      yield* TestClock.adjust("1999 millis")
      yield* session.use(id)
      yield* TestClock.adjust("1999 millis")
      yield* session.use(id)
      assert.deepStrictEqual(doctor.seen, [])
      yield* TestClock.adjust("2 seconds")
      yield* session.use(id)
      assert.deepStrictEqual(doctor.seen, [1])
    }))

  it.effect("with no window at all is run for everybody who finds something idle (H2)", () =>
    Effect.gen(function*() {
      const doctor = new Doctor()
      const session = yield* new World().pool({ validate: doctor.check, validationBypass: 0 })
      for (let round = 0; round < 3; round++) yield* session.use(id)
      assert.deepStrictEqual(doctor.seen, [1, 1, 1])
    }))

  it.effect("in an idle pool does not run by itself", () =>
    Effect.gen(function*() {
      const doctor = new Doctor()
      yield* new World().pool({ validate: doctor.check })
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(doctor.seen, [])
    }))

  it.effect("that takes too long counts as unwell, is interrupted, and its borrower gets the next one (H3)", () =>
    Effect.gen(function*() {
      const world = new World()
      const doctor = new Doctor()
      let interrupted = 0
      doctor.answer = () =>
        doctor.seen.length > 1
          ? Effect.succeed(true)
          : Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++))
      const session = yield* world.pool({ validate: doctor.check, size: 2, validationTimeout: "2 seconds" })
      yield* outOfSight
      const borrower = yield* forkSettled(session.use(id, { timeout: "10 seconds" }))
      assert.deepStrictEqual(yield* numbers(session), { idle: 1, validating: 1, waiting: 1 })
      yield* TestClock.adjust("1999 millis")
      assert.strictEqual(interrupted, 0)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(interrupted, 1)
      assert.strictEqual(yield* Fiber.join(borrower), doctor.seen[1])
      yield* assertWhole(session, world, 2)
    }))

  it.effect("that does not even obey its interruption is given up after closeTimeout, and its place is used again", () =>
    Effect.gen(function*() {
      const world = new World()
      const end = Deferred.makeUnsafe<boolean>()
      const session = yield* world.pool({
        validate: () => Effect.uninterruptible(Deferred.await(end)),
        validationTimeout: "2 seconds",
        closeTimeout: "3 seconds"
      })
      yield* outOfSight
      const borrower = yield* forkSettled(session.use(id, { timeout: "10 seconds" }))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* numbers(session), { closing: 1, waiting: 1 })
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* Fiber.join(borrower), 2)
      assert.deepStrictEqual(yield* numbers(session), { idle: 1, abandoned: 1 })
      assert.deepStrictEqual(ids(world.closed), [], "what is still being validated must not be closed")
      Deferred.doneUnsafe(end, Exit.succeed(true))
      yield* settle
      assert.deepStrictEqual(ids(world.closed), [1])
      assert.deepStrictEqual(yield* numbers(session), { idle: 1, abandoned: 1 })
    }))

  it.effect("keeps its borrower's place in line and its one deadline, opening included (H1, H3)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ validate: () => Effect.delay(Effect.succeed(false), "1 second") })
      yield* outOfSight
      world.open = () => Effect.sleep("1 second")
      const first = yield* forkSettled(session.checkout({ timeout: "10 seconds", owner: "none" }))
      const second = yield* forkSettled(session.checkout({ timeout: "1500 millis", owner: "none" }))
      const third = yield* forkSettled(session.use(id, { timeout: "10 seconds" }))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* numbers(session), { opening: 1, waiting: 3 })
      yield* TestClock.adjust("500 millis")
      assert.strictEqual((yield* Effect.flip(Fiber.join(second)))._tag, "CheckoutTimeout")
      yield* TestClock.adjust("500 millis")
      const lease = yield* Fiber.join(first)
      assert.strictEqual(lease.resource.id, 2)
      assert.isUndefined(third.pollUnsafe(), "whoever came later is still waiting")
      yield* session.checkin(lease)
      assert.strictEqual(yield* Fiber.join(third), 2)
    }))

  it.effect("that is always false gives every borrower a new one, or an end at its deadline, and nothing piles up (G-2)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 4, maxOverflow: 2, validate: () => Effect.succeed(false) })
      for (let round = 1; round <= 50; round++) {
        yield* outOfSight
        yield* Effect.forEach([1, 2, 3, 4], () => session.use(() => Effect.sleep(1)).pipe(forkSettled))
        yield* TestClock.adjust("1 milli")
      }
      assert.isAtMost(world.peak, 6)
      yield* assertWhole(session, world, 4)
      yield* outOfSight
      world.open = () => Effect.never
      const late = yield* forkSettled(session.use(id, { timeout: "1 minute" }))
      yield* TestClock.adjust("59 seconds")
      assert.isUndefined(late.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Effect.flip(Fiber.join(late)))._tag, "CheckoutTimeout")
    }))

  it.effect("of a resource whose borrower has gone meanwhile: it returns to idle, whole (B-17)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ validate: () => Effect.delay(Effect.succeed(true), "2 seconds") })
      yield* outOfSight
      const late = yield* forkSettled(session.use(id, { timeout: "1 second" }))
      const gone = yield* forkSettled(session.use(id))
      yield* Fiber.interrupt(gone)
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Effect.flip(Fiber.join(late)))._tag, "CheckoutTimeout")
      assert.deepStrictEqual(yield* numbers(session), { validating: 1 })
      yield* TestClock.adjust("1 second")
      yield* assertWhole(session, world, 1)
      assert.strictEqual(yield* session.use(id), 1, "and it has just been found well")
    }))

  it.effect("serves whoever waits with what somebody else has given back meanwhile, and keeps the validated one", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, validate: () => Effect.delay(Effect.succeed(true), "2 seconds") })
      const lease = yield* session.checkout()
      yield* outOfSight
      const borrower = yield* forkSettled(session.use(id))
      assert.deepStrictEqual(yield* numbers(session), { lent: 1, validating: 1, waiting: 1 })
      const { resource } = lease
      yield* session.checkin(lease)
      assert.strictEqual(yield* Fiber.join(borrower), resource.id)
      yield* TestClock.adjust("2 seconds")
      yield* assertWhole(session, world, 2)
    }))

  it.effect("opens nothing for the borrower while the one it waits for may be well", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({
        maxOverflow: 1,
        validate: () => Effect.delay(Effect.succeed(true), "2 seconds")
      })
      yield* outOfSight
      const borrower = yield* forkSettled(session.use(id))
      assert.deepStrictEqual(yield* numbers(session), { validating: 1, waiting: 1 })
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* Fiber.join(borrower), 1)
      assert.strictEqual(world.begun, 1)
    }))

  it.effect("that is false opens the next one at once where there is room, however slow the closing is", () =>
    Effect.gen(function*() {
      const world = new World()
      world.close = () => Effect.sleep("4 seconds")
      const session = yield* world.pool({ maxOverflow: 1, validate: ({ id }) => Effect.succeed(id > 1) })
      yield* outOfSight
      assert.strictEqual(yield* session.use(id), 2)
      assert.deepStrictEqual(yield* numbers(session), { idle: 1, closing: 1 })
      yield* TestClock.adjust("4 seconds")
      yield* assertWhole(session, world, 1)
      world.close = () => Effect.void
    }))

  it.effect("is awaited by tryCheckout, which is told PoolFull where it was in vain", () =>
    Effect.gen(function*() {
      const world = new World()
      let well = true
      const session = yield* world.pool({ validate: () => Effect.delay(Effect.succeed(well), "1 second") })
      yield* outOfSight
      const lucky = yield* forkSettled(session.tryCheckout({ owner: "none" }))
      assert.isUndefined(lucky.pollUnsafe())
      yield* TestClock.adjust("1 second")
      const lease = yield* Fiber.join(lucky)
      assert.strictEqual(lease.resource.id, 1)
      yield* session.checkin(lease)
      yield* outOfSight
      well = false
      const unlucky = yield* forkSettled(session.tryCheckout({ owner: "none" }))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Effect.flip(Fiber.join(unlucky)))._tag, "PoolFull")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("is not waited for with timeout: 0, and the next one who asks finds it well", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ validate: () => Effect.delay(Effect.succeed(true), "1 second") })
      yield* outOfSight
      assert.strictEqual((yield* Effect.flip(session.checkout({ timeout: 0 })))._tag, "CheckoutTimeout")
      yield* outOfSight
      assert.strictEqual((yield* session.checkout({ timeout: 0 })).resource.id, 1)
    }))

  it.effect("may need a scope, which ends with it", () =>
    Effect.gen(function*() {
      const world = new World()
      const log: Array<string> = []
      const session = yield* world.pool({
        validate: () => Effect.as(Effect.addFinalizer(() => Effect.sync(() => log.push("let go"))), true)
      })
      yield* outOfSight
      yield* session.use(() => Effect.sync(() => log.push("lent")))
      assert.deepStrictEqual(log, ["let go", "lent"])
    }))
})
