/**
 * The two handles of a `Cell`, and the way to make them inside a turn, with the host of whoever owns the turn.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { DeadlineExceeded, Empty, NoReply } from "../ChannelError.ts"
import type * as Oneshot from "../Oneshot.ts"
import { Cell } from "./cell.ts"
import { Host } from "./host.ts"
import { type AnyFiber, evaluatedByItself, handOn, Operation } from "./operation.ts"
import { timeoutMillis } from "./wake.ts"

class Send<A, E> extends Operation<Option.Option<A>> {
  readonly #sender: OneshotSender<A, E>
  readonly #value: A

  constructor(sender: OneshotSender<A, E>, value: A) {
    super()
    this.#sender = sender
    this.#value = value
  }

  evaluate(fiber: AnyFiber): Effect.Effect<Option.Option<A>> {
    return handOn(this.#sender.sendUnsafe(this.#value), fiber)
  }
}

evaluatedByItself("Send", Send)

/** @internal */
export class OneshotSender<A, E> implements Oneshot.Sender<A, E> {
  readonly #cell: Cell<A, E>

  constructor(cell: Cell<A, E>) {
    this.#cell = cell
  }

  sendUnsafe(value: A): Option.Option<A> {
    return this.#cell.succeedUnsafe(value) ? Option.none() : Option.some(value)
  }

  failUnsafe(cause: Cause.Cause<E>): boolean {
    return this.#cell.failUnsafe(cause)
  }

  send(value: A): Effect.Effect<Option.Option<A>> {
    return new Send(this, value)
  }

  fail(cause: Cause.Cause<E>): Effect.Effect<boolean> {
    return Effect.sync(() => this.#cell.failUnsafe(cause))
  }

  get drop(): Effect.Effect<void> {
    return Effect.sync(() => this.#cell.dropUnsafe())
  }

  get closed(): Effect.Effect<void> {
    return Effect.suspend(() => this.#cell.closed)
  }

  get isClosed(): Effect.Effect<boolean> {
    return Effect.sync(() => this.#cell.isClosed)
  }
}

class Recv<A, E> extends Operation<A, E | NoReply | DeadlineExceeded> {
  readonly #cell: Cell<A, E>
  readonly #timeout: Duration.Input | undefined

  constructor(cell: Cell<A, E>, timeout: Duration.Input | undefined) {
    super()
    this.#cell = cell
    this.#timeout = timeout
  }

  evaluate(fiber: AnyFiber): Effect.Effect<A, E | NoReply | DeadlineExceeded> {
    return this.#cell.recvUnsafe(this.#timeout === undefined ? Infinity : timeoutMillis(this.#timeout), fiber)
  }
}

evaluatedByItself("Recv", Recv)

class OneshotReceiver<A, E> implements Oneshot.Receiver<A, E> {
  readonly #cell: Cell<A, E>

  constructor(cell: Cell<A, E>) {
    this.#cell = cell
  }

  recv(
    options?: { readonly timeout?: Duration.Input | undefined }
  ): Effect.Effect<A, E | NoReply | DeadlineExceeded> {
    return new Recv(this.#cell, options?.timeout)
  }

  get tryRecv(): Effect.Effect<A, E | NoReply | Empty> {
    return this.#cell.tryRecv()
  }

  get close(): Effect.Effect<void> {
    return Effect.sync(() => this.#cell.closeUnsafe())
  }
}

/** The two ends. @internal */
export const pairOf = <A, E>(cell: Cell<A, E>): readonly [Oneshot.Sender<A, E>, Oneshot.Receiver<A, E>] => [
  new OneshotSender(cell),
  new OneshotReceiver(cell)
]

/** One for all: each evaluation makes a oneshot. */
const making = Effect.withFiberSucceed((fiber) => pairOf(new Cell<unknown, unknown>(Host.of(fiber.context))))

/** @internal */
export const make = <A, E>(): Effect.Effect<readonly [Oneshot.Sender<A, E>, Oneshot.Receiver<A, E>]> =>
  making as Effect.Effect<readonly [Oneshot.Sender<A, E>, Oneshot.Receiver<A, E>]>
