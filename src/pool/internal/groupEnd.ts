/**
 * Several pools that end together.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { inSameStep } from "../../channel/internal/operation.ts"
import type { Session, ShutdownOptions } from "../Session.ts"
import type { ShutdownReport } from "../Status.ts"

type Sessions = ReadonlyArray<Session<unknown, unknown>>

/**
 * Waits for the end of all of them. What this very fiber has lent cannot come back meanwhile, and all of them are to know
 * that from the start: so each is asked in its name, by a fiber of its own.
 *
 * @internal
 */
export const awaitAll = (sessions: Sessions): Effect.Effect<ReadonlyArray<ShutdownReport>> =>
  Effect.withFiber((fiber) => {
    // The first step of `awaitShutdown` is to see whose it is.
    const ends = sessions.map(({ awaitShutdown }) => inSameStep(awaitShutdown, fiber))
    return Effect.all(ends, { concurrency: "unbounded" })
  })

/** Tells all of them at once to end, and waits for that. @internal */
export const shutdownAll = (
  sessions: Sessions,
  options?: ShutdownOptions
): Effect.Effect<ReadonlyArray<ShutdownReport>> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      // On fibers of their own, which nobody interrupts half-way.
      const told = yield* Effect.forEach(
        sessions,
        (session) => Effect.forkDetach(session.shutdown(options), { startImmediately: true })
      )
      // Options that are no options are a mistake of whoever has given them.
      for (const fiber of told) {
        const exit = fiber.pollUnsafe()
        if (exit?._tag === "Failure") return yield* Effect.failCause(exit.cause)
      }
      return yield* restore(awaitAll(sessions))
    })
  )

/** @internal */
export const sumOf = (reports: ReadonlyArray<ShutdownReport>): ShutdownReport => {
  const sum = { drained: 0, forced: 0 }
  for (const { drained, forced } of reports) {
    sum.drained += drained
    sum.forced += forced
  }
  return sum
}
