/** The check that nothing has become grossly slower. It decides by ratios alone, with room for a noisy machine. */
import { boundOf, evaluate, type Figure, keepsBound } from "./figure.ts"
import { digits, table } from "./format.ts"
import { whatOf } from "./report.ts"
import type { Row } from "./results.ts"

export type Verdict = "kept" | "BROKEN" | "skipped"

export interface Judged {
  readonly figure: Figure
  readonly verdict: Verdict
  readonly line: ReadonlyArray<string>
}

export const judge = (figures: ReadonlyArray<Figure>, rows: ReadonlyArray<Row>): ReadonlyArray<Judged> =>
  figures.map((figure) => {
    const found = evaluate(figure.measure, rows)
    const verdict = found === undefined ? "skipped" : keepsBound(figure, found) ? "kept" : "BROKEN"
    const { direction, limit, unit, wanted, workload } = figure
    return {
      figure,
      verdict,
      line: [
        workload,
        whatOf(figure, rows),
        limit === undefined ? `${wanted} ${unit}` : `${limit.value} ${unit} (limit)`,
        `${direction} ${digits(boundOf(figure))} ${unit}`,
        found === undefined ? "–" : `${digits(found.median)} ${unit}`,
        verdict
      ]
    }
  })

export const judgedTable = (judged: ReadonlyArray<Judged>): string =>
  table(["", "", "figure", "guarded", "measured", "verdict"], judged.map(({ line }) => line), 2)

export const broken = (judged: ReadonlyArray<Judged>): ReadonlyArray<Figure> =>
  judged.filter(({ verdict }) => verdict === "BROKEN").map(({ figure }) => figure)

/** The rows of the second run stand in for those of the first. */
export const replaceRows = (first: ReadonlyArray<Row>, second: ReadonlyArray<Row>): ReadonlyArray<Row> => {
  const again = new Set(second.map(({ workload }) => workload))
  return [...first.filter(({ workload }) => !again.has(workload)), ...second]
}
