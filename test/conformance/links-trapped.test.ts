import { assert, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Scope } from "effect"
import { Actor, ExitReason } from "whitepool/actor"
import { withCounters } from "../support/liveFibers.ts"
import { aliveOf, boom, crash, link, type Message, node, nodes, trapping, unlink } from "./node.ts"
import { settle } from "./support.ts"

it.effect("a chain of links falls from either end and from the middle, with one reason", () =>
  Effect.gen(function*() {
    for (const first of [0, 2, 4]) {
      const chain = yield* nodes(5)
      for (let i = 1; i < 5; i++) yield* link(chain[i]!.ref, chain[i - 1]!.ref)
      yield* chain[first]!.ref.cast(crash)
      yield* settle
      for (const { ref } of chain) {
        const reason = yield* ref.awaitExit
        assert.strictEqual(reason._tag === "Crash" && Cause.squash(reason.cause), boom)
      }
    }
  }))

it.effect("a chain is held by one that traps, and by a Normal end", () =>
  Effect.gen(function*() {
    const [a, c] = yield* nodes(2)
    const b = yield* trapping
    yield* link(a!.ref, b.ref)
    yield* link(b.ref, c!.ref)
    yield* a!.ref.cast(crash)
    yield* settle
    assert.deepStrictEqual([yield* aliveOf(b.ref), yield* aliveOf(c!.ref)], [true, true])
    assert.deepStrictEqual(b.exits.map((exit) => exit.from), [a!.ref.id])
    yield* b.ref.stop()
    yield* settle
    assert.isTrue(yield* c!.ref.isAlive)
  }))

it.effect("a ring of links falls whole, each ending once", () =>
  Effect.gen(function*() {
    const terminated: Array<string> = []
    const ring = yield* Effect.forEach([0, 1, 2, 3], (n) =>
      node({ terminate: (reason) => Effect.sync(() => void terminated.push(`${n} ${reason._tag}`)) }))
    for (let i = 0; i < 4; i++) {
      yield* link(ring[i]!.ref, ring[(i + 1) % 4]!.ref)
    }
    yield* ring[2]!.ref.cast(crash)
    yield* settle
    assert.deepStrictEqual([...terminated].sort(), ["0 Crash", "1 Crash", "2 Crash", "3 Crash"])
  }))

it.effect("a long chain falls without deepening the stack", () =>
  Effect.gen(function*() {
    const chain = yield* nodes(20_000)
    for (let i = 1; i < chain.length; i++) chain[i]!.ref.castUnsafe((context) => context.link(chain[i - 1]!.ref))
    yield* settle
    yield* chain[0]!.ref.cast(crash)
    assert.strictEqual((yield* chain.at(-1)!.ref.awaitExit)._tag, "Crash")
  }))

it.effect("Killed cannot be trapped when it is sent, but can when it comes over a link", () =>
  Effect.gen(function*() {
    const a = yield* trapping
    const b = yield* trapping
    const c = yield* node()
    yield* link(a.ref, b.ref)
    yield* link(b.ref, c.ref)
    yield* a.ref.exit(ExitReason.killed)
    yield* settle
    assert.deepStrictEqual(a.exits, [])
    assert.strictEqual((yield* a.ref.awaitExit)._tag, "Killed")
    assert.deepStrictEqual(b.exits.map((exit) => exit.reason._tag), ["Killed"])
    assert.deepStrictEqual([yield* aliveOf(b.ref), yield* aliveOf(c.ref)], [true, true])
  }))

it.effect("one that traps without an onExit goes on living", () =>
  Effect.gen(function*() {
    const a = yield* node({ trapExit: true, onExit: undefined })
    const b = yield* node()
    yield* link(a.ref, b.ref)
    yield* b.ref.cast(crash)
    yield* a.ref.cast("on")
    yield* settle
    assert.deepStrictEqual(a.seen, ["on"])
    assert.isTrue(yield* a.ref.isAlive)
  }))

it.effect("onExit is a turn: it may be an Effect, holds the next message back, and its failure is a crash", () =>
  Effect.gen(function*() {
    const gate = yield* Deferred.make<void>()
    const seen: Array<string> = []
    const a = yield* Actor.spawn<Message>({
      receive: (message, context) => typeof message === "string" ? void seen.push(message) : message(context),
      trapExit: true,
      onExit: (_from, reason) => {
        seen.push(reason._tag)
        return reason._tag === "Killed" ? Effect.fail("cannot bear it") : Deferred.await(gate)
      }
    })
    const [b, c] = yield* nodes(2)
    yield* link(a, b!.ref)
    yield* link(a, c!.ref)
    yield* b!.ref.cast(crash)
    yield* settle
    yield* a.cast("after")
    yield* settle
    assert.deepStrictEqual(seen, ["Crash"])
    yield* Deferred.succeed(gate, undefined)
    yield* settle
    assert.deepStrictEqual(seen, ["Crash", "after"])
    yield* c!.ref.exit(ExitReason.killed)
    yield* settle
    const reason = yield* a.awaitExit
    assert.strictEqual(reason._tag === "Crash" && Cause.squash(reason.cause), "cannot bear it")
  }))

it.effect("onExit: the actor can link anew there, as a supervisor of its own making does", () =>
  Effect.gen(function*() {
    const started: Array<Actor.ActorRef<Message>> = []
    const scope = yield* Effect.scope
    const fresh = Effect.map(Scope.provide(node(), scope), ({ ref }) => {
      started.push(ref)
      return ref
    })
    const a = yield* Actor.spawn<Message>({
      receive: (message, context) => typeof message === "string" ? undefined : message(context),
      trapExit: true,
      onExit: (_from, _reason, context) => Effect.flatMap(Effect.orDie(fresh), (ref) => context.link(ref))
    })
    yield* a.cast((context) => Effect.flatMap(fresh, (ref) => context.link(ref)))
    yield* settle
    for (let n = 1; n < 5; n++) {
      yield* started.at(-1)!.cast(crash)
      yield* settle
      assert.strictEqual(started.length, n + 1)
    }
    assert.isTrue(yield* a.isAlive)
  }))

it.effect("the turn of one that a link ends is interrupted at once, and what was queued is never handled", () =>
  Effect.gen(function*() {
    const [a, b] = yield* nodes(2)
    let interrupted = false
    yield* link(a!.ref, b!.ref)
    yield* a!.ref.cast(() => Effect.onInterrupt(Effect.never, () => Effect.sync(() => void (interrupted = true))))
    yield* a!.ref.cast("queued")
    yield* b!.ref.cast(crash)
    yield* settle
    assert.strictEqual((yield* a!.ref.awaitExit)._tag, "Crash")
    assert.isTrue(interrupted)
    assert.deepStrictEqual(a!.seen, [])
  }))

it.effect("one that traps hears of the end after its turn, not in the middle of it", () =>
  Effect.gen(function*() {
    const a = yield* trapping
    const b = yield* node()
    const gate = yield* Deferred.make<void>()
    yield* link(a.ref, b.ref)
    yield* a.ref.cast(() => Effect.andThen(Deferred.await(gate), Effect.sync(() => void a.seen.push("turn"))))
    yield* b.ref.cast(crash)
    yield* settle
    assert.deepStrictEqual(a.seen, [])
    yield* Deferred.succeed(gate, undefined)
    yield* settle
    assert.deepStrictEqual(a.seen, ["turn", "exit Crash"])
  }))

it.effect("last words come before the exit, also to one that is busy", () =>
  Effect.gen(function*() {
    for (const busy of [false, true]) {
      const gate = yield* Deferred.make<void>()
      const a = yield* trapping
      const b = yield* node()
      yield* link(a.ref, b.ref)
      if (busy) yield* a.ref.cast(() => Deferred.await(gate))
      yield* b.ref.cast(() => {
        a.ref.castUnsafe("last words")
        throw boom
      })
      yield* settle
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.deepStrictEqual(a.seen, ["last words", "exit Crash"])
    }
  }))

it.effect("a link made in the turn that crashes is a link", () =>
  Effect.gen(function*() {
    const [a, b] = yield* nodes(2)
    yield* a!.ref.cast((context) => Effect.andThen(context.link(b!.ref), Effect.die(boom)))
    yield* settle
    assert.strictEqual((yield* b!.ref.awaitExit)._tag, "Crash")
  }))

it.effect("a link made in init: a start that fails ends the other side", () =>
  Effect.gen(function*() {
    const b = yield* node()
    yield* Effect.flip(Actor.spawn<Message>({
      receive: () => {},
      init: (context) => Effect.andThen(context.link(b.ref), Effect.fail("no start"))
    }))
    yield* settle
    const reason = yield* b.ref.awaitExit
    assert.strictEqual(reason._tag === "Crash" && Cause.squash(reason.cause), "no start")
  }))

it.effect("monitors and links of one pair each have their say: one Down, one exit", () =>
  Effect.gen(function*() {
    const a = yield* trapping
    const b = yield* node()
    yield* a.ref.cast((context) =>
      Effect.andThen(context.monitor(b.ref, (reason) => `down ${reason._tag}`), context.link(b.ref))
    )
    yield* b.ref.cast(crash)
    yield* settle
    assert.deepStrictEqual([...a.seen].sort(), ["down Crash", "exit Crash"])
  }))

it.effect("a monitor of what a link ends tells the reason that came over the link", () =>
  Effect.gen(function*() {
    const [watcher, a, b] = yield* nodes(3)
    yield* watcher!.ref.cast((context) => Effect.asVoid(context.monitor(b!.ref, (reason) => `down ${reason._tag}`)))
    yield* link(a!.ref, b!.ref)
    yield* a!.ref.exit(ExitReason.killed)
    yield* settle
    assert.deepStrictEqual(watcher!.seen, ["down Killed"])
  }))

it.effect("a monitor made in the same turn as the death by a link is told once", () =>
  Effect.gen(function*() {
    const [a, b] = yield* nodes(2)
    const watcher = yield* node()
    yield* link(a!.ref, b!.ref)
    yield* watcher.ref.cast((context) => {
      context.monitorUnsafe(b!.ref, (reason) => `first ${reason._tag}`)
      a!.ref.castUnsafe(crash)
      context.monitorUnsafe(b!.ref, (reason) => `second ${reason._tag}`)
      return
    })
    yield* settle
    assert.strictEqual(watcher.seen.length, 2)
    assert.include(watcher.seen, "first Crash")
    assert.isTrue(watcher.seen.some((line) => line === "second Crash" || line === "second NoProcess"))
  }))

it.effect("links leave no fiber behind", () =>
  withCounters((live) =>
    Effect.gen(function*() {
      yield* Effect.scoped(Effect.gen(function*() {
        const a = yield* trapping
        const others = yield* nodes(10)
        for (const { ref } of others) yield* link(a.ref, ref)
        for (const { ref } of others.slice(0, 5)) yield* ref.cast(crash)
        for (const { ref } of others.slice(5)) yield* unlink(a.ref, ref)
      }))
      yield* settle
      assert.deepStrictEqual([live.fibers(), live.sleeps()], [0, 0])
    })
  ))
