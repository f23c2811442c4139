/** A lease that has no owner and that nobody can reach any more: nobody can give it back, so the pool takes it back. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import type { Pool } from "whitepool"
import { assertWhole, counts, forkSettled, type Resource, type Session, World } from "../support/world.ts"

setFlagsFromString("--expose-gc")
const gc = runInNewContext("gc") as () => void

/** Collects, and gives the finalization registries their turns, until nothing is lent or for this many rounds. */
const lentAfterGc = (session: Session, rounds: number): Effect.Effect<number> =>
  Effect.gen(function*() {
    for (let i = 0; i < rounds; i++) {
      gc()
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      if ((yield* session.status).lent === 0) return 0
    }
    return (yield* session.status).lent
  })

/** In a fiber of its own, and nothing of the lease stays here but its number. */
const forget = (checkout: Effect.Effect<Pool.Lease<Resource>, unknown>) =>
  Effect.flatMap(Effect.forkChild(Effect.map(checkout, (lease) => lease.id)), Fiber.join)

describe("an ownerless lease that is unreachable", () => {
  const ways: ReadonlyArray<[string, (session: Session) => Effect.Effect<unknown, unknown>]> = [
    ["its owner has succeeded", (session) => forget(session.checkout())],
    ["it never had an owner", (session) => forget(session.checkout({ owner: "none" }))],
    ["it came from tryCheckout", (session) => forget(session.tryCheckout({ owner: "none" }))],
    [
      "it was adopted, and its adopter has succeeded",
      (session) =>
        forget(
          Effect.tap(session.checkout({ owner: "none" }), (lease) =>
            Effect.flatMap(Effect.forkChild(session.adopt(lease)), Fiber.join))
        )
    ],
    ["it had to be waited for", (session) =>
      Effect.gen(function*() {
        const asker = yield* session.use(() => forkSettled(Effect.asVoid(session.checkout())))
        yield* Fiber.join(asker)
      })]
  ]

  it.live.each(ways)("is abandoned: %s", ([, way]) =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      yield* way(session)
      assert.deepStrictEqual(yield* counts(session), { lent: 1 })
      assert.strictEqual(yield* lentAfterGc(session, 100), 0)
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.closed.length, 1, "closed and replaced")
    }))

  it.live("is checked in with onAbandoned: checkin, and serves who waits", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ onAbandoned: "checkin" })
      yield* forget(session.checkout())
      const waiter = yield* forkSettled(session.use((resource) => Effect.succeed(resource.id)))
      assert.strictEqual(yield* lentAfterGc(session, 100), 0)
      assert.strictEqual(yield* Fiber.join(waiter), 1)
      yield* assertWhole(session, world, 1)
    }))
})

describe("a lease is left alone by the garbage collector", () => {
  it.live("while somebody can reach it", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const lease = yield* Fiber.join(yield* Effect.forkChild(session.checkout()))
      assert.strictEqual(yield* lentAfterGc(session, 5), 1)
      assert.isTrue(lease.isLive)
      yield* session.checkin(lease)
    }))

  it.live("while its owner lives, though nobody can reach it", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const owner = yield* forkSettled(Effect.andThen(Effect.asVoid(session.checkout()), Effect.never))
      assert.strictEqual(yield* lentAfterGc(session, 5), 1)
      yield* Fiber.interrupt(owner)
    }))

  it.live("inside a use that has not asked for it", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      assert.strictEqual(yield* session.use(() => lentAfterGc(session, 5)), 1)
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.closed.length, 0)
    }))
})
