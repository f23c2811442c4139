/** Options are changed while the pool is at work: checked as a whole, and for what is open and who waits, too (Z2). */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { Overload, Pool } from "whitepool"
import { Supervisor } from "whitepool/actor"
import { crash } from "../support/crash.ts"
import { withCounters } from "../support/liveFibers.ts"
import { withLogs } from "../support/logs.ts"
import { id, ids, numbers } from "../support/resources.ts"
import {
  assertWhole,
  counts,
  forkSettled,
  lend,
  OpenError,
  type Resource,
  settle,
  tagsOf,
  World
} from "../support/world.ts"

const times = (count: number) => Array.from({ length: count }, (_, index) => index)

type Patch = Pool.Patch<Resource>

const untyped = (patch: unknown) => patch as Patch

describe("a patch", () => {
  it.effect("that cannot be is refused with every problem, and none of it applies (Z2)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ name: "db", size: 2, maxLifetime: "1 hour", lifetimeJitter: 0 })
      const refused: ReadonlyArray<[unknown, ReadonlyArray<RegExp>]> = [
        [{ checkoutTimeout: "1 seconds", size: -1, maxUses: 0 }, [/^size:/, /^maxUses:/]],
        [{ factory: Effect.succeed({ id: 0 }), size: 1 }, [/^factory: cannot be changed$/]],
        [{ name: "other", start: "lazy", size: 1 }, [/^name: cannot be changed$/, /^start: cannot be changed$/]],
        [{ concurrency: 2 }, [/^concurrency: cannot be changed$/]],
        [{ sise: 1 }, [/^sise: unknown option$/]],
        [{ maxLifetime: undefined }, [/^lifetimeJitter: needs a maxLifetime/]],
        [{ size: 1, minIdle: 2 }, [/^minIdle: 2 is more than size, 1/]],
        [{ size: 1, validationBypass: "1 seconds" }, [/^validationBypass: needs a validate/]],
        ["size", [/^the patch must be an object$/]],
        [undefined, [/^the patch must be an object$/]]
      ]
      for (const [patch, problems] of refused) {
        const error = yield* Effect.flip(session.reconfigure(untyped(patch)))
        assert(error instanceof Pool.InvalidOptions)
        assert.strictEqual(error.pool, "db")
        assert.strictEqual(error.problems.length, problems.length, String(error.problems))
        for (const [index, problem] of problems.entries()) assert.match(error.problems[index]!, problem)
      }
      assert.strictEqual(session.name, "db")
      yield* assertWhole(session, world, 2)
      const leases = yield* lend(session, 2)
      const waiter = yield* forkSettled(session.checkout())
      yield* TestClock.adjust("4999 millis")
      assert.isUndefined(waiter.pollUnsafe(), "checkoutTimeout is what it was")
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* tagsOf([waiter]), ["CheckoutTimeout"])
      yield* Effect.forEach(leases, session.checkin)
    }))

  it.effect("leaves what it does not name, and gives back its default to what it says is undefined", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ checkoutTimeout: "1 seconds", maxOverflow: 1 })
      const timeout = Effect.gen(function*() {
        const waiter = yield* forkSettled(session.checkout())
        let waited = 0
        for (; waiter.pollUnsafe() === undefined; waited++) yield* TestClock.adjust("1 seconds")
        return waited
      })
      yield* lend(session, 1)
      yield* session.checkout()
      yield* session.reconfigure({ maxWaiting: 5 })
      assert.deepInclude(yield* session.status, { size: 1, maxOverflow: 1 })
      assert.strictEqual(yield* timeout, 1)
      yield* session.reconfigure({ checkoutTimeout: undefined })
      assert.strictEqual(yield* timeout, 5)
      yield* session.reconfigure({ checkoutTimeout: "2 seconds" })
      assert.strictEqual(yield* timeout, 2)
    }))

  it.effect("of nothing changes nothing", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      const before = yield* session.status
      yield* session.reconfigure({})
      assert.deepStrictEqual(yield* session.status, before)
      yield* assertWhole(session, world, 2)
      assert.strictEqual(world.begun, 2)
    }))

  it.effect("leaves place and deadline to those who wait (Z2)", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const [lease] = yield* lend(session, 1)
      const served: Array<string> = []
      const ask = (name: string, timeout?: "3 seconds") =>
        forkSettled(session.use(() => Effect.sync(() => served.push(name)), { timeout }))
      const hasty = yield* ask("hasty", "3 seconds")
      const others = [yield* ask("a"), yield* ask("b")]
      yield* TestClock.adjust("2 seconds")
      yield* session.reconfigure({ checkoutTimeout: "1 millis", priorityAging: "10 seconds", fairness: {} })
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(hasty.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* tagsOf([hasty]), ["CheckoutTimeout"])
      yield* session.checkin(lease!)
      yield* Effect.forEach(others, Fiber.join)
      assert.deepStrictEqual(served, ["a", "b"])
    }))

  it.effect("applies to the next incarnation, too, and to one that is to come", () =>
    Effect.gen(function*() {
      const world = new World()
      let resets = 0
      const session = yield* world.pool({})
      yield* session.reconfigure({ reset: () => Effect.sync(() => resets++) })
      yield* crash(session)
      yield* settle
      yield* session.use(id)
      yield* settle
      assert.strictEqual(resets, 1)
      yield* crash(session)
      yield* session.reconfigure({ reset: () => Effect.sync(() => resets += 100) })
      yield* settle
      yield* session.use(id)
      yield* settle
      assert.strictEqual(resets, 101)
    }))

  it.effect("of a pool that has ended is checked all the same, and changes nothing", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      yield* session.shutdown()
      yield* session.reconfigure({ size: 3 })
      assert.instanceOf(yield* Effect.flip(session.reconfigure({ size: -3 })), Pool.InvalidOptions)
      yield* assertWhole(session, world, 0)
    }))

  it.effect("is seen by every session of the pool", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const clone = yield* session.clone
      yield* clone.reconfigure({ checkoutTimeout: "1 seconds" })
      yield* lend(session, 1)
      const waiter = yield* forkSettled(session.checkout())
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(yield* tagsOf([waiter]), ["CheckoutTimeout"])
    }))
})

describe("what is open already", () => {
  it.effect("is validated by the validate of a patch, and no more when it is taken away", () =>
    Effect.gen(function*() {
      const world = new World()
      const seen: Array<string> = []
      const validate = (name: string) => ({ id }: Resource) => Effect.sync(() => seen.push(`${name} ${id}`) > 0)
      const session = yield* world.pool({ size: 1 })
      yield* TestClock.adjust("1 minute")
      yield* session.use(id)
      assert.deepStrictEqual(seen, [])
      yield* session.reconfigure({ validate: validate("one"), validationBypass: 0 })
      yield* session.use(id)
      yield* session.reconfigure({ validate: validate("two") })
      yield* session.use(id)
      assert.deepStrictEqual(seen, ["one 1", "two 1"])
      yield* session.reconfigure({ validate: undefined, validationBypass: undefined })
      yield* session.use(id)
      assert.deepStrictEqual(seen, ["one 1", "two 1"])
      yield* assertWhole(session, world, 1)
    }))

  it.effect("is reset by the reset of a patch, also what is lent at the time", () =>
    Effect.gen(function*() {
      const world = new World()
      const resets: Array<number> = []
      const session = yield* world.pool({ size: 2 })
      const [lease] = yield* lend(session, 1)
      const { resource } = lease!
      yield* session.reconfigure({ reset: ({ id }) => Effect.sync(() => resets.push(id)) })
      yield* session.checkin(lease!)
      yield* settle
      assert.deepStrictEqual(resets, [resource.id])
      yield* session.reconfigure({ reset: undefined })
      yield* session.use(id)
      yield* assertWhole(session, world, 2)
      assert.deepStrictEqual(resets, [resource.id])
    }))

  it.effect("that is being reset or validated goes on as it has begun, and is lent by the new rules", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ reset: () => Effect.sleep("2 seconds") })
      yield* session.use(id)
      yield* settle
      assert.deepStrictEqual(yield* numbers(session), { resetting: 1 })
      yield* session.reconfigure({ reset: undefined })
      const waiter = yield* forkSettled(session.use(id))
      yield* TestClock.adjust("1999 millis")
      assert.isUndefined(waiter.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* Fiber.join(waiter), 1)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("is judged by the isBroken and onInterrupt of a patch, also in a use that runs", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const fail = session.use(() => Effect.delay(Effect.fail("lost"), "1 seconds"))
      const failing = yield* forkSettled(Effect.exit(fail))
      yield* session.reconfigure({ isBroken: (cause) => Cause.squash(cause) === "lost", onInterrupt: "checkin" })
      yield* TestClock.adjust("1 seconds")
      yield* Fiber.join(failing)
      yield* settle
      assert.deepStrictEqual(ids(world.closed), [1])
      yield* Fiber.interrupt(yield* forkSettled(session.use(() => Effect.never)))
      yield* settle
      assert.deepStrictEqual(ids(world.closed), [1])
      yield* session.reconfigure({ isBroken: undefined, onInterrupt: undefined })
      yield* Effect.exit(session.use(() => Effect.fail("lost")))
      yield* settle
      assert.deepStrictEqual(ids(world.closed), [1])
      yield* Fiber.interrupt(yield* forkSettled(session.use(() => Effect.never)))
      yield* settle
      assert.deepStrictEqual(ids(world.closed), [1, 2])
    }))

  it.effect("keeps the link it was opened with; what is opened from then on has the new one", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ link: world.link })
      const other = new World()
      yield* session.use(id)
      yield* session.reconfigure({ link: other.link })
      yield* world.kill(world.opened[0]!)
      yield* assertWhole(session, world, 1)
      assert.deepStrictEqual(ids(world.closed), [1], "the old link still holds")
      yield* session.use(id)
      yield* other.kill(world.opened[1]!)
      yield* assertWhole(session, world, 1)
      assert.deepStrictEqual(ids(world.closed), [1, 2])
    }))

  it.effect("has the lifetime of a patch, counted from its opening: what is older goes at once, lent ones on return (H6)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3 })
      yield* TestClock.adjust("10 minutes")
      const [lease] = yield* lend(session, 1)
      yield* session.reconfigure({ maxLifetime: "5 minutes" })
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(ids(world.closed), [1, 2])
      assert.isTrue(lease!.isLive)
      yield* session.checkin(lease!)
      yield* assertWhole(session, world, 3)
      assert.deepStrictEqual(ids(world.closed), [1, 2, 3])
      yield* session.reconfigure({ maxLifetime: undefined })
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(ids(world.closed), [1, 2, 3])
    }))

  it.effect("has the uses of a patch, and those that it has had count (L12)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      for (const _ of times(4)) yield* session.use(id)
      yield* session.reconfigure({ maxUses: 5 })
      assert.strictEqual(yield* session.use(id), 1)
      yield* settle
      assert.deepStrictEqual(ids(world.closed), [1])
      yield* assertWhole(session, world, 1)
    }))

  it.effect("may sit idle for as long as the patch says, and no longer, though it began before", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3 })
      yield* TestClock.adjust("2 minutes")
      yield* session.reconfigure({ minIdle: 1, idleTimeout: "3 minutes" })
      yield* settle
      assert.strictEqual(world.live, 3)
      yield* TestClock.adjust("1 minute")
      yield* assertWhole(session, world, 1)
      yield* session.reconfigure({ minIdle: undefined })
      yield* assertWhole(session, world, 3)
    }))

  it.effect("that lingers as overflow goes when there is to be none", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, maxOverflow: 2, overflowTtl: "1 hour" })
      yield* Effect.forEach(times(3), () => session.use(() => Effect.yieldNow), { concurrency: "unbounded" })
      yield* assertWhole(session, world, 3)
      yield* session.reconfigure({ overflowTtl: undefined })
      yield* assertWhole(session, world, 1)
    }))

  it.effect("is probed by the keepalive of a patch", () =>
    Effect.gen(function*() {
      const world = new World()
      const probed: Array<number> = []
      const session = yield* world.pool({})
      yield* TestClock.adjust("1 minute")
      yield* session.reconfigure({
        keepalive: { every: "10 seconds", probe: ({ id }) => Effect.sync(() => probed.push(id)) }
      })
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(probed, [1], "it had not been seen for long")
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(probed, [1, 1])
      yield* session.reconfigure({ keepalive: undefined })
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(probed, [1, 1])
    }))

  it.effect("and lent may be held for as long as the leaseTimeout of a patch says", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({ name: "db" })
        const [lease] = yield* lend(session, 1)
        yield* TestClock.adjust("10 seconds")
        yield* session.reconfigure({ leaseTimeout: { after: "15 seconds", action: "revoke" } })
        yield* TestClock.adjust("4999 millis")
        assert.isTrue(lease!.isLive)
        yield* TestClock.adjust("1 millis")
        assert.isFalse(lease!.isLive)
        assert.strictEqual(lines.length, 1)
      })
    ))
})

describe("whoever asks", () => {
  it.effect("waits by the maxWaiting of a patch; who waits already goes on waiting", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      yield* lend(session, 1)
      const waiting = yield* Effect.forEach(times(3), () => forkSettled(session.checkout()))
      yield* session.reconfigure({ maxWaiting: 1 })
      yield* settle
      assert.isTrue(waiting.every((fiber) => fiber.pollUnsafe() === undefined))
      assert.strictEqual((yield* Effect.flip(session.checkout()))._tag, "PoolOverloaded")
      yield* session.reconfigure({ maxWaiting: Infinity })
      yield* forkSettled(Effect.exit(session.checkout()))
      assert.strictEqual((yield* session.status).waiting, 4)
    }))

  it.effect("is lent by the strategy of a patch", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ size: 3 })
      assert.strictEqual(yield* session.use(id), 3)
      yield* session.reconfigure({ strategy: "fifo" })
      assert.strictEqual(yield* session.use(id), 1)
      assert.strictEqual(yield* session.use(id), 2)
    }))

  it.effect("waits after a failed opening by the backoff of a patch", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => new OpenError({ id })
      const session = yield* world.pool({ start: "background", backoff: Schedule.spaced("1 seconds") })
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(world.begun, 2)
      yield* session.reconfigure({ backoff: Schedule.spaced("10 seconds") })
      // The delay under way was drawn from the old one.
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(world.begun, 3)
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(world.begun, 3)
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(world.begun, 4)
      world.open = () => Effect.void
      yield* TestClock.adjust("10 seconds")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("is told of a failed opening by the onOpenFailure of a patch", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => new OpenError({ id })
      const session = yield* world.pool({ start: "lazy", backoff: Schedule.spaced("1 seconds") })
      const asking = yield* forkSettled(session.checkout())
      assert.isUndefined(asking.pollUnsafe())
      yield* session.reconfigure({ onOpenFailure: "fail" })
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(yield* tagsOf([asking]), ["OpenFailed"])
    }))

  it.effect("is served by the fairness of a patch, with those who wait already", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const [lease] = yield* lend(session, 1)
      const served: Array<string> = []
      const ask = (key: string) =>
        forkSettled(session.use(() => Effect.sync(() => served.push(key)), { key, timeout: "infinity" }))
      const asking = [yield* ask("a"), yield* ask("a"), yield* ask("a"), yield* ask("b")]
      yield* session.reconfigure({ fairness: {} })
      asking.push(yield* ask("c"))
      yield* session.checkin(lease!)
      yield* Effect.forEach(asking, Fiber.join)
      assert.deepStrictEqual(served, ["a", "b", "c", "a", "a"])
      yield* session.reconfigure({ fairness: undefined })
      const [again] = yield* lend(session, 1)
      served.length = 0
      const later = [yield* ask("a"), yield* ask("a"), yield* ask("b")]
      yield* session.checkin(again!)
      yield* Effect.forEach(later, Fiber.join)
      assert.deepStrictEqual(served, ["a", "a", "b"])
    }))

  it.effect("may be dropped by the overload of a patch, and no more when it is taken away", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ checkoutTimeout: "infinity" })
      yield* lend(session, 1)
      const waiting = yield* Effect.forEach(times(2), () => forkSettled(session.checkout()))
      yield* TestClock.adjust("1 minute")
      yield* session.reconfigure({ overload: Overload.codel({ target: "10 millis", interval: "100 millis" }) })
      for (const _ of times(10)) yield* TestClock.adjust("100 millis")
      assert.deepStrictEqual(yield* tagsOf(waiting), ["PoolOverloaded", "PoolOverloaded"])
      yield* session.reconfigure({ overload: undefined })
      const patient = yield* forkSettled(session.checkout())
      for (const _ of times(10)) yield* TestClock.adjust("1 seconds")
      assert.isUndefined(patient.pollUnsafe())
    }))

  it.effect("is refused by the breaker of a patch", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => new OpenError({ id })
      const session = yield* world.pool({
        start: "lazy",
        backoff: Schedule.spaced("1 seconds"),
        checkoutTimeout: "1 hour"
      })
      const asking = yield* forkSettled(session.checkout())
      for (const _ of times(5)) yield* TestClock.adjust("1 seconds")
      assert.isUndefined(asking.pollUnsafe())
      yield* session.reconfigure({ breaker: { failures: 3 } })
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(yield* tagsOf([asking]), ["OpenFailed"])
      yield* session.reconfigure({ breaker: undefined })
      const patient = yield* forkSettled(session.checkout())
      for (const _ of times(5)) yield* TestClock.adjust("1 seconds")
      assert.isUndefined(patient.pollUnsafe(), "waits for better times again")
      world.open = () => Effect.void
      yield* TestClock.adjust("1 seconds")
      assert.isTrue(Exit.isSuccess(yield* Fiber.await(patient)))
    }))
})

it.effect("a pool that has not started yet starts with what it was told", () =>
  Effect.gen(function*() {
    const world = new World()
    const { session, spec } = yield* Pool.childSpec("db", { factory: world.factory, size: 1 })
    const resets: Array<number> = []
    yield* session.reconfigure({ size: 2, reset: ({ id }) => Effect.sync(() => resets.push(id)) })
    yield* Supervisor.make({}, [spec])
    yield* assertWhole(session, world, 2)
    yield* session.use(id)
    yield* assertWhole(session, world, 2)
    assert.strictEqual(resets.length, 1)
  }))

describe("the end", () => {
  it.effect("waits for leases by the shutdownTimeout of a patch, and for closings by its closeTimeout", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.make({ size: 2 })
      yield* lend(session, 1)
      yield* session.reconfigure({ shutdownTimeout: "7 seconds", closeTimeout: "3 seconds" })
      world.close = () => Effect.never
      const ending = yield* forkSettled(session.shutdown())
      yield* TestClock.adjust("7 seconds")
      assert.deepStrictEqual(yield* counts(session), { closing: 2 })
      yield* TestClock.adjust("2999 millis")
      assert.isUndefined(ending.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* Fiber.join(ending), { drained: 0, forced: 1 })
      assert.deepStrictEqual(yield* counts(session), { abandoned: 2 })
    }))

  it.effect("comes with the last session where a patch says so", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.make({})
      yield* session.reconfigure({ stopWithLastSession: true })
      yield* session.drop
      yield* session.awaitShutdown
      yield* assertWhole(session, world, 0)
    }))

  it.effect("of every policy leaves a plain pool behind: no timer, and nothing that is due (G-13)", () =>
    withCounters(({ sleeps }) =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({ size: 2 })
        const on: Patch = {
          maxLifetime: "1 hour",
          minIdle: 1,
          idleTimeout: "1 hour",
          keepalive: { every: "1 hour", probe: () => Effect.void },
          leaseTimeout: { after: "1 hour", action: "warn" },
          shouldRetire: () => false,
          overload: Overload.codel(),
          fairness: {}
        }
        yield* session.reconfigure(on)
        yield* session.use(id)
        yield* settle
        assert.strictEqual(sleeps(), 1)
        yield* session.reconfigure(Object.fromEntries(Object.keys(on).map((option) => [option, undefined])))
        yield* TestClock.adjust("2 hours")
        yield* settle
        assert.strictEqual(sleeps(), 0)
        yield* assertWhole(session, world, 2)
        assert.strictEqual(world.begun, 2)
      })
    ))
})
