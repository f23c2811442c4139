import { assert, it } from "@effect/vitest"
import { Effect, Schedule } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { Actor, ExitReason, Supervisor } from "whitepool/actor"
import type { Oneshot } from "whitepool/channel"
import { defectOf, outcome, pending, settle } from "./support.ts"
import { leavesNothing, refOf } from "./tree.ts"
import { runOutTheClock, spawned, statusIs } from "./world.ts"

/* A pool of actors: poolboy's own shape. */

type Ask = { readonly id: Oneshot.Sender<number> } | "crash" | "stop" | "hang"

const actorPool = (extra: Partial<Pool.Options<Actor.ActorRef<Ask>, Actor.StartFailed>> = {}) =>
  Effect.gen(function*() {
    const ends: Array<string> = []
    const refs: Array<Actor.ActorRef<Ask>> = []
    const behavior: Actor.Behavior<Ask> = {
      init: (context) => Effect.sync(() => void refs.push(context.self)),
      receive: (message, context) => {
        if (message === "crash") throw new Error("crash")
        if (message === "stop") return context.self.stop()
        if (message === "hang") return Effect.never
        message.id.sendUnsafe(context.self.id)
        return
      },
      terminate: (reason) => Effect.sync(() => void ends.push(reason._tag))
    }
    const session = yield* Pool.make({ size: 2, ...extra, factory: Actor.spawn<Ask>(behavior) })
    yield* runOutTheClock
    return { session, refs, ends }
  })

const idOf = (ref: Actor.ActorRef<Ask>) => ref.call<number>((id) => ({ id }))

it.effect("actors as resources: a lease's resource is an ActorRef that can be called, without glue code", () =>
  Effect.gen(function*() {
    const { session, refs } = yield* actorPool()
    assert.strictEqual(refs.length, 2)
    const lease = yield* session.checkout()
    assert.strictEqual(yield* idOf(lease.resource), lease.resource.id)
    yield* session.checkin(lease)
    const id = yield* session.use((ref) => idOf(ref))
    assert.include(refs.map((ref) => ref.id), id)
  }))

const deaths: ReadonlyArray<readonly [string, (ref: Actor.ActorRef<Ask>) => Effect.Effect<void>]> = [
  ["crashes", (ref) => ref.cast("crash")],
  ["ends Normal", (ref) => ref.cast("stop")],
  ["is killed", (ref) => ref.exit(ExitReason.killed)],
  ["is told to exit with Shutdown", (ref) => ref.exit(ExitReason.shutdown)]
]

for (const [what, end] of deaths) {
  it.effect(`actors as resources: an idle one that ${what} is replaced, without any link`, () =>
    Effect.gen(function*() {
      const { session, refs } = yield* actorPool()
      yield* end(refs[0]!)
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* statusIs(session, { idle: 2, opening: 0, closing: 0 })
      assert.strictEqual(refs.length, 3)
      const lent = [yield* session.checkout(), yield* session.checkout()]
      assert.sameMembers(lent.map((lease) => lease.resource.id), [refs[1]!.id, refs[2]!.id])
      for (const lease of lent) yield* session.checkin(lease)
    }))

  it.effect(`actors as resources: one that ${what} while it is lent ends the lease and is replaced at once`, () =>
    Effect.gen(function*() {
      const { session, refs } = yield* actorPool({ size: 1 })
      const lease = yield* session.checkout()
      const waiter = yield* spawned(session.use((ref) => idOf(ref)))
      assert.isTrue(pending(waiter))
      yield* end(lease.resource)
      yield* settle
      assert.isFalse(lease.isLive)
      assert.strictEqual((yield* defectOf(Effect.sync(() => lease.resource))).defect._tag, "LeaseExpired")
      assert.strictEqual(outcome(waiter), refs[1]!.id)
      yield* session.checkin(lease)
      yield* statusIs(session, { idle: 1, lent: 0 })
      assert.strictEqual(refs.length, 2)
    }))
}

it.effect("actors as resources: a call under way in use ends at once with ActorStopped, and the pool heals", () =>
  Effect.gen(function*() {
    const { session, refs } = yield* actorPool({ size: 1 })
    const using = yield* spawned(
      session.use((ref) =>
        Effect.andThen(ref.cast("hang"), ref.call<number>((id) => ({ id }), { timeout: "infinity" }))
      )
    )
    yield* refs[0]!.exit(ExitReason.killed)
    yield* settle
    assert.strictEqual(outcome(using)._tag, "ActorStopped")
    assert.strictEqual(yield* session.use(idOf), refs[1]!.id)
  }))

it.effect("actors as resources: destroyed ends the actor, checkin does not", () =>
  Effect.gen(function*() {
    const { session, refs, ends } = yield* actorPool({ size: 1 })
    yield* session.checkin(yield* session.checkout())
    assert.deepStrictEqual(ends, [])
    yield* session.destroyed(yield* session.checkout())
    yield* statusIs(session, { idle: 1 })
    assert.deepStrictEqual(ends, ["Shutdown"])
    assert.isFalse(yield* refs[0]!.isAlive)
  }))

it.effect("actors as resources: the pool's end ends them all, each once", () =>
  leavesNothing(Effect.gen(function*() {
    const { session, refs, ends } = yield* actorPool({ size: 3 })
    yield* session.shutdown()
    assert.deepStrictEqual(ends, ["Shutdown", "Shutdown", "Shutdown"])
    for (const ref of refs) assert.isFalse(yield* ref.isAlive)
  })))

it.effect("actors as resources: an init that fails is an opening failure with StartFailed", () =>
  Effect.gen(function*() {
    const made = yield* Effect.flip(Pool.make({
      factory: Actor.spawn<Ask>({ receive: () => {}, init: () => Effect.fail("no") }),
      size: 1
    }))
    assert.instanceOf(made, Actor.StartFailed)
  }))

it.effect("actors as resources: restartIntensity counts their deaths", () =>
  Effect.gen(function*() {
    const { session, refs } = yield* actorPool({
      size: 1,
      backoff: Schedule.spaced("10 millis"),
      restartIntensity: { intensity: 2, period: "1 minute" }
    })
    for (let n = 0; n < 3; n++) {
      assert.notStrictEqual((yield* session.status).state, "closed")
      yield* refs.at(-1)!.cast("crash")
      yield* settle
      yield* TestClock.adjust("1 second")
      yield* settle
    }
    assert.strictEqual((yield* session.status).state, "closed")
    assert.strictEqual(refs.length, 3)
  }))

it.effect("actors as resources, in a supervised pool: the crash of the pool ends its actors; the session works on", () =>
  leavesNothing(Effect.gen(function*() {
    const ends: Array<string> = []
    const { session, spec } = yield* Pool.childSpec("workers", {
      factory: Actor.spawn<Ask>({
        receive: (message, context) =>
          typeof message === "object" ? void message.id.sendUnsafe(context.self.id) : undefined,
        terminate: (reason) => Effect.sync(() => void ends.push(reason._tag))
      }),
      size: 2
    })
    const supervisor = yield* Supervisor.make({}, [spec])
    const lease = yield* session.checkout()
    const old = lease.resource
    yield* refOf((yield* supervisor.whichChildren)[0]!.child).exit(ExitReason.killed)
    yield* settle
    assert.isFalse(yield* old.isAlive)
    assert.strictEqual(ends.length, 2)
    assert.notStrictEqual(yield* session.use(idOf), old.id)
    yield* statusIs(session, { idle: 2 })
  })))

it.effect("actors as resources: the crash of one is not the crash of the pool, nor of its other actors", () =>
  Effect.gen(function*() {
    const { session, refs } = yield* actorPool({ size: 3 })
    yield* refs[1]!.cast("crash")
    yield* settle
    assert.deepStrictEqual([yield* refs[0]!.isAlive, yield* refs[2]!.isAlive], [true, true])
    yield* statusIs(session, { idle: 3 })
  }))
