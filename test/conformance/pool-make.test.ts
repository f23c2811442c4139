import { assert, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { defectOf, outcome, pending, settle } from "./support.ts"
import { makePool, makeWorld, Refused, spawned, statusIs } from "./world.ts"

it.effect("eager (the default): make waits for size workers", () =>
  Effect.gen(function*() {
    const world = makeWorld()
    world.before = Effect.sleep("1 second")
    const making = yield* spawned(makePool({ size: 3 }, world))
    assert.isTrue(pending(making))
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.strictEqual(world.opened.length, 3)
    yield* statusIs(outcome(making).session, { idle: 3, opening: 0, state: "ready", size: 3, overflow: 0 })
  }))

it.effect("eager: fails with the first opening failure, after closing what was opened", () =>
  Effect.gen(function*() {
    const world = makeWorld()
    const refused = new Refused("no")
    world.before = Effect.suspend(() => world.attempts === 3 ? Effect.fail(refused) : Effect.void)
    const failure = yield* Effect.flip(makePool({ size: 3, openConcurrency: 1 }, world))
    assert.strictEqual(failure, refused)
    assert.strictEqual(world.opened.length, 2)
    assert.sameMembers(world.closed, [1, 2])
  }))

it.effect("eager: a factory that dies: make dies with that defect", () =>
  Effect.gen(function*() {
    const boom = new Error("boom")
    const make = Pool.make({
      factory: Effect.sync(() => {
        throw boom
      }),
      size: 1
    })
    assert.deepStrictEqual(yield* defectOf(make), { defect: boom })
  }))

it.effect("eager: an opening that never ends is OpenTimeout after 30 s by default", () =>
  Effect.gen(function*() {
    const world = makeWorld()
    world.before = Effect.never
    const making = yield* spawned(makePool({ name: "slow" }, world))
    yield* TestClock.adjust(29_999)
    assert.isTrue(pending(making))
    yield* TestClock.adjust(1)
    yield* settle
    assert.strictEqual(outcome(making)._tag, "OpenTimeout")
    assert.strictEqual(outcome(making).pool, "slow")
  }))

it.effect("eager: interrupted, what was opened is closed", () =>
  Effect.gen(function*() {
    const world = makeWorld()
    world.before = Effect.suspend(() => world.attempts < 3 ? Effect.void : Effect.never)
    const making = yield* spawned(Effect.scoped(makePool({ size: 3, openConcurrency: 1 }, world)))
    assert.strictEqual(world.live(), 2)
    making.interruptUnsafe()
    yield* settle
    yield* TestClock.adjust("1 minute")
    assert.sameMembers(world.closed, [1, 2])
  }))

it.effect("background: make does not wait, the pool opens size by itself", () =>
  Effect.gen(function*() {
    const gate = yield* Deferred.make<void>()
    const world = makeWorld()
    world.before = Deferred.await(gate)
    const { session } = yield* makePool({ size: 2, start: "background" }, world)
    yield* statusIs(session, { idle: 0, opening: 2 })
    yield* Deferred.succeed(gate, undefined)
    yield* statusIs(session, { idle: 2, opening: 0 })
  }))

it.effect("lazy: nothing is opened before somebody asks", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ size: 2, start: "lazy" })
    yield* TestClock.adjust("1 hour")
    assert.strictEqual(world.attempts, 0)
    yield* session.use(() => Effect.void)
    yield* statusIs(session, { idle: 1, lent: 0 })
    assert.strictEqual(world.attempts, 1)
  }))

it.effect("openConcurrency: at most 4 openings at once by default, or as many as it says", () =>
  Effect.gen(function*() {
    for (const [openConcurrency, most] of [[undefined, 4], [2, 2]] as const) {
      const world = makeWorld()
      world.before = Effect.sleep("1 second")
      const making = yield* spawned(makePool({ size: 10, openConcurrency }, world))
      yield* TestClock.adjust("10 seconds")
      yield* settle
      assert.isFalse(pending(making))
      assert.strictEqual(world.mostOpening, most)
    }
  }))

it.effect("size 0 is legal with maxOverflow 1 or more", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ size: 0, maxOverflow: 1 })
    assert.strictEqual(world.opened.length, 0)
    assert.strictEqual(yield* session.use((thing) => Effect.succeed(thing.id)), 1)
    yield* statusIs(session, { idle: 0, lent: 0, closing: 0 })
    assert.deepStrictEqual(world.closed, [1])
  }))

it.effect("name: in session, status, lease and errors", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool({ name: "db" })
    const lease = yield* session.checkout()
    const full = yield* Effect.flip(session.tryCheckout())
    assert.strictEqual(session.name, "db")
    assert.strictEqual((yield* session.status).name, "db")
    assert.strictEqual(lease.pool, "db")
    assert.strictEqual(full.pool, "db")
    yield* session.checkin(lease)
    const nameless = yield* makePool()
    assert.isAbove(nameless.session.name.length, 0)
  }))

class Flavour extends Context.Service<Flavour, string>()("conformance/Flavour") {}

it.effect("the factory and link run in the pool's context, not in the first caller's", () =>
  Effect.gen(function*() {
    const seen: Array<string> = []
    const note = Effect.map(Flavour, (flavour) => void seen.push(flavour))
    const session = yield* Pool.make({
      factory: Effect.as(note, "x"),
      link: () => Effect.andThen(note, Effect.never),
      size: 1,
      start: "lazy"
    }).pipe(Effect.provideService(Flavour, "the maker's"))
    yield* session.use(() => Effect.void).pipe(Effect.provideService(Flavour, "the caller's"))
    yield* settle
    assert.deepStrictEqual(seen, ["the maker's", "the maker's"])
  }))

it.effect("each opening has its own scope, closed once, in which link runs too", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const { world } = yield* Scope.provide(makePool({ size: 3 }), scope)
    yield* Scope.close(scope, Exit.void)
    assert.sameMembers(world.closed, [1, 2, 3])
  }))

it.effect("a factory that returns the same object twice: both places work, each is closed once", () =>
  Effect.gen(function*() {
    const same = { same: true }
    const closed: Array<unknown> = []
    const scope = yield* Scope.make()
    const session = yield* Scope.provide(
      Pool.make({
        factory: Effect.acquireRelease(Effect.succeed(same), (one) => Effect.sync(() => closed.push(one))),
        size: 2
      }),
      scope
    )
    const one = yield* session.checkout()
    const two = yield* session.checkout()
    yield* session.checkin(one)
    assert.isTrue(two.isLive)
    assert.deepInclude(yield* session.status, { idle: 1, lent: 1 })
    yield* session.destroyed(two)
    yield* settle
    assert.deepInclude(yield* session.status, { idle: 2, lent: 0 })
    yield* Scope.close(scope, Exit.void)
    assert.strictEqual(closed.length, 3)
  }))

it.effect("a factory that dies in the background does not kill the pool", () =>
  Effect.gen(function*() {
    const world = makeWorld()
    world.before = Effect.suspend(() => world.attempts < 3 ? Effect.die("boom") : Effect.void)
    const { session } = yield* makePool({ start: "background" }, world)
    yield* TestClock.adjust("1 minute")
    yield* statusIs(session, { idle: 1, opening: 0 })
  }))

it.effect("OpenTimeout: an opening that ignores its interruption and ends late is abandoned, counted, closed once", () =>
  Effect.gen(function*() {
    let attempts = 0
    const closed: Array<number> = []
    const session = yield* Pool.make({
      factory: Effect.suspend(() => {
        const id = ++attempts
        return Effect.acquireRelease(
          Effect.as(id === 1 ? Effect.sleep(90_000) : Effect.void, id),
          () => Effect.sync(() => closed.push(id))
        )
      }),
      size: 1,
      start: "background",
      openTimeout: "1 second"
    })
    yield* TestClock.adjust("10 seconds")
    yield* statusIs(session, { idle: 1, abandoned: 1, opening: 0 })
    yield* TestClock.adjust("2 minutes")
    yield* statusIs(session, { idle: 1, lent: 0 })
    assert.deepStrictEqual(closed, [1])
  }))
