/** A curve's points: one run for each load. */
import type { Curve, Scenario } from "./scenarios.ts"
import { simulate } from "./simulate.ts"
import { type Tally, tally } from "./tally.ts"

export interface Point {
  readonly load: number
  readonly tallies: ReadonlyMap<string, Tally>
}

export interface Length {
  readonly warmUp: number
  readonly span: number
}

/** The same for all: a difference between two curves is one of their policies, and not of their callers. */
const seed = 1

export const pointAt = async ({ options, traffic }: Curve, load: number, length: Length): Promise<Point> => {
  const calls = await simulate({ options, traffic: traffic(load), seed, ...length })
  return { load, tallies: new Map(Array.from(calls, ([name, own]) => [name, tally(own, length.span)])) }
}

/** Close to each other where something happens. */
export const loads = [0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.4, 1.6, 1.8, 2, 2.25, 2.5, 2.75, 3]

const length: Length = { warmUp: 10_000, span: 30_000 }

/** Each curve once, in however many scenarios it is drawn. */
export const sweep = async (
  scenarios: ReadonlyArray<Scenario>,
  say: (line: string) => void
): Promise<ReadonlyMap<Curve, ReadonlyArray<Point>>> => {
  const found = new Map<Curve, ReadonlyArray<Point>>()
  for (const { id, lines } of scenarios) {
    say(id)
    for (const { curve } of lines) {
      if (found.has(curve)) continue
      const points: Array<Point> = []
      for (const load of loads) points.push(await pointAt(curve, load, length))
      found.set(curve, points)
    }
  }
  return found
}
