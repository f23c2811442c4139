/**
 * Options after validation: numbers in milliseconds, every default filled in. What the machine reads.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { Options } from "../Options.ts"
import type { ResourceInfo } from "../Policies.ts"
import { InvalidOptions } from "../PoolError.ts"
import { defaultBackoff } from "./backoff.ts"
import { type Given, givenOf, millisOf, problemsOf } from "./optionChecks.ts"

export { givenOf, millisOf } from "./optionChecks.ts"

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
  /** 0: told to close and not waited for. */
  readonly workerShutdown: number
  readonly minIdle: number
  readonly idleTimeout: number
  readonly overflowTtl: number
  readonly maxLifetime: number
  readonly lifetimeJitter: number
  readonly maxUses: number
  /** The period of background probes; Infinity: none. */
  readonly keepalive: number
  /** Whether a `shouldRetire` was given. */
  readonly asksToRetire: boolean
  /** Whether a resource is validated before it is lent. */
  readonly validates: boolean
  readonly validationBypass: number
  readonly validationTimeout: number
  readonly resets: boolean
  readonly resetTimeout: number
  readonly overload: { readonly target: number; readonly interval: number } | undefined
  readonly priorityAging: number
  readonly fairness: { readonly maxPerKey: number } | undefined
  /** How many failed openings in a row open the circuit; Infinity: none does. */
  readonly breaker: number
  readonly leaseTimeout: { readonly after: number; readonly action: "warn" | "revoke" } | undefined
  readonly concurrency: number
  readonly targetUtilization: number
}

type On<B> = (resource: unknown) => Effect.Effect<B, unknown, Scope.Scope>

/** The options that are code. No turn runs any of it: worker fibers do, the launcher, the back-off and callers. @internal */
export interface Parts {
  readonly factory: Effect.Effect<unknown, unknown, Scope.Scope>
  readonly link: On<unknown> | undefined
  readonly backoff: Schedule.Schedule<unknown, Cause.Cause<unknown>>
  readonly validate: On<boolean> | undefined
  /** `validate` where `keepalive` has none of its own: `false` is unwell, too. */
  readonly probe: On<unknown> | undefined
  readonly reset: On<unknown> | undefined
  readonly shouldRetire: ((info: ResourceInfo, resource: unknown) => boolean) | undefined
  readonly isBroken: ((cause: Cause.Cause<unknown>) => boolean) | undefined
}

/** Those of them that workers run. @internal */
export type Tools = Omit<Parts, "backoff" | "isBroken">

/** Everything checked at once, so that a person mends a configuration in one go. @internal */
export const recipeOf = <A, E, R, RL>(
  options: Options<A, E, R, RL>,
  defaultName: string
): Recipe | InvalidOptions => {
  const given = givenOf(options)
  const { name } = given
  const pool = typeof name === "string" && name.length > 0 ? name : defaultName
  const problems = problemsOf(options, "new")
  return problems.length > 0 ? new InvalidOptions({ pool, problems }) : { given, settings: filled(given, pool) }
}

const filled = (given: Given, name: string): Settings => {
  // They were checked.
  const options = given as unknown as Options<unknown>
  const workerShutdown = options.workerShutdown ?? options.closeTimeout
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
    stopWithLastSession: options.stopWithLastSession ?? false,
    workerShutdown: workerShutdown === "brutal_kill" ? 0 : millis(workerShutdown, 5_000),
    minIdle: options.minIdle ?? options.size,
    idleTimeout: millis(options.idleTimeout, 600_000),
    overflowTtl: millis(options.overflowTtl, 0),
    maxLifetime: millis(options.maxLifetime, Infinity),
    lifetimeJitter: options.lifetimeJitter ?? 0.1,
    maxUses: options.maxUses ?? Infinity,
    keepalive: millis(options.keepalive?.every, options.validateOn === "idle" ? 30_000 : Infinity),
    asksToRetire: options.shouldRetire !== undefined,
    validates: options.validate !== undefined && options.validateOn !== "idle",
    validationBypass: millis(options.validationBypass, 500),
    validationTimeout: millis(options.validationTimeout, 5_000),
    resets: options.reset !== undefined,
    resetTimeout: millis(options.resetTimeout, 5_000),
    overload: options.overload && {
      target: millisOf(options.overload.target)!,
      interval: millisOf(options.overload.interval)!
    },
    priorityAging: millis(options.priorityAging, 1_000),
    fairness: options.fairness && { maxPerKey: options.fairness.maxPerKey ?? Infinity },
    breaker: options.breaker?.failures ?? Infinity,
    leaseTimeout: options.leaseTimeout && {
      after: millisOf(options.leaseTimeout.after)!,
      action: options.leaseTimeout.action
    },
    concurrency: options.concurrency ?? 1,
    targetUtilization: options.targetUtilization ?? 1
  }
}

/** What worker fibers run. Their needs are met by the context in which they are started, so the types of it end here. @internal */
export const partsOf = (given: Given): Parts => {
  // They were checked.
  const options = given as unknown as Options<unknown>
  const { backoff = defaultBackoff, factory, isBroken, keepalive, link, reset, shouldRetire, validate } = options
  const probe = keepalive?.probe ?? validate
  return { factory, link, backoff, validate, probe, reset, shouldRetire, isBroken }
}

/** What a patch is laid over, and what comes of it. @internal */
export interface Recipe {
  /** The options as they were given. */
  readonly given: Given
  readonly settings: Settings
}

const fixed: ReadonlyArray<string> = ["factory", "name", "start", "concurrency"]

/**
 * The same pool under other options. All of them are checked together, those given so far and those of the patch, before any
 * applies. What is `undefined` in a patch goes back to its default.
 *
 * @internal
 */
export const patched = ({ given, settings: { name } }: Recipe, patch: unknown): Recipe | InvalidOptions => {
  const changes = isObject(patch) ? patch : {}
  const unchangeable = fixed.filter((key) => Object.hasOwn(changes, key))
  const kept = Object.fromEntries(unchangeable.map((key) => [key, given[key]]))
  const options = { ...given, ...changes, ...kept }
  const problems = [
    ...(isObject(patch) ? [] : ["the patch must be an object"]),
    ...unchangeable.map((key) => `${key}: cannot be changed`),
    ...problemsOf(options, "running")
  ]
  return problems.length > 0
    ? new InvalidOptions({ pool: name, problems })
    : { given: givenOf(options), settings: filled(options, name) }
}

const sizes: ReadonlyArray<string> = ["size", "maxOverflow"]

/** A patch of the size only, in which `undefined` leaves something as it is. @internal */
export const resized = (recipe: Recipe, change: unknown): Recipe | InvalidOptions => {
  const changes = isObject(change) ? change : {}
  const foreign = Object.keys(changes).filter((key) => !sizes.includes(key))
  const patch = Object.fromEntries(sizes.flatMap((key) => changes[key] === undefined ? [] : [[key, changes[key]]]))
  const next = patched(recipe, isObject(change) ? patch : change)
  const problems = [
    ...foreign.map((key) => `${key}: only size and maxOverflow can be resized`),
    ...(next instanceof InvalidOptions ? next.problems : [])
  ]
  return problems.length > 0 ? new InvalidOptions({ pool: recipe.settings.name, problems }) : next
}

const isObject = (value: unknown): value is Given => typeof value === "object" && value !== null
