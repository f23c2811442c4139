/**
 * An actor-style resource pool for Effect.
 *
 * @since 0.1.0
 */
export * as Pool from "./pool/Pool.ts"
