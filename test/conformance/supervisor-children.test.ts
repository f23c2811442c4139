import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { ExitReason, Supervisor } from "whitepool/actor"
import { settle } from "./support.ts"
import { child, listing, refOf, refusal, supervise } from "./tree.ts"

it.effect("startChild: gives the child, puts it last, and supervises it like the others", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ strategy: "rest_for_one" }, { a: {}, b: {} })
    const started = yield* supervisor.startChild(child(journal, "c"))
    assert.strictEqual(refOf(started).id, journal.ref("c").id)
    assert.deepStrictEqual(yield* listing(supervisor), ["a", "b", "c"])
    journal.news()
    yield* journal.crash("b")
    assert.deepStrictEqual(journal.news(), ["-b Crash", "-c Shutdown", "+b", "+c"])
    yield* supervisor.ref.stop()
    assert.deepStrictEqual(journal.news(), ["-c Shutdown", "-b Shutdown", "-a Shutdown"])
  }))

it.effect("startChild: already_started for one that runs, already_present for one that does not", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, { a: {}, task: { restart: "transient" } })
    const error = yield* Effect.flip(supervisor.startChild(child(journal, "a")))
    assert.instanceOf(error, Supervisor.SupervisorError)
    assert.deepInclude(error, { _tag: "SupervisorError", reason: "already_started", childId: "a" })
    assert.include(error.message, "a")
    yield* supervisor.terminateChild("a")
    assert.strictEqual(yield* refusal(supervisor.startChild(child(journal, "a"))), "SupervisorError already_present")
    yield* journal.tell("task", "finish")
    assert.strictEqual(yield* refusal(supervisor.startChild(child(journal, "task"))), "SupervisorError already_present")
    assert.deepStrictEqual([journal.starts("a"), journal.starts("task")], [1, 1])
  }))

it.effect("startChild: the id of a temporary child that has ended is free", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, { once: { restart: "temporary" } })
    yield* journal.crash("once")
    yield* supervisor.startChild(child(journal, "once"))
    assert.deepStrictEqual(yield* listing(supervisor), ["once"])
  }))

it.effect("startChild: start_failed when the start fails or dies; the spec is not kept and its scope is closed", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ intensity: 0 }, { a: {} })
    for (const starting of [() => Effect.fail("no"), () => Effect.die("no")]) {
      const error = yield* Effect.flip(supervisor.startChild(child(journal, "x", { starting })))
      assert.deepInclude(error, { _tag: "SupervisorError", reason: "start_failed", childId: "x" })
    }
    assert.deepStrictEqual(yield* listing(supervisor), ["a"])
    assert.deepStrictEqual(journal.open, ["a#1"])
    assert.isTrue(yield* supervisor.ref.isAlive, "a start by hand that fails does not count")
    yield* supervisor.startChild(child(journal, "x"))
    assert.deepStrictEqual(yield* listing(supervisor), ["a", "x"])
  }))

it.effect("startChild: a bad spec is invalid_options with every problem; nothing is started", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, {})
    const bad: any = { ...child(journal, "x"), restart: "never", shutdown: NaN, type: "boss" }
    const error = yield* Effect.flip(supervisor.startChild(bad))
    assert.strictEqual(error.reason, "invalid_options")
    for (const word of ["restart", "shutdown", "type"]) assert.include(error.problems.join("\n"), word)
    assert.strictEqual(error.problems.length, 3)
    assert.deepStrictEqual(yield* listing(supervisor), [])
    assert.strictEqual(journal.starts("x"), 0)
    const significant = child(journal, "x", { significant: true, restart: "transient" })
    assert.strictEqual(yield* refusal(supervisor.startChild(significant)), "SupervisorError invalid_options")
  }))

it.effect("terminateChild: stops it for good, keeps the spec; again: nothing", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, { a: {}, b: {}, c: {} })
    journal.news()
    yield* supervisor.terminateChild("b")
    assert.deepStrictEqual(journal.news(), ["-b Shutdown"])
    assert.deepStrictEqual(yield* listing(supervisor), ["a", "b:undefined", "c"])
    yield* supervisor.terminateChild("b")
    yield* TestClock.adjust("1 hour")
    assert.strictEqual(journal.starts("b"), 1)
    assert.deepStrictEqual(journal.closed, ["b#1"])
  }))

it.effect("terminateChild: the spec of a temporary child goes with it", () =>
  Effect.gen(function*() {
    const { supervisor } = yield* supervise({}, { once: { restart: "temporary" } })
    yield* supervisor.terminateChild("once")
    assert.deepStrictEqual(yield* listing(supervisor), [])
    assert.strictEqual(yield* refusal(supervisor.terminateChild("once")), "SupervisorError not_found")
    assert.strictEqual(yield* refusal(supervisor.restartChild("once")), "SupervisorError not_found")
  }))

it.effect("terminateChild: siblings are left alone whatever the strategy", () =>
  Effect.gen(function*() {
    for (const strategy of ["one_for_all", "rest_for_one"] as const) {
      const { journal, supervisor } = yield* supervise({ strategy }, { a: {}, b: {}, c: {} })
      journal.news()
      yield* supervisor.terminateChild("a")
      yield* settle
      assert.deepStrictEqual(journal.news(), ["-a Shutdown"])
    }
  }))

it.effect("restartChild: starts one that was terminated, or has finished, in its old place", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, { a: {}, task: { restart: "transient" }, c: {} })
    yield* supervisor.terminateChild("a")
    yield* journal.tell("task", "finish")
    const a = yield* supervisor.restartChild("a")
    assert.strictEqual(refOf(a).id, journal.ref("a").id)
    yield* supervisor.restartChild("task")
    assert.deepStrictEqual(yield* listing(supervisor), ["a", "task", "c"])
    journal.news()
    yield* journal.crash("a")
    assert.deepStrictEqual(journal.news(), ["-a Crash", "+a"])
  }))

it.effect("restartChild: running, not_found; start_failed keeps the spec", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ intensity: 0 }, {
      a: { starting: (incarnation) => incarnation === 2 ? Effect.fail("no") : Effect.void }
    })
    assert.strictEqual(yield* refusal(supervisor.restartChild("a")), "SupervisorError running")
    assert.strictEqual(yield* refusal(supervisor.restartChild("b")), "SupervisorError not_found")
    yield* supervisor.terminateChild("a")
    const error = yield* Effect.flip(supervisor.restartChild("a"))
    assert.deepInclude(error, { reason: "start_failed", childId: "a" })
    assert.deepStrictEqual(yield* listing(supervisor), ["a:undefined"])
    assert.deepStrictEqual(journal.open, [])
    assert.isTrue(yield* supervisor.ref.isAlive)
    yield* supervisor.restartChild("a")
    assert.deepStrictEqual(yield* listing(supervisor), ["a"])
  }))

it.effect("deleteChild: running, not_found; else the spec is gone", () =>
  Effect.gen(function*() {
    const { supervisor } = yield* supervise({}, { a: {}, b: {} })
    const running = yield* Effect.flip(supervisor.deleteChild("a"))
    assert.deepInclude(running, { reason: "running", childId: "a" })
    assert.strictEqual(yield* refusal(supervisor.deleteChild("c")), "SupervisorError not_found")
    yield* supervisor.terminateChild("a")
    yield* supervisor.deleteChild("a")
    assert.deepStrictEqual(yield* listing(supervisor), ["b"])
    for (const again of [supervisor.deleteChild("a"), supervisor.restartChild("a"), supervisor.terminateChild("a")]) {
      assert.strictEqual(yield* refusal(Effect.asVoid(again)), "SupervisorError not_found")
    }
  }))

it.effect("terminateChild: not_found, with the id in the error", () =>
  Effect.gen(function*() {
    const { supervisor } = yield* supervise({}, {})
    const error = yield* Effect.flip(supervisor.terminateChild("nobody"))
    assert.deepInclude(error, { _tag: "SupervisorError", reason: "not_found", childId: "nobody" })
    assert.include(error.message, "nobody")
  }))

it.effect("whichChildren and countChildren: in start order, dead or alive", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, {
      a: {},
      sub: { type: "supervisor" },
      task: { restart: "transient" },
      once: { restart: "temporary" }
    })
    const infos = yield* supervisor.whichChildren
    assert.deepStrictEqual(infos.map((info) => [info.id, info.type, info.restarts]), [
      ["a", "worker", 0],
      ["sub", "supervisor", 0],
      ["task", "worker", 0],
      ["once", "worker", 0]
    ])
    assert.strictEqual(refOf(infos[0]!.child).id, journal.ref("a").id)
    assert.deepInclude(yield* supervisor.countChildren, { specs: 4, active: 4, supervisors: 1, workers: 3 })
    yield* journal.tell("task", "finish")
    yield* journal.crash("once")
    yield* supervisor.terminateChild("sub")
    assert.deepInclude(yield* supervisor.countChildren, { specs: 3, active: 1, supervisors: 1, workers: 2 })
    assert.deepStrictEqual((yield* supervisor.whichChildren).map((info) => info.child === undefined), [
      false,
      true,
      true
    ])
  }))

it.effect("whichChildren gives the living child after a restart", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, { a: {} })
    yield* journal.crash("a")
    assert.strictEqual(refOf((yield* supervisor.whichChildren)[0]!.child).id, journal.ref("a").id)
  }))

for (const how of ["stop", "exit Killed", "too many restarts"] as const) {
  it.effect(`noproc for every question to a supervisor that has ended: by ${how}`, () =>
    Effect.gen(function*() {
      const { journal, supervisor } = yield* supervise({ intensity: 0 }, { a: {} })
      yield* how === "stop"
        ? supervisor.ref.stop()
        : how === "exit Killed"
        ? supervisor.ref.exit(ExitReason.killed)
        : journal.crash("a")
      yield* supervisor.awaitExit
      const questions = [
        supervisor.startChild(child(journal, "x")),
        supervisor.terminateChild("a"),
        supervisor.restartChild("a"),
        supervisor.deleteChild("a"),
        supervisor.whichChildren,
        supervisor.countChildren
      ]
      for (const question of questions) {
        assert.strictEqual(yield* refusal<unknown, never>(question), "SupervisorError noproc")
      }
      assert.strictEqual(journal.starts("x"), 0)
    }))
}
