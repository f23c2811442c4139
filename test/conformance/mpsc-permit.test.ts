import { assert, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Option, Scope } from "effect"
import { Mpsc } from "whitepool/channel"
import { defectOf, outcome, pending, settle, started, tagOf } from "./support.ts"

it.effect("reserve: room first, message later; the permit takes room until it is used or dropped", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(2)
    const permit = yield* sender.reserve
    assert.strictEqual(yield* sender.capacity, 1)
    assert.strictEqual(yield* receiver.length, 0)
    yield* sender.send("first")
    assert.strictEqual(yield* tagOf(sender.trySend("no")), "Full")
    yield* permit.send("second")
    assert.deepStrictEqual(yield* receiver.recvMany(5), ["first", "second"])
    assert.strictEqual(yield* sender.capacity, 2)
  }))

it.effect("reserve: a permit that is not used is given back by permit.drop or by its scope", () =>
  Effect.gen(function*() {
    const [sender] = yield* Mpsc.bounded<string>(1)
    const permit = yield* sender.reserve
    const waiting = yield* started(Effect.scoped(sender.reserve))
    assert.isTrue(pending(waiting))
    yield* permit.drop
    yield* settle
    assert.isFalse(pending(waiting))
    assert.strictEqual(yield* sender.capacity, 1)
    yield* permit.drop
    assert.strictEqual(yield* sender.capacity, 1)
    yield* Effect.scoped(Effect.andThen(sender.reserve, Effect.map(sender.capacity, (n) => assert.strictEqual(n, 0))))
    assert.strictEqual(yield* sender.capacity, 1)
  }))

it.effect("reserve: interrupted while it waits, it loses no permit and no place of others", () =>
  Effect.gen(function*() {
    const [sender] = yield* Mpsc.bounded<string>(1)
    const scope = yield* Scope.make()
    yield* Scope.provide(sender.reserve, scope)
    const first = yield* started(Effect.scoped(sender.reserve))
    const second = yield* started(Effect.scoped(sender.reserve))
    yield* Fiber.interrupt(first)
    yield* Scope.close(scope, Exit.void)
    yield* settle
    assert.isFalse(pending(second))
    assert.strictEqual(yield* sender.capacity, 1)
  }))

it.effect("permit.send never fails, not even after close; a second use dies; drop after use does nothing", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(1)
    const permit = yield* sender.reserve
    yield* receiver.close
    yield* permit.send("promised")
    assert.isDefined(yield* defectOf(permit.send("again")))
    yield* permit.drop
    assert.strictEqual(yield* receiver.recv, "promised")
    assert.strictEqual(yield* tagOf(receiver.recv), "Disconnected")
  }))

it.effect("reserveMany: n permits at once; more than maxCapacity fails with Closed at once", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<number>(3)
    assert.strictEqual(yield* tagOf(sender.reserveMany(4)), "Closed")
    yield* sender.send(0)
    const three = yield* started(
      Effect.scoped(
        Effect.flatMap(sender.reserveMany(3), (permits) => Effect.forEach(permits, (permit, n) => permit.send(n + 1)))
      )
    )
    assert.isTrue(pending(three))
    assert.strictEqual(yield* tagOf(sender.trySend(9)), "Full")
    assert.strictEqual(yield* receiver.recv, 0)
    yield* Fiber.join(three)
    assert.deepStrictEqual(yield* receiver.recvMany(9), [1, 2, 3])
    assert.deepStrictEqual(yield* sender.reserveMany(0), [])
  }))

it.effect("reserveMany: interrupted, the room it had gathered comes back", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<number>(2)
    yield* sender.send(0)
    const two = yield* started(Effect.scoped(sender.reserveMany(2)))
    const next = yield* started(sender.send(1))
    assert.isTrue(pending(two) && pending(next))
    yield* Fiber.interrupt(two)
    yield* settle
    assert.isFalse(pending(next))
    assert.deepStrictEqual(yield* receiver.recvMany(5), [0, 1])
    assert.strictEqual(yield* sender.capacity, 2)
  }))

it.effect("tryReserve: a permit at once, Full when there is no room, Closed when the receiver has gone", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(1)
    const permit = yield* sender.tryReserve
    assert.strictEqual(yield* tagOf(sender.tryReserve), "Full")
    yield* permit.drop
    yield* receiver.drop
    assert.strictEqual(yield* tagOf(sender.tryReserve), "Closed")
    assert.strictEqual(yield* tagOf(sender.reserve), "Closed")
    assert.strictEqual(yield* tagOf(sender.reserveMany(1)), "Closed")
  }))

it.effect("waiting reserve and reserveMany fail with Closed when the receiver closes", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(1)
    yield* sender.send("a")
    const one = yield* started(Effect.scoped(sender.reserve))
    const many = yield* started(Effect.scoped(sender.reserveMany(1)))
    yield* receiver.close
    yield* settle
    assert.strictEqual(outcome(one)._tag, "Closed")
    assert.strictEqual(outcome(many)._tag, "Closed")
  }))

it.effect("a permit keeps its channel open but does not let a weak sender upgrade", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(1)
    const weak = yield* sender.downgrade
    const permit = yield* sender.reserve
    yield* sender.drop
    assert.isTrue(Option.isNone(yield* weak.upgrade))
    const recv = yield* started(receiver.recv)
    assert.isTrue(pending(recv))
    yield* permit.send("late")
    assert.strictEqual(yield* Fiber.join(recv), "late")
    assert.strictEqual(yield* tagOf(receiver.recv), "Disconnected")
  }))

it.effect("send, reserve and reserveMany wait in one line, first come first served", () =>
  Effect.gen(function*() {
    const [sender, receiver] = yield* Mpsc.bounded<string>(2)
    yield* sender.send("a")
    yield* sender.send("b")
    const many = yield* started(Effect.scoped(Effect.flatMap(sender.reserveMany(2), (permits) =>
      Effect.forEach(permits, (permit) => permit.send("many")))))
    const one = yield* started(Effect.scoped(Effect.flatMap(sender.reserve, (permit) =>
      permit.send("one"))))
    const plain = yield* started(sender.send("plain"))
    yield* receiver.recv
    yield* settle
    assert.isTrue([many, one, plain].every(pending))
    const rest: Array<string> = []
    for (let n = 0; n < 5; n++) {
      rest.push(yield* receiver.recv)
      yield* settle
    }
    assert.deepStrictEqual(rest, ["b", "many", "many", "one", "plain"])
    assert.strictEqual(yield* sender.capacity, 2)
  }))
