/**
 * Recovery under fire: each disaster strikes while clients ask as fast as they are answered. The time until the pool was
 * whole again is printed; what is asserted are the sums.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Scope } from "effect"
import type { Pool } from "whitepool"
import * as Load from "../../docs/examples/postgres/Load.ts"
import * as Openings from "../../docs/examples/postgres/Openings.ts"
import * as Sabotage from "../../docs/examples/postgres/Sabotage.ts"
import * as Watcher from "../../docs/examples/postgres/Watcher.ts"
import { eventually, openPool, plantPool, shareServer } from "./support/database.ts"
import { agree, type Tools, underLoad } from "./support/fire.ts"

const everybody = ({ watcher }: Tools) => Effect.map(watcher.backends, (backends) => backends.map(({ pid }) => pid))

describe("A pool under fire", () => {
  const server = shareServer()

  it.live("is whole again after all backends were terminated at once", () =>
    Effect.gen(function*() {
      const tools = yield* openPool(server(), { size: 4, maxOverflow: 2 })
      const recovery = yield* underLoad("all terminated", tools, tools.watcher.terminate("any", 100))
      assert.isAtLeast(recovery.victims, 4)
      assert.isAtMost(tools.ledger.failed, recovery.victims)
      yield* agree(tools)
    }), 60_000)

  it.live(
    "is whole again after kill -9 of one backend, for which PostgreSQL resets all and refuses new ones",
    () =>
      Effect.gen(function*() {
        const tools = yield* openPool(server(), { size: 4, maxOverflow: 2 })
        const { ledger, openings } = tools
        // A machine that is busy may come too late to be refused.
        for (let kills = 0; !openings.byCode.has("57P03"); kills++) {
          assert.isBelow(kills, 10, "somebody is refused with 57P03")
          const failed = ledger.failed
          const kill = Effect.tap(everybody(tools), ([pid = 0]) => Sabotage.kill(pid))
          const recovery = yield* underLoad("kill -9", tools, kill)
          assert.isAtLeast(recovery.victims, 4)
          // Those who held one, and perhaps some who were lent one before PostgreSQL had noticed.
          assert.isAtMost(ledger.failed - failed, 6 * 4)
        }
        yield* agree(tools)
      }),
    120_000
  )

  it.live(
    "is whole again after one was frozen, which only the deadline of its user can tell",
    () =>
      Effect.gen(function*() {
        const { watcher: all, ...rest } = yield* openPool(server(), { size: 4, maxOverflow: 0 })
        const frozen = new Set<number>()
        // Once it is given up, PostgreSQL still counts it until it is thawed, whatever the pool does.
        const tools = { ...rest, watcher: Watcher.without(all, frozen) }
        const { ledger, session } = tools
        yield* Effect.scoped(Effect.gen(function*() {
          const scope = yield* Effect.scope
          const victims: Array<number> = []
          const question = session.use((client) =>
            Effect.gen(function*() {
              yield* Scope.provide(Sabotage.freeze(client.pid), scope)
              victims.push(client.pid)
              yield* Effect.timeout(Load.hello(client), "1 second")
            })
          )
          const giveUp = Effect.sync(() => victims.forEach((pid) => frozen.add(pid)))
          let unnoticed = false
          const blow = Effect.gen(function*() {
            yield* Effect.forkIn(Effect.andThen(ledger.ask(question), giveUp), scope)
            yield* eventually("one is frozen", Effect.sync(() => victims.length === 1))
            const answered = ledger.answered
            yield* eventually(
              "the others go on",
              Effect.sync(() => ledger.answered > answered + 100 || frozen.size > 0)
            )
            const { idle, lent } = yield* session.status
            unnoticed = frozen.size === 0 && idle + lent === 4
            return victims
          })
          const recovery = yield* underLoad("frozen", tools, blow, ["TimeoutError"])
          assert.isTrue(unnoticed)
          assert.deepEqual([...ledger.byTag], [["TimeoutError", 1]])
          assert.isAtLeast(recovery.took, 1000, "before the deadline nobody knows")
          assert.include((yield* all.backends).map(({ pid }) => pid), victims[0], "frozen, and yet replaced")
        }))
        yield* agree({ ...tools, watcher: all })
      }),
    60_000
  )

  it.live(
    "is whole again after its own supervisor actor was killed, through the sessions that people have",
    () =>
      Effect.gen(function*() {
        const { crash, tree, ...tools } = yield* plantPool(server(), { size: 4, maxOverflow: 2 })
        const { ledger, openings, session, watcher } = tools
        let waiting = 0
        const blow = Effect.gen(function*() {
          yield* eventually("some wait", Effect.map(session.status, ({ waiting }) => waiting > 10))
          const all = yield* everybody(tools)
          waiting = (yield* session.status).waiting
          yield* crash
          return all
        })
        const { after, victims } = yield* underLoad("the pool itself killed", tools, blow, [
          "PoolCrashed",
          "ConnectionLost"
        ])
        assert.isAtLeast(victims, 4)
        // Who waited is told by the pool, who held one by the connection that was closed under them; nobody else is told.
        const crashed = ledger.byTag.get("PoolCrashed") ?? 0
        assert.isAtLeast(crashed, 1)
        assert.isAtMost(crashed, 25)
        assert.isAtMost(ledger.byTag.get("ConnectionLost") ?? 0, 6)
        assert.isAbove(waiting, 0)
        // That those of before are gone is part of what whole means.
        assert.isAtLeast(after.backends?.length ?? 0, 4)
        assert.isAtMost(Openings.peak(openings.all), 4, "two incarnations do not open at once")
        assert.strictEqual((yield* tree.whichChildren)[0]?.restarts, 1)
        yield* agree(tools)
        assert.strictEqual((yield* watcher.backends).length, 4)
      }),
    60_000
  )

  const ends = [
    ["of a defect", Effect.die(new Error("a bug in the owner"))],
    ["of an interruption", Effect.interrupt],
    ["by success, where that abandons its leases", Effect.void]
  ] as const
  for (const [how, end] of ends) {
    it.live(`destroys and replaces the connection of an owner that ends ${how}`, () =>
      Effect.gen(function*() {
        const tools = yield* openPool(server(), { size: 4, maxOverflow: 2, onOwnerSuccess: "abandon" })
        const { ledger, session, watcher } = tools
        const held: Array<number> = []
        // Kept, or the garbage collector would find that nobody has them any more, and the pool would hear of it.
        const leases: Array<Pool.Lease<unknown>> = []
        const owner = Effect.gen(function*() {
          const lease = yield* session.checkout()
          leases.push(lease)
          yield* Load.hello(lease.resource)
          held.push(lease.resource.pid)
        }).pipe(ledger.ask, Effect.andThen(end))
        const die = Effect.gen(function*() {
          yield* Effect.forEach([1, 2, 3], () => Effect.flatMap(Effect.forkChild(owner), Fiber.await))
          return held
        })
        const { after, victims } = yield* underLoad(`owner ends ${how}`, tools, die, [])
        assert.strictEqual(victims, 3)
        assert.strictEqual(ledger.failed, 0, "nobody else has noticed")
        const now = new Set((after.backends ?? []).map(({ pid }) => pid))
        assert.isFalse(held.some((pid) => now.has(pid)), "gone from pg_stat_activity")
        assert.isAtLeast(now.size, 4, "and replaced")
        assert.deepEqual(leases.map(({ isLive }) => isLive), [false, false, false])
        yield* agree(tools)
        assert.strictEqual((yield* watcher.backends).length, 4)
      }), 60_000)
  }
})
