/**
 * What time does to resources that nobody has: how long one may sit idle, when it is probed, when it has lived long enough;
 * and to those that somebody has had for too long.
 *
 * What is due is always asked as its deadline was computed, `since + timeout <= now`: with fractions of milliseconds
 * `now - since >= timeout` is another question, and a round that finds nothing due at its own instant would come for ever.
 *
 * All of it hangs on one deadline, that of the housekeeper's next round: the earliest instant at which anything could fall
 * due. Where nothing can, there is none. A round that comes too early finds nothing to do, and sets the next one.
 *
 * ```text
 *   idle longer than overflowTtl, and more than `size` are open       close, the coldest first
 *   idle longer than idleTimeout, and more than `minIdle` are idle    close, the coldest first; keep one less from now on
 *   retireAt                                                          close; a lent one when it comes back
 *   a little before                                                   open a successor, if there is room
 *   not seen well for longer than keepalive                           probe, few at a time
 *   lent for longer than leaseTimeout                                 warn, or revoke
 * ```
 *
 * @internal
 */
import type { Ports } from "../Ports.ts"
import type { Checks } from "./checks.ts"
import type { Lending } from "./lending.ts"
import { Overdue } from "./overdue.ts"
import type { Queueing } from "./queueing.ts"
import type { Staffing } from "./staffing.ts"
import type { State } from "./state.ts"
import type { Worker } from "./worker.ts"

/** How often `shouldRetire` is asked about what is idle. HikariCP's housekeeping period. */
const judgeEvery = 30_000

/** @internal */
export class Upkeep {
  readonly #state: State
  readonly #ports: Ports
  readonly #queueing: Queueing
  #lending!: Lending
  #overdue!: Overdue
  #staffing!: Staffing
  #checks!: Checks
  /** When idle ones were asked about last. */
  #judgedAt = -Infinity

  constructor(state: State, ports: Ports, queueing: Queueing) {
    this.#state = state
    this.#ports = ports
    this.#queueing = queueing
  }

  bind(lending: Lending, staffing: Staffing, checks: Checks): void {
    this.#lending = lending
    this.#overdue = new Overdue(this.#state, this.#ports, lending)
    this.#staffing = staffing
    this.#checks = checks
  }

  // What the others ask

  /** A resource that is free may be lent again, and kept. */
  keeps(worker: Worker): boolean {
    return !worker.isLeaving && worker.uses < this.#state.settings.maxUses && worker.retireAt > this.#ports.moment()
  }

  /**
   * There is a place for it among the idle: within `size`, or for a while beyond it. One whose successor is there has none, and
   * the successor has its own.
   */
  mayStay(worker: Worker): boolean {
    const state = this.#state
    if (worker.hasSuccessor) return state.open < Math.max(state.target, state.needed)
    return state.settings.overflowTtl > 0 || state.open < state.settings.size + state.succeeded
  }

  // What the others tell

  /** It is new. */
  opens(worker: Worker): void {
    worker.idleSince = worker.checkedAt = worker.since
    this.#setRetirement(worker)
  }

  /** It has become idle. */
  idles(worker: Worker): void {
    this.#noLaterThan(this.#dueOf(worker))
  }

  /** It has passed its probe, and has been idle all the time. */
  probed(worker: Worker): void {
    const { idle } = this.#state
    worker.checkedAt = this.#ports.moment()
    const { bound, ceiling, isLimited, open } = this.#state
    // Meanwhile the pool may have been made smaller, and another one may have come to need its place.
    const isUnwanted = (ceiling > bound && open >= bound) || (isLimited && this.#ports.yields(undefined, false))
    if (isUnwanted || !this.mayStay(worker) || !this.keeps(worker)) return this.#lending.place(worker)
    let colder = idle.tail
    while (colder !== undefined && colder.idleSince > worker.idleSince) colder = colder.prev
    worker.state = "idle"
    idle.insertBefore(worker, colder === undefined ? idle.head : colder.next)
    this.aim()
  }

  /** Whatever was lent without a date has one now. */
  lends(now: number): void {
    const { leaseTimeout } = this.#state.settings
    if (leaseTimeout !== undefined) this.#noLaterThan(now + leaseTimeout.after)
  }

  /** Less is lent or asked for than before: what is idle in reserve for that may be one too many now. */
  spares(): void {
    const { idle, settings } = this.#state
    if (settings.targetUtilization < 1 && idle.head !== undefined) this.#noLaterThan(this.#dueOf(idle.head))
  }

  /** A new one has come: perhaps for one whose time is nearly over, and perhaps something idle is one too many now. */
  joins(): void {
    const { idle, succeeded } = this.#state
    if (succeeded > 0) this.#relieve()
    if (idle.length > 0) this.aim()
  }

  #relieve(): void {
    const { idle, needed, open, target } = this.#state
    if (open <= Math.max(target, needed)) return
    for (let worker = idle.head; worker !== undefined; worker = worker.next) {
      if (worker.hasSuccessor) return this.#staffing.close(worker)
    }
  }

  /** It is to go: at that instant if it is idle then, or else when it comes back. */
  evict(worker: Worker, at: number): void {
    if (at >= worker.evictAt) return
    worker.evictAt = at
    this.#state.isPlain = false
    this.#setRetirement(worker)
  }

  /** Other limits apply from now on, also to what is open already. */
  revise(): void {
    const { lent, settings } = this.#state
    if (settings.leaseTimeout === undefined) {
      for (let seat = lent.head; seat !== undefined; seat = seat.next) seat.isOverdue = false
    }
    const now = this.#ports.moment()
    for (const worker of this.#state.workers) {
      // One that has longer to live now needs no successor yet.
      if (worker.hasSuccessor && this.#successionOf(worker) > now) this.#staffing.forgetSuccession(worker)
      this.#setRetirement(worker)
    }
    for (const worker of this.#state.workers) {
      if ((worker.state === "idle" || worker.isShared) && !this.keeps(worker)) this.#lending.discard(worker)
    }
    this.aim()
  }

  // The housekeeper

  round(now: number): void {
    const state = this.#state
    state.round = undefined
    this.#queueing.dateAll(now)
    this.#overdue.look(now)
    if (state.phase === "open") {
      // First those that nobody needs: they need no successor.
      this.#expire(now)
      this.#retire(now)
      this.#probe(now)
      this.#judge(now)
      this.#succeed(now)
    }
    this.#staffing.hire()
    this.aim()
  }

  /** The next round is when anything can fall due. */
  aim(): void {
    const state = this.#state
    const { leaseTimeout } = state.settings
    if (leaseTimeout !== undefined) {
      for (let seat = state.lent.head; seat !== undefined; seat = seat.next) {
        if (seat.isOverdue) continue
        if (seat.lentAt !== undefined) this.#noLaterThan(seat.lentAt + leaseTimeout.after)
        break
      }
    }
    if (state.phase !== "open") return
    for (const worker of state.workers) this.#noLaterThan(this.#dueOf(worker))
  }

  /** The earliest instant at which there may be something to do about this one. */
  #dueOf(worker: Worker): number {
    const state = this.#state
    const { idle, settings } = state
    const { head } = idle
    if (worker.state !== "idle" || head === undefined) return worker.succeedAt
    const { idleSince } = head
    const isSpare = idle.length > settings.minIdle && state.open > state.needed
    const isOverflow = state.open > settings.size + state.succeeded
    return Math.min(
      worker.succeedAt,
      worker.retireAt,
      isSpare ? idleSince + settings.idleTimeout : Infinity,
      isOverflow ? idleSince + settings.overflowTtl : Infinity,
      // As soon as one has ended, the next one is looked for.
      state.probing < this.#mostProbes ? worker.checkedAt + settings.keepalive : Infinity,
      settings.asksToRetire ? Math.max(this.#judgedAt, idleSince) + judgeEvery : Infinity
    )
  }

  #noLaterThan(at: number): void {
    const state = this.#state
    if (at === Infinity || (state.round !== undefined && state.round.at <= at)) return
    if (state.round !== undefined) state.deadlines.cancel(state.round)
    state.round = state.deadlines.add(at, "round")
    this.#ports.aim()
  }

  /** Drawn lifetimes end apart from each other. A successor takes as long as an opening may, or a tenth of the lifetime. */
  #setRetirement(worker: Worker): void {
    if (worker.state === "opening" || worker.state === "closing") {
      worker.retireAt = worker.evictAt
      return
    }
    const end = this.#endOf(worker)
    worker.retireAt = Math.min(worker.evictAt, end)
    worker.succeedAt = end < worker.evictAt && !worker.hasSuccessor ? this.#successionOf(worker) : Infinity
    this.#noLaterThan(this.#dueOf(worker))
  }

  /** Of its lifetime. */
  #endOf({ jitter, since }: Worker): number {
    const { lifetimeJitter, maxLifetime } = this.#state.settings
    return since + maxLifetime * (1 - lifetimeJitter * jitter)
  }

  #successionOf(worker: Worker): number {
    const { maxLifetime, openTimeout } = this.#state.settings
    return maxLifetime === Infinity ? Infinity : this.#endOf(worker) - Math.min(openTimeout, maxLifetime / 10)
  }

  #retire(now: number): void {
    const { idle } = this.#state
    for (let worker = idle.head; worker !== undefined;) {
      const { next }: Worker = worker
      if (worker.retireAt <= now) this.#staffing.close(worker)
      worker = next
    }
  }

  #expire(now: number): void {
    const state = this.#state
    const { idleTimeout, minIdle, overflowTtl, size } = state.settings
    const { idle } = state
    for (let coldest = idle.head; coldest !== undefined; coldest = idle.head) {
      const { idleSince } = coldest
      const isOverflow = state.open > size + state.succeeded && idleSince + overflowTtl <= now
      const isSpare = idle.length > minIdle && state.open > state.needed && idleSince + idleTimeout <= now
      if (!isOverflow && !isSpare) return
      this.#staffing.close(coldest)
      // What nobody has needed for so long is not opened again before somebody needs it.
      if (isSpare) state.target = Math.min(state.target, state.live)
    }
  }

  #probe(now: number): void {
    const state = this.#state
    const { keepalive } = state.settings
    if (keepalive === Infinity) return
    for (let worker = state.idle.head; worker !== undefined && state.probing < this.#mostProbes;) {
      const { next }: Worker = worker
      if (worker.checkedAt + keepalive <= now) this.#checks.probe(worker)
      worker = next
    }
  }

  /** So that there is always something to lend. */
  get #mostProbes(): number {
    return Math.max(1, Math.floor(this.#state.settings.size / 4))
  }

  #judge(now: number): void {
    const { idle, settings } = this.#state
    if (!settings.asksToRetire || idle.head === undefined) return
    if (Math.max(this.#judgedAt, idle.head.idleSince) + judgeEvery > now) return
    this.#judgedAt = now
    for (let worker: Worker | undefined = idle.head; worker !== undefined; worker = worker.next) {
      this.#ports.check(worker, "judge")
    }
  }

  /** Where there is room for one more, a successor is opened before the old one has to go. */
  #succeed(now: number): void {
    const state = this.#state
    for (const worker of state.workers) {
      if (worker.succeedAt > now) continue
      worker.succeedAt = Infinity
      if (state.room <= 0) continue
      worker.hasSuccessor = true
      state.succeeded++
    }
  }
}
