/** A resource leaves the pool for good, unclosed: puddle's `Hijack`, deadpool's `Object::take` (C12). */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { crash } from "../support/crash.ts"
import { withCounters } from "../support/liveFibers.ts"
import { withLogs } from "../support/logs.ts"
import { id, ids } from "../support/resources.ts"
import { assertWhole, counts, drain, forkSettled, lend, settle, World } from "../support/world.ts"
import { sweep } from "../support/yieldSweep.ts"

/** What it dies with. */
const defect = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<unknown, A, R> =>
  Effect.flip(Effect.catchDefect(effect, (defect) => Effect.fail(defect)))

describe("detach", () => {
  it.effect("gives the resource to the scope, which closes it; the pool has one more in its place (C12)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      const scope = yield* Scope.make()
      const lease = yield* session.checkout()
      const { resource } = lease
      assert.strictEqual(yield* Scope.provide(session.detach(lease), scope), resource)
      yield* settle
      assert.isFalse(lease.isLive)
      assert.deepStrictEqual(world.closed, [])
      assert.deepStrictEqual(yield* counts(session), { idle: 2 })
      assert.strictEqual(world.live, 3)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(world.closed, [resource])
      yield* assertWhole(session, world, 2)
    }))

  it.effect("frees the place at once: who waits for it is served by a new one", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const lease = yield* session.checkout()
      const waiter = yield* forkSettled(session.use(id))
      const scope = yield* Scope.make()
      yield* Scope.provide(session.detach(lease), scope)
      assert.strictEqual(yield* Fiber.join(waiter), 2)
      assert.deepStrictEqual(world.closed, [])
      yield* Scope.close(scope, Exit.void)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("of overflow opens nothing in its place where nobody waits", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, maxOverflow: 1 })
      const [base] = yield* lend(session, 1)
      const over = yield* session.checkout()
      const scope = yield* Scope.make()
      yield* Scope.provide(session.detach(over), scope)
      yield* settle
      assert.strictEqual(world.begun, 2)
      yield* session.checkin(base!)
      yield* Scope.close(scope, Exit.void)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("closes in the detached scope as the pool would have: finalizers in reverse order, with that scope's exit", () =>
    Effect.gen(function*() {
      const order: Array<string> = []
      const session = yield* Pool.make({
        size: 1,
        factory: Effect.gen(function*() {
          yield* Effect.addFinalizer((exit) => Effect.sync(() => order.push(`socket ${exit._tag}`)))
          yield* Effect.addFinalizer((exit) => Effect.sync(() => order.push(`session ${exit._tag}`)))
          return {}
        })
      })
      const scope = yield* Scope.make()
      yield* Scope.provide(Effect.flatMap(session.checkout(), session.detach), scope)
      assert.deepStrictEqual(order, [])
      yield* Scope.close(scope, Exit.fail("why"))
      assert.deepStrictEqual(order, ["session Failure", "socket Failure"])
    }))

  it.effect("twice dies with LeaseExpired, and changes nothing (F-1)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      const scope = yield* Scope.make()
      const lease = yield* session.checkout()
      yield* Scope.provide(session.detach(lease), scope)
      const again = yield* defect(Scope.provide(session.detach(lease), scope))
      assert(again instanceof Pool.LeaseExpired)
      assert.strictEqual(again.leaseId, lease.id)
      assert.deepStrictEqual(world.closed, [])
      yield* Scope.close(scope, Exit.void)
      yield* assertWhole(session, world, 2)
      assert.strictEqual(world.closed.length, 1)
    }))

  it.effect("of a lease that has ended dies with LeaseExpired, in whatever way it has ended", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ link: world.link })
      const ends = [
        (lease: Pool.Lease<unknown>) => session.checkin(lease),
        (lease: Pool.Lease<unknown>) => session.destroyed(lease),
        () => world.kill(world.opened.at(-1)!)
      ]
      for (const end of ends) {
        const lease = yield* session.checkout()
        yield* end(lease)
        yield* settle
        assert.instanceOf(yield* defect(Effect.scoped(session.detach(lease))), Pool.LeaseExpired)
        yield* assertWhole(session, world, 1)
      }
    }))

  it.effect("of a lease of another pool dies with ForeignLease, and changes nothing in either (F-2)", () =>
    Effect.gen(function*() {
      const [world, other] = [new World(), new World()]
      const session = yield* world.pool({ name: "a" })
      const foreign = yield* (yield* other.pool({ name: "b" })).checkout()
      const death = yield* defect(Effect.scoped(session.detach(foreign)))
      assert(death instanceof Pool.ForeignLease)
      assert.strictEqual(death.pool, "a")
      assert.isTrue(foreign.isLive)
      const none = yield* defect(Effect.scoped(session.detach({} as typeof foreign)))
      assert.strictEqual(String(none), "ForeignLease: pool \"a\": what was given for a lease is none")
      yield* assertWhole(session, world, 1)
      assert.deepStrictEqual(other.closed, [])
    }))

  it.effect("of the lease of a use takes it out of its hands: its end gives nothing back", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const scope = yield* Scope.make()
      yield* session.use((_, lease) => Scope.provide(session.detach(lease), scope))
      yield* settle
      assert.deepStrictEqual(world.closed, [])
      assert.deepStrictEqual(yield* counts(session), { idle: 1 })
      assert.strictEqual(world.live, 2)
      yield* Scope.close(scope, Exit.void)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("in a scope that is closed already closes it at once, and the pool is whole (C12)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      const scope = yield* Scope.make()
      yield* Scope.close(scope, Exit.void)
      const lease = yield* session.checkout()
      const { resource } = lease
      yield* Effect.exit(Scope.provide(session.detach(lease), scope))
      yield* settle
      assert.deepStrictEqual(world.closed, [resource])
      yield* assertWhole(session, world, 2)
    }))

  it("interrupted at whatever point leaves the resource to the scope or to the pool, and closes it once", async () => {
    const { points } = await sweep({
      maxOps: [3, 4, 5, 6, 7, 8, 12, 20],
      setup: Effect.orDie(Effect.gen(function*() {
        const world = new World()
        const of = Scope.makeUnsafe()
        const session = yield* Scope.provide(world.make({}), of)
        const lease = yield* session.checkout({ owner: "none" })
        return { world, session, lease, of, to: Scope.makeUnsafe() }
      })),
      run: ({ lease, session, to }) => Scope.provide(session.detach(lease), to),
      verify: ({ lease, of, session, to, world }, exit) =>
        Effect.gen(function*() {
          if (Exit.isSuccess(exit)) assert.deepStrictEqual(world.closed, [], "it is the scope's")
          yield* Scope.close(to, Exit.void)
          yield* session.checkin(lease)
          yield* assertWhole(session, world, 1)
          yield* Scope.close(of, Exit.void)
          assert.strictEqual(world.live, 0)
        })
    })
    assert.isAtLeast(points, 8)
  })

  it.effect("ends what the pool watched: a link, an owner, a lease's deadline (C12)", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const world = new World()
        let watching = 0
        const session = yield* world.pool({
          link: () =>
            Effect.acquireUseRelease(
              Effect.sync(() => watching++),
              () => Effect.never,
              () => Effect.sync(() => watching--)
            ),
          leaseTimeout: { after: "10 seconds", action: "revoke" }
        })
        yield* settle
        const scope = yield* Scope.make()
        const owner = yield* forkSettled(Effect.andThen(
          Effect.flatMap(session.checkout(), (lease) => Scope.provide(session.detach(lease), scope)),
          Effect.never
        ))
        yield* settle
        assert.strictEqual(watching, 1, "of the new one")
        yield* TestClock.adjust("1 minute")
        yield* Fiber.interrupt(owner)
        yield* settle
        assert.deepStrictEqual(world.closed, [])
        assert.deepStrictEqual(lines, [])
        yield* Scope.close(scope, Exit.void)
        yield* assertWhole(session, world, 1)
      })
    ))

  it.effect("leaves nothing of it to the end of the pool: what was detached lives on", () =>
    withCounters(({ fibers, sleeps }) =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.make({ size: 2, link: world.link })
        const scope = yield* Scope.make()
        const lease = yield* session.checkout()
        const { resource } = lease
        yield* Scope.provide(session.detach(lease), scope)
        assert.deepStrictEqual(yield* session.shutdown(), { drained: 0, forced: 0 })
        yield* settle
        assert.strictEqual(world.live, 1)
        assert.deepStrictEqual({ fibers: fibers(), sleeps: sleeps() }, { fibers: 0, sleeps: 0 })
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual(world.closed.at(-1), resource)
        yield* assertWhole(session, world, 0)
      })
    ))

  it.effect("during a shutdown lets it end: the lease is one that has ended by itself", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      const scope = yield* Scope.make()
      const lease = yield* session.checkout({ owner: "none" })
      const ending = yield* drain(session, { timeout: "1 minute" })
      assert.isUndefined(ending.pollUnsafe())
      yield* Scope.provide(session.detach(lease), scope)
      assert.deepStrictEqual(yield* Fiber.join(ending), { drained: 1, forced: 0 })
      assert.strictEqual(world.begun, 2, "and is not replaced")
      assert.strictEqual(world.live, 1)
      yield* Scope.close(scope, Exit.void)
      yield* assertWhole(session, world, 0)
    }))

  it.effect("after the shutdown has revoked the lease dies with LeaseExpired, and so it does after a crash", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      const lost = yield* session.checkout({ owner: "none" })
      yield* crash(session)
      assert.instanceOf(yield* defect(Effect.scoped(session.detach(lost))), Pool.LeaseExpired)
      yield* settle
      assert.instanceOf(yield* defect(Effect.scoped(session.detach(lost))), Pool.LeaseExpired)
      const lease = yield* session.checkout({ owner: "none" })
      yield* session.shutdown({ mode: "now" })
      assert.instanceOf(yield* defect(Effect.scoped(session.detach(lease))), Pool.LeaseExpired)
      yield* assertWhole(session, world, 0)
    }))

  it.effect("through a session that was dropped works: it is no new checkout", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const clone = yield* session.clone
      const lease = yield* session.checkout()
      yield* clone.drop
      yield* Effect.scoped(Effect.gen(function*() {
        assert.deepStrictEqual(yield* clone.detach(lease), { id: 1 })
        assert.deepStrictEqual(ids(world.closed), [])
      }))
      assert.deepStrictEqual(ids(world.closed), [1])
      yield* assertWhole(session, world, 1)
    }))

  it.effect("is not held up by a slow opening in its place, nor by anybody who waits", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const lease = yield* session.checkout()
      yield* forkSettled(Effect.exit(session.checkout({ owner: "none" })))
      const gate = Deferred.makeUnsafe<void>()
      world.open = () => Deferred.await(gate)
      const scope = yield* Scope.make()
      yield* Scope.provide(session.detach(lease), scope)
      assert.deepStrictEqual(yield* counts(session), { opening: 1, waiting: 1 })
      Deferred.doneUnsafe(gate, Exit.void)
      yield* settle
      assert.deepStrictEqual(yield* counts(session), { lent: 1 })
      yield* Scope.close(scope, Exit.void)
    }))
})
