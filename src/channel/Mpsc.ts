/**
 * Many senders, one receiver, and room for so many messages. After Tokio's `sync::mpsc`, with its words.
 *
 * ```text
 *   Sender ──┐ send · trySend · sendTimeout            ┌── recv · recvMany · tryRecv · stream
 *   Sender ──┼──────────▶ │ m │ m │ m │   │ ──▶ Receiver ┤        or
 *   Permit ──┘ send       └─ capacity ────┘            └── consume(handle)
 * ```
 *
 * **Disconnection**
 *
 * When the last sender is dropped, the receiver drains what is buffered and then fails with {@link Disconnected}. A
 * permit that is outstanding, and a send that was waiting before its sender was dropped, keep the channel open. When
 * the receiver has closed the channel or is dropped, every send fails with {@link Closed}, which carries the message
 * back.
 *
 * **Clean Shutdown**
 *
 * The receiver first calls `close`, which refuses new sends; then it receives until `Disconnected`. Nothing that was
 * accepted is lost.
 *
 * **Fairness**
 *
 * Who waits for room is served first come, first served. While somebody waits there is no room for anybody else:
 * `capacity` is 0 and `trySend` answers `Full`. A large `reserveMany` at the head of the line is not overtaken.
 * Fibers that wait in `recv` are served in order, too.
 *
 * **Cancel safety**
 *
 * Interrupting any operation loses no message, no permit and nobody's place. A send that was interrupted was not sent.
 *
 * **Communicating between sync and async code**
 *
 * `trySendUnsafe` sends from where no Effect can be run; on an unbounded channel it only fails when the channel is
 * closed.
 *
 * **Who runs what**
 *
 * A fiber that waits is always woken by a task of the scheduler that the channel was made with, never on the stack of
 * whoever sent or received. Timeouts are measured by the clock the channel was made with.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Closed, Disconnected, Empty, Full, SendTimeout } from "./ChannelError.ts"
import { Chan } from "./internal/chan.ts"
import { Host } from "./internal/host.ts"
import { ReceiverHandle } from "./internal/receiver.ts"
import { SenderHandle } from "./internal/sender.ts"

export { Closed, Disconnected, Empty, Full, SendTimeout } from "./ChannelError.ts"

/**
 * The end that sends. `clone` it for each who sends, and `drop` each clone.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sender<in out T> {
  /**
   * Sends a message, waiting for room, first come first served.
   *
   * **Cancel safety**
   *
   * Interrupted, the message was not sent and the place in line is given up. To keep the place and decide about the
   * message later, use `reserve`.
   *
   * @category sending
   * @since 0.1.0
   */
  readonly send: (message: T) => Effect.Effect<void, Closed<T>>
  /**
   * Sends a message if there is room and nobody waits for it.
   *
   * @category sending
   * @since 0.1.0
   */
  readonly trySend: (message: T) => Effect.Effect<void, Full<T> | Closed<T>>
  /**
   * The synchronous twin of `trySend`: `undefined` when the message was sent, or else why not.
   *
   * **Gotchas**
   *
   * If the receiver is being consumed and idle, the message is handled on the caller's stack.
   *
   * @category sending
   * @since 0.1.0
   */
  readonly trySendUnsafe: (message: T) => Full<T> | Closed<T> | undefined
  /**
   * Sends a message, waiting for room at most `timeout`.
   *
   * **Details**
   *
   * `0` sends if there is room, and otherwise fails with {@link SendTimeout} at once. A negative timeout, or one that
   * is not a number, dies. If room comes at the same instant, the first of the two wins.
   *
   * **Cancel safety**
   *
   * As for `send`.
   *
   * @category sending
   * @since 0.1.0
   */
  readonly sendTimeout: (message: T, timeout: Duration.Input) => Effect.Effect<void, SendTimeout<T> | Closed<T>>
  /**
   * Waits for room for one message, to be sent later without waiting.
   *
   * **Details**
   *
   * The permit ends when it is used, when it is dropped, or when its scope closes.
   *
   * **Cancel safety**
   *
   * Interrupted, no permit is held and the place in line is given up.
   *
   * **Example** (Room first, message later)
   *
   * ```ts
   * import { Effect } from "effect"
   * import { Mpsc } from "whitepool/channel"
   *
   * const program = Effect.scoped(Effect.gen(function*() {
   *   const [sender, receiver] = yield* Mpsc.bounded<string>(1)
   *   const permit = yield* sender.reserve
   *   const refused = yield* Effect.flip(sender.trySend("too early"))
   *   yield* permit.send("the room was mine")
   *   return [refused._tag, yield* receiver.recv]
   * }))
   *
   * console.log(await Effect.runPromise(program)) // => [ 'Full', 'the room was mine' ]
   * ```
   *
   * @category sending
   * @since 0.1.0
   */
  readonly reserve: Effect.Effect<Permit<T>, Closed<void>, Scope.Scope>
  /**
   * Waits until there is room for `n` messages at once.
   *
   * **Details**
   *
   * More than `maxCapacity` can never be had and fails with {@link Closed} at once; `0` gives no permits; what is not a
   * natural number dies. While it waits at the head of the line, nobody behind it is served.
   *
   * **Cancel safety**
   *
   * As for `reserve`.
   *
   * @category sending
   * @since 0.1.0
   */
  readonly reserveMany: (n: number) => Effect.Effect<ReadonlyArray<Permit<T>>, Closed<void>, Scope.Scope>
  /**
   * Room for one message, if there is some and nobody waits for it.
   *
   * @category sending
   * @since 0.1.0
   */
  readonly tryReserve: Effect.Effect<Permit<T>, Full<void> | Closed<void>, Scope.Scope>
  /**
   * Ends when the receiver has gone or has closed the channel; at once if this sender was dropped.
   *
   * **When to use**
   *
   * To give up producing what nobody will receive.
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
   * Whether a send would fail with {@link Closed}.
   *
   * @category getters
   * @since 0.1.0
   */
  readonly isClosed: Effect.Effect<boolean>
  /**
   * The room that a newcomer may have now: 0 while somebody waits, `Infinity` for an unbounded channel.
   *
   * @category getters
   * @since 0.1.0
   */
  readonly capacity: Effect.Effect<number>
  /**
   * The room in all; `Infinity` for an unbounded channel.
   *
   * @category getters
   * @since 0.1.0
   */
  readonly maxCapacity: number
  /**
   * Another sender for the same channel, to be dropped on its own. The clone of a dropped sender is dropped.
   *
   * @category sending
   * @since 0.1.0
   */
  readonly clone: Effect.Effect<Sender<T>>
  /**
   * Gives this sender up; its later operations fail with {@link Closed}. Idempotent.
   *
   * **Details**
   *
   * A send that waits already goes on waiting, and keeps the channel open until it has ended.
   *
   * @category sending
   * @since 0.1.0
   */
  readonly drop: Effect.Effect<void>
  /**
   * A sender that does not keep the channel open. That of a dropped sender never upgrades.
   *
   * @category sending
   * @since 0.1.0
   */
  readonly downgrade: Effect.Effect<WeakSender<T>>
  /**
   * Whether both send to the same receiver.
   *
   * @category getters
   * @since 0.1.0
   */
  readonly sameChannel: (that: Sender<T>) => boolean
  /**
   * How many senders are not dropped.
   *
   * @category getters
   * @since 0.1.0
   */
  readonly strongCount: Effect.Effect<number>
  /**
   * How many weak senders are not dropped.
   *
   * @category getters
   * @since 0.1.0
   */
  readonly weakCount: Effect.Effect<number>
}

/**
 * A sender that does not keep its channel open.
 *
 * @category models
 * @since 0.1.0
 */
export interface WeakSender<in out T> {
  /**
   * A sender, as long as another one lives. The weak sender stays.
   *
   * @category sending
   * @since 0.1.0
   */
  readonly upgrade: Effect.Effect<Option.Option<Sender<T>>>
  /**
   * Gives this weak sender up; it upgrades no more. Idempotent.
   *
   * @category sending
   * @since 0.1.0
   */
  readonly drop: Effect.Effect<void>
}

/**
 * Room for one message. It keeps its channel open, but does not let a weak sender upgrade.
 *
 * @category models
 * @since 0.1.0
 */
export interface Permit<in T> {
  /**
   * Sends a message. It never waits and never fails; if the receiver was dropped, the message is dropped silently.
   *
   * **Gotchas**
   *
   * A permit is used once: a second `send`, or one after `drop` or after the end of its scope, dies.
   *
   * @category sending
   * @since 0.1.0
   */
  readonly send: (message: T) => Effect.Effect<void>
  /**
   * Gives the room back. After the permit has ended: nothing.
   *
   * @category sending
   * @since 0.1.0
   */
  readonly drop: Effect.Effect<void>
}

/**
 * The end that receives.
 *
 * @category models
 * @since 0.1.0
 */
export interface Receiver<out T> {
  /**
   * Takes the oldest message, waiting for one.
   *
   * **Details**
   *
   * Several fibers may wait at once; they are served first come, first served. After `close`, {@link Disconnected}
   * comes only when outstanding permits have been used or dropped.
   *
   * **Cancel safety**
   *
   * Interrupted, no message was taken. One that had woken this fiber goes to the next one, in its old place.
   *
   * @category receiving
   * @since 0.1.0
   */
  readonly recv: Effect.Effect<T, Disconnected>
  /**
   * Takes up to `max` messages, at least one, waiting for the first. `max` 0 gives none at once.
   *
   * **Cancel safety**
   *
   * As for `recv`.
   *
   * @category receiving
   * @since 0.1.0
   */
  readonly recvMany: (max: number) => Effect.Effect<ReadonlyArray<T>, Disconnected>
  /**
   * Takes the oldest message that is spoken for by no waiting fiber.
   *
   * @category receiving
   * @since 0.1.0
   */
  readonly tryRecv: Effect.Effect<T, Empty | Disconnected>
  /**
   * Refuses new sends; waiting ones fail with `Closed(message)`. What is buffered or permitted still arrives.
   *
   * @category receiving
   * @since 0.1.0
   */
  readonly close: Effect.Effect<void>
  /**
   * Gives the receiver up: every sender sees {@link Closed}, and what is buffered is dropped. Idempotent.
   *
   * @category receiving
   * @since 0.1.0
   */
  readonly drop: Effect.Effect<void>
  /**
   * How many messages are in the channel, those included that have woken a fiber which has not taken them yet.
   *
   * @category getters
   * @since 0.1.0
   */
  readonly length: Effect.Effect<number>
  /**
   * Whether `length` is 0.
   *
   * @category getters
   * @since 0.1.0
   */
  readonly isEmpty: Effect.Effect<boolean>
  /**
   * Whether no new send can succeed: the receiver closed the channel, or every sender and permit has gone.
   *
   * @category getters
   * @since 0.1.0
   */
  readonly isClosed: Effect.Effect<boolean>
  /**
   * How many senders are not dropped.
   *
   * @category getters
   * @since 0.1.0
   */
  readonly senderStrongCount: Effect.Effect<number>
  /**
   * The messages as a stream that ends where `recv` would fail with {@link Disconnected}.
   *
   * **Cancel safety**
   *
   * It takes one message at a time, and none before it is asked for one. An interrupted pull has taken no message; but
   * most of Effect's stream operators may be interrupted with an element in hand, which is then lost with the stream.
   * Where that matters, loop over `recv`.
   *
   * @category receiving
   * @since 0.1.0
   */
  readonly stream: Stream.Stream<T>
  /**
   * Consumer mode, until the scope closes: `handle` is called once per message, and runs to completion.
   *
   * **Details**
   *
   * A message that finds the consumer idle is handled at once, on its sender's own stack. One that comes during a turn
   * is queued, and handled when that turn ends. An Effect that `handle` returns is part of the turn; it runs on a
   * fiber of the consumer's own, with the context of whoever made the channel. Room is given back when a message is
   * taken to be handled. Beyond 2048 turns in one go, or 64 consumers deep in each other's sends, the rest is handled
   * by a task of the scheduler, for the sake of everybody else.
   *
   * A throw or a failure never reaches the sender: it drops the receiver.
   *
   * The inner Effect ends with the consumer: with `void` when the scope closes, and when nothing can come any more (the
   * receiver was closed or dropped, or all senders are gone, and what was queued is handled); with the failure when a
   * turn failed.
   *
   * When the scope closes in the middle of a synchronous turn, that turn is finished. An Effect turn is interrupted,
   * and the closing waits for its end, unless that very turn is what closes the scope. Its message is gone; those
   * behind it stay, and can be polled.
   *
   * **Gotchas**
   *
   * One at a time: a second `consume`, or any receiving beside one, dies.
   *
   * **Example** (An actor in a few lines)
   *
   * ```ts
   * import { Effect } from "effect"
   * import { Mpsc } from "whitepool/channel"
   *
   * const program = Effect.scoped(Effect.gen(function*() {
   *   const [sender, receiver] = yield* Mpsc.unbounded<number>()
   *   let sum = 0
   *   yield* receiver.consume((n) => {
   *     sum += n
   *   })
   *   yield* sender.send(3)
   *   yield* sender.send(4)
   *   return sum
   * }))
   *
   * console.log(await Effect.runPromise(program)) // => 7
   * ```
   *
   * @category receiving
   * @since 0.1.0
   */
  readonly consume: (
    handle: (message: T) => void | Effect.Effect<void>
  ) => Effect.Effect<Effect.Effect<Exit.Exit<void>>, never, Scope.Scope>
}

/**
 * A channel that holds at most `capacity` messages; senders wait for room, first come first served.
 *
 * **Gotchas**
 *
 * A capacity that is not a positive integer dies.
 *
 * **Example** (Send, drop, drain)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Mpsc } from "whitepool/channel"
 *
 * const program = Effect.gen(function*() {
 *   const [sender, receiver] = yield* Mpsc.bounded<number>(8)
 *   yield* sender.send(1)
 *   yield* sender.send(2)
 *   yield* sender.drop
 *   const first = yield* receiver.recv
 *   const second = yield* receiver.recv
 *   const end = yield* Effect.flip(receiver.recv)
 *   return [first, second, end._tag]
 * })
 *
 * console.log(await Effect.runPromise(program)) // => [ 1, 2, 'Disconnected' ]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const bounded = <T>(capacity: number): Effect.Effect<readonly [Sender<T>, Receiver<T>]> =>
  Effect.withFiberSucceed((fiber) => {
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new RangeError(`the capacity of a bounded channel is a positive integer, got ${capacity}`)
    }
    return handles(new Chan<T>(Host.of(fiber.context), capacity))
  })

/**
 * A channel that always has room. Its senders never wait.
 *
 * **Gotchas**
 *
 * Nothing slows a sender down that is faster than the receiver.
 *
 * @category constructors
 * @since 0.1.0
 */
export const unbounded = <T>(): Effect.Effect<readonly [Sender<T>, Receiver<T>]> =>
  Effect.withFiberSucceed((fiber) => handles(new Chan<T>(Host.of(fiber.context), Infinity)))

const handles = <T>(
  chan: Chan<T>
): readonly [Sender<T>, Receiver<T>] => [new SenderHandle(chan, false), new ReceiverHandle(chan)]
