import { assert, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { defectOf, outcome, settle, tagOf } from "./support.ts"
import { type Extra, makePool, spawned, statusIs } from "./world.ts"

const hasFailed = (cause: Cause.Cause<unknown>) => Cause.hasFails(cause)

const rules: ReadonlyArray<readonly [string, Extra, Exit.Exit<void, string>, "checkin" | "destroy"]> = [
  ["success", {}, Exit.void, "checkin"],
  ["a typed failure", {}, Exit.fail("no"), "checkin"],
  ["a defect", {}, Exit.die("no"), "destroy"],
  ["an interruption", {}, Exit.interrupt(), "destroy"],
  ["an interruption, onInterrupt checkin", { onInterrupt: "checkin" }, Exit.interrupt(), "checkin"],
  ["a typed failure that isBroken", { isBroken: () => true }, Exit.fail("no"), "destroy"],
  ["a typed failure that is not broken", { isBroken: () => false }, Exit.fail("no"), "checkin"],
  ["success, isBroken not asked", { isBroken: () => true }, Exit.void, "checkin"],
  ["a defect, whatever isBroken says", { isBroken: () => false }, Exit.die("no"), "destroy"],
  [
    "an isBroken that throws",
    {
      isBroken: () => {
        throw new Error("isBroken")
      }
    },
    Exit.fail("no"),
    "destroy"
  ],
  [
    "a defect beside an interruption, onInterrupt checkin",
    { onInterrupt: "checkin" },
    Exit.failCause(Cause.combine(Cause.interrupt(1), Cause.die("no"))),
    "destroy"
  ],
  [
    "an interruption beside a broken failure, onInterrupt checkin",
    { onInterrupt: "checkin", isBroken: hasFailed },
    Exit.failCause(Cause.combine(Cause.interrupt(1), Cause.fail("no"))),
    "checkin"
  ]
]

for (const [what, extra, exit, then] of rules) {
  it.effect(`use: ${what}: ${then}`, () =>
    Effect.gen(function*() {
      const { session, world } = yield* makePool(extra)
      const ended = yield* spawned(session.use(() => exit))
      yield* settle
      assert.strictEqual(ended.pollUnsafe()?._tag, exit._tag)
      yield* statusIs(session, { idle: 1, lent: 0 })
      assert.deepStrictEqual(world.closed, then === "checkin" ? [] : [1])
    }))

  it.effect(`scoped: its scope's exit is ${what}: ${then}`, () =>
    Effect.gen(function*() {
      const { session, world } = yield* makePool(extra)
      const scope = yield* Scope.make()
      yield* Scope.provide(session.scoped(), scope)
      yield* statusIs(session, { idle: 0, lent: 1 })
      yield* Scope.close(scope, exit)
      yield* statusIs(session, { idle: 1, lent: 0 })
      assert.deepStrictEqual(world.closed, then === "checkin" ? [] : [1])
    }))
}

it.effect("use: gives back what f gives, and its failure untouched", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    assert.strictEqual(yield* session.use((thing) => Effect.succeed(thing)), world.opened[0])
    assert.strictEqual(yield* Effect.flip(session.use(() => Effect.fail("no"))), "no")
    assert.deepStrictEqual(yield* defectOf(session.use(() => Effect.die("boom"))), { defect: "boom" })
  }))

it.effect("use: f that throws synchronously is a defect, and the lease does not leak", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    const boom = new Error("f")
    const died = yield* defectOf(session.use((): Effect.Effect<void> => {
      throw boom
    }))
    assert.deepStrictEqual(died, { defect: boom })
    yield* statusIs(session, { idle: 1, lent: 0 })
    assert.deepStrictEqual(world.closed, [1])
  }))

it.effect("use: f gets the lease too, so that it can call destroyed", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    yield* session.use((thing, lease) => {
      assert.strictEqual(lease.resource, thing)
      return session.destroyed(lease, "broken")
    })
    yield* statusIs(session, { idle: 1, lent: 0 })
    assert.deepStrictEqual(world.closed, [1])
  }))

it.effect("use: its lease is ended when use is", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const lease = yield* session.use((_thing, lease) => Effect.succeed(lease))
    assert.isFalse(lease.isLive)
    assert.strictEqual((yield* defectOf(Effect.sync(() => lease.resource))).defect._tag, "LeaseExpired")
  }))

it.effect("use, scoped: interrupted while they wait, nobody has touched it: as good as new", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    const lease = yield* session.checkout()
    const one = yield* spawned(session.use(() => Effect.void))
    const two = yield* spawned(Effect.scoped(session.scoped()))
    yield* Fiber.interrupt(one)
    yield* statusIs(session, { waiting: 1 })
    yield* session.checkin(lease)
    yield* Fiber.interrupt(two)
    yield* statusIs(session, { idle: 1, lent: 0, waiting: 0 })
    assert.deepStrictEqual(world.closed, [])
  }))

it.effect("use, scoped: their own timeout", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const lease = yield* session.checkout()
    assert.strictEqual(yield* tagOf(session.use(() => Effect.void, { timeout: 0 })), "CheckoutTimeout")
    assert.strictEqual(yield* tagOf(Effect.scoped(session.scoped({ timeout: 0 }))), "CheckoutTimeout")
    yield* session.checkin(lease)
  }))

it.effect("use: its lease has no owner but use itself: a child that ends changes nothing", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    const gate = yield* Deferred.make<void>()
    const using = yield* spawned(session.use((thing) => Effect.as(Deferred.await(gate), thing.id)))
    yield* statusIs(session, { lent: 1 })
    yield* Deferred.succeed(gate, undefined)
    yield* settle
    assert.strictEqual(outcome(using), 1)
    assert.deepStrictEqual(world.closed, [])
  }))
