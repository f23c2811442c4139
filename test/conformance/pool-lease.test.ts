import { assert, it } from "@effect/vitest"
import { Effect, Fiber, Formatter } from "effect"
import { defectOf, outcome, settle } from "./support.ts"
import { die, makePool, spawned, statusIs } from "./world.ts"

it.effect("a lease ends once: after checkin resource throws LeaseExpired, isLive is false", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool({ name: "db" })
    const lease = yield* session.checkout()
    yield* session.checkin(lease)
    assert.isFalse(lease.isLive)
    const died = yield* defectOf(Effect.sync(() => lease.resource))
    assert.strictEqual(died.defect._tag, "LeaseExpired")
    assert.strictEqual(died.defect.pool, "db")
    assert.strictEqual(died.defect.leaseId, lease.id)
  }))

it.effect("resource is a prototype getter, left out of toJSON and inspection, live or ended", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const lease = yield* session.checkout()
    for (const _ of [1, 2]) {
      assert.notInclude(JSON.stringify(lease), "resource")
      assert.notInclude(JSON.stringify(lease), "death")
      assert.notInclude(Formatter.format(lease), "death")
      assert.notInclude(Object.keys(lease), "resource")
      yield* session.checkin(lease)
    }
  }))

it.effect("ids differ from lease to lease", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const ids = new Set<number>()
    for (let n = 0; n < 5; n++) {
      const lease = yield* session.checkout()
      ids.add(lease.id)
      yield* session.checkin(lease)
    }
    assert.strictEqual(ids.size, 5)
  }))

it.effect("stale is harmless: checkin, destroyed and adopt of an ended lease change nothing", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    const old = yield* session.checkout()
    yield* session.checkin(old)
    const next = yield* session.checkout()
    yield* session.checkin(old)
    yield* session.destroyed(old)
    yield* session.adopt(old)
    assert.isTrue(next.isLive)
    yield* statusIs(session, { lent: 1, idle: 0 })
    yield* session.checkin(next)
    yield* session.checkin(next)
    yield* statusIs(session, { lent: 0, idle: 1 })
    assert.deepStrictEqual(world.closed, [])
  }))

it.effect("a lease of another pool is refused: checkin, destroyed and adopt die with ForeignLease", () =>
  Effect.gen(function*() {
    const a = yield* makePool({ name: "a" })
    const b = yield* makePool({ name: "b" })
    const lease = yield* a.session.checkout()
    for (const action of ["checkin", "destroyed", "adopt"] as const) {
      const died = yield* defectOf(b.session[action](lease))
      assert.strictEqual(died?.defect._tag, "ForeignLease", action)
      assert.strictEqual(died.defect.leaseId, lease.id)
    }
    assert.isTrue(lease.isLive)
    yield* statusIs(b.session, { idle: 1, lent: 0 })
    yield* a.session.checkin(lease)
    yield* statusIs(a.session, { idle: 1, lent: 0 })
  }))

it.effect("a lease may be given back by another fiber, and through another session", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const clone = yield* session.clone
    const lease = yield* session.checkout()
    yield* Effect.flatMap(Effect.forkChild(clone.checkin(lease)), Fiber.join)
    yield* statusIs(session, { idle: 1, lent: 0 })
  }))

it.effect("destroyed: closes the resource once and replaces it", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    const lease = yield* session.checkout()
    yield* session.destroyed(lease, new Error("connection reset"))
    assert.isFalse(lease.isLive)
    yield* statusIs(session, { idle: 1, lent: 0, closing: 0 })
    assert.deepStrictEqual(world.closed, [1])
    assert.strictEqual(yield* session.use((thing) => Effect.succeed(thing.id)), 2)
  }))

it.effect("destroyed: the next waiter gets the replacement", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const lease = yield* session.checkout()
    const waiter = yield* spawned(session.checkout({ owner: "none" }))
    yield* session.destroyed(lease)
    yield* settle
    assert.strictEqual(outcome(waiter).resource.id, 2)
    yield* session.checkin(outcome(waiter))
  }))

it.effect("a resource that dies while lent: the lease ends, the resource is closed and replaced at once", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    const lease = yield* session.checkout()
    yield* die(world.opened[0]!)
    assert.isFalse(lease.isLive)
    assert.strictEqual((yield* defectOf(Effect.sync(() => lease.resource))).defect._tag, "LeaseExpired")
    yield* statusIs(session, { idle: 1, lent: 0 })
    yield* session.checkin(lease)
    yield* statusIs(session, { idle: 1, lent: 0 })
    assert.deepStrictEqual(world.closed, [1])
  }))

it.effect("a resource that dies while idle is not handed out, and is replaced", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ size: 2 })
    yield* die(world.opened[1]!)
    yield* statusIs(session, { idle: 2 })
    assert.deepStrictEqual(world.closed, [2])
    const leases = [yield* session.checkout(), yield* session.checkout()]
    assert.sameMembers(leases.map((lease) => lease.resource.id), [1, 3])
    for (const lease of leases) yield* session.checkin(lease)
  }))

for (const [what, end] of [["fails", Effect.fail("gone")], ["dies", Effect.die("gone")]] as const) {
  it.effect(`a link that ${what} is the resource's death too`, () =>
    Effect.gen(function*() {
      let links = 0
      const { session, world } = yield* makePool({ link: () => ++links === 1 ? end : Effect.never, start: "lazy" })
      yield* Effect.exit(session.use(() => settle))
      yield* settle
      assert.deepStrictEqual(world.closed, [1])
      assert.strictEqual(yield* session.use((thing) => Effect.succeed(thing.id)), 2)
    }))
}

it.effect("use: a resource that dies during it is closed and replaced, and use ends with its own exit", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    const result = yield* session.use((thing, lease) =>
      Effect.gen(function*() {
        yield* die(thing)
        return lease.isLive
      })
    )
    assert.isFalse(result)
    yield* statusIs(session, { idle: 1, lent: 0 })
    assert.deepStrictEqual(world.closed, [1])
  }))
