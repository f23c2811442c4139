import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { Actor, ExitReason } from "whitepool/actor"
import { settle, started } from "./support.ts"

type Message = { readonly watch: Actor.Target } | { readonly unsafe: Actor.Target } | { readonly down: string } | "off"

const watcher = Effect.gen(function*() {
  const downs: Array<string> = []
  const monitors: Array<Actor.Monitor> = []
  const onDown = (reason: ExitReason.ExitReason): Message => ({ down: reason._tag })
  const ref = yield* Actor.spawn<Message>({
    receive: (message, context) => {
      if (message === "off") return Effect.forEach(monitors, (monitor) => monitor.demonitor, { discard: true })
      if ("down" in message) downs.push(message.down)
      else if ("unsafe" in message) monitors.push(context.monitorUnsafe(message.unsafe, onDown))
      else return Effect.map(context.monitor(message.watch, onDown), (monitor) => void monitors.push(monitor))
      return
    }
  })
  return { ref, downs }
})

const idle = Actor.spawn<"crash">({
  receive: () => {
    throw new Error("crash")
  }
})

for (const how of ["watch", "unsafe"] as const) {
  const watching = (target: Actor.Target): Message => how === "watch" ? { watch: target } : { unsafe: target }

  it.effect(`${how}: exactly one Down for an actor, with its reason`, () =>
    Effect.gen(function*() {
      const { ref, downs } = yield* watcher
      const target = yield* idle
      yield* ref.cast(watching(target))
      yield* settle
      assert.deepStrictEqual(downs, [])
      yield* target.cast("crash")
      yield* settle
      yield* target.exit(ExitReason.killed)
      yield* settle
      assert.deepStrictEqual(downs, ["Crash"])
      assert.isTrue(yield* ref.isAlive)
    }))

  it.effect(`${how}: NoProcess for an actor already dead`, () =>
    Effect.gen(function*() {
      const { ref, downs } = yield* watcher
      const target = yield* idle
      yield* target.stop()
      yield* ref.cast(watching(target))
      yield* settle
      assert.deepStrictEqual(downs, ["NoProcess"])
    }))

  it.effect(`${how}: exactly one Down for a fiber: Normal, Crash or Shutdown`, () =>
    Effect.gen(function*() {
      const { ref, downs } = yield* watcher
      const gate = yield* Deferred.make<void>()
      const good = yield* started(Deferred.await(gate))
      const bad = yield* started(Effect.andThen(Deferred.await(gate), Effect.fail("no")))
      const cut = yield* started(Effect.never)
      for (const fiber of [cut, good, bad]) yield* ref.cast(watching(fiber))
      yield* settle
      yield* Fiber.interrupt(cut)
      yield* settle
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.deepStrictEqual(downs, ["Shutdown", "Normal", "Crash"])
    }))

  it.effect(`${how}: for a fiber already done, its exit's reason`, () =>
    Effect.gen(function*() {
      const { ref, downs } = yield* watcher
      const good = yield* started(Effect.void)
      const bad = yield* started(Effect.die("x"))
      yield* ref.cast(watching(good))
      yield* settle
      yield* ref.cast(watching(bad))
      yield* settle
      assert.deepStrictEqual(downs, ["Normal", "Crash"])
    }))

  it.effect(`${how}: two monitors of one target give one Down each`, () =>
    Effect.gen(function*() {
      const { ref, downs } = yield* watcher
      const target = yield* idle
      yield* ref.cast(watching(target))
      yield* ref.cast(watching(target))
      yield* target.stop()
      yield* settle
      assert.deepStrictEqual(downs, ["Normal", "Normal"])
    }))

  it.effect(`${how}: demonitor keeps the Down from coming`, () =>
    Effect.gen(function*() {
      const { ref, downs } = yield* watcher
      const target = yield* idle
      const fiber = yield* started(Effect.never)
      yield* ref.cast(watching(target))
      yield* ref.cast(watching(fiber))
      yield* ref.cast("off")
      yield* settle
      yield* target.stop()
      yield* Fiber.interrupt(fiber)
      yield* settle
      assert.deepStrictEqual(downs, [])
    }))
}
