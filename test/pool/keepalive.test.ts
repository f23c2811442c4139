/** What sits idle is probed from time to time, and never so much of it that nothing is left to lend. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Doctor, unwell } from "../support/doctor.ts"
import { id, ids, numbers } from "../support/resources.ts"
import { assertWhole, forkSettled, lend, World } from "../support/world.ts"

describe("keepalive", () => {
  const every = "10 seconds"

  it.effect("probes what has sat idle for so long, and again as long after that (H8)", () =>
    Effect.gen(function*() {
      const world = new World()
      const doctor = new Doctor()
      const session = yield* world.pool({ keepalive: { every, probe: doctor.check } })
      yield* TestClock.adjust("9999 millis")
      assert.deepStrictEqual(doctor.seen, [])
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(doctor.seen, [1])
      yield* TestClock.adjust("9 seconds")
      yield* session.use(id)
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual(doctor.seen, [1], "whoever had it has seen that it is well")
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(doctor.seen, [1, 1])
    }))

  it.effect.each([["is false", () => Effect.succeed(false)], ...unwell] as typeof unwell)(
    "that %s for one of several closes that one, and no other (G-3)",
    ([, answer]) =>
      Effect.gen(function*() {
        const world = new World()
        const doctor = new Doctor()
        const session = yield* world.pool({ size: 4, keepalive: { every, probe: doctor.check } })
        doctor.answer = (resource) => resource.id === 2 ? answer() : Effect.succeed(true)
        yield* TestClock.adjust("15 seconds")
        assert.sameMembers(doctor.seen, [1, 2, 3, 4])
        assert.deepStrictEqual(ids(world.closed), [2])
        yield* assertWhole(session, world, 4)
      })
  )

  it.effect("probes a quarter of size at a time at most, and so leaves something to lend (H8)", () =>
    Effect.gen(function*() {
      const world = new World()
      const doctor = new Doctor()
      doctor.answer = () => Effect.delay(Effect.succeed(true), "1 second")
      const session = yield* world.pool({ size: 8, keepalive: { every, probe: doctor.check } })
      yield* TestClock.adjust(every)
      assert.deepStrictEqual(yield* numbers(session), { idle: 6, validating: 2 })
      const lent = yield* lend(session, 6)
      yield* Effect.forEach(lent, session.checkin)
      yield* TestClock.adjust("1 second")
      yield* assertWhole(session, world, 8)
    }))

  it.effect("takes turns until all are probed", () =>
    Effect.gen(function*() {
      const world = new World()
      const doctor = new Doctor()
      doctor.answer = () => Effect.delay(Effect.succeed(true), "100 millis")
      yield* world.pool({ size: 8, keepalive: { every, probe: doctor.check } })
      yield* TestClock.adjust(every)
      for (let i = 0; i < 4; i++) yield* TestClock.adjust("100 millis")
      assert.sameMembers(doctor.seen, [1, 2, 3, 4, 5, 6, 7, 8])
    }))

  it.effect("does not lend what it is probing, and gives it to whoever waits for it then", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({
        keepalive: { every, probe: () => Effect.delay(Effect.succeed(true), "1 second") }
      })
      yield* TestClock.adjust(every)
      const borrower = yield* forkSettled(session.use(id))
      assert.deepStrictEqual(yield* numbers(session), { validating: 1, waiting: 1 })
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(borrower), 1)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("takes validate where it has no probe of its own", () =>
    Effect.gen(function*() {
      const world = new World()
      const doctor = new Doctor()
      doctor.answer = () => Effect.succeed(false)
      const session = yield* world.pool({ keepalive: { every }, validate: doctor.check })
      yield* TestClock.adjust(every)
      assert.deepStrictEqual(doctor.seen, [1])
      yield* assertWhole(session, world, 1)
      assert.deepStrictEqual(ids(world.closed), [1])
    }))

  it.effect("runs every 30 seconds under validateOn: idle, and no checkout is ever held up by it then (H1)", () =>
    Effect.gen(function*() {
      const world = new World()
      const doctor = new Doctor()
      const session = yield* world.pool({ validate: doctor.check, validateOn: "idle" })
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual((yield* session.checkout({ timeout: 0 })).resource.id, 1)
      assert.deepStrictEqual(doctor.seen, [])
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(doctor.seen, [], "it is lent")
    }))

  it.effect("that takes longer than validationTimeout counts as unwell", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({
        keepalive: { every, probe: ({ id }) => id === 1 ? Effect.never : Effect.void },
        validationTimeout: "2 seconds"
      })
      yield* TestClock.adjust(every)
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(ids(world.closed), [1])
      yield* assertWhole(session, world, 1)
    }))

  it.effect("of a pool that ends holds nothing up", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.make({ size: 2, keepalive: { every, probe: () => Effect.never } })
      yield* TestClock.adjust(every)
      yield* session.shutdown()
      yield* assertWhole(session, world, 0)
    }))
})
