/**
 * What happens at the same time, in every order that a seeded scheduler finds, and interrupted at every point.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Option, Scheduler, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason } from "whitepool/actor"
import type { Oneshot } from "whitepool/channel"
import { type Counters, withCounters } from "../support/liveFibers.ts"
import { interleavings } from "../support/seededScheduler.ts"
import { sweep } from "../support/yieldSweep.ts"

type Turn = () => void | Effect.Effect<unknown, unknown>
type Message = { readonly turn: Turn } | { readonly reply: Oneshot.Sender<number>; readonly turn: Turn }

const spawn = (options?: Actor.Options, behavior?: Partial<Actor.Behavior<Message>>) =>
  Actor.spawn<Message>({
    receive: ({ turn }) => {
      const effect = turn()
      return effect === undefined ? undefined : Effect.asVoid(effect)
    },
    ...behavior
  }, options)

/** Yields a few times: the seed decides how long that takes. */
const pause = Effect.forEach([1, 2, 3], () => Effect.yieldNow, { discard: true })

/** A race in a scope of its own, by the clock of a test, after which no fiber and no timer may be left. */
const race = <Outcome extends string>(
  body: (counters: Counters) => Effect.Effect<Outcome, unknown, Scope.Scope>
): Effect.Effect<Outcome> =>
  withCounters((counters) =>
    Effect.gen(function*() {
      const outcome = yield* Effect.scoped(body(counters))
      yield* Effect.repeat(Effect.yieldNow, { times: 5000, until: () => counters.fibers() === 0 })
      // A timer is a fiber that sleeps.
      assert.strictEqual(counters.fibers(), 0, "fibers left")
      return outcome
    })
  ).pipe(Effect.provide(TestClock.layer()), Effect.orDie)

const ofCall = (exit: Exit.Exit<number, Oneshot.NoReply | Actor.CallTimeout | Actor.ActorStopped>) =>
  Exit.match(exit, {
    onSuccess: () => "reply" as const,
    onFailure: (cause) => {
      const reason = cause.reasons[0]
      return reason?._tag === "Fail" ? reason.error._tag : "interrupted" as const
    }
  })

describe("over all interleavings", () => {
  it("a call ends by its reply or by its deadline, and the behaviour learns which", async () => {
    await interleavings({
      outcomes: ["reply", "CallTimeout"],
      race: race(() =>
        Effect.gen(function*() {
          const ref = yield* spawn()
          let sent: Option.Option<number> | undefined
          const call = yield* Effect.forkChild(ref.call<number>((reply) => ({
            reply,
            turn: () => Effect.andThen(Effect.sleep(100), Effect.sync(() => void (sent = reply.sendUnsafe(1))))
          }), { timeout: 100 }))
          yield* pause
          const ended = () => call.pollUnsafe() !== undefined && sent !== undefined
          // Who arms its timer first is part of the race.
          yield* Effect.repeat(TestClock.adjust(50), { times: 50, until: ended })
          const outcome = ofCall(yield* Fiber.await(call))
          yield* ref.stop()
          assert.deepStrictEqual(sent, outcome === "reply" ? Option.none() : Option.some(1))
          return outcome
        })
      )
    })
  })

  it("a call ends by its reply or by the actor's end", async () => {
    await interleavings({
      outcomes: ["reply", "ActorStopped"],
      race: race(() =>
        Effect.gen(function*() {
          const ref = yield* spawn()
          const call = yield* Effect.forkChild(ref.call<number>((reply) => ({
            reply,
            turn: () => Effect.andThen(pause, reply.send(1))
          })))
          const exit = yield* Effect.forkChild(Effect.andThen(pause, ref.exit(ExitReason.shutdown)))
          const outcome = ofCall(yield* Fiber.await(call))
          yield* Fiber.join(exit)
          return outcome
        })
      )
    })
  })

  it("a call that is interrupted has its reply or the behaviour has it back, never neither", async () => {
    await interleavings({
      outcomes: ["reply", "interrupted, given back", "interrupted, delivered"],
      race: race(() =>
        Effect.gen(function*() {
          const ref = yield* spawn()
          let sent: Option.Option<number> | undefined
          const call = yield* Effect.forkChild(ref.call<number>((reply) => ({
            reply,
            turn: () => Effect.andThen(pause, Effect.sync(() => void (sent = reply.sendUnsafe(1))))
          })))
          yield* pause
          yield* Fiber.interrupt(call)
          const outcome = ofCall(yield* Fiber.await(call))
          yield* ref.stop()
          if (outcome === "reply") {
            assert.deepStrictEqual(sent, Option.none())
            return outcome
          }
          // `undefined`: interrupted before it had sent its message.
          return sent === undefined || Option.isSome(sent) ? "interrupted, given back" : "interrupted, delivered"
        })
      )
    })
  })

  it("what is cast while the actor is told to stop is handled or a dead letter, never both or neither", async () => {
    await interleavings({
      outcomes: ["handled", "dead"],
      race: race(() =>
        Effect.gen(function*() {
          let handled = 0
          const ref = yield* spawn()
          const cast = yield* Effect.forkChild(Effect.andThen(pause, ref.cast({ turn: () => void handled++ })))
          const stop = yield* Effect.forkChild(Effect.andThen(pause, ref.stop()))
          yield* Fiber.joinAll([cast, stop])
          return handled === 1 ? "handled" as const : "dead" as const
        })
      )
    })
  })

  it("an exit during an Effect turn interrupts it or comes after it, and terminate runs once in any case", async () => {
    await interleavings({
      outcomes: ["interrupted", "never began", "ended"],
      race: race(() =>
        Effect.gen(function*() {
          const log: Array<string> = []
          const ref = yield* spawn({}, {
            terminate: () => Effect.andThen(pause, Effect.sync(() => void log.push("terminate")))
          })
          const cast = yield* Effect.forkChild(ref.cast({
            turn: () =>
              Effect.onExit(pause, (exit) =>
                Effect.sync(() => void log.push(Exit.isSuccess(exit) ? "ended" : "interrupted")))
          }))
          const exit = yield* Effect.forkChild(Effect.andThen(pause, ref.exit(ExitReason.shutdown)))
          assert.deepStrictEqual(yield* ref.awaitExit, ExitReason.shutdown)
          yield* Fiber.joinAll([cast, exit])
          assert.strictEqual(log.pop(), "terminate")
          assert.isTrue(log.length <= 1)
          return log[0] === undefined ? "never began" : log[0] === "ended" ? "ended" : "interrupted"
        })
      )
    })
  })

  it("a kill during terminate cuts it short or comes too late, and the reason tells which", async () => {
    await interleavings({
      outcomes: ["Killed, cut short", "Killed, before it", "Shutdown, finished"],
      race: race(() =>
        Effect.gen(function*() {
          const log: Array<string> = []
          const ref = yield* spawn({}, {
            terminate: () =>
              Effect.onExit(pause, (exit) =>
                Effect.sync(() => void log.push(Exit.isSuccess(exit) ? "finished" : "cut short")))
          })
          const exit = yield* Effect.forkChild(ref.exit(ExitReason.shutdown))
          const kill = yield* Effect.forkChild(Effect.andThen(pause, ref.exit(ExitReason.killed)))
          const reason = yield* ref.awaitExit
          yield* Fiber.joinAll([exit, kill])
          // A kill that arrives when terminate has just finished changes the reason all the same.
          const what = log[0] ?? "before it"
          return reason._tag === "Killed"
            ? what === "before it" ? "Killed, before it" : "Killed, cut short"
            : "Shutdown, finished"
        })
      )
    })
  })

  it("a kill is never lost, whenever it arrives: a terminate without end is cut short", async () => {
    await interleavings({
      outcomes: ["during terminate", "before it"],
      race: race(() =>
        Effect.gen(function*() {
          let began = false
          const ref = yield* spawn({}, {
            terminate: () => Effect.andThen(Effect.sync(() => void (began = true)), Effect.never)
          })
          const exit = yield* Effect.forkChild(ref.exit(ExitReason.shutdown))
          yield* pause
          yield* ref.exit(ExitReason.killed)
          assert.deepStrictEqual(yield* ref.awaitExit, ExitReason.killed)
          yield* Fiber.join(exit)
          return began ? "during terminate" : "before it"
        })
      )
    })
  })

  it("a monitor that races the end gives exactly one Down", async () => {
    await interleavings({
      outcomes: ["NoProcess", "Shutdown"],
      race: race(() =>
        Effect.gen(function*() {
          const downs: Array<string> = []
          const target = yield* spawn()
          const ref = yield* Actor.spawn<string>({
            receive: (message, context) => {
              if (message !== "go") return void downs.push(message)
              return Effect.asVoid(Effect.andThen(pause, context.monitor(target, (reason) => reason._tag)))
            }
          })
          const exit = yield* Effect.forkChild(Effect.andThen(pause, ref.cast("go")))
          yield* pause
          yield* target.exit(ExitReason.shutdown)
          yield* Effect.andThen(Fiber.join(exit), target.awaitExit)
          yield* Effect.repeat(Effect.yieldNow, { until: () => downs.length > 0 })
          yield* ref.stop()
          assert.strictEqual(downs.length, 1)
          return downs[0] === "NoProcess" ? "NoProcess" : "Shutdown"
        })
      )
    })
  })

  it("no Down comes after demonitor", async () => {
    await interleavings({
      outcomes: ["down", "none"],
      race: race(() =>
        Effect.gen(function*() {
          const log: Array<string> = []
          const target = yield* spawn()
          let monitor: Actor.Monitor | undefined
          const ref = yield* Actor.spawn<string>({
            init: (context) => Effect.map(context.monitor(target, () => "down"), (its) => void (monitor = its)),
            receive: (message) => void log.push(message)
          })
          const exit = yield* Effect.forkChild(Effect.andThen(pause, target.exit(ExitReason.shutdown)))
          yield* pause
          yield* monitor!.demonitor
          log.push("demonitor")
          yield* Effect.andThen(Fiber.join(exit), target.awaitExit)
          yield* ref.stop()
          assert.strictEqual(log.at(-1), "demonitor")
          return log.length === 2 ? "down" : "none"
        })
      )
    })
  })

  it("a spawn that is interrupted during init leaves an actor or nothing, and no fiber", async () => {
    await interleavings({
      outcomes: ["spawned", "interrupted"],
      race: race(() =>
        Effect.gen(function*() {
          const scope = yield* Scope.make()
          const fiber = yield* Effect.forkChild(Scope.provide(spawn({}, { init: () => pause }), scope))
          yield* Effect.andThen(pause, pause)
          yield* Fiber.interrupt(fiber)
          const exit = yield* Fiber.await(fiber)
          if (Exit.isSuccess(exit)) assert.isTrue(yield* exit.value.isAlive)
          yield* Scope.close(scope, Exit.void)
          return Exit.isSuccess(exit) ? "spawned" : "interrupted"
        })
      )
    })
  })

  it("whoever waits for room when the actor ends gets through or becomes a dead letter, and never hangs", async () => {
    await interleavings({
      outcomes: ["reply", "ActorStopped"],
      race: race(() =>
        Effect.gen(function*() {
          const ref = yield* spawn({ mailboxCapacity: 1 })
          ref.castUnsafe({ turn: () => pause })
          ref.castUnsafe({ turn: () => {} })
          const call = yield* Effect.forkChild(ref.call<number>((reply) => ({ reply, turn: () => reply.send(1) })))
          const cast = yield* Effect.forkChild(ref.cast({ turn: () => pause }))
          yield* pause
          yield* ref.exit(ExitReason.shutdown)
          yield* Fiber.join(cast)
          return ofCall(yield* Fiber.await(call))
        })
      )
    })
  })
})

describe("interrupted at every point", () => {
  interface Setup {
    readonly ref: Actor.ActorRef<Message>
    readonly counters: Counters
    readonly scope: Scope.Closeable
    readonly fibers: number
  }

  /** The counters of one run: `setup` and `run` are separate effects here. */
  const setup = (options?: Actor.Options, hold?: Turn) =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { counters, ref } = yield* withCounters((counters) =>
        Effect.map(Scope.provide(spawn(options), scope), (ref) => ({ counters, ref }))
      )
      if (hold !== undefined) {
        ref.castUnsafe({ turn: hold })
        ref.castUnsafe({ turn: () => {} })
      }
      return { ref, counters, scope, fibers: counters.fibers() } satisfies Setup
    }).pipe(Effect.orDie)

  /** The actor still works, has room for one message, and nothing is left of what was interrupted. */
  const whole = ({ counters, fibers, ref, scope }: Setup) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* ref.call<number>((reply) => ({ reply, turn: () => reply.send(7) })), 7)
      yield* Effect.repeat(Effect.yieldNow, { times: 20, until: () => counters.sleeps() === 0 })
      assert.deepStrictEqual([counters.fibers(), counters.sleeps()], [fibers, 0])
      yield* Scope.close(scope, Exit.void)
      yield* Effect.repeat(Effect.yieldNow, { times: 20, until: () => counters.fibers() === 0 })
      assert.strictEqual(counters.fibers(), 0)
    }).pipe(Effect.orDie)

  const maxOps = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 16, 21, 33, 64]

  it("a call that is answered at once, or later, or must wait for room first, leaves nothing behind", async () => {
    const call = (turn: (reply: Oneshot.Sender<number>) => void | Effect.Effect<unknown>) => ({ ref }: Setup) =>
      ref.call<number>((reply) => ({ reply, turn: () => turn(reply) }))
    const once = call((reply) => void reply.sendUnsafe(1))
    const atOnce = await sweep({
      setup: setup(),
      // Each is a single step.
      run: (its: Setup) => Effect.andThen(once(its), Effect.andThen(once(its), once(its))),
      verify: whole,
      maxOps
    })
    let isGone = false
    let isLost = false
    const later = await sweep({
      setup: Effect.tap(setup(), () => Effect.sync(() => void (isGone = false))),
      run: (its: Setup) =>
        Effect.onExit(
          call((reply) =>
            Effect.andThen(pause, Effect.sync(() => void (isLost ||= Option.isNone(reply.sendUnsafe(1)) && isGone)))
          )(its),
          () => Effect.sync(() => void (isGone = true))
        ),
      verify: (its) => Effect.andThen(whole(its), Effect.sync(() => assert.isFalse(isLost, "a reply was lost"))),
      maxOps
    })
    const afterRoom = await sweep({
      setup: setup({ mailboxCapacity: 1 }, () => pause),
      run: call((reply) => reply.send(1)),
      verify: whole,
      maxOps
    })
    for (const { points } of [atOnce, later, afterRoom]) assert.isTrue(points > maxOps.length, `${points} points`)
    assert.isTrue(later.points > 100 && afterRoom.points > 100, `${later.points} and ${afterRoom.points} points`)
  })

  it("a cast that waits for room was sent or was not, and takes no place with it", async () => {
    let handled = 0
    const { points } = await sweep({
      setup: Effect.tap(setup({ mailboxCapacity: 1 }, () => pause), () => Effect.sync(() => void (handled = 0))),
      run: ({ ref }: Setup) => ref.cast({ turn: () => void handled++ }),
      verify: (its, exit) =>
        Effect.andThen(
          whole(its),
          Effect.sync(() => assert.isTrue(Exit.isSuccess(exit) ? handled === 1 : handled <= 1))
        ),
      maxOps
    })
    assert.isTrue(points > 50, `${points} points`)
  })

  it("awaitExit changes nothing", async () => {
    const { points } = await sweep({
      setup: setup(),
      run: ({ ref }) => ref.awaitExit,
      beside: ({ ref }) => Effect.andThen(pause, ref.stop()),
      verify: ({ ref }) => Effect.map(ref.awaitExit, (reason) => assert.deepStrictEqual(reason, ExitReason.normal)),
      maxOps
    })
    assert.isTrue(points > 50, `${points} points`)
  })

  it("stop has asked or has not, and the actor ends only if it has", async () => {
    const { points } = await sweep({
      setup: setup(),
      run: ({ ref }) => ref.stop(),
      verify: ({ ref, scope }, exit) =>
        Effect.gen(function*() {
          if (Exit.isSuccess(exit)) assert.isFalse(yield* ref.isAlive)
          yield* Scope.close(scope, Exit.void)
          assert.isFalse(yield* ref.isAlive)
        }),
      maxOps
    })
    assert.isTrue(points > 20, `${points} points`)
  })

  it("spawn leaves nothing in the scope of an actor that crashed before it had returned", async () => {
    for (const ops of maxOps) {
      const program = Effect.gen(function*() {
        const scope = yield* Scope.make()
        const crash: Message = {
          turn: () => {
            throw new Error("boom")
          }
        }
        const ref = yield* Scope.provide(
          spawn({}, { init: (context) => Effect.sync(() => context.self.castUnsafe(crash)) }),
          scope
        ).pipe(Effect.provideService(Scheduler.MaxOpsBeforeYield, ops))
        assert.strictEqual((yield* ref.awaitExit)._tag, "Crash")
        yield* pause
        assert.strictEqual(scope.state._tag === "Open" ? scope.state.finalizers?.size ?? 0 : 0, 0)
        assert.isTrue(scope.state._tag !== "Open" || scope.state.finalizer === undefined)
      })
      await Effect.runPromise(program)
    }
  })

  it("spawn leaves an actor, or nothing at all", async () => {
    const { points } = await sweep({
      setup: Effect.map(Scope.make(), (scope) => ({ scope, live: [] as Array<string> })),
      run: ({ live, scope }: { readonly scope: Scope.Closeable; readonly live: Array<string> }) =>
        Scope.provide(
          spawn({}, {
            init: () =>
              Effect.acquireRelease(Effect.sync(() => live.push("init")), () => Effect.sync(() => live.splice(0))).pipe(
                Effect.andThen(pause),
                Scope.provide(scope)
              ),
            terminate: () => Effect.sync(() => void live.push("terminate"))
          }),
          scope
        ),
      verify: ({ live, scope }, exit) =>
        Effect.gen(function*() {
          if (Exit.isSuccess(exit)) assert.isTrue(yield* exit.value.isAlive)
          yield* Scope.close(scope, Exit.void)
          if (Exit.isSuccess(exit)) assert.isFalse(yield* exit.value.isAlive)
          assert.deepStrictEqual(live, [])
        }),
      maxOps
    })
    assert.isTrue(points > 100, `${points} points`)
  })
})
