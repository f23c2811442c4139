import { assert, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason, Supervisor } from "whitepool/actor"
import { outcome, pending, settle, started } from "./support.ts"
import { child, type Journal, leavesNothing, makeJournal, often, refOf } from "./tree.ts"

type Options = Omit<Supervisor.ChildSpec, "id" | "start">

/** A supervisor as a child. Its latest incarnation can be asked for by its id. */
const subtree = (
  supervisors: Map<string, Supervisor.Supervisor>,
  journal: Journal,
  id: string,
  flags: Supervisor.Flags,
  children: ReadonlyArray<Supervisor.ChildSpec>,
  options: Options = {}
): Supervisor.ChildSpec => ({
  id,
  type: "supervisor",
  start: Effect.tap(Supervisor.make(flags, children), (supervisor) =>
    Effect.sync(() => {
      supervisors.set(id, supervisor)
      journal.log.push(`+${id}`)
    })),
  ...options
})

/** top: [before, sub: [x, y], after] */
const nested = (
  flags: { readonly top?: Supervisor.Flags; readonly sub?: Supervisor.Flags },
  options: Options = {},
  stopping?: Effect.Effect<void>
) =>
  Effect.gen(function*() {
    const journal = makeJournal()
    const supervisors = new Map<string, Supervisor.Supervisor>()
    const top = yield* Supervisor.make({ ...often, ...flags.top }, [
      child(journal, "before"),
      subtree(supervisors, journal, "sub", { intensity: 1, period: "1 hour", ...flags.sub }, [
        child(journal, "x", stopping === undefined ? {} : { stopping }),
        child(journal, "y")
      ], options),
      child(journal, "after")
    ])
    yield* settle
    return { journal, top, sub: () => supervisors.get("sub")! }
  })

it.effect("a nested tree starts depth first and stops in reverse", () =>
  Effect.gen(function*() {
    const { journal, top } = yield* nested({})
    assert.deepStrictEqual(journal.news(), ["+before", "+x", "+y", "+sub", "+after"])
    yield* top.ref.stop()
    assert.deepStrictEqual(journal.news(), ["-after Shutdown", "-y Shutdown", "-x Shutdown", "-before Shutdown"])
    assert.deepStrictEqual(journal.open, [])
  }))

it.effect("a crash that the lower supervisor can handle never reaches the upper", () =>
  Effect.gen(function*() {
    const { journal, top, sub } = yield* nested({ top: { strategy: "one_for_all", intensity: 0 } })
    const before = sub().ref.id
    journal.news()
    yield* journal.crash("x")
    assert.deepStrictEqual(journal.news(), ["-x Crash", "+x"])
    assert.strictEqual(sub().ref.id, before)
    assert.strictEqual((yield* top.whichChildren)[1]!.restarts, 0)
  }))

it.effect("escalation: a supervisor that gives up stops with Shutdown, and its parent restarts it whole", () =>
  Effect.gen(function*() {
    const { journal, top, sub } = yield* nested({})
    const first = sub()
    yield* journal.crash("x")
    journal.news()
    yield* journal.crash("x")
    yield* settle
    assert.strictEqual((yield* first.awaitExit)._tag, "Shutdown")
    assert.deepStrictEqual(journal.news(), ["-x Crash", "-y Shutdown", "+x", "+y", "+sub"])
    assert.notStrictEqual(sub().ref.id, first.ref.id)
    const info = (yield* top.whichChildren)[1]!
    assert.deepInclude(info, { id: "sub", type: "supervisor", restarts: 1 })
    assert.strictEqual(refOf(info.child).id, sub().ref.id)
    assert.deepStrictEqual((yield* sub().whichChildren).map((one) => one.restarts), [0, 0], "it starts afresh")
  }))

it.effect("escalation: the parent's strategy decides who else is restarted", () =>
  Effect.gen(function*() {
    for (const strategy of ["one_for_all", "rest_for_one"] as const) {
      const { journal } = yield* nested({ top: { strategy }, sub: { intensity: 0 } })
      journal.news()
      yield* journal.crash("y")
      yield* settle
      const all = strategy === "one_for_all"
      assert.deepStrictEqual(journal.news(), [
        "-y Crash",
        "-x Shutdown",
        "-after Shutdown",
        ...(all ? ["-before Shutdown", "+before"] : []),
        "+x",
        "+y",
        "+sub",
        "+after"
      ])
    }
  }))

it.effect("escalation: up to the top when the parent has had enough, too", () =>
  leavesNothing(Effect.gen(function*() {
    const { journal, top } = yield* nested({ top: { intensity: 1, period: "1 hour" }, sub: { intensity: 0 } })
    yield* journal.crash("x")
    assert.isTrue(yield* top.ref.isAlive)
    assert.strictEqual(journal.starts("x"), 2)
    yield* settle
    yield* journal.crash("x")
    yield* settle
    assert.strictEqual((yield* top.awaitExit)._tag, "Shutdown")
    assert.deepStrictEqual(journal.open, [])
    assert.strictEqual(journal.starts("before"), 1)
  })))

it.effect("escalation: through three levels, each with its own intensity", () =>
  Effect.gen(function*() {
    const journal = makeJournal()
    const supervisors = new Map<string, Supervisor.Supervisor>()
    const flags = { intensity: 1, period: "1 hour" } as const
    const top = yield* Supervisor.make(flags, [
      subtree(supervisors, journal, "one", flags, [
        subtree(supervisors, journal, "two", flags, [child(journal, "x")])
      ])
    ])
    for (let n = 0; n < 7; n++) {
      assert.isTrue(yield* top.ref.isAlive, `after ${n} crashes`)
      yield* journal.crash("x")
      yield* settle
      yield* settle
    }
    // Each level bears one: 2 × 2 × 2 lives.
    assert.isTrue(yield* top.ref.isAlive)
    yield* journal.crash("x")
    yield* settle
    yield* settle
    assert.strictEqual((yield* top.awaitExit)._tag, "Shutdown")
    assert.strictEqual(journal.starts("x"), 8)
  }))

it.effect("a supervisor that gave up ends with Shutdown: transient stays away, temporary is gone", () =>
  Effect.gen(function*() {
    for (const restart of ["transient", "temporary"] as const) {
      const { journal, top, sub } = yield* nested({ sub: { intensity: 0 } }, { restart })
      const first = sub()
      yield* journal.crash("x")
      yield* settle
      assert.isFalse(yield* first.ref.isAlive)
      assert.strictEqual(sub(), first)
      const listed = (yield* top.whichChildren).map((info) => info.id)
      assert.deepStrictEqual(listed, restart === "transient" ? ["before", "sub", "after"] : ["before", "after"])
      assert.isTrue(yield* journal.ref("before").isAlive)
    }
  }))

it.effect("a nested supervisor that is killed takes its children along and is restarted", () =>
  Effect.gen(function*() {
    const { journal, sub } = yield* nested({})
    const first = sub()
    const x = journal.ref("x")
    yield* first.ref.exit(ExitReason.killed)
    yield* settle
    assert.strictEqual((yield* first.awaitExit)._tag, "Killed")
    assert.isFalse(yield* x.isAlive)
    assert.notStrictEqual(sub(), first)
    assert.isTrue(yield* journal.ref("x").isAlive)
    assert.deepStrictEqual([...journal.open].sort(), ["after#1", "before#1", "x#2", "y#2"])
  }))

it.effect("a nested supervisor is given all the time its children need", () =>
  Effect.gen(function*() {
    const { journal, top } = yield* nested({}, {}, Effect.sleep("4 seconds"))
    const stop = yield* started(top.ref.stop())
    yield* TestClock.adjust("3 seconds")
    yield* settle
    assert.isTrue(pending(stop))
    assert.include(journal.open, "x#1")
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.isFalse(pending(stop))
    assert.include(journal.news(), "-x Shutdown")
  }))

it.effect("infinity goes all the way up: a worker's own infinite budget is kept under two supervisors", () =>
  Effect.gen(function*() {
    const journal = makeJournal()
    const top = yield* Supervisor.make({}, [{
      id: "sub",
      type: "supervisor",
      start: Supervisor.make({}, [child(journal, "x", { stopping: Effect.sleep("1 hour"), shutdown: "infinity" })])
    }])
    const stop = yield* started(top.ref.stop())
    yield* TestClock.adjust("59 minutes")
    yield* settle
    assert.isTrue(pending(stop))
    yield* TestClock.adjust("1 minute")
    yield* settle
    assert.isFalse(pending(stop))
    assert.include(journal.log, "-x Shutdown")
  }))

it.effect("autoShutdown of a nested supervisor is Shutdown to its parent", () =>
  Effect.gen(function*() {
    const journal = makeJournal()
    const supervisors = new Map<string, Supervisor.Supervisor>()
    const top = yield* Supervisor.make({ intensity: 0, autoShutdown: "any_significant" }, [
      child(journal, "other"),
      subtree(supervisors, journal, "sub", { autoShutdown: "any_significant" }, [
        child(journal, "main", { restart: "transient", significant: true })
      ], { restart: "transient", significant: true })
    ])
    yield* journal.tell("main", "finish")
    yield* settle
    assert.strictEqual((yield* supervisors.get("sub")!.awaitExit)._tag, "Shutdown")
    assert.strictEqual((yield* top.awaitExit)._tag, "Shutdown")
    assert.deepStrictEqual(journal.open, [])
  }))

it.effect("a nested start that fails fails the start of the whole, and stops what had started", () =>
  leavesNothing(Effect.gen(function*() {
    const journal = makeJournal()
    const made = yield* Effect.exit(Supervisor.make({}, [
      child(journal, "before"),
      subtree(new Map(), journal, "sub", {}, [
        child(journal, "x"),
        child(journal, "y", { starting: () => Effect.fail("no") })
      ]),
      child(journal, "after")
    ]))
    assert.strictEqual(made._tag, "Failure")
    yield* settle
    assert.deepStrictEqual(journal.news(), ["+before", "+x", "-x Shutdown", "-before Shutdown"])
    assert.deepStrictEqual(journal.open, [])
  })))

it.effect("bad flags of a nested supervisor are a start that fails", () =>
  Effect.gen(function*() {
    const journal = makeJournal()
    const made = yield* Effect.exit(Supervisor.make({}, [
      child(journal, "before"),
      subtree(new Map(), journal, "sub", { intensity: -1 }, [child(journal, "x")])
    ]))
    assert.strictEqual(made._tag, "Failure")
    assert.deepStrictEqual(journal.news(), ["+before", "-before Shutdown"])
  }))

it.effect("the whole tree goes with the scope of the top, also in the middle of an escalation", () =>
  leavesNothing(Effect.gen(function*() {
    const scope = yield* Scope.make()
    const { journal } = yield* Scope.provide(nested({ sub: { intensity: 0 } }), scope)
    yield* journal.ref("x").exit(ExitReason.killed)
    yield* Scope.close(scope, Exit.void)
    yield* settle
    assert.deepStrictEqual(journal.open, [])
  })))

it.effect("countChildren counts supervisors and workers among the direct children only", () =>
  Effect.gen(function*() {
    const { top, sub } = yield* nested({})
    assert.deepInclude(yield* top.countChildren, { specs: 3, active: 3, supervisors: 1, workers: 2 })
    assert.deepInclude(yield* sub().countChildren, { specs: 2, active: 2, supervisors: 0, workers: 2 })
  }))

it.effect("actors above a supervisor can link to it and monitor it by its ref", () =>
  Effect.gen(function*() {
    const seen: Array<string> = []
    const { sub } = yield* nested({})
    const watcher = yield* Actor.spawn<string>({
      receive: (message, context) =>
        message === "watch"
          ? Effect.andThen(
            context.monitor(sub().ref, (reason) => `down ${reason._tag}`),
            context.link(sub().ref)
          )
          : void seen.push(message),
      trapExit: true,
      onExit: (_from, reason) => void seen.push(`exit ${reason._tag}`)
    })
    yield* watcher.cast("watch")
    yield* settle
    yield* sub().ref.exit(ExitReason.killed)
    yield* settle
    assert.deepStrictEqual(seen.sort(), ["down Killed", "exit Killed"])
  }))

it.effect("a supervisor's awaitExit may be waited for by any number, and says the same later", () =>
  Effect.gen(function*() {
    const { top } = yield* nested({})
    const waiting = [yield* started(top.awaitExit), yield* started(top.ref.awaitExit)]
    yield* top.ref.stop(ExitReason.shutdown)
    yield* settle
    for (const one of waiting) assert.strictEqual(outcome(one)._tag, "Shutdown")
    assert.strictEqual((yield* top.awaitExit)._tag, "Shutdown")
  }))
