/** A checkout may say which of the idle ones it would like: affinity, as a hint (C11). */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { id, type Told, told } from "../support/resources.ts"
import { assertWhole, forkSettled, lend, settle, World } from "../support/world.ts"

describe("prefer", () => {
  it.effect("lends the first idle one that it holds of, in the order in which they would be lent (C11)", () =>
    Effect.gen(function*() {
      for (const strategy of ["lifo", "fifo"] as const) {
        const session = yield* new World().pool({ size: 4, strategy })
        assert.strictEqual(yield* session.use(id, { prefer: (_, { id }) => id === 3 }), 3)
        const lease = yield* session.checkout({ prefer: (_, { id }) => id === 2 || id === 4 })
        assert.strictEqual(lease.resource.id, strategy === "lifo" ? 4 : 2)
        const other = yield* session.tryCheckout({ prefer: (_, { id }) => id === 1 })
        assert.strictEqual(other.resource.id, 1)
        assert.strictEqual(
          yield* Effect.scoped(Effect.flatMap(session.scoped({ prefer: (_, { id }) => id === 3 }), id)),
          3
        )
      }
    }))

  it.effect("is only a hint: if there is no such one, or it is lent, any other will do", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ size: 2 })
      const lease = yield* session.checkout({ prefer: (_, { id }) => id === 1 })
      assert.strictEqual(yield* session.use(id, { prefer: (_, { id }) => id === 1, timeout: 0 }), 2)
      assert.strictEqual(yield* session.use(id, { prefer: () => false, timeout: 0 }), 2)
      yield* session.checkin(lease)
    }))

  it.effect("keeps nobody waiting: whoever comes back first is taken, and nobody is overtaken", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ size: 2 })
      const [first, second] = yield* lend(session, 2)
      const served: Array<string> = []
      const ask = (name: string, preferred: number) =>
        forkSettled(session.use(
          (resource) => Effect.sync(() => served.push(`${name} ${resource.id}`)),
          { prefer: (_, { id }) => id === preferred }
        ))
      const asking = [yield* ask("a", first!.resource.id), yield* ask("b", second!.resource.id)]
      yield* session.checkin(second!)
      yield* settle
      yield* session.checkin(first!)
      yield* Effect.forEach(asking, Fiber.join)
      assert.deepStrictEqual(served.map((line) => line[0]), ["a", "b"])
    }))

  it.effect("is told what evict is told, in a plain pool, and only of what is idle", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ size: 2, strategy: "fifo" })
      const [lease] = yield* lend(session, 1)
      yield* TestClock.adjust("3 seconds")
      const seen: Array<Told> = []
      yield* session.use(id, { prefer: (info, resource) => seen.push(told(info, resource)) < 0 })
      assert.deepStrictEqual(seen, [{ id: 2, age: 3_000, idleFor: 3_000, uses: 0, overflow: false }])
      yield* session.checkin(lease!)
    }))

  it.effect("that throws dies in the caller, and nothing has changed", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      const prefer = (): boolean => {
        throw new Error("boom")
      }
      const ways: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        session.checkout({ prefer }),
        session.tryCheckout({ prefer }),
        session.use(id, { prefer }),
        Effect.scoped(session.scoped({ prefer }))
      ]
      for (const way of ways) {
        const defect = yield* Effect.flip(Effect.catchDefect(way, (defect) => Effect.fail(defect)))
        assert.strictEqual(String(defect), "Error: boom")
        yield* assertWhole(session, world, 2)
      }
    }))

  it.effect("does not make what is past its lifetime lent, nor what has not passed its validation", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({
        size: 2,
        validate: ({ id }) => Effect.succeed(id !== 1),
        maxLifetime: "1 minute",
        lifetimeJitter: 0
      })
      yield* TestClock.adjust("1 seconds")
      assert.notStrictEqual(yield* session.use(id, { prefer: (_, { id }) => id === 1 }), 1)
      yield* assertWhole(session, world, 2)
    }))
})
