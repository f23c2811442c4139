/** What can be done with an actor, a supervisor or a registry can be taken from it, and passed on by itself. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Option } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason, Registry, Supervisor } from "whitepool/actor"
import type { Oneshot } from "whitepool/channel"
import { settle } from "./support/settle.ts"
import { inTree } from "./support/tree.ts"

type Message = string | Oneshot.Sender<string>

const echo = (log: Array<Message>) =>
  Actor.spawn<Message>({
    receive: (message) => typeof message === "string" ? void log.push(message) : void message.sendUnsafe("reply")
  })

const use = ({ call, cast, castUnsafe, exit, stop }: Actor.ActorRef<Message>, log: Array<Message>) =>
  Effect.gen(function*() {
    yield* Effect.forEach(["a", "b"], cast, { discard: true })
    for (const message of ["c", "d"]) castUnsafe(message)
    assert.deepStrictEqual(log, ["a", "b", "c", "d"])
    assert.strictEqual(yield* call<string>((reply) => reply), "reply")
    yield* exit(ExitReason.normal)
    assert.strictEqual(yield* call<string>((reply) => reply), "reply")
    yield* stop({ _tag: "Shutdown", detail: "enough" })
  })

describe("without their object work", () => {
  it.effect("the operations of a ref", () =>
    Effect.gen(function*() {
      const log: Array<Message> = []
      const ref = yield* echo(log)
      yield* use(ref, log)
      assert.deepStrictEqual(yield* ref.awaitExit, { _tag: "Shutdown", detail: "enough" })
    }))

  it.effect("those of an address, and of its registry", () =>
    Effect.gen(function*() {
      const log: Array<Message> = []
      const ref = yield* echo(log)
      const { address, register, whereis } = yield* Registry.make()
      yield* register("echo", ref)
      assert.strictEqual(Option.getOrThrow(yield* whereis<Message>("echo")), ref)
      yield* use(address<Message>("echo"), log)
      assert.deepStrictEqual(yield* ref.awaitExit, { _tag: "Shutdown", detail: "enough" })
    }))

  it.effect("those of an actor's context, of a monitor and of a timer", () =>
    Effect.gen(function*() {
      const log: Array<string> = []
      const other = yield* Actor.spawn<string>({ receive: () => {} })
      yield* Actor.spawn<string>({
        init: ({ link, linkUnsafe, monitor, monitorUnsafe, sendAfter, sendAfterUnsafe, unlink, unlinkUnsafe }) =>
          Effect.gen(function*() {
            yield* link(other)
            unlinkUnsafe(other)
            linkUnsafe(other)
            yield* unlink(other)
            yield* monitor(other, () => "down")
            const { demonitorUnsafe } = monitorUnsafe(other, () => "never")
            demonitorUnsafe()
            yield* sendAfter(1, "later")
            const { cancelUnsafe } = sendAfterUnsafe(1, "never")
            cancelUnsafe()
          }),
        receive: (message) => void log.push(message)
      })
      yield* other.exit(ExitReason.killed)
      yield* settle
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(log, ["down", "later"])
    }))

  it.effect("those of a supervisor", () =>
    inTree(({ child, since }) =>
      Effect.gen(function*() {
        const { deleteChild, restartChild, startChild, terminateChild } = yield* Supervisor.make({}, [])
        yield* Effect.forEach([child("a"), child("b")], startChild)
        yield* Effect.forEach(["a", "b"], terminateChild)
        yield* Effect.forEach(["a", "b"], restartChild)
        assert.deepStrictEqual(since(), ["+a", "+b", "-a Shutdown", "-b Shutdown", "+a", "+b"])
        yield* terminateChild("a")
        yield* deleteChild("a")
      })
    ))

  it.effect("those of a dynamic supervisor", () =>
    inTree(({ child, since }) =>
      Effect.gen(function*() {
        const { startChild, terminateChild } = yield* Supervisor.dynamic(
          {},
          (id: string) => ({ start: child(id).start })
        )
        const children = yield* Effect.forEach(["a", "b"], startChild)
        yield* Effect.forEach(children, terminateChild)
        assert.deepStrictEqual(since(), ["+a", "+b", "-a Shutdown", "-b Shutdown"])
      })
    ))
})
