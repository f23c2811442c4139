/**
 * One borrow from the asking to its end: first the request, then perhaps a waiter, then the lease. It is the reply
 * channel of its own checkout too (a oneshot whose receiver leaves by `Cancel`), so that a borrow costs one object.
 *
 * The machine only ever changes `state` and what belongs to it; how the asker is told is the subclass's `deliver`.
 *
 * @internal
 */
import type * as Fiber from "effect/Fiber"
import type { Deadline } from "../../channel/internal/deadlines.ts"
import type { Linked } from "../../channel/internal/list.ts"
import type { Delivery } from "../../channel/internal/outbox.ts"
import type * as PoolError from "../PoolError.ts"
import { Expiry } from "./expiry.ts"
import type { Seat } from "./seat.ts"
import type { Due } from "./state.ts"
import type { Worker } from "./worker.ts"

/** Why a checkout was refused. @internal */
export type Refusal =
  | PoolError.CheckoutTimeout<unknown>
  | PoolError.PoolFull
  | PoolError.PoolOverloaded
  | PoolError.PoolClosed
  | PoolError.PoolCrashed
  | PoolError.OpenFailed<unknown>

/** Any fiber: the pool only compares and observes it. @internal */
export type AnyFiber = Fiber.Fiber<unknown, unknown>

/** What a checkout asks for beyond a resource. Most ask for nothing, and have none. @internal */
export interface Terms {
  /** 0 is served first. */
  readonly priority: number
  /** On whose behalf, where tenants take turns. */
  readonly key: string | undefined
  /** It would like this one, if it is idle. */
  readonly preferred: Worker | undefined
  /** All that it is asked for together with, itself included. */
  readonly bundle?: ReadonlyArray<Borrow>
}

const noTerms: Terms = { priority: 0, key: undefined, preferred: undefined }

/** @internal */
export abstract class Borrow implements Linked<Borrow>, Delivery {
  readonly _tag = "Checkout"
  /**
   * `asked` → `waiting` → `lent` → `ended`, or `refused`. Only the machine moves it, so whoever holds a borrow can
   * read here what has become of it.
   */
  state: "asked" | "waiting" | "lent" | "ended" | "refused" = "asked"
  /** `try`: an idle resource or `PoolFull`; `wait`: wait for one. */
  readonly mode: "try" | "wait"
  /** The budget in milliseconds, from the end of the batch of turns in which it was asked. */
  readonly wait: number
  /** The fiber whose own guard gives it back (`use`, `scoped`), and cannot while that fiber awaits the shutdown. */
  guardFiber: AnyFiber | undefined
  /**
   * The fiber whose end abandons the lease (`checkout`). Only until the grant: then it is the seat's `owner`, and forgotten with it, for
   * a fiber holds on to what it has returned, which may well be the lease.
   */
  ownerFiber: AnyFiber | undefined
  seat: Seat | undefined = undefined
  /** Why it was refused. */
  reason: Refusal | Expiry | undefined = undefined
  /** The lease's number. */
  id = 0
  /**
   * Monotonic milliseconds of its arrival; none until somebody looks at the clock. Of one of several that were asked for
   * together, and that is over: since when it was lent.
   */
  askedAt: number | undefined = undefined
  /** Its place in the order of arrival. */
  ticket = 0
  /** Its asker has it. Until then a lease can still be cancelled as untouched, or its place in the queue restored. */
  taken = false
  deadline: Deadline<Due> | undefined = undefined
  terms: Terms | undefined = undefined
  prev: Borrow | undefined = undefined
  next: Borrow | undefined = undefined
  /** The asker is below us on this very stack and will look at `state` itself: nothing needs to be delivered. */
  asking = false

  constructor(mode: Borrow["mode"], wait: number, guardFiber: AnyFiber | undefined, ownerFiber: AnyFiber | undefined) {
    this.mode = mode
    this.wait = wait
    this.guardFiber = guardFiber
    this.ownerFiber = ownerFiber
  }

  get refusal(): Refusal | undefined {
    const { reason } = this
    if (!(reason instanceof Expiry)) return reason
    return this.reason = reason.errorSince(this.askedAt!)
  }

  get bundle(): ReadonlyArray<Borrow> | undefined {
    return this.terms?.bundle
  }

  set bundle(bundle: ReadonlyArray<Borrow>) {
    this.terms = { ...(this.terms ?? noTerms), bundle }
  }

  /** While it is lent. */
  get worker(): Worker | undefined {
    return this.seat?.worker
  }

  /** No answer yet: the mailbox may hold the question back, as the queue may the answer. */
  get isPending(): boolean {
    return this.state === "asked" || this.state === "waiting"
  }

  abstract deliver(): void
}
