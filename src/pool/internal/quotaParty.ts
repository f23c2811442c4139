/**
 * A pool's side of a quota: what it would open, what it could spare.
 *
 * @internal
 */
import type { Message } from "../Message.ts"
import type { Party } from "./quota.ts"
import type { State } from "./state.ts"

/** @internal */
export class PoolParty implements Party {
  readonly #state: State
  readonly #post: (message: Message) => void
  readonly #now: () => number

  constructor(state: State, post: (message: Message) => void, now: () => number) {
    this.#state = state
    this.#post = post
    this.#now = now
  }

  demand(): number {
    const { backoff, coming, failures, isSuspended, isTripped, opening, phase, room, servable, settings } = this.#state
    // As the pool itself goes about it, see `staffing.ts`.
    if (phase === "closing" || phase === "closed" || backoff !== undefined || isSuspended) return 0
    const abreast = failures > 0 ? 1 : settings.openConcurrency
    const sought = Math.max(isTripped ? 1 : 0, Math.ceil(servable / settings.concurrency) - coming)
    return Math.max(0, Math.min(sought, opening + room, abreast) - opening)
  }

  firstTicket(): number {
    const { coming, opening, settings, waiting } = this.#state
    let waiter = waiting.head
    // For so many of them something is under way.
    for (let served = (coming + opening) * settings.concurrency; served > 0; served--) waiter = waiter?.next
    return waiter?.ticket ?? Infinity
  }

  isBare(): boolean {
    return this.#state.live === 0
  }

  closing(): number {
    return this.#state.closing
  }

  leaving(): number {
    let leaving = 0
    for (const worker of this.#state.workers) if (worker.isLeaving && worker.leases > 0) leaving++
    return leaving
  }

  coldest(): number | undefined {
    const { idle, phase } = this.#state
    // What is left of a crash is closed already, and hears nothing.
    return phase === "closed" ? undefined : idle.head?.idleSince
  }

  retry(): void {
    this.#post({ _tag: "Tick", now: this.#now() })
  }

  shed(): boolean {
    const { closing, idle } = this.#state
    if (idle.head === undefined) return false
    this.#post({ _tag: "Evict", workers: [idle.head], isShrinking: true })
    return this.#state.closing > closing
  }
}
