/**
 * Leases that are held for too long (`leaseTimeout`): said once of each, and its end if it is to be revoked.
 *
 * @internal
 */
import type { Ports } from "../Ports.ts"
import type { Lending } from "./lending.ts"
import type { Seat } from "./seat.ts"
import type { State } from "./state.ts"

/** @internal */
export class Overdue {
  readonly #state: State
  readonly #ports: Ports
  readonly #lending: Lending

  constructor(state: State, ports: Ports, lending: Lending) {
    this.#state = state
    this.#ports = ports
    this.#lending = lending
  }

  /** Nobody holds what its asker has not taken over: its time begins when it has. */
  look(now: number): void {
    const { lent, settings } = this.#state
    if (settings.leaseTimeout === undefined) return
    const { action, after } = settings.leaseTimeout
    const due: Array<Seat> = []
    for (let seat = lent.head; seat?.lentAt !== undefined && seat.lentAt + after <= now; seat = seat.next) {
      due.push(seat)
    }
    for (const seat of due) {
      // What became of one before it may have ended it, too.
      if (seat.borrow === undefined) continue
      const since = this.#heldSince(seat, now)
      if (since + after <= now) this.#remind(seat, action, after)
      else this.#postpone(seat, since)
    }
  }

  /** Those that were asked for together are held only when all of them are in hand. */
  #heldSince(seat: Seat, now: number): number {
    const { bundle, taken } = seat.borrow!
    if (!taken) return now
    return Math.max(seat.lentAt!, ...(bundle ?? []).map((part) => part.seat?.lentAt ?? part.askedAt ?? 0))
  }

  #postpone(seat: Seat, since: number): void {
    const { lent } = this.#state
    // If its resource dies before it is taken over, it has waited since then.
    seat.borrow!.askedAt ??= seat.lentAt
    lent.remove(seat)
    seat.lentAt = since
    let successor = lent.head
    while (successor !== undefined && successor.lentAt !== undefined && successor.lentAt <= since) {
      successor = successor.next
    }
    lent.insertBefore(seat, successor)
  }

  #remind(seat: Seat, action: "warn" | "revoke", after: number): void {
    if (seat.isOverdue) return
    seat.isOverdue = true
    const borrow = seat.borrow!
    const what = `lease ${borrow.id} is held for longer than ${after} ms`
    this.#ports.log("warning", action === "revoke" ? `${what}, and is revoked` : what)
    if (action === "revoke") this.#lending.reclaim(borrow)
  }
}
