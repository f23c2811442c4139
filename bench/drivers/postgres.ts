/**
 * W7: the same small question to a real PostgreSQL from many fibers. Who is asked is all that differs: what a fiber does,
 * and how the answer comes to it, is the same for every peer.
 */
import { Effect, Exit, Scope } from "effect"
import pg from "pg"
import { type Subject, timed, type Wanted } from "../harness/subject.ts"

/** No peer has more. */
const maxConnections = 10

/** A client, or a pool that passes the question on to one. */
export interface Asked {
  readonly query: (
    text: string,
    values: Array<string>,
    callback: (error: Error | null | undefined, result: pg.QueryResult<{ readonly answer: string }>) => void
  ) => void
}

/** The wrapper that all have in common. */
export const ask = (asked: Asked, question: string): Effect.Effect<string, Error> =>
  Effect.callback((resume) => {
    asked.query("SELECT $1::TEXT AS answer", [question], (error, result) => {
      if (error === null || error === undefined) resume(Effect.succeed(result.rows[0]!.answer))
      else resume(Effect.fail(error))
    })
  })

export const connect = (config: pg.ClientConfig): Effect.Effect<pg.Client, Error, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        const client = new pg.Client(config)
        await client.connect()
        return client
      },
      catch: (error) => error instanceof Error ? error : new Error(String(error))
    }),
    (client) => Effect.promise(() => client.end())
  )

export type Ask = (question: string) => Effect.Effect<string, unknown>

/** What the fiber with that number asks with. */
export type OpenPostgres = (
  config: pg.ClientConfig,
  connections: number
) => Effect.Effect<(fiber: number) => Ask, unknown, Scope.Scope>

export const postgresSubject = (open: OpenPostgres) => async ({ size: fibers }: Wanted): Promise<Subject> => {
  const connectionString = process.env["DATABASE_URL"]
  if (connectionString === undefined) throw new Error("DATABASE_URL names no database")
  const scope = Scope.makeUnsafe()
  const askOf = await Effect.runPromise(
    Scope.provide(open({ connectionString }, Math.min(fibers, maxConnections)), scope)
  )
  const round = async (cycles: number) => {
    const latencies: Array<number> = []
    const askOften = (fiber: number) => {
      const ask = askOf(fiber)
      let left = cycles / fibers
      let question = ""
      let from = 0
      return Effect.whileLoop({
        while: () => left > 0,
        body: () => {
          question = `${fiber}.${left}`
          from = performance.now()
          return ask(question)
        },
        step: (answer) => {
          latencies.push(Math.round((performance.now() - from) * 1e6))
          if (answer !== question) throw new Error(`asked ${question}, and was answered ${answer}`)
          left--
        }
      })
    }
    const all = Effect.forEach(Array.from({ length: fibers }, (_, fiber) => fiber), askOften, {
      concurrency: "unbounded",
      discard: true
    })
    const nanos = await timed(() => Effect.runPromise(all))
    return { nanos, cycles: latencies.length, latencies }
  }
  return { round, close: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}
