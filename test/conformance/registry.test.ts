import { assert, it } from "@effect/vitest"
import { Effect, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason, Registry, Supervisor } from "whitepool/actor"
import type { Oneshot } from "whitepool/channel"
import { outcome, pending, settle, started } from "./support.ts"
import { often } from "./tree.ts"

type Ask = { readonly who: Oneshot.Sender<string> } | "crash"

let lives = 0
const named = (label = `life ${++lives}`) =>
  Actor.spawn<Ask>({
    receive: (message) => {
      if (message === "crash") throw new Error("crash")
      message.who.sendUnsafe(label)
    }
  })
const who = (ref: Actor.ActorRef<Ask>) => ref.call<string>((reply) => ({ who: reply }))

it.effect("register and whereis: the ref itself; nothing for a name nobody has", () =>
  Effect.gen(function*() {
    const registry = yield* Registry.make()
    const ref = yield* named()
    yield* registry.register("db", ref)
    const found = yield* registry.whereis<Ask>("db")
    assert.strictEqual(Option.map(found, (one) => one.id).pipe(Option.getOrUndefined), ref.id)
    assert.isTrue(Option.isNone(yield* registry.whereis("other")))
  }))

it.effect("NameTaken while its holder lives, with the name; the holder keeps it", () =>
  Effect.gen(function*() {
    const registry = yield* Registry.make()
    const holder = yield* named("holder")
    yield* registry.register("db", holder)
    const error = yield* Effect.flip(registry.register("db", yield* named("late")))
    assert.instanceOf(error, Registry.NameTaken)
    assert.deepInclude(error, { _tag: "NameTaken", taken: "db" })
    assert.include(error.message, "db")
    assert.strictEqual(yield* who(registry.address("db")), "holder")
  }))

it.effect("two registries are two worlds", () =>
  Effect.gen(function*() {
    const [one, two] = [yield* Registry.make(), yield* Registry.make()]
    yield* one.register("db", yield* named("one"))
    assert.isTrue(Option.isNone(yield* two.whereis("db")))
    yield* two.register("db", yield* named("two"))
    assert.strictEqual(yield* who(one.address("db")), "one")
  }))

for (const how of ["stop", "crash", "kill"] as const) {
  it.effect(`a dead holder's name is free: after ${how}`, () =>
    Effect.gen(function*() {
      const registry = yield* Registry.make()
      const first = yield* named("first")
      yield* registry.register("db", first)
      yield* how === "stop" ? first.stop() : how === "crash" ? first.cast("crash") : first.exit(ExitReason.killed)
      yield* first.awaitExit
      assert.isTrue(Option.isNone(yield* registry.whereis("db")))
      yield* registry.register("db", yield* named("second"))
      assert.strictEqual(yield* who(registry.address("db")), "second")
      yield* settle
      assert.isTrue(Option.isSome(yield* registry.whereis("db")), "the late news of the first does not free it")
    }))
}

it.effect("the name of one that is stopping, but has not ended, is not free", () =>
  Effect.gen(function*() {
    const registry = yield* Registry.make()
    const holder = yield* Actor.spawn<Ask>({ receive: () => {}, terminate: () => Effect.sleep("1 second") })
    yield* registry.register("db", holder)
    yield* started(holder.stop())
    assert.strictEqual((yield* Effect.flip(registry.register("db", yield* named())))._tag, "NameTaken")
    yield* TestClock.adjust("1 second")
    yield* holder.awaitExit
    yield* registry.register("db", yield* named("next"))
  }))

it.effect("address: looks the name up at each message, also one that nobody had when it was made", () =>
  Effect.gen(function*() {
    const registry = yield* Registry.make()
    const address = registry.address<Ask>("db")
    const first = yield* named("first")
    yield* registry.register("db", first)
    assert.strictEqual(yield* who(address), "first")
    yield* first.stop()
    yield* registry.register("db", yield* named("second"))
    assert.strictEqual(yield* who(address), "second")
    assert.isTrue(yield* address.isAlive)
  }))

it.effect("address of nobody: call is NoProcess at once, cast never fails, isAlive is false", () =>
  Effect.gen(function*() {
    const registry = yield* Registry.make()
    const address = registry.address<Ask>("nobody")
    const call = yield* started(who(address))
    assert.deepInclude(outcome(call), { _tag: "ActorStopped" })
    assert.strictEqual(outcome(call).reason._tag, "NoProcess")
    yield* address.cast("crash")
    address.castUnsafe("crash")
    assert.isFalse(yield* address.isAlive)
    yield* address.stop()
    yield* address.exit(ExitReason.killed)
  }))

it.effect("address of nobody: what is cast is a dead letter", () =>
  Effect.gen(function*() {
    const registry = yield* Registry.make()
    const letters: Array<unknown> = []
    yield* started(Stream.runForEach(Actor.deadLetters, (letter) => Effect.sync(() => letters.push(letter.message))))
    const message = { mark: "to nobody" }
    yield* registry.address<typeof message>("nobody").cast(message)
    registry.address<typeof message>("nobody").castUnsafe(message)
    yield* settle
    assert.strictEqual(letters.filter((letter) => letter === message).length, 2)
  }))

it.effect("address: a call under way when the holder dies ends at once with ActorStopped", () =>
  Effect.gen(function*() {
    const registry = yield* Registry.make()
    const holder = yield* Actor.spawn<Ask>({ receive: () => Effect.never })
    yield* registry.register("db", holder)
    const call = yield* started(
      registry.address<Ask>("db").call<string>((reply) => ({ who: reply }), { timeout: "infinity" })
    )
    assert.isTrue(pending(call))
    yield* holder.exit(ExitReason.killed)
    yield* settle
    assert.deepInclude(outcome(call), { _tag: "ActorStopped" })
    assert.strictEqual(outcome(call).reason._tag, "Killed")
  }))

it.effect("address: exit and stop reach who has the name now, and only that one", () =>
  Effect.gen(function*() {
    const registry = yield* Registry.make()
    const address = registry.address<Ask>("db")
    const first = yield* named()
    yield* registry.register("db", first)
    yield* address.exit(ExitReason.killed)
    assert.strictEqual((yield* first.awaitExit)._tag, "Killed")
    const second = yield* named()
    yield* registry.register("db", second)
    yield* address.stop()
    assert.strictEqual((yield* second.awaitExit)._tag, "Normal")
  }))

it.effect("address: an actor can monitor and link to it; NoProcess when nobody has the name", () =>
  Effect.gen(function*() {
    const registry = yield* Registry.make()
    const seen: Array<string> = []
    type Watch = Actor.ActorRef<never> | string
    const watcher = yield* Actor.spawn<Watch>({
      receive: (message, context) =>
        typeof message === "string" ? void seen.push(message) : Effect.andThen(
          context.monitor(message, (reason) => `down ${reason._tag}`),
          context.link(message)
        ),
      trapExit: true,
      onExit: (_from, reason) => void seen.push(`exit ${reason._tag}`)
    })
    yield* watcher.cast(registry.address("db"))
    yield* settle
    assert.deepStrictEqual(seen.splice(0).sort(), ["down NoProcess", "exit NoProcess"])
    const holder = yield* named()
    yield* registry.register("db", holder)
    yield* watcher.cast(registry.address("db"))
    yield* settle
    assert.deepStrictEqual(seen, [])
    yield* holder.exit(ExitReason.killed)
    yield* settle
    assert.deepStrictEqual(seen.sort(), ["down Killed", "exit Killed"])
  }))

/** A supervised server that registers itself each time it starts. */
const supervised = Effect.gen(function*() {
  const registry = yield* Registry.make()
  let incarnation = 0
  const supervisor = yield* Supervisor.make(often, [{
    id: "server",
    start: Effect.suspend(() =>
      Effect.tap(named(`incarnation ${++incarnation}`), (ref) => registry.register("server", ref))
    )
  }])
  return { registry, supervisor, address: registry.address<Ask>("server") }
})

it.effect("a name survives the restart of what it names, time after time", () =>
  Effect.gen(function*() {
    const { registry, address } = yield* supervised
    const ids = new Set<number>()
    for (let n = 1; n <= 5; n++) {
      assert.strictEqual(yield* who(address), `incarnation ${n}`)
      ids.add(Option.getOrThrow(yield* registry.whereis("server")).id)
      yield* n % 2 === 0 ? address.cast("crash") : address.exit(ExitReason.killed)
      yield* settle
    }
    assert.strictEqual(ids.size, 5, "each incarnation is another actor")
  }))

it.effect("when the supervisor has ended the name is nobody's", () =>
  Effect.gen(function*() {
    const { registry, supervisor, address } = yield* supervised
    yield* supervisor.ref.stop()
    yield* settle
    assert.isTrue(Option.isNone(yield* registry.whereis("server")))
    const error = yield* Effect.flip(who(address))
    assert.strictEqual(error._tag === "ActorStopped" && error.reason._tag, "NoProcess")
  }))

it.effect("a child whose name is taken does not start, and nothing of it is left", () =>
  Effect.gen(function*() {
    const registry = yield* Registry.make()
    yield* registry.register("server", yield* named("holder"))
    const refs: Array<Actor.ActorRef<Ask>> = []
    const made = yield* Effect.exit(Supervisor.make({}, [{
      id: "server",
      start: named("pretender").pipe(
        Effect.tap((ref) => Effect.sync(() => refs.push(ref))),
        Effect.tap((ref) => registry.register("server", ref))
      )
    }]))
    assert.strictEqual(made._tag, "Failure")
    yield* settle
    assert.isFalse(yield* refs[0]!.isAlive)
    assert.strictEqual(yield* who(registry.address("server")), "holder")
  }))
