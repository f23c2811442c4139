/**
 * `Open → Draining → Closed`: who is still served, when leases are revoked, when everything is over.
 *
 * @internal
 */
import type { Awaiter, Shutdown } from "../Message.ts"
import type { Ports } from "../Ports.ts"
import type { ShutdownReport } from "../Status.ts"
import type { AnyFiber } from "./borrow.ts"
import type { Lending } from "./lending.ts"
import type { Staffing } from "./staffing.ts"
import type { State } from "./state.ts"

/** @internal */
export class Closedown {
  readonly #state: State
  readonly #ports: Ports
  readonly #lending: Lending
  readonly #staffing: Staffing
  /** At this many awaiters those that have left are dropped. */
  #sweepAt = 1

  constructor(state: State, ports: Ports, lending: Lending, staffing: Staffing) {
    this.#state = state
    this.#ports = ports
    this.#lending = lending
    this.#staffing = staffing
  }

  shutdown(message: Shutdown): void {
    const state = this.#state
    if (state.phase === "open") {
      state.phase = "draining"
      for (const awaiter of state.awaiters) if (!awaiter.hasLeft) this.#revokeLeasesOf(awaiter.fiber)
    }
    if (message.awaiter !== undefined) this.awaitEnd(message.awaiter)
    if (state.phase === "closed") return
    if (message.mode === "now") this.force()
    else this.#within(message.within)
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
    for (let waiter = state.waiting.head; waiter !== undefined; waiter = state.waiting.head) {
      this.#lending.refuseClosed(waiter)
    }
    for (let lent = state.lent.head; lent !== undefined; lent = state.lent.head) this.#lending.revoke(lent.borrow!)
    this.#closeAll()
  }

  /** After every message: is there still anybody to wait for? */
  advance(): void {
    const state = this.#state
    if (state.phase === "draining" && state.waiting.length === 0 && state.lent.length === 0) this.#closeAll()
    if (state.phase === "closing" && state.workers.size === 0) this.#end()
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
      if (worker.state !== "closing") this.#staffing.close(worker)
    }
  }

  #end(): void {
    const state = this.#state
    state.phase = "closed"
    if (state.shutdownBy !== undefined) state.deadlines.cancel(state.shutdownBy)
    if (state.backoff !== undefined && state.backoff !== "asking") state.deadlines.cancel(state.backoff)
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
    if (millis === Infinity || state.phase !== "draining") return
    const at = this.#ports.now() + millis
    if (state.shutdownBy !== undefined) {
      if (state.shutdownBy.at <= at) return
      state.deadlines.cancel(state.shutdownBy)
    }
    state.shutdownBy = state.deadlines.add(at, "shutdown")
    this.#ports.aim()
  }

  #revokeLeasesOf(fiber: AnyFiber): void {
    let worker = this.#state.lent.head
    while (worker !== undefined) {
      const { next } = worker
      const borrow = worker.borrow!
      if ((worker.owner?.fiber ?? borrow.guardFiber) === fiber && this.#lending.revoke(borrow) !== undefined) {
        this.#staffing.close(worker)
      }
      worker = next
    }
    this.#staffing.hire()
  }

  #report(): ShutdownReport {
    return { drained: this.#state.drained, forced: this.#state.forced }
  }
}
