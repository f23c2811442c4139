import { assert, describe, it } from "@effect/vitest"
import { Cause, Clock, Effect, Exit, Fiber, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason } from "whitepool/actor"
import type { Oneshot } from "whitepool/channel"
import { withCounters } from "../support/liveFibers.ts"
import { settle } from "./support/settle.ts"

interface Ask {
  readonly reply: Oneshot.Sender<number, string>
  readonly answer: (reply: Oneshot.Sender<number, string>) => void | Effect.Effect<unknown, unknown>
}

const spawn = (options?: Actor.Options, behavior?: Partial<Actor.Behavior<Ask>>) =>
  Actor.spawn<Ask>({
    receive: ({ answer, reply }) => {
      const effect = answer(reply)
      return effect === undefined ? undefined : Effect.asVoid(effect)
    },
    ...behavior
  }, options)

const ask = (
  ref: Actor.ActorRef<Ask>,
  answer: Ask["answer"],
  options?: { readonly timeout?: number | "infinity" }
) => ref.call<number, string>((reply) => ({ reply, answer }), options)

const never: Ask["answer"] = () => {}

/** The failure of a call, as a tag and, for `ActorStopped`, the tag of its reason. */
const failure = <A>(self: Effect.Effect<A, string | Oneshot.NoReply | Actor.CallTimeout | Actor.ActorStopped>) =>
  Effect.map(
    Effect.flip(self),
    (error) =>
      typeof error === "string"
        ? error
        : error._tag === "ActorStopped"
        ? `ActorStopped(${error.reason._tag})`
        : error._tag
  )

describe("a call", () => {
  it.effect("that is answered in its turn returns the reply without suspending", () =>
    Effect.gen(function*() {
      const ref = yield* spawn()
      const fiber = Effect.runFork(ask(ref, (reply) => void reply.sendUnsafe(1)))
      assert.deepStrictEqual(fiber.pollUnsafe(), Exit.succeed(1))
    }))

  it.effect("that is answered in its turn reads no clock and arms no timer", () =>
    Effect.gen(function*() {
      const clock = yield* Clock.Clock
      let reads = 0
      const counted: Clock.Clock = Object.assign(Object.create(clock) as Clock.Clock, {
        monotonicTimeNanosUnsafe: () => {
          reads++
          return clock.monotonicTimeNanosUnsafe()
        }
      })
      const ref = yield* Effect.provideService(spawn(), Clock.Clock, counted)
      yield* ask(ref, (reply) => void reply.sendUnsafe(1))
      assert.strictEqual(reads, 0)
      yield* failure(ask(ref, (reply) => Effect.andThen(Effect.yieldNow, reply.drop)))
      assert.isTrue(reads > 0)
    }))

  it.effect("without a timeout arms no timer either", () =>
    withCounters((live) =>
      Effect.gen(function*() {
        const ref = yield* spawn()
        yield* Effect.forkChild(ask(ref, never, { timeout: "infinity" }), { startImmediately: true })
        yield* settle
        assert.strictEqual(live.sleeps(), 0)
      })
    ))

  it.effect("waits for a reply that comes later", () =>
    Effect.gen(function*() {
      const ref = yield* spawn()
      let later: Oneshot.Sender<number, string> | undefined
      const call = yield* Effect.forkChild(ask(ref, (reply) => void (later = reply)), { startImmediately: true })
      yield* TestClock.adjust(4999)
      assert.isUndefined(call.pollUnsafe())
      assert.deepStrictEqual(later!.sendUnsafe(7), Option.none())
      assert.strictEqual(yield* Fiber.join(call), 7)
    }))

  it.effect("fails with the failure that it is answered with", () =>
    Effect.gen(function*() {
      const ref = yield* spawn()
      assert.strictEqual(yield* failure(ask(ref, (reply) => reply.fail(Cause.fail("no")))), "no")
    }))

  it.effect("fails with NoReply when the behaviour drops it", () =>
    Effect.gen(function*() {
      const ref = yield* spawn()
      assert.strictEqual(yield* failure(ask(ref, (reply) => reply.drop)), "NoReply")
    }))

  it.effect("fails with CallTimeout after 5 seconds by default, and refuses the reply from then on", () =>
    Effect.gen(function*() {
      const ref = yield* spawn({ name: "slow" })
      let later: Oneshot.Sender<number, string> | undefined
      const call = yield* Effect.forkChild(
        Effect.flip(ask(ref, (reply) => void (later = reply))),
        { startImmediately: true }
      )
      yield* TestClock.adjust(4999)
      assert.isUndefined(call.pollUnsafe())
      yield* TestClock.adjust(1)
      const error = yield* Fiber.join(call)
      assert.instanceOf(error, Actor.CallTimeout)
      assert.include(error.message, `"slow" (${ref.id})`)
      assert.deepStrictEqual(later!.sendUnsafe(7), Option.some(7))
    }))

  it.effect("takes a timeout of its own, or none", () =>
    Effect.gen(function*() {
      const ref = yield* spawn()
      const short = yield* Effect.forkChild(failure(ask(ref, never, { timeout: 10 })), { startImmediately: true })
      const endless = yield* Effect.forkChild(ask(ref, never, { timeout: "infinity" }), { startImmediately: true })
      yield* TestClock.adjust(10)
      assert.strictEqual(yield* Fiber.join(short), "CallTimeout")
      yield* TestClock.adjust("100 days")
      assert.isUndefined(endless.pollUnsafe())
    }))

  it.effect("with a timeout of 0 takes a reply that is given in its turn, and nothing later", () =>
    Effect.gen(function*() {
      const ref = yield* spawn()
      assert.strictEqual(
        yield* ask(ref, (reply) => reply.send(1).pipe(() => void reply.sendUnsafe(1)), { timeout: 0 }),
        1
      )
      const call = yield* Effect.forkChild(failure(ask(ref, never, { timeout: 0 })), { startImmediately: true })
      yield* TestClock.adjust(0)
      yield* settle
      assert.strictEqual(yield* Fiber.join(call), "CallTimeout")
    }))

  it.effect("dies of a timeout that is negative or not a number, and sends nothing", () =>
    Effect.gen(function*() {
      const ref = yield* spawn()
      let asked = 0
      for (const timeout of [-1, NaN]) {
        assert.isTrue(Exit.hasDies(yield* Effect.exit(ask(ref, () => void asked++, { timeout }))))
      }
      assert.strictEqual(asked, 0)
    }))

  it.effect("fails at once with the actor's reason when it crashes while it works", () =>
    Effect.gen(function*() {
      const ref = yield* spawn()
      assert.strictEqual(yield* failure(ask(ref, () => Effect.fail("boom"))), "ActorStopped(Crash)")
      assert.strictEqual(yield* TestClock.testClockWith((clock) => clock.currentTimeMillis), 0)
    }))

  it.effect("fails at once when it is left in the mailbox of one that ends", () =>
    Effect.gen(function*() {
      const ref = yield* spawn()
      yield* Effect.forkChild(failure(ask(ref, () => Effect.never)), { startImmediately: true })
      const left = yield* Effect.forkChild(failure(ask(ref, (reply) => reply.send(1))), { startImmediately: true })
      yield* ref.exit(ExitReason.killed)
      assert.strictEqual(yield* Fiber.join(left), "ActorStopped(Killed)")
    }))

  it.effect("fails at once when the behaviour kept the reply for later and ends", () =>
    Effect.gen(function*() {
      const ref = yield* spawn()
      const call = yield* Effect.forkChild(failure(ask(ref, never)), { startImmediately: true })
      yield* ref.stop()
      assert.strictEqual(yield* Fiber.join(call), "ActorStopped(Normal)")
    }))

  it.effect("can still be answered by terminate", () =>
    Effect.gen(function*() {
      let owed: Oneshot.Sender<number, string> | undefined
      const ref = yield* spawn({}, { terminate: () => Effect.asVoid(owed!.send(9)) })
      const call = yield* Effect.forkChild(ask(ref, (reply) => void (owed = reply)), { startImmediately: true })
      yield* ref.stop()
      assert.strictEqual(yield* Fiber.join(call), 9)
    }))

  it.effect("made during terminate ends with the actor's reason", () =>
    Effect.gen(function*() {
      const ref = yield* spawn({}, { terminate: () => Effect.sleep(1000) })
      yield* Effect.forkChild(ref.stop(), { startImmediately: true })
      const call = yield* Effect.forkChild(failure(ask(ref, never)), { startImmediately: true })
      yield* TestClock.adjust(999)
      assert.isUndefined(call.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* Fiber.join(call), "ActorStopped(Normal)")
    }))

  it.effect("to the dead fails with NoProcess, and makes no message", () =>
    Effect.gen(function*() {
      const ref = yield* spawn()
      yield* ref.stop()
      const made: Array<string> = []
      const call = ref.call<number, string>((reply) => {
        made.push("made")
        return { reply, answer: never }
      })
      assert.strictEqual(yield* failure(call), "ActorStopped(NoProcess)")
      assert.deepStrictEqual(made, [])
    }))

  it.effect("from the actor's own turn runs into its deadline, and the actor goes on", () =>
    Effect.gen(function*() {
      const outcome: Array<string> = []
      const ref = yield* spawn()
      yield* Effect.forkChild(
        ask(ref, (reply) =>
          Effect.gen(function*() {
            outcome.push(yield* failure(ask(ref, (inner) => inner.send(1), { timeout: 100 })))
            yield* reply.send(2)
          })),
        { startImmediately: true }
      )
      yield* TestClock.adjust(100)
      assert.deepStrictEqual(outcome, ["CallTimeout"])
      assert.strictEqual(yield* ask(ref, (reply) => reply.send(3)), 3)
    }))

  it.effect("that is interrupted refuses the reply", () =>
    Effect.gen(function*() {
      const ref = yield* spawn()
      let later: Oneshot.Sender<number, string> | undefined
      const call = yield* Effect.forkChild(ask(ref, (reply) => void (later = reply)), { startImmediately: true })
      yield* Fiber.interrupt(call)
      assert.deepStrictEqual(later!.sendUnsafe(7), Option.some(7))
    }))

  it.effect("that is interrupted by the very turn it begins refuses the reply as well", () =>
    Effect.gen(function*() {
      const ref = yield* spawn()
      let later: Oneshot.Sender<number, string> | undefined
      let caller: Fiber.Fiber<unknown, unknown> | undefined
      const call = yield* Effect.forkChild(
        Effect.withFiber((fiber) => {
          caller = fiber
          return ask(ref, (reply) => {
            later = reply
            caller?.interruptUnsafe()
          })
        }),
        { startImmediately: true }
      )
      assert.isTrue(Exit.hasInterrupts(yield* Fiber.await(call)))
      assert.deepStrictEqual(later!.sendUnsafe(7), Option.some(7))
    }))

  it.effect("whose message cannot be made refuses the reply that was to go with it", () =>
    Effect.gen(function*() {
      const ref = yield* spawn()
      let leaked: Oneshot.Sender<number, string> | undefined
      const exit = yield* Effect.exit(ref.call<number, string>((reply) => {
        leaked = reply
        throw new Error("no message")
      }))
      assert.isTrue(Exit.hasDies(exit))
      assert.deepStrictEqual(leaked!.sendUnsafe(7), Option.some(7))
    }))

  it.effect("is made anew each time its effect is evaluated", () =>
    Effect.gen(function*() {
      const ref = yield* spawn()
      let count = 0
      const call = ask(ref, (reply) => void reply.sendUnsafe(++count))
      assert.deepStrictEqual([yield* call, yield* call], [1, 2])
    }))

  it.effect("keeps its deadline by the actor's clock", () =>
    Effect.gen(function*() {
      const ref = yield* spawn()
      const call = yield* Effect.forkChild(TestClock.withLive(failure(ask(ref, never, { timeout: 10 }))), {
        startImmediately: true
      })
      yield* TestClock.adjust(10)
      assert.strictEqual(yield* Fiber.join(call), "CallTimeout")
    }))
})

describe("a call to a full mailbox", () => {
  const full = Effect.gen(function*() {
    const ref = yield* spawn({ mailboxCapacity: 1 })
    yield* Effect.forkChild(Effect.exit(ask(ref, () => Effect.sleep(1000), { timeout: "infinity" })), {
      startImmediately: true
    })
    yield* settle
    yield* ref.cast({ reply: undefined as never, answer: never })
    return ref
  })

  it.effect("waits for room and for the reply within one timeout", () =>
    Effect.gen(function*() {
      const ref = yield* full
      let later: Oneshot.Sender<number, string> | undefined
      const call = yield* Effect.forkChild(failure(ask(ref, (reply) => void (later = reply), { timeout: 1500 })), {
        startImmediately: true
      })
      yield* TestClock.adjust(1499)
      assert.isDefined(later)
      assert.isUndefined(call.pollUnsafe())
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* Fiber.join(call), "CallTimeout")
      assert.deepStrictEqual(later.sendUnsafe(1), Option.some(1))
    }))

  it.effect("is answered when there was room in time", () =>
    Effect.gen(function*() {
      const ref = yield* full
      const call = yield* Effect.forkChild(ask(ref, (reply) => void reply.sendUnsafe(5)), { startImmediately: true })
      yield* TestClock.adjust(1000)
      assert.strictEqual(yield* Fiber.join(call), 5)
    }))

  it.effect("that times out before there is room was never sent", () =>
    Effect.gen(function*() {
      const ref = yield* full
      let asked = false
      const call = yield* Effect.forkChild(failure(ask(ref, () => void (asked = true), { timeout: 500 })), {
        startImmediately: true
      })
      yield* TestClock.adjust(500)
      assert.strictEqual(yield* Fiber.join(call), "CallTimeout")
      yield* TestClock.adjust(1000)
      assert.isFalse(asked)
      assert.strictEqual(yield* ask(ref, (reply) => reply.send(1)), 1)
    }))

  it.effect("that is interrupted gives up its place", () =>
    Effect.gen(function*() {
      const ref = yield* full
      let asked = false
      const call = yield* Effect.forkChild(ask(ref, () => void (asked = true)), { startImmediately: true })
      const next = yield* Effect.forkChild(ask(ref, (reply) => void reply.sendUnsafe(2)), { startImmediately: true })
      yield* Fiber.interrupt(call)
      yield* TestClock.adjust(1000)
      assert.strictEqual(yield* Fiber.join(next), 2)
      assert.isFalse(asked)
    }))

  it.effect("is a dead letter when the actor ends meanwhile", () =>
    Effect.gen(function*() {
      const ref = yield* full
      const letters: Array<unknown> = []
      yield* Effect.forkScoped(
        Stream.runForEach(
          Actor.deadLetters,
          (letter) => Effect.sync(() => letter.to === ref.id && letters.push(letter))
        ),
        { startImmediately: true }
      )
      yield* settle
      const calls = yield* Effect.forkChild(
        Effect.forEach([1, 2, 3], () => failure(ask(ref, never)), { concurrency: "unbounded" }),
        { startImmediately: true }
      )
      yield* ref.exit(ExitReason.shutdown)
      assert.deepStrictEqual(yield* Fiber.join(calls), Array.from({ length: 3 }, () => "ActorStopped(Shutdown)"))
      yield* settle
      assert.strictEqual(letters.length, 4, "the one in the mailbox and the three that waited")
    }))

  it.effect("keeps its deadline when the actor takes its time to end", () =>
    Effect.gen(function*() {
      const ref = yield* spawn({ mailboxCapacity: 1 }, { terminate: () => Effect.never })
      yield* Effect.forkChild(Effect.exit(ask(ref, () => Effect.never, { timeout: "infinity" })), {
        startImmediately: true
      })
      yield* settle
      yield* ref.cast({ reply: undefined as never, answer: never })
      const call = yield* Effect.forkChild(failure(ask(ref, never, { timeout: 1000 })), { startImmediately: true })
      yield* TestClock.adjust(500)
      yield* ref.exit(ExitReason.shutdown)
      yield* TestClock.adjust(500)
      assert.strictEqual(yield* Fiber.join(call), "CallTimeout")
      yield* ref.exit(ExitReason.killed)
    }))

  it.effect("fails at once with the actor's reason when it ends meanwhile", () =>
    Effect.gen(function*() {
      const ref = yield* full
      const call = yield* Effect.forkChild(failure(ask(ref, never)), { startImmediately: true })
      yield* ref.exit(ExitReason.shutdown)
      assert.strictEqual(yield* Fiber.join(call), "ActorStopped(Shutdown)")
    }))
})

describe("after a call, however it ends", () => {
  const ends: ReadonlyArray<readonly [string, (ref: Actor.ActorRef<Ask>) => Effect.Effect<unknown, unknown>]> = [
    ["a reply", (ref) => ask(ref, (reply) => Effect.andThen(Effect.yieldNow, reply.send(1)))],
    ["a drop", (ref) => ask(ref, (reply) => Effect.andThen(Effect.yieldNow, reply.drop))],
    ["a timeout", (ref) => ask(ref, never, { timeout: 100 })],
    ["an interruption", (ref) => Effect.timeout(ask(ref, never), 100)]
  ]
  for (const [how, call] of ends) {
    it.effect(`(${how}) no fiber, no timer and no watch is left`, () =>
      withCounters((live) =>
        Effect.gen(function*() {
          const ref = yield* spawn()
          yield* settle
          const before = live.fibers()
          const calls = yield* Effect.forkChild(
            Effect.forEach([1, 2, 3], () => Effect.exit(call(ref)), { concurrency: 3 }),
            {
              startImmediately: true
            }
          )
          yield* TestClock.adjust(100)
          yield* Fiber.join(calls)
          yield* settle
          assert.deepStrictEqual([live.fibers(), live.sleeps()], [before, 0])
          yield* ref.stop()
          yield* settle
          assert.strictEqual(live.fibers(), before - 1)
        })
      ))
  }
})
