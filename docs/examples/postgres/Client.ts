/**
 * One PostgreSQL connection as a resource of an Effect program: what the pool opens, holds, is linked to and closes.
 *
 * It adds four things to `pg`'s own client: opening can be interrupted, every failure is typed and says whether the
 * connection survived it, the end of the connection can be waited for, and closing never takes longer than allowed.
 */
import { Cause, Data, Deferred, Effect, type Scope } from "effect"
import pg from "pg"

export interface Client {
  /** `pg`'s own client, for everything this example does not need. */
  readonly pg: pg.Client
  /** The process that serves this connection, as `pg_stat_activity` names it. */
  readonly pid: number
  /** Ends when the connection has ended, whoever ended it. */
  readonly ended: Effect.Effect<void>
}

/** The connection could not be opened. */
export class ConnectError extends Data.TaggedError("ConnectError")<{
  readonly message: string
  readonly code: string | undefined
}> {}

/** The connection ended while, or before, it was asked something: whoever gets this may ask again on another one. */
export class ConnectionLost extends Data.TaggedError("ConnectionLost")<{
  readonly message: string
  readonly code: string | undefined
}> {}

/** The server understood the question and refused it; the connection is as good as before. */
export class QueryError extends Data.TaggedError("QueryError")<{
  readonly message: string
  readonly code: string | undefined
}> {}

export interface Options {
  /** How long a friendly goodbye may take before the socket is simply destroyed. */
  readonly goodbye?: number | undefined
}

/** Opens a connection for as long as the scope is open. */
export const open = (
  config: pg.ClientConfig,
  options?: Options
): Effect.Effect<Client, ConnectError, Scope.Scope> =>
  Effect.acquireRelease(connect(config), (client) => close(client, options?.goodbye ?? 1000), { interruptible: true })

const connect = (config: pg.ClientConfig): Effect.Effect<Client, ConnectError> =>
  Effect.callback((resume) => {
    const client = makeClient(config)
    if (client instanceof ConnectError) return resume(Effect.fail(client))
    const ended = Deferred.makeUnsafe<void>()
    const end = () => void Deferred.doneUnsafe(ended, Effect.void)
    // Without a listener an "error" would end the whole program.
    client.on("error", end)
    client.on("end", end)
    client.connect((error: Error | null | undefined) => {
      if (error === null || error === undefined) {
        return resume(Effect.succeed({ pg: client, pid: pidOf(client), ended: Deferred.await(ended) }))
      }
      client.connection.stream.destroy()
      resume(Effect.fail(new ConnectError(describe(error))))
    })
    return Effect.sync(() => client.connection.stream.destroy())
  })

/** `pg` reads a connection string in its constructor, and throws if it cannot. */
const makeClient = (config: pg.ClientConfig): pg.Client | ConnectError => {
  try {
    return new pg.Client(config)
  } catch (error) {
    return new ConnectError(describe(error))
  }
}

const pidOf = (client: pg.Client): number => {
  const pid: unknown = Reflect.get(client, "processID")
  return typeof pid === "number" ? pid : 0
}

/** `end()` destroys the socket by itself when a query is under way; a frozen server would make any other one wait. */
const close = (client: Client, goodbye: number): Effect.Effect<void> =>
  Effect.callback<void>((resume) => client.pg.end(() => resume(Effect.void))).pipe(
    Effect.timeoutOption(goodbye),
    Effect.ensuring(Effect.sync(() => client.pg.connection.stream.destroy()))
  )

/** What the pool is linked to: ends when the connection dies by itself. */
export const link = (client: Client): Effect.Effect<void> => client.ended

/**
 * Asks the server something. Interrupting it stops the waiting, not the query: the connection is then of no use to
 * anybody else, and the pool's default (`onInterrupt: "destroy"`) treats it so.
 */
export const query = <Row extends pg.QueryResultRow>(
  client: Client,
  text: string,
  values: ReadonlyArray<unknown> = []
): Effect.Effect<ReadonlyArray<Row>, ConnectionLost | QueryError> =>
  Effect.callback((resume) => {
    client.pg.query<Row>(text, [...values], (error: Error | null | undefined, result) =>
      resume(error === null || error === undefined ? Effect.succeed(result.rows) : Effect.fail(failureOf(error))))
  })

/** An answer of the server leaves the session alive, except for the classes that say goodbye (`57P01` and its like). */
const failureOf = (error: unknown): ConnectionLost | QueryError =>
  error instanceof pg.DatabaseError && !/^(08|57P0)/.test(error.code ?? "")
    ? new QueryError(describe(error))
    : new ConnectionLost(describe(error))

const describe = (error: unknown): { readonly message: string; readonly code: string | undefined } => {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined
  // Several addresses tried in vain come as one error without a text of its own.
  const inner = error instanceof AggregateError && error.errors[0] instanceof Error ? error.errors[0] : error
  return { code, message: inner instanceof Error ? inner.message : String(inner) }
}

/**
 * For the pool's `isBroken`: a failure after which the connection must not be lent again. A question whose asker has given
 * up (`Effect.timeout` inside a `use`) is still under way, so its connection is of no use to anybody else either.
 */
export const isBroken = (cause: Cause.Cause<unknown>): boolean =>
  cause.reasons.some((reason) =>
    Cause.isFailReason(reason) && (reason.error instanceof ConnectionLost || Cause.isTimeoutError(reason.error))
  )
