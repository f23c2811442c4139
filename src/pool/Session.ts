/**
 * A cloneable handle on a pool: each clone is another sender on the same mailbox.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { Lease } from "./Lease.ts"
import type { CheckoutTimeout, OpenFailed, PoolClosed, PoolCrashed, PoolFull, PoolOverloaded } from "./PoolError.ts"
import type { ShutdownReport, Status } from "./Status.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface CheckoutOptions {
  /**
   * One budget for queue and opening together; default: the pool's `checkoutTimeout`. `0`: an idle resource, or
   * `CheckoutTimeout` at once. Negative or NaN dies with `InvalidOptions`.
   */
  readonly timeout?: Duration.Input | "infinity" | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface OwnedCheckoutOptions extends CheckoutOptions {
  /** Whose end abandons the lease; default: the calling fiber. */
  readonly owner?: Fiber.Fiber<unknown, unknown> | "none" | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface ShutdownOptions {
  /** `drain` (default) serves those who already wait and waits for leases; `now` does neither. */
  readonly mode?: "drain" | "now" | undefined
  /** How long leases are waited for before they are revoked; default: the pool's `shutdownTimeout`. Negative or NaN dies. */
  readonly timeout?: Duration.Input | "infinity" | undefined
}

/**
 * How a checkout can fail.
 *
 * @category errors
 * @since 0.1.0
 */
export type CheckoutError<E> = CheckoutTimeout<E> | PoolOverloaded | PoolClosed | PoolCrashed | OpenFailed<E>

/**
 * How a `tryCheckout` can fail.
 *
 * @category errors
 * @since 0.1.0
 */
export type TryCheckoutError = PoolFull | PoolClosed | PoolCrashed

/**
 * What a program does with a pool. `use` is what most need; `checkout` and `checkin` are the message-passing face.
 *
 * @category models
 * @since 0.1.0
 */
export interface Session<out A, out E = never> {
  readonly name: string
  /**
   * Borrows a resource until `checkin` or `destroyed`. Waits, first come first served, until `timeout`.
   *
   * **Details.** If the owner (the calling fiber, unless told otherwise) ends by failure, defect or interruption, the lease
   * is abandoned (`onAbandoned`: destroyed). If it ends with success the lease has been handed on, for this is how
   * `Effect.timeout`, `race`, `all`, `Fiber.join` and `runPromise` return it from an inner fiber: it lives on without an
   * owner, until it is given back, adopted, or found unreachable by the garbage collector.
   *
   * **Cancel safety.** Interrupted before the caller has the lease, the resource goes back as good as new.
   */
  readonly checkout: (options?: OwnedCheckoutOptions) => Effect.Effect<Lease<A>, CheckoutError<E>>
  /**
   * Never waits: an idle resource, or `PoolFull`.
   *
   * **Details.** While fewer than `size` are alive it also starts an opening, so that a lazy pool warms up and the next
   * call succeeds. (poolboy opens inline, within the call.)
   */
  readonly tryCheckout: (options?: Pick<OwnedCheckoutOptions, "owner">) => Effect.Effect<Lease<A>, TryCheckoutError>
  /** Gives it back, as good as new. Nothing for a lease that has ended; dies with `ForeignLease` for one of another pool. */
  readonly checkin: (lease: Lease<unknown>) => Effect.Effect<void>
  /** Gives it back broken: it is closed and replaced. The `reason` goes along in the message; nothing reads it yet. */
  readonly destroyed: (lease: Lease<unknown>, reason?: unknown) => Effect.Effect<void>
  /** Makes the calling fiber the lease's owner. Nothing for an ended lease, or for one of `use` or `scoped`. */
  readonly adopt: (lease: Lease<unknown>) => Effect.Effect<void>
  /**
   * Borrows a resource for the duration of `f`. An idle one costs no suspension, no timer and no fiber.
   *
   * **Details.** Success and typed failure give it back; a defect (also a throw of `f` itself) destroys it; an interruption
   * does what `onInterrupt` says (destroys it); `isBroken` says which typed failures broke it.
   *
   * **Cancel safety.** Interrupted while it waits, the place in the queue is given up and nothing is lost.
   */
  readonly use: <B, E2, R2>(
    f: (resource: A, lease: Lease<A>) => Effect.Effect<B, E2, R2>,
    options?: CheckoutOptions
  ) => Effect.Effect<B, E2 | CheckoutError<E>, R2>
  /** Borrows a resource for the life of the scope, whose exit is judged as that of `use`. **Cancel safety.** As `use`. */
  readonly scoped: (options?: CheckoutOptions) => Effect.Effect<A, CheckoutError<E>, Scope.Scope>
  /** The numbers of one turn. */
  readonly status: Effect.Effect<Status>
  /**
   * Ends the pool, and waits for the end. Idempotent: all callers await the same end, and a shorter second deadline
   * shortens the first.
   *
   * **Details.** A lease whose owner is the very fiber that waits here cannot come back: it is revoked at once. Revoking
   * ends the lease and closes the resource; it does not interrupt a running `use`.
   *
   * **Cancel safety.** Interrupted, the pool shuts down nevertheless.
   */
  readonly shutdown: (options?: ShutdownOptions) => Effect.Effect<ShutdownReport>
  /** Waits for the end without asking for it. */
  readonly awaitShutdown: Effect.Effect<ShutdownReport>
  /** Another sender on the same mailbox; it is dropped with the scope. A clone of a dropped one is dropped. */
  readonly clone: Effect.Effect<Session<A, E>, never, Scope.Scope>
  /** Gives this sender up: later checkouts through it fail with `PoolClosed`, all else goes on working. Idempotent. */
  readonly drop: Effect.Effect<void>
}
