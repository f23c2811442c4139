/**
 * Counts the fibers and the sleeps that a piece of a test has under way, the pool's own among them: it starts its
 * workers, its launcher and its timer in the context of `Pool.make`, which inherits these counters.
 */
import { Clock, Effect, Metric } from "effect"

export interface Counters {
  /** Fibers started and not ended. */
  readonly fibers: () => number
  /** Fibers ever started. */
  readonly started: () => number
  /** Sleeps under way: an armed timer is one. */
  readonly sleeps: () => number
}

/** Runs `body` with counters that see every fiber and every sleep it causes. */
export const withCounters = <A, E, R>(
  body: (counters: Counters) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) => {
    let started = 0
    let ended = 0
    let sleeps = 0
    const metrics: Metric.FiberRuntimeMetricsService = {
      recordFiberStart: () => void started++,
      recordFiberEnd: () => void ended++
    }
    const counted: Clock.Clock = Object.assign(Object.create(clock) as Clock.Clock, {
      sleep: (duration: Parameters<Clock.Clock["sleep"]>[0]) =>
        Effect.suspend(() => {
          sleeps++
          return Effect.ensuring(clock.sleep(duration), Effect.sync(() => sleeps--))
        })
    })
    return body({ fibers: () => started - ended, started: () => started, sleeps: () => sleeps }).pipe(
      Effect.provideService(Metric.FiberRuntimeMetrics, metrics),
      Effect.provideService(Clock.Clock, counted)
    )
  })
