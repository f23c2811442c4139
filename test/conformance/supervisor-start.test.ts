import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason, Supervisor } from "whitepool/actor"
import { outcome, pending, settle, started } from "./support.ts"
import { child, leavesNothing, listing, makeJournal, supervise } from "./tree.ts"

it.effect("children start in order, one after the other, before make returns", () =>
  Effect.gen(function*() {
    const journal = makeJournal()
    const slowly = () => Effect.andThen(Effect.sleep("1 second"), journal.note("ready"))
    const making = yield* started(Supervisor.make({}, [
      child(journal, "a", { starting: slowly }),
      child(journal, "b", { starting: slowly }),
      child(journal, "c")
    ]))
    assert.deepStrictEqual(journal.news(), [])
    assert.strictEqual(journal.starts("b"), 0, "b waits for a")
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.deepStrictEqual(journal.news(), ["ready", "+a"])
    assert.isTrue(pending(making))
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.deepStrictEqual(journal.news(), ["ready", "+b", "+c"])
    assert.isFalse(pending(making))
  }))

it.effect("children may take longer to start than any call waits", () =>
  Effect.gen(function*() {
    const journal = makeJournal()
    const making = yield* started(
      Supervisor.make({}, [child(journal, "a", { starting: () => Effect.sleep("1 hour") })])
    )
    yield* TestClock.adjust("59 minutes")
    assert.isTrue(pending(making))
    yield* TestClock.adjust("1 minute")
    yield* settle
    assert.deepStrictEqual(journal.news(), ["+a"])
    assert.isFalse(pending(making))
  }))

it.effect("a supervisor without children lives", () =>
  Effect.gen(function*() {
    const { supervisor } = yield* supervise({}, {})
    yield* TestClock.adjust("1 day")
    assert.deepStrictEqual(yield* supervisor.whichChildren, [])
    assert.deepInclude(yield* supervisor.countChildren, { specs: 0, active: 0, supervisors: 0, workers: 0 })
    assert.isTrue(yield* supervisor.ref.isAlive)
  }))

it.effect("its name is its ref's", () =>
  Effect.gen(function*() {
    const { supervisor } = yield* supervise({ name: "top" }, {})
    assert.strictEqual(supervisor.ref.name._tag === "Some" && supervisor.ref.name.value, "top")
  }))

it.effect("stop: in reverse order of start, each waited for, reason Shutdown to the children", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, {
      a: {},
      b: { stopping: Effect.sleep("2 seconds") },
      c: { stopping: Effect.sleep("1 second") }
    })
    journal.news()
    const stop = yield* started(supervisor.ref.stop())
    assert.deepStrictEqual(journal.news(), [])
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.deepStrictEqual(journal.news(), ["-c Shutdown"])
    yield* TestClock.adjust("2 seconds")
    yield* settle
    assert.deepStrictEqual(journal.news(), ["-b Shutdown", "-a Shutdown"])
    assert.isFalse(pending(stop))
    assert.strictEqual((yield* supervisor.awaitExit)._tag, "Normal")
    assert.deepStrictEqual(journal.open, [])
    assert.deepStrictEqual(journal.closed, ["c#1", "b#1", "a#1"])
  }))

it.effect("the end of make's scope stops the children in reverse order, and the supervisor with Shutdown", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const { journal, supervisor } = yield* Scope.provide(supervise({}, { a: {}, b: {}, c: {} }), scope)
    journal.news()
    yield* Scope.close(scope, Exit.void)
    assert.deepStrictEqual(journal.news(), ["-c Shutdown", "-b Shutdown", "-a Shutdown"])
    assert.strictEqual((yield* supervisor.awaitExit)._tag, "Shutdown")
    assert.deepStrictEqual(journal.open, [])
  }))

it.effect("stop with a reason of one's own ends the supervisor with it, and the children with Shutdown", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, { a: {} })
    yield* supervisor.ref.stop({ _tag: "Shutdown", detail: "maintenance" })
    assert.deepInclude(yield* supervisor.awaitExit, { _tag: "Shutdown", detail: "maintenance" })
    assert.deepStrictEqual(journal.news(), ["+a", "-a Shutdown"])
  }))

it.effect("Killed: its children end with it, nothing is left", () =>
  leavesNothing(Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, { a: {}, b: {} })
    yield* supervisor.ref.exit(ExitReason.killed)
    assert.strictEqual((yield* supervisor.awaitExit)._tag, "Killed")
    yield* settle
    for (const id of ["a", "b"]) assert.isFalse(yield* journal.ref(id).isAlive)
    assert.deepStrictEqual(journal.open, [])
    assert.strictEqual(journal.starts("a") + journal.starts("b"), 2)
  })))

for (
  const [how, starting] of Object.entries<() => Effect.Effect<void, unknown>>({
    fails: () => Effect.fail("no"),
    dies: () => Effect.die("no"),
    "interrupts itself": () => Effect.interrupt,
    throws: () =>
      Effect.suspend(() => {
        throw new Error("no")
      })
  })
) {
  it.effect(`the third start ${how}: make fails, the earlier are stopped in reverse, the later never started`, () =>
    leavesNothing(Effect.gen(function*() {
      const journal = makeJournal()
      const made = yield* Effect.exit(Supervisor.make({}, [
        child(journal, "a"),
        child(journal, "b"),
        child(journal, "c", { starting }),
        child(journal, "d")
      ]))
      assert.strictEqual(made._tag, "Failure")
      yield* settle
      assert.deepStrictEqual(journal.news(), ["+a", "+b", "-b Shutdown", "-a Shutdown"])
      assert.strictEqual(journal.starts("c"), 1, "a first start is not tried again")
      assert.strictEqual(journal.starts("d"), 0)
      assert.deepStrictEqual(journal.open, [])
    })))
}

it.effect("a failing start is a typed failure of make that tells which child and why", () =>
  Effect.gen(function*() {
    const journal = makeJournal()
    const error = yield* Effect.flip(
      Supervisor.make({ name: "top" }, [child(journal, "culprit", { starting: () => Effect.fail("reasons") })])
    )
    assert.include(["StartFailed", "SupervisorError"], error._tag)
    if (error._tag === "StartFailed") assert.notStrictEqual(error.reason._tag, "Normal")
    else assert.deepInclude(error, { reason: "start_failed", childId: "culprit" })
  }))

it.effect("an actor whose init fails is a start that fails", () =>
  Effect.gen(function*() {
    const journal = makeJournal()
    const made = yield* Effect.exit(Supervisor.make({}, [
      child(journal, "a"),
      { id: "b", start: Actor.spawn<string>({ receive: () => {}, init: () => Effect.fail("no") }) }
    ]))
    assert.strictEqual(made._tag, "Failure")
    assert.deepStrictEqual(journal.news(), ["+a", "-a Shutdown"])
  }))

it.effect("make interrupted while a child starts: what has started is stopped, nothing is left", () =>
  leavesNothing(Effect.gen(function*() {
    const journal = makeJournal()
    const scope = yield* Scope.make()
    const making = yield* started(Scope.provide(
      Supervisor.make({}, [
        child(journal, "a"),
        child(journal, "b", { starting: () => Effect.never }),
        child(journal, "c")
      ]),
      scope
    ))
    yield* Fiber.interrupt(making)
    yield* Scope.close(scope, Exit.void)
    yield* settle
    assert.deepStrictEqual(journal.news(), ["+a", "-a Shutdown"])
    assert.deepStrictEqual(journal.open, [])
  })))

it.effect("a child that ends between its start and the next one's is restarted like any other", () =>
  Effect.gen(function*() {
    const journal = makeJournal()
    const gate = yield* Deferred.make<void>()
    const making = yield* started(Supervisor.make({ intensity: 10 }, [
      child(journal, "a"),
      child(journal, "b", { starting: () => Deferred.await(gate) })
    ]))
    yield* journal.crash("a")
    yield* Deferred.succeed(gate, undefined)
    yield* settle
    assert.isFalse(pending(making))
    assert.deepStrictEqual(yield* listing(outcome(making)), ["a", "b"])
    assert.isTrue(yield* journal.ref("a").isAlive)
    assert.strictEqual(journal.starts("a"), 2)
  }))

it.effect("a child that is dead when its start returns is restarted as its type says", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, { other: {} })
    let starts = 0
    yield* supervisor.startChild({
      id: "stillborn",
      restart: "transient",
      start: Effect.suspend(() => {
        starts++
        return Effect.tap(journal.start("stillborn"), (ref) => starts < 3 ? ref.exit(ExitReason.killed) : Effect.void)
      })
    })
    yield* settle
    assert.strictEqual(starts, 3)
    assert.isTrue(yield* journal.ref("stillborn").isAlive)
  }))
