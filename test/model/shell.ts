/**
 * What carries out what the machine asks for, simulated: it only takes note of it. Replies are on their way until the next
 * flush; what workers do is in `workforce.ts`.
 */
import type { Cause } from "effect"
import type { AnyFiber, Borrow } from "../../src/pool/internal/borrow.ts"
import type { Job } from "../../src/pool/internal/checkup.ts"
import type { Owner } from "../../src/pool/internal/owner.ts"
import type { Settings } from "../../src/pool/internal/settings.ts"
import type { Worker } from "../../src/pool/internal/worker.ts"
import { Machine } from "../../src/pool/Machine.ts"
import type { Message } from "../../src/pool/Message.ts"
import { PoolCrashed, type RestartIntensityExceeded } from "../../src/pool/PoolError.ts"
import type { Ports } from "../../src/pool/Ports.ts"
import type { ShutdownReport } from "../../src/pool/Status.ts"
import type { Census } from "./census.ts"
import { Oracle } from "./oracle.ts"
import type { Asker } from "./people.ts"
import { Workforce } from "./workforce.ts"

export class Shell implements Ports {
  readonly oracle: Oracle
  readonly machine: Machine
  readonly census: Census
  readonly workforce: Workforce
  /** Those whose end has not been told yet. */
  readonly owners = new Map<AnyFiber, Owner>()
  /** Replies on their way. */
  outbox: Array<Asker> = []
  #exhausted: RestartIntensityExceeded | undefined
  /** There have been too many deaths: nothing is sent any more. */
  isCrashed = false

  constructor(settings: Settings, census: Census) {
    this.census = census
    this.oracle = new Oracle(settings, census)
    this.workforce = new Workforce((message) => this.send(message), this.oracle, census)
    this.machine = new Machine(settings, this)
    this.oracle.start(this.machine)
  }

  flush(): void {
    this.machine.date()
    const deliveries = this.outbox
    this.outbox = []
    for (const asker of deliveries) asker.deliver()
  }

  send(message: Message): void {
    if (this.isCrashed) return
    this.oracle.turn(this.machine, message)
    if (this.#exhausted === undefined || this.oracle.ended !== undefined) return
    this.isCrashed = true
    const reason = { _tag: "Shutdown", detail: this.#exhausted } as const
    this.oracle.crash(this.machine, new PoolCrashed({ pool: "model", reason }))
  }

  // Ports: what the machine asks for is recorded by those who would do it, and judged by the oracle.

  now(): number {
    return this.oracle.reference.now
  }

  reply(borrow: Borrow): void {
    this.oracle.replies(borrow as Asker)
    if (!borrow.asking) this.outbox.push(borrow as Asker)
  }

  moment(): number {
    return this.oracle.reference.now
  }

  claim(): boolean {
    return true
  }

  disclaim(): void {}

  yields(): boolean {
    return false
  }

  aim(): void {}

  /** Some at once, in the middle of the turn, and some by the flush. */
  date(): void {
    if (this.machine.state.lastLeaseId % 3 === 0) this.machine.date()
  }

  open(worker: Worker): void {
    this.workforce.open(worker)
  }

  close(worker: Worker): void {
    this.workforce.close(worker)
  }

  giveUp(worker: Worker): void {
    this.workforce.giveUp(worker)
  }

  check(worker: Worker, job: Job): void {
    this.workforce.check(worker, job)
  }

  detach(worker: Worker): boolean {
    return this.workforce.gives(worker)
  }

  retryDelay(first: boolean): void {
    this.oracle.asksForDelay(first)
  }

  monitor(owner: Owner): void {
    if (this.owners.has(owner.fiber)) this.oracle.wrong("a fiber is monitored twice")
    this.owners.set(owner.fiber, owner)
  }

  orphan(borrow: Borrow): void {
    this.oracle.orphans(borrow)
  }

  started(failure: Cause.Cause<unknown> | undefined): void {
    this.oracle.starts(failure === undefined)
  }

  exhausted(error: RestartIntensityExceeded): void {
    this.oracle.exhausts()
    this.#exhausted = error
  }

  ended(report: ShutdownReport): void {
    this.oracle.ends(report)
  }

  log(_level: string, message: string): void {
    this.oracle.logs(message)
  }
}
