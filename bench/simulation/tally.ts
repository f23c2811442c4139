/** What is counted of all the callers of one kind. */
import { quantileSorted } from "simple-statistics"
import { type Call, capacity } from "./simulate.ts"

export interface Tally {
  readonly asked: number
  /** Answers in time, in parts of what the pool can do. */
  readonly goodput: number
  /** Answers, also those that came too late, in parts of what the pool can do. */
  readonly throughput: number
  /** The part of those who asked that had an answer in time. */
  readonly inTime: number
  /** The part that was turned away. */
  readonly refused: number
  /** The part that has waited in vain. */
  readonly expired: number
  /** From asking to the answer, of all who had one, in milliseconds. Without any answer there is none. */
  readonly median: number | undefined
  readonly p99: number | undefined
  /** From asking to being turned away. */
  readonly refusedAfter: number | undefined
  /** How long those who had an answer were in the queue. */
  readonly longestWait: number | undefined
}

const quantile = (values: ReadonlyArray<number>, part: number): number | undefined =>
  values.length === 0 ? undefined : quantileSorted([...values].sort((one, other) => one - other), part)

export const tally = (calls: ReadonlyArray<Call>, span: number): Tally => {
  const of = (outcome: Call["outcome"]) => calls.filter((call) => call.outcome === outcome)
  const answered = of("answered")
  const served = [...answered, ...of("late")]
  const refused = of("refused")
  const part = (some: ReadonlyArray<Call>) => calls.length === 0 ? 0 : some.length / calls.length
  const latencies = served.map(({ took }) => took)
  return {
    asked: calls.length,
    goodput: answered.length / (span * capacity),
    throughput: served.length / (span * capacity),
    inTime: part(answered),
    refused: part(refused),
    expired: part(of("expired")),
    median: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    refusedAfter: quantile(refused.map(({ took }) => took), 0.5),
    longestWait: quantile(served.map(({ waited }) => waited), 1)
  }
}
