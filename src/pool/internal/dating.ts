/**
 * When to look at the clock for what was lent. A look costs as much as a turn. Where fibers borrow and give back many
 * times in one go, one look at the flush after them does for all that is still lent then; but where there is only one
 * borrow in a go, a flush of its own would cost more than the look.
 *
 * So it looks at once, tries now and then how many come before a flush, and waits for the flush as long as several do.
 *
 * @internal
 */
import type { Outbox } from "../../channel/internal/outbox.ts"

const tryEvery = 64

/** @internal */
export class Dating {
  #waits = false
  #untilTry = tryEvery
  /** Since the last flush. */
  #lent = 0

  /** Something was lent: will it have its date at the flush? */
  waits(outbox: Outbox): boolean {
    if (outbox.isScheduled) {
      this.lent()
      return true
    }
    if (!this.lent()) return false
    outbox.schedule()
    return true
  }

  /** There will be a flush: whatever comes until then is of one batch. */
  get isWaiting(): boolean {
    return this.#waits
  }

  /** Something was lent. `true`: wait for the flush. `false`: look now. */
  lent(): boolean {
    this.#lent++
    if (!this.#waits && --this.#untilTry === 0) {
      this.#waits = true
      // There was no flush to count up to while it looked at once.
      this.#lent = 1
    }
    return this.#waits
  }

  flushed(): void {
    if (this.#lent === 0) return
    if (this.#waits && this.#lent === 1) {
      this.#waits = false
      this.#untilTry = tryEvery
    }
    this.#lent = 0
  }
}
