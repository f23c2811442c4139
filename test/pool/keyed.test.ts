/** One pool per key: who gets which, when it is made, when it goes, and that nothing comes between. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Data, Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { AsyncLocalStorage } from "node:async_hooks"
import type { Pool } from "whitepool"
import * as KeyedPool from "../../src/pool/KeyedPool.ts"
import { withCounters } from "../support/liveFibers.ts"
import { forkSettled, OpenError, type Resource, settle, tagsOf, World } from "../support/world.ts"

/** A world per key, and how often each key was looked up. */
class Worlds {
  readonly of = new Map<string, World>()
  readonly lookups: Array<string> = []
  options: (key: string) => Partial<Pool.Options<Resource, OpenError, Scope.Scope, Scope.Scope>> = () => ({})

  world(key: string): World {
    const known = this.of.get(key)
    if (known !== undefined) return known
    const world = new World()
    this.of.set(key, world)
    return world
  }

  readonly lookup = (key: string) => {
    this.lookups.push(key)
    return { size: 1, factory: this.world(key).factory, ...this.options(key) }
  }

  get live(): number {
    return Array.from(this.of.values()).reduce((sum, { live }) => sum + live, 0)
  }

  assertEmpty(): void {
    assert.strictEqual(this.live, 0)
    assert.deepStrictEqual(Array.from(this.of.values()).flatMap(({ problems }) => problems), [])
  }
}

const make = (
  worlds: Worlds,
  options: Partial<KeyedPool.Options<string, Resource, OpenError, Scope.Scope, Scope.Scope>> = {}
) => KeyedPool.make({ lookup: worlds.lookup, ...options })

const id = (resource: Resource) => Effect.succeed(resource.id)

describe("a key", () => {
  it.effect("has its pool made on first use, once, and other keys have others", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* make(worlds)
      assert.deepStrictEqual(yield* keyed.keys, [])
      assert.strictEqual(yield* keyed.use("a", id), 1)
      assert.strictEqual(yield* keyed.use("a", id), 1)
      assert.strictEqual(yield* keyed.use("b", id), 1)
      assert.deepStrictEqual(yield* keyed.keys, ["a", "b"])
      assert.deepStrictEqual(worlds.lookups, ["a", "b"])
      assert.deepStrictEqual((yield* keyed.status).map(({ idle, name }) => ({ idle, name })), [
        { idle: 1, name: "pool[a]" },
        { idle: 1, name: "pool[b]" }
      ])
    }))

  it.effect("many first uses at once make one pool", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* make(worlds)
      const gate = yield* Deferred.make<void>()
      worlds.world("a").open = () => Deferred.await(gate)
      const users = yield* Effect.forEach(Array.from({ length: 20 }), () => Effect.forkChild(keyed.use("a", id)))
      yield* settle
      yield* Deferred.succeed(gate, undefined)
      yield* Effect.forEach(users, Fiber.join)
      assert.deepStrictEqual(worlds.lookups, ["a"])
      assert.strictEqual(worlds.world("a").begun, 1)
    }))

  it.effect("is compared by its value, if it has one", () =>
    Effect.gen(function*() {
      class Key extends Data.Class<{ readonly tenant: string }> {}
      let made = 0
      const keyed = yield* KeyedPool.make({
        lookup: (key: Key) => ({ size: key.tenant.length, factory: Effect.sync(() => ++made) }),
        name: "tenants"
      })
      yield* keyed.use(new Key({ tenant: "a" }), Effect.succeed)
      assert.strictEqual(yield* keyed.use(new Key({ tenant: "a" }), Effect.succeed), 1)
      assert.strictEqual(yield* keyed.use(new Key({ tenant: "b" }), Effect.succeed), 2)
      assert.deepStrictEqual((yield* keyed.status).map(({ name }) => name), ["tenants[#1]", "tenants[#2]"])
      const session = yield* keyed.session(new Key({ tenant: "b" }))
      yield* session.shutdown()
      assert.deepStrictEqual([session.name, session.name], ["tenants[#2]", "tenants[#2]"])
    }))

  it.effect("has a pool of the name that the lookup gives", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      worlds.options = (key) => ({ name: `db of ${key}` })
      const keyed = yield* make(worlds)
      const session = yield* keyed.session("a")
      assert.strictEqual(session.name, "db of a")
    }))
})

describe("a first use", () => {
  it.effect("interrupted while the pool is made leaves it to the others, and to itself", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* make(worlds)
      const gate = yield* Deferred.make<void>()
      worlds.world("a").open = () => Deferred.await(gate)
      const first = yield* forkSettled(keyed.use("a", id))
      const second = yield* forkSettled(keyed.use("a", id))
      yield* Fiber.interrupt(first)
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual(yield* Fiber.join(second), 1)
      assert.deepStrictEqual(worlds.lookups, ["a"])
    }))

  it.effect("all of them interrupted: the pool is made all the same, and is idle from then", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* make(worlds)
      const gate = yield* Deferred.make<void>()
      worlds.world("a").open = () => Deferred.await(gate)
      yield* Fiber.interrupt(yield* forkSettled(keyed.use("a", id)))
      yield* TestClock.adjust("20 seconds")
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.strictEqual(worlds.live, 1)
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual(yield* keyed.keys, ["a"])
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.deepStrictEqual(yield* keyed.keys, [])
      worlds.assertEmpty()
    }))

  it.effect("J-2 has one deadline for the making and the queue", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* make(worlds)
      worlds.world("a").open = () => Effect.sleep("3 seconds")
      const holder = yield* forkSettled(keyed.use("a", () => Effect.never))
      const other = yield* forkSettled(Effect.flip(keyed.use("a", id, { timeout: "4 seconds" })))
      const slow = yield* forkSettled(Effect.flip(keyed.use("a", id, { timeout: "2 seconds" })))
      yield* TestClock.adjust("2 seconds")
      const error = yield* Fiber.join(slow)
      assert.deepInclude(error, { _tag: "CheckoutTimeout", phase: "open", pool: "pool[a]" })
      assert.strictEqual(error._tag === "CheckoutTimeout" ? error.status.waiting : 0, 3)
      yield* TestClock.adjust("1999 millis")
      assert.isUndefined(other.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.deepInclude(yield* Fiber.join(other), { _tag: "CheckoutTimeout", phase: "queue" })
      yield* Fiber.interrupt(holder)
    }))

  it.effect("without a deadline of its own has that of the pool's options", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      worlds.options = (key) => key === "a" ? { checkoutTimeout: "1 second" } : {}
      const keyed = yield* make(worlds)
      for (const key of ["a", "b"]) worlds.world(key).open = () => Effect.never
      const users = yield* Effect.forEach(["a", "b"], (key) => forkSettled(keyed.use(key, id)))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(users.map((fiber) => fiber.pollUnsafe() === undefined), [false, true])
      yield* TestClock.adjust("4 seconds")
      assert.deepStrictEqual(yield* tagsOf(users), ["CheckoutTimeout", "CheckoutTimeout"])
    }))

  it.effect("that will not wait does not, but has the pool made", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* make(worlds)
      const first = yield* Effect.forkChild(Effect.flip(keyed.use("b", id, { timeout: 0 })), { startImmediately: true })
      assert.isDefined(first.pollUnsafe(), "at once")
      assert.strictEqual((yield* Effect.flip(keyed.use("a", id, { timeout: 0 })))._tag, "CheckoutTimeout")
      yield* settle
      assert.strictEqual(yield* keyed.use("a", id, { timeout: 0 }), 1)
    }))

  it.effect("of a timeout that is none dies, as a session says it, and leaves no line behind", () =>
    Effect.gen(function*() {
      const keyed = yield* make(new Worlds())
      for (const timeout of [-1, NaN]) {
        const exit = yield* Effect.exit(keyed.use("a", id, { timeout }))
        assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause) && !Cause.hasFails(exit.cause))
      }
    }))
})

describe("a pool that cannot be made", () => {
  it.effect("fails all who wait for it with OpenFailed, leaves nothing, and is tried anew by the next", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* make(worlds)
      worlds.world("a").open = (id) => Effect.fail(new OpenError({ id }))
      const users = yield* Effect.forEach([1, 2], () => Effect.forkChild(Effect.flip(keyed.use("a", id))))
      for (const user of users) {
        const error = yield* Fiber.join(user)
        assert.strictEqual(error._tag, "OpenFailed")
        if (error._tag === "OpenFailed") assert.instanceOf(Cause.squash(error.failure), OpenError)
      }
      assert.deepStrictEqual(yield* keyed.keys, [])
      worlds.assertEmpty()
      worlds.world("a").open = () => Effect.void
      assert.strictEqual(yield* keyed.use("a", id), 2)
    }))

  it.effect("fails session with the failure itself", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* make(worlds)
      worlds.world("a").open = (id) => Effect.fail(new OpenError({ id }))
      assert.instanceOf(yield* Effect.flip(keyed.session("a")), OpenError)
      assert.deepStrictEqual(yield* keyed.keys, [])
    }))

  it.effect("for its options: session fails with InvalidOptions, use dies of them", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      worlds.options = () => ({ size: -1 })
      const keyed = yield* make(worlds)
      assert.strictEqual((yield* Effect.flip(keyed.session("a")))._tag, "InvalidOptions")
      const exit = yield* Effect.exit(keyed.use("a", id))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      assert.deepStrictEqual(yield* keyed.keys, [])
    }))

  it.effect("since the lookup throws: whoever asks dies of it, and the next one tries anew", () =>
    Effect.gen(function*() {
      let isBroken = true
      const keyed = yield* KeyedPool.make({
        lookup: (key: string) => {
          if (isBroken) throw new Error(`no ${key}`)
          return { size: 1, factory: Effect.succeed(key) }
        }
      })
      const exit = yield* Effect.exit(keyed.use("a", Effect.succeed))
      assert.isTrue(Exit.isFailure(exit) && (Cause.squash(exit.cause) as Error).message === "no a")
      isBroken = false
      assert.strictEqual(yield* keyed.use("a", Effect.succeed), "a")
    }))
})

describe("K-3 an idle key", () => {
  it.effect("goes after its time to live, and comes back when it is used again", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* make(worlds)
      yield* keyed.use("a", id)
      yield* TestClock.adjust("59 seconds")
      yield* settle
      assert.strictEqual(worlds.live, 1)
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.deepStrictEqual(yield* keyed.keys, [])
      worlds.assertEmpty()
      assert.strictEqual(yield* keyed.use("a", id), 2)
      assert.deepStrictEqual(worlds.lookups, ["a", "a"])
    }))

  it.effect("is idle from the end of its last use", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* make(worlds, { idleTimeToLive: "10 seconds" })
      yield* Effect.forkChild(keyed.use("a", () => Effect.sleep("25 seconds")))
      yield* Effect.forkChild(Effect.scoped(Effect.andThen(keyed.scoped("b"), Effect.sleep("15 seconds"))))
      yield* settle
      yield* TestClock.adjust("15 seconds")
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual(yield* keyed.keys, ["a", "b"])
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.deepStrictEqual(yield* keyed.keys, ["a"])
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual(yield* keyed.keys, ["a"])
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.deepStrictEqual(yield* keyed.keys, [])
      worlds.assertEmpty()
    }))

  it.effect("is none while a lease of its session is out, or somebody waits", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* make(worlds, { idleTimeToLive: "10 seconds" })
      const session = yield* keyed.session("a")
      const lease = yield* session.checkout()
      const waiter = yield* forkSettled(session.checkout({ timeout: "infinity", owner: "none" }))
      yield* TestClock.adjust("1 minute")
      assert.isTrue(lease.isLive)
      yield* session.checkin(lease)
      const second = yield* Fiber.join(waiter)
      yield* TestClock.adjust("1 minute")
      assert.isTrue(second.isLive)
      yield* session.checkin(second)
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual(yield* keyed.keys, ["a"])
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.deepStrictEqual(yield* keyed.keys, [])
    }))

  it.effect("is idle from when a lease of its session was given back, or was last asked for", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* make(worlds, { idleTimeToLive: "10 seconds" })
      const sessions = yield* Effect.forEach(["a", "b"], keyed.session)
      const lease = yield* sessions[0]!.checkout()
      yield* TestClock.adjust("5 seconds")
      yield* sessions[0]!.checkin(lease)
      yield* Fiber.await(yield* Effect.forkChild(Effect.andThen(sessions[1]!.checkout(), Effect.fail("died"))))
      yield* TestClock.adjust("9 seconds")
      yield* settle
      assert.deepStrictEqual(yield* keyed.keys, ["a", "b"])
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.deepStrictEqual(yield* keyed.keys, [])
    }))

  it.effect("whose lease ended with its owner is found idle by the second look", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* make(worlds, { idleTimeToLive: "10 seconds" })
      const session = yield* keyed.session("a")
      const owner = yield* forkSettled(Effect.andThen(session.checkout(), Effect.never))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.interrupt(owner)
      yield* TestClock.adjust("9 seconds")
      assert.deepStrictEqual(yield* keyed.keys, ["a"])
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.deepStrictEqual(yield* keyed.keys, [])
      worlds.assertEmpty()
    }))

  it.effect("is looked at no more often than needs be, however short its time to live", () =>
    withCounters((counters) =>
      Effect.gen(function*() {
        const keyed = yield* make(new Worlds(), { idleTimeToLive: 0 })
        const session = yield* keyed.session("a")
        const lease = yield* session.checkout()
        yield* settle
        const before = counters.started()
        for (let i = 0; i < 60; i++) yield* TestClock.adjust("1 second")
        assert.isAtMost(counters.started() - before, 6 * 60)
        yield* session.checkin(lease)
        yield* TestClock.adjust("1 second")
        yield* settle
        assert.deepStrictEqual(yield* keyed.keys, [])
      })
    ))

  it.effect("that is suspended is kept", () =>
    Effect.gen(function*() {
      const keyed = yield* make(new Worlds())
      const session = yield* keyed.session("a")
      yield* session.suspend
      yield* TestClock.adjust("10 minutes")
      assert.deepStrictEqual(yield* keyed.keys, ["a"])
      yield* session.resume
      yield* TestClock.adjust("2 minutes")
      yield* settle
      assert.deepStrictEqual(yield* keyed.keys, [])
    }))

  it.effect("with all the time in the world is kept", () =>
    Effect.gen(function*() {
      const keyed = yield* make(new Worlds(), { idleTimeToLive: "infinity" })
      yield* keyed.use("a", id)
      yield* TestClock.adjust("1000 days")
      assert.deepStrictEqual(yield* keyed.keys, ["a"])
    }))

  it.effect("G-13 leaves no timer and no fiber behind", () =>
    withCounters((counters) =>
      Effect.gen(function*() {
        const keyed = yield* make(new Worlds())
        const before = counters.fibers()
        yield* keyed.use("a", id)
        assert.strictEqual(counters.sleeps(), 1)
        yield* TestClock.adjust("1 minute")
        yield* settle
        assert.strictEqual(counters.sleeps(), 0)
        assert.strictEqual(counters.fibers(), before)
      })
    ))
})

describe("a scope of a key", () => {
  it.effect("has nothing left of what failed in it", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* make(worlds)
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
      const keyed = yield* make(worlds)
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
      const keyed = yield* make(worlds)
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
      const keyed = yield* make(worlds)
      yield* keyed.use("a", id)
      const closing = yield* Effect.forkChild(keyed.shutdown("a"), { startImmediately: true })
      yield* Fiber.interrupt(closing)
      yield* settle
      assert.deepStrictEqual(yield* keyed.keys, [])
      worlds.assertEmpty()
    }))

  it.effect("by hand, by the fiber that holds its lease: it is revoked, since it cannot come back", () =>
    Effect.gen(function*() {
      const keyed = yield* make(new Worlds())
      const lease = yield* (yield* keyed.session("a")).checkout()
      assert.deepStrictEqual(yield* keyed.shutdown("a"), { drained: 0, forced: 1 })
      assert.isFalse(lease.isLive)
    }))

  it.effect("of its own accord, since it has died too often, is replaced by the next use", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const world = worlds.world("a")
      worlds.options = () => ({ link: world.link, restartIntensity: { intensity: 0, period: "1 minute" } })
      const keyed = yield* make(worlds)
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
      const keyed = yield* Scope.provide(make(worlds), scope)
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
      const keyed = yield* Scope.provide(make(worlds), scope)
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
      const keyed = yield* Scope.provide(make(worlds), scope)
      const user = yield* Effect.forkChild(Effect.flip(keyed.use("a", id)), { startImmediately: true })
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Fiber.join(user))._tag, "PoolClosed")
      assert.deepStrictEqual(worlds.lookups, [])
    }))

  it.effect("revokes at once, in all of them, what the closing fiber has lent itself", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const closing = yield* forkSettled(Effect.scoped(Effect.gen(function*() {
        const keyed = yield* make(worlds)
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
      const keyed = yield* Scope.provide(make(worlds), scope)
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
        const keyed = yield* Scope.provide(make(worlds), scope)
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

describe("the context of a key's pool", () => {
  const storage = new AsyncLocalStorage<string>()

  it("is that of make, and never that of whoever used the key first", async () => {
    class Who extends Context.Reference<string>("test/Who", { defaultValue: () => "nobody" }) {}
    const seen: Array<string> = []
    const scope = Scope.makeUnsafe()
    const note = (what: string) =>
      Effect.map(Effect.service(Who), (who) => void seen.push(`${what}: ${who} ${storage.getStore()}`))
    const keyed = await storage.run("maker", () =>
      Effect.runPromise(
        KeyedPool.make({
          lookup: (key: string) => {
            seen.push(`lookup: ${storage.getStore()}`)
            return { size: 1, factory: Effect.acquireRelease(Effect.as(note("factory"), key), () => note("closing")) }
          }
        }).pipe(Effect.provideService(Who, "maker"), Effect.provideService(Scope.Scope, scope))
      ))
    await storage.run(
      "caller",
      () => Effect.runPromise(Effect.provideService(keyed.use("a", () => Effect.void), Who, "caller"))
    )
    await storage.run(
      "closer",
      () => Effect.runPromise(Effect.provideService(Scope.close(scope, Exit.void), Who, "closer"))
    )
    assert.deepStrictEqual(seen, ["lookup: maker", "factory: maker maker", "closing: maker maker"])
  })
})

describe("options", () => {
  it.effect("that are impossible are a mistake of the program, and every one is named", () =>
    Effect.gen(function*() {
      const wrong = { lookup: 1, maxTotal: 0, idleTimeToLive: -1, name: "", nonsense: true }
      const exit = yield* Effect.exit(KeyedPool.make(wrong as never))
      const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      assert.deepInclude(defect, { _tag: "InvalidOptions" })
      const { problems } = defect as Pool.InvalidOptions
      assert.deepStrictEqual(problems.map((problem) => problem.split(":")[0]), [
        "nonsense",
        "lookup",
        "maxTotal",
        "idleTimeToLive",
        "name"
      ])
    }))
})
