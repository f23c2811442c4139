/**
 * A fiber that waits for a message, in line behind those that came before it.
 *
 * @internal
 */
import type { Delivery } from "./outbox.ts"
import { WaitNode } from "./waitList.ts"

/** @internal */
export class Taker extends WaitNode implements Delivery {
  readonly #resume: (claimed: boolean) => void
  /** The right to take one message, from when it was woken until it takes it or leaves. */
  hasClaim = false

  constructor(resume: (claimed: boolean) => void) {
    super()
    this.#resume = resume
  }

  deliver(): void {
    this.#resume(this.hasClaim)
  }
}
