import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { Supervisor } from "whitepool/actor"
import { settle } from "./support.ts"
import { child, leavesNothing, supervise } from "./tree.ts"

const alive = (supervisor: Supervisor.AnySupervisor) => supervisor.ref.isAlive
const transient = { restart: "transient", significant: true } as const
const temporary = { restart: "temporary", significant: true } as const

for (const autoShutdown of ["any_significant", "all_significant"] as const) {
  it.effect(`${autoShutdown}: a transient one that ends Normal or with Shutdown, the only one, ends the supervisor`, () =>
    Effect.gen(function*() {
      for (const command of ["finish", "retire"] as const) {
        const { journal, supervisor } = yield* supervise({ autoShutdown }, { a: {}, main: transient, b: {} })
        journal.news()
        yield* journal.tell("main", command)
        assert.strictEqual((yield* supervisor.awaitExit)._tag, "Shutdown")
        assert.deepStrictEqual(journal.news(), [
          `-main ${command === "finish" ? "Normal" : "Shutdown"}`,
          "-b Shutdown",
          "-a Shutdown"
        ])
        assert.deepStrictEqual(journal.open, [])
      }
    }))

  it.effect(`${autoShutdown}: a transient one that crashes is restarted`, () =>
    Effect.gen(function*() {
      const { journal, supervisor } = yield* supervise({ autoShutdown }, { main: transient })
      yield* journal.crash("main")
      assert.isTrue(yield* alive(supervisor))
      assert.strictEqual(journal.starts("main"), 2)
    }))

  it.effect(`${autoShutdown}: a temporary one, the only one, ends the supervisor whatever its reason`, () =>
    Effect.gen(function*() {
      for (const command of ["finish", "retire", "crash"] as const) {
        const { journal, supervisor } = yield* supervise({ autoShutdown }, { a: {}, main: temporary })
        yield* journal.tell("main", command)
        assert.strictEqual((yield* supervisor.awaitExit)._tag, "Shutdown")
        assert.strictEqual(journal.starts("main"), 1)
      }
    }))

  it.effect(`${autoShutdown}: children that are not significant end as they like`, () =>
    Effect.gen(function*() {
      const { journal, supervisor } = yield* supervise({ autoShutdown }, {
        task: { restart: "transient" },
        once: { restart: "temporary" },
        main: transient
      })
      yield* journal.tell("task", "finish")
      yield* journal.crash("once")
      assert.isTrue(yield* alive(supervisor))
    }))

  it.effect(`${autoShutdown}: what terminateChild ends is no end of its own`, () =>
    Effect.gen(function*() {
      const { supervisor } = yield* supervise({ autoShutdown }, { a: transient, b: temporary })
      yield* supervisor.terminateChild("a")
      yield* supervisor.terminateChild("b")
      yield* settle
      assert.isTrue(yield* alive(supervisor))
    }))

  it.effect(`${autoShutdown}: what a sibling's crash takes along is no end of its own`, () =>
    Effect.gen(function*() {
      const { journal, supervisor } = yield* supervise({ autoShutdown, strategy: "one_for_all" }, {
        a: {},
        main: temporary
      })
      yield* journal.crash("a")
      assert.isTrue(yield* alive(supervisor))
      assert.strictEqual(journal.starts("a"), 2)
      assert.strictEqual(journal.starts("main"), 1)
    }))
}

it.effect("any_significant: the first of several", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ autoShutdown: "any_significant" }, {
      a: transient,
      b: transient,
      c: temporary
    })
    yield* journal.tell("b", "finish")
    assert.strictEqual((yield* supervisor.awaitExit)._tag, "Shutdown")
  }))

it.effect("all_significant: the last of several", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ autoShutdown: "all_significant" }, {
      other: {},
      a: transient,
      b: transient,
      c: temporary
    })
    yield* journal.tell("b", "finish")
    yield* journal.crash("c")
    assert.isTrue(yield* alive(supervisor))
    yield* journal.tell("a", "retire")
    assert.strictEqual((yield* supervisor.awaitExit)._tag, "Shutdown")
    assert.deepStrictEqual(journal.open, [])
  }))

it.effect("all_significant: one that was terminated does not live, so the end of the others is the end, as in OTP", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ autoShutdown: "all_significant" }, {
      a: transient,
      b: temporary
    })
    yield* supervisor.terminateChild("a")
    yield* journal.crash("b")
    assert.isFalse(yield* alive(supervisor))
  }))

it.effect("all_significant: one that was restarted by hand lives again", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ autoShutdown: "all_significant" }, {
      a: transient,
      b: transient
    })
    yield* journal.tell("a", "finish")
    yield* supervisor.restartChild("a")
    yield* journal.tell("b", "finish")
    assert.isTrue(yield* alive(supervisor))
    yield* journal.tell("a", "finish")
    assert.isFalse(yield* alive(supervisor))
  }))

it.effect("a significant child that was added later counts", () =>
  leavesNothing(Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ autoShutdown: "any_significant" }, { a: {} })
    yield* supervisor.startChild(child(journal, "main", transient))
    yield* journal.tell("main", "finish")
    assert.strictEqual((yield* supervisor.awaitExit)._tag, "Shutdown")
  })))

it.effect("a significant child that is a fiber: its success ends the supervisor", () =>
  leavesNothing(Effect.gen(function*() {
    const supervisor = yield* Supervisor.make({ autoShutdown: "any_significant" }, [{
      id: "program",
      restart: "transient",
      significant: true,
      start: Effect.forkScoped(Effect.andThen(settle, Effect.succeed("done")))
    }])
    assert.strictEqual((yield* supervisor.awaitExit)._tag, "Shutdown")
  })))
