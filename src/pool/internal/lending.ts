/**
 * Who gets which resource, and how a lease ends.
 *
 * @internal
 */
import type { Ports } from "../Ports.ts"
import type { Borrow } from "./borrow.ts"
import type { Checks } from "./checks.ts"
import type { Ownership } from "./ownership.ts"
import type { Queueing } from "./queueing.ts"
import type { Seat } from "./seat.ts"
import type { Sharing } from "./sharing.ts"
import type { Staffing } from "./staffing.ts"
import type { State } from "./state.ts"
import type { Stock } from "./stock.ts"
import type { Upkeep } from "./upkeep.ts"
import type { Worker } from "./worker.ts"

/** @internal */
export class Lending {
  readonly #state: State
  readonly #ports: Ports
  readonly #queueing: Queueing
  readonly #ownership: Ownership
  #stock!: Stock
  #sharing!: Sharing
  #staffing!: Staffing
  #upkeep!: Upkeep
  #checks!: Checks

  constructor(state: State, ports: Ports, queueing: Queueing, ownership: Ownership) {
    this.#state = state
    this.#ports = ports
    this.#queueing = queueing
    this.#ownership = ownership
  }

  /** They need each other: what is new, kept or checked is lent, and what comes back is kept, checked or replaced. */
  bind(stock: Stock, sharing: Sharing, staffing: Staffing, upkeep: Upkeep, checks: Checks): void {
    this.#stock = stock
    this.#sharing = sharing
    this.#staffing = staffing
    this.#upkeep = upkeep
    this.#checks = checks
  }

  /** The asker has gone. What was already granted to it nobody has touched: it goes back as good as new. */
  cancel(borrow: Borrow): void {
    if (borrow.state === "waiting") {
      this.#queueing.leave(borrow)
      borrow.state = "ended"
    } else if (borrow.state === "asked") {
      borrow.state = "ended"
    } else {
      this.checkin(borrow)
    }
  }

  checkin(borrow: Borrow): void {
    const state = this.#state
    const { failures } = state
    const worker = this.end(borrow)
    if (worker === undefined) return
    if (state.isPlain) this.#placeAny(worker)
    else this.#giveBack(worker, borrow)
    // It has proven that openings work again.
    if (state.failures < failures) this.#staffing.hire()
  }

  #giveBack(worker: Worker, borrow: Borrow): void {
    const { settings } = this.#state
    if (worker.leases > 0) this.#lighten(worker)
    else if (!borrow.taken || !(settings.resets || settings.asksToRetire)) this.place(worker, borrow.taken)
    else {
      this.#checks.reset(worker)
      // Somebody of its key may have waited for this lease to end, and not for a resource.
      this.serve()
    }
    this.#upkeep.spares()
  }

  destroyed(borrow: Borrow): void {
    const worker = this.end(borrow)
    if (worker === undefined) return
    this.discard(worker)
    this.#refill()
  }

  /** It is not to be lent again, and is closed as soon as nobody has it. */
  discard(worker: Worker): void {
    this.#sharing.withdraw(worker)
    // Whoever has not taken it over yet has no part in one that nobody is to have.
    for (const { borrow } of worker.seats) if (borrow !== undefined && !borrow.taken) this.bereave(borrow)
    if (worker.leases === 0) this.#staffing.close(worker)
  }

  /** Its resource leaves the pool unclosed, and its place is free. Not while others have it, too. */
  detach(borrow: Borrow): boolean {
    if (borrow.state === "lent" && borrow.seat!.worker.leases > 1) return false
    const worker = this.end(borrow)
    if (worker === undefined) return false
    const isDetached = this.#staffing.detach(worker)
    this.#refill()
    return isDetached
  }

  /** Nobody can give this lease back any more. */
  abandon(borrow: Borrow): void {
    return this.#state.settings.onAbandoned === "checkin" ? this.checkin(borrow) : this.destroyed(borrow)
  }

  /** It was held for too long. */
  reclaim(borrow: Borrow): void {
    if (this.#state.phase === "open") return this.destroyed(borrow)
    const worker = this.revoke(borrow)
    if (worker === undefined) return
    this.discard(worker)
    this.#refill()
  }

  /** The pool cannot wait for it any longer. Its holder's fiber goes on undisturbed. Gives the worker, for its closing. */
  revoke(borrow: Borrow): Worker | undefined {
    const worker = this.end(borrow)
    if (worker === undefined) return undefined
    if (borrow.taken) {
      this.#state.drained--
      this.#state.forced++
    } else {
      this.#queueing.refuseClosed(borrow)
    }
    return worker
  }

  /** The resource died under its leases. */
  bereaveAll(worker: Worker): void {
    this.#sharing.withdraw(worker)
    for (const { borrow } of worker.seats) if (borrow !== undefined) this.bereave(borrow)
  }

  /**
   * The resource died under this lease. An asker that has not even taken it over yet learns nothing of that: it has its
   * old place in the queue again, and its old deadline.
   */
  bereave(borrow: Borrow): void {
    const { guardFiber } = borrow
    const owner = borrow.seat?.owner?.fiber
    // What was idle was lent as soon as it was asked for.
    borrow.askedAt ??= borrow.seat?.lentAt
    if (this.end(borrow) === undefined || borrow.taken) return
    // It is a request again, and whose it is has not changed.
    borrow.guardFiber = guardFiber
    borrow.ownerFiber = owner
    this.#queueing.rejoin(borrow)
  }

  /** A resource that is free and healthy: to the next in line, else idle, else it was overflow and is closed. */
  place(worker: Worker, isSeen = true): void {
    return this.#state.isPlain ? this.#placeAny(worker) : this.#placeFit(worker, isSeen)
  }

  #placeAny(worker: Worker): void {
    const state = this.#state
    const waiter = state.waiting.head
    if (waiter !== undefined) {
      this.#queueing.leave(waiter)
      this.lend(worker, waiter)
    } else if (state.open < state.settings.size) this.#rest(worker)
    else this.#staffing.close(worker)
  }

  /** The same, where policies have to be asked. */
  #placeFit(worker: Worker, isSeen: boolean): void {
    const state = this.#state
    // What nobody has touched nobody knows to be well.
    if (isSeen) worker.checkedAt = this.#ports.moment()
    const isKept = this.#upkeep.keeps(worker)
    const waiter = isKept ? this.#queueing.next() : undefined
    // It has had its time; or there is one too many, since the pool was made smaller; or another pool needs its place more.
    const isSpent = !isKept || (state.ceiling > state.bound && state.open >= state.bound)
    if (isSpent || this.#isOwed(waiter, false)) {
      this.#staffing.close(worker)
      this.serve()
      this.#staffing.hire()
    } else if (waiter !== undefined) {
      this.#queueing.leave(waiter)
      this.lend(worker, waiter)
      // Where it is shared, there may be more of it than one wants.
      this.serve()
    } else if (this.#upkeep.mayStay(worker)) {
      this.#rest(worker)
      this.#upkeep.idles(worker)
    } else this.#staffing.close(worker)
  }

  #rest(worker: Worker): void {
    worker.state = "idle"
    worker.idleSince = this.#ports.moment()
    this.#state.idle.append(worker)
  }

  /**
   * Whoever waits gets what is idle, where one did not come with the other: both may be, while they are kept apart. A try for
   * which nothing is left is told so.
   */
  serve(): void {
    this.#serveAll()
    this.#queueing.refuseTries()
  }

  #serveAll(): void {
    const state = this.#state
    while (state.idle.length + state.shared.length > 0 && state.servable > state.vetting) {
      this.#stock.sweep()
      const waiter = this.#queueing.next()
      if (waiter === undefined) return
      // Every round leaves less to lend: it is lent, or checked, or closed.
      const worker = this.#stock.takeFit(waiter)
      if (worker === undefined) continue
      this.#queueing.leave(waiter)
      this.lend(worker, waiter)
    }
  }

  /** Ends a lease, whatever becomes of its resource. `undefined`: it had ended before, and stale is harmless. */
  end(borrow: Borrow): Worker | undefined {
    if (borrow.state !== "lent") return undefined
    const state = this.#state
    const seat = borrow.seat!
    const { worker } = seat
    borrow.state = "ended"
    borrow.seat = undefined
    if (seat.owner !== undefined) {
      seat.owner.release(seat)
      seat.lease = undefined
    }
    state.lent.remove(seat)
    seat.borrow = undefined
    if (--worker.leases === 0) worker.state = "free"
    else state.extra--
    if (borrow.taken) {
      worker.uses++
      if (!worker.proven) this.#staffing.proven(worker)
    }
    borrow.guardFiber = undefined
    if (borrow.terms !== undefined || !state.isPlain || worker.reservations !== undefined) this.#endWith(seat, borrow)
    // One that nobody had yet was no lease to anybody.
    if (state.phase !== "open" && borrow.taken) state.drained++
    return worker
  }

  /**
   * A look at the clock costs as much as a whole turn, so there is one for all that a batch of turns has lent and made
   * wait, and none for what came back within it. A waiter that was served within it has no deadline either.
   */
  date(): void {
    const { lent, undated } = this.#state
    const isLent = lent.tail !== undefined && lent.tail.lentAt === undefined
    if (isLent || undated.length > 0) this.#queueing.dateAll(this.#ports.now())
  }

  lend(worker: Worker, borrow: Borrow): void {
    const state = this.#state
    const seat = worker.leases++ === 0 ? worker.seat : this.#sharing.seatFor(worker)
    worker.state = "lent"
    seat.borrow = borrow
    borrow.state = "lent"
    borrow.seat = seat
    borrow.id = ++state.lastLeaseId
    seat.lentAt = undefined
    if (borrow.ticket === 0) borrow.ticket = ++state.tickets.last
    state.lent.append(seat)
    this.#ports.date()
    if (borrow.ownerFiber !== undefined) {
      this.#ownership.own(seat, borrow.ownerFiber)
      borrow.ownerFiber = undefined
    }
    if (borrow.terms !== undefined || !state.isPlain) this.#lendWith(seat, borrow)
    this.#ports.reply(borrow)
  }

  /** The others are held since they were all in hand, also when this one, which may have come last, is not any more. */
  #endPart(seat: Seat, borrow: Borrow): void {
    if (borrow.taken) borrow.askedAt = seat.lentAt ?? this.#ports.moment()
    this.#state.forgetGathered()
  }

  /** What policies want to know of a new lease. */
  #lendWith(seat: Seat, borrow: Borrow): void {
    const { discipline, settings } = this.#state
    if (borrow.bundle !== undefined) this.#state.gather(borrow.bundle)
    discipline?.lent(borrow)
    if (settings.concurrency > 1) this.#sharing.settle(seat.worker)
    if (settings.targetUtilization < 1) this.#staffing.hire()
  }

  /** And of one that is over. */
  #endWith(seat: Seat, borrow: Borrow): void {
    const { discipline, settings } = this.#state
    seat.isOverdue = false
    discipline?.ended(borrow)
    if (settings.concurrency > 1 || seat.worker.reservations !== undefined) this.#sharing.leave(seat.worker, borrow)
    if (borrow.bundle !== undefined) this.#endPart(seat, borrow)
  }

  /** Somebody of its key may have waited for a lease to end, and not for a resource; or has lost what it had not touched yet. */
  #refill(): void {
    this.serve()
    this.#upkeep.spares()
    this.#staffing.hire()
  }

  /** Others have it still. One that another pool needs more is lent to nobody new, or it might never be free. */
  #lighten(worker: Worker): void {
    const isKept = this.#upkeep.keeps(worker) && !this.#isOwed(this.#queueing.next(), true)
    if (!isKept) this.discard(worker)
    this.#refill()
  }

  /** Another pool needs its place more. This one is judged by its oldest waiter, as the limit does, whoever is next. */
  #isOwed(next: Borrow | undefined, isHeld: boolean): boolean {
    const { isLimited, waiting } = this.#state
    return isLimited && this.#ports.yields(next && waiting.head!.ticket, isHeld)
  }
}
