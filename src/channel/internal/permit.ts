/**
 * A permit and the scope that gives it back.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Mpsc from "../Mpsc.ts"
import type { Chan } from "./chan.ts"
import { forget, releaseWith } from "./inScope.ts"

/** @internal */
export class PermitHandle<T> implements Mpsc.Permit<T> {
  readonly #chan: Chan<T>
  readonly #scope: Scope.Closeable
  #isHeld = true

  /** For a permit that is already counted as outstanding. */
  constructor(chan: Chan<T>, scope: Scope.Scope) {
    this.#chan = chan
    // A closed scope gives it back at once.
    this.#scope = releaseWith(scope, Effect.sync(() => this.#giveBack()))
  }

  send(message: T): Effect.Effect<void> {
    return Effect.sync(() => {
      if (!this.#isHeld) throw new Error("the permit was used, dropped, or given back by its scope before")
      this.#isHeld = false
      forget(this.#scope)
      this.#chan.sendPermittedUnsafe(message)
    })
  }

  get drop(): Effect.Effect<void> {
    return Effect.sync(() => {
      if (!this.#isHeld) return
      this.#giveBack()
      forget(this.#scope)
    })
  }

  #giveBack(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    this.#chan.permits.giveBack(1)
  }
}
