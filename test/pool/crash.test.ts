import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Core } from "../../src/pool/internal/core.ts"
import { withCounters } from "../support/liveFibers.ts"
import { withLogs } from "../support/logs.ts"
import { assertWhole, counts, forkSettled, lend, type Session, settle, tagsOf, World } from "../support/world.ts"

/** The supervisor actor gets a message that it cannot understand, and dies of it. */
const crash = (session: Session): Effect.Effect<void> =>
  Effect.gen(function*() {
    const cores: Array<Core> = []
    const post = Core.prototype.post
    Core.prototype.post = function(message) {
      cores.push(this)
      return post.call(this, message)
    }
    yield* Effect.ensuring(session.status, Effect.sync(() => Core.prototype.post = post))
    cores[0]!.post({ _tag: "Nonsense" } as never)
  })

describe("after a crash of the supervisor actor", () => {
  it.effect("its waiters fail with PoolCrashed, however they wait", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ name: "db" })
      yield* lend(session, 1)
      const waiters = yield* Effect.forEach([
        session.checkout(),
        session.use(() => Effect.void),
        Effect.scoped(session.scoped()),
        session.checkout({ timeout: "infinity" })
      ], (waiting) => forkSettled(Effect.asVoid(waiting)))
      yield* crash(session)
      assert.deepStrictEqual(yield* tagsOf(waiters), waiters.map(() => "PoolCrashed"))
    }))

  it.effect("an asker whose grant was on its way is told, too", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ size: 2 })
      const leases = yield* lend(session, 2)
      const waiters = [yield* forkSettled(session.checkout()), yield* forkSettled(session.use(() => Effect.never))]
      yield* Effect.forEach(leases, (lease) => session.checkin(lease))
      yield* crash(session)
      assert.deepStrictEqual(yield* tagsOf(waiters), ["PoolCrashed", "PoolCrashed"])
    }))

  it.effect("later calls fail with PoolCrashed, what gives back does nothing, and nothing hangs", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2 })
      const [lease] = yield* lend(session, 1)
      yield* crash(session)
      const errors = [
        yield* Effect.flip(session.checkout()),
        yield* Effect.flip(session.checkout({ timeout: 0 })),
        yield* Effect.flip(session.tryCheckout()),
        yield* Effect.flip(session.use(() => Effect.void)),
        yield* Effect.flip(Effect.scoped(session.scoped()))
      ]
      assert.deepStrictEqual(errors.map(({ _tag }) => _tag), errors.map(() => "PoolCrashed"))
      assert.isFalse(lease!.isLive)
      yield* session.checkin(lease!)
      yield* session.destroyed(lease!)
      yield* session.adopt(lease!)
      yield* session.drop
      assert.deepStrictEqual(yield* counts(session), {})
      assert.strictEqual((yield* session.status).state, "closed")
      yield* session.shutdown()
      yield* session.awaitShutdown
      yield* assertWhole(session, world, 0)
    }))

  it.effect("its resources are closed once: idle, lent and still opening", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, maxOverflow: 1 })
      yield* lend(session, 2)
      world.open = () => Effect.never
      yield* forkSettled(Effect.exit(session.checkout()))
      yield* crash(session)
      yield* settle
      assert.strictEqual(world.live, 0)
      assert.deepStrictEqual(world.problems, [])
    }))

  it.effect("a use that runs ends with its own exit", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const using = yield* forkSettled(session.use(() => Effect.as(Effect.sleep("1 second"), "undisturbed")))
      yield* crash(session)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(using), "undisturbed")
    }))

  it.effect("those who awaited the shutdown have their end", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      yield* lend(session, 1)
      const awaiting = [yield* forkSettled(session.awaitShutdown), yield* forkSettled(session.shutdown())]
      yield* crash(session)
      assert.lengthOf(yield* Fiber.joinAll(awaiting), 2)
    }))

  it.effect("nothing is left: no fiber, no timer, no observer; and closing the scope ends", () =>
    withCounters(({ fibers, sleeps }) =>
      Effect.gen(function*() {
        const world = new World()
        const scope = yield* Scope.make()
        const session = yield* Scope.provide(world.make({ size: 2 }), scope)
        yield* session.checkout()
        yield* session.checkout()
        yield* forkSettled(Effect.exit(session.checkout()))
        assert.strictEqual(sleeps(), 1)
        yield* crash(session)
        yield* Scope.close(scope, Exit.void)
        yield* settle
        assert.strictEqual(sleeps(), 0)
        assert.strictEqual(fibers(), 0)
        assert.strictEqual(world.live, 0)
      })
    ))

  it.effect("closing the scope waits for closings no longer than closeTimeout", () =>
    Effect.gen(function*() {
      const world = new World()
      world.close = () => Effect.never
      const scope = yield* Scope.make()
      const session = yield* Scope.provide(world.make({ closeTimeout: "2 seconds" }), scope)
      yield* crash(session)
      const closing = yield* forkSettled(Scope.close(scope, Exit.void))
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(closing)
    }))

  it.effect("one line says so, at level error", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({ name: "db" })
        yield* crash(session)
        yield* settle
        assert.deepStrictEqual(lines.map(({ level }) => level), ["Error"])
        assert.match(lines[0]!.message, /"db".*crashed/)
      })
    ))
})

it.effect("a crash never throws into whoever happened to send the message", () =>
  Effect.gen(function*() {
    const session = yield* new World().pool({})
    assert.isTrue(Exit.isSuccess(yield* Effect.exit(crash(session))))
  }))
