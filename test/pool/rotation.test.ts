/** Credentials are rotated while the pool is at work: the factory reads them at each opening, `evictAll` does the rest (Y2). */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Ref, type Scope } from "effect"
import { TestClock } from "effect/testing"
import type { Pool } from "whitepool"
import { assertWhole, forkSettled, type Resource, type Session, settle, World } from "../support/world.ts"

const times = (count: number) => Array.from({ length: count }, (_, index) => index)

/** A backend that knows with which secret each connection was opened. */
const backend = Effect.gen(function*() {
  const world = new World()
  const secret = yield* Ref.make("old")
  const opened = new Map<Resource, string>()
  const pool = (options: Partial<Pool.Options<Resource, never, Scope.Scope>>) =>
    world.pool({
      ...options,
      factory: Effect.flatMap(
        Ref.get(secret),
        (with_) => Effect.tap(world.factory, (resource) => Effect.sync(() => opened.set(resource, with_)))
      )
    })
  const secretOf = (resource: Resource) => opened.get(resource)!
  const use = (session: Session, options?: Pool.CheckoutOptions) =>
    session.use((resource) => Effect.succeed(secretOf(resource)), options)
  return { world, secret, pool, secretOf, use }
})

describe("after a rotation", () => {
  it.effect("nothing that was opened with the old credentials is lent any more (Y2)", () =>
    Effect.gen(function*() {
      const { pool, secret, use, world } = yield* backend
      const session = yield* pool({ size: 3, maxOverflow: 2 })
      assert.strictEqual(yield* use(session), "old")
      yield* Ref.set(secret, "new")
      yield* session.evictAll()
      for (const _ of times(20)) assert.strictEqual(yield* use(session), "new")
      const all = yield* Effect.forEach(times(30), () => use(session), { concurrency: "unbounded" })
      assert.deepStrictEqual([...new Set(all)], ["new"])
      yield* assertWhole(session, world, 3)
    }))

  it.effect("what was lent then goes on undisturbed, and is not lent again (Y2, F-5)", () =>
    Effect.gen(function*() {
      const { pool, secret, secretOf, use, world } = yield* backend
      const session = yield* pool({ size: 2 })
      const leases = yield* Effect.forEach(times(2), () => session.checkout())
      const waiting = yield* Effect.forEach(times(3), () => forkSettled(use(session)))
      yield* Ref.set(secret, "new")
      yield* session.evictAll()
      yield* settle
      assert.deepStrictEqual(leases.map(({ isLive, resource }) => [isLive, secretOf(resource)]), [
        [true, "old"],
        [true, "old"]
      ])
      yield* Effect.forEach(leases, session.checkin)
      assert.deepStrictEqual(yield* Effect.forEach(waiting, Fiber.join), ["new", "new", "new"])
      yield* assertWhole(session, world, 2)
    }))

  it.effect("openings that were under way then are stale, too: none of them is lent, whoever waits for it", () =>
    Effect.gen(function*() {
      const { pool, secret, use, world } = yield* backend
      world.open = () => Effect.sleep("3 seconds")
      const session = yield* pool({ size: 3, start: "background", openConcurrency: 2 })
      const asking = yield* Effect.forEach(times(4), () => forkSettled(use(session, { timeout: "1 minute" })))
      yield* TestClock.adjust("1 seconds")
      yield* Ref.set(secret, "new")
      yield* session.evictAll()
      for (const _ of times(20)) yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(yield* Effect.forEach(asking, Fiber.join), ["new", "new", "new", "new"])
      yield* assertWhole(session, world, 3)
    }))

  it.effect("over an interval the old ones go one by one, and at the end of it none is lent", () =>
    Effect.gen(function*() {
      const { pool, secret, use, world } = yield* backend
      const session = yield* pool({ size: 10, strategy: "fifo" })
      yield* Ref.set(secret, "new")
      yield* session.evictAll({ over: "100 seconds" })
      const old: Array<number> = []
      for (const _ of times(100)) {
        yield* TestClock.adjust("1 seconds")
        const secrets = yield* Effect.forEach(times(10), () => use(session), { concurrency: "unbounded" })
        old.push(secrets.filter((one) => one === "old").length)
      }
      assert.deepStrictEqual([...old].sort((a, b) => b - a), old, "never more than before")
      assert.strictEqual(old.at(-1), 0)
      yield* assertWhole(session, world, 10)
      assert.strictEqual(world.begun, 20)
    }))

  it.effect("over an interval what is lent is not lent again once its time has come", () =>
    Effect.gen(function*() {
      const { pool, secret, use, world } = yield* backend
      const session = yield* pool({ size: 2 })
      const leases = yield* Effect.forEach(times(2), () => session.checkout())
      yield* Ref.set(secret, "new")
      yield* session.evictAll({ over: "10 seconds" })
      yield* TestClock.adjust("10 seconds")
      assert.isTrue(leases.every(({ isLive }) => isLive))
      yield* Effect.forEach(leases, session.checkin)
      assert.deepStrictEqual(yield* Effect.forEach(times(4), () => use(session)), ["new", "new", "new", "new"])
      yield* assertWhole(session, world, 2)
    }))

  it.effect("under load nobody fails, and the last old one is gone when the last lease of then is", () =>
    Effect.gen(function*() {
      const { pool, secret, secretOf, world } = yield* backend
      const session = yield* pool({ size: 4, maxOverflow: 2 })
      const late: Array<string> = []
      let rotated = false
      const work = session.use((resource) =>
        Effect.suspend(() => {
          if (rotated) late.push(secretOf(resource))
          return Effect.sleep("50 millis")
        }), { timeout: "3 seconds" })
      const workers = yield* Effect.forEach(times(12), () => Effect.forkChild(Effect.repeat(work, { times: 20 })))
      yield* TestClock.adjust("475 millis")
      yield* Ref.set(secret, "new")
      yield* session.evictAll()
      rotated = true
      for (const _ of times(40)) yield* TestClock.adjust("50 millis")
      yield* Effect.forEach(workers, Fiber.join)
      assert.isAbove(late.length, 50)
      assert.deepStrictEqual([...new Set(late)], ["new"])
      yield* assertWhole(session, world, 4)
    }))

  it.effect("a backend that refuses the new credentials leaves what is lent alive, and is tried until it takes them", () =>
    Effect.gen(function*() {
      const { pool, secret, secretOf, use, world } = yield* backend
      const session = yield* pool({ size: 2 })
      const lease = yield* session.checkout()
      yield* Ref.set(secret, "wrong")
      world.open = () => Effect.flatMap(Ref.get(secret), (now) => now === "wrong" ? Effect.die("denied") : Effect.void)
      yield* session.evictAll()
      yield* TestClock.adjust("10 seconds")
      assert.isTrue(lease.isLive)
      assert.strictEqual(secretOf(lease.resource), "old")
      yield* Ref.set(secret, "new")
      for (const _ of times(40)) yield* TestClock.adjust("1 seconds")
      assert.strictEqual(yield* use(session), "new")
      yield* session.checkin(lease)
      yield* assertWhole(session, world, 2)
    }))
})
