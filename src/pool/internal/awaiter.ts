/**
 * Somebody who awaits the end of the pool.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { Delivery } from "../../channel/internal/outbox.ts"
import type { Awaiter as Awaits, Message } from "../Message.ts"
import type { ShutdownReport } from "../Status.ts"
import type { AnyFiber } from "./borrow.ts"
import type { Core } from "./core.ts"

/** @internal */
export class Awaiter implements Awaits, Delivery {
  readonly fiber: AnyFiber
  readonly #core: Core
  readonly #resume: (effect: Effect.Effect<ShutdownReport>) => void
  #report: ShutdownReport | undefined
  hasLeft = false

  constructor(core: Core, fiber: AnyFiber, resume: (effect: Effect.Effect<ShutdownReport>) => void) {
    this.#core = core
    this.fiber = fiber
    this.#resume = resume
  }

  reply(report: ShutdownReport): void {
    this.#report = report
    this.#core.deliverAtEnd(this)
  }

  deliver(): void {
    this.#resume(Effect.succeed(this.#report!))
  }
}

/** Posts a message that is answered at the end. Interrupting it changes nothing about the shutdown. @internal */
export const awaitEnd = (core: Core, message: (awaiter: Awaiter) => Message): Effect.Effect<ShutdownReport> =>
  Effect.withFiber((fiber) =>
    Effect.callback<ShutdownReport>((resume) => {
      const awaiter = new Awaiter(core, fiber, resume)
      if (core.outcome === undefined) core.post(message(awaiter))
      else awaiter.reply(core.report())
      return Effect.sync(() => {
        awaiter.hasLeft = true
      })
    })
  )
