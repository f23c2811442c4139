/**
 * Makes a group of pools, of pools that are there and of pools of its own.
 *
 * @internal
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import { Host } from "../../channel/internal/host.ts"
import type { Options as PoolOptions } from "../Options.ts"
import { InvalidOptions, type OpenTimeout } from "../PoolError.ts"
import type { Options, PoolGroup } from "../PoolGroup.ts"
import type { Session } from "../Session.ts"
import { Group, type GroupSettings } from "./group.ts"
import { shutdownAll } from "./groupEnd.ts"
import { make as makePool } from "./make.ts"
import { millisOf } from "./settings.ts"

/** @internal */
export const make = <A, E = never, R = never, RL = never>(
  options: Options<A, E, R, RL>
): Effect.Effect<PoolGroup<A, E>, E | OpenTimeout | InvalidOptions, Exclude<R | RL, Scope.Scope> | Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const name = options?.name ?? "group"
      const problems = problemsOf(options)
      if (problems.length > 0) return yield* new InvalidOptions({ pool: name, problems })
      const own = Scope.forkUnsafe(yield* Effect.scope)
      const made: Array<Session<A, E>> = []
      const sessions = yield* restore(
        Scope.provide(
          Effect.forEach(options.members, (member, index) => {
            if (!isOptions(member)) return Effect.succeed(member)
            return Effect.tap(makePool(memberOf(member, `${name}/${index}`)), (session) =>
              Effect.sync(() => made.push(session)))
          }, { concurrency: "unbounded" }),
          own
        )
      ).pipe(Effect.onError((cause) =>
        Scope.close(own, Exit.failCause(cause))
      ))
      yield* Scope.addFinalizer(own, Effect.suspend(() => shutdownAll(made)))
      const context = Context.omit(Tracer.ParentSpan)(yield* Effect.context())
      return new Group<A, E>(settingsOf(name, options), sessions, new Host(context))
    })
  )

const isOptions = <A, E, R, RL>(
  member: Session<A, E> | PoolOptions<A, E, R, RL>
): member is PoolOptions<A, E, R, RL> => "factory" in member

/** The group is there while one of its members is not, and whoever waits for that one learns of it at once. */
const memberOf = <A, E, R, RL>(options: PoolOptions<A, E, R, RL>, name: string): PoolOptions<A, E, R, RL> => ({
  ...options,
  name: options.name ?? name,
  start: options.start ?? "background",
  breaker: options.breaker ?? { failures: 1 }
})

const settingsOf = <A, E, R, RL>(name: string, options: Options<A, E, R, RL>): GroupSettings => ({
  name,
  strategy: options.strategy ?? "failover",
  retryAfter: millisOf(options.retryAfter ?? 10_000)!,
  patience: options.patience === undefined ? undefined : millisOf(options.patience),
  checkoutTimeout: millisOf(options.checkoutTimeout ?? 5_000)!,
  isDemoted: options.isDemoted
})

const isMember = (member: unknown): boolean =>
  typeof member === "object" && member !== null &&
  ("factory" in member || "use" in member && typeof member.use === "function")

const known: ReadonlyArray<string> = [
  "members",
  "strategy",
  "retryAfter",
  "patience",
  "checkoutTimeout",
  "isDemoted",
  "name"
]

const problemsOf = (options: object): ReadonlyArray<string> => {
  const given = (typeof options === "object" && options !== null ? options : {}) as Record<string, unknown>
  const problems = Object.keys(given).filter((key) => !known.includes(key)).map((key) => `${key}: unknown option`)
  const { isDemoted, members, name, strategy } = given
  if (!Array.isArray(members) || members.length === 0) {
    problems.push("members: must be at least one session, or options")
  } else if (!members.every(isMember)) {
    problems.push("members: each must be a session, or options with a factory")
  }
  if (strategy !== undefined && strategy !== "failover" && strategy !== "round-robin") {
    problems.push("strategy: must be \"failover\" or \"round-robin\"")
  }
  for (const key of ["retryAfter", "patience", "checkoutTimeout"]) {
    const value = given[key]
    if (value !== undefined && millisOf(value) === undefined) {
      problems.push(`${key}: must be a duration, not negative and not NaN`)
    }
  }
  if (isDemoted !== undefined && typeof isDemoted !== "function") problems.push("isDemoted: must be a function")
  if (name !== undefined && (typeof name !== "string" || name.length === 0)) {
    problems.push("name: must be a string that is not empty")
  }
  return problems
}
