/** The session on a key, which outlives the pools of its key. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { inspect } from "node:util"
import * as KeyedPool from "../../src/pool/KeyedPool.ts"
import { forkSettled, settle, World } from "../support/world.ts"

const setup = Effect.gen(function*() {
  const world = new World()
  const scope = yield* Scope.make()
  const keyed = yield* Scope.provide(
    KeyedPool.make({ lookup: (name: string) => ({ size: name.length, factory: world.factory }) }),
    scope
  )
  yield* Effect.addFinalizer((exit) => Scope.close(scope, exit))
  const session = yield* keyed.session("a")
  return { world, scope, keyed, session, id: session.use(({ id }) => Effect.succeed(id)) }
})

/** The key's pool goes. */
const idle = Effect.andThen(TestClock.adjust("1 minute"), settle)

const defectOf = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.map(
    Effect.exit(effect),
    (exit) => Exit.isFailure(exit) && Cause.hasDies(exit.cause) ? Cause.squash(exit.cause) : undefined
  )

describe("a session on a key", () => {
  it.effect("does not keep the pool, and has the next one made", () =>
    Effect.gen(function*() {
      const { id, keyed, session, world } = yield* setup
      assert.strictEqual(yield* id, 1)
      yield* idle
      assert.deepStrictEqual(yield* keyed.keys, [])
      assert.deepInclude(yield* session.status, { name: "pool[a]", state: "ready", idle: 0 })
      assert.strictEqual(yield* id, 2)
      yield* idle
      assert.strictEqual((yield* Effect.scoped(session.scoped())).id, 3)
      yield* idle
      const lease = yield* session.checkout()
      assert.strictEqual(lease.resource.id, 4)
      yield* session.destroyed(lease)
      yield* settle
      assert.strictEqual(world.begun, 5)
    }))

  it.effect("lends what can be given back through another one on the same key", () =>
    Effect.gen(function*() {
      const { keyed, session } = yield* setup
      const other = yield* keyed.session("a")
      const lease = yield* session.checkout()
      yield* other.adopt(lease)
      yield* other.checkin(lease)
      assert.isFalse(lease.isLive)
      assert.deepInclude(yield* session.status, { idle: 1, lent: 0 })
    }))

  it.effect("F-1 takes back a lease of a former pool as what has ended: it changes nothing", () =>
    Effect.gen(function*() {
      const { keyed, session } = yield* setup
      const lease = yield* session.checkout()
      yield* keyed.shutdown("a", { mode: "now" })
      yield* session.checkin(lease)
      const present = yield* session.checkout()
      yield* session.checkin(lease)
      yield* session.destroyed(lease)
      yield* session.adopt(lease)
      assert.isTrue(present.isLive)
      yield* session.checkin(present)
    }))

  it.effect("F-2 refuses a lease of another key, whether it has a pool or not", () =>
    Effect.gen(function*() {
      const { keyed, session } = yield* setup
      const other = yield* keyed.session("b")
      const lease = yield* other.checkout()
      assert.deepInclude(yield* defectOf(session.checkin(lease)), { _tag: "ForeignLease" })
      yield* keyed.shutdown("a")
      assert.deepInclude(yield* defectOf(session.checkin(lease)), { _tag: "ForeignLease" })
      assert.isTrue(lease.isLive)
      yield* other.checkin(lease)
    }))

  it.effect("tryCheckout does not wait for a pool, but has it made", () =>
    Effect.gen(function*() {
      const { session } = yield* setup
      yield* idle
      assert.strictEqual((yield* Effect.flip(session.tryCheckout()))._tag, "PoolFull")
      yield* settle
      yield* session.checkin(yield* session.tryCheckout())
    }))

  it.effect("dropped, it is refused; its clones are not, and a clone of it is", () =>
    Effect.gen(function*() {
      const { keyed, session } = yield* setup
      const clone = yield* session.clone
      const lease = yield* session.checkout()
      yield* session.drop
      const asks: ReadonlyArray<Effect.Effect<unknown, { readonly _tag: string }>> = [
        session.use(() => Effect.void),
        session.checkout(),
        session.tryCheckout(),
        Effect.scoped(session.scoped())
      ]
      for (const asked of asks) {
        assert.strictEqual((yield* Effect.flip(asked))._tag, "PoolClosed")
      }
      yield* session.checkin(lease)
      yield* clone.use(() => Effect.void)
      const stillborn = yield* session.clone
      assert.strictEqual((yield* Effect.flip(stillborn.checkout()))._tag, "PoolClosed")
      assert.deepStrictEqual(yield* keyed.keys, ["a"])
    }))

  it.effect("changes the pool that is there, or one that it has made", () =>
    Effect.gen(function*() {
      const { session } = yield* setup
      yield* session.resize({ size: 3 })
      assert.deepInclude(yield* session.status, { size: 3 })
      assert.strictEqual((yield* Effect.flip(session.reconfigure({ size: -1 })))._tag, "InvalidOptions")
      yield* idle
      yield* session.reconfigure({ maxOverflow: 2 })
      assert.deepInclude(yield* session.status, { size: 1, maxOverflow: 2 })
      yield* session.suspend
      assert.deepInclude(yield* session.status, { suspended: true })
      yield* session.resume
      assert.deepInclude(yield* session.status, { suspended: false })
    }))

  it.effect("evicts what is there, and nothing where there is none", () =>
    Effect.gen(function*() {
      const { session, world } = yield* setup
      assert.strictEqual(yield* session.evict(() => true), 1)
      yield* settle
      yield* session.evictAll()
      yield* settle
      assert.strictEqual(world.begun, 3)
      yield* idle
      assert.strictEqual(yield* session.evict(() => true), 0)
      yield* session.evictAll()
      yield* session.resume
      assert.strictEqual(world.begun, 3)
    }))

  it.effect("detaches what is lent, and dies for what is not any more", () =>
    Effect.gen(function*() {
      const { keyed, session, world } = yield* setup
      const scope = yield* Scope.make()
      const lease = yield* session.checkout()
      const resource = yield* Scope.provide(session.detach(lease), scope)
      assert.strictEqual(resource.id, 1)
      const other = yield* session.checkout()
      yield* keyed.shutdown("a", { mode: "now" })
      assert.deepInclude(yield* defectOf(Effect.scoped(session.detach(other))), { _tag: "LeaseExpired" })
      assert.strictEqual(world.live, 1)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(world.live, 0)
    }))

  it.effect("shutdown ends the pool, and not the key", () =>
    Effect.gen(function*() {
      const { id, session } = yield* setup
      const gate = yield* Deferred.make<void>()
      const user = yield* forkSettled(session.use(() => Deferred.await(gate)))
      const ends = yield* Effect.forEach([session.shutdown(), session.awaitShutdown], forkSettled)
      const next = yield* forkSettled(id)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(user)
      for (const end of ends) assert.deepInclude(yield* Fiber.join(end), { drained: 1, forced: 0 })
      assert.strictEqual(yield* Fiber.join(next), 2)
      assert.isTrue(Exit.isSuccess(yield* Effect.exit(session.shutdown())))
      assert.deepInclude(yield* session.shutdown(), { drained: 0, forced: 0 })
      assert.deepInclude(yield* session.awaitShutdown, { drained: 0, forced: 0 })
    }))

  it.effect("shutdown of a timeout that is none dies, and changes nothing", () =>
    Effect.gen(function*() {
      const { id, session } = yield* setup
      assert.deepInclude(yield* defectOf(session.shutdown({ timeout: -1 })), { _tag: "InvalidOptions" })
      assert.strictEqual(yield* id, 1)
    }))

  it.effect("fails with PoolClosed after the end of all, but for what there is to give back", () =>
    Effect.gen(function*() {
      const { scope, session } = yield* setup
      const lease = yield* session.checkout({ owner: "none" })
      const closing = yield* forkSettled(Scope.close(scope, Exit.void))
      assert.strictEqual((yield* Effect.flip(session.checkout()))._tag, "PoolClosed")
      yield* session.checkin(lease)
      yield* Fiber.join(closing)
      assert.deepInclude(yield* session.status, { state: "closed" })
      yield* session.suspend
    }))

  it.effect("shows its name, and its members can be taken out of it", () =>
    Effect.gen(function*() {
      const { session } = yield* setup
      assert.deepStrictEqual(JSON.parse(JSON.stringify(session)), { _id: "Session", name: "pool[a]" })
      assert.include(inspect(session), "pool[a]")
      const { checkin, checkout, use } = session
      yield* checkin(yield* checkout())
      yield* use(() => Effect.void)
    }))
})
