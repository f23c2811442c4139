/** Tenants take turns, so that a noisy one does not starve the others (Q11). The order by itself is tested in `discipline.test.ts`. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { Discipline } from "../../src/pool/internal/discipline.ts"
import { withCounters } from "../support/liveFibers.ts"
import { id } from "../support/resources.ts"
import { assertWhole, counts, drain, forkSettled, lend, type Session, settle, tagsOf, World } from "../support/world.ts"

const times = (count: number) => Array.from({ length: count }, (_, index) => index)

/** Those who wait note down whose they are when they are served. */
const crowd = (session: Session) => {
  const served: Array<string> = []
  const fibers: Array<Fiber.Fiber<unknown, unknown>> = []
  const ask = (key: string | undefined, name = key ?? "nobody", priority?: number) =>
    Effect.map(
      forkSettled(session.use(() => Effect.sync(() => served.push(name)), { key, priority, timeout: "infinity" })),
      (fiber) => void fibers.push(fiber)
    )
  const all = Effect.suspend(() => Effect.forEach(fibers, Fiber.join))
  return { served, ask, all }
}

describe("fairness", () => {
  it.effect("serves the keys of those who wait in turn (Q11)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ fairness: {} })
      const [lease] = yield* lend(session, 1)
      const { all, ask, served } = crowd(session)
      for (const key of ["a", "a", "a", "a", "b", "b", "c"]) yield* ask(key)
      yield* session.checkin(lease!)
      yield* all
      assert.deepStrictEqual(served, ["a", "b", "c", "a", "b", "a", "a"])
      yield* assertWhole(session, world, 1)
    }))

  it.effect("lets no tenant wait for more than one round, whatever the others ask for", () =>
    Effect.gen(function*() {
      const world = new World()
      const keys = ["a", "b", "c", "d", "e"]
      const session = yield* world.pool({ size: 2, fairness: {}, checkoutTimeout: "infinity" })
      const log: Array<string> = []
      const since = new Map<string, number>()
      let seed = 1
      const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below
      const call = (key: string) =>
        session.use(() => {
          log.push(key)
          return Effect.sleep(1 + random(20))
        }, { key })
      const fibers: Array<Fiber.Fiber<unknown, unknown>> = []
      for (const _ of times(400)) {
        // One in two is of the noisy one.
        const key = keys[random(2) === 0 ? 0 : random(5)]!
        fibers.push(yield* Effect.forkChild(call(key)))
        since.set(key, log.length)
        yield* TestClock.adjust(random(6))
      }
      for (const _ of times(400)) yield* TestClock.adjust("20 millis")
      yield* Effect.forEach(fibers, Fiber.join)
      // In a backlog of all of them no two grants to one key have more than all of the others between them, once each.
      const last = log.slice(-200)
      let longest = 0
      const waiting = new Map(keys.map((key) => [key, last.lastIndexOf(key)]))
      for (const [key, end] of waiting) {
        let before = -1
        for (let index = 0; index <= end; index++) {
          if (last[index] !== key) continue
          if (before >= 0) longest = Math.max(longest, new Set(last.slice(before + 1, index)).size)
          before = index
        }
      }
      assert.isAtMost(longest, keys.length - 1)
      yield* assertWhole(session, world, 2)
    }))

  it.effect("leaves a quiet tenant next to no wait, beside one that has a hundred in line", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 4, fairness: {}, checkoutTimeout: "infinity" })
      const work = session.use(() => Effect.sleep("40 millis"), { key: "noisy" })
      const noisy = yield* Effect.forEach(times(100), () => Effect.forkChild(work))
      yield* TestClock.adjust("30 millis")
      const quiet = yield* Effect.forkChild(session.use(id, { key: "quiet" }))
      yield* TestClock.adjust("10 millis")
      assert.isDefined(quiet.pollUnsafe(), "the first that came back")
      for (const _ of times(30)) yield* TestClock.adjust("40 millis")
      yield* Effect.forEach(noisy, Fiber.join)
      yield* assertWhole(session, world, 4)
    }))

  it.effect("counts those without a key as a tenant, too", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ fairness: {} })
      const [lease] = yield* lend(session, 1)
      const { all, ask, served } = crowd(session)
      for (const key of [undefined, undefined, "a", undefined, "a"]) yield* ask(key)
      yield* session.checkin(lease!)
      yield* all
      assert.deepStrictEqual(served, ["nobody", "a", "nobody", "a", "nobody"])
    }))

  it.effect("goes by priority within a tenant, and not between tenants", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ fairness: {} })
      const [lease] = yield* lend(session, 1)
      const { all, ask, served } = crowd(session)
      yield* ask("a", "a low", 1)
      yield* ask("a", "a high", 0)
      yield* ask("b", "b low", 1)
      yield* ask("b", "b high", 0)
      yield* session.checkin(lease!)
      yield* all
      assert.deepStrictEqual(served, ["a high", "b high", "a low", "b low"])
    }))

  it.effect("without the option a key means nothing: first come, first served", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const [lease] = yield* lend(session, 1)
      const { all, ask, served } = crowd(session)
      for (const key of ["a", "a", "b", "a"]) yield* ask(key)
      yield* session.checkin(lease!)
      yield* all
      assert.deepStrictEqual(served, ["a", "a", "b", "a"])
    }))

  it.effect("without the option a key means nothing beside a priority either", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({})
      const [lease] = yield* lend(session, 1)
      const { all, ask, served } = crowd(session)
      yield* ask("a", "a low", 1)
      for (const key of ["a", "a", "b", "a"]) yield* ask(key)
      yield* session.checkin(lease!)
      yield* all
      assert.deepStrictEqual(served, ["a", "a", "b", "a", "a low"])
    }))

  it.effect("gives nobody a second turn for one who has given up: the turn is the tenant's", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ fairness: {} })
      const [lease] = yield* lend(session, 1)
      const { all, ask, served } = crowd(session)
      const gone = yield* forkSettled(session.checkout({ key: "a", timeout: "infinity" }))
      const late = yield* forkSettled(session.checkout({ key: "a", timeout: "1 seconds" }))
      for (const key of ["a", "b", "a"]) yield* ask(key)
      yield* Fiber.interrupt(gone)
      yield* TestClock.adjust("1 seconds")
      assert.deepStrictEqual(yield* tagsOf([late]), ["CheckoutTimeout"])
      yield* session.checkin(lease!)
      yield* all
      assert.deepStrictEqual(served, ["a", "b", "a"])
      yield* assertWhole(session, world, 1)
    }))
})

describe("maxPerKey", () => {
  const fairness = { maxPerKey: 2 } as const

  it.effect("lends no more to one key at once, though something is idle (Q11)", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 4, fairness })
      const first = yield* session.checkout({ key: "a", owner: "none" })
      yield* session.checkout({ key: "a", owner: "none" })
      const third = yield* forkSettled(session.use(id, { key: "a" }))
      assert.deepStrictEqual(yield* counts(session), { idle: 2, lent: 2, waiting: 1 })
      assert.match(
        String(yield* Effect.flip(session.tryCheckout({ key: "a" }))),
        /^PoolFull: .* nothing to be had at once \(/
      )
      assert.match(
        String(yield* Effect.flip(session.checkout({ key: "a", timeout: 0 }))),
        /^CheckoutTimeout: .*; what is idle is for those before it, or beyond its key's maxPerKey\)$/
      )
      yield* session.use(id, { key: "b", timeout: 0 })
      yield* session.checkin(first)
      yield* Fiber.join(third)
      yield* settle
      assert.deepStrictEqual(yield* counts(session), { idle: 3, lent: 1 })
    }))

  it.effect("opens nothing for those who could not have it", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 1, maxOverflow: 5, fairness })
      const leases = yield* Effect.forEach(times(2), () => session.checkout({ key: "a", owner: "none" }))
      const waiters = yield* Effect.forEach(times(3), () => forkSettled(session.use(id, { key: "a" })))
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual(world.begun, 2)
      yield* Effect.forEach(leases, session.checkin)
      yield* Effect.forEach(waiters, Fiber.join)
      yield* assertWhole(session, world, 1)
      assert.strictEqual(world.begun, 2)
    }))

  it.effect.each(
    [
      ["is given back", (session: Session, lease: Parameters<Session["checkin"]>[0]) => session.checkin(lease)],
      ["is destroyed", (session: Session, lease: Parameters<Session["checkin"]>[0]) => session.destroyed(lease)],
      [
        "is detached",
        (session: Session, lease: Parameters<Session["checkin"]>[0]) =>
          Effect.asVoid(Effect.scoped(session.detach(lease)))
      ]
    ] as const
  )("a lease that %s lets the next of its key have one: what is idle, if it is", ([, end]) =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ size: 4, fairness })
      const leases = yield* Effect.forEach(times(2), () => session.checkout({ key: "a", owner: "none" }))
      const waiter = yield* forkSettled(session.use(id, { key: "a" }))
      assert.isUndefined(waiter.pollUnsafe())
      yield* end(session, leases[0]!)
      yield* Fiber.join(waiter)
      yield* settle
      assert.deepStrictEqual(yield* counts(session), { idle: 3, lent: 1 })
    }))

  it.effect("a lease that is lost with its owner, or dies, or is revoked lets the next of its key have one", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({
        size: 4,
        fairness: { maxPerKey: 1 },
        link: world.link,
        leaseTimeout: { after: "10 seconds", action: "revoke" }
      })
      const owner = yield* forkSettled(Effect.andThen(session.checkout({ key: "a" }), Effect.never))
      const waiter = yield* forkSettled(session.checkout({ key: "a", owner: "none" }))
      yield* Fiber.interrupt(owner)
      const lease = yield* Fiber.join(waiter)
      const next = yield* forkSettled(session.checkout({ key: "a", owner: "none" }))
      yield* world.kill(lease.resource)
      yield* Fiber.join(next)
      const last = yield* forkSettled(session.use(id, { key: "a", timeout: "1 minute" }))
      yield* TestClock.adjust("9 seconds")
      assert.isUndefined(last.pollUnsafe())
      yield* TestClock.adjust("1 seconds")
      yield* Fiber.join(last)
      yield* assertWhole(session, world, 4)
    }))

  it.effect("holds those of a key at its limit up, and nobody behind them", () =>
    Effect.gen(function*() {
      const session = yield* new World().pool({ size: 2, fairness: { maxPerKey: 1 } })
      const a = yield* session.checkout({ key: "a", owner: "none" })
      yield* forkSettled(Effect.exit(session.use(() => Effect.never, { key: "a" })))
      yield* forkSettled(Effect.exit(session.use(() => Effect.never, { key: "a" })))
      assert.strictEqual(yield* session.use(id, { key: "b", timeout: 0 }), 1)
      yield* session.checkin(a)
    }))

  it.effect("is forgotten with its leases: any number of keys leaves nothing behind", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({ size: 2, fairness })
      const disciplines = new Set<Discipline>()
      const { join } = Discipline.prototype
      Discipline.prototype.join = function(borrow, now) {
        disciplines.add(this)
        return join.call(this, borrow, now)
      }
      yield* Effect.ensuring(
        Effect.forEach(times(2_000), (index) => session.use(() => Effect.yieldNow, { key: `${index}` }), {
          concurrency: 50,
          discard: true
        }),
        Effect.sync(() => Discipline.prototype.join = join)
      )
      yield* assertWhole(session, world, 2)
      assert.deepStrictEqual(Array.from(disciplines, ({ tenants }) => tenants), [0])
    }))

  it.effect("still holds while draining: those who wait are served in the end", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.make({ size: 3, fairness: { maxPerKey: 1 } })
      const lease = yield* session.checkout({ key: "a", owner: "none" })
      const waiters = yield* Effect.forEach(times(2), () => forkSettled(session.use(id, { key: "a" })))
      const ending = yield* drain(session)
      yield* session.checkin(lease)
      yield* Effect.forEach(waiters, Fiber.join)
      assert.deepStrictEqual(yield* Fiber.join(ending), { drained: 3, forced: 0 })
      yield* assertWhole(session, world, 0)
    }))

  it.effect("has no timer of its own (G-13)", () =>
    withCounters(({ sleeps }) =>
      Effect.gen(function*() {
        const session = yield* new World().pool({ size: 2, fairness, checkoutTimeout: "infinity" })
        yield* Effect.forEach(times(2), () => session.checkout({ key: "a" }))
        yield* forkSettled(session.checkout({ key: "a" }))
        yield* settle
        assert.strictEqual(sleeps(), 0)
      })
    ))
})
