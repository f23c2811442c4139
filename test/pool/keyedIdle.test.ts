/** A key that nobody uses goes after its time to live: what counts as a use, and what is left behind. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { makeKeyed, Worlds } from "../support/keyedWorlds.ts"
import { withCounters } from "../support/liveFibers.ts"
import { id } from "../support/resources.ts"
import { forkSettled, settle } from "../support/world.ts"

describe("K-3 an idle key", () => {
  it.effect("goes after its time to live, and comes back when it is used again", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* makeKeyed(worlds)
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
      const keyed = yield* makeKeyed(worlds, { idleTimeToLive: "10 seconds" })
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
      const keyed = yield* makeKeyed(worlds, { idleTimeToLive: "10 seconds" })
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
      const keyed = yield* makeKeyed(worlds, { idleTimeToLive: "10 seconds" })
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
      const keyed = yield* makeKeyed(worlds, { idleTimeToLive: "10 seconds" })
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
        const keyed = yield* makeKeyed(new Worlds(), { idleTimeToLive: 0 })
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
      const keyed = yield* makeKeyed(new Worlds())
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
      const keyed = yield* makeKeyed(new Worlds(), { idleTimeToLive: "infinity" })
      yield* keyed.use("a", id)
      yield* TestClock.adjust("1000 days")
      assert.deepStrictEqual(yield* keyed.keys, ["a"])
    }))

  it.effect("G-13 leaves no timer and no fiber behind", () =>
    withCounters((counters) =>
      Effect.gen(function*() {
        const keyed = yield* makeKeyed(new Worlds())
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
