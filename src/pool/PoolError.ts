/**
 * Everything that can go wrong between a session and its pool, each with what a person needs at three in the morning.
 *
 * Messages name only the tag of a user's error and never a resource; the typed field carries the cause untouched.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as ExitReason from "../actor/ExitReason.ts"
import { errorName } from "../actor/internal/target.ts"
import type { Status } from "./Status.ts"

const seconds = (millis: number): string => `${(millis / 1000).toFixed(3)} s`

const numbers = (status: Status): string =>
  `${
    status.suspended ? "suspended, " : ""
  }size=${status.size}+${status.maxOverflow}, idle=${status.idle}, lent=${status.lent}, opening=${status.opening}, ` +
  `${checks(status)}closing=${status.closing}, waiting=${status.waiting}`

const checks = ({ resetting, validating }: Status): string =>
  resetting + validating === 0 ? "" : `resetting=${resetting}, validating=${validating}, `

/**
 * No resource within the deadline of the checkout.
 *
 * **Details**
 *
 * `phase` says which wait ran out (deadpool's `TimeoutType`): `open` when an opening or its back-off was under way for
 * this waiter's place, else `queue`. `lastOpenFailure`, also as `Error.cause`, is why there was none (tarn's
 * `possibleTimeoutCause`): the failure that the pool is at present backing off from. `mayBeDeadlock`: everything that is lent
 * is held by fibers that wait for one more themselves (HikariCP's pool-locking), and this was one of them.
 *
 * @category errors
 * @since 0.1.0
 */
export class CheckoutTimeout<out E = never> extends Data.TaggedError("CheckoutTimeout")<{
  readonly pool: string
  readonly waited: Duration.Duration
  readonly phase: "mailbox" | "queue" | "open"
  readonly status: Status
  readonly oldestLeaseAge: Duration.Duration | undefined
  readonly lastOpenFailure: Cause.Cause<E | OpenTimeout> | undefined
  readonly mayBeDeadlock: boolean
}> {
  constructor(fields: {
    readonly pool: string
    readonly waited: Duration.Duration
    readonly phase: "mailbox" | "queue" | "open"
    readonly status: Status
    readonly oldestLeaseAge: Duration.Duration | undefined
    readonly lastOpenFailure: Cause.Cause<E | OpenTimeout> | undefined
    readonly mayBeDeadlock: boolean
  }) {
    super(fields)
    if (fields.lastOpenFailure !== undefined) {
      Object.defineProperty(this, "cause", {
        value: Cause.squash(fields.lastOpenFailure),
        enumerable: false,
        writable: true,
        configurable: true
      })
    }
  }

  override get message(): string {
    const age = this.oldestLeaseAge
    const oldest = age === undefined ? "" : `; oldest lease ${seconds(Duration.toMillis(age))}`
    const failure = this.lastOpenFailure === undefined
      ? ""
      : `; last opening failed with ${errorName(this.lastOpenFailure)}`
    const others = this.status.idle > 0 && !this.status.suspended && this.phase === "queue"
      ? "; what is idle is for those before it, or beyond its key's maxPerKey"
      : ""
    const deadlock = this.mayBeDeadlock ? "; all of them are held by fibers that wait for one more" : ""
    return `pool "${this.pool}": no resource within ${seconds(Duration.toMillis(this.waited))} ` +
      `(phase ${this.phase}; ${numbers(this.status)}${oldest}${failure}${others}${deadlock})`
  }
}

/**
 * `tryCheckout` found nothing idle, or nothing that it may have: the pool is suspended, or its key has `maxPerKey`.
 *
 * @category errors
 * @since 0.1.0
 */
export class PoolFull extends Data.TaggedError("PoolFull")<{
  readonly pool: string
  readonly status: Status
}> {
  override get message(): string {
    const what = this.status.idle > 0 ? "nothing to be had at once" : "nothing idle"
    return `pool "${this.pool}": ${what} (${numbers(this.status)})`
  }
}

/**
 * More ask than can be served.
 *
 * **Details**
 *
 * `reason` says what has refused this one: `maxWaiting`, for as many already wait for a resource that is lent; `codel`
 * (DBConnection's `queue_target`), for the line has been slow, and this one has waited for longer than twice the target; or
 * `size`, for the pool was made too small for a `checkoutMany`.
 *
 * @category errors
 * @since 0.1.0
 */
export class PoolOverloaded extends Data.TaggedError("PoolOverloaded")<{
  readonly pool: string
  readonly status: Status
  readonly reason: "maxWaiting" | "codel" | "size"
  readonly waited: Duration.Duration
}> {
  override get message(): string {
    const why = {
      maxWaiting: "too many are waiting",
      codel: `dropped from a slow queue after ${seconds(Duration.toMillis(this.waited))}`,
      size: "made too small for so many together"
    }
    return `pool "${this.pool}": ${why[this.reason]} (${numbers(this.status)})`
  }
}

/**
 * The pool is shutting down or has ended, or this session was dropped.
 *
 * @category errors
 * @since 0.1.0
 */
export class PoolClosed extends Data.TaggedError("PoolClosed")<{ readonly pool: string }> {
  override get message(): string {
    return `pool "${this.pool}" is closed`
  }
}

/**
 * The supervisor actor itself has ended while somebody waited, for this reason; its resources are closed. Whoever asks
 * anew is served by the next incarnation. Once the pool's supervisor has given up, every call fails like this.
 *
 * @category errors
 * @since 0.1.0
 */
export class PoolCrashed extends Data.TaggedError("PoolCrashed")<{
  readonly pool: string
  readonly reason: ExitReason.ExitReason
}> {
  override get message(): string {
    return `pool "${this.pool}" has crashed: ${ExitReason.format(this.reason)}`
  }
}

/**
 * More resources have died by themselves than `restartIntensity` allows: the `detail` of the `Shutdown` with which the
 * supervisor actor then ends. OTP: `reached_max_restart_intensity`.
 *
 * @category errors
 * @since 0.1.0
 */
export class RestartIntensityExceeded extends Data.TaggedError("RestartIntensityExceeded")<{
  readonly pool: string
  readonly intensity: number
  readonly period: Duration.Duration
}> {
  override get message(): string {
    return `pool "${this.pool}": more than ${this.intensity} resources died within ` +
      seconds(Duration.toMillis(this.period))
  }
}

/**
 * The opening this waiter was in line for failed, under `onOpenFailure: "fail"`; or the circuit breaker is open (`breaker`); or
 * the pool of a `KeyedPool`'s key could not be made.
 *
 * @category errors
 * @since 0.1.0
 */
export class OpenFailed<out E = never> extends Data.TaggedError("OpenFailed")<{
  readonly pool: string
  readonly failure: Cause.Cause<E | OpenTimeout>
}> {
  override get message(): string {
    return `pool "${this.pool}": opening failed with ${errorName(this.failure)}`
  }
}

/**
 * The factory did not end within `openTimeout`.
 *
 * @category errors
 * @since 0.1.0
 */
export class OpenTimeout extends Data.TaggedError("OpenTimeout")<{
  readonly pool: string
  readonly after: Duration.Duration
}> {
  override get message(): string {
    return `pool "${this.pool}": not open after ${seconds(Duration.toMillis(this.after))}`
  }
}

/**
 * Unknown or impossible options: every problem, each naming its option.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidOptions extends Data.TaggedError("InvalidOptions")<{
  readonly pool: string
  readonly problems: ReadonlyArray<string>
}> {
  override get message(): string {
    return `pool "${this.pool}": ${this.problems.join("; ")}`
  }
}

/**
 * Another lease of the same resource is waiting to have it alone already: each would wait for the other one to leave. Give
 * this lease back, and try again with another.
 *
 * @category errors
 * @since 0.1.0
 */
export class ReservationConflict extends Data.TaggedError("ReservationConflict")<{
  readonly pool: string
  readonly leaseId: number
}> {
  override get message(): string {
    return `pool "${this.pool}": another lease than ${this.leaseId} wants the same resource for itself alone`
  }
}

/**
 * Defect: `lease.resource` was read after the lease had ended. In Rust the compiler refuses this ("use after move").
 *
 * @category errors
 * @since 0.1.0
 */
export class LeaseExpired extends Data.TaggedError("LeaseExpired")<{
  readonly pool: string
  readonly leaseId: number
}> {
  override get message(): string {
    return `pool "${this.pool}": lease ${this.leaseId} has ended`
  }
}

/**
 * Defect: the resource of this lease cannot be detached, for others share it.
 *
 * @category errors
 * @since 0.1.0
 */
export class SharedLease extends Data.TaggedError("SharedLease")<{
  readonly pool: string
  readonly leaseId: number
}> {
  override get message(): string {
    return `pool "${this.pool}": lease ${this.leaseId} shares its resource with others, and cannot be detached`
  }
}

/**
 * Defect: a lease was given to the session of another pool, or something that is no lease (`leaseId` is `undefined`). Nothing
 * changes in either.
 *
 * @category errors
 * @since 0.1.0
 */
export class ForeignLease extends Data.TaggedError("ForeignLease")<{
  readonly pool: string
  readonly leaseId: number | undefined
}> {
  override get message(): string {
    return this.leaseId === undefined
      ? `pool "${this.pool}": what was given for a lease is none`
      : `pool "${this.pool}": lease ${this.leaseId} belongs to another pool`
  }
}
