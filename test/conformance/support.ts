import { Cause, Effect, Exit, type Fiber, Option } from "effect"

/** Lets everything that can run without the clock run. */
export const settle = Effect.forEach(Array.from({ length: 40 }), () => Effect.yieldNow, { discard: true })

/** Forks, and lets it run as far as it gets. */
export const started = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.tap(Effect.forkChild(effect, { startImmediately: true }), settle)

export const pending = (fiber: Fiber.Fiber<unknown, unknown>) => fiber.pollUnsafe() === undefined

/** What an ended fiber ended with: the success, the typed failure, or the squashed cause. */
export const outcome = (fiber: Fiber.Fiber<unknown, unknown>): any => {
  const exit = fiber.pollUnsafe()
  if (exit === undefined) return "pending"
  return Exit.isSuccess(exit) ? exit.value : Cause.squash(exit.cause)
}

export const defectOf = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.exit(effect), (exit): any => {
    if (Exit.isSuccess(exit)) return undefined
    const die = exit.cause.reasons.find(Cause.isDieReason)
    return die === undefined ? undefined : { defect: die.defect }
  })

/** The `_tag` of the typed failure; `undefined` for a success. A defect dies here too. */
export const tagOf = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.match(effect, { onFailure: (error): string | undefined => error._tag, onSuccess: () => undefined })

export const causeTag = (cause: Cause.Cause<unknown>): string | undefined =>
  Option.getOrUndefined(Option.map(Cause.findErrorOption(cause), (error: any) => error._tag))
