/** How everybody is made to wait. */
import { Effect } from "effect"
import { letGo, take } from "../harness/resource.ts"
import type { Body, EffectPool } from "./effectPool.ts"

/** Borrows everything there is; the result gives it back. */
export const holdAll = Effect.fnUntraced(function*(pool: EffectPool, size: number) {
  const free: Array<() => void> = []
  const hold: Body = (resource) => {
    take(resource)
    return Effect.callback((resume) => {
      free.push(() => {
        letGo(resource)
        resume(Effect.void)
      })
    })
  }
  for (let i = 0; i < size; i++) yield* Effect.forkChild(pool.borrow(hold))
  while (free.length < size) yield* Effect.yieldNow
  return () => free.forEach((letOne) => letOne())
})

/** Gives those who have been started the time to come so far, and says how many wait. */
export const countWaiting = Effect.fnUntraced(function*(pool: EffectPool, waiters: number) {
  let waiting = 0
  for (let look = 0; look < 16 && waiting < waiters; look++) {
    yield* Effect.yieldNow
    waiting = yield* pool.waiting
  }
  return waiting
})

export const untilAllWait = Effect.fnUntraced(function*(pool: EffectPool, waiters: number) {
  const waiting = yield* countWaiting(pool, waiters)
  if (waiting !== waiters) throw new Error(`${waiting} wait of ${waiters}`)
})
