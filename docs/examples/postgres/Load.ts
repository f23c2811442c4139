/**
 * The clients: more of them than there are connections, each with a clone of the session, asking again and again.
 *
 * At full speed they ask as fast as they are answered, so that somebody always waits. At an easy pace they think in
 * between, so that some connections are idle and some lent; a few of them then ask long questions, so that there is
 * always somebody in the middle of one when a disaster comes.
 */
import { Duration, Effect, Fiber, type Scope } from "effect"
import type { Pool } from "whitepool"
import * as Client from "./Client.ts"
import type { Ledger } from "./Ledger.ts"

export type Session = Pool.Session<Client.Client, Client.ConnectError>

/** The wire brought back something else than what was sent. */
class WrongAnswer extends Error {
  override readonly name = "WrongAnswer"
}

/** The original's query. */
export const hello = (client: Client.Client) =>
  Effect.map(Client.query<{ readonly text: string }>(client, "SELECT $1::TEXT", ["hello world"]), ([row]) => {
    if (row?.text !== "hello world") throw new WrongAnswer(`sent hello world, got ${row?.text}`)
    return row.text
  })

const longHello = (client: Client.Client) =>
  Effect.andThen(Client.query(client, "SELECT pg_sleep(0.15)"), hello(client))

/** All of them together ask about a thousand times a second, and no two in step. */
const thinking = (index: number, fibers: number): Duration.Duration =>
  Duration.millis(Math.min(300, fibers) * (0.5 + (index * 7 % 16) / 16))

export interface Load {
  readonly pace: (pace: "full speed" | "easy") => void
  /** Each client ends after its current question. */
  readonly stop: Effect.Effect<void>
  /** How often a client was lent a connection on which another one had already failed because it was dead. */
  readonly lentDead: () => number
}

/** Starts the clients; closing the scope interrupts those that still ask. */
export const start = Effect.fn("Load.start")(function*(
  session: Session,
  ledger: Ledger,
  fibers: number
): Effect.fn.Return<Load, never, Scope.Scope> {
  let isEasy = false
  let isStopped = false
  let lentDead = 0
  const dead = new Set<number>()
  const longQuestions = Math.min(4, Math.ceil(fibers / 16))

  const noteDead = ({ pid }: Client.Client) => (error: { readonly _tag: string }) =>
    Effect.sync(() => {
      if (error._tag !== "ConnectionLost") return
      if (dead.has(pid)) lentDead++
      dead.add(pid)
    })

  const client = Effect.fnUntraced(function*(index: number) {
    const own = yield* session.clone
    while (!isStopped) {
      const question = isEasy && index < longQuestions ? longHello : hello
      const isAnswered = yield* ledger.ask(
        own.use((resource) => Effect.tapError(question(resource), noteDead(resource)))
      )
      // One that is refused thinks too: who hammers on a closed door only heats the room.
      if (isEasy || !isAnswered) yield* Effect.sleep(thinking(index, fibers))
    }
  }, Effect.scoped)

  const running = yield* Effect.forEach(
    Array.from({ length: fibers }, (_, index) => index),
    (index) => Effect.forkScoped(client(index))
  )
  return {
    pace: (pace) => {
      isEasy = pace === "easy"
    },
    stop: Effect.andThen(Effect.sync(() => void (isStopped = true)), Effect.asVoid(Fiber.awaitAll(running))),
    lentDead: () => lentDead
  }
})
