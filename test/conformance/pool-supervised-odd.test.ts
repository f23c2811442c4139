import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Schedule, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { Actor, ExitReason, Supervisor } from "whitepool/actor"
import { withCounters } from "../support/liveFibers.ts"
import { random, SeededScheduler } from "../support/seededScheduler.ts"
import { outcome, pending, settle, tagOf } from "./support.ts"
import { leavesNothing, often, refOf } from "./tree.ts"
import { type Extra, makeWorld, Refused, runOutTheClock, spawned, statusIs, type Thing } from "./world.ts"

const supervised = (extra: Extra = {}, flags: Supervisor.Flags = {}) =>
  Effect.gen(function*() {
    const world = makeWorld()
    const { session, spec } = yield* Pool.childSpec<Thing, Refused, Scope.Scope>("db", {
      size: 1,
      link: (thing: Thing) => Deferred.await(thing.death),
      ...extra,
      factory: world.factory
    })
    const supervisor = yield* Supervisor.make({ ...often, ...flags }, [spec])
    const kill = Effect.flatMap(Effect.orDie(supervisor.whichChildren), (infos) => {
      const child = infos[0]?.child
      return child === undefined || child === "restarting" ? Effect.void : refOf(child).exit(ExitReason.killed)
    })
    return { world, session, spec, supervisor, kill }
  })

it.effect("a crash of the pool does not interrupt, fail or delay a use that runs", () =>
  Effect.gen(function*() {
    const { session, kill } = yield* supervised({ size: 2 })
    const gate = yield* Deferred.make<void>()
    const uses = [
      yield* spawned(session.use(() => Effect.as(Deferred.await(gate), "success"))),
      yield* spawned(session.use(() => Effect.andThen(Deferred.await(gate), Effect.fail(new Refused("mine")))))
    ]
    yield* kill
    yield* settle
    assert.isTrue(uses.every(pending))
    yield* Deferred.succeed(gate, undefined)
    yield* settle
    assert.strictEqual(outcome(uses[0]!), "success")
    assert.strictEqual(outcome(uses[1]!)._tag, "Refused")
  }))

it.effect("shutdown through the session of a supervised pool ends it whole; what follows ends by its deadline", () =>
  leavesNothing(Effect.gen(function*() {
    const { world, session, supervisor } = yield* supervised({ size: 2 })
    yield* runOutTheClock
    const report = yield* session.shutdown()
    assert.deepStrictEqual(report, { drained: 0, forced: 0 })
    assert.sameMembers(world.closed.filter((id) => id <= 2), [1, 2])
    const after = yield* spawned(session.use(() => Effect.void))
    yield* TestClock.adjust("5 seconds")
    yield* settle
    assert.isFalse(pending(after))
    yield* supervisor.ref.stop()
    assert.strictEqual(world.live(), 0)
  })))

it.effect("awaitShutdown of a supervised pool outlives the crash of an incarnation, and ends with the tree", () =>
  Effect.gen(function*() {
    const { session, supervisor, kill } = yield* supervised()
    const awaiting = yield* spawned(session.awaitShutdown)
    yield* kill
    yield* settle
    yield* session.use(() => Effect.void)
    // One that asks while an incarnation lives may be told of that one's end, or of the last.
    const again = yield* spawned(session.awaitShutdown)
    assert.isTrue(pending(again))
    yield* supervisor.ref.stop()
    yield* settle
    assert.isFalse(pending(awaiting) || pending(again))
  }))

it.effect("a child of permanent, transient and temporary: Killed is abnormal, temporary alone stays away", () =>
  Effect.gen(function*() {
    for (const restart of ["permanent", "transient", "temporary"] as const) {
      const { session, spec } = yield* Pool.childSpec("db", { factory: Effect.succeed(1), size: 1 })
      const supervisor = yield* Supervisor.make(often, [{ ...spec, restart }])
      yield* refOf((yield* supervisor.whichChildren)[0]!.child).exit(ExitReason.killed)
      yield* settle
      assert.strictEqual((yield* supervisor.whichChildren).length, restart === "temporary" ? 0 : 1)
      if (restart !== "temporary") {
        assert.strictEqual(yield* session.use((n) => Effect.succeed(n)), 1)
      } else {
        const gone = yield* spawned(session.checkout())
        yield* TestClock.adjust("5 seconds")
        yield* settle
        assert.include(["PoolCrashed", "PoolClosed", "CheckoutTimeout"], outcome(gone)._tag)
      }
    }
  }))

it.effect("a supervised pool under a supervisor under a supervisor: killed from the middle, the session works on", () =>
  leavesNothing(Effect.gen(function*() {
    const world = makeWorld()
    const { session, spec } = yield* Pool.childSpec("db", { factory: world.factory, size: 2 })
    const middles: Array<Supervisor.AnySupervisor> = []
    yield* Supervisor.make(often, [{
      id: "middle",
      type: "supervisor",
      start: Effect.tap(Supervisor.make(often, [spec]), (one) => Effect.sync(() => middles.push(one)))
    }])
    yield* session.use(() => Effect.void)
    yield* middles[0]!.ref.exit(ExitReason.killed)
    yield* settle
    assert.strictEqual(middles.length, 2)
    assert.isAbove(yield* session.use((thing) => Effect.succeed(thing.id)), 2)
    yield* statusIs(session, { idle: 2 })
    assert.sameMembers(world.closed, [1, 2])
  })))

it.effect("an actor resource with a link of its own besides: closed once, replaced once, counted once", () =>
  Effect.gen(function*() {
    const refs: Array<Actor.ActorRef<"crash">> = []
    let closed = 0
    const session = yield* Pool.make({
      size: 1,
      backoff: Schedule.spaced("10 millis"),
      restartIntensity: { intensity: 2, period: "1 hour" },
      factory: Effect.andThen(
        Effect.addFinalizer(() => Effect.sync(() => void closed++)),
        Actor.spawn<"crash">({
          init: (context) => Effect.sync(() => void refs.push(context.self)),
          receive: () => Effect.die("crash")
        })
      ),
      link: (ref: Actor.ActorRef<"crash">) => ref.awaitExit
    })
    for (let n = 1; n <= 2; n++) {
      yield* refs.at(-1)!.cast("crash")
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* statusIs(session, { idle: 1, state: "ready" })
      assert.deepStrictEqual([refs.length, closed], [n + 1, n])
    }
  }))

it.effect("an actor resource that traps exits is closed all the same", () =>
  leavesNothing(Effect.gen(function*() {
    const refs: Array<Actor.ActorRef<string>> = []
    const session = yield* Pool.make({
      size: 2,
      factory: Actor.spawn<string>({
        init: (context) => Effect.sync(() => void refs.push(context.self)),
        receive: () => {},
        trapExit: true,
        onExit: () => {}
      })
    })
    yield* session.destroyed(yield* session.checkout())
    yield* settle
    assert.strictEqual(refs.length, 3)
    yield* session.shutdown()
    for (const ref of refs) assert.isFalse(yield* ref.isAlive)
  })))

it.effect("an actor resource that is dead when the factory hands it out is never lent alive, and the pool goes on", () =>
  Effect.gen(function*() {
    let opened = 0
    const session = yield* Pool.make({
      size: 1,
      start: "background",
      backoff: Schedule.spaced("1 second"),
      factory: Effect.suspend(() => {
        const n = ++opened
        return Effect.tap(
          Actor.spawn<string>({ receive: () => {} }),
          (ref) => n < 3 ? Effect.andThen(ref.exit(ExitReason.killed), ref.awaitExit) : Effect.void
        )
      })
    })
    yield* settle
    yield* TestClock.adjust("10 seconds")
    yield* statusIs(session, { idle: 1 })
    const lease = yield* session.checkout()
    assert.isTrue(yield* lease.resource.isAlive)
    yield* session.checkin(lease)
  }))

it.effect("500 who wait when the pool is killed each fail with PoolCrashed, and each is served who asks again", () =>
  Effect.gen(function*() {
    const { world, session, kill } = yield* supervised({ size: 4 })
    const held = yield* Effect.forEach([1, 2, 3, 4], () => session.checkout())
    const waiters = yield* Effect.forEach(
      Array.from({ length: 500 }),
      () => Effect.forkChild(session.use((thing) => Effect.succeed(thing.id)), { startImmediately: true })
    )
    yield* settle
    yield* kill
    yield* settle
    assert.isTrue(waiters.every((one) => outcome(one)._tag === "PoolCrashed"))
    assert.isTrue(held.every((lease) => !lease.isLive))
    const served = yield* Effect.forEach(waiters, () => session.use((thing) => Effect.succeed(thing.id)), {
      concurrency: "unbounded"
    })
    assert.strictEqual(served.length, 500)
    assert.isAtMost(world.mostLive, 8)
    yield* statusIs(session, { idle: 4, lent: 0, waiting: 0 })
  }))

it("crashes, checkouts, deaths and the end in any order: each request is answered, each resource closed once", async () => {
  for (let seed = 1; seed <= 150; seed++) {
    const draw = random(seed * 104_729)
    const pick = (below: number) => Math.floor(draw() * below)
    const pause = (steps: number) =>
      Effect.forEach(Array.from({ length: steps }), () => Effect.yieldNow, { discard: true })
    let answered = 0
    const tags = new Set<string>()
    const race = withCounters((live) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const { world, session, supervisor, kill } = yield* Scope.provide(
          supervised({ size: 2, maxOverflow: 1 }),
          scope
        )
        world.before = Effect.suspend(() => pause(pick(5)))
        world.closing = () => Effect.suspend(() => pause(pick(5)))
        const users = yield* Effect.forEach(Array.from({ length: 6 }), () =>
          Effect.forkChild(Effect.gen(function*() {
            for (let n = 0; n < 4; n++) {
              yield* pause(pick(10))
              const exit = yield* Effect.exit(session.use((thing, lease) =>
                Effect.gen(function*() {
                  assert.isTrue(thing.id > 0)
                  yield* pause(pick(8))
                  if (pick(6) === 0) yield* session.destroyed(lease)
                  if (pick(6) === 0) yield* Deferred.succeed(thing.death, undefined)
                })
              ))
              if (Exit.isFailure(exit)) {
                const error: any = exit.cause.reasons[0]
                tags.add(error._tag === "Fail" ? error.error._tag : `${error._tag} ${String(error.defect)}`)
              }
              answered++
            }
          })))
        for (let n = 0; n < 3; n++) yield* Effect.andThen(pause(pick(25)), kill)
        for (const user of users) yield* Fiber.await(user)
        yield* pause(500)
        assert.isTrue(yield* supervisor.ref.isAlive)
        assert.strictEqual(answered, 24)
        assert.deepInclude(yield* session.status, { lent: 0, waiting: 0, opening: 0, closing: 0 })
        assert.strictEqual((yield* session.status).idle, world.live())
        const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
        yield* Effect.repeat(Effect.yieldNow, { times: 5_000, until: () => closing.pollUnsafe() !== undefined })
        yield* Effect.repeat(Effect.yieldNow, { times: 5_000, until: () => live.fibers() === 0 })
        assert.strictEqual(world.live(), 0)
        assert.strictEqual(new Set(world.closed).size, world.closed.length, "closed twice")
        assert.strictEqual(yield* tagOf(session.checkout()), "PoolClosed")
        assert.strictEqual(live.fibers(), 0, "fibers left")
        for (const tag of tags) assert.include(["PoolCrashed", "CheckoutTimeout"], tag)
      })
    ).pipe(Effect.provide(TestClock.layer()))
    await Effect.runPromise(race, { scheduler: new SeededScheduler(seed) }).catch((cause) => {
      throw new Error(`seed ${seed}: ${String(cause)}`, { cause })
    })
  }
})
