/**
 * Who waits, until when, who is next, and what those are told who wait in vain.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import { stackless } from "../../channel/internal/stackless.ts"
import * as PoolError from "../PoolError.ts"
import type { Ports } from "../Ports.ts"
import type { Status } from "../Status.ts"
import type { AnyFiber, Borrow, Refusal } from "./borrow.ts"
import { Discipline } from "./discipline.ts"
import type { Dropping } from "./dropping.ts"
import { Expiry } from "./expiry.ts"
import { mostAtOnce, type State } from "./state.ts"
import type { Upkeep } from "./upkeep.ts"

/** @internal */
export class Queueing {
  readonly #state: State
  readonly #ports: Ports

  #dropping!: Dropping
  #upkeep!: Upkeep

  constructor(state: State, ports: Ports) {
    this.#state = state
    this.#ports = ports
  }

  bind(dropping: Dropping, upkeep: Upkeep): void {
    this.#dropping = dropping
    this.#upkeep = upkeep
  }

  /** Who gets what has come free. Those that CoDel drops are refused on the way. */
  next(): Borrow | undefined {
    const state = this.#state
    const isAsked = !state.isPlain && (state.waiting.length > 0 || state.codel !== undefined)
    return isAsked ? this.#choose() : state.waiting.head
  }

  /** Somebody new, at the end of the line. */
  join(borrow: Borrow): void {
    const state = this.#state
    borrow.ticket = ++state.tickets.last
    state.waiting.append(borrow)
    this.#await(borrow)
  }

  /** Somebody who has had a place before, and has it again. */
  rejoin(borrow: Borrow): void {
    const { settings, waiting } = this.#state
    // What it was granted of that is lost, and the pool was made smaller meanwhile.
    if (borrow.bundle !== undefined && borrow.bundle.length > mostAtOnce(settings)) {
      return this.refuseOverloaded(borrow, "size")
    }
    let successor = waiting.head
    while (successor !== undefined && successor.ticket < borrow.ticket) successor = successor.next
    waiting.insertBefore(borrow, successor)
    this.#await(borrow)
  }

  /** The oldest whose place is not that of something open already which is being checked or reset. */
  get firstForOpening(): Borrow | undefined {
    const { coming, waiting } = this.#state
    let places = coming
    for (let waiter = waiting.head; waiter !== undefined; waiter = waiter.next) {
      if (places-- <= 0 && waiter.mode === "wait") return waiter
    }
    return undefined
  }

  leave(borrow: Borrow): void {
    const state = this.#state
    state.waiting.remove(borrow)
    if (borrow.mode === "try") state.tries--
    if (borrow.terms !== undefined || !state.isPlain) this.#leaveWith(borrow)
    if (borrow.deadline === undefined) return
    state.deadlines.cancel(borrow.deadline)
    borrow.deadline = undefined
    if (state.deadlines.size === 0) this.#ports.aim()
  }

  /** What policies want to know of one who waits no more. */
  #leaveWith(borrow: Borrow): void {
    const state = this.#state
    if (state.discipline !== undefined) state.discipline.leave(borrow)
    if (borrow.bundle !== undefined) state.forgetGathered()
    if (state.codelAt !== undefined && state.waiting.length === 0) this.#dropping.rest()
    this.#upkeep.spares()
  }

  refuse(borrow: Borrow, refusal: Refusal | Expiry): void {
    if (borrow.state === "waiting") this.leave(borrow)
    borrow.state = "refused"
    borrow.guardFiber = undefined
    borrow.reason = refusal
    this.#ports.reply(borrow)
  }

  refuseFull(borrow: Borrow): void {
    const state = this.#state
    this.refuse(borrow, new PoolError.PoolFull({ pool: state.settings.name, status: state.status() }))
  }

  /** Somebody who waited, and whom the end of the pool has overtaken. */
  refuseClosed(borrow: Borrow): void {
    this.refuse(borrow, stackless((pool) => new PoolError.PoolClosed({ pool }), this.#state.settings.name))
  }

  refuseOverloaded(borrow: Borrow, reason: "maxWaiting" | "size"): void {
    const state = this.#state
    const fields = {
      pool: state.settings.name,
      status: state.status(),
      reason,
      waited: Duration.zero
    }
    this.refuse(borrow, new PoolError.PoolOverloaded(fields))
  }

  /** Nothing is live, and opening has failed too often for anybody to wait for it. */
  refuseBroken(borrow: Borrow): void {
    const { lastOpenFailure, settings } = this.#state
    const fields = { pool: settings.name, failure: lastOpenFailure! }
    this.refuse(borrow, stackless((given) => new PoolError.OpenFailed<unknown>(given), fields))
  }

  /**
   * Nobody waits for a backend that is known to be down, unless the pool was told to let everybody wait. One opening at a time
   * goes on probing it.
   */
  trip(): void {
    const state = this.#state
    state.isTripped = true
    if (state.isSuspended) return
    for (let waiter = state.waiting.head; waiter !== undefined; waiter = state.waiting.head) {
      if (waiter.mode === "try") this.refuseFull(waiter)
      else this.refuseBroken(waiter)
    }
  }

  /**
   * A `tryCheckout` waits for the check of an idle resource, and for nothing else: those for whom none is under way any more
   * are told that there was none.
   */
  refuseTries(): void {
    const { discipline, isSuspended, tries, vetting, waiting } = this.#state
    if (tries === 0) return
    let checks = isSuspended ? 0 : vetting
    for (let waiter = waiting.head; waiter !== undefined;) {
      const { next } = waiter
      // Who cannot be served now, whatever is free, is in nobody's way.
      const mayBeServed = discipline?.admits(waiter) !== false
      if (waiter.mode === "try" && (!mayBeServed || checks <= 0)) this.refuseFull(waiter)
      if (mayBeServed) checks--
      waiter = next
    }
  }

  /** Those who want more together than there can ever be now. */
  refuseTooMany(most: number): void {
    for (let waiter = this.#state.waiting.head; waiter !== undefined;) {
      const { next }: Borrow = waiter
      if (waiter.bundle !== undefined && waiter.bundle.length > most) this.refuseOverloaded(waiter, "size")
      waiter = next
    }
  }

  /** Other turns and priorities apply from now on, to those who wait already too. */
  reorder(): void {
    const state = this.#state
    const { lent, settings, waiting } = state
    const isOrdered = settings.fairness !== undefined || state.discipline !== undefined
    state.discipline = isOrdered ? new Discipline(settings) : undefined
    const { discipline } = state
    if (discipline === undefined) return
    const now = this.#ports.moment()
    for (let seat = lent.head; seat !== undefined; seat = seat.next) discipline.lent(seat.borrow!)
    for (let waiter = waiting.head; waiter !== undefined; waiter = waiter.next) {
      discipline.join(waiter, waiter.askedAt ?? now)
    }
  }

  /** What whoever expires in this turn is told. `status` is that of before the first of them has left. */
  expiry(now: number, phase: "queue" | "open", status: Status, expired: ReadonlyArray<Borrow>): Expiry {
    const { lastOpenFailure, lent, settings } = this.#state
    this.dateAll(now)
    const mayBeDeadlock = phase === "queue" && this.#mayBeDeadlock(expired)
    return new Expiry(settings.name, now, phase, status, lent.head?.lentAt, lastOpenFailure, mayBeDeadlock)
  }

  /** Whatever has begun since the last look at the clock begins now. */
  dateAll(now: number): void {
    const state = this.#state
    // Those without a date are the newest.
    let seat = state.lent.tail
    if (seat !== undefined && seat.lentAt === undefined) this.#upkeep.lends(now)
    for (; seat !== undefined && seat.lentAt === undefined; seat = seat.prev) seat.lentAt = now
    const { undated } = state
    if (undated.length === 0) return
    state.undated = []
    for (const borrow of undated) {
      borrow.askedAt ??= now
      if (borrow.state === "waiting" && borrow.deadline === undefined) this.#setDeadline(borrow, borrow.askedAt)
    }
  }

  #choose(): Borrow | undefined {
    const state = this.#state
    if (state.isSuspended) return undefined
    for (;;) {
      const next = state.discipline === undefined ? state.waiting.head : this.#gathers() ?? state.discipline.next()
      if (next === undefined) this.#dropping.idle()
      if (next === undefined || this.#dropping.passes(next)) return next
    }
  }

  /** Whoever has got a part comes first, or two of them would wait for each other. By themselves they stand in line in a row. */
  #gathers(): Borrow | undefined {
    const state = this.#state
    if (state.gathering.length === 0) return undefined
    for (const bundle of state.gathering) {
      const part = bundle.some(isLent) ? bundle.find(isWaiting) : undefined
      if (part !== undefined && state.discipline!.admits(part)) return part
    }
    return undefined
  }

  #await(borrow: Borrow): void {
    const state = this.#state
    borrow.state = "waiting"
    if (borrow.mode === "try") state.tries++
    if (!state.isPlain || borrow.terms !== undefined) this.#order(borrow)
    // A try waits for a check, which has a deadline of its own.
    if (borrow.mode === "try" || (borrow.wait === Infinity && state.codel === undefined)) return
    if (borrow.askedAt === undefined) {
      state.undated.push(borrow)
      this.#ports.aim()
    } else {
      // It has waited before: in the lobby, or for what has died under its lease.
      this.#setDeadline(borrow, borrow.askedAt)
    }
  }

  #order(borrow: Borrow): void {
    const state = this.#state
    if (state.discipline === undefined && (borrow.terms?.priority ?? 0) > 0) {
      // The first of them: until now the first to come was the first to be served.
      state.discipline = new Discipline(state.settings)
      state.replan()
      this.reorder()
    } else if (state.discipline !== undefined) state.discipline.join(borrow, borrow.askedAt ?? this.#ports.now())
    this.#dropping.watch()
  }

  #setDeadline(borrow: Borrow, askedAt: number): void {
    if (borrow.wait === Infinity) return
    borrow.deadline = this.#state.deadlines.add(askedAt + borrow.wait, borrow)
    this.#ports.aim()
  }

  /** Everything that is lent is held by fibers that wait for one more, and one whose time is up is one of them. */
  #mayBeDeadlock(expired: ReadonlyArray<Borrow>): boolean {
    if (expired.length === 0) return false
    const { lent, waiting } = this.#state
    const holders = new Set<AnyFiber | undefined>()
    for (let seat = lent.head; seat !== undefined; seat = seat.next) holders.add(fiberOf(seat.borrow!))
    holders.delete(undefined)
    if (!expired.some((borrow) => holders.has(fiberOf(borrow)))) return false
    const waiters = new Set<AnyFiber | undefined>()
    for (let waiter = waiting.head; waiter !== undefined; waiter = waiter.next) waiters.add(fiberOf(waiter))
    for (let seat = lent.head; seat !== undefined; seat = seat.next) {
      const holder = fiberOf(seat.borrow!)
      if (holder === undefined || !waiters.has(holder)) return false
    }
    return true
  }
}

const isWaiting = ({ state }: Borrow): boolean => state === "waiting"

const isLent = ({ state }: Borrow): boolean => state === "lent"

/** Who has asked for it, as far as is known. @internal */
export const fiberOf = ({ guardFiber, ownerFiber, seat }: Borrow): AnyFiber | undefined =>
  seat?.owner?.fiber ?? guardFiber ?? ownerFiber
