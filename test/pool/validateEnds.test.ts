/** The pool, or the resource, ends while the resource is validated. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Doctor, outOfSight } from "../support/doctor.ts"
import { id, ids, numbers } from "../support/resources.ts"
import { assertWhole, forkSettled, World } from "../support/world.ts"

describe("validate", () => {
  it.effect("under way when the pool is shut down is interrupted, and everything is closed once", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.make({ validate: () => Effect.never })
      yield* outOfSight
      const borrower = yield* forkSettled(session.use(id))
      yield* session.shutdown({ mode: "now" })
      assert.strictEqual((yield* Effect.flip(Fiber.join(borrower)))._tag, "PoolClosed")
      yield* assertWhole(session, world, 0)
    }))

  it.effect("under way when the pool drains still serves the one who waits for it", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.make({ validate: () => Effect.delay(Effect.succeed(true), "1 second") })
      yield* outOfSight
      const borrower = yield* forkSettled(session.use(id))
      const ending = yield* forkSettled(session.shutdown())
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(borrower), 1)
      yield* Fiber.join(ending)
      yield* assertWhole(session, world, 0)
    }))

  it.effect("of a resource that dies meanwhile: its borrower gets a new one", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ link: world.link, validate: () => Effect.never })
      yield* outOfSight
      const borrower = yield* forkSettled(session.use(id))
      yield* world.kill(world.opened[0]!)
      assert.strictEqual(yield* Fiber.join(borrower), 2)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("of a resource that dies meanwhile, for a tryCheckout: PoolFull, and the next one is opened", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ link: world.link, validate: () => Effect.never })
      yield* outOfSight
      const asker = yield* forkSettled(session.tryCheckout())
      yield* world.kill(world.opened[0]!)
      assert.strictEqual((yield* Effect.flip(Fiber.join(asker)))._tag, "PoolFull")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("of a resource that dies meanwhile: its closing has all of closeTimeout, and no less", () =>
    Effect.gen(function*() {
      const world = new World()
      world.close = ({ id }) => id === 1 ? Effect.sleep("4 seconds") : Effect.void
      const session = yield* world.pool({
        link: world.link,
        validate: ({ id }) => id === 1 ? Effect.never : Effect.succeed(true),
        validationTimeout: "2 seconds",
        closeTimeout: "5 seconds"
      })
      yield* outOfSight
      const borrower = yield* forkSettled(session.use(id, { timeout: "1 minute" }))
      yield* world.kill(world.opened[0]!)
      yield* TestClock.adjust("3 seconds")
      assert.deepStrictEqual(yield* numbers(session), { closing: 1, waiting: 1 })
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(borrower), 2)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("after a backend death of all that is idle: only those fail, each borrower within its one deadline (G-10)", () =>
    Effect.gen(function*() {
      const world = new World()
      const doctor = new Doctor()
      const session = yield* world.pool({ size: 4, validate: doctor.check })
      yield* outOfSight
      doctor.answer = (resource) => resource.id <= 4 ? Effect.fail("ECONNRESET") : Effect.succeed(true)
      const served = yield* Effect.forEach([1, 2, 3, 4], () => session.use(id), { concurrency: 4 })
      assert.isTrue(served.every((each) => each > 4))
      assert.sameMembers(doctor.seen, [1, 2, 3, 4], "each of the dead is found out once, and nothing else is closed")
      assert.sameMembers([...ids(world.closed)], [1, 2, 3, 4])
      yield* assertWhole(session, world, 4)
    }))
})
