import { assert, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { Pool } from "whitepool"
import { makePool } from "./world.ts"

const make = (options: Record<string, unknown>) => Pool.make({ factory: Effect.succeed("x"), size: 1, ...options })

const impossible: ReadonlyArray<readonly [option: string, value: unknown]> = [
  ["size", -1],
  ["size", NaN],
  ["size", 1.5],
  ["size", "3"],
  ["size", undefined],
  ["maxOverflow", -1],
  ["maxOverflow", NaN],
  ["maxOverflow", 0.5],
  ["maxWaiting", -1],
  ["maxWaiting", NaN],
  ["maxWaiting", 2.5],
  ["checkoutTimeout", -1],
  ["checkoutTimeout", NaN],
  ["openTimeout", 0],
  ["openTimeout", -1],
  ["openTimeout", NaN],
  ["openTimeout", "soon"],
  ["openConcurrency", 0],
  ["openConcurrency", -1],
  ["openConcurrency", NaN],
  ["openConcurrency", 1.5],
  ["closeTimeout", -1],
  ["closeTimeout", NaN],
  ["shutdownTimeout", -1],
  ["shutdownTimeout", NaN],
  ["strategy", "random"],
  ["start", "soon"],
  ["onOpenFailure", "ignore"],
  ["onAbandoned", "keep"],
  ["onOwnerSuccess", "keep"],
  ["onInterrupt", "keep"],
  ["stopWithLastSession", "yes"],
  ["link", "pg"],
  ["isBroken", true],
  ["factory", undefined],
  ["sise", 3]
]

for (const [option, value] of impossible) {
  it.effect(`InvalidOptions names ${option} when it is ${String(value)}`, () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(make({ name: "bad", [option]: value }))
      assert(error._tag === "InvalidOptions")
      assert.strictEqual(error.pool, "bad")
      assert.strictEqual(error.problems.length, 1)
      assert.include(error.problems[0], option)
    }))
}

it.effect("InvalidOptions: size 0 with maxOverflow 0", () =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(make({ size: 0 }))
    assert(error._tag === "InvalidOptions")
    assert.include(error.problems.join(), "size")
  }))

it.effect("InvalidOptions lists every problem at once, and its message too", () =>
  Effect.gen(function*() {
    const bad = { size: -1, maxOverflow: NaN, openConcurrency: 0, strategy: "best", sise: 3, closeTimeout: NaN }
    const error = yield* Effect.flip(make(bad))
    assert(error._tag === "InvalidOptions")
    for (const option of Object.keys(bad)) {
      assert.isTrue(error.problems.some((problem) => problem.includes(option)), option)
      assert.include(error.message, option)
    }
    assert.strictEqual(error.problems.length, 6)
  }))

it.effect("an option that is written as undefined is an option not given", () =>
  Effect.gen(function*() {
    const session = yield* make({
      maxOverflow: undefined,
      name: undefined,
      checkoutTimeout: undefined,
      maxWaiting: undefined,
      strategy: undefined,
      start: undefined,
      link: undefined,
      backoff: undefined
    })
    assert.strictEqual(yield* session.use(Effect.succeed), "x")
  }))

it.effect("checkoutTimeout may be written as infinity", () =>
  Effect.gen(function*() {
    const session = yield* make({ checkoutTimeout: "infinity" })
    assert.strictEqual(yield* session.use(Effect.succeed), "x")
  }))

it.effect("nothing is opened by options that are refused", () =>
  Effect.gen(function*() {
    let opened = 0
    const scope = yield* Scope.make()
    const factory = Effect.sync(() => opened++)
    yield* Effect.flip(Scope.provide(make({ factory, size: 1, maxOverflow: -1 }), scope))
    yield* Scope.close(scope, Exit.void)
    assert.strictEqual(opened, 0)
  }))

it.effect("strategy: lifo by default, fifo when asked", () =>
  Effect.gen(function*() {
    for (const [strategy, expected] of [[undefined, 2], ["fifo", 1]] as const) {
      const { session } = yield* makePool({ size: 2, strategy })
      const leases = [yield* session.checkout(), yield* session.checkout()]
      leases.sort((a, b) => a.resource.id - b.resource.id)
      for (const lease of leases) yield* session.checkin(lease)
      assert.strictEqual(yield* session.use((thing) => Effect.succeed(thing.id)), expected)
    }
  }))
