import { assert, it } from "@effect/vitest"
import { Context, Deferred, Effect, Fiber, Layer, Scope } from "effect"
import { Actor, Supervisor } from "whitepool/actor"
import { settle } from "./support.ts"
import { child, leavesNothing, listing, makeJournal, often, refusal } from "./tree.ts"

/** A child that is a fiber; each incarnation waits for the exit that it is given. */
const fiberTree = (restart: Supervisor.Restart) =>
  Effect.gen(function*() {
    const gates: Array<Deferred.Deferred<void, unknown>> = []
    const fibers: Array<Fiber.Fiber<void, unknown>> = []
    const open: Array<number> = []
    const supervisor = yield* Supervisor.make(often, [{
      id: "fiber",
      restart,
      start: Effect.gen(function*() {
        const gate = yield* Deferred.make<void, unknown>()
        const n = gates.push(gate)
        yield* Effect.acquireRelease(Effect.sync(() => open.push(n)), () =>
          Effect.sync(() => void open.splice(open.indexOf(n), 1)))
        const fiber = yield* Effect.forkScoped(Deferred.await(gate))
        fibers.push(fiber)
        return fiber
      })
    }])
    yield* settle
    return { gates, fibers, open, supervisor }
  })

const fiberEnds: ReadonlyArray<
  readonly [
    string,
    (gate: Deferred.Deferred<void, unknown>, fiber: Fiber.Fiber<void, unknown>) => Effect.Effect<unknown>,
    boolean
  ]
> = [
  ["success", (gate) => Deferred.succeed(gate, undefined), false],
  ["interruption", (_gate, fiber) => Fiber.interrupt(fiber), false],
  ["failure", (gate) => Deferred.fail(gate, "no"), true],
  ["defect", (gate) => Deferred.die(gate, "no"), true]
]

for (const [what, end, abnormal] of fiberEnds) {
  for (const restart of ["permanent", "transient", "temporary"] as const) {
    const comesBack = restart === "permanent" || (restart === "transient" && abnormal)
    it.effect(`a ${restart} fiber: after its ${what} it ${comesBack ? "is started again" : "stays away"}`, () =>
      leavesNothing(Effect.gen(function*() {
        const { gates, fibers, open, supervisor } = yield* fiberTree(restart)
        yield* end(gates[0]!, fibers[0]!)
        yield* settle
        assert.strictEqual(fibers.length, comesBack ? 2 : 1)
        assert.deepStrictEqual(open, comesBack ? [2] : [])
        assert.deepStrictEqual(
          yield* listing(supervisor),
          comesBack ? ["fiber"] : restart === "transient" ? ["fiber:undefined"] : []
        )
      })))
  }
}

it.effect("a fiber child is in whichChildren as the fiber itself, and its failure harms nobody else", () =>
  leavesNothing(Effect.gen(function*() {
    const { gates, fibers, supervisor } = yield* fiberTree("permanent")
    assert.strictEqual((yield* supervisor.whichChildren)[0]!.child, fibers[0])
    yield* Deferred.die(gates[0]!, new Error("unhandled"))
    yield* settle
    assert.strictEqual((yield* supervisor.whichChildren)[0]!.child, fibers[1])
    assert.isTrue(yield* supervisor.ref.isAlive)
  })))

it.effect("a fiber that fails at once, over and over, stops the supervisor instead of looping for ever", () =>
  leavesNothing(Effect.gen(function*() {
    let starts = 0
    const supervisor = yield* Supervisor.make({ intensity: 3 }, [{
      id: "hasty",
      start: Effect.suspend(() => {
        starts++
        return Effect.forkScoped(Effect.fail("at once"))
      })
    }])
    yield* settle
    assert.strictEqual((yield* supervisor.awaitExit)._tag, "Shutdown")
    assert.strictEqual(starts, 4)
  })))

it.effect("a fiber that is no child of the scope is interrupted all the same", () =>
  leavesNothing(Effect.gen(function*() {
    let interrupted = 0
    const supervisor = yield* Supervisor.make(often, [{
      id: "detached",
      start: Effect.forkDetach(Effect.onInterrupt(Effect.never, () => Effect.sync(() => void interrupted++)))
    }])
    yield* settle
    yield* supervisor.terminateChild("detached")
    assert.strictEqual(interrupted, 1)
  })))

it.effect("actors, fibers and supervisors side by side under one_for_all", () =>
  leavesNothing(Effect.gen(function*() {
    const journal = makeJournal()
    let fibers = 0
    const supervisor = yield* Supervisor.make({ ...often, strategy: "one_for_all" }, [
      child(journal, "actor"),
      {
        id: "fiber",
        start: Effect.suspend(() => {
          fibers++
          return Effect.forkScoped(Effect.never)
        })
      },
      { id: "tree", type: "supervisor", start: Supervisor.make({ intensity: 0 }, [child(journal, "leaf")]) },
      {
        id: "crowd",
        type: "supervisor",
        start: Supervisor.dynamic({}, (id: string) => ({ start: journal.start(id) }))
      }
    ])
    yield* journal.crash("actor")
    yield* journal.crash("leaf")
    yield* settle
    assert.deepStrictEqual([journal.starts("actor"), fibers, journal.starts("leaf")], [3, 3, 3])
    assert.deepStrictEqual(yield* listing(supervisor), ["actor", "fiber", "tree", "crowd"])
    assert.deepInclude(yield* supervisor.countChildren, { specs: 4, active: 4, supervisors: 2, workers: 2 })
  })))

it.effect("a start that gives nothing it can supervise is a start that fails", () =>
  Effect.gen(function*() {
    const supervisor = yield* Supervisor.make({}, [])
    const nothing: any = { id: "nothing", start: Effect.void }
    const refused = yield* refusal(supervisor.startChild(nothing))
    assert.match(String(refused), /^SupervisorError (start_failed|invalid_options)$/)
    assert.deepStrictEqual(yield* listing(supervisor), [])
    assert.isTrue(yield* supervisor.ref.isAlive)
  }))

class Database extends Context.Service<Database, { readonly url: string }>()("conformance/Database") {}

it.effect("what a start needs is what make had, at every restart", () =>
  Effect.gen(function*() {
    const urls: Array<string> = []
    const journal = makeJournal()
    const needy = Effect.andThen(Effect.map(Database, ({ url }) => void urls.push(url)), journal.start("needy"))
    const supervisor = yield* Supervisor.make(often, [{ id: "needy", start: needy }]).pipe(
      Effect.provideService(Database, { url: "the maker's" })
    )
    yield* journal.crash("needy")
    yield* supervisor.terminateChild("needy")
    yield* supervisor.restartChild("needy").pipe(Effect.provideService(Database, { url: "a caller's" }))
    yield* journal.crash("needy")
    assert.deepStrictEqual(urls.slice(0, 2), ["the maker's", "the maker's"])
    assert.strictEqual(urls.length, 4)
    assert.isTrue(urls.slice(2).every((url) => url === "the maker's" || url === "a caller's"))
  }))

it.effect("a supervisor in a layer lives as long as the layer", () =>
  leavesNothing(Effect.gen(function*() {
    const journal = makeJournal()
    class Tree extends Context.Service<Tree, Supervisor.Supervisor>()("conformance/Tree") {}
    const layer = Layer.effect(Tree, Supervisor.make(often, [child(journal, "a")]))
    yield* Effect.gen(function*() {
      const tree = yield* Tree
      yield* journal.crash("a")
      assert.deepStrictEqual(yield* listing(tree), ["a"])
    }).pipe(Effect.provide(layer))
    yield* settle
    assert.deepStrictEqual(journal.open, [])
  })))

it.effect("a child does not inherit the interruption of who made the supervisor", () =>
  Effect.gen(function*() {
    const journal = makeJournal()
    const scope = yield* Effect.scope
    const maker = yield* Effect.forkChild(
      Effect.andThen(
        Scope.provide(Supervisor.make(often, [child(journal, "a")]), scope),
        Effect.never
      ),
      { startImmediately: true }
    )
    yield* settle
    yield* Fiber.interrupt(maker)
    yield* settle
    assert.isTrue(yield* journal.ref("a").isAlive)
    yield* journal.crash("a")
    assert.strictEqual(journal.starts("a"), 2)
  }))

it.effect("a hundred restarts leave no fiber, no timer and no scope behind", () =>
  leavesNothing(Effect.gen(function*() {
    const journal = makeJournal()
    const supervisor = yield* Supervisor.make(often, [child(journal, "a"), child(journal, "b")])
    for (let n = 0; n < 100; n++) yield* journal.kill(n % 2 === 0 ? "a" : "b")
    assert.strictEqual(journal.open.length, 2)
    assert.strictEqual(journal.closed.length, 100)
    yield* supervisor.ref.stop()
  })))

it.effect("an actor whose child spec returns somebody else's actor: its life is what counts", () =>
  Effect.gen(function*() {
    const guest = yield* Actor.spawn<"end">({ receive: (_message, context) => context.self.stop() })
    const supervisor = yield* Supervisor.make({}, [{ id: "guest", restart: "temporary", start: Effect.succeed(guest) }])
    assert.deepStrictEqual(yield* listing(supervisor), ["guest"])
    yield* guest.cast("end")
    yield* settle
    assert.deepStrictEqual(yield* listing(supervisor), [])
  }))
