import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Actor, Supervisor } from "whitepool/actor"
import { outcome, pending, settle, started } from "./support.ts"
import { child, leavesNothing, makeJournal, type SpecOptions, supervise } from "./tree.ts"
import { runOutTheClock } from "./world.ts"

/** Terminates `x`, and says how long that took, the clock going in steps of a second. */
const secondsToStop = (options: SpecOptions, most = 100) =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, { x: options })
    yield* runOutTheClock
    journal.news()
    const terminating = yield* started(supervisor.terminateChild("x"))
    let seconds = 0
    for (; seconds < most && pending(terminating); seconds++) {
      yield* TestClock.adjust("1 second")
      yield* settle
    }
    return { seconds: pending(terminating) ? undefined : seconds, journal, terminating }
  })

it.effect("a worker has 5 seconds by default, and is killed then", () =>
  Effect.gen(function*() {
    const { seconds, journal } = yield* secondsToStop({ stopping: Effect.never })
    assert.strictEqual(seconds, 5)
    assert.isFalse(yield* journal.ref("x").isAlive)
    assert.deepStrictEqual(journal.news(), [], "it never came to the end of its terminate")
    assert.deepStrictEqual(journal.open, [])
  }))

it.effect("a budget of time: that much and no more", () =>
  Effect.gen(function*() {
    assert.strictEqual((yield* secondsToStop({ stopping: Effect.never, shutdown: "2 seconds" })).seconds, 2)
    assert.strictEqual((yield* secondsToStop({ stopping: Effect.never, shutdown: 0 })).seconds, 0)
    const longer = yield* secondsToStop({ stopping: Effect.sleep("30 seconds"), shutdown: "1 minute" })
    assert.strictEqual(longer.seconds, 30)
    assert.deepStrictEqual(longer.journal.news(), ["-x Shutdown"])
  }))

it.effect("a child that stops in time is not waited for any longer", () =>
  Effect.gen(function*() {
    assert.strictEqual((yield* secondsToStop({})).seconds, 0)
    assert.strictEqual((yield* secondsToStop({ shutdown: "infinity" })).seconds, 0)
    assert.strictEqual((yield* secondsToStop({ stopping: Effect.sleep("1 second") })).seconds, 1)
  }))

it.effect("brutal_kill: at once, without terminate", () =>
  Effect.gen(function*() {
    const { seconds, journal } = yield* secondsToStop({ stopping: Effect.sleep("1 second"), shutdown: "brutal_kill" })
    assert.strictEqual(seconds, 0)
    assert.strictEqual((yield* journal.ref("x").awaitExit)._tag, "Killed")
    assert.deepStrictEqual(journal.news(), [])
    assert.deepStrictEqual(journal.closed, ["x#1"])
  }))

it.effect("infinity: as long as it takes", () =>
  Effect.gen(function*() {
    const gate = yield* Deferred.make<void>()
    const { journal, terminating } = yield* secondsToStop({ stopping: Deferred.await(gate), shutdown: "infinity" }, 0)
    yield* TestClock.adjust("365 days")
    yield* settle
    assert.isTrue(pending(terminating))
    assert.isTrue(yield* journal.ref("x").isAlive)
    yield* Deferred.succeed(gate, undefined)
    yield* settle
    assert.isFalse(pending(terminating))
    assert.deepStrictEqual(journal.news(), ["-x Shutdown"])
  }))

it.effect("type supervisor: infinity by default", () =>
  Effect.gen(function*() {
    const gate = yield* Deferred.make<void>()
    const { terminating } = yield* secondsToStop({ stopping: Deferred.await(gate), type: "supervisor" }, 0)
    yield* TestClock.adjust("1 hour")
    yield* settle
    assert.isTrue(pending(terminating))
    yield* Deferred.succeed(gate, undefined)
    yield* settle
    assert.isFalse(pending(terminating))
  }))

it.effect("type supervisor: a budget of its own is kept", () =>
  Effect.gen(function*() {
    const options = { stopping: Effect.never, type: "supervisor", shutdown: "3 seconds" } as const
    assert.strictEqual((yield* secondsToStop(options)).seconds, 3)
  }))

it.effect("each child has its own budget, one after the other", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, {
      a: { stopping: Effect.never, shutdown: "1 second" },
      b: { stopping: Effect.sleep("3 seconds") },
      c: { stopping: Effect.never, shutdown: "2 seconds" },
      d: { stopping: Effect.never, shutdown: "brutal_kill" }
    })
    yield* runOutTheClock
    journal.news()
    const stop = yield* started(supervisor.ref.stop())
    const after = (seconds: number) => Effect.andThen(TestClock.adjust(seconds * 1000), settle)
    yield* after(1.9)
    assert.deepStrictEqual(journal.closed, ["d#1"])
    yield* after(0.1)
    assert.deepStrictEqual(journal.closed, ["d#1", "c#1"])
    yield* after(3)
    assert.deepStrictEqual(journal.closed, ["d#1", "c#1", "b#1"])
    yield* after(0.9)
    assert.isTrue(pending(stop))
    yield* after(0.1)
    assert.isFalse(pending(stop))
    assert.deepStrictEqual(journal.closed, ["d#1", "c#1", "b#1", "a#1"])
    assert.deepStrictEqual(journal.news(), ["-b Shutdown"])
  }))

it.effect("a child in the middle of a turn that never ends is stopped at once: the exit is a signal, not a message", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, { x: {} })
    yield* runOutTheClock
    yield* journal.tell("x", Effect.never)
    yield* journal.ref("x").cast("crash")
    journal.news()
    const terminating = yield* started(supervisor.terminateChild("x"))
    assert.isFalse(pending(terminating))
    assert.deepStrictEqual(journal.news(), ["-x Shutdown"])
  }))

it.effect("a child that traps exits does not outlive its budget", () =>
  Effect.gen(function*() {
    const refs: Array<Actor.ActorRef<string>> = []
    const supervisor = yield* Supervisor.make({}, [{
      id: "trapper",
      start: Effect.tap(
        Actor.spawn<string>({ receive: () => {}, trapExit: true, onExit: () => {} }),
        (ref) => Effect.sync(() => refs.push(ref))
      )
    }])
    yield* runOutTheClock
    const terminating = yield* started(supervisor.terminateChild("trapper"))
    yield* TestClock.adjust("5 seconds")
    yield* settle
    assert.isFalse(pending(terminating))
    assert.isFalse(yield* refs[0]!.isAlive)
  }))

it.effect("a terminate that dies holds nobody up and takes nobody along", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, { a: {}, b: { stopping: Effect.die("in terminate") }, c: {} })
    journal.news()
    yield* supervisor.ref.stop()
    assert.deepStrictEqual(journal.news(), ["-c Shutdown", "-a Shutdown"])
    assert.strictEqual((yield* supervisor.awaitExit)._tag, "Normal")
    assert.deepStrictEqual(journal.open, [])
  }))

it.effect("a child that crashes while it is being stopped is not restarted, and the stop goes on", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, { a: {}, b: { stopping: Effect.sleep("1 second") } })
    const stop = yield* started(supervisor.ref.stop())
    yield* journal.crash("a")
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.isFalse(pending(stop))
    assert.deepStrictEqual([journal.starts("a"), journal.starts("b")], [1, 1])
    assert.deepStrictEqual(journal.open, [])
  }))

it.effect("a finalizer of the child's scope that never ends does not hold the supervisor for ever", () =>
  Effect.gen(function*() {
    const journal = makeJournal()
    const spec = child(journal, "x", { shutdown: "1 second" })
    const supervisor = yield* Supervisor.make({}, [{
      ...spec,
      start: Effect.andThen(Effect.addFinalizer(() => Effect.never), spec.start)
    }])
    const stop = yield* started(supervisor.ref.stop())
    yield* TestClock.adjust("1 hour")
    yield* settle
    assert.isFalse(pending(stop))
    assert.isFalse(yield* journal.ref("x").isAlive)
  }))

it.effect("a finalizer of the child's scope that dies holds nobody up", () =>
  Effect.gen(function*() {
    const journal = makeJournal()
    const spec = child(journal, "x")
    const supervisor = yield* Supervisor.make({ intensity: 10 }, [{
      ...spec,
      start: Effect.andThen(Effect.addFinalizer(() => Effect.die("in a finalizer")), spec.start)
    }, child(journal, "y")])
    yield* journal.crash("x")
    assert.strictEqual(journal.starts("x"), 2)
    yield* supervisor.ref.stop()
    assert.deepStrictEqual(journal.open, [])
    assert.strictEqual((yield* supervisor.awaitExit)._tag, "Normal")
  }))

/** A fiber that, when it is interrupted, ends only when the gate opens. */
const cleansUp = (gate: Deferred.Deferred<void>) =>
  Effect.forkScoped(Effect.ensuring(Effect.never, Deferred.await(gate)))

it.effect("fibers: interrupted, their finalizers waited for within the budget", () =>
  leavesNothing(Effect.gen(function*() {
    const gate = yield* Deferred.make<void>()
    const supervisor = yield* Supervisor.make({}, [{ id: "loop", start: cleansUp(gate) }])
    yield* settle
    const terminating = yield* started(supervisor.terminateChild("loop"))
    yield* TestClock.adjust("4 seconds")
    yield* settle
    assert.isTrue(pending(terminating))
    yield* Deferred.succeed(gate, undefined)
    yield* settle
    assert.isFalse(pending(terminating))
  })))

it.effect("fibers: brutal_kill of one that can be interrupted is at once", () =>
  leavesNothing(Effect.gen(function*() {
    const supervisor = yield* Supervisor.make({}, [
      { id: "brutal", start: Effect.forkScoped(Effect.never), shutdown: "brutal_kill" }
    ])
    yield* settle
    assert.isFalse(pending(yield* started(supervisor.terminateChild("brutal"))))
  })))

for (const [shutdown, least, most] of [["brutal_kill", 0, 10], ["2 seconds", 2, 12], [undefined, 5, 15]] as const) {
  it.effect(`fibers: one whose finalizer never ends is given up, though nobody can kill it: ${shutdown ?? "default"}`, () =>
    Effect.gen(function*() {
      const gate = yield* Deferred.make<void>()
      const supervisor = yield* Supervisor.make({}, [{ id: "stubborn", start: cleansUp(gate), shutdown }])
      yield* settle
      const terminating = yield* started(supervisor.terminateChild("stubborn"))
      let seconds = 0
      for (; pending(terminating) && seconds < 100; seconds++) {
        yield* TestClock.adjust("1 second")
        yield* settle
      }
      yield* Deferred.succeed(gate, undefined)
      assert.isAtLeast(seconds, least)
      assert.isAtMost(seconds, most)
      assert.strictEqual((yield* supervisor.countChildren).active, 0)
    }))
}

it.effect("fibers: infinity waits for the finalizer as long as it takes", () =>
  leavesNothing(Effect.gen(function*() {
    const gate = yield* Deferred.make<void>()
    const supervisor = yield* Supervisor.make({}, [{ id: "patient", start: cleansUp(gate), shutdown: "infinity" }])
    yield* settle
    const patient = yield* started(supervisor.terminateChild("patient"))
    yield* TestClock.adjust("1 day")
    yield* settle
    const waited = pending(patient)
    yield* Deferred.succeed(gate, undefined)
    yield* settle
    assert.isTrue(waited)
    assert.isFalse(pending(patient))
  })))

it.effect("the budget is measured by the Clock; no timer is left of one that was not used up", () =>
  leavesNothing(Effect.gen(function*() {
    const { supervisor } = yield* supervise({}, { a: {}, b: { shutdown: "1 hour" }, c: { shutdown: "infinity" } })
    yield* supervisor.terminateChild("b")
    yield* supervisor.ref.stop()
  })))

it.effect("two stops at once, and the end of the scope: one end, for all of them", () =>
  leavesNothing(Effect.gen(function*() {
    const scope = yield* Scope.make()
    const { journal, supervisor } = yield* Scope.provide(supervise({}, { a: { stopping: Effect.sleep(10) } }), scope)
    journal.news()
    const stops = [
      yield* started(supervisor.ref.stop()),
      yield* started(supervisor.ref.stop()),
      yield* started(Scope.close(scope, Exit.void))
    ]
    yield* TestClock.adjust(10)
    yield* settle
    assert.isFalse(stops.some(pending), String(stops.map(outcome)))
    assert.deepStrictEqual(journal.news(), ["-a Shutdown"])
  })))
