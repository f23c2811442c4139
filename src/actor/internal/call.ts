/**
 * A call: a message that carries a oneshot, and three who may answer it. Each answer is a synchronous step on the same
 * cell, so exactly one of them counts.
 *
 * ```text
 * the behaviour   ── reply.send, fail, drop ──▶ ┐
 * the deadline    ── CallTimeout ─────────────▶ ├─ cell ──▶ the caller, if it is still there
 * the actor's end ── ActorStopped ────────────▶ ┘
 * ```
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { Cell } from "../../channel/internal/cell.ts"
import type { Deadline } from "../../channel/internal/deadlines.ts"
import { OneshotSender } from "../../channel/internal/oneshot.ts"
import { stackless } from "../../channel/internal/stackless.ts"
import { type Expiring, timeoutMillis } from "../../channel/internal/wake.ts"
import type * as Oneshot from "../../channel/Oneshot.ts"
import { ActorStopped, CallTimeout } from "../ActorError.ts"
import * as ExitReason from "../ExitReason.ts"
import type { Process } from "./process.ts"
import { Watcher } from "./watcher.ts"

const defaultTimeout = 5000

/** @internal */
export interface CallOptions {
  readonly timeout?: Duration.Input | "infinity" | undefined
}

/** @internal */
export const callProcess = <M, A, E>(
  process: Process<M>,
  make: (reply: Oneshot.Sender<A, E>) => M,
  options: CallOptions | undefined
): Effect.Effect<A, E | Oneshot.NoReply | CallTimeout | ActorStopped> =>
  Effect.suspend(() => {
    const timeout = options?.timeout ?? defaultTimeout
    const millis = timeout === "infinity" ? Infinity : timeoutMillis(timeout)
    if (!process.isAliveUnsafe) return Effect.fail(makeStopped(process, ExitReason.noProcess))
    const call = new PendingCall<M, A, E>(process, millis)
    // The guard stands before the message is sent: whoever is interrupted after that must refuse the reply.
    return Effect.onExitPrimitive(Effect.suspend(() => call.send(make)), () => call.leave())
  })

class PendingCall<M, A, E> extends Watcher implements Expiring {
  readonly #process: Process<M>
  readonly #millis: number
  readonly #cell: Cell<A, E | CallTimeout | ActorStopped>
  #deadline: Deadline<Expiring> | undefined

  constructor(process: Process<M>, millis: number) {
    super()
    this.#process = process
    this.#millis = millis
    this.#cell = new Cell(process.host)
  }

  send(make: (reply: Oneshot.Sender<A, E>) => M): Effect.Effect<A, E | Oneshot.NoReply | CallTimeout | ActorStopped> {
    const message = make(new OneshotSender(this.#cell))
    if (this.#process.trySend(message)) return this.#recv(this.#millis)
    return this.#sendLater(message)
  }

  #sendLater(message: M) {
    // One budget for both waits.
    const start = this.#process.host.now()
    const left = () => Math.max(0, this.#millis - (this.#process.host.now() - start))
    return Effect.matchEffect(this.#process.sendLater(message, this.#millis), {
      onSuccess: () => this.#recv(left()),
      onFailure: (refusal) => {
        if (refusal === "expired") return Effect.fail(this.#makeTimeout())
        this.#process.deadLetter(message)
        return this.#recv(left())
      }
    })
  }

  #recv(millis: number) {
    // An actor that answers in its first turn costs neither a watch nor a deadline.
    if (!this.#cell.isAnswered) {
      if (this.#process.isAliveUnsafe) this.#process.watch(this)
      else this.onEnd(this.#process.reason)
      if (millis !== Infinity) this.#deadline = this.#process.host.wake.expireAfter(millis, this)
    }
    // The cell itself was given no deadline.
    return this.#cell.recv(Infinity) as Effect.Effect<A, E | Oneshot.NoReply | CallTimeout | ActorStopped>
  }

  onEnd(reason: ExitReason.ExitReason): void {
    this.#cell.failUnsafe(Cause.fail(makeStopped(this.#process, reason)))
  }

  expire(): void {
    this.#cell.failUnsafe(Cause.fail(this.#makeTimeout()))
  }

  leave(): undefined {
    this.#cell.closeUnsafe()
    this.#process.unwatch(this)
    this.#process.host.wake.cancel(this.#deadline)
  }

  #makeTimeout(): CallTimeout {
    const { id, name } = this.#process
    const timeout = Duration.millis(this.#millis)
    return stackless((args) => new CallTimeout(args), { actor: id, name, timeout })
  }
}

const makeStopped = <M>(process: Process<M>, reason: ExitReason.ExitReason): ActorStopped =>
  stackless((args) => new ActorStopped(args), { actor: process.id, name: process.name, reason })
