import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Schedule } from "effect"
import { Overload, Pool } from "whitepool"
import { recipeOf } from "../../src/pool/internal/settings.ts"
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

const well = () => Effect.succeed(true)

/** What some options are refused without. */
const needed = { validate: well, reset: well, maxLifetime: 1_000 }

const eachOf = (rows: ReadonlyArray<readonly [string, ReadonlyArray<unknown>]>) =>
  rows.flatMap(([option, values]) => values.map((value) => [option, value] as const))

/** All that is wrong with them, without a pool. */
const wrong = (options: Record<string, unknown>): ReadonlyArray<string> => {
  const recipe = recipeOf({ factory: Effect.succeed({}), size: 3, ...options }, "pool")
  return recipe instanceof Pool.InvalidOptions ? recipe.problems : []
}

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
        workerShutdown: "brutal",
        minIdle: -1,
        idleTimeout: 0,
        overflowTtl: NaN,
        maxLifetime: 0,
        lifetimeJitter: 1,
        maxUses: 0,
        keepalive: 30_000,
        shouldRetire: true,
        validate: true,
        validateOn: "checkin",
        validationBypass: -1,
        validationTimeout: 0,
        reset: "DISCARD ALL",
        resetTimeout: 0,
        overload: "codel",
        priorityAging: 0,
        fairness: true,
        breaker: 5,
        leaseTimeout: 60_000,
        concurrency: 0,
        targetUtilization: 0,
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

  it.effect.each(eachOf([
    ["size", [NaN, -1, 0.5, Infinity, "7", null]],
    ["maxOverflow", [NaN, -1, 2.5, Infinity]],
    ["maxWaiting", [NaN, 0.5]],
    ["openConcurrency", [0, NaN]],
    ["checkoutTimeout", [-1, NaN, "soon", null]],
    ["openTimeout", [0, "0 seconds", NaN, -1, Duration.zero]],
    ["closeTimeout", [0, NaN, "-1 seconds"]],
    ["shutdownTimeout", [-1, NaN]],
    ["workerShutdown", [-1, NaN, "kill"]],
    ["name", [7]],
    ["restartIntensity", [3, null, {}, { intensity: -1, period: 1 }, { intensity: NaN, period: 1 }]],
    ["restartIntensity", [{ intensity: 1, period: NaN }, { intensity: 1, period: -1 }]],
    ["restartIntensity", [{ intensity: 1, period: 1, within: 1 }]],
    ["minIdle", [-1, NaN, 1.5, Infinity]],
    ["idleTimeout", [0, NaN]],
    ["overflowTtl", [-1, [1, NaN]]],
    ["maxLifetime", [NaN, "0 millis", { seconds: NaN }]],
    ["lifetimeJitter", [-0.1, 1, NaN]],
    ["maxUses", [0, NaN, 2.5]],
    ["keepalive", ["1 minute", {}, { probe: well }, { every: 999 }, { every: NaN }, { every: 0 }]],
    ["keepalive", [{ every: 1_000, probe: Effect.void }, { every: 1_000, timeout: 5 }]],
    ["shouldRetire", [{}]],
    ["validate", [Effect.succeed(true)]],
    ["validateOn", ["never"]],
    ["validationBypass", [NaN, -1]],
    ["validationTimeout", [0, NaN]],
    ["reset", [Effect.void]],
    ["resetTimeout", [0, NaN]],
    ["overload", [null, "codel", { target: 50, interval: 50 }, { _tag: "Red", target: 50, interval: 50 }]],
    ["overload", [{ _tag: "Codel", target: 50 }, { _tag: "Codel", target: 50, interval: NaN }]],
    ["priorityAging", [0, NaN]],
    ["fairness", [null, [], 3, { maxPerKey: 0 }, { maxPerKey: NaN }, { perKey: 1 }]],
    ["breaker", [5, {}, { failures: 0 }, { failures: Infinity }, { failures: 5, within: 1 }]],
    ["leaseTimeout", [{ after: 1 }, { after: 0, action: "warn" }, { after: NaN, action: "warn" }]],
    ["leaseTimeout", [{ after: 1, action: "kill" }, { after: 1, action: "warn", times: 3 }]],
    ["concurrency", [0, 1.5, NaN, Infinity]],
    ["targetUtilization", [0, 1.1, NaN, "0.5"]]
  ]))("%s: %o is refused", ([option, value]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* problemsOf({ ...needed, [option]: value })).map(optionOf), [option])
    }))

  it.each([
    [{ minIdle: 4 }, "minIdle: 4 is more than size, 3, and no more than that are kept"],
    [{ lifetimeJitter: 0.2 }, "lifetimeJitter: needs a maxLifetime to take something off"],
    [{ keepalive: { every: 1_000 } }, "keepalive: needs a probe, or a validate to run instead"],
    [{ validateOn: "idle" }, "validateOn: needs a validate"],
    [{ validationBypass: 0 }, "validationBypass: needs a validate"],
    [{ validationTimeout: 9 }, "validationTimeout: needs a validate, or a keepalive with a probe"],
    [{ resetTimeout: 9 }, "resetTimeout: needs a reset"],
    [
      { validate: well, validateOn: "idle", keepalive: { every: 1_000, probe: well } },
      "validate: would never run, for validateOn says idle, and keepalive has a probe of its own"
    ],
    [
      { reset: well, concurrency: 2 },
      "reset: needs a concurrency of 1, for others may still use what one of them gives back"
    ],
    [{ keepalive: 1_000, validate: well }, "keepalive: must be { every, probe? }"],
    [{ leaseTimeout: { after: 0 } }, "leaseTimeout: after must be longer than zero, action is required"],
    [{ keepalive: { every: "1 second", evry: 1 }, validate: well }, "keepalive: evry: unknown option"],
    [{ overload: Overload.codel({ target: NaN }) }, "overload: target must be a duration longer than zero"],
    [{ overload: Overload.codel({ interval: -5 }) }, "overload: interval must be a duration longer than zero"],
    [{ overload: Overload.codel({ targt: 5 } as object) }, "overload: targt: unknown option"],
    [{ overload: { target: 50, interval: 50 } }, "overload: must come from Overload.codel"]
  ] as ReadonlyArray<[Record<string, unknown>, string]>)("%o is refused with the reason", (options, problem) => {
    assert.deepStrictEqual(wrong(options), [problem])
  })

  it.each(["closeTimeout", "openTimeout", "shutdownTimeout", "overflowTtl"])("%s has an end", (key) => {
    assert.deepStrictEqual(wrong({ [key]: "infinity" }), [`${key}: must be a duration that ends`])
  })

  it("that are wrong by themselves and need another one say both", () => {
    assert.deepStrictEqual(wrong({ resetTimeout: NaN, minIdle: 9, size: 2.5 }), [
      "size: must be a whole number of at least 0",
      "resetTimeout: must be a duration, not negative and not NaN",
      "resetTimeout: needs a reset"
    ])
  })

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
    { maxOverflow: undefined, name: undefined, link: undefined, minIdle: undefined, overload: undefined }
  ] as ReadonlyArray<Record<string, unknown>>)("%o", (options) => accepted(options))

  it.each([
    // Numbers are turned up and down at run time: none of them is refused for leaving another without effect.
    { idleTimeout: "1 minute" },
    { overflowTtl: "1 minute" },
    { targetUtilization: 0.5 },
    { minIdle: 0, size: 0, maxOverflow: 1 },
    { maxUses: 1, reset: well },
    { maxUses: Infinity },
    { maxLifetime: "infinity", lifetimeJitter: 0.5 },
    { maxLifetime: "1 second", keepalive: { every: "1 minute", probe: well } },
    { fairness: { maxPerKey: 100 } },
    { maxWaiting: 0, overload: Overload.codel() },
    { overload: Overload.codel({ target: "3 seconds", interval: "2 seconds" }) },
    { concurrency: 1, reset: well },
    { concurrency: 2, reset: undefined },
    { concurrency: 2, validate: well, maxUses: 5, leaseTimeout: { after: 1_000, action: "revoke" } },
    { validate: well, validateOn: "idle", validationBypass: 0 },
    { validate: well, validationTimeout: "1 hour" },
    { validate: well, keepalive: { every: 1_000, probe: well } },
    { keepalive: { every: 1_000, probe: well }, validationTimeout: 100 },
    { validate: well, keepalive: { every: 1_000, probe: undefined } },
    { breaker: { failures: 1 }, onOpenFailure: "fail" },
    { workerShutdown: 0 },
    { workerShutdown: "infinity" }
  ] as ReadonlyArray<Record<string, unknown>>)("%o", (options) => {
    assert.deepStrictEqual(wrong(options), [])
  })

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
