/**
 * One pool in several shards, each with a share of the resources, a supervisor and a queue of its own.
 *
 * There is no lock to contend for in one process, so this makes nothing faster. It keeps things apart: what belongs together
 * stays together (`by: "hash"`: the same key always has the same shard, and finds its prepared statements or its cache there),
 * and a shard that is stuck or crashes takes only its share along.
 *
 * After worker_pool's strategies `best_worker`, `next_worker` and `hash_worker`.
 *
 * @since 0.1.0
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as internal from "./internal/sharded.ts"
import type { Lease } from "./Lease.ts"
import type * as Pool from "./Options.ts"
import type { InvalidOptions, OpenTimeout } from "./PoolError.ts"
import type { Session, ShutdownOptions } from "./Session.ts"
import type { ShutdownReport, Status } from "./Status.ts"

/**
 * Which shard is asked.
 *
 * **Details**
 *
 * `least-busy`: the one with the fewest leases and waiters for its size, and of equal ones the next in turn. It looks at all
 * of them for every checkout. `round-robin`: one after the other. `hash`: by the `key` of the checkout; without a key, one
 * after the other. A checkout stands in the queue of the shard that it was sent to, whatever becomes free elsewhere.
 *
 * @category models
 * @since 0.1.0
 */
export type By = "hash" | "least-busy" | "round-robin"

/**
 * The options of a pool, and how it is divided.
 *
 * **Details**
 *
 * `size`, `maxOverflow`, `minIdle`, `maxWaiting` and `openConcurrency` are those of the whole: they are shared out, and add
 * up (but each shard may have one opening under way). All other options each shard has for itself. The shards are named
 * after the pool: `name/0`, `name/1`, and so on.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<A, out E = never, out R = never, out RL = never> extends Pool.Options<A, E, R, RL> {
  /** How many; `size` must be at least as much. */
  readonly shards: number
  /** Default `least-busy`. */
  readonly by?: By | undefined
}

/**
 * A pool in shards.
 *
 * @category models
 * @since 0.1.0
 */
export interface ShardedPool<out A, out E = never> {
  readonly name: string
  /** As `Session.use`. `key` chooses the shard, under `by: "hash"`. */
  readonly use: Session<A, E>["use"]
  readonly scoped: Session<A, E>["scoped"]
  readonly checkout: Session<A, E>["checkout"]
  readonly checkin: (lease: Lease<unknown>) => Effect.Effect<void>
  readonly destroyed: (lease: Lease<unknown>, reason?: unknown) => Effect.Effect<void>
  /** A session on each, for everything else. */
  readonly shards: ReadonlyArray<Session<A, E>>
  /** The sums. Those of one shard are of one turn; those of different shards need not be of the same moment. */
  readonly status: Effect.Effect<Status>
  /** Ends all of them at once, as `Session.shutdown` does. */
  readonly shutdown: (options?: ShutdownOptions) => Effect.Effect<ShutdownReport>
}

/**
 * Opens a pool in shards.
 *
 * **Details**
 *
 * Scoped: closing the scope shuts all of them down at once. If one of them cannot be made, neither are the others.
 *
 * **Example** (The same key, the same shard)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { ShardedPool } from "whitepool/pools"
 *
 * const program = Effect.gen(function*() {
 *   let opened = 0
 *   const pool = yield* ShardedPool.make({ shards: 2, by: "hash", size: 2, factory: Effect.sync(() => ++opened) })
 *   const first = yield* pool.use(Effect.succeed, { key: "acme" })
 *   const again = yield* pool.use(Effect.succeed, { key: "acme" })
 *   console.log(first === again) // => true
 * })
 *
 * await Effect.runPromise(Effect.scoped(program))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: <A, E = never, R = never, RL = never>(
  options: Options<A, E, R, RL>
) => Effect.Effect<
  ShardedPool<A, E>,
  E | OpenTimeout | InvalidOptions,
  Exclude<R | RL, Scope.Scope> | Scope.Scope
> = internal.make
