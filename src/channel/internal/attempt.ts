/**
 * Taking something without a yield point between the taking and the taker.
 *
 * The run loop may yield, and the fiber be interrupted there, between any two primitives. `Effect.suspend(() => {
 * take(); return Effect.succeed(value) })` therefore loses the value now and then. `Effect.sync(take)` does not: it
 * hands its value straight to what comes next. But a `sync` can neither wait nor fail, and whether it will have to is
 * only known beforehand. So: look first (taking nothing), then take; and if another fiber was faster in between, the
 * `sync` throws a sentinel and everything starts anew with a look.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

/** A plain object, not an Error: no stack is captured. It never leaves this module's catch frames. */
const lookAgain: object = Object.freeze({ _tag: "LookAgain" })

/** For a `take` that finds nothing after all. @internal */
export const takenMeanwhile = (): never => {
  throw lookAgain
}

const isLookAgain = (cause: Cause.Cause<unknown>): boolean => {
  const reason = cause.reasons[0]
  return reason !== undefined && reason._tag === "Die" && reason.defect === lookAgain
}

/**
 * `look` takes nothing; it gives `true` when `take` can go ahead, and otherwise the effect to go on with: a failure, or
 * a wait whose last step is a taking `Effect.sync`. `take` must look again and call `takenMeanwhile` if it is too late.
 *
 * @internal
 */
export const attempt = <A, E, R>(
  look: () => true | Effect.Effect<A, E>,
  take: (fiber: Fiber.Fiber<unknown, unknown>) => A
): Effect.Effect<A, E, R> => {
  const self: Effect.Effect<A, E, R> = Effect.suspend(() => {
    const next = look()
    return Effect.catchCause<A, E, R, A, E, R>(
      next === true ? Effect.withFiberSucceed<A, R>(take) : next,
      (cause) => isLookAgain(cause) ? self : Effect.failCause(cause)
    )
  })
  return self
}
