import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { Pool } from "whitepool"
import { assertWhole, counts, forkSettled, OpenError, type Resource, settle, World } from "../support/world.ts"

describe("a clone", () => {
  it.effect("is another sender on the same mailbox: what one lends the other takes back", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ name: "db" })
      const clone = yield* session.clone
      assert.notStrictEqual(clone, session)
      assert.strictEqual(clone.name, "db")
      const lease = yield* session.checkout()
      assert.deepStrictEqual(yield* clone.status, yield* session.status)
      yield* clone.checkin(lease)
      yield* assertWhole(clone, world, 1)
    }))

  it.effect("is dropped with its scope, and the others go on", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const scope = yield* Scope.make()
      const clone = yield* Scope.provide(session.clone, scope)
      yield* clone.use(() => Effect.void)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* Effect.flip(clone.use(() => Effect.void)))._tag, "PoolClosed")
      yield* session.use(() => Effect.void)
    }))

  it.effect("of a dropped session is dropped", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      yield* session.drop
      const clone = yield* session.clone
      assert.strictEqual((yield* Effect.flip(clone.checkout()))._tag, "PoolClosed")
    }))
})

describe("a dropped session", () => {
  it.effect("refuses every kind of checkout with PoolClosed, and drop is idempotent", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ name: "db" })
      yield* session.drop
      yield* session.drop
      const errors = [
        yield* Effect.flip(session.checkout()),
        yield* Effect.flip(session.tryCheckout()),
        yield* Effect.flip(session.use(() => Effect.void)),
        yield* Effect.flip(Effect.scoped(session.scoped()))
      ]
      for (const error of errors) {
        assert.instanceOf(error, Pool.PoolClosed)
        assert.strictEqual(error.pool, "db")
      }
      yield* assertWhole(session, world, 1)
    }))

  it.effect("goes on with checkin, destroyed, adopt, status and shutdown", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      const [a, b] = [yield* session.checkout(), yield* session.checkout()]
      yield* session.drop
      assert.strictEqual((yield* session.status).lent, 2)
      yield* session.adopt(a)
      yield* session.checkin(a)
      yield* session.destroyed(b)
      yield* assertWhole(session, world, 2)
      assert.deepStrictEqual(yield* session.shutdown(), { drained: 0, forced: 0 })
    }))

  it.effect("that asked before it was dropped is served all the same", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const lease = yield* session.checkout()
      const waiter = yield* forkSettled(session.use(() => Effect.succeed("served")))
      yield* session.drop
      yield* session.checkin(lease)
      assert.strictEqual(yield* Fiber.join(waiter), "served")
    }))
})

describe("stopWithLastSession", () => {
  it.effect("false, the default: the pool lives as long as its scope", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      yield* session.drop
      yield* settle
      assert.strictEqual((yield* session.status).state, "ready")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("true: ends the pool with the last one, and not before", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ stopWithLastSession: true })
      const clone = yield* session.clone
      yield* session.drop
      yield* session.drop
      yield* settle
      assert.strictEqual((yield* clone.status).state, "ready")
      const lease = yield* clone.checkout()
      yield* clone.drop
      yield* settle
      assert.strictEqual((yield* clone.status).state, "draining")
      yield* clone.checkin(lease)
      assert.deepStrictEqual(yield* clone.awaitShutdown, { drained: 1, forced: 0 })
      yield* assertWhole(session, world, 0)
    }))

  it.effect("true: a clone of a dropped session brings nothing back and ends nothing early", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ stopWithLastSession: true })
      const other = yield* session.clone
      yield* session.drop
      yield* Effect.scoped(session.clone)
      yield* settle
      assert.strictEqual((yield* other.status).state, "ready")
      yield* other.drop
      yield* other.awaitShutdown
      assert.strictEqual((yield* other.status).state, "closed")
    }))
})

class Db extends Pool.Service<Db, Resource, OpenError>()("test/Db") {}

describe("layer", () => {
  const Tag = Context.Service<Pool.Session<Resource, OpenError>>("test/Pool")

  it.effect("gives the session under a key of one's own, and closes the pool with the layer's scope", () =>
    Effect.gen(function*() {
      const world = new World()
      const program = Effect.gen(function*() {
        const session = yield* Tag
        assert.strictEqual(world.live, 2)
        return yield* session.use((resource) => Effect.succeed(resource.id))
      })
      assert.strictEqual(yield* Effect.provide(program, Pool.layer(Tag, { factory: world.factory, size: 2 })), 2)
      assert.strictEqual(world.live, 0)
    }))

  it.effect("fails as make does", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => new OpenError({ id })
      const failing = Layer.build(Pool.layer(Tag, { factory: world.factory, size: 1 }))
      assert.deepStrictEqual(yield* Effect.flip(failing), new OpenError({ id: 1 }))
      const refused = Layer.build(Db.layerWith({ factory: world.factory, size: -1 }))
      assert.strictEqual((yield* Effect.flip(refused))._tag, "InvalidOptions")
    }))

  it.effect("a Service class is key and layer in one", () =>
    Effect.gen(function*() {
      const world = new World()
      const program = Effect.gen(function*() {
        const db = yield* Db
        return yield* counts(db)
      })
      assert.deepStrictEqual(
        yield* Effect.provide(program, Db.layerWith({ factory: world.factory, size: 3 })),
        { idle: 3 }
      )
      assert.strictEqual(world.live, 0)
    }))
})
