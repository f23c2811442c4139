import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import { defectOf, outcome, settle } from "./support.ts"
import { die, makePool, spawned, statusIs } from "./world.ts"

const ends = [
  ["fails", Effect.fail("no")],
  ["dies", Effect.die("no")],
  ["is interrupted", Effect.interrupt]
] as const

for (const [how, end] of ends) {
  it.effect(`an owner that ${how} abandons its lease: destroyed and replaced`, () =>
    Effect.gen(function*() {
      const { session, world } = yield* makePool()
      yield* spawned(Effect.andThen(session.checkout(), end))
      yield* statusIs(session, { idle: 1, lent: 0 })
      assert.deepStrictEqual(world.closed, [1])
    }))

  it.effect(`onAbandoned "checkin": an owner that ${how} gives it back as it is`, () =>
    Effect.gen(function*() {
      const { session, world } = yield* makePool({ onAbandoned: "checkin" })
      yield* spawned(Effect.andThen(session.checkout(), end))
      yield* statusIs(session, { idle: 1, lent: 0 })
      assert.deepStrictEqual(world.closed, [])
    }))

  it.effect(`owner: a fiber that is not the caller and ${how}`, () =>
    Effect.gen(function*() {
      const { session, world } = yield* makePool()
      const gate = yield* Deferred.make<void>()
      const owner = yield* spawned(Effect.andThen(Deferred.await(gate), end))
      const lease = yield* session.checkout({ owner })
      assert.isTrue(lease.isLive)
      yield* Deferred.succeed(gate, undefined)
      yield* statusIs(session, { idle: 1, lent: 0 })
      assert.isFalse(lease.isLive)
      assert.deepStrictEqual(world.closed, [1])
    }))

  it.effect(`owner "none": nobody's end matters, also if the caller ${how}`, () =>
    Effect.gen(function*() {
      const { session, world } = yield* makePool()
      const leases: Array<any> = []
      const take = session.checkout({ owner: "none" })
      yield* spawned(Effect.andThen(Effect.map(take, (lease) => leases.push(lease)), end))
      yield* statusIs(session, { idle: 0, lent: 1 })
      assert.isTrue(leases[0].isLive)
      yield* session.checkin(leases[0])
      assert.deepStrictEqual(world.closed, [])
    }))
}

it.effect("one owner of several leases abandons them all", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ size: 3 })
    const all = Effect.all([session.checkout(), session.tryCheckout(), session.checkout()])
    yield* spawned(Effect.andThen(all, Effect.fail("no")))
    yield* statusIs(session, { idle: 3, lent: 0 })
    assert.sameMembers(world.closed, [1, 2, 3])
  }))

it.effect("an owner's end after it gave its lease back changes nothing", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    yield* spawned(Effect.flatMap(session.checkout(), session.checkin).pipe(Effect.andThen(Effect.fail("no"))))
    yield* statusIs(session, { idle: 1, lent: 0 })
    assert.deepStrictEqual(world.closed, [])
  }))

it.effect("onOwnerSuccess \"abandon\": Erlang's rule", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ onOwnerSuccess: "abandon" })
    const fiber = yield* spawned(session.checkout())
    yield* statusIs(session, { idle: 1, lent: 0 })
    assert.isFalse(outcome(fiber).isLive)
    assert.deepStrictEqual(world.closed, [1])
  }))

it.effect("an owner that ends with success has handed its lease on", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ size: 7 })
    const checkout = session.checkout()
    const leases = [
      yield* Effect.timeout(checkout, "1 second"),
      Option.getOrThrow(yield* Effect.timeoutOption(checkout, "1 second")),
      yield* Effect.race(checkout, Effect.never),
      ...(yield* Effect.all([checkout, checkout], { concurrency: 2 })),
      yield* Effect.flatMap(Effect.forkChild(checkout), Fiber.join),
      yield* Effect.flatten(Effect.cached(checkout))
    ]
    yield* settle
    assert.isTrue(leases.every((lease) => lease.isLive))
    yield* statusIs(session, { lent: 7 })
    for (const lease of leases) yield* session.checkin(lease)
    yield* statusIs(session, { idle: 7, lent: 0 })
    assert.deepStrictEqual(world.closed, [])
    yield* TestClock.adjust("1 minute")
  }))

it.effect("adopt makes the calling fiber the owner", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    const lease = yield* session.checkout({ owner: "none" })
    yield* spawned(Effect.andThen(session.adopt(lease), Effect.fail("no")))
    yield* statusIs(session, { idle: 1, lent: 0 })
    assert.isFalse(lease.isLive)
    assert.deepStrictEqual(world.closed, [1])
  }))

it.effect("adopt: the former owner's end matters no more", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const handed = yield* Deferred.make<any>()
    const owner = yield* spawned(Effect.andThen(
      Effect.flatMap(session.checkout(), (lease) => Deferred.succeed(handed, lease)),
      Effect.never
    ))
    const lease = yield* Deferred.await(handed)
    yield* session.adopt(lease)
    yield* Fiber.interrupt(owner)
    yield* statusIs(session, { lent: 1 })
    assert.isTrue(lease.isLive)
    yield* session.checkin(lease)
  }))

it.effect("adopt: a lease of use is left alone", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    yield* session.use((_thing, lease) =>
      Effect.gen(function*() {
        yield* spawned(Effect.andThen(session.adopt(lease), Effect.fail("no")))
        assert.isTrue(lease.isLive)
      })
    )
    yield* statusIs(session, { idle: 1 })
  }))

it.effect("a waiter that is interrupted just before the resource dies: one removal, nothing lost", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    const waiter = yield* spawned(Effect.andThen(session.checkout(), Effect.never))
    yield* die(world.opened[0]!)
    yield* Fiber.interrupt(waiter)
    yield* statusIs(session, { idle: 1, lent: 0, waiting: 0 })
    assert.deepStrictEqual(world.closed, [1])
  }))

it.effect("an owner that has already ended abandons at once", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const dead = yield* spawned(Effect.die("x"))
    const lease = yield* Effect.exit(session.checkout({ owner: dead }))
    yield* statusIs(session, { idle: 1, lent: 0 })
    assert.isTrue(lease._tag === "Failure" || !lease.value.isLive)
    assert.isUndefined(yield* defectOf(session.use(() => Effect.void)))
  }))
