/**
 * One `use` or `scoped`, from asking to giving back: the borrow and the effect in one object.
 *
 * It is evaluated *inside* a guard that was there before (`Effect.onExitPrimitive`, or a scope's finalizer). The
 * scheduler may yield between any two primitives, and an interruption there would lose what a first one took for a
 * second one to guard.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import { evaluatedByItself, inSameStep } from "../../channel/internal/operation.ts"
import type { Lease } from "../Lease.ts"
import { PoolClosed } from "../PoolError.ts"
import type { CheckoutOptions } from "../Session.ts"
import { type AnyFiber, Borrow } from "./borrow.ts"
import type { Front } from "./front.ts"
import { LeaseImpl } from "./lease.ts"

/** What is done with the resource. @internal */
export type Body = (resource: never, lease: Lease<never>) => Effect.Effect<unknown, unknown, unknown>

/** @internal */
export class UseCell extends Borrow {
  readonly #front: Front
  readonly #body: Body
  #resume: ((effect: Effect.Effect<unknown, unknown, unknown>) => void) | undefined = undefined

  constructor(front: Front, body: Body, wait: number, fiber: AnyFiber) {
    super("wait", wait, fiber, undefined)
    this.#front = front
    this.#body = body
  }

  /** Evaluated first to ask, and once more when the answer is there: a waiter is resumed with the borrowed body itself. */
  evaluate(fiber: AnyFiber): Effect.Effect<unknown, unknown, unknown> {
    if (this.state === "asked") this.#front.ask(this)
    switch (this.state) {
      case "lent":
        this.taken = true
        return asEffect(this.#body(this.seat!.worker.resource as never, new LeaseImpl<never>(this.#front, this)))
      case "asked":
      case "waiting":
        return inSameStep(this.#wait, fiber)
      case "refused":
        return Effect.fail(this.refusal)
      case "ended":
        return Effect.fail(new PoolClosed({ pool: this.#front.settings.name }))
    }
  }

  deliver(): void {
    const resume = this.#resume
    if (resume === undefined || this.isPending) return
    this.#resume = undefined
    resume(this)
  }

  /** Needs no canceller: the guard outside posts `Cancel`, also when the answer came before the interruption was seen. */
  get #wait(): Effect.Effect<unknown, unknown, unknown> {
    return Effect.callback<unknown, unknown, unknown>((resume) => void (this.#resume = resume))
  }

  /** The asker is through with it, or has gone. */
  leave(exit: Exit.Exit<unknown, unknown>): void {
    if (!this.taken) return this.giveBack()
    if (this.state !== "lent") return
    if (exit._tag === "Failure" && isBrokenBy(this.#front, exit.cause)) {
      this.#front.post({ _tag: "Destroyed", borrow: this, reason: undefined })
    } else {
      this.#front.post({ _tag: "Checkin", borrow: this })
    }
  }

  /** Nobody has touched the resource, if there is one. */
  giveBack(): void {
    if (this.isPending || this.state === "lent") this.#front.cancel(this)
  }
}

/** @internal */
export interface UseCell extends Effect.Effect<unknown, unknown, unknown> {}
evaluatedByItself("Use", UseCell)

/** Its asker has the resource only when the scope has: between the two steps it is as good as new. @internal */
export class ScopedCell extends UseCell {
  isHandedOver = false

  override leave(exit: Exit.Exit<unknown, unknown>): void {
    if (this.taken && !this.isHandedOver) this.giveBack()
    else super.leave(exit)
  }
}

/** A `use` that was not evaluated yet: each evaluation is a borrow of its own, with the guard around it. @internal */
export class Use {
  readonly #cell: (body: Body, options: CheckoutOptions<never> | undefined, fiber: AnyFiber) => UseCell
  readonly #body: Body
  readonly #options: CheckoutOptions<never> | undefined

  constructor(
    cell: (body: Body, options: CheckoutOptions<never> | undefined, fiber: AnyFiber) => UseCell,
    body: Body,
    options: CheckoutOptions<never> | undefined
  ) {
    this.#cell = cell
    this.#body = body
    this.#options = options
  }

  evaluate(fiber: AnyFiber): Effect.Effect<unknown, unknown, unknown> {
    const cell = this.#cell(this.#body, this.#options, fiber)
    // The guard gives what it guards, which asks behind it, still in this step.
    const next = inSameStep(Effect.onExitPrimitive(cell, (exit) => cell.leave(exit) as undefined), fiber)
    return next === cell ? cell.evaluate(fiber) : next
  }
}

/** @internal */
export interface Use extends Effect.Effect<unknown, unknown, unknown> {}
evaluatedByItself("Use", Use)

/** Effect would end the fiber on the spot, without a look at its guards, and the resource would be lent for ever. */
const asEffect = <A, E, R>(body: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  // What `Effect.isEffect` asks, for half its price.
  if ((body as { readonly [Effect.TypeId]?: unknown } | undefined)?.[Effect.TypeId] !== undefined) return body
  throw new TypeError("the function given to use must return an Effect")
}

/** A defect before an interruption before a typed failure. Runs the user's `isBroken`, so never inside a turn. */
const isBrokenBy = (front: Front, cause: Cause.Cause<unknown>): boolean => {
  if (Cause.hasDies(cause)) return true
  if (Cause.hasInterrupts(cause)) return front.settings.onInterrupt === "destroy"
  const { isBroken } = front.plan
  if (isBroken === undefined) return false
  try {
    return isBroken(cause)
  } catch {
    return true
  }
}
