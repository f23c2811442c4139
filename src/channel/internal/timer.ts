/**
 * One timer, aimed at whatever falls due first. Arming it costs microseconds, so it is aimed by the flush that ends a
 * batch of turns, never by a turn; a waiter that is served within the same batch arms nothing.
 *
 * One that fires early does no harm: its owner finds nothing due, and aims it again.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Fork, Host } from "./host.ts"

/** @internal */
export class Timer {
  readonly #host: Host
  readonly #fork: Fork
  readonly #fire: () => void
  #shot: Shot | undefined

  constructor(host: Host, fire: () => void, fork: Fork = Effect.runForkWith(host.context)) {
    this.#host = host
    this.#fire = fire
    this.#fork = fork
  }

  get isArmed(): boolean {
    return this.#shot !== undefined
  }

  /** Whether `aim(at)` would change anything: an armed timer that is early enough is left alone. */
  misses(at: number | undefined): boolean {
    return at === undefined ? this.#shot !== undefined : this.#shot === undefined || this.#shot.at > at
  }

  /** `undefined` disarms. */
  aim(at: number | undefined): void {
    if (!this.misses(at)) return
    this.disarm()
    if (at === undefined) return
    const shot: Shot = { at, fiber: undefined }
    this.#shot = shot
    const wait = Duration.millis(Math.max(0, Math.ceil(at - this.#host.now())))
    shot.fiber = this.#fork(Effect.andThen(
      this.#host.clock.sleep(wait),
      Effect.sync(() => {
        // A shot that was disarmed while on its way out hits nothing.
        if (this.#shot !== shot) return
        this.#shot = undefined
        this.#fire()
      })
    ))
  }

  disarm(): void {
    const shot = this.#shot
    if (shot === undefined) return
    this.#shot = undefined
    shot.fiber?.interruptUnsafe()
  }
}

interface Shot {
  readonly at: number
  fiber: Fiber.Fiber<void> | undefined
}
