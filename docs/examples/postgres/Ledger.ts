/**
 * What the clients asked and what they got, counted by themselves and not by the pool: so the two can be compared.
 *
 * Each ask ends exactly once, as an answer or as a failure with a tag, whatever happens to the one who asked. If at the
 * end `asked` is not `answered + failed`, somebody was left hanging or was answered twice.
 */
import { Cause, Effect, Exit, Predicate } from "effect"

export interface Ledger {
  readonly asked: number
  readonly answered: number
  readonly failed: number
  /** Failures by error tag. */
  readonly byTag: ReadonlyMap<string, number>
  /** Those among the failures that no type announces: defects and interruptions. */
  readonly untyped: number
  /** Milliseconds from ask to answer, answered asks only, sorted. */
  readonly latencies: () => Float64Array
  /** Counts it, and says whether it was answered; the failure itself stays in the ledger. */
  readonly ask: <A, E, R>(what: Effect.Effect<A, E, R>) => Effect.Effect<boolean, never, R>
}

export const make = (): Ledger => {
  let asked = 0
  let answered = 0
  let untyped = 0
  const byTag = new Map<string, number>()
  const latencies: Array<number> = []

  const settle = (began: number, exit: Exit.Exit<unknown, unknown>): void => {
    if (Exit.isSuccess(exit)) {
      answered++
      latencies.push(performance.now() - began)
    } else {
      const tag = tagOf(exit.cause)
      if (!exit.cause.reasons.some(Cause.isFailReason)) untyped++
      byTag.set(tag, (byTag.get(tag) ?? 0) + 1)
    }
  }

  return {
    get asked() {
      return asked
    },
    get answered() {
      return answered
    },
    get failed() {
      return sum(byTag)
    },
    get untyped() {
      return untyped
    },
    byTag,
    latencies: () => Float64Array.from(latencies).sort(),
    ask: (what) =>
      Effect.suspend(() => {
        asked++
        const began = performance.now()
        // `onExit` also sees the ask of a client that is interrupted, when nothing after it would run.
        return Effect.onExit(what, (exit) => Effect.sync(() => settle(began, exit)))
      }).pipe(
        Effect.as(true),
        Effect.catchCause(() => Effect.succeed(false))
      )
  }
}

const tagOf = (cause: Cause.Cause<unknown>): string => {
  for (const reason of cause.reasons) {
    if (Cause.isFailReason(reason)) return nameOf(reason.error)
    if (Cause.isDieReason(reason)) return `defect ${nameOf(reason.defect)}`
  }
  return "interrupted"
}

const nameOf = (error: unknown): string =>
  Predicate.hasProperty(error, "_tag") ? String(error._tag) : error instanceof Error ? error.name : typeof error

const sum = (counts: ReadonlyMap<string, number>): number => {
  let total = 0
  for (const count of counts.values()) total += count
  return total
}

/** The failures that came after `before` was taken, as `ConnectionLost 4, PoolClosed 1`. */
export const failures = (now: ReadonlyMap<string, number>, before: ReadonlyMap<string, number> = new Map()): string =>
  [...now]
    .map(([tag, count]) => [tag, count - (before.get(tag) ?? 0)] as const)
    .filter(([, count]) => count > 0)
    .map(([tag, count]) => `${tag} ${count.toLocaleString("en")}`)
    .join(", ")

/** `part` 0.5 is the median. */
export const percentile = (sorted: Float64Array, part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
