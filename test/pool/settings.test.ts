/**
 * What a pool reads instead of its options, and how a patch changes it while it runs.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Schedule } from "effect"
import { Overload, Pool } from "whitepool"
import { partsOf, patched, type Recipe, recipeOf, resized, type Settings } from "../../src/pool/internal/settings.ts"

const well = () => Effect.succeed(true)

const made = (next: Recipe | Pool.InvalidOptions): Recipe => {
  if (next instanceof Pool.InvalidOptions) return assert.fail(next.message)
  return next
}

const recipe = (options: Record<string, unknown> = {}): Recipe =>
  made(recipeOf({ factory: Effect.succeed({}), size: 3, ...options }, "pool"))

const settingsFor = (options: Record<string, unknown>): Settings => recipe(options).settings

const defaults: Settings = {
  name: "pool",
  size: 3,
  maxOverflow: 0,
  checkoutTimeout: 5_000,
  maxWaiting: Infinity,
  strategy: "lifo",
  start: "eager",
  openTimeout: 30_000,
  openConcurrency: 4,
  closeTimeout: 5_000,
  onOpenFailure: "retry",
  onAbandoned: "destroy",
  onOwnerSuccess: "release",
  onInterrupt: "destroy",
  restartIntensity: undefined,
  shutdownTimeout: 5_000,
  stopWithLastSession: false,
  workerShutdown: 5_000,
  minIdle: 3,
  idleTimeout: 600_000,
  overflowTtl: 0,
  maxLifetime: Infinity,
  lifetimeJitter: 0.1,
  maxUses: Infinity,
  keepalive: Infinity,
  asksToRetire: false,
  validates: false,
  validationBypass: 500,
  validationTimeout: 5_000,
  resets: false,
  resetTimeout: 5_000,
  overload: undefined,
  priorityAging: 1_000,
  fairness: undefined,
  breaker: Infinity,
  leaseTimeout: undefined,
  concurrency: 1,
  targetUtilization: 1
}

describe("what comes of options", () => {
  it("is their defaults where nothing was said", () => {
    assert.deepStrictEqual(settingsFor({}), defaults)
    assert.deepStrictEqual(settingsFor({ minIdle: undefined, keepalive: undefined, overload: undefined }), defaults)
  })

  it("is milliseconds, and what was said", () => {
    const said = {
      minIdle: 1,
      maxUses: 7,
      lifetimeJitter: 0,
      concurrency: 2,
      targetUtilization: 0.8,
      leaseTimeout: { after: 60_000, action: "revoke" }
    } as const
    assert.deepStrictEqual(
      settingsFor({
        ...said,
        workerShutdown: "3 seconds",
        idleTimeout: "infinity",
        overflowTtl: "2 seconds",
        maxLifetime: Duration.minutes(30),
        keepalive: { every: "1 minute" },
        shouldRetire: () => false,
        validate: well,
        validationBypass: 0,
        validationTimeout: "1 second",
        overload: Overload.codel({ interval: "1 second" }),
        priorityAging: "5 seconds",
        fairness: {},
        breaker: { failures: 5 },
        leaseTimeout: { after: "1 minute", action: "revoke" }
      }),
      {
        ...defaults,
        ...said,
        workerShutdown: 3_000,
        idleTimeout: Infinity,
        overflowTtl: 2_000,
        maxLifetime: 1_800_000,
        keepalive: 60_000,
        asksToRetire: true,
        validates: true,
        validationBypass: 0,
        validationTimeout: 1_000,
        overload: { target: 50, interval: 1_000 },
        priorityAging: 5_000,
        fairness: { maxPerKey: Infinity },
        breaker: 5
      }
    )
  })

  it.each([
    [{ size: 5 }, { size: 5, minIdle: 5 }],
    [{ closeTimeout: 70 }, { closeTimeout: 70, workerShutdown: 70 }],
    [{ workerShutdown: "brutal_kill" }, { workerShutdown: 0 }],
    [{ workerShutdown: "infinity" }, { workerShutdown: Infinity }],
    [{ validate: well, validateOn: "idle" }, { keepalive: 30_000 }],
    [{ validate: well, validateOn: "idle", keepalive: { every: 5_000 } }, { keepalive: 5_000 }],
    [{ validate: well, validateOn: "checkout" }, { validates: true }],
    [{ reset: well, resetTimeout: 90 }, { resets: true, resetTimeout: 90 }],
    [{ fairness: { maxPerKey: 2 } }, { fairness: { maxPerKey: 2 } }]
  ] as ReadonlyArray<[Record<string, unknown>, Partial<Settings>]>)("%o also decides on others", (options, others) => {
    assert.deepStrictEqual(settingsFor(options), { ...defaults, ...others })
  })

  it("is code, whose probe is validate unless keepalive has one of its own", () => {
    const shouldRetire = () => true
    const isBroken = () => true
    const { given } = recipe({ validate: well, reset: well, shouldRetire, isBroken })
    const { backoff, ...parts } = partsOf(given)
    const { factory } = given
    const link = undefined
    assert.deepStrictEqual<unknown>(parts, {
      factory,
      link,
      validate: well,
      probe: well,
      reset: well,
      shouldRetire,
      isBroken
    })
    assert.isTrue(Schedule.isSchedule(backoff))
    const own = () => Effect.void
    assert.strictEqual(partsOf({ ...given, keepalive: { every: 1_000, probe: own } }).probe, own)
  })
})

describe("a patch", () => {
  const refused = (next: Recipe | Pool.InvalidOptions) => next instanceof Pool.InvalidOptions ? next.problems : []

  it("is laid over what was given so far, and the next one over that", () => {
    const first = made(patched(recipe({ name: "db", maxOverflow: 2 }), { size: 5, checkoutTimeout: "1 second" }))
    const asked = { name: "db", maxOverflow: 2, size: 5, minIdle: 5, checkoutTimeout: 1_000 }
    assert.deepStrictEqual(first.settings, { ...defaults, ...asked })
    const second = made(patched(first, { size: 1, validate: well }))
    assert.deepStrictEqual(second.settings, { ...defaults, ...asked, size: 1, minIdle: 1, validates: true })
  })

  it("puts back to its default what is undefined in it", () => {
    const { given, settings } = made(patched(recipe({ minIdle: 1, closeTimeout: 70 }), { minIdle: undefined }))
    assert.deepStrictEqual(settings, { ...defaults, closeTimeout: 70, workerShutdown: 70 })
    assert.isFalse("minIdle" in given)
  })

  it("is checked as a whole, together with what was given so far", () => {
    const before = recipe({ name: "db", validate: well, validateOn: "idle", minIdle: 2 })
    const next = patched(before, { size: 1, validate: undefined, sise: 2, maxUses: 0 })
    assert.deepStrictEqual(refused(next).map((problem) => problem.split(":")[0]), [
      "sise",
      "maxUses",
      "minIdle",
      "validateOn"
    ])
    assert.strictEqual((next as Pool.InvalidOptions).pool, "db")
    assert.deepStrictEqual(refused(patched(before, { size: undefined })), ["size: is required"])
    assert.deepStrictEqual(refused(patched(before, 3)), ["the patch must be an object"])
    made(patched(before, { size: 1, minIdle: 1, validate: undefined, validateOn: undefined }))
  })

  it("cannot change the factory, the name or the start, and says nothing else of them", () => {
    assert.deepStrictEqual(refused(patched(recipe(), { factory: 1, name: "", start: undefined })), [
      "factory: cannot be changed",
      "name: cannot be changed",
      "start: cannot be changed"
    ])
  })

  it("Z3 may leave a pool without any place, though none can be made so", () => {
    const { settings } = made(patched(recipe({ maxOverflow: 2 }), { size: 0, maxOverflow: 0 }))
    assert.deepStrictEqual(settings, { ...defaults, size: 0, minIdle: 0 })
  })

  it("of the size leaves as it is what it does not name, and takes nothing else", () => {
    const before = recipe({ maxOverflow: 2 })
    const { settings } = made(resized(before, { size: 0, maxOverflow: undefined }))
    assert.deepStrictEqual(settings, { ...defaults, size: 0, minIdle: 0, maxOverflow: 2 })
    assert.strictEqual(made(resized(before, { size: undefined, maxOverflow: 0 })).settings.size, 3)
    assert.deepStrictEqual(refused(resized(before, { size: -1, minIdle: 1 })), [
      "minIdle: only size and maxOverflow can be resized",
      "size: must be a whole number of at least 0"
    ])
    assert.deepStrictEqual(refused(resized(before, undefined)), ["the patch must be an object"])
    assert.deepStrictEqual(
      refused(resized(recipe({ minIdle: 2 }), { size: 1 })).map((problem) => problem.split(":")[0]),
      ["minIdle"]
    )
  })
})

describe("Overload.codel", () => {
  it("is 50 ms within 2 seconds, as DBConnection's", () => {
    assert.deepStrictEqual(Overload.codel(), {
      _tag: "Codel",
      target: Duration.millis(50),
      interval: Duration.seconds(2)
    })
    assert.deepStrictEqual(Overload.codel({ target: "1 second", interval: undefined }).target, Duration.seconds(1))
    assert.deepStrictEqual(Overload.codel({ target: undefined, interval: 9 }).interval, Duration.millis(9))
  })
})
