/**
 * Pools of pools: one for each key, one cut into several, several to choose from.
 *
 * @since 0.1.0
 */

/**
 * One pool per key: made on first use, gone when nobody has needed it for a while.
 *
 * @since 0.1.0
 */
export * as KeyedPool from "./pool/KeyedPool.ts"

/**
 * Several pools and one way of choosing among them: in order of preference, or each in turn.
 *
 * @since 0.1.0
 */
export * as PoolGroup from "./pool/PoolGroup.ts"

/**
 * One pool cut into several, each with an actor of its own.
 *
 * @since 0.1.0
 */
export * as ShardedPool from "./pool/ShardedPool.ts"
