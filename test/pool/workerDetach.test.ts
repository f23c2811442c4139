/** A worker that gives its resource away, and is forgotten. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import type { Premises } from "../../src/pool/internal/crew.ts"
import { Worker } from "../../src/pool/internal/worker.ts"
import { openShop, Shop } from "../support/shop.ts"
import { settle } from "../support/waiting.ts"

describe("a worker that gives its resource away", () => {
  it.effect("says nothing, is forgotten, and leaves the closing to whoever got the scope", () =>
    Effect.gen(function*() {
      const shop = yield* openShop((shop) => ({
        link: () =>
          Effect.onInterrupt(
            Effect.andThen(Effect.addFinalizer(() => shop().note("listener removed")), shop().link()),
            () => shop().note("link ended")
          )
      }))
      const scope = shop.crew.detach(shop.worker)
      assert.isDefined(scope)
      assert.strictEqual(shop.crew.size, 0)
      assert.deepStrictEqual(shop.said(), [], "its link is the user's code, which has no place in a turn")
      for (const job of shop.jobs) job()
      yield* settle
      assert.deepStrictEqual(shop.said(), ["link ended"])
      shop.check("validate")
      shop.close()
      shop.crew.giveUp(shop.worker)
      yield* settle
      assert.deepStrictEqual(shop.said(), [])
      assert.isUndefined(shop.crew.detach(shop.worker))
      if (scope !== undefined) yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(shop.said(), ["listener removed", "closed"])
    }))

  it.effect("and dies after that, before its link has heard of it, is not reported and not closed", () =>
    Effect.gen(function*() {
      const shop = yield* openShop((shop) => ({ link: () => shop().link() }))
      const scope = shop.crew.detach(shop.worker)
      shop.die()
      for (const job of shop.jobs) job()
      yield* settle
      assert.deepStrictEqual(shop.said(), [])
      if (scope !== undefined) yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(shop.said(), ["closed"])
    }))

  it.effect("has nobody left who watches it: its fiber has ended", () =>
    Effect.gen(function*() {
      const run = Effect.runForkWith(yield* Effect.context<never>())
      let ended = 0
      const fork: Premises["fork"] = (effect) => {
        const fiber = run(effect)
        fiber.addObserver(() => ended++)
        return fiber
      }
      const shop = yield* openShop({}, { fork })
      shop.crew.detach(shop.worker)
      for (const job of shop.jobs) job()
      yield* settle
      assert.strictEqual(ended, 1)
    }))

  it.effect("does so only while it holds one", () =>
    Effect.gen(function*() {
      const context = yield* Effect.context<never>()
      const opening = new Shop(context, { factory: Effect.never }).open()
      assert.isUndefined(opening.crew.detach(opening.worker))
      const told = yield* openShop({ link: () => Effect.uninterruptible(Effect.never) })
      told.close()
      assert.isUndefined(told.crew.detach(told.worker))
      const dead = yield* openShop((shop) => ({ link: () => shop().link() }))
      dead.die()
      assert.isUndefined(dead.crew.detach(dead.worker))
      assert.isUndefined(dead.crew.detach(new Worker(2)))
      yield* settle
      assert.deepStrictEqual(dead.said(), ["died", "closed", "exited Closed"])
    }))
})
