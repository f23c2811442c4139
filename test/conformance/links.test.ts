import { assert, it } from "@effect/vitest"
import { Cause, Effect, Exit, Scope } from "effect"
import { type Actor, ExitReason } from "whitepool/actor"

import { boom, crash, link, type Message, node, nodes, trapping, unlink } from "./node.ts"
import { settle } from "./support.ts"

/** How an actor can end, and the reason of it. */
const ends: ReadonlyArray<readonly [string, (ref: Actor.ActorRef<Message>) => Effect.Effect<void>]> = [
  ["Normal", (ref) => ref.stop()],
  ["Shutdown", (ref) => ref.stop(ExitReason.shutdown)],
  ["Shutdown", (ref) => ref.exit(ExitReason.shutdown)],
  ["Crash", (ref) => ref.cast(crash)],
  ["Crash", (ref) => ref.exit(ExitReason.crash(Cause.fail("why")))],
  ["Killed", (ref) => ref.exit(ExitReason.killed)]
]

for (const [reason, end] of ends) {
  for (const side of ["the one that linked", "the one that was linked to"] as const) {
    const crosses = reason !== "Normal"
    it.effect(`link: ${reason} ${crosses ? "crosses" : "does not cross"} from ${side}`, () =>
      Effect.gen(function*() {
        const a = yield* node()
        const b = yield* node()
        yield* link(a.ref, b.ref)
        const [ending, other] = side === "the one that linked" ? [a, b] : [b, a]
        yield* end(ending.ref)
        yield* settle
        assert.strictEqual((yield* ending.ref.awaitExit)._tag, reason)
        assert.strictEqual(yield* other.ref.isAlive, !crosses)
        if (crosses) assert.deepStrictEqual(yield* other.ref.awaitExit, yield* ending.ref.awaitExit)
        assert.deepStrictEqual(other.exits, [], "onExit is for those that trap")
      }))

    it.effect(`link with trapExit: ${reason} of ${side} arrives at the other's onExit, once, and does not end it`, () =>
      Effect.gen(function*() {
        const a = yield* trapping
        const b = yield* trapping
        yield* link(a.ref, b.ref)
        const [ending, other] = side === "the one that linked" ? [a, b] : [b, a]
        // A trapping actor gets what `exit` sends as a message: end it from within.
        if (reason === "Killed") yield* ending.ref.exit(ExitReason.killed)
        else if (reason === "Crash") yield* ending.ref.cast(crash)
        else yield* ending.ref.stop(reason === "Normal" ? ExitReason.normal : ExitReason.shutdown)
        yield* settle
        assert.deepStrictEqual(other.exits, [{ from: ending.ref.id, reason: yield* ending.ref.awaitExit }])
        assert.strictEqual(other.exits[0]!.reason._tag, reason)
        assert.isTrue(yield* other.ref.isAlive)
        assert.deepStrictEqual(ending.exits, [])
      }))
  }
}

it.effect("link: a crash crosses with its cause, the very one", () =>
  Effect.gen(function*() {
    const [a, b] = yield* nodes(2)
    yield* link(a!.ref, b!.ref)
    yield* a!.ref.cast(crash)
    const reason = yield* b!.ref.awaitExit
    assert(reason._tag === "Crash")
    assert.strictEqual(Cause.squash(reason.cause), boom)
  }))

it.effect("link: the detail of a Shutdown crosses with it", () =>
  Effect.gen(function*() {
    const [a, b] = yield* nodes(2)
    yield* link(a!.ref, b!.ref)
    yield* a!.ref.stop({ _tag: "Shutdown", detail: "moving house" })
    assert.deepInclude(yield* b!.ref.awaitExit, { _tag: "Shutdown", detail: "moving house" })
  }))

it.effect("link: terminate runs in the actor that a link ends, with the reason", () =>
  Effect.gen(function*() {
    const reasons: Array<string> = []
    const a = yield* node()
    const b = yield* node({ terminate: (reason) => Effect.sync(() => void reasons.push(reason._tag)) })
    yield* link(a.ref, b.ref)
    yield* a.ref.cast(crash)
    yield* settle
    assert.deepStrictEqual(reasons, ["Crash"])
  }))

it.effect("link: the end of the scope of one is Shutdown to the other", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const a = yield* Scope.provide(node(), scope)
    const b = yield* node()
    yield* link(b.ref, a.ref)
    yield* Scope.close(scope, Exit.void)
    yield* settle
    assert.strictEqual((yield* b.ref.awaitExit)._tag, "Shutdown")
  }))

it.effect("link to the dead: NoProcess ends the one that linked", () =>
  Effect.gen(function*() {
    const [a, dead] = yield* nodes(2)
    yield* dead!.ref.stop()
    yield* link(a!.ref, dead!.ref)
    assert.strictEqual((yield* a!.ref.awaitExit)._tag, "NoProcess")
  }))

it.effect("link to the dead with trapExit: NoProcess arrives as a message, once per link", () =>
  Effect.gen(function*() {
    const a = yield* trapping
    const dead = yield* node()
    yield* dead.ref.cast(crash)
    yield* settle
    yield* link(a.ref, dead.ref)
    assert.deepStrictEqual(a.exits.map(({ from, reason }) => [from, reason._tag]), [[dead.ref.id, "NoProcess"]])
    yield* link(a.ref, dead.ref)
    assert.strictEqual(a.exits.length, 2)
    assert.isTrue(yield* a.ref.isAlive)
  }))

it.effect("unlink, by either side: nothing crosses any more", () =>
  Effect.gen(function*() {
    for (const [from, to] of [[0, 1], [1, 0]] as const) {
      const pair = yield* nodes(2)
      yield* link(pair[0]!.ref, pair[1]!.ref)
      yield* unlink(pair[from]!.ref, pair[to]!.ref)
      yield* pair[0]!.ref.cast(crash)
      yield* settle
      assert.isTrue(yield* pair[1]!.ref.isAlive)
    }
  }))

it.effect("unlink of what was never linked, or is dead: nothing", () =>
  Effect.gen(function*() {
    const [a, b, dead] = yield* nodes(3)
    yield* dead!.ref.stop()
    yield* unlink(a!.ref, b!.ref)
    yield* unlink(a!.ref, dead!.ref)
    yield* unlink(a!.ref, a!.ref)
    assert.isTrue(yield* a!.ref.isAlive)
  }))

it.effect("a link exists once: linking twice, from both sides, is undone by one unlink and heard once", () =>
  Effect.gen(function*() {
    const a = yield* trapping
    const b = yield* trapping
    yield* link(a.ref, b.ref)
    yield* link(b.ref, a.ref)
    yield* link(a.ref, b.ref)
    yield* b.ref.cast(crash)
    yield* settle
    assert.strictEqual(a.exits.length, 1)
    const [c, d] = yield* nodes(2)
    yield* link(c!.ref, d!.ref)
    yield* link(d!.ref, c!.ref)
    yield* unlink(c!.ref, d!.ref)
    yield* d!.ref.cast(crash)
    yield* settle
    assert.isTrue(yield* c!.ref.isAlive)
  }))

it.effect("linked anew after an unlink: the link is whole", () =>
  Effect.gen(function*() {
    const [a, b] = yield* nodes(2)
    yield* link(a!.ref, b!.ref)
    yield* unlink(b!.ref, a!.ref)
    yield* link(a!.ref, b!.ref)
    yield* b!.ref.cast(crash)
    yield* settle
    assert.isFalse(yield* a!.ref.isAlive)
  }))

it.effect("a link to oneself is harmless", () =>
  Effect.gen(function*() {
    const a = yield* trapping
    yield* link(a.ref, a.ref)
    yield* a.ref.cast("on")
    yield* settle
    assert.deepStrictEqual(a.seen, ["on"])
    yield* a.ref.stop(ExitReason.shutdown)
    assert.strictEqual((yield* a.ref.awaitExit)._tag, "Shutdown")
  }))
