/**
 * The behaviour of the handles, after tokio's `sync_mpsc.rs`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Mpsc } from "../../src/channel/index.ts"
import { defect, isWaiting, settle, started, tag } from "../support/waiting.ts"

const filled = (capacity: number, ...messages: ReadonlyArray<number>) =>
  Effect.gen(function*() {
    const [tx, rx] = yield* Mpsc.bounded<number>(capacity)
    for (const message of messages) yield* tx.send(message)
    return [tx, rx] as const
  })

describe("bounded and unbounded", () => {
  it.effect("messages arrive in the order in which they were sent", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* filled(16, 1, 2)
      assert.strictEqual(yield* rx.recv, 1)
      yield* tx.send(3)
      assert.strictEqual(yield* rx.recv, 2)
      assert.strictEqual(yield* rx.recv, 3)
    }))

  it.effect("an unbounded channel always has room", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      assert.strictEqual(tx.maxCapacity, Infinity)
      for (let i = 0; i < 10_000; i++) assert.isUndefined(tx.trySendUnsafe(i))
      assert.strictEqual(yield* tx.capacity, Infinity)
      assert.strictEqual(yield* rx.length, 10_000)
      for (let i = 0; i < 10_000; i++) assert.strictEqual(yield* rx.recv, i)
      assert.isTrue(yield* rx.isEmpty)
    }))

  it.effect("any value can be a message, undefined included", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<unknown>(4)
      for (const message of [undefined, null, false, Exit.void]) yield* tx.send(message)
      for (const message of [undefined, null, false, Exit.void]) assert.strictEqual(yield* rx.recv, message)
      const fiber = yield* started(rx.recv)
      yield* tx.send(undefined)
      assert.isUndefined(yield* Fiber.join(fiber))
    }))

  for (const capacity of [0, -1, 1.5, NaN, Infinity]) {
    it.effect(`a capacity of ${capacity} dies and says so`, () =>
      Effect.gen(function*() {
        assert.include(yield* defect(Mpsc.bounded(capacity)), String(capacity))
      }))
  }
})

describe("send", () => {
  it.effect("waits past the capacity, and goes on when there is room", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* filled(1, 1)
      const second = yield* started(tx.send(2))
      const third = yield* started(tx.send(3))
      yield* settle
      assert.isTrue(isWaiting(second))
      assert.strictEqual(yield* rx.recv, 1)
      yield* Fiber.join(second)
      yield* settle
      assert.isTrue(isWaiting(third))
      assert.strictEqual(yield* rx.recv, 2)
      yield* Fiber.join(third)
      assert.strictEqual(yield* rx.recv, 3)
    }))

  it.effect("a newcomer does not overtake who waits", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* filled(1, 1)
      const waiting = yield* started(tx.send(2))
      assert.strictEqual(yield* rx.recv, 1)
      // The room is granted already, though the sender has not run yet.
      assert.strictEqual(yield* tag(tx.trySend(3)), "Full")
      assert.strictEqual(yield* tx.capacity, 0)
      yield* Fiber.join(waiting)
      assert.strictEqual(yield* rx.recv, 2)
    }))

  it.effect("an interrupted send was not sent, and the next one in line is", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* filled(1, 1)
      const second = yield* started(tx.send(2))
      const third = yield* started(tx.send(3))
      yield* Fiber.interrupt(second)
      assert.strictEqual(yield* rx.recv, 1)
      yield* Fiber.join(third)
      assert.strictEqual(yield* rx.recv, 3)
      assert.isTrue(yield* rx.isEmpty)
    }))

  it.effect("interrupted after it was granted room, before it ran, it was not sent", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* filled(1, 1)
      const second = yield* started(tx.send(2))
      const third = yield* started(tx.send(3))
      assert.strictEqual(yield* rx.recv, 1)
      second.interruptUnsafe()
      yield* Fiber.join(third)
      assert.deepStrictEqual(yield* rx.recvMany(9), [3])
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(second)))
    }))

  it.effect("trySend fails with the message when there is no room", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* filled(1, 1)
      const error = yield* Effect.flip(tx.trySend(2))
      assert.instanceOf(error, Mpsc.Full)
      assert.strictEqual(error.value, 2)
      assert.instanceOf(tx.trySendUnsafe(3), Mpsc.Full)
      assert.strictEqual(yield* rx.recv, 1)
      assert.isUndefined(tx.trySendUnsafe(4))
      assert.strictEqual(yield* rx.recv, 4)
    }))

  it.effect("the errors capture no stack, and are errors all the same", () =>
    Effect.gen(function*() {
      const limit = Error.stackTraceLimit
      Error.stackTraceLimit = 7
      const [tx] = yield* filled(1, 1)
      const error = yield* Effect.flip(tx.trySend(2))
      assert.instanceOf(error, Error)
      assert.strictEqual(error.message, "the channel is full")
      assert.notInclude(error.stack ?? "", "\n")
      assert.strictEqual(Error.stackTraceLimit, 7)
      Error.stackTraceLimit = limit
    }))
})

describe("sendTimeout", () => {
  it.effect("fails with the message when no room came in time, and leaves the line", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* filled(1, 1)
      const fiber = yield* started(Effect.flip(tx.sendTimeout(2, "1 second")))
      yield* TestClock.adjust("999 millis")
      assert.isTrue(isWaiting(fiber))
      yield* TestClock.adjust("1 millis")
      const error = yield* Fiber.join(fiber)
      assert.instanceOf(error, Mpsc.SendTimeout)
      assert.strictEqual(error.value, 2)
      assert.strictEqual(yield* rx.recv, 1)
      assert.strictEqual(yield* tx.capacity, 1)
    }))

  it.effect("sends when room comes in time", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* filled(1, 1)
      const fiber = yield* started(tx.sendTimeout(2, "1 second"))
      yield* TestClock.adjust("500 millis")
      yield* rx.recv
      yield* Fiber.join(fiber)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* rx.recv, 2)
    }))

  it.effect("sends at once where there is room, whatever the timeout", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(1)
      yield* tx.sendTimeout(1, 0)
      const late = yield* started(tag(tx.sendTimeout(2, 0)))
      assert.isFalse(isWaiting(late))
      assert.strictEqual(yield* Fiber.join(late), "SendTimeout")
      assert.strictEqual(yield* rx.recv, 1)
    }))

  it.effect("fails with the message when the receiver closes in time", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* filled(1, 1)
      const fiber = yield* started(Effect.flip(tx.sendTimeout(2, "1 second")))
      yield* rx.close
      const error = yield* Fiber.join(fiber)
      assert.deepStrictEqual([error._tag, error.value], ["Closed", 2])
    }))

  for (const timeout of [-1, NaN, "-Infinity"] as const) {
    it.effect(`a timeout of ${timeout} dies`, () =>
      Effect.gen(function*() {
        const [tx] = yield* Mpsc.bounded<number>(1)
        assert.include(yield* defect(tx.sendTimeout(1, timeout)), "timeout")
      }))
  }

  it.effect("an infinite timeout is none", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* filled(1, 1)
      const fiber = yield* started(tx.sendTimeout(2, "Infinity"))
      yield* TestClock.adjust("1000 days")
      assert.isTrue(isWaiting(fiber))
      yield* rx.recv
      yield* Fiber.join(fiber)
    }))

  it.effect("a thousand that time out at once leave nothing behind", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* filled(1, 1)
      const fibers = yield* Effect.forEach(Array.from({ length: 1000 }, (_, i) => i), (i) =>
        started(tag(tx.sendTimeout(i, "1 second"))))
      yield* TestClock.adjust("1 second")
      for (const fiber of fibers) {
        assert.strictEqual(yield* Fiber.join(fiber), "SendTimeout")
      }
      yield* rx.recv
      assert.strictEqual(yield* tx.capacity, 1)
    }))
})

describe("recv", () => {
  it.effect("several fibers are served first come, first served", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const fibers = yield* Effect.forEach([1, 2, 3], () => started(rx.recv))
      for (const message of [1, 2, 3]) yield* tx.send(message)
      for (let i = 0; i < 3; i++) assert.strictEqual(yield* Fiber.join(fibers[i]!), i + 1)
    }))

  it.effect("a message on its way to a waiting fiber counts, but is for nobody else", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const fiber = yield* started(rx.recv)
      tx.trySendUnsafe(1)
      assert.strictEqual(yield* rx.length, 1)
      assert.strictEqual(yield* tag(rx.tryRecv), "Empty")
      assert.strictEqual(yield* Fiber.join(fiber), 1)
      assert.strictEqual(yield* rx.length, 0)
    }))

  it.effect("a fiber interrupted after it was woken gives its message to the next, in its old place", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const [first, second, third] = yield* Effect.all([started(rx.recv), started(rx.recv), started(rx.recv)])
      tx.trySendUnsafe(1)
      tx.trySendUnsafe(2)
      first.interruptUnsafe()
      second.interruptUnsafe()
      tx.trySendUnsafe(3)
      assert.strictEqual(yield* Fiber.join(third), 1)
      assert.deepStrictEqual(yield* rx.recvMany(9), [2, 3])
    }))

  it.effect("recvMany takes what is there up to the limit, and waits for the first", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* filled(8, 1, 2, 3)
      assert.deepStrictEqual(yield* rx.recvMany(2), [1, 2])
      assert.deepStrictEqual(yield* rx.recvMany(2), [3])
      const fiber = yield* started(rx.recvMany(2))
      yield* settle
      assert.isTrue(isWaiting(fiber))
      for (const message of [4, 5, 6]) tx.trySendUnsafe(message)
      assert.deepStrictEqual(yield* Fiber.join(fiber), [4, 5])
      assert.deepStrictEqual(yield* rx.recvMany(Infinity), [6])
    }))

  it.effect("recvMany leaves what is on its way to others", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const many = yield* started(rx.recvMany(9))
      const one = yield* started(rx.recv)
      for (const message of [1, 2]) tx.trySendUnsafe(message)
      assert.deepStrictEqual(yield* Fiber.join(many), [1])
      assert.strictEqual(yield* Fiber.join(one), 2)
    }))

  it.effect("recvMany of none gives none at once, and one of a negative number dies", () =>
    Effect.gen(function*() {
      const [, rx] = yield* Mpsc.bounded<number>(1)
      assert.deepStrictEqual(yield* rx.recvMany(0), [])
      assert.include(yield* defect(rx.recvMany(-1)), "-1")
      assert.include(yield* defect(rx.recvMany(NaN)), "NaN")
    }))

  it.effect("taking many makes room for many", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* filled(2, 1, 2)
      const fibers = yield* Effect.forEach([3, 4], (message) => started(tx.send(message)))
      assert.deepStrictEqual(yield* rx.recvMany(9), [1, 2])
      yield* Effect.forEach(fibers, Fiber.join)
      assert.deepStrictEqual(yield* rx.recvMany(9), [3, 4])
    }))

  it.effect("tryRecv is Empty while something may come, and Disconnected after that", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* filled(2, 1)
      assert.strictEqual(yield* rx.tryRecv, 1)
      assert.strictEqual(yield* tag(rx.tryRecv), "Empty")
      yield* tx.send(2)
      yield* tx.drop
      assert.strictEqual(yield* rx.tryRecv, 2)
      assert.strictEqual(yield* tag(rx.tryRecv), "Disconnected")
    }))
})

describe("close", () => {
  it.effect("refuses new sends with their message, and drains what is buffered", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* filled(8, 1, 2)
      yield* rx.close
      const error = yield* Effect.flip(tx.send(3))
      assert.instanceOf(error, Mpsc.Closed)
      assert.strictEqual(error.value, 3)
      assert.strictEqual(tx.trySendUnsafe(4)?._tag, "Closed")
      assert.strictEqual(yield* tag(tx.sendTimeout(5, "1 second")), "Closed")
      assert.deepStrictEqual(yield* rx.recvMany(9), [1, 2])
      assert.strictEqual(yield* tag(rx.recv), "Disconnected")
      assert.strictEqual(yield* tag(rx.recvMany(1)), "Disconnected")
      yield* rx.close
    }))

  it.effect("senders that wait fail with their message", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* filled(1, 1)
      const fibers = yield* Effect.forEach([2, 3], (message) => started(Effect.flip(tx.send(message))))
      yield* rx.close
      for (const [i, fiber] of fibers.entries()) {
        const error = yield* Fiber.join(fiber)
        assert.deepStrictEqual([error._tag, error.value], ["Closed", i + 2])
      }
      assert.strictEqual(yield* rx.recv, 1)
      assert.strictEqual(yield* tag(rx.recv), "Disconnected")
    }))

  it.effect("room that was granted before is still used", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* filled(1, 1)
      const fiber = yield* started(tx.send(2))
      yield* rx.recv
      yield* rx.close
      assert.strictEqual(yield* rx.recv, 2)
      yield* Fiber.join(fiber)
      assert.strictEqual(yield* tag(rx.recv), "Disconnected")
    }))

  it.effect("receivers that wait see Disconnected", () =>
    Effect.gen(function*() {
      const [, rx] = yield* Mpsc.bounded<number>(1)
      const fibers = yield* Effect.forEach([1, 2], () => started(tag(rx.recv)))
      yield* rx.close
      for (const fiber of fibers) assert.strictEqual(yield* Fiber.join(fiber), "Disconnected")
    }))

  it.effect("closed ends for those who wait and for those who come later", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(1)
      const fibers = yield* Effect.forEach([1, 2], () => started(tx.closed))
      yield* settle
      assert.isTrue(fibers.every(isWaiting))
      assert.isFalse(yield* tx.isClosed)
      yield* rx.close
      yield* Effect.forEach(fibers, Fiber.join)
      yield* tx.closed
      assert.isTrue(yield* tx.isClosed)
      assert.isTrue(yield* rx.isClosed)
    }))

  it.effect("an interrupted wait for closed leaves the others waiting", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(1)
      const first = yield* started(tx.closed)
      const second = yield* started(tx.closed)
      yield* Fiber.interrupt(first)
      yield* rx.drop
      yield* Fiber.join(second)
    }))
})

describe("dropping the receiver", () => {
  it.effect("closes the channel, and drops what is buffered", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* filled(2, 1, 2)
      const waiting = yield* started(Effect.flip(tx.send(3)))
      const closed = yield* started(tx.closed)
      yield* rx.drop
      yield* rx.drop
      assert.strictEqual((yield* Fiber.join(waiting)).value, 3)
      yield* Fiber.join(closed)
      assert.strictEqual(yield* rx.length, 0)
      assert.strictEqual(yield* tag(rx.recv), "Disconnected")
      assert.strictEqual(yield* tag(tx.send(4)), "Closed")
    }))

  it.effect("a send that was granted room, but has not run yet, gets its message back", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* filled(1, 1)
      const fiber = yield* started(Effect.flip(tx.send(2)))
      yield* rx.recv
      yield* rx.drop
      assert.strictEqual((yield* Fiber.join(fiber)).value, 2)
    }))

  it.effect("a message on its way to a waiting fiber is dropped with the rest", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const fiber = yield* started(tag(rx.recv))
      tx.trySendUnsafe(1)
      yield* rx.drop
      assert.strictEqual(yield* Fiber.join(fiber), "Disconnected")
      assert.strictEqual(yield* rx.length, 0)
    }))
})

describe("dropping senders", () => {
  it.effect("the last one while a send stands in line, which is then interrupted, tells every receiver", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(1)
      const first = yield* started(tag(rx.recv))
      const second = yield* started(tag(rx.recv))
      yield* tx.send(1)
      const inLine = yield* started(tx.send(2))
      yield* tx.drop
      inLine.interruptUnsafe()
      yield* Fiber.await(first)
      yield* settle
      assert.deepStrictEqual(second.pollUnsafe(), Exit.succeed("Disconnected"))
    }))

  it.effect("the receiver sees Disconnected when the last one has gone", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* filled(2, 1)
      const clone = yield* tx.clone
      assert.strictEqual(yield* rx.senderStrongCount, 2)
      yield* tx.drop
      yield* tx.drop
      assert.strictEqual(yield* rx.senderStrongCount, 1)
      yield* clone.send(2)
      assert.isFalse(yield* rx.isClosed)
      yield* clone.drop
      assert.isTrue(yield* rx.isClosed)
      assert.deepStrictEqual(yield* rx.recvMany(9), [1, 2])
      assert.strictEqual(yield* tag(rx.recv), "Disconnected")
    }))

  it.effect("a waiting receiver is woken", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const fiber = yield* started(tag(rx.recv))
      yield* tx.drop
      assert.strictEqual(yield* Fiber.join(fiber), "Disconnected")
    }))

  it.effect("every operation of a dropped sender fails with Closed, and its clone is dropped", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(4)
      const live = yield* tx.clone
      yield* tx.drop
      const clone = yield* tx.clone
      for (const handle of [tx, clone]) {
        const error = yield* Effect.flip(handle.send(1))
        assert.deepStrictEqual([error._tag, error.value], ["Closed", 1])
        assert.strictEqual(yield* tag(handle.trySend(1)), "Closed")
        assert.strictEqual(handle.trySendUnsafe(1)?._tag, "Closed")
        assert.strictEqual(yield* tag(handle.sendTimeout(1, 0)), "Closed")
        assert.strictEqual(yield* Effect.scoped(tag(handle.reserve)), "Closed")
        assert.strictEqual(yield* Effect.scoped(tag(handle.tryReserve)), "Closed")
        assert.strictEqual(yield* Effect.scoped(tag(handle.reserveMany(2))), "Closed")
        assert.isTrue(yield* handle.isClosed)
        yield* handle.closed
        assert.strictEqual((yield* (yield* handle.downgrade).upgrade)._tag, "None")
        yield* handle.drop
      }
      assert.strictEqual(yield* rx.senderStrongCount, 1)
      assert.isFalse(yield* live.isClosed)
    }))

  it.effect("a send that waits keeps the channel open after its sender was dropped", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* filled(1, 1)
      const fiber = yield* started(tx.send(2))
      yield* tx.drop
      assert.isFalse(yield* rx.isClosed)
      assert.strictEqual(yield* rx.recv, 1)
      assert.strictEqual(yield* rx.recv, 2)
      yield* Fiber.join(fiber)
      assert.strictEqual(yield* tag(rx.recv), "Disconnected")
    }))

  it.effect("and no longer, once it was interrupted", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* filled(1, 1)
      const fiber = yield* started(tx.send(2))
      yield* tx.drop
      yield* rx.recv
      const receiving = yield* started(tag(rx.recv))
      fiber.interruptUnsafe()
      assert.strictEqual(yield* Fiber.join(receiving), "Disconnected")
    }))
})

describe("sameChannel", () => {
  it.effect("holds for clones and upgrades, and for no other channel", () =>
    Effect.gen(function*() {
      const [tx] = yield* Mpsc.bounded<number>(1)
      const [other] = yield* Mpsc.bounded<number>(1)
      const clone = yield* tx.clone
      const upgraded = yield* Effect.flatMap(tx.downgrade, (weak) => Effect.flatMap(weak.upgrade, Effect.fromOption))
      assert.isTrue(tx.sameChannel(tx))
      assert.isTrue(tx.sameChannel(clone))
      assert.isTrue(clone.sameChannel(upgraded))
      assert.isFalse(tx.sameChannel(other))
    }))
})

describe("stream", () => {
  it.effect("gives what is sent, makes room, and ends when the senders have gone", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(2)
      const fiber = yield* started(Stream.runCollect(rx.stream))
      for (let i = 0; i < 10; i++) yield* tx.send(i)
      yield* tx.drop
      assert.deepStrictEqual(yield* Fiber.join(fiber), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    }))

  it.effect("leaves what it does not need", () =>
    Effect.gen(function*() {
      const [, rx] = yield* filled(8, 1, 2, 3)
      assert.deepStrictEqual(yield* Stream.runCollect(Stream.take(rx.stream, 2)), [1, 2])
      assert.strictEqual(yield* rx.recv, 3)
    }))
})

describe("the context", () => {
  it.effect("a fiber that waits is never resumed on the stack of who sends", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const order: Array<string> = []
      const fiber = yield* started(Effect.tap(rx.recv, () => Effect.sync(() => order.push("received"))))
      tx.trySendUnsafe(1)
      order.push("sent")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(order, ["sent", "received"])
    }))

  it.effect("a timeout is measured by the clock of who made the channel", () =>
    Effect.gen(function*() {
      const [tx] = yield* filled(1, 1)
      const fiber = yield* started(TestClock.withLive(Effect.exit(tx.sendTimeout(2, "1 hour"))))
      yield* TestClock.adjust("1 hour")
      const exit = yield* Fiber.join(fiber)
      assert.isTrue(Exit.isFailure(exit) && Cause.hasFails(exit.cause))
    }))
})
