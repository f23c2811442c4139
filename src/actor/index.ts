/**
 * Erlang's processes for Effect.
 *
 * @since 0.1.0
 */
export * as Actor from "./Actor.ts"
export * as ExitReason from "./ExitReason.ts"
