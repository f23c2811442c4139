/** Our pool on a real PostgreSQL, everything else at its default. */
import { Effect } from "effect"
import { Pool } from "whitepool"
import { ask, connect, postgresSubject } from "../drivers/postgres.ts"

export const subject = postgresSubject((config, connections) =>
  Effect.map(
    Pool.make({ factory: connect(config), size: connections }),
    (session) => () => (question) => session.use((client) => ask(client, question))
  )
)
