/** `maxTotal`: how many resources all keys have open together, and which key gets the next one. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import type { Pool } from "whitepool"
import * as KeyedPool from "../../src/pool/KeyedPool.ts"
import { crash } from "../support/crash.ts"
import { withLogs } from "../support/logs.ts"
import { SeededScheduler } from "../support/seededScheduler.ts"
import { defect } from "../support/waiting.ts"
import { forkSettled, type OpenError, type Resource, settle, World } from "../support/world.ts"

type Given = Partial<Pool.Options<Resource, OpenError, Scope.Scope, Scope.Scope>>

/** All keys in one world: what it has open is the total. */
const make = (
  world: World,
  maxTotal: number,
  options: Given = {},
  keyed: { readonly idleTimeToLive?: string } = {}
) =>
  KeyedPool.make({
    lookup: (name: string) => ({ size: 2 * name.length, factory: world.factory, ...options }),
    maxTotal,
    idleTimeToLive: keyed.idleTimeToLive as "1 minute" ?? "infinity"
  })

const id = (resource: Resource) => Effect.succeed(resource.id)

/** Borrows for as long as the gate is shut. */
const borrow = (
  keyed: KeyedPool.KeyedPool<string, Resource, OpenError>,
  key: string,
  options?: Pool.CheckoutOptions<Resource>
) =>
  Effect.gen(function*() {
    const gate = yield* Deferred.make<void>()
    const fiber = yield* forkSettled(keyed.use(key, () => Deferred.await(gate), options))
    return { fiber, end: Effect.andThen(Deferred.succeed(gate, undefined), settle) }
  })

describe("maxTotal", () => {
  it.effect("opens lazily, and no more than that over all keys", () =>
    Effect.gen(function*() {
      const world = new World()
      const keyed = yield* make(world, 3)
      const users = yield* Effect.forEach(
        ["a", "a", "b", "b", "c"],
        (key) => borrow(keyed, key, { timeout: "infinity" })
      )
      assert.strictEqual(world.live, 3)
      assert.deepStrictEqual((yield* keyed.status).map(({ lent, waiting }) => [lent, waiting]), [[2, 0], [1, 1], [
        0,
        1
      ]])
      for (const { end } of users) yield* end
      for (const { fiber } of users) yield* Fiber.join(fiber)
      assert.isAtMost(world.peak, 3)
    }))

  it.effect("a checkoutMany of more than that dies, as one of more than its pool can have", () =>
    Effect.gen(function*() {
      for (const [options, most] of [[{}, 3], [{ concurrency: 2 }, 6]] as const) {
        const keyed = yield* make(new World(), 3, options)
        const session = yield* keyed.session("wide")
        const text = yield* defect(session.checkoutMany(most + 1))
        assert.include(text, `n: must be a whole number from 1 to ${most}`)
        const leases = yield* session.checkoutMany(most)
        for (const lease of leases) yield* session.checkin(lease)
      }
    }))

  it.effect("D-3 counts idle ones: the longest idle of another key is closed to make room", () =>
    Effect.gen(function*() {
      const world = new World()
      const keyed = yield* make(world, 2)
      assert.strictEqual(yield* keyed.use("a", id), 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* keyed.use("b", id), 2)
      assert.strictEqual(yield* keyed.use("c", id), 3)
      assert.deepStrictEqual(world.closed.map(({ id }) => id), [1])
      assert.strictEqual(yield* keyed.use("b", id), 2)
      // It is not replaced for the sake of being there.
      assert.strictEqual(world.begun, 3)
      assert.strictEqual(yield* keyed.use("a", id), 4)
      assert.isAtMost(world.peak, 2)
    }))

  it.effect("waits for the closing of what makes room, so that there is never one too many", () =>
    Effect.gen(function*() {
      const world = new World()
      const keyed = yield* make(world, 1)
      yield* keyed.use("a", id)
      // Counted as closed only when it is: `peak` would tell.
      const gate = yield* Deferred.make<void>()
      world.close = ({ id }) => id === 1 ? Deferred.await(gate) : Effect.void
      const user = yield* forkSettled(keyed.use("b", id))
      assert.strictEqual(world.begun, 1)
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual(yield* Fiber.join(user), 2)
    }))

  it.effect("all lent: whoever asks waits within the deadline, and the first to come is the first to be served", () =>
    Effect.gen(function*() {
      const world = new World()
      const keyed = yield* make(world, 1)
      const a = yield* borrow(keyed, "a")
      const late = yield* forkSettled(Effect.flip(keyed.use("b", id, { timeout: "1 second" })))
      const order: Array<string> = []
      const noting = (key: string) => Effect.sync(() => order.push(key))
      const fibers = yield* Effect.forEach(
        ["c", "a", "b", "c"],
        (key) => forkSettled(keyed.use(key, () => noting(key), { timeout: "infinity" }))
      )
      yield* TestClock.adjust("1 second")
      assert.deepInclude(yield* Fiber.join(late), { _tag: "CheckoutTimeout", phase: "queue" })
      yield* a.end
      yield* settle
      for (const fiber of fibers) yield* Fiber.join(fiber)
      assert.deepStrictEqual(order, ["c", "a", "b", "c"])
      assert.strictEqual(world.peak, 1)
    }))

  it.effect("a busy key goes on with what it has, but not for as long as another one has nothing", () =>
    Effect.gen(function*() {
      const world = new World()
      const keyed = yield* make(world, 2)
      const [a1, a2] = [yield* borrow(keyed, "a"), yield* borrow(keyed, "a")]
      const older = yield* forkSettled(keyed.use("a", id, { timeout: "infinity" }))
      const b = yield* borrow(keyed, "b", { timeout: "infinity" })
      yield* forkSettled(keyed.use("b", id, { timeout: "infinity" }))
      const a3 = yield* borrow(keyed, "a", { timeout: "infinity" })
      yield* a1.end
      // The oldest waiter of all was of its own key; then came the other, which had nothing.
      assert.strictEqual(yield* Fiber.join(older), 1)
      assert.deepStrictEqual(world.closed.map(({ id }) => id), [1])
      yield* a2.end
      assert.lengthOf(world.closed, 1)
      assert.deepStrictEqual((yield* keyed.status).map(({ lent }) => lent), [1, 1])
      yield* b.end
      yield* a3.end
    }))

  it.effect("a waiter that leaves leaves its place in line", () =>
    Effect.gen(function*() {
      const world = new World()
      const keyed = yield* make(world, 1)
      const a = yield* borrow(keyed, "a")
      const b = yield* borrow(keyed, "b", { timeout: "infinity" })
      const c = yield* forkSettled(keyed.use("c", id, { timeout: "infinity" }))
      yield* Fiber.interrupt(b.fiber)
      yield* a.end
      assert.strictEqual(yield* Fiber.join(c), 2)
    }))

  it.effect("what is kept in stock takes room that is free, and never makes any", () =>
    Effect.gen(function*() {
      const world = new World()
      const keyed = yield* make(world, 3, { start: "background" })
      yield* keyed.session("a")
      yield* settle
      yield* keyed.session("b")
      yield* settle
      assert.deepStrictEqual((yield* keyed.status).map(({ idle }) => idle), [2, 1])
      assert.lengthOf(world.closed, 0)
      // Closed for another key's sake: it does not come back at that key's expense.
      assert.strictEqual(yield* keyed.use("c", id), 4)
      yield* settle
      assert.deepStrictEqual((yield* keyed.status).map(({ idle }) => idle), [1, 1, 1])
      assert.strictEqual(world.begun, 4)
    }))

  it.effect("is not to be had with an eager start, which might wait for ever", () =>
    Effect.gen(function*() {
      const keyed = yield* make(new World(), 1, { start: "eager", size: -1 })
      const error = yield* Effect.flip(keyed.session("a"))
      assert.deepInclude(error, { _tag: "InvalidOptions" })
      const { problems } = error as Pool.InvalidOptions
      assert.deepStrictEqual(problems.map((problem) => problem.split(":")[0]), ["size", "start"])
    }))

  it.effect("a key that goes gives its places back", () =>
    Effect.gen(function*() {
      const world = new World()
      const keyed = yield* make(world, 2, {}, { idleTimeToLive: "1 minute" })
      for (let i = 0; i < 5; i++) {
        const users = yield* Effect.forEach(["a", "b"], () => borrow(keyed, `${i}`))
        for (const { end } of users) yield* end
        yield* TestClock.adjust("1 minute")
        yield* settle
        assert.deepStrictEqual(yield* keyed.keys, [])
        assert.strictEqual(world.live, 0)
      }
    }))

  it.effect("a pool that crashes gives its places back when what it had is closed", () =>
    withLogs(() =>
      Effect.gen(function*() {
        const world = new World()
        const keyed = yield* make(world, 1)
        const session = yield* keyed.session("a")
        yield* session.use(id)
        const gate = yield* Deferred.make<void>()
        world.close = ({ id }) => id === 1 ? Deferred.await(gate) : Effect.void
        // The real one: a session of a key is told nothing that it does not understand.
        yield* crash({ status: session.status } as Pool.Session<unknown>)
        const b = yield* forkSettled(keyed.use("b", id))
        assert.strictEqual(world.begun, 1)
        yield* Deferred.succeed(gate, undefined)
        assert.strictEqual(yield* Fiber.join(b), 2)
        assert.strictEqual(yield* session.use(id), 3)
      })
    ))

  it.effect("an opening that fails, and a closing that is given up, give theirs back too", () =>
    withLogs(() =>
      Effect.gen(function*() {
        const world = new World()
        const keyed = yield* make(world, 1, { closeTimeout: "1 second" })
        world.close = ({ id }) => id === 1 ? Effect.never : Effect.void
        yield* keyed.use("a", id)
        const b = yield* forkSettled(keyed.use("b", id))
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* Fiber.join(b), 2)
        world.open = (id) => id === 3 ? Effect.die("no") : Effect.void
        const c = yield* forkSettled(keyed.use("c", id, { timeout: "infinity" }))
        yield* settle
        assert.strictEqual(yield* keyed.use("d", id), 4)
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(c)
      })
    ))

  it("whoever comes in whatever order is served, and there is never one too many", async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const program = Effect.gen(function*() {
        const world = new World()
        const keyed = yield* make(world, 3, { size: 2, maxOverflow: 1 })
        const yields = (count: number) =>
          Effect.forEach(Array.from({ length: count }), () => Effect.yieldNow, { discard: true })
        const client = (n: number) =>
          Effect.forEach(
            [1, 2, 3, 4],
            (round) => keyed.use(`${(n * round) % 5}`, () => yields((n + round) % 4), { timeout: "infinity" })
          )
        yield* Effect.forEach(Array.from({ length: 12 }), (_, n) => client(n), { concurrency: "unbounded" })
        assert.isAtMost(world.peak, 3)
        yield* settle
        assert.isAtMost(world.live, 3)
        assert.deepStrictEqual((yield* keyed.status).map(({ lent, waiting }) => lent + waiting).filter(Boolean), [])
        return world
      })
      const world = await Effect.runPromise(Effect.provide(Effect.scoped(program), TestClock.layer()), {
        scheduler: new SeededScheduler(seed)
      }).catch((cause: unknown) => {
        throw new Error(`SEED=${seed}: ${String(cause)}`, { cause })
      })
      assert.strictEqual(world.live, 0)
      assert.deepStrictEqual(world.problems, [])
    }
  })

  it.effect("closing the scope while many are in line turns them all away", () =>
    Effect.gen(function*() {
      const world = new World()
      const scope = yield* Scope.make()
      const keyed = yield* Scope.provide(make(world, 1), scope)
      const a = yield* borrow(keyed, "a")
      const users = yield* Effect.forEach(["b", "c"], (key) =>
        forkSettled(Effect.flip(keyed.use(key, id, { timeout: "infinity" }))))
      const closing = yield* forkSettled(Scope.close(scope, Exit.void))
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(closing)
      for (const user of users) {
        assert.strictEqual((yield* Fiber.join(user))._tag, "PoolClosed")
      }
      assert.strictEqual(world.live, 0)
      yield* a.end
      assert.deepStrictEqual(world.problems, [])
    }))
})
