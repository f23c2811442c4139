/**
 * What can be changed while the pool is at work: its options, what it holds open, and whether it works at all.
 *
 * @internal
 */
import type { Ports } from "../Ports.ts"
import type { Dropping } from "./dropping.ts"
import type { Lending } from "./lending.ts"
import type { Queueing } from "./queueing.ts"
import type { Settings } from "./settings.ts"
import type { Staffing } from "./staffing.ts"
import { mostAtOnce, type State } from "./state.ts"
import type { Upkeep } from "./upkeep.ts"
import type { Worker } from "./worker.ts"

/** @internal */
export class Changes {
  readonly #state: State
  readonly #ports: Ports
  readonly #queueing: Queueing
  readonly #dropping: Dropping
  readonly #lending: Lending
  readonly #staffing: Staffing
  readonly #upkeep: Upkeep

  constructor(
    state: State,
    ports: Ports,
    queueing: Queueing,
    dropping: Dropping,
    lending: Lending,
    staffing: Staffing,
    upkeep: Upkeep
  ) {
    this.#state = state
    this.#ports = ports
    this.#queueing = queueing
    this.#dropping = dropping
    this.#lending = lending
    this.#staffing = staffing
    this.#upkeep = upkeep
  }

  /** Who waits keeps place and deadline. What there is too much of is closed: idle ones now, the rest when it comes back. */
  reconfigure(settings: Settings): void {
    const state = this.#state
    const { minIdle, overload } = state.settings
    // A plain pool does not note when it has seen a resource well, but it was when that came back.
    for (let worker = state.idle.head; worker !== undefined; worker = worker.next) {
      worker.checkedAt = Math.max(worker.checkedAt, worker.idleSince)
    }
    state.settings = settings
    state.ceiling = Math.max(state.bound, state.workers.size)
    const kept = settings.minIdle > minIdle && settings.start !== "lazy" ? settings.minIdle : 0
    state.target = Math.min(Math.max(state.target, kept), settings.size)
    state.isTripped &&= state.failures >= settings.breaker
    this.#queueing.reorder()
    if (overload?.target !== settings.overload?.target || overload?.interval !== settings.overload?.interval) {
      this.#dropping.restart()
    }
    state.replan()
    this.#upkeep.revise()
    this.#trim()
    this.#queueing.refuseTooMany(mostAtOnce(settings))
    this.#lending.serve()
    this.#staffing.settleStart()
    this.#staffing.hire()
  }

  suspend(): void {
    const state = this.#state
    if (state.phase !== "open") return
    state.isSuspended = true
    state.replan()
    this.#queueing.refuseTries()
  }

  resume(): void {
    const state = this.#state
    if (!state.isSuspended) return
    state.isSuspended = false
    // They were held back, and did not come too fast.
    this.#dropping.restart()
    // Whoever was kept waiting is served by the same rules as ever.
    this.#lending.serve()
    if (state.isTripped) this.#queueing.trip()
    state.replan()
    this.#staffing.hire()
  }

  evict(workers: ReadonlyArray<Worker>, isShrinking: boolean): void {
    // Not later than anything in this batch of turns that comes after it.
    const now = this.#ports.moment()
    for (const worker of workers) if (!isShrinking || worker.state === "idle") this.#dismiss(worker, now)
    if (isShrinking) this.#state.target = Math.min(this.#state.target, this.#state.live)
    this.#staffing.hire()
  }

  /** Idle ones come first, the coldest before all, then lent ones, then those that are not even open. */
  evictAll(over: number): void {
    const { idle, lent, workers } = this.#state
    const all = new Set<Worker>()
    for (let worker = idle.head; worker !== undefined; worker = worker.next) all.add(worker)
    for (let seat = lent.head; seat !== undefined; seat = seat.next) all.add(seat.worker)
    for (const worker of workers) if (worker.state !== "closing") all.add(worker)
    const now = this.#ports.moment()
    let nth = 0
    for (const worker of all) this.#dismiss(worker, now, (over * nth++) / all.size)
    this.#staffing.hire()
  }

  #dismiss(worker: Worker, now: number, within = 0): void {
    if (worker.state === "closing" || worker.state === "gone") return
    this.#upkeep.evict(worker, now + within)
    if (within === 0 && worker.state === "idle") this.#staffing.close(worker)
  }

  /**
   * A place that is no more, and that nobody is in. What is within the bound may linger, as overflow does. What is shared comes
   * back only if nobody new gets it.
   */
  #trim(): void {
    const state = this.#state
    const { bound, idle } = state
    const { overflowTtl, size } = state.settings
    const isTooMany = () => state.open > (overflowTtl > 0 ? bound : size + state.succeeded)
    for (let worker = idle.head; worker !== undefined && isTooMany(); worker = idle.head) this.#staffing.close(worker)
    if (state.settings.concurrency === 1) return
    const shared = Array.from(state.workers).filter((worker) => worker.leases > 0 && !worker.isLeaving)
    for (const worker of shared.slice(0, Math.max(0, shared.length - bound))) this.#lending.discard(worker)
  }
}
