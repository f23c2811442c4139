import { assert, it } from "@effect/vitest"
import { Deferred, Effect } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { Supervisor } from "whitepool/actor"
import { crashed, declared, supervised } from "./supervisedPool.ts"
import { defectOf, outcome, pending, settle, tagOf } from "./support.ts"
import { leavesNothing, often } from "./tree.ts"
import { die, spawned, statusIs } from "./world.ts"

it.effect("childSpec: the id is the child's; nothing is opened before it starts", () =>
  Effect.gen(function*() {
    const { world, session, spec } = yield* declared()
    assert.strictEqual(spec.id, "db")
    assert.strictEqual(session.name, "db")
    yield* TestClock.adjust("1 hour")
    assert.strictEqual(world.attempts, 0)
  }))

it.effect("childSpec: a pool under a supervisor works like any other, and closes with it", () =>
  leavesNothing(Effect.gen(function*() {
    const { world, session, supervisor } = yield* supervised({ size: 3 })
    yield* statusIs(session, { idle: 3, state: "ready", name: "db" })
    assert.include([1, 2, 3], yield* session.use((thing) => Effect.succeed(thing.id), { timeout: 0 }))
    const infos = yield* supervisor.whichChildren
    assert.deepStrictEqual(infos.map((info) => [info.id, info.restarts]), [["db", 0]])
    yield* supervisor.ref.stop()
    assert.sameMembers(world.closed, [1, 2, 3])
    assert.strictEqual(yield* tagOf(session.checkout()), "PoolClosed")
  })))

it.effect("childSpec: InvalidOptions lists every problem, before there is a supervisor", () =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(
      Pool.childSpec("db", { factory: Effect.succeed(1), size: -1, openConcurrency: 0, name: "db" })
    )
    assert.instanceOf(error, Pool.InvalidOptions)
    assert.strictEqual(error.pool, "db")
    assert.strictEqual(error.problems.length, 2)
    assert.include(error.problems.join("\n"), "size")
    assert.include(error.problems.join("\n"), "openConcurrency")
  }))

for (
  const bad of [
    1,
    { intensity: -1, period: "1 second" },
    { intensity: 1.5, period: "1 second" },
    { intensity: NaN, period: "1 second" },
    { intensity: 1, period: 0 },
    { intensity: 1, period: -1 },
    { intensity: 1, period: NaN },
    { intensity: 1, period: "soon" },
    { intensity: 1 },
    { period: "1 second" }
  ]
) {
  it.effect(`InvalidOptions: restartIntensity ${JSON.stringify(bad)}`, () =>
    Effect.gen(function*() {
      const options: any = { factory: Effect.succeed(1), size: 1, restartIntensity: bad }
      for (
        const refused of [yield* Effect.flip(Pool.make(options)), yield* Effect.flip(Pool.childSpec("db", options))]
      ) {
        assert(refused instanceof Pool.InvalidOptions)
        assert.strictEqual(refused.problems.length, 1, refused.problems.join("; "))
        assert.include(refused.problems[0], "restartIntensity")
      }
    }))
}

it.effect("before the first start checkouts wait, and are served in order when it has come", () =>
  Effect.gen(function*() {
    const { session, spec } = yield* declared()
    const order: Array<number> = []
    const waiting = yield* Effect.forEach(
      [1, 2, 3],
      (n) => spawned(session.use(() => Effect.sync(() => order.push(n))))
    )
    assert.isTrue(waiting.every(pending))
    yield* TestClock.adjust("1 second")
    yield* Supervisor.make(often, [spec])
    yield* settle
    assert.deepStrictEqual(order, [1, 2, 3])
    assert.isFalse(waiting.some(pending))
  }))

it.effect("before the first start checkouts wait within their deadline and no longer", () =>
  Effect.gen(function*() {
    const { session } = yield* declared()
    const five = yield* spawned(session.checkout())
    const two = yield* spawned(session.use(() => Effect.void, { timeout: "2 seconds" }))
    const scoped = yield* spawned(Effect.scoped(session.scoped({ timeout: "3 seconds" })))
    const now = yield* spawned(session.checkout({ timeout: 0 }))
    assert.strictEqual(outcome(now)._tag, "CheckoutTimeout")
    yield* TestClock.adjust("2 seconds")
    yield* settle
    assert.deepInclude(outcome(two), { _tag: "CheckoutTimeout", pool: "db" })
    assert.isTrue(pending(five) && pending(scoped))
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.deepInclude(outcome(scoped), { _tag: "CheckoutTimeout", pool: "db" })
    yield* TestClock.adjust(1_999)
    yield* settle
    assert.isTrue(pending(five))
    yield* TestClock.adjust(1)
    yield* settle
    assert.deepInclude(outcome(five), { _tag: "CheckoutTimeout", pool: "db" })
  }))

it.effect("before the first start: the deadline is one for the wait and the opening together", () =>
  Effect.gen(function*() {
    const { world, session, spec } = yield* declared({ start: "background" })
    world.before = Effect.sleep("3 seconds")
    const waiter = yield* spawned(session.checkout({ timeout: "5 seconds" }))
    yield* TestClock.adjust("3 seconds")
    yield* Supervisor.make(often, [spec])
    yield* TestClock.adjust(1_999)
    yield* settle
    assert.isTrue(pending(waiter))
    yield* TestClock.adjust(1)
    yield* settle
    assert.strictEqual(outcome(waiter)._tag, "CheckoutTimeout")
    yield* TestClock.adjust("1 second")
    yield* statusIs(session, { idle: 1, waiting: 0 })
  }))

it.effect("before the first start: one that leaves is forgotten", () =>
  Effect.gen(function*() {
    const { session, spec } = yield* declared()
    const leaver = yield* spawned(session.checkout())
    const stayer = yield* spawned(session.use((thing) => Effect.succeed(thing.id)))
    leaver.interruptUnsafe()
    yield* settle
    yield* Supervisor.make(often, [spec])
    yield* settle
    assert.strictEqual(outcome(stayer), 1)
    yield* statusIs(session, { idle: 1, lent: 0, waiting: 0 })
  }))

it.effect("before the first start tryCheckout and status answer at once", () =>
  Effect.gen(function*() {
    const { session } = yield* declared()
    assert.include(["PoolFull", "PoolClosed", "PoolCrashed"], yield* tagOf(session.tryCheckout()))
    const status = yield* session.status
    assert.deepInclude(status, { name: "db", size: 1, idle: 0, lent: 0 })
  }))

it.effect("Killed: who waits fails with PoolCrashed at once, and the same session works on", () =>
  Effect.gen(function*() {
    const { world, session, supervisor, kill } = yield* supervised()
    const lease = yield* session.checkout()
    const waiting = [
      yield* spawned(session.checkout()),
      yield* spawned(session.use(() => Effect.void, { timeout: "infinity" })),
      yield* spawned(Effect.scoped(session.scoped()))
    ]
    yield* kill
    for (const waiter of waiting) crashed(outcome(waiter))
    assert.isFalse(lease.isLive)
    assert.deepStrictEqual(world.closed, [1])
    assert.strictEqual(yield* session.use((thing) => Effect.succeed(thing.id)), 2)
    yield* statusIs(session, { idle: 1, lent: 0, waiting: 0, closing: 0, opening: 0, abandoned: 0 })
    assert.strictEqual((yield* supervisor.whichChildren)[0]!.restarts, 1)
  }))

it.effect("Killed: every resource, idle, lent or being closed, is closed exactly once, before and after", () =>
  leavesNothing(Effect.gen(function*() {
    const { world, session, supervisor, kill } = yield* supervised({ size: 4 })
    const lent = yield* session.checkout()
    const broken = yield* session.checkout()
    world.closing = (id) => id <= 4 ? Effect.sleep("1 second") : Effect.void
    yield* session.destroyed(broken)
    yield* kill
    yield* TestClock.adjust("10 seconds")
    yield* settle
    const first = world.closed.filter((id) => id <= 4)
    assert.strictEqual(first.length, 4)
    assert.sameMembers(first, [1, 2, 3, 4])
    assert.isFalse(lent.isLive)
    yield* supervisor.ref.stop()
    assert.strictEqual(new Set(world.closed).size, world.closed.length, "closed once")
    assert.strictEqual(world.live(), 0)
  })))

it.effect("Killed while it opens: what the opening yields is closed, or was never", () =>
  Effect.gen(function*() {
    const { world, session, kill } = yield* supervised({ size: 2, start: "background" })
    yield* statusIs(session, { idle: 2 })
    world.before = Effect.sleep("1 second")
    for (const thing of world.opened.slice(0, 2)) yield* die(thing)
    yield* kill
    yield* TestClock.adjust("1 minute")
    yield* statusIs(session, { idle: 2, opening: 0 })
    assert.strictEqual(world.live(), 2)
    assert.strictEqual(new Set(world.closed).size, world.closed.length)
  }))

it.effect("Killed: a lease of the old incarnation is stale: its resource throws, giving it back changes nothing", () =>
  Effect.gen(function*() {
    const { session, kill } = yield* supervised()
    const lease = yield* session.checkout()
    yield* kill
    assert.isFalse(lease.isLive)
    const { defect } = yield* defectOf(Effect.sync(() => lease.resource))
    assert.strictEqual(defect._tag, "LeaseExpired")
    yield* session.checkin(lease)
    yield* session.destroyed(lease)
    yield* session.adopt(lease)
    yield* statusIs(session, { idle: 1, lent: 0, closing: 0 })
    const fresh = yield* session.checkout()
    yield* session.checkin(lease)
    assert.isTrue(fresh.isLive, "a stale lease never ends one of the new incarnation")
    yield* statusIs(session, { idle: 0, lent: 1 })
    yield* session.checkin(fresh)
  }))

it.effect("Killed: a use under way ends with its own exit; its resource is closed once", () =>
  Effect.gen(function*() {
    const { world, session, kill } = yield* supervised()
    const gate = yield* Deferred.make<string>()
    const using = yield* spawned(session.use(() => Deferred.await(gate)))
    yield* kill
    assert.isTrue(pending(using))
    yield* Deferred.succeed(gate, "its own")
    yield* settle
    assert.strictEqual(outcome(using), "its own")
    yield* statusIs(session, { idle: 1, lent: 0 })
    assert.deepStrictEqual(world.closed, [1])
  }))

it.effect("Killed: the end of a lease's owner afterwards is nothing to the new incarnation", () =>
  Effect.gen(function*() {
    const { world, session, kill } = yield* supervised()
    const owner = yield* spawned(Effect.andThen(session.checkout(), Effect.never))
    yield* kill
    owner.interruptUnsafe()
    yield* settle
    yield* statusIs(session, { idle: 1, lent: 0 })
    assert.deepStrictEqual(world.closed, [1])
  }))

it.effect("Killed over and over: each time the same session and its clones work on", () =>
  leavesNothing(Effect.gen(function*() {
    const { world, session, kill } = yield* supervised({ size: 2 })
    const clone = yield* session.clone
    for (let n = 0; n < 10; n++) {
      yield* kill
      yield* session.use(() => Effect.void)
      yield* clone.use(() => Effect.void)
    }
    yield* statusIs(session, { idle: 2 })
    assert.strictEqual(world.live(), 2)
    assert.strictEqual(world.opened.length, 22)
    assert.strictEqual(new Set(world.closed).size, 20)
  })))

it.effect("a clone that was dropped stays dropped in the next incarnation", () =>
  Effect.gen(function*() {
    const { session, kill } = yield* supervised()
    const clone = yield* session.clone
    yield* clone.drop
    yield* kill
    assert.strictEqual(yield* tagOf(clone.checkout()), "PoolClosed")
    assert.strictEqual(yield* session.use((thing) => Effect.succeed(thing.id)), 2)
  }))
