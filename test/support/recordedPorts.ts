/**
 * The pool's machine without its shell: messages go in, what it asks of the world comes out as lines of text.
 *
 * The rig plays the parts around the machine: it takes a lease the moment it is granted to somebody who is asking, as
 * the cells do, and knows the workers by the numbers they were opened with. The invariants are checked after every message.
 */
import { Cause, Effect } from "effect"
import * as assert from "node:assert/strict"
import type { AnyFiber, Borrow } from "../../src/pool/internal/borrow.ts"
import type { Job } from "../../src/pool/internal/checkup.ts"
import type { Settings } from "../../src/pool/internal/settings.ts"
import type { Tickets } from "../../src/pool/internal/state.ts"
import type { Worker } from "../../src/pool/internal/worker.ts"
import { check } from "../../src/pool/Invariant.ts"
import { Machine } from "../../src/pool/Machine.ts"
import type { Message } from "../../src/pool/Message.ts"
import { PoolCrashed } from "../../src/pool/PoolError.ts"
import type { Status } from "../../src/pool/Status.ts"
import {
  type Asking,
  awaiter,
  fiber,
  type RecordedAwaiter,
  RecordedBorrow,
  RecordedPorts,
  termsOf
} from "./recording.ts"
import { settingsOf } from "./settings.ts"

export { type Asking, awaiter, fiber, type RecordedAwaiter, RecordedBorrow, RecordedPorts } from "./recording.ts"

const defaults: Settings = {
  ...settingsOf({ size: 1, factory: Effect.void }, "db"),
  start: "background"
}

export class MachineRig {
  readonly ports = new RecordedPorts()
  readonly machine: Machine

  /**
   * A pool that has been started; what it opened first is already opening. One with `tickets` shares them, and a limit,
   * with other pools.
   */
  constructor(settings: Partial<Settings> = {}, tickets?: Tickets) {
    const { closeTimeout = defaults.closeTimeout, size = defaults.size } = settings
    const filled = { ...defaults, minIdle: size, workerShutdown: closeTimeout, ...settings }
    this.machine = new Machine(filled, this.ports, tickets)
    this.machine.start()
  }

  /** A pool whose first workers are open and idle, and whose log is empty. */
  static open(settings: Partial<Settings> = {}, tickets?: Tickets): MachineRig {
    const rig = new MachineRig(settings, tickets)
    while (rig.machine.state.opening > 0) rig.readyAll()
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
    const { guard, key, mode = "wait", owner, prefers, priority = 0, wait = mode === "try" ? 0 : 5_000 } = asking
    const borrow = new RecordedBorrow(name, mode, wait, guard, owner)
    borrow.terms = termsOf(priority, key, prefers === undefined ? undefined : this.worker(prefers))
    return borrow
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

  ready(id: number, jitter = 0): void {
    this.send({ _tag: "Ready", worker: this.worker(id), resource: `resource ${id}`, jitter })
  }

  /** All that are opening now. */
  readyAll(): void {
    for (const { id, state } of Array.from(this.ports.workers.values())) if (state === "opening") this.ready(id)
  }

  /** All that are closing now. */
  closedAll(): void {
    for (const { id, state } of Array.from(this.ports.workers.values())) if (state === "closing") this.closed(id)
  }

  /** What was run on this one has come to an end. */
  checked(id: number, job: Job, ok = true, cause?: Cause.Cause<unknown>): void {
    this.send({ _tag: "Checked", worker: this.worker(id), job, ok, cause })
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

  /** The drain begins when nobody has asked for so long. */
  quiesce(quiet: number, within = Infinity, by: AnyFiber = fiber("main")): RecordedAwaiter {
    const awaits = awaiter(by)
    this.send({ _tag: "Shutdown", mode: "drain", within, quiet, awaiter: awaits })
    return awaits
  }

  awaitShutdown(by: AnyFiber = fiber("waits")): RecordedAwaiter {
    const awaits = awaiter(by)
    this.send({ _tag: "AwaitShutdown", awaiter: awaits })
    return awaits
  }

  evict(ids: ReadonlyArray<number>, isShrinking = false): void {
    this.send({ _tag: "Evict", workers: ids.map((id) => this.worker(id)), isShrinking })
  }

  evictAll(over = 0): void {
    this.send({ _tag: "EvictAll", over })
  }

  reconfigure(patch: Partial<Settings>): void {
    this.send({ _tag: "Reconfigure", settings: { ...this.machine.state.settings, ...patch } })
  }

  /** As by default, all of them are kept. */
  resize(size: number, maxOverflow = this.machine.state.settings.maxOverflow): void {
    this.reconfigure({ size, maxOverflow, minIdle: size })
  }

  suspend(): void {
    this.send({ _tag: "Suspend" })
  }

  resume(): void {
    this.send({ _tag: "Resume" })
  }

  /** Whether there was a lease to end, and a resource to give away. */
  detach(borrow: Borrow): boolean {
    let isDetached: boolean | undefined
    this.send({ _tag: "Detach", borrow, reply: { sendUnsafe: (value) => isDetached = value } })
    return isDetached!
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

  /** How long until something falls due; none if nothing will. */
  get due(): number | undefined {
    const next = this.machine.state.deadlines.next()
    return next === undefined ? undefined : next - this.ports.time
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
