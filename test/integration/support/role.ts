/**
 * A role that has to say its password, on a server that trusts everybody else; and what a program believes it to be.
 */
import { Effect, Ref } from "effect"
import { readFileSync, writeFileSync } from "node:fs"
import * as Client from "../../../docs/examples/postgres/Client.ts"
import type { PostgresServer } from "../../../docs/examples/postgres/PostgresServer.ts"
import { eventually } from "./database.ts"

let roles = 0

export const makeRole = Effect.fnUntraced(function*(server: PostgresServer, first: string) {
  const user = `role_${roles++}`
  const admin = yield* Client.open(server.connection)
  const password = yield* Ref.make(first)
  const loginWith = (password: string) => ({ user, password })

  /** How the server refuses this password, if it does. */
  const refusal = (password: string) =>
    Effect.scoped(Client.open({ ...server.connection, ...loginWith(password) })).pipe(
      Effect.as(undefined),
      Effect.catchTag("ConnectError", ({ code }) => Effect.succeed(code))
    )

  yield* Client.query(admin, `CREATE ROLE ${user} LOGIN PASSWORD '${first}'`)
  const [row] = yield* Client.query<{ readonly hba_file: string }>(admin, "SHOW hba_file")
  const file = row?.hba_file ?? ""
  // The first line that fits is the one that counts.
  writeFileSync(file, `host all ${user} 127.0.0.1/32 scram-sha-256\n${readFileSync(file, "utf8")}`)
  yield* Client.query(admin, "SELECT pg_reload_conf()")
  yield* eventually("the role has to say its password", Effect.map(refusal("wrong"), (code) => code === "28P01"))

  return {
    admin,
    /** What the program believes. */
    password,
    refusal,
    /** For the factory: read anew at each opening. */
    login: Effect.map(Ref.get(password), loginWith),
    /** On the server. What is connected stays so. */
    alter: (password: string) => Client.query(admin, `ALTER ROLE ${user} PASSWORD '${password}'`)
  }
})
