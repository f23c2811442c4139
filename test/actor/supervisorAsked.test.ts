/** What a supervisor answers when it is asked for something. */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit, Fiber, Option, Scope, Stream, Tracer } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason, Registry, Supervisor } from "whitepool/actor"
import { settle } from "./support/settle.ts"
import { inTree, reasonOf, shape } from "./support/tree.ts"

const nonsense = (value: unknown) => value as never

describe("startChild", () => {
  it.effect("adds a child behind the others, gives it, and keeps its spec", () =>
    inTree(({ child, ref, since, tell }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({ strategy: "rest_for_one" }, [child("a")])
        assert.strictEqual(yield* supervisor.startChild(child("b")), ref("b"))
        since()
        yield* tell("a", "crash")
        assert.deepStrictEqual(since(), ["-a Crash", "-b Shutdown", "+a", "+b"])
      })
    ))

  it.effect("refuses an id that is there: already_started while it runs, already_present when it is stopped", () =>
    inTree(({ child, since }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({}, [child("a")])
        since()
        assert.strictEqual(yield* reasonOf(supervisor.startChild(child("a"))), "already_started")
        yield* supervisor.terminateChild("a")
        assert.strictEqual(yield* reasonOf(supervisor.startChild(child("a"))), "already_present")
        assert.deepStrictEqual(since(), ["-a Shutdown"])
      })
    ))

  it.effect("that fails adds nothing, and tells the child's own failure", () =>
    inTree(({ child }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({ name: "top" }, [])
        const failure = new RangeError("no")
        const error = yield* Effect.flip(supervisor.startChild(child("a", { before: Effect.fail(failure) })))
        assert.deepStrictEqual([error.reason, error.childId, error.supervisor], [
          "start_failed",
          "a",
          Option.some("top")
        ])
        assert.strictEqual(error.cause, failure)
        assert.deepStrictEqual(yield* supervisor.whichChildren, [])
        yield* supervisor.startChild(child("a"))
      })
    ))

  it.effect("says everything that is wrong with a spec", () =>
    inTree(({ child }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({ autoShutdown: "any_significant" }, [])
        const spec = { ...child("a"), restart: "often", shutdown: NaN, type: 1, significant: true, foo: 1 }
        const error = yield* Effect.flip(supervisor.startChild(nonsense(spec)))
        assert.deepStrictEqual([error.reason, error.childId], ["invalid_options", "a"])
        assert.deepStrictEqual(error.problems.map((problem) => problem.split(":").slice(0, 2).join(":")), [
          "foo: bad_child_spec",
          "restart: invalid_restart_type",
          "shutdown: invalid_shutdown",
          "type: invalid_child_type"
        ])
        for (const wrong of [undefined, null, 1, "a", [], {}, { ...child("a"), id: 1 }]) {
          const { childId, reason } = yield* Effect.flip(supervisor.startChild(nonsense(wrong)))
          assert.deepStrictEqual([reason, childId], ["invalid_options", undefined])
        }
        assert.deepStrictEqual(yield* supervisor.whichChildren, [])
      })
    ))

  it.effect("gives the child the caller's services, each time, over those of make; not its span, not its scope", () =>
    inTree(({ log }) =>
      Effect.gen(function*() {
        class Name extends Context.Service<Name, string>()("test/Name") {}
        class Place extends Context.Service<Place, string>()("test/Place") {}
        const start = Effect.gen(function*() {
          const span = yield* Effect.serviceOption(Tracer.ParentSpan)
          log.push(`${yield* Name} in ${yield* Place}, ${Option.isSome(span) ? "span" : "no span"}`)
          yield* Effect.addFinalizer(() => Effect.sync(() => void log.push("released")))
          return yield* Effect.forkScoped(Effect.sleep(1000))
        })
        const supervisor: Supervisor.Supervisor<Name | Place> = yield* Supervisor.make(
          { strategy: "one_for_all" },
          [{ id: "a", start }]
        ).pipe(Effect.provideService(Name, "ann"), Effect.provideService(Place, "here"), Effect.withSpan("make"))
        const caller = yield* Scope.make()
        yield* supervisor.startChild({ id: "b", start }).pipe(
          Effect.provideService(Name, "bob"),
          Effect.provideService(Place, "there"),
          Effect.withSpan("caller"),
          Scope.provide(caller)
        )
        yield* Scope.close(caller, Exit.void)
        assert.deepStrictEqual(log.splice(0), ["ann in here, no span", "bob in there, no span"])
        yield* TestClock.adjust(1000)
        yield* settle
        assert.deepStrictEqual(log.splice(0), [
          "released",
          "released",
          "ann in here, no span",
          "bob in there, no span"
        ])
      })
    ))

  it.effect("takes an address for its holder, and one of nobody for a child that is dead", () =>
    inTree(({ child, ref, tell }) =>
      Effect.gen(function*() {
        const names = yield* Registry.make()
        const supervisor = yield* Supervisor.make({ intensity: 0 }, [])
        const start = Effect.andThen(
          Effect.flatMap(child("a").start, (actor) => names.register("a", nonsense(actor))),
          Effect.succeed(names.address("a"))
        )
        yield* supervisor.startChild({ id: "a", start, restart: "temporary" })
        assert.strictEqual((yield* supervisor.countChildren).active, 1)
        yield* tell("a", "normal")
        assert.isFalse(yield* ref("a").isAlive)
        assert.deepStrictEqual(yield* supervisor.whichChildren, [])
        const nobody = Effect.succeed(names.address("nobody"))
        yield* supervisor.startChild({ id: "b", start: nobody, restart: "temporary" })
        yield* settle
        assert.deepStrictEqual(yield* supervisor.whichChildren, [])
      })
    ))

  it.effect("called by the start of a child waits for itself, until it is interrupted", () =>
    inTree(({ child }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({}, [])
        const start = Effect.andThen(Effect.timeout(supervisor.whichChildren, 1000), child("b").start)
        const asked = yield* Effect.forkChild(supervisor.startChild({ id: "a", start }), { startImmediately: true })
        yield* TestClock.adjust(999)
        assert.isUndefined(asked.pollUnsafe())
        yield* TestClock.adjust(1)
        assert.strictEqual(yield* reasonOf(Fiber.join(asked)), "start_failed")
      })
    ))

  it.effect("interrupted, the child is started nevertheless, as in OTP", () =>
    inTree(({ child }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({}, [])
        const slow = child("a", { before: Effect.sleep(100) })
        const asked = yield* Effect.forkChild(supervisor.startChild(slow), { startImmediately: true })
        yield* Fiber.interrupt(asked)
        yield* TestClock.adjust(100)
        assert.strictEqual(yield* shape(supervisor), "a: up")
      })
    ))
})

describe("terminateChild, restartChild and deleteChild", () => {
  it.effect("stop a child, start it again at its place, and forget it", () =>
    inTree(({ child, ref, since }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({}, [child("a"), child("b"), child("c")])
        since()
        yield* supervisor.terminateChild("b")
        assert.strictEqual(yield* shape(supervisor), "a: up, b: down, c: up")
        assert.deepStrictEqual(yield* supervisor.countChildren, { specs: 3, active: 2, supervisors: 0, workers: 3 })
        yield* supervisor.terminateChild("b")
        assert.strictEqual(yield* supervisor.restartChild("b"), ref("b"))
        assert.strictEqual(yield* shape(supervisor), "a: up, b: up, c: up")
        // By hand, not automatic.
        assert.deepStrictEqual((yield* supervisor.whichChildren).map(({ restarts }) => restarts), [0, 0, 0])
        yield* supervisor.terminateChild("b")
        yield* supervisor.deleteChild("b")
        assert.strictEqual(yield* shape(supervisor), "a: up, c: up")
        assert.deepStrictEqual(since(), ["-b Shutdown", "+b", "-b Shutdown"])
      })
    ))

  it.effect("forget a temporary child at once", () =>
    inTree(({ child }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({}, [child("a", { restart: "temporary" })])
        yield* supervisor.terminateChild("a")
        assert.deepStrictEqual(yield* supervisor.whichChildren, [])
        assert.strictEqual(yield* reasonOf(supervisor.restartChild("a")), "not_found")
      })
    ))

  it.effect("refuse what cannot be, in OTP's words", () =>
    inTree(({ child }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({}, [child("a")])
        assert.strictEqual(yield* reasonOf(supervisor.restartChild("a")), "running")
        assert.strictEqual(yield* reasonOf(supervisor.deleteChild("a")), "running")
        for (const ask of [supervisor.terminateChild("x"), supervisor.restartChild("x"), supervisor.deleteChild("x")]) {
          const error = yield* Effect.flip<unknown, Supervisor.SupervisorError, never>(ask)
          assert.deepStrictEqual([error.reason, error.childId], ["not_found", "x"])
        }
      })
    ))

  it.effect("a restart by hand that fails leaves it stopped", () =>
    inTree(({ child }) =>
      Effect.gen(function*() {
        let broken = false
        const before = Effect.suspend(() => broken ? Effect.fail("broken") : Effect.void)
        const supervisor = yield* Supervisor.make({}, [child("a", { before })])
        yield* supervisor.terminateChild("a")
        broken = true
        const error = yield* Effect.flip(supervisor.restartChild("a"))
        assert.deepStrictEqual([error.reason, error.childId, error.cause], ["start_failed", "a", "broken"])
        assert.strictEqual(yield* shape(supervisor), "a: down")
      })
    ))

  it.effect("a child that crashes is not restarted once it was terminated, whichever came first", () =>
    inTree(({ child, ref, since }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({ intensity: 9 }, [child("a", { ending: Effect.sleep(10) })])
        since()
        yield* ref("a").cast("crash")
        const stop = yield* Effect.forkChild(supervisor.terminateChild("a"), { startImmediately: true })
        yield* TestClock.adjust(10)
        yield* Fiber.join(stop)
        yield* settle
        assert.strictEqual(yield* shape(supervisor), "a: down")
        assert.deepStrictEqual(since(), ["-a Crash"])
      })
    ))
})

describe("after its end", () => {
  it.effect("a stop that was under way is finished, and answered", () =>
    inTree(({ child }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({}, [child("a"), child("b", { ending: Effect.sleep(100) })])
        const stop = yield* Effect.forkChild(supervisor.terminateChild("b"), { startImmediately: true })
        yield* settle
        yield* supervisor.ref.exit(ExitReason.shutdown)
        yield* TestClock.adjust(100)
        yield* Fiber.join(stop)
        yield* supervisor.awaitExit
      })
    ))

  it.effect("everything it is asked is noproc, also when it ends while somebody waits", () =>
    inTree(({ child }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({ name: "top" }, [])
        const slow = { ...child("a"), start: Effect.never }
        const waiting = [
          supervisor.startChild(slow),
          supervisor.startChild(child("b")),
          supervisor.terminateChild("x"),
          supervisor.restartChild("x"),
          supervisor.deleteChild("x"),
          supervisor.whichChildren,
          supervisor.countChildren
        ] as ReadonlyArray<Effect.Effect<unknown, Supervisor.SupervisorError>>
        const fibers = yield* Effect.forEach(waiting, (ask) => Effect.forkChild(ask, { startImmediately: true }))
        yield* settle
        yield* supervisor.ref.exit(ExitReason.shutdown)
        for (const fiber of fibers) assert.strictEqual(yield* reasonOf(Fiber.join(fiber)), "noproc")
        for (const ask of waiting) {
          const error = yield* Effect.flip(ask)
          assert.strictEqual(error.message, "supervisor \"top\": noproc")
        }
      })
    ))
})

it.effect("what it was asked, and hears of its children, is never a dead letter", () =>
  inTree(({ child }) =>
    Effect.gen(function*() {
      const letters: Array<Actor.DeadLetter> = []
      yield* Effect.forkScoped(
        Stream.runForEach(Actor.deadLetters, (letter) => Effect.sync(() => void letters.push(letter)))
      )
      const supervisor = yield* Supervisor.make({}, [child("a")])
      yield* Effect.forkChild(Effect.exit(supervisor.startChild({ id: "b", start: Effect.never })))
      yield* Effect.forkChild(Effect.exit(supervisor.startChild(child("c"))))
      yield* settle
      yield* supervisor.ref.exit(ExitReason.shutdown)
      yield* Effect.exit(supervisor.whichChildren)
      yield* settle
      assert.deepStrictEqual(letters, [])
    })
  ))

describe("make refuses", () => {
  const flags: ReadonlyArray<readonly [string, object, string]> = [
    ["an unknown strategy", { strategy: "all_for_none" }, "strategy: invalid_strategy"],
    ["simple_one_for_one, which is dynamic", { strategy: "simple_one_for_one" }, "Supervisor.dynamic"],
    ["a negative intensity", { intensity: -1 }, "intensity: invalid_intensity"],
    ["half an intensity", { intensity: 0.5 }, "intensity: invalid_intensity"],
    ["an intensity that is not a number", { intensity: NaN }, "intensity: invalid_intensity"],
    ["a zero period", { period: 0 }, "period: invalid_period"],
    ["a negative period", { period: -1 }, "period: invalid_period"],
    ["a period that is not a number", { period: NaN }, "period: invalid_period"],
    ["a period without an end", { period: Infinity }, "period: invalid_period"],
    ["a period that is no duration", { period: "soon" }, "period: invalid_period"],
    ["an unknown autoShutdown", { autoShutdown: true }, "autoShutdown: invalid_auto_shutdown"],
    ["an empty name", { name: "" }, "name: invalid_name"],
    ["an unknown flag", { maxRestarts: 1 }, "maxRestarts: bad_flag"]
  ]
  for (const [what, wrong, problem] of flags) {
    it.effect(what, () =>
      inTree(({ child, log }) =>
        Effect.gen(function*() {
          const error = yield* Effect.flip(Supervisor.make(nonsense(wrong), [child("a")]))
          assert.strictEqual(error._tag, "SupervisorError")
          if (error._tag !== "SupervisorError") return
          assert.strictEqual(error.reason, "invalid_options")
          assert.strictEqual(error.problems.length, 1)
          assert.include(error.message, problem)
          assert.deepStrictEqual(log, [])
        })
      ))
  }

  const start = Effect.never
  const specs: ReadonlyArray<readonly [string, unknown, string]> = [
    ["a missing id", { start }, "child 1: id: missing_id"],
    ["an empty id", { id: "", start }, "id: invalid_id"],
    ["a missing start", { id: "a" }, "child \"a\": start: missing_start"],
    ["a start that is no Effect", { id: "a", start: () => start }, "start: invalid_start"],
    ["an unknown restart type", { id: "a", start, restart: "always" }, "restart: invalid_restart_type"],
    ["a negative shutdown", { id: "a", start, shutdown: -1 }, "shutdown: invalid_shutdown"],
    ["a shutdown that is no duration", { id: "a", start, shutdown: "kill" }, "shutdown: invalid_shutdown"],
    ["an unknown type", { id: "a", start, type: "boss" }, "type: invalid_child_type"],
    ["significant that is neither", { id: "a", start, significant: 1 }, "significant: invalid_significant"],
    ["an unknown key", { id: "a", start, modules: [] }, "modules: bad_child_spec"],
    ["what is no object", "a", "child 1: invalid_child_spec"]
  ]
  for (const [what, wrong, problem] of specs) {
    it.effect(`${what} of a child`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Supervisor.make({}, nonsense([wrong])))
        assert.include(error.message, problem)
        if (error._tag === "SupervisorError") assert.strictEqual(error.problems.length, 1)
      }))
  }

  it.effect("children that are no array, and flags that are no object", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Supervisor.make(nonsense(1), nonsense({})))
      if (error._tag !== "SupervisorError") return assert.fail()
      assert.strictEqual(error.problems.length, 2)
    }))

  it.effect("significant where it cannot be", () =>
    Effect.gen(function*() {
      const permanent = [{ id: "a", start, significant: true }] as const
      const never = [{ id: "a", start, significant: true, restart: "transient" }] as const
      for (
        const make of [Supervisor.make({ autoShutdown: "any_significant" }, permanent), Supervisor.make({}, never)]
      ) {
        const error = yield* Effect.flip(make)
        if (error._tag !== "SupervisorError") return assert.fail()
        assert.strictEqual(error.problems.length, 1)
        assert.include(error.problems[0], "significant: bad_combination")
      }
    }))

  it.effect("an id that is given twice", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        Supervisor.make({}, [{ id: "a", start }, { id: "b", start }, { id: "a", start }])
      )
      if (error._tag !== "SupervisorError") return assert.fail()
      assert.deepStrictEqual(error.problems, ["child \"a\": id: duplicate_child_name: is given twice"])
    }))

  it.effect("everything at once", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(
        Supervisor.make(
          { name: "top", intensity: -1, period: 0 },
          nonsense([{ id: "a", restart: 1 }, { id: "a", start }])
        )
      )
      if (error._tag !== "SupervisorError") return assert.fail()
      assert.deepStrictEqual(error.supervisor, Option.some("top"))
      assert.strictEqual(error.problems.length, 5)
    }))

  it.effect("none of these: a shutdown of 0, of infinity, and every default left undefined", () =>
    inTree(({ child, log }) =>
      Effect.gen(function*() {
        yield* Effect.scoped(Supervisor.make(
          { strategy: undefined, intensity: undefined, period: "1 hour", autoShutdown: undefined, name: undefined },
          [
            { ...child("a"), shutdown: "infinity", restart: undefined, type: undefined, significant: undefined },
            child("b", { shutdown: "brutal_kill" }),
            child("c", { shutdown: 0 })
          ]
        ))
        assert.include(log, "-a Shutdown")
      })
    ))
})

it.effect("its ref takes no messages, and shows its name", () =>
  inTree(() =>
    Effect.gen(function*() {
      const supervisor = yield* Supervisor.make({ name: "top" }, [])
      const ref: Actor.ActorRef<never> = supervisor.ref
      assert.isTrue(yield* ref.isAlive)
      assert.deepStrictEqual(JSON.parse(JSON.stringify(ref)), { _id: "ActorRef", id: ref.id, name: "top" })
    })
  ))
