/**
 * Permits, after tokio's `sync_mpsc.rs`; and weak senders, after `sync_mpsc_weak.rs`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Option, Scope } from "effect"
import { Mpsc } from "../../src/channel/index.ts"
import { defect, isWaiting, settle, started, tag } from "../support/waiting.ts"

describe("reserve", () => {
  it.effect("a permit is room that nobody else has", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(1)
      const permit = yield* tx.reserve
      assert.strictEqual(yield* tx.capacity, 0)
      assert.strictEqual(yield* tag(tx.trySend(2)), "Full")
      assert.strictEqual(yield* tag(tx.tryReserve), "Full")
      yield* permit.send(1)
      assert.strictEqual(yield* tx.capacity, 0)
      assert.strictEqual(yield* rx.recv, 1)
      assert.strictEqual(yield* tx.capacity, 1)
    }))

  it.effect("dropping a permit gives the room to who waits", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(1)
      const permit = yield* tx.reserve
      const fiber = yield* started(tx.send(2))
      yield* permit.drop
      yield* permit.drop
      yield* Fiber.join(fiber)
      assert.strictEqual(yield* rx.recv, 2)
      assert.strictEqual(yield* tx.capacity, 1)
    }))

  it.effect("a permit is used once", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(4)
      const used = yield* tx.reserve
      yield* used.send(1)
      assert.include(yield* defect(used.send(2)), "permit")
      yield* used.drop
      const dropped = yield* tx.reserve
      yield* dropped.drop
      assert.include(yield* defect(dropped.send(3)), "permit")
      assert.deepStrictEqual(yield* rx.recvMany(9), [1])
      assert.strictEqual(yield* tx.capacity, 4)
    }))

  it.effect("the end of its scope gives a permit back", () =>
    Effect.gen(function*() {
      const [tx] = yield* Mpsc.bounded<number>(2)
      const permit = yield* Effect.scoped(
        Effect.tap(tx.reserve, () => Effect.map(tx.capacity, (capacity) => assert.strictEqual(capacity, 1)))
      )
      assert.strictEqual(yield* tx.capacity, 2)
      assert.include(yield* defect(permit.send(1)), "permit")
    }))

  it.effect("a scope that is closed already gives it back at once", () =>
    Effect.gen(function*() {
      const [tx] = yield* Mpsc.bounded<number>(1)
      const scope = yield* Scope.make()
      yield* Scope.close(scope, Exit.void)
      const permit = yield* Scope.provide(tx.reserve, scope)
      assert.strictEqual(yield* tx.capacity, 1)
      assert.include(yield* defect(permit.send(1)), "permit")
    }))

  it.effect("a scope does not collect permits that have ended", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(4)
      const scope = yield* Scope.make()
      for (let i = 0; i < 10; i++) {
        const [first, second] = yield* Effect.all([Scope.provide(tx.reserve, scope), Scope.provide(tx.reserve, scope)])
        yield* first.send(i)
        yield* second.drop
        yield* rx.recv
      }
      assert.strictEqual(scope.state._tag, "Empty")
    }))

  it.effect("permits are granted first come, first served", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(1)
      yield* tx.send(0)
      const scope = yield* Scope.make()
      const first = yield* started(Scope.provide(tx.reserve, scope))
      const second = yield* started(tx.send(2))
      yield* rx.recv
      const permit = yield* Fiber.join(first)
      yield* settle
      assert.isTrue(isWaiting(second))
      yield* permit.send(1)
      assert.strictEqual(yield* rx.recv, 1)
      yield* Fiber.join(second)
      assert.strictEqual(yield* rx.recv, 2)
    }))

  for (const end of ["close", "drop"] as const) {
    it.effect(`who waits for a permit fails on the receiver's ${end}`, () =>
      Effect.gen(function*() {
        const [tx, rx] = yield* Mpsc.bounded<number>(1)
        yield* tx.send(0)
        const fiber = yield* started(Effect.scoped(Effect.flip(tx.reserve)))
        yield* rx[end]
        const error = yield* Fiber.join(fiber)
        assert.instanceOf(error, Mpsc.Closed)
        assert.isUndefined(error.value)
      }))
  }
})

describe("reserveMany", () => {
  it.effect("gives as many permits as were asked for, all at once", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(3)
      yield* tx.send(0)
      const fiber = yield* started(tx.reserveMany(3))
      yield* settle
      assert.isTrue(isWaiting(fiber))
      yield* rx.recv
      const permits = yield* Fiber.join(fiber)
      assert.lengthOf(permits, 3)
      for (const [i, permit] of permits.entries()) yield* permit.send(i)
      assert.deepStrictEqual(yield* rx.recvMany(9), [0, 1, 2])
    }))

  it.effect("at the head of the line, it is not overtaken", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(2)
      yield* tx.send(0)
      const many = yield* started(tx.reserveMany(2))
      const one = yield* started(tx.send(1))
      yield* settle
      // There is room for one, but not for the one at the head.
      assert.isTrue(isWaiting(many) && isWaiting(one))
      assert.strictEqual(yield* tx.capacity, 0)
      assert.strictEqual(yield* tag(tx.trySend(9)), "Full")
      yield* rx.recv
      yield* Effect.forEach(yield* Fiber.join(many), (permit) => permit.drop)
      yield* Fiber.join(one)
    }))

  it.effect("when it leaves the head of the line, those behind it are served", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(2)
      yield* tx.send(0)
      const many = yield* started(tx.reserveMany(2))
      const one = yield* started(tx.send(1))
      yield* Fiber.interrupt(many)
      yield* Fiber.join(one)
      assert.deepStrictEqual(yield* rx.recvMany(9), [0, 1])
    }))

  it.effect("interrupted after it was granted, it gives all of them back", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(2)
      yield* tx.send(0)
      const many = yield* started(tx.reserveMany(2))
      yield* rx.recv
      many.interruptUnsafe()
      yield* settle
      assert.strictEqual(yield* tx.capacity, 2)
    }))

  it.effect("none is none, more than there can be is Closed, and nonsense dies", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(2)
      assert.deepStrictEqual(yield* tx.reserveMany(0), [])
      assert.strictEqual(yield* tag(tx.reserveMany(3)), "Closed")
      for (const n of [-1, 0.5, NaN, Infinity]) assert.include(yield* defect(tx.reserveMany(n)), String(n))
      yield* rx.close
      assert.strictEqual(yield* tag(tx.reserveMany(0)), "Closed")
    }))

  it.effect("an unbounded channel gives any number", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const permits = yield* tx.reserveMany(100)
      yield* tx.drop
      assert.lengthOf(permits, 100)
      yield* Effect.forEach(permits, (permit, i) => permit.send(i))
      assert.lengthOf(yield* rx.recvMany(1000), 100)
      assert.strictEqual(yield* tag(rx.recv), "Disconnected")
    }))
})

describe("a permit and the end of the channel", () => {
  it.effect("after close, a permit still sends, and Disconnected comes only then", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(2)
      const permit = yield* tx.reserve
      yield* rx.close
      const fiber = yield* started(rx.recv)
      yield* settle
      assert.isTrue(isWaiting(fiber))
      yield* permit.send(1)
      assert.strictEqual(yield* Fiber.join(fiber), 1)
      assert.strictEqual(yield* tag(rx.recv), "Disconnected")
    }))

  it.effect("dropping the last permit wakes a closed receiver", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(2)
      const [first, second] = yield* Effect.all([tx.reserve, tx.reserve])
      yield* rx.close
      const fiber = yield* started(tag(rx.recv))
      yield* first.drop
      yield* settle
      assert.isTrue(isWaiting(fiber))
      yield* second.drop
      assert.strictEqual(yield* Fiber.join(fiber), "Disconnected")
    }))

  it.effect("a permit keeps the channel open without a sender", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(2)
      const permit = yield* tx.reserve
      yield* tx.drop
      assert.isFalse(yield* rx.isClosed)
      assert.strictEqual(yield* tag(rx.tryRecv), "Empty")
      yield* permit.send(1)
      assert.strictEqual(yield* rx.recv, 1)
      assert.strictEqual(yield* tag(rx.recv), "Disconnected")
      assert.isTrue(yield* rx.isClosed)
    }))

  it.effect("after the receiver was dropped, what a permit sends is dropped silently", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(2)
      const permit = yield* tx.reserve
      yield* rx.drop
      yield* permit.send(1)
      assert.strictEqual(yield* rx.length, 0)
      assert.strictEqual(yield* tag(rx.recv), "Disconnected")
    }))
})

describe("a weak sender", () => {
  const upgraded = (weak: Mpsc.WeakSender<number>) => Effect.map(weak.upgrade, Option.isSome)

  it.effect("does not keep the channel open", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(1)
      const weak = yield* tx.downgrade
      assert.deepStrictEqual([yield* tx.strongCount, yield* tx.weakCount], [1, 1])
      yield* tx.drop
      assert.strictEqual(yield* tag(rx.recv), "Disconnected")
      assert.isFalse(yield* upgraded(weak))
    }))

  it.effect("upgrades while a strong one lives, as often as asked", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(4)
      const weak = yield* tx.downgrade
      const first = yield* Effect.flatMap(weak.upgrade, Effect.fromOption)
      const second = yield* Effect.flatMap(weak.upgrade, Effect.fromOption)
      assert.strictEqual(yield* rx.senderStrongCount, 3)
      yield* tx.drop
      yield* first.drop
      yield* second.send(1)
      assert.strictEqual(yield* rx.recv, 1)
      assert.isTrue(yield* upgraded(weak))
    }))

  it.effect("a permit does not let it upgrade", () =>
    Effect.gen(function*() {
      const [tx] = yield* Mpsc.bounded<number>(1)
      const weak = yield* tx.downgrade
      const permit = yield* tx.reserve
      yield* tx.drop
      assert.isFalse(yield* upgraded(weak))
      yield* permit.drop
    }))

  it.effect("upgrades no more once it was dropped, and counts no more", () =>
    Effect.gen(function*() {
      const [tx] = yield* Mpsc.bounded<number>(1)
      const [first, second] = yield* Effect.all([tx.downgrade, tx.downgrade])
      yield* first.drop
      yield* first.drop
      assert.strictEqual(yield* tx.weakCount, 1)
      assert.isFalse(yield* upgraded(first))
      assert.isTrue(yield* upgraded(second))
    }))

  it.effect("the counts follow clones, drops and downgrades", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const clone = yield* tx.clone
      const weak = yield* clone.downgrade
      assert.deepStrictEqual([yield* tx.strongCount, yield* clone.weakCount], [2, 1])
      yield* clone.drop
      yield* weak.drop
      assert.deepStrictEqual([yield* tx.strongCount, yield* tx.weakCount, yield* rx.senderStrongCount], [1, 0, 1])
    }))
})
