/** Whether a resource is fit to be lent again: who says so, and that it is replaced where it is not. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Fiber, Schedule, Scope } from "effect"
import { TestClock } from "effect/testing"
import { AsyncLocalStorage } from "node:async_hooks"
import { Pool } from "whitepool"
import { outOfSight } from "../support/doctor.ts"
import { id, ids } from "../support/resources.ts"
import { assertWhole, forkSettled, OpenError, type Resource, type Session, settle, World } from "../support/world.ts"

describe("isBroken", () => {
  class Lost extends Error {}
  const isBroken = (cause: Cause.Cause<unknown>): boolean => Cause.squash(cause) instanceof Lost

  it.effect("says by the cause whether a resource is closed or comes back, and only then is it reset (H12)", () =>
    Effect.gen(function*() {
      const world = new World()
      const reset: Array<number> = []
      const session = yield* world.pool({ isBroken, reset: (resource) => Effect.sync(() => reset.push(resource.id)) })
      yield* Effect.exit(session.use(() => Effect.fail(new Error("a constraint was violated"))))
      yield* assertWhole(session, world, 1)
      assert.deepStrictEqual(reset, [1])
      yield* Effect.exit(session.use(() => Effect.fail(new Lost())))
      yield* assertWhole(session, world, 1)
      assert.deepStrictEqual(reset, [1])
      assert.deepStrictEqual(ids(world.closed), [1])
      yield* Effect.exit(Effect.scoped(Effect.andThen(session.scoped(), Effect.fail(new Lost()))))
      yield* assertWhole(session, world, 1)
      assert.deepStrictEqual(ids(world.closed), [1, 2])
    }))
})

describe("what is lost is replaced, in whatever way it was lost (H16)", () => {
  interface Loss {
    readonly options?: Partial<Pool.Options<Resource, OpenError, Scope.Scope, Scope.Scope>>
    readonly lose: (session: Session, world: World) => Effect.Effect<unknown, unknown, Scope.Scope>
  }
  const lost = (resource: Resource): boolean => resource.id <= 3
  const losses: Record<string, Loss> = {
    "its holder says that it is broken": {
      lose: (session) => Effect.flatMap(session.checkout(), session.destroyed)
    },
    "its use dies": { lose: (session) => Effect.exit(session.use(() => Effect.die("boom"))) },
    "its use is interrupted": {
      lose: (session) => Effect.flatMap(forkSettled(session.use(() => Effect.never)), Fiber.interrupt)
    },
    "its use fails with what broke it": {
      options: { isBroken: () => true },
      lose: (session) => Effect.exit(session.use(() => Effect.fail("ECONNRESET")))
    },
    "its owner ends": {
      lose: (session) => Effect.flatMap(forkSettled(Effect.andThen(session.checkout(), Effect.never)), Fiber.interrupt)
    },
    "it dies by itself": {
      lose: (_session, world) => world.kill(world.opened[1]!)
    },
    "its validation fails": {
      options: { validate: (resource) => Effect.succeed(!lost(resource)) },
      lose: (session) => Effect.andThen(outOfSight, session.use(id))
    },
    "its reset fails": {
      options: { reset: (resource) => lost(resource) ? Effect.fail("ECONNRESET") : Effect.void },
      lose: (session) => session.use(id)
    },
    "its probe fails": {
      options: { keepalive: { every: "10 seconds", probe: ({ id }) => Effect.succeed(id !== 2) } },
      lose: () => TestClock.adjust("15 seconds")
    },
    "shouldRetire says so": {
      options: { shouldRetire: (_info, resource) => lost(resource) },
      lose: (session) => session.use(id)
    },
    "its closing dies": {
      lose: (session, world) => {
        world.close = () => Effect.die("boom")
        return Effect.flatMap(session.checkout(), session.destroyed)
      }
    },
    "its closing does not end": {
      options: { closeTimeout: "2 seconds" },
      lose: (session, world) => {
        world.close = () => world.closed.length === 1 ? Effect.never : Effect.void
        return Effect.andThen(Effect.flatMap(session.checkout(), session.destroyed), TestClock.adjust("2 seconds"))
      }
    },
    "its successor does not open at first": {
      options: { backoff: Schedule.spaced("1 second") },
      lose: (session, world) => {
        world.open = (id) => id < 6 ? Effect.fail(new OpenError({ id })) : Effect.void
        return Effect.andThen(
          Effect.flatMap(session.checkout(), session.destroyed),
          Effect.forEach([1, 2, 3], () => TestClock.adjust("1 second"))
        )
      }
    }
  }
  it.effect.each(Object.entries(losses))("%s", ([, { lose, options = {} }]) =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3, link: world.link, ...options })
      yield* Effect.scoped(lose(session, world))
      yield* settle
      const { abandoned, idle } = yield* session.status
      assert.strictEqual(idle, 3)
      assert.isAtLeast(world.closed.length, 1, "something was lost")
      assert.strictEqual(world.live, 3)
      assert.strictEqual(abandoned, options.closeTimeout === undefined ? 0 : 1)
      assert.deepStrictEqual(world.problems, [])
    }))
})

describe("the async-local storage of a check", () => {
  it("is that of make, never that of whoever borrows or gives back", async () => {
    const storage = new AsyncLocalStorage<string>()
    const within = <A, E>(store: string, effect: Effect.Effect<A, E>): Promise<A> =>
      storage.run(store, () => Effect.runPromise(effect))
    const seen: Array<string> = []
    const note = (what: string) =>
      Effect.andThen(
        Effect.sync(() => seen.push(`${what}: ${storage.getStore()}`)),
        Effect.andThen(Effect.yieldNow, Effect.sync(() => seen.push(`${what}: ${storage.getStore()}`)))
      )
    const scope = Scope.makeUnsafe()
    const made = Pool.make({
      factory: Effect.sync(() => ({})),
      size: 1,
      validationBypass: 0,
      validate: () => Effect.as(note("validate"), true),
      reset: () => note("reset"),
      shouldRetire: () => {
        seen.push(`shouldRetire: ${storage.getStore()}`)
        return false
      }
    })
    const session = await within("maker", Effect.provideService(made, Scope.Scope, scope))
    await within("caller 1", session.use(() => Effect.yieldNow))
    await within("caller 2", session.use(() => Effect.yieldNow))
    await within("closer", session.shutdown())
    assert.includeMembers(seen, ["validate: maker", "reset: maker", "shouldRetire: maker"])
    assert.deepStrictEqual(seen.filter((line) => !line.endsWith(": maker")), [])
  })
})
