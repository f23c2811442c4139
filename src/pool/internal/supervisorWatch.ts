/**
 * Sees the end of the supervisor that a pool has its place with.
 *
 * @internal
 */
import type { Process } from "../../actor/internal/process.ts"
import { Watcher } from "../../actor/internal/watcher.ts"
import type { Front } from "./front.ts"

/** @internal */
export class SupervisorWatch extends Watcher {
  readonly process: Process<never>
  readonly #front: Front

  constructor(front: Front, process: Process<never>) {
    super()
    this.#front = front
    this.process = process
    process.watchers.add(this)
  }

  release(): void {
    this.process.watchers.remove(this)
  }

  onEnd(): void {
    this.#front.supervisorEnded()
  }
}
