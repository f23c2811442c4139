/**
 * Races about several resources at once, under a scheduler that picks tasks at random: whoever wins, all are given or none,
 * no lease is lost and nobody waits for ever. `SEED=…` replays one.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Logger, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { Pool } from "whitepool"
import { numbers } from "../support/resources.ts"
import { interleavings } from "../support/seededScheduler.ts"
import { type Resource, type Session, World } from "../support/world.ts"
import { beside, seeds, settle, told } from "./arena.ts"

type Leases = ReadonlyArray<Pool.Lease<Resource>>

const checkinAll = (session: Session, leases: Leases) =>
  Effect.forEach(leases, (lease) => session.checkin(lease), { discard: true })

/** A lease of nobody. */
const borrow = (session: Session) => session.checkout({ owner: "none" })

const interrupting = (fiber: Fiber.Fiber<unknown, unknown>) => Effect.sync(() => fiber.interruptUnsafe())

/** A pool of three under `TestClock`, whole afterwards. */
const raceOfMany = <Outcome extends string>(
  body: (session: Session, world: World) => Effect.Effect<Outcome, unknown, Scope.Scope>,
  options: Parameters<World["make"]>[0] = {}
): Effect.Effect<Outcome> =>
  Effect.gen(function*() {
    const world = new World()
    const scope = Scope.makeUnsafe()
    const session = yield* Scope.provide(world.make({ size: 3, link: world.link, ...options }), scope)
    const outcome = yield* Scope.provide(body(session, world), scope)
    yield* Effect.andThen(settle, settle)
    assert.deepStrictEqual(yield* numbers(session), { idle: 3 })
    assert.strictEqual(world.live, 3)
    const all = yield* Effect.forEach(["x", "y", "z"], (key) => session.checkout({ key, owner: "none" }))
    yield* checkinAll(session, all)
    yield* Scope.close(scope, Exit.void)
    assert.strictEqual(world.live, 0)
    assert.deepStrictEqual(world.problems, [])
    return outcome
  }).pipe(Effect.provide(TestClock.layer()), Effect.provide(Logger.layer([])), Effect.orDie)

const racesOfMany = <Outcome extends string>(
  name: string,
  outcomes: ReadonlyArray<Outcome>,
  body: (session: Session, world: World) => Effect.Effect<Outcome, unknown, Scope.Scope>,
  options?: Parameters<World["make"]>[0]
): void =>
  it(name, async () => {
    told(await interleavings({ seeds: seeds / 2, outcomes, race: raceOfMany(body, options) }))
  })

const lent = (session: Session) => Effect.forEach([1, 2, 3], () => borrow(session))

describe("checkoutMany", () => {
  const patient = { checkoutTimeout: "infinity" } as const
  const kinds: ReadonlyArray<[string, Parameters<World["make"]>[0]]> = [
    ["in order of arrival", patient],
    ["tenants in turn", { ...patient, fairness: {} }],
    ["two to each tenant", { ...patient, fairness: { maxPerKey: 2 } }],
    ["validated", { ...patient, validate: () => Effect.as(Effect.yieldNow, true), validationBypass: 0 }],
    ["reset", { ...patient, reset: () => Effect.yieldNow }]
  ]
  for (const [kind, options] of kinds) {
    racesOfMany(`six of them never wait for each other: ${kind}`, ["all"], (session) =>
      Effect.gen(function*() {
        const asking = (key: string, priority: number, n: number) =>
          Effect.flatMap(
            session.checkoutMany(n, { key, priority, owner: "none" }),
            (leases) => Effect.andThen(Effect.yieldNow, checkinAll(session, leases))
          )
        yield* Effect.all([
          asking("a", 2, 2),
          asking("b", 0, 2),
          asking("a", 0, 1),
          asking("c", 1, 2),
          asking("b", 3, 2),
          asking("c", 0, 1)
        ], { concurrency: "unbounded", discard: true })
        return "all"
      }), options)
  }

  racesOfMany(
    "against an interruption, and those that it waits for",
    ["all", "none"],
    (session) =>
      Effect.gen(function*() {
        const held = yield* lent(session)
        const asking = yield* Effect.forkChild(session.checkoutMany(2, { owner: "none" }))
        yield* settle
        yield* beside(checkinAll(session, held), interrupting(asking))
        const exit = yield* Fiber.await(asking)
        if (Exit.isFailure(exit)) return "none"
        assert.isTrue(exit.value.every(({ isLive }) => isLive))
        yield* checkinAll(session, exit.value)
        return "all"
      })
  )

  racesOfMany("against its deadline", ["all", "none"], (session) =>
    Effect.gen(function*() {
      const held = yield* lent(session)
      yield* Effect.forkChild(Effect.delay(checkinAll(session, held), "1 second"))
      const asking = yield* Effect.forkChild(session.checkoutMany(2, { owner: "none", timeout: "1 second" }))
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      const exit = yield* Fiber.await(asking)
      if (Exit.isSuccess(exit)) yield* checkinAll(session, exit.value)
      return Exit.isSuccess(exit) ? "all" : "none"
    }))

  racesOfMany("against the death of what it has been granted", ["all"], (session, world) =>
    Effect.gen(function*() {
      const [a, b, c] = yield* lent(session)
      const asking = yield* Effect.forkChild(session.checkoutMany(3, { owner: "none", timeout: "infinity" }))
      yield* settle
      yield* session.checkin(a!)
      yield* beside(checkinAll(session, [b!, c!]), world.kill(world.opened[0]!))
      const leases = yield* Fiber.join(asking)
      yield* settle
      yield* checkinAll(session, leases)
      return "all"
    }))

  racesOfMany("against the end of its owner", ["ended"], (session) =>
    Effect.gen(function*() {
      const held = yield* lent(session)
      const owner = yield* Effect.forkChild(Effect.never)
      const asking = yield* Effect.forkChild(session.checkoutMany(2, { owner }))
      yield* settle
      yield* beside(checkinAll(session, held), interrupting(owner))
      const leases = yield* Fiber.join(asking)
      yield* settle
      assert.isFalse(leases.some((lease) => lease.isLive), "its owner is dead")
      return "ended"
    }))
})
