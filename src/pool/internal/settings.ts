/**
 * Options after validation: numbers in milliseconds, every default filled in. What the machine reads.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { Options } from "../Options.ts"
import { InvalidOptions } from "../PoolError.ts"

/** @internal */
export interface Settings {
  readonly name: string
  readonly size: number
  readonly maxOverflow: number
  readonly checkoutTimeout: number
  readonly maxWaiting: number
  readonly strategy: "lifo" | "fifo"
  readonly start: "eager" | "background" | "lazy"
  readonly openTimeout: number
  readonly openConcurrency: number
  readonly closeTimeout: number
  readonly onOpenFailure: "retry" | "fail"
  readonly onAbandoned: "destroy" | "checkin"
  readonly onOwnerSuccess: "release" | "abandon"
  readonly onInterrupt: "destroy" | "checkin"
  /** `period` in milliseconds. */
  readonly restartIntensity: { readonly intensity: number; readonly period: number } | undefined
  readonly shutdownTimeout: number
  readonly stopWithLastSession: boolean
}

/** The options that are code, which only worker fibers and the back-off run. @internal */
export interface Parts {
  readonly factory: Effect.Effect<unknown, unknown, Scope.Scope>
  readonly link: ((resource: unknown) => Effect.Effect<unknown, unknown, Scope.Scope>) | undefined
  readonly backoff: Schedule.Schedule<unknown, Cause.Cause<unknown>>
}

/** A duration in milliseconds, or `undefined` where it is none. Raw numbers first: NaN slips through `Duration`. @internal */
export const millisOf = (input: unknown): number | undefined => {
  if (typeof input === "number") return input >= 0 ? input : undefined
  if (input === "infinity") return Infinity
  try {
    const duration = Duration.fromInputUnsafe(input as Duration.Input)
    const millis = Duration.toMillis(duration)
    return millis >= 0 ? millis : undefined
  } catch {
    return undefined
  }
}

type Check = (value: unknown) => string | undefined

const oneOf = (...words: ReadonlyArray<string>): Check => (value) =>
  words.includes(value as string) ? undefined : `must be ${words.map((word) => `"${word}"`).join(" or ")}`

const natural = (least: number): Check => (value) =>
  Number.isSafeInteger(value) && (value as number) >= least ? undefined : `must be a whole number of at least ${least}`

const naturalOrInfinity: Check = (value) =>
  value === Infinity ? undefined : natural(0)(value) && "must be a whole number of at least 0, or Infinity"

/** Zero waits for nothing at all: legal only where that means something. */
const duration = (least: "zero" | "positive", words: ReadonlyArray<string> = []): Check => (value) => {
  const millis = words.includes(value as string) || value !== "infinity" ? millisOf(value) : undefined
  if (millis === undefined) return "must be a duration, not negative and not NaN"
  if (millis === 0 && least === "positive") return "must be longer than zero"
  return undefined
}

const aFunction: Check = (value) => typeof value === "function" ? undefined : "must be a function"

const anObject: Check = (value) =>
  (typeof value === "object" && value !== null) || typeof value === "function" ? undefined : "must be a Schedule"

const aRestartIntensity: Check = (value) => {
  if (typeof value !== "object" || value === null) return "must be { intensity, period }"
  const { intensity, period } = value as Record<string, unknown>
  const unknown = Object.keys(value).filter((key) => key !== "intensity" && key !== "period")
  const problems = [
    ...unknown.map((key) => `${key}: unknown option`),
    ...problem("intensity", natural(0)(intensity)),
    ...problem("period", duration("positive")(period))
  ]
  return problems.length === 0 ? undefined : problems.join(", ")
}

const problem = (key: string, text: string | undefined): ReadonlyArray<string> =>
  text === undefined ? [] : [`${key} ${text}`]

const checks: Record<keyof Options<unknown>, Check> = {
  factory: (value) => Effect.isEffect(value) ? undefined : "must be an Effect",
  size: natural(0),
  maxOverflow: natural(0),
  name: (value) => typeof value === "string" && value.length > 0 ? undefined : "must be a string that is not empty",
  checkoutTimeout: duration("zero", ["infinity"]),
  maxWaiting: naturalOrInfinity,
  strategy: oneOf("lifo", "fifo"),
  start: oneOf("eager", "background", "lazy"),
  link: aFunction,
  openTimeout: duration("positive"),
  openConcurrency: natural(1),
  closeTimeout: duration("positive"),
  backoff: anObject,
  onOpenFailure: oneOf("retry", "fail"),
  onAbandoned: oneOf("destroy", "checkin"),
  onOwnerSuccess: oneOf("release", "abandon"),
  onInterrupt: oneOf("destroy", "checkin"),
  isBroken: aFunction,
  restartIntensity: aRestartIntensity,
  shutdownTimeout: duration("zero"),
  stopWithLastSession: (value) => typeof value === "boolean" ? undefined : "must be true or false"
}

const required: ReadonlyArray<string> = ["factory", "size"]

const problemsOf = (options: Record<string, unknown>): ReadonlyArray<string> => {
  const problems: Array<string> = []
  for (const key of Object.keys(options)) {
    if (!Object.hasOwn(checks, key)) problems.push(`${key}: unknown option`)
  }
  for (const [key, check] of Object.entries(checks)) {
    const value = options[key]
    if (value === undefined) {
      if (required.includes(key)) problems.push(`${key}: is required`)
      continue
    }
    const problem = check(value)
    if (problem !== undefined) problems.push(`${key}: ${problem}`)
  }
  if (options["size"] === 0 && (options["maxOverflow"] ?? 0) === 0) {
    problems.push("size: 0 needs a maxOverflow of at least 1, or nothing could ever be lent")
  }
  return problems
}

/** Everything checked at once, so that a person mends a configuration in one go. @internal */
export const settingsOf = <A, E, R, RL>(
  options: Options<A, E, R, RL>,
  defaultName: string
): Settings | InvalidOptions => {
  const given = (typeof options === "object" && options !== null ? options : {}) as unknown as Record<string, unknown>
  const name = typeof given["name"] === "string" && given["name"].length > 0 ? given["name"] : defaultName
  const problems = problemsOf(given)
  if (problems.length > 0) return new InvalidOptions({ pool: name, problems })
  const millis = (input: unknown, otherwise: number): number => input === undefined ? otherwise : millisOf(input)!
  return {
    name,
    size: options.size,
    maxOverflow: options.maxOverflow ?? 0,
    checkoutTimeout: millis(options.checkoutTimeout, 5_000),
    maxWaiting: options.maxWaiting ?? Infinity,
    strategy: options.strategy ?? "lifo",
    start: options.start ?? "eager",
    openTimeout: millis(options.openTimeout, 30_000),
    openConcurrency: options.openConcurrency ?? 4,
    closeTimeout: millis(options.closeTimeout, 5_000),
    onOpenFailure: options.onOpenFailure ?? "retry",
    onAbandoned: options.onAbandoned ?? "destroy",
    onOwnerSuccess: options.onOwnerSuccess ?? "release",
    onInterrupt: options.onInterrupt ?? "destroy",
    restartIntensity: options.restartIntensity && {
      intensity: options.restartIntensity.intensity,
      period: millisOf(options.restartIntensity.period)!
    },
    shutdownTimeout: millis(options.shutdownTimeout, 5_000),
    stopWithLastSession: options.stopWithLastSession ?? false
  }
}
