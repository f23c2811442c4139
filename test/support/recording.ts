/**
 * What is around the machine, recorded: those who ask it for something, as it sees them, and the ports, through which it asks
 * for something itself.
 */
import { Cause } from "effect"
import { type AnyFiber, Borrow, type Terms } from "../../src/pool/internal/borrow.ts"
import type { Job } from "../../src/pool/internal/checkup.ts"
import type { Owner } from "../../src/pool/internal/owner.ts"
import type { Worker } from "../../src/pool/internal/worker.ts"
import type { Awaiter } from "../../src/pool/Message.ts"
import type { RestartIntensityExceeded } from "../../src/pool/PoolError.ts"
import type { Ports } from "../../src/pool/Ports.ts"
import type { ShutdownReport } from "../../src/pool/Status.ts"

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
  /** When this batch of turns began, where the clock was looked at then. */
  began: number | undefined = undefined
  /** Whether a resource is still there when it is to be detached. */
  isThere = true
  /** How many of the places that it shares with other pools it has, and how many it may have. */
  claimed = 0
  places = Infinity
  /** Another pool needs the place of what would go to the waiter of this ticket. */
  isWanted = (_ticket: number | undefined, _isHeld: boolean): boolean => false
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

  moment(): number {
    return this.began ?? this.time
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

  claim(): boolean {
    if (this.claimed >= this.places) return false
    this.claimed++
    return true
  }

  disclaim(): void {
    this.claimed--
  }

  yields(ticket: number | undefined, isHeld: boolean): boolean {
    return this.isWanted(ticket, isHeld)
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

  check(worker: Worker, job: Job): void {
    this.#lines.push(`${job} ${worker.id}`)
  }

  detach(worker: Worker): boolean {
    this.#lines.push(`detach ${worker.id}`)
    return this.isThere
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

export interface Asking {
  readonly mode?: Borrow["mode"]
  readonly wait?: number
  /** The fiber that gives it back by itself, as of a `use`. */
  readonly guard?: AnyFiber
  /** The fiber whose end abandons the lease. */
  readonly owner?: AnyFiber
  /** `false`: what is granted on the spot reaches the asker only later. */
  readonly takes?: boolean
  readonly priority?: number
  readonly key?: string
  /** The number of the worker that it would like best. */
  readonly prefers?: number
}

export const termsOf = (priority: number, key: string | undefined, preferred: Worker | undefined): Terms | undefined =>
  priority === 0 && key === undefined && preferred === undefined ? undefined : { priority, key, preferred }

export interface RecordedAwaiter extends Awaiter {
  hasLeft: boolean
  readonly reports: Array<ShutdownReport>
}

export const awaiter = (by: AnyFiber = fiber("awaiter")): RecordedAwaiter => {
  const reports: Array<ShutdownReport> = []
  return { fiber: by, hasLeft: false, reports, reply: (report) => void reports.push(report) }
}
