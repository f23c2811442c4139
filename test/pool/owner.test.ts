import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration, Effect, Exit, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { Pool } from "whitepool"
import { assertWhole, counts, forkSettled, type Resource, type Session, settle, World } from "../support/world.ts"

type Handed = Effect.Effect<Pool.Lease<Resource>, unknown>

/** How a lease leaves the fiber that checked it out. */
const waysOut: ReadonlyArray<[string, (session: Session) => Handed]> = [
  ["timeout", (session) => Effect.timeout(session.checkout(), "1 second")],
  [
    "timeoutOption",
    (session) => Effect.flatMap(Effect.timeoutOption(session.checkout(), "1 second"), Effect.fromOption)
  ],
  ["race", (session) => Effect.race(session.checkout(), Effect.never)],
  ["raceFirst", (session) => Effect.raceFirst(session.checkout(), Effect.never)],
  [
    "all with concurrency",
    (session) => Effect.map(Effect.all([session.checkout()], { concurrency: 2 }), ([lease]) => lease)
  ],
  [
    "zip",
    (session) => Effect.map(Effect.zip(session.checkout(), Effect.succeed(1), { concurrent: true }), ([lease]) => lease)
  ],
  ["fork and join", (session) => Effect.flatMap(Effect.forkChild(session.checkout()), Fiber.join)],
  ["forkDetach and join", (session) => Effect.flatMap(Effect.forkDetach(session.checkout()), Fiber.join)],
  ["cached", (session) => Effect.flatten(Effect.cached(session.checkout()))],
  ["runPromise", (session) => Effect.promise(() => Effect.runPromise(session.checkout()))],
  ["runFork and await", (session) => Effect.flatten(Fiber.await(Effect.runFork(session.checkout())))]
]

describe("an owner that is no fiber", () => {
  it.effect.each(["me", {}, 0, null])(
    "%j dies with InvalidOptions before anything is asked for",
    (owner) =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({ name: "db" })
        const options = { owner } as unknown as Pool.OwnedCheckoutOptions
        const askings: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
          session.checkout(options),
          session.tryCheckout(options),
          session.checkoutMany(1, options)
        ]
        for (const asking of askings) {
          const exit = yield* Effect.exit(asking)
          assert.strictEqual(
            String(Exit.isFailure(exit) ? Cause.squash(exit.cause) : exit),
            "InvalidOptions: pool \"db\": owner: must be a fiber or \"none\""
          )
        }
        yield* assertWhole(session, world, 1)
      })
  )
})

describe.each(waysOut)("a lease returned through %s", (_, handed) => {
  it.effect("is live and healthy afterwards", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const lease = yield* handed(session)
      yield* settle
      yield* TestClock.adjust("1 minute")
      assert.isTrue(lease.isLive)
      assert.strictEqual(lease.resource, world.opened[0])
      assert.deepStrictEqual(yield* counts(session), { lent: 1 })
      yield* session.checkin(lease)
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.begun, 1)
    }))

  it.effect("is live and healthy afterwards also where it had to be waited for", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const first = yield* session.checkout()
      const asking = yield* forkSettled(handed(session))
      assert.deepStrictEqual(yield* counts(session), { lent: 1, waiting: 1 })
      yield* session.checkin(first)
      const lease = yield* Fiber.join(asking)
      yield* settle
      assert.isTrue(lease.isLive)
      yield* session.checkin(lease)
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.begun, 1)
    }))
})

/** How a fiber ends badly that holds a lease. */
const badEnds: ReadonlyArray<[string, Effect.Effect<never, string>]> = [
  ["fails", Effect.fail("failure")],
  ["dies", Effect.die("defect")],
  ["is interrupted", Effect.interrupt]
]

const holdThen = (session: Session, end: Effect.Effect<never, string>) =>
  Effect.gen(function*() {
    yield* Fiber.await(yield* Effect.forkChild(Effect.andThen(session.checkout(), end)))
    yield* settle
  })

describe.each(badEnds)("an owner that %s (H-1)", (_, end) => {
  it.effect("abandons its lease: closed and replaced by default, as whitepool's Drop", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      yield* holdThen(session, end)
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.closed.length, 1)
    }))

  it.effect("abandons its lease: checked in with onAbandoned: checkin, as poolboy", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ onAbandoned: "checkin" })
      yield* holdThen(session, end)
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.closed.length, 0)
    }))
})

describe("an owner that succeeds", () => {
  it.effect("hands its lease on; with onOwnerSuccess: abandon it is abandoned, as in Erlang", () =>
    Effect.gen(function*() {
      for (const [onOwnerSuccess, isLive] of [["release", true], ["abandon", false]] as const) {
        const world = new World()
        const session = yield* world.pool({ onOwnerSuccess })
        const lease = yield* Fiber.join(yield* Effect.forkChild(session.checkout()))
        yield* settle
        assert.strictEqual(lease.isLive, isLive, onOwnerSuccess)
        if (isLive) yield* session.checkin(lease)
        yield* assertWhole(session, world, 1)
        assert.strictEqual(world.closed.length, isLive ? 0 : 1)
      }
    }))
})

describe("the option owner", () => {
  it.effect("a fiber: its end counts, and the end of the asker does not", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const owner = yield* forkSettled(Effect.never)
      const taken: Array<Pool.Lease<Resource>> = []
      const asker = yield* forkSettled(Effect.andThen(
        Effect.map(session.checkout({ owner }), (lease) => taken.push(lease)),
        Effect.fail("asker")
      ))
      yield* Fiber.await(asker)
      yield* settle
      assert.isTrue(taken[0]?.isLive)
      yield* Fiber.interrupt(owner)
      yield* settle
      assert.isFalse(taken[0]?.isLive)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("a fiber that has ended already abandons the lease at once, and nobody hangs", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const owner = yield* Effect.forkChild(Effect.fail("gone"))
      yield* Fiber.await(owner)
      const idle = yield* Effect.exit(session.checkout({ owner }))
      yield* settle
      if (idle._tag === "Success") assert.isFalse(idle.value.isLive)
      const held = yield* session.checkout()
      const waiter = yield* forkSettled(Effect.exit(session.checkout({ owner })))
      yield* session.checkin(held)
      yield* TestClock.adjust("1 minute")
      assert.isDefined(waiter.pollUnsafe())
      yield* assertWhole(session, world, 1)
    }))

  it.effect("none: nobody's end counts", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const leases: Array<Pool.Lease<Resource>> = []
      const checkouts: ReadonlyArray<Handed> = [
        session.checkout({ owner: "none" }),
        session.tryCheckout({ owner: "none" })
      ]
      for (const checkout of checkouts) {
        const asker = Effect.andThen(
          Effect.tap(checkout, (taken) => Effect.sync(() => leases.push(taken))),
          Effect.fail("asker")
        )
        yield* Fiber.await(yield* forkSettled(asker))
        yield* settle
        assert.isTrue(leases.at(-1)?.isLive)
        yield* session.checkin(leases.at(-1)!)
      }
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.begun, 1)
    }))
})

describe("adopt", () => {
  it.effect("makes the calling fiber the owner: its failure abandons, the former owner's does not", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const lease = yield* Fiber.join(yield* Effect.forkChild(session.checkout()))
      const first = yield* forkSettled(Effect.andThen(session.adopt(lease), Effect.never))
      const second = yield* forkSettled(Effect.andThen(session.adopt(lease), Effect.never))
      yield* Fiber.interrupt(first)
      yield* settle
      assert.isTrue(lease.isLive)
      yield* Fiber.interrupt(second)
      yield* assertWhole(session, world, 1)
      assert.isFalse(lease.isLive)
    }))

  it.effect("of an ended lease changes nothing", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const lease = yield* session.checkout()
      yield* session.checkin(lease)
      yield* Fiber.await(yield* Effect.forkChild(Effect.andThen(session.adopt(lease), Effect.fail("adopter"))))
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.begun, 1)
    }))
})

it.effect("an owner of many leases abandons all of them, and a client that timed out first loses nothing twice (H-5)", () =>
  Effect.gen(function*() {
    const world = new World()
    const session = yield* world.pool({ size: 3 })
    const owner = yield* forkSettled(Effect.gen(function*() {
      yield* Effect.forEach([1, 2, 3], () => session.checkout())
      yield* session.checkout({ timeout: Duration.seconds(1) })
    }))
    assert.deepStrictEqual(yield* counts(session), { lent: 3, waiting: 1 })
    yield* TestClock.adjust("1 second")
    assert.isDefined(owner.pollUnsafe())
    yield* assertWhole(session, world, 3)
    assert.strictEqual(world.closed.length, 3)
  }))
