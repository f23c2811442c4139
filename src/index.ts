/**
 * An actor-style resource pool for Effect.
 *
 * @since 0.1.0
 */
export * as Pool from "./pool/Pool.ts"

/**
 * Whom a pool turns away when more is asked of it than it can do.
 *
 * @since 0.1.0
 */
export * as Overload from "./pool/Overload.ts"
