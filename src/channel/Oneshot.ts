/**
 * One answer, from one sender to one receiver, with an optional deadline. After Tokio's `sync::oneshot`.
 *
 * **Who has the value**
 *
 * A `Deferred` does not know whether anybody still waits for it. A oneshot does: at the very instant at which its
 * receiver times out, is interrupted or closes, it begins to refuse, and `send` hands the value back to whoever
 * brought it. So an answer that holds something (a connection, a lock) is never stranded between two fibers.
 *
 * Of an answer and a deadline, or an answer and an interruption, the first one wins and the other one learns it.
 *
 * **Disconnection**
 *
 * When the sender is dropped without an answer, the receiver fails with {@link NoReply}.
 *
 * **Deadlines**
 *
 * Deadlines are measured by the clock of whoever *made* the oneshot. All oneshots of one context share one timer.
 *
 * **Cancel safety**
 *
 * An interrupted `recv` closes the oneshot. An answer that came before the interruption, but was not taken yet, can be
 * taken with `tryRecv`.
 *
 * @since 0.1.0
 */
import type * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { DeadlineExceeded, Empty, NoReply } from "./ChannelError.ts"
import * as internal from "./internal/oneshot.ts"

export { DeadlineExceeded, NoReply } from "./ChannelError.ts"

/**
 * The end that answers, once. It never waits.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sender<in out A, in E = never> {
  /**
   * Answers with a value.
   *
   * **Details**
   *
   * `None`: delivered. `Some(value)`: the receiver has gone, or was answered before, and here is the value back.
   *
   * **Gotchas**
   *
   * Delivered is not yet taken: a receiver that is interrupted between the two leaves the value in the oneshot, where
   * `tryRecv` finds it.
   *
   * @category sending
   * @since 0.1.0
   */
  readonly send: (value: A) => Effect.Effect<Option.Option<A>>
  /**
   * The synchronous twin of `send`.
   *
   * @category sending
   * @since 0.1.0
   */
  readonly sendUnsafe: (value: A) => Option.Option<A>
  /**
   * Answers with a failure; `false` when the receiver has gone, or was answered before.
   *
   * @category sending
   * @since 0.1.0
   */
  readonly fail: (cause: Cause.Cause<E>) => Effect.Effect<boolean>
  /**
   * The synchronous twin of `fail`.
   *
   * @category sending
   * @since 0.1.0
   */
  readonly failUnsafe: (cause: Cause.Cause<E>) => boolean
  /**
   * Leaves without an answer: the receiver fails with {@link NoReply}. Does nothing after an answer.
   *
   * @category sending
   * @since 0.1.0
   */
  readonly drop: Effect.Effect<void>
  /**
   * Ends when the receiver has gone: it timed out, was interrupted, closed, or took its answer.
   *
   * **When to use**
   *
   * To give up work whose result nobody waits for any more.
   *
   * **Cancel safety**
   *
   * It takes nothing; interrupting it loses nothing.
   *
   * @category sending
   * @since 0.1.0
   */
  readonly closed: Effect.Effect<void>
  /**
   * Whether the receiver has gone.
   *
   * @category sending
   * @since 0.1.0
   */
  readonly isClosed: Effect.Effect<boolean>
}

/**
 * The end that waits for the answer.
 *
 * @category models
 * @since 0.1.0
 */
export interface Receiver<out A, out E = never> {
  /**
   * Waits for the answer, at most `timeout`. Once only: a second `recv` dies.
   *
   * **Details**
   *
   * From the instant at which the timeout has passed the oneshot refuses every answer. `timeout: 0` takes an answer
   * that is there already; a negative one, or one that is not a number, dies. `Duration.infinity` is no timeout.
   *
   * **Cancel safety**
   *
   * Interrupted, it closes the oneshot: a later `send` gives its value back. What was sent before the interruption,
   * and was not taken yet, can be had with `tryRecv`.
   *
   * @category receiving
   * @since 0.1.0
   */
  readonly recv: (
    options?: { readonly timeout?: Duration.Input | undefined }
  ) => Effect.Effect<A, E | NoReply | DeadlineExceeded>
  /**
   * Takes the answer if it is there.
   *
   * **Details**
   *
   * Fails with `Empty` while there is none, and while the answer is on its way to a waiting `recv`. Fails with
   * {@link NoReply} when none will come, and when it was taken before.
   *
   * @category receiving
   * @since 0.1.0
   */
  readonly tryRecv: Effect.Effect<A, E | NoReply | Empty>
  /**
   * Refuses any later answer. One that was already sent can still be taken with `tryRecv`.
   *
   * @category receiving
   * @since 0.1.0
   */
  readonly close: Effect.Effect<void>
}

/**
 * Makes a oneshot.
 *
 * **Example** (A value that comes too late)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Oneshot } from "whitepool/channel"
 *
 * const program = Effect.gen(function*() {
 *   const [sender, receiver] = yield* Oneshot.make<string>()
 *   const error = yield* Effect.flip(receiver.recv({ timeout: "10 millis" }))
 *   const back = yield* sender.send("a connection")
 *   return [error._tag, back._tag]
 * })
 *
 * console.log(await Effect.runPromise(program)) // => [ 'DeadlineExceeded', 'Some' ]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A, E = never>(): Effect.Effect<readonly [Sender<A, E>, Receiver<A, E>]> => internal.make()
