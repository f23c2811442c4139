/**
 * Erlang's processes for Effect.
 *
 * @since 0.1.0
 */
export * as Actor from "./Actor.ts"
export * as ExitReason from "./ExitReason.ts"
export * as Registry from "./Registry.ts"
export * as Supervisor from "./Supervisor.ts"
