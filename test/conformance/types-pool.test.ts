import { assert, it } from "@effect/vitest"
import { type Cause, Context, type Duration, Effect, type Fiber, type Layer, type Schedule, type Scope } from "effect"
import { Overload, Pool } from "whitepool"
import { Actor, Supervisor } from "whitepool/actor"
import { type Deviations, type Extends, type Extras, holds, lacks, none, type Same } from "./types.ts"

/** A predicate of the user's: that it gets the resource, too, is more than was asked for. */
type On<A> = (info: ResourceInfoSpec, resource: A) => boolean
interface ResourceInfoSpec {
  readonly age: Duration.Duration
  readonly idleFor: Duration.Duration
  readonly uses: number
  readonly overflow: boolean
}
interface CheckoutOptionsSpec<A> {
  readonly timeout?: Duration.Input | "infinity" | undefined
  readonly priority?: number | undefined
  readonly key?: string | undefined
  readonly prefer?: On<A> | undefined
}
interface OwnedCheckoutOptionsSpec<A> extends CheckoutOptionsSpec<A> {
  readonly owner?: Fiber.Fiber<unknown, unknown> | "none" | undefined
}
interface SessionSpec<A, E> {
  readonly name: string
  readonly checkout: (
    options?: OwnedCheckoutOptionsSpec<A>
  ) => Effect.Effect<Pool.Lease<A>, Pool.CheckoutError<E>>
  readonly tryCheckout: (
    options?: Omit<OwnedCheckoutOptionsSpec<A>, "timeout">
  ) => Effect.Effect<Pool.Lease<A>, Pool.PoolFull | Pool.PoolClosed | Pool.PoolCrashed>
  readonly checkin: (lease: Pool.Lease<unknown>) => Effect.Effect<void>
  readonly destroyed: (lease: Pool.Lease<unknown>, reason?: unknown) => Effect.Effect<void>
  readonly adopt: (lease: Pool.Lease<unknown>) => Effect.Effect<void>
  readonly use: <B, E2, R2>(
    f: (resource: A, lease: Pool.Lease<A>) => Effect.Effect<B, E2, R2>,
    options?: CheckoutOptionsSpec<A>
  ) => Effect.Effect<B, E2 | Pool.CheckoutError<E>, R2>
  readonly scoped: (options?: CheckoutOptionsSpec<A>) => Effect.Effect<A, Pool.CheckoutError<E>, Scope.Scope>
  readonly checkoutMany: (
    n: number,
    options?: OwnedCheckoutOptionsSpec<A>
  ) => Effect.Effect<ReadonlyArray<Pool.Lease<A>>, Pool.CheckoutError<E>>
  readonly detach: (lease: Pool.Lease<unknown>) => Effect.Effect<A, never, Scope.Scope>
  readonly reserve: (lease: Pool.Lease<unknown>) => Effect.Effect<void, Pool.ReservationConflict, Scope.Scope>
  readonly evict: (predicate: On<A>) => Effect.Effect<number>
  readonly evictAll: (options?: { readonly over?: Duration.Input | undefined }) => Effect.Effect<void>
  readonly resize: (
    change: { readonly size?: number | undefined; readonly maxOverflow?: number | undefined }
  ) => Effect.Effect<void, Pool.InvalidOptions>
  readonly reconfigure: (patch: Pool.Patch<A>) => Effect.Effect<void, Pool.InvalidOptions>
  readonly suspend: Effect.Effect<void>
  readonly resume: Effect.Effect<void>
  readonly status: Effect.Effect<Pool.Status>
  readonly shutdown: (
    options?: {
      readonly mode?: "drain" | "now" | undefined
      readonly timeout?: Duration.Input | "infinity" | undefined
      readonly quietPeriod?: Duration.Input | undefined
    }
  ) => Effect.Effect<Pool.ShutdownReport>
  readonly awaitShutdown: Effect.Effect<Pool.ShutdownReport>
  readonly clone: Effect.Effect<Pool.Session<A, E>, never, Scope.Scope>
  readonly drop: Effect.Effect<void>
}
interface OptionsSpec<A, E, R, RL> {
  readonly factory: Effect.Effect<A, E, R>
  readonly size: number
  readonly maxOverflow?: number | undefined
  readonly name?: string | undefined
  readonly checkoutTimeout?: Duration.Input | "infinity" | undefined
  readonly maxWaiting?: number | undefined
  readonly strategy?: "lifo" | "fifo" | undefined
  readonly start?: "eager" | "background" | "lazy" | undefined
  readonly openTimeout?: Duration.Input | undefined
  readonly openConcurrency?: number | undefined
  readonly closeTimeout?: Duration.Input | undefined
  readonly backoff?: Schedule.Schedule<unknown, Cause.Cause<unknown>> | undefined
  readonly onOpenFailure?: "retry" | "fail" | undefined
  readonly onAbandoned?: "destroy" | "checkin" | undefined
  readonly onOwnerSuccess?: "release" | "abandon" | undefined
  readonly onInterrupt?: "destroy" | "checkin" | undefined
  readonly isBroken?: ((cause: Cause.Cause<unknown>) => boolean) | undefined
  readonly restartIntensity?: { readonly intensity: number; readonly period: Duration.Input } | undefined
  readonly shutdownTimeout?: Duration.Input | undefined
  readonly stopWithLastSession?: boolean | undefined
  readonly workerShutdown?: "brutal_kill" | Duration.Input | "infinity" | undefined
  readonly minIdle?: number | undefined
  readonly idleTimeout?: Duration.Input | "infinity" | undefined
  readonly overflowTtl?: Duration.Input | undefined
  readonly maxLifetime?: Duration.Input | "infinity" | undefined
  readonly lifetimeJitter?: number | undefined
  readonly maxUses?: number | undefined
  readonly validateOn?: "checkout" | "idle" | undefined
  readonly validationBypass?: Duration.Input | undefined
  readonly validationTimeout?: Duration.Input | undefined
  readonly resetTimeout?: Duration.Input | undefined
  readonly overload?: Overload.Overload | undefined
  readonly priorityAging?: Duration.Input | "infinity" | undefined
  readonly fairness?: { readonly maxPerKey?: number | undefined } | undefined
  readonly breaker?: { readonly failures: number } | undefined
  readonly leaseTimeout?: { readonly after: Duration.Input; readonly action: "warn" | "revoke" } | undefined
  readonly concurrency?: number | undefined
  readonly targetUtilization?: number | undefined
  readonly shouldRetire?: ((info: ResourceInfoSpec, resource: any) => boolean) | undefined
  readonly validate?: ((resource: any) => Effect.Effect<boolean, unknown, RL>) | undefined
  readonly reset?: ((resource: any) => Effect.Effect<unknown, unknown, RL>) | undefined
  readonly keepalive?:
    | {
      readonly every: Duration.Input
      readonly probe?: ((resource: any) => Effect.Effect<unknown, unknown, RL>) | undefined
    }
    | undefined
  readonly link?: ((resource: any) => Effect.Effect<unknown, unknown, RL>) | undefined
}
/** What is handed the resource, whose type is that of the pool. */
type OfResource = "link" | "shouldRetire" | "validate" | "reset" | "keepalive"
interface StatusSpec {
  readonly name: string
  readonly state: "ready" | "overflow" | "full" | "draining" | "closed"
  readonly size: number
  readonly maxOverflow: number
  readonly idle: number
  readonly lent: number
  readonly leases: number
  readonly opening: number
  readonly resetting: number
  readonly validating: number
  readonly closing: number
  readonly overflow: number
  readonly waiting: number
  readonly suspended: boolean
  readonly abandoned: number
}
interface LeaseSpec<A> {
  readonly id: number
  readonly pool: string
  readonly resource: A
  readonly isLive: boolean
}
interface CheckoutTimeoutSpec<E> {
  readonly _tag: "CheckoutTimeout"
  readonly pool: string
  readonly waited: Duration.Duration
  readonly phase: "mailbox" | "queue" | "open"
  readonly status: Pool.Status
  readonly oldestLeaseAge: Duration.Duration | undefined
  readonly lastOpenFailure: Cause.Cause<E | Pool.OpenTimeout> | undefined
  readonly mayBeDeadlock: boolean
}

class Client extends Context.Service<Client, { readonly ask: string }>()("conformance/Client") {}
interface Conn {
  readonly conn: 1
  readonly heart: Effect.Effect<void>
}
type SqlError = { readonly _tag: "SqlError" }
type Config = { readonly config: 1 }
type LinkNeed = { readonly linkNeed: 1 }
declare const factory: Effect.Effect<Conn, SqlError, Config | Scope.Scope>
declare const need: Effect.Effect<void, never, LinkNeed>

none<Deviations<Pool.Session<Conn, SqlError>, SessionSpec<Conn, SqlError>>>()
none<Extras<Pool.Session<Conn, SqlError>, SessionSpec<Conn, SqlError>>>()
none<
  Deviations<
    Required<Omit<Pool.Options<Conn, SqlError, Config, LinkNeed>, OfResource>>,
    Required<Omit<OptionsSpec<Conn, SqlError, Config, LinkNeed>, OfResource>>
  >
>()
holds<Extends<OptionsSpec<Conn, SqlError, Config, LinkNeed>, Pool.Options<Conn, SqlError, Config, LinkNeed>>>()
none<Exclude<keyof Pool.Options<Conn>, keyof OptionsSpec<Conn, never, never, never>>>()
holds<Same<Pool.Status, StatusSpec>>()
holds<Same<Pool.ShutdownReport, { readonly drained: number; readonly forced: number }>>()
none<Deviations<Pool.Lease<Conn>, LeaseSpec<Conn>>>()
holds<Same<Pool.CheckoutOptions<Conn>, CheckoutOptionsSpec<Conn>>>()
holds<Same<Pool.OwnedCheckoutOptions<Conn>, OwnedCheckoutOptionsSpec<Conn>>>()
holds<Same<Pool.ResourceInfo, ResourceInfoSpec>>()
holds<
  Same<
    Overload.Overload,
    { readonly _tag: "Codel"; readonly target: Duration.Duration; readonly interval: Duration.Duration }
  >
>()
holds<
  Same<
    typeof Overload.codel,
    (options?: {
      readonly target?: Duration.Input | undefined
      readonly interval?: Duration.Input | undefined
    }) => Overload.Overload
  >
>()
/* What is given to a pool is given the pool's resource; what is run on it may need a service. */
type Given = Required<Pool.Options<Conn, SqlError, Config, LinkNeed>>
holds<Same<Parameters<NonNullable<Given["shouldRetire"]>>, [info: ResourceInfoSpec, resource: Conn]>>()
type Run<B> = (resource: Conn) => Effect.Effect<B, unknown, LinkNeed>
holds<Same<NonNullable<Given["validate"]>, Run<boolean>>>()
holds<Same<NonNullable<Given["reset"]>, Run<unknown>>>()
holds<Same<NonNullable<NonNullable<Given["keepalive"]>["probe"]>, Run<unknown>>>()
/* A patch changes everything but what a pool is made of. */
type Fixed = "factory" | "name" | "start" | "concurrency"
none<Exclude<keyof Pool.Options<Conn>, keyof Pool.Patch<Conn> | Fixed>>()
none<Extract<keyof Pool.Patch<Conn>, Fixed>>()
holds<
  Same<
    Pool.CheckoutError<SqlError>,
    | Pool.CheckoutTimeout<SqlError>
    | Pool.PoolOverloaded
    | Pool.PoolClosed
    | Pool.PoolCrashed
    | Pool.OpenFailed<SqlError>
  >
>()
none<Deviations<Pool.CheckoutTimeout<SqlError>, CheckoutTimeoutSpec<SqlError>>>()
type At<Tag extends string> = Error & { readonly _tag: Tag; readonly pool: string }
holds<Extends<Pool.CheckoutTimeout<SqlError>, At<"CheckoutTimeout">>>()
holds<Extends<Pool.PoolFull, At<"PoolFull"> & { readonly status: Pool.Status }>>()
holds<Extends<Pool.PoolOverloaded, At<"PoolOverloaded"> & { readonly status: Pool.Status }>>()
holds<Same<Pool.PoolOverloaded["reason"], "maxWaiting" | "codel" | "size">>()
holds<Same<Pool.PoolOverloaded["waited"], Duration.Duration>>()
holds<Extends<Pool.ReservationConflict, At<"ReservationConflict"> & { readonly leaseId: number }>>()
holds<Extends<Pool.PoolClosed, At<"PoolClosed">>>()
holds<Extends<Pool.PoolCrashed, At<"PoolCrashed">>>()
holds<Same<Pool.OpenFailed<SqlError>["failure"], Cause.Cause<SqlError | Pool.OpenTimeout>>>()
holds<Extends<Pool.OpenFailed<SqlError>, At<"OpenFailed">>>()
holds<Extends<Pool.OpenTimeout, At<"OpenTimeout"> & { readonly after: Duration.Duration }>>()
holds<Extends<Pool.InvalidOptions, At<"InvalidOptions"> & { readonly problems: ReadonlyArray<string> }>>()
holds<Extends<Pool.LeaseExpired, At<"LeaseExpired"> & { readonly leaseId: number }>>()
holds<Extends<Pool.SharedLease, At<"SharedLease"> & { readonly leaseId: number }>>()
holds<Extends<Pool.ForeignLease, At<"ForeignLease"> & { readonly leaseId: number | undefined }>>()

/* Covariant in both. */
holds<Extends<Pool.Session<"a", "e">, Pool.Session<string, string>>>()
lacks<Extends<Pool.Session<string, "e">, Pool.Session<"a", "e">>>()
lacks<Extends<Pool.Session<"a", string>, Pool.Session<"a", "e">>>()
holds<Extends<Pool.Session<"a">, Pool.Session<unknown, unknown>>>()
holds<Extends<Pool.Lease<"a">, Pool.Lease<unknown>>>()
holds<Same<Pool.Session<Conn>, Pool.Session<Conn, never>>>()

/* Inference. */
const _linked = () => Pool.make({ factory, size: 1, link: (r) => Effect.andThen(r.heart, need) })
type Errors = SqlError | Pool.OpenTimeout | Pool.InvalidOptions
holds<
  Same<
    ReturnType<typeof _linked>,
    Effect.Effect<Pool.Session<Conn, SqlError>, Errors, Config | LinkNeed | Scope.Scope>
  >
>()
/* What any of the policies needs, the pool needs. */
const _policies = () =>
  Pool.make({
    factory,
    size: 1,
    validate: (conn) => Effect.as(conn.heart, true),
    reset: (conn) => Effect.andThen(conn.heart, need),
    keepalive: { every: "1 minute", probe: (conn) => conn.heart },
    shouldRetire: ({ uses }, conn) => uses > conn.conn
  })
holds<Same<Effect.Services<ReturnType<typeof _policies>>, Config | LinkNeed | Scope.Scope>>()
holds<Same<Effect.Success<ReturnType<typeof _policies>>, Pool.Session<Conn, SqlError>>>()
const _preferring = (session: Pool.Session<Conn, SqlError>) =>
  session.use((conn) => Effect.succeed(conn.conn), {
    prefer: ({ idleFor }, conn) => idleFor !== undefined && conn.conn === 1
  })
holds<Same<ReturnType<typeof _preferring>, Effect.Effect<1, Pool.CheckoutError<SqlError>>>>()
// @ts-expect-error: what is fixed is no part of a patch
export const _fixed = (session: Pool.Session<Conn, SqlError>) => session.reconfigure({ name: "other" })
const _plain = () => Pool.make({ factory: Effect.succeed(1), size: 1 })
holds<
  Same<
    ReturnType<typeof _plain>,
    Effect.Effect<Pool.Session<number>, Pool.OpenTimeout | Pool.InvalidOptions, Scope.Scope>
  >
>()
// @ts-expect-error: the argument of `link` is the resource, not `any`
export const _wrong = () => Pool.make({ factory, size: 1, link: (r) => Effect.sync(() => r.nothing) })
// @ts-expect-error: an unknown option is a compile-time error too
export const _unknown = () => Pool.make({ factory, size: 1, sise: 1 })

/* A pool as a child: what it needs, the supervisor needs. */
const _child = () => Pool.childSpec("db", { factory, size: 1, link: (r) => Effect.andThen(r.heart, need) })
holds<
  Same<
    ReturnType<typeof _child>,
    Effect.Effect<
      { readonly spec: Supervisor.ChildSpec<Config | LinkNeed>; readonly session: Pool.Session<Conn, SqlError> },
      Pool.InvalidOptions
    >
  >
>()
const _plainChild = () => Pool.childSpec("db", { factory: Effect.succeed(1), size: 1 })
holds<
  Same<
    ReturnType<typeof _plainChild>,
    Effect.Effect<
      { readonly spec: Supervisor.ChildSpec; readonly session: Pool.Session<number> },
      Pool.InvalidOptions
    >
  >
>()
const _tree = Effect.gen(function*() {
  const { spec } = yield* _child()
  return yield* Supervisor.make({}, [spec])
})
holds<Same<Effect.Services<typeof _tree>, Config | LinkNeed | Scope.Scope>>()
// @ts-expect-error: the argument of a child's `link` is the resource, not `any`
export const _wrongChild = () => Pool.childSpec("db", { factory, size: 1, link: (r) => Effect.sync(() => r.nothing) })
// @ts-expect-error: an unknown option is a compile-time error for a child, too
export const _unknownChild = () => Pool.childSpec("db", { factory, size: 1, sise: 1 })

/* A pool of actors needs no glue. */
const _actors = () => Pool.make({ factory: Actor.spawn({ receive: (_message: "a") => {} }), size: 1 })
holds<
  Same<
    ReturnType<typeof _actors>,
    Effect.Effect<
      Pool.Session<Actor.ActorRef<"a">, Actor.StartFailed>,
      Actor.StartFailed | Pool.OpenTimeout | Pool.InvalidOptions,
      Scope.Scope
    >
  >
>()

class Db extends Pool.Service<Db, Conn, SqlError>()("conformance/Db") {}
const _db = Effect.gen(function*() {
  const db = yield* Db
  holds<Same<typeof db, Pool.Session<Conn, SqlError>>>()
  return yield* db.use((conn) => Effect.succeed(conn.conn))
})
holds<Same<typeof _db, Effect.Effect<1, Pool.CheckoutError<SqlError>, Db>>>()
const _dbLayer = () => Db.layerWith({ factory, size: 1, link: (r) => Effect.andThen(r.heart, need) })
holds<Same<ReturnType<typeof _dbLayer>, Layer.Layer<Db, Errors, Config | LinkNeed>>>()
class Tag extends Context.Service<Tag, Pool.Session<Conn, SqlError>>()("conformance/Tag") {}
const _tagLayer = () => Pool.layer(Tag, { factory, size: 1 })
holds<Same<ReturnType<typeof _tagLayer>, Layer.Layer<Tag, Errors, Config>>>()
const _serviceLayer = () => Pool.layer(Db, { factory, size: 1 })
holds<Same<ReturnType<typeof _serviceLayer>, Layer.Layer<Db, Errors, Config>>>()
// @ts-expect-error: a factory of something else does not fit the tag
export const _misfit = () => Pool.layer(Tag, { factory: Effect.succeed("no"), size: 1 })
const _needs = (session: Pool.Session<Conn, SqlError>) => session.use((_conn, _lease) => Effect.asVoid(Client))
holds<Same<ReturnType<typeof _needs>, Effect.Effect<void, Pool.CheckoutError<SqlError>, Client>>>()

it("pool: every declared value exists and is of its kind", () => {
  for (const one of [Pool.make, Pool.Service, Pool.layer, Pool.childSpec]) assert.strictEqual(typeof one, "function")
  const classes = [
    Pool.CheckoutTimeout,
    Pool.PoolFull,
    Pool.PoolOverloaded,
    Pool.PoolClosed,
    Pool.PoolCrashed,
    Pool.OpenFailed,
    Pool.OpenTimeout,
    Pool.InvalidOptions,
    Pool.LeaseExpired,
    Pool.ForeignLease,
    Pool.ReservationConflict
  ]
  for (const one of classes) assert.isTrue(one.prototype instanceof Error)
  assert.strictEqual(typeof Overload.codel, "function")
  assert.strictEqual(Db.key, "conformance/Db")
})
