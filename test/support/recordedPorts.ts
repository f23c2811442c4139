/**
 * The pool's machine without its shell: messages go in, what it asks of the world comes out as lines of text.
 *
 * The rig plays the parts around the machine: it takes a lease the moment it is granted to somebody who is asking, as
 * the cells do, and knows the workers by the numbers they were opened with. The invariants are checked after every message.
 */
import { Cause } from "effect"
import * as assert from "node:assert/strict"
import { type AnyFiber, Borrow } from "../../src/pool/internal/borrow.ts"
import type { Owner } from "../../src/pool/internal/owner.ts"
import type { Settings } from "../../src/pool/internal/settings.ts"
import type { Worker } from "../../src/pool/internal/worker.ts"
import { check } from "../../src/pool/Invariant.ts"
import { Machine } from "../../src/pool/Machine.ts"
import type { Awaiter, Message } from "../../src/pool/Message.ts"
import { PoolCrashed, type RestartIntensityExceeded } from "../../src/pool/PoolError.ts"
import type { Ports } from "../../src/pool/Ports.ts"
import type { ShutdownReport, Status } from "../../src/pool/Status.ts"

/** A fiber is to the machine an identity and no more. */
export const fiber = (name: string): AnyFiber => ({ name }) as unknown as AnyFiber

const nameOf = (of: AnyFiber): string => (of as unknown as { readonly name: string }).name

/** A borrow that records how it stood whenever it was delivered to. */
export class RecordedBorrow extends Borrow {
  readonly name: string
  readonly deliveries: Array<Borrow["state"]> = []

  constructor(
    name: string,
    mode: Borrow["mode"],
    wait: number,
    guard: AnyFiber | undefined,
    owner: AnyFiber | undefined
  ) {
    super(mode, wait, guard, owner)
    this.name = name
  }

  deliver(): void {
    this.deliveries.push(this.state)
  }

  /** How it stands, in a word or two: `lent 1`, `CheckoutTimeout`, `waiting`. */
  get outcome(): string {
    if (this.state === "lent") return `lent ${this.worker!.id}`
    return this.state === "refused" ? this.refusal!._tag : this.state
  }
}

/** Ports that carry nothing out. A line per call, but for `now`, `aim` and `date`, which are only counted. */
export class RecordedPorts implements Ports {
  time = 1_000
  looks = 0
  aims = 0
  dates = 0
  readonly workers = new Map<number, Worker>()
  readonly owners = new Map<AnyFiber, Owner>()
  /** Of each question to the back-off schedule: whether it begins anew. */
  readonly rounds: Array<{ readonly first: boolean }> = []
  startFailure: Cause.Cause<unknown> | undefined = undefined
  #lines: Array<string> = []

  /** What was asked for since the last look. */
  take(): ReadonlyArray<string> {
    const lines = this.#lines
    this.#lines = []
    return lines
  }

  now(): number {
    this.looks++
    return this.time
  }

  reply(borrow: Borrow): void {
    if (!borrow.asking) {
      this.#lines.push(`reply ${(borrow as RecordedBorrow).name} ${(borrow as RecordedBorrow).outcome}`)
    }
    borrow.deliver()
  }

  aim(): void {
    this.aims++
  }

  date(): void {
    this.dates++
  }

  open(worker: Worker): void {
    this.workers.set(worker.id, worker)
    this.#lines.push(`open ${worker.id}`)
  }

  close(worker: Worker): void {
    this.#lines.push(`close ${worker.id}`)
  }

  giveUp(worker: Worker): void {
    this.#lines.push(`giveUp ${worker.id}`)
  }

  retryDelay(first: boolean, cause: Cause.Cause<unknown>): void {
    this.rounds.push({ first })
    this.#lines.push(`retryDelay ${String(Cause.squash(cause))}`)
  }

  monitor(owner: Owner): void {
    this.owners.set(owner.fiber, owner)
    this.#lines.push(`monitor ${nameOf(owner.fiber)}`)
  }

  orphan(borrow: Borrow): void {
    this.#lines.push(`orphan ${(borrow as RecordedBorrow).name}`)
  }

  started(failure: Cause.Cause<unknown> | undefined): void {
    this.startFailure = failure
    this.#lines.push(failure === undefined ? "started" : `not started ${String(Cause.squash(failure))}`)
  }

  exhausted(error: RestartIntensityExceeded): void {
    this.#lines.push(`exhausted: ${error.message}`)
  }

  ended(report: ShutdownReport): void {
    this.#lines.push(`ended ${report.drained} drained ${report.forced} forced`)
  }

  log(level: "warning" | "info", message: string): void {
    this.#lines.push(`${level}: ${message}`)
  }
}

const defaults: Settings = {
  name: "db",
  size: 1,
  maxOverflow: 0,
  checkoutTimeout: 5_000,
  maxWaiting: Infinity,
  strategy: "lifo",
  start: "background",
  openTimeout: 30_000,
  openConcurrency: 4,
  closeTimeout: 5_000,
  onOpenFailure: "retry",
  onAbandoned: "destroy",
  onOwnerSuccess: "release",
  onInterrupt: "destroy",
  restartIntensity: undefined,
  shutdownTimeout: 5_000,
  stopWithLastSession: false
}

export interface Asking {
  readonly mode?: Borrow["mode"]
  readonly wait?: number
  /** The fiber that gives it back by itself, as of a `use`. */
  readonly guard?: AnyFiber
  /** The fiber whose end abandons the lease. */
  readonly owner?: AnyFiber
  /** `false`: what is granted on the spot reaches the asker only later. */
  readonly takes?: boolean
}

export interface RecordedAwaiter extends Awaiter {
  hasLeft: boolean
  readonly reports: Array<ShutdownReport>
}

export const awaiter = (by: AnyFiber = fiber("awaiter")): RecordedAwaiter => {
  const reports: Array<ShutdownReport> = []
  return { fiber: by, hasLeft: false, reports, reply: (report) => void reports.push(report) }
}

export class MachineRig {
  readonly ports = new RecordedPorts()
  readonly machine: Machine

  /** A pool that has been started; what it opened first is already opening. */
  constructor(settings: Partial<Settings> = {}) {
    this.machine = new Machine({ ...defaults, ...settings }, this.ports)
    this.machine.start()
  }

  /** A pool whose first workers are open and idle, and whose log is empty. */
  static open(settings: Partial<Settings> = {}): MachineRig {
    const rig = new MachineRig(settings)
    for (let id = 1; id <= rig.machine.state.settings.size; id++) rig.ready(id)
    rig.calls()
    return rig
  }

  /** What the machine asked of the world since the last look. */
  calls(): ReadonlyArray<string> {
    return this.ports.take()
  }

  /** The turns of one batch, and what follows it. */
  batch(...messages: ReadonlyArray<Message>): void {
    for (const message of messages) {
      this.machine.handle(message)
      check(this.machine.state)
    }
    this.machine.date()
    check(this.machine.state)
  }

  send(message: Message): void {
    this.batch(message)
  }

  borrow(name: string, asking: Asking = {}): RecordedBorrow {
    return new RecordedBorrow(name, asking.mode ?? "wait", asking.wait ?? 5_000, asking.guard, asking.owner)
  }

  checkout(name: string, asking: Asking = {}): RecordedBorrow {
    const borrow = this.borrow(name, asking)
    this.ask(borrow, asking.takes)
    return borrow
  }

  ask(borrow: RecordedBorrow, takes = true): void {
    borrow.asking = true
    this.send(borrow)
    borrow.asking = false
    if (takes && borrow.state === "lent") borrow.taken = true
  }

  /** The granted lease has reached its asker. */
  taken(...borrows: ReadonlyArray<RecordedBorrow>): void {
    for (const borrow of borrows) {
      assert.equal(borrow.state, "lent")
      borrow.taken = true
    }
  }

  checkin(borrow: Borrow): void {
    this.send({ _tag: "Checkin", borrow })
  }

  destroyed(borrow: Borrow): void {
    this.send({ _tag: "Destroyed", borrow, reason: undefined })
  }

  crash(): void {
    this.machine.crash(new PoolCrashed({ pool: "db", reason: { _tag: "Killed" } }))
  }

  cancel(borrow: Borrow): void {
    this.send({ _tag: "Cancel", borrow })
  }

  ready(id: number): void {
    this.send({ _tag: "Ready", worker: this.worker(id), resource: `resource ${id}` })
  }

  openFailed(id: number, error: unknown = "refused", abandoned = false): void {
    this.send({
      _tag: "Exited",
      worker: this.worker(id),
      reason: { _tag: "OpenFailed", cause: Cause.fail(error), abandoned }
    })
  }

  died(id: number, error: unknown = "hung up"): void {
    this.send({ _tag: "Exited", worker: this.worker(id), reason: { _tag: "Died", cause: Cause.fail(error) } })
  }

  closed(id: number, abandoned = false): void {
    this.send({ _tag: "Exited", worker: this.worker(id), reason: { _tag: "Closed", abandoned } })
  }

  /** The back-off schedule has answered. */
  retryAfter(delay: number): void {
    this.send({ _tag: "RetryAfter", delay })
  }

  ownerDown(owner: AnyFiber, success: boolean): void {
    this.send({ _tag: "OwnerDown", owner: this.ports.owners.get(owner)!, success })
  }

  adopt(borrow: Borrow, by: AnyFiber): void {
    this.send({ _tag: "Adopt", borrow, fiber: by })
  }

  shutdown(mode: "drain" | "now", within = Infinity, by: AnyFiber = fiber("main")): RecordedAwaiter {
    const awaits = awaiter(by)
    this.send({ _tag: "Shutdown", mode, within, awaiter: awaits })
    return awaits
  }

  awaitShutdown(by: AnyFiber = fiber("waits")): RecordedAwaiter {
    const awaits = awaiter(by)
    this.send({ _tag: "AwaitShutdown", awaiter: awaits })
    return awaits
  }

  /** Time goes by, and the timer says so. */
  pass(millis: number): void {
    this.machine.date()
    this.ports.time += millis
    this.send({ _tag: "Tick", now: this.ports.time })
  }

  get status(): Status {
    let status: Status | undefined
    this.send({ _tag: "Status", reply: { sendUnsafe: (value) => status = value } })
    return status!
  }

  /** `idle/lent/opening/closing/waiting` */
  get numbers(): string {
    const { idle, lent, opening, closing, waiting } = this.status
    return `${idle}/${lent}/${opening}/${closing}/${waiting}`
  }

  worker(id: number): Worker {
    const worker = this.ports.workers.get(id)
    assert.ok(worker !== undefined, `worker ${id} was never opened`)
    return worker
  }
}
