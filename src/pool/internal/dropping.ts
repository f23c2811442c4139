/**
 * Who is dropped instead of served, where more come than can be served: CoDel, plugged into the queue.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import { stackless } from "../../channel/internal/stackless.ts"
import * as PoolError from "../PoolError.ts"
import type { Ports } from "../Ports.ts"
import type { Borrow } from "./borrow.ts"
import { Codel } from "./codel.ts"
import type { Queueing } from "./queueing.ts"
import type { State } from "./state.ts"

/** @internal */
export class Dropping {
  readonly #state: State
  readonly #ports: Ports
  readonly #queueing: Queueing

  constructor(state: State, ports: Ports, queueing: Queueing) {
    this.#state = state
    this.#ports = ports
    this.#queueing = queueing
  }

  /** Something is free, and its turn has come: it is served, or else it is refused here. */
  passes(borrow: Borrow): boolean {
    const { codel, phase } = this.#state
    // Whoever waits when the pool is drained is served; a try waits for a check only.
    if (codel === undefined || phase !== "open" || borrow.mode === "try") return true
    const now = this.#ports.moment()
    if (!this.#codelOf(borrow, codel).drops(this.#waited(borrow, now), now)) return true
    this.#drop(borrow, now)
    return false
  }

  /** Something is free, and nobody waits. */
  idle(): void {
    const { codel, phase } = this.#state
    if (codel !== undefined && phase === "open") codel.idle(this.#ports.moment())
  }

  /** Nobody waits any more. */
  rest(): void {
    const state = this.#state
    if (state.codelAt !== undefined) state.deadlines.cancel(state.codelAt)
    state.codelAt = undefined
  }

  /** CoDel's own look at a line that perhaps does not move. */
  look(now: number): void {
    const { codel, isSuspended, phase, waiting } = this.#state
    this.#state.codelAt = undefined
    if (codel === undefined || phase !== "open" || waiting.head === undefined) return
    const looked = new Map<Codel, number>()
    for (let waiter: Borrow | undefined = waiting.head; waiter !== undefined && !isSuspended;) {
      const { next }: Borrow = waiter
      const own = this.#codelOf(waiter, codel)
      const askedAt = waiter.askedAt ?? now
      // The first that comes is the oldest.
      const late = looked.get(own) ?? own.look(askedAt, now)
      looked.set(own, late)
      if (waiter.mode === "wait" && askedAt < late) this.#drop(waiter, now)
      waiter = next
    }
    if (waiting.length > 0) this.#lookAfter(now)
  }

  /** CoDel begins anew, or ends, with those who wait already. */
  restart(): void {
    const state = this.#state
    const { overload } = state.settings
    state.codel = overload && new Codel(overload)
    this.rest()
    // Those without a deadline have no date either.
    const now = this.#ports.now()
    for (let waiter = state.waiting.head; waiter !== undefined; waiter = waiter.next) waiter.askedAt ??= now
    if (state.waiting.length > 0) this.watch()
  }

  /** Where not the first to come is the first to be served, each lane has one of its own. */
  #codelOf(borrow: Borrow, codel: Codel): Codel {
    return this.#state.discipline?.codelOf(borrow) ?? codel
  }

  /** Only since the end of the batch in which it asked. */
  #waited(borrow: Borrow | undefined, now: number): number {
    return borrow?.askedAt === undefined ? 0 : Math.max(0, now - borrow.askedAt)
  }

  #drop(borrow: Borrow, now: number): void {
    const state = this.#state
    const waited = this.#waited(borrow, now)
    this.#queueing.refuse(
      borrow,
      stackless((fields) => new PoolError.PoolOverloaded(fields), {
        pool: state.settings.name,
        status: state.status(),
        reason: "codel" as const,
        waited: Duration.millis(waited)
      })
    )
  }

  /** CoDel looks at the queue as long as there is one. */
  watch(): void {
    const { codel, codelAt } = this.#state
    if (codel === undefined || codelAt !== undefined) return
    const now = this.#ports.moment()
    codel.watch(now)
    this.#lookAfter(now)
  }

  #lookAfter(now: number): void {
    const state = this.#state
    state.codelAt = state.deadlines.add(now + state.settings.overload!.interval, "codel")
    this.#ports.aim()
  }
}
