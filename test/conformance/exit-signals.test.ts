import { assert, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Fiber, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason } from "whitepool/actor"
import type { Oneshot } from "whitepool/channel"
import { outcome, pending, settle, started } from "./support.ts"

type Reply = Oneshot.Sender<string>
const server = (receive: Actor.Behavior<Reply>["receive"], options?: Actor.Options) =>
  Actor.spawn<Reply>({ receive }, options)
const ask = (ref: Actor.ActorRef<Reply>, timeout?: "infinity") => ref.call((reply: Reply) => reply, { timeout })

const stoppedWith = (fiber: Fiber.Fiber<unknown, unknown>, reason: string) => {
  assert.deepInclude(outcome(fiber), { _tag: "ActorStopped" })
  assert.strictEqual(outcome(fiber).reason._tag, reason)
}

it.effect("exit Normal: ignored by one that does not trap, a message from None to one that does", () =>
  Effect.gen(function*() {
    const exits: Array<string> = []
    const plain = yield* server(() => {})
    const trapper = yield* Actor.spawn<Reply>({
      receive: () => {},
      trapExit: true,
      onExit: (from, reason) => void exits.push(`${from._tag} ${reason._tag}`)
    })
    yield* plain.exit(ExitReason.normal)
    yield* trapper.exit(ExitReason.normal)
    yield* settle
    assert.deepStrictEqual([yield* plain.isAlive, yield* trapper.isAlive], [true, true])
    assert.deepStrictEqual(exits, ["None Normal"])
  }))

it.effect("exit NoProcess ends one that does not trap with that reason", () =>
  Effect.gen(function*() {
    const ref = yield* server(() => {})
    yield* ref.exit(ExitReason.noProcess)
    assert.strictEqual((yield* ref.awaitExit)._tag, "NoProcess")
  }))

it.effect("exit of the dead: nothing; the first reason stays", () =>
  Effect.gen(function*() {
    const ref = yield* server(() => {})
    yield* ref.exit(ExitReason.shutdown)
    yield* settle
    yield* ref.exit(ExitReason.killed)
    yield* ref.exit(ExitReason.crash(Cause.die("late")))
    assert.strictEqual((yield* ref.awaitExit)._tag, "Shutdown")
  }))

it.effect("exit does not wait for the end of one that takes its time to terminate", () =>
  Effect.gen(function*() {
    const ref = yield* Actor.spawn<Reply>({ receive: () => {}, terminate: () => Effect.sleep("1 second") })
    const exit = yield* started(ref.exit(ExitReason.shutdown))
    assert.isFalse(pending(exit))
    const end = yield* started(ref.awaitExit)
    assert.isTrue(pending(end))
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.strictEqual(outcome(end)._tag, "Shutdown")
  }))

it.effect("Killed ends one that hangs in terminate", () =>
  Effect.gen(function*() {
    const ref = yield* Actor.spawn<Reply>({ receive: () => {}, terminate: () => Effect.never })
    yield* ref.exit(ExitReason.shutdown)
    yield* settle
    yield* ref.exit(ExitReason.killed)
    yield* settle
    yield* ref.awaitExit
    assert.isFalse(yield* ref.isAlive)
  }))

it.effect("a call to one that crashes in a turn ends at once with ActorStopped, never at the deadline", () =>
  Effect.gen(function*() {
    for (const timeout of [undefined, "infinity"] as const) {
      const ref = yield* server(() => Effect.andThen(Effect.sleep("1 second"), Effect.die("boom")))
      const call = yield* started(ask(ref, timeout))
      const behind = yield* started(ask(ref, timeout))
      yield* TestClock.adjust(999)
      assert.isTrue(pending(call) && pending(behind))
      yield* TestClock.adjust(1)
      yield* settle
      stoppedWith(call, "Crash")
      stoppedWith(behind, "Crash")
    }
  }))

it.effect("a call to one that throws in its turn ends at once, with the throw as the cause", () =>
  Effect.gen(function*() {
    const boom = new Error("boom")
    const ref = yield* server(() => {
      throw boom
    })
    const call = yield* started(ask(ref, "infinity"))
    stoppedWith(call, "Crash")
    assert.strictEqual(Cause.squash(outcome(call).reason.cause), boom)
  }))

for (const reason of [ExitReason.killed, ExitReason.shutdown, ExitReason.crash(Cause.fail("x"))]) {
  it.effect(`calls in work, queued, and waiting for room end at once when an exit of ${reason._tag} comes`, () =>
    Effect.gen(function*() {
      const ref = yield* server(() => Effect.never, { mailboxCapacity: 1 })
      const calls = yield* Effect.forEach([1, 2, 3, 4], () => started(ask(ref, "infinity")))
      assert.isTrue(calls.every(pending))
      yield* ref.exit(reason)
      yield* settle
      for (const call of calls) {
        assert.deepInclude(outcome(call), { _tag: "ActorStopped" })
        // Whoever was still waiting for room may be told that nobody is there.
        assert.include([reason._tag, "NoProcess"], outcome(call).reason._tag)
      }
      assert.strictEqual(outcome(calls[0]!).reason._tag, reason._tag)
    }))
}

it.effect("a call whose reply was put aside ends at once when the actor dies, and the reply is handed back", () =>
  Effect.gen(function*() {
    const aside: Array<Reply> = []
    const ref = yield* server((reply) => void aside.push(reply))
    const call = yield* started(ask(ref, "infinity"))
    yield* ref.exit(ExitReason.killed)
    yield* settle
    stoppedWith(call, "Killed")
    assert.deepStrictEqual(yield* aside[0]!.send("late"), Option.some("late"))
  }))

it.effect("a call ends at once when a link ends the actor that works on it", () =>
  Effect.gen(function*() {
    const other = yield* server(() => {})
    const ref = yield* server((_reply, context) => Effect.andThen(context.link(other), Effect.never))
    const call = yield* started(ask(ref, "infinity"))
    yield* other.exit(ExitReason.killed)
    yield* settle
    stoppedWith(call, "Killed")
  }))

it.effect("a reply given before the crash of its turn is the answer", () =>
  Effect.gen(function*() {
    const ref = yield* server((reply) => {
      reply.sendUnsafe("in time")
      throw new Error("too late")
    })
    assert.strictEqual(yield* ask(ref), "in time")
    assert.strictEqual((yield* ref.awaitExit)._tag, "Crash")
  }))

it.effect("a call behind a stop: ActorStopped with the reason of the end, or NoProcess, at once", () =>
  Effect.gen(function*() {
    const gate = yield* Deferred.make<void>()
    const ref = yield* server(() => Deferred.await(gate))
    yield* started(ask(ref, "infinity"))
    const stop = yield* started(ref.stop())
    const late = yield* started(ask(ref, "infinity"))
    yield* Deferred.succeed(gate, undefined)
    yield* Fiber.join(stop)
    yield* settle
    assert.deepInclude(outcome(late), { _tag: "ActorStopped" })
    assert.include(["Normal", "NoProcess"], outcome(late).reason._tag)
  }))

it.effect("a call from one actor's turn to another that dies ends that turn at once", () =>
  Effect.gen(function*() {
    const seen: Array<string> = []
    const dying = yield* server(() => Effect.andThen(Effect.sleep("1 second"), Effect.die("boom")))
    const asker = yield* Actor.spawn<string>({
      receive: (message) =>
        message === "ask"
          ? Effect.match(ask(dying, "infinity"), {
            onFailure: (error) => void seen.push(error._tag),
            onSuccess: (value) => void seen.push(value)
          })
          : void seen.push(message)
    })
    yield* asker.cast("ask")
    yield* asker.cast("next")
    yield* TestClock.adjust("1 second")
    yield* settle
    assert.deepStrictEqual(seen, ["ActorStopped", "next"])
  }))

it.effect("dead letters: each message to the dead once, to whom it was sent, in order; every watcher sees them", () =>
  Effect.gen(function*() {
    const letters: [Array<unknown>, Array<unknown>] = [[], []]
    const dead = yield* Actor.spawn<string>({ receive: () => {} })
    for (const mine of letters) {
      yield* started(
        Stream.runForEach(
          Actor.deadLetters,
          (letter) => Effect.sync(() => letter.to === dead.id && mine.push(letter.message))
        )
      )
    }
    yield* dead.cast("alive")
    yield* dead.exit(ExitReason.killed)
    for (const message of ["a", "b", "c"]) yield* dead.cast(message)
    dead.castUnsafe("d")
    yield* settle
    for (const mine of letters) assert.deepStrictEqual(mine, ["a", "b", "c", "d"])
  }))

it.effect("a call to the dead: NoProcess at once, though awaitExit gives the last reason", () =>
  Effect.gen(function*() {
    const ref = yield* server(() => {})
    yield* ref.exit(ExitReason.shutdown)
    yield* settle
    const call = yield* started(ask(ref, "infinity"))
    stoppedWith(call, "NoProcess")
    assert.strictEqual((yield* ref.awaitExit)._tag, "Shutdown")
  }))
