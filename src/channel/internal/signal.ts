/**
 * Something that happens once, and any number of fibers that wait for it.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { Delivery } from "./outbox.ts"
import { WaitList, WaitNode } from "./waitList.ts"
import type { Wake } from "./wake.ts"

class SignalWaiter<A> extends WaitNode implements Delivery {
  readonly #resume: (effect: Effect.Effect<A>) => void
  result: Effect.Effect<A> | undefined

  constructor(resume: (effect: Effect.Effect<A>) => void) {
    super()
    this.#resume = resume
  }

  deliver(): void {
    if (this.result !== undefined) this.#resume(this.result)
  }
}

/** @internal */
export class Signal<A> {
  readonly #wake: Wake
  readonly #waiters = new WaitList<SignalWaiter<A>>()
  #result: Effect.Effect<A> | undefined

  constructor(wake: Wake) {
    this.#wake = wake
  }

  get isSet(): boolean {
    return this.#result !== undefined
  }

  /** The first one counts. */
  set(value: A): void {
    if (this.#result !== undefined) return
    const result = this.#result = Effect.succeed(value)
    for (let waiter = this.#waiters.shift(); waiter !== undefined; waiter = this.#waiters.shift()) {
      waiter.result = result
      this.#wake.deliver(waiter)
    }
  }

  /** Cancel safe: it takes nothing. */
  readonly wait: Effect.Effect<A> = Effect.suspend(() =>
    this.#result ?? Effect.callback<A>((resume) => {
      if (this.#result !== undefined) return resume(this.#result)
      const waiter = new SignalWaiter<A>(resume)
      this.#waiters.add(waiter)
      return Effect.sync(() => this.#waiters.remove(waiter))
    })
  )
}
