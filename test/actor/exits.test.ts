import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Option, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason } from "whitepool/actor"
import { withCounters } from "../support/liveFibers.ts"
import { settle } from "./support/settle.ts"

type Message = string | Effect.Effect<void, unknown> | ((context: Actor.Context<Message>) => void)

/** An actor that writes down what happens to it; it runs the Effects and the functions that it is sent. */
const logged = (log: Array<string>, behavior?: Partial<Actor.Behavior<Message>>) =>
  Actor.spawn<Message>({
    receive: (message, context) => {
      if (Effect.isEffect(message)) return message
      if (typeof message === "function") return message(context)
      log.push(message)
    },
    terminate: (reason) => Effect.sync(() => void log.push(`terminate ${reason._tag}`)),
    ...behavior
  })

/** A turn that lasts a second, and writes down when it is interrupted. */
const long = (log: Array<string>) =>
  Effect.onInterrupt(
    Effect.andThen(Effect.sleep(1000), Effect.sync(() => void log.push("long"))),
    () => Effect.sync(() => void log.push("interrupted"))
  )

const boom: Message = () => {
  throw new Error("boom")
}

const detail: ExitReason.ExitReason = { _tag: "Shutdown", detail: "upgrade" }

describe("stop", () => {
  it.effect("ends the actor after what is queued, runs terminate, and waits for the end", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const ref = yield* logged(log)
      ref.castUnsafe(long(log))
      ref.castUnsafe("queued")
      const stop = yield* Effect.forkChild(ref.stop(), { startImmediately: true })
      ref.castUnsafe("too late")
      yield* TestClock.adjust(999)
      assert.isUndefined(stop.pollUnsafe())
      assert.isTrue(yield* ref.isAlive)
      yield* TestClock.adjust(1)
      yield* Fiber.join(stop)
      assert.isFalse(yield* ref.isAlive)
      assert.deepStrictEqual(log, ["long", "queued", "terminate Normal"])
    }))

  it.effect("ends it with the reason that it is given", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const ref = yield* logged(log)
      yield* ref.stop(detail)
      assert.deepStrictEqual(yield* ref.awaitExit, detail)
      assert.deepStrictEqual(log, ["terminate Shutdown"])
    }))

  it.effect("may be called by anybody, more than once, also when it is dead", () =>
    Effect.gen(function*() {
      const ref = yield* logged([])
      yield* Effect.all([ref.stop(), ref.stop(ExitReason.shutdown)], { concurrency: 2 })
      yield* ref.stop()
      assert.deepStrictEqual(yield* ref.awaitExit, ExitReason.normal)
    }))

  it.effect("interrupted, stops the actor nevertheless", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const ref = yield* logged(log)
      ref.castUnsafe(long(log))
      const stop = yield* Effect.forkChild(ref.stop(), { startImmediately: true })
      yield* Fiber.interrupt(stop)
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(yield* ref.awaitExit, ExitReason.normal)
    }))

  const asks: ReadonlyArray<readonly [string, (stop: Effect.Effect<void>) => Effect.Effect<void, unknown>]> = [
    ["a turn", (stop) => stop],
    ["a fiber of a turn", (stop) => Effect.timeout(stop, 5000)],
    ["a child of a turn", (stop) => Effect.flatMap(Effect.forkChild(stop), (fiber) => Fiber.join(fiber))]
  ]
  for (const [whose, ask] of asks) {
    it.effect(`does not wait for itself when ${whose} asks for it`, () =>
      Effect.gen(function*() {
        const log: Array<string> = []
        const ref = yield* logged(log)
        ref.castUnsafe(
          Effect.andThen(ask(Effect.suspend(() => ref.stop())), Effect.sync(() => void log.push("went on")))
        )
        ref.castUnsafe("queued")
        assert.deepStrictEqual(yield* ref.awaitExit, ExitReason.normal)
        assert.deepStrictEqual(log, ["went on", "queued", "terminate Normal"])
      }))
  }

  it.effect("waits when one actor stops another from its turn", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const child = yield* logged(log)
      const parent = yield* logged(log)
      parent.castUnsafe(Effect.andThen(child.stop(), Effect.sync(() => void log.push("went on"))))
      yield* parent.stop()
      assert.deepStrictEqual(log, ["terminate Normal", "went on", "terminate Normal"])
    }))
})

describe("an exit signal", () => {
  it.effect("ends an actor that does not trap, ahead of what is queued, interrupts its turn, and runs terminate", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const ref = yield* logged(log)
      ref.castUnsafe(long(log))
      ref.castUnsafe("queued")
      yield* TestClock.adjust(10)
      yield* ref.exit(detail)
      assert.deepStrictEqual(yield* ref.awaitExit, detail)
      assert.deepStrictEqual(log, ["interrupted", "terminate Shutdown"])
    }))

  it.effect("ends an idle actor", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const ref = yield* logged(log)
      yield* ref.exit(ExitReason.crash(Cause.die("why")))
      assert.deepStrictEqual(yield* ref.awaitExit, ExitReason.crash(Cause.die("why")))
      assert.deepStrictEqual(log, ["terminate Crash"])
    }))

  it.effect("Normal is ignored by an actor that does not trap", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const ref = yield* logged(log)
      yield* ref.exit(ExitReason.normal)
      ref.castUnsafe("alive")
      assert.deepStrictEqual(log, ["alive"])
    }))

  it.effect("Killed ends every actor, trapping or not, without terminate", () =>
    Effect.gen(function*() {
      for (const trapExit of [true, false]) {
        const log: Array<string> = []
        const ref = yield* logged(log, { trapExit, onExit: () => void log.push("trapped") })
        ref.castUnsafe(long(log))
        ref.castUnsafe("queued")
        yield* TestClock.adjust(10)
        yield* ref.exit(ExitReason.killed)
        assert.deepStrictEqual(yield* ref.awaitExit, ExitReason.killed)
        assert.deepStrictEqual(log, ["interrupted"])
      }
    }))

  it.effect("is a message in the order of the mailbox to an actor that traps, Normal included", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const ref = yield* logged(log, {
        trapExit: true,
        onExit: (from, reason) => void log.push(`exit ${reason._tag} ${Option.isNone(from)}`)
      })
      ref.castUnsafe(long(log))
      ref.castUnsafe("before")
      yield* ref.exit(ExitReason.shutdown)
      yield* ref.exit(ExitReason.normal)
      ref.castUnsafe("after")
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(log, ["long", "before", "exit Shutdown true", "exit Normal true", "after"])
      yield* ref.stop()
    }))

  it.effect("trapped, has a turn like any other: it may be an Effect, and may crash", () =>
    Effect.gen(function*() {
      const ref = yield* logged([], {
        trapExit: true,
        onExit: () => Effect.andThen(Effect.yieldNow, Effect.fail("no"))
      })
      yield* ref.exit(ExitReason.normal)
      assert.deepStrictEqual(yield* ref.awaitExit, ExitReason.crash(Cause.fail("no")))
    }))

  it.effect("trapped by an actor without onExit is a dead letter", () =>
    Effect.gen(function*() {
      const letters: Array<unknown> = []
      const ref = yield* logged([], { trapExit: true })
      yield* Effect.forkScoped(
        Stream.runForEach(Actor.deadLetters, (letter) =>
          Effect.sync(() => letter.to === ref.id && letters.push(letter.message))),
        { startImmediately: true }
      )
      yield* settle
      yield* ref.exit(ExitReason.shutdown)
      yield* settle
      assert.isTrue(yield* ref.isAlive)
      assert.deepStrictEqual(letters, [ExitReason.shutdown])
    }))

  it.effect("from its own synchronous turn takes effect when the turn ends", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const ref = yield* logged(log)
      ref.castUnsafe((context) => {
        context.self.castUnsafe("queued")
        Effect.runSync(context.self.exit(ExitReason.shutdown))
        log.push("went on")
      })
      assert.deepStrictEqual(yield* ref.awaitExit, ExitReason.shutdown)
      assert.deepStrictEqual(log, ["went on", "terminate Shutdown"])
    }))

  it.effect("from its own Effect turn interrupts it", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const ref = yield* logged(log)
      ref.castUnsafe(Effect.andThen(Effect.suspend(() => ref.exit(ExitReason.shutdown)), long(log)))
      assert.deepStrictEqual(yield* ref.awaitExit, ExitReason.shutdown)
      assert.deepStrictEqual(log, ["interrupted", "terminate Shutdown"])
    }))

  it.effect("right after the message that began an Effect turn still runs terminate, and the turn never begins", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const ref = yield* logged(log)
      ref.castUnsafe(Effect.sync(() => void log.push("began")))
      yield* ref.exit(ExitReason.shutdown)
      yield* ref.awaitExit
      assert.deepStrictEqual(log, ["terminate Shutdown"])
    }))

  it.effect("waits for what the turn has made uninterruptible", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const ref = yield* logged(log)
      ref.castUnsafe(Effect.uninterruptible(long(log)))
      yield* TestClock.adjust(10)
      yield* ref.exit(ExitReason.killed)
      yield* settle
      assert.isTrue(yield* ref.isAlive)
      yield* TestClock.adjust(990)
      assert.deepStrictEqual(yield* ref.awaitExit, ExitReason.killed)
    }))

  it.effect("to the dead does nothing: the last reason stays", () =>
    Effect.gen(function*() {
      const ref = yield* logged([])
      yield* ref.stop()
      yield* ref.exit(ExitReason.killed)
      yield* settle
      assert.deepStrictEqual(yield* ref.awaitExit, ExitReason.normal)
    }))
})

describe("terminate", () => {
  const slow = (log: Array<string>): Partial<Actor.Behavior<Message>> => ({
    terminate: () =>
      Effect.asVoid(Effect.onInterrupt(Effect.sleep(1000), () => Effect.sync(() => log.push("cut short"))))
  })

  it.effect("runs once, after a crash too, and the end is announced after it", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const ref = yield* logged(log, slow(log))
      ref.castUnsafe(boom)
      yield* TestClock.adjust(999)
      assert.isTrue(yield* ref.isAlive)
      yield* TestClock.adjust(1)
      assert.strictEqual((yield* ref.awaitExit)._tag, "Crash")
    }))

  it.effect("is not disturbed by a second exit signal: the first reason counts", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const ref = yield* logged(log, slow(log))
      yield* ref.exit(detail)
      yield* ref.exit(ExitReason.shutdown)
      yield* TestClock.adjust(1000)
      assert.deepStrictEqual(yield* ref.awaitExit, detail)
      assert.deepStrictEqual(log, [])
    }))

  for (
    const [how, begin] of [
      ["a stop", (ref: Actor.ActorRef<Message>) => Effect.forkChild(ref.stop(), { startImmediately: true })],
      [
        "an exit during an Effect turn",
        (ref: Actor.ActorRef<Message>) =>
          Effect.andThen(ref.cast(Effect.never), Effect.andThen(settle, ref.exit(ExitReason.shutdown)))
      ]
    ] as const
  ) {
    it.effect(`after ${how} is interrupted by Killed, and that is the reason then`, () =>
      Effect.gen(function*() {
        const log: Array<string> = []
        const ref = yield* logged(log, slow(log))
        yield* begin(ref)
        yield* settle
        yield* ref.exit(ExitReason.killed)
        assert.deepStrictEqual(yield* ref.awaitExit, ExitReason.killed)
        assert.deepStrictEqual(log, ["cut short"])
      }))
  }

  it.effect("that dies makes the end a Crash, with what had gone wrong before", () =>
    Effect.gen(function*() {
      const bad: Partial<Actor.Behavior<Message>> = { terminate: () => Effect.die("terminate") }
      const stopped = yield* logged([], bad)
      yield* stopped.stop()
      assert.deepStrictEqual(yield* stopped.awaitExit, ExitReason.crash(Cause.die("terminate")))
      const crashed = yield* logged([], {
        terminate: () => {
          throw "terminate"
        }
      })
      crashed.castUnsafe(Effect.fail("turn"))
      assert.deepStrictEqual(
        yield* crashed.awaitExit,
        ExitReason.crash(Cause.combine(Cause.fail("turn"), Cause.die("terminate")))
      )
    }))

  it.effect("may use `this`, as may every part of a behaviour", () =>
    Effect.gen(function*() {
      class Counter implements Actor.Behavior<number> {
        total = 0
        terminated = false
        receive(n: number) {
          this.total += n
        }
        init() {
          return Effect.sync(() => void (this.total = 10))
        }
        terminate() {
          return Effect.sync(() => void (this.terminated = true))
        }
      }
      const counter = new Counter()
      const ref = yield* Actor.spawn<number>(counter)
      ref.castUnsafe(1)
      yield* ref.stop()
      assert.deepStrictEqual([counter.total, counter.terminated], [11, true])
    }))
})

describe("init", () => {
  it.effect("comes before the first message, also before what it sends to itself", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      let early: Actor.ActorRef<Message> | undefined
      const ref = yield* Effect.forkChild(
        logged(log, {
          init: (context) =>
            Effect.gen(function*() {
              early = context.self
              context.self.castUnsafe("to itself")
              yield* Effect.sleep(1000)
              log.push("init")
            })
        }),
        { startImmediately: true }
      )
      yield* settle
      early!.castUnsafe("from outside")
      yield* TestClock.adjust(1000)
      yield* Fiber.join(ref)
      assert.deepStrictEqual(log, ["init", "to itself", "from outside"])
    }))

  const bad: ReadonlyArray<readonly [string, () => Effect.Effect<void, unknown>]> = [
    ["throws", () => {
      throw "no"
    }],
    ["fails", () => Effect.fail("no")],
    ["fails later", () => Effect.andThen(Effect.yieldNow, Effect.fail("no"))],
    ["dies", () => Effect.die("no")]
  ]
  for (const [how, init] of bad) {
    it.effect(`that ${how} makes spawn fail, runs no terminate and handles no message`, () =>
      withCounters((live) =>
        Effect.gen(function*() {
          const log: Array<string> = []
          const scope = yield* Scope.make()
          let self: Actor.ActorRef<Message> | undefined
          const error = yield* Effect.flip(Scope.provide(
            logged(log, {
              init: (context) => {
                self = context.self
                context.self.castUnsafe("message")
                return init()
              }
            }),
            scope
          ))
          assert.instanceOf(error, Actor.StartFailed)
          assert.strictEqual(error.reason._tag === "Crash" && Cause.squash(error.reason.cause), "no")
          assert.deepStrictEqual(yield* self!.awaitExit, error.reason)
          yield* settle
          assert.deepStrictEqual(log, [])
          assert.deepStrictEqual([live.fibers(), live.sleeps()], [0, 0])
          assert.notStrictEqual(scope.state._tag, "Open", "nothing is left in the scope")
        })
      ))
  }

  it.effect("is interrupted with spawn, and nothing is left", () =>
    withCounters((live) =>
      Effect.gen(function*() {
        const log: Array<string> = []
        const scope = yield* Scope.make()
        const spawn = yield* Effect.forkChild(
          Scope.provide(
            logged(log, { init: () => Effect.asVoid(Effect.onInterrupt(Effect.never, () => Effect.sleep(1000))) }),
            scope
          ),
          { startImmediately: true }
        )
        yield* settle
        const interrupt = yield* Effect.forkChild(Fiber.interrupt(spawn), { startImmediately: true })
        yield* TestClock.adjust(999)
        assert.isUndefined(spawn.pollUnsafe())
        yield* TestClock.adjust(1)
        yield* Fiber.join(interrupt)
        yield* settle
        assert.deepStrictEqual(log, [])
        assert.deepStrictEqual([live.fibers(), live.sleeps()], [0, 0])
      })
    ))

  it.effect("is interrupted when the scope closes meanwhile, and closing waits for it", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const scope = yield* Scope.make()
      const spawn = yield* Effect.forkChild(
        Effect.flip(Scope.provide(
          logged(log, {
            init: () =>
              Effect.onInterrupt(Effect.never, () =>
                Effect.andThen(Effect.sleep(10), Effect.sync(() => log.push("init"))))
          }),
          scope
        )),
        { startImmediately: true }
      )
      yield* settle
      const close = yield* Effect.forkChild(
        Effect.andThen(
          Scope.close(scope, Exit.void),
          Effect.sync(() =>
            log.push("closed")
          )
        ),
        {
          startImmediately: true
        }
      )
      yield* TestClock.adjust(10)
      yield* Fiber.join(close)
      const error = yield* Fiber.join(spawn)
      assert.instanceOf(error, Actor.StartFailed)
      assert.deepStrictEqual(error.reason, ExitReason.shutdown)
      assert.deepStrictEqual(log, ["init", "closed"])
    }))

  it.effect("can be told to exit", () =>
    Effect.gen(function*() {
      let self: Actor.ActorRef<Message> | undefined
      const spawn = yield* Effect.forkChild(
        Effect.flip(
          logged([], { init: ({ self: ref }) => Effect.andThen(Effect.sync(() => void (self = ref)), Effect.never) })
        ),
        { startImmediately: true }
      )
      yield* settle
      yield* self!.exit(ExitReason.killed)
      const error = yield* Fiber.join(spawn)
      assert.deepStrictEqual(error.reason, ExitReason.killed)
    }))
})

describe("the scope of an actor", () => {
  it.effect("ends it with Shutdown, trapping or not, runs terminate and waits for the end", () =>
    Effect.gen(function*() {
      for (const trapExit of [false, true]) {
        const log: Array<string> = []
        const scope = yield* Scope.make()
        const ref = yield* Scope.provide(logged(log, { trapExit, onExit: () => void log.push("trapped") }), scope)
        ref.castUnsafe(long(log))
        ref.castUnsafe("queued")
        yield* TestClock.adjust(10)
        yield* Scope.close(scope, Exit.void)
        assert.isFalse(yield* ref.isAlive)
        assert.deepStrictEqual(yield* ref.awaitExit, ExitReason.shutdown)
        assert.deepStrictEqual(log, ["interrupted", "terminate Shutdown"])
      }
    }))

  it.effect("ends its actors in reverse order, and each before what its init acquired", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const acquire = (name: string) =>
        Effect.acquireRelease(Effect.void, () => Effect.sync(() => void log.push(`release ${name}`)))
      const actor = (name: string) =>
        Actor.spawn<never, Scope.Scope>({
          receive: () => {},
          init: () => acquire(name),
          terminate: () => Effect.sync(() => void log.push(`terminate ${name}`))
        })
      yield* Effect.scoped(Effect.andThen(actor("a"), Effect.andThen(acquire("b"), actor("c"))))
      assert.deepStrictEqual(log, ["terminate c", "release c", "release b", "terminate a", "release a"])
    }))

  it.effect("keeps nothing of an actor that has ended by itself", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      for (let i = 0; i < 100; i++) {
        const ref = yield* Scope.provide(logged([]), scope)
        yield* ref.stop()
      }
      assert.isTrue(
        scope.state._tag === "Empty" ||
          (scope.state._tag === "Open" && scope.state.finalizer === undefined &&
            (scope.state.finalizers?.size ?? 0) === 0)
      )
    }))

  it.effect("may be closed by the actor itself", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const scope = yield* Scope.make()
      const ref = yield* Scope.provide(logged(log), scope)
      ref.castUnsafe(Scope.close(scope, Exit.void))
      assert.deepStrictEqual(yield* ref.awaitExit, ExitReason.shutdown)
      assert.deepStrictEqual(log, ["terminate Shutdown"])
    }))

  it.effect("that is closed already ends it at once", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      yield* Scope.close(scope, Exit.void)
      const ref = yield* Scope.provide(logged([]), scope)
      assert.isFalse(yield* ref.isAlive)
    }))
})

describe("awaitExit", () => {
  it.effect("gives everybody the same reason, also when it is over", () =>
    Effect.gen(function*() {
      const ref = yield* logged([])
      const waiting = yield* Effect.forkChild(
        Effect.all(Array.from({ length: 10 }, () => ref.awaitExit), { concurrency: 10 }),
        {
          startImmediately: true
        }
      )
      yield* ref.exit(detail)
      const reasons = [...yield* Fiber.join(waiting), yield* ref.awaitExit]
      assert.deepStrictEqual(reasons, Array.from({ length: 11 }, () => detail))
    }))

  it.effect("may be interrupted, which changes nothing", () =>
    Effect.gen(function*() {
      const ref = yield* logged([])
      const waiting = yield* Effect.forkChild(ref.awaitExit, { startImmediately: true })
      yield* Fiber.interrupt(waiting)
      assert.isTrue(yield* ref.isAlive)
      yield* ref.stop()
      assert.deepStrictEqual(yield* ref.awaitExit, ExitReason.normal)
    }))
})

describe("an actor's own fiber", () => {
  it.effect("interrupted by somebody who got hold of it ends the actor, as a fiber's end would be reported", () =>
    withCounters((live) =>
      Effect.gen(function*() {
        let own: Fiber.Fiber<unknown, unknown> | undefined
        const ref = yield* logged([])
        ref.castUnsafe(Effect.withFiber((fiber) => Effect.sync(() => void (own = fiber))))
        yield* settle
        yield* Fiber.interrupt(own!)
        assert.deepStrictEqual(yield* ref.awaitExit, ExitReason.shutdown)
        ref.castUnsafe("to the dead")
        yield* settle
        assert.deepStrictEqual([live.fibers(), live.sleeps()], [0, 0])
      })
    ))
})

describe("the end of an actor", () => {
  it.effect("comes after the fibers that its turns and its init have forked", () =>
    withCounters((live) =>
      Effect.gen(function*() {
        const log: Array<string> = []
        const child = (name: string) =>
          Effect.asVoid(Effect.forkChild(
            Effect.onInterrupt(
              Effect.never,
              () => Effect.andThen(Effect.sleep(10), Effect.sync(() => log.push(`${name} ended`)))
            ),
            { startImmediately: true }
          ))
        const ref = yield* logged(log, { init: () => child("init's") })
        yield* ref.cast(child("turn's"))
        yield* settle
        ref.castUnsafe("both live on")
        const stop = yield* Effect.forkChild(ref.stop(), { startImmediately: true })
        yield* TestClock.adjust(10)
        yield* Fiber.join(stop)
        assert.deepStrictEqual(log, ["both live on", "terminate Normal", "init's ended", "turn's ended"])
        yield* settle
        assert.deepStrictEqual([live.fibers(), live.sleeps()], [0, 0])
      })
    ))

  const ends: ReadonlyArray<readonly [string, (ref: Actor.ActorRef<Message>) => Effect.Effect<unknown>]> = [
    ["stop", (ref) => ref.stop()],
    ["a crash", (ref) => ref.cast(boom)],
    ["a crash of an Effect turn", (ref) => ref.cast(Effect.fail("no"))],
    ["exit", (ref) => ref.exit(ExitReason.shutdown)],
    [
      "exit during an Effect turn",
      (ref) => Effect.andThen(ref.cast(Effect.never), Effect.andThen(settle, ref.exit(ExitReason.shutdown)))
    ],
    ["a kill", (ref) => ref.exit(ExitReason.killed)],
    [
      "a kill during an Effect turn",
      (ref) => Effect.andThen(ref.cast(Effect.never), Effect.andThen(settle, ref.exit(ExitReason.killed)))
    ]
  ]
  for (const [how, end] of ends) {
    it.effect(`(by ${how}) leaves no fiber, no timer and no observer`, () =>
      withCounters((live) =>
        Effect.gen(function*() {
          const target = Effect.runFork(Effect.never)
          const ref = yield* logged([], {
            init: (context) =>
              Effect.gen(function*() {
                yield* context.sendAfter("1 hour", "timer")
                yield* context.monitor(target, () => "down")
              })
          })
          yield* settle
          assert.deepStrictEqual([live.sleeps(), observers(target)], [1, 1])
          yield* end(ref)
          yield* ref.awaitExit
          yield* settle
          assert.deepStrictEqual([live.fibers(), live.sleeps(), observers(target)], [0, 0, 0])
          yield* Fiber.interrupt(target)
        })
      ))
  }
})

const observers = (fiber: object): number =>
  "_observers" in fiber && Array.isArray(fiber._observers) ? fiber._observers.length : 0
