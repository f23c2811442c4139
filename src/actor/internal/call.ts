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
import { type AnyFiber, evaluatedByItself, inSameStep, Operation } from "../../channel/internal/operation.ts"
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

type Reply<A, E> = Effect.Effect<A, E | Oneshot.NoReply | CallTimeout | ActorStopped>

/** @internal */
export const callOf = <M, A, E>(
  process: Process<M>,
  make: (reply: Oneshot.Sender<A, E>) => M,
  options: CallOptions | undefined
): Reply<A, E> => new Call(process, make, options)

/** A call that was not made yet: each evaluation is a call of its own. */
class Call<M, A, E> extends Operation<A, E | Oneshot.NoReply | CallTimeout | ActorStopped> {
  readonly #process: Process<M>
  readonly #make: (reply: Oneshot.Sender<A, E>) => M
  readonly #options: CallOptions | undefined

  constructor(process: Process<M>, make: (reply: Oneshot.Sender<A, E>) => M, options: CallOptions | undefined) {
    super()
    this.#process = process
    this.#make = make
    this.#options = options
  }

  /** One step, if the actor answers in the turn that begins with the message. */
  evaluate(fiber: AnyFiber): Reply<A, E> {
    const process = this.#process
    const millis = this.#millis()
    if (!process.isAliveUnsafe) return Effect.fail(makeStopped(process, ExitReason.noProcess))
    const cell = new Cell<A, E | CallTimeout | ActorStopped>(process.host)
    const message = this.#messageFor(cell)
    const isSent = process.trySend(message)
    if (cell.isAnswered) return cell.takeUnsafe(fiber)
    const call = new PendingCall(process, cell, millis)
    const reply = isSent ? call.recv(millis) : call.sendLater(message)
    // The guard stands in the step in which the message was sent: whoever is interrupted after that refuses the reply.
    return inSameStep(Effect.onExitPrimitive(reply, () => call.leave()), fiber)
  }

  #millis(): number {
    const timeout = this.#options?.timeout
    return timeout === undefined ? defaultTimeout : timeout === "infinity" ? Infinity : timeoutMillis(timeout)
  }

  #messageFor(cell: Cell<A, E | CallTimeout | ActorStopped>): M {
    const make = this.#make
    try {
      return make(new OneshotSender(cell))
    } catch (defect) {
      // What it may have done with the reply before it threw comes to nothing.
      cell.closeUnsafe()
      throw defect
    }
  }
}

evaluatedByItself("Call", Call)

/** One that was not answered at once. */
class PendingCall<M, A, E> extends Watcher implements Expiring {
  readonly #process: Process<M>
  readonly #cell: Cell<A, E | CallTimeout | ActorStopped>
  readonly #millis: number
  #deadline: Deadline<Expiring> | undefined

  constructor(process: Process<M>, cell: Cell<A, E | CallTimeout | ActorStopped>, millis: number) {
    super()
    this.#process = process
    this.#cell = cell
    this.#millis = millis
  }

  sendLater(message: M): Reply<A, E> {
    // One budget for both waits.
    const start = this.#process.host.now()
    const left = () => Math.max(0, this.#millis - (this.#process.host.now() - start))
    return Effect.matchEffect(this.#process.sendLater(message, this.#millis), {
      onSuccess: () => this.recv(left()),
      onFailure: (refusal) => {
        if (refusal === "expired") return Effect.fail(this.#makeTimeout())
        this.#process.deadLetter(message)
        return this.recv(left())
      }
    })
  }

  recv(millis: number): Reply<A, E> {
    // While it waited for room the actor may have answered in its first turn.
    if (!this.#cell.isAnswered) {
      if (this.#process.isAliveUnsafe) this.#process.watchers.add(this)
      else this.onEnd(this.#process.reason)
      if (millis !== Infinity) this.#deadline = this.#process.host.wake.expireAfter(millis, this)
    }
    // The cell itself was given no deadline.
    return Effect.withFiber((fiber) => this.#cell.recvUnsafe(Infinity, fiber) as Reply<A, E>)
  }

  onEnd(reason: ExitReason.ExitReason): void {
    this.#cell.failUnsafe(Cause.fail(makeStopped(this.#process, reason)))
  }

  expire(): void {
    this.#cell.failUnsafe(Cause.fail(this.#makeTimeout()))
  }

  leave(): undefined {
    this.#cell.closeUnsafe()
    this.#process.watchers.remove(this)
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
