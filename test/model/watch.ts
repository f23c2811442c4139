/** How each checkout and each resource stands after a message, and stood before it: for the census. */
import { Borrow } from "../../src/pool/internal/borrow.ts"
import type { Worker } from "../../src/pool/internal/worker.ts"
import type { Census } from "./census.ts"
import type { Asker } from "./people.ts"

export class Watch {
  readonly #census: Census
  readonly #states = new Map<Borrow | Worker, string>()

  constructor(census: Census) {
    this.#census = census
  }

  opens(worker: Worker): void {
    this.#states.set(worker, "opening")
  }

  /** It has been told something at once, or waits. */
  answers(asker: Asker): void {
    if (asker.state === "asked" || asker.isCounted) return
    asker.isCounted = true
    this.#census.count(`checkout: asked -> ${asker.state}`)
    if (asker.state === "waiting" || asker.state === "lent") this.#states.set(asker, asker.state)
  }

  counts(): void {
    for (const [thing, was] of this.#states) {
      const { state } = thing
      if (state === was) continue
      this.#census.count(`${thing instanceof Borrow ? "checkout" : "resource"}: ${was} -> ${state}`)
      if (state === "ended" || state === "refused" || state === "gone") this.#states.delete(thing)
      else this.#states.set(thing, state)
    }
  }
}
