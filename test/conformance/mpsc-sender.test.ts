import { assert, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Mpsc } from "whitepool/channel"
import { defectOf, outcome, pending, settle, started, tagOf } from "./support.ts"

it.effect("bounded: holds at most capacity messages, senders wait for room, first come first served", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(1)
    yield* sender.send("a")
    const b = yield* started(sender.send("b"))
    const c = yield* started(sender.send("c"))
    assert.isTrue(pending(b) && pending(c))
    assert.strictEqual(yield* receiver.recv, "a")
    yield* settle
    assert.isFalse(pending(b))
    assert.isTrue(pending(c))
    assert.strictEqual(yield* receiver.recv, "b")
    assert.strictEqual(yield* receiver.recv, "c")
  }))

for (const capacity of [0, -1, 1.5, NaN, Infinity]) {
  it.effect(`bounded: a capacity of ${capacity} dies`, () =>
    Effect.gen(function*() {
      assert.isDefined(yield* defectOf(Mpsc.bounded<string>(capacity)))
    }))
}

it.effect("unbounded: never waits, capacity and maxCapacity are Infinity", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.unbounded<number>()
    for (let n = 0; n < 1_000; n++) yield* sender.send(n)
    assert.strictEqual(sender.maxCapacity, Infinity)
    assert.strictEqual(yield* sender.capacity, Infinity)
    assert.strictEqual(yield* receiver.length, 1_000)
  }))

it.effect("send: interrupted, the message was not sent and the place in line is given up", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(1)
    yield* sender.send("a")
    const b = yield* started(sender.send("b"))
    const c = yield* started(sender.send("c"))
    yield* Fiber.interrupt(b)
    assert.strictEqual(yield* receiver.recv, "a")
    yield* settle
    assert.isFalse(pending(c))
    assert.strictEqual(yield* receiver.recv, "c")
    assert.strictEqual(yield* tagOf(receiver.tryRecv), "Empty")
  }))

it.effect("trySend: Full carries the message back, and so does its synchronous twin", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(1)
    yield* sender.trySend("a")
    const full = yield* Effect.flip(sender.trySend("b"))
    assert.strictEqual(full._tag, "Full")
    assert.strictEqual(full.value, "b")
    assert.strictEqual(sender.trySendUnsafe("c")?._tag, "Full")
    assert.strictEqual(yield* receiver.recv, "a")
    assert.isUndefined(sender.trySendUnsafe("d"))
    yield* receiver.drop
    const closed = yield* Effect.flip(sender.trySend("e"))
    assert.strictEqual(closed._tag, "Closed")
    assert.strictEqual(closed.value, "e")
    assert.strictEqual(sender.trySendUnsafe("f")?._tag, "Closed")
  }))

it.effect("trySend: a newcomer does not overtake a waiting sender", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(1)
    yield* sender.send("a")
    const b = yield* started(sender.send("b"))
    assert.strictEqual(yield* receiver.recv, "a")
    assert.strictEqual(yield* tagOf(sender.trySend("c")), "Full")
    yield* Fiber.join(b)
    assert.strictEqual(yield* receiver.recv, "b")
  }))

it.effect("sendTimeout: SendTimeout carries the message back, at the deadline and not before", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(1)
    yield* sender.send("a")
    const late = yield* started(sender.sendTimeout("b", "10 seconds"))
    yield* TestClock.adjust(9_999)
    assert.isTrue(pending(late))
    yield* TestClock.adjust(1)
    yield* settle
    assert.strictEqual(outcome(late)._tag, "SendTimeout")
    assert.strictEqual(outcome(late).value, "b")
    const soon = yield* started(sender.sendTimeout("c", "10 seconds"))
    yield* TestClock.adjust("5 seconds")
    assert.strictEqual(yield* receiver.recv, "a")
    yield* Fiber.join(soon)
    yield* TestClock.adjust("1 minute")
    assert.strictEqual(yield* receiver.recv, "c")
    assert.strictEqual(yield* receiver.length, 0)
  }))

it.effect("sendTimeout: Closed carries the message back when the receiver goes first", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(1)
    yield* sender.send("a")
    const late = yield* started(sender.sendTimeout("b", "10 seconds"))
    yield* receiver.close
    yield* settle
    assert.strictEqual(outcome(late)._tag, "Closed")
    assert.strictEqual(outcome(late).value, "b")
  }))
