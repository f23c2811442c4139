/** What a supervisor does when its children end: strategies, restart types, intensity, significant children, trees. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason, Supervisor } from "whitepool/actor"
import { settle } from "./support/settle.ts"
import { inTree, type Message, shape } from "./support/tree.ts"

const ends: ReadonlyArray<Message> = ["normal", "shutdown", "crash"]
const tagOf = { normal: "Normal", shutdown: "Shutdown", crash: "Crash" } as const

describe("a supervisor", () => {
  it.effect("starts its children in order, and stops them in reverse order when its scope closes", () =>
    inTree(({ child, log }) =>
      Effect.gen(function*() {
        yield* Effect.scoped(Supervisor.make({}, [child("a"), child("b"), child("c")]))
        assert.deepStrictEqual(log, ["+a", "+b", "+c", "-c Shutdown", "-b Shutdown", "-a Shutdown"])
      })
    ))

  it.effect("may have no children, and lives", () =>
    inTree(() =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({ name: "empty" }, [])
        assert.deepStrictEqual(yield* supervisor.whichChildren, [])
        assert.deepStrictEqual(supervisor.ref.name, Option.some("empty"))
        assert.deepStrictEqual(yield* supervisor.countChildren, { specs: 0, active: 0, supervisors: 0, workers: 0 })
      })
    ))

  it.effect("fails to start when the nth child does, after stopping those before it in reverse order", () =>
    inTree(({ child, log }) =>
      Effect.gen(function*() {
        const specs = [child("a"), child("b"), child("c", { before: Effect.fail("no c") }), child("d")]
        const error = yield* Effect.flip(Supervisor.make({ name: "top" }, specs))
        assert.deepStrictEqual(log, ["+a", "+b", "-b Shutdown", "-a Shutdown"])
        assert.strictEqual(error._tag, "StartFailed")
        if (error._tag !== "StartFailed" || error.reason._tag !== "Shutdown") return assert.fail()
        const detail = error.reason.detail
        assert.isTrue(detail instanceof Supervisor.SupervisorError)
        if (!(detail instanceof Supervisor.SupervisorError)) return
        assert.deepStrictEqual([detail.reason, detail.childId, detail.cause], ["start_failed", "c", "no c"])
        assert.strictEqual(detail.message, "supervisor \"top\", child \"c\": start_failed")
      })
    ))

  const noChildren: ReadonlyArray<readonly [string, Effect.Effect<any, unknown>]> = [
    ["dies", Effect.die("no")],
    ["interrupts itself", Effect.interrupt],
    ["gives nothing", Effect.void],
    ["gives a number", Effect.succeed(1)],
    ["gives an object", Effect.succeed({ ref: {}, awaitExit: Effect.never })]
  ]
  for (const [what, start] of noChildren) {
    it.effect(`does not start with a child whose start ${what}; its scope is closed`, () =>
      inTree(({ child, log }) =>
        Effect.gen(function*() {
          const bad = Effect.andThen(Effect.addFinalizer(() => Effect.sync(() => void log.push("released"))), start)
          const error = yield* Effect.flip(Supervisor.make({}, [child("a"), { id: "bad", start: bad }]))
          assert.strictEqual(error._tag, "StartFailed")
          assert.deepStrictEqual(log, ["+a", "released", "-a Shutdown"])
        })
      ))
  }

  it.effect("takes fibers and supervisors for children", () =>
    inTree(({ child, log, since }) =>
      Effect.gen(function*() {
        const fiber = Effect.forkScoped(Effect.andThen(Effect.sleep(1000), Effect.die("late")))
        const inner = Supervisor.make({ name: "inner" }, [child("x"), child("y")])
        const supervisor = yield* Supervisor.make({}, [{ id: "fiber", start: fiber }, { id: "inner", start: inner }])
        assert.deepStrictEqual(
          (yield* supervisor.whichChildren).map(({ id, type }) => [id, type]),
          [["fiber", "worker"], ["inner", "supervisor"]]
        )
        assert.deepStrictEqual(yield* supervisor.countChildren, { specs: 2, active: 2, supervisors: 1, workers: 1 })
        yield* TestClock.adjust(1000)
        yield* settle
        assert.deepStrictEqual((yield* supervisor.whichChildren).map(({ restarts }) => restarts), [1, 0])
        since()
        yield* supervisor.terminateChild("inner")
        assert.deepStrictEqual(log, ["-y Shutdown", "-x Shutdown"])
      })
    ))

  it.effect("knows a supervisor by its ref too", () =>
    inTree(() =>
      Effect.gen(function*() {
        const start = Effect.map(Supervisor.make({}, []), ({ ref }) => ref)
        const supervisor = yield* Supervisor.make({}, [{ id: "inner", start }])
        assert.deepStrictEqual((yield* supervisor.whichChildren).map(({ type }) => type), ["supervisor"])
      })
    ))

  it.effect("takes the type that the spec says for what the child is; else what it was when it last started", () =>
    inTree(({ child }) =>
      Effect.gen(function*() {
        let starts = 0
        const first = Supervisor.make({}, [])
        const changing = Effect.suspend((): Supervisor.ChildSpec["start"] => starts++ === 0 ? first : child("c").start)
        const supervisor = yield* Supervisor.make({}, [
          child("a", { type: "supervisor" }),
          { id: "b", start: first, type: "worker" },
          { id: "c", start: changing }
        ])
        const types = Effect.map(supervisor.whichChildren, (children) => children.map(({ type }) => type))
        assert.deepStrictEqual(yield* types, ["supervisor", "worker", "supervisor"])
        yield* supervisor.terminateChild("c")
        assert.deepStrictEqual(yield* types, ["supervisor", "worker", "supervisor"])
        yield* supervisor.restartChild("c")
        assert.deepStrictEqual(yield* types, ["supervisor", "worker", "worker"])
      })
    ))

  it.effect("restarts a child that had ended before it was watched, for the reason it ended with", () =>
    inTree(({ lines, log }) =>
      Effect.gen(function*() {
        let starts = 0
        const start = Effect.gen(function*() {
          log.push(`start ${++starts}`)
          const ref = yield* Actor.spawn<string>({ receive: () => {} })
          if (starts === 1) yield* ref.stop(ExitReason.crash(Cause.die(new RangeError("early"))))
          return ref
        })
        yield* Supervisor.make({}, [{ id: "a", start, restart: "transient" }])
        yield* settle
        assert.deepStrictEqual(log, ["start 1", "start 2"])
        assert.match(lines[0]?.message ?? "", /child "a" has ended: Crash\(RangeError\)/)
      })
    ))

  it.effect("closes the scope of a child that has ended before it starts it again", () =>
    inTree(({ log }) =>
      Effect.gen(function*() {
        let wait = 100
        const start = Effect.gen(function*() {
          log.push("open")
          yield* Effect.addFinalizer(() =>
            Effect.andThen(wait > 0 ? Effect.sleep(wait) : Effect.void, Effect.sync(() => void log.push("closed")))
          )
          return yield* Effect.forkScoped(Effect.sleep(1000))
        })
        yield* Supervisor.make({}, [{ id: "a", start }])
        yield* TestClock.adjust(1050)
        yield* settle
        assert.deepStrictEqual(log.splice(0), ["open"])
        yield* TestClock.adjust(50)
        yield* settle
        assert.deepStrictEqual(log, ["closed", "open"])
        wait = 0
      })
    ))
})

describe("a restart type", () => {
  for (const restart of ["permanent", "transient", "temporary"] as const) {
    for (const strategy of ["one_for_one", "one_for_all", "rest_for_one"] as const) {
      for (const message of ends) {
        const restarts = restart === "permanent" || (restart === "transient" && message === "crash")
        it.effect(`${restart} under ${strategy}: ${message} is ${restarts ? "a restart" : "an end"}`, () =>
          inTree(({ child, lines, since, tell }) =>
            Effect.gen(function*() {
              const specs = [child("a"), child("b", { restart }), child("c"), child("d", { restart: "temporary" })]
              const supervisor = yield* Supervisor.make({ strategy, name: "top" }, specs)
              since()
              yield* tell("b", message)
              const end = `-b ${tagOf[message]}`
              const restarted = {
                one_for_one: [end, "+b"],
                rest_for_one: [end, "-d Shutdown", "-c Shutdown", "+b", "+c"],
                one_for_all: [end, "-d Shutdown", "-c Shutdown", "-a Shutdown", "+a", "+b", "+c"]
              }
              assert.deepStrictEqual(since(), restarts ? restarted[strategy] : [end])
              const keepsD = !restarts || strategy === "one_for_one"
              assert.strictEqual(
                yield* shape(supervisor),
                [
                  "a: up",
                  ...(restarts ? ["b: up"] : restart === "temporary" ? [] : ["b: down"]),
                  "c: up",
                  ...(keepsD ? ["d: up"] : [])
                ].join(", ")
              )
              const loud = message === "crash"
              assert.deepStrictEqual(
                lines.map(({ message }) => message.replace(/\(\d+\)/, "")),
                loud ? [`supervisor "top" : child "b" has ended: Crash(string)`] : []
              )
              assert.deepStrictEqual(lines.map(({ level }) => level), loud ? ["Warn"] : [])
            })
          ))
      }
    }
  }
})

describe("a strategy", () => {
  it.effect("starts those that had been stopped before along with the others", () =>
    inTree(({ child, since, tell }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({ strategy: "one_for_all" }, [child("a"), child("b"), child("c")])
        yield* supervisor.terminateChild("a")
        since()
        yield* tell("c", "crash")
        assert.deepStrictEqual(since(), ["-c Crash", "-b Shutdown", "+a", "+b", "+c"])
      })
    ))

  it.effect("rest_for_one leaves alone those before, down or not", () =>
    inTree(({ child, since, tell }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({ strategy: "rest_for_one" }, [child("a"), child("b"), child("c")])
        yield* supervisor.terminateChild("a")
        since()
        yield* tell("b", "crash")
        assert.deepStrictEqual(since(), ["-b Crash", "-c Shutdown", "+b", "+c"])
        assert.strictEqual(yield* shape(supervisor), "a: down, b: up, c: up")
      })
    ))

  it.effect("counts one restart, however many siblings it takes along", () =>
    inTree(({ child, tell }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({ strategy: "one_for_all" }, [child("a"), child("b"), child("c")])
        yield* tell("b", "crash")
        assert.strictEqual(yield* shape(supervisor), "a: up, b: up, c: up")
        assert.deepStrictEqual((yield* supervisor.whichChildren).map(({ restarts }) => restarts), [1, 1, 1])
      })
    ))

  it.effect("takes a crash of a sibling that it is stopping anyway for no crash", () =>
    inTree(({ child, since, tell }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make(
          { strategy: "one_for_all" },
          [child("a"), child("b", { ending: Effect.die("while ending") })]
        )
        since()
        yield* tell("a", "crash")
        assert.deepStrictEqual(since(), ["-a Crash", "-b Shutdown", "+a", "+b"])
        assert.strictEqual(yield* shape(supervisor), "a: up, b: up")
      })
    ))
})

describe("a restart that fails", () => {
  /** Fails while `broken`, which is set after the first start. */
  const fragile = () => {
    const state = { broken: false, attempts: 0 }
    const before = Effect.suspend(() => {
      state.attempts++
      return state.broken ? Effect.andThen(Effect.sleep(10), Effect.fail(new RangeError("broken"))) : Effect.void
    })
    return { state, before }
  }

  it.effect("is tried again, and each attempt counts", () =>
    inTree(({ child, lines, tell }) =>
      Effect.gen(function*() {
        const { before, state } = fragile()
        const supervisor = yield* Supervisor.make({ intensity: 3, name: "top" }, [child("a", { before })])
        state.broken = true
        yield* tell("a", "crash")
        yield* TestClock.adjust(30)
        assert.deepStrictEqual(yield* supervisor.awaitExit, ExitReason.shutdown)
        assert.strictEqual(state.attempts, 4)
        assert.deepStrictEqual(lines.map(({ level }) => level), ["Warn", "Warn", "Warn", "Warn", "Error"])
        assert.match(lines[1]?.message ?? "", /child "a" could not be restarted: Crash\(RangeError\)/)
        assert.match(lines[4]?.message ?? "", /supervisor "top" \(\d+\): child "a" .*Crash\(RangeError\).* giving up/)
      })
    ))

  it.effect("succeeds in the end, and the child is itself again", () =>
    inTree(({ child, tell }) =>
      Effect.gen(function*() {
        const { before, state } = fragile()
        const supervisor = yield* Supervisor.make({ intensity: 9 }, [child("a", { before })])
        state.broken = true
        yield* tell("a", "crash")
        yield* TestClock.adjust(20)
        state.broken = false
        yield* TestClock.adjust(10)
        yield* settle
        assert.deepStrictEqual((yield* supervisor.whichChildren).map(({ restarts }) => restarts), [1])
        assert.strictEqual(yield* shape(supervisor), "a: up")
      })
    ))

  it.effect("leaves room for a stop between two attempts, after which there is none", () =>
    inTree(({ child, tell }) =>
      Effect.gen(function*() {
        const { before, state } = fragile()
        const supervisor = yield* Supervisor.make({ intensity: 9 }, [child("a", { before })])
        state.broken = true
        yield* tell("a", "crash")
        const seen = yield* Effect.forkChild(shape(supervisor), { startImmediately: true })
        const again = yield* Effect.forkChild(Effect.flip(supervisor.restartChild("a")), { startImmediately: true })
        const del = yield* Effect.forkChild(Effect.flip(supervisor.deleteChild("a")), { startImmediately: true })
        const start = yield* Effect.forkChild(Effect.flip(supervisor.startChild(child("a"))), {
          startImmediately: true
        })
        const stop = yield* Effect.forkChild(supervisor.terminateChild("a"), { startImmediately: true })
        yield* TestClock.adjust(10)
        yield* settle
        assert.deepStrictEqual(seen.pollUnsafe(), yield* Effect.exit(Effect.succeed("a: restarting")))
        const reasons = [again, del, start].map((fiber) => {
          const exit = fiber.pollUnsafe()
          return exit?._tag === "Success" ? exit.value.reason : exit
        })
        // As OTP: a child between two attempts has no process, so its id is present, not started.
        assert.deepStrictEqual(reasons, ["restarting", "restarting", "already_present"])
        assert.strictEqual(stop.pollUnsafe()?._tag, "Success")
        yield* TestClock.adjust(100)
        assert.strictEqual(state.attempts, 2)
        assert.strictEqual(yield* shape(supervisor), "a: down")
      })
    ))

  it.effect("of a sibling: that one is tried again, those before it run, those behind it wait", () =>
    inTree(({ child, since, tell }) =>
      Effect.gen(function*() {
        const { before, state } = fragile()
        const supervisor = yield* Supervisor.make(
          { strategy: "one_for_all", intensity: 9 },
          [child("a"), child("b", { before }), child("c")]
        )
        since()
        state.broken = true
        yield* tell("c", "crash")
        const seen = yield* Effect.forkChild(shape(supervisor), { startImmediately: true })
        yield* TestClock.adjust(10)
        yield* settle
        assert.deepStrictEqual(since(), ["-c Crash", "-b Shutdown", "-a Shutdown", "+a", "-a Shutdown", "+a"])
        assert.deepStrictEqual(seen.pollUnsafe(), yield* Effect.exit(Effect.succeed("a: up, b: restarting, c: down")))
        state.broken = false
        yield* TestClock.adjust(10)
        yield* settle
        assert.deepStrictEqual(since(), ["-a Shutdown", "+a", "+b", "+c"])
        assert.strictEqual(yield* shape(supervisor), "a: up, b: up, c: up")
      })
    ))
})

describe("the restart intensity", () => {
  it.effect("is 1 in 5 seconds: the second within them is too many, one after them is not", () =>
    inTree(({ child, since, tell }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({}, [child("a"), child("b"), child("c")])
        yield* tell("b", "crash")
        yield* TestClock.adjust(5001)
        yield* tell("b", "crash")
        assert.strictEqual(yield* shape(supervisor), "a: up, b: up, c: up")
        yield* TestClock.adjust(5000)
        since()
        yield* tell("a", "crash")
        assert.deepStrictEqual(yield* supervisor.awaitExit, ExitReason.shutdown)
        assert.deepStrictEqual(since(), ["-a Crash", "-c Shutdown", "-b Shutdown"])
      })
    ))

  it.effect("0 bears no restart", () =>
    inTree(({ child, lines, tell }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({ intensity: 0 }, [child("a"), child("b", { restart: "temporary" })])
        yield* tell("b", "crash")
        assert.strictEqual(yield* shape(supervisor), "a: up")
        yield* tell("a", "normal")
        assert.deepStrictEqual(yield* supervisor.awaitExit, ExitReason.shutdown)
        assert.deepStrictEqual(lines.map(({ level }) => level), ["Warn", "Error"])
      })
    ))

  it.effect("escalates: the parent restarts a supervisor that has given up, and gives up itself in the end", () =>
    inTree(({ child, since, tell }) =>
      Effect.gen(function*() {
        const inner = Supervisor.make({ name: "inner", intensity: 0 }, [child("x"), child("y")])
        const outer = yield* Supervisor.make({ name: "outer", intensity: 1 }, [child("a"), {
          id: "inner",
          start: inner
        }])
        since()
        yield* tell("x", "crash")
        assert.deepStrictEqual(since(), ["-x Crash", "-y Shutdown", "+x", "+y"])
        yield* tell("y", "crash")
        assert.deepStrictEqual(since(), ["-y Crash", "-x Shutdown", "-a Shutdown"])
        assert.deepStrictEqual(yield* outer.awaitExit, ExitReason.shutdown)
      })
    ))

  it.effect("a transient supervisor that gives up is not restarted: its end is a Shutdown", () =>
    inTree(({ child, tell }) =>
      Effect.gen(function*() {
        const inner = Supervisor.make({ intensity: 0 }, [child("x")])
        const outer = yield* Supervisor.make({}, [{ id: "inner", start: inner, restart: "transient" }])
        yield* tell("x", "crash")
        assert.strictEqual(yield* shape(outer), "inner: down")
      })
    ))
})

describe("significant children", () => {
  const significant = { restart: "transient", significant: true } as const

  it.effect("any_significant: the first that ends ends the supervisor; others do not", () =>
    inTree(({ child, since, tell }) =>
      Effect.gen(function*() {
        const specs = [
          child("a"),
          child("b", significant),
          child("c", significant),
          child("d", { restart: "transient" })
        ]
        const supervisor = yield* Supervisor.make({ autoShutdown: "any_significant", intensity: 5 }, specs)
        yield* tell("d", "normal")
        yield* tell("b", "crash")
        assert.strictEqual(yield* shape(supervisor), "a: up, b: up, c: up, d: down")
        since()
        yield* tell("b", "normal")
        assert.deepStrictEqual(yield* supervisor.awaitExit, ExitReason.shutdown)
        assert.deepStrictEqual(since(), ["-b Normal", "-c Shutdown", "-a Shutdown"])
      })
    ))

  it.effect("all_significant: the last that ends does, also after one was terminated by hand", () =>
    inTree(({ child, tell }) =>
      Effect.gen(function*() {
        const specs = [child("a"), child("b", significant), child("c", significant)]
        const supervisor = yield* Supervisor.make({ autoShutdown: "all_significant" }, specs)
        yield* supervisor.terminateChild("b")
        assert.strictEqual(yield* shape(supervisor), "a: up, b: down, c: up")
        yield* tell("c", "normal")
        assert.deepStrictEqual(yield* supervisor.awaitExit, ExitReason.shutdown)
      })
    ))

  it.effect("terminated by hand, never end it", () =>
    inTree(({ child }) =>
      Effect.gen(function*() {
        for (const autoShutdown of ["any_significant", "all_significant"] as const) {
          const supervisor = yield* Supervisor.make({ autoShutdown }, [
            child("a", significant),
            child("b", { ...significant, restart: "temporary" })
          ])
          yield* supervisor.terminateChild("a")
          yield* supervisor.terminateChild("b")
          assert.strictEqual(yield* shape(supervisor), "a: down")
        }
      })
    ))

  it.effect("a temporary one that crashes ends it", () =>
    inTree(({ child, tell }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make(
          { autoShutdown: "any_significant" },
          [child("a"), child("b", { significant: true, restart: "temporary" })]
        )
        yield* tell("b", "crash")
        assert.deepStrictEqual(yield* supervisor.awaitExit, ExitReason.shutdown)
      })
    ))
})
