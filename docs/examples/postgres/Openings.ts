/**
 * Every run of the pool's factory, noted by the factory itself: when it began, when it ended, and how.
 *
 * What a pool does to a server that is down, or has just come back, shows here and nowhere else.
 */
import { type Cause, Effect, Exit } from "effect"
import type { ConnectError } from "./Client.ts"

export interface Opening {
  readonly began: number
  /** Unknown while it is under way. */
  readonly ended: number | undefined
  /** Why there is no connection: an SQLSTATE such as `57P03`, a code of the system such as `ECONNREFUSED`, or a name. */
  readonly failure: string | undefined
}

export interface Openings {
  /** In the order in which they began. */
  readonly all: ReadonlyArray<Opening>
  /** The failures of all of them, by code. */
  readonly byCode: ReadonlyMap<string, number>
  readonly watch: <A, R>(factory: Effect.Effect<A, ConnectError, R>) => Effect.Effect<A, ConnectError, R>
}

export const make = (): Openings => {
  const all: Array<Opening> = []
  const byCode = new Map<string, number>()
  return {
    all,
    byCode,
    watch: (factory) =>
      Effect.suspend(() => {
        const began = performance.now()
        const index = all.push({ began, ended: undefined, failure: undefined }) - 1
        return Effect.onExit(factory, (exit) =>
          Effect.sync(() => {
            const failure = Exit.isSuccess(exit) ? undefined : codeOf(exit.cause)
            all[index] = { began, ended: performance.now(), failure }
            if (failure !== undefined) byCode.set(failure, (byCode.get(failure) ?? 0) + 1)
          }))
      })
  }
}

const codeOf = (cause: Cause.Cause<ConnectError>): string => {
  for (const reason of cause.reasons) {
    if (reason._tag === "Fail") return reason.error.code ?? reason.error.message
    if (reason._tag === "Die") return "defect"
  }
  return "interrupted"
}

/** The most that were under way at once. */
export const peak = (openings: ReadonlyArray<Opening>): number => {
  const moments = openings.flatMap(({ began, ended = Infinity }) => [[began, 1], [ended, -1]] as const)
  // Where one ends in the moment in which another begins, they were not under way together.
  moments.sort(([a, up], [b, down]) => a - b || up - down)
  let now = 0
  let most = 0
  for (const [, step] of moments) most = Math.max(most, now += step)
  return most
}

/**
 * The openings that were under way while the pool knew that opening fails: after those `abreast` that had begun before it
 * heard of a failure, and until one succeeded.
 */
export const probes = (openings: ReadonlyArray<Opening>, abreast: number): ReadonlyArray<Opening> => {
  const from = openings.filter(({ failure }) => failure !== undefined)[abreast]?.began ?? Infinity
  const success = openings.find(({ began, ended, failure }) =>
    began > from && ended !== undefined && failure === undefined
  )
  const until = success?.ended ?? Infinity
  return openings.filter(({ began }) => began >= from && began < until)
}
