import { assert, describe, it } from "@effect/vitest"
import type { Figure } from "../../bench/harness/figure.ts"
import { digits, quantity, ratio } from "../../bench/harness/format.ts"
import { replaceBetween } from "../../bench/harness/markers.ts"
import { figureTable, whereWeLose, workloadTable } from "../../bench/harness/report.ts"
import { merge, type Results, type Row, serialize } from "../../bench/harness/results.ts"
import { estimate, percentile, ratios } from "../../bench/harness/statistics.ts"
import type { Kind, Workload } from "../../bench/harness/workload.ts"

const row = (peer: string, kind: Kind, costs: ReadonlyArray<number>, extra: Partial<Row> = {}): Row => ({
  workload: "W1",
  size: 1,
  peer,
  kind,
  samples: costs.map((cost) => ({ cost })),
  ...extra
})

const workload: Workload = {
  id: "W1",
  title: "an idle resource",
  about: "One fiber borrows.",
  unit: "cycle",
  sizes: [{ size: 1, cycles: 1, rounds: { full: 3, quick: 1 } }],
  contenders: []
}

const rows = [
  row("floor", "floor", [100, 100, 100]),
  row("ours", "ours", [200, 400, 300]),
  row("theirs", "promise", [100, 200, 100]),
  row("poolboy", "beam", [], { absent: "Erlang is not installed" })
]

const figure: Figure = {
  workload: "W1",
  what: "ours ÷ theirs",
  direction: "at most",
  wanted: 1,
  unit: "×",
  measure: {
    of: "ratio",
    field: "cost",
    ours: { workload: "W1", size: 1, peer: "ours" },
    theirs: { workload: "W1", size: 1, peer: "theirs" }
  },
  guarded: true,
  limit: { value: 2, because: "it has less to do." }
}

describe("statistics", () => {
  it("are the median and the quartiles", () => {
    assert.deepStrictEqual(estimate([4, 1, 3, 2, 5]), { low: 2, median: 3, high: 4 })
    assert.isUndefined(estimate([]))
  })

  it("pair the rounds, and leave out what has no partner", () => {
    assert.deepStrictEqual(ratios([2, 9, 8], [1, 3]), [2, 3])
    assert.deepStrictEqual(ratios([2], [1, 3]), [2])
  })

  it("take percentiles out of unsorted latencies", () => {
    assert.strictEqual(percentile([5, 1, 4, 2, 3], 0.5), 3)
  })
})

describe("numbers", () => {
  it("have three digits that count", () => {
    assert.deepStrictEqual([0.00117, 0.5, 1.234, 12.34, 123.4, 12345].map(digits), [
      "0.001",
      "0.500",
      "1.23",
      "12.3",
      "123",
      "12 345"
    ])
  })

  it("come in the unit of their median", () => {
    assert.strictEqual(quantity("cost", { low: 900, median: 1_500, high: 2_000 }), "1.50 µs (0.900–2.00)")
    assert.strictEqual(quantity("bytes", { low: 812, median: 812, high: 812 }), "812 bytes")
    assert.strictEqual(ratio({ low: 0.001, median: 0.5, high: 1 }), "0.50 (0.001–1.00)")
  })
})

describe("the page", () => {
  it("says of each figure whether it is reached", () => {
    const absent = {
      ...figure,
      measure: { ...figure.measure, theirs: { workload: "W1", size: 1, peer: "poolboy" } }
    } as Figure
    assert.strictEqual(
      figureTable([figure, absent], rows),
      [
        "|  |  | wanted | measured | reached |",
        "| --- | --- | ---: | ---: | ---: |",
        "| W1 | ours ÷ theirs | at most 1 × | 2.00 × (2.00–2.50) | **no** |",
        "| W1 | ours ÷ theirs | at most 1 × | – | not measured |"
      ].join("\n")
    )
  })

  it("has a line for each contender, and a note for who is not there", () => {
    assert.strictEqual(
      workloadTable(workload, [], rows),
      [
        "|  | time per cycle | ours ÷ it |",
        "| --- | ---: | ---: |",
        "| floor | 100 ns | 3.00 (2.50–3.50) |",
        "| ours | 300 ns (250–350) | – |",
        "| theirs | 100 ns (100–150) | 2.00 (2.00–2.50) |",
        "| poolboy | – | – |",
        "",
        "- poolboy took no part: Erlang is not installed."
      ].join("\n")
    )
  })

  it("names every figure that was missed and every peer that is ahead, with its paragraph; the floor is no peer", () => {
    assert.strictEqual(
      whereWeLose([figure], [workload], rows, [{ workload: "W1", peer: "theirs", text: "It has no deadlines." }]),
      [
        "### Figures not reached",
        "",
        "- **W1**, ours ÷ theirs: 2.00 × (2.00–2.50), wanted at most 1 ×. The limit is 2 ×: it has less to do.",
        "",
        "### Peers ahead of us",
        "",
        "- **W1**, theirs: `ours` takes 2.00 times as much.",
        "  It has no deadlines."
      ].join("\n")
    )
  })

  it("keeps what stands outside of the markers", () => {
    const text = "before\n<!-- results: begin -->\nold\n<!-- results: end -->\nafter\n"
    assert.strictEqual(
      replaceBetween(text, "new"),
      "before\n<!-- results: begin -->\n\nnew\n\n<!-- results: end -->\nafter\n"
    )
    assert.throws(() => replaceBetween("no markers", "new"))
  })
})

describe("results", () => {
  const results = (workload: string, extra: Partial<Results> = {}): Results => ({
    machine: { processor: "one", cores: 2, memory: "8 GB", system: "Linux" },
    versions: { node: "20" },
    stamps: { [workload]: { mode: "full", date: "2026-01-01", commit: "abc" } },
    rows: [row("ours", "ours", [1], { workload })],
    ...extra
  })
  const workloadsOf = ({ rows }: Results) => rows.map(({ workload }) => workload)

  it("of a partial run stand beside those of other workloads", () => {
    assert.deepStrictEqual(workloadsOf(merge(results("W1"), results("W2"))), ["W1", "W2"])
    assert.deepStrictEqual(workloadsOf(merge(results("W1"), results("W1"))), ["W1"])
  })

  it("of another machine, or of another version, are not kept", () => {
    const other = results("W2", { versions: { node: "22" } })
    assert.deepStrictEqual(workloadsOf(merge(results("W1"), other)), ["W2"])
    const elsewhere = results("W2", { machine: { processor: "two", cores: 2, memory: "8 GB", system: "Linux" } })
    assert.deepStrictEqual(workloadsOf(merge(results("W1"), elsewhere)), ["W2"])
  })

  it("are written as JSON that reads the same", () => {
    assert.deepStrictEqual(JSON.parse(serialize(results("W1"))), results("W1"))
  })
})
