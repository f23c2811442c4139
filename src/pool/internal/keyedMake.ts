/**
 * Makes a keyed pool.
 *
 * @internal
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import { Host } from "../../channel/internal/host.ts"
import type { KeyedPool, Options } from "../KeyedPool.ts"
import { InvalidOptions } from "../PoolError.ts"
import { Keyed, type MakePool } from "./keyed.ts"
import type { AnyOptions } from "./keyedEntry.ts"
import { KeyedSession, ready, scoped, shutdown, use } from "./keyedSession.ts"
import { make as makePool, makeUnder } from "./make.ts"
import { Quota } from "./quota.ts"
import { millisOf, recipeOf } from "./settings.ts"

/** @internal */
export const make = <K, A, E = never, R = never, RL = never>(
  options: Options<K, A, E, R, RL>
): Effect.Effect<KeyedPool<K, A, E>, never, Exclude<R | RL, Scope.Scope> | Scope.Scope> =>
  Effect.uninterruptible(Effect.gen(function*() {
    const name = options?.name ?? "pool"
    const problems = problemsOf(options)
    // A mistake of the program. What the lookup gives is known only when it is looked up.
    if (problems.length > 0) return yield* Effect.die(new InvalidOptions({ pool: name, problems }))
    const context = Context.omit(Tracer.ParentSpan)(yield* Effect.context<Scope.Scope>())
    const lookup = options.lookup as unknown as (key: K) => AnyOptions
    const idleTimeToLive = millisOf(options.idleTimeToLive ?? 60_000)!
    const quota = options.maxTotal === undefined ? undefined : new Quota(options.maxTotal, new Host(context))
    const keyed = new Keyed<K>({ name, lookup, idleTimeToLive, makePool: makePoolOf(quota) }, context)
    yield* Effect.forkDetach(keyed.launcher.run, { startImmediately: true })
    yield* Effect.addFinalizer(() => keyed.close)
    return faceOf<K, A, E>(name, keyed)
  }))

const makePoolOf = (quota: Quota | undefined): MakePool => (options) => {
  if (quota === undefined) return makePool(options)
  if (options.start !== "eager") return makeUnder({ ...options, start: options.start ?? "lazy" }, quota)
  const name = options.name ?? "pool"
  const recipe = recipeOf(options, name)
  const problems = recipe instanceof InvalidOptions ? recipe.problems : []
  const problem =
    "start: \"eager\" may wait for ever for the room that maxTotal leaves it; use \"lazy\" or \"background\""
  return Effect.fail(new InvalidOptions({ pool: name, problems: [...problems, problem] }))
}

const faceOf = <K, A, E>(name: string, keyed: Keyed<K>): KeyedPool<K, A, E> => ({
  name,
  use: (key, f, options) => use(keyed, key, f, options),
  scoped: (key, options) => scoped(keyed, key, options),
  session: (key) => Effect.map(ready<K, E>(keyed, key), () => new KeyedSession<K, A, E>(keyed, key)),
  keys: Effect.sync(() => keyed.all().map(({ key }) => key)),
  status: Effect.suspend(() =>
    Effect.forEach(keyed.all(true), (entry) => entry.session?.status ?? Effect.sync(() => entry.emptyStatus()))
  ),
  shutdown: (key, options) => shutdown(keyed, key, options)
})

const known: ReadonlyArray<string> = ["lookup", "maxTotal", "idleTimeToLive", "name"]

const problemsOf = (options: object): ReadonlyArray<string> => {
  const given = (typeof options === "object" && options !== null ? options : {}) as Record<string, unknown>
  const { idleTimeToLive, lookup, maxTotal, name } = given
  const problems = Object.keys(given).filter((key) => !known.includes(key)).map((key) => `${key}: unknown option`)
  if (typeof lookup !== "function") problems.push("lookup: must be a function")
  if (maxTotal !== undefined && !(Number.isSafeInteger(maxTotal) && (maxTotal as number) >= 1)) {
    problems.push("maxTotal: must be a whole number of at least 1")
  }
  if (idleTimeToLive !== undefined && millisOf(idleTimeToLive) === undefined) {
    problems.push("idleTimeToLive: must be a duration, not negative and not NaN")
  }
  if (name !== undefined && (typeof name !== "string" || name.length === 0)) {
    problems.push("name: must be a string that is not empty")
  }
  return problems
}
