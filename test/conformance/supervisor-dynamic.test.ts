import { assert, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason, Supervisor } from "whitepool/actor"
import { outcome, pending, settle, started } from "./support.ts"
import { leavesNothing, makeJournal, often, refOf, refusal, type SpecOptions } from "./tree.ts"

interface Args extends SpecOptions {
  readonly name: string
}

const crowd = (flags: Omit<Supervisor.Flags, "strategy"> = {}, template: SpecOptions = {}) =>
  Effect.gen(function*() {
    const journal = makeJournal()
    const supervisor = yield* Supervisor.dynamic({ ...often, ...flags }, ({ name, ...args }: Args) => {
      const { starting, stopping, ...spec } = { ...template, ...args }
      const worker = {
        ...(starting === undefined ? {} : { starting }),
        ...(stopping === undefined ? {} : { stopping })
      }
      return { start: journal.start(name, worker), ...spec }
    })
    const start = (name: string, options: SpecOptions = {}) => supervisor.startChild({ name, ...options })
    const ids = Effect.map(supervisor.whichChildren, (infos) => infos.map((info) => refOf(info.child).id))
    const idsOf = (...names: ReadonlyArray<string>) => names.map((name) => journal.ref(name).id)
    return { journal, supervisor, start, ids, idsOf }
  })

it.effect("starts with none; startChild starts one from the template, with its arguments", () =>
  Effect.gen(function*() {
    const { journal, supervisor, start, ids, idsOf } = yield* crowd()
    assert.deepStrictEqual(yield* supervisor.whichChildren, [])
    const first = yield* start("a")
    assert.strictEqual(refOf(first).id, journal.ref("a").id)
    yield* start("b")
    yield* start("c")
    assert.deepStrictEqual(yield* ids, idsOf("a", "b", "c"), "in start order")
    for (const info of yield* supervisor.whichChildren) {
      assert.deepInclude(info, { id: undefined, type: "worker", restarts: 0 })
    }
  }))

it.effect("countChildren: one template in OTP's count of specs, or as many as there are; all active", () =>
  Effect.gen(function*() {
    const { supervisor, start } = yield* crowd()
    for (const name of ["a", "b", "c"]) yield* start(name)
    const count = yield* supervisor.countChildren
    assert.deepInclude(count, { active: 3, supervisors: 0, workers: 3 })
    assert.include([1, 3], count.specs)
  }))

it.effect("a child that crashes is restarted with its own arguments; the others are left alone", () =>
  Effect.gen(function*() {
    const { journal, supervisor, start, ids, idsOf } = yield* crowd()
    for (const name of ["a", "b", "c"]) yield* start(name)
    journal.news()
    yield* journal.crash("b")
    assert.deepStrictEqual(journal.news(), ["-b Crash", "+b"])
    assert.sameMembers(yield* ids, idsOf("a", "b", "c"))
    const restarts = (yield* supervisor.whichChildren).map((info) => info.restarts)
    assert.strictEqual(restarts.reduce((sum, one) => sum + one), 1)
  }))

it.effect("transient and temporary children that have ended are forgotten", () =>
  Effect.gen(function*() {
    const { journal, start, ids, idsOf } = yield* crowd()
    yield* start("task", { restart: "transient" })
    yield* start("once", { restart: "temporary" })
    yield* start("a")
    yield* journal.crash("task")
    assert.strictEqual(journal.starts("task"), 2)
    yield* journal.tell("task", "finish")
    yield* journal.kill("once")
    assert.deepStrictEqual(yield* ids, idsOf("a"))
    assert.deepStrictEqual(journal.open, ["a#1"])
  }))

it.effect("startChild that fails: start_failed, nothing is kept, nothing counts", () =>
  Effect.gen(function*() {
    const { journal, supervisor, start } = yield* crowd({ intensity: 0 })
    for (const starting of [() => Effect.fail("no"), () => Effect.die("no")]) {
      assert.strictEqual(yield* refusal(start("x", { starting })), "SupervisorError start_failed")
    }
    assert.deepStrictEqual(yield* supervisor.whichChildren, [])
    assert.deepStrictEqual(journal.open, [])
    assert.isTrue(yield* supervisor.ref.isAlive)
  }))

it.effect("a template that throws is a failure of startChild or a defect of its caller, never the supervisor's end", () =>
  Effect.gen(function*() {
    const supervisor = yield* Supervisor.dynamic({}, (_args: string) => {
      if (_args === "bad") throw new Error("template")
      return { start: Actor.spawn<string>({ receive: () => {} }) }
    })
    assert.strictEqual((yield* Effect.exit(supervisor.startChild("bad")))._tag, "Failure")
    assert.isTrue(yield* supervisor.ref.isAlive)
    yield* supervisor.startChild("good")
    assert.strictEqual((yield* supervisor.whichChildren).length, 1)
  }))

it.effect("a template that gives a bad spec: invalid_options with every problem", () =>
  Effect.gen(function*() {
    const { journal, start } = yield* crowd()
    const bad: any = { restart: "never", shutdown: NaN }
    const error = yield* Effect.flip(start("x", bad))
    assert.strictEqual(error.reason, "invalid_options")
    assert.include(error.problems.join("\n"), "restart")
    assert.include(error.problems.join("\n"), "shutdown")
    assert.strictEqual(journal.starts("x"), 0)
    const significant = yield* refusal(start("x", { restart: "transient", significant: true }))
    assert.strictEqual(significant, "SupervisorError invalid_options")
  }))

it.effect("terminateChild: by the child itself, whatever its restart type; it is forgotten", () =>
  Effect.gen(function*() {
    const { journal, supervisor, start, ids, idsOf } = yield* crowd()
    const a = yield* start("a")
    const b = yield* start("b")
    yield* supervisor.terminateChild(a)
    assert.deepStrictEqual(yield* ids, idsOf("b"))
    assert.include(journal.news(), "-a Shutdown")
    yield* supervisor.terminateChild(a)
    yield* supervisor.terminateChild(b)
    assert.deepStrictEqual(yield* supervisor.whichChildren, [])
    assert.deepStrictEqual(journal.open, [])
  }))

it.effect("terminateChild: one already dead is nothing and no error; a living stranger is not_found", () =>
  Effect.gen(function*() {
    const { journal, supervisor, start } = yield* crowd()
    const once = yield* start("once", { restart: "temporary" })
    yield* journal.crash("once")
    assert.isUndefined(yield* refusal(supervisor.terminateChild(once)))
    const stranger = yield* Actor.spawn<string>({ receive: () => {} })
    assert.strictEqual(yield* refusal(supervisor.terminateChild(stranger)), "SupervisorError not_found")
    assert.isTrue(yield* stranger.isAlive)
  }))

it.effect("terminateChild keeps the budget of the template", () =>
  Effect.gen(function*() {
    const { journal, supervisor, start } = yield* crowd({}, { stopping: Effect.never, shutdown: "2 seconds" })
    const a = yield* start("a")
    const terminating = yield* started(supervisor.terminateChild(a))
    yield* TestClock.adjust(1_999)
    yield* settle
    assert.isTrue(pending(terminating))
    yield* TestClock.adjust(1)
    yield* settle
    assert.isFalse(pending(terminating))
    assert.isFalse(yield* journal.ref("a").isAlive)
  }))

it.effect("stop: all children at once, not one after the other", () =>
  leavesNothing(Effect.gen(function*() {
    const { journal, supervisor, start } = yield* crowd({}, { stopping: Effect.sleep("2 seconds") })
    for (const name of ["a", "b", "c", "d"]) yield* start(name)
    const stop = yield* started(supervisor.ref.stop())
    yield* TestClock.adjust("2 seconds")
    yield* settle
    assert.isFalse(pending(stop))
    assert.sameMembers(journal.news().slice(4), ["-a Shutdown", "-b Shutdown", "-c Shutdown", "-d Shutdown"])
    assert.deepStrictEqual(journal.open, [])
  })))

it.effect("stop: those that do not stop in time are killed together", () =>
  leavesNothing(Effect.gen(function*() {
    const { journal, supervisor, start } = yield* crowd({}, { stopping: Effect.never })
    for (const name of ["a", "b", "c"]) yield* start(name)
    const stop = yield* started(supervisor.ref.stop())
    yield* TestClock.adjust(4_999)
    yield* settle
    assert.isTrue(pending(stop))
    yield* TestClock.adjust(1)
    yield* settle
    assert.isFalse(pending(stop))
    assert.deepStrictEqual(journal.open, [])
  })))

it.effect("intensity: as with any supervisor, over all its children", () =>
  leavesNothing(Effect.gen(function*() {
    const { journal, supervisor, start } = yield* crowd({ intensity: 1, period: "5 seconds" })
    for (const name of ["a", "b", "c"]) yield* start(name)
    yield* journal.crash("a")
    assert.isTrue(yield* supervisor.ref.isAlive)
    yield* TestClock.adjust("7 seconds")
    yield* journal.crash("b")
    assert.isTrue(yield* supervisor.ref.isAlive)
    yield* journal.crash("c")
    assert.strictEqual((yield* supervisor.awaitExit)._tag, "Shutdown")
    assert.deepStrictEqual(journal.open, [])
  })))

it.effect("intensity: by default 1 in 5 seconds", () =>
  Effect.gen(function*() {
    const { journal, supervisor, start } = yield* crowd({ intensity: undefined, period: undefined })
    yield* start("a")
    yield* journal.crash("a")
    assert.isTrue(yield* supervisor.ref.isAlive)
    yield* journal.crash("a")
    assert.isFalse(yield* supervisor.ref.isAlive)
  }))

it.effect("a child that fails while it is restarted is tried again, each try counts", () =>
  leavesNothing(Effect.gen(function*() {
    const { journal, supervisor, start } = yield* crowd({ intensity: 3, period: "1 hour" })
    yield* start("x", { starting: (incarnation) => incarnation === 1 ? Effect.void : Effect.fail("down") })
    yield* journal.crash("x")
    assert.strictEqual((yield* supervisor.awaitExit)._tag, "Shutdown")
    assert.strictEqual(journal.starts("x"), 4)
  })))

it.effect("a child that fails while it is restarted and then recovers is back", () =>
  Effect.gen(function*() {
    const { journal, start, ids, idsOf } = yield* crowd({ intensity: 3, period: "1 hour" })
    yield* start("x", { starting: (incarnation) => incarnation === 2 ? Effect.fail("down") : Effect.void })
    yield* journal.crash("x")
    assert.deepStrictEqual(yield* ids, idsOf("x"))
    assert.deepStrictEqual(journal.open, ["x#3"])
  }))

it.effect("autoShutdown: as with any supervisor", () =>
  Effect.gen(function*() {
    const { journal, supervisor, start } = yield* crowd({ autoShutdown: "all_significant" }, {
      restart: "transient",
      significant: true
    })
    for (const name of ["a", "b"]) yield* start(name)
    yield* journal.tell("a", "finish")
    assert.isTrue(yield* supervisor.ref.isAlive)
    yield* journal.tell("b", "finish")
    assert.strictEqual((yield* supervisor.awaitExit)._tag, "Shutdown")
  }))

it.effect("noproc for every question to one that has ended", () =>
  Effect.gen(function*() {
    const { supervisor, start } = yield* crowd()
    const a = yield* start("a")
    yield* supervisor.ref.exit(ExitReason.killed)
    yield* settle
    const questions = [start("x"), supervisor.terminateChild(a), supervisor.whichChildren, supervisor.countChildren]
    for (const question of questions) {
      assert.strictEqual(yield* refusal<unknown, never>(question), "SupervisorError noproc")
    }
  }))

it.effect("bad flags are refused as by make", () =>
  Effect.gen(function*() {
    const error = yield* Effect.flip(
      Supervisor.dynamic({ intensity: -1, period: 0 }, () => ({ start: Effect.forkScoped(Effect.never) }))
    )
    assert(error._tag === "SupervisorError")
    assert.strictEqual(error.reason, "invalid_options")
    assert.include(error.problems.join("\n"), "intensity")
    assert.include(error.problems.join("\n"), "period")
    assert.strictEqual(error.problems.length, 2)
  }))

it.effect("children may be fibers and supervisors; each is terminated by what startChild gave", () =>
  leavesNothing(Effect.gen(function*() {
    const journal = makeJournal()
    const supervisor = yield* Supervisor.dynamic(often, (kind: "fiber" | "tree") => ({
      start: kind === "fiber"
        ? Effect.forkScoped(Effect.never)
        : Supervisor.make({}, [{ id: "leaf", start: journal.start("leaf") }]),
      type: kind === "fiber" ? "worker" as const : "supervisor" as const
    }))
    const fiber = yield* supervisor.startChild("fiber")
    const tree = yield* supervisor.startChild("tree")
    assert.deepInclude(yield* supervisor.countChildren, { active: 2, supervisors: 1, workers: 1 })
    const infos = yield* supervisor.whichChildren
    assert.deepStrictEqual(infos.map((info) => info.type), ["worker", "supervisor"])
    yield* supervisor.terminateChild(fiber)
    yield* supervisor.terminateChild(tree)
    assert.isFalse(yield* journal.ref("leaf").isAlive)
    assert.deepStrictEqual(yield* supervisor.whichChildren, [])
  })))

it.effect("a thousand children come and go and nothing is left", () =>
  leavesNothing(Effect.gen(function*() {
    const { journal, supervisor, start } = yield* crowd()
    const children = yield* Effect.forEach(Array.from({ length: 1000 }), (_, n) => start(`n${n}`))
    assert.strictEqual((yield* supervisor.countChildren).active, 1000)
    yield* Effect.forEach(children.slice(0, 500), (one) => supervisor.terminateChild(one), { discard: true })
    assert.strictEqual((yield* supervisor.countChildren).active, 500)
    for (let n = 500; n < 600; n++) yield* journal.ref(`n${n}`).exit(ExitReason.killed)
    yield* settle
    yield* settle
    assert.strictEqual((yield* supervisor.countChildren).active, 500)
    yield* supervisor.ref.stop()
    assert.deepStrictEqual(journal.open, [])
  })))

it.effect("startChild while another start takes its time: both get their own child", () =>
  Effect.gen(function*() {
    const { journal, supervisor, start } = yield* crowd()
    const slow = yield* started(start("slow", { starting: () => Effect.sleep("10 seconds") }))
    const quick = yield* started(start("quick"))
    yield* TestClock.adjust("10 seconds")
    yield* settle
    assert.strictEqual(refOf(outcome(slow)).id, journal.ref("slow").id)
    assert.strictEqual(refOf(yield* Fiber.join(quick)).id, journal.ref("quick").id)
    assert.strictEqual((yield* supervisor.whichChildren).length, 2)
  }))
