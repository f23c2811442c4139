/**
 * A pool on a real PostgreSQL server, with the two witnesses of the example: a ledger that counts what clients got, and
 * a watcher that asks the server which connections there are.
 */
import { afterAll, assert, beforeAll } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { Pool } from "whitepool"
import * as Client from "../../../docs/examples/postgres/Client.ts"
import * as Ledger from "../../../docs/examples/postgres/Ledger.ts"
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

export const openPool = Effect.fnUntraced(function*(
  server: PostgresServer.PostgresServer,
  options: Pick<Pool.Options<Client.Client, Client.ConnectError>, "size" | "maxOverflow" | "closeTimeout">,
  client?: Client.Options
) {
  // A test that failed may have left it stopped.
  yield* server.start
  // Each test sees its own connections only.
  const application = `whitepool test ${pools++}`
  const watcher = yield* Watcher.make(server.connection, application)
  const make = Pool.make({
    ...options,
    name: "test",
    factory: Client.open({ ...server.connection, application_name: application }, client),
    link: Client.link,
    isBroken: Client.isBroken
  })
  const { logs, session } = yield* withLogs((logs) => Effect.map(make, (session) => ({ logs, session })))
  return { watcher, session, logs, ledger: Ledger.make() }
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

/** Stops a backend in its tracks, as a server on a dead disk would; it goes on when the scope closes. */
export const freeze = (pid: number) =>
  Effect.acquireRelease(
    Effect.sync(() => process.kill(pid, "SIGSTOP")),
    () => thaw(pid)
  )

export const thaw = (pid: number) =>
  Effect.sync(() => {
    try {
      process.kill(pid, "SIGCONT")
    } catch {
      // it has ended meanwhile
    }
  })
