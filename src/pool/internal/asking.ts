/**
 * What a newcomer is told: it has something at once, or waits, or is refused.
 *
 * @internal
 */
import * as PoolError from "../PoolError.ts"
import type { Ports } from "../Ports.ts"
import type { Borrow } from "./borrow.ts"
import type { Lending } from "./lending.ts"
import type { Queueing } from "./queueing.ts"
import type { Staffing } from "./staffing.ts"
import type { State } from "./state.ts"
import type { Stock } from "./stock.ts"

/** @internal */
export class Asking {
  readonly #state: State
  readonly #ports: Ports
  readonly #queueing: Queueing
  readonly #stock: Stock
  readonly #lending: Lending
  readonly #staffing: Staffing

  constructor(
    state: State,
    ports: Ports,
    queueing: Queueing,
    stock: Stock,
    lending: Lending,
    staffing: Staffing
  ) {
    this.#state = state
    this.#ports = ports
    this.#queueing = queueing
    this.#stock = stock
    this.#lending = lending
    this.#staffing = staffing
  }

  /** What happens nearly always is kept apart from the rest, for only small functions are compiled into their callers. */
  checkout(borrow: Borrow): void {
    const state = this.#state
    if (state.isPlain && borrow.terms === undefined && borrow.state === "asked" && state.phase === "open") {
      // Nobody waits while something is idle, so a newcomer overtakes nobody here.
      const worker = this.#stock.takeAny()
      if (worker !== undefined) this.#lending.lend(worker, borrow)
      else this.#nothingIdle(borrow)
    } else this.#checkout(borrow)
  }

  #checkout(borrow: Borrow): void {
    const state = this.#state
    // Answered or cancelled before this message was handled.
    if (borrow.state !== "asked") return
    if (state.phase !== "open") {
      return this.#queueing.refuse(borrow, new PoolError.PoolClosed({ pool: state.settings.name }))
    }
    if (state.quiet !== undefined) state.askedLast = this.#ports.moment()
    const ready = borrow.terms === undefined ? this.#stock.takeReady() : undefined
    if (ready !== undefined) return this.#lending.lend(ready, borrow)
    // Whoever is served first may take what was fit, and what is next then be past its time, too.
    while (this.#stock.sweep()) {
      this.#lending.serve()
      this.#staffing.hire()
    }
    if (this.#stock.isSpokenFor) return this.#line(borrow)
    const worker = this.#stock.takeFit(borrow)
    if (worker !== undefined) this.#lending.lend(worker, borrow)
    else if (this.#isWaiting(borrow)) this.#staffing.hire()
    else this.#nothingIdle(borrow)
  }

  /** Something is idle, but others have come before, who wait for the check of something else. */
  #line(borrow: Borrow): void {
    if (borrow.mode === "wait" && borrow.wait === 0) return this.#nothingIdle(borrow)
    this.#queueing.join(borrow)
    this.#lending.serve()
    this.#staffing.hire()
  }

  #nothingIdle(borrow: Borrow): void {
    const state = this.#state
    if (borrow.mode === "try") {
      this.#queueing.refuseFull(borrow)
      return this.#staffing.warmUp()
    }
    // An asker that has no time to wait is answered before anybody looks at the length of the queue.
    if (borrow.wait === 0) {
      const now = this.#ports.now()
      const phase = state.openUpTo() === Infinity ? "open" : "queue"
      return this.#queueing.refuse(borrow, this.#queueing.expiry(now, phase, state.status(), []).errorNow())
    }
    if (state.isTripped && !state.isSuspended) return this.#queueing.refuseBroken(borrow)
    if (state.waiting.length + 1 - state.openable > state.settings.maxWaiting) {
      return this.#queueing.refuseOverloaded(borrow, "maxWaiting")
    }
    this.#queueing.join(borrow)
    this.#staffing.hire()
  }

  /** What it found idle is being checked. */
  #isWaiting(borrow: Borrow): boolean {
    return borrow.state === "waiting"
  }
}
