/** The scope that `make` was given, closed in ways that are not the usual one. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { Pool } from "whitepool"
import { forkSettled, settle, World } from "../support/world.ts"

describe("the scope of make", () => {
  it.effect("that closes all its finalizers at once still drains the pool, and then ends its actor", () =>
    Effect.gen(function*() {
      const world = new World()
      const scope = yield* Scope.make("parallel")
      const session = yield* Scope.provide(world.make({ size: 2 }), scope)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* session.status).state, "closed")
      assert.strictEqual(world.opened.length, 2)
      assert.strictEqual(world.live, 0)
    }))

  it.effect("that was closed before gives the session of a closed pool, and nothing stays open", () =>
    Effect.gen(function*() {
      const world = new World()
      const scope = yield* Scope.make()
      yield* Scope.close(scope, Exit.void)
      const session = yield* Scope.provide(world.make({ size: 2 }), scope)
      const error = yield* Effect.flip(session.use(Effect.succeed))
      assert.strictEqual(error._tag, "PoolClosed")
      assert.strictEqual(world.live, 0)
    }))

  it.effect("that closes during an eager start does not leave make waiting", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = () => Effect.sleep("1 minute")
      const scope = yield* Scope.make()
      const making = yield* forkSettled(Scope.provide(world.make({ size: 2 }), scope))
      yield* Scope.close(scope, Exit.void)
      const session = yield* Fiber.join(making)
      assert.strictEqual((yield* session.status).state, "closed")
      assert.strictEqual(world.live, 0)
    }))
})

describe("the scope of a link", () => {
  it.effect("is that of its resource: a listener is removed when the resource is closed, not when the pool is", () =>
    Effect.gen(function*() {
      const world = new World()
      let listening = 0
      const listen = Effect.acquireRelease(Effect.sync(() => listening++), () => Effect.sync(() => listening--))
      const session = yield* Pool.make({
        factory: world.factory,
        size: 1,
        link: (resource: { readonly id: number }) =>
          Effect.andThen(listen, Effect.andThen(world.link(resource), Effect.void))
      })
      yield* settle
      assert.strictEqual(listening, 1)
      for (let deaths = 1; deaths <= 3; deaths++) {
        yield* session.use(() => Effect.void)
        yield* world.kill(world.opened.at(-1)!)
        yield* settle
        assert.strictEqual(world.opened.length, 1 + deaths)
        assert.strictEqual(listening, 1)
      }
    }))
})
