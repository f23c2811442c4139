import { assert, describe, it } from "@effect/vitest"
import type { Figure } from "../../bench/harness/figure.ts"
import { broken, judge, judgedTable, replaceRows } from "../../bench/harness/guard.ts"
import type { Row } from "../../bench/harness/results.ts"

const row = (workload: string, peer: string, cost: number): Row => ({
  workload,
  size: 1,
  peer,
  kind: peer === "ours" ? "ours" : "effect",
  samples: [{ cost }]
})

const figure = (workload: string, wanted: number, theirs = "theirs"): Figure => ({
  workload,
  what: `ours ÷ ${theirs}`,
  direction: "at most",
  wanted,
  unit: "×",
  measure: {
    of: "ratio",
    field: "cost",
    ours: { workload, size: 1, peer: "ours" },
    theirs: { workload, size: 1, peer: theirs }
  },
  guarded: true
})

const slow = figure("W2", 0.5)
const figures = [figure("W1", 1), slow, figure("W2", 0.5, "poolboy")]
const rows = [row("W1", "ours", 14), row("W1", "theirs", 10), row("W2", "ours", 8), row("W2", "theirs", 10)]

describe("the guard", () => {
  it("lets pass what is within the tolerance, breaks on what is not, and skips who is not there", () => {
    assert.deepStrictEqual(judge(figures, rows).map(({ verdict }) => verdict), ["kept", "BROKEN", "skipped"])
    assert.deepStrictEqual(broken(judge(figures, rows)), [slow])
  })

  it("prints every figure, whatever its verdict", () => {
    assert.strictEqual(
      judgedTable(judge(figures, rows)),
      [
        "|  |  | figure | guarded | measured | verdict |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
        "| W1 | ours ÷ theirs | 1 × | at most 1.50 × | 1.40 × | kept |",
        "| W2 | ours ÷ theirs | 0.5 × | at most 0.750 × | 0.800 × | BROKEN |",
        "| W2 | ours ÷ poolboy | 0.5 × | at most 0.750 × | – | skipped |"
      ].join("\n")
    )
  })

  it("judges the second run by itself, beside what was not run again", () => {
    const again = replaceRows(rows, [row("W2", "ours", 7), row("W2", "theirs", 10)])
    assert.deepStrictEqual(again.map(({ workload }) => workload), ["W1", "W1", "W2", "W2"])
    assert.deepStrictEqual(judge(figures, again).map(({ verdict }) => verdict), ["kept", "kept", "skipped"])
  })
})
