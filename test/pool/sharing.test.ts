/** Resources that several borrow at once: `concurrency` (C7), as the users of a session see it. */
import { assert, describe, it } from "@effect/vitest"
import { Data, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { Pool } from "whitepool"
import { withLogs } from "../support/logs.ts"
import { id, ids, numbers } from "../support/resources.ts"
import { random } from "../support/seededScheduler.ts"
import { defect, isWaiting } from "../support/waiting.ts"
import { assertWhole, forkSettled, lend, type Resource, type Session, settle, World } from "../support/world.ts"

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

class Broken extends Data.TaggedError("Broken") {}

describe("concurrency", () => {
  it.effect("lends one resource to so many at once, and each of them has it until its own end (C7)", () =>
    Effect.gen(function*() {
      const { a, b, session, world } = yield* sharing(2)
      assert.strictEqual(a.resource, b.resource)
      assert.notStrictEqual(a.id, b.id)
      const { idle, leases, lent } = yield* session.status
      assert.deepStrictEqual({ idle, leases, lent }, { idle: 0, leases: 2, lent: 1 })
      yield* session.checkin(a)
      assert.strictEqual(
        yield* defect(Effect.sync(() => a.resource)),
        `pool "${session.name}": lease ${a.id} has ended`
      )
      assert.strictEqual(b.resource, world.opened[0])
      yield* session.checkin(b)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("never more than that, whatever its borrowers do, and no seat is lost (B-5)", () =>
    Effect.gen(function*() {
      const world = new World()
      const concurrency = 3
      const session = yield* world.pool({
        size: 2,
        maxOverflow: 1,
        concurrency,
        checkoutTimeout: "100 millis",
        isBroken: () => true
      })
      const draw = random(7)
      const upTo = (n: number) => Math.floor(draw() * n)
      const users = new Map<Resource, number>()
      let most = 0
      const count = (resource: Resource, by: number) => {
        const now = (users.get(resource) ?? 0) + by
        users.set(resource, now)
        most = Math.max(most, now)
      }
      const body = (resource: Resource) =>
        Effect.acquireUseRelease(
          Effect.sync(() => count(resource, 1)),
          () => Effect.andThen(Effect.sleep(upTo(30)), upTo(8) === 0 ? Effect.fail(new Broken()) : Effect.void),
          () => Effect.sync(() => count(resource, -1))
        )
      const ways: ReadonlyArray<() => Effect.Effect<unknown, unknown>> = [
        () => session.use(body),
        () => Effect.scoped(Effect.flatMap(session.scoped(), body)),
        () => Effect.timeout(session.use(body), upTo(20)),
        () =>
          Effect.flatMap(session.checkout(), (lease) => Effect.andThen(body(lease.resource), session.checkin(lease)))
      ]
      const fibers: Array<Fiber.Fiber<unknown, unknown>> = []
      for (let n = 0; n < 400; n++) {
        const fiber = yield* Effect.forkChild(ways[upTo(ways.length)]!())
        fibers.push(fiber)
        yield* TestClock.adjust(upTo(4))
        if (upTo(10) === 0) fibers[upTo(fibers.length)]!.interruptUnsafe()
      }
      yield* TestClock.adjust("1 second")
      yield* Effect.forEach(fibers, (fiber) => Fiber.await(fiber))
      assert.strictEqual(most, concurrency)
      assert.isAtMost(world.peak, 3)
      assert.deepStrictEqual(Array.from(users.values()).filter((left) => left !== 0), [])
      yield* TestClock.adjust("1 minute")
      yield* assertWhole(session, world, 2)
    }))

  it.effect("lends what nobody has before what is shared", () =>
    Effect.gen(function*() {
      const { session, world } = yield* sharing(0, { size: 2 })
      const leases = yield* lend(session, 4)
      const seen = ids(leases.map(({ resource }) => resource))
      assert.notStrictEqual(seen[0], seen[1])
      assert.sameMembers([seen[2], seen[3]], [1, 2])
      assert.strictEqual((yield* Effect.flip(session.tryCheckout()))._tag, "PoolFull")
      yield* checkinAll(session, ...leases)
      yield* assertWhole(session, world, 2)
    }))

  it.effect("opens no more than those who wait need (C-11)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 4, concurrency: 4, start: "lazy" })
      world.open = () => Effect.sleep("1 second")
      const users = yield* Effect.forEach(Array.from({ length: 9 }), () =>
        forkSettled(session.use(() => Effect.sleep(10))))
      assert.deepStrictEqual(yield* numbers(session), { opening: 3, waiting: 9 })
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.joinAll(users)
      yield* assertWhole(session, world, 3)
    }))

  it.effect("who waits is served, in order, by whoever leaves first (E-2)", () =>
    Effect.gen(function*() {
      const { a, b, session } = yield* sharing(2)
      const order: Array<number> = []
      const waiters = yield* Effect.forEach([1, 2, 3], (n) =>
        forkSettled(session.use(() => Effect.andThen(Effect.sync(() => order.push(n)), Effect.sleep("1 second")))))
      yield* session.checkin(b)
      yield* settle
      assert.deepStrictEqual(order, [1])
      yield* session.checkin(a)
      yield* settle
      assert.deepStrictEqual(order, [1, 2])
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.joinAll(waiters)
    }))

  it.effect("what breaks for one of them is lent to nobody new, and closed when the others are through with it", () =>
    Effect.gen(function*() {
      const breaks: ReadonlyArray<(session: Session) => Effect.Effect<unknown, unknown>> = [
        (session) => session.use(() => Effect.die("bug")),
        (session) => session.use(() => Effect.fail(new Broken())),
        (session) => Effect.timeout(session.use(() => Effect.never), 0),
        (session) => Effect.flatMap(session.checkout(), (lease) => session.destroyed(lease)),
        (session) => Effect.flatMap(session.checkout(), () => Effect.die("owner"))
      ]
      for (const run of breaks) {
        const { a, session, world } = yield* sharing(1, { isBroken: () => true })
        const breaking = yield* forkSettled(run(session))
        yield* TestClock.adjust(0)
        yield* Fiber.await(breaking)
        yield* settle
        assert.strictEqual(a.resource, world.opened[0])
        assert.deepStrictEqual(world.closed, [])
        const next = yield* forkSettled(session.use(id))
        assert.isTrue(isWaiting(next))
        yield* session.checkin(a)
        assert.strictEqual(yield* Fiber.join(next), 2)
        yield* assertWhole(session, world, 1)
      }
    }))

  it.effect("the death of a resource ends all its leases at once; their holders find that out (E-3)", () =>
    Effect.gen(function*() {
      const { a, b, session, world } = yield* sharing(2)
      yield* world.kill(a.resource)
      yield* settle
      assert.deepStrictEqual([a.isLive, b.isLive], [false, false])
      yield* checkinAll(session, a, b)
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.begun, 2)
    }))

  it.effect("past its lifetime nobody new has it, and those who have it are left in peace (G-7)", () =>
    Effect.gen(function*() {
      const { a, session, world } = yield* sharing(1, { maxLifetime: "1 minute", lifetimeJitter: 0 })
      yield* TestClock.adjust("2 minutes")
      const next = yield* forkSettled(session.use(id))
      assert.isTrue(isWaiting(next))
      assert.strictEqual(a.resource, world.opened[0])
      yield* session.checkin(a)
      assert.strictEqual(yield* Fiber.join(next), 2)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("evicted, it goes when the last has left; the predicate sees it once (F-5)", () =>
    Effect.gen(function*() {
      const { a, b, session, world } = yield* sharing(2)
      assert.strictEqual(yield* session.evict(() => true), 1)
      yield* session.checkin(a)
      yield* settle
      assert.deepStrictEqual(world.closed, [])
      yield* session.checkin(b)
      yield* assertWhole(session, world, 1)
      assert.deepStrictEqual(ids(world.closed), [1])
    }))

  it.effect("maxUses counts each borrower (L12)", () =>
    Effect.gen(function*() {
      const { session, world } = yield* sharing(0, { maxUses: 3 })
      const seen: Array<number> = []
      for (let n = 0; n < 7; n++) seen.push(yield* session.use(id))
      assert.deepStrictEqual(seen, [1, 1, 1, 2, 2, 2, 3])
      yield* assertWhole(session, world, 1)
    }))

  it.effect("a lease held too long is revoked by itself, and named by itself (Q10)", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const { a, session } = yield* sharing(1, { leaseTimeout: { after: "1 minute", action: "revoke" } })
        yield* TestClock.adjust("30 seconds")
        const [b] = yield* lend(session, 1)
        yield* TestClock.adjust("30 seconds")
        assert.deepStrictEqual([a.isLive, b!.isLive], [false, true])
        assert.deepStrictEqual(lines.map(({ message }) => message.includes(`lease ${a.id} is held`)), [true])
        yield* session.checkin(b!)
      })
    ))

  it.effect("is taken out of the pool only by who is alone with it (C12)", () =>
    Effect.gen(function*() {
      const { a, b, session, world } = yield* sharing(2)
      assert.include(yield* defect(Effect.scoped(session.detach(a))), "shares its resource with others")
      assert.deepStrictEqual([a.isLive, b.isLive], [true, true])
      yield* session.checkin(b)
      yield* Effect.scoped(session.detach(a))
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.begun, 2)
    }))
})
