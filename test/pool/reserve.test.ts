/** A lease of a shared resource has it alone for a while (C7); Effect's `Pool.reserve` is the peer. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { ExitReason, Supervisor } from "whitepool/actor"
import { crash } from "../support/crash.ts"
import { checkinAll, endOf, type Lease, reserving, sharing } from "../support/reserving.ts"
import { id } from "../support/resources.ts"
import { isWaiting } from "../support/waiting.ts"
import { assertWhole, drain, forkSettled, lend, type Session, settle, World } from "../support/world.ts"

const leases = (session: Session) => Effect.map(session.status, ({ leases, waiting }) => ({ leases, waiting }))

describe("reserve", () => {
  it.effect("is there at once for who is alone, and nobody new shares it until the scope closes (C7)", () =>
    Effect.gen(function*() {
      const { a, session, world } = yield* sharing(1)
      const { close, fiber } = yield* reserving(session, a)
      assert.strictEqual(endOf(fiber), "alone")
      const waiter = yield* forkSettled(session.use(id))
      assert.isTrue(isWaiting(waiter))
      assert.strictEqual((yield* Effect.flip(session.tryCheckout()))._tag, "PoolFull")
      yield* close
      assert.strictEqual(yield* Fiber.join(waiter), 1)
      assert.isTrue(a.isLive)
      yield* session.checkin(a)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("waits for all others, however they give it back", () =>
    Effect.gen(function*() {
      const { a, b, c, session } = yield* sharing(3, { onAbandoned: "checkin" })
      const owner = yield* forkSettled(Effect.andThen(session.checkout(), Effect.never))
      const { fiber } = yield* reserving(session, a)
      yield* session.checkin(b)
      yield* session.destroyed(c)
      yield* settle
      assert.strictEqual(endOf(fiber), "waits")
      yield* Fiber.interrupt(owner)
      yield* settle
      assert.strictEqual(endOf(fiber), "alone")
      yield* session.checkin(a)
    }))

  it.effect("meanwhile others have another resource, if there is room for one", () =>
    Effect.gen(function*() {
      const { a, b, session, world } = yield* sharing(2, { maxOverflow: 1 })
      const { close } = yield* reserving(session, a)
      assert.strictEqual(yield* session.use(id), 2)
      yield* close
      yield* checkinAll(session, a, b)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("interrupted while it waits reserves nothing, and the lease goes on (B-6)", () =>
    Effect.gen(function*() {
      const { a, b, session, world } = yield* sharing(2)
      const { close, fiber } = yield* reserving(session, a)
      const waiter = yield* forkSettled(session.use(id))
      assert.isTrue(isWaiting(waiter))
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* Fiber.join(waiter), 1)
      assert.isTrue(a.isLive)
      yield* close
      yield* checkinAll(session, a, b)
      yield* assertWhole(session, world, 1)
    }))

  const ends: ReadonlyArray<
    [string, (given: { session: Session; a: Lease; b: Lease; world: World }) => Effect.Effect<unknown>]
  > = [
    ["it is given back", ({ a, session }) => session.checkin(a)],
    ["it is destroyed", ({ a, session }) => session.destroyed(a)],
    ["the resource dies (B-21)", ({ world }) => world.kill(world.opened[0]!)],
    ["the pool is shut down now", ({ session }) => session.shutdown({ mode: "now" })],
    ["the pool crashes", ({ session }) => crash(session)],
    ["all of them end in one turn", ({ a, b, session }) => Effect.andThen(session.checkin(b), session.destroyed(a))]
  ]

  it.effect.each(ends)("dies with LeaseExpired if the lease ends first: %s", ([, end]) =>
    Effect.gen(function*() {
      for (const first of [true, false]) {
        const { a, b, session, world } = yield* sharing(2)
        const [mine, other] = first ? [a, b] : [b, a]
        const { close, fiber } = yield* reserving(session, mine)
        yield* end({ session, a: mine, b: other, world })
        yield* settle
        assert.isFalse(mine.isLive)
        assert.strictEqual(endOf(fiber), "LeaseExpired")
        yield* close
        yield* checkinAll(session, mine, other)
        yield* settle
        const { state } = yield* session.status
        if (state !== "closed") assert.strictEqual(yield* session.use(() => Effect.succeed("works")), "works")
      }
    }))

  it.effect("of a lease that has ended dies with LeaseExpired, and of one of another pool with ForeignLease (F-2)", () =>
    Effect.gen(function*() {
      const { a, b, session } = yield* sharing(2)
      const { a: foreign } = yield* sharing(1, { name: "other" })
      yield* session.checkin(a)
      assert.strictEqual(endOf((yield* reserving(session, a)).fiber), "LeaseExpired")
      assert.strictEqual(endOf((yield* reserving(session, foreign)).fiber), "ForeignLease")
      yield* session.shutdown({ mode: "now" })
      assert.strictEqual(endOf((yield* reserving(session, b)).fiber), "LeaseExpired")
    }))

  it.effect("two of one resource: the second fails with ReservationConflict, and the first is served", () =>
    Effect.gen(function*() {
      const { a, b, session } = yield* sharing(2, { name: "db" })
      const first = yield* reserving(session, a)
      const error = yield* Effect.flip(Effect.scoped(session.reserve(b)))
      assert(error instanceof Pool.ReservationConflict)
      assert.deepStrictEqual([error.pool, error.leaseId], ["db", b.id])
      assert.include(error.message, `lease than ${b.id}`)
      assert.isTrue(b.isLive)
      yield* session.checkin(b)
      yield* settle
      assert.strictEqual(endOf(first.fiber), "alone")
      yield* first.close
      const [c] = yield* lend(session, 1)
      yield* session.checkin(a)
      assert.strictEqual(endOf((yield* reserving(session, c!)).fiber), "alone")
    }))

  it.effect("twice by one lease holds until both scopes have closed", () =>
    Effect.gen(function*() {
      const { a, session } = yield* sharing(1)
      const [first, second] = [yield* reserving(session, a), yield* reserving(session, a)]
      const waiter = yield* forkSettled(session.use(id))
      yield* first.close
      yield* settle
      assert.isTrue(isWaiting(waiter))
      yield* second.close
      assert.strictEqual(yield* Fiber.join(waiter), 1)
    }))

  it.effect("with a concurrency of 1 is there at once, time after time", () =>
    Effect.gen(function*() {
      const { session, world } = yield* sharing(0, { concurrency: 1 })
      for (let n = 0; n < 3; n++) {
        const lease = yield* session.checkout()
        const { close, fiber } = yield* reserving(session, lease)
        assert.strictEqual(endOf(fiber), "alone")
        yield* session.checkin(lease)
        yield* close
      }
      yield* assertWhole(session, world, 1)
    }))

  it.effect("works from within a use, and ends with it", () =>
    Effect.gen(function*() {
      const { session, world } = yield* sharing(0)
      const used = yield* session.use((_, lease) =>
        Effect.gen(function*() {
          yield* session.reserve(lease)
          assert.strictEqual((yield* Effect.flip(session.tryCheckout()))._tag, "PoolFull")
          return "used"
        }).pipe(Effect.scoped)
      )
      assert.strictEqual(used, "used")
      assert.deepStrictEqual(yield* leases(session), { leases: 0, waiting: 0 })
      yield* assertWhole(session, world, 1)
    }))

  it.effect("works where nothing may interrupt it, as in what acquires something else", () =>
    Effect.gen(function*() {
      const { a, b, session, world } = yield* sharing(2)
      const acquiring = yield* forkSettled(
        Effect.scoped(Effect.acquireRelease(session.reserve(a), () => session.checkin(a)))
      )
      assert.strictEqual(endOf(acquiring), "waits")
      yield* session.checkin(b)
      yield* settle
      assert.strictEqual(endOf(acquiring), "alone")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("does not keep a shutdown from ending, nor a later scope from closing", () =>
    Effect.gen(function*() {
      const { a, b, session } = yield* sharing(2)
      const { close, fiber } = yield* reserving(session, a)
      const end = yield* drain(session, { timeout: "1 minute" })
      yield* session.checkin(b)
      yield* settle
      assert.strictEqual(endOf(fiber), "alone")
      assert.isTrue(isWaiting(end))
      yield* session.checkin(a)
      assert.deepStrictEqual(yield* Fiber.join(end), { drained: 2, forced: 0 })
      yield* close
    }))

  it.effect("who waits for a reserved resource has his own deadline all the same (J-2)", () =>
    Effect.gen(function*() {
      const { a, session } = yield* sharing(1)
      yield* reserving(session, a)
      const waiter = yield* forkSettled(session.use(id, { timeout: "1 second" }))
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Effect.flip(Fiber.join(waiter)))._tag, "CheckoutTimeout")
      assert.deepStrictEqual(yield* leases(session), { leases: 1, waiting: 0 })
    }))

  it.effect("of a pool whose actor dies just then is answered: it was never heard (B-21)", () =>
    Effect.gen(function*() {
      const { factory } = new World()
      const { session, spec } = yield* Pool.childSpec("db", { factory, size: 1, concurrency: 2 })
      const tree = yield* Supervisor.make({}, [spec])
      const [a, b] = yield* lend(session, 2)
      const actor = (yield* tree.whichChildren)[0]!.child
      assert(actor !== undefined && actor !== "restarting" && "exit" in actor)
      const waiting = yield* reserving(session, a!)
      // A message to one that is condemned, and has not ended yet.
      const late = yield* Effect.andThen(
        actor.exit(ExitReason.killed),
        Effect.forkChild(Effect.scoped(session.reserve(b!)), { startImmediately: true })
      )
      yield* settle
      assert.deepStrictEqual([a!.isLive, b!.isLive], [false, false])
      assert.deepStrictEqual([endOf(waiting.fiber), endOf(late)], ["LeaseExpired", "LeaseExpired"])
      assert.strictEqual(yield* session.use(() => Effect.succeed("works")), "works")
    }))
})
