/** W8: what a waiter weighs, and whether anything stays behind. The process needs `--expose-gc`. */
import { Effect } from "effect"
import { touch } from "../harness/resource.ts"
import { type Round, timed } from "../harness/subject.ts"
import type { Body, EffectPool } from "./effectPool.ts"
import { forkAll, makeTally } from "./loops.ts"
import { holdAll, untilAllWait } from "./waiting.ts"

/** A turn of the event loop between two collections: what is only weakly held goes, and finalizers run. */
export const heapUsed = Effect.promise(async () => {
  if (globalThis.gc === undefined) throw new Error("start it with --expose-gc")
  for (let i = 0; i < 2; i++) {
    globalThis.gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return process.memoryUsage().heapUsed
})

/** The heap with and without so many fibers that wait. `release` lets them end. */
export const weigh = Effect.fnUntraced(function*<E, E2>(
  count: number,
  fork: Effect.Effect<void, E>,
  release: Effect.Effect<void, E2>
) {
  const before = yield* heapUsed
  yield* fork
  const during = yield* heapUsed
  yield* release
  return (during - before) / count
})

/** The bytes of each waiter, its fiber included. */
export const waiters = (pool: EffectPool, size: number) => async (count: number): Promise<Round> => {
  let bytes = 0
  let served = 0
  const work = Effect.gen(function*() {
    const giveBack = yield* holdAll(pool, size)
    const { all, one } = makeTally(count)
    const body: Body = (resource) =>
      Effect.sync(() => {
        touch(resource)
        served++
        one()
      })
    const fork = Effect.andThen(
      // A waiter that fails is missed in the tally: the round does not end.
      forkAll(count, () => pool.borrow(body) as Effect.Effect<void>),
      untilAllWait(pool, count)
    )
    bytes = yield* weigh(count, fork, Effect.andThen(Effect.sync(giveBack), all))
  })
  const nanos = await timed(() => Effect.runPromise(work))
  return { nanos, cycles: served, bytes }
}

/** What is in use after a round. */
export const heap = (round: (cycles: number) => Promise<Round>) => async (cycles: number): Promise<Round> => {
  const done = await round(cycles)
  return { ...done, retained: await Effect.runPromise(heapUsed) }
}
