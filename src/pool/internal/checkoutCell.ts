/**
 * One `checkout` or `tryCheckout`. Unlike `use` it has no guard around it, for the lease is to outlive it: so it must
 * not take what it could lose.
 *
 * First an attempt that queues for nothing, in one primitive that hands its value straight on. Only where nothing was
 * idle it asks again, now from within `Effect.callback`, whose canceller stays until the lease is in the asker's hands.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type { Lease } from "../Lease.ts"
import { type AnyFiber, Borrow } from "./borrow.ts"
import type { Front } from "./front.ts"
import { LeaseImpl } from "./lease.ts"

/** @internal */
export class CheckoutCell extends Borrow {
  readonly #front: Front
  #resume: ((effect: Effect.Effect<Lease<never>, unknown>) => void) | undefined

  constructor(front: Front, mode: "attempt" | "try", wait: number, owner: AnyFiber | undefined) {
    super(mode, wait, undefined, owner)
    this.#front = front
    this.isAwaited = false
  }

  /**
   * Throws itself where there is nothing to take: the only way out of a primitive that hands its value straight on. A
   * lease whose owner ended before the asker took it over is handed out all the same: ended.
   */
  takeOrThrow(): Lease<never> {
    if (this.state !== "lent" && this.state !== "ended") throw this
    const lease = new LeaseImpl<never>(this.#front, this)
    this.#front.handOut(this, lease)
    return lease
  }

  deliver(): void {
    const resume = this.#resume
    if (resume === undefined || this.isPending) return
    this.#resume = undefined
    resume(Effect.sync(() => this.takeOrThrow()))
  }

  /** Goes on after an attempt that found nothing, or after a grant that did not hold. */
  get #goOn(): Effect.Effect<Lease<never>, unknown> {
    if (this.state === "refused") return Effect.fail(this.refusal)
    return checkoutOf(Effect.callback<Lease<never>, unknown>((resume) => {
      this.#resume = resume
      this.isAwaited = true
      if (this.state === "asked") {
        if (this.mode === "attempt") this.mode = "wait"
        this.#front.ask(this)
      }
      // Answered on the spot: still later and by the outbox, for there is no canceller before this function returns.
      if (!this.isPending) this.#front.deliverLater(this)
      return Effect.sync(() => this.#front.cancel(this))
    }))
  }

  /** The effect that goes on for the cell that `take` has thrown. @internal */
  static goOn(cause: Cause.Cause<unknown>): Effect.Effect<Lease<never>, unknown> {
    const reason = cause.reasons[0]
    const thrown = reason !== undefined && reason._tag === "Die" ? reason.defect : undefined
    return thrown instanceof CheckoutCell ? thrown.#goOn : Effect.failCause(cause)
  }
}

/** @internal */
export const checkoutOf = (take: Effect.Effect<Lease<never>, unknown>): Effect.Effect<Lease<never>, unknown> =>
  Effect.catchCause(take, (cause) => CheckoutCell.goOn(cause))
