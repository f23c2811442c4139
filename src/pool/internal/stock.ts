/**
 * What there is to lend, and which of it is lent next.
 *
 * @internal
 */
import type { Ports } from "../Ports.ts"
import type { Borrow, Terms } from "./borrow.ts"
import type { Checks } from "./checks.ts"
import type { Lending } from "./lending.ts"
import type { Queueing } from "./queueing.ts"
import type { Staffing } from "./staffing.ts"
import type { State } from "./state.ts"
import type { Worker } from "./worker.ts"

/** @internal */
export class Stock {
  readonly #state: State
  readonly #ports: Ports
  readonly #queueing: Queueing
  readonly #staffing: Staffing
  readonly #lending: Lending
  readonly #checks: Checks

  constructor(
    state: State,
    ports: Ports,
    queueing: Queueing,
    lending: Lending,
    staffing: Staffing,
    checks: Checks
  ) {
    this.#state = state
    this.#ports = ports
    this.#queueing = queueing
    this.#lending = lending
    this.#staffing = staffing
    this.#checks = checks
  }

  /** There is something, but not for a newcomer: somebody who could have it waits for the check of something else. */
  get isSpokenFor(): boolean {
    const state = this.#state
    if (state.waiting.length === 0) return false
    return !state.isSuspended && state.servable > 0 && state.idle.length + state.shared.length > 0
  }

  /**
   * What would be lent next, and is past its time, is given up before anybody is looked at: those who have been granted a
   * shared one, and have not taken it over, are in line again, before whoever comes now. `true`: so there may be.
   */
  sweep(): boolean {
    const now = this.#ports.moment()
    let hasDiscarded = false
    for (let worker = this.#choose(); worker !== undefined && worker.retireAt <= now; worker = this.#choose()) {
      this.#lending.discard(worker)
      hasDiscarded = true
    }
    return hasDiscarded
  }

  /** Where no policy has anything to say about it. */
  takeAny(): Worker | undefined {
    const worker = this.#nextIdle
    if (worker !== undefined) this.#state.idle.remove(worker)
    return worker
  }

  /** What nearly always is all there is to be asked: nobody has come before, and what is idle is fit. */
  takeReady(): Worker | undefined {
    const { discipline, idle, isSuspended, waiting } = this.#state
    const worker = this.#nextIdle
    if (worker === undefined || waiting.length > 0 || isSuspended || discipline !== undefined) return undefined
    const now = this.#ports.moment()
    if (worker.retireAt <= now || this.#checks.isDoubtful(worker, now)) return undefined
    idle.remove(worker)
    return worker
  }

  /**
   * Something idle that may be lent now. One that has to be checked first is on its way then, and a newcomer waits for it;
   * one that is past its time is closed, and the next one is looked at.
   */
  takeFit(borrow: Borrow): Worker | undefined {
    const state = this.#state
    const now = this.#ports.moment()
    if (state.isSuspended || state.discipline?.admits(borrow) === false) return undefined
    let hasClosed = false
    let choice = this.#choose(borrow.terms)
    while (choice !== undefined && choice.retireAt <= now) {
      this.#lending.discard(choice)
      hasClosed = true
      choice = this.#choose(borrow.terms)
    }
    if (hasClosed) this.#staffing.hire()
    if (choice === undefined || choice.state === "lent") return choice
    if (!this.#checks.isDoubtful(choice, now)) {
      state.idle.remove(choice)
      return choice
    }
    this.#checks.validate(choice)
    if (borrow.state === "asked" && (borrow.wait > 0 || borrow.mode === "try")) this.#queueing.join(borrow)
    return undefined
  }

  /** What nobody has comes before what is shared, of which the one that has waited longest for one more. */
  #choose(terms?: Terms): Worker | undefined {
    if (terms?.preferred?.state === "idle") return terms.preferred
    return this.#nextIdle ?? this.#state.shared.head
  }

  get #nextIdle(): Worker | undefined {
    const { idle, settings } = this.#state
    return settings.strategy === "lifo" ? idle.tail : idle.head
  }
}
