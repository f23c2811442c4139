/** All that are asked for together (`checkoutMany`), as who asks sees them: handed out all at once, or not at all. */
import type { Census } from "./census.ts"
import type { Asker } from "./people.ts"

export class Whole {
  readonly parts: ReadonlyArray<Asker>
  readonly #cancel: (part: Asker) => void
  readonly #census: Census
  #isOver = false

  constructor(parts: ReadonlyArray<Asker>, cancel: (part: Asker) => void, census: Census) {
    this.parts = parts
    this.#cancel = cancel
    this.#census = census
    for (const part of parts) {
      part.bundle = parts
      part.whole = this
    }
  }

  /** Is there an answer now? One that is refused is refused for all of them. */
  settle(): void {
    if (this.#isOver) return
    if (this.parts.some(({ state }) => state === "refused")) {
      this.#census.count("together: refused")
      return this.leave()
    }
    if (this.parts.some(({ isPending }) => isPending)) return
    this.#isOver = true
    this.#census.count("together: handed out")
    for (const part of this.parts) {
      part.answer = part.state
      part.taken = true
    }
  }

  /** One after the other: what the first of them gives back the next one may get, before it is its turn to leave. */
  leave(): void {
    this.#isOver = true
    if (this.parts.some(({ state }) => state === "lent")) this.#census.count("together: left with some of them")
    for (const part of this.parts) {
      part.hasLeft = true
      this.#cancel(part)
    }
  }
}
