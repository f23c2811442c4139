/** Medians with their spread, and ratios pair by pair. */
import { quantile } from "simple-statistics"

export interface Estimate {
  readonly median: number
  /** The first and the third quartile. */
  readonly low: number
  readonly high: number
}

/** `undefined` of nothing. */
export const estimate = (values: ReadonlyArray<number>): Estimate | undefined => {
  if (values.length === 0) return undefined
  const [low, median, high] = quantile([...values], [0.25, 0.5, 0.75])
  return { low: low!, median: median!, high: high! }
}

/** The n-th of one against the n-th of the other: what disturbed both does not count. Where one has more, they are left out. */
export const pairwise = (
  left: ReadonlyArray<number>,
  right: ReadonlyArray<number>,
  combine: (left: number, right: number) => number
): ReadonlyArray<number> => left.slice(0, right.length).map((value, index) => combine(value, right[index]!))

export const ratios = (left: ReadonlyArray<number>, right: ReadonlyArray<number>): ReadonlyArray<number> =>
  pairwise(left, right, (one, other) => one / other)

/** The value below which that part of them lies. */
export const percentile = (values: ReadonlyArray<number>, part: number): number => quantile([...values], part)
