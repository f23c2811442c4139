/**
 * What an actor's behaviour can do about itself.
 *
 * @internal
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { timeoutMillis } from "../../channel/internal/wake.ts"
import type { ActorRef, Context, Monitor, Target, Timer } from "../Actor.ts"
import type { ExitReason } from "../ExitReason.ts"
import { AlarmNotice } from "./alarm.ts"
import { link, unlink } from "./link.ts"
import { MonitorNotice } from "./monitor.ts"
import type { Process } from "./process.ts"

/** @internal */
export class ProcessContext<M> implements Context<M> {
  readonly #process: Process<M>

  constructor(process: Process<M>) {
    this.#process = process
  }

  get self(): ActorRef<M> {
    return this.#process
  }

  // Getters, as in `Process`.

  get monitorUnsafe(): (target: Target, onDown: (reason: ExitReason) => M) => Monitor {
    return (target, onDown) => new MonitorNotice(this.#process, target, onDown)
  }

  get monitor(): (target: Target, onDown: (reason: ExitReason) => M) => Effect.Effect<Monitor> {
    return (target, onDown) => Effect.sync(() => this.monitorUnsafe(target, onDown))
  }

  get linkUnsafe(): (ref: ActorRef<never>) => void {
    return (ref) => link(this.#process.process, ref)
  }

  get link(): (ref: ActorRef<never>) => Effect.Effect<void> {
    return (ref) => Effect.sync(() => this.linkUnsafe(ref))
  }

  get unlinkUnsafe(): (ref: ActorRef<never>) => void {
    return (ref) => unlink(this.#process.process, ref)
  }

  get unlink(): (ref: ActorRef<never>) => Effect.Effect<void> {
    return (ref) => Effect.sync(() => this.unlinkUnsafe(ref))
  }

  get sendAfterUnsafe(): (delay: Duration.Input, message: M) => Timer {
    return (delay, message) => new AlarmNotice(this.#process, timeoutMillis(delay), message)
  }

  get sendAfter(): (delay: Duration.Input, message: M) => Effect.Effect<Timer> {
    return (delay, message) => Effect.sync(() => this.sendAfterUnsafe(delay, message))
  }
}
