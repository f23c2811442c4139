/** What a pool leaves behind: nothing. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { withCounters } from "../support/liveFibers.ts"
import { forkSettled, OpenError, settle, World } from "../support/world.ts"

/** How many look at the end of a fiber: a field of Effect's own, hence the cast. */
const observersOf = (fiber: Fiber.Fiber<unknown, unknown>): number =>
  (fiber as unknown as { readonly _observers: ReadonlyArray<unknown> | undefined })._observers?.length ?? 0

describe("an observer", () => {
  it.effect("is put on an owner once, however many leases it takes and gives back, and none after the shutdown", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ size: 3 })
      const owner = yield* forkSettled(Effect.never)
      const before = observersOf(owner)
      for (let i = 0; i < 100; i++) {
        const leases = yield* Effect.forEach([1, 2, 3], () => session.checkout({ owner }))
        yield* Effect.forEach(leases, (lease) => session.checkin(lease))
        assert.strictEqual(observersOf(owner) - before, 1)
      }
      yield* session.shutdown()
      yield* settle
      assert.strictEqual(observersOf(owner), before)
    }))

  it.effect("never throws, so later observers of the same fiber run", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const owner = yield* forkSettled(Effect.never)
      yield* session.checkout({ owner })
      let ran = false
      owner.addObserver(() => ran = true)
      yield* Fiber.interrupt(owner)
      assert.isTrue(ran)
    }))

  it.effect("is put on nobody by use and scoped", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const user = yield* forkSettled(session.use(() => Effect.never))
      const other = yield* forkSettled(Effect.never)
      assert.strictEqual(observersOf(user), observersOf(other))
    }))
})

describe("an idle pool", () => {
  it.effect("has no timer armed (G-13)", () =>
    withCounters(({ sleeps }) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({ size: 2 })
        yield* settle
        assert.strictEqual(sleeps(), 0)
        const leases = [yield* session.checkout(), yield* session.checkout()]
        const waiter = yield* forkSettled(session.use(() => Effect.void))
        assert.strictEqual(sleeps(), 1)
        yield* Effect.forEach(leases, (lease) => session.checkin(lease))
        yield* Fiber.join(waiter)
        yield* settle
        assert.strictEqual(sleeps(), 0, "disarmed when the last waiter has gone")
      })
    ))

  it("keeps no process alive (I-6)", () => {
    const script = fileURLToPath(new URL("cases/idleProcess.ts", import.meta.url))
    const { signal, status, stderr, stdout } = spawnSync(process.execPath, ["--import", "tsx", script], {
      encoding: "utf8",
      timeout: 25_000
    })
    assert.deepStrictEqual({ signal, status, stdout, stderr }, {
      signal: null,
      status: 0,
      stdout: "idle\n",
      stderr: ""
    })
  })
})

describe("no fiber and no timer is left after the end of a pool that", () => {
  const lives: ReadonlyArray<[string, (world: World) => Effect.Effect<unknown, unknown, Scope.Scope>]> = [
    ["did nothing", (world) => world.make({ size: 3 })],
    [
      "was used",
      (world) =>
        Effect.flatMap(
          world.make({ size: 2, maxOverflow: 1 }),
          (session) =>
            Effect.forEach(Array.from({ length: 30 }), () => session.use(() => Effect.yieldNow), { concurrency: 10 })
        )
    ],
    ["has waiters", (world) =>
      Effect.gen(function*() {
        const session = yield* world.make({})
        yield* session.checkout({ owner: "none" })
        yield* forkSettled(Effect.exit(session.checkout({ timeout: "infinity" })))
      })],
    ["has openings under way", (world) =>
      Effect.gen(function*() {
        world.open = () => Effect.never
        const session = yield* world.make({ size: 2, start: "background" })
        yield* forkSettled(Effect.exit(session.checkout()))
      })],
    ["is backing off", (world) =>
      Effect.gen(function*() {
        world.open = (id) => new OpenError({ id })
        yield* world.make({ size: 2, start: "background" })
        yield* settle
      })],
    ["has lent to a fiber that lives on", (world) =>
      Effect.gen(function*() {
        const session = yield* world.make({ link: world.link })
        yield* session.checkout()
        yield* session.clone
      })],
    ["failed to start", (world) =>
      Effect.gen(function*() {
        world.open = (id) => id === 3 ? new OpenError({ id }) : Effect.void
        yield* Effect.exit(world.make({ size: 4, link: world.link }))
      })]
  ]

  it.effect.each(lives)("%s", ([, life]) =>
    withCounters(({ fibers, sleeps }) =>
      Effect.gen(function*() {
        const world = new World()
        const scope = yield* Scope.make()
        const living = yield* Effect.forkChild(Scope.provide(life(world), scope))
        yield* Fiber.await(living)
        const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(closing)
        yield* settle
        assert.deepStrictEqual({ fibers: fibers(), sleeps: sleeps(), open: world.live }, {
          fibers: 0,
          sleeps: 0,
          open: 0
        })
        assert.deepStrictEqual(world.problems, [])
      })
    ))
})
