import { Effect } from "effect"

/** Lets everything run that needs no time to pass. */
export const settle: Effect.Effect<void> = Effect.repeat(Effect.yieldNow, { times: 20 })
