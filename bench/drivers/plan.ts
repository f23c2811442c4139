/** The numbers of the pool workloads: the same for every driver, so that every peer does the same. */
import type { Wanted } from "../harness/subject.ts"

export interface PoolSize {
  readonly size: number
  readonly overflow: number
}

/** W2: so many fibers. */
export const fibers = 64

/** W5: so many borrow at once. */
export const burst = 8

export const poolSize = ({ workload }: Wanted): PoolSize =>
  workload === "W5" ? { size: 4, overflow: 4 } : { size: 8, overflow: 0 }

/**
 * W4: how long a waiter may wait. The slowest peer must have put its last waiter into the queue before the first one's
 * time is up.
 */
export const deadlineMillis = (waiters: number): number => waiters <= 1_000 ? 100 : waiters <= 10_000 ? 500 : 4_000

/** W4: how often a subject looks whether its pool has forgotten those who have failed. */
export const maxLooks = 100_000

/** How many times all waiters are made to wait in one round. */
export const wavesOf = (cycles: number, waiters: number): number => {
  if (cycles % waiters !== 0) throw new Error(`${cycles} cycles are no multiple of ${waiters} waiters`)
  return cycles / waiters
}

/**
 * W4: what comes before the first round. Code that is still being compiled would be most of what the processor does, and waves
 * of the real size are slow to come: each lasts its deadline. Here those who are late fail too, whether they wait or not.
 */
export const warming = { waves: 25, waiters: 800, millis: 20 }
