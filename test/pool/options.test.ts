import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Schedule } from "effect"
import { Pool } from "whitepool"
import { settle, World } from "../support/world.ts"

/** What `make` says of options that the types would not let through. */
const problemsOf = (options: Record<string, unknown>) =>
  Effect.gen(function*() {
    const world = new World()
    const error = yield* Effect.flip(Effect.scoped(Pool.make({ factory: world.factory, size: 1, ...options } as never)))
    assert.instanceOf(error, Pool.InvalidOptions)
    assert.strictEqual(world.begun, 0, "nothing is opened for options that are refused")
    return error.problems
  })

const accepted = (options: Record<string, unknown>) =>
  Effect.scoped(Pool.make({ factory: Effect.succeed({}), size: 1, ...options }))

const optionOf = (problem: string) => problem.split(":")[0]

describe("options that cannot be", () => {
  it.effect("are refused all at once, each problem naming its option", () =>
    Effect.gen(function*() {
      const bad: Record<string, unknown> = {
        factory: 7,
        size: -1,
        maxOverflow: 1.5,
        name: "",
        checkoutTimeout: NaN,
        maxWaiting: -1,
        strategy: "random",
        start: "later",
        link: "link",
        openTimeout: 0,
        openConcurrency: 0,
        closeTimeout: -5,
        backoff: 3,
        onOpenFailure: "ignore",
        onAbandoned: "keep",
        onOwnerSuccess: "keep",
        onInterrupt: "keep",
        isBroken: true,
        restartIntensity: { intensity: 1.5, period: 0 },
        shutdownTimeout: NaN,
        stopWithLastSession: "yes",
        sise: 7
      }
      const problems = yield* problemsOf(bad)
      assert.sameMembers(problems.map(optionOf), Object.keys(bad))
    }))

  it.effect("say so in one line that names the pool, and carry no more than that", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Effect.scoped(
        Pool.make({ factory: Effect.succeed({}), size: NaN, name: "db", maxOverflow: -1 })
      ))
      assert.strictEqual(error._tag, "InvalidOptions")
      assert.include(error.message, "\"db\"")
      assert.include(error.message, "size")
      assert.include(error.message, "maxOverflow")
      assert.notInclude(error.message, "\n")
    }))

  it.effect.each([
    ["size", NaN],
    ["size", -1],
    ["size", 0.5],
    ["size", Infinity],
    ["size", "7"],
    ["size", null],
    ["restartIntensity", 3],
    ["restartIntensity", null],
    ["restartIntensity", {}],
    ["restartIntensity", { intensity: -1, period: 1000 }],
    ["restartIntensity", { intensity: NaN, period: 1000 }],
    ["restartIntensity", { intensity: 1, period: NaN }],
    ["restartIntensity", { intensity: 1, period: -1 }],
    ["restartIntensity", { intensity: 1, period: 1000, within: 1 }],
    ["maxOverflow", NaN],
    ["maxOverflow", -1],
    ["maxOverflow", 2.5],
    ["maxOverflow", Infinity],
    ["maxWaiting", NaN],
    ["maxWaiting", 0.5],
    ["openConcurrency", 0],
    ["openConcurrency", NaN],
    ["checkoutTimeout", -1],
    ["checkoutTimeout", NaN],
    ["checkoutTimeout", "soon"],
    ["checkoutTimeout", null],
    ["openTimeout", 0],
    ["openTimeout", "0 seconds"],
    ["openTimeout", NaN],
    ["openTimeout", -1],
    ["openTimeout", Duration.zero],
    ["closeTimeout", 0],
    ["closeTimeout", NaN],
    ["shutdownTimeout", -1],
    ["shutdownTimeout", NaN],
    ["name", 7]
  ] as ReadonlyArray<[string, unknown]>)("%s: %s is refused", ([option, value]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* problemsOf({ [option]: value })).map(optionOf), [option])
    }))

  it.effect("size 0 without overflow is refused, for nothing could ever be lent", () =>
    Effect.gen(function*() {
      assert.lengthOf(yield* problemsOf({ size: 0 }), 1)
      assert.lengthOf(yield* problemsOf({ size: 0, maxOverflow: 0 }), 1)
    }))

  it.effect("a missing size or factory is a problem, and so is no options at all", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* problemsOf({ size: undefined })).map(optionOf), ["size"])
      assert.deepStrictEqual((yield* problemsOf({ factory: undefined })).map(optionOf), ["factory"])
      const error = yield* Effect.flip(Effect.scoped(Pool.make(undefined as never)))
      assert.instanceOf(error, Pool.InvalidOptions)
    }))

  it.effect("an unknown key is refused even if its value is undefined or it is called like something of Object", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* problemsOf({ maxSize: undefined })).map(optionOf), ["maxSize"])
      assert.deepStrictEqual((yield* problemsOf({ toString: 1, constructor: 2 })).map(optionOf), [
        "toString",
        "constructor"
      ])
    }))
})

describe("options that look odd but are legal", () => {
  it.effect.each([
    { size: 0, maxOverflow: 1 },
    { checkoutTimeout: 0 },
    { checkoutTimeout: "infinity" },
    { checkoutTimeout: Infinity },
    { checkoutTimeout: "3 seconds" },
    { maxWaiting: 0 },
    { maxWaiting: Infinity },
    { shutdownTimeout: 0 },
    { openTimeout: Duration.minutes(1) },
    { backoff: Schedule.spaced("1 second") },
    { maxOverflow: undefined, name: undefined, link: undefined }
  ] as ReadonlyArray<Record<string, unknown>>)("%o", (options) => accepted(options))

  it.effect("size 0 with overflow opens on demand and keeps nothing", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 0, maxOverflow: 1 })
      assert.strictEqual(world.begun, 0)
      assert.strictEqual(yield* session.use((resource) => Effect.succeed(resource.id)), 1)
      yield* settle
      assert.strictEqual(world.live, 0)
      assert.strictEqual((yield* session.status).state, "overflow")
    }))
})
