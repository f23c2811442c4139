/** @internal */
import type { Lease } from "../Lease.ts"
import { LeaseExpired } from "../PoolError.ts"
import type { Borrow } from "./borrow.ts"
import type { Front } from "./front.ts"

/** @internal */
export class LeaseImpl<out A> implements Lease<A> {
  readonly #front: Front
  readonly #borrow: Borrow

  constructor(front: Front, borrow: Borrow) {
    this.#front = front
    this.#borrow = borrow
  }

  get id(): number {
    return this.#borrow.id
  }

  get pool(): string {
    return this.#front.settings.name
  }

  get isLive(): boolean {
    return this.#borrow.state === "lent"
  }

  get resource(): A {
    const worker = this.#borrow.state === "lent" ? this.#borrow.worker : undefined
    if (worker === undefined) throw new LeaseExpired({ pool: this.pool, leaseId: this.id })
    return worker.resource as A
  }

  /** Whose it is, if it is one of this front's. */
  static borrowOf(lease: Lease<unknown>, front: Front): Borrow | undefined {
    return isLease(lease) && #front in lease && lease.#front === front ? lease.#borrow : undefined
  }

  toJSON(): unknown {
    return { _id: "Lease", id: this.id, pool: this.pool, isLive: this.isLive }
  }

  toString(): string {
    return `Lease(${this.pool}#${this.id}, ${this.isLive ? "live" : "ended"})`
  }

  [Symbol.for("nodejs.util.inspect.custom")](): unknown {
    return this.toJSON()
  }
}

/** @internal */
export const isLease = (u: unknown): u is Lease<unknown> => u instanceof LeaseImpl
