import { assert, it } from "@effect/vitest"
import { Cause, Deferred, Duration, Effect, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { causeTag, defectOf, outcome, pending, settle } from "./support.ts"
import { die, type Extra, makePool, makeWorld, Refused, spawned, statusIs } from "./world.ts"

const every = (delay: Duration.Input) => Schedule.spaced(delay)

/** A lazy pool whose database refuses until `up` is called. */
const downPool = (extra: Extra = {}) =>
  Effect.gen(function*() {
    const world = makeWorld()
    const refused = new Refused("secret words")
    world.before = Effect.fail(refused)
    const made = yield* makePool({ start: "lazy", name: "db", ...extra }, world)
    return { ...made, refused, up: Effect.sync(() => void (world.before = Effect.void)) }
  })

it.effect("retry (the default): waiters keep waiting, and are served when the database is back", () =>
  Effect.gen(function*() {
    const { session, up } = yield* downPool({ backoff: every("1 second") })
    const waiters = [yield* spawned(session.use(() => Effect.void)), yield* spawned(session.use(() => Effect.void))]
    yield* TestClock.adjust("2 seconds")
    assert.isTrue(waiters.every(pending))
    yield* up
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.isTrue(waiters.every((fiber) => fiber.pollUnsafe()?._tag === "Success"))
  }))

it.effect("retry: the timeout carries the last failure, also as Error.cause, and names only its tag", () =>
  Effect.gen(function*() {
    const { session, refused } = yield* downPool({ backoff: every("1 second") })
    const waiter = yield* spawned(session.checkout({ timeout: "3500 millis" }))
    yield* TestClock.adjust("3500 millis")
    yield* settle
    const error: any = outcome(waiter)
    assert.strictEqual(error._tag, "CheckoutTimeout")
    assert.strictEqual(error.phase, "open")
    assert.strictEqual(Cause.squash(error.lastOpenFailure), refused)
    const descriptor = Object.getOwnPropertyDescriptor(error, "cause")
    assert.strictEqual(descriptor?.enumerable, false)
    assert.isDefined(error.cause)
    assert.include(error.message, "Refused")
    assert.notInclude(error.message, "secret words")
  }))

it.effect("fail: the oldest waiter in line for that opening gets OpenFailed, the others wait for the next", () =>
  Effect.gen(function*() {
    const { session, world, refused } = yield* downPool({ onOpenFailure: "fail", backoff: every("1 second") })
    const gate = yield* Deferred.make<void>()
    world.before = Effect.andThen(Deferred.await(gate), Effect.fail(refused))
    const one = yield* spawned(session.checkout())
    const two = yield* spawned(session.checkout({ owner: "none" }))
    yield* Deferred.succeed(gate, undefined)
    yield* settle
    assert.strictEqual(outcome(one)._tag, "OpenFailed")
    assert.strictEqual(outcome(one).pool, "db")
    assert.strictEqual(Cause.squash(outcome(one).failure), refused)
    assert.notInclude(outcome(one).message, "secret words")
    assert.isTrue(pending(two))
    world.before = Effect.void
    yield* TestClock.adjust("1 second")
    yield* settle
    yield* session.checkin(outcome(two))
  }))

it.effect("backoff: no opening starts during it, not even for a newcomer", () =>
  Effect.gen(function*() {
    const { session, world } = yield* downPool({ size: 4, backoff: every("10 seconds"), checkoutTimeout: "infinity" })
    yield* spawned(session.checkout())
    assert.strictEqual(world.attempts, 1)
    yield* spawned(session.checkout())
    yield* spawned(Effect.exit(session.tryCheckout()))
    yield* TestClock.adjust("9 seconds")
    yield* settle
    assert.strictEqual(world.attempts, 1)
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.isAbove(world.attempts, 1)
  }))

it.effect("backoff: exponential by default, 100 ms to 30 s: an hour of outage makes few attempts, and heals", () =>
  Effect.gen(function*() {
    const { session, world, up } = yield* downPool({ start: "background" })
    yield* TestClock.adjust("1 hour")
    yield* settle
    assert.isAbove(world.attempts, 100)
    assert.isBelow(world.attempts, 400)
    yield* up
    yield* TestClock.adjust("40 seconds")
    yield* statusIs(session, { idle: 1 })
  }))

it.effect("backoff: a Schedule that ends goes on with its last delay", () =>
  Effect.gen(function*() {
    const backoff = Schedule.upTo(Schedule.spaced("1 second"), { times: 2 })
    const { session, world, up } = yield* downPool({ start: "background", backoff })
    yield* TestClock.adjust("20 seconds")
    yield* settle
    assert.isAtLeast(world.attempts, 15)
    yield* up
    yield* TestClock.adjust("1 second")
    yield* statusIs(session, { idle: 1 })
  }))

it.effect("backoff: reset by success", () =>
  Effect.gen(function*() {
    const backoff = Schedule.exponential("1 second", 10)
    const { session, world, up } = yield* downPool({ start: "background", backoff })
    yield* TestClock.adjust("12 seconds")
    yield* up
    yield* TestClock.adjust("100 seconds")
    yield* statusIs(session, { idle: 1 })
    yield* TestClock.adjust("1 hour")
    const before = world.attempts
    world.before = Effect.suspend(() => world.attempts === before + 1 ? Effect.fail(new Refused()) : Effect.void)
    yield* session.destroyed(yield* session.checkout())
    yield* settle
    assert.strictEqual(world.attempts, before + 1)
    yield* TestClock.adjust("1 second")
    yield* statusIs(session, { idle: 1 })
  }))

it.effect("openTimeout: a typed OpenTimeout is what OpenFailed and CheckoutTimeout carry", () =>
  Effect.gen(function*() {
    const { session, world } = yield* downPool({ openTimeout: "1 second", onOpenFailure: "fail" })
    world.before = Effect.never
    const waiter = yield* spawned(session.checkout())
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.strictEqual(outcome(waiter)._tag, "OpenFailed")
    const timeout: any = Cause.squash(outcome(waiter).failure)
    assert.strictEqual(causeTag(outcome(waiter).failure), "OpenTimeout")
    assert.strictEqual(timeout.pool, "db")
    assert.strictEqual(Duration.toMillis(timeout.after), 1_000)
  }))

it.effect("a factory that dies is an opening failure like any other once the pool runs", () =>
  Effect.gen(function*() {
    const { session, world } = yield* downPool({ onOpenFailure: "fail" })
    world.before = Effect.die("boom")
    const error = yield* Effect.flip(session.checkout())
    assert(error._tag === "OpenFailed")
    assert.isTrue(Cause.hasDies(error.failure))
  }))

it.effect("closeTimeout (5 s by default): a closing that hangs keeps its place so long, then is abandoned", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    world.closing = (id) => id === 1 ? Effect.never : Effect.void
    yield* session.destroyed(yield* session.checkout())
    yield* TestClock.adjust(4_999)
    yield* statusIs(session, { closing: 1, idle: 0, abandoned: 0 })
    yield* TestClock.adjust(1)
    yield* statusIs(session, { closing: 0, idle: 1, abandoned: 1 })
    yield* session.use(() => Effect.void)
  }))

it.effect("a finalizer that throws: the place is free at once and the pool goes on", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    world.closing = () => Effect.die("finalizer")
    for (let n = 0; n < 3; n++) yield* session.destroyed(yield* session.checkout())
    yield* statusIs(session, { closing: 0, idle: 1 })
    assert.deepStrictEqual(world.closed, [1, 2, 3])
  }))

it.effect("a slow closing or opening holds nobody else up", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ size: 2 })
    world.closing = () => Effect.sleep("4 seconds")
    world.before = Effect.sleep("4 seconds")
    yield* session.destroyed(yield* session.checkout())
    assert.isDefined(yield* session.use((thing) => Effect.succeed(thing.id)))
    yield* statusIs(session, { idle: 1 })
  }))

it.effect("all resources die at once: the pool heals without anybody asking", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ size: 3 })
    yield* TestClock.adjust("1 minute")
    for (const thing of world.opened.slice(0, 3)) yield* die(thing)
    yield* TestClock.adjust("1 second")
    yield* statusIs(session, { idle: 3, opening: 0 })
    assert.sameMembers(world.closed, [1, 2, 3])
    assert.isUndefined(yield* defectOf(session.use(() => Effect.void)))
  }))

it.effect("error messages hold no resource", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool({ name: "db" })
    const lease = yield* session.checkout()
    const error = yield* Effect.flip(session.checkout({ timeout: 0 }))
    assert.notInclude(JSON.stringify(error), "death")
    assert.include(error.message, "db")
    yield* session.checkin(lease)
  }))
