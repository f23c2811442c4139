/**
 * Which options make a pool and which do not: first each by itself, then those that cannot go together. Gives every problem
 * there is, so that a person mends a configuration in one go.
 *
 * An option that does nothing but tune another is refused without that other: it was left out by mistake. A number under
 * which some other option has no effect is not refused (`overflowTtl` without overflow): numbers are turned up and down
 * while a pool runs.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Options } from "../Options.ts"

/** Options as they were given: of any type, and perhaps none at all. @internal */
export type Given = Readonly<Record<string, unknown>>

/** A duration in milliseconds, or `undefined` where it is none. Raw numbers first: NaN slips through `Duration`. @internal */
export const millisOf = (input: unknown): number | undefined => {
  if (typeof input === "number") return input >= 0 ? input : undefined
  if (input === "infinity") return Infinity
  if (typeof input === "object" && input !== null && Object.values(input).some(Number.isNaN)) return undefined
  try {
    const duration = Duration.fromInputUnsafe(input as Duration.Input)
    const millis = Duration.toMillis(duration)
    return millis >= 0 ? millis : undefined
  } catch {
    return undefined
  }
}

/** What is wrong with a value, to be read behind the option's name. */
type Check = (value: unknown) => string | undefined

const oneOf = (...words: ReadonlyArray<string>): Check => (value) =>
  words.includes(value as string) ? undefined : `must be ${words.map((word) => `"${word}"`).join(" or ")}`

const isNatural = (value: unknown, least = 0): value is number =>
  Number.isSafeInteger(value) && (value as number) >= least

const natural = (least: number): Check => (value) =>
  isNatural(value, least) ? undefined : `must be a whole number of at least ${least}`

const naturalOrInfinity = (least: number): Check => (value) =>
  value === Infinity ? undefined : natural(least)(value) && `must be a whole number of at least ${least}, or Infinity`

const fraction = (isOne: (value: number) => boolean, text: string): Check => (value) =>
  typeof value === "number" && isOne(value) ? undefined : `must be a number ${text}`

/** Zero waits for nothing at all: legal only where that means something. */
const duration = (least: "zero" | "positive", words: ReadonlyArray<string> = []): Check => (value) => {
  if (value === "infinity" && !words.includes(value)) return "must be a duration that ends"
  const millis = millisOf(value)
  if (millis === undefined) return "must be a duration, not negative and not NaN"
  if (millis === 0 && least === "positive") return "must be longer than zero"
  return undefined
}

/** A probe of everything idle more often than that is an attack on the backend. */
const everySecond: Check = (value) =>
  duration("zero")(value) ?? (millisOf(value)! < 1_000 ? "must be at least 1 second" : undefined)

const aBudget: Check = (value) =>
  value === "brutal_kill" || duration("zero", ["infinity"])(value) === undefined
    ? undefined
    : "must be \"brutal_kill\" or a duration, not negative and not NaN"

/** `Overload.codel` turns into zero what is no duration. */
const aDelay: Check = (value) =>
  duration("positive")(value) === undefined ? undefined : "must be a duration longer than zero"

const aFunction: Check = (value) => typeof value === "function" ? undefined : "must be a function"

const aSchedule: Check = (value) =>
  (typeof value === "object" && value !== null) || typeof value === "function" ? undefined : "must be a Schedule"

/** An object of these, and of nothing else. */
const record = (checks: Checks, optional: ReadonlyArray<string> = []): Check => {
  const names = Object.keys(checks).map((name) => optional.includes(name) ? `${name}?` : name)
  return (value) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return `must be { ${names.join(", ")} }`
    const isRequired = (name: string) => !optional.includes(name)
    const problems = [...unknownIn(value, checks), ...wrongIn(value as Given, checks, isRequired, " ")]
    return problems.length === 0 ? undefined : problems.join(", ")
  }
}

const aCodel = record({ _tag: oneOf("Codel"), target: aDelay, interval: aDelay })

const anOverload: Check = (value) =>
  typeof value === "object" && value !== null && "_tag" in value ? aCodel(value) : "must come from Overload.codel"

type Checks = Readonly<Record<string, Check>>

const unknownIn = (value: object, checks: Checks): ReadonlyArray<string> =>
  Object.keys(value).filter((key) => !Object.hasOwn(checks, key)).map((key) => `${key}: unknown option`)

const wrongIn = (value: Given, checks: Checks, isRequired: (key: string) => boolean, joint: string) =>
  Object.entries(checks).flatMap(([key, check]) => {
    const problem = value[key] !== undefined ? check(value[key]) : isRequired(key) ? "is required" : undefined
    return problem === undefined ? [] : [`${key}${joint}${problem}`]
  })

const checks: Readonly<Record<keyof Options<unknown>, Check>> = {
  factory: (value) => Effect.isEffect(value) ? undefined : "must be an Effect",
  size: natural(0),
  maxOverflow: natural(0),
  name: (value) => typeof value === "string" && value.length > 0 ? undefined : "must be a string that is not empty",
  checkoutTimeout: duration("zero", ["infinity"]),
  maxWaiting: naturalOrInfinity(0),
  strategy: oneOf("lifo", "fifo"),
  start: oneOf("eager", "background", "lazy"),
  link: aFunction,
  openTimeout: duration("positive"),
  openConcurrency: natural(1),
  closeTimeout: duration("positive"),
  backoff: aSchedule,
  onOpenFailure: oneOf("retry", "fail"),
  onAbandoned: oneOf("destroy", "checkin"),
  onOwnerSuccess: oneOf("release", "abandon"),
  onInterrupt: oneOf("destroy", "checkin"),
  isBroken: aFunction,
  restartIntensity: record({ intensity: natural(0), period: duration("positive") }),
  shutdownTimeout: duration("zero"),
  workerShutdown: aBudget,
  stopWithLastSession: (value) => typeof value === "boolean" ? undefined : "must be true or false",
  minIdle: natural(0),
  idleTimeout: duration("positive", ["infinity"]),
  overflowTtl: duration("zero"),
  maxLifetime: duration("positive", ["infinity"]),
  lifetimeJitter: fraction((value) => value >= 0 && value < 1, "of at least 0 and less than 1"),
  maxUses: naturalOrInfinity(1),
  keepalive: record({ every: everySecond, probe: aFunction }, ["probe"]),
  shouldRetire: aFunction,
  validate: aFunction,
  validateOn: oneOf("checkout", "idle"),
  validationBypass: duration("zero"),
  validationTimeout: duration("positive"),
  reset: aFunction,
  resetTimeout: duration("positive"),
  overload: anOverload,
  priorityAging: duration("positive", ["infinity"]),
  fairness: record({ maxPerKey: naturalOrInfinity(1) }, ["maxPerKey"]),
  breaker: record({ failures: natural(1) }),
  leaseTimeout: record({ after: duration("positive"), action: oneOf("warn", "revoke") }),
  concurrency: natural(1),
  targetUtilization: fraction((value) => value > 0 && value <= 1, "of more than 0 and at most 1")
}

const isRequired = (option: string): boolean => option === "factory" || option === "size"

/** Says why options cannot go together, if they cannot. `probe` is that of `keepalive`. */
type Rule = (options: Given) => string | undefined

/** `option` does nothing but tune one of the `others`, and there is none of them. */
const tunes = (option: string, others: ReadonlyArray<string>, why: string): Rule => (options) =>
  options[option] === undefined || others.some((other) => options[other] !== undefined)
    ? undefined
    : `${option}: ${why}`

const rules: ReadonlyArray<Rule> = [
  ({ minIdle, size }) =>
    isNatural(minIdle) && isNatural(size) && minIdle > size
      ? `minIdle: ${minIdle} is more than size, ${size}, and no more than that are kept`
      : undefined,
  tunes("lifetimeJitter", ["maxLifetime"], "needs a maxLifetime to take something off"),
  tunes("keepalive", ["probe", "validate"], "needs a probe, or a validate to run instead"),
  tunes("validateOn", ["validate"], "needs a validate"),
  tunes("validationBypass", ["validate"], "needs a validate"),
  tunes("validationTimeout", ["validate", "probe"], "needs a validate, or a keepalive with a probe"),
  tunes("resetTimeout", ["reset"], "needs a reset"),
  ({ probe, validate, validateOn }) =>
    validate !== undefined && validateOn === "idle" && probe !== undefined
      ? "validate: would never run, for validateOn says idle, and keepalive has a probe of its own"
      : undefined,
  ({ concurrency, reset }) =>
    reset !== undefined && isNatural(concurrency) && concurrency > 1
      ? "reset: needs a concurrency of 1, for others may still use what one of them gives back"
      : undefined
]

/** Of a new pool; one that is there may be resized to nothing, until it is resized again. */
const couldNeverLend: Rule = ({ maxOverflow = 0, size }) =>
  size === 0 && maxOverflow === 0
    ? "size: 0 needs a maxOverflow of at least 1, or nothing could ever be lent"
    : undefined

/** The options among these that were given. @internal */
export const givenOf = (options: unknown): Given => {
  const all = (typeof options === "object" && options !== null ? options : {}) as Given
  return Object.fromEntries(
    Object.keys(checks).flatMap((key) => all[key] === undefined ? [] : [[key, all[key]] as const])
  )
}

/** @internal */
export const problemsOf = (options: unknown, of: "new" | "running"): ReadonlyArray<string> => {
  const given = givenOf(options)
  const { keepalive } = given
  const probe = typeof keepalive === "object" && keepalive !== null ? (keepalive as Given)["probe"] : undefined
  return [
    ...(typeof options === "object" && options !== null ? unknownIn(options, checks) : []),
    ...wrongIn(given, checks, isRequired, ": "),
    ...(of === "new" ? [couldNeverLend, ...rules] : rules).flatMap((rule) => rule({ ...given, probe }) ?? [])
  ]
}
