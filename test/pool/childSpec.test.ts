import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { Actor, ExitReason, Registry, Supervisor } from "whitepool/actor"
import type { Oneshot } from "whitepool/channel"
import { withCounters } from "../support/liveFibers.ts"
import { assertWhole, counts, forkSettled, lend, OpenError, settle, tagsOf, World } from "../support/world.ts"

type Options = Partial<Parameters<World["make"]>[0]>

const specOf = (world: World, options: Options = {}, id = "db") =>
  Pool.childSpec(id, { factory: world.factory, size: 1, ...options })

/** A pool in a tree of its own, with all the invariants checked. */
const planted = (world: World, options: Options = {}, flags: Supervisor.Flags = { intensity: 3 }) =>
  Effect.gen(function*() {
    const { session, spec } = yield* specOf(world, options)
    const tree = yield* Supervisor.make(flags, [spec])
    return { session, tree }
  }).pipe(Effect.provideService(Pool.CheckInvariants, true))

/** The supervisor actor, as its parent knows it. */
const refOf = (tree: Supervisor.Supervisor<never>) =>
  Effect.map(tree.whichChildren, (children) => {
    const child = children[0]!.child
    assert(child !== undefined && child !== "restarting" && "exit" in child)
    return child
  })

describe("Pool.childSpec", () => {
  it.effect("a pool killed through its child's ref: waiters fail, resources close once, the same session goes on", () =>
    Effect.gen(function*() {
      const world = new World()
      const { session, tree } = yield* planted(world, { size: 2 })
      yield* lend(session, 2)
      const waiters = [
        yield* forkSettled(Effect.asVoid(session.checkout())),
        yield* forkSettled(session.use(() => Effect.void))
      ]
      yield* (yield* refOf(tree)).exit(ExitReason.killed)
      for (const waiter of waiters) {
        const error = yield* Effect.flip(Fiber.join(waiter))
        assert(error._tag === "PoolCrashed")
        assert.deepStrictEqual(error.reason, ExitReason.killed)
      }
      assert.oneOf(yield* session.use(({ id }) => Effect.succeed(id)), [3, 4])
      yield* assertWhole(session, world, 2)
      assert.deepStrictEqual(world.closed.map(({ id }) => id).sort((a, b) => a - b), [1, 2])
      assert.strictEqual((yield* tree.whichChildren)[0]!.restarts, 1)
    }))

  it.effect("what is asked while it dies was never heard: the next incarnation answers", () =>
    Effect.gen(function*() {
      const { session, tree } = yield* planted(new World(), { size: 3 })
      const ref = yield* refOf(tree)
      // A message to one that is condemned, and has not ended yet.
      const asking = [
        Effect.flatMap(session.checkout(), (lease) => session.checkin(lease)),
        session.use(() => Effect.void),
        Effect.scoped(session.scoped())
      ]
      const fibers = yield* Effect.andThen(
        ref.exit(ExitReason.killed),
        Effect.forEach(asking, (ask) => Effect.forkChild(Effect.asVoid(ask), { startImmediately: true }))
      )
      assert.strictEqual((yield* Effect.flip(session.use(() => Effect.void, { timeout: 0 })))._tag, "CheckoutTimeout")
      assert.strictEqual((yield* Effect.flip(session.tryCheckout()))._tag, "PoolFull")
      yield* Fiber.joinAll(fibers)
    }))

  it.effect("an abnormal exit signal is a crash, with that reason", () =>
    Effect.gen(function*() {
      const { session, tree } = yield* planted(new World())
      yield* lend(session, 1)
      const waiter = yield* forkSettled(session.checkout())
      const ref = yield* refOf(tree)
      yield* ref.exit(ExitReason.noProcess)
      const error = yield* Effect.flip(Fiber.join(waiter))
      assert(error._tag === "PoolCrashed")
      assert.deepStrictEqual(error.reason, ExitReason.noProcess)
      assert.deepStrictEqual(yield* ref.awaitExit, ExitReason.noProcess)
      yield* session.use(() => Effect.void)
    }))

  it.effect("exit(Shutdown) drains it; as it is permanent, the next incarnation follows", () =>
    Effect.gen(function*() {
      const world = new World()
      const { session, tree } = yield* planted(world)
      const [lease] = yield* lend(session, 1)
      const ref = yield* refOf(tree)
      yield* ref.exit(ExitReason.shutdown)
      yield* settle
      assert.strictEqual((yield* session.status).state, "draining")
      yield* session.checkin(lease!)
      assert.deepStrictEqual(yield* ref.awaitExit, ExitReason.normal)
      yield* settle
      assert.strictEqual(yield* session.use(({ id }) => Effect.succeed(id)), 2)
    }))

  it.effect("before its first start checkouts wait within their deadline, and are served when it has started", () =>
    Effect.gen(function*() {
      const world = new World()
      const { session, spec } = yield* specOf(world, { checkoutTimeout: "10 seconds" })
      const early = yield* forkSettled(session.checkout({ timeout: "1 second" }))
      const patient = yield* forkSettled(session.use(({ id }) => Effect.succeed(id)))
      assert.deepStrictEqual(yield* counts(session), { waiting: 2 })
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* tagsOf([early]), ["CheckoutTimeout"])
      assert.isUndefined(patient.pollUnsafe())
      yield* Supervisor.make({}, [spec])
      assert.strictEqual(yield* Fiber.join(patient), 1)
    }))

  it.effect("an eager first start that fails stops the tree, with the factory's failure inside", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => Effect.fail(new OpenError({ id }))
      const { session, spec } = yield* specOf(world)
      const asking = yield* forkSettled(session.checkout({ timeout: "1 second" }))
      const error = yield* Effect.flip(Supervisor.make({}, [spec]))
      assert(error._tag === "StartFailed")
      assert(error.reason._tag === "Shutdown" && error.reason.detail instanceof Supervisor.SupervisorError)
      assert.strictEqual(error.reason.detail.childId, "db")
      assert.strictEqual((yield* Effect.flip(Fiber.join(asking)))._tag, "PoolCrashed")
      // Another tree may have more luck.
      world.open = () => Effect.void
      yield* Supervisor.make({}, [spec])
      assert.strictEqual(yield* session.use(({ id }) => Effect.succeed(id)), 2)
    }))

  it.effect("terminateChild drains it; its sessions are closed until restartChild", () =>
    Effect.gen(function*() {
      const world = new World()
      const { session, tree } = yield* planted(world)
      const [lease] = yield* lend(session, 1)
      const waiter = yield* forkSettled(session.use(({ id }) => Effect.succeed(id)))
      const terminating = yield* forkSettled(tree.terminateChild("db"))
      assert.isUndefined(terminating.pollUnsafe())
      yield* session.checkin(lease!)
      assert.strictEqual(yield* Fiber.join(waiter), 1)
      yield* Fiber.join(terminating)
      assert.strictEqual((yield* Effect.flip(session.checkout()))._tag, "PoolClosed")
      yield* assertWhole(session, world, 0)
      yield* tree.restartChild("db")
      assert.strictEqual(yield* session.use(({ id }) => Effect.succeed(id)), 2)
    }))

  it.effect("session.shutdown ends a transient pool for good, and a permanent one until the next incarnation", () =>
    Effect.gen(function*() {
      const world = new World()
      const { session, spec } = yield* specOf(world)
      const tree = yield* Supervisor.make({}, [{ ...spec, restart: "transient" }])
      yield* session.shutdown()
      yield* settle
      assert.strictEqual((yield* Effect.flip(session.checkout()))._tag, "PoolClosed")
      assert.isUndefined((yield* tree.whichChildren)[0]!.child)

      const permanent = yield* planted(world)
      yield* permanent.session.shutdown()
      yield* settle
      yield* permanent.session.use(() => Effect.void)
    }))

  describe("stopped for a sibling's sake", () => {
    /** `config` crashes, and the pool, which builds on it, is to start anew. */
    const beside = (world: World, options: Options = {}) =>
      Effect.gen(function*() {
        const { session, spec } = yield* specOf(world, options)
        const configs: Array<Actor.ActorRef<string>> = []
        const config = Effect.tap(
          Actor.spawn<string>({ receive: () => Effect.die("crash") }),
          (ref) => Effect.sync(() => void configs.push(ref))
        )
        const children = [{ id: "config", start: config }, spec]
        const tree = yield* Supervisor.make({ strategy: "rest_for_one", intensity: 3 }, children)
        const crash = Effect.andThen(Effect.suspend(() => configs.at(-1)!.cast("crash")), settle)
        return { crash, session, tree }
      }).pipe(Effect.provideService(Pool.CheckInvariants, true))

    it.effect("it serves who had waited, and whoever asks meanwhile is served by the next incarnation", () =>
      Effect.gen(function*() {
        const world = new World()
        const { crash, session } = yield* beside(world)
        const [lease] = yield* lend(session, 1)
        const waited = yield* forkSettled(session.use(({ id }) => Effect.succeed(id)))
        yield* crash
        assert.strictEqual((yield* session.status).state, "draining")
        const asking = yield* forkSettled(session.use(({ id }) => Effect.succeed(id)))
        yield* Fiber.interrupt(yield* forkSettled(session.checkout()))
        assert.strictEqual((yield* Effect.flip(session.tryCheckout()))._tag, "PoolFull")
        yield* session.checkin(lease!)
        assert.strictEqual(yield* Fiber.join(waited), 1)
        assert.strictEqual(yield* Fiber.join(asking), 2)
        yield* assertWhole(session, world, 1)
      }))

    it.effect.each(["it is shut down", "its tree ends"] as const)(
      "it is closed for those who ask meanwhile, if %s before it is back",
      (end) =>
        Effect.gen(function*() {
          const { crash, session, tree } = yield* beside(new World())
          const [lease] = yield* lend(session, 1)
          yield* crash
          const asking = yield* forkSettled(session.checkout({ timeout: "1 minute" }))
          if (end === "it is shut down") yield* forkSettled(session.shutdown())
          else yield* tree.ref.exit(ExitReason.shutdown)
          yield* session.checkin(lease!)
          yield* settle
          assert.deepStrictEqual(yield* tagsOf([asking]), ["PoolClosed"])
        })
    )

    it.effect("it is terminated after the restart that was under way, which serves those who asked before", () =>
      Effect.gen(function*() {
        const { crash, session, tree } = yield* beside(new World())
        const [lease] = yield* lend(session, 1)
        yield* crash
        const asking = yield* forkSettled(session.use(({ id }) => Effect.succeed(id), { timeout: "1 minute" }))
        const terminating = yield* forkSettled(tree.terminateChild("db"))
        yield* session.checkin(lease!)
        assert.strictEqual(yield* Fiber.join(asking), 2)
        yield* Fiber.join(terminating)
        assert.strictEqual((yield* Effect.flip(session.checkout()))._tag, "PoolClosed")
      }))
  })

  it.effect("when its supervisor ends without it, who waits and who asks later fails with PoolCrashed", () =>
    Effect.gen(function*() {
      const world = new World()
      const { session, tree } = yield* planted(world, {}, { intensity: 0 })
      world.close = () => Effect.sleep("1 second")
      yield* (yield* refOf(tree)).exit(ExitReason.killed)
      yield* settle
      const asking = yield* forkSettled(session.checkout())
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* tree.awaitExit, ExitReason.shutdown)
      const error = yield* Effect.flip(Fiber.join(asking))
      assert(error._tag === "PoolCrashed")
      assert.deepStrictEqual(error.reason, ExitReason.killed)
      assert.strictEqual((yield* Effect.flip(session.checkout()))._tag, "PoolCrashed")
      assert.strictEqual((yield* session.status).state, "closed")
      yield* session.awaitShutdown
    }))

  it.effect("a killed supervisor takes its pool along", () =>
    Effect.gen(function*() {
      const world = new World()
      const { session, tree } = yield* planted(world, { size: 2 })
      yield* lend(session, 1)
      yield* tree.ref.exit(ExitReason.killed)
      yield* settle
      yield* settle
      assert.strictEqual(world.live, 0)
      assert.deepStrictEqual(world.problems, [])
      assert.oneOf((yield* Effect.flip(session.checkout()))._tag, ["PoolCrashed", "PoolClosed"])
    }))

  it.effect("a lease that the closing fiber has forgotten does not hold the tree up", () =>
    Effect.gen(function*() {
      const world = new World()
      const scope = yield* Scope.make()
      const inner = yield* specOf(world)
      const outer: Supervisor.ChildSpec = { id: "inner", start: Supervisor.make({}, [inner.spec]) }
      yield* Scope.provide(Supervisor.make({}, [outer]), scope)
      const lease = yield* inner.session.checkout()
      yield* Scope.close(scope, Exit.void)
      assert.isFalse(lease.isLive)
      yield* assertWhole(inner.session, world, 0)
    }))

  it.effect("nor does one that the caller of terminateChild has forgotten", () =>
    Effect.gen(function*() {
      const { session, tree } = yield* planted(new World())
      const lease = yield* session.checkout()
      yield* tree.terminateChild("db")
      assert.isFalse(lease.isLive)
    }))

  it.effect("a lease that somebody else holds is waited for", () =>
    Effect.gen(function*() {
      const world = new World()
      const scope = yield* Scope.make()
      const { session } = yield* Scope.provide(planted(world), scope)
      const using = yield* forkSettled(session.use(() => Effect.sleep("1 second")))
      const closing = yield* forkSettled(Scope.close(scope, Exit.void))
      assert.isUndefined(closing.pollUnsafe())
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(using)
      yield* Fiber.join(closing)
    }))

  it.effect("refuses impossible options, all at once, before anything has started", () =>
    Effect.gen(function*() {
      const world = new World()
      const error = yield* Effect.flip(specOf(world, { size: -1, restartIntensity: { intensity: -1, period: 0 } }))
      assert.strictEqual(error.pool, "db")
      assert.lengthOf(error.problems, 2)
      assert.match(error.problems[1]!, /restartIntensity: intensity .*, period .*/)
    }))

  it.effect("its factory runs with the services of whoever starts the tree", () =>
    Effect.gen(function*() {
      class Url extends Context.Service<Url, string>()("Url") {}
      const { session, spec } = yield* Pool.childSpec("db", { size: 1, factory: Url })
      yield* Effect.provideService(Supervisor.make({}, [spec]), Url, "postgres://")
      assert.strictEqual(yield* session.use(Effect.succeed), "postgres://")
    }))

  it.effect("nothing is left of a tree that was closed, whatever has happened in it", () =>
    withCounters(({ fibers, sleeps }) =>
      Effect.gen(function*() {
        const world = new World()
        const living = yield* forkSettled(Effect.scoped(Effect.gen(function*() {
          const { session, tree } = yield* planted(world, { size: 3, maxOverflow: 2 })
          yield* lend(session, 2)
          yield* (yield* refOf(tree)).exit(ExitReason.killed)
          yield* session.use(() => Effect.void)
          yield* forkSettled(session.use(() => Effect.never))
          yield* session.checkout()
        })))
        while (living.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
        yield* Fiber.join(living)
        yield* settle
        assert.strictEqual(fibers(), 0)
        assert.strictEqual(sleeps(), 0)
        assert.strictEqual(world.live, 0)
        assert.deepStrictEqual(world.problems, [])
      })
    ))
})

describe("restartIntensity", () => {
  const linked = (world: World, options: Options = {}): Options => ({
    link: world.link,
    restartIntensity: { intensity: 2, period: "10 seconds" },
    ...options
  })

  /** Whatever is idle dies. */
  const kill = (world: World) =>
    Effect.gen(function*() {
      const living = () => world.opened.filter((resource) => !world.closed.includes(resource))
      // One that dies as soon as it is open would count as a failed opening before long.
      yield* TestClock.adjust("1 second")
      yield* settle
      yield* world.kill(living()[0]!)
      yield* settle
    })

  it.effect("is unlimited by default", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ link: world.link })
      for (let i = 0; i < 50; i++) {
        yield* session.use(() => Effect.void)
        yield* kill(world)
      }
      yield* assertWhole(session, world, 1)
    }))

  it.effect("beyond it a pool of make is over: waiters and later calls fail with the reason, everything is closed", () =>
    withCounters(({ fibers }) =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.make({ size: 2, ...linked(world) })
        const [lease] = yield* lend(session, 1)
        yield* kill(world)
        yield* kill(world)
        yield* lend(session, 2)
        const waiter = yield* forkSettled(session.use(() => Effect.void))
        yield* kill(world)
        const errors = [yield* Effect.flip(Fiber.join(waiter)), yield* Effect.flip(session.checkout())]
        for (const error of errors) {
          assert(error._tag === "PoolCrashed")
          assert(error.reason._tag === "Shutdown" && error.reason.detail instanceof Pool.RestartIntensityExceeded)
          assert.match(error.reason.detail.message, /more than 2 resources died within 10\.000 s/)
        }
        assert.isFalse(lease!.isLive)
        yield* session.awaitShutdown
        yield* settle
        assert.strictEqual(world.live, 0)
        assert.strictEqual(fibers(), 0)
      })
    ))

  it.effect("deaths that lie further apart never end it; failed openings do not count", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool(linked(world))
      for (let i = 0; i < 10; i++) {
        yield* kill(world)
        yield* session.use(() => Effect.void)
        yield* TestClock.adjust("6 seconds")
      }
      world.open = (id) => Effect.fail(new OpenError({ id }))
      yield* kill(world)
      yield* TestClock.adjust("1 minute")
      world.open = () => Effect.void
      yield* TestClock.adjust("1 minute")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("escalates: the parent counts it as a restart, and gives up when there are too many", () =>
    Effect.gen(function*() {
      const world = new World()
      const { session, tree } = yield* planted(world, linked(world), { intensity: 1, period: "1 minute" })
      const ref = yield* refOf(tree)
      for (let i = 0; i < 3; i++) yield* kill(world)
      const reason = yield* ref.awaitExit
      assert(reason._tag === "Shutdown" && reason.detail instanceof Pool.RestartIntensityExceeded)
      yield* session.use(() => Effect.void)
      assert.strictEqual((yield* tree.whichChildren)[0]!.restarts, 1)
      for (let i = 0; i < 3; i++) yield* kill(world)
      assert.deepStrictEqual(yield* tree.awaitExit, ExitReason.shutdown)
      assert.strictEqual((yield* Effect.flip(session.checkout()))._tag, "PoolCrashed")
      assert.strictEqual(world.live, 0)
    }))
})

describe("a pool of actors", () => {
  interface Work {
    readonly n: number
    readonly reply: Oneshot.Sender<number>
  }

  /** poolboy's own shape: a worker that squares, and dies of zero. */
  const worker = Actor.spawn<Work>({
    receive: ({ n, reply }) => {
      if (n === 0) throw new Error("zero")
      reply.sendUnsafe(n * n)
    }
  })
  const square = (n: number) => (ref: Actor.ActorRef<Work>) => ref.call<number>((reply) => ({ n, reply }))

  it.effect("hands out refs, and replaces a worker that dies, without a word about links", () =>
    Effect.gen(function*() {
      const session = yield* Pool.make({ size: 1, factory: worker })
      assert.strictEqual(yield* session.use(square(7)), 49)
      const lease = yield* session.checkout()
      const first = lease.resource
      const error = yield* Effect.flip(square(0)(first))
      assert.strictEqual(error._tag, "ActorStopped")
      yield* settle
      assert.isFalse(lease.isLive)
      assert.strictEqual(yield* session.use(square(8)), 64)
      assert.notStrictEqual(yield* session.use(({ id }) => Effect.succeed(id)), first.id)
    }))

  it.effect("an idle worker that dies is never handed out", () =>
    Effect.gen(function*() {
      const session = yield* Pool.make({ size: 2, factory: worker })
      const dead = yield* session.use(Effect.succeed)
      yield* dead.exit(ExitReason.killed)
      yield* settle
      const [one, two] = yield* Effect.all([session.checkout(), session.checkout()])
      assert.notInclude([one.resource.id, two.resource.id], dead.id)
    }))

  it.effect("an address stands for whoever bears its name: when that one dies, the next one is waited for", () =>
    Effect.gen(function*() {
      const registry = yield* Registry.make()
      const first = yield* worker
      yield* registry.register("squares", first)
      const session = yield* Pool.make({ size: 1, factory: Effect.sync(() => registry.address("squares")) })
      assert.strictEqual(yield* session.use(square(3)), 9)
      yield* first.exit(ExitReason.killed)
      yield* settle
      assert.strictEqual((yield* Effect.flip(session.tryCheckout()))._tag, "PoolFull")
      yield* registry.register("squares", yield* worker)
      const squaring = yield* forkSettled(session.use(square(4)))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* Fiber.join(squaring), 16)
    }))

  it.effect("ends with its workers: each ends with Shutdown", () =>
    Effect.gen(function*() {
      const session = yield* Pool.make({ size: 2, factory: worker })
      const leases = yield* Effect.all([session.checkout({ owner: "none" }), session.checkout({ owner: "none" })])
      const refs = leases.map(({ resource }) => resource)
      yield* session.shutdown({ mode: "now" })
      const reasons = yield* Effect.forEach(refs, ({ awaitExit }) => awaitExit)
      assert.deepStrictEqual(reasons, [ExitReason.shutdown, ExitReason.shutdown])
    }))
})
