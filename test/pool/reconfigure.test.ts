/** Options are changed while the pool is at work: checked as a whole, and kept to until the end, and beyond (Z2). */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Overload, Pool } from "whitepool"
import { Supervisor } from "whitepool/actor"
import { crash } from "../support/crash.ts"
import { withCounters } from "../support/liveFibers.ts"
import { id } from "../support/resources.ts"
import { assertWhole, counts, forkSettled, lend, type Resource, settle, tagsOf, World } from "../support/world.ts"

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
