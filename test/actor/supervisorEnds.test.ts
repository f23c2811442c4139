/** How children are stopped, and how a supervisor ends. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason, Supervisor } from "whitepool/actor"
import { sweep } from "../support/yieldSweep.ts"
import { settle } from "./support/settle.ts"
import { inTree, shape } from "./support/tree.ts"

const hang = Effect.never

describe("a shutdown budget", () => {
  it.effect("is 5 seconds for a worker, which is then killed, with a warning", () =>
    inTree(({ child, lines, ref }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({}, [child("a", { ending: hang })])
        const actor = ref("a")
        const stop = yield* Effect.forkChild(supervisor.terminateChild("a"), { startImmediately: true })
        yield* TestClock.adjust(4999)
        assert.isUndefined(stop.pollUnsafe())
        yield* TestClock.adjust(1)
        yield* Fiber.join(stop)
        assert.deepStrictEqual(yield* actor.awaitExit, ExitReason.killed)
        assert.deepStrictEqual(lines.map(({ level }) => level), ["Warn"])
        assert.match(lines[0]?.message ?? "", /child "a" did not stop within 5000 ms/)
      })
    ))

  it.effect("is what the spec says", () =>
    inTree(({ child, ref }) =>
      Effect.gen(function*() {
        const ending = Effect.sleep(100)
        const supervisor = yield* Supervisor.make({}, [
          child("a", { ending, shutdown: 100.5 }),
          child("b", { ending, shutdown: "50 millis" }),
          child("c", { ending, shutdown: 0 }),
          child("d", { ending, shutdown: "brutal_kill" })
        ])
        const actors = ["a", "b", "c", "d"].map(ref)
        const closing = yield* Effect.forkChild(supervisor.ref.stop(), { startImmediately: true })
        for (let i = 0; i < 10; i++) yield* TestClock.adjust(50)
        yield* Fiber.join(closing)
        const reasons = yield* Effect.forEach(actors, (actor) => Effect.map(actor.awaitExit, ({ _tag }) => _tag))
        assert.deepStrictEqual(reasons, ["Shutdown", "Killed", "Killed", "Killed"])
      })
    ))

  it.effect("brutal_kill runs no terminate, and is no cause for a warning", () =>
    inTree(({ child, lines, since }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({}, [child("a", { shutdown: "brutal_kill" })])
        since()
        yield* supervisor.terminateChild("a")
        assert.deepStrictEqual(since(), [])
        assert.deepStrictEqual(lines, [])
      })
    ))

  it.effect("infinity waits, and is what a supervisor has", () =>
    inTree(({ child, log, since }) =>
      Effect.gen(function*() {
        const inner = Supervisor.make({}, [child("a", { ending: Effect.sleep("1 hour"), shutdown: "infinity" })])
        const supervisor = yield* Supervisor.make({}, [{ id: "inner", start: inner }])
        since()
        const stop = yield* Effect.forkChild(supervisor.terminateChild("inner"), { startImmediately: true })
        yield* settle
        yield* TestClock.adjust("59 minutes")
        assert.isUndefined(stop.pollUnsafe())
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(stop)
        assert.deepStrictEqual(log, ["-a Shutdown"])
      })
    ))

  it.effect("over and a kill without effect: the child is abandoned after 5 more seconds, and goes on alone", () =>
    inTree(({ child, lines, log }) =>
      Effect.gen(function*() {
        const stubborn = Effect.forkScoped(Effect.uninterruptible(Effect.sleep("1 minute")))
        const start = Effect.andThen(Effect.addFinalizer(() => Effect.sync(() => void log.push("released"))), stubborn)
        const supervisor = yield* Supervisor.make({}, [{ id: "a", start, shutdown: 1000 }, child("b")])
        const stop = yield* Effect.forkChild(supervisor.terminateChild("a"), { startImmediately: true })
        yield* TestClock.adjust(1000)
        yield* TestClock.adjust(4999)
        assert.isUndefined(stop.pollUnsafe())
        yield* TestClock.adjust(1)
        yield* Fiber.join(stop)
        assert.strictEqual(yield* shape(supervisor), "a: down, b: up")
        assert.strictEqual(lines.length, 2)
        assert.match(lines[1]?.message ?? "", /child "a" did not end within 5000 ms of its kill, and is abandoned/)
        assert.notInclude(log, "released")
        yield* TestClock.adjust("1 minute")
        assert.include(log, "released")
      })
    ))

  it.effect("holds for the scope of a child that has ended by itself", () =>
    inTree(({ lines }) =>
      Effect.gen(function*() {
        let starts = 0
        const start = Effect.suspend(() => {
          const first = ++starts === 1
          return Effect.andThen(
            Effect.addFinalizer(() => first ? Effect.sleep("1 minute") : Effect.void),
            Effect.forkScoped(first ? Effect.void : Effect.never)
          )
        })
        const supervisor = yield* Supervisor.make({}, [{ id: "a", start, shutdown: 1000 }])
        yield* TestClock.adjust(999)
        assert.strictEqual(starts, 1)
        yield* TestClock.adjust(1)
        yield* settle
        assert.strictEqual(starts, 2)
        assert.strictEqual(yield* shape(supervisor), "a: up")
        assert.match(lines[0]?.message ?? "", /child "a" did not release its scope within 1000 ms/)
        yield* TestClock.adjust("1 minute")
      })
    ))

  it.effect("covers what lives elsewhere: it is sent Shutdown, and then killed", () =>
    inTree(({ since }) =>
      Effect.gen(function*() {
        const log: Array<string> = []
        const behavior = (trapExit: boolean): Actor.Behavior<string> => ({
          receive: () => {},
          trapExit,
          onExit: (_, reason) => void log.push(reason._tag),
          terminate: (reason) => Effect.sync(() => void log.push(`-${reason._tag}`))
        })
        since()
        const polite = yield* Actor.spawn(behavior(false))
        const deaf = yield* Actor.spawn(behavior(true))
        const fiber = yield* Effect.forkScoped(Effect.never)
        const supervisor = yield* Supervisor.make({}, [
          { id: "deaf", start: Effect.succeed(deaf) },
          { id: "polite", start: Effect.succeed(polite) },
          { id: "fiber", start: Effect.succeed(fiber) }
        ])
        const stop = yield* Effect.forkChild(supervisor.ref.stop(), { startImmediately: true })
        yield* settle
        assert.deepStrictEqual(fiber.pollUnsafe()?._tag, "Failure")
        assert.deepStrictEqual(log, ["-Shutdown", "Shutdown"])
        yield* TestClock.adjust(5000)
        yield* Fiber.join(stop)
        assert.deepStrictEqual(yield* deaf.awaitExit, ExitReason.killed)
      })
    ))

  it.effect("a child that goes wrong while it stops is worth a warning, and is stopped", () =>
    inTree(({ child, lines }) =>
      Effect.gen(function*() {
        const release = Effect.addFinalizer(() => Effect.die(new RangeError("no")))
        const supervisor = yield* Supervisor.make({ name: "top" }, [
          child("a", { ending: Effect.die(new RangeError("no")) }),
          { id: "b", start: Effect.andThen(release, child("b").start) }
        ])
        yield* supervisor.terminateChild("a")
        yield* supervisor.terminateChild("b")
        assert.strictEqual(yield* shape(supervisor), "a: down, b: down")
        assert.deepStrictEqual(lines.map(({ message }) => message.replace(/^.*: child/, "child")), [
          "child \"a\" went wrong while it stopped: Crash(RangeError)",
          "child \"b\" went wrong while its scope closed: Crash(RangeError)"
        ])
      })
    ))
})

describe("a supervisor ends", () => {
  const orders: ReadonlyArray<ExitReason.ExitReason> = [
    ExitReason.normal,
    ExitReason.shutdown,
    { _tag: "Shutdown", detail: 1 },
    ExitReason.noProcess,
    ExitReason.crash(Cause.die("why"))
  ]
  for (const reason of orders) {
    it.effect(`by ref.exit and ref.stop, ${ExitReason.format(reason)}: its children stop in reverse order`, () =>
      inTree(({ child, since }) =>
        Effect.gen(function*() {
          for (const how of ["exit", "stop"] as const) {
            const supervisor = yield* Supervisor.make({}, [child("a"), child("b")])
            since()
            yield* supervisor.ref[how](reason)
            assert.deepStrictEqual(yield* supervisor.awaitExit, reason)
            assert.deepStrictEqual(since(), ["-b Shutdown", "-a Shutdown"])
          }
        })
      ))
  }

  it.effect("not by an exit over a link; whoever is linked to it hears of its end", () =>
    inTree(({ child }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({}, [child("a")])
        const stranger = yield* Actor.spawn<"die">({
          init: (context) => context.link(supervisor.ref),
          receive: () => Effect.die("died")
        })
        const other = yield* Actor.spawn<string>({ init: (context) => context.link(supervisor.ref), receive: () => {} })
        yield* stranger.cast("die")
        yield* settle
        assert.strictEqual(yield* shape(supervisor), "a: up")
        yield* supervisor.ref.exit(ExitReason.shutdown)
        assert.deepStrictEqual(yield* other.awaitExit, ExitReason.shutdown)
      })
    ))

  it.effect("at once when it is killed; its children are Killed: without terminate, unless they trap exits or supervise", () =>
    inTree(({ child, ref, since }) =>
      Effect.gen(function*() {
        const log: Array<string> = []
        const trapper = Actor.spawn<string>({
          receive: () => {},
          trapExit: true,
          onExit: () => void log.push("trapped"),
          terminate: (reason) =>
            Effect.suspend(() => {
              log.push("terminate")
              return Effect.andThen(Effect.sleep(100), Effect.sync(() => void log.push(`-${reason._tag}`)))
            })
        })
        let inner: ExitReason.ExitReason | undefined
        const startInner = Effect.tap(
          Supervisor.make({}, [child("x"), child("y")]),
          ({ awaitExit }) => Effect.forkDetach(Effect.map(awaitExit, (reason) => void (inner = reason)))
        )
        const scope = yield* Scope.make()
        const supervisor = yield* Scope.provide(
          Supervisor.make({}, [
            child("a"),
            { id: "trapper", start: trapper },
            { id: "fiber", start: Effect.forkScoped(Effect.never) },
            { id: "inner", start: startInner }
          ]),
          scope
        )
        const a = ref("a")
        since()
        yield* supervisor.ref.exit(ExitReason.killed)
        assert.deepStrictEqual(yield* supervisor.awaitExit, ExitReason.killed)
        assert.deepStrictEqual(yield* a.awaitExit, ExitReason.killed)
        yield* settle
        assert.deepStrictEqual(since(), ["-y Shutdown", "-x Shutdown"])
        assert.deepStrictEqual(log, ["terminate"])
        const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void), { startImmediately: true })
        yield* settle
        assert.isUndefined(closing.pollUnsafe())
        yield* TestClock.adjust(100)
        yield* Fiber.join(closing)
        assert.deepStrictEqual(log, ["terminate", "-Killed"])
        assert.deepStrictEqual(inner?._tag, "Killed")
      })
    ))

  it.effect("killed: a child that is a fiber is interrupted at once, whatever else its scope has to release", () =>
    inTree(({ log }) =>
      Effect.gen(function*() {
        const fiber = Effect.onInterrupt(Effect.never, () => Effect.sync(() => void log.push("interrupted")))
        const start = Effect.tap(Effect.forkScoped(fiber), () => Effect.addFinalizer(() => Effect.sleep(1000)))
        const supervisor = yield* Supervisor.make({}, [{ id: "a", start }])
        yield* settle
        yield* supervisor.ref.exit(ExitReason.killed)
        yield* settle
        assert.deepStrictEqual(log, ["interrupted"])
        yield* TestClock.adjust(1000)
      })
    ))

  it.effect("killed while it stops its children for another reason: they are killed too", () =>
    inTree(({ child, ref }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({}, [child("a"), child("b", { ending: Effect.sleep(1000) })])
        const a = ref("a")
        yield* supervisor.ref.exit(ExitReason.shutdown)
        yield* settle
        yield* supervisor.ref.exit(ExitReason.killed)
        assert.deepStrictEqual(yield* supervisor.awaitExit, ExitReason.killed)
        assert.deepStrictEqual(yield* a.awaitExit, ExitReason.killed)
        yield* TestClock.adjust(1000)
      })
    ))

  it.effect("by an exit while a child starts: the start is interrupted, its scope closed, the others stopped", () =>
    inTree(({ child, log }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({}, [child("a")])
        const start = Effect.gen(function*() {
          yield* Effect.addFinalizer(() => Effect.sync(() => void log.push("released")))
          return yield* Effect.never
        })
        yield* Effect.forkChild(Effect.exit(supervisor.startChild({ id: "b", start })), { startImmediately: true })
        yield* settle
        yield* supervisor.ref.exit(ExitReason.shutdown)
        yield* supervisor.awaitExit
        assert.deepStrictEqual(log, ["+a", "released", "-a Shutdown"])
      })
    ))

  it.effect("by an exit while it stops a child: one budget, and then the others", () =>
    inTree(({ child, log }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({}, [child("a"), child("b", { ending: hang, shutdown: 1000 })])
        yield* Effect.forkChild(Effect.exit(supervisor.terminateChild("b")), { startImmediately: true })
        yield* TestClock.adjust(600)
        yield* supervisor.ref.exit(ExitReason.shutdown)
        yield* settle
        assert.deepStrictEqual(log, ["+a", "+b", "-b Shutdown"])
        yield* TestClock.adjust(400)
        yield* supervisor.awaitExit
        assert.deepStrictEqual(log, ["+a", "+b", "-b Shutdown", "-a Shutdown"])
      })
    ))

  it.effect("by an exit while it stops a child that cannot be stopped: one budget, and one grace", () =>
    inTree(() =>
      Effect.gen(function*() {
        const stubborn = Effect.forkScoped(Effect.uninterruptible(Effect.sleep("1 minute")))
        const supervisor = yield* Supervisor.make({}, [{ id: "a", start: stubborn, shutdown: 1000 }])
        yield* Effect.forkChild(Effect.exit(supervisor.terminateChild("a")), { startImmediately: true })
        yield* TestClock.adjust(600)
        yield* supervisor.ref.exit(ExitReason.shutdown)
        yield* settle
        yield* TestClock.adjust(400)
        yield* TestClock.adjust(5000)
        yield* settle
        assert.isFalse(yield* supervisor.ref.isAlive)
        yield* TestClock.adjust("1 minute")
      })
    ))

  it.effect("leaves nothing behind in a scope that lives on", () =>
    inTree(({ child, counters, tell }) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        for (const end of ["stop", "give up", "kill", "fail"] as const) {
          const specs = [child("a"), child("b", { before: end === "fail" ? Effect.fail("no") : undefined })]
          const made = yield* Effect.exit(Scope.provide(Supervisor.make({ intensity: 0 }, specs), scope))
          if (Exit.isSuccess(made)) {
            assert.strictEqual(scope.state._tag, "Open")
            if (end === "stop") yield* made.value.ref.stop()
            if (end === "give up") yield* tell("a", "crash")
            if (end === "kill") yield* made.value.ref.exit(ExitReason.killed)
          }
          yield* settle
          assert.strictEqual(scope.state._tag, "Empty", end)
          assert.strictEqual(counters.fibers(), 0, end)
        }
      })
    ))

  it.effect("when one of its own children closes its scope, without waiting for itself", () =>
    inTree(({ log, since }) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        since()
        const start = Effect.forkScoped(
          Effect.andThen(Effect.sleep(10), Effect.uninterruptible(Scope.close(scope, Exit.void)))
        )
        const supervisor = yield* Scope.provide(Supervisor.make({}, [{ id: "a", start }]), scope)
        yield* TestClock.adjust(10)
        yield* settle
        assert.deepStrictEqual(yield* supervisor.awaitExit, ExitReason.shutdown)
        assert.deepStrictEqual(log, [])
      })
    ))

  it.effect("during make: whoever closes the scope interrupts the start, and make fails", () =>
    inTree(({ child, log }) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const specs = [child("a"), { id: "b", start: Effect.never }]
        const making = yield* Effect.forkChild(Effect.flip(Scope.provide(Supervisor.make({}, specs), scope)))
        yield* settle
        yield* Scope.close(scope, Exit.void)
        const error = yield* Fiber.join(making)
        assert.strictEqual(error._tag, "StartFailed")
        if (error._tag === "StartFailed") assert.deepStrictEqual(error.reason, ExitReason.shutdown)
        assert.deepStrictEqual(log, ["+a", "-a Shutdown"])
      })
    ))

  it.effect("is not made in a scope that is closed", () =>
    inTree(({ child, log }) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        yield* Scope.close(scope, Exit.void)
        const error = yield* Effect.flip(Scope.provide(Supervisor.make({}, [child("a")]), scope))
        assert.strictEqual(error._tag, "StartFailed")
        yield* settle
        assert.isTrue(log.length === 0 || log.includes("-a Shutdown"))
      })
    ))
})

describe("make, interrupted at every point,", () => {
  it.effect("stops what was started, and does not wait for its scope", () =>
    inTree(({ child, counters, log }) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const specs = [child("a"), child("b"), { id: "c", start: Effect.never }]
        const making = yield* Effect.forkChild(Scope.provide(Supervisor.make({}, specs), scope))
        yield* settle
        yield* Fiber.interrupt(making)
        assert.deepStrictEqual(log, ["+a", "+b", "-b Shutdown", "-a Shutdown"])
        yield* settle
        assert.strictEqual(scope.state._tag, "Empty")
        assert.strictEqual(counters.fibers(), 0)
      })
    ))

  it("leaves nothing, or gives a supervisor", async () => {
    const swept = await sweep({
      maxOps: [3, 5, 8, 13, 21, 34],
      setup: Effect.sync(() => ({ log: [] as Array<string>, scope: Scope.makeUnsafe() })),
      run: ({ log, scope }) => {
        const child = (id: string) => ({
          id,
          start: Effect.acquireRelease(
            Effect.sync(() => void log.push(`+${id}`)),
            () => Effect.sync(() => void log.push(`-${id}`))
          ).pipe(
            Effect.andThen(Effect.yieldNow),
            Effect.andThen(Actor.spawn<string>({ receive: () => {} }))
          )
        })
        return Scope.provide(Supervisor.make({}, [child("a"), child("b"), child("c")]), scope)
      },
      verify: ({ log, scope }, exit) =>
        Effect.gen(function*() {
          // Interrupted after its end, it has a supervisor in the scope.
          if (Exit.isSuccess(exit)) assert.deepStrictEqual(log, ["+a", "+b", "+c"])
          yield* Scope.close(scope, Exit.void)
          const started = log.filter((line) => line.startsWith("+"))
          assert.deepStrictEqual(log, [...started, ...started.slice().reverse().map((line) => line.replace("+", "-"))])
        })
    })
    assert.isAbove(swept.points, 100)
  })
})
