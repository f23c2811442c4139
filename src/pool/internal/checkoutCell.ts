/**
 * One `checkout` or `tryCheckout`: the borrow and the effect in one object. Unlike `use` it has no guard around it, for the
 * lease is to outlive it: so what it takes it hands straight on, in the very same step, and where it has to wait the
 * canceller of the wait stays until the lease is in the asker's hands.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { evaluatedByItself, handOn, waitAs, type Waiter } from "../../channel/internal/operation.ts"
import type { Lease } from "../Lease.ts"
import type { OwnedCheckoutOptions } from "../Session.ts"
import { type AnyFiber, Borrow } from "./borrow.ts"
import type { Front } from "./front.ts"
import { LeaseImpl } from "./lease.ts"

/** @internal */
export class CheckoutCell extends Borrow implements Waiter<Lease<never>, unknown> {
  readonly #front: Front
  #resume: ((effect: Effect.Effect<Lease<never>, unknown>) => void) | undefined = undefined

  constructor(front: Front, mode: Borrow["mode"], wait: number, owner: AnyFiber | undefined) {
    super(mode, wait, undefined, owner)
    this.#front = front
  }

  /** Evaluated first to ask, and once more when the answer is there. */
  evaluate(fiber: AnyFiber): Effect.Effect<Lease<never>, unknown> {
    if (this.state === "asked") this.#front.ask(this)
    switch (this.state) {
      case "lent":
      case "ended":
        return handOn(this.#handOut(), fiber)
      case "asked":
      case "waiting":
        return waitAs(this, fiber)
      case "refused":
        return Effect.fail(this.refusal)
    }
  }

  /** A lease whose owner ended before the asker took it over is handed out all the same: ended. */
  #handOut(): Lease<never> {
    const lease = new LeaseImpl<never>(this.#front, this)
    this.#front.handOut(this, lease)
    return lease
  }

  deliver(): void {
    const resume = this.#resume
    if (resume === undefined || this.isPending) return
    this.#resume = undefined
    resume(this)
  }

  enter(resume: (effect: Effect.Effect<Lease<never>, unknown>) => void): void {
    this.#resume = resume
  }

  leave(): void {
    this.#front.cancel(this)
  }
}

/** @internal */
export interface CheckoutCell extends Effect.Effect<Lease<never>, unknown> {}
evaluatedByItself("Checkout", CheckoutCell)

/** What asks, when it is evaluated. */
type Cell = { readonly evaluate: (fiber: AnyFiber) => Effect.Effect<unknown, unknown> }

/** A checkout that was not evaluated yet: each evaluation is one of its own. @internal */
export class Checkout {
  readonly #cell: (options: OwnedCheckoutOptions<never> | undefined, fiber: AnyFiber) => Cell
  readonly #options: OwnedCheckoutOptions<never> | undefined

  constructor(
    cell: (options: OwnedCheckoutOptions<never> | undefined, fiber: AnyFiber) => Cell,
    options: OwnedCheckoutOptions<never> | undefined
  ) {
    this.#cell = cell
    this.#options = options
  }

  evaluate(fiber: AnyFiber): Effect.Effect<unknown, unknown> {
    return this.#cell(this.#options, fiber).evaluate(fiber)
  }
}

/** @internal */
export interface Checkout extends Effect.Effect<unknown, unknown> {}
evaluatedByItself("Checkout", Checkout)
