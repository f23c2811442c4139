/**
 * Keys that share one limit, used by many fibers at once while all that can happen to a pool happens to theirs: under an
 * order of things that is drawn from a seed. All are served, nothing is open once too often, and in the end nothing is left.
 *
 * `SEED=…` replays one.
 */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Logger, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import * as KeyedPool from "../../src/pool/KeyedPool.ts"
import { crash } from "../support/crash.ts"
import { random, SeededScheduler } from "../support/seededScheduler.ts"
import { OpenError, type Resource, World } from "../support/world.ts"

/** The rest of the fibers come on in between. */
const later = (turns: number) => Effect.forEach(Array.from({ length: turns }), () => Effect.yieldNow, { discard: true })

/** What happens to whoever waits for a pool that is ended, or crashes. */
const overtaken: ReadonlyArray<string> = ["PoolClosed", "PoolCrashed", "LeaseExpired"]

const rounds = 5
const fibers = 8

/** No play takes as many half seconds. */
const patience = 9_000

class Play {
  readonly world = new World()
  readonly maxTotal: number
  readonly idleTimeToLive: number
  readonly #draw: () => number
  readonly #keys: ReadonlyArray<string>
  readonly #options: Partial<Pool.Options<Resource, OpenError, Scope.Scope, Scope.Scope>>
  readonly #failing: number
  readonly #deaths = new Map<Resource, Deferred.Deferred<void>>()
  /** How often somebody has asked; and how often something was destroyed in whatever way. */
  asked = 0
  ended = 0

  constructor(seed: number) {
    this.#draw = random(seed * 7_919)
    this.maxTotal = 1 + this.#upTo(4)
    this.idleTimeToLive = this.#one([0, 60_000, Infinity])
    this.#keys = ["a", "b", "c", "d"].slice(0, 2 + this.#upTo(3))
    this.#failing = this.#one([0, 0, 0.2])
    this.#options = {
      size: 1 + this.#upTo(3),
      maxOverflow: this.#upTo(2),
      concurrency: 1 + this.#upTo(3),
      start: this.#one(["lazy", "background"] as const),
      strategy: this.#one(["lifo", "fifo"] as const),
      checkoutTimeout: "1 hour",
      ...this.#one([{}, { idleTimeout: "2 seconds", minIdle: 0 }, { overflowTtl: "1 second" }, {
        maxLifetime: "5 seconds"
      }])
    }
    const { world } = this
    world.open = (id) =>
      Effect.andThen(later(this.#upTo(3)), this.#draw() < this.#failing ? new OpenError({ id }) : Effect.void)
    world.close = () => later(this.#upTo(3))
  }

  #upTo(below: number): number {
    return Math.floor(this.#draw() * below)
  }

  #one<A>(of: ReadonlyArray<A>): A {
    return of[this.#upTo(of.length)]!
  }

  /** Also before anybody has asked: a new resource may be lent before its link has begun. */
  #deathOf(resource: Resource): Deferred.Deferred<void> {
    const known = this.#deaths.get(resource)
    if (known !== undefined) return known
    const death = Deferred.makeUnsafe<void>()
    this.#deaths.set(resource, death)
    return death
  }

  readonly #death = (resource: Resource) => Effect.suspend(() => Deferred.await(this.#deathOf(resource)))

  readonly #kill = (resource: Resource) => Effect.suspend(() => Deferred.succeed(this.#deathOf(resource), undefined))

  readonly make = Effect.suspend(() =>
    KeyedPool.make({
      lookup: (_key: string) => ({ factory: this.world.factory, link: this.#death, size: 1, ...this.#options }),
      maxTotal: this.maxTotal,
      idleTimeToLive: this.idleTimeToLive
    })
  )

  /** One fiber's part. */
  readonly part = (keyed: KeyedPool.KeyedPool<string, Resource, OpenError>) =>
    Effect.suspend(() => Effect.forEach(Array.from({ length: rounds }), () => this.#act(keyed), { discard: true }))

  #act(keyed: KeyedPool.KeyedPool<string, Resource, OpenError>): Effect.Effect<void, unknown> {
    const key = this.#one(this.#keys)
    const what = this.#upTo(100)
    if (what < 60) return this.#ask(keyed.use(key, () => later(this.#upTo(6))))
    if (what < 70) return this.#ask(this.#lease(keyed, key))
    this.ended++
    if (what < 76) return this.#ask(keyed.use(key, (resource) => Effect.andThen(this.#kill(resource), later(2))))
    const session = keyed.session(key)
    if (what < 80) return Effect.flatMap(session, (each) => each.resize({ size: 1 + this.#upTo(3) }))
    if (what < 86) return Effect.flatMap(session, (each) => each.evictAll())
    if (what < 92) {
      return Effect.flatMap(
        session,
        (each) => Effect.andThen(each.suspend, Effect.andThen(later(this.#upTo(20)), each.resume))
      )
    }
    if (what < 96) return keyed.shutdown(key, { mode: this.#one(["drain", "now"] as const) })
    return Effect.flatMap(session, (each) => crash({ status: each.status } as Pool.Session<unknown>))
  }

  #lease(keyed: KeyedPool.KeyedPool<string, Resource, OpenError>, key: string): Effect.Effect<void, unknown> {
    return Effect.gen({ self: this }, function*() {
      const session = yield* keyed.session(key)
      const lease = yield* session.checkout({ owner: "none" })
      yield* later(this.#upTo(6))
      if (this.#draw() < 0.5) return yield* session.checkin(lease)
      this.ended++
      yield* session.destroyed(lease)
    })
  }

  /** It may meet the end of a pool, and nothing else. */
  #ask(asks: Effect.Effect<unknown, unknown>): Effect.Effect<void, unknown> {
    this.asked++
    return Effect.catchIf(
      Effect.asVoid(asks),
      (error) => overtaken.includes((error as { readonly _tag: string })._tag),
      () => Effect.void
    )
  }
}

const play = (seed: number) =>
  Effect.gen(function*() {
    const it = new Play(seed)
    const { world } = it
    const scope = Scope.makeUnsafe()
    const keyed = yield* Scope.provide(it.make, scope)
    const parts = yield* Effect.forEach(Array.from({ length: fibers }), () => Effect.forkChild(it.part(keyed)))
    let isOver = false
    let ticks = 0
    const ticking = yield* Effect.forkChild(Effect.gen(function*() {
      while (!isOver) {
        yield* Effect.andThen(TestClock.adjust("500 millis"), later(5))
        // Nobody has the patience: it is said rather than waited for.
        if (++ticks === patience) { for (const part of parts) part.interruptUnsafe() }
      }
    }))
    for (const part of parts) yield* Fiber.join(part)
    isOver = true
    yield* Fiber.join(ticking)
    yield* later(60)
    assert.isAtMost(world.peak, it.maxTotal, "more are open than the limit allows")
    const busy = (yield* keyed.status).map(({ lent, waiting }) => lent + waiting).filter(Boolean)
    assert.deepStrictEqual(busy, [], "somebody is still there")
    // One for each who asks, or one more where that one was ended; and what is kept, now and then.
    assert.isAtMost(world.begun, 4 * it.asked + 12 * it.ended + 40, "opened again and again")
    yield* TestClock.adjust("2 minutes")
    yield* later(60)
    yield* TestClock.adjust("2 minutes")
    yield* later(60)
    if (it.idleTimeToLive < Infinity) {
      assert.deepStrictEqual(yield* keyed.keys, [], "a key is never released")
      assert.strictEqual(world.live, 0, "what is left of a key that has gone")
    }
    const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
    yield* later(60)
    yield* TestClock.adjust("10 seconds")
    yield* Fiber.join(closing)
    assert.strictEqual(world.live, 0)
    assert.deepStrictEqual(world.problems, [])
  }).pipe(
    Effect.provideService(Pool.CheckInvariants, true),
    Effect.provide(TestClock.layer()),
    Effect.provide(Logger.layer([]))
  )

describe("keys that share a limit, whatever happens to their pools", () => {
  it("K2 all are served, never with too much open, and nothing is left", async () => {
    const { MUTANT, RUNS, SEED } = process.env
    const seeds = SEED !== undefined && MUTANT === undefined
      ? [Number(SEED)]
      : Array.from({ length: MUTANT === undefined ? Number(RUNS ?? 150) : 150 }, (_, index) => index + 1)
    for (const seed of seeds) {
      await Effect.runPromise(Effect.scoped(play(seed)), { scheduler: new SeededScheduler(seed) }).catch(
        (cause: unknown) => {
          throw new Error(`SEED=${seed} fails: ${String(cause)}`, { cause })
        }
      )
    }
  }, 30_000)
})
