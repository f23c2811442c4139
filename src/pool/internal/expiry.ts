/**
 * What those are told whose deadlines fall due in the same turn. Each has an error of its own, but only when it comes to
 * hear of it: a hundred thousand errors that wait for their readers would cost more than all the rest.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import { stackless } from "../../channel/internal/stackless.ts"
import { CheckoutTimeout } from "../PoolError.ts"
import type { Status } from "../Status.ts"

/** @internal */
export class Expiry {
  readonly #now: number
  readonly #common: {
    readonly pool: string
    readonly phase: "queue" | "open"
    readonly status: Status
    readonly oldestLeaseAge: Duration.Duration | undefined
    readonly lastOpenFailure: Cause.Cause<unknown> | undefined
    readonly mayBeDeadlock: boolean
  }

  constructor(
    pool: string,
    now: number,
    phase: "queue" | "open",
    status: Status,
    oldestLease: number | undefined,
    lastOpenFailure: Cause.Cause<unknown> | undefined,
    mayBeDeadlock: boolean
  ) {
    this.#now = now
    const oldestLeaseAge = oldestLease === undefined ? undefined : Duration.millis(now - oldestLease)
    this.#common = { pool, phase, status, oldestLeaseAge, lastOpenFailure, mayBeDeadlock }
  }

  /** Of one who has waited. Whose turn it is made in says nothing, so it has no stack. */
  errorSince(askedAt: number): CheckoutTimeout<unknown> {
    return stackless((fields) => new CheckoutTimeout<unknown>(fields), {
      ...this.#common,
      waited: Duration.millis(this.#now - askedAt)
    })
  }

  /** Of one who had no time to wait, on its own stack. */
  errorNow(): CheckoutTimeout<unknown> {
    return new CheckoutTimeout<unknown>({ ...this.#common, waited: Duration.zero })
  }
}
