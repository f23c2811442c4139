/**
 * Resources that several have at once (`concurrency`), and those who want one for themselves alone for a while.
 *
 * A resource is in the list of the shared as long as somebody has it, one more may, and nobody wants it alone.
 *
 * @internal
 */
import type { Reservation } from "../Message.ts"
import type { Borrow } from "./borrow.ts"
import type { Lending } from "./lending.ts"
import type { Seat } from "./seat.ts"
import type { State } from "./state.ts"
import type { Worker } from "./worker.ts"

/** @internal */
export class Sharing {
  readonly #state: State
  #lending!: Lending

  constructor(state: State) {
    this.#state = state
  }

  bind(lending: Lending): void {
    this.#lending = lending
  }

  /** After every change of who has it, or may have it. */
  settle(worker: Worker): void {
    const { settings, shared } = this.#state
    const isShared = worker.leases > 0 && worker.leases < settings.concurrency && !worker.isLeaving &&
      worker.uses < settings.maxUses && worker.reservations === undefined
    if (isShared === worker.isShared) return
    worker.isShared = isShared
    if (isShared) shared.append(worker)
    else shared.remove(worker)
  }

  /** Nobody new is to have it; it is closed when the last one has given it back. */
  withdraw(worker: Worker): void {
    worker.isLeaving = true
    this.settle(worker)
  }

  /** One more than there are already. */
  seatFor(worker: Worker): Seat {
    this.#state.extra++
    return worker.freeSeat()
  }

  /** A lease of it is over, and so is what it had reserved; another one may be alone with it now. */
  leave(worker: Worker, borrow: Borrow): void {
    const { reservations } = worker
    if (reservations !== undefined) {
      const left = reservations.filter((each) => each.borrow !== borrow)
      worker.reservations = left.length === 0 ? undefined : left
      for (const each of reservations) if (each.borrow === borrow) each.reply("ended")
      this.#grant(worker)
    }
    this.settle(worker)
  }

  reserve(reservation: Reservation): void {
    const { seat, state } = reservation.borrow
    if (state !== "lent") return reservation.reply("ended")
    const { worker } = seat!
    const reservations = worker.reservations ??= []
    // Each of the two would wait for the other one to leave.
    if (reservations.some(({ borrow }) => borrow !== reservation.borrow)) return reservation.reply("conflict")
    reservations.push(reservation)
    this.settle(worker)
    this.#grant(worker)
  }

  /** Its lease may have ended before. */
  unreserve(reservation: Reservation): void {
    reservation.reply("left")
    const worker = reservation.borrow.seat?.worker
    if (worker?.reservations === undefined) return
    const left = worker.reservations.filter((each) => each !== reservation)
    worker.reservations = left.length === 0 ? undefined : left
    this.settle(worker)
    this.#lending.serve()
  }

  /** Whoever is alone with it is told so, once: what comes after that is not heard. */
  #grant(worker: Worker): void {
    if (worker.leases === 1) { for (const each of worker.reservations ?? []) each.reply("alone") }
  }
}
