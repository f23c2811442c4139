/**
 * The channel itself: one queue, its room, whoever waits on either side, and at most one consumer. `Mpsc.ts` puts
 * handles around it; an actor uses it bare as its mailbox:
 *
 * ```text
 * Chan.makeUnsafe<T>(host, capacity | Infinity)   one strong sender, which is the maker's (`dropSenderUnsafe`)
 * chan.trySendUnsafe(message)                     undefined, or Full | Closed; may run the turn on this very stack
 * chan.pushUnsafe(message)                        whatever the capacity, also after close; false: the receiver is gone
 * chan.consumeUnsafe(handle, onEnd): Consumer     handle(message) => void | Effect<void>, see consumer.ts
 * consumer.stopUnsafe()                           no further message; interrupts an Effect turn under way
 * chan.closeUnsafe()                              no new sends; what is queued is handled, then the consumer ends
 * chan.dropUnsafe()                               the receiver goes: the queue is dropped, every sender sees Closed
 * chan.length                                     how many messages are queued
 * ```
 *
 * `onEnd(exit)` is called exactly once, outside of `handle`, when no turn is under way any more, and perhaps before
 * `consumeUnsafe` returns: with `Exit.void` after `stopUnsafe`, after `dropUnsafe`, or when nothing can come any more;
 * with a failure when a turn threw or failed (the receiver is dropped before the call). It runs on the stack of whoever
 * ended the last turn, and must not throw.
 *
 * Waiting receivers hold *claims*, not messages: a claim is the right to take one message, so a receiver that leaves
 * with an unused claim disturbs no order. What a claim may take is always the oldest message.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import { Closed, Disconnected, Full } from "../ChannelError.ts"
import { Consumer, type Handle } from "./consumer.ts"
import type { Host } from "./host.ts"
import { type AnyFiber, handOn, waitAs } from "./operation.ts"
import { Permits } from "./permits.ts"
import { Ring } from "./ring.ts"
import { Signal } from "./signal.ts"
import { stackless } from "./stackless.ts"
import { type Claimant, Taker } from "./taker.ts"
import { WaitList } from "./waitList.ts"

/** @internal */
export const makeClosed = <T>(value: T): Closed<T> => stackless((value) => new Closed({ value }), value)
/** @internal */
export const makeFull = <T>(value: T): Full<T> => stackless((value) => new Full({ value }), value)

/** @internal */
export class Chan<T> {
  readonly host: Host
  readonly permits: Permits
  /** Set when the receiver closes the channel or goes. */
  readonly closed: Signal<void>
  strongCount = 1
  weakCount = 0
  #receiver: "open" | "closed" | "gone" = "open"
  readonly #queue = new Ring<T>()
  readonly #takers = new WaitList<Claimant>()
  #claims = 0
  #consumer: Consumer<T> | undefined

  constructor(host: Host, capacity: number) {
    this.host = host
    this.permits = new Permits(host, capacity, () => this.#wakeReceivers())
    this.closed = new Signal(host.wake)
  }

  static makeUnsafe<T>(host: Host, capacity: number): Chan<T> {
    return new Chan(host, capacity)
  }

  get isClosed(): boolean {
    return this.#receiver !== "open"
  }

  get isGone(): boolean {
    return this.#receiver === "gone"
  }

  get length(): number {
    return this.#queue.length
  }

  /** Nothing can come any more; what is queued may still be taken. */
  get isEnded(): boolean {
    if (this.#receiver === "gone") return true
    return (this.#receiver === "closed" || this.strongCount === 0) && this.permits.isQuiet
  }

  // Sending

  /** `undefined`: sent, or handled already. */
  trySendUnsafe(message: T): Full<T> | Closed<T> | undefined {
    if (this.offerUnsafe(message)) return undefined
    return this.isClosed ? makeClosed(message) : makeFull(message)
  }

  /** `false`: not sent, for the channel is closed, or there is no room. */
  offerUnsafe(message: T): boolean {
    if (this.#receiver !== "open" || !this.permits.hasRoom) return false
    const consumer = this.#consumer
    if (consumer !== undefined && consumer.enter()) {
      consumer.run(message)
      return true
    }
    this.permits.occupy(1)
    this.#enqueue(message)
    return true
  }

  /** The room may run into debt: nobody else gets any until it is paid back. */
  pushUnsafe(message: T): boolean {
    if (this.#receiver === "gone") return false
    const consumer = this.#consumer
    if (consumer !== undefined && consumer.enter()) {
      consumer.run(message)
      return true
    }
    this.permits.occupy(1)
    this.#enqueue(message)
    return true
  }

  /** A permit becomes the message it was for. Without a receiver the message is dropped silently, as in Tokio. */
  sendPermittedUnsafe(message: T): void {
    this.permits.use()
    if (this.#receiver === "gone") return this.permits.vacate(1)
    const consumer = this.#consumer
    if (consumer === undefined || !consumer.enter()) return this.#enqueue(message)
    this.permits.vacate(1)
    consumer.run(message)
    // It may have been the last thing that could come.
    consumer.endIfDone()
  }

  dropSenderUnsafe(): void {
    this.strongCount--
    this.#wakeReceivers()
  }

  #enqueue(message: T): void {
    this.#queue.push(message)
    if (!this.#takers.isEmpty) this.#wakeReceivers()
  }

  // Receiving

  /** How many messages are spoken for by nobody. */
  get available(): number {
    return this.#queue.length - this.#claims
  }

  /** As many as there are, at most `max`. */
  takeManyUnsafe(max: number): Array<T> {
    const messages = this.#queue.shiftMany(Math.min(max, this.available))
    this.permits.vacate(messages.length)
    return messages
  }

  /** Only when something is queued. */
  takeQueuedUnsafe(): T {
    const message = this.#queue.shift()
    this.permits.vacate(1)
    return message
  }

  /** Whether there is something to take for a newcomer. Dies beside a consumer, which would compete for it. */
  lookUnsafe(): "ready" | "empty" | "ended" {
    this.#assertPolled()
    return this.available > 0 ? "ready" : this.isEnded ? "ended" : "empty"
  }

  #assertPolled(): void {
    if (this.#consumer !== undefined) throw new Error("the receiver is being consumed and cannot be polled beside it")
  }

  /** What a newcomer who would `take` goes on with, within the step in which it asks. */
  receiveUnsafe<A>(take: () => A, fiber: AnyFiber): Effect.Effect<A, Disconnected> {
    const found = this.lookUnsafe()
    if (found === "ready") return handOn(take(), fiber)
    return found === "ended" ? disconnected : waitAs(new Taker(this, take), fiber)
  }

  /** What a taker that was woken goes on with. */
  useClaimUnsafe<A>(taker: Claimant, take: () => A, fiber: AnyFiber): Effect.Effect<A, Disconnected> {
    if (!taker.hasClaim) return disconnected
    taker.hasClaim = false
    this.#claims--
    // Its message may have gone down with the receiver.
    return this.#receiver === "gone" ? disconnected : handOn(take(), fiber)
  }

  addTaker(taker: Claimant): void {
    this.#takers.add(taker)
  }

  removeTaker(taker: Claimant): void {
    this.#takers.remove(taker)
    // Woken, but interrupted before it took its message: the next one may.
    if (!taker.hasClaim) return
    taker.hasClaim = false
    this.#claims--
    this.#wakeReceivers()
  }

  #wakeReceivers(): void {
    for (let taker = this.#takers.first; taker !== undefined; taker = this.#takers.first) {
      if (this.available > 0) {
        taker.hasClaim = true
        this.#claims++
      } else if (!this.isEnded) return
      this.#takers.remove(taker)
      this.host.wake.deliver(taker)
    }
    this.#consumer?.endIfDone()
  }

  closeUnsafe(): void {
    if (this.#receiver !== "open") return
    this.#receiver = "closed"
    this.#afterClose()
  }

  dropUnsafe(): void {
    if (this.#receiver === "gone") return
    this.#receiver = "gone"
    // Before the room of what is dropped is given back: nobody may be granted any of it.
    this.permits.close()
    this.permits.vacate(this.#queue.length)
    this.#queue.clear()
    this.#afterClose()
  }

  #afterClose(): void {
    this.permits.close()
    this.closed.set(undefined)
    this.#wakeReceivers()
  }

  // Consuming

  consumeUnsafe(handle: Handle<T>, onEnd: (exit: Exit.Exit<void>) => void): Consumer<T> {
    const consumer = this.attachUnsafe(handle, onEnd)
    consumer.startUnsafe()
    return consumer
  }

  /** Without starting it. Throws where somebody consumes or waits already. */
  attachUnsafe(handle: Handle<T>, onEnd: (exit: Exit.Exit<void>) => void): Consumer<T> {
    if (this.#consumer !== undefined) throw new Error("the receiver is being consumed already")
    if (!this.#takers.isEmpty || this.#claims > 0) {
      throw new Error("the receiver is being polled and cannot be consumed beside it")
    }
    return this.#consumer = new Consumer<T>(this, handle, (exit) => {
      this.#consumer = undefined
      onEnd(exit)
    })
  }
}

/** @internal */
export const disconnected: Effect.Effect<never, Disconnected> = Effect.suspend(() =>
  Effect.fail(stackless(() => new Disconnected(), undefined))
)
