/** How Effect is made to do something often. The cycle is a function: its effect is built anew each time. */
import { Effect, Scheduler } from "effect"

/** `count` times in a row. */
export const repeat = <E>(count: number, cycle: () => Effect.Effect<void, E>): Effect.Effect<void, E> => {
  let left = count
  return Effect.whileLoop({
    while: () => left > 0,
    body: cycle,
    step: () => {
      left--
    }
  })
}

/** Forks `count` fibers before the first of them runs, so that all are alive at once: also those of the floor. */
export const forkAll = (count: number, cycle: () => Effect.Effect<void>): Effect.Effect<void> =>
  Effect.provideService(
    repeat(count, () => Effect.asVoid(Effect.forkChild(cycle()))),
    Scheduler.MaxOpsBeforeYield,
    Infinity
  )

export const atOnce = <E>(count: number, cycle: () => Effect.Effect<void, E>): Effect.Effect<void, E> =>
  Effect.forEach(Array.from({ length: count }), cycle, { concurrency: "unbounded", discard: true })

/** Counts those who are through; `all` ends with the last. */
export const makeTally = (expected: number) => {
  let left = expected
  let done = () => {}
  const all = Effect.callback<void>((resume) => {
    if (left === 0) resume(Effect.void)
    else done = () => resume(Effect.void)
  })
  const one = () => {
    if (--left === 0) done()
  }
  return { all, one }
}
