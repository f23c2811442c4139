/**
 * One watch, of a fiber or of an actor, by one actor. It is its own `Down` message: what it costs is this object and
 * one observer.
 *
 * ```text
 * watching ──the target ends──▶ down (in the mailbox) ──its turn──▶ over
 *     └────────── demonitor, or the owner's end ──────────────────▶ over
 * ```
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Monitor, Target } from "../Actor.ts"
import * as ExitReason from "../ExitReason.ts"
import { Notice, type Turn } from "./notice.ts"
import type { Process } from "./process.ts"
import { processOf } from "./target.ts"
import { Watcher } from "./watcher.ts"

/** @internal */
export class MonitorNotice<M> extends Notice<M> implements Monitor {
  readonly #owner: Process<M>
  readonly #onDown: (reason: ExitReason.ExitReason) => M
  #state: "watching" | "down" | "over" = "watching"
  /** Takes the observer off the target. */
  #unwatch: (() => void) | undefined
  #reason: ExitReason.ExitReason = ExitReason.noProcess

  constructor(owner: Process<M>, target: Target, onDown: (reason: ExitReason.ExitReason) => M) {
    super()
    this.#owner = owner
    this.#onDown = onDown
    const watched = Fiber.isFiber(target) ? target : processOf(target)
    if (!owner.adopt(this)) {
      this.#state = "over"
      return
    }
    // A target that is already dead calls back at once.
    this.#unwatch = Fiber.isFiber(watched)
      ? watched.addObserver((exit) => this.down(ExitReason.fromExit(exit)))
      : watchProcess(watched, this)
  }

  get demonitor(): Effect.Effect<void> {
    return Effect.sync(() => this.release())
  }

  get demonitorUnsafe(): () => void {
    return () => this.release()
  }

  override release(): void {
    if (this.#state === "over") return
    const unwatch = this.#unwatch
    this.#over()
    unwatch?.()
  }

  receive(process: Process<M>): Turn {
    // Demonitored while the message lay in the mailbox.
    if (this.#state === "over") return
    this.#over()
    return process.behavior.receive(this.#onDown(this.#reason), process.context)
  }

  discard(): void {}

  /** Called by the target's fiber as an observer: it must not throw, or later observers would not run. */
  down(reason: ExitReason.ExitReason): void {
    if (this.#state !== "watching") return
    this.#state = "down"
    this.#reason = reason
    this.#owner.post(this)
  }

  #over(): void {
    this.#state = "over"
    this.#unwatch = undefined
    this.#owner.disown(this)
  }
}

class MonitorWatcher extends Watcher {
  readonly #monitor: MonitorNotice<never>

  constructor(monitor: MonitorNotice<never>) {
    super()
    this.#monitor = monitor
  }

  onEnd(reason: ExitReason.ExitReason): void {
    this.#monitor.down(reason)
  }
}

const watchProcess = <M>(target: Process<never> | undefined, monitor: MonitorNotice<M>): (() => void) | undefined => {
  if (target === undefined || !target.isAliveUnsafe) {
    monitor.down(ExitReason.noProcess)
    return undefined
  }
  const watcher = new MonitorWatcher(monitor as unknown as MonitorNotice<never>)
  target.watchers.add(watcher)
  return () => target.watchers.remove(watcher)
}
