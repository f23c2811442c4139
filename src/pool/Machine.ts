/**
 * The deterministic heart: one message at a time, decided at once, carried out through the ports.
 *
 * No Effect runtime, no clock of its own, no timer, no randomness, and no code of the user's: the same messages always
 * give the same calls.
 *
 * ```text
 *  Message ──▶ handle ──▶ Asking     what a newcomer is told
 *                    ├──▶ Lending    who gets which resource, how a lease ends
 *                    │      Queueing   who waits, who is next, what those are told who wait in vain
 *                    ├──▶ Staffing   when a worker is hired, how it leaves
 *                    ├──▶ Upkeep     what time does to resources: the housekeeper
 *                    ├──▶ Checks     resets, validations, probes
 *                    ├──▶ Changes    other options, evictions, suspension
 *                    └──▶ Closedown  who is still served, when all is over
 *                              └───▶ Ports
 * ```
 *
 * @since 0.1.0
 */
import { Asking } from "./internal/asking.ts"
import { Borrow } from "./internal/borrow.ts"
import { Changes } from "./internal/changes.ts"
import { Checks } from "./internal/checks.ts"
import { Closedown } from "./internal/closedown.ts"
import { Dropping } from "./internal/dropping.ts"
import { Lending } from "./internal/lending.ts"
import { Ownership } from "./internal/ownership.ts"
import { Queueing } from "./internal/queueing.ts"
import type { Settings } from "./internal/settings.ts"
import { Sharing } from "./internal/sharing.ts"
import { Staffing } from "./internal/staffing.ts"
import { State, type Tickets } from "./internal/state.ts"
import { Stock } from "./internal/stock.ts"
import { Upkeep } from "./internal/upkeep.ts"
import { Worker } from "./internal/worker.ts"
import type { Checkin, Checkout, Message } from "./Message.ts"
import type * as PoolError from "./PoolError.ts"
import type { Ports } from "./Ports.ts"

/** @internal */
export class Machine {
  readonly state: State
  readonly #ports: Ports
  readonly #asking: Asking
  readonly #queueing: Queueing
  readonly #dropping: Dropping
  readonly #ownership: Ownership
  readonly #lending: Lending
  readonly #staffing: Staffing
  readonly #sharing: Sharing
  readonly #upkeep: Upkeep
  readonly #checks: Checks
  readonly #changes: Changes
  readonly #closedown: Closedown

  constructor(settings: Settings, ports: Ports, tickets?: Tickets) {
    const state = new State(settings, tickets)
    const queueing = new Queueing(state, ports)
    const dropping = new Dropping(state, ports, queueing)
    const ownership = new Ownership(state, ports)
    const lending = new Lending(state, ports, queueing, ownership)
    const staffing = new Staffing(state, ports, queueing)
    const upkeep = new Upkeep(state, ports, queueing)
    const sharing = new Sharing(state)
    queueing.bind(dropping, upkeep)
    const checks = new Checks(state, ports, lending, staffing, upkeep)
    ownership.bind(lending)
    sharing.bind(lending)
    const stock = new Stock(state, ports, queueing, lending, staffing, checks)
    lending.bind(stock, sharing, staffing, upkeep, checks)
    staffing.bind(lending, upkeep, checks)
    upkeep.bind(lending, staffing, checks)
    const changes = new Changes(state, ports, queueing, dropping, lending, staffing, upkeep)
    this.state = state
    this.#ports = ports
    this.#asking = new Asking(state, ports, queueing, stock, lending, staffing)
    this.#queueing = queueing
    this.#dropping = dropping
    this.#ownership = ownership
    this.#lending = lending
    this.#staffing = staffing
    this.#sharing = sharing
    this.#upkeep = upkeep
    this.#checks = checks
    this.#changes = changes
    this.#closedown = new Closedown(state, ports, queueing, lending, staffing, changes)
  }

  /** Before it starts. */
  suspend(): void {
    this.#changes.suspend()
  }

  /** Hires the first workers. */
  start(): void {
    this.#staffing.hire()
  }

  handle(message: Message): void {
    // Nearly all are of these two. They are kept apart from the rest, for only small functions are compiled into their callers.
    switch (message._tag) {
      case "Checkout":
        return this.#asking.checkout(message)
      case "Checkin":
        this.#lending.checkin(message.borrow)
        break
      default:
        this.#handleOther(message)
    }
    if (this.state.phase !== "open") this.#closedown.advance()
  }

  #handleOther(message: Exclude<Message, Checkout | Checkin>): void {
    switch (message._tag) {
      case "Destroyed":
        return this.#lending.destroyed(message.borrow)
      case "Cancel":
        return this.#lending.cancel(message.borrow)
      case "Adopt":
        return this.#ownership.adopt(message.borrow, message.fiber)
      case "Detach":
        message.reply.sendUnsafe(this.#lending.detach(message.borrow))
        return
      case "Status":
        message.reply.sendUnsafe(this.state.status())
        return
      case "Shutdown":
        return this.#closedown.shutdown(message)
      case "AwaitShutdown":
        return this.#closedown.awaitEnd(message.awaiter)
      case "Reserve":
        return this.#sharing.reserve(message.reservation)
      case "Unreserve":
        return this.#sharing.unreserve(message.reservation)
      case "Evict":
        return this.#changes.evict(message.workers, message.isShrinking)
      case "EvictAll":
        return this.#changes.evictAll(message.over)
      case "Reconfigure":
        return this.#changes.reconfigure(message.settings)
      case "Suspend":
        return this.#changes.suspend()
      case "Resume":
        return this.#changes.resume()
      case "Ready":
        return this.#staffing.ready(message.worker, message.resource, message.jitter)
      case "Checked":
        return this.#checks.ended(message)
      case "Exited":
        return this.#staffing.exited(message.worker, message.reason)
      case "RetryAfter":
        return this.#staffing.retryAfter(message.delay)
      case "OwnerDown":
        return this.#ownership.ownerDown(message.owner, message.success)
      case "Unreachable":
        return this.#lending.abandon(message.borrow)
      case "Tick":
        return this.#tick(message.now)
      default:
        return unknown(message)
    }
  }

  /** Once for a batch of turns, after it: what it has begun begins now. */
  date(): void {
    this.#lending.date()
  }

  /**
   * The supervisor actor itself is lost, perhaps in the middle of a change: everybody who waits is told, every lease
   * ends. Closing the workers is up to whoever holds their fibers, for this state can no longer be trusted to know them.
   * Who awaits the end of the pool is not told: this is the end of an incarnation, and another one may follow.
   */
  crash(crashed: PoolError.PoolCrashed): void {
    const state = this.state
    state.phase = "closed"
    for (let waiter = state.waiting.head; waiter !== undefined; waiter = waiter.next) {
      waiter.state = "refused"
      waiter.reason = crashed
      this.#ports.reply(waiter)
    }
    // By the workers: a turn that went wrong half-way may have left a lease outside of its list.
    for (const worker of state.workers) {
      for (const reservation of worker.reservations ?? []) reservation.reply("ended")
      for (const { borrow } of worker.seats) if (borrow?.state === "lent") this.#endBy(crashed, borrow)
    }
  }

  #endBy(crashed: PoolError.PoolCrashed, borrow: Borrow): void {
    borrow.state = borrow.taken ? "ended" : "refused"
    if (borrow.taken) {
      this.state.forced++
      return
    }
    borrow.reason = crashed
    this.#ports.reply(borrow)
  }

  #tick(now: number): void {
    const state = this.state
    const expired: Array<Borrow> = []
    for (let due = state.deadlines.takeDue(now); due !== undefined; due = state.deadlines.takeDue(now)) {
      if (due === "shutdown") {
        state.shutdownBy = undefined
        this.#closedown.force()
      } else if (due === "quiet") {
        this.#closedown.quietIsOver(now)
      } else if (due === "backoff") {
        this.#staffing.backoffIsOver()
      } else if (due === "round") {
        this.#upkeep.round(now)
      } else if (due === "codel") {
        this.#dropping.look(now)
      } else if (due instanceof Borrow) {
        due.deadline = undefined
        expired.push(due)
      } else if (due instanceof Worker) {
        due.deadline = undefined
        if (due.state === "resetting" || due.state === "validating") this.#checks.fail(due)
        else this.#staffing.giveUp(due)
      }
    }
    this.#expire(expired, now)
    this.#staffing.hire()
    this.#ports.aim()
  }

  /** All that fall due at once are judged by the queue as it was when they did, before the first of them leaves it. */
  #expire(expired: ReadonlyArray<Borrow>, now: number): void {
    if (expired.length === 0) return
    const status = this.state.status()
    const openUpTo = this.state.openUpTo()
    const inQueue = this.#queueing.expiry(now, "queue", status, expired)
    const inOpening = this.#queueing.expiry(now, "open", status, expired)
    for (const borrow of expired) {
      if (borrow.state === "waiting") this.#queueing.refuse(borrow, borrow.ticket <= openUpTo ? inOpening : inQueue)
    }
  }
}

const unknown = (_message: never): never => {
  throw new Error("a message that the protocol does not know")
}
