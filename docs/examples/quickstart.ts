/** The smallest whole program: `npx tsx docs/examples/quickstart.ts`. */
import { Effect } from "effect"
import pg from "pg"
import { Pool } from "whitepool"
import * as PostgresServer from "./postgres/PostgresServer.ts"

const program = Effect.gen(function*() {
  const url = process.env["DATABASE_URL"] ?? (yield* PostgresServer.make()).url

  const connect = Effect.acquireRelease(
    Effect.tryPromise(async () => {
      const client = new pg.Client(url)
      client.on("error", () => {}) // `ended` tells the pool; without a listener Node would exit
      await client.connect()
      return client
    }),
    (client) => Effect.promise(() => client.end())
  )
  const ended = (client: pg.Client) =>
    Effect.callback<void>((resume) => void client.once("end", () => resume(Effect.void)))

  const pool = yield* Pool.make({ factory: connect, size: 7, maxOverflow: 4, link: ended })

  const hello = pool.use((client) => Effect.tryPromise(() => client.query("SELECT $1::TEXT AS text", ["hello world"])))
  const answers = yield* Effect.all(Array.from({ length: 1000 }, () => hello), { concurrency: 64 })

  console.log(`${answers.length} answers, the last one: ${answers.at(-1)?.rows[0].text}`)
  console.log(yield* pool.status)
})

await Effect.runPromise(Effect.scoped(program)) // closes the pool, then the server
