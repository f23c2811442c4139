import { assert, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Fiber } from "effect"
import { ExitReason, Supervisor } from "whitepool/actor"
import { settle } from "./support.ts"
import { child, leavesNothing, listing, makeJournal, often, type SpecOptions, supervise } from "./tree.ts"

type Ending = (journal: ReturnType<typeof makeJournal>) => Effect.Effect<void>

/** How a child ends, and whether a transient one comes back. */
const endings: ReadonlyArray<readonly [what: string, end: Ending, abnormal: boolean]> = [
  ["Normal", (journal) => journal.tell("x", "finish"), false],
  ["Shutdown", (journal) => journal.tell("x", "retire"), false],
  ["Shutdown with a detail", (journal) => journal.ref("x").stop({ _tag: "Shutdown", detail: 1 }), false],
  ["Shutdown by exit", (journal) => journal.ref("x").exit(ExitReason.shutdown), false],
  ["a crash", (journal) => journal.crash("x"), true],
  ["a crash by exit", (journal) => journal.ref("x").exit(ExitReason.crash(Cause.fail("x"))), true],
  ["a turn that fails", (journal) => journal.tell("x", Effect.fail("x")), true],
  ["Killed", (journal) => journal.kill("x"), true],
  ["NoProcess", (journal) => journal.ref("x").exit(ExitReason.noProcess), true]
]

for (const [what, end, abnormal] of endings) {
  for (const restart of ["permanent", "transient", "temporary", undefined] as const) {
    const comesBack = restart === "permanent" || restart === undefined || (restart === "transient" && abnormal)
    const title = `${restart ?? "permanent by default"}: after ${what} it ${comesBack ? "is restarted" : "stays away"}`
    it.effect(title, () =>
      Effect.gen(function*() {
        const { journal, supervisor } = yield* supervise({}, { other: {}, x: { restart } })
        const first = journal.ref("x").id
        yield* end(journal)
        yield* settle
        assert.strictEqual(journal.starts("x"), comesBack ? 2 : 1)
        assert.strictEqual(journal.starts("other"), 1)
        assert.deepStrictEqual(
          yield* listing(supervisor),
          comesBack ? ["other", "x"] : restart === "transient" ? ["other", "x:undefined"] : ["other"]
        )
        if (comesBack) assert.notStrictEqual(journal.ref("x").id, first)
        assert.deepStrictEqual(journal.closed, ["x#1"])
        assert.deepStrictEqual(journal.open, comesBack ? ["other#1", "x#2"] : ["other#1"])
        assert.isTrue(yield* supervisor.ref.isAlive)
      }))
  }
}

const all = (restart: SpecOptions["restart"] = "permanent") => ({
  a: { restart },
  b: { restart },
  c: { restart },
  d: { restart }
})

it.effect("one_for_one (the default): only the one that ended", () =>
  Effect.gen(function*() {
    for (const strategy of [undefined, "one_for_one"] as const) {
      const { journal } = yield* supervise({ strategy }, all())
      journal.news()
      yield* journal.crash("b")
      assert.deepStrictEqual(journal.news(), ["-b Crash", "+b"])
    }
  }))

it.effect("one_for_all: the others are stopped in reverse order, and all start again in order", () =>
  Effect.gen(function*() {
    const { journal } = yield* supervise({ strategy: "one_for_all" }, all())
    journal.news()
    yield* journal.crash("b")
    assert.deepStrictEqual(journal.news(), [
      "-b Crash",
      "-d Shutdown",
      "-c Shutdown",
      "-a Shutdown",
      "+a",
      "+b",
      "+c",
      "+d"
    ])
  }))

it.effect("rest_for_one: those that started later are stopped in reverse order, and start again in order", () =>
  Effect.gen(function*() {
    const { journal } = yield* supervise({ strategy: "rest_for_one" }, all())
    journal.news()
    yield* journal.crash("b")
    assert.deepStrictEqual(journal.news(), ["-b Crash", "-d Shutdown", "-c Shutdown", "+b", "+c", "+d"])
    yield* journal.crash("d")
    assert.deepStrictEqual(journal.news(), ["-d Crash", "+d"])
    yield* journal.crash("a")
    assert.deepStrictEqual(journal.news(), [
      "-a Crash",
      "-d Shutdown",
      "-c Shutdown",
      "-b Shutdown",
      "+a",
      "+b",
      "+c",
      "+d"
    ])
  }))

for (const strategy of ["one_for_all", "rest_for_one"] as const) {
  it.effect(`${strategy}: siblings that are transient come back, temporary ones are gone for good`, () =>
    Effect.gen(function*() {
      const { journal, supervisor } = yield* supervise({ strategy }, {
        a: {},
        gone: { restart: "temporary" },
        back: { restart: "transient" }
      })
      journal.news()
      yield* journal.crash("a")
      assert.deepStrictEqual(journal.news(), ["-a Crash", "-back Shutdown", "-gone Shutdown", "+a", "+back"])
      assert.deepStrictEqual(yield* listing(supervisor), ["a", "back"])
    }))

  it.effect(`${strategy}: an end that calls for no restart leaves the siblings alone`, () =>
    Effect.gen(function*() {
      const { journal } = yield* supervise({ strategy }, {
        once: { restart: "temporary" },
        task: { restart: "transient" },
        a: {}
      })
      journal.news()
      yield* journal.tell("task", "finish")
      yield* journal.crash("once")
      assert.deepStrictEqual(journal.news(), ["-task Normal", "-once Crash"])
    }))

  it.effect(`${strategy}: the siblings are given their time to stop before anything starts again`, () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const { journal } = yield* supervise({ strategy }, { a: {}, b: { stopping: Deferred.await(gate) } })
      journal.news()
      yield* journal.crash("a")
      assert.deepStrictEqual(journal.news(), ["-a Crash"])
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.deepStrictEqual(journal.news(), ["-b Shutdown", "+a", "+b"])
    }))

  it.effect(`${strategy}: one crash of one child is one restart, however many siblings there are`, () =>
    Effect.gen(function*() {
      const { journal, supervisor } = yield* supervise({ strategy, intensity: 2, period: "1 hour" }, all())
      yield* journal.crash("a")
      yield* journal.crash("a")
      assert.isTrue(yield* supervisor.ref.isAlive)
      assert.strictEqual(journal.starts("d"), 3)
    }))
}

it.effect("one_for_all: all others are started again, also one that was terminated or had finished, as in OTP", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ strategy: "one_for_all" }, {
      a: {},
      b: {},
      task: { restart: "transient" }
    })
    yield* supervisor.terminateChild("a")
    yield* journal.tell("task", "finish")
    journal.news()
    yield* journal.crash("b")
    assert.deepStrictEqual(journal.news(), ["-b Crash", "+a", "+b", "+task"])
  }))

it.effect("one_for_all: two that end at once are both back, each child living once", () =>
  leavesNothing(Effect.gen(function*() {
    const { journal } = yield* supervise({ strategy: "one_for_all" }, all())
    journal.ref("a").castUnsafe("crash")
    journal.ref("c").castUnsafe("crash")
    yield* settle
    assert.deepStrictEqual(journal.open.map((place) => place.slice(0, 1)), ["a", "b", "c", "d"])
    for (const id of ["a", "b", "c", "d"]) assert.isTrue(yield* journal.ref(id).isAlive)
  })))

it.effect("all children end at once: all are back", () =>
  leavesNothing(Effect.gen(function*() {
    for (const strategy of ["one_for_one", "one_for_all", "rest_for_one"] as const) {
      const { journal, supervisor } = yield* supervise({ strategy }, all())
      for (const id of ["a", "b", "c", "d"]) yield* journal.ref(id).exit(ExitReason.killed)
      yield* settle
      assert.deepStrictEqual(yield* listing(supervisor), ["a", "b", "c", "d"])
      for (const id of ["a", "b", "c", "d"]) assert.isTrue(yield* journal.ref(id).isAlive)
      assert.strictEqual(journal.open.length, 4)
    }
  })))

it.effect("the old child's scope is closed, once, before the new child starts", () =>
  Effect.gen(function*() {
    const order: Array<string> = []
    const journal = makeJournal()
    let n = 0
    yield* Supervisor.make(often, [{
      id: "x",
      start: Effect.suspend(() => {
        const mine = ++n
        return Effect.andThen(
          Effect.acquireRelease(Effect.sync(() => order.push(`open ${mine}`)), () =>
            Effect.andThen(settle, Effect.sync(() => order.push(`close ${mine}`)))),
          journal.start("x")
        )
      })
    }])
    for (let i = 0; i < 3; i++) {
      yield* Effect.andThen(journal.crash("x"), settle)
    }
    assert.deepStrictEqual(order, ["open 1", "close 1", "open 2", "close 2", "open 3", "close 3", "open 4"])
  }))

it.effect("restarts of a child are counted, manual ones and those of others are not its own", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, { a: {}, b: {} })
    yield* journal.crash("a")
    yield* journal.crash("a")
    const infos = yield* supervisor.whichChildren
    assert.deepStrictEqual(infos.map((info) => [info.id, info.restarts]), [["a", 2], ["b", 0]])
    yield* supervisor.terminateChild("b")
    yield* supervisor.restartChild("b")
    assert.strictEqual((yield* supervisor.whichChildren)[1]!.restarts, 0)
  }))

it.effect("a stop of the supervisor while it restarts: everything ends, nothing starts again", () =>
  leavesNothing(Effect.gen(function*() {
    const gate = yield* Deferred.make<void>()
    const { journal, supervisor } = yield* supervise({}, {
      a: {},
      slow: { starting: (incarnation) => incarnation === 1 ? Effect.void : Deferred.await(gate) }
    })
    yield* journal.crash("slow")
    const stop = yield* Effect.forkChild(supervisor.ref.stop(), { startImmediately: true })
    yield* settle
    yield* Deferred.succeed(gate, undefined)
    yield* Fiber.join(stop)
    yield* settle
    assert.deepStrictEqual(journal.open, [])
    assert.isFalse(yield* journal.ref("a").isAlive)
  })))

it.effect("the death of the supervisor by Killed while it restarts a child leaves nothing", () =>
  leavesNothing(Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, {
      a: {},
      slow: { starting: (incarnation) => incarnation === 1 ? Effect.void : Effect.never }
    })
    yield* journal.crash("slow")
    yield* supervisor.ref.exit(ExitReason.killed)
    yield* settle
    assert.strictEqual((yield* supervisor.awaitExit)._tag, "Killed")
    assert.deepStrictEqual(journal.open, [])
  })))

it.effect("a start that does something else each time: the spec is run anew, not remembered", () =>
  Effect.gen(function*() {
    const journal = makeJournal()
    const values: Array<number> = []
    let next = 0
    const spec = child(journal, "x")
    yield* Supervisor.make(often, [{
      ...spec,
      start: Effect.andThen(Effect.sync(() => void values.push(next++)), spec.start)
    }])
    yield* journal.crash("x")
    yield* journal.crash("x")
    assert.deepStrictEqual(values, [0, 1, 2])
  }))
