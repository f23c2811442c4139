/**
 * Flags and child specs after validation, every default filled in. What is wrong is said with OTP's word for it, and all
 * of it at once.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { AutoShutdown, ChildSpec, Flags, Restart, Strategy } from "../Supervisor.ts"

/** Milliseconds; `Infinity` waits for ever. @internal */
export type Budget = number | "brutal_kill"

/** @internal */
export interface Settings {
  readonly strategy: Strategy
  readonly intensity: number
  /** In milliseconds. */
  readonly period: number
  readonly autoShutdown: AutoShutdown
  readonly name: string | undefined
}

/** @internal */
export interface Spec {
  readonly id: string | undefined
  readonly start: Effect.Effect<unknown, unknown, Scope.Scope>
  readonly restart: Restart
  /** `undefined`: what is usual for its type. */
  readonly shutdown: Budget | undefined
  /** `undefined`: what `start` returns decides. */
  readonly type: "worker" | "supervisor" | undefined
  readonly significant: boolean
}

/** Gives OTP's word for what is wrong, and what would be right. */
type Check = (value: unknown) => string | undefined

/** Raw numbers first: NaN slips through `Duration`. */
const millisOf = (input: unknown): number | undefined => {
  if (typeof input === "number") return input >= 0 ? input : undefined
  if (input === "infinity") return Infinity
  try {
    // What is no duration is refused by `fromInputUnsafe`.
    const millis = Duration.toMillis(Duration.fromInputUnsafe(input as Duration.Input))
    return millis >= 0 ? millis : undefined
  } catch {
    return undefined
  }
}

const quote = (words: ReadonlyArray<string>): string => words.map((word) => `"${word}"`).join(" or ")

const oneOf = (word: string, ...words: ReadonlyArray<string>): Check => (value) =>
  words.includes(value as string) ? undefined : `${word}: must be ${quote(words)}`

const nonEmpty = (word: string): Check => (value) =>
  typeof value === "string" && value.length > 0 ? undefined : `${word}: must be a string that is not empty`

const strategies = ["one_for_one", "one_for_all", "rest_for_one"] as const

const flagChecks: Record<keyof Flags, Check> = {
  strategy: (value) =>
    value === "simple_one_for_one"
      ? "invalid_strategy: simple_one_for_one is Supervisor.dynamic"
      : oneOf("invalid_strategy", ...strategies)(value),
  intensity: (value) =>
    Number.isSafeInteger(value) && (value as number) >= 0
      ? undefined
      : "invalid_intensity: must be a whole number of at least 0",
  period: (value) => {
    const millis = millisOf(value)
    const isPeriod = millis !== undefined && millis > 0 && millis < Infinity
    return isPeriod ? undefined : "invalid_period: must be a duration longer than zero, and no infinity"
  },
  autoShutdown: oneOf("invalid_auto_shutdown", "never", "any_significant", "all_significant"),
  name: nonEmpty("invalid_name")
}

const specChecks: Record<keyof ChildSpec, Check> = {
  id: nonEmpty("invalid_id"),
  start: (value) => Effect.isEffect(value) ? undefined : "invalid_start: must be an Effect",
  restart: oneOf("invalid_restart_type", "permanent", "transient", "temporary"),
  shutdown: (value) =>
    value === "brutal_kill" || millisOf(value) !== undefined
      ? undefined
      : "invalid_shutdown: must be a duration that is not negative, or \"infinity\" or \"brutal_kill\"",
  type: oneOf("invalid_child_type", "worker", "supervisor"),
  significant: (value) => typeof value === "boolean" ? undefined : "invalid_significant: must be true or false"
}

/** @internal */
export const asRecord = (thing: unknown): Record<string, unknown> | undefined =>
  typeof thing === "object" && thing !== null && !Array.isArray(thing) ? thing as Record<string, unknown> : undefined

const problemsOf = (
  given: Record<string, unknown>,
  checks: Record<string, Check>,
  required: ReadonlyArray<string>,
  unknown: string
): ReadonlyArray<string> => {
  const problems = Object.keys(given).filter((key) => !Object.hasOwn(checks, key)).map((key) => `${key}: ${unknown}`)
  for (const [key, check] of Object.entries(checks)) {
    const value = given[key]
    if (value === undefined && !required.includes(key)) continue
    const problem = value === undefined ? `missing_${key}: is required` : check(value)
    if (problem !== undefined) problems.push(`${key}: ${problem}`)
  }
  return problems
}

/** A list of problems, or what was checked. @internal */
export const settingsOf = (flags: unknown, kind: "static" | "dynamic"): Settings | ReadonlyArray<string> => {
  const given = asRecord(flags)
  if (given === undefined) return ["flags: invalid_type: must be an object"]
  const { strategy: _, ...withoutStrategy } = flagChecks
  const problems = problemsOf(given, kind === "static" ? flagChecks : withoutStrategy, [], "bad_flag: unknown")
  if (problems.length > 0) return problems
  // As checked.
  const { autoShutdown, intensity, name, period, strategy } = given as Flags
  return {
    strategy: strategy ?? "one_for_one",
    intensity: intensity ?? 1,
    period: period === undefined ? 5000 : millisOf(period)!,
    autoShutdown: autoShutdown ?? "never",
    name
  }
}

/** One spec. That of a dynamic supervisor has no id. @internal */
export const specOf = (
  spec: unknown,
  kind: "static" | "dynamic",
  autoShutdown: AutoShutdown
): Spec | ReadonlyArray<string> => {
  const given = asRecord(spec)
  if (given === undefined) return ["invalid_child_spec: must be an object"]
  const { id: _, ...withoutId } = specChecks
  const [checks, required] = kind === "static" ? [specChecks, ["id", "start"]] : [withoutId, ["start"]]
  const problems = [...problemsOf(given, checks, required, "bad_child_spec: unknown")]
  if (given["significant"] === true) {
    if ((given["restart"] ?? "permanent") === "permanent") {
      problems.push("significant: bad_combination: a permanent child cannot be significant")
    }
    if (autoShutdown === "never") problems.push("significant: bad_combination: autoShutdown is \"never\"")
  }
  if (problems.length > 0) return problems
  // As checked.
  const { id, restart, shutdown, significant, start, type } = given as unknown as ChildSpec
  return {
    id,
    start,
    restart: restart ?? "permanent",
    shutdown: shutdown === undefined || shutdown === "brutal_kill" ? shutdown : millisOf(shutdown)!,
    type,
    significant: significant ?? false
  }
}

/** Of what may be no spec at all. @internal */
export const idOf = (spec: unknown): string | undefined => {
  const id = asRecord(spec)?.["id"]
  return typeof id === "string" ? id : undefined
}

const labelOf = (spec: unknown, index: number): string => {
  const id = idOf(spec)
  return id === undefined ? `child ${index + 1}` : `child "${id}"`
}

/** All the specs of `make`, or every problem of every one of them. @internal */
export const specsOf = (
  specs: unknown,
  autoShutdown: AutoShutdown
): ReadonlyArray<Spec> | { problems: Array<string> } => {
  if (!Array.isArray(specs)) return { problems: ["children: invalid_children: must be an array"] }
  const checked: Array<Spec> = []
  const problems: Array<string> = []
  const ids = new Set<unknown>()
  for (const [index, one] of specs.entries()) {
    const spec = specOf(one, "static", autoShutdown)
    if ("start" in spec) checked.push(spec)
    else problems.push(...spec.map((problem) => `${labelOf(one, index)}: ${problem}`))
    const id = idOf(one)
    if (id === undefined) continue
    if (ids.has(id)) problems.push(`${labelOf(one, index)}: id: duplicate_child_name: is given twice`)
    ids.add(id)
  }
  return problems.length > 0 ? { problems } : checked
}
