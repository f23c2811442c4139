/**
 * The handles that send. The count of strong ones is the channel's; each handle only knows whether it was dropped.
 *
 * @internal
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { type Closed, type Full, SendTimeout } from "../ChannelError.ts"
import type * as Mpsc from "../Mpsc.ts"
import { type Chan, makeClosed, makeFull } from "./chan.ts"
import { scopeOf } from "./inScope.ts"
import { type AnyFiber, evaluatedByItself, handOn, handOnVoid, inSameStep, Operation } from "./operation.ts"
import { PermitHandle } from "./permit.ts"
import type { Refusal } from "./permits.ts"
import { stackless } from "./stackless.ts"
import { timeoutMillis } from "./wake.ts"

const makeSendTimeout = <T>(value: T): SendTimeout<T> => stackless((value) => new SendTimeout({ value }), value)

/** `send`: one object, and one step where there is room. */
class Send<T> extends Operation<void, Closed<T>> {
  readonly #sender: SenderHandle<T>
  readonly #message: T

  constructor(sender: SenderHandle<T>, message: T) {
    super()
    this.#sender = sender
    this.#message = message
  }

  evaluate(fiber: AnyFiber): Effect.Effect<void, Closed<T>> {
    return this.#sender.sendWithin(this.#message, fiber)
  }
}

evaluatedByItself("Send", Send)

/** @internal */
export class SenderHandle<T> implements Mpsc.Sender<T> {
  readonly #chan: Chan<T>
  #isDropped: boolean

  /** A handle that is not dropped is already counted. */
  constructor(chan: Chan<T>, isDropped: boolean) {
    this.#chan = chan
    this.#isDropped = isDropped
  }

  get #isClosed(): boolean {
    return this.#isDropped || this.#chan.isClosed
  }

  trySendUnsafe(message: T): Full<T> | Closed<T> | undefined {
    return this.#isDropped ? makeClosed(message) : this.#chan.trySendUnsafe(message)
  }

  trySend(message: T): Effect.Effect<void, Full<T> | Closed<T>> {
    return Effect.withFiber((fiber): Effect.Effect<void, Full<T> | Closed<T>> => {
      const refusal = this.trySendUnsafe(message)
      return refusal === undefined ? handOnVoid(fiber) : Effect.fail(refusal)
    })
  }

  send(message: T): Effect.Effect<void, Closed<T>> {
    return new Send(this, message)
  }

  /** What `send` goes on with, within the step in which it asks. */
  sendWithin(message: T, fiber: AnyFiber): Effect.Effect<void, Closed<T>> {
    if (!this.#isDropped && this.#chan.offerUnsafe(message)) return handOnVoid(fiber)
    if (this.#isClosed) return Effect.fail(makeClosed(message))
    return inSameStep(this.#sendLater(message, Infinity, () => Effect.fail(makeClosed(message))), fiber)
  }

  sendTimeout(message: T, timeout: Duration.Input): Effect.Effect<void, SendTimeout<T> | Closed<T>> {
    return Effect.withFiber((fiber): Effect.Effect<void, SendTimeout<T> | Closed<T>> => {
      const millis = timeoutMillis(timeout)
      if (!this.#isDropped && this.#chan.offerUnsafe(message)) return handOnVoid(fiber)
      if (this.#isClosed) return Effect.fail(makeClosed(message))
      if (millis === 0) return Effect.fail(makeSendTimeout(message))
      const later = this.#sendLater(
        message,
        millis,
        (refusal) => Effect.fail(refusal === "closed" ? makeClosed(message) : makeSendTimeout(message))
      )
      return inSameStep(later, fiber)
    })
  }

  #sendLater<E>(
    message: T,
    millis: number,
    refuse: (refusal: Refusal) => Effect.Effect<never, E>
  ): Effect.Effect<void, E> {
    return this.#chan.permits.wait<void, E>(1, millis, (fiber) => {
      if (!this.#chan.isGone) {
        this.#chan.sendPermittedUnsafe(message)
        return handOnVoid(fiber)
      }
      // Granted, but then the receiver was dropped: the message would go down with it. It is refused instead.
      this.#chan.permits.giveBack(1)
      return refuse("closed")
    }, refuse)
  }

  get reserve(): Effect.Effect<Mpsc.Permit<T>, Closed<void>, Scope.Scope> {
    return this.#reserve(1, () => this.#waitForRoom(1, this.#permit), this.#permit)
  }

  get tryReserve(): Effect.Effect<Mpsc.Permit<T>, Full<void> | Closed<void>, Scope.Scope> {
    return this.#reserve(1, () => Effect.fail(makeFull(undefined)), this.#permit)
  }

  reserveMany(n: number): Effect.Effect<ReadonlyArray<Mpsc.Permit<T>>, Closed<void>, Scope.Scope> {
    const permits = (fiber: AnyFiber) => Array.from({ length: n }, () => this.#permit(fiber))
    return this.#reserve(n, () => {
      // It would wait for ever, and hold up everybody behind it.
      if (n > this.#chan.permits.max) return Effect.fail(makeClosed(undefined))
      return this.#waitForRoom(n, permits)
    }, permits)
  }

  /** A permit that is outstanding already, in the scope of the fiber that asked for it. */
  readonly #permit = (fiber: AnyFiber): Mpsc.Permit<T> => new PermitHandle(this.#chan, scopeOf(fiber))

  #reserve<A, E>(
    n: number,
    otherwise: () => Effect.Effect<A, E>,
    make: (fiber: AnyFiber) => A
  ): Effect.Effect<A, E | Closed<void>, Scope.Scope> {
    return Effect.withFiber((fiber): Effect.Effect<A, E | Closed<void>, Scope.Scope> => {
      // More would not fit into an array.
      if (!Number.isInteger(n) || n < 0 || n >= 2 ** 32) {
        throw new RangeError(`reserveMany takes a natural number below 2 ** 32, got ${n}`)
      }
      if (this.#isClosed) return Effect.fail(makeClosed(undefined))
      if (this.#chan.permits.capacity < n) return inSameStep(otherwise(), fiber)
      this.#chan.permits.acquire(n)
      return handOn(make(fiber), fiber)
    })
  }

  #waitForRoom<A>(n: number, make: (fiber: AnyFiber) => A): Effect.Effect<A, Closed<void>> {
    return this.#chan.permits.wait(
      n,
      Infinity,
      (fiber) => handOn(make(fiber), fiber),
      () => Effect.fail(makeClosed(undefined))
    )
  }

  get closed(): Effect.Effect<void> {
    return Effect.suspend(() => this.#isDropped ? Effect.void : this.#chan.closed.wait)
  }

  get isClosed(): Effect.Effect<boolean> {
    return Effect.sync(() => this.#isClosed)
  }

  get capacity(): Effect.Effect<number> {
    return Effect.sync(() => this.#chan.permits.capacity)
  }

  get maxCapacity(): number {
    return this.#chan.permits.max
  }

  get clone(): Effect.Effect<Mpsc.Sender<T>> {
    return Effect.sync(() => {
      if (!this.#isDropped) this.#chan.strongCount++
      return new SenderHandle(this.#chan, this.#isDropped)
    })
  }

  get drop(): Effect.Effect<void> {
    return Effect.sync(() => {
      if (this.#isDropped) return
      this.#isDropped = true
      this.#chan.dropSenderUnsafe()
    })
  }

  get downgrade(): Effect.Effect<Mpsc.WeakSender<T>> {
    return Effect.sync(() => {
      if (!this.#isDropped) this.#chan.weakCount++
      return new WeakSenderHandle(this.#chan, this.#isDropped)
    })
  }

  sameChannel(that: Mpsc.Sender<T>): boolean {
    return that instanceof SenderHandle && that.#chan === this.#chan
  }

  get strongCount(): Effect.Effect<number> {
    return Effect.sync(() => this.#chan.strongCount)
  }

  get weakCount(): Effect.Effect<number> {
    return Effect.sync(() => this.#chan.weakCount)
  }
}

class WeakSenderHandle<T> implements Mpsc.WeakSender<T> {
  readonly #chan: Chan<T>
  #isDropped: boolean

  constructor(chan: Chan<T>, isDropped: boolean) {
    this.#chan = chan
    this.#isDropped = isDropped
  }

  get upgrade(): Effect.Effect<Option.Option<Mpsc.Sender<T>>> {
    return Effect.sync(() => {
      if (this.#isDropped || this.#chan.strongCount === 0) return Option.none()
      this.#chan.strongCount++
      return Option.some(new SenderHandle(this.#chan, false))
    })
  }

  get drop(): Effect.Effect<void> {
    return Effect.sync(() => {
      if (this.#isDropped) return
      this.#isDropped = true
      this.#chan.weakCount--
    })
  }
}
