/** A group of pools: who is asked, who is passed over and for how long, and that there is one deadline and one body. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Data, Deferred, Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Pool } from "whitepool"
import * as PoolGroup from "../../src/pool/PoolGroup.ts"
import { withCounters } from "../support/liveFibers.ts"
import { withLogs } from "../support/logs.ts"
import { forkSettled, OpenError, type Resource, type Session, settle, World } from "../support/world.ts"

class ReadOnly extends Data.TaggedError("ReadOnly")<{}> {}

type Given = Partial<PoolGroup.Options<Resource, OpenError, Scope.Scope, Scope.Scope>>
type MemberOptions = Partial<Pool.Options<Resource, OpenError, Scope.Scope, Scope.Scope>>

/** A primary and a replica, of the group's own. */
const setup = (options: Given = {}, members: MemberOptions = {}) =>
  Effect.gen(function*() {
    const primary = new World()
    const replica = new World()
    // Numbers tell them apart.
    replica.begun = 100
    const make = PoolGroup.make({
      members: [
        { name: "primary", size: 2, factory: primary.factory, ...members },
        { name: "replica", size: 2, factory: replica.factory, ...members }
      ],
      ...options
    })
    const group = yield* make
    yield* Effect.addFinalizer(() =>
      Effect.forEach(group.members, (member) => member.shutdown({ mode: "now" }), { discard: true })
    )
    yield* settle
    return { group, primary, replica, id: group.use(({ id }) => Effect.succeed(id)) }
  })

const isFromReplica = (id: number) => id > 100

const down = (world: World) => {
  world.open = (id) => Effect.fail(new OpenError({ id }))
}

/** What it had open dies, and it opens nothing any more. */
const strike = (world: World, session: Session) =>
  Effect.gen(function*() {
    down(world)
    yield* session.evictAll()
    yield* settle
  })

const silent = <A, E, R>(effect: Effect.Effect<A, E, R>) => withLogs(() => effect)

describe("failover", () => {
  it.effect("asks the first one as long as it is up, however busy", () =>
    Effect.gen(function*() {
      const { group, id } = yield* setup()
      assert.isFalse(isFromReplica(yield* id))
      const gate = yield* Deferred.make<void>()
      const users = yield* Effect.forEach([1, 2], () => forkSettled(group.use(() => Deferred.await(gate))))
      const waiter = yield* forkSettled(id)
      const impatient = yield* Effect.flip(group.use(() => Effect.void, { timeout: 0 }))
      assert.strictEqual(impatient._tag, "CheckoutTimeout")
      const late = yield* forkSettled(Effect.flip(group.use(() => Effect.void, { timeout: "1 second" })))
      yield* TestClock.adjust("1 second")
      assert.deepInclude(yield* Fiber.join(late), { _tag: "CheckoutTimeout", phase: "queue" })
      yield* Deferred.succeed(gate, undefined)
      for (const user of users) yield* Fiber.join(user)
      assert.isFalse(isFromReplica(yield* Fiber.join(waiter)))
      assert.deepStrictEqual((yield* group.status).map(({ isDown }) => isDown), [false, false])
    }))

  it.effect("goes to the next when the first cannot open, passes it over for a while, and comes back to it", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const { group, id, primary } = yield* setup()
        yield* strike(primary, group.members[0]!)
        assert.isTrue(isFromReplica(yield* id))
        assert.deepStrictEqual((yield* group.status).map(({ isDown, name }) => [name, isDown]), [
          ["primary", true],
          ["replica", false]
        ])
        const begun = primary.begun
        primary.open = () => Effect.void
        yield* TestClock.adjust("9 seconds")
        yield* settle
        assert.isAbove(primary.begun, begun, "the pool itself has come back")
        assert.isTrue(isFromReplica(yield* id), "but it is passed over still")
        yield* TestClock.adjust("1 second")
        assert.isFalse(isFromReplica(yield* id))
        assert.deepStrictEqual((yield* group.status).map(({ isDown }) => isDown), [false, false])
        assert.deepStrictEqual(
          lines.filter(({ message }) => message.startsWith("group")).map(({ level, message }) => [level, message]),
          [
            ["Warn", "group \"group\": \"primary\" is passed over from now on: OpenFailed"],
            ["Info", "group \"group\": \"primary\" is back"]
          ]
        )
      })
    ))

  it.effect("whoever waits at the first one when it goes down goes on to the next at once", () =>
    silent(Effect.gen(function*() {
      const { group, primary } = yield* setup()
      const gate = yield* Deferred.make<void>()
      const users = yield* Effect.forEach(
        [1, 2],
        () => forkSettled(Effect.exit(group.use(() => Effect.andThen(Deferred.await(gate), Effect.die("broken")))))
      )
      const waiters = yield* Effect.forEach([1, 2], () => forkSettled(group.use(({ id }) => Effect.succeed(id))))
      down(primary)
      yield* Deferred.succeed(gate, undefined)
      for (const user of users) yield* Fiber.join(user)
      for (const waiter of waiters) assert.isTrue(isFromReplica(yield* Fiber.join(waiter)))
    })))

  it.effect("J-2 one that hangs has only a part of the time, and all of them together have one deadline", () =>
    silent(Effect.gen(function*() {
      const { group, id, primary, replica } = yield* setup({}, { start: "lazy" })
      primary.open = () => Effect.never
      const first = yield* forkSettled(id)
      yield* TestClock.adjust("2499 millis")
      assert.isUndefined(first.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.isTrue(isFromReplica(yield* Fiber.join(first)))
      // The next one does not wait for it at all.
      assert.isTrue(isFromReplica(yield* id))
      yield* TestClock.adjust("10 seconds")
      replica.open = () => Effect.never
      yield* group.members[1]!.evictAll()
      yield* settle
      const second = yield* forkSettled(Effect.flip(group.use(() => Effect.void, { timeout: "1 second" })))
      yield* TestClock.adjust("999 millis")
      assert.isUndefined(second.pollUnsafe())
      yield* TestClock.adjust("1 millis")
      assert.deepInclude(yield* Fiber.join(second), { _tag: "CheckoutTimeout", phase: "open", pool: "replica" })
    })))

  it.effect("without a deadline does not wait for ever at one that hangs", () =>
    silent(Effect.gen(function*() {
      const { group, primary } = yield* setup({ patience: "3 seconds", checkoutTimeout: "infinity" }, { start: "lazy" })
      primary.open = () => Effect.never
      const waiter = yield* forkSettled(group.use(({ id }) => Effect.succeed(id)))
      yield* TestClock.adjust("3 seconds")
      assert.isTrue(isFromReplica(yield* Fiber.join(waiter)))
    })))

  it.effect("who does not wait at all says nothing of a member that is only just opening", () =>
    Effect.gen(function*() {
      const { group, id, primary } = yield* setup({}, { start: "lazy" })
      const gate = yield* Deferred.make<void>()
      primary.open = () => Deferred.await(gate)
      const first = yield* forkSettled(id)
      const impatient = yield* Effect.flip(group.use(() => Effect.void, { timeout: 0 }))
      assert.deepInclude(impatient, { _tag: "CheckoutTimeout", pool: "replica" })
      assert.deepStrictEqual((yield* group.status).map(({ isDown }) => isDown), [false, false])
      yield* Deferred.succeed(gate, undefined)
      assert.isFalse(isFromReplica(yield* Fiber.join(first)))
    }))

  it.effect("all down: they are asked all the same, and the failure is that of the last", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const { group, id, primary, replica } = yield* setup()
        yield* strike(primary, group.members[0]!)
        yield* strike(replica, group.members[1]!)
        for (let i = 0; i < 2; i++) {
          assert.deepInclude(yield* Effect.flip(id), { _tag: "OpenFailed", pool: "replica" })
          assert.deepStrictEqual((yield* group.status).map(({ isDown }) => isDown), [true, true])
        }
        assert.lengthOf(lines.filter(({ message }) => message.startsWith("group")), 2, "once for each")
        replica.open = () => Effect.void
        yield* TestClock.adjust("1 second")
        yield* settle
        assert.isTrue(isFromReplica(yield* id), "down, but better than nobody")
      })
    ))

  it.effect("one that is closed is passed over, and one that was handed in is not ended with the group", () =>
    silent(Effect.gen(function*() {
      const [first, second] = [new World(), new World()]
      second.begun = 100
      const sessions = [yield* first.pool({ name: "first" }), yield* second.pool({ name: "second" })] as const
      const scope = yield* Scope.make()
      const group = yield* Scope.provide(PoolGroup.make({ members: sessions }), scope)
      yield* sessions[0].shutdown()
      assert.isTrue(isFromReplica(yield* group.use(({ id }) => Effect.succeed(id))))
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(second.live, 1)
    })))

  it.effect("a suspended member is waited for", () =>
    Effect.gen(function*() {
      const { group, id } = yield* setup({}, { start: "lazy" })
      yield* group.members[0]!.suspend
      const waiter = yield* forkSettled(id)
      yield* TestClock.adjust("4 seconds")
      assert.isUndefined(waiter.pollUnsafe())
      yield* group.members[0]!.resume
      assert.isFalse(isFromReplica(yield* Fiber.join(waiter)))
    }))
})

describe("a member whose time is up", () => {
  const struck = Effect.gen(function*() {
    const all = yield* setup({ patience: "1 second" })
    yield* strike(all.primary, all.group.members[0]!)
    yield* all.id
    yield* TestClock.adjust("10 seconds")
    return all
  })

  it.effect("is tried by one caller, while the others go on passing it over", () =>
    silent(Effect.gen(function*() {
      // Without a breaker, those who wait at a pool that is down wait for their deadline.
      const { group, id, primary } = yield* setup({ patience: "1 second" }, { breaker: { failures: 1_000 } })
      primary.open = () => Effect.never
      yield* group.members[0]!.evictAll()
      yield* settle
      const first = yield* forkSettled(id)
      yield* TestClock.adjust("1 second")
      assert.isTrue(isFromReplica(yield* Fiber.join(first)))
      yield* TestClock.adjust("10 seconds")
      const trier = yield* forkSettled(id)
      assert.isTrue(isFromReplica(yield* id))
      assert.isUndefined(trier.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.isTrue(isFromReplica(yield* Fiber.join(trier)))
      yield* TestClock.adjust("9 seconds")
      const next = yield* forkSettled(id)
      assert.isUndefined(next.pollUnsafe(), "it is tried again")
      yield* Fiber.interrupt(next)
      assert.isTrue(isFromReplica(yield* id), "an interrupted trial keeps nobody waiting")
    })))

  it.effect("that has not come back is passed over for as long again, without a word", () =>
    withLogs((lines) =>
      Effect.gen(function*() {
        const { id } = yield* struck
        for (let i = 0; i < 3; i++) {
          assert.isTrue(isFromReplica(yield* id))
          yield* TestClock.adjust("10 seconds")
        }
        assert.lengthOf(lines.filter(({ message }) => message.startsWith("group")), 1)
      })
    ))
})

describe("a body", () => {
  it.effect("that fails is not run again, whatever it fails with", () =>
    Effect.gen(function*() {
      const { group, primary } = yield* setup()
      for (const error of [new OpenError({ id: 1 }), new Pool.PoolClosed({ pool: "another" })]) {
        let runs = 0
        const failed = yield* Effect.flip(
          group.use(() => Effect.andThen(Effect.sync(() => runs++), Effect.fail(error)))
        )
        assert.strictEqual(failed, error)
        assert.strictEqual(runs, 1)
      }
      assert.strictEqual(primary.begun, 2)
      assert.deepStrictEqual((yield* group.status).map(({ isDown }) => isDown), [false, false])
    }))

  it.effect("that says the primary is demoted sends the next one elsewhere, and closes all that is open there", () =>
    silent(Effect.gen(function*() {
      const isDemoted = (cause: Cause.Cause<unknown>) => Cause.squash(cause) instanceof ReadOnly
      const { group, id, primary } = yield* setup({ isDemoted })
      const gate = yield* Deferred.make<void>()
      const beside = yield* forkSettled(group.use(() => Deferred.await(gate)))
      assert.instanceOf(yield* Effect.flip(group.use(() => Effect.fail(new ReadOnly()))), ReadOnly)
      yield* settle
      assert.isTrue(isFromReplica(yield* id))
      assert.lengthOf(primary.closed, 1)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(beside)
      yield* settle
      assert.lengthOf(primary.closed, 2, "the other one when it came back")
      yield* TestClock.adjust("10 seconds")
      assert.isFalse(isFromReplica(yield* id))
    })))

  it.effect("of a scope says so too, and one that throws in judging counts as yes", () =>
    silent(Effect.gen(function*() {
      const { group, id } = yield* setup({
        isDemoted: () => {
          throw new Error("who knows")
        }
      })
      const failed = Effect.scoped(Effect.andThen(group.scoped(), Effect.fail(new ReadOnly())))
      assert.instanceOf(yield* Effect.flip(failed), ReadOnly)
      assert.isTrue(isFromReplica(yield* id))
    })))

  it.effect("that dies, or is interrupted, demotes nobody", () =>
    Effect.gen(function*() {
      const { group } = yield* setup({ isDemoted: () => true })
      yield* Effect.exit(group.use(() => Effect.die("boom")))
      yield* Fiber.interrupt(yield* forkSettled(group.use(() => Effect.never)))
      yield* settle
      assert.deepStrictEqual((yield* group.status).map(({ isDown }) => isDown), [false, false])
    }))

  it.effect("that is none is a defect, and its resource is not lent for ever", () =>
    Effect.gen(function*() {
      const { group } = yield* setup({ isDemoted: () => true })
      const exit = yield* Effect.exit(group.use<void, never, never>(() => undefined as never))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
      yield* settle
      assert.strictEqual((yield* group.status)[0]!.lent, 0)
    }))
})

describe("round-robin", () => {
  it.effect("goes from one to the next, and passes over those that are down", () =>
    silent(Effect.gen(function*() {
      const { group, id, primary } = yield* setup({ strategy: "round-robin" })
      const lent = yield* Effect.forEach([1, 2, 3, 4], () => id)
      assert.deepStrictEqual(lent.map(isFromReplica), [false, true, false, true])
      yield* strike(primary, group.members[0]!)
      for (let i = 0; i < 4; i++) assert.isTrue(isFromReplica(yield* id))
    })))

  it.effect("goes on to the next when one has too much to do, which failover does not", () =>
    Effect.gen(function*() {
      for (const strategy of ["round-robin", "failover"] as const) {
        const { group } = yield* setup({ strategy }, { maxWaiting: 0 })
        const busy = group.members[0]!
        yield* Effect.forEach([1, 2], () => busy.checkout({ owner: "none" }))
        const exits = yield* Effect.forEach([1, 2], () => Effect.exit(group.use(({ id }) => Effect.succeed(id))))
        const failed = exits.filter(Exit.isFailure)
        assert.lengthOf(failed, strategy === "failover" ? 2 : 0)
        assert.deepStrictEqual((yield* group.status).map(({ isDown }) => isDown), [false, false])
      }
    }))
})

describe("a lease", () => {
  it.effect("goes back to the member that it is of, and one of nobody is refused", () =>
    Effect.gen(function*() {
      const { group, primary } = yield* setup({ strategy: "round-robin" })
      const leases = yield* Effect.forEach([1, 2], () => group.checkout())
      yield* group.checkin(leases[1]!)
      yield* group.destroyed(leases[0]!)
      yield* settle
      assert.deepStrictEqual((yield* group.status).map(({ idle, lent }) => [idle, lent]), [[2, 0], [2, 0]])
      assert.lengthOf(primary.closed, 1)
      const foreign = yield* (yield* new World().pool({})).checkout()
      const exit = yield* Effect.exit(group.checkin(foreign))
      assert.deepInclude(Exit.isFailure(exit) ? Cause.squash(exit.cause) : {}, { _tag: "ForeignLease" })
    }))

  it.effect("is not lost when its taker is interrupted on the way from one member to the next", () =>
    silent(Effect.gen(function*() {
      const { group, primary, replica } = yield* setup({}, { size: 1 })
      yield* strike(primary, group.members[0]!)
      for (let turns = 0; turns < 40; turns++) {
        yield* TestClock.adjust("10 seconds")
        const fiber = yield* Effect.forkChild(group.checkout({ owner: "none" }))
        for (let i = 0; i < turns; i++) yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
        const exit = yield* Fiber.await(fiber)
        if (Exit.isSuccess(exit)) yield* group.checkin(exit.value)
        yield* settle
        assert.strictEqual((yield* group.status)[1]!.lent, 0)
      }
      assert.strictEqual(replica.live, 1)
    })))
})

describe("the group", () => {
  it.effect("is there even if a member is not, unless that one is to start eagerly", () =>
    silent(Effect.gen(function*() {
      const world = new World()
      down(world)
      const live = new World()
      const members = (start?: "eager") => [
        { size: 1, factory: world.factory, start },
        { size: 1, factory: live.factory, start }
      ]
      yield* PoolGroup.make({ members: members() })
      assert.strictEqual((yield* Effect.flip(PoolGroup.make({ members: members("eager") })))._tag, "OpenError")
    })))

  it.effect("refuses options that make no sense, every problem at once", () =>
    Effect.gen(function*() {
      const wrong = { members: [], strategy: "chance", retryAfter: -1, patience: NaN, isDemoted: 1, name: "", more: 1 }
      const error = yield* Effect.flip(PoolGroup.make(wrong as never))
      assert.deepStrictEqual((error as Pool.InvalidOptions).problems.map((problem) => problem.split(":")[0]), [
        "more",
        "members",
        "strategy",
        "retryAfter",
        "patience",
        "isDemoted",
        "name"
      ])
      for (const member of [1, {}, { size: 1 }, { use: 1 }]) {
        const refused = yield* Effect.flip(PoolGroup.make({ members: [member] } as never))
        assert.deepStrictEqual((refused as Pool.InvalidOptions).problems, [
          "members: each must be a session, or options with a factory"
        ])
      }
      const { group } = yield* setup()
      const exit = yield* Effect.exit(group.use(() => Effect.void, { timeout: -1 }))
      assert.deepInclude(Exit.isFailure(exit) ? Cause.squash(exit.cause) : {}, { _tag: "InvalidOptions" })
    }))

  it.effect("leaves nothing behind, and ends its members at once", () =>
    silent(withCounters((counters) =>
      Effect.gen(function*() {
        const before = counters.fibers()
        const worlds = [new World(), new World()]
        const scope = yield* Scope.make()
        const closing = yield* forkSettled(Effect.gen(function*() {
          const group = yield* Scope.provide(
            PoolGroup.make({
              members: worlds.map((world) => ({ size: 1, factory: world.factory })),
              strategy: "round-robin"
            }),
            scope
          )
          yield* Effect.forEach([1, 2], () => group.checkout())
          for (const world of worlds) world.close = () => Effect.sleep("2 seconds")
          yield* Scope.close(scope, Exit.void)
        }))
        yield* TestClock.adjust("2 seconds")
        yield* Fiber.join(closing)
        yield* settle
        assert.deepStrictEqual(worlds.map(({ live }) => live), [0, 0])
        assert.strictEqual(counters.sleeps(), 0)
        assert.strictEqual(counters.fibers(), before)
      })
    )))
})
