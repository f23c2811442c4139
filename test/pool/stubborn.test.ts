/** User code that will not end when it is told to, or returns what it must not: nothing is lost, nobody waits for ever. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Effect, Exit, Fiber, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { assertWhole, counts, forkSettled, settle, World } from "../support/world.ts"

/** What an untyped caller might hand in. */
const untyped = <A>(value: unknown): A => value as A

const causeOf = <A, E>(exit: Exit.Exit<A, E>) => Exit.isFailure(exit) ? exit.cause : Cause.empty

describe("a link", () => {
  it.effect("that does not obey its interruption is given up after closeTimeout, and the pool ends", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ link: () => Effect.uninterruptible(Effect.never), closeTimeout: "2 seconds" })
      const ending = yield* forkSettled(session.shutdown())
      assert.isUndefined(ending.pollUnsafe())
      yield* TestClock.adjust("2 seconds")
      yield* Fiber.join(ending)
      assert.strictEqual((yield* session.status).abandoned, 1)
    }))

  it.effect("that returns no Effect counts as the death of its resource, which is closed", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ link: (resource) => resource.id > 1 ? Effect.never : untyped(undefined) })
      yield* settle
      assert.deepStrictEqual(world.closed.map(({ id }) => id), [1])
      yield* assertWhole(session, world, 1)
    }))
})

describe("a factory", () => {
  it.effect("that fails while what it had acquired does not close is given up with its own failure", () =>
    Effect.gen(function*() {
      const half: Effect.Effect<{ readonly id: number }, string, Scope.Scope> = Effect.andThen(
        Effect.addFinalizer(() => Effect.never),
        Effect.fail("boom")
      )
      const making = yield* forkSettled(
        Effect.exit(Pool.make({ factory: half, size: 1, openTimeout: "3 seconds", closeTimeout: "1 second" }))
      )
      yield* TestClock.adjust("3 seconds")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(Cause.squash(causeOf(yield* Fiber.join(making))), "boom")
    }))

  it.effect("whose Effect turns out to be none is a failed opening, and its place is not lost", () =>
    Effect.gen(function*() {
      const world = new World()
      world.open = (id) => id > 1 ? Effect.void : Effect.flatMap(Effect.void, () => untyped(undefined))
      const session = yield* world.pool({ start: "background" })
      yield* TestClock.adjust("1 second")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("may be anything that is an Effect, such as a service, and nothing else", () =>
    Effect.gen(function*() {
      class Client extends Context.Service<Client, { readonly id: number }>()("test/Client") {}
      const make = Pool.make({ factory: Client, size: 1 })
      const session = yield* Effect.provideService(make, Client, { id: 7 })
      assert.strictEqual(yield* session.use(({ id }) => Effect.succeed(id)), 7)
      const refused = yield* Effect.flip(Pool.make({ factory: untyped<Effect.Effect<object>>({}), size: 1 }))
      assert.strictEqual(refused._tag, "InvalidOptions")
    }))
})

describe("the function given to use", () => {
  it.effect("that returns a Promise dies of it, and its resource is replaced", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const exit = yield* Effect.exit(session.use(() => untyped<Effect.Effect<void>>(Promise.resolve())))
      assert.instanceOf(Cause.squash(causeOf(exit)), TypeError)
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.opened.length, 2)
    }))
})

describe("what a pool leaves behind", () => {
  it.effect("in a scope that lives on is nothing, once it has ended by itself", () =>
    Effect.gen(function*() {
      const world = new World()
      const scope = yield* Effect.scope
      const finalizers = () => scope.state._tag === "Open" ? (scope.state.finalizers?.size ?? 1) : 0
      const before = finalizers()
      for (let i = 0; i < 5; i++) yield* Effect.flatMap(world.make({}), (session) => session.shutdown())
      assert.strictEqual(finalizers(), before)
      assert.strictEqual(world.live, 0)
    }))

  it.effect("counts only leases that somebody had as drained", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const lease = yield* session.checkout({ owner: "none" })
      const waiter = yield* forkSettled(session.use(() => Effect.void))
      const ending = yield* forkSettled(session.shutdown())
      yield* session.checkin(lease)
      // Granted in that turn, and gone before it has heard of it.
      yield* Fiber.interrupt(waiter)
      assert.deepStrictEqual(yield* Fiber.join(ending), { drained: 1, forced: 0 })
      assert.deepStrictEqual(yield* counts(session), {})
    }))
})
