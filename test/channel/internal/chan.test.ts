/**
 * What an actor needs of a channel beyond its handles.
 */
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Exit } from "effect"
import { Cell } from "../../../src/channel/internal/cell.ts"
import { Chan } from "../../../src/channel/internal/chan.ts"
import { Host } from "../../../src/channel/internal/host.ts"
import { pairOf } from "../../../src/channel/internal/oneshot.ts"
import { settle } from "../../support/waiting.ts"

const make = (capacity = Infinity) => Chan.makeUnsafe<number>(new Host(Context.empty()), capacity)

/** A consumer whose messages and end are recorded. */
const consumed = (chan: Chan<number>, handle: (n: number) => void | Effect.Effect<void> = () => {}) => {
  const seen: Array<number> = []
  const exits: Array<Exit.Exit<void>> = []
  const consumer = chan.consumeUnsafe((n) => {
    seen.push(n)
    return handle(n)
  }, (exit) => void exits.push(exit))
  return { consumer, exits, seen }
}

describe("pushUnsafe", () => {
  it("goes in whatever the capacity; the debt is paid back before there is room again", () => {
    const chan = make(1)
    assert.isUndefined(chan.trySendUnsafe(1))
    assert.isTrue(chan.pushUnsafe(2))
    assert.isTrue(chan.pushUnsafe(3))
    assert.strictEqual(chan.permits.capacity, 0)
    assert.deepStrictEqual([chan.takeQueuedUnsafe(), chan.takeQueuedUnsafe()], [1, 2])
    assert.strictEqual(chan.trySendUnsafe(4)?._tag, "Full")
    assert.strictEqual(chan.takeQueuedUnsafe(), 3)
    assert.isUndefined(chan.trySendUnsafe(5))
  })

  it("goes in after close, and not after drop", () => {
    const chan = make()
    const { seen } = consumed(chan)
    chan.closeUnsafe()
    // Nothing can come any more from a sender, so the consumer has ended.
    assert.isTrue(chan.pushUnsafe(1))
    assert.deepStrictEqual([seen.length, chan.length], [0, 1])
    chan.dropUnsafe()
    assert.isFalse(chan.pushUnsafe(2))
  })

  it("a turn that posts to its own closed mailbox still handles it", () => {
    const chan = make()
    const { exits, seen } = consumed(chan, (n) => {
      if (n !== 1) return
      chan.closeUnsafe()
      chan.pushUnsafe(2)
    })
    chan.trySendUnsafe(1)
    assert.deepStrictEqual(seen, [1, 2])
    assert.deepStrictEqual(exits, [Exit.void])
  })
})

describe("the end of a consumer", () => {
  it("is told once, at once when it is idle", () => {
    const { consumer, exits } = consumed(make())
    consumer.stopUnsafe()
    consumer.stopUnsafe()
    assert.deepStrictEqual(exits, [Exit.void])
    assert.isTrue(consumer.isEnded)
  })

  it("stopped inside a synchronous turn, it is told after that turn", () => {
    const chan = make()
    const order: Array<string> = []
    const consumer = chan.consumeUnsafe(() => {
      consumer.stopUnsafe()
      order.push("turn")
    }, () => void order.push("end"))
    chan.trySendUnsafe(1)
    chan.trySendUnsafe(2)
    assert.deepStrictEqual([order, chan.length], [["turn", "end"], 1])
  })

  it("stopped inside a synchronous turn, what was queued meanwhile stays", () => {
    const chan = make()
    const { consumer, seen } = consumed(chan, () => {
      chan.trySendUnsafe(2)
      consumer.stopUnsafe()
    })
    chan.trySendUnsafe(1)
    assert.deepStrictEqual([seen, chan.length], [[1], 1])
  })

  it.effect("an Effect that the handler returns after it stopped the consumer never begins", () =>
    Effect.gen(function*() {
      const chan = make()
      let hasBegun = false
      const { consumer, exits } = consumed(chan, () => {
        consumer.stopUnsafe()
        return Effect.sync(() => {
          hasBegun = true
        })
      })
      chan.trySendUnsafe(1)
      assert.deepStrictEqual(exits, [Exit.void])
      yield* settle
      assert.isFalse(hasBegun)
    }))

  it("no fiber stays", () => {
    const { consumer } = consumed(make())
    assert.isUndefined(consumer.driver?.pollUnsafe())
    consumer.stopUnsafe()
    assert.isDefined(consumer.driver?.pollUnsafe())
  })

  it("a turn that throws drops the receiver first, then tells", () => {
    const chan = make()
    const seen: Array<boolean> = []
    chan.consumeUnsafe(() => {
      throw new Error("boom")
    }, (exit) => void seen.push(Exit.isFailure(exit), chan.isGone))
    assert.isUndefined(chan.trySendUnsafe(1))
    assert.deepStrictEqual(seen, [true, true])
    assert.strictEqual(chan.trySendUnsafe(2)?._tag, "Closed")
  })

  it.effect("stopping interrupts an Effect turn; the queue stays, unless the receiver is dropped", () =>
    Effect.gen(function*() {
      const chan = make()
      const { consumer, exits } = consumed(chan, () => Effect.never)
      chan.trySendUnsafe(1)
      chan.trySendUnsafe(2)
      yield* settle
      chan.dropUnsafe()
      assert.lengthOf(exits, 0)
      consumer.stopUnsafe()
      yield* settle
      assert.deepStrictEqual(exits, [Exit.void])
      assert.strictEqual(chan.length, 0)
    }))

  it.effect("stopped while the rest of a long run is put off, it ends at once and handles no more", () =>
    Effect.gen(function*() {
      const chan = make()
      for (let i = 0; i < 5000; i++) chan.trySendUnsafe(i)
      const { consumer, exits, seen } = consumed(chan)
      const handled = seen.length
      assert.isBelow(handled, 5000)
      consumer.stopUnsafe()
      assert.lengthOf(exits, 1)
      yield* settle
      assert.strictEqual(seen.length, handled)
      assert.strictEqual(chan.length, 5000 - handled)
    }))

  it("the maker's sender is dropped: the consumer ends when the queue is empty", () => {
    const chan = make()
    const { exits } = consumed(chan)
    chan.dropSenderUnsafe()
    assert.deepStrictEqual(exits, [Exit.void])
  })
})

describe("an idle consumer", () => {
  it("handles a message without a task, a fiber or the queue", () => {
    const chan = make(4)
    const { seen } = consumed(chan)
    for (let i = 0; i < 1000; i++) {
      chan.trySendUnsafe(i)
      assert.strictEqual(chan.length, 0)
    }
    assert.strictEqual(seen.length, 1000)
    assert.strictEqual(chan.permits.capacity, 4)
  })
})

describe("a oneshot inside a turn", () => {
  it.effect("is made with the turn's host, and answered before anybody waits", () =>
    Effect.gen(function*() {
      const cell = new Cell<number, never>(new Host(Context.empty()))
      const [sender, receiver] = pairOf(cell)
      assert.isFalse(cell.isAnswered)
      sender.sendUnsafe(1)
      assert.isTrue(cell.isAnswered)
      assert.strictEqual(yield* receiver.recv(), 1)
    }))
})
