/**
 * A pool on a real PostgreSQL server, with the witnesses of the example: a ledger that counts what clients got, a watcher
 * that asks the server which connections there are, and the notes of the factory.
 */
import { afterAll, assert, beforeAll } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import type pg from "pg"
import { Pool } from "whitepool"
import { ExitReason, Supervisor } from "whitepool/actor"
import * as Client from "../../../docs/examples/postgres/Client.ts"
import * as Ledger from "../../../docs/examples/postgres/Ledger.ts"
import * as Openings from "../../../docs/examples/postgres/Openings.ts"
import * as PostgresServer from "../../../docs/examples/postgres/PostgresServer.ts"
import * as Watcher from "../../../docs/examples/postgres/Watcher.ts"
import { withLogs } from "../../support/logs.ts"

/** One server for the tests of the surrounding block, which run one after another. */
export const shareServer = (): () => PostgresServer.PostgresServer => {
  let shared: PostgresServer.PostgresServer | undefined
  const scope = Scope.makeUnsafe()
  beforeAll(async () => {
    shared = await Effect.runPromise(Scope.provide(PostgresServer.make(), scope))
  }, 60_000)
  afterAll(() => Effect.runPromise(Scope.close(scope, Exit.void)), 60_000)
  return () => {
    if (shared === undefined) throw new Error("asked for before the tests have begun")
    return shared
  }
}

let pools = 0

type Options = Omit<Pool.Options<Client.Client, Client.ConnectError>, "name" | "factory" | "link" | "isBroken">

/** Who a connection says that it is: asked anew at each opening. The superuser, whom the server trusts, by default. */
type Login = Effect.Effect<pg.ClientConfig>

/** Everything but the pool; each test sees its own connections only. */
const prepare = Effect.fnUntraced(function*(
  server: PostgresServer.PostgresServer,
  options: Options,
  client?: Client.Options,
  login: Login = Effect.succeed({})
) {
  // A test that failed may have left it stopped.
  yield* server.start
  const application = `whitepool test ${pools++}`
  const watcher = yield* Watcher.make(server.connection, application)
  const openings = Openings.make()
  const connection = { ...server.connection, application_name: application }
  const open = Effect.flatMap(login, (login) => Client.open({ ...connection, ...login }, client))
  const factory = openings.watch(open)
  const config = { ...options, name: "test", factory, link: Client.link, isBroken: Client.isBroken }
  return { config, witnesses: { watcher, openings, ledger: Ledger.make() } }
})

export const openPool = Effect.fnUntraced(function*(
  server: PostgresServer.PostgresServer,
  options: Options,
  client?: Client.Options,
  login?: Login
) {
  const { config, witnesses } = yield* prepare(server, options, client, login)
  const { logs, session } = yield* withLogs((logs) => Effect.map(Pool.make(config), (session) => ({ logs, session })))
  return { ...witnesses, session, logs }
})

/** The same, as the only child of a supervisor. `crash` kills the pool's own actor. */
export const plantPool = Effect.fnUntraced(function*(server: PostgresServer.PostgresServer, options: Options) {
  const { config, witnesses } = yield* prepare(server, options)
  const { session, spec } = yield* Pool.childSpec("test", config)
  const { logs, tree } = yield* withLogs((logs) =>
    Effect.map(Supervisor.make({ intensity: 5 }, [spec]), (tree) => ({ logs, tree }))
  )
  const crash = Effect.gen(function*() {
    const [pool] = yield* tree.whichChildren
    if (pool?.child === undefined || pool.child === "restarting" || !("exit" in pool.child)) {
      return assert.fail("the pool is not at work")
    }
    yield* pool.child.exit(ExitReason.killed)
  })
  return { ...witnesses, session, logs, tree, crash }
})

/** Polls until it is so; what it should be is the message of the failure. */
export const eventually = <E, R>(
  what: string,
  condition: Effect.Effect<boolean, E, R>,
  within = 10_000
): Effect.Effect<void, E, R> =>
  Effect.gen(function*() {
    const until = performance.now() + within
    while (!(yield* condition)) {
      assert.isBelow(performance.now(), until, `not within ${within} ms: ${what}`)
      yield* Effect.sleep("10 millis")
    }
  })
