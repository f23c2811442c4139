/**
 * The deterministic heart: one message at a time, decided at once, carried out through the ports.
 *
 * No Effect runtime, no clock of its own, no timer, no randomness, and no code of the user's: the same messages always
 * give the same calls.
 *
 * ```text
 *  Message ──▶ handle ──▶ Lending    who gets which resource, how a lease ends
 *                    ├──▶ Staffing   when a worker is hired, how it leaves
 *                    └──▶ Closedown  who is still served, when all is over
 *                              └───▶ Ports
 * ```
 *
 * @since 0.1.0
 */
import { Borrow } from "./internal/borrow.ts"
import { Closedown } from "./internal/closedown.ts"
import { Lending } from "./internal/lending.ts"
import type { Settings } from "./internal/settings.ts"
import { Staffing } from "./internal/staffing.ts"
import { State } from "./internal/state.ts"
import { Worker } from "./internal/worker.ts"
import type { Checkin, Checkout, Message } from "./Message.ts"
import type * as PoolError from "./PoolError.ts"
import type { Ports } from "./Ports.ts"

/** @internal */
export class Machine {
  readonly state: State
  readonly #ports: Ports
  readonly #lending: Lending
  readonly #staffing: Staffing
  readonly #closedown: Closedown

  constructor(settings: Settings, ports: Ports) {
    this.state = new State(settings)
    this.#ports = ports
    this.#staffing = new Staffing(this.state, ports)
    this.#lending = new Lending(this.state, ports, this.#staffing)
    this.#staffing.bind(this.#lending)
    this.#closedown = new Closedown(this.state, ports, this.#lending, this.#staffing)
  }

  /** Hires the first workers. */
  start(): void {
    this.#staffing.hire()
  }

  handle(message: Message): void {
    // Nearly all are of these two. They are kept apart from the rest, for only small functions are compiled into their callers.
    switch (message._tag) {
      case "Checkout":
        return this.#lending.checkout(message)
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
        return this.#lending.adopt(message.borrow, message.fiber)
      case "Status":
        message.reply.sendUnsafe(this.state.status())
        return
      case "Shutdown":
        return this.#closedown.shutdown(message)
      case "AwaitShutdown":
        return this.#closedown.awaitEnd(message.awaiter)
      case "Ready":
        return this.#staffing.ready(message.worker, message.resource)
      case "Exited":
        return this.#staffing.exited(message.worker, message.reason)
      case "RetryAfter":
        return this.#staffing.retryAfter(message.delay)
      case "OwnerDown":
        return this.#lending.ownerDown(message.owner, message.success)
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
    for (const { borrow } of state.workers) {
      if (borrow?.state !== "lent") continue
      borrow.state = borrow.taken ? "ended" : "refused"
      if (borrow.taken) {
        state.forced++
        continue
      }
      borrow.reason = crashed
      this.#ports.reply(borrow)
    }
  }

  #tick(now: number): void {
    const state = this.state
    const expired: Array<Borrow> = []
    for (let due = state.deadlines.takeDue(now); due !== undefined; due = state.deadlines.takeDue(now)) {
      if (due === "shutdown") {
        state.shutdownBy = undefined
        this.#closedown.force()
      } else if (due === "backoff") {
        this.#staffing.backoffIsOver()
      } else if (due instanceof Borrow) {
        due.deadline = undefined
        expired.push(due)
      } else if (due instanceof Worker) {
        due.deadline = undefined
        this.#ports.giveUp(due)
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
    const inQueue = this.#lending.expiry(now, "queue", status)
    const inOpening = this.#lending.expiry(now, "open", status)
    for (const borrow of expired) {
      if (borrow.state === "waiting") this.#lending.refuse(borrow, borrow.ticket <= openUpTo ? inOpening : inQueue)
    }
  }
}

const unknown = (_message: never): never => {
  throw new Error("a message that the protocol does not know")
}
