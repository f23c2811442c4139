/**
 * Several pools of the same thing in different places, used as one: a primary and its replicas, or the nodes of a cluster.
 *
 * ```text
 *            a checkout says that it is down, or a body that it is demoted
 *        up ──────────────────────────────────────────────────────────────▶ down: passed over
 *         ▲                                                                  │ retryAfter has passed, and somebody asks
 *         └── it lends something ◀────────────────────────────────────── on trial, by one caller
 * ```
 *
 * After pooler's `take_group_member`, with failover as libpq's `target_session_attrs` has it.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as internal from "./internal/groupMake.ts"
import type { Lease } from "./Lease.ts"
import type * as Pool from "./Options.ts"
import type { InvalidOptions, OpenTimeout } from "./PoolError.ts"
import type { Session } from "./Session.ts"
import type { Status } from "./Status.ts"

/**
 * The options of a group.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<A, E = never, R = never, RL = never> {
  /**
   * In the order of preference: sessions on pools that are there, or options of pools that the group makes, and ends with its
   * scope. Those start in the `background` and have a `breaker` of one failure, unless their options say otherwise.
   */
  readonly members: ReadonlyArray<Session<A, E> | Pool.Options<A, E, R, RL>>
  /** `failover` (default): the first one that is up. `round-robin`: those that are up, one after the other. */
  readonly strategy?: "failover" | "round-robin" | undefined
  /** How long a member that is down is passed over. Default 10 seconds. */
  readonly retryAfter?: Duration.Input | undefined
  /**
   * How long a checkout waits at a member in which nothing is open, while there is another one to go to. Default: half of what
   * is left of its budget, and 2.5 seconds at most. Make it longer than an opening takes.
   */
  readonly patience?: Duration.Input | undefined
  /** One budget for all members together. Default 5 seconds. */
  readonly checkoutTimeout?: Duration.Input | "infinity" | undefined
  /**
   * Which typed failures of a `use`, or of a scope, say that this member is not what it was: "read-only transaction", say. It
   * is down then, and all that it has open is closed. A throw counts as yes. Default: none.
   */
  readonly isDemoted?: ((cause: Cause.Cause<unknown>) => boolean) | undefined
  /** Names the group in log lines, and its own members: `name/0`. Default `"group"`. */
  readonly name?: string | undefined
}

/**
 * The numbers of a member.
 *
 * @category models
 * @since 0.1.0
 */
export interface MemberStatus extends Status {
  /** It is passed over, or on trial. */
  readonly isDown: boolean
}

/**
 * A group of pools.
 *
 * **Details**
 *
 * A checkout goes from one member to the next as long as they are down: `OpenFailed`, `PoolClosed`, `PoolCrashed`, or a
 * `CheckoutTimeout` of phase `open`. One that is only busy is waited for, for whoever wants the primary wants no other;
 * `round-robin` goes on after `PoolOverloaded`, too. All of it has one deadline. If it comes to nothing, the failure is that
 * of the last one asked.
 *
 * Members that are down are asked last, when all others have failed. When its time is up, one caller tries it with an empty
 * borrow, while all others go on passing it over.
 *
 * @category models
 * @since 0.1.0
 */
export interface PoolGroup<out A, out E = never> {
  readonly name: string
  /** As `Session.use`. The body is never run twice: once it has a resource, what it fails with is the answer. */
  readonly use: Session<A, E>["use"]
  readonly scoped: Session<A, E>["scoped"]
  readonly checkout: Session<A, E>["checkout"]
  readonly checkin: (lease: Lease<unknown>) => Effect.Effect<void>
  readonly destroyed: (lease: Lease<unknown>, reason?: unknown) => Effect.Effect<void>
  /** For everything else. */
  readonly members: ReadonlyArray<Session<A, E>>
  readonly status: Effect.Effect<ReadonlyArray<MemberStatus>>
}

/**
 * Makes a group.
 *
 * **Details**
 *
 * Scoped: closing the scope shuts down at once the pools that the group has made.
 *
 * **Example** (A replica for when the primary is away)
 *
 * ```ts
 * import { Effect, Logger } from "effect"
 * import { PoolGroup } from "whitepool/pools"
 *
 * const program = Effect.gen(function*() {
 *   const group = yield* PoolGroup.make({
 *     members: [
 *       { name: "primary", size: 1, factory: Effect.fail("connection refused") },
 *       { name: "replica", size: 1, factory: Effect.succeed("a connection of the replica") }
 *     ]
 *   })
 *   console.log(yield* group.use(Effect.succeed)) // => a connection of the replica
 *   console.log((yield* group.status).map(({ isDown, name }) => isDown ? `${name} is down` : name)) // => [ 'primary is down', 'replica' ]
 * })
 *
 * await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(Logger.layer([]))))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: <A, E = never, R = never, RL = never>(
  options: Options<A, E, R, RL>
) => Effect.Effect<PoolGroup<A, E>, E | OpenTimeout | InvalidOptions, Exclude<R | RL, Scope.Scope> | Scope.Scope> =
  internal.make
