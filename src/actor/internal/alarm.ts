/**
 * A message to self, later. It is its own entry in the mailbox, so that cancelling it works there too.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { Deadline } from "../../channel/internal/deadlines.ts"
import type { Expiring } from "../../channel/internal/wake.ts"
import type { Timer } from "../Actor.ts"
import { Notice, type Turn } from "./notice.ts"
import type { Process } from "./process.ts"

/** @internal */
export class AlarmNotice<M> extends Notice<M> implements Timer, Expiring {
  readonly #owner: Process<M>
  readonly #message: M
  #deadline: Deadline<Expiring> | undefined
  #isOver = false

  constructor(owner: Process<M>, millis: number, message: M) {
    super()
    this.#owner = owner
    this.#message = message
    if (!owner.adopt(this)) this.#isOver = true
    else if (millis !== Infinity) this.#deadline = owner.host.wake.expireAfter(millis, this)
  }

  get cancel(): Effect.Effect<void> {
    return Effect.sync(() => this.release())
  }

  get cancelUnsafe(): () => void {
    return () => this.release()
  }

  override release(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#owner.disown(this)
    this.#owner.host.wake.cancel(this.#deadline)
  }

  expire(): void {
    this.#owner.post(this)
  }

  receive(process: Process<M>): Turn {
    // Cancelled while it lay in the mailbox.
    if (this.#isOver) return
    this.release()
    return process.behavior.receive(this.#message, process.context)
  }

  /** It had been sent, so it is a dead letter like any other. */
  discard(process: Process<M>): void {
    if (!this.#isOver) process.deadLetter(this.#message)
  }
}
