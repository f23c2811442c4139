/**
 * The longest disaster: a server that is away for many seconds while hundreds wait for it.
 *
 * Nothing can be answered meanwhile, so what counts is manners. Everybody who waits hears in time, by a deadline of their
 * own. The server is asked whether it is back now and then, by one opening at a time, and is not stormed when it is. And
 * then the pool is whole again by itself.
 */
import { Duration, Effect, Fiber, Schedule, type Scope } from "effect"
import { Pool } from "whitepool"
import * as Client from "./Client.ts"
import * as Ledger from "./Ledger.ts"
import { hello } from "./Load.ts"
import * as Openings from "./Openings.ts"
import type { PostgresServer, ServerFailed } from "./PostgresServer.ts"
import * as Recovery from "./Recovery.ts"
import * as Watcher from "./Watcher.ts"

export interface Options {
  readonly size: number
  readonly maxOverflow: number
  /** Milliseconds from the stop of the server until it is started again. */
  readonly away: number
  /** How many ask whose deadline falls into the outage, and how many who can wait longer. */
  readonly impatient: number
  readonly patient: number
}

type Failure = Pool.CheckoutError<Client.ConnectError> | Client.ConnectionLost | Client.QueryError

/** One who asked while the server was away. All times are milliseconds from the question. */
export interface Asker {
  readonly deadline: number
  /** When a connection, or a failure, arrived. */
  readonly heard: number
  readonly failure: Failure | undefined
}

export interface Outage {
  readonly askers: ReadonlyArray<Asker>
  readonly ledger: Ledger.Ledger
  readonly openings: Openings.Openings
  /** How long the server was stopped, in milliseconds. */
  readonly away: number
  /** Of the askers, those who still waited when the server was started. */
  readonly queued: number
  /** The blow, for once, is the start of the server. */
  readonly recovery: Recovery.Recovery
}

export interface Drill {
  /** For a person who waits for the end of it. */
  readonly progress: Effect.Effect<string>
  readonly run: Effect.Effect<Outage, ServerFailed | Watcher.WatchError>
}

export const openConcurrency = 4

const shortest = 100
const longest = 500

/** Doubles from 100 ms to half a second: who is queued should not wait long for a server that is back. */
const backoff = Schedule.exponential(shortest).pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.millis(longest))))
)

/** The most openings that this allows to fail within so many milliseconds: the first ones abreast, then one per delay. */
export const permitted = (millis: number): number => {
  let openings = openConcurrency
  let delay = shortest
  for (let at = delay; at <= millis; at += delay) {
    openings++
    delay = Math.min(delay * 2, longest)
  }
  return openings
}

export interface Verdict {
  /** Openings that failed, and how many of them the back-off permits within the time they took. */
  readonly failed: number
  readonly permitted: number
  /** The most openings that were under way at once, and the most while the pool knew that opening fails. */
  readonly peak: number
  readonly probing: number
  /** By how many milliseconds the last of all to hear missed their deadline; infinite if somebody never heard. */
  readonly late: number
}

export const judge = ({ askers, openings: { all } }: Outage): Verdict => {
  const failed = all.filter(({ failure }) => failure !== undefined)
  const took = (failed.at(-1)?.began ?? 0) - (failed[0]?.began ?? 0)
  return {
    failed: failed.length,
    permitted: permitted(took),
    peak: Openings.peak(all),
    probing: Openings.peak(Openings.probes(all, openConcurrency)),
    late: askers.reduce((late, { deadline, heard }) => Math.max(late, heard - deadline), 0)
  }
}

/** Opens a pool on this server, which must be running, and is stopped by nobody else. */
export const prepare = Effect.fn("Outage.prepare")(function*(
  server: PostgresServer,
  options: Options,
  application: string
): Effect.fn.Return<Drill, Client.ConnectError | Pool.OpenTimeout | Pool.InvalidOptions, Scope.Scope> {
  const { away, impatient, maxOverflow, patient, size } = options
  const watcher = yield* Watcher.make(server.connection, application)
  const ledger = Ledger.make()
  const openings = Openings.make()
  const session = yield* Pool.make({
    name: "outage",
    factory: openings.watch(Client.open({ ...server.connection, application_name: application })),
    link: Client.link,
    isBroken: Client.isBroken,
    size,
    maxOverflow,
    openConcurrency,
    backoff
  })
  const askers: Array<Asker> = []

  const ask = Effect.fnUntraced(function*(deadline: number) {
    const began = performance.now()
    let heard = Infinity
    let failure: Failure | undefined
    const hear = () => void (heard = Math.min(heard, performance.now() - began))
    const question = session.use((client) => Effect.andThen(Effect.sync(hear), hello(client)), { timeout: deadline })
    const noted = Effect.tapError(question, (error) =>
      Effect.sync(() => {
        hear()
        failure = error
      }))
    yield* ledger.ask(noted)
    askers.push({ deadline, heard, failure })
  })

  const deadlines = [
    // From a tenth of the outage to nine tenths of it, and from twice to three times as long as it.
    ...Array.from({ length: impatient }, (_, index) => away * (0.1 + 0.8 * index / impatient)),
    ...Array.from({ length: patient }, (_, index) => away * (2 + index / patient))
  ]

  let back: number | undefined
  const run = Effect.scoped(Effect.gen(function*() {
    yield* server.stop
    const stopped = performance.now()
    back = stopped + away
    const asking = yield* Effect.forEach(deadlines, (deadline) => Effect.forkScoped(ask(Math.round(deadline))))
    yield* Effect.sleep(away)
    const queued = deadlines.length - askers.length
    const wasAway = performance.now() - stopped
    // A ledger of its own for the one question that asks whether the pool is whole.
    const tools = { session, watcher, ledger: Ledger.make() }
    const recovery = yield* Recovery.survive(tools, Effect.as(server.start, []), 30_000)
    yield* Fiber.awaitAll(asking)
    return { askers, ledger, openings, away: wasAway, queued, recovery }
  }))
  const progress = Effect.map(session.status, ({ waiting }) => {
    const left = back === undefined ? away : Math.max(0, back - performance.now())
    const failed = openings.all.filter(({ failure }) => failure !== undefined).length
    const server = left > 0 ? `the server comes back in ${(left / 1000).toFixed(1)} s` : "the server is started again"
    return `${server}   ${waiting} waiting   ${failed} openings failed`
  })
  return { progress, run }
})
