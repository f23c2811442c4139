import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import { ExitReason, Supervisor } from "whitepool/actor"
import { declared, supervised } from "./supervisedPool.ts"
import { defectOf, outcome, pending, settle } from "./support.ts"
import { leavesNothing, often, refOf, refusal } from "./tree.ts"
import { Refused, spawned, statusIs } from "./world.ts"

it.effect("while the next incarnation opens, checkouts are answered within their deadline", () =>
  Effect.gen(function*() {
    const { world, session, kill } = yield* supervised()
    world.before = Effect.sleep("2 seconds")
    yield* kill
    const patient = yield* spawned(session.use((thing) => Effect.succeed(thing.id)))
    const hasty = yield* spawned(session.checkout({ timeout: "1 second" }))
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.include(["CheckoutTimeout", "PoolCrashed"], outcome(hasty)._tag)
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.isFalse(pending(patient))
    assert.isTrue(outcome(patient) === 2 || outcome(patient)._tag === "PoolCrashed")
    assert.strictEqual(yield* session.use((thing) => Effect.succeed(thing.id)), 2)
  }))

it.effect("an eager pool that cannot open at its first start fails the supervisor's start; nothing is left", () =>
  leavesNothing(Effect.gen(function*() {
    const { world, session, spec } = yield* declared({ size: 2, openConcurrency: 1 })
    world.before = Effect.suspend(() => world.attempts === 2 ? Effect.fail(new Refused("down")) : Effect.void)
    assert.strictEqual((yield* Effect.exit(Supervisor.make({}, [spec])))._tag, "Failure")
    yield* settle
    assert.strictEqual(world.live(), 0)
    const late = yield* spawned(session.checkout())
    yield* TestClock.adjust("5 seconds")
    yield* settle
    assert.isFalse(pending(late))
  })))

it.effect("an eager pool that cannot open when it is restarted: its parent gives up, or it heals when it can", () =>
  Effect.gen(function*() {
    const { world, session, supervisor, kill } = yield* supervised({}, { intensity: 3, period: "1 hour" })
    world.before = Effect.fail(new Refused("down"))
    yield* kill
    yield* settle
    const during = yield* spawned(session.checkout())
    yield* TestClock.adjust("5 seconds")
    yield* settle
    assert.include(["PoolClosed", "PoolCrashed", "CheckoutTimeout"], outcome(during)._tag)
    world.before = Effect.void
    yield* TestClock.adjust("1 minute")
    yield* settle
    if (yield* supervisor.ref.isAlive) {
      assert.strictEqual(yield* session.use((thing) => Effect.succeed(thing.id)), 2)
    } else {
      assert.strictEqual((yield* supervisor.awaitExit)._tag, "Shutdown")
      assert.strictEqual(world.live(), 0)
    }
  }))

it.effect("a background pool is restarted though its database is down, and its waiters are served later", () =>
  Effect.gen(function*() {
    const { world, session, supervisor, kill } = yield* supervised({ start: "background" }, {
      intensity: 1,
      period: "1 hour"
    })
    yield* statusIs(session, { idle: 1 })
    world.before = Effect.fail(new Refused("down"))
    yield* kill
    const waiter = yield* spawned(session.use((thing) => Effect.succeed(thing.id), { timeout: "1 hour" }))
    yield* TestClock.adjust("10 minutes")
    assert.isTrue(pending(waiter))
    world.before = Effect.void
    yield* TestClock.adjust("1 minute")
    yield* settle
    assert.strictEqual(outcome(waiter), 2)
    assert.isTrue(yield* supervisor.ref.isAlive)
  }))

it.effect("the supervisor's own end by too many crashes: no checkout outlives its deadline", () =>
  leavesNothing(Effect.gen(function*() {
    const { world, session, supervisor, kill } = yield* supervised({}, { intensity: 1, period: "1 hour" })
    yield* kill
    const lease = yield* session.checkout()
    const waiter = yield* spawned(session.checkout())
    yield* kill
    assert.strictEqual((yield* supervisor.awaitExit)._tag, "Shutdown")
    assert.include(["PoolCrashed", "PoolClosed"], outcome(waiter)._tag)
    assert.isFalse(lease.isLive)
    assert.strictEqual(world.live(), 0)
    const late = yield* spawned(session.checkout())
    yield* TestClock.adjust("5 seconds")
    yield* settle
    assert.include(["PoolClosed", "PoolCrashed", "CheckoutTimeout"], outcome(late)._tag)
  })))

it.effect("terminateChild drains as the end of the pool's scope does: waiters are served, leases waited for", () =>
  Effect.gen(function*() {
    const { world, session, supervisor } = yield* supervised()
    const gate = yield* Deferred.make<void>()
    const using = yield* spawned(session.use(() => Deferred.await(gate)))
    const waiter = yield* spawned(session.use((thing) => Effect.succeed(thing.id)))
    const terminating = yield* spawned(supervisor.terminateChild("db"))
    assert.isTrue(pending(terminating))
    yield* Deferred.succeed(gate, undefined)
    yield* settle
    assert.isFalse(pending(using))
    assert.strictEqual(outcome(waiter), 1)
    assert.isFalse(pending(terminating))
    assert.deepStrictEqual(world.closed, [1])
  }))

it.effect("terminateChild and restartChild: the session works again", () =>
  Effect.gen(function*() {
    const { world, session, supervisor } = yield* supervised()
    yield* supervisor.terminateChild("db")
    assert.deepStrictEqual(world.closed, [1])
    const between = yield* spawned(session.checkout({ timeout: "1 second" }))
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.include(["PoolClosed", "CheckoutTimeout"], outcome(between)._tag)
    yield* supervisor.restartChild("db")
    assert.strictEqual(yield* session.use((thing) => Effect.succeed(thing.id)), 2)
    assert.strictEqual(yield* refusal(supervisor.restartChild("db")), "SupervisorError running")
  }))

it.effect("a sibling's crash under one_for_all takes the pool along in order, and the session works on", () =>
  Effect.gen(function*() {
    const { world, session, spec } = yield* declared()
    const sibling = yield* Deferred.make<void, string>()
    let first = true
    yield* Supervisor.make({ ...often, strategy: "one_for_all" }, [spec, {
      id: "sibling",
      start: Effect.suspend(() => {
        const wait = first ? Deferred.await(sibling) : Effect.never
        first = false
        return Effect.forkScoped(wait)
      })
    }])
    assert.strictEqual(yield* session.use((thing) => Effect.succeed(thing.id)), 1)
    yield* Deferred.fail(sibling, "crash")
    yield* settle
    assert.deepStrictEqual(world.closed, [1])
    assert.strictEqual(yield* session.use((thing) => Effect.succeed(thing.id)), 2)
  }))

it.effect("two pools under one supervisor: the crash of one is nothing to the other", () =>
  Effect.gen(function*() {
    const one = yield* declared()
    const two = yield* Effect.map(declared(), (made) => ({ ...made, spec: { ...made.spec, id: "two" } }))
    const supervisor = yield* Supervisor.make(often, [one.spec, two.spec])
    const lease = yield* two.session.checkout()
    yield* refOf((yield* supervisor.whichChildren)[0]!.child).exit(ExitReason.killed)
    yield* settle
    assert.isTrue(lease.isLive)
    assert.deepStrictEqual([one.world.closed, two.world.closed], [[1], []])
    yield* two.session.checkin(lease)
    assert.strictEqual(yield* one.session.use((thing) => Effect.succeed(thing.id)), 2)
    const { defect } = yield* defectOf(one.session.checkin(lease))
    assert.strictEqual(defect._tag, "ForeignLease")
  }))

it.effect("the scope of the supervisor closed while the pool is being restarted: nothing is left", () =>
  leavesNothing(Effect.gen(function*() {
    const scope = yield* Scope.make()
    const { world, session, spec } = yield* declared()
    const supervisor = yield* Scope.provide(Supervisor.make(often, [spec]), scope)
    world.before = Effect.sleep("10 seconds")
    yield* refOf((yield* supervisor.whichChildren)[0]!.child).exit(ExitReason.killed)
    yield* settle
    const closing = yield* spawned(Scope.close(scope, Exit.void))
    yield* TestClock.adjust("1 minute")
    yield* settle
    assert.isFalse(pending(closing))
    assert.strictEqual(world.live(), 0)
    const late = yield* spawned(session.checkout())
    yield* TestClock.adjust("5 seconds")
    yield* settle
    assert.isFalse(pending(late))
  })))
