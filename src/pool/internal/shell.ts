/**
 * What is around the machine: its clock, its timer, its workers, its replies. It carries out what a turn has decided, and
 * never within that turn.
 *
 * A turn only queues. The flush after it delivers replies, wakes the launcher (workers, logs) and aims the timer.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type Fork, Host } from "../../channel/internal/host.ts"
import { type Delivery, Outbox } from "../../channel/internal/outbox.ts"
import { Timer } from "../../channel/internal/timer.ts"
import type { Message } from "../Message.ts"
import type { ResourceInfo } from "../Policies.ts"
import type { RestartIntensityExceeded } from "../PoolError.ts"
import type { Ports } from "../Ports.ts"
import { Backoff } from "./backoff.ts"
import type { Borrow } from "./borrow.ts"
import type { Job } from "./checkup.ts"
import type { Core } from "./core.ts"
import { type Crew, crewOf, toolsOf } from "./crew.ts"
import { Dating } from "./dating.ts"
import { infoOf } from "./info.ts"
import { Launcher } from "./launcher.ts"
import { Orphans } from "./orphans.ts"
import type { Owner } from "./owner.ts"
import type { Member } from "./quota.ts"
import type { Parts, Settings } from "./settings.ts"
import type { Worker } from "./worker.ts"

/** @internal */
export class Shell implements Ports {
  readonly host: Host
  readonly launcher = new Launcher()
  readonly crew: Crew
  /** Where the resource lives that was detached last: set within the turn of that `Detach`. */
  detached: Scope.Closeable | undefined
  /** Of those who share a limit. */
  member: Member | undefined
  readonly #core: Core
  readonly #fork: Fork
  readonly #outbox: Outbox
  readonly #timer: Timer
  readonly #dating = new Dating()
  /** When this batch of turns was looked at. */
  #moment: number | undefined = undefined
  readonly #backoff: Backoff
  readonly #orphans = new Orphans((borrow) => this.post({ _tag: "Unreachable", borrow }))

  constructor(context: Context.Context<never>, parts: Parts, core: Core) {
    this.#core = core
    this.host = new Host(context)
    this.#fork = Effect.runForkWith(context)
    this.#outbox = new Outbox(this.host, this.#afterFlush)
    this.#timer = new Timer(this.host, () => this.post({ _tag: "Tick", now: this.now() }), this.#fork)
    this.#backoff = new Backoff(parts.backoff, this.#fork, (delay) => this.post({ _tag: "RetryAfter", delay }))
    this.crew = crewOf(this, parts, this.#fork)
  }

  get settings(): Settings {
    return this.#core.settings
  }

  post(message: Message): void {
    this.#core.post(message)
  }

  /** What is run from now on. */
  equip(parts: Parts): void {
    this.crew.equip(toolsOf(parts))
    this.#backoff.replace(parts.backoff)
  }

  deliverLater(delivery: Delivery): void {
    this.#outbox.add(delivery)
  }

  launch(job: () => void): void {
    this.launcher.add(job)
    this.#outbox.schedule()
  }

  handOut(borrow: Borrow, lease: object): void {
    this.#orphans.handOut(borrow, lease)
  }

  /** What an open resource is worth knowing about, for whoever judges it. */
  infoOf(worker: Worker): ResourceInfo {
    return infoOf(this.#core.machine.state, worker, this.now())
  }

  /** In the launcher: nothing is carried out any more, and then this is. */
  end(last: Effect.Effect<void>): void {
    this.#timer.disarm()
    this.#backoff.stop()
    this.#fork(last)
    this.launcher.end()
  }

  // Ports

  now(): number {
    return this.host.now()
  }

  moment(): number {
    return this.#moment ?? this.#look()
  }

  reply(borrow: Borrow): void {
    if (!borrow.asking) this.#outbox.add(borrow)
  }

  aim(): void {
    this.#outbox.schedule()
  }

  date(): void {
    if (!this.#dating.waits(this.#outbox)) this.#core.machine.date()
  }

  claim(): boolean {
    return this.member === undefined || this.member.take()
  }

  disclaim(): void {
    this.member?.give()
  }

  yields(ticket: number | undefined, isHeld: boolean): boolean {
    return this.member?.owes(ticket, isHeld) ?? false
  }

  open(worker: Worker): void {
    this.launch(() => this.crew.open(worker))
  }

  close(worker: Worker): void {
    this.launch(() => this.crew.close(worker))
  }

  giveUp(worker: Worker): void {
    this.launch(() => this.crew.giveUp(worker))
  }

  check(worker: Worker, job: Job): void {
    this.launch(() => this.crew.check(worker, job))
  }

  detach(worker: Worker): boolean {
    this.detached = this.crew.detach(worker)
    return this.detached !== undefined
  }

  retryDelay(first: boolean, cause: Cause.Cause<unknown>): void {
    this.launch(() => this.#backoff.ask(first, cause))
  }

  monitor(owner: Owner): void {
    this.#core.monitor(owner)
  }

  orphan(borrow: Borrow): void {
    this.#orphans.watch(borrow)
  }

  started(failure: Cause.Cause<unknown> | undefined): void {
    this.#core.started(failure)
  }

  exhausted(error: RestartIntensityExceeded): void {
    this.#core.exhausted(error)
  }

  ended(): void {
    this.#core.closed()
  }

  log(level: "warning" | "info", message: string): void {
    const line = `pool "${this.settings.name}": ${message}`
    this.launch(() => this.#fork(level === "warning" ? Effect.logWarning(line) : Effect.logInfo(line)))
  }

  /** For all of a batch the same, where there are batches with more than one borrow in them. */
  #look(): number {
    const now = this.host.now()
    if (!this.#dating.isWaiting) return now
    this.#outbox.schedule()
    return this.#moment = now
  }

  readonly #afterFlush = (): void => {
    this.#moment = undefined
    if (!this.#core.isOver) {
      this.#dating.flushed()
      const { machine } = this.#core
      machine.date()
      const next = machine.state.deadlines.next()
      if (this.#timer.misses(next)) this.launcher.add(() => this.#timer.aim(next))
    }
    if (this.launcher.hasWork) this.launcher.wake()
  }
}
