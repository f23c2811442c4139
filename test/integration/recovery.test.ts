import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import * as Client from "../../docs/examples/postgres/Client.ts"
import * as Load from "../../docs/examples/postgres/Load.ts"
import * as Recovery from "../../docs/examples/postgres/Recovery.ts"
import { freeze, thaw } from "../../docs/examples/postgres/Sabotage.ts"
import { eventually, openPool, shareServer } from "./support/database.ts"
import { agree, underLoad } from "./support/fire.ts"

const pids = ({ backends }: Recovery.Sample) => (backends ?? []).map(({ pid }) => pid)

describe("A pool of PostgreSQL connections", () => {
  const server = shareServer()

  it.live("replaces an idle one whose backend was terminated, before anybody asks for it", () =>
    Effect.gen(function*() {
      const tools = yield* openPool(server(), { size: 4, maxOverflow: 2 })
      const recovery = yield* Recovery.survive(tools, tools.watcher.terminate("idle", 1), 10_000)
      assert.isDefined(recovery.took)
      assert.strictEqual(recovery.victims, 1)
      assert.strictEqual(pids(recovery.after).filter((pid) => !pids(recovery.before).includes(pid)).length, 1)
      assert.strictEqual(tools.ledger.failed, 0)
      yield* agree(tools)
    }))

  it.live("tells the holder of one whose backend was terminated, and replaces it", () =>
    Effect.gen(function*() {
      const tools = yield* openPool(server(), { size: 2, maxOverflow: 0 })
      const { ledger, session, watcher } = tools
      const asking = yield* Effect.forkScoped(
        ledger.ask(session.use((client) => Client.query(client, "SELECT pg_sleep(30)")))
      )
      const recovery = yield* Recovery.survive(tools, Recovery.untilHit(watcher.terminate("active", 1), 5000), 10_000)
      assert.isDefined(recovery.took)
      assert.isFalse(yield* Fiber.join(asking))
      assert.deepEqual([...ledger.byTag], [["ConnectionLost", 1]])
      yield* agree(tools)
    }))

  it.live("is whole again after the server was restarted under load", () =>
    Effect.gen(function*() {
      const tools = yield* openPool(server(), { size: 4, maxOverflow: 2 })
      const { watcher } = tools
      const all = Effect.map(watcher.backends, (backends) => backends.map(({ pid }) => pid))
      const recovery = yield* underLoad("restarted", tools, Effect.tap(all, () => server().restart))
      assert.isAtLeast(recovery.victims, 4)
      yield* agree(tools)
      // None, when the server is back before anybody has tried; two, when an opening from before still succeeds.
      const count = (level: string) => tools.logs.filter((line) => line.level === level).length
      assert.isAtMost(count("Warn"), 2)
      assert.strictEqual(count("Info"), count("Warn"))
    }))

  it.live("is whole again after the server was down for a while", () =>
    Effect.gen(function*() {
      const tools = yield* openPool(server(), { size: 4, maxOverflow: 2 })
      const { ledger, session } = tools
      yield* server().stop
      yield* eventually("the pool has noticed", Effect.map(session.status, ({ idle }) => idle === 0))
      const refused = yield* ledger.ask(session.use(Load.hello, { timeout: "200 millis" }))
      assert.isFalse(refused)
      assert.deepEqual([...ledger.byTag], [["CheckoutTimeout", 1]])
      const waiting = yield* Effect.forkScoped(ledger.ask(session.use(Load.hello, { timeout: "20 seconds" })))
      yield* server().start
      assert.isTrue(yield* Fiber.join(waiting))
      yield* agree(tools)
      assert.deepEqual(tools.logs.map(({ level }) => level), ["Warn", "Info"], "one streak, no flood")
    }))

  it.live("goes on while one is frozen, and gives it up when its user's time is over", () =>
    Effect.gen(function*() {
      const tools = yield* openPool(server(), { size: 2, maxOverflow: 0 })
      const { ledger, session } = tools
      let frozen = 0
      yield* Effect.scoped(Effect.gen(function*() {
        const stuck = session.use((client) => {
          frozen = client.pid
          return Effect.andThen(freeze(client.pid), Load.hello(client))
        })
        const asking = yield* Effect.forkScoped(ledger.ask(Effect.timeout(stuck, "500 millis")))
        yield* eventually("one is frozen", Effect.sync(() => frozen > 0))
        assert.isTrue(yield* ledger.ask(session.use(Load.hello)))
        assert.isFalse(yield* Fiber.join(asking))
        assert.deepEqual([...ledger.byTag], [["TimeoutError", 1]])
        // Still frozen, and yet replaced.
        const [first, second] = yield* Effect.all([session.checkout(), session.checkout()])
        assert.notInclude([first.resource.pid, second.resource.pid], frozen)
        yield* Effect.forEach([first, second], session.checkin)
        yield* thaw(frozen)
      }))
      yield* agree(tools)
    }))

  it.live("tells in time those who wait for one that is frozen, which nothing but a deadline can", () =>
    Effect.gen(function*() {
      const tools = yield* openPool(server(), { size: 1, maxOverflow: 0 })
      const { ledger, session } = tools
      const lease = yield* session.checkout()
      yield* freeze(lease.resource.pid)
      const asking = yield* Effect.forkScoped(ledger.ask(Load.hello(lease.resource)))
      assert.isFalse(yield* ledger.ask(session.use(Load.hello, { timeout: "200 millis" })))
      assert.deepEqual([...ledger.byTag], [["CheckoutTimeout", 1]])
      yield* thaw(lease.resource.pid)
      assert.isTrue(yield* Fiber.join(asking))
      yield* session.checkin(lease)
      yield* agree(tools)
    }))

  it.live("does not wait for the closing of a frozen one longer than closeTimeout", () =>
    Effect.gen(function*() {
      // The client itself would be polite for a minute.
      const tools = yield* openPool(server(), { size: 1, maxOverflow: 0, closeTimeout: "300 millis" }, {
        goodbye: 60_000
      })
      const { ledger, session } = tools
      const lease = yield* session.checkout()
      const { pid } = lease.resource
      yield* freeze(pid)
      const began = performance.now()
      yield* session.destroyed(lease)
      assert.isTrue(yield* ledger.ask(session.use(Load.hello)))
      assert.isBelow(performance.now() - began, 5000)
      assert.strictEqual((yield* session.status).abandoned, 1)
      yield* thaw(pid)
      yield* agree(tools)
    }))

  it.live("answers everybody who waits when it is shut down, and leaves no backend", () =>
    Effect.gen(function*() {
      const tools = yield* openPool(server(), { size: 4, maxOverflow: 2 })
      const { ledger, session, watcher } = tools
      const load = yield* Load.start(session, ledger, 24)
      yield* eventually("some wait", Effect.map(session.status, ({ waiting }) => waiting > 10))
      const { waiting } = yield* session.status
      const answered = ledger.answered
      const report = yield* session.shutdown()
      yield* load.stop
      assert.isAtLeast(ledger.answered, answered + waiting)
      assert.strictEqual(report.forced, 0)
      assert.deepEqual([...ledger.byTag.keys()], ["PoolClosed"])
      assert.strictEqual(ledger.asked, ledger.answered + ledger.failed)
      yield* eventually("no backend is left", Effect.map(watcher.backends, (backends) => backends.length === 0))
    }))
})
