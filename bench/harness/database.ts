/** The PostgreSQL of a run: the one that `DATABASE_URL` names, else one of its own for as long as it is needed. */
import { Effect, Exit, Scope } from "effect"
import * as PostgresServer from "../../docs/examples/postgres/PostgresServer.ts"
import type { Workload } from "./workload.ts"

export const provideDatabase: NonNullable<Workload["provide"]> = async () => {
  const url = process.env["DATABASE_URL"] ?? ""
  if (url !== "") return { env: { DATABASE_URL: url }, stop: () => Promise.resolve() }
  const scope = Scope.makeUnsafe()
  const stop = () => Effect.runPromise(Scope.close(scope, Exit.void))
  try {
    const server = await Effect.runPromise(Scope.provide(PostgresServer.make(), scope))
    return { env: { DATABASE_URL: server.url }, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
