/** What `scoped` has of its own; the rules that it shares with `use` are in `use.test.ts`. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import { assertWhole, counts, forkSettled, type Session, World } from "../support/world.ts"

const assertKept = (session: Session, world: World) =>
  Effect.andThen(assertWhole(session, world, 1), Effect.sync(() => assert.strictEqual(world.closed.length, 0, "kept")))

describe("scoped", () => {
  it.effect("lasts as long as the scope, and its failure leaves nothing in a scope that lives on", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const scope = yield* Scope.make()
      yield* Scope.provide(session.scoped(), scope)
      const before = finalizersOf(scope)
      for (let i = 0; i < 10; i++) {
        const error = yield* Effect.flip(Scope.provide(session.scoped({ timeout: 0 }), scope))
        assert.strictEqual(error._tag, "CheckoutTimeout")
      }
      assert.strictEqual(finalizersOf(scope), before)
      assert.deepStrictEqual(yield* counts(session), { lent: 1 })
      yield* Scope.close(scope, Exit.void)
      yield* assertKept(session, world)
    }))

  it.effect("in a scope that is closed already gives the resource back at once", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const scope = yield* Scope.make()
      yield* Scope.close(scope, Exit.void)
      yield* Effect.exit(Scope.provide(session.scoped(), scope))
      yield* assertWhole(session, world, 1)
    }))

  it.effect("a scope closed while scoped waits in it leaves nobody waiting for ever, and nothing lent", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const lease = yield* session.checkout()
      const scope = yield* Scope.make()
      const waiter = yield* forkSettled(Scope.provide(session.scoped({ timeout: "1 second" }), scope))
      yield* Scope.close(scope, Exit.void)
      yield* TestClock.adjust("1 second")
      assert.isDefined(waiter.pollUnsafe(), "one answer, and by the deadline")
      yield* session.checkin(lease)
      yield* assertWhole(session, world, 1)
    }))
})

const finalizersOf = (scope: Scope.Closeable): number =>
  scope.state._tag === "Open" ? scope.state.finalizers?.size ?? 1 : 0
