import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { forkSettled, type Session, settle, World } from "../support/world.ts"

const word = (session: Session) => Effect.map(session.status, ({ state }) => state)

describe("status", () => {
  it.effect("speaks poolboy's words: ready, overflow, full; then draining, closed", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, maxOverflow: 1 })
      assert.strictEqual(yield* word(session), "ready")
      const a = yield* session.checkout({ owner: "none" })
      assert.strictEqual(yield* word(session), "overflow")
      const b = yield* session.checkout({ owner: "none" })
      assert.strictEqual(yield* word(session), "full")
      yield* session.checkin(b)
      yield* settle
      assert.strictEqual(yield* word(session), "overflow")
      const ending = yield* forkSettled(session.shutdown())
      assert.strictEqual(yield* word(session), "draining")
      yield* session.checkin(a)
      yield* Fiber.join(ending)
      assert.strictEqual(yield* word(session), "closed")
    }))

  it.effect("is ready while fewer than size are alive, though nothing is idle", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ size: 2, start: "lazy" })
      assert.strictEqual(yield* word(session), "ready")
      yield* session.checkout()
      assert.strictEqual(yield* word(session), "ready")
      yield* session.checkout()
      assert.strictEqual(yield* word(session), "full")
    }))

  it.effect("counts an overflow opening and a closing where they are", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, maxOverflow: 2 })
      world.open = () => Effect.sleep("1 second")
      world.close = () => Effect.sleep("2 seconds")
      yield* session.checkout()
      const asker = yield* forkSettled(session.checkout())
      assert.deepInclude(yield* session.status, { lent: 1, opening: 1, closing: 0, overflow: 1, waiting: 1 })
      yield* TestClock.adjust("1 second")
      yield* session.destroyed(yield* Fiber.join(asker))
      assert.deepInclude(yield* session.status, { lent: 1, opening: 0, closing: 1, overflow: 1, waiting: 0 })
      yield* TestClock.adjust("2 seconds")
      assert.deepInclude(yield* session.status, { lent: 1, opening: 0, closing: 0, overflow: 0, waiting: 0 })
      world.close = () => Effect.void
    }))

  it.effect("adds up at every moment: live is never above the bound, and the counts are the ledger's (D-7)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3, maxOverflow: 2 })
      const look = Effect.map(session.status, (status) => {
        const { closing, idle, lent, opening, overflow } = status
        const live = opening + idle + lent + closing
        assert.isAtMost(live, 5)
        assert.strictEqual(overflow, Math.max(0, live - 3))
        assert.isAtMost(idle + lent, world.live)
        assert.isAtMost(world.live, live)
      })
      const work = (i: number) =>
        session.use((_, lease) =>
          Effect.gen(function*() {
            yield* look
            yield* Effect.yieldNow
            if (i % 7 === 0) yield* session.destroyed(lease)
            yield* look
          })
        )
      yield* Effect.forEach(Array.from({ length: 200 }, (_, i) => i), work, { concurrency: "unbounded" })
      yield* look
    }))

  it.effect("answers while the pool is full and others wait, and needs no resource (I-8)", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ maxWaiting: 1 })
      yield* session.checkout()
      yield* forkSettled(session.checkout())
      assert.deepInclude(yield* session.status, { state: "full", lent: 1, waiting: 1 })
    }))

  it.effect("is a plain snapshot, which later turns do not change", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ name: "db", size: 2, maxOverflow: 3 })
      const before = yield* session.status
      yield* session.checkout()
      assert.deepStrictEqual(before, {
        name: "db",
        state: "ready",
        size: 2,
        maxOverflow: 3,
        idle: 2,
        lent: 0,
        leases: 0,
        opening: 0,
        resetting: 0,
        validating: 0,
        closing: 0,
        overflow: 0,
        waiting: 0,
        suspended: false,
        abandoned: 0
      })
    }))
})

it.effect("a pool without a name is called pool", () =>
  Effect.gen(function*() {
    const session = yield* Pool.make({ factory: Effect.succeed({}), size: 1 })
    assert.strictEqual(session.name, "pool")
  }))
