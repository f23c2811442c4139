/** The end of a key's pool, and of all of them: who waits for it, who is turned away, and what is left. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { makeKeyed, Worlds } from "../support/keyedWorlds.ts"
import { withCounters } from "../support/liveFibers.ts"
import { id } from "../support/resources.ts"
import { forkSettled, settle } from "../support/world.ts"

describe("a scope of a key", () => {
  it.effect("has nothing left of what failed in it", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* makeKeyed(worlds)
      const scope = yield* Scope.make()
      yield* Scope.provide(keyed.scoped("a"), scope)
      const finalizers = () => scope.state._tag === "Open" ? scope.state.finalizers?.size ?? 1 : 0
      const before = finalizers()
      for (let i = 0; i < 5; i++) {
        const error = yield* Effect.flip(Scope.provide(keyed.scoped("a", { timeout: 0 }), scope))
        assert.strictEqual(error._tag, "CheckoutTimeout")
      }
      assert.strictEqual(finalizers(), before)
      yield* Scope.close(scope, Exit.void)
    }))
})

describe("a key that is closing", () => {
  it.effect("K1 has no second pool beside it: the next use waits until nothing is left of the first", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* makeKeyed(worlds)
      yield* keyed.use("a", id)
      worlds.world("a").close = ({ id }) => id === 1 ? Effect.sleep("2 seconds") : Effect.void
      yield* TestClock.adjust("1 minute")
      yield* settle
      assert.deepStrictEqual(yield* keyed.keys, [])
      assert.deepStrictEqual((yield* keyed.status).map(({ state }) => state), ["draining"])
      const late = yield* forkSettled(Effect.flip(keyed.use("a", id, { timeout: "1 second" })))
      const next = yield* forkSettled(keyed.use("a", id))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(late))._tag, "CheckoutTimeout")
      assert.strictEqual(worlds.world("a").begun, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(next), 2)
      assert.strictEqual(worlds.world("a").peak, 1)
    }))

  it.effect("by hand: what is lent is waited for, and whoever asks meanwhile has the next pool", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* makeKeyed(worlds)
      const gate = yield* Deferred.make<void>()
      const user = yield* forkSettled(keyed.use("a", () => Deferred.await(gate)))
      const closing = yield* forkSettled(keyed.shutdown("a"))
      const next = yield* forkSettled(keyed.use("a", id))
      assert.isUndefined(next.pollUnsafe())
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(user)
      assert.deepStrictEqual(yield* Fiber.join(closing), { drained: 1, forced: 0 })
      assert.strictEqual(yield* Fiber.join(next), 2)
      assert.isUndefined(yield* keyed.shutdown("b"), "there is none")
    }))

  it.effect("by hand, by somebody who is interrupted at once, goes on closing", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* makeKeyed(worlds)
      yield* keyed.use("a", id)
      const closing = yield* Effect.forkChild(keyed.shutdown("a"), { startImmediately: true })
      yield* Fiber.interrupt(closing)
      yield* settle
      assert.deepStrictEqual(yield* keyed.keys, [])
      worlds.assertEmpty()
    }))

  it.effect("by hand, by the fiber that holds its lease: it is revoked, since it cannot come back", () =>
    Effect.gen(function*() {
      const keyed = yield* makeKeyed(new Worlds())
      const lease = yield* (yield* keyed.session("a")).checkout()
      assert.deepStrictEqual(yield* keyed.shutdown("a"), { drained: 0, forced: 1 })
      assert.isFalse(lease.isLive)
    }))

  it.effect("of its own accord, since it has died too often, is replaced by the next use", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const world = worlds.world("a")
      worlds.options = () => ({ link: world.link, restartIntensity: { intensity: 0, period: "1 minute" } })
      const keyed = yield* makeKeyed(worlds)
      const first = yield* keyed.use("a", Effect.succeed)
      yield* world.kill(first)
      yield* settle
      yield* settle
      assert.deepStrictEqual(yield* keyed.keys, [])
      assert.strictEqual(yield* keyed.use("a", id), 2)
    }))
})

describe("closing the scope", () => {
  it.effect("shuts all of them down at once, and waits for the last", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const scope = yield* Scope.make()
      const keyed = yield* Scope.provide(makeKeyed(worlds), scope)
      for (const key of ["a", "b", "c"]) {
        yield* keyed.use(key, id)
        worlds.world(key).close = () => Effect.sleep("2 seconds")
      }
      const closing = yield* forkSettled(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("1999 millis")
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      yield* Fiber.join(closing)
      worlds.assertEmpty()
      assert.deepStrictEqual(yield* keyed.keys, [])
    }))

  it.effect("I-3 gives up a pool that is being made, and turns away who waits for it", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const scope = yield* Scope.make()
      const keyed = yield* Scope.provide(makeKeyed(worlds), scope)
      worlds.options = () => ({ size: 2 })
      worlds.world("a").open = (id) => id === 1 ? Effect.void : Effect.never
      const users = yield* Effect.forEach([1, 2], () => forkSettled(Effect.flip(keyed.use("a", id))))
      const asking = yield* forkSettled(keyed.session("a"))
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(users.map((fiber) => fiber.pollUnsafe() === undefined), [false, false])
      for (const user of users) assert.strictEqual((yield* Fiber.join(user))._tag, "PoolClosed")
      const session = yield* Fiber.join(asking)
      assert.strictEqual((yield* Effect.flip(session.checkout()))._tag, "PoolClosed")
      worlds.assertEmpty()
    }))

  it.effect("before a pool has begun to be made: it is not made", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const scope = yield* Scope.make()
      const keyed = yield* Scope.provide(makeKeyed(worlds), scope)
      const user = yield* Effect.forkChild(Effect.flip(keyed.use("a", id)), { startImmediately: true })
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Fiber.join(user))._tag, "PoolClosed")
      assert.deepStrictEqual(worlds.lookups, [])
    }))

  it.effect("revokes at once, in all of them, what the closing fiber has lent itself", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const closing = yield* forkSettled(Effect.scoped(Effect.gen(function*() {
        const keyed = yield* makeKeyed(worlds)
        for (const key of ["a", "b"]) {
          yield* (yield* keyed.session(key)).checkout()
          worlds.world(key).close = () => Effect.sleep("2 seconds")
        }
      })))
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(closing)
      worlds.assertEmpty()
    }))

  it.effect("ends what a scope was closed for before: every use is turned away, and nothing is made", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const scope = yield* Scope.make()
      yield* Scope.close(scope, Exit.void)
      const keyed = yield* Scope.provide(makeKeyed(worlds), scope)
      assert.strictEqual((yield* Effect.flip(keyed.use("a", id)))._tag, "PoolClosed")
      const session = yield* keyed.session("a")
      assert.strictEqual((yield* session.status).state, "closed")
      assert.deepStrictEqual(worlds.lookups, [])
    }))

  it.effect("leaves no fiber and no timer behind, whatever was under way", () =>
    withCounters((counters) =>
      Effect.gen(function*() {
        const worlds = new Worlds()
        const before = counters.fibers()
        const scope = yield* Scope.make()
        const keyed = yield* Scope.provide(makeKeyed(worlds), scope)
        yield* keyed.use("idle", id)
        worlds.world("hung").open = () => Effect.never
        yield* keyed.use("hung", id, { timeout: "1 second" }).pipe(Effect.exit, forkSettled)
        worlds.world("closing").close = () => Effect.sleep("1 second")
        yield* keyed.use("closing", id)
        yield* Effect.forkChild(keyed.shutdown("closing"), { startImmediately: true })
        const closing = yield* forkSettled(Scope.close(scope, Exit.void))
        yield* TestClock.adjust("1 second")
        yield* Fiber.join(closing)
        yield* settle
        assert.strictEqual(counters.sleeps(), 0)
        assert.strictEqual(counters.fibers(), before)
        worlds.assertEmpty()
      })
    ))
})
