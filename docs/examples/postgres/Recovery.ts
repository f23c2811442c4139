/**
 * Disasters, and how long the pool takes to be whole again afterwards.
 *
 * Whole means: every victim is gone, PostgreSQL counts exactly the connections that the pool believes to have, these
 * are at least `size`, none is being opened or closed, and a question through the pool is answered.
 */
import { Effect } from "effect"
import type { Pool } from "whitepool"
import type { Ledger } from "./Ledger.ts"
import { hello, type Session } from "./Load.ts"
import type { Backend, Watcher, WatchError } from "./Watcher.ts"

export interface Sample {
  readonly status: Pool.Status
  /** Unknown while the server is down. */
  readonly backends: ReadonlyArray<Backend> | undefined
}

export interface Recovery {
  readonly victims: number
  readonly before: Sample
  /** The moment at which the fewest connections lived. */
  readonly worst: Sample
  readonly after: Sample
  /** Milliseconds from the blow until the pool was whole; unknown if it was not, within the time allowed. */
  readonly took: number | undefined
}

export const observe = (session: Session, watcher: Watcher): Effect.Effect<Sample> =>
  Effect.gen(function*() {
    const backends = yield* Effect.catch(watcher.backends, () => Effect.succeed(undefined))
    return { backends, status: yield* session.status }
  })

const agrees = ({ backends, status }: Sample): boolean =>
  status.opening === 0 && status.closing === 0 && backends?.length === status.idle + status.lent

/** Strikes (the blow says whom it hit) and measures. */
export const survive = Effect.fn("Recovery.survive")(function*<E, R>(
  tools: { readonly session: Session; readonly watcher: Watcher; readonly ledger: Ledger },
  blow: Effect.Effect<ReadonlyArray<number>, E | WatchError, R>,
  within: number
) {
  const { ledger, session, watcher } = tools
  const before = yield* observe(session, watcher)
  const began = performance.now()
  const victims = new Set(yield* blow)
  let worst = before
  let latest = before
  while (performance.now() - began < within) {
    latest = yield* observe(session, watcher)
    if (living(latest) < living(worst)) worst = latest
    const survivors = latest.backends?.some(({ pid }) => victims.has(pid)) ?? true
    if (!survivors && agrees(latest) && living(latest) >= latest.status.size) {
      const answered = yield* ledger.ask(session.use(hello, { timeout: "1 second" }))
      const took = performance.now() - began
      if (answered) return { victims: victims.size, before, worst, after: latest, took }
    }
    yield* Effect.sleep("2 millis")
  }
  return { victims: victims.size, before, worst, after: latest, took: undefined }
})

const living = ({ backends, status }: Sample): number => Math.min(status.idle + status.lent, backends?.length ?? 0)

/** Tries until somebody was hit, for nobody may be idle at the first look. */
export const untilHit = <E>(
  blow: Effect.Effect<ReadonlyArray<number>, E>,
  within: number
): Effect.Effect<ReadonlyArray<number>, E> =>
  Effect.suspend(() => {
    const until = performance.now() + within
    const attempt: Effect.Effect<ReadonlyArray<number>, E> = Effect.flatMap(blow, (victims) =>
      victims.length > 0 || performance.now() > until
        ? Effect.succeed(victims)
        : Effect.andThen(Effect.sleep("5 millis"), attempt))
    return attempt
  })
