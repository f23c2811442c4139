/** An idle resource needs no suspension, no timer and no fiber: everything happens on the caller's stack. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Scheduler } from "effect"
import { withCounters } from "../support/liveFibers.ts"
import { type Session, settle, World } from "../support/world.ts"

/** Counts what it is asked to schedule, by the pool and by its callers. */
class CountingScheduler extends Scheduler.MixedScheduler {
  tasks = 0
  yields = 0
  readonly #steps = new Map<number, number>()

  /** It is asked before each step of the run loop. */
  stepsOf({ id }: Fiber.Fiber<unknown, unknown>): number {
    return this.#steps.get(id) ?? 0
  }

  override shouldYield(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    this.#steps.set(fiber.id, this.stepsOf(fiber) + 1)
    const yields = super.shouldYield(fiber)
    if (yields) this.yields++
    return yields
  }

  override makeDispatcher() {
    const dispatcher = super.makeDispatcher()
    const scheduleTask = dispatcher.scheduleTask.bind(dispatcher)
    dispatcher.scheduleTask = (task, priority) => {
      this.tasks++
      scheduleTask(task, priority)
    }
    return dispatcher
  }
}

type Face = (session: Session) => Effect.Effect<unknown, unknown>

const faces: ReadonlyArray<[string, Face]> = [
  ["use", (session) => session.use(() => Effect.void)],
  ["use that fails", (session) => Effect.exit(session.use(() => Effect.fail("query")))],
  ["use with a timeout", (session) => session.use(() => Effect.void, { timeout: 10 })],
  ["scoped", (session) => Effect.scoped(session.scoped())],
  ["checkout and checkin", (session) => Effect.flatMap(session.checkout(), (lease) => session.checkin(lease))],
  ["tryCheckout and checkin", (session) => Effect.flatMap(session.tryCheckout(), (lease) => session.checkin(lease))],
  [
    "checkout without an owner and checkin",
    (session) => Effect.flatMap(session.checkout({ owner: "none" }), (lease) => session.checkin(lease))
  ],
  ["two nested uses", (session) => session.use(() => session.use(() => Effect.void))]
]

describe.each(faces)("%s of an idle resource", (_, face) => {
  it.effect("schedules no task, yields nowhere, starts no fiber and arms no timer", () => {
    const scheduler = new CountingScheduler()
    return withCounters(({ sleeps, started }) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({ size: 2 })
        yield* face(session)
        yield* settle
        const before = [scheduler.tasks, scheduler.yields, started(), sleeps()]
        for (let i = 0; i < 20; i++) yield* face(session)
        assert.deepStrictEqual([scheduler.tasks, scheduler.yields, started(), sleeps()], before)
        assert.isAbove(scheduler.tasks, 0, "the counter counts")
      })
    ).pipe(Effect.provideService(Scheduler.Scheduler, scheduler))
  })
})

describe("the flush that looks at the clock", () => {
  /** The tasks of so many gos, without those of `settle` itself. */
  const tasksOf = (gos: number, go: (session: Session) => Effect.Effect<unknown, unknown>) => {
    const scheduler = new CountingScheduler()
    return Effect.gen(function*() {
      const session = yield* new World().pool({ size: 2 })
      yield* settle
      const before = scheduler.tasks
      yield* settle
      const own = scheduler.tasks - before
      for (let i = 0; i < gos; i++) yield* Effect.andThen(go(session), settle)
      return scheduler.tasks - before - own * (gos + 1)
    }).pipe(Effect.provideService(Scheduler.Scheduler, scheduler))
  }
  const use = (session: Session) => session.use(() => Effect.void)

  it.effect("is asked for now and then by those that come alone", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* tasksOf(63, use), 0)
      assert.strictEqual(yield* tasksOf(640, use), 10)
    }))

  it.effect("is asked for once by all that come in one go", () =>
    Effect.gen(function*() {
      const three = (session: Session) => Effect.andThen(use(session), Effect.andThen(use(session), use(session)))
      assert.strictEqual(yield* tasksOf(21, three), 0)
      assert.strictEqual(yield* tasksOf(121, three), 100)
    }))
})

/** As a fiber's whole life: what it takes where something is idle, and what it takes where it must wait. */
const steps: ReadonlyArray<[string, Face, number, number]> = [
  ["checkout", (session) => session.checkout({ owner: "none" }), 1, 2],
  // Asking, the body, and giving back.
  ["use", (session) => session.use(() => Effect.void), 3, 4],
  ["use that fails", (session) => session.use(() => Effect.fail("query")), 3, 4]
]

describe.each(steps)("%s takes no step to no purpose, and throws nothing that it catches", (_, face, idle, waiting) => {
  it.effect("where a resource is idle, and where it must wait for one", () => {
    const scheduler = new CountingScheduler()
    return Effect.gen(function*() {
      const session = yield* new World().pool({ size: 2 })
      const held = yield* session.checkout()
      const first = yield* Effect.forkChild(face(session))
      yield* Fiber.await(first)
      yield* Effect.exit(session.tryCheckout())
      const second = yield* Effect.forkChild(face(session))
      yield* settle
      assert.isUndefined(second.pollUnsafe())
      yield* session.checkin(held)
      yield* Fiber.await(second)
      assert.deepStrictEqual([scheduler.stepsOf(first), scheduler.stepsOf(second)], [idle, waiting])
    }).pipe(Effect.provideService(Scheduler.Scheduler, scheduler))
  })
})
