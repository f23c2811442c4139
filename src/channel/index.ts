/**
 * Tokio's channels for Effect.
 *
 * @since 0.1.0
 */
export * as Mpsc from "./Mpsc.ts"
export * as Oneshot from "./Oneshot.ts"
