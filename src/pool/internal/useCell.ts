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
import * as Effectable from "effect/Effectable"
import type * as Exit from "effect/Exit"
import type { Lease } from "../Lease.ts"
import { PoolClosed } from "../PoolError.ts"
import { type AnyFiber, Borrow } from "./borrow.ts"
import type { Front } from "./front.ts"
import { LeaseImpl } from "./lease.ts"

type Body = (resource: never, lease: Lease<never>) => Effect.Effect<unknown, unknown, unknown>

/** A borrow that is an effect as well. */
const BorrowEffect = Effectable.Mixin(Borrow) as unknown as abstract new(
  ...args: ConstructorParameters<typeof Borrow>
) => Borrow & Effect.Effect<unknown, unknown, unknown>

/** @internal */
export class UseCell extends BorrowEffect {
  readonly #front: Front
  readonly #body: Body
  #hasAsked = false
  /** The caller may have done something with the resource: it is no longer as good as new whatever happens. */
  touched = false
  #resume: ((effect: Effect.Effect<unknown, unknown, unknown>) => void) | undefined

  constructor(front: Front, body: Body, wait: number, fiber: AnyFiber) {
    super("wait", wait, fiber, undefined)
    this.#front = front
    this.#body = body
  }

  /** Evaluated first to ask, and once more when the answer is there: a waiter is resumed with the borrowed body itself. */
  asEffect(): Effect.Effect<unknown, unknown, unknown> {
    if (!this.#hasAsked) this.#ask()
    switch (this.state) {
      case "lent":
        this.taken = true
        this.touched = true
        return asEffect(this.#body(this.worker!.resource as never, new LeaseImpl<never>(this.#front, this)))
      case "asked":
      case "waiting":
        return this.#wait
      case "refused":
        return Effect.fail(this.refusal)
      case "ended":
        return Effect.fail(new PoolClosed({ pool: this.#front.settings.name }))
    }
  }

  #ask(): void {
    this.#hasAsked = true
    if (this.state === "asked") this.#front.ask(this)
  }

  deliver(): void {
    const resume = this.#resume
    if (resume === undefined || this.isPending) return
    this.#resume = undefined
    resume(this)
  }

  /** Needs no canceller: the guard outside posts `Cancel`, also when the answer came before the interruption was seen. */
  get #wait(): Effect.Effect<unknown, unknown, unknown> {
    return Effect.callback<unknown, unknown, unknown>((resume) => {
      if (this.isPending) this.#resume = resume
      else resume(this)
    })
  }

  /** The asker is through with it, or has gone. */
  leave(exit: Exit.Exit<unknown, unknown>): void {
    if (!this.touched) return this.giveBack()
    if (this.state !== "lent") return
    if (exit._tag === "Failure" && isBrokenBy(this.#front, exit.cause)) {
      this.#front.post({ _tag: "Destroyed", borrow: this, reason: undefined })
    } else {
      this.#front.post({ _tag: "Checkin", borrow: this })
    }
  }

  /** Nobody has touched the resource, if there is one. */
  giveBack(): void {
    if (this.#hasAsked && (this.isPending || this.state === "lent")) this.#front.cancel(this)
  }
}

/** Effect would end the fiber on the spot, without a look at its guards, and the resource would be lent for ever. */
const asEffect = <A, E, R>(body: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  if (Effect.isEffect(body)) return body
  throw new TypeError("the function given to use must return an Effect")
}

/** A defect before an interruption before a typed failure. Runs the user's `isBroken`, so never inside a turn. */
const isBrokenBy = (front: Front, cause: Cause.Cause<unknown>): boolean => {
  if (Cause.hasDies(cause)) return true
  if (Cause.hasInterrupts(cause)) return front.settings.onInterrupt === "destroy"
  if (front.isBroken === undefined) return false
  try {
    return front.isBroken(cause)
  } catch {
    return true
  }
}
