/**
 * One `checkoutMany`: as many checkouts as it asks for, posted in a row, so that they stand in line one after the other, and
 * handed out all together or not at all.
 *
 * Two of them cannot wait for each other half-filled: whoever has got the first of its resources is the next to get another
 * one, also where tenants take turns (`state.gathering`).
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import { evaluatedByItself, handOn, waitAs, type Waiter } from "../../channel/internal/operation.ts"
import type { Lease } from "../Lease.ts"
import { type AnyFiber, Borrow, type Terms } from "./borrow.ts"
import type { Front } from "./front.ts"
import { LeaseImpl } from "./lease.ts"

type Leases = ReadonlyArray<Lease<never>>

/** One of them. */
class Part extends Borrow {
  readonly #whole: ManyCell

  constructor(whole: ManyCell, wait: number, owner: AnyFiber | undefined) {
    super("wait", wait, undefined, owner)
    this.#whole = whole
  }

  deliver(): void {
    this.#whole.settle()
  }
}

/** @internal */
export class ManyCell implements Waiter<Leases, unknown> {
  readonly #front: Front
  readonly #parts: ReadonlyArray<Part>
  #hasAsked = false
  #resume: ((effect: Effect.Effect<Leases, unknown>) => void) | undefined = undefined

  /** `isClosed`: the session that asks was dropped. */
  constructor(
    front: Front,
    n: number,
    wait: number,
    owner: AnyFiber | undefined,
    terms: Terms | undefined,
    isClosed: boolean
  ) {
    this.#front = front
    this.#parts = Array.from({ length: n }, () => new Part(this, wait, owner))
    for (const part of this.#parts) {
      part.terms = terms
      part.bundle = this.#parts
      if (isClosed) front.refuse(part)
    }
  }

  /** Evaluated first to ask, and once more when there may be an answer. */
  evaluate(fiber: AnyFiber): Effect.Effect<Leases, unknown> {
    if (!this.#hasAsked) this.#ask()
    const refused = this.#refused
    if (refused !== undefined) {
      this.leave()
      return Effect.fail(refused.refusal)
    }
    if (this.#parts.some(({ isPending }) => isPending)) return waitAs(this, fiber)
    return handOn(this.#parts.map((part) => this.#handOut(part)), fiber)
  }

  /** One has been answered. */
  settle(): void {
    const resume = this.#resume
    if (resume === undefined) return
    if (this.#refused === undefined && this.#parts.some(({ isPending }) => isPending)) return
    this.#resume = undefined
    resume(this)
  }

  enter(resume: (effect: Effect.Effect<Leases, unknown>) => void): void {
    this.#resume = resume
  }

  /** What was granted nobody has touched. */
  leave(): void {
    for (const part of this.#parts) this.#front.cancel(part)
  }

  get #refused(): Part | undefined {
    return this.#parts.find(({ state }) => state === "refused")
  }

  #ask(): void {
    this.#hasAsked = true
    for (const part of this.#parts) {
      if (part.state === "asked") this.#front.ask(part)
      if (part.state === "refused") return
    }
  }

  #handOut(part: Part): Lease<never> {
    const lease = new LeaseImpl<never>(this.#front, part)
    this.#front.handOut(part, lease)
    return lease
  }
}

/** @internal */
export interface ManyCell extends Effect.Effect<Leases, unknown> {}
evaluatedByItself("CheckoutMany", ManyCell)
