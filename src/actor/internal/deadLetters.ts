/**
 * Messages that found nobody, handed to whoever listens. One sliding queue per listener, so that a slow one loses only
 * its own.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { DeadLetter } from "../Actor.ts"

const bufferSize = 1024
const listeners = new Set<Queue.Enqueue<DeadLetter, never>>()
let published = 0

/** Costs a count and a comparison while nobody listens. Runs nobody's code: listeners are woken later. @internal */
export const publish = (to: number, message: unknown): void => {
  published++
  if (listeners.size === 0) return
  const letter: DeadLetter = { to, message }
  for (const listener of listeners) Queue.offerUnsafe(listener, letter)
}

/** @internal */
export const count: Effect.Effect<number> = Effect.sync(() => published)

/** @internal */
export const stream: Stream.Stream<DeadLetter> = Stream.callback<DeadLetter>(
  (queue) =>
    Effect.acquireRelease(
      Effect.sync(() => listeners.add(queue)),
      () => Effect.sync(() => listeners.delete(queue))
    ),
  { bufferSize, strategy: "sliding" }
)
