import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Exit, Fiber, Option, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason, Registry } from "whitepool/actor"
import { withCounters } from "../support/liveFibers.ts"
import { settle } from "./support/settle.ts"

type Message = (context: Actor.Context<Message>) => void | Effect.Effect<unknown, unknown>

const spawn = (behavior?: Partial<Actor.Behavior<Message>>) =>
  Actor.spawn<Message>({
    receive: (message, context) => {
      const turn = message(context)
      return turn === undefined ? undefined : Effect.asVoid(turn)
    },
    ...behavior
  })

/** Traps, and writes down who ended and why. */
const trapper = (log: Array<string>) =>
  spawn({
    trapExit: true,
    onExit: (from, reason) =>
      void log.push(`${Option.match(from, { onNone: () => "nobody", onSome: ({ id }) => id })} ${reason._tag}`)
  })

const link = (one: Actor.ActorRef<Message>, other: Actor.ActorRef<never>) => one.cast((context) => context.link(other))
const unlink = (one: Actor.ActorRef<Message>, other: Actor.ActorRef<never>) =>
  one.cast((context) => context.unlink(other))

const abnormal: ReadonlyArray<ExitReason.ExitReason> = [
  ExitReason.shutdown,
  { _tag: "Shutdown", detail: "upgrade" },
  ExitReason.killed,
  ExitReason.noProcess,
  ExitReason.crash(Cause.fail("why"))
]

describe("a link", () => {
  for (const reason of abnormal) {
    it.effect(`carries ${ExitReason.format(reason)} to the other side, which ends with it, from either side`, () =>
      Effect.gen(function*() {
        for (const first of [0, 1]) {
          const pair = [yield* spawn(), yield* spawn()] as const
          yield* link(pair[0], pair[1])
          yield* settle
          yield* pair[first as 0 | 1].exit(reason)
          assert.deepStrictEqual(yield* pair[0].awaitExit, reason)
          assert.deepStrictEqual(yield* pair[1].awaitExit, reason)
        }
      }))
  }

  it.effect("carries Normal to nobody who does not trap", () =>
    Effect.gen(function*() {
      const [a, b] = [yield* spawn(), yield* spawn()]
      yield* link(a, b)
      yield* b.stop()
      yield* settle
      assert.isTrue(yield* a.isAlive)
    }))

  it.effect("brings every exit of the other to one who traps, Normal too, and from whom", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const a = yield* trapper(log)
      for (const reason of [ExitReason.normal, ...abnormal]) {
        const b = yield* spawn()
        yield* link(a, b)
        yield* settle
        yield* b.stop(reason)
        yield* settle
        assert.deepStrictEqual(log.splice(0), [`${b.id} ${reason._tag}`])
      }
      assert.isTrue(yield* a.isAlive)
    }))

  it.effect("tells of the end once, however often it was made, and from both sides", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const [a, b] = [yield* trapper(log), yield* spawn()]
      yield* link(a, b)
      yield* link(a, b)
      yield* link(b, a)
      yield* b.stop()
      yield* settle
      assert.deepStrictEqual(log, [`${b.id} Normal`])
    }))

  it.effect("goes through a chain, with the first reason", () =>
    Effect.gen(function*() {
      const chain: Array<Actor.ActorRef<Message>> = []
      for (let i = 0; i < 200; i++) {
        const next = yield* spawn()
        const last = chain.at(-1)
        if (last !== undefined) yield* link(last, next)
        chain.push(next)
      }
      yield* settle
      const reason = ExitReason.crash(Cause.die("first"))
      yield* chain[0]!.exit(reason)
      for (const ref of chain) assert.deepStrictEqual(yield* ref.awaitExit, reason)
    }))

  it.effect("to oneself is nothing", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const a = yield* trapper(log)
      yield* link(a, a)
      yield* settle
      assert.deepStrictEqual(log, [])
      yield* a.stop()
    }))

  it.effect("with the dead sends NoProcess, which ends who does not trap", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const dead = yield* spawn()
      yield* dead.stop()
      const [a, b] = [yield* trapper(log), yield* spawn()]
      yield* link(a, dead)
      yield* link(b, dead)
      yield* settle
      assert.deepStrictEqual(log, [`${dead.id} NoProcess`])
      assert.deepStrictEqual(yield* b.awaitExit, ExitReason.noProcess)
    }))

  it.effect("with the dead, made by an init, fails the spawn with NoProcess; terminate does not run", () =>
    Effect.gen(function*() {
      const dead = yield* spawn()
      yield* dead.stop()
      for (const then of [Effect.void, Effect.sleep(50)]) {
        const log: Array<string> = []
        const error = yield* Effect.flip(spawn({
          init: (context) => Effect.andThen(context.link(dead), then),
          terminate: () => Effect.sync(() => void log.push("terminate"))
        }))
        assert.deepStrictEqual(error.reason, ExitReason.noProcess)
        assert.deepStrictEqual(log, [])
      }
    }))

  it.effect("made by one that is ending is a link; by one that has ended it is nothing", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const a = yield* trapper(log)
      let kept: Actor.Context<Message> | undefined
      const b = yield* spawn({
        init: (context) => Effect.sync(() => void (kept = context)),
        terminate: () => Effect.sync(() => kept?.linkUnsafe(a))
      })
      yield* b.stop()
      yield* settle
      assert.deepStrictEqual(log, [`${b.id} Normal`])
      kept?.linkUnsafe(a)
      yield* a.stop()
    }))

  it.effect("with one that is ending tells of its end", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const a = yield* trapper(log)
      const b = yield* spawn({ terminate: () => Effect.sleep(100) })
      yield* b.exit(ExitReason.shutdown)
      yield* settle
      yield* link(a, b)
      assert.deepStrictEqual(log, [])
      yield* TestClock.adjust(100)
      assert.deepStrictEqual(log, [`${b.id} Shutdown`])
    }))

  it.effect("can be made again after a trapped exit", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const names = yield* Registry.make()
      const a = yield* trapper(log)
      for (const round of [1, 2]) {
        const b = yield* spawn()
        yield* names.register("b", b)
        yield* link(a, names.address("b"))
        yield* settle
        yield* b.stop()
        yield* settle
        assert.strictEqual(log.length, round)
      }
    }))

  it.effect("is not made with what is no actor, and the turn that tries crashes", () =>
    Effect.gen(function*() {
      const a = yield* spawn()
      yield* a.cast((context) => context.linkUnsafe({ id: 1 } as never))
      const reason = yield* a.awaitExit
      assert.strictEqual(ExitReason.format(reason), "Crash(TypeError)")
    }))

  it.effect("keeps nothing of actors that have ended", () =>
    withCounters((counters) =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const hub = yield* Scope.provide(trapper([]), scope)
        for (let i = 0; i < 50; i++) {
          const b = yield* Scope.provide(spawn(), scope)
          yield* link(hub, b)
          yield* settle
          yield* b.stop()
        }
        yield* settle
        assert.strictEqual((hub as unknown as { readonly links: Map<unknown, unknown> }).links.size, 0)
        yield* Scope.close(scope, Exit.void)
        yield* settle
        assert.strictEqual(counters.fibers(), 0)
      })
    ))
})

describe("unlink", () => {
  it.effect("undoes the link from either side; later ends have no effect", () =>
    Effect.gen(function*() {
      for (const first of [0, 1]) {
        const pair = [yield* spawn(), yield* spawn()] as const
        yield* link(pair[0], pair[1])
        yield* unlink(pair[first as 0 | 1], pair[1 - first as 0 | 1])
        yield* settle
        yield* pair[1].exit(ExitReason.shutdown)
        yield* settle
        assert.isTrue(yield* pair[0].isAlive)
      }
    }))

  it.effect("is nothing where there is no link", () =>
    Effect.gen(function*() {
      const [a, b] = [yield* spawn(), yield* spawn()]
      yield* unlink(a, b)
      yield* unlink(a, a)
      yield* b.stop()
      yield* unlink(a, b)
      yield* settle
      assert.isTrue(yield* a.isAlive)
    }))

  it.effect("leaves an exit that is in the mailbox already, as Erlang does", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const [a, b] = [yield* trapper(log), yield* spawn()]
      yield* link(a, b)
      const gate = yield* Effect.forkChild(Effect.never)
      yield* a.cast((context) => Effect.andThen(Effect.exit(Fiber.join(gate)), context.unlink(b)))
      yield* settle
      yield* b.stop(ExitReason.shutdown)
      yield* settle
      assert.deepStrictEqual(log, [])
      yield* Fiber.interrupt(gate)
      yield* settle
      assert.deepStrictEqual(log, [`${b.id} Shutdown`])
    }))
})

describe("Killed", () => {
  it.effect("over a link is trapped like any other exit", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const [a, b] = [yield* trapper(log), yield* spawn()]
      yield* link(a, b)
      yield* settle
      yield* b.exit(ExitReason.killed)
      yield* settle
      assert.deepStrictEqual(log, [`${b.id} Killed`])
      assert.isTrue(yield* a.isAlive)
    }))

  it.effect("over a link does not interrupt a terminate; ref.exit does", () =>
    Effect.gen(function*() {
      for (const how of ["link", "exit"] as const) {
        const log: Array<string> = []
        const b = yield* spawn()
        const a = yield* spawn({
          terminate: () =>
            Effect.onInterrupt(Effect.andThen(Effect.sleep(100), Effect.sync(() => void log.push("done"))), () =>
              Effect.sync(() => void log.push("interrupted")))
        })
        yield* link(a, b)
        yield* settle
        yield* a.exit(ExitReason.shutdown)
        yield* settle
        if (how === "exit") {
          yield* a.exit(ExitReason.killed)
        } else yield* b.exit(ExitReason.killed)
        yield* settle
        yield* TestClock.adjust(100)
        assert.deepStrictEqual(log, [how === "exit" ? "interrupted" : "done"])
        assert.deepStrictEqual(yield* a.awaitExit, how === "exit" ? ExitReason.killed : ExitReason.shutdown)
      }
    }))
})
