/**
 * Forks an effect and lets it run until it waits.
 */
import { Effect, type Fiber } from "effect"

export const started = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<Fiber.Fiber<A, E>, never, R> =>
  Effect.forkChild(effect, { startImmediately: true })

/** Lets whatever was woken run. */
export const settle: Effect.Effect<void> = Effect.gen(function*() {
  for (let i = 0; i < 8; i++) yield* Effect.yieldNow
})

export const isWaiting = (fiber: Fiber.Fiber<unknown, unknown>): boolean => fiber.pollUnsafe() === undefined

export const tag = <E extends { readonly _tag: string }, A, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => error._tag)

/** The defect's message. */
export const defect = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<string, unknown, R> =>
  Effect.map(
    Effect.flip(Effect.catchDefect(effect, (defect) => Effect.fail(defect))),
    (error) => error instanceof Error ? error.message : `not a defect: ${String(error)}`
  )
