/**
 * How many workers there are: when one is hired (starts to open a resource), and how one leaves.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import { addRestart } from "../../actor/internal/restartWindow.ts"
import { errorName } from "../../actor/internal/target.ts"
import { stackless } from "../../channel/internal/stackless.ts"
import type { WorkerExit } from "../Message.ts"
import * as PoolError from "../PoolError.ts"
import type { Ports } from "../Ports.ts"
import type { Lending } from "./lending.ts"
import type { State } from "./state.ts"
import { Worker } from "./worker.ts"

/** No loop is tighter than this, whatever the user's schedule says. */
const shortestBackoff = 1

/** A resource that nobody had, and that died within so many milliseconds, was perhaps never alive. */
const infancy = 1_000

/** @internal */
export class Staffing {
  readonly #state: State
  readonly #ports: Ports
  #lending!: Lending

  constructor(state: State, ports: Ports) {
    this.#state = state
    this.#ports = ports
  }

  /** The two halves need each other: a new resource is lent, and an ended lease is replaced. */
  bind(lending: Lending): void {
    this.#lending = lending
  }

  /** Starts as many openings as are wanted and allowed. */
  hire(): void {
    const state = this.#state
    while (this.#mayOpen() && state.opening < this.#wanted()) this.#open()
  }

  /** `tryCheckout` found nothing: have one more ready for the next, within `size`. */
  warmUp(): void {
    if (this.#mayOpen() && this.#state.live < this.#state.settings.size) this.#open()
  }

  ready(worker: Worker, resource: unknown): void {
    const state = this.#state
    if (worker.state !== "opening") return
    this.#cancelDeadline(worker)
    state.opening--
    worker.state = "free"
    worker.resource = resource
    worker.since = this.#ports.now()
    // Where every new resource dies at once, another one is no success yet.
    worker.doubted = state.stillborn > state.bound
    if (!worker.doubted) this.#succeeded()
    this.#lending.place(worker)
    const working = state.idle.length + state.lent.length
    if (state.target < working) state.target = Math.min(working, state.settings.size)
    if (state.starting && working >= state.settings.size) {
      state.starting = false
      this.#ports.started(undefined)
    }
    this.hire()
  }

  exited(worker: Worker, reason: WorkerExit): void {
    if (worker.state === "gone") return
    switch (reason._tag) {
      case "Died":
        return this.#died(worker, reason.cause)
      case "OpenFailed":
      case "Closed": {
        if (reason.abandoned) {
          this.#state.abandoned++
          const what = reason._tag === "Closed" ? "a closing" : "an opening"
          this.#ports.log("warning", `${what} outlived its timeout and was given up`)
        }
        const wasOpening = worker.state === "opening"
        this.#leave(worker)
        if (wasOpening && reason._tag === "OpenFailed") this.#openFailed(reason.cause)
        return this.hire()
      }
      default:
        return reason satisfies never
    }
  }

  /** Tells a worker to close. One that is still opening is interrupted; its product, if there is one, is closed too. */
  close(worker: Worker): void {
    const state = this.#state
    this.#cancelDeadline(worker)
    if (worker.state === "opening") state.opening--
    else if (worker.state === "idle") state.idle.remove(worker)
    this.#closing(worker)
    this.#ports.close(worker)
  }

  retryAfter(delay: number): void {
    const state = this.#state
    if (state.backoff !== "asking") return
    state.backoff = state.deadlines.add(this.#ports.now() + Math.max(shortestBackoff, delay), "backoff")
    this.#ports.aim()
  }

  /** Its first borrower is through with it. */
  proven(worker: Worker): void {
    worker.proven = true
    this.#state.stillborn = 0
    if (worker.doubted) this.#succeeded()
  }

  backoffIsOver(): void {
    this.#state.backoff = undefined
    if (this.#state.hasOpenedSince) this.#succeeded()
  }

  #mayOpen(): boolean {
    const state = this.#state
    if (state.phase === "closing" || state.phase === "closed" || state.backoff !== undefined) return false
    // A backend that was down is probed by one, not stormed by all who wait for it.
    const abreast = state.failures > 0 ? 1 : state.settings.openConcurrency
    return state.room > 0 && state.opening < abreast
  }

  #wanted(): number {
    const state = this.#state
    if (state.phase === "draining") return state.waiting.length
    return Math.max(state.waiting.length, state.target - state.idle.length - state.lent.length)
  }

  #open(): void {
    const state = this.#state
    const worker = new Worker(++state.lastWorkerId)
    state.workers.add(worker)
    state.opening++
    if (state.settings.openTimeout < Infinity) {
      worker.deadline = state.deadlines.add(this.#ports.now() + state.settings.openTimeout, worker)
      this.#ports.aim()
    }
    this.#ports.open(worker)
  }

  /** The resource died by itself; its worker is closing what is left of it. */
  #died(worker: Worker, cause: Cause.Cause<unknown>): void {
    const state = this.#state
    if (worker.state === "idle") state.idle.remove(worker)
    else if (worker.state === "lent") this.#lending.bereave(worker.borrow!)
    else return
    this.#closing(worker)
    const now = this.#ports.now()
    // One that dies is replaced at once. But where they die faster than anybody can have them, opening does not work.
    if (worker.proven || now - worker.since >= infancy) state.stillborn = 0
    else if (++state.stillborn > state.bound) this.#openFailed(cause)
    this.#countDeath(now)
    this.hire()
  }

  #countDeath(now: number): void {
    const { name, restartIntensity } = this.#state.settings
    if (restartIntensity === undefined) return
    const { intensity, period } = restartIntensity
    const { isWithin, restarts } = addRestart(this.#state.deaths, now, intensity, period)
    this.#state.deaths = restarts
    if (isWithin) return
    const fields = { pool: name, intensity, period: Duration.millis(period) }
    this.#ports.exhausted(stackless((given) => new PoolError.RestartIntensityExceeded(given), fields))
  }

  #closing(worker: Worker): void {
    const state = this.#state
    worker.state = "closing"
    worker.resource = undefined
    state.closing++
    if (state.settings.closeTimeout === Infinity) return
    worker.deadline = state.deadlines.add(this.#ports.now() + state.settings.closeTimeout, worker)
    this.#ports.aim()
  }

  #leave(worker: Worker): void {
    const state = this.#state
    if (worker.state === "opening") state.opening--
    else if (worker.state === "closing") state.closing--
    this.#cancelDeadline(worker)
    worker.state = "gone"
    state.workers.delete(worker)
  }

  #openFailed(cause: Cause.Cause<unknown>): void {
    const state = this.#state
    if (state.starting) {
      state.starting = false
      // `make` fails, and nobody else has a session yet: close what was opened.
      state.phase = "draining"
      return this.#ports.started(cause)
    }
    state.lastOpenFailure = cause
    state.hasOpenedSince = false
    if (++state.failures === 1) {
      state.failingSince = this.#ports.now()
      this.#ports.log("warning", `opening failed with ${errorName(cause)}, will be tried again`)
    }
    const oldest = state.waiting.head
    if (state.settings.onOpenFailure === "fail" && oldest !== undefined) {
      const fields = { pool: state.settings.name, failure: cause }
      this.#lending.refuse(oldest, stackless((given) => new PoolError.OpenFailed<unknown>(given), fields))
    }
    if (state.backoff !== undefined) return
    state.backoff = "asking"
    this.#ports.retryDelay(state.failures === 1, cause)
  }

  /**
   * A success ends the streak; but one during the back-off was under way before the failure, and shortens nothing: it is
   * taken note of, and counts when the back-off is over.
   */
  #succeeded(): void {
    const state = this.#state
    if (state.failures === 0) return
    if (state.backoff !== undefined) {
      state.hasOpenedSince = true
      return
    }
    const millis = Math.round(this.#ports.now() - state.failingSince)
    this.#ports.log("info", `opening again after ${state.failures} failed and ${millis} ms`)
    state.failures = 0
    state.lastOpenFailure = undefined
  }

  #cancelDeadline(worker: Worker): void {
    if (worker.deadline === undefined) return
    this.#state.deadlines.cancel(worker.deadline)
    worker.deadline = undefined
    this.#ports.aim()
  }
}
