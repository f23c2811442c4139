/**
 * Options together. Whatever is legal by itself goes with everything else, save for the combinations of a table that is
 * written here and not read from the code: a pool takes those and no others for a mistake, and says which one it is.
 *
 * A failure of the random sets prints its seed; to replay it: `SEED=… npx vitest run … test/pool/optionPairs.test.ts`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Schedule } from "effect"
import * as fc from "fast-check"
import { Overload, Pool } from "whitepool"
import { patched, type Recipe, recipeOf } from "../../src/pool/internal/settings.ts"

const { env } = process
const seed = Number(env["SEED"] ?? Date.now() % 2 ** 31)

type Name = keyof Pool.Options<unknown>
type Drawn = Partial<Record<Name, unknown>>

const well = () => Effect.succeed(true)

/** Values that are each legal by themselves, the defaults among them. */
const values: Record<Name, ReadonlyArray<unknown>> = {
  factory: [Effect.succeed({})],
  size: [0, 1, 10],
  maxOverflow: [0, 5],
  name: ["db"],
  checkoutTimeout: [0, "5 seconds", "infinity"],
  maxWaiting: [0, 100, Infinity],
  strategy: ["lifo", "fifo"],
  start: ["eager", "background", "lazy"],
  link: [well],
  openTimeout: ["30 seconds"],
  openConcurrency: [1, 4],
  closeTimeout: [1, "5 seconds"],
  backoff: [Schedule.spaced("1 second")],
  onOpenFailure: ["retry", "fail"],
  onAbandoned: ["destroy", "checkin"],
  onOwnerSuccess: ["release", "abandon"],
  onInterrupt: ["destroy", "checkin"],
  isBroken: [() => true],
  restartIntensity: [{ intensity: 0, period: 1 }],
  shutdownTimeout: [0, "5 seconds"],
  workerShutdown: ["brutal_kill", 0, "1 minute", "infinity"],
  stopWithLastSession: [true, false],
  minIdle: [0, 1, 5],
  idleTimeout: [1, "10 minutes", "infinity"],
  overflowTtl: [0, "1 minute"],
  maxLifetime: [1, Duration.minutes(30), "infinity"],
  lifetimeJitter: [0, 0.1, 0.99],
  maxUses: [1, 1_000, Infinity],
  keepalive: [{ every: "1 second" }, { every: "1 hour", probe: well }, { every: 2_000, probe: undefined }],
  shouldRetire: [() => true],
  validate: [well],
  validateOn: ["checkout", "idle"],
  validationBypass: [0, 500],
  validationTimeout: [1, "5 seconds"],
  reset: [well],
  resetTimeout: [1, "5 seconds"],
  overload: [Overload.codel(), Overload.codel({ target: 5_000, interval: 1 })],
  priorityAging: [1, "1 hour"],
  fairness: [{}, { maxPerKey: 1 }, { maxPerKey: Infinity }],
  breaker: [{ failures: 1 }],
  leaseTimeout: [{ after: 1, action: "warn" }, { after: "1 hour", action: "revoke" }],
  concurrency: [1, 2, 100],
  targetUtilization: [0.01, 1]
}

interface Rule {
  readonly cannot: (options: Drawn) => boolean
  /** What the problem says: first the option, then the reason. */
  readonly says: RegExp
}

const hasProbe = ({ keepalive }: Drawn) =>
  typeof keepalive === "object" && (keepalive as { probe?: unknown }).probe === well
const number = (value: unknown, otherwise: number) => typeof value === "number" ? value : otherwise

/** Of no use to a new pool; one that is at work may be left without any place. */
const nothing: Rule = {
  cannot: ({ maxOverflow, size }) => number(size, 3) + number(maxOverflow, 0) === 0,
  says: /^size: 0 needs a maxOverflow/
}

const rules: ReadonlyArray<Rule> = [
  { cannot: ({ minIdle, size }) => number(minIdle, 0) > number(size, 3), says: /^minIdle: .* more than size/ },
  { cannot: (all) => "lifetimeJitter" in all && !("maxLifetime" in all), says: /^lifetimeJitter: needs a maxLifetime/ },
  { cannot: (all) => "resetTimeout" in all && !("reset" in all), says: /^resetTimeout: needs a reset/ },
  { cannot: (all) => "validateOn" in all && !("validate" in all), says: /^validateOn: needs a validate/ },
  { cannot: (all) => "validationBypass" in all && !("validate" in all), says: /^validationBypass: needs a validate/ },
  {
    cannot: (all) => "validationTimeout" in all && !("validate" in all) && !hasProbe(all),
    says: /^validationTimeout: needs a validate, or a keepalive with a probe/
  },
  {
    cannot: (all) => "keepalive" in all && !("validate" in all) && !hasProbe(all),
    says: /^keepalive: needs a probe, or a validate/
  },
  {
    cannot: (all) => all.validateOn === "idle" && "validate" in all && hasProbe(all),
    says: /^validate: would never run/
  },
  { cannot: (all) => "reset" in all && number(all.concurrency, 1) > 1, says: /^reset: needs a concurrency of 1/ }
]

const whole = (options: Drawn) => ({ factory: Effect.succeed({}), size: 3, ...options }) as Pool.Options<unknown>
const make = (options: Drawn) => recipeOf(whole(options), "pool")

/** Exactly what the table says is said, and what is accepted leaves nothing open. Gives the rules that struck. */
const judge = (
  options: Drawn,
  table: ReadonlyArray<Rule>,
  recipe: Recipe | Pool.InvalidOptions = make(options)
): ReadonlyArray<Rule> => {
  const struck = table.filter(({ cannot }) => cannot(options))
  const problems = recipe instanceof Pool.InvalidOptions ? recipe.problems : []
  const unforeseen = problems.filter((problem) => !struck.some(({ says }) => says.test(problem)))
  assert.deepStrictEqual(unforeseen, [], "refused without a reason of the table")
  const unsaid = struck.filter(({ says }) => !problems.some((problem) => says.test(problem)))
  assert.deepStrictEqual(unsaid, [], "accepted, or without saying this")
  assert.strictEqual(problems.length, struck.length)
  if (!(recipe instanceof Pool.InvalidOptions)) {
    assert.deepStrictEqual(Object.entries(recipe.settings).filter(([, value]) => Number.isNaN(value)), [])
  }
  return struck
}

const names = Object.keys(values) as ReadonlyArray<Name>
const fixed: ReadonlyArray<Name> = ["factory", "name", "start"]
const singles = names.flatMap((name) => values[name].map((value) => [name, value] as const))

/** Some of the options, each with one of these values. */
const drawn = (most: number, valuesOf: (name: Name) => ReadonlyArray<unknown>): fc.Arbitrary<Drawn> =>
  fc.subarray(names.filter((name) => !fixed.includes(name)), { maxLength: Math.min(most, names.length - fixed.length) })
    .chain((some) => fc.record(Object.fromEntries(some.map((name) => [name, fc.constantFrom(...valuesOf(name))]))))

const few = drawn(8, (name) => values[name])
const any = drawn(Infinity, (name) => values[name])
/** `size` has no default to go back to. */
/** All that can be changed; `concurrency` cannot. */
const patches = drawn(8, (name) => name === "size" ? values.size : [...values[name], undefined]).map((patch) =>
  Object.fromEntries(Object.entries(patch).filter(([name]) => name !== "concurrency"))
)

describe("options together", () => {
  it("go in pairs, all but those that the table names, and each of its pairs is refused with its reason", () => {
    const struck = new Set<Rule>()
    for (const [one, a] of singles) {
      for (const [other, b] of singles) {
        for (const rule of judge({ [one]: a, [other]: b }, [nothing, ...rules])) struck.add(rule)
      }
    }
    const three = judge({ validate: well, validateOn: "idle", keepalive: { every: 1_000, probe: well } }, rules)
    for (const rule of three) struck.add(rule)
    assert.strictEqual(struck.size, rules.length + 1)
  })

  it("go in sets of any size, all but those that hold a combination of the table, and each of these is named", () => {
    console.log(`option pairs: seed ${seed}`)
    const property = fc.property(fc.oneof(few, any), (options) => void judge(options, [nothing, ...rules]))
    fc.assert(property, { seed, numRuns: 2_000 })
  })

  it("a patch is judged as the options that it makes, and gives the settings of a pool made with them", () => {
    let applied = 0
    const property = fc.property(few, patches, (options, patch) => {
      const before = make(options)
      if (before instanceof Pool.InvalidOptions) return
      const after = patched(before, patch)
      const all = Object.fromEntries(
        Object.entries({ ...options, ...patch }).filter(([, value]) => value !== undefined)
      )
      judge(all, rules, after)
      if (nothing.cannot(all) || after instanceof Pool.InvalidOptions) return
      assert.deepStrictEqual(after, make(all))
      applied++
    })
    fc.assert(property, { seed, numRuns: 2_000 })
    assert.isAbove(applied, 400, "patches that were applied")
  })
})
