/**
 * What every measured thing is: something that does so many cycles and says how long they took.
 *
 * One subject is one process. The parent writes the number of cycles on a line, the subject answers with one line of JSON
 * (a `Round`, or an `error`). The driver on the BEAM speaks the same protocol, so the parent treats all alike.
 */

/** What one round took. */
export interface Round {
  /** Wall time, or the processor's where a workload says so. */
  readonly nanos: number
  /** How many cycles were completed: counted by the subject, compared with those asked by the parent. */
  readonly cycles: number
  /** Nanoseconds, one per request. */
  readonly latencies?: ReadonlyArray<number> | undefined
  /** Bytes per cycle. */
  readonly bytes?: number | undefined
  /** Bytes of heap in use after the round, garbage collected. */
  readonly retained?: number | undefined
}

export interface Subject {
  readonly round: (cycles: number) => Promise<Round>
  readonly close?: (() => Promise<void>) | undefined
}

/** Which subject is wanted of a program that has several. */
export interface Wanted {
  /** `"W1"`. */
  readonly workload: string
  /** What the workload scales with: waiters, fibers. */
  readonly size: number
}

/** A program under `bench/`, as the child imports it: it exports `subject`. */
export interface Program {
  readonly subject: (wanted: Wanted) => Promise<Subject>
}

/** What the child writes. */
export type Answer = Round | { readonly error: string }

/** Nanoseconds that `work` takes. */
export const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const from = process.hrtime.bigint()
  await work()
  return Number(process.hrtime.bigint() - from)
}

/** Nanoseconds of processor time that `work` takes, the collector's threads included: waiting costs nothing. */
export const timedByProcessor = async (work: () => Promise<unknown>): Promise<number> => {
  const from = process.cpuUsage()
  await work()
  const { system, user } = process.cpuUsage(from)
  return (system + user) * 1_000
}

export const unknownWorkload = (peer: string, { workload }: Wanted): Error =>
  new Error(`${peer} takes no part in ${workload}`)
