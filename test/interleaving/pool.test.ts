/**
 * Races of the pool under a scheduler that picks tasks at random: whoever wins, everything is whole and counted; and over
 * the seeds each side wins. `SEED=…` replays one.
 */
import { assert, describe } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { Pool } from "whitepool"
import { forkSettled, type Resource } from "../support/world.ts"
import { beside, fill, races, settle, won } from "./arena.ts"

describe("whoever wins, everything is whole", () => {
  races("reply against deadline", ["lease", "CheckoutTimeout"], ({ session }) =>
    Effect.gen(function*() {
      const lease = yield* fill(session)
      // Whose sleep is the first to be registered is the first to be woken.
      const returning = yield* Effect.forkChild(Effect.delay(session.checkin(lease), "1 second"))
      const asker = yield* Effect.forkChild(session.checkout({ timeout: "1 second", owner: "none" }))
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(returning)
      return (yield* won(session, yield* Fiber.await(asker))) as "lease" | "CheckoutTimeout"
    }))

  races("checkin against shutdown", ["came back", "revoked"], ({ session }) =>
    Effect.gen(function*() {
      const lease = yield* fill(session)
      const [, ended] = yield* beside(session.checkin(lease), session.shutdown({ mode: "now" }))
      const { drained, forced } = yield* ended
      assert.isAtMost(drained + forced, 1)
      return forced === 1 ? "revoked" : "came back"
    }))

  races("cancel against grant", ["lease", "interrupted"], ({ session, world }) =>
    Effect.gen(function*() {
      const lease = yield* fill(session)
      const asker = yield* forkSettled(session.checkout({ owner: "none" }))
      yield* beside(session.checkin(lease), Effect.sync(() => asker.interruptUnsafe()))
      const outcome = yield* won(session, yield* Fiber.await(asker))
      assert.strictEqual(world.begun, 1, "untouched, so not replaced")
      return outcome as "lease" | "interrupted"
    }))

  races(
    "clone against drop",
    ["clone lives", "clone was born dropped"],
    ({ clone, session }) =>
      Effect.gen(function*() {
        yield* clone.drop
        const scope = yield* Effect.scope
        const [cloned] = yield* beside(Scope.provide(session.clone, scope), session.drop)
        const heir = yield* cloned
        const state = (yield* session.status).state
        const used = yield* Effect.exit(heir.use(() => Effect.void))
        if (Exit.isSuccess(used)) {
          assert.strictEqual(state, "ready", "the last session has not gone")
          yield* heir.drop
        }
        yield* session.awaitShutdown
        return Exit.isSuccess(used) ? "clone lives" : "clone was born dropped"
      }),
    { stopWithLastSession: true }
  )

  races("owner's end against checkin", ["checked in", "abandoned"], ({ session, world }) =>
    Effect.gen(function*() {
      const handed = Deferred.makeUnsafe<Pool.Lease<Resource>>()
      const owner = yield* forkSettled(
        Effect.andThen(
          Effect.flatMap(session.checkout(), (lease) => Deferred.succeed(handed, lease)),
          Effect.never
        )
      )
      const lease = yield* Deferred.await(handed)
      yield* beside(session.checkin(lease), Effect.sync(() => owner.interruptUnsafe()))
      yield* settle
      assert.isFalse(lease.isLive)
      assert.strictEqual(world.closed.length, world.begun - 1)
      return world.begun === 1 ? "checked in" : "abandoned"
    }))

  races("owner's end against grant", ["untouched", "abandoned"], ({ session, world }) =>
    Effect.gen(function*() {
      const lease = yield* fill(session)
      const asker = yield* forkSettled(Effect.andThen(session.checkout(), Effect.never))
      yield* beside(session.checkin(lease), Effect.sync(() => asker.interruptUnsafe()))
      yield* Fiber.await(asker)
      yield* settle
      return world.begun === 1 ? "untouched" : "abandoned"
    }))

  races(
    "death against grant delivery",
    ["got the dying one", "got the next one"],
    ({ session, world }) =>
      Effect.gen(function*() {
        const lease = yield* fill(session)
        const dying = lease.resource
        const asker = yield* forkSettled(session.checkout({ owner: "none" }))
        yield* beside(session.checkin(lease), world.kill(dying))
        const got = yield* Fiber.join(asker)
        // The lease is there in any case; if its resource died in the asker's hands it has ended.
        const outcome = got.isLive && got.resource !== dying ? "got the next one" : "got the dying one"
        yield* session.checkin(got)
        yield* settle
        assert.strictEqual(world.begun, 2)
        return outcome
      })
  )

  races("death against checkin", ["died idle", "died lent"], ({ session, world }) =>
    Effect.gen(function*() {
      const lease = yield* fill(session)
      let diedLent = false
      yield* beside(
        Effect.suspend(() => {
          diedLent = !lease.isLive
          return session.checkin(lease)
        }),
        world.kill(lease.resource)
      )
      yield* settle
      assert.strictEqual(world.begun, 2)
      return diedLent ? "died lent" : "died idle"
    }))

  races("opening done against openTimeout", ["opened", "timed out"], ({ session, world }) =>
    Effect.gen(function*() {
      const broken = yield* fill(session)
      world.open = (id) => id === 2 ? Effect.uninterruptible(Effect.sleep("1 second")) : Effect.void
      yield* session.destroyed(broken)
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
      yield* TestClock.adjust("1 minute")
      const outcome = world.begun === 2 ? "opened" : "timed out"
      assert.strictEqual(world.opened.length - world.closed.length, 1)
      return outcome
    }), { openTimeout: "1 second" })

  races("deadline against shutdown", ["PoolClosed", "CheckoutTimeout"], ({ session }) =>
    Effect.gen(function*() {
      yield* fill(session)
      const ender = yield* Effect.forkChild(Effect.delay(session.shutdown({ mode: "now" }), "1 second"))
      const asker = yield* Effect.forkChild(session.checkout({ timeout: "1 second" }))
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(ender)
      return (yield* won(session, yield* Fiber.await(asker))) as "PoolClosed" | "CheckoutTimeout"
    }))

  races(
    "adopt against the former owner's end",
    ["adopted", "abandoned"],
    ({ session, world }) =>
      Effect.gen(function*() {
        const handed = Deferred.makeUnsafe<Pool.Lease<Resource>>()
        const owner = yield* forkSettled(
          Effect.andThen(
            Effect.flatMap(session.checkout(), (lease) => Deferred.succeed(handed, lease)),
            Effect.never
          )
        )
        const lease = yield* Deferred.await(handed)
        yield* beside(
          session.adopt(lease),
          Effect.sync(() => owner.interruptUnsafe())
        )
        yield* settle
        const outcome = lease.isLive ? "adopted" : "abandoned"
        yield* session.checkin(lease)
        assert.strictEqual(world.begun, outcome === "adopted" ? 1 : 2)
        return outcome
      })
  )
})
