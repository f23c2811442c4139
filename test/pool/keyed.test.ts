/** One pool per key: who gets which, when it is made, and what becomes of those who ask meanwhile. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Data, Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { AsyncLocalStorage } from "node:async_hooks"
import type { Pool } from "whitepool"
import * as KeyedPool from "../../src/pool/KeyedPool.ts"
import { makeKeyed, Worlds } from "../support/keyedWorlds.ts"
import { id } from "../support/resources.ts"
import { forkSettled, OpenError, settle, tagsOf } from "../support/world.ts"

describe("a key", () => {
  it.effect("has its pool made on first use, once, and other keys have others", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* makeKeyed(worlds)
      assert.deepStrictEqual(yield* keyed.keys, [])
      assert.strictEqual(yield* keyed.use("a", id), 1)
      assert.strictEqual(yield* keyed.use("a", id), 1)
      assert.strictEqual(yield* keyed.use("b", id), 1)
      assert.deepStrictEqual(yield* keyed.keys, ["a", "b"])
      assert.deepStrictEqual(worlds.lookups, ["a", "b"])
      assert.deepStrictEqual((yield* keyed.status).map(({ idle, name }) => ({ idle, name })), [
        { idle: 1, name: "pool[a]" },
        { idle: 1, name: "pool[b]" }
      ])
    }))

  it.effect("many first uses at once make one pool", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* makeKeyed(worlds)
      const gate = yield* Deferred.make<void>()
      worlds.world("a").open = () => Deferred.await(gate)
      const users = yield* Effect.forEach(Array.from({ length: 20 }), () => Effect.forkChild(keyed.use("a", id)))
      yield* settle
      yield* Deferred.succeed(gate, undefined)
      yield* Effect.forEach(users, Fiber.join)
      assert.deepStrictEqual(worlds.lookups, ["a"])
      assert.strictEqual(worlds.world("a").begun, 1)
    }))

  it.effect("is compared by its value, if it has one", () =>
    Effect.gen(function*() {
      class Key extends Data.Class<{ readonly tenant: string }> {}
      let made = 0
      const keyed = yield* KeyedPool.make({
        lookup: (key: Key) => ({ size: key.tenant.length, factory: Effect.sync(() => ++made) }),
        name: "tenants"
      })
      yield* keyed.use(new Key({ tenant: "a" }), Effect.succeed)
      assert.strictEqual(yield* keyed.use(new Key({ tenant: "a" }), Effect.succeed), 1)
      assert.strictEqual(yield* keyed.use(new Key({ tenant: "b" }), Effect.succeed), 2)
      assert.deepStrictEqual((yield* keyed.status).map(({ name }) => name), ["tenants[#1]", "tenants[#2]"])
      const session = yield* keyed.session(new Key({ tenant: "b" }))
      yield* session.shutdown()
      assert.deepStrictEqual([session.name, session.name], ["tenants[#2]", "tenants[#2]"])
    }))

  it.effect("has a pool of the name that the lookup gives", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      worlds.options = (key) => ({ name: `db of ${key}` })
      const keyed = yield* makeKeyed(worlds)
      const session = yield* keyed.session("a")
      assert.strictEqual(session.name, "db of a")
    }))
})

describe("a first use", () => {
  it.effect("interrupted while the pool is made leaves it to the others, and to itself", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* makeKeyed(worlds)
      const gate = yield* Deferred.make<void>()
      worlds.world("a").open = () => Deferred.await(gate)
      const first = yield* forkSettled(keyed.use("a", id))
      const second = yield* forkSettled(keyed.use("a", id))
      yield* Fiber.interrupt(first)
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual(yield* Fiber.join(second), 1)
      assert.deepStrictEqual(worlds.lookups, ["a"])
    }))

  it.effect("all of them interrupted: the pool is made all the same, and is idle from then", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* makeKeyed(worlds)
      const gate = yield* Deferred.make<void>()
      worlds.world("a").open = () => Deferred.await(gate)
      yield* Fiber.interrupt(yield* forkSettled(keyed.use("a", id)))
      yield* TestClock.adjust("20 seconds")
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      assert.strictEqual(worlds.live, 1)
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual(yield* keyed.keys, ["a"])
      yield* TestClock.adjust("1 second")
      yield* settle
      assert.deepStrictEqual(yield* keyed.keys, [])
      worlds.assertEmpty()
    }))

  it.effect("J-2 has one deadline for the making and the queue", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* makeKeyed(worlds)
      worlds.world("a").open = () => Effect.sleep("3 seconds")
      const holder = yield* forkSettled(keyed.use("a", () => Effect.never))
      const other = yield* forkSettled(Effect.flip(keyed.use("a", id, { timeout: "4 seconds" })))
      const slow = yield* forkSettled(Effect.flip(keyed.use("a", id, { timeout: "2 seconds" })))
      yield* TestClock.adjust("2 seconds")
      const error = yield* Fiber.join(slow)
      assert.deepInclude(error, { _tag: "CheckoutTimeout", phase: "open", pool: "pool[a]" })
      assert.strictEqual(error._tag === "CheckoutTimeout" ? error.status.waiting : 0, 3)
      yield* TestClock.adjust("1999 millis")
      assert.isUndefined(other.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.deepInclude(yield* Fiber.join(other), { _tag: "CheckoutTimeout", phase: "queue" })
      yield* Fiber.interrupt(holder)
    }))

  it.effect("without a deadline of its own has that of the pool's options", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      worlds.options = (key) => key === "a" ? { checkoutTimeout: "1 second" } : {}
      const keyed = yield* makeKeyed(worlds)
      for (const key of ["a", "b"]) worlds.world(key).open = () => Effect.never
      const users = yield* Effect.forEach(["a", "b"], (key) => forkSettled(keyed.use(key, id)))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(users.map((fiber) => fiber.pollUnsafe() === undefined), [false, true])
      yield* TestClock.adjust("4 seconds")
      assert.deepStrictEqual(yield* tagsOf(users), ["CheckoutTimeout", "CheckoutTimeout"])
    }))

  it.effect("that will not wait does not, but has the pool made", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* makeKeyed(worlds)
      const first = yield* Effect.forkChild(Effect.flip(keyed.use("b", id, { timeout: 0 })), { startImmediately: true })
      assert.isDefined(first.pollUnsafe(), "at once")
      assert.strictEqual((yield* Effect.flip(keyed.use("a", id, { timeout: 0 })))._tag, "CheckoutTimeout")
      yield* settle
      assert.strictEqual(yield* keyed.use("a", id, { timeout: 0 }), 1)
    }))

  it.effect("of a timeout that is none dies, as a session says it, and leaves no line behind", () =>
    Effect.gen(function*() {
      const keyed = yield* makeKeyed(new Worlds())
      for (const timeout of [-1, NaN]) {
        const exit = yield* Effect.exit(keyed.use("a", id, { timeout }))
        assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause) && !Cause.hasFails(exit.cause))
      }
    }))
})

describe("a pool that cannot be made", () => {
  it.effect("fails all who wait for it with OpenFailed, leaves nothing, and is tried anew by the next", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* makeKeyed(worlds)
      worlds.world("a").open = (id) => Effect.fail(new OpenError({ id }))
      const users = yield* Effect.forEach([1, 2], () => Effect.forkChild(Effect.flip(keyed.use("a", id))))
      for (const user of users) {
        const error = yield* Fiber.join(user)
        assert.strictEqual(error._tag, "OpenFailed")
        if (error._tag === "OpenFailed") assert.instanceOf(Cause.squash(error.failure), OpenError)
      }
      assert.deepStrictEqual(yield* keyed.keys, [])
      worlds.assertEmpty()
      worlds.world("a").open = () => Effect.void
      assert.strictEqual(yield* keyed.use("a", id), 2)
    }))

  it.effect("fails session with the failure itself", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      const keyed = yield* makeKeyed(worlds)
      worlds.world("a").open = (id) => Effect.fail(new OpenError({ id }))
      assert.instanceOf(yield* Effect.flip(keyed.session("a")), OpenError)
      assert.deepStrictEqual(yield* keyed.keys, [])
    }))

  it.effect("for its options: session fails with InvalidOptions, use dies of them", () =>
    Effect.gen(function*() {
      const worlds = new Worlds()
      worlds.options = () => ({ size: -1 })
      const keyed = yield* makeKeyed(worlds)
      assert.strictEqual((yield* Effect.flip(keyed.session("a")))._tag, "InvalidOptions")
      const exit = yield* Effect.exit(keyed.use("a", id))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      assert.deepStrictEqual(yield* keyed.keys, [])
    }))

  it.effect("since the lookup throws: whoever asks dies of it, and the next one tries anew", () =>
    Effect.gen(function*() {
      let isBroken = true
      const keyed = yield* KeyedPool.make({
        lookup: (key: string) => {
          if (isBroken) throw new Error(`no ${key}`)
          return { size: 1, factory: Effect.succeed(key) }
        }
      })
      const exit = yield* Effect.exit(keyed.use("a", Effect.succeed))
      assert.isTrue(Exit.isFailure(exit) && (Cause.squash(exit.cause) as Error).message === "no a")
      isBroken = false
      assert.strictEqual(yield* keyed.use("a", Effect.succeed), "a")
    }))
})

describe("the context of a key's pool", () => {
  const storage = new AsyncLocalStorage<string>()

  it("is that of make, and never that of whoever used the key first", async () => {
    class Who extends Context.Reference<string>("test/Who", { defaultValue: () => "nobody" }) {}
    const seen: Array<string> = []
    const scope = Scope.makeUnsafe()
    const note = (what: string) =>
      Effect.map(Effect.service(Who), (who) => void seen.push(`${what}: ${who} ${storage.getStore()}`))
    const keyed = await storage.run("maker", () =>
      Effect.runPromise(
        KeyedPool.make({
          lookup: (key: string) => {
            seen.push(`lookup: ${storage.getStore()}`)
            return { size: 1, factory: Effect.acquireRelease(Effect.as(note("factory"), key), () => note("closing")) }
          }
        }).pipe(Effect.provideService(Who, "maker"), Effect.provideService(Scope.Scope, scope))
      ))
    await storage.run(
      "caller",
      () => Effect.runPromise(Effect.provideService(keyed.use("a", () => Effect.void), Who, "caller"))
    )
    await storage.run(
      "closer",
      () => Effect.runPromise(Effect.provideService(Scope.close(scope, Exit.void), Who, "closer"))
    )
    assert.deepStrictEqual(seen, ["lookup: maker", "factory: maker maker", "closing: maker maker"])
  })
})

describe("options", () => {
  it.effect("that are impossible are a mistake of the program, and every one is named", () =>
    Effect.gen(function*() {
      const wrong = { lookup: 1, maxTotal: 0, idleTimeToLive: -1, name: "", nonsense: true }
      const exit = yield* Effect.exit(KeyedPool.make(wrong as never))
      const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      assert.deepInclude(defect, { _tag: "InvalidOptions" })
      const { problems } = defect as Pool.InvalidOptions
      assert.deepStrictEqual(problems.map((problem) => problem.split(":")[0]), [
        "nonsense",
        "lookup",
        "maxTotal",
        "idleTimeToLive",
        "name"
      ])
    }))
})
