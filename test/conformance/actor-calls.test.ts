import { assert, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Exit, Fiber, Option } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason } from "whitepool/actor"
import type { Oneshot } from "whitepool/channel"
import { defectOf, outcome, pending, settle, started } from "./support.ts"

type Reply = Oneshot.Sender<string, "no">
const asked = (receive: (reply: Reply) => void | Effect.Effect<void, unknown>) => Actor.spawn<Reply>({ receive })
const ask = (ref: Actor.ActorRef<Reply>, timeout?: "infinity" | "10 seconds") =>
  ref.call<string, "no">((reply) => reply, { timeout })

it.effect("call: the reply, or the failure the behaviour answers with", () =>
  Effect.gen(function*() {
    const answers = yield* asked((reply) => void reply.sendUnsafe("yes"))
    assert.strictEqual(yield* ask(answers), "yes")
    const refuses = yield* asked((reply) => void reply.failUnsafe(Cause.fail("no")))
    assert.strictEqual(yield* Effect.flip(ask(refuses)), "no")
  }))

it.effect("call: a reply may come after the turn", () =>
  Effect.gen(function*() {
    const replies: Array<Reply> = []
    const ref = yield* asked((reply) => void replies.push(reply))
    const call = yield* started(ask(ref))
    assert.isTrue(pending(call))
    yield* replies[0]!.send("later")
    assert.strictEqual(yield* Fiber.join(call), "later")
  }))

it.effect("call: CallTimeout after 5 s by default, after its own timeout, never with infinity", () =>
  Effect.gen(function*() {
    const replies: Array<Reply> = []
    const ref = yield* asked((reply) => void replies.push(reply))
    const five = yield* started(ask(ref))
    const ten = yield* started(ask(ref, "10 seconds"))
    const never = yield* started(ask(ref, "infinity"))
    yield* TestClock.adjust(4_999)
    assert.isTrue(pending(five))
    yield* TestClock.adjust(1)
    yield* settle
    assert.strictEqual(outcome(five)._tag, "CallTimeout")
    assert.deepStrictEqual(yield* replies[0]!.send("late"), Option.some("late"))
    assert.isTrue(pending(ten))
    yield* TestClock.adjust("5 seconds")
    yield* settle
    assert.strictEqual(outcome(ten)._tag, "CallTimeout")
    yield* TestClock.adjust("365 days")
    assert.isTrue(pending(never))
    yield* replies[2]!.send("at last")
    assert.strictEqual(yield* Fiber.join(never), "at last")
  }))

it.effect("call: ActorStopped at once when it dies, NoProcess when it was dead before", () =>
  Effect.gen(function*() {
    const ref = yield* asked(() => {})
    const call = yield* started(ask(ref, "infinity"))
    yield* ref.exit(ExitReason.shutdown)
    yield* settle
    assert.strictEqual(outcome(call)._tag, "ActorStopped")
    assert.strictEqual(outcome(call).reason._tag, "Shutdown")
    const dead = yield* Effect.flip(ask(ref))
    assert(dead !== "no" && dead._tag === "ActorStopped")
    assert.strictEqual(dead.reason._tag, "NoProcess")
  }))

it.effect("call: ActorStopped with the crash when its own message crashes the actor", () =>
  Effect.gen(function*() {
    const ref = yield* asked(() => Effect.die("boom"))
    const stopped = yield* Effect.flip(ask(ref))
    assert(stopped !== "no" && stopped._tag === "ActorStopped")
    assert.strictEqual(stopped.reason._tag, "Crash")
  }))

it.effect("call: interrupted, the behaviour gets its answer back", () =>
  Effect.gen(function*() {
    const replies: Array<Reply> = []
    const ref = yield* asked((reply) => void replies.push(reply))
    yield* Effect.flatMap(started(ask(ref)), Fiber.interrupt)
    assert.deepStrictEqual(yield* replies[0]!.send("late"), Option.some("late"))
    assert.isTrue(yield* ref.isAlive)
  }))

const slow = Effect.gen(function*() {
  const gate = yield* Deferred.make<void>()
  const seen: Array<string> = []
  const ref = yield* Actor.spawn<string>({
    receive: (message) => {
      seen.push(message)
      return message === "slow" ? Deferred.await(gate) : undefined
    }
  })
  return { gate, seen, ref }
})

it.effect("stop: after the messages already queued; waits for the end; default reason Normal", () =>
  Effect.gen(function*() {
    const { gate, seen, ref } = yield* slow
    yield* ref.cast("slow")
    yield* ref.cast("queued")
    const stop = yield* started(ref.stop())
    yield* ref.cast("after the stop")
    assert.isTrue(pending(stop))
    yield* Deferred.succeed(gate, undefined)
    yield* Fiber.join(stop)
    assert.deepStrictEqual(seen, ["slow", "queued"])
    assert.strictEqual((yield* ref.awaitExit)._tag, "Normal")
    yield* ref.stop()
  }))

it.effect("stop: with a reason, that one", () =>
  Effect.gen(function*() {
    const { ref } = yield* slow
    yield* ref.stop({ _tag: "Shutdown", detail: "done" })
    assert.deepInclude(yield* ref.awaitExit, { _tag: "Shutdown", detail: "done" })
  }))

it.effect("stop: from the actor's own turn it does not wait for itself", () =>
  Effect.gen(function*() {
    const ref = yield* Actor.spawn<string>({ receive: (_message, context) => context.self.stop() })
    yield* ref.cast("stop yourself")
    assert.strictEqual((yield* ref.awaitExit)._tag, "Normal")
  }))

it.effect("exit: at once, without what is queued; Normal is ignored by an actor that does not trap", () =>
  Effect.gen(function*() {
    const { seen, ref } = yield* slow
    yield* ref.exit(ExitReason.normal)
    yield* settle
    assert.isTrue(yield* ref.isAlive)
    yield* ref.cast("slow")
    yield* ref.cast("queued")
    yield* ref.exit(ExitReason.shutdown)
    assert.strictEqual((yield* ref.awaitExit)._tag, "Shutdown")
    assert.deepStrictEqual(seen, ["slow"])
  }))

it.effect("exit: Killed ends even an actor in an Effect turn", () =>
  Effect.gen(function*() {
    const { ref } = yield* slow
    yield* ref.cast("slow")
    yield* ref.exit(ExitReason.killed)
    assert.strictEqual((yield* ref.awaitExit)._tag, "Killed")
  }))

it.effect("awaitExit: interrupting it leaves the actor and other watchers alone", () =>
  Effect.gen(function*() {
    const { ref } = yield* slow
    const other = yield* started(ref.awaitExit)
    yield* Effect.flatMap(started(ref.awaitExit), Fiber.interrupt)
    assert.isTrue(yield* ref.isAlive)
    yield* ref.stop()
    assert.strictEqual((yield* Fiber.join(other))._tag, "Normal")
  }))

it("ExitReason: isAbnormal is everything but Normal and Shutdown", () => {
  assert.isFalse(ExitReason.isAbnormal(ExitReason.normal))
  assert.isFalse(ExitReason.isAbnormal(ExitReason.shutdown))
  assert.isFalse(ExitReason.isAbnormal({ _tag: "Shutdown", detail: 1 }))
  assert.isTrue(ExitReason.isAbnormal(ExitReason.killed))
  assert.isTrue(ExitReason.isAbnormal(ExitReason.noProcess))
  assert.isTrue(ExitReason.isAbnormal(ExitReason.crash(Cause.die("x"))))
})

it("ExitReason: fromExit: success Normal, interruption Shutdown, failure or defect Crash with its cause", () => {
  assert.strictEqual(ExitReason.fromExit(Exit.succeed(1))._tag, "Normal")
  assert.strictEqual(ExitReason.fromExit(Exit.interrupt(1))._tag, "Shutdown")
  for (const cause of [Cause.fail("x"), Cause.die("x")]) {
    const reason = ExitReason.fromExit(Exit.failCause(cause))
    assert(reason._tag === "Crash")
    assert.strictEqual(reason.cause, cause)
  }
  const mixed = Cause.combine(Cause.interrupt(1), Cause.die("x"))
  assert.strictEqual(ExitReason.fromExit(Exit.failCause(mixed))._tag, "Crash")
})

it.effect("a defect in the message maker dies in the caller and leaves the actor alone", () =>
  Effect.gen(function*() {
    const ref = yield* asked(() => {})
    const died = yield* defectOf(ref.call<string>(() => {
      throw new Error("maker")
    }))
    assert.isDefined(died)
    assert.isTrue(yield* ref.isAlive)
  }))
