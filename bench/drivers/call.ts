/** W6, calls: one fiber asks, another answers, a thousand times in a row. After Tokio's bench `sync_mpsc_oneshot`. */
import { Effect, Exit, Scope } from "effect"
import { type Round, type Subject, timed } from "../harness/subject.ts"

/** One question; the answer is how many there have been. */
export type Ask = () => Effect.Effect<number, unknown>

/** So many in a row, as in Tokio's. */
const inARow = 1_000

/** Each answer is checked: a question that is lost or answered twice is noticed. */
const askOften = (ask: Ask, times: number, from: number): Effect.Effect<void, unknown> => {
  let left = times
  let expected = from
  return Effect.whileLoop({
    while: () => left > 0,
    body: ask,
    step: (answer) => {
      if (answer !== ++expected) throw new Error(`the answer is ${answer}, not ${expected}`)
      left--
    }
  })
}

export const callSubject = (open: Effect.Effect<Ask, unknown, Scope.Scope>) => async (): Promise<Subject> => {
  const scope = Scope.makeUnsafe()
  const ask = await Effect.runPromise(Scope.provide(open, scope))
  let asked = 0
  const round = async (cycles: number): Promise<Round> => {
    const before = asked
    const nanos = await timed(async () => {
      for (let left = cycles; left > 0; left -= inARow) {
        const times = Math.min(left, inARow)
        await Effect.runPromise(askOften(ask, times, asked))
        asked += times
      }
    })
    return { nanos, cycles: asked - before }
  }
  return { round, close: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}
