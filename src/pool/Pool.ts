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
import type * as Supervisor from "../actor/Supervisor.ts"
import { CheckInvariants as checkInvariants } from "./internal/incarnate.ts"
import * as internal from "./internal/make.ts"
import type { Options } from "./Options.ts"
import type { InvalidOptions, OpenTimeout } from "./PoolError.ts"
import type { Session } from "./Session.ts"

export { isLease, type Lease } from "./Lease.ts"
export type { Options } from "./Options.ts"
export type { HealthOptions, LifeOptions, QueueOptions, ResourceInfo, SharingOptions } from "./Policies.ts"
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
  PoolOverloaded,
  ReservationConflict,
  RestartIntensityExceeded,
  SharedLease
} from "./PoolError.ts"
export type {
  CheckoutError,
  CheckoutOptions,
  OwnedCheckoutOptions,
  Patch,
  Session,
  ShutdownOptions,
  Size,
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
 * The supervisor actor runs under a `Supervisor` of its own. If it crashes, those who waited fail with `PoolCrashed`, its
 * resources are closed, and a fresh incarnation starts with none (also where `start` is `eager`, it does not wait for
 * them). Sessions go on working; who asks in between waits, within the deadline of the checkout. More than 5 crashes in 10
 * seconds end the pool.
 *
 * **Example** (A pool of actors: poolboy's own shape)
 *
 * A resource that is an actor needs no `link`. Its death is an exit like any other: an idle one is replaced, and a lease of
 * it ends.
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Pool } from "whitepool"
 * import { Actor } from "whitepool/actor"
 * import type { Oneshot } from "whitepool/channel"
 *
 * interface Divide {
 *   readonly by: number
 *   readonly reply: Oneshot.Sender<number>
 * }
 *
 * const worker = Actor.spawn<Divide>({
 *   receive: ({ by, reply }) => {
 *     if (by === 0) throw new RangeError("division by zero")
 *     reply.sendUnsafe(100 / by)
 *   }
 * })
 *
 * const program = Effect.gen(function*() {
 *   const session = yield* Pool.make({ name: "dividers", size: 2, factory: worker })
 *   const divide = (by: number) => session.use((ref) => ref.call<number>((reply) => ({ by, reply })))
 *   console.log(yield* divide(4)) // => 25
 *   const error = yield* Effect.flip(divide(0))
 *   console.log(error._tag) // => ActorStopped
 *   console.log(yield* divide(5)) // => 20
 * })
 *
 * await Effect.runPromise(Effect.scoped(program))
 * ```
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
 * A pool as a child in a supervision tree of yours, and the first session on it.
 *
 * **Details**
 *
 * The session works before the tree has started and across restarts: while no incarnation is at work, checkouts wait
 * within their deadline; also while it is stopped and started again for a sibling's sake. They fail with `PoolClosed` while
 * and after the child is terminated or shut down, until it is started again; and with `PoolCrashed` when nobody will start it again by itself: its supervisor has ended without
 * it, a `temporary` one has crashed, a `transient` one has lost more resources than `restartIntensity` allows, one that had
 * crashed was terminated before its restart, or there is no supervisor, for `start` was run by hand.
 *
 * The spec is `permanent` like every other unless you say otherwise (`{ ...spec, restart: "transient" }`), of type
 * `supervisor`, with an `infinity` budget, for the pool's own timeouts bound its end. So `session.shutdown` of a permanent
 * pool ends the incarnation, and the next one starts: to end the pool, terminate the child. The child's ref is the
 * supervisor actor: `exit(Shutdown)` makes it drain, `exit(Normal)` is ignored, any other reason is a crash; `stop` ends it
 * without draining.
 *
 * The first start is what `start` says; with `eager` it fails, and with it the supervisor, when the backend is down. A
 * restart never waits for resources. `name` is the child's id by default. One spec is one pool: while an incarnation is at
 * work, another `start` fails with a `SupervisorError` of reason `already_started`.
 *
 * **Example** (A pool that survives its own crash)
 *
 * ```ts
 * import { Effect, Logger } from "effect"
 * import { Pool } from "whitepool"
 * import { ExitReason, Supervisor } from "whitepool/actor"
 *
 * const program = Effect.gen(function*() {
 *   let opened = 0
 *   const { session, spec } = yield* Pool.childSpec("numbers", { size: 1, factory: Effect.sync(() => ++opened) })
 *   const tree = yield* Supervisor.make({ intensity: 3 }, [spec])
 *   console.log(yield* session.use(Effect.succeed)) // => 1
 *
 *   const [pool] = yield* tree.whichChildren
 *   if (pool?.child !== undefined && pool.child !== "restarting" && "exit" in pool.child) {
 *     yield* pool.child.exit(ExitReason.killed)
 *   }
 *   console.log(yield* session.use(Effect.succeed)) // => 2
 * })
 *
 * await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(Logger.layer([]))))
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const childSpec: <A, E = never, R = never, RL = never>(
  id: string,
  options: Options<A, E, R, RL>
) => Effect.Effect<
  { readonly spec: Supervisor.ChildSpec<Exclude<R | RL, Scope.Scope>>; readonly session: Session<A, E> },
  InvalidOptions
> = internal.childSpec

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
export const CheckInvariants: Context.Reference<boolean> = checkInvariants
