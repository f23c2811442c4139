/**
 * The other side of the story: what PostgreSQL itself says about our connections, over one that is not the pool's.
 *
 * It is also the saboteur, for only the server can end a connection that somebody is using.
 */
import { Effect, Exit, Scope } from "effect"
import type pg from "pg"
import * as Client from "./Client.ts"

export interface Backend {
  readonly pid: number
  /** `active` while it works on a query, `idle` between two. */
  readonly state: string | null
}

export type WatchError = Client.ConnectError | Client.ConnectionLost | Client.QueryError

export interface Watcher {
  /** The processes that serve the pool's connections at this moment. */
  readonly backends: Effect.Effect<ReadonlyArray<Backend>, WatchError>
  /** Ends up to `limit` backends in this state, and says which. */
  readonly terminate: (
    state: "idle" | "active" | "any",
    limit: number
  ) => Effect.Effect<ReadonlyArray<number>, WatchError>
  readonly serverVersion: Effect.Effect<string, WatchError>
}

const ours = "application_name = $1 AND backend_type = 'client backend' AND pid <> pg_backend_pid()"

/** Watches the connections that call themselves `application`; opens its own again whenever that has been lost. */
export const make = Effect.fn("Watcher.make")(function*(
  connection: pg.ClientConfig,
  application: string
): Effect.fn.Return<Watcher, Client.ConnectError, Scope.Scope> {
  const scope = yield* Effect.scope
  const config = { ...connection, application_name: `${application} watcher` }
  const connect = Effect.gen(function*() {
    const own = yield* Scope.fork(scope)
    const client = yield* Client.open(config).pipe(
      Scope.provide(own),
      Effect.onError((cause) => Scope.close(own, Exit.failCause(cause)))
    )
    return { client, close: Scope.close(own, Exit.void) }
  })
  let current = yield* connect

  const ask = <Row extends pg.QueryResultRow>(text: string, ...values: ReadonlyArray<unknown>) => {
    const once = Effect.suspend(() => Client.query<Row>(current.client, text, values))
    const again = Effect.gen(function*() {
      yield* current.close
      current = yield* connect
    })
    return Effect.catchTag(once, "ConnectionLost", () => Effect.andThen(again, once))
  }

  return {
    backends: ask<Backend>(`SELECT pid, state FROM pg_stat_activity WHERE ${ours} ORDER BY pid`, application),
    terminate: (state, limit) =>
      Effect.map(
        ask<{ readonly pid: number }>(
          `WITH victims AS MATERIALIZED
             (SELECT pid FROM pg_stat_activity WHERE ${ours} AND ($2 = 'any' OR state = $2) ORDER BY pid LIMIT $3)
           SELECT pid FROM victims WHERE pg_terminate_backend(pid)`,
          application,
          state,
          limit
        ),
        (rows) => rows.map(({ pid }) => pid)
      ),
    serverVersion: Effect.map(
      ask<{ readonly server_version: string }>("SHOW server_version"),
      (rows) => rows[0]?.server_version.split(" ")[0] ?? "of an unknown version"
    )
  }
})

/** The same, blind to these: one that is frozen cannot end, whatever the pool has done with its connection. */
export const without = (watcher: Watcher, pids: ReadonlySet<number>): Watcher => ({
  ...watcher,
  backends: Effect.map(watcher.backends, (backends) => backends.filter(({ pid }) => !pids.has(pid)))
})
