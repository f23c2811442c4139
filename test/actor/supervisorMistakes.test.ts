/** What other people's mistakes cost a supervisor: an error for whoever made them, and no more. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Logger, Option } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason, Registry, Supervisor } from "whitepool/actor"
import { settle } from "./support/settle.ts"
import { inTree } from "./support/tree.ts"

const isMistake = (cause: unknown): void => {
  assert.instanceOf(cause, TypeError)
  assert.match(cause.message, /a supervisor cannot be a child of its own, or of one below/)
}

const broken = Logger.layer([
  Logger.make(() => {
    throw new Error("the logger is broken")
  })
])

describe("a child that would wait for the end of its supervisor, which would wait for it, is none:", () => {
  it.effect("the supervisor itself, also by its ref", () =>
    inTree(() =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({}, [])
        for (const child of [supervisor, supervisor.ref]) {
          const error = yield* Effect.flip(supervisor.startChild({ id: "a", start: Effect.succeed(child) }))
          assert.strictEqual(error.reason, "start_failed")
          isMistake(error.cause)
        }
        assert.deepStrictEqual(yield* supervisor.whichChildren, [])
      })
    ))

  it.effect("one above it, made by an actor in between, too", () =>
    inTree(() =>
      Effect.gen(function*() {
        const top = yield* Supervisor.make({}, [])
        const lowest = Supervisor.make({}, [{ id: "c", start: Effect.succeed(top) }])
        const actor = Actor.spawn<string>({ init: () => Effect.scoped(lowest), receive: () => {} })
        const middle = Supervisor.make({}, [{ id: "b", start: actor }])
        const error = yield* Effect.flip(top.startChild({ id: "a", start: middle }))
        let cause: unknown = error
        for (let depth = 0; depth < 20 && !(cause instanceof TypeError); depth++) cause = below(cause)
        isMistake(cause)
        assert.isTrue(yield* top.ref.isAlive)
      })
    ))

  it.effect("but not one beside it", () =>
    inTree(() =>
      Effect.gen(function*() {
        const beside = yield* Supervisor.make({}, [])
        const supervisor = yield* Supervisor.make({}, [{ id: "a", start: Effect.succeed(beside) }])
        const ends = yield* Effect.forkChild(beside.awaitExit, { startImmediately: true })
        yield* supervisor.terminateChild("a")
        assert.deepStrictEqual(yield* Fiber.join(ends), ExitReason.shutdown)
      })
    ))
})

/** One step from a failure to start to what was behind it. */
const below = (error: unknown): unknown => {
  if (error instanceof Supervisor.SupervisorError) return error.cause
  if (!(error instanceof Actor.StartFailed)) return assert.fail(`no failure to start: ${String(error)}`)
  const { reason } = error
  if (reason._tag === "Shutdown") return reason.detail
  return reason._tag === "Crash" ? Option.getOrUndefined(causeError(reason.cause)) : assert.fail(reason._tag)
}

const causeError = (cause: Extract<ExitReason.ExitReason, { _tag: "Crash" }>["cause"]) =>
  Option.fromUndefinedOr(cause.reasons.flatMap((reason) => reason._tag === "Fail" ? [reason.error] : [])[0])

describe("a logger that throws", () => {
  it.effect("keeps no child from being restarted", () =>
    inTree(({ child, ref, since, tell }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({}, [child("a")])
        since()
        yield* tell("a", "crash")
        assert.deepStrictEqual(since(), ["-a Crash", "+a"])
        assert.isTrue(yield* ref("a").isAlive)
        yield* tell("a", "crash")
        // It gives up, and says so in vain.
        assert.deepStrictEqual(yield* supervisor.awaitExit, ExitReason.shutdown)
      }).pipe(Effect.provide(broken))
    ))

  it.effect("keeps no child from being killed", () =>
    inTree(({ child, ref }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.make({}, [child("a", { ending: Effect.never, shutdown: 10 })])
        const a = ref("a")
        const stop = yield* Effect.forkChild(supervisor.terminateChild("a"), { startImmediately: true })
        yield* TestClock.adjust(10)
        yield* Fiber.join(stop)
        assert.isFalse(yield* a.isAlive)
      }).pipe(Effect.provide(broken))
    ))
})

describe("a dynamic supervisor bears", () => {
  it.effect("a template whose spec cannot be read", () =>
    inTree(() =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.dynamic({}, () => ({
          get start(): Effect.Effect<Supervisor.Child> {
            throw new Error("unreadable")
          }
        }))
        const error = yield* Effect.flip(supervisor.startChild(undefined))
        assert.strictEqual(error.reason, "start_failed")
        assert.deepStrictEqual(yield* supervisor.whichChildren, [])
      })
    ))

  it.effect("an address that nobody bears: that child has ended at once, and is forgotten", () =>
    inTree(() =>
      Effect.gen(function*() {
        const names = yield* Registry.make()
        const nobody = names.address<never>("nobody")
        const supervisor = yield* Supervisor.dynamic(
          {},
          () => ({ start: Effect.succeed(nobody), restart: "temporary" })
        )
        assert.strictEqual(yield* supervisor.startChild(undefined), nobody)
        assert.deepStrictEqual(yield* supervisor.whichChildren, [])
        yield* supervisor.terminateChild(nobody)
        assert.isTrue(yield* supervisor.ref.isAlive)
      })
    ))

  it.effect("two children that are the same actor: the end of one takes the other's name from nobody", () =>
    inTree(() =>
      Effect.gen(function*() {
        const shared = yield* Actor.spawn<"crash">({ receive: (message) => Effect.die(message) })
        const isTried = yield* Deferred.make<void>()
        const starts = { a: 0, b: 0 }
        const again = {
          a: Actor.spawn<string>({ receive: () => {} }),
          b: Effect.andThen(Deferred.await(isTried), Effect.fail("no"))
        }
        const supervisor = yield* Supervisor.dynamic({ intensity: 9 }, (id: "a" | "b") => ({
          start: Effect.suspend((): Effect.Effect<Supervisor.Child, unknown, never> | typeof again.a =>
            starts[id]++ === 0 ? Effect.succeed(shared) : again[id]
          )
        }))
        yield* supervisor.startChild("a")
        yield* supervisor.startChild("b")
        yield* shared.cast("crash")
        yield* settle
        // `a` is another one now; `b` is about to fail, and will be tried again, unless it is terminated before.
        const stop = yield* Effect.forkChild(supervisor.terminateChild(shared), { startImmediately: true })
        yield* Deferred.succeed(isTried, undefined)
        yield* Fiber.join(stop)
        yield* settle
        assert.deepStrictEqual(starts, { a: 2, b: 2 })
        assert.deepStrictEqual((yield* supervisor.whichChildren).map(({ restarts }) => restarts), [1])
      })
    ))

  it.effect("a child told to end by what it was before its restart: that one is dead, and the new one lives", () =>
    inTree(({ child, ref, tell }) =>
      Effect.gen(function*() {
        const supervisor = yield* Supervisor.dynamic({}, () => ({ start: child("a").start }))
        const before = yield* supervisor.startChild(undefined)
        yield* tell("a", "crash")
        yield* supervisor.terminateChild(before)
        assert.isTrue(yield* ref("a").isAlive)
        assert.strictEqual((yield* supervisor.countChildren).active, 1)
      })
    ))
})

it.effect("a message, though its ref takes none, is ignored", () =>
  inTree(() =>
    Effect.gen(function*() {
      const supervisor = yield* Supervisor.make({}, [])
      const ref = supervisor.ref as Actor.ActorRef<unknown>
      for (const message of [undefined, null, 7, "crash", {}, { _tag: "Nonsense" }]) yield* ref.cast(message)
      yield* settle
      assert.deepStrictEqual(yield* supervisor.whichChildren, [])
    })
  ))

it.effect("a spec that cannot be read is the mistake of whoever gives it", () =>
  inTree(() =>
    Effect.gen(function*() {
      const supervisor = yield* Supervisor.make({}, [])
      const spec = Object.defineProperty({ id: "a", start: Effect.never }, "restart", {
        enumerable: true,
        get: () => {
          throw new Error("unreadable")
        }
      })
      const exit = yield* Effect.exit(supervisor.startChild(spec))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      assert.deepStrictEqual(yield* supervisor.whichChildren, [])
    })
  ))
