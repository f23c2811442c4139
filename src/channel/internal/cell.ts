/**
 * What a oneshot's two ends share: at most one answer, and whether anybody will take it.
 *
 * ```text
 *          send ──▶ value ──┐
 *   open ─ fail, drop ▶ cause ─┴─ recv, tryRecv ──▶ taken
 *     └─── timeout, interruption, close ──▶ refused
 * ```
 *
 * Each step is synchronous, so of two that race exactly one wins, and the other learns it at once.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { DeadlineExceeded, Empty, NoReply } from "../ChannelError.ts"
import type { Deadline } from "./deadlines.ts"
import type { Host } from "./host.ts"
import { type AnyFiber, evaluatedByItself, handOn, inSameStep, Operation, waitAs, type Waiter } from "./operation.ts"
import type { Delivery } from "./outbox.ts"
import { Signal } from "./signal.ts"
import { stackless } from "./stackless.ts"
import type { Expiring } from "./wake.ts"

const makeNoReply = (): NoReply => stackless(() => new NoReply(), undefined)
const makeEmpty = (): Empty => stackless(() => new Empty(), undefined)
const makeDeadlineExceeded = (millis: number): DeadlineExceeded =>
  stackless((millis) => new DeadlineExceeded({ waited: Duration.millis(millis) }), millis)

type Reply<A, E> = Effect.Effect<A, E | NoReply | DeadlineExceeded>

/** @internal */
export class Cell<A, E> extends Operation<A, E | NoReply | DeadlineExceeded>
  implements Delivery, Expiring, Waiter<A, E | NoReply | DeadlineExceeded>
{
  readonly #host: Host
  #state: "open" | "value" | "cause" | "refused" | "taken" = "open"
  #value: A | undefined = undefined
  #cause: Cause.Cause<E | NoReply> | undefined = undefined
  #hasReceived = false
  /** Set while a fiber waits in `recv`: the answer is spoken for. */
  #resume: ((reply: Reply<A, E>) => void) | undefined = undefined
  #deadline: Deadline<Expiring> | undefined = undefined
  /** Milliseconds, of one that has a deadline. */
  #timeout: number | undefined = undefined
  #isExpired = false
  #isClosed = false
  #closed: Signal<void> | undefined = undefined

  constructor(host: Host) {
    super()
    this.#host = host
  }

  /** The answer is there, and can be taken at once. */
  get isAnswered(): boolean {
    return this.#state === "value" || this.#state === "cause"
  }

  /** No answer will be taken any more, but one that was sent before it closed. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  get closed(): Effect.Effect<void> {
    if (this.#closed === undefined) {
      this.#closed = new Signal(this.#host.wake)
      if (this.#isClosed) this.#closed.set(undefined)
    }
    return this.#closed.wait
  }

  /** `false`: refused; the value is still the caller's. */
  succeedUnsafe(value: A): boolean {
    if (this.#state !== "open") return false
    this.#state = "value"
    this.#value = value
    this.#answered()
    return true
  }

  failUnsafe(cause: Cause.Cause<E | NoReply>): boolean {
    if (this.#state !== "open") return false
    this.#state = "cause"
    this.#cause = cause
    this.#answered()
    return true
  }

  dropUnsafe(): void {
    if (this.#state === "open") this.failUnsafe(Cause.fail(makeNoReply()))
  }

  #answered(): void {
    if (this.#resume === undefined) return
    this.#host.wake.cancel(this.#deadline)
    this.#host.wake.deliver(this)
  }

  /** Refuses any answer from now on; one already given stays, for `tryRecv`. */
  closeUnsafe(): void {
    if (this.#isClosed) return
    if (this.#state === "open") {
      this.#state = "refused"
      // Another fiber waits, and will wait in vain.
      this.#answered()
    }
    this.#markClosed()
  }

  #markClosed(): void {
    this.#isClosed = true
    this.#closed?.set(undefined)
  }

  /** Takes the answer, and hands it on within this step. Only when it is answered. */
  takeUnsafe(fiber: AnyFiber): Effect.Effect<A, E | NoReply> {
    const value = this.#value as A
    const cause = this.#cause
    this.#state = "taken"
    this.#value = undefined
    this.#cause = undefined
    this.#resume = undefined
    this.#markClosed()
    return cause === undefined ? handOn(value, fiber) : inSameStep(Effect.failCause(cause), fiber)
  }

  /** What whoever has waited goes on with. */
  evaluate(fiber: AnyFiber): Reply<A, E> {
    if (this.isAnswered) return this.takeUnsafe(fiber)
    return Effect.fail(this.#isExpired ? makeDeadlineExceeded(this.#timeout ?? Infinity) : makeNoReply())
  }

  /** What `recv` goes on with, within the step in which it asks. Once only, and for at most `millis`. */
  recvUnsafe(millis: number, fiber: AnyFiber): Reply<A, E> {
    if (this.#hasReceived) throw new Error("recv was called before: a oneshot is received once")
    this.#hasReceived = true
    if (millis !== Infinity) this.#timeout = millis
    if (this.#state === "open" && millis > 0) return waitAs(this, fiber)
    // Only an open one expires: it had no time at all.
    this.expire()
    return this.evaluate(fiber)
  }

  enter(resume: (reply: Reply<A, E>) => void): void {
    this.#resume = resume
    if (this.#timeout !== undefined) this.#deadline = this.#host.wake.expireAfter(this.#timeout, this)
  }

  leave(): void {
    this.#resume = undefined
    this.#host.wake.cancel(this.#deadline)
    this.closeUnsafe()
  }

  expire(): void {
    // The answer was first, though its receiver has not run yet.
    if (this.#state !== "open") return
    this.#isExpired = true
    this.closeUnsafe()
  }

  deliver(): void {
    const resume = this.#resume
    // Refused, nothing is on its way to it any more.
    if (this.#state === "refused") this.#resume = undefined
    resume?.(this)
  }

  tryRecv(): Effect.Effect<A, E | NoReply | Empty> {
    return Effect.withFiber((fiber): Effect.Effect<A, E | NoReply | Empty> => {
      // An answer on its way to a waiting `recv` is spoken for.
      if (this.#state === "open" || this.#resume !== undefined) return Effect.fail(makeEmpty())
      return this.isAnswered ? this.takeUnsafe(fiber) : Effect.fail(makeNoReply())
    })
  }
}

evaluatedByItself("Cell", Cell)
