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
import type { Host } from "./host.ts"
import { timeoutMillis } from "./wake.ts"

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
    return Effect.sync(() => this.sendUnsafe(value))
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

class OneshotReceiver<A, E> implements Oneshot.Receiver<A, E> {
  readonly #cell: Cell<A, E>

  constructor(cell: Cell<A, E>) {
    this.#cell = cell
  }

  recv(
    options?: { readonly timeout?: Duration.Input | undefined }
  ): Effect.Effect<A, E | NoReply | DeadlineExceeded> {
    const timeout = options?.timeout
    if (timeout === undefined) return this.#cell.recv(Infinity)
    return Effect.suspend(() => this.#cell.recv(timeoutMillis(timeout)))
  }

  get tryRecv(): Effect.Effect<A, E | NoReply | Empty> {
    return this.#cell.tryRecv()
  }

  get close(): Effect.Effect<void> {
    return Effect.sync(() => this.#cell.closeUnsafe())
  }
}

/** @internal */
export const makeUnsafe = <A, E = never>(
  host: Host
): { readonly cell: Cell<A, E>; readonly sender: Oneshot.Sender<A, E>; readonly receiver: Oneshot.Receiver<A, E> } => {
  const cell = new Cell<A, E>(host)
  return { cell, sender: new OneshotSender(cell), receiver: new OneshotReceiver(cell) }
}
