import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Schedule, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { Supervisor } from "whitepool/actor"

import { outcome, pending, settle, tagOf } from "./support.ts"
import { leavesNothing, refOf } from "./tree.ts"
import {
  die,
  type Extra,
  makePool,
  makeWorld,
  Refused,
  runOutTheClock,
  spawned,
  statusIs,
  type Thing
} from "./world.ts"

const backoff = Schedule.spaced("10 millis")
const newest = (world: ReturnType<typeof makeWorld>) => world.opened.at(-1)!

/** The newest resource dies by itself, and the pool has time to replace it. */
const oneDies = (world: ReturnType<typeof makeWorld>) =>
  Effect.andThen(Effect.suspend(() => die(newest(world))), Effect.andThen(TestClock.adjust("100 millis"), settle))

it.effect("restartIntensity is unlimited by default: a hundred deaths in a row, and the pool is whole", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ backoff })
    for (let n = 0; n < 100; n++) yield* oneDies(world)
    yield* statusIs(session, { idle: 1, opening: 0 })
    assert.strictEqual(world.opened.length, 101)
  }))

it.effect("restartIntensity unlimited: a factory that fails for an hour, and the pool is whole afterwards", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ size: 2 })
    world.before = Effect.fail(new Refused("down"))
    for (const thing of world.opened.slice()) yield* die(thing)
    yield* TestClock.adjust("1 hour")
    assert.isBelow(world.attempts, 2_000, "no tight loop")
    world.before = Effect.void
    yield* TestClock.adjust("1 minute")
    yield* statusIs(session, { idle: 2, opening: 0 })
  }))

it.effect("restartIntensity: as many deaths in the period as it says are borne", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ backoff, restartIntensity: { intensity: 3, period: "10 seconds" } })
    for (let n = 0; n < 3; n++) yield* oneDies(world)
    yield* statusIs(session, { idle: 1, state: "ready" })
    assert.strictEqual(world.opened.length, 4)
  }))

it.effect("restartIntensity: the next death stops the pool, and who waits or asks is told with a typed error", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({
      size: 2,
      backoff,
      restartIntensity: { intensity: 2, period: "10 seconds" }
    })
    for (let n = 0; n < 2; n++) yield* oneDies(world)
    const lease = yield* session.checkout()
    const waiters = yield* Effect.forEach([1, 2, 3], () => spawned(session.checkout({ timeout: "infinity" })))
    yield* die(newest(world))
    yield* TestClock.adjust("1 minute")
    yield* settle
    for (const waiter of waiters.filter((one) => !("isLive" in outcome(one)))) {
      assert.include(["PoolCrashed", "PoolClosed"], outcome(waiter)._tag)
    }
    assert.isAtLeast(waiters.filter((one) => "_tag" in outcome(one)).length, 2)
    assert.isFalse(lease.isLive)
    assert.strictEqual(world.live(), 0)
    assert.strictEqual(new Set(world.closed).size, world.closed.length)
    assert.include(["PoolCrashed", "PoolClosed"], yield* tagOf(session.checkout()))
    assert.include(["PoolCrashed", "PoolClosed"], yield* tagOf(session.tryCheckout()))
    assert.include(["PoolCrashed", "PoolClosed"], yield* tagOf(session.use(() => Effect.void)))
    assert.deepInclude(yield* session.status, { state: "closed", idle: 0, lent: 0, opening: 0, waiting: 0 })
  }))

it.effect("restartIntensity: the period slides", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ backoff, restartIntensity: { intensity: 1, period: "10 seconds" } })
    for (let n = 0; n < 10; n++) {
      yield* oneDies(world)
      yield* TestClock.adjust("15 seconds")
    }
    yield* statusIs(session, { idle: 1 })
    yield* oneDies(world)
    yield* TestClock.adjust("5 seconds")
    yield* oneDies(world)
    assert.strictEqual((yield* session.status).state, "closed")
  }))

it.effect("restartIntensity: intensity 0, the first death is one too many", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ restartIntensity: { intensity: 0, period: "1 second" } })
    yield* oneDies(world)
    assert.strictEqual((yield* session.status).state, "closed")
    assert.strictEqual(world.live(), 0)
  }))

it.effect("restartIntensity: ordinary use, and shutting down, are no deaths", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({
      maxOverflow: 2,
      restartIntensity: { intensity: 0, period: "1 hour" }
    })
    for (let n = 0; n < 5; n++) {
      yield* Effect.all(Array.from({ length: 3 }, () => session.use(() => Effect.yieldNow)), {
        concurrency: "unbounded"
      })
    }
    yield* statusIs(session, { idle: 1, lent: 0, state: "ready" })
    const report = yield* session.shutdown()
    assert.deepInclude(report, { forced: 0 })
    assert.strictEqual(world.live(), 0)
  }))

it.effect("restartIntensity: a pool that stopped for it leaves nothing; awaitShutdown and the scope end", () =>
  leavesNothing(Effect.gen(function*() {
    const scope = yield* Scope.make()
    const { session, world } = yield* Scope.provide(
      makePool({ restartIntensity: { intensity: 0, period: "1 second" } }, makeWorld(), false),
      scope
    )
    yield* oneDies(world)
    const ended = yield* spawned(session.awaitShutdown)
    assert.isFalse(pending(ended))
    yield* session.shutdown()
    yield* Scope.close(scope, Exit.void)
    assert.strictEqual(world.live(), 0)
  })))

const underSupervisor = (extra: Extra, flags: Supervisor.Flags) =>
  Effect.gen(function*() {
    const world = makeWorld()
    const { session, spec } = yield* Pool.childSpec<Thing, Refused, Scope.Scope>("db", {
      size: 1,
      backoff,
      link: (thing: Thing) => Deferred.await(thing.death),
      ...extra,
      factory: world.factory
    })
    const supervisor = yield* Supervisor.make(flags, [spec])
    yield* runOutTheClock
    return { world, session, supervisor }
  })

it.effect("restartIntensity under a supervisor: exceeded, it is the parent that decides; the pool starts afresh", () =>
  Effect.gen(function*() {
    const { world, session, supervisor } = yield* underSupervisor(
      { restartIntensity: { intensity: 1, period: "1 hour" } },
      { intensity: 1, period: "1 hour" }
    )
    const first = refOf((yield* supervisor.whichChildren)[0]!.child)
    yield* oneDies(world)
    assert.strictEqual((yield* supervisor.whichChildren)[0]!.restarts, 0)
    yield* oneDies(world)
    const info = (yield* supervisor.whichChildren)[0]!
    assert.strictEqual(info.restarts, 1)
    assert.notStrictEqual(refOf(info.child).id, first.id)
    assert.isFalse(yield* first.isAlive)
    yield* session.use(() => Effect.void)
    yield* oneDies(world)
    assert.isTrue(yield* supervisor.ref.isAlive, "the new incarnation counts from nought")
    yield* oneDies(world)
    yield* TestClock.adjust("10 seconds")
    yield* settle
    assert.strictEqual((yield* supervisor.awaitExit)._tag, "Shutdown")
    assert.strictEqual(world.live(), 0)
  }))

it.effect("restartIntensity unlimited under a supervisor: resource deaths never reach the parent", () =>
  Effect.gen(function*() {
    const { world, session, supervisor } = yield* underSupervisor({}, { intensity: 0 })
    for (let n = 0; n < 30; n++) yield* oneDies(world)
    assert.isTrue(yield* supervisor.ref.isAlive)
    assert.strictEqual((yield* supervisor.whichChildren)[0]!.restarts, 0)
    yield* statusIs(session, { idle: 1 })
  }))
