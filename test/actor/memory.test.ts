import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import * as v8 from "node:v8"
import * as vm from "node:vm"
import { Actor } from "whitepool/actor"
import type { Oneshot } from "whitepool/channel"
import { withCounters } from "../support/liveFibers.ts"
import { settle } from "./support/settle.ts"

v8.setFlagsFromString("--expose-gc")
const collect: unknown = vm.runInNewContext("gc")

/** Whether everything that `make` gave is garbage once the test has gone on. */
const isGarbage = (refs: ReadonlyArray<WeakRef<object>>) =>
  Effect.gen(function*() {
    for (let i = 0; i < 3; i++) {
      yield* settle
      if (typeof collect === "function") collect()
    }
    return refs.every((ref) => ref.deref() === undefined)
  })

type Message = object | ((context: Actor.Context<Message>) => void)
const runner = Actor.spawn<Message>({
  receive: (message, context) => {
    if (typeof message === "function") message(context)
  }
})

describe("an actor that lives on", () => {
  it.effect("keeps nothing of a monitor whose Down has come, nor of one that was taken back", () =>
    Effect.gen(function*() {
      const ref = yield* runner
      const refs: Array<WeakRef<object>> = []
      const watch = (context: Actor.Context<Message>, fiber: Actor.Target) => {
        const down = {}
        refs.push(new WeakRef(down))
        return context.monitorUnsafe(fiber, () => down)
      }
      const ended = yield* Effect.forkChild(Effect.never, { startImmediately: true })
      const lives = yield* Effect.forkChild(Effect.never, { startImmediately: true })
      ref.castUnsafe((context) => {
        watch(context, ended)
        watch(context, lives).demonitorUnsafe()
      })
      yield* Fiber.interrupt(ended)
      assert.isTrue(yield* isGarbage(refs))
      assert.isTrue(yield* ref.isAlive)
    }))

  it.effect("keeps nothing of a timer that has fired, nor of one that was cancelled", () =>
    Effect.gen(function*() {
      const ref = yield* runner
      const refs: Array<WeakRef<object>> = []
      const arm = (context: Actor.Context<Message>) => {
        const message = {}
        refs.push(new WeakRef(message))
        return context.sendAfterUnsafe(10, message)
      }
      ref.castUnsafe((context) => {
        arm(context)
        arm(context).cancelUnsafe()
      })
      yield* TestClock.adjust(10)
      assert.isTrue(yield* isGarbage(refs))
      assert.isTrue(yield* ref.isAlive)
    }))

  it.effect("keeps nothing of a call that has ended", () =>
    Effect.gen(function*() {
      const ref = yield* Actor.spawn<Oneshot.Sender<number>>({
        receive: (reply) => Effect.asVoid(Effect.andThen(Effect.yieldNow, Effect.suspend(() => reply.send(1))))
      })
      const call = ref.call<number>((reply) => reply)
      yield* Effect.repeat(call, { times: 1000 })
      yield* isGarbage([])
      const before = process.memoryUsage().heapUsed
      yield* Effect.repeat(call, { times: 10_000 })
      yield* isGarbage([])
      const grown = process.memoryUsage().heapUsed - before
      assert.isTrue(grown < 1_000_000, `${grown} bytes for ten thousand calls`)
    }))

  it.effect("arms no timer for a delay without end", () =>
    withCounters((live) =>
      Effect.gen(function*() {
        const ref = yield* runner
        ref.castUnsafe((context) => void context.sendAfterUnsafe("Infinity", {}))
        yield* settle
        assert.strictEqual(live.sleeps(), 0)
      })
    ))
})
