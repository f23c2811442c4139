/**
 * `Open → Draining → Closed`: who is still served, when leases are revoked, when everything is over.
 *
 * @internal
 */
import type { Awaiter, Shutdown } from "../Message.ts"
import type { Ports } from "../Ports.ts"
import type { ShutdownReport } from "../Status.ts"
import type { AnyFiber, Borrow } from "./borrow.ts"
import type { Changes } from "./changes.ts"
import type { Lending } from "./lending.ts"
import type { Queueing } from "./queueing.ts"
import type { Staffing } from "./staffing.ts"
import type { State } from "./state.ts"

/** @internal */
export class Closedown {
  readonly #state: State
  readonly #ports: Ports
  readonly #queueing: Queueing
  readonly #lending: Lending
  readonly #staffing: Staffing
  readonly #changes: Changes
  /** At this many awaiters those that have left are dropped. */
  #sweepAt = 1

  constructor(
    state: State,
    ports: Ports,
    queueing: Queueing,
    lending: Lending,
    staffing: Staffing,
    changes: Changes
  ) {
    this.#state = state
    this.#ports = ports
    this.#queueing = queueing
    this.#lending = lending
    this.#staffing = staffing
    this.#changes = changes
  }

  shutdown(message: Shutdown): void {
    const state = this.#state
    const { awaiter, mode, quiet = 0, within } = message
    if (state.phase === "open" && mode === "drain") {
      if (quiet > 0) this.#awaitQuiet(quiet)
      else this.#drain()
    }
    if (awaiter !== undefined) this.awaitEnd(awaiter)
    if (state.phase === "closed") return
    if (mode === "now") this.force()
    else this.#within(within)
  }

  /** Nobody has asked for long enough; or somebody has, and it is to be seen again. */
  quietIsOver(now: number): void {
    const state = this.#state
    state.quietAt = undefined
    if (state.phase !== "open" || state.quiet === undefined) return
    const at = state.askedLast + state.quiet
    if (at <= now) return this.#drain()
    state.quietAt = state.deadlines.add(at, "quiet")
  }

  /** A lease held by the very fiber that waits here cannot come back: waiting for it would be waiting for ever. */
  awaitEnd(awaiter: Awaiter): void {
    const state = this.#state
    if (state.phase === "closed") return awaiter.reply(this.#report())
    if (state.awaiters.length >= this.#sweepAt) {
      state.awaiters = state.awaiters.filter(({ hasLeft }) => !hasLeft)
      this.#sweepAt = Math.max(1, 2 * state.awaiters.length)
    }
    state.awaiters.push(awaiter)
    if (state.phase !== "open") this.#revokeLeasesOf(awaiter.fiber)
  }

  /** The deadline has come, or nobody wants to wait for it. */
  force(): void {
    const state = this.#state
    // Before a drain that would serve them.
    this.#refuseAll()
    if (state.phase === "open") this.#drain()
    this.#refuseAll()
    for (let lent = state.lent.head; lent !== undefined; lent = state.lent.head) this.#lending.revoke(lent.borrow!)
    this.#closeAll()
  }

  /** After every message: is there still anybody to wait for? */
  advance(): void {
    const state = this.#state
    // There is no place for anything that they could be served with.
    if (state.phase === "draining" && state.bound === 0) this.#refuseAll()
    if (state.phase === "draining" && state.waiting.length === 0 && state.lent.length === 0) this.#closeAll()
    if (state.phase === "closing" && state.workers.size === 0) this.#end()
  }

  #refuseAll(): void {
    const { waiting } = this.#state
    for (let waiter = waiting.head; waiter !== undefined; waiter = waiting.head) this.#queueing.refuseClosed(waiter)
  }

  /** A shorter second quiet period shortens the first; meanwhile everybody is served as before. */
  #awaitQuiet(quiet: number): void {
    const state = this.#state
    if (state.quiet !== undefined && state.quiet <= quiet) return
    if (state.quiet === undefined) state.askedLast = this.#ports.now()
    state.quiet = quiet
    state.replan()
    if (state.quietAt !== undefined) state.deadlines.cancel(state.quietAt)
    state.quietAt = state.deadlines.add(state.askedLast + quiet, "quiet")
    this.#ports.aim()
  }

  #drain(): void {
    const state = this.#state
    state.phase = "draining"
    for (const awaiter of state.awaiters) if (!awaiter.hasLeft) this.#revokeLeasesOf(awaiter.fiber)
    // Those who wait are to be served.
    this.#changes.resume()
  }

  /** Told in reverse order, as a supervisor of OTP does; they close concurrently. */
  #closeAll(): void {
    const state = this.#state
    state.phase = "closing"
    if (state.starting) {
      // The scope of `make` was closed while it waited: it goes on, with a pool that is closed.
      state.starting = false
      this.#ports.started(undefined)
    }
    for (const worker of Array.from(state.workers).reverse()) {
      if (worker.state === "closing") this.#staffing.hasten(worker, state.settings.workerShutdown)
      else this.#staffing.close(worker, state.settings.workerShutdown)
    }
  }

  #end(): void {
    const state = this.#state
    state.phase = "closed"
    if (state.backoff === "asking") state.backoff = undefined
    for (const left of [state.shutdownBy, state.backoff, state.round, state.codelAt, state.quietAt]) {
      if (left !== undefined) state.deadlines.cancel(left)
    }
    state.backoff = undefined
    state.owners.clear()
    const report = this.#report()
    for (const awaiter of state.awaiters) awaiter.reply(report)
    state.awaiters = []
    this.#ports.aim()
    this.#ports.ended(report)
  }

  /** A shorter second deadline shortens the first; a longer one changes nothing. */
  #within(millis: number): void {
    const state = this.#state
    if (millis === Infinity || state.phase === "closing") return
    const at = this.#ports.now() + millis
    if (state.shutdownBy !== undefined) {
      if (state.shutdownBy.at <= at) return
      state.deadlines.cancel(state.shutdownBy)
    }
    state.shutdownBy = state.deadlines.add(at, "shutdown")
    this.#ports.aim()
  }

  #revokeLeasesOf(fiber: AnyFiber): void {
    const theirs: Array<Borrow> = []
    for (let seat = this.#state.lent.head; seat !== undefined; seat = seat.next) {
      if ((seat.owner?.fiber ?? seat.borrow!.guardFiber) === fiber) theirs.push(seat.borrow!)
    }
    // First all of them: whoever shares one with them, and has not taken it over, is in line again when it is given up.
    const workers = new Set(theirs.map((borrow) => this.#lending.revoke(borrow)))
    for (const worker of workers) if (worker !== undefined) this.#lending.discard(worker)
    this.#lending.serve()
    this.#staffing.hire()
  }

  #report(): ShutdownReport {
    return { drained: this.#state.drained, forced: this.#state.forced }
  }
}
