/**
 * The password of a role is changed while a pool of its connections is at work, by the recipe of `docs/policies.md` (Y2): the
 * factory reads it whenever it opens, and `evictAll` does the rest.
 */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect, Fiber, Ref, Schedule } from "effect"
import * as Client from "../../docs/examples/postgres/Client.ts"
import * as Load from "../../docs/examples/postgres/Load.ts"
import { eventually, openPool, shareServer } from "./support/database.ts"
import { agree, type Tools } from "./support/fire.ts"
import { makeRole } from "./support/role.ts"

const pids = ({ watcher }: Tools) => Effect.map(watcher.backends, (backends) => backends.map(({ pid }) => pid))

/** None of these serves the pool any more, and it has as many as before. */
const replaced = (tools: Tools, old: ReadonlyArray<number>) =>
  eventually(
    "every backend is another one",
    Effect.map(pids(tools), (now) => now.length === old.length && !now.some((pid) => old.includes(pid)))
  )

/** So many more of them, from now on. */
const answers = ({ ledger }: Tools, count = 100) =>
  Effect.suspend(() => {
    const before = ledger.answered
    return eventually("the clients are answered", Effect.sync(() => ledger.answered >= before + count))
  })

/** Every client was answered, every time; and no opening has failed. */
const assertUnharmed = (tools: Tools, load: Load.Load) =>
  Effect.gen(function*() {
    yield* load.stop
    assert.deepEqual([...tools.ledger.byTag], [])
    assert.strictEqual(load.lentDead(), 0)
    assert.deepEqual([...tools.openings.byCode], [])
    yield* agree(tools)
  })

describe("A pool of connections whose password is changed", () => {
  const server = shareServer()

  it.live(
    "replaces every backend, and nobody fails; what is lent then ends undisturbed on its old one",
    () =>
      Effect.gen(function*() {
        const { admin, alter, login, password, refusal } = yield* makeRole(server(), "old")
        const tools = yield* openPool(server(), { size: 3, maxOverflow: 0 }, {}, login)
        const { openings, session } = tools
        const old = yield* pids(tools)
        assert.strictEqual(old.length, 3)

        // One is in the middle of a transaction, and one in the middle of a question.
        const lease = yield* session.checkout()
        yield* Client.query(lease.resource, "BEGIN")
        yield* Client.query(lease.resource, "SELECT set_config('whitepool.mark', 'mine', true)")
        yield* Client.query(admin, "SELECT pg_advisory_lock(1)")
        const question = (client: Client.Client) =>
          Effect.as(Client.query(client, "SELECT pg_advisory_xact_lock(1)"), client.pid)
        const asking = yield* Effect.forkScoped(session.use(question))
        yield* eventually("both are lent", Effect.map(session.status, ({ lent }) => lent === 2))
        const load = yield* Load.start(session, tools.ledger, 24)
        yield* answers(tools)

        yield* alter("new")
        yield* Ref.set(password, "new")
        yield* session.evictAll()

        yield* eventually(
          "all that is left of the old ones is lent",
          Effect.map(pids(tools), (now) => now.length === 3 && now.filter((pid) => old.includes(pid)).length === 2)
        )
        yield* answers(tools)
        assert.strictEqual(yield* refusal("old"), "28P01")
        assert.isTrue(lease.isLive)
        assert.include(old, lease.resource.pid)
        const marks = yield* Client.query(
          lease.resource,
          "SELECT current_setting('whitepool.mark') AS mark, pg_backend_pid() AS pid"
        )
        assert.deepEqual([...marks], [{ mark: "mine", pid: lease.resource.pid }])
        yield* Client.query(lease.resource, "COMMIT")
        yield* Client.query(admin, "SELECT pg_advisory_unlock(1)")
        assert.include(old, yield* Fiber.join(asking))
        yield* session.checkin(lease)

        yield* replaced(tools, old)
        yield* answers(tools)
        yield* assertUnharmed(tools, load)
        assert.strictEqual(openings.all.length, 6, "each was opened once, and once again")
      }),
    60_000
  )

  it.live(
    "replaces one after the other when it is told how long to take, and nobody fails",
    () =>
      Effect.gen(function*() {
        const { alter, login, password } = yield* makeRole(server(), "old")
        const tools = yield* openPool(server(), { size: 3, maxOverflow: 0 }, {}, login)
        const { openings, session } = tools
        const old = yield* pids(tools)
        const load = yield* Load.start(session, tools.ledger, 24)
        yield* answers(tools)

        yield* alter("new")
        yield* Ref.set(password, "new")
        const began = performance.now()
        yield* session.evictAll({ over: "600 millis" })

        yield* replaced(tools, old)
        yield* answers(tools)
        yield* assertUnharmed(tools, load)
        const again = openings.all.slice(3).map((opening) => opening.began - began)
        assert.strictEqual(again.length, 3)
        for (const [nth, after] of again.entries()) {
          assert.isAtLeast(after, nth * 200 - 2, `the openings: ${again.join()}`)
        }
      }),
    60_000
  )

  const options = { size: 3, maxOverflow: 0, backoff: Schedule.spaced("50 millis") }

  it.live(
    "cannot open them anew while it is told the old password, says so to those who wait, and needs no restart",
    () =>
      Effect.gen(function*() {
        const { alter, login, password } = yield* makeRole(server(), "old secret")
        const tools = yield* openPool(server(), options, {}, login)
        const { logs, openings, session } = tools
        const lease = yield* session.checkout()
        yield* alter("new secret")
        yield* session.evictAll()
        yield* eventually(
          "all others are gone",
          Effect.map(pids(tools), (now) => now.length === 1 && now[0] === lease.resource.pid)
        )
        yield* eventually("the server has refused one", Effect.sync(() => openings.byCode.has("28P01")))
        const patient = yield* Effect.forkScoped(session.use(Load.hello, { timeout: "20 seconds" }))
        const timeout = yield* Effect.flip(session.checkout({ timeout: "200 millis" }))
        if (timeout._tag !== "CheckoutTimeout") return assert.fail(timeout._tag)
        assert.strictEqual(timeout.phase, "open")
        const why = Cause.squash(timeout.lastOpenFailure ?? Cause.empty)
        assert.strictEqual(why instanceof Client.ConnectError ? why.code : why, "28P01")
        assert.deepInclude(yield* session.status, { lent: 1, idle: 0, waiting: 1 })
        // The one that is lent needs no password any more.
        assert.strictEqual(yield* Load.hello(lease.resource), "hello world")

        yield* Ref.set(password, "new secret")
        assert.strictEqual(yield* Fiber.join(patient), "hello world")
        yield* session.checkin(lease)
        yield* agree(tools)
        assert.deepEqual([...openings.byCode.keys()], ["28P01"])
        assert.deepEqual(logs.map(({ level }) => level), ["Warn", "Info"], "one streak, no flood")
        assert.notInclude(logs.map(({ message }) => message).join() + timeout.message, "secret")
      }),
    60_000
  )

  it.live(
    "fails those who wait with what the server has said, where they want to know it",
    () =>
      Effect.gen(function*() {
        const { alter, login, password } = yield* makeRole(server(), "old")
        const tools = yield* openPool(server(), { ...options, onOpenFailure: "fail" }, {}, login)
        const { session } = tools
        yield* alter("new")
        yield* session.evictAll()
        const refused = yield* Effect.flip(session.use(Load.hello))
        if (refused._tag !== "OpenFailed") return assert.fail(refused._tag)
        const why = Cause.squash(refused.failure)
        assert.strictEqual(why instanceof Client.ConnectError ? why.code : why, "28P01")
        assert.include(refused.message, "ConnectError")
        yield* eventually("no backend is left", Effect.map(pids(tools), (now) => now.length === 0))

        yield* Ref.set(password, "new")
        yield* agree(tools)
        assert.strictEqual(yield* session.use(Load.hello), "hello world")
      }),
    60_000
  )
})
