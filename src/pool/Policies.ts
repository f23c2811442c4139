/**
 * The options that are policies, by what they are about. `Options` has them all; every one is off, or has a default that
 * fits most pools.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type { Overload } from "./Overload.ts"

/**
 * What a predicate is told of a resource.
 *
 * @category models
 * @since 0.1.0
 */
export interface ResourceInfo {
  /** Since it was opened. */
  readonly age: Duration.Duration
  /** Since it was last given back; zero while it is lent. */
  readonly idleFor: Duration.Duration
  /** How many borrowers have given it back. */
  readonly uses: number
  /** Whether the pool has more than `size` at the moment, so that this one may go. */
  readonly overflow: boolean
}

/**
 * How long a resource is kept.
 *
 * **Details**
 *
 * Common: `maxLifetime`, `minIdle`, `idleTimeout`, `overflowTtl`, `keepalive`. Rare: `lifetimeJitter`, `maxUses`,
 * `shouldRetire`.
 *
 * @category models
 * @since 0.1.0
 */
export interface LifeOptions<in A, out RL = never> {
  /** How many resources may sit idle for ever; those above are closed after `idleTimeout`. At most `size`, the default. From HikariCP. */
  readonly minIdle?: number | undefined
  /** How long a resource above `minIdle` may sit idle before it is closed. Default 10 minutes, as HikariCP. */
  readonly idleTimeout?: Duration.Input | "infinity" | undefined
  /** How long a resource above `size` may sit idle before it is closed. Default 0: at once, as poolboy. */
  readonly overflowTtl?: Duration.Input | undefined
  /**
   * Past this age a resource is never lent again: an idle one is closed, and replaced beforehand if there is room; a lent
   * one is closed when it comes back. Default: no limit. From HikariCP; give less than server and firewall allow.
   */
  readonly maxLifetime?: Duration.Input | "infinity" | undefined
  /** The fraction of `maxLifetime` that is taken off at most, drawn once per resource, so that they do not all go at once. Default 0.1. */
  readonly lifetimeJitter?: number | undefined
  /** How many borrowers a resource has before it is closed. Default: no limit. From node-postgres; for a resource that grows with use. Shared ones may have a few more. */
  readonly maxUses?: number | undefined
  /**
   * Runs `probe` (default: `validate`) on what has sat idle for `every`, at least 1 second, a quarter of `size` at a time.
   * What fails, dies, gives `false` or takes too long is closed. Default: none. From HikariCP; for a firewall that drops
   * quiet connections.
   */
  readonly keepalive?:
    | {
      readonly every: Duration.Input
      readonly probe?: ((resource: A) => Effect.Effect<unknown, unknown, RL>) | undefined
    }
    | undefined
  /** Asked when a resource comes back, and every 30 seconds while it is idle: whether to close it. A throw counts as yes. From reactor-pool. */
  readonly shouldRetire?: ((info: ResourceInfo, resource: A) => boolean) | undefined
}

/**
 * Whether a resource is fit to be lent.
 *
 * **Details**
 *
 * Common: `validate`, `reset`. Rare: `validateOn`, `validationBypass`, `validationTimeout`, `resetTimeout`. All of it runs
 * in fibers of the pool, so a slow one holds up nobody else.
 *
 * @category models
 * @since 0.1.0
 */
export interface HealthOptions<in A, out RL = never> {
  /**
   * Whether a resource is still well. If it says `false`, fails, dies or takes too long, the resource is closed and the next
   * one is tried, within the one deadline of whoever asked. From HikariCP.
   */
  readonly validate?: ((resource: A) => Effect.Effect<boolean, unknown, RL>) | undefined
  /** When: before it is lent (`checkout`, default, as HikariCP), or only while it is idle, every 30 seconds or as `keepalive` says (`idle`). */
  readonly validateOn?: "checkout" | "idle" | undefined
  /** A resource known to be well so short a time ago is lent without validation. Default 500 ms, as HikariCP; 0: whatever has been idle is validated. */
  readonly validationBypass?: Duration.Input | undefined
  /** How long one validation or probe may take. Whoever waits for it has its own deadline meanwhile. Default 5 seconds, as HikariCP. */
  readonly validationTimeout?: Duration.Input | undefined
  /** Runs between two borrowers, on the time of neither. If it fails or dies, the resource is closed. From lightning-pool. */
  readonly reset?: ((resource: A) => Effect.Effect<unknown, unknown, RL>) | undefined
  /** How long one `reset` may take before the resource is closed. Default 5 seconds. */
  readonly resetTimeout?: Duration.Input | undefined
}

/**
 * Who is served, in which order, and who is turned away.
 *
 * **Details**
 *
 * Common: `overload`, `leaseTimeout`. Rare: `fairness`, `breaker`, `priorityAging`. See also `maxWaiting`.
 *
 * @category models
 * @since 0.1.0
 */
export interface QueueOptions {
  /** Turns away who waits in a queue that has been slow for long: `Overload.codel()`. Default: none. From DBConnection. */
  readonly overload?: Overload | undefined
  /** For each such time that it waits, a checkout counts one `priority` better, so that none starves. Default 1 second. Our own. */
  readonly priorityAging?: Duration.Input | "infinity" | undefined
  /** Serves the `key`s of those waiting in turn, and lends at most `maxPerKey` (default: any number) to one key at once. From Effect's `PartitionedSemaphore`. */
  readonly fairness?: { readonly maxPerKey?: number | undefined } | undefined
  /**
   * After so many `failures` to open in a row with nothing alive, those waiting and all who ask fail with `OpenFailed` at
   * once, until an opening succeeds, for the pool keeps trying. Default: none, they wait until their deadline. A circuit
   * breaker; c3p0's `breakAfterAcquireFailure`, but it heals.
   */
  readonly breaker?: { readonly failures: number } | undefined
  /** A lease held longer than `after` is logged (`warn`), or also ended, and its resource closed (`revoke`). Default: none. From DBConnection. */
  readonly leaseTimeout?: { readonly after: Duration.Input; readonly action: "warn" | "revoke" } | undefined
}

/**
 * How many share what there is.
 *
 * **Details**
 *
 * Rare, both. From Effect's own `Pool`.
 *
 * @category models
 * @since 0.1.0
 */
export interface SharingOptions {
  /** How many may borrow one resource at once. Default 1. For what serves many at a time, as an HTTP/2 connection. */
  readonly concurrency?: number | undefined
  /** Keeps as many resources as are lent, divided by this: less than 1 leaves some to spare. Between `minIdle` and `size`. Default 1. */
  readonly targetUtilization?: number | undefined
}
