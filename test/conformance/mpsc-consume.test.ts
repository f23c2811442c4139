import { assert, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { Mpsc } from "whitepool/channel"
import { defectOf, pending, settle, started } from "./support.ts"

it.effect("a message that finds the consumer idle is handled on the sender's own stack", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.unbounded<string>()
    const seen: Array<string> = []
    yield* receiver.consume((message) => {
      seen.push(message)
    })
    assert.isUndefined(sender.trySendUnsafe("a"))
    assert.deepStrictEqual(seen, ["a"])
    yield* sender.send("b")
    assert.deepStrictEqual(seen, ["a", "b"])
  }))

it.effect("what was buffered before consume is handled too, in order and once", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<number>(3)
    for (const n of [1, 2, 3]) yield* sender.send(n)
    const waiting = yield* started(sender.send(4))
    const seen: Array<number> = []
    yield* receiver.consume((n) => {
      seen.push(n)
    })
    yield* settle
    assert.isFalse(pending(waiting))
    assert.deepStrictEqual(seen, [1, 2, 3, 4])
  }))

it.effect("one that comes during a turn waits for the turn's end", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.unbounded<number>()
    const seen: Array<string> = []
    yield* receiver.consume((n) => {
      seen.push(`begin ${n}`)
      if (n < 3) assert.isUndefined(sender.trySendUnsafe(n + 1))
      seen.push(`end ${n}`)
    })
    yield* sender.send(1)
    yield* settle
    assert.deepStrictEqual(seen, ["begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3"])
  }))

it.effect("an Effect holds the next message back until it ends", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.unbounded<number>()
    const gate = yield* Deferred.make<void>()
    const seen: Array<number> = []
    yield* receiver.consume((n) => {
      seen.push(n)
      return n === 1 ? Deferred.await(gate) : undefined
    })
    yield* sender.send(1)
    yield* sender.send(2)
    yield* settle
    assert.deepStrictEqual(seen, [1])
    yield* Deferred.succeed(gate, undefined)
    yield* settle
    assert.deepStrictEqual(seen, [1, 2])
  }))

for (
  const [what, handle] of [
    ["throw", () => {
      throw new Error("handler")
    }],
    ["failing Effect", () => Effect.die(new Error("handler"))]
  ] as ReadonlyArray<[string, () => void | Effect.Effect<void>]>
) {
  it.effect(`a ${what} never reaches the sender: it drops the receiver and the inner Effect reports it`, () =>
    Effect.gen(function*() {
      const [sender, receiver] = yield* Mpsc.unbounded<number>()
      const ended = yield* receiver.consume(handle)
      yield* sender.send(1)
      yield* settle
      const exit = yield* ended
      assert.isTrue(Exit.isFailure(exit))
      assert.isTrue(yield* sender.isClosed)
      assert.strictEqual((yield* Effect.flip(sender.send(2)))._tag, "Closed")
    }))
}

it.effect("the inner Effect ends with the consumer: void when the scope closes; then it can be polled again", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.unbounded<number>()
    const scope = yield* Scope.make()
    const seen: Array<number> = []
    const ended = yield* Scope.provide(
      receiver.consume((n) => {
        seen.push(n)
      }),
      scope
    )
    const watcher = yield* started(ended)
    yield* sender.send(1)
    assert.isTrue(pending(watcher))
    yield* Scope.close(scope, Exit.void)
    assert.isTrue(Exit.isSuccess(yield* Fiber.join(watcher)))
    yield* sender.send(2)
    assert.deepStrictEqual(seen, [1])
    assert.strictEqual(yield* receiver.recv, 2)
    yield* Effect.scoped(Effect.andThen(
      receiver.consume((n) => {
        seen.push(n)
      }),
      sender.send(3)
    ))
    assert.deepStrictEqual(seen, [1, 3])
  }))

it.effect("one at a time: a second consume, or a recv beside one, dies", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.unbounded<number>()
    const seen: Array<number> = []
    yield* receiver.consume((n) => {
      seen.push(n)
    })
    assert.isDefined(yield* defectOf(receiver.consume(() => {})))
    assert.isDefined(yield* defectOf(receiver.recv))
    yield* sender.send(1)
    assert.deepStrictEqual(seen, [1])
  }))
