/** Classes of checkouts: 0 is served first, and nobody starves (Q3). The order by itself is tested in `discipline.test.ts`. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { crash } from "../support/crash.ts"
import { withCounters } from "../support/liveFibers.ts"
import { id } from "../support/resources.ts"
import { assertWhole, drain, forkSettled, lend, type Session, settle, tagsOf, World } from "../support/world.ts"

const times = (count: number) => Array.from({ length: count }, (_, index) => index)

/** Those who wait note down when they are served; each holds the resource for no time. */
const crowd = (session: Session) => {
  const served: Array<string> = []
  const fibers: Array<Fiber.Fiber<unknown, unknown>> = []
  const ask = (name: string, priority?: number) =>
    Effect.map(
      forkSettled(session.use(() => Effect.sync(() => served.push(name)), { priority, timeout: "infinity" })),
      (fiber) => void fibers.push(fiber)
    )
  const all = Effect.suspend(() => Effect.forEach(fibers, Fiber.join))
  return { served, ask, all }
}

describe("priority", () => {
  it.effect("serves a better class first, and in order of arrival within one (Q3)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const [lease] = yield* lend(session, 1)
      const { all, ask, served } = crowd(session)
      yield* ask("low 1", 2)
      yield* ask("mid 1", 1)
      yield* ask("high 1")
      yield* ask("low 2", 2)
      yield* ask("high 2", 0)
      yield* ask("mid 2", 1)
      yield* session.checkin(lease!)
      yield* all
      assert.deepStrictEqual(served, ["high 1", "high 2", "mid 1", "mid 2", "low 1", "low 2"])
      yield* assertWhole(session, world, 1)
    }))

  it.effect("counts a class better for every second waited, so that nobody starves (Q3)", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const [lease] = yield* lend(session, 1)
      const { all, ask, served } = crowd(session)
      yield* ask("patient", 2)
      yield* TestClock.adjust("1999 millis")
      yield* ask("before it")
      yield* TestClock.adjust("1 millis")
      // As good as the patient one now: who came first is first.
      yield* ask("after it")
      yield* ask("a class worse than that", 1)
      yield* session.checkin(lease!)
      yield* all
      assert.deepStrictEqual(served, ["before it", "patient", "after it", "a class worse than that"])
    }))

  it.effect("serves the lowest class in the end, however many of the highest keep asking", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ priorityAging: "100 millis" })
      const lowest = yield* Effect.forkChild(
        Effect.delay(session.use(() => Effect.void, { priority: 9, timeout: "infinity" }), "1 millis")
      )
      const busy = session.use(() => Effect.sleep("50 millis"), { timeout: "infinity" })
      const crowdOf = yield* Effect.forEach(times(3), () => Effect.forkChild(Effect.forever(busy)))
      for (const _ of times(40)) yield* TestClock.adjust("50 millis")
      assert.isDefined(lowest.pollUnsafe())
      yield* Effect.forEach(crowdOf, Fiber.interrupt)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("ages by priorityAging", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ priorityAging: "1 minute" })
      const [lease] = yield* lend(session, 1)
      const { all, ask, served } = crowd(session)
      yield* ask("patient", 1)
      yield* TestClock.adjust("59 seconds")
      yield* ask("late")
      yield* session.checkin(lease!)
      yield* all
      assert.deepStrictEqual(served, ["late", "patient"])
    }))

  it.effect("with a priorityAging of infinity always serves the better class first", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ priorityAging: "infinity" })
      const [lease] = yield* lend(session, 1)
      const { all, ask, served } = crowd(session)
      yield* ask("patient", 1)
      yield* TestClock.adjust("10 hours")
      yield* ask("late")
      yield* session.checkin(lease!)
      yield* all
      assert.deepStrictEqual(served, ["late", "patient"])
    }))

  it.effect("does not overtake anybody where something is idle, nor take it from anybody", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      assert.strictEqual(yield* session.use(id, { priority: 5, timeout: 0 }), 2)
      const lease = yield* session.tryCheckout({ priority: 5 })
      yield* session.use(() => session.use(() => Effect.void, { priority: 0, timeout: 0 }), { priority: 3 }).pipe(
        Effect.flip
      )
      assert.isTrue(lease.isLive)
      yield* session.checkin(lease)
      yield* assertWhole(session, world, 2)
    }))

  it.effect("is given in every way of borrowing", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const [lease] = yield* lend(session, 1)
      const served: Array<string> = []
      const note = (name: string) => Effect.sync(() => served.push(name))
      const fibers: ReadonlyArray<Fiber.Fiber<unknown, unknown>> = [
        yield* forkSettled(session.use(() => note("use 3"), { priority: 3 })),
        yield* forkSettled(Effect.scoped(Effect.andThen(session.scoped({ priority: 2 }), note("scoped 2")))),
        yield* forkSettled(Effect.flatMap(
          session.checkout({ priority: 1, owner: "none" }),
          (lease) => Effect.andThen(note("checkout 1"), session.checkin(lease))
        ))
      ]
      yield* session.checkin(lease!)
      yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(served, ["checkout 1", "scoped 2", "use 3"])
    }))

  it.effect("keeps the order of those who waited before the first who had one", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const [lease] = yield* lend(session, 1)
      const { all, ask, served } = crowd(session)
      yield* ask("a")
      yield* ask("b")
      yield* ask("low", 1)
      yield* ask("c")
      yield* session.checkin(lease!)
      yield* all
      assert.deepStrictEqual(served, ["a", "b", "c", "low"])
    }))

  it.effect("lets those leave who give up: by interruption, or at their deadline", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const [lease] = yield* lend(session, 1)
      const { all, ask, served } = crowd(session)
      const gone = yield* forkSettled(session.checkout({ priority: 0, timeout: "infinity" }))
      const late = yield* forkSettled(session.checkout({ priority: 1, timeout: "500 millis" }))
      yield* ask("low", 4)
      yield* Fiber.interrupt(gone)
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual(yield* tagsOf([late]), ["CheckoutTimeout"])
      yield* session.checkin(lease!)
      yield* all
      assert.deepStrictEqual(served, ["low"])
      yield* assertWhole(session, world, 1)
    }))

  it.effect("gives its place back to one whose grant died before it had it", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ link: world.link })
      const [lease] = yield* lend(session, 1)
      const { all, ask, served } = crowd(session)
      yield* ask("low", 1)
      yield* ask("high")
      yield* session.destroyed(lease!)
      yield* settle
      yield* all
      assert.deepStrictEqual(served, ["high", "low"])
      yield* assertWhole(session, world, 1)
    }))

  it.effect("serves what is drained in that order, too", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.make({})
      const [lease] = yield* lend(session, 1)
      const { all, ask, served } = crowd(session)
      yield* ask("low", 1)
      yield* ask("high")
      const ending = yield* drain(session)
      yield* session.checkin(lease!)
      yield* all
      assert.deepStrictEqual(served, ["high", "low"])
      yield* Fiber.join(ending)
      yield* assertWhole(session, world, 0)
    }))

  it.effect("goes on after a crash: those who ask in between are served by it in the next incarnation", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      world.open = () => Effect.sleep("1 seconds")
      yield* crash(session)
      const { all, ask, served } = crowd(session)
      yield* ask("low", 1)
      yield* ask("high")
      yield* TestClock.adjust("1 seconds")
      yield* all
      assert.deepStrictEqual(served, ["high", "low"])
    }))

  it.effect.each([-1, 1.5, NaN, Infinity])("of %s dies, and changes nothing", (priority) =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ name: "db" })
      const defect = yield* Effect.flip(
        Effect.catchDefect(Effect.asVoid(session.checkout({ priority })), (defect) => Effect.fail(defect))
      )
      assert(defect instanceof Pool.InvalidOptions)
      assert.deepStrictEqual(defect.problems, ["priority: must be a whole number of at least 0"])
      yield* assertWhole(session, world, 1)
    }))

  it.effect("needs no timer but those of the deadlines (G-13)", () =>
    withCounters(({ sleeps }) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({})
        const [lease] = yield* lend(session, 1)
        const { all, ask } = crowd(session)
        yield* ask("low", 3)
        yield* ask("high")
        yield* settle
        assert.strictEqual(sleeps(), 0)
        yield* session.checkin(lease!)
        yield* all
      })
    ))
})
