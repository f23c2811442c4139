/** Whether a resource is fit to be lent: validated before, reset after, probed in between; and replaced where it is not. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Schedule, Scope } from "effect"
import { TestClock } from "effect/testing"
import { AsyncLocalStorage } from "node:async_hooks"
import { Pool } from "whitepool"
import { crash } from "../support/crash.ts"
import { withLogs } from "../support/logs.ts"
import {
  assertWhole,
  forkSettled,
  lend,
  OpenError,
  type Resource,
  type Session,
  settle,
  World
} from "../support/world.ts"

/** What an untyped caller might hand in. */
const untyped = <A>(value: unknown): A => value as A

/** The numbers of a pool that are counts, without those that are 0. */
const counts = (session: Session): Effect.Effect<Partial<Record<string, number>>> =>
  Effect.map(
    session.status,
    ({ abandoned, closing, idle, lent, opening, resetting, validating, waiting }) =>
      Object.fromEntries(
        Object.entries({ idle, lent, opening, resetting, validating, closing, waiting, abandoned })
          .filter(([, count]) => count > 0)
      )
  )

const id = (resource: Resource) => Effect.succeed(resource.id)
const ids = (resources: ReadonlyArray<Resource>) => resources.map((resource) => resource.id)

/** Long enough for every idle resource to be looked at again before it is lent. */
const outOfSight = TestClock.adjust("1 second")

/** A backend that answers a check of a resource as the test likes, and notes whose it was. */
class Doctor {
  readonly seen: Array<number> = []
  answer: (resource: Resource) => Effect.Effect<boolean, unknown, Scope.Scope> = () => Effect.succeed(true)

  readonly check = (resource: Resource): Effect.Effect<boolean, unknown, Scope.Scope> => {
    this.seen.push(resource.id)
    return this.answer(resource)
  }
}

/** All the ways in which a check can end other than well. */
const unwell: ReadonlyArray<[string, () => Effect.Effect<boolean, unknown, Scope.Scope>]> = [
  ["fails", () => Effect.fail(new Error("ECONNRESET"))],
  ["dies", () => Effect.die("boom")],
  ["throws", () => {
    throw new Error("boom")
  }],
  ["interrupts itself", () => Effect.interrupt],
  ["returns a Promise", () => untyped(Promise.resolve(true))],
  ["turns out to be no Effect", () => Effect.flatMap(Effect.yieldNow, () => untyped<Effect.Effect<boolean>>(undefined))]
]

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
        assert.deepStrictEqual(ids(world.closed), [sick])
        yield* assertWhole(session, world, 2)
        // Nothing is stuck: all of it can still be lent.
        yield* lend(session, 2)
        assert.deepStrictEqual(yield* counts(session), { lent: 2 })
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
      assert.deepStrictEqual(yield* counts(session), { idle: 1, validating: 1, waiting: 1 })
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
      assert.deepStrictEqual(yield* counts(session), { closing: 1, waiting: 1 })
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* Fiber.join(borrower), 2)
      assert.deepStrictEqual(yield* counts(session), { idle: 1, abandoned: 1 })
      assert.deepStrictEqual(ids(world.closed), [], "what is still being validated must not be closed")
      Deferred.doneUnsafe(end, Exit.succeed(true))
      yield* settle
      assert.deepStrictEqual(ids(world.closed), [1])
      assert.deepStrictEqual(yield* counts(session), { idle: 1, abandoned: 1 })
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
      assert.deepStrictEqual(yield* counts(session), { opening: 1, waiting: 3 })
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
      assert.deepStrictEqual(yield* counts(session), { validating: 1 })
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
      assert.deepStrictEqual(yield* counts(session), { lent: 1, validating: 1, waiting: 1 })
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
      assert.deepStrictEqual(yield* counts(session), { validating: 1, waiting: 1 })
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
      assert.deepStrictEqual(yield* counts(session), { idle: 1, closing: 1 })
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
      assert.deepStrictEqual(yield* counts(session), { closing: 1, waiting: 1 })
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
      assert.sameMembers(ids(world.closed), [1, 2, 3, 4])
      yield* assertWhole(session, world, 4)
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
      assert.deepStrictEqual(yield* counts(session), { resetting: 1 })
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
      assert.deepStrictEqual(yield* counts(session), { resetting: 1, waiting: 1 })
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
      assert.deepStrictEqual(yield* counts(session), { resetting: 2, waiting: 2 })
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
      assert.deepStrictEqual(yield* counts(session), { idle: 6, validating: 2 })
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
      assert.deepStrictEqual(yield* counts(session), { validating: 1, waiting: 1 })
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

describe("isBroken", () => {
  class Lost extends Error {}
  const isBroken = (cause: Cause.Cause<unknown>): boolean => Cause.squash(cause) instanceof Lost

  it.effect("says by the cause whether a resource is closed or comes back, and only then is it reset (H12)", () =>
    Effect.gen(function*() {
      const world = new World()
      const reset: Array<number> = []
      const session = yield* world.pool({ isBroken, reset: (resource) => Effect.sync(() => reset.push(resource.id)) })
      yield* Effect.exit(session.use(() => Effect.fail(new Error("a constraint was violated"))))
      yield* assertWhole(session, world, 1)
      assert.deepStrictEqual(reset, [1])
      yield* Effect.exit(session.use(() => Effect.fail(new Lost())))
      yield* assertWhole(session, world, 1)
      assert.deepStrictEqual(reset, [1])
      assert.deepStrictEqual(ids(world.closed), [1])
      yield* Effect.exit(Effect.scoped(Effect.andThen(session.scoped(), Effect.fail(new Lost()))))
      yield* assertWhole(session, world, 1)
      assert.deepStrictEqual(ids(world.closed), [1, 2])
    }))
})

describe("what is lost is replaced, in whatever way it was lost (H16)", () => {
  interface Loss {
    readonly options?: Partial<Pool.Options<Resource, OpenError, Scope.Scope, Scope.Scope>>
    readonly lose: (session: Session, world: World) => Effect.Effect<unknown, unknown, Scope.Scope>
  }
  const lost = (resource: Resource): boolean => resource.id <= 3
  const losses: Record<string, Loss> = {
    "its holder says that it is broken": {
      lose: (session) => Effect.flatMap(session.checkout(), session.destroyed)
    },
    "its use dies": { lose: (session) => Effect.exit(session.use(() => Effect.die("boom"))) },
    "its use is interrupted": {
      lose: (session) => Effect.flatMap(forkSettled(session.use(() => Effect.never)), Fiber.interrupt)
    },
    "its use fails with what broke it": {
      options: { isBroken: () => true },
      lose: (session) => Effect.exit(session.use(() => Effect.fail("ECONNRESET")))
    },
    "its owner ends": {
      lose: (session) => Effect.flatMap(forkSettled(Effect.andThen(session.checkout(), Effect.never)), Fiber.interrupt)
    },
    "it dies by itself": {
      lose: (_session, world) => world.kill(world.opened[1]!)
    },
    "its validation fails": {
      options: { validate: (resource) => Effect.succeed(!lost(resource)) },
      lose: (session) => Effect.andThen(outOfSight, session.use(id))
    },
    "its reset fails": {
      options: { reset: (resource) => lost(resource) ? Effect.fail("ECONNRESET") : Effect.void },
      lose: (session) => session.use(id)
    },
    "its probe fails": {
      options: { keepalive: { every: "10 seconds", probe: ({ id }) => Effect.succeed(id !== 2) } },
      lose: () => TestClock.adjust("15 seconds")
    },
    "shouldRetire says so": {
      options: { shouldRetire: (_info, resource) => lost(resource) },
      lose: (session) => session.use(id)
    },
    "its closing dies": {
      lose: (session, world) => {
        world.close = () => Effect.die("boom")
        return Effect.flatMap(session.checkout(), session.destroyed)
      }
    },
    "its closing does not end": {
      options: { closeTimeout: "2 seconds" },
      lose: (session, world) => {
        world.close = () => world.closed.length === 1 ? Effect.never : Effect.void
        return Effect.andThen(Effect.flatMap(session.checkout(), session.destroyed), TestClock.adjust("2 seconds"))
      }
    },
    "its successor does not open at first": {
      options: { backoff: Schedule.spaced("1 second") },
      lose: (session, world) => {
        world.open = (id) => id < 6 ? Effect.fail(new OpenError({ id })) : Effect.void
        return Effect.andThen(
          Effect.flatMap(session.checkout(), session.destroyed),
          Effect.forEach([1, 2, 3], () => TestClock.adjust("1 second"))
        )
      }
    }
  }
  it.effect.each(Object.entries(losses))("%s", ([, { lose, options = {} }]) =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3, link: world.link, ...options })
      yield* Effect.scoped(lose(session, world))
      yield* settle
      const { abandoned, idle } = yield* session.status
      assert.strictEqual(idle, 3)
      assert.isAtLeast(world.closed.length, 1, "something was lost")
      assert.strictEqual(world.live, 3)
      assert.strictEqual(abandoned, options.closeTimeout === undefined ? 0 : 1)
      assert.deepStrictEqual(world.problems, [])
    }))
})

describe("the async-local storage of a check", () => {
  it("is that of make, never that of whoever borrows or gives back", async () => {
    const storage = new AsyncLocalStorage<string>()
    const within = <A, E>(store: string, effect: Effect.Effect<A, E>): Promise<A> =>
      storage.run(store, () => Effect.runPromise(effect))
    const seen: Array<string> = []
    const note = (what: string) =>
      Effect.andThen(
        Effect.sync(() => seen.push(`${what}: ${storage.getStore()}`)),
        Effect.andThen(Effect.yieldNow, Effect.sync(() => seen.push(`${what}: ${storage.getStore()}`)))
      )
    const scope = Scope.makeUnsafe()
    const made = Pool.make({
      factory: Effect.sync(() => ({})),
      size: 1,
      validationBypass: 0,
      validate: () => Effect.as(note("validate"), true),
      reset: () => note("reset"),
      shouldRetire: () => {
        seen.push(`shouldRetire: ${storage.getStore()}`)
        return false
      }
    })
    const session = await within("maker", Effect.provideService(made, Scope.Scope, scope))
    await within("caller 1", session.use(() => Effect.yieldNow))
    await within("caller 2", session.use(() => Effect.yieldNow))
    await within("closer", session.shutdown())
    assert.includeMembers(seen, ["validate: maker", "reset: maker", "shouldRetire: maker"])
    assert.deepStrictEqual(seen.filter((line) => !line.endsWith(": maker")), [])
  })
})
