/** Every peer that is ahead of us anywhere: nobody has to look for it in the tables. */
import { valuesOf } from "./figure.ts"
import type { Row } from "./results.ts"
import { type Estimate, estimate, ratios } from "./statistics.ts"
import type { Workload } from "./workload.ts"

export interface Loss {
  readonly workload: string
  readonly size: number
  readonly ours: string
  readonly peer: string
  /** Ours in parts of theirs: above one. */
  readonly ratio: Estimate
}

export const losses = (
  { compared, id, shows: [field = "cost"] = [] }: Workload,
  rows: ReadonlyArray<Row>
): ReadonlyArray<Loss> => {
  if (compared === false) return []
  const own = rows.filter((row) => row.workload === id)
  return own.filter(({ kind }) => kind !== "ours" && kind !== "floor").flatMap((theirs) =>
    own.filter(({ kind, size }) => kind === "ours" && size === theirs.size).flatMap((ours) => {
      const ratio = estimate(ratios(valuesOf(ours, field), valuesOf(theirs, field)))
      return ratio === undefined || ratio.median <= 1
        ? []
        : [{ workload: id, size: theirs.size, ours: ours.peer, peer: theirs.peer, ratio }]
    })
  )
}
