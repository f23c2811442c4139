/** Where a pool stands: in a tree, which may or may not start it again; in nobody's; or twice. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { Actor, ExitReason, Supervisor } from "whitepool/actor"
import { withCounters } from "../support/liveFibers.ts"
import { assertWhole, counts, forkSettled, OpenError, type Session, settle, tagsOf, World } from "../support/world.ts"

type Options = Partial<Parameters<World["make"]>[0]>

const specOf = (world: World, options: Options = {}) =>
  Pool.childSpec("db", { factory: world.factory, size: 1, ...options })

const refOf = (tree: Supervisor.Supervisor<never>) =>
  Effect.map(tree.whichChildren, (children) => {
    const child = children[0]!.child
    assert(child !== undefined && child !== "restarting" && "exit" in child)
    return child
  })

/** Two who would wait for ever for an incarnation that never comes. */
const patient = (session: Session) =>
  Effect.all({
    asking: forkSettled(session.use(() => Effect.void, { timeout: "infinity" })),
    awaiting: forkSettled(session.awaitShutdown)
  })

describe("a pool that its supervisor does not start again", () => {
  it.effect("temporary: its crash is the end, for those who ask and for those who await it", () =>
    Effect.gen(function*() {
      const { session, spec } = yield* specOf(new World())
      const tree = yield* Supervisor.make({}, [{ ...spec, restart: "temporary" }])
      const before = yield* patient(session)
      yield* (yield* refOf(tree)).exit(ExitReason.killed)
      yield* Fiber.join(before.awaiting)
      const after = yield* patient(session)
      assert.deepStrictEqual(yield* tagsOf([after.asking]), ["PoolCrashed"])
      yield* Fiber.join(after.awaiting)
    }))

  it.effect("transient: more deaths than restartIntensity allows are the end of it, though its tree goes on", () =>
    Effect.gen(function*() {
      const world = new World()
      const restartIntensity = { intensity: 0, period: "1 second" } as const
      const { session, spec } = yield* specOf(world, { link: world.link, restartIntensity })
      const tree = yield* Supervisor.make({}, [{ ...spec, restart: "transient" }])
      yield* session.use(world.kill)
      yield* settle
      const { asking, awaiting } = yield* patient(session)
      const error = yield* Effect.flip(Fiber.join(asking))
      assert(error._tag === "PoolCrashed")
      assert(error.reason._tag === "Shutdown" && error.reason.detail instanceof Pool.RestartIntensityExceeded)
      yield* Fiber.join(awaiting)
      // Somebody who starts it by hand has a pool again.
      yield* tree.restartChild("db")
      yield* session.use(() => Effect.void)
    }))

  it.effect("transient: a shutdown between crash and restart is the end, and the restart starts nothing", () =>
    Effect.gen(function*() {
      const world = new World()
      world.close = () => Effect.sleep("2 seconds")
      const { session, spec } = yield* specOf(world)
      const tree = yield* Supervisor.make({}, [{ ...spec, restart: "transient" }])
      yield* (yield* refOf(tree)).exit(ExitReason.killed)
      yield* settle
      const ending = yield* forkSettled(session.shutdown())
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(ending)
      yield* settle
      assert.strictEqual((yield* session.status).state, "closed")
      assert.strictEqual(world.begun, 1)
      assert.strictEqual((yield* Effect.flip(session.checkout()))._tag, "PoolClosed")
      world.close = () => Effect.void
      yield* tree.restartChild("db")
      yield* session.use(() => Effect.void)
    }))

  it.effect("startChild that fails: who waits is told of it", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => Effect.fail(new OpenError({ id }))
      const { session, spec } = yield* specOf(world)
      const tree = yield* Supervisor.make({}, [])
      const { asking } = yield* patient(session)
      assert.strictEqual((yield* Effect.flip(tree.startChild(spec))).reason, "start_failed")
      assert.strictEqual(
        (yield* Effect.flip(Fiber.join(asking))).message,
        "pool \"db\" has crashed: Crash(OpenError)"
      )
    }))
})

describe("a pool that is started by hand", () => {
  it.effect("works in its scope; when it crashes nobody waits for another one, and nothing is left", () =>
    withCounters(({ fibers, sleeps }) =>
      Effect.gen(function*() {
        const { session, spec } = yield* specOf(new World())
        const scope = yield* Scope.make()
        const ref = yield* Scope.provide(spec.start, scope)
        assert("exit" in ref)
        yield* session.use(() => Effect.void)
        yield* ref.exit(ExitReason.killed)
        yield* settle
        const { asking, awaiting } = yield* patient(session)
        assert.deepStrictEqual(yield* tagsOf([asking]), ["PoolCrashed"])
        yield* Fiber.join(awaiting)
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual(fibers(), 0)
        assert.strictEqual(sleeps(), 0)
      })
    ))

  it.effect("in a scope that closes meanwhile, at whatever step, leaves nothing behind, and nobody waiting", () =>
    Effect.gen(function*() {
      for (let step = 0; step < 12; step++) {
        const world = new World()
        world.open = () => Effect.yieldNow
        const { session, spec } = yield* specOf(world, { size: 2 })
        const scope = yield* Scope.make()
        const starting = yield* Effect.forkChild(Scope.provide(spec.start, scope))
        for (let i = 0; i < step; i++) yield* Effect.yieldNow
        yield* Scope.close(scope, Exit.void)
        yield* Fiber.await(starting)
        yield* session.shutdown()
        yield* assertWhole(session, world, 0)
        yield* Effect.scoped(Effect.andThen(Supervisor.make({}, [spec]), session.use(() => Effect.void)))
      }
    }))

  it.effect("in a scope that is closed already fails, and leaves nothing behind", () =>
    withCounters(({ fibers }) =>
      Effect.gen(function*() {
        const world = new World()
        const { session, spec } = yield* specOf(world)
        const scope = yield* Scope.make()
        yield* Scope.close(scope, Exit.void)
        assert.isTrue(Exit.isFailure(yield* Effect.exit(Scope.provide(spec.start, scope))))
        yield* session.shutdown()
        yield* settle
        assert.strictEqual(fibers(), 0)
        assert.strictEqual(world.live, 0)
      })
    ))
})

describe("a pool that is started twice", () => {
  it.effect("in two trees at once: the second one is refused, the first goes on undisturbed", () =>
    Effect.gen(function*() {
      const world = new World()
      const { session, spec } = yield* specOf(world)
      const scope = yield* Scope.make()
      yield* Scope.provide(Supervisor.make({}, [spec]), scope)
      const lease = yield* session.checkout()
      const error = yield* Effect.flip(Supervisor.make({}, [spec]))
      assert(error._tag === "StartFailed" && error.reason._tag === "Shutdown")
      assert(error.reason.detail instanceof Supervisor.SupervisorError)
      assert.match(String(error.reason.detail.cause), /already_started/)
      assert.isTrue(lease.isLive)
      yield* session.checkin(lease)
      yield* assertWhole(session, world, 1)
      // One after the other is something else.
      yield* Scope.close(scope, Exit.void)
      yield* Supervisor.make({}, [spec])
      yield* session.use(() => Effect.void)
    }))

  it.effect("by a supervisor that did not wait for it: nothing opens before the old resources are closed", () =>
    Effect.gen(function*() {
      const world = new World()
      world.close = () => Effect.sleep("20 seconds")
      const { session, spec } = yield* specOf(world, { closeTimeout: "1 minute" })
      const tree = yield* Supervisor.make({}, [{ ...spec, shutdown: "brutal_kill" }])
      yield* (yield* refOf(tree)).exit(ExitReason.killed)
      yield* TestClock.adjust("19 seconds")
      assert.strictEqual(world.begun, 1)
      assert.deepStrictEqual(yield* counts(session), { closing: 1 })
      world.close = () => Effect.void
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.strictEqual(world.begun, 2)
      yield* session.use(() => Effect.void)
    }))
})

describe("Pool.make inside a child's start", () => {
  /** A child that has a pool of its own, as any program may. */
  const app = (world: World) =>
    Effect.gen(function*() {
      const made = yield* Deferred.make<Session>()
      const scope = yield* Scope.make()
      const start = Effect.gen(function*() {
        yield* Deferred.succeed(made, yield* world.make({}))
        return yield* Actor.spawn<string>({ receive: () => {} })
      })
      yield* Scope.provide(Supervisor.make({}, [{ id: "app", start }]), scope)
      return { session: yield* Deferred.await(made), close: Scope.close(scope, Exit.void) }
    })

  it.effect("a lease that the closing fiber has forgotten does not hold the tree up", () =>
    Effect.gen(function*() {
      const world = new World()
      const { close, session } = yield* app(world)
      const lease = yield* session.checkout()
      yield* close
      assert.isFalse(lease.isLive)
      yield* assertWhole(session, world, 0)
    }))

  it.effect("a lease that somebody else holds is waited for", () =>
    Effect.gen(function*() {
      const { close, session } = yield* app(new World())
      const using = yield* forkSettled(session.use(() => Effect.sleep("1 second")))
      const closing = yield* forkSettled(close)
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(using)
      yield* Fiber.join(closing)
    }))
})

describe("the ref of a pool in a tree", () => {
  it.effect("exit(Normal), and a linked actor that ends Normal, change nothing: it has not done what it is for", () =>
    Effect.gen(function*() {
      const { session, spec } = yield* specOf(new World())
      const tree = yield* Supervisor.make({}, [spec])
      const ref = yield* refOf(tree)
      yield* ref.exit(ExitReason.normal)
      const friend = yield* Actor.spawn<string>({ init: (context) => context.link(ref), receive: () => {} })
      yield* friend.stop()
      yield* settle
      assert.isTrue(yield* ref.isAlive)
      assert.strictEqual((yield* session.status).state, "ready")
    }))
})
