/** The end of a pool, or of an incarnation of it, while several have its resources (`concurrency`, C7). */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { Pool } from "whitepool"
import { crash } from "../support/crash.ts"
import { id } from "../support/resources.ts"
import { isWaiting } from "../support/waiting.ts"
import {
  assertWhole,
  drain,
  forkSettled,
  lend,
  type Resource,
  type Session,
  settle,
  tagsOf,
  World
} from "../support/world.ts"

/** A pool of so many that share, and so many leases of nobody. */
const sharing = (leases: number, options: Parameters<World["pool"]>[0] = {}) =>
  Effect.gen(function*() {
    const world = new World()
    const session = yield* world.pool({ concurrency: 2, link: world.link, ...options })
    const [a, b, c] = yield* lend(session, leases)
    return { world, session, a: a!, b: b!, c: c! }
  })

const checkinAll = (session: Session, ...leases: ReadonlyArray<Pool.Lease<Resource>>) =>
  Effect.forEach(leases, (lease) => session.checkin(lease), { discard: true })

describe("concurrency, and the end of the pool", () => {
  it.effect("drain waits for each lease, and serves who waits from the seats that come free (I-5)", () =>
    Effect.gen(function*() {
      const { a, b, session, world } = yield* sharing(2)
      const waiter = yield* forkSettled(session.use(id))
      const end = yield* drain(session)
      yield* session.checkin(a)
      assert.strictEqual(yield* Fiber.join(waiter), 1)
      yield* settle
      assert.isTrue(isWaiting(end))
      yield* session.checkin(b)
      assert.deepStrictEqual(yield* Fiber.join(end), { drained: 3, forced: 0 })
      yield* assertWhole(session, world, 0)
    }))

  it.effect("now, and a drain that takes too long, revoke every lease and close each resource once", () =>
    Effect.gen(function*() {
      for (const options of [{ mode: "now" }, { timeout: "1 second" }] as const) {
        const { a, b, session, world } = yield* sharing(2, { size: 2 })
        const waiting = yield* lend(session, 2)
        const waiter = yield* forkSettled(session.use(id))
        const end = yield* drain(session, options)
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* Fiber.join(end), { drained: 0, forced: 4 })
        assert.deepStrictEqual(yield* tagsOf([waiter]), ["PoolClosed"])
        assert.isFalse([a, b, ...waiting].some(({ isLive }) => isLive))
        yield* assertWhole(session, world, 0)
      }
    }))

  it.effect("who awaits it within a use gives up its own lease, and waits for the others'", () =>
    Effect.gen(function*() {
      const { a, session, world } = yield* sharing(1)
      const ending = yield* forkSettled(session.use(() => session.shutdown()))
      yield* settle
      assert.isTrue(isWaiting(ending))
      assert.strictEqual(a.resource, world.opened[0])
      yield* session.checkin(a)
      assert.deepStrictEqual(yield* Fiber.join(ending), { drained: 1, forced: 1 })
      yield* assertWhole(session, world, 0)
    }))

  it.effect("a crash of the actor ends all of them, and the next incarnation shares anew", () =>
    Effect.gen(function*() {
      const { a, b, session, world } = yield* sharing(2)
      const waiter = yield* forkSettled(session.checkout())
      yield* crash(session)
      assert.deepStrictEqual(yield* tagsOf([waiter]), ["PoolCrashed"])
      assert.deepStrictEqual([a.isLive, b.isLive], [false, false])
      const first = yield* session.checkout()
      const again = yield* session.checkout()
      assert.strictEqual(first.resource, again.resource)
      yield* checkinAll(session, a, b, first, again)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("between two incarnations as many may wait as the next one has seats, and maxWaiting more (D-5)", () =>
    Effect.gen(function*() {
      const { session, world } = yield* sharing(0, { concurrency: 3, maxWaiting: 1 })
      yield* crash(session)
      const use = session.use(() => Effect.yieldNow)
      const askers = yield* Effect.forEach(
        Array.from({ length: 5 }),
        () => Effect.forkChild(Effect.exit(use), { startImmediately: true })
      )
      const exits = yield* Fiber.joinAll(askers)
      assert.deepStrictEqual(exits.map(({ _tag }) => _tag), ["Success", "Success", "Success", "Success", "Failure"])
      yield* assertWhole(session, world, 1)
    }))
})
