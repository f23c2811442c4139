/**
 * Runs an actor's `terminate` on a fiber of its own, which a kill can interrupt even while the driver is interrupted
 * already.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"

/** @internal */
export class Terminator {
  #fiber: Fiber.Fiber<void> | undefined

  /** Nothing, where it does not run. */
  interrupt(): void {
    this.#fiber?.interruptUnsafe()
  }

  /** `onBegun`: it runs, and can be interrupted from now on. */
  run(terminate: () => Effect.Effect<void> | void, onBegun: () => void): Effect.Effect<Exit.Exit<void>> {
    const forked = Effect.forkChild(Effect.suspend(() => terminate() ?? Effect.void), { startImmediately: true })
    return Effect.flatMap(forked, (fiber) => {
      this.#fiber = fiber
      onBegun()
      return Fiber.await(fiber)
    })
  }
}
