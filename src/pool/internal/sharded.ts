/**
 * A pool in several shards: their shares, and which of them is asked.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Hash from "effect/Hash"
import * as Scope from "effect/Scope"
import type { Lease } from "../Lease.ts"
import type { Options as PoolOptions } from "../Options.ts"
import { InvalidOptions, type OpenTimeout } from "../PoolError.ts"
import type { CheckoutOptions, OwnedCheckoutOptions, Session, ShutdownOptions } from "../Session.ts"
import type { By, Options, ShardedPool } from "../ShardedPool.ts"
import type { Status } from "../Status.ts"
import { shutdownAll, sumOf } from "./groupEnd.ts"
import { make as makePool } from "./make.ts"
import { recipeOf } from "./settings.ts"
import { sumStatus } from "./shardedStatus.ts"

/** @internal */
export const make = <A, E = never, R = never, RL = never>(
  options: Options<A, E, R, RL>
): Effect.Effect<ShardedPool<A, E>, E | OpenTimeout | InvalidOptions, Exclude<R | RL, Scope.Scope> | Scope.Scope> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function*() {
      const { by = "least-busy", shards, ...whole } = options ?? {} as typeof options
      const name = typeof whole.name === "string" ? whole.name : "pool"
      const problems = problemsOf(by, shards, whole, name)
      if (problems.length > 0) return yield* new InvalidOptions({ pool: name, problems })
      // Of their own: if one of them cannot be made, nothing is left of the others.
      const own = Scope.forkUnsafe(yield* Effect.scope)
      const parts = Array.from({ length: shards }, (_, index) => partOf(whole, `${name}/${index}`, index, shards))
      const sessions = yield* restore(
        Scope.provide(Effect.forEach(parts, (part) => makePool(part), { concurrency: "unbounded" }), own)
      ).pipe(Effect.onError((cause) => Scope.close(own, Exit.failCause(cause))))
      yield* Scope.addFinalizer(own, shutdownAll(sessions))
      return new Sharded<A, E>(name, sessions, by)
    })
  )

/** The rest of a division goes to the first ones, or to the last. */
const share = (total: number, index: number, count: number, toTheLast = false): number =>
  Math.floor(total / count) + ((toTheLast ? count - 1 - index : index) < total % count ? 1 : 0)

const partOf = <A, E, R, RL>(
  whole: PoolOptions<A, E, R, RL>,
  name: string,
  index: number,
  count: number
): PoolOptions<A, E, R, RL> => {
  const { maxOverflow, maxWaiting, minIdle, openConcurrency = 4, size } = whole
  return {
    ...whole,
    name,
    size: share(size, index, count),
    minIdle: minIdle === undefined ? undefined : share(minIdle, index, count),
    // Where one has less of the one it has more of the other.
    maxOverflow: maxOverflow === undefined ? undefined : share(maxOverflow, index, count, true),
    maxWaiting: maxWaiting === undefined || maxWaiting === Infinity ? maxWaiting : share(maxWaiting, index, count),
    openConcurrency: Math.max(1, share(openConcurrency, index, count))
  }
}

const problemsOf = <A, E, R, RL>(
  by: unknown,
  shards: unknown,
  whole: PoolOptions<A, E, R, RL>,
  name: string
): ReadonlyArray<string> => {
  const recipe = recipeOf(whole, name)
  const problems = recipe instanceof InvalidOptions ? [...recipe.problems] : []
  if (!(Number.isSafeInteger(shards) && (shards as number) >= 1)) {
    problems.push("shards: must be a whole number of at least 1")
  } else if (whole.size < (shards as number)) {
    problems.push(`size: ${whole.size} is less than the ${shards as number} shards, of which each needs one`)
  }
  if (!bys.includes(by as By)) problems.push(`by: must be ${bys.map((word) => `"${word}"`).join(" or ")}`)
  return problems
}

const bys: ReadonlyArray<By> = ["hash", "least-busy", "round-robin"]

class Sharded<A, E> implements ShardedPool<A, E> {
  readonly name: string
  readonly shards: ReadonlyArray<Session<A, E>>
  readonly status: Effect.Effect<Status>
  readonly #by: By
  /** All of their numbers. Each is of one turn; those of different shards need not agree. */
  readonly #statuses: Effect.Effect<ReadonlyArray<Status>>
  #turn = 0

  constructor(name: string, shards: ReadonlyArray<Session<A, E>>, by: By) {
    this.name = name
    this.shards = shards
    this.#by = by
    this.#statuses = Effect.forEach(shards, ({ status }) => status)
    this.status = Effect.map(this.#statuses, (statuses) => sumStatus(name, statuses))
  }

  readonly use: Session<A, E>["use"] = (f, options) => this.#ask(options, (shard) => shard.use(f, options))

  readonly scoped: Session<A, E>["scoped"] = (options) => this.#ask(options, (shard) => shard.scoped(options))

  readonly checkout = (options?: OwnedCheckoutOptions<A>): ReturnType<Session<A, E>["checkout"]> =>
    this.#ask(options, (shard) => shard.checkout(options))

  readonly checkin = (lease: Lease<unknown>): Effect.Effect<void> =>
    Effect.suspend(() => this.shardOf(lease).checkin(lease))

  readonly destroyed = (lease: Lease<unknown>, reason?: unknown): Effect.Effect<void> =>
    Effect.suspend(() => this.shardOf(lease).destroyed(lease, reason))

  readonly shutdown = (options?: ShutdownOptions) => Effect.map(shutdownAll(this.shards, options), sumOf)

  /** If it is of none of them, the first one says so. */
  shardOf({ pool }: Lease<unknown>): Session<A, E> {
    return this.shards.find(({ name }) => name === pool) ?? this.shards[0]!
  }

  #ask<B, E2, R2>(
    options: CheckoutOptions<A> | undefined,
    run: (shard: Session<A, E>) => Effect.Effect<B, E2, R2>
  ): Effect.Effect<B, E2, R2> {
    if (this.#by === "least-busy") return Effect.flatMap(this.#statuses, (statuses) => run(this.#leastBusy(statuses)))
    return Effect.suspend(() => run(this.#by === "hash" ? this.#byHash(options?.key) : this.#next()))
  }

  #byHash(key: string | undefined): Session<A, E> {
    return key === undefined ? this.#next() : this.shards[(Hash.string(key) >>> 0) % this.shards.length]!
  }

  #next(): Session<A, E> {
    const shard = this.shards[this.#turn]!
    this.#turn = (this.#turn + 1) % this.shards.length
    return shard
  }

  /** Of those that are equally busy, the next in turn. */
  #leastBusy(statuses: ReadonlyArray<Status>): Session<A, E> {
    const first = this.#turn
    let best = first
    for (let step = 1; step < statuses.length; step++) {
      const index = (first + step) % statuses.length
      if (burden(statuses[index]!) < burden(statuses[best]!)) best = index
    }
    this.#turn = (first + 1) % statuses.length
    return this.shards[best]!
  }
}

/** How many want it, for each that it may have; nobody is sent to one that serves nobody. */
const burden = ({ leases, maxOverflow, size, state, waiting }: Status): number =>
  state === "draining" || state === "closed" ? Infinity : (leases + waiting) / (size + maxOverflow)
