import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason } from "whitepool/actor"
import { withCounters } from "../support/liveFibers.ts"
import { settle } from "./support/settle.ts"

type Message = { readonly down: ExitReason.ExitReason } | {
  readonly run: (context: Actor.Context<Message>) => void | Effect.Effect<void>
}

/** An actor that collects the reasons of its Downs, and runs what it is sent. */
const watcher = (downs: Array<ExitReason.ExitReason>) =>
  Actor.spawn<Message>({
    receive: (message, context) => {
      if ("run" in message) return message.run(context)
      downs.push(message.down)
    }
  })

const onDown = (down: ExitReason.ExitReason): Message => ({ down })

/** Monitors in a turn of `ref`. */
const monitor = (ref: Actor.ActorRef<Message>, target: Actor.Target) =>
  Effect.sync(() => {
    let monitor: Actor.Monitor | undefined
    ref.castUnsafe({ run: (context) => void (monitor = context.monitorUnsafe(target, onDown)) })
    return monitor!
  })

const idle = Actor.spawn<() => void>({ receive: (run) => run() })

const observersOf = (fiber: object): number =>
  "_observers" in fiber && Array.isArray(fiber._observers) ? fiber._observers.length : 0

const boom = Cause.die("boom")

describe("a monitor of an actor", () => {
  it.effect("gives exactly one Down, with the reason of the end", () =>
    Effect.gen(function*() {
      const downs: Array<ExitReason.ExitReason> = []
      const ref = yield* watcher(downs)
      const stopped = yield* idle
      const killed = yield* idle
      const crashed = yield* idle
      for (const target of [stopped, killed, crashed]) yield* monitor(ref, target)
      yield* stopped.stop()
      yield* killed.exit(ExitReason.killed)
      yield* killed.awaitExit
      crashed.castUnsafe(() => {
        throw "boom"
      })
      yield* crashed.awaitExit
      yield* settle
      assert.deepStrictEqual(downs, [ExitReason.normal, ExitReason.killed, ExitReason.crash(boom)])
    }))

  it.effect("that is already dead gives NoProcess, after the turn that asks", () =>
    Effect.gen(function*() {
      const downs: Array<ExitReason.ExitReason> = []
      const ref = yield* watcher(downs)
      const target = yield* idle
      yield* target.stop()
      ref.castUnsafe({
        run: (context) => {
          context.monitorUnsafe(target, onDown)
          assert.deepStrictEqual(downs, [])
        }
      })
      assert.deepStrictEqual(downs, [ExitReason.noProcess])
    }))

  it.effect("made while it terminates gives the reason of its end", () =>
    Effect.gen(function*() {
      const downs: Array<ExitReason.ExitReason> = []
      const ref = yield* watcher(downs)
      const target = yield* Actor.spawn<never>({ receive: () => {}, terminate: () => Effect.sleep(1000) })
      yield* target.exit(ExitReason.shutdown)
      yield* settle
      yield* monitor(ref, target)
      yield* TestClock.adjust(999)
      assert.deepStrictEqual(downs, [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(downs, [ExitReason.shutdown])
    }))

  it.effect("may be made more than once: each gives its own Down", () =>
    Effect.gen(function*() {
      const downs: Array<ExitReason.ExitReason> = []
      const ref = yield* watcher(downs)
      const target = yield* idle
      yield* monitor(ref, target)
      yield* monitor(ref, target)
      yield* target.stop()
      assert.deepStrictEqual(downs, [ExitReason.normal, ExitReason.normal])
    }))

  it.effect("arrives behind the messages that were sent before the end", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const target = yield* idle
      const ref = yield* Actor.spawn<string>({
        init: (context) => Effect.asVoid(context.monitor(target, (reason) => reason._tag)),
        receive: (message) => {
          log.push(message)
          return message === "hold" ? Effect.sleep(1000) : undefined
        }
      })
      ref.castUnsafe("hold")
      ref.castUnsafe("before")
      yield* target.stop()
      ref.castUnsafe("after")
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(log, ["hold", "before", "Normal", "after"])
    }))
})

describe("a monitor of a fiber", () => {
  const ends: ReadonlyArray<readonly [string, Effect.Effect<unknown, unknown>, ExitReason.ExitReason]> = [
    ["succeeds", Effect.sleep(1000), ExitReason.normal],
    ["fails", Effect.andThen(Effect.sleep(1000), Effect.fail("no")), ExitReason.crash(Cause.fail("no"))],
    ["dies", Effect.andThen(Effect.sleep(1000), Effect.failCause(boom)), ExitReason.crash(boom)]
  ]
  for (const [how, effect, reason] of ends) {
    it.effect(`that ${how} gives ${reason._tag}, also when it is over already`, () =>
      Effect.gen(function*() {
        const downs: Array<ExitReason.ExitReason> = []
        const ref = yield* watcher(downs)
        const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
        yield* monitor(ref, fiber)
        yield* TestClock.adjust(1000)
        assert.deepStrictEqual(downs, [reason])
        yield* monitor(ref, fiber)
        assert.deepStrictEqual(downs, [reason, reason])
      }))
  }

  it.effect("that is interrupted gives Shutdown", () =>
    Effect.gen(function*() {
      const downs: Array<ExitReason.ExitReason> = []
      const ref = yield* watcher(downs)
      const fiber = yield* Effect.forkChild(Effect.never, { startImmediately: true })
      yield* monitor(ref, fiber)
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(downs, [ExitReason.shutdown])
    }))

  it.effect("costs one observer, which demonitor and the owner's end take away", () =>
    Effect.gen(function*() {
      const ref = yield* watcher([])
      const fiber = yield* Effect.forkChild(Effect.never, { startImmediately: true })
      const first = yield* monitor(ref, fiber)
      assert.strictEqual(observersOf(fiber), 1)
      yield* first.demonitor
      assert.strictEqual(observersOf(fiber), 0)
      yield* monitor(ref, fiber)
      yield* ref.stop()
      assert.strictEqual(observersOf(fiber), 0)
    }))

  it.effect("keeps no later observer of the fiber from running, even when its Down crashes the owner", () =>
    Effect.gen(function*() {
      const observed: Array<string> = []
      const fiber = yield* Effect.forkChild(Effect.never, { startImmediately: true })
      const owner = yield* Actor.spawn<string>({
        init: (context) =>
          Effect.asVoid(context.monitor(fiber, () => {
            throw "onDown"
          })),
        receive: () => {}
      })
      const other = yield* Actor.spawn<string>({
        init: (context) => Effect.asVoid(context.monitor(fiber, () => "down")),
        receive: () => {
          throw "receive"
        }
      })
      fiber.addObserver(() => observed.push("later"))
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(observed, ["later"])
      assert.deepStrictEqual(yield* owner.awaitExit, ExitReason.crash(Cause.die("onDown")))
      assert.deepStrictEqual(yield* other.awaitExit, ExitReason.crash(Cause.die("receive")))
    }))

  it.effect("sees the end of another actor's turn like any fiber's", () =>
    Effect.gen(function*() {
      const downs: Array<ExitReason.ExitReason> = []
      const ref = yield* watcher(downs)
      let fiber: Fiber.Fiber<unknown, unknown> | undefined
      const target = yield* Actor.spawn<Effect.Effect<void>>({ receive: (turn) => turn })
      target.castUnsafe(Effect.withFiber((self) => {
        fiber = self
        return Effect.void
      }))
      yield* settle
      yield* monitor(ref, fiber!)
      yield* target.stop()
      assert.strictEqual(downs.length, 1)
    }))
})

describe("demonitor", () => {
  it.effect("keeps the Down away, and is idempotent", () =>
    Effect.gen(function*() {
      const downs: Array<ExitReason.ExitReason> = []
      const ref = yield* watcher(downs)
      const target = yield* idle
      const one = yield* monitor(ref, target)
      yield* one.demonitor
      one.demonitorUnsafe()
      yield* target.stop()
      yield* settle
      assert.deepStrictEqual(downs, [])
    }))

  it.effect("flushes: no Down comes after it, even when it lies in the mailbox already", () =>
    Effect.gen(function*() {
      const downs: Array<ExitReason.ExitReason> = []
      const ref = yield* watcher(downs)
      const target = yield* idle
      const fiber = yield* Effect.forkChild(Effect.never, { startImmediately: true })
      ref.castUnsafe({
        run: (context) =>
          Effect.gen(function*() {
            const ofActor = yield* context.monitor(target, onDown)
            const ofFiber = yield* context.monitor(fiber, onDown)
            yield* target.stop()
            yield* Fiber.interrupt(fiber)
            yield* ofActor.demonitor
            yield* ofFiber.demonitor
          })
      })
      yield* target.awaitExit
      yield* settle
      ref.castUnsafe({ run: () => {} })
      assert.deepStrictEqual(downs, [])
    }))
})

describe("a Down", () => {
  it.effect("of a fiber may demonitor the same fiber: the other Down does not come", () =>
    Effect.gen(function*() {
      const downs: Array<string> = []
      const fiber = yield* Effect.forkChild(Effect.never, { startImmediately: true })
      const monitors: Array<Actor.Monitor> = []
      const ref = yield* Actor.spawn<string>({
        init: (context) =>
          Effect.sync(() => void monitors.push(...["a", "b"].map((down) => context.monitorUnsafe(fiber, () => down)))),
        receive: (message) => {
          downs.push(message)
          for (const monitor of monitors) monitor.demonitorUnsafe()
        }
      })
      yield* Fiber.interrupt(fiber)
      yield* settle
      assert.deepStrictEqual(downs, ["a"])
      yield* ref.stop()
    }))
})

describe("the owner's end", () => {
  it.effect("ends its monitors: nothing is sent, and making another does nothing", () =>
    withCounters((live) =>
      Effect.gen(function*() {
        const downs: Array<ExitReason.ExitReason> = []
        const ref = yield* watcher(downs)
        const target = yield* idle
        let context: Actor.Context<Message> | undefined
        ref.castUnsafe({ run: (its) => void (context = its) })
        yield* monitor(ref, target)
        yield* ref.stop()
        const late = yield* context!.monitor(target, onDown)
        yield* target.stop()
        yield* late.demonitor
        yield* settle
        assert.deepStrictEqual(downs, [])
        assert.deepStrictEqual([live.fibers(), live.sleeps()], [0, 0])
      })
    ))

  it.effect("comes without a Down when it monitors itself", () =>
    Effect.gen(function*() {
      const downs: Array<ExitReason.ExitReason> = []
      const ref = yield* watcher(downs)
      yield* monitor(ref, ref)
      yield* ref.stop()
      yield* settle
      assert.deepStrictEqual(downs, [])
      assert.deepStrictEqual(yield* Effect.exit(ref.awaitExit), Exit.succeed(ExitReason.normal))
    }))
})
