/** What comes back is reset before anybody else has it, and replaced where that fails. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { crash } from "../support/crash.ts"
import { unwell } from "../support/doctor.ts"
import { withLogs } from "../support/logs.ts"
import { id, ids, numbers } from "../support/resources.ts"
import { assertWhole, forkSettled, lend, type Resource, settle, World } from "../support/world.ts"

describe("reset", () => {
  it.effect("comes before the next borrower, who never sees what the last one left (R3, Y3, F-8)", () =>
    Effect.gen(function*() {
      const world = new World()
      const dirt = new Map<Resource, string>()
      const session = yield* world.pool({
        reset: (resource) => Effect.andThen(Effect.sleep("1 second"), Effect.sync(() => dirt.delete(resource)))
      })
      const soil = (resource: Resource) =>
        Effect.gen(function*() {
          const found = dirt.get(resource)
          dirt.set(resource, "an open transaction")
          yield* Effect.yieldNow
          return found
        })
      const borrowers = yield* Effect.forEach([1, 2, 3], () => forkSettled(session.use(soil)))
      yield* TestClock.adjust("1 second")
      yield* TestClock.adjust("1 second")
      const newcomer = yield* forkSettled(session.use(soil))
      yield* TestClock.adjust("1 second")
      for (const borrower of [...borrowers, newcomer]) assert.isUndefined(yield* Fiber.join(borrower))
      yield* TestClock.adjust("1 second")
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.begun, 1)
    }))

  it.effect("is not on the borrower's time: whoever gives it back is gone before it has begun (R3)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ reset: () => Effect.never })
      assert.strictEqual(yield* session.use(id), 1)
      assert.deepStrictEqual(yield* numbers(session), { resetting: 1 })
    }))

  it.effect.each(unwell)(
    "that %s closes the resource, which is replaced (F-4, H16)",
    ([, answer]) =>
      withLogs((lines) =>
        Effect.gen(function*() {
          const world = new World()
          const session = yield* world.pool({ reset: ({ id }) => id === 1 ? answer() : Effect.void })
          const lease = yield* session.checkout()
          const waiter = yield* forkSettled(session.use(id))
          yield* session.checkin(lease)
          assert.strictEqual(yield* Fiber.join(waiter), 2)
          yield* assertWhole(session, world, 1)
          assert.deepStrictEqual(ids(world.closed), [1])
          assert.lengthOf(lines, 1)
          assert.notInclude(lines[0]!.message, "ECONNRESET", "only the tag of an error is ours to log")
        })
      )
  )

  it.effect("may give back false: it is no question", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ reset: () => Effect.succeed(false) })
      yield* session.use(id)
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.begun, 1)
    }))

  it.effect("that takes too long is interrupted, and the resource replaced (R3)", () =>
    Effect.gen(function*() {
      const world = new World()
      let interrupted = 0
      const session = yield* world.pool({
        reset: () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++)),
        resetTimeout: "2 seconds"
      })
      yield* session.use(id)
      const waiter = yield* forkSettled(session.use(id))
      yield* TestClock.adjust("1999 millis")
      assert.deepStrictEqual(yield* numbers(session), { resetting: 1, waiting: 1 })
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(interrupted, 1)
      assert.strictEqual(yield* Fiber.join(waiter), 2)
      assert.deepStrictEqual(ids(world.closed), [1])
    }))

  it.effect("is not run for what nobody has touched: the asker had gone before it took what it was granted", () =>
    Effect.gen(function*() {
      const world = new World()
      const gate = Deferred.makeUnsafe<void>()
      let resets = 0
      const session = yield* world.pool({
        reset: () => Effect.andThen(Effect.sync(() => resets++), Deferred.await(gate))
      })
      yield* session.use(id)
      const waiter = yield* forkSettled(session.use(id))
      Deferred.doneUnsafe(gate, Exit.void)
      assert.strictEqual((yield* session.status).lent, 1, "granted")
      yield* Fiber.interrupt(waiter)
      yield* assertWhole(session, world, 1)
      assert.strictEqual(resets, 1)
    }))

  it.effect("keeps the resource within the bound, and whoever waits is served by another one", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, reset: () => Effect.sleep("1 second") })
      const [first, second] = yield* lend(session, 2)
      const waiters = yield* Effect.forEach([1, 2], () => forkSettled(session.use(id)))
      yield* session.checkin(first!)
      yield* session.checkin(second!)
      assert.deepStrictEqual(yield* numbers(session), { resetting: 2, waiting: 2 })
      assert.strictEqual(world.begun, 2, "nothing is opened for those who wait for a reset")
      yield* TestClock.adjust("1 second")
      yield* Effect.forEach(waiters, Fiber.join)
      yield* TestClock.adjust("1 second")
      yield* assertWhole(session, world, 2)
      assert.strictEqual(world.peak, 2)
    }))

  it.effect("under way when the pool ends is interrupted before its resource is closed, once", () =>
    Effect.gen(function*() {
      const world = new World()
      const order: Array<string> = []
      world.close = () => Effect.sync(() => order.push("closed"))
      const session = yield* world.make({
        reset: () =>
          Effect.onInterrupt(
            Effect.never,
            () => Effect.andThen(Effect.yieldNow, Effect.sync(() => order.push("stopped")))
          )
      })
      yield* session.use(id)
      yield* session.shutdown()
      assert.deepStrictEqual(order, ["stopped", "closed"])
      yield* assertWhole(session, world, 0)
    }))

  it.effect("under way when the supervisor actor crashes is interrupted, too, and its resource closed once", () =>
    Effect.gen(function*() {
      const world = new World()
      const order: Array<string> = []
      world.close = ({ id }) => Effect.sync(() => order.push(`${id} closed`))
      const session = yield* world.pool({
        reset: ({ id }) =>
          Effect.onInterrupt(
            id === 1 ? Effect.never : Effect.void,
            () => Effect.sync(() => order.push(`${id} stopped`))
          )
      })
      yield* session.use(id)
      yield* settle
      yield* crash(session)
      yield* settle
      assert.deepStrictEqual(order, ["1 stopped", "1 closed"])
      assert.strictEqual(yield* session.use(id), 2)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("of a resource that dies meanwhile: it is replaced, for whoever waits", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ link: world.link, reset: ({ id }) => id === 1 ? Effect.never : Effect.void })
      yield* session.use(id)
      const waiter = yield* forkSettled(session.use(id))
      yield* world.kill(world.opened[0]!)
      assert.strictEqual(yield* Fiber.join(waiter), 2)
      yield* assertWhole(session, world, 1)
      assert.deepStrictEqual(ids(world.closed), [1])
    }))

  it.effect("is preceded by shouldRetire, which spares it (H15)", () =>
    Effect.gen(function*() {
      const world = new World()
      let resets = 0
      const session = yield* world.pool({
        shouldRetire: ({ uses }) => uses >= 2,
        reset: () => Effect.sync(() => resets++)
      })
      assert.strictEqual(yield* session.use(id), 1)
      assert.strictEqual(yield* session.use(id), 1)
      assert.deepStrictEqual([resets, ids(world.closed)], [1, []])
      assert.strictEqual(yield* session.use(id), 2)
      assert.deepStrictEqual([resets, ids(world.closed)], [1, [1]])
      yield* assertWhole(session, world, 1)
    }))
})
