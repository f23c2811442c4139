/**
 * How many workers there are: when one is hired (starts to open a resource), and how one leaves.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import { errorName } from "../../actor/internal/target.ts"
import type { WorkerExit } from "../Message.ts"
import type { Ports } from "../Ports.ts"
import type { Checks } from "./checks.ts"
import { countDeath } from "./deaths.ts"
import type { Lending } from "./lending.ts"
import type { Queueing } from "./queueing.ts"
import type { State } from "./state.ts"
import type { Upkeep } from "./upkeep.ts"
import { Worker } from "./worker.ts"

/** No loop is tighter than this, whatever the user's schedule says. */
const shortestBackoff = 1

/** A resource that nobody had, and that died within so many milliseconds, was perhaps never alive. */
const infancy = 1_000

/** @internal */
export class Staffing {
  readonly #state: State
  readonly #ports: Ports
  readonly #queueing: Queueing
  #lending!: Lending
  #upkeep!: Upkeep
  #checks!: Checks

  constructor(state: State, ports: Ports, queueing: Queueing) {
    this.#state = state
    this.#ports = ports
    this.#queueing = queueing
  }

  /** They need each other: a new resource is kept and lent, and what has ended is replaced. */
  bind(lending: Lending, upkeep: Upkeep, checks: Checks): void {
    this.#lending = lending
    this.#upkeep = upkeep
    this.#checks = checks
  }

  /** Starts as many openings as are wanted and allowed. */
  hire(): void {
    const state = this.#state
    while (this.#mayOpen() && state.opening < this.#wanted() && this.#ports.claim()) this.#open()
  }

  /** `tryCheckout` found nothing: have one more ready for the next, within `size`. */
  warmUp(): void {
    const state = this.#state
    if (this.#mayOpen() && state.live < state.settings.size && this.#ports.claim()) this.#open()
  }

  ready(worker: Worker, resource: unknown, jitter: number): void {
    const state = this.#state
    if (worker.state !== "opening") return
    this.cancelDeadline(worker)
    state.opening--
    worker.state = "free"
    worker.resource = resource
    worker.since = this.#ports.now()
    worker.isGivenUp = false
    worker.jitter = jitter
    // Where every new resource dies at once, another one is no success yet.
    worker.doubted = state.stillborn > state.bound
    state.isTripped = false
    if (!worker.doubted) this.#succeeded()
    this.#upkeep.opens(worker)
    this.#lending.place(worker)
    if (!state.isPlain) this.#upkeep.joins()
    // A successor is no demand.
    const kept = state.open - state.succeeded
    if (state.target < kept) state.target = Math.min(kept, state.settings.size)
    this.settleStart()
    this.hire()
  }

  /** Is an eager start complete? */
  settleStart(): void {
    const state = this.#state
    if (!state.starting || state.open < state.settings.minIdle) return
    state.starting = false
    this.#ports.started(undefined)
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
  close(worker: Worker, within = this.#state.settings.closeTimeout): void {
    this.cancelDeadline(worker)
    this.#displace(worker)
    this.#closing(worker, within)
    this.#ports.close(worker)
    // OTP's `brutal_kill`: told, and not waited for.
    if (within === 0) this.giveUp(worker)
  }

  /** Its opening or its closing has taken too long. */
  giveUp(worker: Worker): void {
    worker.isGivenUp = true
    this.#ports.giveUp(worker)
  }

  /** It has been told to close before, and has no longer for it than this from now on. */
  hasten(worker: Worker, within: number): void {
    const at = this.#ports.now() + within
    if (worker.isGivenUp) return
    if (worker.deadline === undefined ? within === Infinity : worker.deadline.at <= at) return
    this.cancelDeadline(worker)
    if (within === 0) this.giveUp(worker)
    else this.#setDeadline(worker, at)
  }

  /** Its resource is somebody else's from now on. `false`: it has just died. */
  detach(worker: Worker): boolean {
    const isDetached = this.#ports.detach(worker)
    if (isDetached) this.#leave(worker)
    else this.close(worker)
    return isDetached
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
    if (state.isSuspended) return false
    // A backend that was down is probed by one, not stormed by all who wait for it.
    const abreast = state.failures > 0 ? 1 : state.settings.openConcurrency
    return state.room > 0 && state.opening < abreast
  }

  #wanted(): number {
    const state = this.#state
    const waiting = Math.ceil(state.servable / state.settings.concurrency) - state.coming
    if (state.phase === "draining") return waiting
    // Where nobody has the patience to wait any more, somebody must go on trying.
    const least = state.isTripped ? 1 : 0
    return Math.max(least, waiting, Math.max(state.target, state.needed) + state.succeeded - state.open)
  }

  #open(): void {
    const state = this.#state
    const worker = new Worker(++state.lastWorkerId)
    state.workers.add(worker)
    state.opening++
    if (state.settings.openTimeout < Infinity) {
      this.#setDeadline(worker, this.#ports.now() + state.settings.openTimeout)
    }
    this.#ports.open(worker)
  }

  /** The resource died by itself; its worker is closing what is left of it. */
  #died(worker: Worker, cause: Cause.Cause<unknown>): void {
    const state = this.#state
    if (worker.state === "lent") this.#lending.bereaveAll(worker)
    else if (worker.state === "opening" || worker.state === "closing") return
    this.cancelDeadline(worker)
    this.#displace(worker)
    this.#closing(worker, state.settings.closeTimeout)
    // Whoever had it, and has not touched it, is served before anything fails.
    this.#lending.serve()
    this.#upkeep.spares()
    const now = this.#ports.now()
    // One that dies is replaced at once. But where they die faster than anybody can have them, opening does not work.
    if (worker.proven || now - worker.since >= infancy) state.stillborn = 0
    else if (++state.stillborn > state.bound) this.#openFailed(cause)
    countDeath(state, this.#ports, now)
    this.hire()
  }

  /** Out of the place that it has, if it has one. */
  #displace(worker: Worker): void {
    const state = this.#state
    if (worker.state === "opening") state.opening--
    else if (worker.state === "idle") state.idle.remove(worker)
    else this.#checks.stop(worker)
  }

  #closing(worker: Worker, within: number): void {
    const state = this.#state
    worker.state = "closing"
    worker.resource = undefined
    state.closing++
    this.forgetSuccession(worker)
    // Who is not waited for at all is given up already.
    if (within < Infinity && within > 0) this.#setDeadline(worker, this.#ports.now() + within)
  }

  #setDeadline(worker: Worker, at: number): void {
    worker.deadline = this.#state.deadlines.add(at, worker)
    this.#ports.aim()
  }

  /** Whether it has a successor is to be seen anew, or does not matter any more. */
  forgetSuccession(worker: Worker): void {
    worker.succeedAt = Infinity
    if (!worker.hasSuccessor) return
    worker.hasSuccessor = false
    this.#state.succeeded--
  }

  #leave(worker: Worker): void {
    const state = this.#state
    if (worker.state === "opening") state.opening--
    else if (worker.state === "closing") state.closing--
    this.cancelDeadline(worker)
    worker.state = "gone"
    state.workers.delete(worker)
    this.forgetSuccession(worker)
    this.#ports.disclaim()
    if (worker.retireAt < Infinity) state.replan()
    if (state.ceiling > state.bound) {
      state.ceiling = Math.max(state.bound, state.workers.size)
      state.replan()
    }
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
    const isTold = state.settings.onOpenFailure === "fail" && !state.isSuspended
    const oldest = isTold ? this.#queueing.firstForOpening : undefined
    if (oldest !== undefined) this.#queueing.refuseBroken(oldest)
    if (state.failures >= state.settings.breaker && state.open === 0) this.#queueing.trip()
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

  /** Of its opening, its check or its closing. */
  cancelDeadline(worker: Worker): void {
    if (worker.deadline === undefined) return
    this.#state.deadlines.cancel(worker.deadline)
    worker.deadline = undefined
    this.#ports.aim()
  }
}
