/**
 * Whose end abandons which lease.
 *
 * @internal
 */
import type { Ports } from "../Ports.ts"
import type { AnyFiber, Borrow } from "./borrow.ts"
import type { Lending } from "./lending.ts"
import { Owner } from "./owner.ts"
import type { Seat } from "./seat.ts"
import type { State } from "./state.ts"

/** @internal */
export class Ownership {
  readonly #state: State
  readonly #ports: Ports
  #lending!: Lending

  constructor(state: State, ports: Ports) {
    this.#state = state
    this.#ports = ports
  }

  bind(lending: Lending): void {
    this.#lending = lending
  }

  own(seat: Seat, fiber: AnyFiber): void {
    const owners = this.#state.owners
    let owner = owners.get(fiber)
    if (owner === undefined) {
      owner = new Owner(fiber)
      owners.set(fiber, owner)
      this.#ports.monitor(owner)
    }
    owner.take(seat)
  }

  adopt(borrow: Borrow, fiber: AnyFiber): void {
    if (borrow.state !== "lent") return
    const seat = borrow.seat!
    seat.owner?.release(seat)
    this.own(seat, fiber)
  }

  ownerDown(owner: Owner, success: boolean): void {
    const state = this.#state
    if (state.owners.get(owner.fiber) === owner) state.owners.delete(owner.fiber)
    const release = success && state.settings.onOwnerSuccess === "release"
    for (let seat = owner.first; seat !== undefined; seat = owner.first) {
      if (release) {
        owner.release(seat)
        this.#ports.orphan(seat.borrow!)
      } else {
        this.#lending.abandon(seat.borrow!)
      }
    }
  }
}
