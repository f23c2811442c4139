/**
 * Races under a seeded scheduler: whatever the order, each has one of its outcomes and nothing is lost; and each of the
 * outcomes is seen.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Option, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Mpsc, Oneshot } from "../../src/channel/index.ts"
import { interleavings } from "../support/seededScheduler.ts"

const some = (n: number): Effect.Effect<void> =>
  Effect.forEach(Array.from({ length: n }), () => Effect.yieldNow, { discard: true })

const withClock = <A>(race: Effect.Effect<A, unknown>): Effect.Effect<A> =>
  Effect.orDie(Effect.provide(race, TestClock.layer()))

describe("oneshot", () => {
  it("reply vs deadline: either the receiver has it, or the sender gets it back", () =>
    interleavings({
      outcomes: ["reply", "deadline"],
      race: withClock(Effect.gen(function*() {
        const [tx, rx] = yield* Oneshot.make<number>()
        const receiver = yield* Effect.forkChild(Effect.exit(rx.recv({ timeout: 10 })))
        const sender = yield* Effect.forkChild(Effect.andThen(some(6), tx.send(1)))
        yield* some(3)
        yield* TestClock.adjust(10)
        const back = yield* Fiber.join(sender)
        const exit = yield* Fiber.join(receiver)
        assert.strictEqual(Exit.isSuccess(exit), Option.isNone(back))
        return Exit.isSuccess(exit) ? "reply" : "deadline"
      }))
    }))

  it("reply vs interruption: the value has exactly one holder", () =>
    interleavings({
      outcomes: ["reply", "stayed", "back"],
      race: Effect.gen(function*() {
        const [tx, rx] = yield* Oneshot.make<number>()
        const receiver = yield* Effect.forkChild(rx.recv())
        const sender = yield* Effect.forkChild(Effect.andThen(some(2), tx.send(1)))
        const interrupter = yield* Effect.forkChild(
          Effect.andThen(some(3), Effect.sync(() => receiver.interruptUnsafe()))
        )
        const exit = yield* Fiber.await(receiver)
        const back = yield* Fiber.join(sender)
        yield* Fiber.join(interrupter)
        const left = yield* Effect.exit(rx.tryRecv)
        const holders = [Exit.isSuccess(exit), Option.isSome(back), Exit.isSuccess(left)]
        assert.strictEqual(holders.filter(Boolean).length, 1)
        return holders[0] ? "reply" : holders[1] ? "back" : "stayed"
      })
    }))
})

describe("mpsc", () => {
  it("send vs close: sent and drained, or refused with the message", () =>
    interleavings({
      outcomes: ["sent", "refused"],
      race: Effect.gen(function*() {
        const [tx, rx] = yield* Mpsc.bounded<number>(1)
        yield* tx.send(0)
        const sender = yield* Effect.forkChild(Effect.exit(Effect.andThen(some(1), tx.send(1))))
        const receiver = yield* Effect.forkChild(Effect.andThen(some(2), rx.recv))
        yield* some(4)
        yield* rx.close
        const exit = yield* Fiber.join(sender)
        yield* Fiber.join(receiver)
        const left = yield* Effect.exit(rx.recv)
        assert.strictEqual(Exit.isSuccess(exit), Exit.isSuccess(left))
        assert.strictEqual(yield* tx.capacity, 1)
        return Exit.isSuccess(exit) ? "sent" : "refused"
      }).pipe(Effect.orDie)
    }))

  it("send into a full channel vs close: refused with the message, wherever it stands", () =>
    interleavings({
      outcomes: ["refused"],
      race: Effect.gen(function*() {
        const [tx, rx] = yield* Mpsc.bounded<number>(1)
        yield* tx.send(0)
        const sender = yield* Effect.forkChild(Effect.flip(tx.send(1)))
        yield* some(1)
        yield* rx.close
        assert.strictEqual((yield* Fiber.join(sender)).value, 1)
        return "refused"
      }).pipe(Effect.orDie)
    }))

  it("send vs drop of the receiver: what was not received was refused, unless it was buffered", () =>
    interleavings({
      outcomes: ["received", "buffered", "refused"],
      race: Effect.gen(function*() {
        const [tx, rx] = yield* Mpsc.bounded<number>(1)
        const sender = yield* Effect.forkChild(Effect.exit(Effect.andThen(some(2), tx.send(1))))
        const receiver = yield* Effect.forkChild(Effect.exit(Effect.andThen(some(2), rx.recv)))
        yield* some(4)
        yield* rx.drop
        const sent = yield* Fiber.join(sender)
        const received = yield* Fiber.join(receiver)
        if (Exit.isSuccess(received)) assert.isTrue(Exit.isSuccess(sent))
        return Exit.isSuccess(received) ? "received" : Exit.isSuccess(sent) ? "buffered" : "refused"
      })
    }))

  it("recv's cancel vs send: the message is received once, by one of the two", () =>
    interleavings({
      outcomes: ["first", "second"],
      race: Effect.gen(function*() {
        const [tx, rx] = yield* Mpsc.bounded<number>(2)
        const first = yield* Effect.forkChild(rx.recv)
        const second = yield* Effect.forkChild(Effect.andThen(some(2), rx.recv))
        const sender = yield* Effect.forkChild(Effect.andThen(some(2), tx.send(1)))
        yield* some(3)
        first.interruptUnsafe()
        const exit = yield* Fiber.await(first)
        yield* Fiber.join(sender)
        if (Exit.isSuccess(exit)) yield* tx.send(2)
        assert.strictEqual(yield* Fiber.join(second), Exit.isSuccess(exit) ? 2 : 1)
        assert.isTrue(yield* rx.isEmpty)
        assert.strictEqual(yield* tx.capacity, 2)
        return Exit.isSuccess(exit) ? "first" : "second"
      }).pipe(Effect.orDie)
    }))

  it("permit's grant vs cancel: the room comes back in any case", () =>
    interleavings({
      outcomes: ["granted", "cancelled"],
      race: Effect.gen(function*() {
        const [tx, rx] = yield* Mpsc.bounded<number>(2)
        yield* tx.send(0)
        const asker = yield* Effect.forkChild(Effect.scoped(Effect.asVoid(tx.reserveMany(2))))
        const behind = yield* Effect.forkChild(Effect.andThen(some(3), tx.send(1)))
        const receiver = yield* Effect.forkChild(Effect.andThen(some(3), rx.recv))
        yield* some(4)
        asker.interruptUnsafe()
        const exit = yield* Fiber.await(asker)
        yield* Fiber.join(receiver)
        yield* Fiber.join(behind)
        assert.deepStrictEqual(yield* rx.recvMany(9), [1])
        assert.strictEqual(yield* tx.capacity, 2)
        return Exit.isSuccess(exit) ? "granted" : "cancelled"
      }).pipe(Effect.orDie)
    }))

  it("permit's send vs the end of its scope: the room is used or given back, never both", () =>
    interleavings({
      outcomes: ["sent", "given back"],
      race: Effect.gen(function*() {
        const [tx, rx] = yield* Mpsc.bounded<number>(2)
        const scope = yield* Scope.make()
        const permit = yield* Scope.provide(tx.reserve, scope)
        const closing = yield* Effect.forkChild(Effect.andThen(some(2), Scope.close(scope, Exit.void)))
        const sending = yield* Effect.forkChild(Effect.exit(Effect.andThen(some(2), permit.send(1))))
        const exit = yield* Fiber.join(sending)
        yield* Fiber.join(closing)
        assert.strictEqual(yield* rx.length, Exit.isSuccess(exit) ? 1 : 0)
        assert.strictEqual(yield* tx.capacity, Exit.isSuccess(exit) ? 1 : 2)
        return Exit.isSuccess(exit) ? "sent" : "given back"
      }).pipe(Effect.orDie)
    }))

  it("timeout vs room: sent once, or not at all", () =>
    interleavings({
      outcomes: ["sent", "timeout"],
      race: withClock(Effect.gen(function*() {
        const [tx, rx] = yield* Mpsc.bounded<number>(1)
        yield* tx.send(0)
        const sender = yield* Effect.forkChild(Effect.exit(tx.sendTimeout(1, 10)))
        const receiver = yield* Effect.forkChild(Effect.andThen(some(6), rx.recv))
        yield* some(3)
        yield* TestClock.adjust(10)
        yield* Fiber.join(receiver)
        const exit = yield* Fiber.join(sender)
        assert.strictEqual(yield* rx.length, Exit.isSuccess(exit) ? 1 : 0)
        assert.strictEqual(yield* tx.capacity, Exit.isSuccess(exit) ? 0 : 1)
        return Exit.isSuccess(exit) ? "sent" : "timeout"
      }))
    }))

  it("clone vs drop: the channel lives as long as a clone that was made in time", () =>
    interleavings({
      outcomes: ["clone", "disconnected"],
      race: Effect.gen(function*() {
        const [tx, rx] = yield* Mpsc.bounded<number>(1)
        const dropper = yield* Effect.forkChild(Effect.andThen(some(2), tx.drop))
        const cloner = yield* Effect.forkChild(Effect.andThen(some(2), tx.clone))
        const receiver = yield* Effect.forkChild(Effect.exit(rx.recv))
        const clone = yield* Fiber.join(cloner)
        yield* Fiber.join(dropper)
        const sent = yield* Effect.exit(clone.send(1))
        const received = yield* Fiber.join(receiver)
        assert.strictEqual(Exit.isSuccess(received), Exit.isSuccess(sent))
        yield* clone.drop
        assert.strictEqual(yield* rx.senderStrongCount, 0)
        return Exit.isSuccess(sent) ? "clone" : "disconnected"
      })
    }))

  it("upgrade vs drop: a sender, or none and Disconnected", () =>
    interleavings({
      outcomes: ["upgraded", "too late"],
      race: Effect.gen(function*() {
        const [tx, rx] = yield* Mpsc.bounded<number>(1)
        const weak = yield* tx.downgrade
        const dropper = yield* Effect.forkChild(Effect.andThen(some(2), tx.drop))
        const upgraded = yield* Effect.forkChild(Effect.andThen(some(2), weak.upgrade)).pipe(Effect.flatMap(Fiber.join))
        yield* Fiber.join(dropper)
        if (Option.isSome(upgraded)) {
          yield* upgraded.value.send(1)
          assert.strictEqual(yield* rx.recv, 1)
          return "upgraded"
        }
        assert.strictEqual(yield* Effect.map(Effect.flip(rx.recv), (error) => error._tag), "Disconnected")
        return "too late"
      }).pipe(Effect.orDie)
    }))

  it("the end of a consumer's scope vs its turns: each message is handled once or stays", () =>
    interleavings({
      outcomes: ["none stayed", "some stayed"],
      race: Effect.gen(function*() {
        const [tx, rx] = yield* Mpsc.unbounded<number>()
        const begun: Array<number> = []
        const sender = yield* Effect.forkChild(Effect.forEach([1, 2, 3, 4], (n) => Effect.andThen(some(1), tx.send(n))))
        yield* Effect.scoped(Effect.andThen(
          rx.consume((n) => {
            begun.push(n)
            return n % 2 === 0 ? some(2) : undefined
          }),
          some(8)
        ))
        yield* Fiber.join(sender)
        const stayed = (yield* rx.length) === 0 ? [] : yield* rx.recvMany(9)
        assert.deepStrictEqual([...begun, ...stayed], [1, 2, 3, 4])
        return stayed.length === 0 ? "none stayed" : "some stayed"
      }).pipe(Effect.orDie)
    }))
})
