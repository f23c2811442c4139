/**
 * Somebody who awaits the end of the pool.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { Delivery } from "../../channel/internal/outbox.ts"
import type { Awaiter as Awaits, AwaitShutdown, Shutdown } from "../Message.ts"
import type { ShutdownReport } from "../Status.ts"
import type { AnyFiber } from "./borrow.ts"
import type { Front } from "./front.ts"

/** @internal */
export class Awaiter implements Awaits, Delivery {
  readonly fiber: AnyFiber
  readonly #front: Front
  readonly #resume: (effect: Effect.Effect<ShutdownReport>) => void
  #report: ShutdownReport | undefined
  hasLeft = false

  constructor(front: Front, fiber: AnyFiber, resume: (effect: Effect.Effect<ShutdownReport>) => void) {
    this.#front = front
    this.fiber = fiber
    this.#resume = resume
  }

  /** By the machine. The front delivers it when nothing is left. */
  reply(report: ShutdownReport): void {
    this.#report = report
  }

  deliver(): void {
    this.#resume(Effect.succeed(this.#report ?? this.#front.report()))
  }
}

/** Posts a message that is answered at the end. Interrupting it changes nothing about the shutdown. @internal */
export const awaitEnd = (
  front: Front,
  message: (awaiter: Awaiter) => Shutdown | AwaitShutdown
): Effect.Effect<ShutdownReport> =>
  Effect.withFiber((fiber) =>
    Effect.callback<ShutdownReport>((resume) => {
      const awaiter = new Awaiter(front, fiber, resume)
      front.awaitEnd(awaiter, message(awaiter))
      return Effect.sync(() => {
        awaiter.hasLeft = true
        front.forget(awaiter)
      })
    })
  )
