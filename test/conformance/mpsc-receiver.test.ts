import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Stream } from "effect"
import { Mpsc } from "whitepool/channel"
import { outcome, pending, settle, started, tagOf } from "./support.ts"

it.effect("recv: interrupted, no message was taken", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.unbounded<string>()
    const one = yield* started(receiver.recv)
    yield* Fiber.interrupt(one)
    yield* sender.send("a")
    assert.strictEqual(yield* receiver.length, 1)
    assert.strictEqual(yield* receiver.recv, "a")
  }))

it.effect("recv: interrupted in the very step in which a message comes, the message goes to the next", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.unbounded<string>()
    const one = yield* started(receiver.recv)
    const two = yield* started(receiver.recv)
    assert.isUndefined(sender.trySendUnsafe("a"))
    yield* Fiber.interrupt(one)
    yield* settle
    const got = [outcome(one), outcome(two)].filter((value) => value === "a")
    assert.strictEqual(got.length, 1)
  }))

it.effect("recv: several fibers may wait at once, served first come first served", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.unbounded<string>()
    const order: Array<string> = []
    for (const who of ["one", "two", "three"]) {
      yield* started(Effect.map(receiver.recv, (message) => order.push(`${who}:${message}`)))
    }
    for (const message of ["a", "b", "c"]) yield* sender.send(message)
    yield* settle
    assert.deepStrictEqual(order, ["one:a", "two:b", "three:c"])
  }))

it.effect("recvMany: up to max, at least one; waits for the first; 0 gives none at once", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.unbounded<number>()
    assert.deepStrictEqual(yield* receiver.recvMany(0), [])
    const many = yield* started(receiver.recvMany(10))
    assert.isTrue(pending(many))
    yield* sender.send(1)
    yield* settle
    assert.deepStrictEqual(outcome(many), [1])
    for (const n of [2, 3, 4]) yield* sender.send(n)
    assert.deepStrictEqual(yield* receiver.recvMany(2), [2, 3])
    assert.deepStrictEqual(yield* receiver.recvMany(2), [4])
  }))

it.effect("recvMany: interrupted while it waits, no message was taken", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.unbounded<number>()
    yield* Effect.flatMap(started(receiver.recvMany(3)), Fiber.interrupt)
    yield* sender.send(1)
    assert.deepStrictEqual(yield* receiver.recvMany(3), [1])
  }))

it.effect("tryRecv: Empty when nothing is there, Disconnected when nothing can come", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.unbounded<number>()
    assert.strictEqual(yield* tagOf(receiver.tryRecv), "Empty")
    yield* sender.send(1)
    assert.strictEqual(yield* receiver.tryRecv, 1)
    yield* sender.drop
    assert.strictEqual(yield* tagOf(receiver.tryRecv), "Disconnected")
  }))

it.effect("close: no new sends, waiting senders fail with Closed(message), the buffered still arrives", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(1)
    yield* sender.send("a")
    const waiting = yield* started(sender.send("b"))
    yield* receiver.close
    yield* settle
    assert.strictEqual(outcome(waiting)._tag, "Closed")
    assert.strictEqual(outcome(waiting).value, "b")
    const refused = yield* Effect.flip(sender.send("c"))
    assert.strictEqual(refused.value, "c")
    assert.strictEqual(yield* receiver.recv, "a")
    assert.strictEqual(yield* tagOf(receiver.recv), "Disconnected")
    yield* receiver.close
  }))

it.effect("close: Disconnected comes only when outstanding permits are used or dropped", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(2)
    const used = yield* sender.reserve
    const dropped = yield* sender.reserve
    yield* receiver.close
    assert.strictEqual(yield* tagOf(receiver.tryRecv), "Empty")
    const recv = yield* started(receiver.recv)
    yield* used.send("late")
    assert.strictEqual(yield* Fiber.join(recv), "late")
    const last = yield* started(receiver.recv)
    assert.isTrue(pending(last))
    yield* dropped.drop
    yield* settle
    assert.strictEqual(outcome(last)._tag, "Disconnected")
  }))

it.effect("drop: every sender sees Closed, waiting ones too, and what is buffered is dropped", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(1)
    const clone = yield* sender.clone
    yield* sender.send("a")
    const waiting = yield* started(sender.send("b"))
    yield* receiver.drop
    yield* settle
    assert.strictEqual(outcome(waiting)._tag, "Closed")
    assert.strictEqual(yield* tagOf(clone.send("c")), "Closed")
    assert.strictEqual(yield* receiver.length, 0)
    assert.strictEqual(yield* tagOf(receiver.recv), "Disconnected")
  }))

it.effect("length and isEmpty count what is buffered", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(2)
    assert.isTrue(yield* receiver.isEmpty)
    yield* sender.send("a")
    assert.isFalse(yield* receiver.isEmpty)
    assert.strictEqual(yield* receiver.length, 1)
  }))

it.effect("stream: every message in order, ending when the channel is disconnected", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<number>(2)
    const all = yield* started(Stream.runCollect(receiver.stream))
    for (let n = 0; n < 10; n++) yield* sender.send(n)
    assert.isTrue(pending(all))
    yield* sender.drop
    assert.deepStrictEqual(Array.from(yield* Fiber.join(all)), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  }))

it.effect("stream: taking some leaves the rest to be received", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.unbounded<number>()
    yield* sender.send(1)
    const first = yield* Stream.runCollect(Stream.take(receiver.stream, 1))
    yield* sender.send(2)
    assert.deepStrictEqual(Array.from(first), [1])
    assert.strictEqual(yield* receiver.recv, 2)
  }))
