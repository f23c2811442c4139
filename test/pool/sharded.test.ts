/** One pool in several shards: their shares, which of them is asked, and that they are one from outside. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { Pool } from "whitepool"
import * as ShardedPool from "../../src/pool/ShardedPool.ts"
import { withCounters } from "../support/liveFibers.ts"
import { forkSettled, OpenError, type Resource, settle, World } from "../support/world.ts"

type Given = Partial<ShardedPool.Options<Resource, OpenError, Scope.Scope, Scope.Scope>>

const bare = (world: World, options: Given = {}) =>
  ShardedPool.make({ shards: 2, size: 2, factory: world.factory, ...options })

/** Revokes at the end of the test what the test has left lent. */
const make = (world: World, options: Given = {}) =>
  Effect.tap(bare(world, options), (pool) => Effect.addFinalizer(() => pool.shutdown({ mode: "now" })))

type Sharded = ShardedPool.ShardedPool<Resource, OpenError>

const shares = (pool: Sharded, what: (status: Pool.Status) => unknown) =>
  Effect.map(Effect.forEach(pool.shards, ({ status }) => status), (statuses) => statuses.map(what))

/** Leases of nobody. */
const lend = (pool: Sharded, options: Pool.CheckoutOptions<Resource> = {}) =>
  Effect.map(pool.checkout({ owner: "none", timeout: 0, ...options }), ({ pool }) => pool)

describe("the shards", () => {
  it.effect("have shares that add up, with the overflow where the size is less", () =>
    Effect.gen(function*() {
      const pool = yield* make(new World(), { shards: 3, size: 8, maxOverflow: 4, start: "lazy" })
      assert.deepStrictEqual(
        yield* shares(pool, ({ maxOverflow, name, size }) => [name, size, maxOverflow]),
        [["pool/0", 3, 1], ["pool/1", 3, 1], ["pool/2", 2, 2]]
      )
      assert.deepInclude(yield* pool.status, { name: "pool", size: 8, maxOverflow: 4, state: "ready" })
    }))

  it.effect("share what may wait, what is kept, and what may be opened at once", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = () => Effect.never
      const pool = yield* make(world, {
        shards: 2,
        size: 6,
        minIdle: 5,
        openConcurrency: 3,
        maxWaiting: 0,
        start: "background"
      })
      yield* settle
      assert.deepStrictEqual(yield* shares(pool, ({ opening }) => opening), [2, 1])
      const asks = yield* Effect.forEach(Array.from({ length: 7 }), () => forkSettled(Effect.flip(pool.checkout())))
      assert.strictEqual((yield* pool.status).waiting, 6)
      assert.strictEqual((yield* Fiber.join(asks[6]!))._tag, "PoolOverloaded")
    }))

  it.effect("are refused where they make no sense, with every problem at once", () =>
    Effect.gen(function*() {
      const problems = (options: Given) =>
        Effect.map(Effect.flip(make(new World(), options)), (error) =>
          error._tag === "InvalidOptions" ? error.problems.map((problem) => problem.split(":")[0]) : [])
      assert.deepStrictEqual(yield* problems({ shards: 3, size: 2 }), ["size"])
      const nothing = yield* Effect.flip(ShardedPool.make(undefined as never))
      assert.strictEqual((nothing as Pool.InvalidOptions)._tag, "InvalidOptions")
      assert.deepStrictEqual(yield* problems({ shards: 0, by: "chance" as "hash", size: -1, nonsense: 1 } as Given), [
        "nonsense",
        "size",
        "shards",
        "by"
      ])
    }))

  it.effect("are all made, or none is left", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => id === 3 ? Effect.fail(new OpenError({ id })) : Effect.void
      assert.strictEqual((yield* Effect.flip(make(world, { shards: 4, size: 4 })))._tag, "OpenError")
      assert.strictEqual(world.live, 0)
      assert.deepStrictEqual(world.problems, [])
    }))
})

describe("a checkout", () => {
  it.effect("goes to the least busy one, and of equal ones to the next in turn", () =>
    Effect.gen(function*() {
      const pool = yield* make(new World(), { shards: 3, size: 6 })
      const busy = pool.shards[0]!
      yield* Effect.all([busy.checkout({ owner: "none" }), busy.checkout({ owner: "none" })])
      const lent = yield* Effect.forEach([1, 2, 3, 4], () => lend(pool))
      assert.deepStrictEqual(lent.slice().sort(), ["pool/1", "pool/1", "pool/2", "pool/2"])
      assert.notStrictEqual(lent[0], lent[1])
      const idle = yield* make(new World(), { shards: 3, size: 3 })
      const used = yield* Effect.forEach([1, 2, 3], () => idle.use((_, { pool }) => Effect.succeed(pool)))
      assert.deepStrictEqual(used, ["pool/0", "pool/1", "pool/2"])
    }))

  it.effect("is not sent to one that is going", () =>
    Effect.gen(function*() {
      const pool = yield* make(new World())
      yield* pool.shards[0]!.shutdown()
      const asks = yield* Effect.forEach([1, 2, 3, 4], () => forkSettled(pool.use(({ id }) => Effect.succeed(id))))
      for (const ask of asks) yield* Fiber.join(ask)
    }))

  it.effect("goes to one after the other, if so told", () =>
    Effect.gen(function*() {
      const pool = yield* make(new World(), { shards: 3, size: 6, by: "round-robin" })
      assert.deepStrictEqual(yield* Effect.forEach([1, 2, 3, 4], () => lend(pool)), [
        "pool/0",
        "pool/1",
        "pool/2",
        "pool/0"
      ])
    }))

  it.effect("of the same key goes to the same one, however busy, and those of many keys to all", () =>
    Effect.gen(function*() {
      const pool = yield* make(new World(), { shards: 4, size: 4, by: "hash" })
      const keys = Array.from({ length: 400 }, (_, n) => `tenant ${n}`)
      const where = (key: string) => pool.use((_, { pool }) => Effect.succeed(pool), { key })
      const first = yield* Effect.forEach(keys, where)
      assert.deepStrictEqual(yield* Effect.forEach(keys, where), first)
      for (const { name } of pool.shards) assert.isAtLeast(first.filter((used) => used === name).length, 50)
      const name = yield* lend(pool, { key: "a" })
      assert.strictEqual((yield* Effect.flip(lend(pool, { key: "a" })))._tag, "CheckoutTimeout")
      // Without a key there is nothing to go by.
      const others = yield* Effect.forEach([1, 2, 3, 4], () => Effect.exit(lend(pool)))
      assert.lengthOf(others.filter(Exit.isSuccess), 3)
      assert.match(name, /^pool\/[0-3]$/)
    }))

  it.effect("is given back to where it came from, and one of another pool is refused", () =>
    Effect.gen(function*() {
      const world = new World()
      const [pool, other] = [yield* make(world, { by: "round-robin" }), yield* make(world, { name: "other" })]
      const leases = yield* Effect.forEach([1, 2], () => pool.checkout())
      yield* pool.checkin(leases[0]!)
      yield* pool.destroyed(leases[1]!)
      yield* settle
      assert.deepInclude(yield* pool.status, { idle: 2, lent: 0 })
      assert.lengthOf(world.closed, 1)
      const foreign = yield* other.checkout()
      for (const end of [pool.checkin(foreign), pool.destroyed(foreign)]) {
        const exit = yield* Effect.exit(end)
        assert.deepInclude(Exit.isFailure(exit) ? Cause.squash(exit.cause) : {}, { _tag: "ForeignLease" })
      }
      yield* other.checkin(foreign)
    }))

  it.effect("scoped lasts as long as the scope", () =>
    Effect.gen(function*() {
      const pool = yield* make(new World())
      yield* Effect.scoped(Effect.andThen(
        pool.scoped(),
        Effect.tap(pool.status, ({ idle, lent }) => Effect.sync(() => assert.deepStrictEqual([idle, lent], [1, 1])))
      ))
      assert.deepInclude(yield* pool.status, { idle: 2, lent: 0 })
    }))
})

describe("the numbers", () => {
  it.effect("are those of all, and the state is the best of one", () =>
    Effect.gen(function*() {
      const pool = yield* make(new World(), { shards: 2, size: 2, maxOverflow: 2, by: "round-robin" })
      yield* lend(pool)
      assert.deepInclude(yield* pool.status, { idle: 1, lent: 1, leases: 1, state: "ready", suspended: false })
      yield* lend(pool)
      assert.deepInclude(yield* pool.status, { idle: 0, lent: 2, state: "overflow" })
      yield* pool.shards[0]!.suspend
      assert.deepInclude(yield* pool.status, { suspended: false })
      yield* pool.shards[0]!.resume
      yield* Effect.forEach(pool.shards, (shard) => shard.shutdown({ mode: "now" }))
      assert.deepInclude(yield* pool.status, { idle: 0, lent: 0, state: "closed" })
    }))
})

describe("the end", () => {
  it.effect("by hand is that of all at once, and its report their sum", () =>
    Effect.gen(function*() {
      const pool = yield* make(new World(), { shards: 3, size: 3, by: "round-robin" })
      const gate = yield* Deferred.make<void>()
      const users = yield* Effect.forEach([1, 2], () => forkSettled(pool.use(() => Deferred.await(gate))))
      yield* pool.checkout({ owner: "none" })
      const ending = yield* forkSettled(pool.shutdown({ timeout: "2 seconds" }))
      assert.strictEqual((yield* Effect.flip(pool.checkout()))._tag, "PoolClosed")
      yield* Deferred.succeed(gate, undefined)
      for (const user of users) yield* Fiber.join(user)
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* Fiber.join(ending), { drained: 2, forced: 1 })
    }))

  it.effect("by hand, of a timeout that is none, dies and ends nothing", () =>
    Effect.gen(function*() {
      const pool = yield* make(new World())
      const exit = yield* Effect.exit(pool.shutdown({ timeout: NaN }))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      assert.strictEqual((yield* pool.status).state, "ready")
    }))

  it.effect("of the scope is that of all at once, leaves nothing, and does not wait for leases of its own", () =>
    withCounters((counters) =>
      Effect.gen(function*() {
        const world = new World()
        const before = counters.fibers()
        const scope = yield* Scope.make()
        const closing = yield* forkSettled(Effect.gen(function*() {
          const pool = yield* Scope.provide(bare(world, { shards: 3, size: 3, by: "round-robin" }), scope)
          for (let i = 0; i < 3; i++) yield* pool.checkout()
          world.close = () => Effect.sleep("2 seconds")
          yield* Scope.close(scope, Exit.void)
        }))
        assert.strictEqual(world.closed.length, 3)
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(closing)
        yield* settle
        assert.strictEqual(world.live, 0)
        assert.deepStrictEqual(world.problems, [])
        assert.strictEqual(counters.sleeps(), 0)
        assert.strictEqual(counters.fibers(), before)
      })
    ))
})
