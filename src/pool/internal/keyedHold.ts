/**
 * What is between the scope of a caller of `scoped` and that of the pool that lends: it gives back as good as new what was
 * lent when the caller was interrupted before it had it, and leaves nothing in a scope that lives on where nothing was lent.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"

/** @internal */
export class Hold<A> {
  readonly #inner = Scope.makeUnsafe()
  readonly #outer: Scope.Closeable
  #isHandedOver = false
  #resource!: A

  /** `release` runs once, after the resource has gone back, or has not been had. It knows how the scope has ended. */
  constructor(scope: Scope.Scope, release: (exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void>) {
    Effect.runSync(Scope.addFinalizerExit(this.#inner, release))
    this.#outer = Scope.forkUnsafe(scope)
    const close = (exit: Exit.Exit<unknown, unknown>) => Scope.close(this.#inner, this.#isHandedOver ? exit : Exit.void)
    Effect.runSync(Scope.addFinalizerExit(this.#outer, close))
  }

  take<E>(scoped: Effect.Effect<A, E, Scope.Scope>): Effect.Effect<A, E> {
    const guarded = Effect.onExitPrimitive(Scope.provide(scoped, this.#inner), (exit) => {
      if (exit._tag === "Failure") return Scope.close(this.#outer, exit)
      this.#resource = exit.value
      return undefined
    })
    // Only in the last step, which no yield parts from the caller's next one, has the caller got it.
    return Effect.andThen(
      guarded,
      Effect.withFiberSucceed(() => {
        this.#isHandedOver = true
        return this.#resource
      })
    )
  }
}
