/** Catches what is logged while a piece of a test runs, by the pool above all. */
import { Effect, Logger } from "effect"

export interface Line {
  readonly level: string
  readonly message: string
}

export const withLogs = <A, E, R>(
  body: (lines: ReadonlyArray<Line>) => Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.suspend(() => {
    const lines: Array<Line> = []
    const logger = Logger.make<unknown, void>(({ logLevel, message }) => {
      lines.push({ level: logLevel, message: Array.isArray(message) ? message.map(String).join(" ") : String(message) })
    })
    return Effect.provide(body(lines), Logger.layer([logger]))
  })
