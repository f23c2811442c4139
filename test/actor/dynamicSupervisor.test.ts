import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason, Supervisor } from "whitepool/actor"
import { settle } from "./support/settle.ts"
import { inTree, type Options, reasonOf, type Tree } from "./support/tree.ts"

/** The template of a tree's children: an id, and what else the spec says. */
const template = (tree: Tree, options?: Options) => (id: string) => {
  const { id: _, ...spec } = tree.child(id, options)
  return spec
}

describe("a dynamic supervisor", () => {
  it.effect("starts with no child, and one for each time it is asked", () =>
    inTree((tree) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.dynamic({ name: "visitors" }, template(tree))
        assert.deepStrictEqual(yield* supervisor.countChildren, { specs: 1, active: 0, supervisors: 0, workers: 0 })
        assert.strictEqual(yield* supervisor.startChild("a"), tree.ref("a"))
        assert.strictEqual(yield* supervisor.startChild("b"), tree.ref("b"))
        const fiberOf = Supervisor.dynamic({}, () => ({ start: Supervisor.make({}, []) }))
        const supervisors = yield* fiberOf
        yield* supervisors.startChild(undefined)
        assert.deepStrictEqual(yield* supervisors.countChildren, { specs: 1, active: 1, supervisors: 1, workers: 0 })
        assert.deepStrictEqual(yield* supervisor.whichChildren, [
          { id: undefined, child: tree.ref("a"), type: "worker", restarts: 0 },
          { id: undefined, child: tree.ref("b"), type: "worker", restarts: 0 }
        ])
      })
    ))

  for (const restart of ["permanent", "transient", "temporary"] as const) {
    for (const message of ["normal", "crash"] as const) {
      const restarts = restart === "permanent" || (restart === "transient" && message === "crash")
      it.effect(`${restart}: ${message} is ${restarts ? "a restart at its place" : "an end, and it is forgotten"}`, () =>
        inTree((tree) =>
          Effect.gen(function*() {
            const supervisor = yield* Supervisor.dynamic({}, template(tree, { restart }))
            yield* supervisor.startChild("a")
            yield* supervisor.startChild("b")
            tree.since()
            yield* tree.tell("a", message)
            assert.deepStrictEqual(tree.since().slice(1), restarts ? ["+a"] : [])
            assert.deepStrictEqual(
              (yield* supervisor.whichChildren).map(({ child, restarts }) => [child, restarts]),
              restarts ? [[tree.ref("a"), 1], [tree.ref("b"), 0]] : [[tree.ref("b"), 0]]
            )
          })
        ))
    }
  }

  it.effect("stops all of them at the same time", () =>
    inTree((tree) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.dynamic({}, template(tree, { ending: Effect.sleep(1000) }))
        for (const id of ["a", "b", "c"]) yield* supervisor.startChild(id)
        const stop = yield* Effect.forkChild(supervisor.ref.stop(), { startImmediately: true })
        yield* settle
        assert.sameMembers(tree.log.slice(3), ["-a Shutdown", "-b Shutdown", "-c Shutdown"])
        yield* TestClock.adjust(1000)
        yield* settle
        assert.isDefined(stop.pollUnsafe())
        assert.deepStrictEqual(yield* supervisor.awaitExit, ExitReason.normal)
        assert.strictEqual(yield* reasonOf(supervisor.startChild("d")), "noproc")
      })
    ))

  it.effect("terminates a child it knows; the dead are no error, a living stranger is not found", () =>
    inTree((tree) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.dynamic({ intensity: 5 }, template(tree))
        const [a, b] = [yield* supervisor.startChild("a"), yield* supervisor.startChild("b")]
        yield* supervisor.terminateChild(a)
        yield* supervisor.terminateChild(a)
        assert.deepStrictEqual((yield* supervisor.whichChildren).map(({ child }) => child), [b])
        const stranger = yield* Actor.spawn<string>({ receive: () => {} })
        assert.strictEqual(yield* reasonOf(supervisor.terminateChild(stranger)), "not_found")
        assert.strictEqual(yield* reasonOf(supervisor.terminateChild(1 as never)), "not_found")
        yield* stranger.stop()
        yield* supervisor.terminateChild(stranger)
        yield* tree.tell("b", "crash")
        // Its next incarnation is another actor.
        yield* supervisor.terminateChild(b)
        assert.strictEqual((yield* supervisor.countChildren).active, 1)
        yield* supervisor.terminateChild(tree.ref("b"))
        assert.strictEqual((yield* supervisor.countChildren).active, 0)
      })
    ))

  it.effect("counts one between two attempts as a worker that is not active, and forgets it by what it was", () =>
    inTree((tree) =>
      Effect.gen(function*() {
        let broken = false
        const before = Effect.suspend(() =>
          broken ? Effect.andThen(Effect.sleep(10), Effect.fail("broken")) : Effect.void
        )
        const supervisor = yield* Supervisor.dynamic({ intensity: 9 }, template(tree, { before }))
        const a = yield* supervisor.startChild("a")
        broken = true
        yield* tree.tell("a", "crash")
        const count = yield* Effect.forkChild(supervisor.countChildren, { startImmediately: true })
        const which = yield* Effect.forkChild(supervisor.whichChildren, { startImmediately: true })
        const stop = yield* Effect.forkChild(supervisor.terminateChild(a), { startImmediately: true })
        yield* TestClock.adjust(10)
        assert.deepStrictEqual(yield* Fiber.join(count), { specs: 1, active: 0, supervisors: 0, workers: 1 })
        assert.deepStrictEqual((yield* Fiber.join(which)).map(({ child }) => child), ["restarting"])
        yield* Fiber.join(stop)
        assert.deepStrictEqual(yield* supervisor.whichChildren, [])
      })
    ))

  it.effect("forgets one that it had to abandon: it is a stranger then", () =>
    inTree(() =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.dynamic({}, () => ({
          start: Effect.forkScoped(Effect.uninterruptible(Effect.sleep("1 minute"))),
          shutdown: "brutal_kill"
        }))
        const child = yield* supervisor.startChild(undefined)
        const stop = yield* Effect.forkChild(supervisor.terminateChild(child), { startImmediately: true })
        yield* settle
        yield* TestClock.adjust(5000)
        yield* Fiber.join(stop)
        assert.strictEqual(yield* reasonOf(supervisor.terminateChild(child)), "not_found")
        yield* TestClock.adjust("1 minute")
        yield* supervisor.terminateChild(child)
      })
    ))

  it.effect("gives up like any other", () =>
    inTree((tree) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.dynamic({}, template(tree))
        for (const id of ["a", "b"]) yield* supervisor.startChild(id)
        yield* tree.tell("a", "crash")
        yield* tree.tell("b", "crash")
        assert.deepStrictEqual(yield* supervisor.awaitExit, ExitReason.shutdown)
        assert.strictEqual(tree.log.at(-1), "-a Shutdown")
      })
    ))

  it.effect("ends with its significant children: any, or the last of all", () =>
    inTree((tree) =>
      Effect.gen(function*() {
        for (const autoShutdown of ["any_significant", "all_significant"] as const) {
          const supervisor = yield* Supervisor.dynamic(
            { autoShutdown },
            template(tree, { significant: true, restart: "temporary" })
          )
          for (const id of ["a", "b"]) yield* supervisor.startChild(id)
          yield* tree.tell("a", "normal")
          assert.strictEqual(yield* supervisor.ref.isAlive, autoShutdown === "all_significant")
          if (autoShutdown === "all_significant") yield* tree.tell("b", "normal")
          assert.deepStrictEqual(yield* supervisor.awaitExit, ExitReason.shutdown)
        }
      })
    ))

  it.effect("a start that fails, a template that throws or gives no spec: nothing is added", () =>
    inTree((tree) =>
      Effect.gen(function*() {
        const specs: Record<string, () => unknown> = {
          fails: () => ({ start: Effect.fail("no") }),
          throws: () => {
            throw new RangeError("no")
          },
          nothing: () => undefined,
          named: () => ({ ...tree.child("a") }),
          wrong: () => ({ start: Effect.never, restart: 1, shutdown: -1 })
        }
        const supervisor = yield* Supervisor.dynamic({}, (name: string) =>
          specs[name]?.() as { start: Effect.Effect<never> })
        assert.strictEqual((yield* Effect.flip(supervisor.startChild("fails"))).cause, "no")
        const thrown = yield* Effect.flip(supervisor.startChild("throws"))
        assert.strictEqual(thrown.reason, "start_failed")
        assert.isTrue(thrown.cause instanceof RangeError)
        for (const name of ["nothing", "named", "wrong"]) {
          assert.strictEqual(yield* reasonOf(supervisor.startChild(name)), "invalid_options")
        }
        assert.strictEqual((yield* Effect.flip(supervisor.startChild("wrong"))).problems.length, 2)
        assert.deepStrictEqual(yield* supervisor.whichChildren, [])
      })
    ))

  it.effect("refuses impossible flags, a strategy, and a template that is none", () =>
    Effect.gen(function*() {
      const make = (flags: unknown, template: unknown = () => ({ start: Effect.never })) =>
        Effect.flip(Supervisor.dynamic(flags as never, template as () => { readonly start: Effect.Effect<never> }))
      for (const flags of [{ intensity: -1 }, { period: 0 }, { strategy: "one_for_one" }, 1]) {
        const error = yield* make(flags)
        assert.strictEqual(error._tag === "SupervisorError" && error.reason, "invalid_options")
      }
      assert.include((yield* make({}, 1)).message, "template")
    }))

  it.effect("killed, its children are killed", () =>
    inTree((tree) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const supervisor = yield* Scope.provide(Supervisor.dynamic({}, template(tree)), scope)
        yield* supervisor.startChild("a")
        yield* supervisor.ref.exit(ExitReason.killed)
        assert.deepStrictEqual(yield* tree.ref("a").awaitExit, ExitReason.killed)
        yield* Scope.close(scope, Exit.void)
      })
    ))

  it.effect("serves thousands", () =>
    inTree((tree) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.dynamic({}, () => ({
          start: Actor.spawn<string>({ receive: () => {} }),
          restart: "temporary"
        }))
        const children = yield* Effect.forEach(Array.from({ length: 3000 }), () => supervisor.startChild(undefined))
        assert.strictEqual((yield* supervisor.countChildren).active, 3000)
        yield* Effect.forEach(children.slice(0, 1500), (child) => supervisor.terminateChild(child))
        assert.strictEqual((yield* supervisor.countChildren).active, 1500)
        assert.deepStrictEqual(tree.log, [])
      })
    ))
})

describe("the types", () => {
  class Name extends Context.Service<Name, string>()("test/Name") {}
  class Place extends Context.Service<Place, string>()("test/Place") {}
  type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
  const holds = <_T extends true>() => true

  it("ask make for what the children need, and let startChild need no more", () => {
    const spawn = Actor.spawn<string>({ receive: () => {} })
    const make = () =>
      Supervisor.make({}, [
        { id: "a", start: Effect.andThen(Name, spawn) },
        { id: "b", start: Effect.andThen(Place, spawn) },
        { id: "c", start: spawn }
      ])
    holds<
      Same<
        ReturnType<typeof make>,
        Effect.Effect<
          Supervisor.Supervisor<Name | Place>,
          Actor.StartFailed | Supervisor.SupervisorError,
          Name | Place | Scope.Scope
        >
      >
    >()
    const none = () => Supervisor.make({}, [])
    holds<Same<Effect.Services<ReturnType<typeof none>>, Scope.Scope>>()
    holds<Same<Effect.Success<ReturnType<typeof none>>, Supervisor.Supervisor>>()
    const start = (supervisor: Supervisor.Supervisor<Name>) =>
      supervisor.startChild({ id: "d", start: Effect.andThen(Name, spawn) })
    holds<Same<ReturnType<typeof start>, Effect.Effect<Supervisor.Child, Supervisor.SupervisorError, Name>>>()
    const wrong = (supervisor: Supervisor.Supervisor<Name>) =>
      // @ts-expect-error Place is not among what the supervisor was made with
      supervisor.startChild({ id: "d", start: Effect.andThen(Place, spawn) })
    assert.isFunction(wrong)
    const dynamic = () =>
      Supervisor.dynamic({}, (n: number) => ({ start: Effect.delay(Effect.andThen(Name, spawn), n) }))
    holds<
      Same<
        ReturnType<typeof dynamic>,
        Effect.Effect<
          Supervisor.DynamicSupervisor<number, Name>,
          Actor.StartFailed | Supervisor.SupervisorError,
          Name | Scope.Scope
        >
      >
    >()
    const nested = (supervisor: Supervisor.Supervisor<Name>): Supervisor.Child => supervisor
    assert.isFunction(nested)
  })
})
