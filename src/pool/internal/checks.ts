/**
 * What is run on an open resource between borrowers: its reset on the way back, its validation before it is lent, and a
 * probe now and then while it is idle. Here it is decided when; the worker's fiber runs it (`checkup.ts`).
 *
 * How long one may take is a deadline among the others. When it has passed the worker is told to close.
 *
 * @internal
 */
import { errorName } from "../../actor/internal/target.ts"
import type { Checked } from "../Message.ts"
import type { Ports } from "../Ports.ts"
import type { Lending } from "./lending.ts"
import type { Staffing } from "./staffing.ts"
import type { State } from "./state.ts"
import type { Upkeep } from "./upkeep.ts"
import type { Worker } from "./worker.ts"

/** @internal */
export class Checks {
  readonly #state: State
  readonly #ports: Ports
  readonly #lending: Lending
  readonly #staffing: Staffing
  readonly #upkeep: Upkeep

  constructor(
    state: State,
    ports: Ports,
    lending: Lending,
    staffing: Staffing,
    upkeep: Upkeep
  ) {
    this.#state = state
    this.#ports = ports
    this.#lending = lending
    this.#staffing = staffing
    this.#upkeep = upkeep
  }

  /** Nobody knows whether this idle one is well: it has not been seen for longer than the bypass. */
  isDoubtful(worker: Worker, now: number): boolean {
    const { validates, validationBypass } = this.#state.settings
    return validates && now - worker.checkedAt >= validationBypass
  }

  /** It has come back from a borrower. */
  reset(worker: Worker): void {
    const state = this.#state
    if (!state.isPlain && !this.#upkeep.keeps(worker)) return this.#lending.place(worker)
    worker.state = "resetting"
    state.resetting++
    this.#start(worker, "reset", state.settings.resetTimeout)
  }

  /** It is idle, and somebody is to have it. */
  validate(worker: Worker): void {
    this.#beginValidating(worker)
    this.#start(worker, "validate", this.#state.settings.validationTimeout)
  }

  /** It has been idle for long, and nobody wants it now. */
  probe(worker: Worker): void {
    this.#beginValidating(worker)
    worker.isProbed = true
    this.#state.probing++
    this.#start(worker, "probe", this.#state.settings.validationTimeout)
  }

  /** It has no place for now, if it was being checked. */
  stop(worker: Worker): void {
    const state = this.#state
    if (worker.state === "resetting") state.resetting--
    else if (worker.state === "validating") {
      state.validating--
      if (worker.isProbed) this.#stopProbe(worker)
    } else return
    worker.state = "free"
    if (state.validating === 0) state.replan()
  }

  ended({ cause, job, ok, worker }: Checked): void {
    if (job === "judge") return this.#judged(worker, ok)
    const expected = worker.isProbed ? "probe" : worker.state === "resetting" ? "reset" : "validate"
    // An answer that comes too late.
    if (job !== expected || !this.#isUnderWay(worker)) return
    if (!ok && job === "reset" && cause !== undefined) {
      this.#ports.log("warning", `a reset failed with ${errorName(cause)}`)
    }
    if (!ok) return this.fail(worker)
    this.#staffing.cancelDeadline(worker)
    this.stop(worker)
    if (job === "probe") this.#upkeep.probed(worker)
    else this.#lending.place(worker)
    this.#settle()
  }

  /** It is not well, or it has not said in time that it is. */
  fail(worker: Worker): void {
    this.#staffing.close(worker)
    this.#settle()
  }

  /** One that is lent by now is asked about when it comes back. */
  #judged(worker: Worker, ok: boolean): void {
    if (ok || worker.state !== "idle") return
    this.#staffing.close(worker)
    this.#staffing.hire()
  }

  /** There may be others whose turn it is. */
  #stopProbe(worker: Worker): void {
    worker.isProbed = false
    this.#state.probing--
    this.#upkeep.aim()
  }

  #isUnderWay({ state }: Worker): boolean {
    return state === "resetting" || state === "validating"
  }

  #beginValidating(worker: Worker): void {
    const state = this.#state
    state.idle.remove(worker)
    worker.state = "validating"
    state.validating++
  }

  #start(worker: Worker, job: "reset" | "validate" | "probe", within: number): void {
    const state = this.#state
    if (within < Infinity) {
      worker.deadline = state.deadlines.add(this.#ports.now() + within, worker)
      this.#ports.aim()
    }
    this.#ports.check(worker, job)
  }

  /** Those who waited for it may have another one, or wait for nothing any more. */
  #settle(): void {
    this.#lending.serve()
    this.#staffing.hire()
  }
}
