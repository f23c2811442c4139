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
import type { Options } from "./Options.ts"
import type { ResourceInfo } from "./Policies.ts"
import type {
  CheckoutTimeout,
  InvalidOptions,
  OpenFailed,
  PoolClosed,
  PoolCrashed,
  PoolFull,
  PoolOverloaded,
  ReservationConflict
} from "./PoolError.ts"
import type { ShutdownReport, Status } from "./Status.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface CheckoutOptions<in A = unknown> {
  /**
   * One budget for queue, opening and checks together; default: the pool's `checkoutTimeout`. `0`: an idle resource, or
   * `CheckoutTimeout` at once. Negative or NaN dies with `InvalidOptions`.
   */
  readonly timeout?: Duration.Input | "infinity" | undefined
  /**
   * A class: 0 (default) is served first. One class counts as `priorityAging` (1 second) of waiting, so that nobody starves.
   * A whole number; anything else dies with `InvalidOptions`.
   */
  readonly priority?: number | undefined
  /** On whose behalf it is: with `fairness`, the keys of those who wait take turns. Without, it means nothing. */
  readonly key?: string | undefined
  /** A hint: the first idle resource that it holds of is lent, if there is one; else any other. Runs on the caller's side. */
  readonly prefer?: ((info: ResourceInfo, resource: A) => boolean) | undefined
}

/**
 * @category models
 * @since 0.1.0
 */
export interface OwnedCheckoutOptions<in A = unknown> extends CheckoutOptions<A> {
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
  /**
   * The drain begins only when nobody has asked for that long; until then everybody is served as before. Default 0. For
   * those who have not heard yet that this one is about to go. `timeout` covers it, too. (Netty's `shutdownGracefully`.)
   */
  readonly quietPeriod?: Duration.Input | undefined
}

/**
 * What `resize` can change; `undefined` leaves it as it is.
 *
 * @category models
 * @since 0.1.0
 */
export interface Size {
  readonly size?: number | undefined
  readonly maxOverflow?: number | undefined
}

/**
 * What `reconfigure` can change: every option but `factory`, `name`, `start` and `concurrency`. `undefined` gives an option its default
 * back. What it runs needs nothing but a `Scope`.
 *
 * @category models
 * @since 0.1.0
 */
export type Patch<A> = Partial<
  Omit<Options<A, never, never, Scope.Scope>, "factory" | "name" | "start" | "concurrency">
>

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
  readonly checkout: (options?: OwnedCheckoutOptions<A>) => Effect.Effect<Lease<A>, CheckoutError<E>>
  /**
   * Never waits for a resource: an idle one, or `PoolFull`.
   *
   * **Details.** With `validate`, an idle one may have to be checked first: that is waited for, and for nothing else. While fewer than `size` are alive it also starts an opening, so that a lazy pool warms up and the next
   * call succeeds. (poolboy opens inline, within the call.)
   */
  readonly tryCheckout: (
    options?: Omit<OwnedCheckoutOptions<A>, "timeout">
  ) => Effect.Effect<Lease<A>, TryCheckoutError>
  /**
   * Borrows `n` resources together: all of them or none, in line one after the other, so that two who want several each never
   * wait for each other half-filled. It counts as `n` who wait. More than the pool can ever have, or than `maxPerKey`, dies with `InvalidOptions`.
   *
   * **Cancel safety.** As `checkout`, for all of them. (puddle's `AcquireAllIdle` takes what there is; this one waits.)
   */
  readonly checkoutMany: (
    n: number,
    options?: OwnedCheckoutOptions<A>
  ) => Effect.Effect<ReadonlyArray<Lease<A>>, CheckoutError<E>>
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
    options?: CheckoutOptions<A>
  ) => Effect.Effect<B, E2 | CheckoutError<E>, R2>
  /** Borrows a resource for the life of the scope, whose exit is judged as that of `use`. **Cancel safety.** As `use`. */
  readonly scoped: (options?: CheckoutOptions<A>) => Effect.Effect<A, CheckoutError<E>, Scope.Scope>
  /**
   * Takes the resource out of the pool for good, unclosed; its place is free, and is filled again. The scope owns it now, and
   * closes it. Dies with `LeaseExpired` for a lease that has ended, or whose resource others share; with `ForeignLease` for one
   * of another pool. (puddle's
   * `Hijack`, deadpool's `Object::take`.)
   *
   * **Cancel safety.** Uninterruptible, and at once.
   */
  readonly detach: (lease: Lease<unknown>) => Effect.Effect<A, never, Scope.Scope>
  /**
   * With `concurrency`: waits until nobody else shares the lease's resource, and keeps it so until the scope closes, or the
   * lease ends. Nobody new gets it meanwhile. Fails with `ReservationConflict` if another lease of it is waiting for the
   * same; dies with `LeaseExpired` if the lease ends first; is interrupted if the scope closes first. (Effect's `Pool.reserve`, for a resource that one has already.)
   *
   * **Cancel safety.** Interrupted while it waits, it reserves nothing; the lease goes on.
   */
  readonly reserve: (lease: Lease<unknown>) => Effect.Effect<void, ReservationConflict, Scope.Scope>
  /**
   * Closes and replaces those resources that the predicate holds of: idle ones now, lent ones when they come back. Gives how
   * many there are. The predicate runs here, over all that are open.
   */
  readonly evict: (predicate: (info: ResourceInfo, resource: A) => boolean) => Effect.Effect<number>
  /**
   * Closes and replaces all of them: idle ones now, lent ones when they come back, those under way as soon as they are open.
   * `over` spreads it evenly over that time, so that a backend is not stormed. After credentials or a DNS name have changed.
   * (HikariCP's `softEvictConnections`, DBConnection's `disconnect_all`.)
   */
  readonly evictAll: (options?: { readonly over?: Duration.Input | undefined }) => Effect.Effect<void>
  /**
   * Changes how many there are. More: those who wait are served at once. Less: idle ones are closed, then lent ones when they
   * come back. `size: 0, maxOverflow: 0` is legal here: then everybody waits. Fails with `InvalidOptions` for what is no size, or
   * is less than a `minIdle` that was given. A `checkoutMany` that waits for more than there can be then is refused with
   * `PoolOverloaded`.
   */
  readonly resize: (change: Size) => Effect.Effect<void, InvalidOptions>
  /** Changes options, checked as a whole before any of it applies. Those who wait keep their place and their deadline. */
  readonly reconfigure: (patch: Patch<A>) => Effect.Effect<void, InvalidOptions>
  /**
   * Until `resume`, nothing is lent and nothing is opened: checkouts wait within their deadlines, `tryCheckout` finds nothing.
   * What is lent goes on, and comes back. Nobody is refused meanwhile for an opening that fails, or an open `breaker`: that is
   * told after `resume`. For the minutes of a failover. A shutdown resumes. (HikariCP's `suspendPool`.)
   */
  readonly suspend: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
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
