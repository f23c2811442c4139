import { assert, it } from "@effect/vitest"
import { Cause, Effect, Fiber, Layer, Logger, Schedule } from "effect"
import { TestClock } from "effect/testing"
import type { Pool } from "whitepool"
import { outcome, pending, settle, tagOf } from "./support.ts"
import { die, makePool, makeWorld, Refused, spawned, statusIs } from "./world.ts"

const take = (session: Pool.Session<any, any>) => session.checkout({ owner: "none" })

it.effect("shutdown with timeout 0 revokes at once", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const lease = yield* take(session)
    assert.deepInclude(yield* session.shutdown({ timeout: 0 }), { drained: 0, forced: 1 })
    assert.isFalse(lease.isLive)
  }))

it.effect("drain: a waiter keeps its own deadline", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const lease = yield* take(session)
    const waiter = yield* spawned(session.checkout({ timeout: "1 second" }))
    const shutdown = yield* spawned(session.shutdown({ timeout: "1 minute" }))
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.strictEqual(outcome(waiter)._tag, "CheckoutTimeout")
    yield* session.checkin(lease)
    yield* Fiber.join(shutdown)
  }))

it.effect("drain: what is destroyed, abandoned or dies is not replaced when nobody waits", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ size: 4 })
    const destroyed = yield* take(session)
    const dead = yield* take(session)
    const owner = yield* spawned(Effect.andThen(session.checkout(), Effect.never))
    const shutdown = yield* spawned(session.shutdown())
    yield* session.destroyed(destroyed)
    yield* die(dead.resource)
    assert.isTrue(pending(shutdown))
    yield* Fiber.interrupt(owner)
    assert.deepInclude(yield* Fiber.join(shutdown), { drained: 3, forced: 0 })
    assert.strictEqual(world.attempts, 4)
    assert.sameMembers(world.closed, [1, 2, 3, 4])
  }))

it.effect("drain during back-off: ends by its timeout, the waiters get PoolClosed", () =>
  Effect.gen(function*() {
    const world = makeWorld()
    world.before = Effect.fail(new Refused("down"))
    const backoff = Schedule.spaced("1 hour")
    const { session } = yield* makePool({ start: "lazy", backoff, checkoutTimeout: "infinity" }, world)
    const waiter = yield* spawned(session.checkout())
    const shutdown = yield* spawned(session.shutdown({ timeout: "2 seconds" }))
    yield* TestClock.adjust("2 seconds")
    yield* Fiber.join(shutdown)
    yield* settle
    assert.strictEqual(outcome(waiter)._tag, "PoolClosed")
  }))

it.effect("drain during back-off with nobody waiting: at once", () =>
  Effect.gen(function*() {
    const world = makeWorld()
    world.before = Effect.fail(new Refused("down"))
    const { session } = yield* makePool({ start: "background", backoff: Schedule.spaced("1 hour") }, world)
    yield* settle
    yield* session.shutdown({ timeout: "infinity" })
    yield* TestClock.adjust("2 hours")
    assert.strictEqual(world.attempts, 1)
  }))

it.effect("now: an opening under way is interrupted and what it holds is closed", () =>
  Effect.gen(function*() {
    const world = makeWorld()
    world.before = Effect.never
    const { session } = yield* makePool({ start: "background", size: 2 }, world)
    yield* settle
    const shutdown = yield* spawned(session.shutdown({ mode: "now" }))
    yield* TestClock.adjust("5 seconds")
    yield* Fiber.join(shutdown)
    assert.strictEqual(world.opening, 0)
    yield* statusIs(session, { state: "closed", opening: 0 })
  }))

it.effect("adopt by the fiber that shuts down: revoked at once; a lease given away is waited for", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool({ size: 2 })
    const mine = yield* take(session)
    const other = yield* take(session)
    yield* session.adopt(mine)
    const giver = yield* spawned(Effect.andThen(Effect.sleep("1 second"), session.checkin(other)))
    const shutdown = yield* spawned(
      Effect.flatMap(Effect.andThen(session.adopt(mine), settle), () => session.shutdown())
    )
    assert.isFalse(mine.isLive)
    assert.isTrue(other.isLive && pending(shutdown))
    yield* TestClock.adjust("1 second")
    yield* Fiber.join(giver)
    assert.deepInclude(yield* Fiber.join(shutdown), { drained: 1, forced: 1 })
  }))

it.effect("eager failure: what was opened, and what was still opening beside it, is closed first", () =>
  Effect.gen(function*() {
    const world = makeWorld()
    world.before = Effect.suspend(() =>
      world.attempts === 3
        ? Effect.andThen(Effect.sleep("1 second"), Effect.fail(new Refused("no")))
        : Effect.sleep(world.attempts === 1 ? 0 : "10 seconds")
    )
    const making = yield* spawned(tagOf(makePool({ size: 3 }, world)))
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.strictEqual(outcome(making), "Refused")
    assert.strictEqual(world.live() + world.opening, 0)
    yield* TestClock.adjust("1 minute")
    assert.strictEqual(world.live(), 0)
  }))

it.effect("log lines name only an error's tag, and an outage makes no flood of them", () =>
  Effect.gen(function*() {
    const lines: Array<string> = []
    const logger = Logger.layer([Logger.make((options) => {
      lines.push(`${JSON.stringify(options.message)} ${Cause.pretty(options.cause)}`)
    })])
    const world = makeWorld()
    world.before = Effect.fail(new Refused("secret words"))
    const services = yield* Layer.build(logger)
    yield* Effect.provideContext(makePool({ start: "background" }, world), services)
    yield* TestClock.adjust("1 hour")
    yield* settle
    assert.isAtLeast(lines.length, 1)
    assert.isAtMost(lines.length, 10)
    assert.notInclude(lines.join(), "secret words")
  }))
