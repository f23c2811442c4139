import { assert, it } from "@effect/vitest"
import { Deferred, Duration, Effect, Exit, Fiber, Schedule, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import { Mpsc, Oneshot } from "whitepool/channel"
import { defectOf, outcome, pending, settle, tagOf } from "./support.ts"
import { makePool, makeWorld, Refused, spawned, statusIs } from "./world.ts"

it.effect("shutdown inside use, or beside scoped, of the same fiber does not wait for itself", () =>
  Effect.gen(function*() {
    const one = yield* makePool()
    const inside = yield* spawned(one.session.use(() => one.session.shutdown({ timeout: "infinity" })))
    assert.deepInclude(outcome(inside), { drained: 0, forced: 1 })
    const two = yield* makePool()
    const shutdown = two.session.shutdown({ timeout: "infinity" })
    const beside = yield* spawned(Effect.scoped(Effect.andThen(two.session.scoped(), shutdown)))
    assert.deepInclude(outcome(beside), { drained: 0, forced: 1 })
  }))

it.effect("use inside use of a pool of one ends with CheckoutTimeout, and the pool is whole", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const nested = yield* spawned(session.use(() => session.use(() => Effect.void)))
    yield* TestClock.adjust("5 seconds")
    yield* settle
    assert.strictEqual(outcome(nested)._tag, "CheckoutTimeout")
    yield* statusIs(session, { idle: 1, lent: 0 })
  }))

it.effect("something that only looks like a lease is refused", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const lease = yield* session.checkout()
    const fake = { id: lease.id, pool: session.name, resource: lease.resource, isLive: true }
    assert.isDefined(yield* defectOf(session.checkin(fake)))
    assert.isTrue(lease.isLive)
    yield* session.checkin(lease)
  }))

it.effect("every form of Duration.Input is taken", () =>
  Effect.gen(function*() {
    const forms: ReadonlyArray<Duration.Input> = [
      Duration.infinity,
      Duration.seconds(5),
      "5 seconds",
      "Infinity",
      5_000,
      5_000_000n,
      [5, 0],
      { seconds: 5 }
    ]
    for (const time of forms) {
      const times = { checkoutTimeout: time, openTimeout: time, closeTimeout: time, shutdownTimeout: time }
      const { session } = yield* makePool(times)
      yield* session.use(() => Effect.void, { timeout: time })
      yield* session.shutdown({ timeout: time })
    }
  }))

it.effect("re-entrant: a factory and a finalizer may ask the session itself", () =>
  Effect.gen(function*() {
    const seen: Array<number> = []
    const status: Effect.Effect<Pool.Status> = Effect.suspend(() => session.status)
    const session: Pool.Session<number> = yield* Pool.make({
      factory: Effect.acquireRelease(
        Effect.map(status, ({ opening }) => seen.push(opening)),
        () => Effect.map(status, ({ closing }) => seen.push(closing))
      ),
      size: 1,
      start: "lazy"
    })
    yield* session.use((_n, lease) => session.destroyed(lease))
    yield* settle
    assert.deepStrictEqual(seen.slice(0, 2), [1, 1])
  }))

it.effect("scoped: its scope is closed by another fiber while it waits: it ends, and nothing is lost", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const lease = yield* session.checkout()
    const scope = yield* Scope.make()
    const waiting = yield* spawned(Scope.provide(session.scoped(), scope))
    yield* Scope.close(scope, Exit.void)
    yield* session.checkin(lease)
    yield* TestClock.adjust("5 seconds")
    yield* settle
    assert.isFalse(pending(waiting))
    yield* statusIs(session, { idle: 1, lent: 0, waiting: 0 })
  }))

it.effect("use that Effect.timeoutOption cuts short destroys what it was using", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    const cut = yield* spawned(Effect.timeoutOption(session.use(() => Effect.never), "1 second"))
    yield* TestClock.adjust("1 second")
    yield* Fiber.join(cut)
    yield* statusIs(session, { idle: 1, lent: 0 })
    assert.deepStrictEqual(world.closed, [1])
  }))

it.effect("now: a closing that is under way is waited for, and everything is closed once", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ size: 2 })
    const gate = yield* Deferred.make<void>()
    world.closing = () => Deferred.await(gate)
    yield* session.destroyed(yield* session.checkout())
    const shutdown = yield* spawned(session.shutdown({ mode: "now" }))
    assert.isTrue(pending(shutdown))
    yield* Deferred.succeed(gate, undefined)
    yield* Fiber.join(shutdown)
    assert.sameMembers(world.closed, [1, 2])
    assert.isUndefined(yield* defectOf(session.drop))
  }))

it.effect("a link that throws when it is called does not end the pool", () =>
  Effect.gen(function*() {
    let links = 0
    const { session, world } = yield* makePool({
      start: "background",
      link: () => {
        if (++links === 1) throw new Error("link")
        return Effect.never
      }
    })
    yield* TestClock.adjust("1 minute")
    yield* statusIs(session, { idle: 1, opening: 0 })
    assert.deepStrictEqual(world.closed, [1])
  }))

it.effect("a backoff Schedule that dies does not end the pool", () =>
  Effect.gen(function*() {
    const world = makeWorld()
    world.before = Effect.suspend(() => world.attempts < 4 ? Effect.fail(new Refused()) : Effect.void)
    const backoff = Schedule.addDelay(Schedule.spaced("1 second"), () => Effect.die("schedule"))
    const { session } = yield* makePool({ start: "background", backoff }, world)
    yield* TestClock.adjust("10 minutes")
    yield* statusIs(session, { idle: 1 })
    assert.isUndefined(yield* tagOf(session.use(() => Effect.void)))
  }))

it.effect("a timeout of 0 on a channel: what can be done at once is done, else it fails at once", () =>
  Effect.gen(function*() {
    const [sender] = yield* Mpsc.bounded<string>(1)
    yield* sender.sendTimeout("a", 0)
    assert.strictEqual(yield* tagOf(sender.sendTimeout("b", 0)), "SendTimeout")
    const [, receiver] = yield* Oneshot.make<string>()
    assert.strictEqual(yield* tagOf(receiver.recv({ timeout: 0 })), "DeadlineExceeded")
  }))

it.effect("use whose f checks its lease in itself: the end of use touches nobody else's lease", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    const other = yield* session.use((_thing, lease) =>
      Effect.gen(function*() {
        yield* session.checkin(lease)
        return yield* session.checkout({ owner: "none" })
      })
    )
    assert.isTrue(other.isLive)
    yield* Effect.exit(session.use(() => Effect.die("no"), { timeout: 0 }))
    assert.isTrue(other.isLive)
    yield* session.checkin(other)
    assert.deepStrictEqual(world.closed, [])
  }))

it.effect("a defect in use after f gave its lease back does not destroy what the next one holds", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool()
    const taken = yield* Deferred.make<Pool.Lease<unknown>>()
    yield* Effect.exit(session.use((_thing, lease) =>
      Effect.gen(function*() {
        yield* session.checkin(lease)
        yield* Effect.flatMap(session.checkout({ owner: "none" }), (next) => Deferred.succeed(taken, next))
        return yield* Effect.die("no")
      })
    ))
    const next = yield* Deferred.await(taken)
    assert.isTrue(next.isLive)
    assert.deepStrictEqual(world.closed, [])
    yield* session.checkin(next)
  }))

it.effect("the closing of the scope shortens a shutdown that would wait for ever", () =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const { session } = yield* Scope.provide(makePool({}, makeWorld(), false), scope)
    yield* session.checkout({ owner: "none" })
    const shutdown = yield* spawned(session.shutdown({ timeout: "infinity" }))
    const closing = yield* spawned(Scope.close(scope, Exit.void))
    yield* TestClock.adjust("4999 millis")
    assert.isTrue(pending(shutdown) && pending(closing))
    yield* TestClock.adjust(1)
    yield* Fiber.join(closing)
    assert.deepInclude(yield* Fiber.join(shutdown), { drained: 0, forced: 1 })
  }))

it.effect("clone of a closed pool lends nothing, and status still answers", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    yield* session.shutdown()
    const clone = yield* session.clone
    assert.strictEqual(yield* tagOf(clone.checkout()), "PoolClosed")
    assert.deepInclude(yield* clone.status, { state: "closed" })
  }))

it.effect("resources that die as soon as they are open make no tight loop", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ start: "background", size: 2, link: () => Effect.void })
    yield* TestClock.adjust("1 minute")
    yield* settle
    assert.isBelow(world.attempts, 200)
    yield* session.shutdown({ mode: "now" })
    assert.strictEqual(world.live(), 0)
  }))

it.effect("a lease that runPromise or runSync returns is live, and its pool is whole after it came back", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ size: 2 })
    const sync = Effect.runSync(session.checkout())
    const lease = yield* Effect.promise(() => Effect.runPromise(session.checkout()))
    yield* settle
    assert.isTrue(sync.isLive && lease.isLive)
    yield* session.checkin(sync)
    yield* session.checkin(lease)
    yield* statusIs(session, { idle: 2, lent: 0 })
    assert.deepStrictEqual(world.closed, [])
  }))
