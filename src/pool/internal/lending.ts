/**
 * Who gets which resource, and how a lease ends.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import { stackless } from "../../channel/internal/stackless.ts"
import * as PoolError from "../PoolError.ts"
import type { Ports } from "../Ports.ts"
import type { Status } from "../Status.ts"
import type { AnyFiber, Borrow, Refusal } from "./borrow.ts"
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
    // Answered or cancelled before this message was handled, or the asker on whose stack it was posted has gone.
    if (borrow.state !== "asked" || !(borrow.asking || borrow.isAwaited)) return
    if (state.phase !== "open") return this.refuse(borrow, new PoolError.PoolClosed({ pool: state.settings.name }))
    // Nobody waits while something is idle, so a newcomer overtakes nobody here.
    const worker = this.#takeIdle()
    if (worker !== undefined) return this.#lend(worker, borrow)
    if (borrow.mode === "try") {
      this.#refuseFull(borrow)
      return this.#staffing.warmUp()
    }
    // An asker that has no time to wait is answered before anybody looks at the length of the queue.
    if (borrow.wait === 0) {
      return this.expire(borrow, this.#ports.now(), state.status(), state.openUpTo() === Infinity ? "open" : "queue")
    }
    if (borrow.mode === "attempt") return
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
    const worker = this.end(borrow)
    if (worker === undefined) return
    this.place(worker)
    // It may have proven that openings work again.
    this.#staffing.hire()
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
    const owner = borrow.owner?.fiber
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
    borrow.owner?.release(borrow)
    this.#own(borrow, fiber)
  }

  ownerDown(owner: Owner, success: boolean): void {
    const state = this.#state
    if (state.owners.get(owner.fiber) === owner) state.owners.delete(owner.fiber)
    const release = success && state.settings.onOwnerSuccess === "release"
    for (let borrow = owner.first; borrow !== undefined; borrow = owner.first) {
      if (release) {
        owner.release(borrow)
        this.#ports.orphan(borrow)
      } else {
        this.abandon(borrow)
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
    borrow.lease = undefined
    borrow.owner?.release(borrow)
    state.lent.remove(borrow)
    worker.state = "free"
    worker.borrow = undefined
    if (borrow.taken && !worker.proven) this.#staffing.proven(worker)
    borrow.guardFiber = undefined
    // One that nobody had yet was no lease to anybody.
    if (state.phase !== "open" && borrow.taken) state.drained++
    return worker
  }

  refuse(borrow: Borrow, refusal: Refusal): void {
    if (borrow.state === "waiting") this.#leaveQueue(borrow)
    borrow.state = "refused"
    borrow.guardFiber = undefined
    borrow.refusal = refusal
    this.#ports.reply(borrow)
  }

  /** Somebody who waited, and whom the end of the pool has overtaken. */
  refuseClosed(borrow: Borrow): void {
    this.refuse(borrow, stackless((pool) => new PoolError.PoolClosed({ pool }), this.#state.settings.name))
  }

  /** `status` is shared by all that expire in one turn. */
  expire(borrow: Borrow, now: number, status: Status, phase: "queue" | "open"): void {
    const state = this.#state
    const waited = borrow.state === "waiting" ? now - borrow.askedAt : 0
    const oldest = state.lent.head
    const fields = {
      pool: state.settings.name,
      waited: Duration.millis(waited),
      phase,
      status,
      oldestLeaseAge: oldest === undefined ? undefined : Duration.millis(now - oldest.since),
      lastOpenFailure: state.lastOpenFailure
    }
    // A waiter's failure is made in the timer's turn, whose stack would show nothing but the timer, for microseconds.
    const make = (): Refusal => new PoolError.CheckoutTimeout<unknown>(fields)
    this.refuse(borrow, borrow.state === "waiting" ? stackless(make, undefined) : make())
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
    borrow.since = this.#ports.now()
    if (borrow.ticket === 0) this.#stamp(borrow, borrow.since)
    state.lent.append(borrow)
    if (borrow.ownerFiber !== undefined) this.#own(borrow, borrow.ownerFiber)
    this.#ports.reply(borrow)
  }

  #own(borrow: Borrow, fiber: AnyFiber): void {
    const owners = this.#state.owners
    let owner = owners.get(fiber)
    if (owner === undefined) {
      owner = new Owner(fiber)
      owners.set(fiber, owner)
      this.#ports.monitor(owner)
    }
    owner.take(borrow)
    borrow.ownerFiber = undefined
  }

  #enqueue(borrow: Borrow): void {
    const state = this.#state
    this.#stamp(borrow, this.#ports.now())
    state.waiting.append(borrow)
    this.#await(borrow)
  }

  /** Its arrival: its place in the order, and the beginning of its budget. */
  #stamp(borrow: Borrow, now: number): void {
    // It may have waited in the lobby already.
    if (borrow.askedAt < 0) borrow.askedAt = now
    borrow.ticket = ++this.#state.lastTicket
  }

  #await(borrow: Borrow): void {
    borrow.state = "waiting"
    if (borrow.wait === Infinity) return
    borrow.deadline = this.#state.deadlines.add(borrow.askedAt + borrow.wait, borrow)
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
