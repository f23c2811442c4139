/**
 * Who gets which resource, and how a lease ends.
 *
 * @internal
 */
import { stackless } from "../../channel/internal/stackless.ts"
import * as PoolError from "../PoolError.ts"
import type { Ports } from "../Ports.ts"
import type { Status } from "../Status.ts"
import type { AnyFiber, Borrow, Refusal } from "./borrow.ts"
import { Expiry } from "./expiry.ts"
import { Owner } from "./owner.ts"
import type { Staffing } from "./staffing.ts"
import type { State } from "./state.ts"
import type { Worker } from "./worker.ts"

/** @internal */
export class Lending {
  readonly #state: State
  readonly #ports: Ports
  readonly #staffing: Staffing

  constructor(state: State, ports: Ports, staffing: Staffing) {
    this.#state = state
    this.#ports = ports
    this.#staffing = staffing
  }

  checkout(borrow: Borrow): void {
    const state = this.#state
    // Answered or cancelled before this message was handled.
    if (borrow.state !== "asked") return
    if (state.phase !== "open") return this.refuse(borrow, new PoolError.PoolClosed({ pool: state.settings.name }))
    // Nobody waits while something is idle, so a newcomer overtakes nobody here.
    const worker = this.#takeIdle()
    if (worker !== undefined) this.#lend(worker, borrow)
    else this.#nothingIdle(borrow)
  }

  #nothingIdle(borrow: Borrow): void {
    const state = this.#state
    if (borrow.mode === "try") {
      this.#refuseFull(borrow)
      return this.#staffing.warmUp()
    }
    // An asker that has no time to wait is answered before anybody looks at the length of the queue.
    if (borrow.wait === 0) {
      const phase = state.openUpTo() === Infinity ? "open" : "queue"
      return this.refuse(borrow, this.expiry(this.#ports.now(), phase, state.status()).errorNow())
    }
    if (state.waiting.length + 1 - state.openable > state.settings.maxWaiting) {
      return this.refuse(borrow, new PoolError.PoolOverloaded({ pool: state.settings.name, status: state.status() }))
    }
    this.#enqueue(borrow)
    this.#staffing.hire()
  }

  /** The asker has gone. What was already granted to it nobody has touched: it goes back as good as new. */
  cancel(borrow: Borrow): void {
    if (borrow.state === "waiting") {
      this.#leaveQueue(borrow)
      borrow.state = "ended"
    } else if (borrow.state === "asked") {
      borrow.state = "ended"
    } else {
      this.checkin(borrow)
    }
  }

  checkin(borrow: Borrow): void {
    const { failures } = this.#state
    const worker = this.end(borrow)
    if (worker === undefined) return
    this.place(worker)
    // It has proven that openings work again.
    if (this.#state.failures < failures) this.#staffing.hire()
  }

  destroyed(borrow: Borrow): void {
    const worker = this.end(borrow)
    if (worker === undefined) return
    this.#staffing.close(worker)
    this.#staffing.hire()
  }

  /** Nobody can give this lease back any more. */
  abandon(borrow: Borrow): void {
    if (this.#state.settings.onAbandoned === "checkin") this.checkin(borrow)
    else this.destroyed(borrow)
  }

  /** The pool cannot wait for it any longer. Its holder's fiber goes on undisturbed. Gives the worker, for its closing. */
  revoke(borrow: Borrow): Worker | undefined {
    const worker = this.end(borrow)
    if (worker === undefined) return undefined
    if (borrow.taken) {
      this.#state.drained--
      this.#state.forced++
    } else {
      this.refuseClosed(borrow)
    }
    return worker
  }

  /**
   * The resource died under its lease. An asker that has not even taken it over yet learns nothing of that: it has its
   * old place in the queue again, and its old deadline.
   */
  bereave(borrow: Borrow): void {
    const { guardFiber } = borrow
    const owner = borrow.worker?.owner?.fiber
    // What was idle was lent as soon as it was asked for.
    borrow.askedAt ??= borrow.worker?.lentAt
    if (this.end(borrow) === undefined || borrow.taken) return
    const state = this.#state
    // It is a request again, and whose it is has not changed.
    borrow.guardFiber = guardFiber
    borrow.ownerFiber = owner
    const worker = this.#takeIdle()
    if (worker !== undefined) return this.#lend(worker, borrow)
    if (borrow.mode === "try") return this.#refuseFull(borrow)
    let successor = state.waiting.head
    while (successor !== undefined && successor.ticket < borrow.ticket) successor = successor.next
    state.waiting.insertBefore(borrow, successor)
    this.#await(borrow)
  }

  adopt(borrow: Borrow, fiber: AnyFiber): void {
    if (borrow.state !== "lent") return
    const worker = borrow.worker!
    worker.owner?.release(worker)
    this.#own(worker, fiber)
  }

  ownerDown(owner: Owner, success: boolean): void {
    const state = this.#state
    if (state.owners.get(owner.fiber) === owner) state.owners.delete(owner.fiber)
    const release = success && state.settings.onOwnerSuccess === "release"
    for (let worker = owner.first; worker !== undefined; worker = owner.first) {
      if (release) {
        owner.release(worker)
        this.#ports.orphan(worker.borrow!)
      } else {
        this.abandon(worker.borrow!)
      }
    }
  }

  /** A resource that is free and healthy: to the oldest waiter, else idle, else it was overflow and is closed. */
  place(worker: Worker): void {
    const state = this.#state
    const waiter = state.waiting.head
    if (waiter !== undefined) {
      this.#leaveQueue(waiter)
      return this.#lend(worker, waiter)
    }
    if (state.idle.length + state.lent.length < state.settings.size) {
      worker.state = "idle"
      return state.idle.append(worker)
    }
    this.#staffing.close(worker)
  }

  /** Ends a lease, whatever becomes of its resource. `undefined`: it had ended before, and stale is harmless. */
  end(borrow: Borrow): Worker | undefined {
    if (borrow.state !== "lent") return undefined
    const state = this.#state
    const worker = borrow.worker!
    borrow.state = "ended"
    borrow.worker = undefined
    if (worker.owner !== undefined) {
      worker.owner.release(worker)
      worker.lease = undefined
    }
    state.lent.remove(worker)
    worker.state = "free"
    worker.borrow = undefined
    if (borrow.taken && !worker.proven) this.#staffing.proven(worker)
    borrow.guardFiber = undefined
    // One that nobody had yet was no lease to anybody.
    if (state.phase !== "open" && borrow.taken) state.drained++
    return worker
  }

  refuse(borrow: Borrow, refusal: Refusal | Expiry): void {
    if (borrow.state === "waiting") this.#leaveQueue(borrow)
    borrow.state = "refused"
    borrow.guardFiber = undefined
    borrow.reason = refusal
    this.#ports.reply(borrow)
  }

  /** Somebody who waited, and whom the end of the pool has overtaken. */
  refuseClosed(borrow: Borrow): void {
    this.refuse(borrow, stackless((pool) => new PoolError.PoolClosed({ pool }), this.#state.settings.name))
  }

  /** What whoever expires in this turn is told. `status` is that of before the first of them has left. */
  expiry(now: number, phase: "queue" | "open", status: Status): Expiry {
    const { lastOpenFailure, lent, settings } = this.#state
    this.#date(now)
    return new Expiry(settings.name, now, phase, status, lent.head?.lentAt, lastOpenFailure)
  }

  /**
   * A look at the clock costs as much as a whole turn, so there is one for all that a batch of turns has lent and made
   * wait, and none for what came back within it. A waiter that was served within it has no deadline either.
   */
  date(): void {
    const { lent, undated } = this.#state
    if (undated.length > 0 || (lent.tail !== undefined && lent.tail.lentAt === undefined)) this.#date(this.#ports.now())
  }

  #date(now: number): void {
    const state = this.#state
    // Those without a date are the newest.
    let worker = state.lent.tail
    for (; worker !== undefined && worker.lentAt === undefined; worker = worker.prev) worker.lentAt = now
    const { undated } = state
    if (undated.length === 0) return
    state.undated = []
    for (const borrow of undated) {
      borrow.askedAt ??= now
      if (borrow.state === "waiting" && borrow.deadline === undefined) this.#setDeadline(borrow, borrow.askedAt)
    }
  }

  #refuseFull(borrow: Borrow): void {
    const { settings } = this.#state
    this.refuse(borrow, new PoolError.PoolFull({ pool: settings.name, status: this.#state.status() }))
  }

  #takeIdle(): Worker | undefined {
    const { idle, settings } = this.#state
    const worker = settings.strategy === "lifo" ? idle.tail : idle.head
    if (worker !== undefined) idle.remove(worker)
    return worker
  }

  #lend(worker: Worker, borrow: Borrow): void {
    const state = this.#state
    worker.state = "lent"
    worker.borrow = borrow
    borrow.state = "lent"
    borrow.worker = worker
    borrow.id = ++state.lastLeaseId
    worker.lentAt = undefined
    if (borrow.ticket === 0) borrow.ticket = ++state.lastTicket
    state.lent.append(worker)
    this.#ports.date()
    if (borrow.ownerFiber !== undefined) {
      this.#own(worker, borrow.ownerFiber)
      borrow.ownerFiber = undefined
    }
    this.#ports.reply(borrow)
  }

  #own(worker: Worker, fiber: AnyFiber): void {
    const owners = this.#state.owners
    let owner = owners.get(fiber)
    if (owner === undefined) {
      owner = new Owner(fiber)
      owners.set(fiber, owner)
      this.#ports.monitor(owner)
    }
    owner.take(worker)
  }

  #enqueue(borrow: Borrow): void {
    const state = this.#state
    borrow.ticket = ++state.lastTicket
    state.waiting.append(borrow)
    this.#await(borrow)
  }

  #await(borrow: Borrow): void {
    borrow.state = "waiting"
    if (borrow.wait === Infinity) return
    if (borrow.askedAt === undefined) {
      this.#state.undated.push(borrow)
      this.#ports.aim()
    } else {
      // It has waited before: in the lobby, or for what has died under its lease.
      this.#setDeadline(borrow, borrow.askedAt)
    }
  }

  #setDeadline(borrow: Borrow, askedAt: number): void {
    borrow.deadline = this.#state.deadlines.add(askedAt + borrow.wait, borrow)
    this.#ports.aim()
  }

  #leaveQueue(borrow: Borrow): void {
    const state = this.#state
    state.waiting.remove(borrow)
    if (borrow.deadline === undefined) return
    state.deadlines.cancel(borrow.deadline)
    borrow.deadline = undefined
    if (state.deadlines.size === 0) this.#ports.aim()
  }
}
