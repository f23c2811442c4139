/**
 * What a pool is made of. `size` and `factory` are enough to begin with.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import type { HealthOptions, LifeOptions, QueueOptions, SharingOptions } from "./Policies.ts"

/**
 * The options of a pool.
 *
 * **Details**
 *
 * Essential: `factory`, `size`, `maxOverflow`, `name`. Common: `checkoutTimeout`, `maxWaiting`, `start`, `link`, `isBroken`,
 * `shutdownTimeout`. Rare: the others that stand here. The policies are graded with their kin: `LifeOptions` (how long a
 * resource is kept), `HealthOptions` (whether it is fit to be lent), `QueueOptions` (who is served), `SharingOptions`.
 *
 * The rest has defaults that fit most pools. Every duration is a `Duration.Input`; a plain number is milliseconds.
 *
 * An option that is unknown, or out of its range, or that cannot go with another one, is refused with `InvalidOptions`,
 * which lists all that is wrong. An option that only tunes another (`resetTimeout`) is refused without it. A number that
 * leaves another option without effect (`idleTimeout`, where `minIdle` is `size`) is not: it may change at run time.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<in out A, out E = never, out R = never, out RL = never>
  extends LifeOptions<A, RL>, HealthOptions<A, RL>, QueueOptions, SharingOptions
{
  /** Opens one resource. Its finalizers close it. Runs in the pool's context, never in a caller's. */
  readonly factory: Effect.Effect<A, E, R>
  /** How many resources are kept. 0 is legal where `maxOverflow` is at least 1, as in poolboy. */
  readonly size: number
  /** How many more may be opened while nothing is idle; closed again when nobody waits. Default 0. */
  readonly maxOverflow?: number | undefined
  /** Names the pool in errors and log lines. Default `"pool"`. */
  readonly name?: string | undefined
  /** One budget for queue, opening and checks together. Default 5 seconds, as poolboy; waiting for ever must be written: `"infinity"`. */
  readonly checkoutTimeout?: Duration.Input | "infinity" | undefined
  /** How many may wait for a resource that is lent; callers for whom there is room to open are not counted. Default: any number. */
  readonly maxWaiting?: number | undefined
  /** Which idle resource goes out first: the one that came back last (`lifo`, default, as poolboy) or first (`fifo`). */
  readonly strategy?: "lifo" | "fifo" | undefined
  /**
   * `eager` (default): `make` waits for `minIdle` resources (by default `size`) and fails with the first opening failure. `background`: it does
   * not wait. `lazy`: nothing is opened before somebody asks.
   */
  readonly start?: "eager" | "background" | "lazy" | undefined
  /** Ends, fails or dies when the resource dies by itself: the pool is linked to it, as poolboy to its workers. An actor (an `ActorRef`) needs none: its
   * end is its death. */
  readonly link?: ((resource: A) => Effect.Effect<unknown, unknown, RL>) | undefined
  /** How long one opening may take before it is interrupted and counts as `OpenTimeout`. Default 30 seconds. */
  readonly openTimeout?: Duration.Input | undefined
  /** How many openings may be under way at once. Default 4. After a failure it is one, until one succeeds. */
  readonly openConcurrency?: number | undefined
  /** How long one closing may take before its place is given to another. Default 5 seconds. */
  readonly closeTimeout?: Duration.Input | undefined
  /**
   * How long the closing of each may take when the pool shuts down: OTP's `shutdown` of a child. `brutal_kill`: told to
   * close and not waited for. Default: as `closeTimeout`.
   */
  readonly workerShutdown?: "brutal_kill" | Duration.Input | "infinity" | undefined
  /**
   * How long no opening starts after a failed one. Default exponential with jitter, 100 ms to 30 seconds. Begins anew after a
   * success; one that ends goes on with its last delay, since a database that is down for an hour must not end the pool.
   */
  readonly backoff?: Schedule.Schedule<unknown, Cause.Cause<unknown>> | undefined
  /** `retry` (default): who waits goes on waiting. `fail`: the oldest waiter fails with `OpenFailed`. */
  readonly onOpenFailure?: "retry" | "fail" | undefined
  /** What becomes of a lease whose owner failed, died or was interrupted: `destroy` (default, as whitepool) or `checkin` (as poolboy). */
  readonly onAbandoned?: "destroy" | "checkin" | undefined
  /** What becomes of a lease whose owner succeeded: it lives on without one (`release`, default), or is abandoned (as in Erlang). */
  readonly onOwnerSuccess?: "release" | "abandon" | undefined
  /** What becomes of a resource whose `use` or scope was interrupted. Default `destroy`: half a query is no clean connection. */
  readonly onInterrupt?: "destroy" | "checkin" | undefined
  /** Which typed failures of a `use` broke its resource. Default: none. A throw counts as broken. */
  readonly isBroken?: ((cause: Cause.Cause<unknown>) => boolean) | undefined
  /**
   * How many resources may die by themselves within `period` before the pool gives up: everybody who waits fails with
   * `PoolCrashed`, everything is closed, and the supervisor actor ends with `Shutdown` and a `RestartIntensityExceeded`. Under
   * a supervisor of yours (`childSpec`) that one decides what comes next; a pool of `make` is over. Default: unlimited, for a
   * database that is down for an hour must not end the pool. Failed openings do not count; they have the back-off.
   */
  readonly restartIntensity?: { readonly intensity: number; readonly period: Duration.Input } | undefined
  /** How long closing the pool's scope, or a `shutdown` without a timeout of its own, waits for leases. Default 5 seconds. */
  readonly shutdownTimeout?: Duration.Input | undefined
  /** Also ends the pool when its last session is dropped, as in Rust. Default false: it lives as long as its scope. */
  readonly stopWithLastSession?: boolean | undefined
}
