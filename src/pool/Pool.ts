/**
 * A pool of resources behind one supervisor actor, after Erlang's poolboy and Rust's whitepool.
 *
 * ```text
 *  fiber ── session.checkout ──┐                        ┌── opens/holds/closes ── worker fiber ── resource
 *  fiber ── session.checkin ───┤   one mailbox (mpsc)   │                          (own Scope; linked)
 *  fiber ── session.destroyed ─┼──▶ SUPERVISOR ACTOR ───┼── opens/holds/closes ── worker fiber ── resource
 *  monitor ─ OwnerDown ────────┤   owns ALL the state   │
 *  worker ── Ready / Exited ───┤                        └── reply ──▶ oneshot(deadline) ──▶ the fiber that asked
 *  timer ─── Tick ─────────────┘
 * ```
 *
 * @since 0.1.0
 */
import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as internal from "./internal/make.ts"
import type { Options } from "./Options.ts"
import type { InvalidOptions, OpenTimeout } from "./PoolError.ts"
import type { Session } from "./Session.ts"

export { isLease, type Lease } from "./Lease.ts"
export type { Options } from "./Options.ts"
export {
  CheckoutTimeout,
  ForeignLease,
  InvalidOptions,
  LeaseExpired,
  OpenFailed,
  OpenTimeout,
  PoolClosed,
  PoolCrashed,
  PoolFull,
  PoolOverloaded
} from "./PoolError.ts"
export type {
  CheckoutError,
  CheckoutOptions,
  OwnedCheckoutOptions,
  Session,
  ShutdownOptions,
  TryCheckoutError
} from "./Session.ts"
export type { ShutdownReport, Status } from "./Status.ts"

/**
 * Opens a pool, and gives the first session on it.
 *
 * **Details**
 *
 * Scoped: closing the scope drains within `shutdownTimeout`, then revokes. With `start: "eager"` (the default) it waits
 * for `size` resources and fails with the first opening failure, after closing what was opened.
 *
 * The factory, the link and the back-off run in the context of this call: its services, its clock, its scheduler, its
 * async-local storage; never in those of a caller of `checkout`. Its span is no parent of later openings.
 *
 * **Cancel safety.** Interrupted, it closes what was opened.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: <A, E = never, R = never, RL = never>(
  options: Options<A, E, R, RL>
) => Effect.Effect<Session<A, E>, E | OpenTimeout | InvalidOptions, Exclude<R | RL, Scope.Scope> | Scope.Scope> =
  internal.make

/**
 * A pool as a layer, for a service key of your own.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: <I, A, E, R = never, RL = never>(
  tag: Context.Key<I, Session<A, E>>,
  options: Options<A, E, R, RL>
) => Layer.Layer<I, E | OpenTimeout | InvalidOptions, Exclude<R | RL, Scope.Scope>> = internal.layer

/**
 * A service class for a pool: `class Db extends Pool.Service<Db, Client, SqlError>()("app/Db") {}`, then
 * `Db.layerWith(options)` and `yield* Db`.
 *
 * @category services
 * @since 0.1.0
 */
export const Service: <Self, A, E = never>() => <const Id extends string>(
  id: Id
) => Context.ServiceClass<Self, Id, Session<A, E>> & {
  readonly layerWith: <R = never, RL = never>(
    options: Options<A, E, R, RL>
  ) => Layer.Layer<Self, E | OpenTimeout | InvalidOptions, Exclude<R | RL, Scope.Scope>>
} = internal.Service

/**
 * Debug mode: whether the nine invariants of `docs/guarantees.md` are checked after every message. Default `false`. A
 * violation is a bug of the pool and crashes it.
 *
 * @category references
 * @since 0.1.0
 */
export const CheckInvariants: Context.Reference<boolean> = internal.CheckInvariants
