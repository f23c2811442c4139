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
import { attempt, takenMeanwhile } from "./attempt.ts"
import type { Deadline } from "./deadlines.ts"
import type { Host } from "./host.ts"
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
export class Cell<A, E> implements Delivery, Expiring {
  readonly #host: Host
  #state: "open" | "value" | "cause" | "refused" | "taken" = "open"
  #value: A | undefined
  #cause: Cause.Cause<E | NoReply> | undefined
  #hasReceived = false
  /** Set while a fiber waits in `recv`: the answer is spoken for. */
  #resume: ((reply: Reply<A, E>) => void) | undefined
  #deadline: Deadline<Expiring> | undefined
  #timeout = Infinity
  #isExpired = false
  #isClosed = false
  #closed: Signal<void> | undefined

  constructor(host: Host) {
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

  /** Hands the value straight to the taker: only within an `Effect.sync`. */
  takeUnsafe(): A {
    if (this.#state !== "value") return takenMeanwhile()
    const value = this.#value as A
    this.#value = undefined
    this.#finish()
    return value
  }

  #finish(): void {
    this.#state = "taken"
    this.#resume = undefined
    this.#markClosed()
  }

  #take(): Effect.Effect<A> {
    return Effect.sync(() => this.takeUnsafe())
  }

  #takeCause(): Effect.Effect<never, E | NoReply> {
    return Effect.suspend(() => {
      const cause = this.#cause
      if (cause === undefined) return Effect.fail(makeNoReply())
      this.#cause = undefined
      this.#finish()
      return Effect.failCause(cause)
    })
  }

  /** What there is in place of a value. */
  #failure(): Effect.Effect<never, E | NoReply | DeadlineExceeded> {
    return this.#isExpired ? Effect.fail(makeDeadlineExceeded(this.#timeout)) : this.#takeCause()
  }

  /** Once only, and for at most `millis`. */
  recv(millis: number): Reply<A, E> {
    return attempt(() => {
      this.#assertFirst()
      if (this.#state === "value") return true
      if (this.#state === "open" && millis > 0) return this.#wait(millis)
      this.#hasReceived = true
      this.#timeout = millis
      // Only an open one expires: it had no time at all.
      this.expire()
      return this.#failure()
    }, () => {
      const value = this.takeUnsafe()
      this.#hasReceived = true
      return value
    })
  }

  #assertFirst(): void {
    if (this.#hasReceived) throw new Error("recv was called before: a oneshot is received once")
  }

  #wait(millis: number): Reply<A, E> {
    return Effect.callback((resume) => {
      this.#assertFirst()
      if (this.#state !== "open") return resume(Effect.sync(takenMeanwhile))
      this.#hasReceived = true
      this.#resume = resume
      this.#timeout = millis
      if (millis !== Infinity) this.#deadline = this.#host.wake.expireAfter(millis, this)
      return Effect.sync(() => this.#leave())
    })
  }

  #leave(): void {
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
    resume?.(this.#state === "value" ? this.#take() : this.#failure())
  }

  tryRecv(): Effect.Effect<A, E | NoReply | Empty> {
    return attempt<A, E | NoReply | Empty, never>(() => {
      // An answer on its way to a waiting `recv` is spoken for.
      if (this.#state === "open" || this.#resume !== undefined) return Effect.fail(makeEmpty())
      return this.#state === "value" ? true : this.#takeCause()
    }, () => this.takeUnsafe())
  }
}
