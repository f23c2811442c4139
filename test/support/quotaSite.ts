/**
 * One pool of a `QuotaWorld`: a machine whose ports ask the quota for its places, and those who borrow from it.
 */
import { Cause } from "effect"
import * as assert from "node:assert/strict"
import type { Member } from "../../src/pool/internal/quota.ts"
import { PoolParty } from "../../src/pool/internal/quotaParty.ts"
import type { Settings } from "../../src/pool/internal/settings.ts"
import type { Worker } from "../../src/pool/internal/worker.ts"
import { check } from "../../src/pool/Invariant.ts"
import { Machine } from "../../src/pool/Machine.ts"
import type { Message } from "../../src/pool/Message.ts"
import { PoolCrashed } from "../../src/pool/PoolError.ts"
import type { QuotaWorld } from "./quotaWorld.ts"
import { type RecordedBorrow, RecordedPorts } from "./recording.ts"

class SitePorts extends RecordedPorts {
  readonly #site: Site

  constructor(site: Site) {
    super()
    this.#site = site
  }

  override now(): number {
    return this.#site.world.time
  }

  override moment(): number {
    return this.#site.world.time
  }

  override claim(): boolean {
    const isMine = this.#site.member.take()
    if (isMine) this.#site.world.opens(this.#site)
    else if (this.#site.demand > 0) this.#site.isTurnedAway = true
    return isMine
  }

  override disclaim(): void {
    this.#site.member.give()
  }

  override yields(ticket: number | undefined, isHeld = false): boolean {
    return this.#site.member.owes(ticket, isHeld)
  }
}

/** The pool's own side of the quota, and whatever it is told is judged first. */
class Watched extends PoolParty {
  readonly #site: Site

  constructor(site: Site) {
    super(site.machine.state, (message) => site.send(message), () => site.world.time)
    this.#site = site
  }

  override retry(): void {
    this.#site.world.tells(this.#site)
    this.#site.isTold = true
    super.retry()
    this.#site.isTold = false
  }

  override shed(): boolean {
    this.#site.world.sheds(this.#site)
    const isShed = super.shed()
    const { live, target } = this.#site.machine.state
    assert.ok(target <= live, "what was closed to make room is to be replaced")
    return isShed
  }
}

export class Site {
  readonly world: QuotaWorld
  readonly settings: Settings
  readonly machine: Machine
  readonly ports: SitePorts
  readonly member: Member
  readonly #party: PoolParty
  /** Each who asks, by himself or together: a single is a bundle of one. */
  readonly borrows: Array<ReadonlyArray<RecordedBorrow>> = []
  life: "alive" | "crashed" | "left" = "alive"
  /** It was denied a place, and has wanted one ever since. */
  isTurnedAway = false
  /** It is being told that there is room. */
  isTold = false

  constructor(world: QuotaWorld, settings: Settings) {
    this.world = world
    this.settings = settings
    this.ports = new SitePorts(this)
    this.machine = new Machine(settings, this.ports, world.quota.tickets)
    this.#party = new Watched(this)
    this.member = world.quota.join(this.#party)
  }

  start(): void {
    this.machine.start()
    this.world.verify()
  }

  /** A turn, and what follows it. What has crashed hears nothing. */
  send(message: Message): void {
    if (this.life !== "alive") return
    this.machine.handle(message)
    this.machine.date()
    check(this.machine.state)
    this.world.verify()
  }

  /** Its places are had until nothing of it is left. */
  crash(): void {
    if (this.life !== "alive") return
    this.life = "crashed"
    this.machine.crash(new PoolCrashed({ pool: "db", reason: { _tag: "Killed" } }))
    this.world.verify()
  }

  leave(): void {
    this.life = "left"
    this.member.leave()
    this.world.verify()
  }

  ask(parts: ReadonlyArray<RecordedBorrow>, takes: boolean): void {
    this.borrows.push(parts)
    for (const part of parts) {
      if (parts.length > 1) part.bundle = parts
      part.asking = true
      this.send(part)
      part.asking = false
      if (part.state === "refused") return this.cancel(parts)
    }
    if (takes) this.take(parts)
  }

  /** As the cells do: all are taken over at once, or none is; those of which one is refused are left. */
  take(parts: ReadonlyArray<RecordedBorrow>): void {
    if (parts.some(({ state, taken }) => taken || state === "asked" || state === "waiting")) return
    if (parts.some(({ state }) => state === "refused")) return this.cancel(parts)
    for (const part of parts) if (part.state === "lent") part.taken = true
  }

  cancel(parts: ReadonlyArray<RecordedBorrow>): void {
    if (parts.some(({ taken }) => taken)) return
    for (const part of parts) if (part.state !== "refused") this.send({ _tag: "Cancel", borrow: part })
  }

  /** What could go on is given up for other pools where it is owed to them, and only then. */
  checkin(borrow: RecordedBorrow): void {
    const { bound, ceiling, isSuspended, open, servable, settings, waiting } = this.machine.state
    const { phase } = this.machine.state
    const worker = borrow.worker!
    const isLast = worker.leases === 1
    const goesOn = !worker.isLeaving && worker.retireAt > this.world.time && worker.uses + 1 < settings.maxUses &&
      ceiling === bound && !worker.hasSuccessor && !(isLast && settings.resets)
    // Where that lease was one too many of its key, who is to be served is another question afterwards.
    const isPlain = phase === "open" && settings.fairness?.maxPerKey !== 2
    const isOwed = this.world.owes(this, servable > 0 && !isSuspended ? waiting.head?.ticket : undefined, !isLast)
    this.send({ _tag: "Checkin", borrow })
    if (!goesOn || !isPlain) return
    const isGivenUp = isLast ? worker.state === "closing" : worker.isLeaving
    if (isOwed) assert.ok(isGivenUp, "what has come back is owed to another pool, and is kept")
    else if (!isLast || open <= settings.size) assert.ok(!isGivenUp, "what has come back is given up for nobody")
  }

  workers(...states: ReadonlyArray<Worker["state"]>): ReadonlyArray<Worker> {
    return this.life === "alive"
      ? Array.from(this.machine.state.workers).filter((each) => states.includes(each.state))
      : []
  }

  ready(worker: Worker): void {
    this.send({ _tag: "Ready", worker, resource: `resource ${worker.id}`, jitter: 0 })
  }

  openFailed(worker: Worker): void {
    this.send({ _tag: "Exited", worker, reason: { _tag: "OpenFailed", cause: refused, abandoned: false } })
  }

  died(worker: Worker): void {
    this.send({ _tag: "Exited", worker, reason: { _tag: "Died", cause: refused } })
  }

  closed(worker: Worker): void {
    this.send({ _tag: "Exited", worker, reason: { _tag: "Closed", abandoned: false } })
  }

  checked(worker: Worker, ok: boolean): void {
    const job = worker.state === "resetting" ? "reset" : worker.isProbed ? "probe" : "validate"
    this.send({ _tag: "Checked", worker, job, ok, cause: undefined })
  }

  /** The back-off schedule answers. */
  answer(): void {
    if (this.machine.state.backoff === "asking") this.send({ _tag: "RetryAfter", delay: 20 })
  }

  reconfigure(patch: Partial<Settings>): void {
    this.send({ _tag: "Reconfigure", settings: { ...this.machine.state.settings, ...patch } })
  }

  evict(worker: Worker): void {
    this.send({ _tag: "Evict", workers: [worker], isShrinking: false })
  }

  drain(): void {
    this.send({ _tag: "Shutdown", mode: "drain", within: Infinity, awaiter: undefined })
  }

  /** The timer: it says nothing before anything is due. */
  tick(): void {
    const next = this.machine.state.deadlines.next()
    if (next !== undefined && next <= this.world.time) this.send({ _tag: "Tick", now: this.world.time })
  }

  // What there is

  get places(): number {
    return this.life === "left" ? 0 : this.machine.state.workers.size + this.member.granted
  }

  get isWaitedFor(): boolean {
    const { bound, isSuspended, servable } = this.machine.state
    return this.life === "alive" && !isSuspended && bound > 0 && servable > 0
  }

  get demand(): number {
    return this.life === "alive" ? this.#party.demand() : 0
  }

  /** Of the first for whom nothing is under way yet. */
  get firstTicket(): number {
    const { coming, opening, settings, waiting } = this.machine.state
    const tickets: Array<number> = []
    for (let waiter = waiting.head; waiter !== undefined; waiter = waiter.next) tickets.push(waiter.ticket)
    return tickets[(coming + opening) * settings.concurrency] ?? Infinity
  }

  get isBare(): boolean {
    return this.machine.state.live === 0
  }

  get closing(): number {
    return this.machine.state.closing
  }

  /** Those that are to be closed after their last leases. */
  get leaving(): number {
    return this.workers("lent").filter(({ isLeaving }) => isLeaving).length
  }

  get idle(): number {
    return this.workers("idle").length
  }

  get coldest(): number {
    return this.workers("idle").reduce((least, { idleSince }) => Math.min(least, idleSince), Infinity)
  }

  get held(): ReadonlyArray<RecordedBorrow> {
    return this.borrows.flat().filter(({ state, taken }) => this.life === "alive" && state === "lent" && taken)
  }
}

const refused = Cause.fail("refused")
