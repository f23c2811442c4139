/**
 * Something that a scope gives back, unless it ended before: then the scope forgets it, so that a scope that lives
 * long does not collect what is over.
 *
 * @internal
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"

/** The scope that a fiber whose effect requires `Scope.Scope` runs in. @internal */
export const scopeOf = (fiber: Fiber.Fiber<unknown, unknown>): Scope.Scope =>
  Context.getUnsafe(fiber.context, Scope.Scope)

/** Synchronous: no interruption can come between what it guards and the guard. @internal */
export const releaseWith = (scope: Scope.Scope, release: Effect.Effect<void>): Scope.Closeable => {
  const child = Scope.forkUnsafe(scope)
  Effect.runSync(Scope.addFinalizer(child, release))
  return child
}

/** For what has ended: `release` is not run. @internal */
export const forget = (child: Scope.Closeable): void => {
  Scope.closeUnsafe(child, Exit.void)
}
