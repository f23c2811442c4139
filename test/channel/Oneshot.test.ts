/**
 * After tokio's `sync_oneshot.rs`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import { Oneshot } from "../../src/channel/index.ts"
import { defect, isWaiting, settle, started, tag } from "../support/waiting.ts"

describe("send", () => {
  it.effect("the answer arrives, whether it comes before recv or after", () =>
    Effect.gen(function*() {
      const [early, earlyRx] = yield* Oneshot.make<number>()
      assert.deepStrictEqual(yield* early.send(1), Option.none())
      assert.strictEqual(yield* earlyRx.recv(), 1)

      const [late, lateRx] = yield* Oneshot.make<number>()
      const fiber = yield* started(lateRx.recv())
      yield* settle
      assert.isTrue(isWaiting(fiber))
      assert.deepStrictEqual(late.sendUnsafe(2), Option.none())
      assert.strictEqual(yield* Fiber.join(fiber), 2)
    }))

  it.effect("any value can be an answer, undefined included", () =>
    Effect.gen(function*() {
      for (const value of [undefined, null, Exit.void, Option.none()]) {
        const [tx, rx] = yield* Oneshot.make<unknown>()
        assert.isTrue(Option.isNone(yield* tx.send(value)))
        assert.strictEqual(yield* rx.recv(), value)
      }
    }))

  it.effect("a second answer comes back", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Oneshot.make<number>()
      yield* tx.send(1)
      assert.deepStrictEqual(yield* tx.send(2), Option.some(2))
      assert.isFalse(yield* tx.fail(Cause.die("boom")))
      assert.strictEqual(yield* rx.recv(), 1)
      assert.deepStrictEqual(yield* tx.send(3), Option.some(3))
    }))

  it.effect("a waiting fiber is never resumed on the stack of who answers", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Oneshot.make<number>()
      const order: Array<string> = []
      const fiber = yield* started(Effect.tap(rx.recv(), () => Effect.sync(() => order.push("received"))))
      tx.sendUnsafe(1)
      order.push("sent")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(order, ["sent", "received"])
    }))

  it.effect("after the receiver closed, the value comes back", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Oneshot.make<number>()
      yield* rx.close
      assert.deepStrictEqual(yield* tx.send(1), Option.some(1))
      assert.strictEqual(yield* tag(rx.tryRecv), "NoReply")
      assert.strictEqual(yield* tag(rx.recv()), "NoReply")
    }))
})

describe("fail", () => {
  it.effect("the receiver fails with the cause, whether it comes before recv or after", () =>
    Effect.gen(function*() {
      const [early, earlyRx] = yield* Oneshot.make<number, "no">()
      assert.isTrue(yield* early.fail(Cause.fail("no")))
      assert.strictEqual(yield* Effect.flip(earlyRx.recv()), "no")

      const [late, lateRx] = yield* Oneshot.make<number, "no">()
      const fiber = yield* started(Effect.exit(lateRx.recv()))
      assert.isTrue(late.failUnsafe(Cause.die("boom")))
      assert.isTrue(Exit.hasDies(yield* Fiber.join(fiber)))
    }))

  it.effect("is refused once the receiver has gone", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Oneshot.make<number, "no">()
      yield* rx.close
      assert.isFalse(yield* tx.fail(Cause.fail("no")))
    }))
})

describe("drop", () => {
  it.effect("the receiver fails with NoReply, whether it waits or comes later", () =>
    Effect.gen(function*() {
      const [early, earlyRx] = yield* Oneshot.make<number>()
      yield* early.drop
      assert.strictEqual(yield* tag(earlyRx.recv()), "NoReply")

      const [late, lateRx] = yield* Oneshot.make<number>()
      const fiber = yield* started(tag(lateRx.recv()))
      yield* late.drop
      assert.strictEqual(yield* Fiber.join(fiber), "NoReply")
      assert.deepStrictEqual(yield* late.send(1), Option.some(1))
    }))

  it.effect("after an answer it changes nothing", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Oneshot.make<number>()
      yield* tx.send(1)
      yield* tx.drop
      assert.strictEqual(yield* rx.recv(), 1)
    }))
})

describe("the deadline", () => {
  it.effect("passes, and from that instant on the value comes back", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Oneshot.make<number>()
      const fiber = yield* started(Effect.flip(rx.recv({ timeout: "1 second" })))
      yield* TestClock.adjust("999 millis")
      assert.isFalse(yield* tx.isClosed)
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(tx.sendUnsafe(1), Option.some(1))
      const error = yield* Fiber.join(fiber)
      assert.instanceOf(error, Oneshot.DeadlineExceeded)
      assert.strictEqual(error.waited.toString(), "1000 millis")
      assert.notInclude(error.stack ?? "", "\n")
    }))

  it.effect("does nothing to an answer that came first", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Oneshot.make<number>()
      const fiber = yield* started(rx.recv({ timeout: "1 second" }))
      yield* tx.send(1)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(fiber), 1)
    }))

  it.effect("of zero takes what is there, and otherwise passes at once", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Oneshot.make<number>()
      yield* tx.send(1)
      assert.strictEqual(yield* rx.recv({ timeout: 0 }), 1)
      const [late, empty] = yield* Oneshot.make<number>()
      assert.strictEqual(yield* tag(empty.recv({ timeout: 0 })), "DeadlineExceeded")
      assert.deepStrictEqual(yield* late.send(2), Option.some(2))
    }))

  it.effect("that is infinite or undefined is none", () =>
    Effect.gen(function*() {
      for (const timeout of [undefined, "Infinity"] as const) {
        const [tx, rx] = yield* Oneshot.make<number>()
        const fiber = yield* started(rx.recv({ timeout }))
        yield* TestClock.adjust("1000 days")
        assert.isTrue(isWaiting(fiber))
        yield* tx.send(1)
        assert.strictEqual(yield* Fiber.join(fiber), 1)
      }
    }))

  for (const timeout of [-1, NaN, "-Infinity"] as const) {
    it.effect(`of ${timeout} dies, and leaves the oneshot as it was`, () =>
      Effect.gen(function*() {
        const [tx, rx] = yield* Oneshot.make<number>()
        assert.include(yield* defect(rx.recv({ timeout })), "timeout")
        assert.deepStrictEqual(yield* tx.send(1), Option.none())
        assert.strictEqual(yield* rx.recv(), 1)
      }))
  }

  it.effect("is measured by the clock of who made the oneshot", () =>
    Effect.gen(function*() {
      const [, rx] = yield* Oneshot.make<number>()
      const fiber = yield* started(TestClock.withLive(tag(rx.recv({ timeout: "1 hour" }))))
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(yield* Fiber.join(fiber), "DeadlineExceeded")
    }))

  it.effect("ten thousand of them pass in order, each at its time", () =>
    Effect.gen(function*() {
      const passed: Array<number> = []
      const fibers = yield* Effect.forEach(Array.from({ length: 10_000 }, (_, i) => (i * 7919) % 1000), (millis) =>
        Effect.gen(function*() {
          const [, rx] = yield* Oneshot.make<number>()
          return yield* started(Effect.tap(Effect.flip(rx.recv({ timeout: millis + 1 })), () =>
            Effect.sync(() =>
              passed.push(millis)
            )))
        }))
      yield* TestClock.adjust("500 millis")
      yield* settle
      assert.strictEqual(passed.length, 5000)
      yield* TestClock.adjust("1 second")
      yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(
        passed,
        [...passed].sort((a, b) =>
          a - b
        )
      )
    }))
})

describe("interruption", () => {
  it.effect("closes the oneshot at that instant: a later value comes back", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Oneshot.make<number>()
      const fiber = yield* started(rx.recv())
      fiber.interruptUnsafe()
      assert.deepStrictEqual(tx.sendUnsafe(1), Option.some(1))
      assert.isTrue(yield* tx.isClosed)
      assert.strictEqual(yield* tag(rx.tryRecv), "NoReply")
    }))

  it.effect("a value that was sent before, and not taken yet, can be had with tryRecv", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Oneshot.make<number>()
      const fiber = yield* started(rx.recv())
      assert.deepStrictEqual(tx.sendUnsafe(1), Option.none())
      assert.strictEqual(yield* tag(rx.tryRecv), "Empty")
      fiber.interruptUnsafe()
      assert.strictEqual(yield* rx.tryRecv, 1)
      assert.strictEqual(yield* tag(rx.tryRecv), "NoReply")
    }))

  it.effect("Effect.timeout closes it, too", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Oneshot.make<number>()
      const fiber = yield* started(Effect.exit(Effect.timeout(rx.recv(), "1 second")))
      yield* TestClock.adjust("1 second")
      assert.isTrue(Exit.isFailure(yield* Fiber.join(fiber)))
      assert.deepStrictEqual(yield* tx.send(1), Option.some(1))
    }))
})

describe("recv", () => {
  it.effect("is done once: a second one dies, at the same time or later", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Oneshot.make<number>()
      const fiber = yield* started(rx.recv())
      assert.include(yield* defect(rx.recv()), "once")
      yield* tx.send(1)
      assert.strictEqual(yield* Fiber.join(fiber), 1)
      assert.include(yield* defect(rx.recv()), "once")
    }))

  it.effect("one that failed counts as one", () =>
    Effect.gen(function*() {
      const [, rx] = yield* Oneshot.make<number>()
      yield* rx.close
      assert.strictEqual(yield* tag(rx.recv()), "NoReply")
      assert.include(yield* defect(rx.recv()), "once")
    }))

  it.effect("is NoReply after tryRecv has taken the value", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Oneshot.make<number>()
      assert.strictEqual(yield* tag(rx.tryRecv), "Empty")
      yield* tx.send(1)
      assert.strictEqual(yield* rx.tryRecv, 1)
      assert.strictEqual(yield* tag(rx.recv()), "NoReply")
    }))
})

describe("tryRecv", () => {
  it.effect("is Empty, then the answer, then NoReply", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Oneshot.make<number, "no">()
      assert.strictEqual(yield* Effect.map(Effect.flip(rx.tryRecv), (e) => e === "no" ? e : e._tag), "Empty")
      yield* tx.fail(Cause.fail("no"))
      assert.strictEqual(yield* Effect.flip(rx.tryRecv), "no")
      assert.strictEqual(yield* Effect.map(Effect.flip(rx.tryRecv), (e) => e === "no" ? e : e._tag), "NoReply")
    }))

  it.effect("takes what was sent before close", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Oneshot.make<number>()
      yield* tx.send(1)
      yield* rx.close
      assert.isTrue(yield* tx.isClosed)
      assert.strictEqual(yield* rx.tryRecv, 1)
    }))

  it.effect("after the sender has gone it is NoReply", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Oneshot.make<number>()
      yield* tx.drop
      assert.strictEqual(yield* tag(rx.tryRecv), "NoReply")
    }))
})

describe("closed", () => {
  const ends: ReadonlyArray<readonly [string, (rx: Oneshot.Receiver<number>) => Effect.Effect<unknown, unknown>]> = [
    ["the receiver closes", (rx) => rx.close],
    ["its deadline passes", (rx) => Effect.flip(rx.recv({ timeout: 0 }))],
    ["it is interrupted", (rx) => Effect.flatMap(started(rx.recv()), Fiber.interrupt)]
  ]
  for (const [name, end] of ends) {
    it.effect(`ends when ${name}`, () =>
      Effect.gen(function*() {
        const [tx, rx] = yield* Oneshot.make<number>()
        const fiber = yield* started(tx.closed)
        yield* settle
        assert.isTrue(isWaiting(fiber))
        assert.isFalse(yield* tx.isClosed)
        yield* end(rx)
        yield* Fiber.join(fiber)
        yield* tx.closed
        assert.isTrue(yield* tx.isClosed)
      }))
  }

  it.effect("ends when the answer was taken, not when it was sent", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Oneshot.make<number>()
      const fiber = yield* started(tx.closed)
      yield* tx.send(1)
      yield* settle
      assert.isTrue(isWaiting(fiber))
      yield* rx.recv()
      yield* Fiber.join(fiber)
    }))

  it.effect("close by another fiber ends a recv that waits", () =>
    Effect.gen(function*() {
      const [, rx] = yield* Oneshot.make<number>()
      const fiber = yield* started(tag(rx.recv()))
      yield* rx.close
      assert.strictEqual(yield* Fiber.join(fiber), "NoReply")
    }))
})
