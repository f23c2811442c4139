/**
 * A session on a key rather than on a pool: it outlives the pools of its key, as any session outlives the incarnations of
 * its pool. Whatever needs a pool has one made, and waits for it within its own deadline.
 *
 * A key has one pool at a time, also while that one closes. So a lease that is live is of the pool that is there.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { scopeOf } from "../../channel/internal/inScope.ts"
import { inSameStep } from "../../channel/internal/operation.ts"
import type { Lease } from "../Lease.ts"
import * as PoolError from "../PoolError.ts"
import type {
  CheckoutError,
  CheckoutOptions,
  OwnedCheckoutOptions,
  Session,
  ShutdownOptions,
  TryCheckoutError
} from "../Session.ts"
import type { ShutdownReport, Status } from "../Status.ts"
import type { Keyed } from "./keyed.ts"
import { KeyedAsk, type Left, type Question } from "./keyedAsk.ts"
import { type AnySession, emptyStatus, type Entry } from "./keyedEntry.ts"
import { Hold } from "./keyedHold.ts"

type Use<A, E> = Session<A, E>["use"]
type Body<A> = (resource: A, lease: Lease<A>) => Effect.Effect<unknown, unknown, unknown>

/** What is done with a pool that is there. */
type Run<K> = Question<K>["run"]

/** Each evaluation is an ask of its own. What it gives is the affair of whoever asks. */
const ask = <K>(keyed: Keyed<K>, key: K, question: Question<K>): Effect.Effect<never> =>
  Effect.withFiber((fiber) => KeyedAsk.begin(keyed, key, question, fiber)) as Effect.Effect<never>

/** A pool that could not be opened is, to whoever asks it for something, an opening that has failed. */
const refused: Question<never>["refused"] = (cause, pool) =>
  Cause.hasDies(cause) || cause.reasons.some(isMistake)
    ? Effect.die(Cause.squash(cause))
    : Effect.fail(new PoolError.OpenFailed({ pool, failure: cause }))

const isMistake = (reason: Cause.Reason<unknown>): boolean =>
  Cause.isFailReason(reason) && reason.error instanceof PoolError.InvalidOptions

const closed: Question<never>["closed"] = (pool) => Effect.fail(new PoolError.PoolClosed({ pool }))

/** Where the pool itself is what somebody wants. */
const raw = { patience: { timeout: "infinity" }, refused: Effect.failCause, closed: () => Effect.void } as const

/** Has the pool of a key made, if there is none, and fails as `make` does. @internal */
export const ready = <K, E>(keyed: Keyed<K>, key: K): Effect.Effect<void, E> =>
  ask(keyed, key, { ...raw, run: (_, fiber) => inSameStep(Effect.void, fiber) })

/** The key is idle from the end of its last use on. @internal */
export const use = <K, A>(
  keyed: Keyed<K>,
  key: K,
  f: Body<A>,
  options: CheckoutOptions<A> | undefined
): Effect.Effect<never> => {
  const run: Run<K> = ({ entry, left, session }, fiber) => {
    const used = using<A>(session).use(f, { ...options, ...left })
    // The guard gives what it guards, which asks behind it, still in this step.
    const next = inSameStep(Effect.onExitPrimitive(used, () => through(keyed, entry)), fiber)
    return next === used ? inSameStep(used, fiber) : next
  }
  return ask(keyed, key, { patience: options, run, refused, closed })
}

/** @internal */
export const scoped = <K, A>(
  keyed: Keyed<K>,
  key: K,
  options: CheckoutOptions<A> | undefined
): Effect.Effect<never, never, Scope.Scope> => {
  const run: Run<K> = ({ entry, left, session }, fiber) => {
    // Not asked in this step: it takes several to guard what a scope takes over.
    keyed.hold(entry)
    const hold = new Hold<A>(scopeOf(fiber), () => Effect.sync(() => keyed.release(entry)))
    return inSameStep(hold.take(using<A>(session).scoped({ ...options, ...left })), fiber)
  }
  return ask(keyed, key, { patience: options, run, refused, closed })
}

const through = <K>(keyed: Keyed<K>, entry: Entry<K>): undefined => {
  keyed.touch(entry)
}

/** What the pools of a key lend is known by the types of its session. */
const using = <A>(session: AnySession): Session<A, unknown> => session as unknown as Session<A, unknown>

/** @internal */
export class KeyedSession<K, A, E> implements Session<A, E> {
  readonly #keyed: Keyed<K>
  readonly #key: K
  #dropped: boolean
  #name: string
  readonly status: Effect.Effect<Status>
  readonly suspend: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
  readonly awaitShutdown: Effect.Effect<ShutdownReport>
  readonly clone: Effect.Effect<Session<A, E>, never, Scope.Scope>
  readonly drop: Effect.Effect<void>

  constructor(keyed: Keyed<K>, key: K, dropped = false) {
    this.#keyed = keyed
    this.#key = key
    this.#dropped = dropped
    this.#name = keyed.nameOf(key)
    this.status = Effect.suspend(() => this.#present?.status ?? Effect.succeed(this.#emptyStatus()))
    this.suspend = this.#within((session) => session.suspend)
    this.resume = this.#ifPresent((session) => session.resume)
    this.awaitShutdown = Effect.suspend(() => this.#present?.awaitShutdown ?? nothingLeft)
    this.drop = Effect.sync(() => void (this.#dropped = true))
    this.clone = Effect.acquireRelease(
      Effect.sync(() => new KeyedSession<K, A, E>(keyed, key, this.#dropped)),
      (session) => session.drop
    )
  }

  /** The last one that is known. */
  get name(): string {
    return this.#name = this.#keyed.get(this.#key)?.name ?? this.#name
  }

  // What needs a pool: it is made if it is not there.

  readonly checkout = (options?: OwnedCheckoutOptions<A>): Effect.Effect<Lease<A>, CheckoutError<E>> =>
    this.#ask(options, (session, left) => session.checkout({ ...options, ...left }))

  readonly checkoutMany: Session<A, E>["checkoutMany"] = (n, options) =>
    this.#ask(options, (session, left) => session.checkoutMany(n, { ...options, ...left }))

  readonly tryCheckout = (
    options?: Omit<OwnedCheckoutOptions<A>, "timeout">
  ): Effect.Effect<Lease<A>, TryCheckoutError> => this.#ask("none", (session) => session.tryCheckout(options))

  readonly use: Use<A, E> = (f, options) =>
    Effect.suspend(() => this.#dropped ? this.#gone : use(this.#keyed, this.#key, f, options))

  readonly scoped = (options?: CheckoutOptions<A>): Effect.Effect<A, CheckoutError<E>, Scope.Scope> =>
    Effect.suspend(() => this.#dropped ? this.#gone : scoped(this.#keyed, this.#key, options))

  readonly resize: Session<A, E>["resize"] = (change) => this.#within((session) => session.resize(change))

  readonly reconfigure: Session<A, E>["reconfigure"] = (patch) => this.#within((session) => session.reconfigure(patch))

  // What is about a lease, or about what is open: without a pool there is neither.

  readonly checkin = (lease: Lease<unknown>): Effect.Effect<void> =>
    this.#about(lease, (session) => session.checkin(lease))

  readonly destroyed = (lease: Lease<unknown>, reason?: unknown): Effect.Effect<void> =>
    this.#about(lease, (session) => session.destroyed(lease, reason))

  readonly adopt = (lease: Lease<unknown>): Effect.Effect<void> => this.#about(lease, (session) => session.adopt(lease))

  readonly detach = (lease: Lease<unknown>): Effect.Effect<A, never, Scope.Scope> =>
    // The resource of a lease that has ended cannot be had: reading it says so.
    Effect.suspend(() => this.#present?.detach(lease) ?? Effect.sync(() => lease.resource as A))

  readonly reserve: Session<A, E>["reserve"] = (lease) =>
    Effect.suspend(() => this.#present?.reserve(lease) ?? Effect.sync(() => void lease.resource))

  readonly evict: Session<A, E>["evict"] = (predicate) =>
    Effect.suspend(() => this.#present?.evict(predicate) ?? Effect.succeed(0))

  readonly evictAll: Session<A, E>["evictAll"] = (options) => this.#ifPresent((session) => session.evictAll(options))

  readonly shutdown = (options?: ShutdownOptions): Effect.Effect<ShutdownReport> =>
    Effect.flatMap(
      shutdown(this.#keyed, this.#key, options),
      (report) => report === undefined ? nothingLeft : Effect.succeed(report)
    )

  toJSON(): unknown {
    return { _id: "Session", name: this.name }
  }

  [Symbol.for("nodejs.util.inspect.custom")](): unknown {
    return this.toJSON()
  }

  /** What is there now, perhaps on its way to its end. */
  get #present(): Session<A, E> | undefined {
    return this.#keyed.get(this.#key)?.session as unknown as Session<A, E> | undefined
  }

  get #gone(): Effect.Effect<never, PoolError.PoolClosed> {
    return Effect.fail(new PoolError.PoolClosed({ pool: this.name }))
  }

  #ask(
    patience: Question<K>["patience"],
    run: (session: Session<A, E>, left: Left | undefined) => Effect.Effect<unknown, unknown>
  ): Effect.Effect<never> {
    const question: Question<K> = {
      patience,
      run: ({ entry, left, session }, fiber) => {
        this.#keyed.touch(entry)
        return inSameStep(run(session as unknown as Session<A, E>, left), fiber)
      },
      refused,
      closed
    }
    return Effect.withFiber((fiber) =>
      this.#dropped ? this.#gone : KeyedAsk.begin(this.#keyed, this.#key, question, fiber)
    ) as Effect.Effect<never>
  }

  /** On the pool itself, for as long as there is a pool to be had. */
  #within<E2>(run: (session: Session<A, E>) => Effect.Effect<void, E2>): Effect.Effect<void, E2> {
    return ask(this.#keyed, this.#key, {
      ...raw,
      refused: (cause) => Effect.die(Cause.squash(cause)),
      run: ({ session }, fiber) => inSameStep(run(session as unknown as Session<A, E>), fiber)
    })
  }

  #ifPresent(run: (session: Session<A, E>) => Effect.Effect<void>): Effect.Effect<void> {
    return Effect.suspend(() => {
      const session = this.#present
      return session === undefined ? Effect.void : run(session)
    })
  }

  #about(lease: Lease<unknown>, run: (session: Session<A, E>) => Effect.Effect<void>): Effect.Effect<void> {
    return Effect.suspend(() => {
      // Of a former pool of this key, perhaps, which the present one would not know.
      if (!lease.isLive) return Effect.void
      const entry = this.#keyed.get(this.#key)
      if (entry?.session === undefined) throw new PoolError.ForeignLease({ pool: this.name, leaseId: lease.id })
      this.#keyed.touch(entry)
      return run(entry.session as unknown as Session<A, E>)
    })
  }

  #emptyStatus(): Status {
    const { isClosed } = this.#keyed
    const entry = this.#keyed.get(this.#key)
    return isClosed || entry === undefined
      ? emptyStatus(this.name, undefined, 0, isClosed ? "closed" : "ready")
      : entry.emptyStatus()
  }
}

/** Ends the pool of a key, and waits for its end; `undefined`: there is none. @internal */
export const shutdown = <K>(
  keyed: Keyed<K>,
  key: K,
  options: ShutdownOptions | undefined
): Effect.Effect<ShutdownReport | undefined> =>
  Effect.suspend(() => {
    const entry = keyed.get(key)
    if (entry?.session === undefined) return Effect.succeed(undefined)
    const { gone, session, state } = entry
    const failure = state === "open" ? keyed.end(entry, options) : undefined
    if (failure !== undefined) return Effect.failCause(failure)
    // Awaited by this very fiber, for what it has lent itself cannot come back.
    return Effect.tap(state === "open" ? session.awaitShutdown : session.shutdown(options), () => gone.wait)
  })

const nothingLeft: Effect.Effect<ShutdownReport> = Effect.succeed({ drained: 0, forced: 0 })
