import { assert, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { Actor } from "whitepool/actor"
import { Mpsc, Oneshot } from "whitepool/channel"
import { outcome, pending, settle } from "./support.ts"
import { makePool, spawned } from "./world.ts"

/** A clock of the caller's that never moves. */
const elsewhere = Effect.map(TestClock.make(), (clock) => Effect.provideService(Clock.Clock, clock))

it.effect("a pool reads the Clock of the context that made it, never a caller's", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const lease = yield* session.checkout()
    const waiter = yield* spawned(Effect.provideService(session.checkout(), Clock.Clock, yield* TestClock.make()))
    yield* TestClock.adjust("5 seconds")
    yield* settle
    assert.strictEqual(outcome(waiter)._tag, "CheckoutTimeout")
    yield* session.checkin(lease)
  }))

it.effect("a channel reads the Clock of the context that made it, never a caller's", () =>
  Effect.gen(function*() {
    const away = yield* elsewhere
    const [sender] = yield* Mpsc.bounded<string>(1)
    const [, receiver] = yield* Oneshot.make<string>()
    yield* sender.send("a")
    const send = yield* spawned(away(sender.sendTimeout("b", "5 seconds")))
    const recv = yield* spawned(away(receiver.recv({ timeout: "5 seconds" })))
    yield* TestClock.adjust("5 seconds")
    yield* settle
    assert.strictEqual(outcome(send)._tag, "SendTimeout")
    assert.strictEqual(outcome(recv)._tag, "DeadlineExceeded")
  }))

it.effect("an actor's call reads the Clock of the context that spawned it", () =>
  Effect.gen(function*() {
    const away = yield* elsewhere
    const ref = yield* Actor.spawn<Oneshot.Sender<string>>({ receive: () => {} })
    const call = yield* spawned(away(ref.call((reply: Oneshot.Sender<string>) => reply)))
    yield* TestClock.adjust("5 seconds")
    yield* settle
    assert.strictEqual(outcome(call)._tag, "CallTimeout")
  }))

it.effect("an idle resource needs no suspension: use, checkout, checkin, scoped run synchronously", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    assert.strictEqual(Effect.runSync(session.use((thing) => Effect.succeed(thing.id))), 1)
    const lease = Effect.runSync(session.checkout({ owner: "none" }))
    Effect.runSync(session.checkin(lease))
    assert.strictEqual(Effect.runSync(Effect.scoped(session.scoped())).id, 1)
    assert.deepInclude(Effect.runSync(session.status), { idle: 1, lent: 0 })
  }))

it.effect("make's parent span is no parent of later openings, nor is a caller's", () =>
  Effect.gen(function*() {
    const spans: Array<Option.Option<unknown>> = []
    const session = yield* Pool.make({
      factory: Effect.map(Effect.option(Effect.currentParentSpan), (span) => void spans.push(span)),
      size: 1,
      start: "lazy"
    }).pipe(Effect.withSpan("maker"))
    yield* session.use(() => Effect.void).pipe(Effect.withSpan("caller"))
    assert.deepStrictEqual(spans, [Option.none()])
  }))

it.effect("errors of one timer's turn share one status snapshot and hold no stack", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const lease = yield* session.checkout()
    const one = yield* spawned(session.checkout())
    const two = yield* spawned(session.checkout())
    yield* TestClock.adjust("5 seconds")
    yield* settle
    assert.strictEqual(outcome(one).status, outcome(two).status)
    assert.notInclude(outcome(one).stack ?? "", "\n    at ")
    yield* session.checkin(lease)
  }))

it.effect("no reply is delivered inside a turn: who gives back goes on before who waited", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const order: Array<string> = []
    const lease = yield* session.checkout()
    const waiter = yield* spawned(session.use(() => Effect.sync(() => order.push("waiter"))))
    yield* Effect.andThen(session.checkin(lease), Effect.sync(() => order.push("giver")))
    yield* Fiber.join(waiter)
    assert.deepStrictEqual(order, ["giver", "waiter"])
  }))

it.effect("10 000 waiters are each answered once, in order", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool({ checkoutTimeout: "infinity" })
    const lease = yield* session.checkout()
    const order: Array<number> = []
    const all = yield* spawned(Effect.forEach(
      Array.from({ length: 10_000 }, (_, n) => n),
      (n) => session.use(() => Effect.sync(() => order.push(n))),
      { concurrency: "unbounded", discard: true }
    ))
    assert.isTrue(pending(all))
    yield* session.checkin(lease)
    yield* Fiber.join(all)
    assert.strictEqual(order.length, 10_000)
    assert.isTrue(order.every((n, index) => n === index))
  }))

it.effect("state is ready when nothing is open yet, for live < size", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool({ start: "lazy" })
    assert.deepInclude(yield* session.status, { state: "ready", idle: 0, lent: 0, opening: 0, overflow: 0 })
  }))
