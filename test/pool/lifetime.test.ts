/** How long a resource lives: by the clock, and by how often it is lent. */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Effect, Fiber, Random } from "effect"
import { TestClock } from "effect/testing"
import { withCounters } from "../support/liveFibers.ts"
import { id, ids } from "../support/resources.ts"
import { assertWhole, counts, forkSettled, lend, OpenError, type Resource, settle, World } from "../support/world.ts"

/** The instants at which each was closed, in seconds. */
const timesOfDeath = (world: World): Map<number, number> => {
  const times = new Map<number, number>()
  world.close = (resource) =>
    Effect.map(Clock.currentTimeMillis, (now) => void times.set(resource.id, Number(now) / 1000))
  return times
}

const seconds = (count: number) => Array.from({ length: count }, (_, second) => second)

describe("maxLifetime", () => {
  it.effect("replaces what is idle as soon as it is past, though nobody asks (H6)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, maxLifetime: "1 minute", lifetimeJitter: 0 })
      yield* TestClock.adjust("59999 millis")
      assert.deepStrictEqual(ids(world.closed), [])
      yield* TestClock.adjust("1 millis")
      assert.sameMembers([...ids(world.closed)], [1, 2])
      yield* assertWhole(session, world, 2)
      yield* TestClock.adjust("1 minute")
      assert.sameMembers([...ids(world.closed)], [1, 2, 3, 4])
      yield* assertWhole(session, world, 2)
    }))

  it.effect("leaves what is lent alone, and closes it when it comes back (G-7)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ maxLifetime: "1 minute", lifetimeJitter: 0 })
      const [lease] = yield* lend(session, 1)
      yield* TestClock.adjust("1 hour")
      assert.isTrue(lease!.isLive)
      assert.strictEqual(lease!.resource.id, 1)
      assert.deepStrictEqual(ids(world.closed), [])
      yield* session.checkin(lease!)
      yield* settle
      assert.deepStrictEqual(ids(world.closed), [1])
      assert.strictEqual(yield* session.use(id), 2)
      yield* assertWhole(session, world, 1)
    }))

  it.effect("gives whoever waits for one that comes back too old a new one, in order of arrival", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, maxLifetime: "1 minute", lifetimeJitter: 0 })
      const leases = yield* lend(session, 2)
      yield* TestClock.adjust("1 minute")
      const served: Array<string> = []
      const wait = (name: string) =>
        forkSettled(session.use((resource) => Effect.sync(() => served.push(`${name} ${resource.id}`))))
      const waiters = [yield* wait("a"), yield* wait("b")]
      yield* Effect.forEach(leases, session.checkin)
      yield* Effect.forEach(waiters, Fiber.join)
      assert.deepStrictEqual(served, ["a 3", "b 4"])
      yield* assertWhole(session, world, 2)
    }))

  it.effect("is not begun anew by use", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ maxLifetime: "1 minute", lifetimeJitter: 0 })
      for (const second of seconds(60)) {
        assert.strictEqual(yield* session.use(id), 1, `at ${second}`)
        yield* TestClock.adjust("1 seconds")
      }
      assert.strictEqual(yield* session.use(id), 2)
    }))

  it.effect("counts from the opening of each, not from that of the pool", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, start: "lazy", maxLifetime: "1 minute", lifetimeJitter: 0 })
      yield* session.use(id)
      yield* TestClock.adjust("30 seconds")
      const [first] = yield* lend(session, 1)
      yield* session.use(id)
      yield* session.checkin(first!)
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(ids(world.closed), [1])
      yield* TestClock.adjust("30 seconds")
      assert.sameMembers([...ids(world.closed)], [1, 2])
    }))

  it.effect("never lends one that is past it, also where its closing and its successor hang (H6)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 3, maxLifetime: "1 minute", lifetimeJitter: 0 })
      const born = new Map<number, number>(ids(world.opened).map((one) => [one, 0]))
      world.open = (id) => Effect.map(Clock.currentTimeMillis, (now) => void born.set(id, Number(now)))
      world.close = () => Effect.sleep("3 seconds")
      for (const second of seconds(200)) {
        const borrow = session.use((resource) =>
          Effect.gen(function*() {
            const age = Number(yield* Clock.currentTimeMillis) - born.get(resource.id)!
            assert.isBelow(age, 60_000, `lent at ${second}`)
          }), { timeout: "10 seconds" })
        yield* forkSettled(borrow)
        yield* TestClock.adjust("1 seconds")
      }
      world.close = () => Effect.void
    }))

  it.effect("opens a successor a little before, where there is room, so that nobody ever finds less than size", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({
        size: 2,
        maxOverflow: 2,
        maxLifetime: "100 seconds",
        lifetimeJitter: 0,
        openTimeout: "30 seconds"
      })
      // Half of what there is time for: a tenth of the lifetime.
      world.open = () => Effect.sleep("5 seconds")
      yield* TestClock.adjust("89999 millis")
      assert.deepStrictEqual(yield* counts(session), { idle: 2 })
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual(yield* counts(session), { idle: 2, opening: 2 })
      for (const _ of seconds(300)) {
        yield* TestClock.adjust("1 seconds")
        assert.strictEqual((yield* session.status).idle, 2)
      }
      assert.isAtMost(world.peak, 4)
      assert.isAtLeast(world.closed.length, 6)
    }))

  it.effect("closes the old one as soon as its successor is there, and before its time only then", () =>
    Effect.gen(function*() {
      const world = new World()
      const deaths = timesOfDeath(world)
      const session = yield* world.pool({ maxOverflow: 1, maxLifetime: "100 seconds", lifetimeJitter: 0 })
      world.open = () => Effect.sleep("4 seconds")
      yield* TestClock.adjust("93 seconds")
      assert.strictEqual(yield* session.use(id), 1)
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual([...deaths], [[1, 94]])
      yield* assertWhole(session, world, 1)
    }))

  it.effect("closes the old one though no successor could be opened in time, and goes on trying", () =>
    Effect.gen(function*() {
      const world = new World()
      const deaths = timesOfDeath(world)
      const session = yield* world.pool({ maxOverflow: 1, maxLifetime: "100 seconds", lifetimeJitter: 0 })
      world.open = (id) => new OpenError({ id })
      yield* TestClock.adjust("99 seconds")
      assert.strictEqual(yield* session.use(id), 1, "better an old one than none")
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual([...deaths], [[1, 100]])
      world.open = () => Effect.void
      yield* TestClock.adjust("1 minute")
      yield* assertWhole(session, world, 1)
    }))

  it.effect("of one that is lent has its successor ready, and keeps one of the two when it comes back", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ maxOverflow: 1, maxLifetime: "100 seconds", lifetimeJitter: 0 })
      const [lease] = yield* lend(session, 1)
      yield* TestClock.adjust("95 seconds")
      assert.deepStrictEqual(yield* counts(session), { idle: 1, lent: 1 })
      yield* session.checkin(lease!)
      yield* settle
      assert.deepStrictEqual(ids(world.closed), [1])
      yield* assertWhole(session, world, 1)
    }))

  it.effect("of a pool below its size has one successor, and leaves no more open than before: nobody has asked for more", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 4, minIdle: 1, maxLifetime: "100 seconds", lifetimeJitter: 0 })
      for (const second of seconds(400)) {
        yield* TestClock.adjust("1 seconds")
        assert.deepStrictEqual(yield* counts(session), { idle: 1 }, `at ${second + 1}`)
      }
      assert.isAtMost(world.begun, 5)
      assert.strictEqual(world.peak, 2)
    }))

  it.effect("of one that is lent, in a pool below its size, leaves no more open than before when it is over", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 4, minIdle: 1, maxLifetime: "100 seconds", lifetimeJitter: 0 })
      const [lease] = yield* lend(session, 1)
      yield* TestClock.adjust("95 seconds")
      assert.deepStrictEqual(yield* counts(session), { idle: 1, lent: 1 })
      yield* session.checkin(lease!)
      yield* assertWhole(session, world, 1)
      assert.deepStrictEqual(ids(world.closed), [1])
    }))

  it.effect("needs no successor for one that is closing already, or was replaced: nothing is opened that nobody needs", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({
        maxOverflow: 3,
        maxLifetime: "100 seconds",
        lifetimeJitter: 0,
        closeTimeout: "20 seconds"
      })
      const lease = yield* session.checkout()
      yield* TestClock.adjust("85 seconds")
      world.close = () => Effect.sleep("10 seconds")
      yield* session.destroyed(lease)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* counts(session), { idle: 1, closing: 1 })
      yield* TestClock.adjust("5 seconds")
      world.close = () => Effect.void
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.begun, 2)
    }))

  it.effect("does not keep the pool above its bound, whatever is lent and succeeded", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, maxOverflow: 1, maxLifetime: "20 seconds", lifetimeJitter: 0.5 })
      const user = session.use(() => Effect.sleep("3 seconds"), { timeout: "infinity" })
      const users = yield* Effect.forEach(seconds(4), () => Effect.forkChild(Effect.forever(user)))
      for (const _ of seconds(200)) {
        yield* TestClock.adjust("1 seconds")
        assert.isAtMost(world.live, 3)
      }
      yield* Effect.forEach(users, Fiber.interrupt)
      yield* settle
      assert.deepStrictEqual(world.problems, [])
      assert.isAtLeast(world.closed.length, 20)
    }))

  it.effect("is over at a different time for each of a hundred opened at once, and never too late (G-8, H7)", () =>
    Effect.gen(function*() {
      const world = new World()
      const deaths = timesOfDeath(world)
      yield* Random.withSeed(
        world.pool({ size: 100, maxLifetime: "1000 seconds", lifetimeJitter: 0.2, closeTimeout: "1 minute" }),
        "jitter"
      )
      // Successors live on.
      yield* TestClock.adjust("1000 seconds")
      const times = seconds(100).map((index) => deaths.get(index + 1)!)
      assert.isAtLeast(Math.min(...times), 800)
      assert.isAtMost(Math.max(...times), 1000)
      assert.isAtLeast(new Set(times).size, 95, "hardly two at once")
      assert.isAtLeast(Math.max(...times) - Math.min(...times), 150, "over all of the fraction")
    }))

  it.effect("is a tenth shorter at most by default, and drawn once: use does not draw again", () =>
    Effect.gen(function*() {
      const world = new World()
      const deaths = timesOfDeath(world)
      const session = yield* Random.withSeed(world.pool({ size: 50, maxLifetime: "1000 seconds" }), "once")
      for (const _ of seconds(1000)) {
        yield* session.use(id)
        yield* TestClock.adjust("1 seconds")
      }
      const times = seconds(50).map((index) => deaths.get(index + 1)!)
      assert.isAtLeast(Math.min(...times), 900)
      assert.isBelow(Math.min(...times), 910)
      assert.isAtLeast(Math.max(...times), 990)
      assert.isAtMost(Math.max(...times), 1000)
    }))

  it.effect("opens no more at once than openConcurrency, also where all end together", () =>
    Effect.gen(function*() {
      const world = new World()
      let under = 0
      let most = 0
      const session = yield* world.pool({ size: 12, maxLifetime: "1 minute", lifetimeJitter: 0, openConcurrency: 3 })
      world.open = () =>
        Effect.acquireUseRelease(
          Effect.sync(() => most = Math.max(most, ++under)),
          () => Effect.sleep("10 millis"),
          () => Effect.sync(() => under--)
        )
      yield* TestClock.adjust("61 seconds")
      assert.strictEqual(most, 3)
      yield* assertWhole(session, world, 12)
    }))

  it.effect("has one timer, and after the end of the pool none (H9)", () =>
    withCounters(({ sleeps }) =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({ size: 5, maxOverflow: 5, maxLifetime: "1 hour" })
        yield* settle
        assert.strictEqual(sleeps(), 1)
        yield* TestClock.adjust("3 hours")
        assert.strictEqual(sleeps(), 1)
        yield* session.shutdown()
        yield* settle
        assert.strictEqual(sleeps(), 0)
        yield* assertWhole(session, world, 0)
      })
    ))

  it.effect("of infinity is none, and has no timer (G-13)", () =>
    withCounters(({ sleeps }) =>
      Effect.gen(function*() {
        const world = new World()
        yield* world.pool({ size: 2, maxLifetime: "infinity" })
        yield* settle
        assert.strictEqual(sleeps(), 0)
        yield* TestClock.adjust("1000 days")
        assert.strictEqual(world.begun, 2)
      })
    ))
})

describe("a clock", () => {
  interface Leaps {
    /** The time of day: it says nothing about how much time has passed. */
    readonly wall: (millis: number) => void
    /** A process that was frozen: much time has passed, and its timers have slept through it. */
    readonly frozen: (millis: number) => void
  }
  const withLeaps = <A, E, R>(body: (leaps: Leaps) => Effect.Effect<A, E, R>) =>
    Effect.clockWith((clock) => {
      let ahead = 0
      let missed = 0
      const wall = (): number => clock.currentTimeMillisUnsafe() + ahead
      const monotonic = (): bigint => clock.monotonicTimeNanosUnsafe() + BigInt(missed * 1e6)
      const leaping: Clock.Clock = Object.assign(Object.create(clock) as Clock.Clock, {
        currentTimeMillisUnsafe: wall,
        currentTimeMillis: Effect.sync(wall),
        currentTimeNanosUnsafe: () => BigInt(Math.round(wall() * 1e6)),
        currentTimeNanos: Effect.sync(() => BigInt(Math.round(wall() * 1e6))),
        monotonicTimeNanosUnsafe: monotonic,
        monotonicTimeNanos: Effect.sync(monotonic)
      })
      const leaps: Leaps = { wall: (millis) => ahead += millis, frozen: (millis) => missed += millis }
      return Effect.provideService(body(leaps), Clock.Clock, leaping)
    })

  it.effect.each([["ahead", 3_600_000], ["back", -3_600_000]] as const)(
    "whose wall time leaps an hour %s closes nothing, and stalls nothing (G-9, H13)",
    ([, by]) =>
      withLeaps(({ wall }) =>
        Effect.gen(function*() {
          const world = new World()
          const session = yield* world.pool({
            size: 3,
            maxLifetime: "30 minutes",
            lifetimeJitter: 0,
            keepalive: { every: "5 minutes", probe: () => Effect.void },
            leaseTimeout: { after: "10 minutes", action: "revoke" }
          })
          const [lease] = yield* lend(session, 1)
          wall(by)
          yield* TestClock.adjust("9 minutes")
          assert.deepStrictEqual(ids(world.closed), [])
          assert.isTrue(lease!.isLive)
          yield* TestClock.adjust("1 minutes")
          assert.isFalse(lease!.isLive, "all of it falls due when it should")
          assert.strictEqual(world.closed.length, 1)
          yield* TestClock.adjust("20 minutes")
          assert.strictEqual(world.closed.length, 3)
          yield* assertWhole(session, world, 3)
        })
      )
  )

  it.effect("that has leapt in a frozen process lends nothing that is past its lifetime, and makes no storm (G-9)", () =>
    withLeaps(({ frozen }) =>
      Effect.gen(function*() {
        const world = new World()
        let under = 0
        let most = 0
        const session = yield* world.pool({ size: 8, maxLifetime: "30 minutes", openConcurrency: 2 })
        world.open = () =>
          Effect.acquireUseRelease(
            Effect.sync(() => most = Math.max(most, ++under)),
            () => Effect.yieldNow,
            () => Effect.sync(() => under--)
          )
        frozen(3_600_000)
        assert.strictEqual(yield* session.use(id), 9, "before any timer has fired")
        yield* assertWhole(session, world, 8)
        assert.strictEqual(most, 2)
      })
    ))

  it.effect("that has leapt in a frozen process leaves nothing unverified: each is validated before it is lent (H13)", () =>
    withLeaps(({ frozen }) =>
      Effect.gen(function*() {
        const world = new World()
        const looked: Array<number> = []
        const session = yield* world.pool({
          size: 3,
          validate: (resource: Resource) => Effect.sync(() => looked.push(resource.id) > 0)
        })
        yield* session.use(id)
        assert.deepStrictEqual(looked, [])
        frozen(3_600_000)
        const leases = yield* Effect.forEach(seconds(3), () => session.checkout())
        assert.deepStrictEqual(looked, leases.map(({ resource }) => resource.id))
        yield* Effect.forEach(leases, session.checkin)
        yield* assertWhole(session, world, 3)
      })
    ))
})

describe("maxUses", () => {
  it.effect("retires a resource that was lent so often, and replaces it (L12)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ maxUses: 3 })
      const served = yield* Effect.forEach(seconds(7), () => Effect.andThen(settle, session.use(id)))
      assert.deepStrictEqual(served, [1, 1, 1, 2, 2, 2, 3])
      assert.deepStrictEqual(ids(world.closed), [1, 2])
      yield* assertWhole(session, world, 1)
    }))

  it.effect("of 1 lends each once only, to those who wait too", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, maxUses: 1 })
      const served = yield* Effect.forEach(seconds(20), () => session.use(id), { concurrency: "unbounded" })
      assert.strictEqual(new Set(served).size, 20)
      yield* assertWhole(session, world, 2)
      assert.isAtMost(world.peak, 2)
    }))

  it.effect("does not count an asker that had gone before it took what it was granted", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ maxUses: 3 })
      const [lease] = yield* lend(session, 1)
      const asker = yield* forkSettled(session.use(id))
      yield* session.checkin(lease!)
      assert.deepInclude(yield* session.status, { lent: 1, waiting: 0 }, "granted")
      yield* Fiber.interrupt(asker)
      assert.strictEqual(yield* session.use(id), 1)
      assert.strictEqual(yield* session.use(id), 1)
      yield* settle
      assert.deepStrictEqual(ids(world.closed), [1])
      yield* assertWhole(session, world, 1)
    }))

  it.effect("is not used up by reset, validation or probes", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({
        maxUses: 2,
        reset: () => Effect.void,
        validate: () => Effect.succeed(true),
        validationBypass: 0,
        keepalive: { every: "1 seconds" }
      })
      assert.strictEqual(yield* session.use(id), 1)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* session.use(id), 1)
      yield* settle
      assert.deepStrictEqual(ids(world.closed), [1])
      yield* assertWhole(session, world, 1)
    }))

  it.effect("needs no timer (G-13)", () =>
    withCounters(({ sleeps }) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({ maxUses: 2 })
        yield* session.use(id)
        yield* settle
        assert.strictEqual(sleeps(), 0)
      })
    ))
})
