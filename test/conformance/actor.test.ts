import { assert, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Option, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason } from "whitepool/actor"
import type { Oneshot } from "whitepool/channel"
import { outcome, pending, settle, started, tagOf } from "./support.ts"

const recorder = (seen: Array<string>, behavior?: Partial<Actor.Behavior<string>>, options?: Actor.Options) =>
  Actor.spawn<string>({
    receive: (message) => {
      seen.push(message)
      if (message === "throw") throw new Error("thrown")
      return message === "fail" ? Effect.fail("failed") : undefined
    },
    ...behavior
  }, options)

it.effect("spawn: id, name, isAlive; lives until the scope closes, with reason Shutdown", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const seen: Array<string> = []
    const named = yield* Scope.provide(recorder(seen, {}, { name: "scribe" }), scope)
    const nameless = yield* Scope.provide(recorder(seen), scope)
    assert.deepStrictEqual(named.name, Option.some("scribe"))
    assert.isTrue(Option.isNone(nameless.name))
    assert.notStrictEqual(named.id, nameless.id)
    assert.isTrue(yield* named.isAlive)
    yield* Scope.close(scope, Exit.void)
    assert.isFalse(yield* named.isAlive)
    assert.strictEqual((yield* named.awaitExit)._tag, "Shutdown")
  }))

it.effect("receive: messages in order, one turn at a time; an Effect holds the next message back", () =>
  Effect.gen(function*() {
    const gate = yield* Deferred.make<void>()
    const seen: Array<string> = []
    const ref = yield* recorder(seen, {
      receive: (message) => {
        seen.push(message)
        return message === "slow" ? Deferred.await(gate) : undefined
      }
    })
    yield* ref.cast("a")
    ref.castUnsafe("slow")
    yield* ref.cast("b")
    yield* settle
    assert.deepStrictEqual(seen, ["a", "slow"])
    yield* Deferred.succeed(gate, undefined)
    yield* settle
    assert.deepStrictEqual(seen, ["a", "slow", "b"])
  }))

it.effect("a turn of an idle actor runs on the stack of who casts", () =>
  Effect.gen(function*() {
    const seen: Array<string> = []
    const ref = yield* recorder(seen)
    ref.castUnsafe("a")
    assert.deepStrictEqual(seen, ["a"])
  }))

for (const [message, text] of [["throw", "thrown"], ["fail", "failed"]] as const) {
  it.effect(`a turn that ${message}s crashes the actor and never reaches the sender`, () =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const ref = yield* recorder(seen)
      yield* ref.cast(message)
      const reason = yield* ref.awaitExit
      assert(reason._tag === "Crash")
      const cause: any = Cause.squash(reason.cause)
      assert.strictEqual(cause.message ?? cause, text)
      assert.isFalse(yield* ref.isAlive)
      yield* ref.cast("never fails")
      ref.castUnsafe("never throws")
      assert.deepStrictEqual(seen, [message])
      assert.deepStrictEqual(yield* ref.awaitExit, reason)
    }))
}

it.effect("init runs before the first message", () =>
  Effect.gen(function*() {
    const seen: Array<string> = []
    const ref = yield* recorder(seen, {
      init: (context) => Effect.andThen(context.self.cast("from init"), Effect.sync(() => seen.push("init")))
    })
    yield* ref.cast("first")
    yield* settle
    assert.deepStrictEqual(seen, ["init", "from init", "first"])
  }))

it.effect("init: its failure is the actor's exit reason and spawn's failure", () =>
  Effect.gen(function*() {
    let self: Actor.ActorRef<string> | undefined
    const failed = yield* Effect.flip(recorder([], {
      init: (context) => {
        self = context.self
        return Effect.fail("no")
      }
    }))
    assert.strictEqual(failed._tag, "StartFailed")
    assert(failed.reason._tag === "Crash")
    assert.strictEqual(Cause.squash(failed.reason.cause), "no")
    assert.deepStrictEqual(yield* self!.awaitExit, failed.reason)
  }))

it.effect("terminate runs on every end that is not Killed, with the reason", () =>
  Effect.gen(function*() {
    const ends: Array<string> = []
    const terminate = (reason: ExitReason.ExitReason) => Effect.sync(() => void ends.push(reason._tag))
    const spawn = recorder([], { terminate })
    const stopped = yield* spawn
    yield* stopped.stop()
    const exited = yield* spawn
    yield* exited.exit(ExitReason.shutdown)
    yield* exited.awaitExit
    const crashed = yield* spawn
    yield* crashed.cast("throw")
    yield* crashed.awaitExit
    const killed = yield* spawn
    yield* killed.exit(ExitReason.killed)
    assert.strictEqual((yield* killed.awaitExit)._tag, "Killed")
    const scope = yield* Scope.make()
    yield* Scope.provide(spawn, scope)
    yield* Scope.close(scope, Exit.void)
    assert.deepStrictEqual(ends, ["Normal", "Shutdown", "Crash", "Shutdown"])
  }))

it.effect("cast waits for room in a bounded mailbox; interrupted, it was not sent", () =>
  Effect.gen(function*() {
    const gate = yield* Deferred.make<void>()
    const seen: Array<string> = []
    const ref = yield* recorder(seen, {
      receive: (message) => {
        seen.push(message)
        return message === "slow" ? Deferred.await(gate) : undefined
      }
    }, { mailboxCapacity: 1 })
    yield* ref.cast("slow")
    yield* ref.cast("buffered")
    const waiting = yield* started(ref.cast("waits"))
    const leaver = yield* started(ref.cast("leaves"))
    assert.isTrue(pending(waiting))
    yield* Fiber.interrupt(leaver)
    yield* Deferred.succeed(gate, undefined)
    yield* Fiber.join(waiting)
    yield* settle
    assert.deepStrictEqual(seen, ["slow", "buffered", "waits"])
  }))

it.effect("deadLetters: what was sent to the dead, and what castUnsafe put into a full mailbox", () =>
  Effect.gen(function*() {
    const letters: Array<{ readonly to: number; readonly message: unknown }> = []
    yield* Effect.forkChild(Stream.runForEach(Actor.deadLetters, (letter) => Effect.sync(() => letters.push(letter))), {
      startImmediately: true
    })
    yield* settle
    const gate = yield* Deferred.make<void>()
    const ref = yield* recorder([], { receive: () => Deferred.await(gate) }, { mailboxCapacity: 1 })
    for (const message of ["turn", "buffered", "full"]) ref.castUnsafe(message)
    const dead = yield* recorder([])
    yield* dead.stop()
    yield* dead.cast("late")
    dead.castUnsafe("later")
    yield* settle
    yield* ref.exit(ExitReason.killed)
    const mine = (to: number) => letters.filter((letter) => letter.to === to).map((letter) => letter.message)
    assert.deepStrictEqual(mine(dead.id), ["late", "later"])
    assert.strictEqual(mine(ref.id)[0], "full")
  }))

it.effect("sendAfter: sends to self later, driven by the Clock; cancel keeps it from coming", () =>
  Effect.gen(function*() {
    const seen: Array<string> = []
    let timer: Actor.Timer | undefined
    const ref = yield* recorder(seen, {
      receive: (message, context) => {
        seen.push(message)
        if (message === "start") {
          context.sendAfterUnsafe("2 seconds", "unsafe")
          timer = context.sendAfterUnsafe("3 seconds", "cancelled")
          return Effect.asVoid(context.sendAfter("1 second", "effect"))
        }
        return
      }
    })
    yield* ref.cast("start")
    yield* TestClock.adjust(999)
    assert.deepStrictEqual(seen, ["start"])
    yield* TestClock.adjust(1)
    assert.deepStrictEqual(seen, ["start", "effect"])
    yield* timer!.cancel
    yield* TestClock.adjust("1 minute")
    assert.deepStrictEqual(seen, ["start", "effect", "unsafe"])
  }))

it.effect("a behaviour that dropped the reply: NoReply", () =>
  Effect.gen(function*() {
    const ref = yield* Actor.spawn<Oneshot.Sender<string>>({ receive: (reply) => reply.drop })
    assert.strictEqual(yield* tagOf(ref.call((reply: Oneshot.Sender<string>) => reply)), "NoReply")
    const waiting = yield* started(ref.call((reply: Oneshot.Sender<string>) => reply))
    assert.strictEqual(outcome(waiting)._tag, "NoReply")
  }))
