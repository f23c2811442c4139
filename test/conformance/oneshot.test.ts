import { assert, it } from "@effect/vitest"
import { Cause, Duration, Effect, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import { Oneshot } from "whitepool/channel"
import { defectOf, outcome, pending, settle, started, tagOf } from "./support.ts"

it.effect("send: None when delivered, and recv gives the value", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Oneshot.make<string>()
    assert.isTrue(Option.isNone(yield* sender.send("a")))
    assert.strictEqual(yield* receiver.recv(), "a")
  }))

it.effect("send: a receiver that waits is served", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Oneshot.make<string>()
    const recv = yield* started(receiver.recv())
    assert.isTrue(pending(recv))
    assert.isTrue(Option.isNone(sender.sendUnsafe("a")))
    assert.strictEqual(yield* Fiber.join(recv), "a")
  }))

it.effect("send: Some(value) when it was answered before", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Oneshot.make<string>()
    yield* sender.send("a")
    assert.deepStrictEqual(yield* sender.send("b"), Option.some("b"))
    assert.deepStrictEqual(sender.sendUnsafe("c"), Option.some("c"))
    assert.isFalse(yield* sender.fail(Cause.empty))
    assert.strictEqual(yield* receiver.recv(), "a")
  }))

it.effect("send: Some(value) when the receiver has gone", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Oneshot.make<string>()
    yield* receiver.close
    assert.deepStrictEqual(yield* sender.send("a"), Option.some("a"))
    assert.deepStrictEqual(sender.sendUnsafe("b"), Option.some("b"))
    assert.isFalse(sender.failUnsafe(Cause.empty))
    assert.strictEqual(yield* tagOf(receiver.tryRecv), "NoReply")
  }))

it.effect("fail: answers with a failure, once", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Oneshot.make<string, { readonly _tag: "No" }>()
    assert.isTrue(yield* sender.fail(Cause.fail({ _tag: "No" as const })))
    assert.isFalse(sender.failUnsafe(Cause.fail({ _tag: "No" as const })))
    assert.deepStrictEqual(yield* sender.send("late"), Option.some("late"))
    assert.strictEqual(yield* tagOf(receiver.recv()), "No")
  }))

it.effect("fail: a defect arrives as a defect, also for a receiver that waits", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Oneshot.make<string>()
    const recv = yield* started(receiver.recv())
    assert.isTrue(sender.failUnsafe(Cause.die("boom")))
    assert.deepStrictEqual(yield* defectOf(Fiber.join(recv)), { defect: "boom" })
  }))

it.effect("drop: the receiver fails with NoReply, before and while it waits", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Oneshot.make<string>()
    const recv = yield* started(receiver.recv())
    yield* sender.drop
    yield* settle
    assert.strictEqual(outcome(recv)._tag, "NoReply")
    const [early, late] = yield* Oneshot.make<string>()
    yield* early.drop
    assert.strictEqual(yield* tagOf(late.recv()), "NoReply")
    const [third, after] = yield* Oneshot.make<string>()
    yield* third.drop
    assert.strictEqual(yield* tagOf(after.tryRecv), "NoReply")
  }))

it.effect("recv: with a timeout, DeadlineExceeded at that instant, and it refuses the value from then on", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Oneshot.make<string>()
    const recv = yield* started(receiver.recv({ timeout: "3 seconds" }))
    const closed = yield* started(sender.closed)
    yield* TestClock.adjust(2_999)
    assert.isTrue(pending(recv) && pending(closed))
    assert.isFalse(yield* sender.isClosed)
    yield* TestClock.adjust(1)
    assert.deepStrictEqual(sender.sendUnsafe("late"), Option.some("late"))
    yield* settle
    assert.strictEqual(outcome(recv)._tag, "DeadlineExceeded")
    assert.strictEqual(Duration.toMillis(outcome(recv).waited), 3_000)
    assert.isFalse(pending(closed))
    assert.isTrue(yield* sender.isClosed)
    assert.strictEqual(yield* tagOf(receiver.tryRecv), "NoReply")
  }))

it.effect("recv: an answer in time wins, and the deadline does not fire later", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Oneshot.make<string>()
    const recv = yield* started(receiver.recv({ timeout: "3 seconds" }))
    yield* TestClock.adjust("2 seconds")
    assert.isTrue(Option.isNone(yield* sender.send("in time")))
    yield* TestClock.adjust("1 minute")
    assert.strictEqual(yield* Fiber.join(recv), "in time")
  }))

it.effect("recv: what was sent before is received even with a timeout of 0", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Oneshot.make<string>()
    yield* sender.send("a")
    assert.strictEqual(yield* receiver.recv({ timeout: 0 }), "a")
  }))

it.effect("recv: interrupted, it refuses the value synchronously", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Oneshot.make<string>()
    const recv = yield* started(receiver.recv())
    yield* Fiber.interrupt(recv)
    assert.deepStrictEqual(sender.sendUnsafe("late"), Option.some("late"))
    assert.isTrue(yield* sender.isClosed)
    yield* sender.closed
  }))

it.effect("recv: a second one dies", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Oneshot.make<string>()
    yield* sender.send("a")
    yield* receiver.recv()
    assert.isDefined(yield* defectOf(receiver.recv()))
    const [other, waiting] = yield* Oneshot.make<string>()
    const first = yield* started(waiting.recv())
    assert.isDefined(yield* defectOf(waiting.recv()))
    yield* other.send("b")
    assert.strictEqual(yield* Fiber.join(first), "b")
  }))

it.effect("tryRecv: Empty before the answer, the value after, NoReply when it was taken before", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Oneshot.make<string>()
    assert.strictEqual(yield* tagOf(receiver.tryRecv), "Empty")
    yield* sender.send("a")
    assert.strictEqual(yield* receiver.tryRecv, "a")
    assert.strictEqual(yield* tagOf(receiver.tryRecv), "NoReply")
  }))

it.effect("close: refuses any later value; one already sent can still be taken with tryRecv", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Oneshot.make<string>()
    yield* sender.send("a")
    yield* receiver.close
    assert.deepStrictEqual(yield* sender.send("b"), Option.some("b"))
    assert.strictEqual(yield* receiver.tryRecv, "a")
    assert.strictEqual(yield* tagOf(receiver.tryRecv), "NoReply")
  }))

it.effect("closed: ends when the receiver has gone, for one waiting too", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Oneshot.make<string>()
    const closed = yield* started(sender.closed)
    assert.isTrue(pending(closed))
    yield* receiver.close
    yield* Fiber.join(closed)
    yield* sender.closed
  }))
