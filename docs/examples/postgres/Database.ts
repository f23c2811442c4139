/**
 * The PostgreSQL that the program runs on: the one `DATABASE_URL` names, else one of its own for as long as it runs.
 */
import { Config, Data, Effect, type Scope } from "effect"
import type pg from "pg"
import * as PostgresServer from "./PostgresServer.ts"

export interface Database {
  readonly connection: pg.ClientConfig
  /** Ours to restart; somebody else's server is not. */
  readonly server: PostgresServer.PostgresServer | undefined
}

export class InvalidDatabaseUrl extends Data.TaggedError("InvalidDatabaseUrl")<{ readonly message: string }> {}

export type DatabaseError =
  | InvalidDatabaseUrl
  | Effect.Error<ReturnType<typeof PostgresServer.make>>

const url = Config.withDefault(Config.String("DATABASE_URL"), "")

/** Whether the database will be one of our own. */
export const isOurs: Effect.Effect<boolean> = Effect.orElseSucceed(Effect.map(url, (text) => text === ""), () => false)

export const open: Effect.Effect<Database, DatabaseError, Scope.Scope> = Effect.gen(function*() {
  const text = yield* url
  if (text !== "") return { connection: yield* parse(text), server: undefined }
  const server = yield* PostgresServer.make()
  return { connection: server.connection, server }
}).pipe(Effect.catchTag("ConfigError", () => Effect.fail(invalid)))

const invalid = new InvalidDatabaseUrl({
  message: "DATABASE_URL must look like postgres://user:password@host:port/database"
})

const parse = (text: string): Effect.Effect<pg.ClientConfig, InvalidDatabaseUrl> =>
  Effect.suspend(() => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url === undefined || !/^postgres(ql)?:$/.test(url.protocol)) return Effect.fail(invalid)
    // What the URL says would win over the name by which we find our own backends.
    url.searchParams.delete("application_name")
    return Effect.succeed({ connectionString: url.href, connectionTimeoutMillis: 5000 })
  })
