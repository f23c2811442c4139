import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason } from "whitepool/actor"
import { outcome, pending, settle, started } from "./support.ts"
import { child, leavesNothing, listing, refOf, refusal, supervise } from "./tree.ts"

it.effect("noproc at once for those whose question was waiting when the supervisor was killed", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, {})
    const starting = yield* started(supervisor.startChild(child(journal, "x", { starting: () => Effect.never })))
    const waiting = yield* started(supervisor.countChildren)
    yield* supervisor.ref.exit(ExitReason.killed)
    yield* settle
    assert.deepInclude(outcome(starting), { _tag: "SupervisorError", reason: "noproc" })
    if (outcome(waiting)._tag !== undefined) assert.deepInclude(outcome(waiting), { reason: "noproc" })
    assert.isFalse(pending(waiting))
    assert.deepStrictEqual(journal.open, [])
  }))

it.effect("a start that takes longer than any call waits: the answer comes all the same", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, {})
    const starting = yield* started(
      supervisor.startChild(child(journal, "x", { starting: () => Effect.sleep("1 hour") }))
    )
    const counting = yield* started(supervisor.countChildren)
    yield* TestClock.adjust("1 hour")
    yield* settle
    assert.strictEqual(refOf(outcome(starting)).id, journal.ref("x").id)
    assert.isFalse(pending(counting))
    assert.deepStrictEqual(yield* listing(supervisor), ["x"])
  }))

it.effect("a child that is being restarted: restarting, or the answer waits until it runs", () =>
  Effect.gen(function*() {
    const gate = yield* Deferred.make<void>()
    const { journal, supervisor } = yield* supervise({}, {
      x: { starting: (incarnation) => incarnation === 1 ? Effect.void : Deferred.await(gate) }
    })
    yield* journal.crash("x")
    const which = yield* started(listing(supervisor))
    const refusals = [
      yield* started(refusal(supervisor.restartChild("x"))),
      yield* started(refusal(supervisor.deleteChild("x"))),
      yield* started(refusal(supervisor.startChild(child(journal, "x"))))
    ]
    yield* Deferred.succeed(gate, undefined)
    yield* settle
    assert.include(["x", "x:restarting"], outcome(which)[0])
    for (const one of refusals.slice(0, 2)) {
      assert.include(["SupervisorError running", "SupervisorError restarting"], outcome(one))
    }
    assert.match(String(outcome(refusals[2]!)), /^SupervisorError already_(started|present)$/)
    assert.deepStrictEqual(yield* listing(supervisor), ["x"])
    assert.strictEqual(journal.starts("x"), 2)
  }))

it.effect("terminateChild of one that is being restarted: it does not come back", () =>
  leavesNothing(Effect.gen(function*() {
    const gate = yield* Deferred.make<void>()
    const { journal, supervisor } = yield* supervise({}, {
      x: { starting: (incarnation) => incarnation === 1 ? Effect.void : Deferred.await(gate) }
    })
    yield* journal.crash("x")
    const terminating = yield* started(supervisor.terminateChild("x"))
    yield* Deferred.succeed(gate, undefined)
    yield* settle
    yield* Fiber.join(terminating)
    assert.deepStrictEqual(yield* listing(supervisor), ["x:undefined"])
    assert.deepStrictEqual(journal.open, [])
    yield* supervisor.restartChild("x")
    assert.isTrue(yield* journal.ref("x").isAlive)
  })))

it.effect("two startChild with one id at once: one child", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, {})
    const gate = yield* Deferred.make<void>()
    const spec = child(journal, "x", { starting: () => Deferred.await(gate) })
    const both = [
      yield* started(refusal(supervisor.startChild(spec))),
      yield* started(refusal(supervisor.startChild(spec)))
    ]
    yield* Deferred.succeed(gate, undefined)
    yield* settle
    assert.isUndefined(outcome(both[0]!))
    assert.match(String(outcome(both[1]!)), /already_(started|present)/)
    assert.strictEqual(journal.starts("x"), 1)
  }))

it.effect("startChild whose caller is interrupted: started whole or not at all", () =>
  leavesNothing(Effect.gen(function*() {
    const gate = yield* Deferred.make<void>()
    const { journal, supervisor } = yield* supervise({}, {})
    const starting = yield* started(
      supervisor.startChild(child(journal, "x", { starting: () => Deferred.await(gate) }))
    )
    yield* Fiber.interrupt(starting)
    yield* Deferred.succeed(gate, undefined)
    yield* settle
    const listed = yield* listing(supervisor)
    if (listed.length === 0) assert.deepStrictEqual(journal.open, [])
    else {
      assert.deepStrictEqual(listed, ["x"])
      assert.isTrue(yield* journal.ref("x").isAlive)
    }
  })))

it.effect("a child may ask its supervisor from its turn: for a sibling, and for its own end", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, { a: {} })
    yield* journal.tell("a", Effect.asVoid(supervisor.startChild(child(journal, "b"))))
    assert.deepStrictEqual(yield* listing(supervisor), ["a", "b"])
    yield* journal.tell("a", supervisor.terminateChild("a"))
    assert.deepStrictEqual(yield* listing(supervisor), ["a:undefined", "b"])
    assert.strictEqual((yield* journal.ref("a").awaitExit)._tag, "Shutdown")
  }))

it.effect("a child that has ended by itself just before terminateChild: terminated, not restarted", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, { a: {} })
    journal.ref("a").castUnsafe("crash")
    yield* supervisor.terminateChild("a")
    yield* settle
    assert.deepStrictEqual(yield* listing(supervisor), ["a:undefined"])
    assert.isFalse(yield* journal.ref("a").isAlive)
    assert.deepStrictEqual(journal.open, [])
  }))

it.effect("a linked stranger's end is nothing to the supervisor's children", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ strategy: "one_for_all" }, { a: {} })
    const stranger = yield* Actor.spawn<"go">({
      receive: (_message, context) => Effect.andThen(context.link(supervisor.ref), Effect.die("boom"))
    })
    yield* stranger.cast("go")
    yield* settle
    assert.isTrue(yield* supervisor.ref.isAlive, "supervisors trap exits")
    assert.strictEqual(journal.starts("a"), 1)
    assert.isTrue(yield* journal.ref("a").isAlive)
  }))

it.effect("exit Normal to a supervisor: from a stranger nothing, from its parent a whole end; never half of one", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, { a: {}, b: {} })
    yield* supervisor.ref.exit(ExitReason.normal)
    yield* settle
    const alive = yield* supervisor.ref.isAlive
    for (const id of ["a", "b"]) assert.strictEqual(yield* journal.ref(id).isAlive, alive)
    assert.deepStrictEqual(journal.open, alive ? ["a#1", "b#1"] : [])
  }))

it.effect("exit Shutdown to a supervisor: the same, and its children are stopped in order", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({}, { a: {}, b: {} })
    journal.news()
    yield* supervisor.ref.exit(ExitReason.shutdown)
    yield* settle
    if (yield* supervisor.ref.isAlive) assert.deepStrictEqual(journal.news(), [])
    else assert.deepStrictEqual(journal.news(), ["-b Shutdown", "-a Shutdown"])
  }))
