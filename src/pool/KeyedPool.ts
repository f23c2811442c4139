/**
 * One pool per key: a tenant, a host, a shard of somebody else's. Each is made when its key is first used, and gone when
 * nobody has used it for a while.
 *
 * ```text
 *          first use       made               idle for idleTimeToLive, shutdown(key)        nothing left
 * absent ───────────▶ making ───▶ open ──────────────────────────────────────────▶ closing ────────────▶ absent
 *    ▲                  │ fails: all who wait for it hear why
 *    └──────────────────┘
 * ```
 *
 * After keypool and commons-pool's `GenericKeyedObjectPool`.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as internal from "./internal/keyedMake.ts"
import type { Lease } from "./Lease.ts"
import type * as Pool from "./Options.ts"
import type { InvalidOptions, OpenTimeout } from "./PoolError.ts"
import type { CheckoutError, CheckoutOptions, Session, ShutdownOptions } from "./Session.ts"
import type { ShutdownReport, Status } from "./Status.ts"

/**
 * The options of a keyed pool. Impossible ones are a mistake of the program: `make` dies with `InvalidOptions`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<in K, A, out E = never, out R = never, out RL = never> {
  /**
   * The options of a key's pool. A plain function, called once for each pool that is made; what it gives runs in the context
   * of `make`. A pool without a `name` of its own is called after its key, or numbered if the key is an object, which may
   * hold a secret.
   */
  readonly lookup: (key: K) => Pool.Options<A, E, R, RL>
  /**
   * How many resources may be open over all keys, idle ones and closing ones included. Default: any number. Where it is given,
   * pools start `lazy` unless the lookup says `background`; `eager` is refused.
   */
  readonly maxTotal?: number | undefined
  /** How long a key may go without a lease or a waiter before its pool is closed. Default 1 minute; `"infinity"`: for ever. */
  readonly idleTimeToLive?: Duration.Input | "infinity" | undefined
  /** Names the pools: `name[key]`. Default `"pool"`. */
  readonly name?: string | undefined
}

/**
 * One pool per key. Keys are compared by Effect's `Equal`, so that those made by `Data` work by their values.
 *
 * **Details**
 *
 * However many use a key for the first time at once, one pool is made. It goes on being made when they have all gone; if it
 * cannot be made, each of them hears why, nothing of it is left, and whoever asks next tries anew. While the last pool of a
 * key closes, the next one waits, so that a key never has more open than its options say.
 *
 * A checkout's `timeout` is one budget for the pool of its key, the queue and the opening together.
 *
 * @category models
 * @since 0.1.0
 */
export interface KeyedPool<in out K, out A, out E = never> {
  readonly name: string
  /**
   * Borrows a resource of the key for the duration of `f`, as `Session.use` does.
   *
   * **Details.** A pool that cannot be made fails it with `OpenFailed`. It dies if the lookup throws or gives options that
   * are refused.
   */
  readonly use: <B, E2, R2>(
    key: K,
    f: (resource: A, lease: Lease<A>) => Effect.Effect<B, E2, R2>,
    options?: CheckoutOptions<A>
  ) => Effect.Effect<B, E2 | CheckoutError<E>, R2>
  /** Borrows a resource of the key for the life of the scope, as `Session.scoped` does. It fails as `use`. */
  readonly scoped: (key: K, options?: CheckoutOptions<A>) => Effect.Effect<A, CheckoutError<E>, Scope.Scope>
  /**
   * A session on the key, for everything else. Has the pool made, if there is none, and fails as `Pool.make` does.
   *
   * **Details.** It does not keep the pool from being closed as idle, and it outlives it: whatever is asked through it later
   * has the next one made. What it changes (`resize`, `reconfigure`, `suspend`) it changes for the pool that is there. Its
   * `shutdown` ends that pool, and not the key.
   */
  readonly session: (key: K) => Effect.Effect<Session<A, E>, E | OpenTimeout | InvalidOptions>
  /** Those that have a pool, or are about to, in the order of first use. */
  readonly keys: Effect.Effect<ReadonlyArray<K>>
  /** The numbers of each pool, also of those that are closing. */
  readonly status: Effect.Effect<ReadonlyArray<Status>>
  /**
   * Ends the pool of a key, as `Session.shutdown` does, and waits for its end; `undefined`: there is none. For a tenant that
   * has gone. Whoever uses the key afterwards has another one made.
   */
  readonly shutdown: (key: K, options?: ShutdownOptions) => Effect.Effect<ShutdownReport | undefined>
}

/**
 * Makes a keyed pool; no pool yet.
 *
 * **Details**
 *
 * Scoped: closing the scope shuts all pools down at once, each within its own `shutdownTimeout`, and waits for all of them.
 * One that is being made is given up.
 *
 * With `maxTotal`, what is open is counted over all keys. If a key needs one more than that, the resource that has been idle
 * for longest, whatever its key, is closed to make room. If nothing is idle, the checkout waits within its deadline: whatever
 * comes free goes to the longest waiting, except that what is given back serves its own key first, unless an older waiter's
 * key has nothing at all.
 *
 * **Example** (A pool per tenant)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { KeyedPool } from "whitepool/pools"
 *
 * const program = Effect.gen(function*() {
 *   const tenants = yield* KeyedPool.make({
 *     lookup: (tenant: string) => ({ size: 2, factory: Effect.succeed(`a connection of ${tenant}`) }),
 *     idleTimeToLive: "5 minutes"
 *   })
 *   console.log(yield* tenants.use("acme", Effect.succeed)) // => a connection of acme
 *   console.log(yield* tenants.keys) // => [ 'acme' ]
 * })
 *
 * await Effect.runPromise(Effect.scoped(program))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: <K, A, E = never, R = never, RL = never>(
  options: Options<K, A, E, R, RL>
) => Effect.Effect<KeyedPool<K, A, E>, never, Exclude<R | RL, Scope.Scope> | Scope.Scope> = internal.make
