import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Duration, Effect, Exit, Fiber, Option, type Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { AsyncLocalStorage } from "node:async_hooks"
import { Actor, ExitReason } from "whitepool/actor"
import { settle } from "./support/settle.ts"

class Greeting extends Context.Service<Greeting, { readonly text: string }>()("test/Greeting") {}

/** An actor that runs what it is sent. */
type Job = (context: Actor.Context<Job>) => void | Effect.Effect<void, unknown>
const worker = (
  behavior?: Partial<Actor.Behavior<Job>>,
  options?: Actor.Options
): Effect.Effect<Actor.ActorRef<Job>, Actor.StartFailed, Scope.Scope> =>
  Actor.spawn<Job>({ receive: (job, context) => job(context), ...behavior }, options)

const crashOf = (reason: ExitReason.ExitReason): string =>
  reason._tag === "Crash" ? ExitReason.format(reason) : reason._tag

describe("a turn", () => {
  it.effect("runs on the sender's stack when the actor is idle", () =>
    Effect.gen(function*() {
      const seen: Array<number> = []
      const ref = yield* Actor.spawn<number>({ receive: (n) => void seen.push(n) })
      ref.castUnsafe(1)
      ref.castUnsafe(2)
      assert.deepStrictEqual(seen, [1, 2])
    }))

  it.effect("is never nested in another: what it sends to itself is handled after it, on the same stack", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const ref = yield* Actor.spawn<number>({
        receive: (n, context) => {
          log.push(`begin ${n}`)
          if (n < 3) context.self.castUnsafe(n + 1)
          log.push(`end ${n}`)
        }
      })
      ref.castUnsafe(1)
      assert.deepStrictEqual(log, ["begin 1", "end 1", "begin 2", "end 2", "begin 3", "end 3"])
    }))

  it.effect("may send to itself a hundred thousand times without deepening the stack", () =>
    Effect.gen(function*() {
      let handled = 0
      const ref = yield* worker()
      const job: Job = (context) => {
        if (++handled < 100_000) context.self.castUnsafe(job)
      }
      ref.castUnsafe(job)
      yield* Effect.repeat(Effect.yieldNow, { until: () => handled >= 100_000 })
      assert.strictEqual(handled, 100_000)
      assert.isTrue(yield* ref.isAlive)
    }))

  it.effect("may pass a message on through ten thousand actors without overflowing the stack", () =>
    Effect.gen(function*() {
      let arrived = false
      let next = yield* Actor.spawn<string>({ receive: () => void (arrived = true) })
      for (let i = 0; i < 10_000; i++) {
        const to: Actor.ActorRef<string> = next
        next = yield* Actor.spawn<string>({ receive: (message) => to.castUnsafe(message) })
      }
      next.castUnsafe("hello")
      yield* Effect.repeat(Effect.yieldNow, { until: () => arrived })
    }))

  it.effect("that returns an Effect holds the next message back until it ends", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const ref = yield* Actor.spawn<number>({
        receive: (n) =>
          n % 2 === 0 ? void log.push(`now ${n}`) : Effect.gen(function*() {
            log.push(`begin ${n}`)
            yield* Effect.sleep(1000)
            log.push(`end ${n}`)
          })
      })
      for (const n of [1, 2, 3, 4]) ref.castUnsafe(n)
      yield* TestClock.adjust(999)
      assert.deepStrictEqual(log, ["begin 1"])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(log, ["begin 1", "end 1", "now 2", "begin 3"])
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(log, ["begin 1", "end 1", "now 2", "begin 3", "end 3", "now 4"])
    }))

  it.effect("that returns Effect.void is over at once", () =>
    Effect.gen(function*() {
      let handled = 0
      const ref = yield* Actor.spawn<number>({
        receive: () => {
          handled++
          return Effect.void
        }
      })
      ref.castUnsafe(1)
      ref.castUnsafe(2)
      assert.strictEqual(handled, 2)
    }))

  it.effect("runs its Effect with the services, the clock and the fiber of the actor, not of the sender", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const ref = yield* Effect.provideService(
        Actor.spawn({
          receive: (name: string) =>
            Effect.gen(function*() {
              seen.push(`${(yield* Greeting).text} ${name}`, yield* Clock.currentTimeMillis, yield* Effect.fiberId)
            })
        }),
        Greeting,
        { text: "spawned" }
      )
      const sender = yield* Effect.fiberId
      yield* TestClock.withLive(Effect.provideService(ref.cast("hello"), Greeting, { text: "sent" }))
      yield* ref.cast("again")
      yield* settle
      assert.deepStrictEqual(seen.slice(0, 2), ["spawned hello", 0])
      assert.notStrictEqual(seen[2], sender)
      assert.strictEqual(seen[5], seen[2], "one fiber for all turns")
    }))

  it.effect("as an Effect, init and terminate do not see the sender's AsyncLocalStorage", () =>
    Effect.gen(function*() {
      const storage = new AsyncLocalStorage<string>()
      const seen: Array<string> = []
      const look = (what: string) => Effect.sync(() => void seen.push(`${what}: ${storage.getStore()}`))
      const lookTwice = (what: string) => Effect.andThen(Effect.andThen(look(what), Effect.yieldNow), look(what))
      const spawn = worker({ init: () => lookTwice("init"), terminate: () => lookTwice("terminate") })
      const ref = yield* spawn
      storage.run("sender", () => {
        ref.castUnsafe(() => lookTwice("turn"))
        ref.castUnsafe(() => {
          throw new Error("boom")
        })
      })
      yield* ref.awaitExit
      assert.deepStrictEqual(
        seen,
        ["init", "turn", "terminate"].flatMap((what) => {
          const line = `${what}: undefined`
          return [line, line]
        })
      )
    }))
})

describe("a turn that goes wrong", () => {
  const boom = new Error("boom")
  const failures: ReadonlyArray<readonly [string, Job]> = [
    ["throws", () => {
      throw boom
    }],
    ["fails at once", () => Effect.fail(boom)],
    ["fails later", () => Effect.andThen(Effect.yieldNow, Effect.fail(boom))],
    ["dies", () => Effect.andThen(Effect.yieldNow, Effect.die(boom))]
  ]
  for (const [how, job] of failures) {
    it.effect(`(it ${how}) ends the actor, not the sender, and what is queued becomes dead letters`, () =>
      Effect.gen(function*() {
        const ref = yield* worker()
        const handled: Array<string> = []
        const letters = yield* collectDeadLetters(ref.id)
        const after: Job = () => void handled.push("after")
        ref.castUnsafe((context) => {
          context.self.castUnsafe(job)
          context.self.castUnsafe(after)
        })
        ref.castUnsafe(after)
        const reason = yield* ref.awaitExit
        assert.strictEqual(crashOf(reason), "Crash(Error)")
        assert.deepStrictEqual(handled, [])
        ref.castUnsafe(after)
        yield* ref.cast(after)
        yield* settle
        assert.deepStrictEqual(letters, [after, after, after, after])
      }))
  }

  it.effect("(it interrupts itself) is a crash, as nobody told the actor to end", () =>
    Effect.gen(function*() {
      const ref = yield* worker()
      yield* ref.cast(() => Effect.interrupt)
      assert.strictEqual((yield* ref.awaitExit)._tag, "Crash")
    }))

  it.effect("leaves the sender's own turn intact when an actor sends to another that crashes", () =>
    Effect.gen(function*() {
      const victim = yield* worker()
      const sender = yield* worker()
      const handled: Array<string> = []
      sender.castUnsafe(() => {
        victim.castUnsafe(() => {
          throw boom
        })
        handled.push("went on")
      })
      sender.castUnsafe(() => void handled.push("next"))
      assert.deepStrictEqual(handled, ["went on", "next"])
      assert.strictEqual(crashOf(yield* victim.awaitExit), "Crash(Error)")
      assert.isTrue(yield* sender.isAlive)
    }))
})

/** Dead letters of one actor from now on, in an array that grows. */
const collectDeadLetters = (id: number) =>
  Effect.gen(function*() {
    const letters: Array<unknown> = []
    yield* Effect.forkScoped(
      Stream.runForEach(Actor.deadLetters, (letter) =>
        Effect.sync(() => {
          if (letter.to === id) letters.push(letter.message)
        })),
      { startImmediately: true }
    )
    yield* settle
    return letters
  })

describe("a bounded mailbox", () => {
  /** Holds an actor in its turn until the gate opens. */
  const busy = (capacity: number) =>
    Effect.gen(function*() {
      const handled: Array<string> = []
      const ref = yield* Actor.spawn<string>({
        receive: (message) => {
          handled.push(message)
          return message.startsWith("hold") ? Effect.sleep(1000) : undefined
        }
      }, { mailboxCapacity: capacity })
      ref.castUnsafe("hold")
      return { handled, ref }
    })

  it.effect("makes a cast wait for room, first come first served", () =>
    Effect.gen(function*() {
      const { handled, ref } = yield* busy(1)
      yield* ref.cast("a")
      const b = yield* Effect.forkChild(ref.cast("b"), { startImmediately: true })
      const c = yield* Effect.forkChild(ref.cast("c"), { startImmediately: true })
      yield* settle
      assert.isUndefined(b.pollUnsafe())
      yield* TestClock.adjust(1000)
      yield* Fiber.joinAll([b, c])
      yield* settle
      assert.deepStrictEqual(handled, ["hold", "a", "b", "c"])
    }))

  it.effect("forgets a cast that was interrupted while it waited for room", () =>
    Effect.gen(function*() {
      const { handled, ref } = yield* busy(1)
      yield* ref.cast("a")
      const b = yield* Effect.forkChild(ref.cast("b"), { startImmediately: true })
      const c = yield* Effect.forkChild(ref.cast("c"), { startImmediately: true })
      yield* Fiber.interrupt(b)
      yield* TestClock.adjust(1000)
      yield* Fiber.join(c)
      yield* settle
      assert.deepStrictEqual(handled, ["hold", "a", "c"])
    }))

  it.effect("makes castUnsafe into a full one a dead letter", () =>
    Effect.gen(function*() {
      const { handled, ref } = yield* busy(1)
      const letters = yield* collectDeadLetters(ref.id)
      ref.castUnsafe("a")
      ref.castUnsafe("b")
      yield* TestClock.adjust(1000)
      yield* settle
      assert.deepStrictEqual(handled, ["hold", "a"])
      assert.deepStrictEqual(letters, ["b"])
    }))

  it.effect("turns what waits for room into dead letters when the actor ends", () =>
    Effect.gen(function*() {
      const { ref } = yield* busy(1)
      const letters = yield* collectDeadLetters(ref.id)
      yield* ref.cast("a")
      const b = yield* Effect.forkChild(ref.cast("b"), { startImmediately: true })
      yield* ref.exit(ExitReason.killed)
      assert.deepStrictEqual(yield* Fiber.await(b), Exit.void)
      yield* settle
      assert.deepStrictEqual(letters, ["a", "b"])
    }))

  it.effect("keeps nobody waiting for room while terminate takes its time", () =>
    Effect.gen(function*() {
      const ref = yield* Actor.spawn<string>({
        receive: () => Effect.never,
        terminate: () => Effect.sleep(1000)
      }, { mailboxCapacity: 1 })
      const letters = yield* collectDeadLetters(ref.id)
      const casts = yield* Effect.forkChild(
        Effect.forEach(["a", "b", "c", "d", "e"], (message) => ref.cast(message), { concurrency: "unbounded" }),
        { startImmediately: true }
      )
      yield* settle
      assert.isUndefined(casts.pollUnsafe())
      yield* ref.exit(ExitReason.shutdown)
      yield* settle
      assert.isTrue(yield* ref.isAlive)
      assert.deepStrictEqual(letters, ["b", "c", "d", "e"])
      yield* Fiber.join(casts)
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(yield* ref.awaitExit, ExitReason.shutdown)
    }))

  it.effect("has room for stop, exit signals, timers and Downs however full it is", () =>
    Effect.gen(function*() {
      const handled: Array<string> = []
      const ref = yield* Actor.spawn<string>({
        trapExit: true,
        init: (context) => Effect.asVoid(context.sendAfter(10, "timer")),
        receive: (message) => {
          handled.push(message)
          return message === "hold" ? Effect.sleep(1000) : undefined
        },
        onExit: (_, reason) => void handled.push(reason._tag)
      }, { mailboxCapacity: 1 })
      ref.castUnsafe("hold")
      ref.castUnsafe("a")
      yield* TestClock.adjust(10)
      yield* ref.exit(ExitReason.normal)
      const stopped = yield* Effect.forkChild(ref.stop(), { startImmediately: true })
      yield* TestClock.adjust(1000)
      yield* Fiber.join(stopped)
      assert.deepStrictEqual(handled, ["hold", "a", "timer", "Normal"])
    }))

  for (const capacity of [0, -1, 1.5, NaN, Infinity]) {
    it.effect(`refuses a capacity of ${capacity}`, () =>
      Effect.gen(function*() {
        const exit = yield* Effect.exit(worker({}, { mailboxCapacity: capacity }))
        assert.isTrue(Exit.hasDies(exit))
      }))
  }
})

describe("the address", () => {
  it.effect("has a number and a name, and shows nothing else", () =>
    Effect.gen(function*() {
      const a = yield* worker({}, { name: "alice" })
      const b = yield* worker()
      assert.isTrue(b.id > a.id)
      assert.deepStrictEqual([a.name, b.name], [Option.some("alice"), Option.none()])
      assert.deepStrictEqual(JSON.parse(JSON.stringify(a)), { _id: "ActorRef", id: a.id, name: "alice" })
    }))

  it.effect("of an actor that takes anything can be given to whoever sends something", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const anything = yield* Actor.spawn<unknown>({ receive: (message) => void seen.push(message) })
      const strings: Actor.ActorRef<string> = anything
      const nobody: Actor.ActorRef<never> = strings
      strings.castUnsafe("hello")
      assert.deepStrictEqual(seen, ["hello"])
      assert.strictEqual(nobody.id, anything.id)
    }))
})

describe("dead letters", () => {
  it.effect("reach every listener from the moment it listens, with the number of the addressee", () =>
    Effect.gen(function*() {
      const ref = yield* worker()
      yield* ref.stop()
      const job: Job = () => {}
      ref.castUnsafe(job)
      const one = yield* collectDeadLetters(ref.id)
      const two = yield* collectDeadLetters(ref.id)
      ref.castUnsafe(job)
      yield* settle
      assert.deepStrictEqual([one, two], [[job], [job]])
    }))

  it.effect("are counted, whether anybody listens or not", () =>
    Effect.gen(function*() {
      const ref = yield* Actor.spawn<number>({ receive: () => Effect.never })
      const before = yield* Actor.deadLetterCount
      ref.castUnsafe(1)
      ref.castUnsafe(2)
      assert.strictEqual(yield* Actor.deadLetterCount, before)
      yield* ref.exit(ExitReason.killed)
      assert.strictEqual(yield* Actor.deadLetterCount, before + 1, "what waited")
      yield* ref.cast(3)
      assert.strictEqual(yield* Actor.deadLetterCount, before + 2, "what came too late")
    }))

  it.effect("slide: a listener that lags keeps the newest", () =>
    Effect.gen(function*() {
      const ref = yield* Actor.spawn<number>({ receive: () => {} })
      yield* ref.stop()
      const seen: Array<unknown> = []
      yield* Effect.forkScoped(
        Stream.runForEach(Actor.deadLetters, (letter) => Effect.sync(() => void seen.push(letter.message))),
        { startImmediately: true }
      )
      yield* settle
      for (let n = 0; n < 5000; n++) ref.castUnsafe(n)
      yield* settle
      assert.strictEqual(seen.at(-1), 4999)
      assert.isTrue(seen.length >= 1000 && seen.length < 2000, `${seen.length} kept`)
    }))
})

describe("sendAfter", () => {
  it.effect("sends to self when the delay has passed, in the order of the instants", () =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const ref = yield* Actor.spawn<string>({
        init: (context) =>
          Effect.sync(() => {
            context.sendAfterUnsafe("2 seconds", "two")
            context.sendAfterUnsafe("1 second", "one")
          }),
        receive: (message) => void seen.push(message)
      })
      yield* TestClock.adjust(999)
      assert.deepStrictEqual(seen, [])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(seen, ["one"])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(seen, ["one", "two"])
      yield* ref.stop()
    }))

  it.effect("sends nothing after cancel, which is idempotent", () =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      let timer: Actor.Timer | undefined
      const ref = yield* Actor.spawn<string>({
        receive: (message, context) => {
          seen.push(message)
          if (message === "begin") timer = context.sendAfterUnsafe(10, "never")
        }
      })
      ref.castUnsafe("begin")
      yield* timer!.cancel
      yield* timer!.cancel
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(seen, ["begin"])
    }))

  it.effect("sends nothing after cancel, even when the message already lies in the mailbox", () =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const ref = yield* Actor.spawn<string>({
        receive: (message, context) => {
          seen.push(message)
          if (message !== "begin") return
          const timer = context.sendAfterUnsafe(10, "never")
          return Effect.andThen(Effect.sleep(1000), Effect.sync(() => timer.cancelUnsafe()))
        }
      })
      ref.castUnsafe("begin")
      yield* TestClock.adjust(1000)
      ref.castUnsafe("end")
      assert.deepStrictEqual(seen, ["begin", "end"])
    }))

  it.effect("queues behind what came before it, and is a dead letter when the actor ends before its turn", () =>
    Effect.gen(function*() {
      const ref = yield* worker()
      const letters = yield* collectDeadLetters(ref.id)
      const late: Job = () => {}
      ref.castUnsafe((context) => {
        context.sendAfterUnsafe(10, late)
        return Effect.sleep(1000)
      })
      yield* TestClock.adjust(500)
      yield* ref.exit(ExitReason.shutdown)
      yield* ref.awaitExit
      yield* settle
      assert.deepStrictEqual(letters, [late])
    }))

  it.effect("ends with the actor: a timer that has not fired is no dead letter", () =>
    Effect.gen(function*() {
      const ref = yield* worker()
      const letters = yield* collectDeadLetters(ref.id)
      let context: Actor.Context<Job> | undefined
      ref.castUnsafe((its) => {
        context = its
        its.sendAfterUnsafe(10, () => {})
      })
      yield* ref.stop()
      yield* context!.sendAfter(10, () => {})
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(letters, [])
    }))

  it.effect("dies of a delay that is negative or not a number, and waits for ever with an infinite one", () =>
    Effect.gen(function*() {
      const exits: Array<boolean> = []
      let fired = false
      const ref = yield* worker()
      yield* ref.cast((context) =>
        Effect.gen(function*() {
          for (const delay of [-1, NaN, Duration.millis(-5)]) {
            exits.push(Exit.hasDies(yield* Effect.exit(context.sendAfter(delay, () => {}))))
          }
          yield* context.sendAfter(Duration.infinity, () => void (fired = true))
        })
      )
      yield* settle
      yield* TestClock.adjust("365 days")
      assert.deepStrictEqual(exits, [true, true, Duration.isNegative(Duration.millis(-5))])
      assert.isFalse(fired)
    }))
})
