import { assert, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { Pool } from "whitepool"
import { pending, settle, tagOf } from "./support.ts"
import { makePool, makeWorld, Refused, spawned, statusIs, type Thing } from "./world.ts"

it.effect("clone: another sender on the same mailbox", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool({ name: "db" })
    const clone = yield* session.clone
    assert.strictEqual(clone.name, "db")
    const lease = yield* clone.checkout()
    yield* statusIs(session, { lent: 1 })
    yield* session.checkin(lease)
    assert.deepStrictEqual(yield* session.status, yield* clone.status)
  }))

it.effect("clone: it is dropped with its scope", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const scope = yield* Scope.make()
    const clone = yield* Scope.provide(session.clone, scope)
    yield* Scope.close(scope, Exit.void)
    assert.strictEqual(yield* tagOf(clone.checkout()), "PoolClosed")
    yield* session.use(() => Effect.void)
  }))

it.effect("drop: later checkouts fail with PoolClosed, checkin, destroyed, adopt and status go on; idempotent", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ size: 2 })
    const clone = yield* session.clone
    const one = yield* clone.checkout()
    const two = yield* clone.checkout()
    yield* clone.drop
    yield* clone.drop
    assert.strictEqual(yield* tagOf(clone.checkout()), "PoolClosed")
    assert.strictEqual(yield* tagOf(clone.tryCheckout()), "PoolClosed")
    assert.strictEqual(yield* tagOf(clone.use(() => Effect.void)), "PoolClosed")
    assert.strictEqual(yield* tagOf(Effect.scoped(clone.scoped())), "PoolClosed")
    assert.deepInclude(yield* clone.status, { lent: 2 })
    yield* clone.adopt(one)
    yield* clone.checkin(one)
    yield* clone.destroyed(two)
    yield* statusIs(session, { idle: 2, lent: 0 })
    assert.strictEqual(world.closed.length, 1)
    yield* session.use(() => Effect.void)
  }))

it.effect("by default a pool lives as long as its scope, though its last session is dropped", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    yield* session.drop
    yield* statusIs(session, { idle: 1, state: "ready" })
    assert.deepStrictEqual(world.closed, [])
  }))

it.effect("stopWithLastSession: it ends when the last session is dropped, and not before", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ stopWithLastSession: true })
    const clone = yield* session.clone
    yield* session.drop
    yield* settle
    yield* clone.use(() => Effect.void)
    const ended = yield* spawned(clone.awaitShutdown)
    assert.isTrue(pending(ended))
    yield* clone.drop
    yield* Fiber.join(ended)
    assert.deepStrictEqual(world.closed, [1])
    yield* statusIs(session, { state: "closed" })
  }))

it.effect("stopWithLastSession: closing make's scope ends it in any case", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({}, makeWorld()).pipe(Effect.scoped)
    assert.deepStrictEqual(world.closed, [1])
    assert.strictEqual(yield* tagOf(session.checkout()), "PoolClosed")
  }))

it.effect("scope: a pool lives until its scope closes; afterwards PoolClosed for everything that lends", () =>
  Effect.gen(function*() {
    const { session, world } = yield* Effect.scoped(makePool({ name: "db", size: 2 }))
    assert.sameMembers(world.closed, [1, 2])
    const closed = yield* Effect.flip(session.checkout())
    assert(closed._tag === "PoolClosed")
    assert.strictEqual(closed.pool, "db")
    assert.strictEqual(yield* tagOf(session.tryCheckout()), "PoolClosed")
    assert.strictEqual(yield* tagOf(session.use(() => Effect.void)), "PoolClosed")
    assert.strictEqual(yield* tagOf(Effect.scoped(session.scoped())), "PoolClosed")
    yield* statusIs(session, { state: "closed", idle: 0, lent: 0, opening: 0, closing: 0, waiting: 0 })
  }))

class Db extends Pool.Service<Db, Thing, Refused>()("conformance/Db") {}
class Tag extends Context.Service<Tag, Pool.Session<Thing, Refused>>()("conformance/Tag") {}

it.effect("Service and layer: a pool as a Layer, which closes it", () =>
  Effect.gen(function*() {
    const world = makeWorld()
    const options = { factory: world.factory, size: 1 }
    const program = <I>(tag: Context.Key<I, Pool.Session<Thing, Refused>>) =>
      Effect.flatMap(tag, (db) => db.use((thing) => Effect.succeed(thing.id)))
    assert.strictEqual(yield* Effect.provide(program(Db), Db.layerWith(options)), 1)
    assert.strictEqual(yield* Effect.provide(program(Tag), Pool.layer(Tag, options)), 2)
    assert.strictEqual(yield* Effect.provide(program(Db), Pool.layer(Db, options)), 3)
    assert.deepStrictEqual(world.closed, [1, 2, 3])
  }))

it.effect("layer: fails as make does", () =>
  Effect.gen(function*() {
    const world = makeWorld()
    const bad = yield* Effect.flip(Effect.scoped(Layer.build(Db.layerWith({ factory: world.factory, size: -1 }))))
    assert.strictEqual(bad._tag, "InvalidOptions")
    world.before = Effect.fail(new Refused())
    const refused = yield* Effect.flip(Effect.scoped(Layer.build(Pool.layer(Tag, { factory: world.factory, size: 1 }))))
    assert.strictEqual(refused._tag, "Refused")
  }))
