import { assert, describe, it } from "@effect/vitest"
import { Effect, Option, Stream } from "effect"
import { Actor, ExitReason, Registry } from "whitepool/actor"
import type { Oneshot } from "whitepool/channel"
import { settle } from "./support/settle.ts"

type Message = string | Oneshot.Sender<string>

const named = (label: string) =>
  Actor.spawn<Message>({
    receive: (message) => typeof message === "string" ? undefined : void message.sendUnsafe(label)
  })

const ask = (ref: Actor.ActorRef<Message>) => ref.call<string>((reply) => reply)

/** An actor that watches another, and writes down its end. */
const watcher = (log: Array<string>, target: Actor.ActorRef<never>) =>
  Actor.spawn<string>({
    init: (context) => Effect.asVoid(context.monitor(target, (reason) => reason._tag)),
    receive: (message) => void log.push(message)
  })

describe("a registry", () => {
  it.effect("names actors, and finds them", () =>
    Effect.gen(function*() {
      const names = yield* Registry.make()
      const a = yield* named("a")
      assert.deepStrictEqual(yield* names.whereis("a"), Option.none())
      yield* names.register("a", a)
      yield* names.register("also a", a)
      assert.strictEqual(Option.getOrUndefined(yield* names.whereis("a")), a)
      assert.strictEqual(Option.getOrUndefined(yield* names.whereis("also a")), a)
    }))

  it.effect("refuses a name that is taken, also to the same actor", () =>
    Effect.gen(function*() {
      const names = yield* Registry.make()
      const [a, b] = [yield* named("a"), yield* named("b")]
      yield* names.register("x", a)
      for (const ref of [a, b]) {
        const error = yield* Effect.flip(names.register("x", ref))
        assert.strictEqual(error._tag, "NameTaken")
        assert.strictEqual(error.taken, "x")
        assert.strictEqual(error.message, `the name "x" is taken`)
      }
      assert.strictEqual(Option.getOrUndefined(yield* names.whereis("x")), a)
    }))

  it.effect("has a name free from the very end of its holder, also for who hears of it first", () =>
    Effect.gen(function*() {
      const names = yield* Registry.make()
      const [a, b] = [yield* named("a"), yield* named("b")]
      const log: Array<string> = []
      // Watches before the registry does.
      yield* Actor.spawn<ExitReason.ExitReason>({
        init: (context) => Effect.asVoid(context.monitor(a, (reason) => reason)),
        // On the stack of the end itself.
        receive: () => Effect.runSync(Effect.map(names.register("x", b), () => void log.push("taken over")))
      })
      yield* names.register("x", a)
      yield* a.stop()
      yield* settle
      assert.deepStrictEqual(log, ["taken over"])
      assert.strictEqual(Option.getOrUndefined(yield* names.whereis("x")), b)
    }))

  it.effect("names nobody when the dead are registered, and does not take the name", () =>
    Effect.gen(function*() {
      const names = yield* Registry.make()
      const [a, b] = [yield* named("a"), yield* named("b")]
      yield* a.stop()
      yield* names.register("x", a)
      assert.deepStrictEqual(yield* names.whereis("x"), Option.none())
      yield* names.register("x", b)
    }))

  it.effect("names the holder of an address", () =>
    Effect.gen(function*() {
      const names = yield* Registry.make()
      const a = yield* named("a")
      yield* names.register("x", a)
      yield* names.register("y", names.address("x"))
      assert.strictEqual(Option.getOrUndefined(yield* names.whereis("y")), a)
    }))

  it.effect("shares nothing with another", () =>
    Effect.gen(function*() {
      const [one, other] = [yield* Registry.make(), yield* Registry.make()]
      yield* one.register("a", yield* named("a"))
      assert.deepStrictEqual(yield* other.whereis("a"), Option.none())
    }))
})

describe("an address", () => {
  it.effect("reaches whoever bears the name now", () =>
    Effect.gen(function*() {
      const names = yield* Registry.make()
      const address = names.address<Message>("x")
      assert.deepStrictEqual(address.name, Option.some("x"))
      for (const label of ["first", "second"]) {
        const ref = yield* named(label)
        yield* names.register("x", ref)
        assert.isTrue(yield* address.isAlive)
        assert.strictEqual(yield* ask(address), label)
        yield* address.stop(ExitReason.shutdown)
        assert.deepStrictEqual(yield* ref.awaitExit, ExitReason.shutdown)
        assert.isFalse(yield* address.isAlive)
      }
    }))

  it.effect("of nobody: dead letters to its own id, NoProcess to whoever calls or waits, and nothing to stop", () =>
    Effect.gen(function*() {
      const names = yield* Registry.make()
      const address = names.address<Message>("x")
      const letters: Array<Actor.DeadLetter> = []
      yield* Effect.forkScoped(
        Stream.runForEach(Actor.deadLetters, (letter) => Effect.sync(() => void letters.push(letter)))
      )
      yield* settle
      yield* address.cast("one")
      address.castUnsafe("two")
      yield* settle
      assert.deepStrictEqual(letters.filter(({ to }) => to === address.id).map(({ message }) => message), [
        "one",
        "two"
      ])
      const error = yield* Effect.flip(ask(address))
      assert.strictEqual(error._tag, "ActorStopped")
      if (error._tag === "ActorStopped") {
        assert.deepStrictEqual(error.reason, ExitReason.noProcess)
        assert.strictEqual(error.actor, address.id)
        assert.deepStrictEqual(error.name, Option.some("x"))
      }
      assert.deepStrictEqual(yield* address.awaitExit, ExitReason.noProcess)
      yield* address.stop()
      yield* address.exit(ExitReason.killed)
    }))

  it.effect("awaits and ends its holder of that moment", () =>
    Effect.gen(function*() {
      const names = yield* Registry.make()
      const a = yield* named("a")
      yield* names.register("x", a)
      const waiting = yield* Effect.forkChild(names.address("x").awaitExit, { startImmediately: true })
      yield* names.address("x").exit(ExitReason.killed)
      yield* settle
      assert.deepStrictEqual(waiting.pollUnsafe()?._tag, "Success")
      assert.deepStrictEqual(yield* a.awaitExit, ExitReason.killed)
    }))

  it.effect("can be monitored: its holder, or NoProcess", () =>
    Effect.gen(function*() {
      const names = yield* Registry.make()
      const log: Array<string> = []
      yield* watcher(log, names.address("x"))
      assert.deepStrictEqual(log, ["NoProcess"])
      const a = yield* named("a")
      yield* names.register("x", a)
      yield* watcher(log, names.address("x"))
      yield* a.exit(ExitReason.shutdown)
      yield* settle
      assert.deepStrictEqual(log, ["NoProcess", "Shutdown"])
    }))

  it.effect("can be linked to: its holder, or NoProcess from the address", () =>
    Effect.gen(function*() {
      const names = yield* Registry.make()
      const log: Array<number | string> = []
      const address = names.address<Message>("x")
      const linker = () =>
        Actor.spawn<string>({
          init: (context) => context.link(address),
          receive: () => {},
          trapExit: true,
          onExit: (from, reason) => void log.push(Option.isSome(from) ? from.value.id : 0, reason._tag)
        })
      yield* linker()
      yield* settle
      assert.deepStrictEqual(log.splice(0), [address.id, "NoProcess"])
      const a = yield* named("a")
      yield* names.register("x", a)
      yield* linker()
      yield* a.stop()
      yield* settle
      assert.deepStrictEqual(log, [a.id, "Normal"])
    }))

  it.effect("has an id of its own, and shows as a ref", () =>
    Effect.gen(function*() {
      const names = yield* Registry.make()
      const [one, other] = [names.address("x"), names.address("x")]
      assert.notStrictEqual(one.id, other.id)
      assert.deepStrictEqual(JSON.parse(JSON.stringify(one)), { _id: "ActorRef", id: one.id, name: "x" })
    }))
})
