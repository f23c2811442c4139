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

  monitorUnsafe(target: Target, onDown: (reason: ExitReason) => M): Monitor {
    return new MonitorNotice(this.#process, target, onDown)
  }

  monitor(target: Target, onDown: (reason: ExitReason) => M): Effect.Effect<Monitor> {
    return Effect.sync(() => this.monitorUnsafe(target, onDown))
  }

  linkUnsafe(ref: ActorRef<never>): void {
    link(this.#process.process, ref)
  }

  link(ref: ActorRef<never>): Effect.Effect<void> {
    return Effect.sync(() => this.linkUnsafe(ref))
  }

  unlinkUnsafe(ref: ActorRef<never>): void {
    unlink(this.#process.process, ref)
  }

  unlink(ref: ActorRef<never>): Effect.Effect<void> {
    return Effect.sync(() => this.unlinkUnsafe(ref))
  }

  sendAfterUnsafe(delay: Duration.Input, message: M): Timer {
    return new AlarmNotice(this.#process, timeoutMillis(delay), message)
  }

  sendAfter(delay: Duration.Input, message: M): Effect.Effect<Timer> {
    return Effect.sync(() => this.sendAfterUnsafe(delay, message))
  }
}
