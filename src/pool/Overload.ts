/**
 * Whom a pool turns away when more is asked of it than it can do.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import { millisOf } from "./internal/optionChecks.ts"

/**
 * What the option `overload` takes.
 *
 * @category models
 * @since 0.1.0
 */
export type Overload = {
  readonly _tag: "Codel"
  readonly target: Duration.Duration
  readonly interval: Duration.Duration
}

/**
 * Controlled delay, as DBConnection's `queue_target` (50 ms) and `queue_interval` (2 seconds).
 *
 * **When to use**
 *
 * Where more may be asked for than can be served, and an answer that comes late is worth nothing: it keeps the waits of
 * those who are served near `target`, at full throughput, at the price of failing the others early.
 *
 * **Details**
 *
 * Nobody is dropped as long as, once in every `interval`, somebody is served who has waited no longer than `target`: that
 * is a burst. When nobody was, for a whole `interval`, the queue is slow, and whoever has waited for more than twice
 * `target` when its turn comes fails with `PoolOverloaded`.
 *
 * What is no duration, or zero, is refused by the pool, with whatever else is wrong with its options.
 *
 * @category constructors
 * @since 0.1.0
 */
export const codel = (
  options?: { readonly target?: Duration.Input | undefined; readonly interval?: Duration.Input | undefined }
): Overload => ({
  ...options,
  _tag: "Codel",
  target: durationOf(options?.target, 50),
  interval: durationOf(options?.interval, 2_000)
})

/** What is no duration becomes zero, for the pool to refuse. Unknown keys are handed on to it for the same reason. */
const durationOf = (input: unknown, otherwise: number): Duration.Duration =>
  Duration.millis(input === undefined ? otherwise : millisOf(input) ?? 0)
