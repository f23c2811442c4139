import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { Actor, Supervisor } from "whitepool/actor"
import { settle } from "./support.ts"
import { child, leavesNothing, makeJournal, supervise } from "./tree.ts"

const alive = (supervisor: Supervisor.AnySupervisor) => supervisor.ref.isAlive

it.effect("by default 1 restart in 5 seconds: the second crash within it stops the supervisor, with Shutdown", () =>
  leavesNothing(Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ intensity: undefined, period: undefined }, { a: {}, b: {} })
    yield* journal.crash("a")
    assert.isTrue(yield* alive(supervisor))
    yield* TestClock.adjust("3 seconds")
    yield* journal.crash("a")
    assert.strictEqual((yield* supervisor.awaitExit)._tag, "Shutdown")
    assert.strictEqual(journal.starts("a"), 2)
    assert.deepStrictEqual(journal.news(), ["+a", "+b", "-a Crash", "+a", "-a Crash", "-b Shutdown"])
    assert.deepStrictEqual(journal.open, [])
  })))

it.effect("by default a crash every 7 seconds goes on for ever", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ intensity: undefined, period: undefined }, { a: {} })
    for (let n = 0; n < 20; n++) {
      yield* journal.crash("a")
      yield* TestClock.adjust("7 seconds")
    }
    assert.isTrue(yield* alive(supervisor))
    assert.strictEqual(journal.starts("a"), 21)
  }))

it.effect("intensity 0: the first restart is one too many", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ intensity: 0 }, { a: {} })
    yield* journal.crash("a")
    assert.strictEqual((yield* supervisor.awaitExit)._tag, "Shutdown")
    assert.strictEqual(journal.starts("a"), 1)
  }))

it.effect("intensity n: n restarts in the period are borne, the next is not", () =>
  Effect.gen(function*() {
    for (const intensity of [1, 2, 5]) {
      const { journal, supervisor } = yield* supervise({ intensity, period: "10 seconds" }, { a: {} })
      for (let n = 0; n < intensity; n++) yield* journal.crash("a")
      assert.isTrue(yield* alive(supervisor))
      yield* journal.crash("a")
      assert.isFalse(yield* alive(supervisor))
      assert.strictEqual(journal.starts("a"), intensity + 1)
    }
  }))

it.effect("the period slides: it is not a bucket that is emptied", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ intensity: 2, period: "10 seconds" }, { a: {} })
    yield* journal.crash("a") // at 0
    yield* TestClock.adjust("8 seconds")
    yield* journal.crash("a") // at 8
    yield* TestClock.adjust("4 seconds")
    yield* journal.crash("a") // at 12: 8 and 12 are in the window
    assert.isTrue(yield* alive(supervisor))
    yield* TestClock.adjust("4 seconds")
    yield* journal.crash("a") // at 16: 8, 12 and 16
    assert.isFalse(yield* alive(supervisor))
  }))

it.effect("the restarts of all children count together", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ intensity: 2 }, { a: {}, b: {}, c: {} })
    yield* journal.crash("a")
    yield* journal.crash("b")
    assert.isTrue(yield* alive(supervisor))
    yield* journal.crash("c")
    assert.isFalse(yield* alive(supervisor))
  }))

it.effect("a permanent child that ends Normal or with Shutdown counts like a crash", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ intensity: 1 }, { a: {} })
    yield* journal.tell("a", "finish")
    assert.isTrue(yield* alive(supervisor))
    yield* journal.tell("a", "retire")
    assert.isFalse(yield* alive(supervisor))
  }))

it.effect("an end without a restart does not count", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ intensity: 0 }, {
      once: { restart: "temporary" },
      twice: { restart: "temporary" },
      task: { restart: "transient" }
    })
    yield* journal.crash("once")
    yield* journal.kill("twice")
    yield* journal.tell("task", "finish")
    assert.isTrue(yield* alive(supervisor))
  }))

it.effect("what is done by hand does not count: terminateChild, restartChild, deleteChild, startChild", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ intensity: 0 }, { a: {} })
    for (let n = 0; n < 5; n++) {
      yield* supervisor.terminateChild("a")
      yield* supervisor.restartChild("a")
    }
    yield* supervisor.terminateChild("a")
    yield* supervisor.deleteChild("a")
    yield* supervisor.startChild(child(journal, "a"))
    assert.isTrue(yield* alive(supervisor))
    assert.strictEqual(journal.starts("a"), 7)
  }))

it.effect("a child that fails while it is restarted is tried again at once, and each try counts", () =>
  Effect.gen(function*() {
    for (const intensity of [0, 1, 3]) {
      const { journal, supervisor } = yield* supervise({ intensity, period: "1 hour" }, {
        a: {},
        x: { starting: (incarnation) => incarnation === 1 ? Effect.void : Effect.fail("still down") }
      })
      yield* journal.crash("x")
      assert.strictEqual((yield* supervisor.awaitExit)._tag, "Shutdown")
      assert.strictEqual(journal.starts("x"), 1 + intensity)
      assert.isFalse(yield* journal.ref("a").isAlive)
      assert.deepStrictEqual(journal.open, [])
    }
  }))

it.effect("a child that fails while it is restarted, and then recovers within the intensity, is back", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ intensity: 3, period: "1 hour" }, {
      a: {},
      x: { starting: (incarnation) => incarnation === 2 || incarnation === 3 ? Effect.fail("down") : Effect.void }
    })
    yield* journal.crash("x")
    assert.isTrue(yield* alive(supervisor))
    assert.isTrue(yield* journal.ref("x").isAlive)
    assert.deepStrictEqual(journal.closed, ["x#1", "x#2", "x#3"])
    yield* journal.crash("a")
    assert.isFalse(yield* alive(supervisor), "three were used up by x")
  }))

for (const strategy of ["one_for_all", "rest_for_one"] as const) {
  it.effect(`${strategy}: a sibling that fails while it is restarted with the others counts`, () =>
    Effect.gen(function*() {
      const { journal, supervisor } = yield* supervise({ strategy, intensity: 2, period: "1 hour" }, {
        a: {},
        b: { starting: (incarnation) => incarnation === 2 ? Effect.fail("down") : Effect.void },
        c: {}
      })
      journal.news()
      yield* journal.crash("a")
      assert.isTrue(yield* alive(supervisor))
      for (const id of ["a", "b", "c"]) assert.isTrue(yield* journal.ref(id).isAlive)
      assert.strictEqual(journal.starts("b"), 3)
      assert.strictEqual(journal.starts("c"), 2, "c waits for b")
      yield* journal.crash("c")
      assert.isFalse(yield* alive(supervisor), "the crash and the failed restart had used up both")
    }))
}

it.effect("a child that crashes at once after each start stops the supervisor instead of looping for ever", () =>
  Effect.gen(function*() {
    const journal = makeJournal()
    const supervisor = yield* Supervisor.make({ intensity: 5, period: "5 seconds" }, [{
      id: "x",
      start: Effect.tap(journal.start("x"), (ref) => ref.cast("crash"))
    }])
    yield* settle
    assert.strictEqual((yield* supervisor.awaitExit)._tag, "Shutdown")
    assert.strictEqual(journal.starts("x"), 6)
  }))

it.effect("one that has given up stops its children in reverse order, each with its own budget", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ intensity: 0 }, {
      a: { stopping: Effect.sleep("2 seconds") },
      b: {},
      c: { stopping: Effect.never, shutdown: "1 second" }
    })
    journal.news()
    yield* journal.crash("b")
    assert.deepStrictEqual(journal.news(), ["-b Crash"])
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.isTrue(yield* alive(supervisor))
    yield* TestClock.adjust("2 seconds")
    yield* settle
    assert.deepStrictEqual(journal.news(), ["-a Shutdown"])
    assert.strictEqual((yield* supervisor.awaitExit)._tag, "Shutdown")
  }))

it.effect("the period may be any Duration, and is measured by the Clock of the context that made the supervisor", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ intensity: 1, period: "1 day" }, { a: {} })
    yield* journal.crash("a")
    yield* TestClock.adjust("25 hours")
    yield* journal.crash("a")
    assert.isTrue(yield* alive(supervisor))
    yield* TestClock.adjust("23 hours")
    yield* journal.crash("a")
    assert.isFalse(yield* alive(supervisor))
  }))

for (const strategy of ["one_for_all", "rest_for_one"] as const) {
  it.effect(`${strategy}: two that end at once are one restart, for the first takes the other along, as in OTP`, () =>
    Effect.gen(function*() {
      const { journal, supervisor } = yield* supervise({ strategy, intensity: 1, period: "1 hour" }, {
        a: {},
        b: {},
        c: {}
      })
      journal.ref("a").castUnsafe("crash")
      journal.ref("c").castUnsafe("crash")
      yield* settle
      assert.isTrue(yield* alive(supervisor))
      assert.deepStrictEqual(["a", "b", "c"].map(journal.starts), [2, 2, 2])
    }))
}

it.effect("one_for_one: two that end at once are two restarts", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ intensity: 1, period: "1 hour" }, { a: {}, b: {} })
    journal.ref("a").castUnsafe("crash")
    journal.ref("b").castUnsafe("crash")
    yield* settle
    assert.strictEqual((yield* supervisor.awaitExit)._tag, "Shutdown")
    assert.deepStrictEqual(journal.open, [])
  }))

it.effect("siblings that are linked to each other fall together, and each is restarted", () =>
  Effect.gen(function*() {
    const journal = makeJournal()
    const supervisor = yield* Supervisor.make({ intensity: 2, period: "1 hour" }, [
      child(journal, "server"),
      {
        id: "client",
        start: Effect.gen(function*() {
          yield* journal.start("client")
          return yield* Actor.spawn<never>({
            receive: () => {},
            init: (context) => context.link(journal.ref("server"))
          })
        })
      }
    ])
    yield* journal.crash("server")
    yield* settle
    assert.isTrue(yield* alive(supervisor))
    assert.deepStrictEqual([journal.starts("server"), journal.starts("client")], [2, 2])
    assert.isTrue(yield* journal.ref("server").isAlive)
  }))
