/** A figure to reach, what is measured for it, and whether it is reached. */
import type { Row } from "./results.ts"
import { type Estimate, estimate, pairwise, ratios } from "./statistics.ts"
import type { Field, Kind } from "./workload.ts"

/** One row of the results. */
export interface Point {
  readonly workload: string
  readonly size: number
  readonly peer: string
}

export type Measure =
  /** Ours in parts of theirs, pair by pair. */
  | { readonly of: "ratio"; readonly field: Field; readonly ours: Point; readonly theirs: Point }
  /** Cycles per second in parts of theirs: the other way round. */
  | { readonly of: "throughput"; readonly ours: Point; readonly theirs: Point }
  /** Ours in parts of the cheapest of these kinds. */
  | { readonly of: "fastest"; readonly ours: Point; readonly kinds: ReadonlyArray<Kind> }
  /** How much the ratio to theirs, or what is added to theirs, grows from the small size to the large one. */
  | {
    readonly of: "growth"
    readonly by: "ratio" | "difference"
    readonly ours: Point
    readonly theirs: Point
    readonly from: number
  }
  /** Ours less theirs, pair by pair, in `unit`s of the field. */
  | {
    readonly of: "difference"
    readonly field: Field
    readonly ours: Point
    readonly theirs: Point
    readonly unit: number
  }
  /** Ours alone, in `unit`s of the field. */
  | { readonly of: "value"; readonly field: Field; readonly ours: Point; readonly unit: number }
  /** How far the last round is from the first, in per cent of it. */
  | { readonly of: "drift"; readonly field: Field; readonly ours: Point }

export interface Figure {
  readonly workload: string
  /** What is compared with what. */
  readonly what: string
  readonly direction: "at most" | "at least"
  readonly wanted: number
  /** What the number is of: `"×"`, `"µs"`. */
  readonly unit: string
  readonly measure: Measure
  /** Absolute times, and what a quick run cannot tell, are not guarded. */
  readonly guarded: boolean
  /** It cannot be reached: what can, and why. Replaces the figure in the guard. */
  readonly limit?: { readonly value: number; readonly because: string } | undefined
}

/** How much worse than the figure a guarded run may be: only a gross regression fails. */
export const tolerance = 1.5

const find = (rows: ReadonlyArray<Row>, { peer, size, workload }: Point): Row | undefined =>
  rows.find((row) => row.workload === workload && row.size === size && row.peer === peer && row.samples.length > 0)

export const valuesOf = (row: Row | undefined, field: Field): ReadonlyArray<number> =>
  row?.samples.flatMap((sample) => sample[field] ?? []) ?? []

const fastest = (rows: ReadonlyArray<Row>, { size, workload }: Point, kinds: ReadonlyArray<Kind>): Row | undefined => {
  const median = (row: Row) => estimate(valuesOf(row, "cost"))?.median ?? Infinity
  return rows
    .filter((row) =>
      row.workload === workload && row.size === size && kinds.includes(row.kind) && row.samples.length > 0
    )
    .reduce<Row | undefined>((best, row) => best === undefined || median(row) < median(best) ? row : best, undefined)
}

const divide = (one: number, other: number): number => one / other
const subtract = (one: number, other: number): number => one - other

/** Rounds of different sizes are no pairs: then each of ours is compared with the middle of theirs. */
const againstMedian = (ours: ReadonlyArray<number>, theirs: ReadonlyArray<number>): ReadonlyArray<number> => {
  const middle = estimate(theirs)?.median
  return middle === undefined ? [] : ours.map((value) => value / middle)
}

const valuesFor = (measure: Measure, rows: ReadonlyArray<Row>): ReadonlyArray<number> => {
  const read = (point: Point, field: Field) => valuesOf(find(rows, point), field)
  switch (measure.of) {
    case "ratio": {
      const { field, ours, theirs } = measure
      const together = ours.workload === theirs.workload && ours.size === theirs.size
      return (together ? ratios : againstMedian)(read(ours, field), read(theirs, field))
    }
    case "throughput":
      return ratios(read(measure.theirs, "cost"), read(measure.ours, "cost"))
    case "fastest":
      return ratios(read(measure.ours, "cost"), valuesOf(fastest(rows, measure.ours, measure.kinds), "cost"))
    case "growth": {
      const { by, from: size, ours, theirs } = measure
      const compare = (one: Point, other: Point) =>
        pairwise(read(one, "cost"), read(other, "cost"), by === "ratio" ? divide : subtract)
      return againstMedian(compare(ours, theirs), compare({ ...ours, size }, { ...theirs, size }))
    }
    case "difference": {
      const { field, ours, theirs, unit } = measure
      return pairwise(read(ours, field), read(theirs, field), (one, other) => subtract(one, other) / unit)
    }
    case "value":
      return read(measure.ours, measure.field).map((value) => value / measure.unit)
    case "drift": {
      const values = read(measure.ours, measure.field)
      const first = values[0]
      const last = values.at(-1)
      return first === undefined || last === undefined ? [] : [100 * Math.abs(last / first - 1)]
    }
  }
}

/** `undefined` where somebody took no part. */
export const evaluate = (measure: Measure, rows: ReadonlyArray<Row>): Estimate | undefined =>
  estimate(valuesFor(measure, rows))

/** Who is compared with, where that is decided by the results. */
export const comparedWith = (measure: Measure, rows: ReadonlyArray<Row>): string | undefined =>
  measure.of === "fastest" ? fastest(rows, measure.ours, measure.kinds)?.peer : undefined

const keeps = (direction: Figure["direction"], value: number, bound: number): boolean =>
  direction === "at most" ? value <= bound : value >= bound

export const isReached = ({ direction, wanted }: Figure, { median }: Estimate): boolean =>
  keeps(direction, median, wanted)

/** What a guarded run must keep to. */
export const boundOf = ({ direction, limit, wanted }: Figure): number => {
  const value = limit?.value ?? wanted
  return direction === "at most" ? value * tolerance : value / tolerance
}

export const keepsBound = (figure: Figure, { median }: Estimate): boolean =>
  keeps(figure.direction, median, boundOf(figure))

/** Whether this row is needed for this figure. */
export const needs = ({ measure }: Figure, workload: string, size: number, peer: string, kind: Kind): boolean => {
  const is = (point: Point) => point.workload === workload && point.size === size && point.peer === peer
  if (is(measure.ours)) return true
  switch (measure.of) {
    case "ratio":
    case "throughput":
    case "difference":
      return is(measure.theirs)
    case "fastest":
      return measure.ours.workload === workload && measure.ours.size === size && measure.kinds.includes(kind)
    case "growth":
      return is(measure.theirs) || is({ ...measure.ours, size: measure.from }) ||
        is({ ...measure.theirs, size: measure.from })
    case "value":
    case "drift":
      return false
  }
}
