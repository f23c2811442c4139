import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Option } from "effect"
import { Mpsc } from "whitepool/channel"
import { outcome, pending, settle, started, tagOf } from "./support.ts"

const endings = ["close", "drop"] as const
for (const ending of endings) {
  it.effect(`closed: ends when the receiver does ${ending}; isClosed tells the same`, () =>
    Effect.gen(function*() {
      const [sender, receiver] = yield* Mpsc.bounded<string>(1)
      const closed = yield* started(sender.closed)
      assert.isTrue(pending(closed))
      assert.isFalse(yield* sender.isClosed)
      assert.isFalse(yield* receiver.isClosed)
      yield* receiver[ending]
      yield* Fiber.join(closed)
      yield* sender.closed
      assert.isTrue(yield* sender.isClosed)
      assert.isTrue(yield* receiver.isClosed)
    }))
}

it.effect("closed: an interrupted wait leaves the others waiting", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(1)
    const one = yield* started(sender.closed)
    const two = yield* started(sender.closed)
    yield* Fiber.interrupt(one)
    assert.isTrue(pending(two))
    yield* receiver.close
    yield* Fiber.join(two)
  }))

it.effect("capacity is the room left, maxCapacity the room in all", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(3)
    yield* sender.send("a")
    assert.strictEqual(yield* sender.capacity, 2)
    assert.strictEqual(sender.maxCapacity, 3)
    yield* receiver.recv
    assert.strictEqual(yield* sender.capacity, 3)
  }))

it.effect("clone is another strong sender of the same channel, and counts say so", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(3)
    const [stranger] = yield* Mpsc.bounded<string>(3)
    const clone = yield* sender.clone
    assert.isTrue(sender.sameChannel(clone))
    assert.isTrue(clone.sameChannel(sender))
    assert.isFalse(sender.sameChannel(stranger))
    assert.strictEqual(yield* sender.strongCount, 2)
    assert.strictEqual(yield* receiver.senderStrongCount, 2)
    assert.strictEqual(yield* sender.weakCount, 0)
    const weak = yield* sender.downgrade
    assert.strictEqual(yield* sender.weakCount, 1)
    assert.strictEqual(yield* sender.strongCount, 2)
    yield* weak.drop
    yield* weak.drop
    assert.strictEqual(yield* sender.weakCount, 0)
    yield* clone.send("from the clone")
    assert.strictEqual(yield* receiver.recv, "from the clone")
  }))

it.effect("drop: idempotent; later operations of this sender fail with Closed, those of others go on", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(3)
    const clone = yield* sender.clone
    yield* sender.drop
    yield* sender.drop
    assert.strictEqual(yield* clone.strongCount, 1)
    const failed = yield* Effect.flip(sender.send("a"))
    assert.strictEqual(failed._tag, "Closed")
    assert.strictEqual(failed.value, "a")
    assert.strictEqual(yield* tagOf(sender.trySend("a")), "Closed")
    assert.strictEqual(sender.trySendUnsafe("a")?._tag, "Closed")
    assert.strictEqual(yield* tagOf(sender.sendTimeout("a", "1 second")), "Closed")
    assert.strictEqual(yield* tagOf(sender.reserve), "Closed")
    assert.strictEqual(yield* tagOf(sender.tryReserve), "Closed")
    assert.strictEqual(yield* tagOf(sender.reserveMany(1)), "Closed")
    yield* clone.send("b")
    assert.strictEqual(yield* receiver.recv, "b")
  }))

it.effect("drop: when the last strong sender goes, the receiver drains and then sees Disconnected", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(3)
    yield* sender.send("a")
    yield* sender.send("b")
    yield* sender.drop
    assert.strictEqual(yield* receiver.recv, "a")
    assert.strictEqual(yield* receiver.tryRecv, "b")
    assert.strictEqual(yield* tagOf(receiver.recv), "Disconnected")
    assert.strictEqual(yield* tagOf(receiver.tryRecv), "Disconnected")
    assert.strictEqual(yield* tagOf(receiver.recvMany(3)), "Disconnected")
  }))

it.effect("drop: a receiver that already waits is told", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(3)
    const one = yield* started(receiver.recv)
    const many = yield* started(receiver.recvMany(2))
    yield* sender.drop
    yield* settle
    assert.strictEqual(outcome(one)._tag, "Disconnected")
    assert.strictEqual(outcome(many)._tag, "Disconnected")
  }))

it.effect("drop: outstanding permits are waited for; a dropped permit disconnects too", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(3)
    const permit = yield* sender.reserve
    yield* sender.drop
    assert.strictEqual(yield* tagOf(receiver.tryRecv), "Empty")
    const recv = yield* started(receiver.recv)
    assert.isTrue(pending(recv))
    yield* permit.drop
    yield* settle
    assert.strictEqual(outcome(recv)._tag, "Disconnected")
  }))

it.effect("upgrade: Some while a strong sender lives, None afterwards; a weak one keeps nothing open", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(3)
    const weak = yield* sender.downgrade
    const strong = Option.getOrThrow(yield* weak.upgrade)
    assert.strictEqual(yield* sender.strongCount, 2)
    assert.isTrue(strong.sameChannel(sender))
    yield* sender.drop
    yield* strong.send("still")
    assert.strictEqual(yield* receiver.recv, "still")
    yield* strong.drop
    assert.isTrue(Option.isNone(yield* weak.upgrade))
    assert.strictEqual(yield* tagOf(receiver.recv), "Disconnected")
  }))
