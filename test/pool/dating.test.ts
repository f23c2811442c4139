/**
 * When the pool looks at the clock: at once for a borrow that comes alone, once at the flush for many that come in one go.
 * Whichever it is, nobody can tell by the dates.
 */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Duration, Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import type { Pool } from "whitepool"
import { Dating } from "../../src/pool/internal/dating.ts"
import { forkSettled, type OpenError, type Session, settle, World } from "../support/world.ts"

/** So many are lent before a flush; what each of them is told. */
const go = (dating: Dating, lent = 1): ReadonlyArray<boolean> => {
  const told = Array.from({ length: lent }, () => dating.lent())
  dating.flushed()
  return told
}

const gos = (dating: Dating, count: number, lent = 1) => Array.from({ length: count }, () => go(dating, lent)).flat()

describe("Dating", () => {
  it("looks at once, and tries the flush for every 64th", () => {
    const told = gos(new Dating(), 256)
    const waited = told.flatMap((waits, index) => waits ? [index + 1] : [])
    assert.deepStrictEqual(waited, [64, 128, 192, 256])
  })

  it("counts what is lent, not the flushes: the 64th of one go waits, and so does the rest of it", () => {
    const told = go(new Dating(), 70)
    assert.deepStrictEqual(told, [...Array<boolean>(63).fill(false), ...Array<boolean>(7).fill(true)])
  })

  it("waits as long as several are lent for each flush", () => {
    const dating = new Dating()
    gos(dating, 63)
    assert.deepStrictEqual(gos(dating, 100, 2), Array<boolean>(200).fill(true))
  })

  it("falls back as soon as one is lent alone, and tries again only after the next 64", () => {
    const dating = new Dating()
    gos(dating, 63)
    go(dating, 2)
    assert.deepStrictEqual(go(dating), [true], "nobody knows yet that it stays alone")
    assert.deepStrictEqual(gos(dating, 64), [...Array<boolean>(63).fill(false), true])
  })

  it("learns nothing from a flush for which nothing was lent", () => {
    const dating = new Dating()
    gos(dating, 63)
    go(dating, 2)
    for (let i = 0; i < 10; i++) dating.flushed()
    assert.isTrue(dating.lent())
  })
})

/** Runs with a clock that counts the looks at it. */
const withLooks = <A, E, R>(body: (looks: () => number) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) => {
    let looks = 0
    const counted: Clock.Clock = Object.assign(Object.create(clock) as Clock.Clock, {
      monotonicTimeNanosUnsafe: () => {
        looks++
        return clock.monotonicTimeNanosUnsafe()
      }
    })
    return Effect.provideService(body(() => looks), Clock.Clock, counted)
  })

const times = <A, E>(count: number, effect: Effect.Effect<A, E>) =>
  Effect.forEach(Array.from({ length: count }), () => effect, { discard: true })

const use = (session: Session) => session.use(() => Effect.void)

/** Of the oldest lease, as one learns that comes in vain. */
const oldestAge = (session: Session) =>
  Effect.map(Effect.flip(session.checkout({ timeout: 0 })), (error) => {
    const timeout = error as Pool.CheckoutTimeout<OpenError>
    return timeout.oldestLeaseAge && Duration.toSeconds(timeout.oldestLeaseAge)
  })

describe("the clock is looked at", () => {
  it.effect("when a borrow comes alone and when it comes back, but for every 64th, which comes back before its flush", () =>
    withLooks((looks) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({})
        yield* settle
        const before = looks()
        yield* times(128, Effect.andThen(use(session), settle))
        assert.strictEqual(looks() - before, 2 * 126 + 2)
      })
    ))

  it.effect("once for all that come and go in one go, once it is known that they do", () =>
    withLooks((looks) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({})
        yield* settle
        const before = looks()
        yield* times(50, Effect.andThen(times(20, use(session)), settle))
        assert.strictEqual(looks() - before, 2 * 63 + 47)
      })
    ))

  it.effect("once for all that is lent at the end of a go", () =>
    withLooks((looks) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({ size: 10 })
        yield* times(100, use(session))
        yield* settle
        const before = looks()
        yield* times(10, session.checkout({ owner: "none" }))
        yield* settle
        assert.strictEqual(looks() - before, 1)
      })
    ))
})

describe("the age of the oldest lease is the same", () => {
  it.effect("where it came alone, and was dated at once", () =>
    withLooks((looks) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({})
        yield* settle
        const before = looks()
        yield* session.checkout()
        assert.strictEqual(looks() - before, 1)
        yield* TestClock.adjust("63 seconds")
        assert.strictEqual(yield* oldestAge(session), 63)
      })
    ))

  it.effect("where it came at the end of many, and was dated by the flush", () =>
    withLooks((looks) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({})
        yield* settle
        const before = looks()
        yield* times(100, use(session))
        yield* session.checkout()
        assert.strictEqual(looks() - before, 2 * 63 + 1, "the batch was looked at when the first of it came back")
        yield* settle
        assert.strictEqual(looks() - before, 2 * 63 + 2)
        yield* TestClock.adjust("63 seconds")
        assert.strictEqual(yield* oldestAge(session), 63)
      })
    ))

  it.effect("where others have come and gone since, alone or in one go", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ size: 2 })
      yield* session.checkout()
      yield* TestClock.adjust("60 seconds")
      yield* times(100, use(session))
      yield* TestClock.adjust("1 second")
      yield* times(70, Effect.andThen(use(session), settle))
      yield* TestClock.adjust("1 second")
      yield* session.checkout()
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* oldestAge(session), 63)
    }))

  it.effect("where it is younger than the last lease of the same resource", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      yield* times(100, use(session))
      const lease = yield* session.checkout()
      yield* TestClock.adjust("60 seconds")
      yield* session.checkin(lease)
      yield* session.checkout()
      yield* TestClock.adjust("3 seconds")
      assert.strictEqual(yield* oldestAge(session), 3)
    }))
})

describe("many who wait in one go", () => {
  it.effect("each fail at their own deadline, wave by wave", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      yield* session.checkout()
      const wave = forkSettled(
        Effect.forEach(
          Array.from({ length: 100 }, (_, i) => i),
          (i) => Effect.flip(session.checkout({ timeout: i % 2 === 0 ? "5 seconds" : "6 seconds" })),
          { concurrency: "unbounded" }
        )
      )
      const waves = [yield* wave]
      for (let second = 1; second <= 2; second++) {
        yield* TestClock.adjust("1 second")
        waves.push(yield* wave)
      }
      for (const waiting of [300, 300, 300, 250, 150, 50, 0]) {
        assert.strictEqual((yield* session.status).waiting, waiting)
        yield* TestClock.adjust("1 second")
      }
      for (const errors of yield* Effect.forEach(waves, (fiber) => Fiber.join(fiber))) {
        const waited = errors.map((error) =>
          error._tag === "CheckoutTimeout" ? Duration.toSeconds(error.waited) : error
        )
        assert.deepStrictEqual(waited, Array.from({ length: 100 }, (_, i) => 5 + (i % 2)))
        assert.strictEqual(new Set<unknown>(errors).size, 100, "each an error of its own")
      }
    }))

  it.effect("one that is served before the go is over arms no timer", () =>
    Effect.clockWith((clock) => {
      let sleeps = 0
      const counted: Clock.Clock = Object.assign(Object.create(clock) as Clock.Clock, {
        sleep: (duration: Duration.Duration) => Effect.suspend(() => (sleeps++, clock.sleep(duration)))
      })
      return Effect.gen(function*() {
        const session = yield* new World().pool({ openTimeout: "Infinity" })
        const held = yield* session.checkout()
        const waiter = yield* Effect.forkChild(use(session), { startImmediately: true })
        assert.strictEqual((yield* session.status).waiting, 1)
        yield* session.checkin(held)
        yield* Fiber.await(waiter)
        yield* settle
        assert.strictEqual(sleeps, 0)
        yield* session.checkout()
        yield* forkSettled(use(session))
        assert.strictEqual(sleeps, 1, "the counter counts")
      }).pipe(Effect.provideService(Clock.Clock, counted))
    }))
})
