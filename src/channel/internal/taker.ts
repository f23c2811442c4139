/**
 * A fiber that waits for a message, in line behind those that came before it. It is resumed with this object itself, which
 * then uses its claim.
 *
 * @internal
 */
import type * as Effect from "effect/Effect"
import type { Disconnected } from "../ChannelError.ts"
import type { Chan } from "./chan.ts"
import { type AnyFiber, evaluatedByItself, type Waiter } from "./operation.ts"
import type { Delivery } from "./outbox.ts"
import { WaitNode } from "./waitList.ts"

/** A taker, of whatever it takes. @internal */
export interface Claimant extends WaitNode, Delivery {
  /** The right to take one message, from when it was woken until it takes it or leaves. */
  hasClaim: boolean
}

const Base = WaitNode as unknown as abstract new<A, E>() => WaitNode & Effect.Effect<A, E>

/** @internal */
export class Taker<T, A> extends Base<A, Disconnected> implements Claimant, Waiter<A, Disconnected> {
  readonly #chan: Chan<T>
  readonly #take: () => A
  #resume: ((effect: Effect.Effect<A, Disconnected>) => void) | undefined = undefined
  hasClaim = false

  constructor(chan: Chan<T>, take: () => A) {
    super()
    this.#chan = chan
    this.#take = take
  }

  enter(resume: (effect: Effect.Effect<A, Disconnected>) => void): void {
    this.#resume = resume
    this.#chan.addTaker(this)
  }

  leave(): void {
    this.#chan.removeTaker(this)
  }

  deliver(): void {
    this.#resume?.(this)
  }

  evaluate(fiber: AnyFiber): Effect.Effect<A, Disconnected> {
    return this.#chan.useClaimUnsafe(this, this.#take, fiber)
  }
}

evaluatedByItself("Taker", Taker)
