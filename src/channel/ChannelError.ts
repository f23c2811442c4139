/**
 * What channels answer when they cannot do what was asked.
 *
 * One class per reason. An error about a message carries the message back, so that nothing sent is ever lost silently.
 * None of them captures a JavaScript stack: they are answers, made on hot paths and in timers.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"

/**
 * The channel takes no more messages: the receiver has gone or has closed it, or this sender was dropped.
 *
 * **Details**
 *
 * `value` is the message that was not sent; `undefined` for a reservation, which had none.
 *
 * @category errors
 * @since 0.1.0
 */
export class Closed<out T> extends Data.TaggedError("Closed")<{ readonly value: unknown }> {
  declare readonly value: T
  constructor(args: { readonly value: T }) {
    super(args)
  }
  override get message(): string {
    return "the channel is closed"
  }
}

/**
 * There is no room right now; `value` is the message that was not sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class Full<out T> extends Data.TaggedError("Full")<{ readonly value: unknown }> {
  declare readonly value: T
  constructor(args: { readonly value: T }) {
    super(args)
  }
  override get message(): string {
    return "the channel is full"
  }
}

/**
 * No room was had within the timeout; `value` is the message that was not sent.
 *
 * @category errors
 * @since 0.1.0
 */
export class SendTimeout<out T> extends Data.TaggedError("SendTimeout")<{ readonly value: unknown }> {
  declare readonly value: T
  constructor(args: { readonly value: T }) {
    super(args)
  }
  override get message(): string {
    return "the channel had no room before the timeout"
  }
}

/**
 * There is nothing to take right now, but something may come.
 *
 * @category errors
 * @since 0.1.0
 */
export class Empty extends Data.TaggedError("Empty") {
  override get message(): string {
    return "the channel is empty"
  }
}

/**
 * There is nothing to take, and nothing will come any more.
 *
 * @category errors
 * @since 0.1.0
 */
export class Disconnected extends Data.TaggedError("Disconnected") {
  override get message(): string {
    return "the channel is empty and every sender has gone"
  }
}

/**
 * The sender left without an answer, or the answer was taken or refused before.
 *
 * @category errors
 * @since 0.1.0
 */
export class NoReply extends Data.TaggedError("NoReply") {
  override get message(): string {
    return "there is no reply to be had"
  }
}

/**
 * No answer came in time; `waited` is the timeout that ran out.
 *
 * @category errors
 * @since 0.1.0
 */
export class DeadlineExceeded extends Data.TaggedError("DeadlineExceeded")<{ readonly waited: Duration.Duration }> {
  override get message(): string {
    return "the deadline passed before the reply came"
  }
}
