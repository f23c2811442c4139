/** No pool at all: each fiber keeps to one client, and clients with two fibers have them wait in line. */
import { Effect } from "effect"
import { ask, connect, postgresSubject } from "../drivers/postgres.ts"

export const subject = postgresSubject((config, connections) =>
  Effect.map(
    Effect.forEach(Array.from({ length: connections }), () => connect(config)),
    (clients) => (fiber) => {
      const client = clients[fiber % clients.length]!
      return (question) => ask(client, question)
    }
  )
)
