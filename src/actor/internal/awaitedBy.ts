/**
 * Who waits for an actor: for its end, for its scope to close, or for a supervisor's answer. What such a fiber holds
 * cannot come back meanwhile.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

/** @internal */
export type AwaitedBy = Set<Fiber.Fiber<unknown, unknown>>

/** The fiber that runs this is among them, until `effect` has ended. @internal */
export const whileAwaited = <A, E>(awaitedBy: AwaitedBy, effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.withFiber((fiber) =>
    // The guard stands before the fiber is entered: it may be interrupted right after that.
    Effect.onExitPrimitive(Effect.andThen(Effect.sync(() => awaitedBy.add(fiber)), effect), () => {
      awaitedBy.delete(fiber)
      return undefined
    })
  )
