/** `pg.Pool` on a real PostgreSQL, by its own `query`. It keeps its connections, as the others do. */
import { Effect } from "effect"
import pg from "pg"
import { ask, postgresSubject } from "../drivers/postgres.ts"

export const subject = postgresSubject((config, connections) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new pg.Pool({ ...config, max: connections, idleTimeoutMillis: 0 })),
      (pool) => Effect.promise(() => pool.end())
    ),
    (pool) => () => (question) => ask(pool, question)
  )
)
