import { assert, describe, it } from "@effect/vitest"
import { inspections, workloads } from "../../bench/catalogue.ts"
import { figures } from "../../bench/figures.ts"
import {
  boundOf,
  comparedWith,
  evaluate,
  type Figure,
  isReached,
  keepsBound,
  type Measure,
  needs
} from "../../bench/harness/figure.ts"
import type { Row } from "../../bench/harness/results.ts"
import type { Kind } from "../../bench/harness/workload.ts"

const row = (peer: string, kind: Kind, costs: ReadonlyArray<number>, size = 1, workload = "W1"): Row => ({
  workload,
  size,
  peer,
  kind,
  samples: costs.map((cost) => ({ cost }))
})

const at = (peer: string, size = 1, workload = "W1") => ({ workload, size, peer })

const figure = (measure: Measure, extra: Partial<Figure> = {}): Figure => ({
  workload: "W1",
  what: "ours ÷ theirs",
  direction: "at most",
  wanted: 0.5,
  unit: "×",
  measure,
  guarded: true,
  ...extra
})

const ratio: Measure = { of: "ratio", field: "cost", ours: at("ours"), theirs: at("theirs") }

describe("a ratio", () => {
  it("is taken pair by pair, so that what slows both down does not count", () => {
    const rows = [row("ours", "ours", [10, 100, 20]), row("theirs", "effect", [20, 200, 40])]
    assert.deepStrictEqual(evaluate(ratio, rows), { low: 0.5, median: 0.5, high: 0.5 })
  })

  it("of two sizes is against the middle of the other, since their rounds are no pairs", () => {
    const rows = [row("ours", "ours", [10, 30, 20], 1), row("ours", "ours", [60, 20, 40], 9)]
    const measure: Measure = { of: "ratio", field: "cost", ours: at("ours", 9), theirs: at("ours", 1) }
    assert.strictEqual(evaluate(measure, rows)?.median, 2)
  })

  it("of throughput is the other way round", () => {
    const rows = [row("ours", "ours", [10]), row("theirs", "effect", [20])]
    assert.strictEqual(evaluate({ of: "throughput", ours: at("ours"), theirs: at("theirs") }, rows)?.median, 2)
  })

  it("with somebody who took no part is not measured", () => {
    assert.isUndefined(evaluate(ratio, [row("ours", "ours", [1]), row("theirs", "beam", [])]))
    assert.isUndefined(evaluate(ratio, [row("ours", "ours", [1])]))
  })

  it("to the fastest is to the cheapest of the kinds named, and says who that is", () => {
    const rows = [
      row("ours", "ours", [10]),
      row("slow", "promise", [20]),
      row("fast", "effect", [5]),
      row("foreign", "beam", [1])
    ]
    const measure: Measure = { of: "fastest", ours: at("ours"), kinds: ["effect", "promise"] }
    assert.strictEqual(evaluate(measure, rows)?.median, 2)
    assert.strictEqual(comparedWith(measure, rows), "fast")
  })
})

describe("growth", () => {
  const rows = [
    row("ours", "ours", [20], 1),
    row("floor", "floor", [10], 1),
    row("ours", "ours", [60], 9),
    row("floor", "floor", [20], 9)
  ]
  const growth = (by: "ratio" | "difference"): Measure => ({
    of: "growth",
    by,
    ours: at("ours", 9),
    theirs: at("floor", 9),
    from: 1
  })

  it("of the ratio leaves out what the floor grows by", () => {
    assert.strictEqual(evaluate(growth("ratio"), rows)?.median, 1.5)
  })

  it("of the difference compares what is added to the floor", () => {
    assert.strictEqual(evaluate(growth("difference"), rows)?.median, 4)
  })
})

describe("a figure", () => {
  const alike = { low: 0.5, median: 0.5, high: 0.5 }

  it("is reached by the median, whichever way it points", () => {
    assert.isTrue(isReached(figure(ratio), alike))
    assert.isFalse(isReached(figure(ratio, { wanted: 0.49 }), alike))
    assert.isTrue(isReached(figure(ratio, { direction: "at least" }), alike))
    assert.isFalse(isReached(figure(ratio, { direction: "at least", wanted: 0.51 }), alike))
  })

  it("is guarded with half as much again", () => {
    assert.strictEqual(boundOf(figure(ratio, { wanted: 2 })), 3)
    assert.strictEqual(boundOf(figure(ratio, { wanted: 3, direction: "at least" })), 2)
    assert.isTrue(keepsBound(figure(ratio, { wanted: 0.34 }), alike))
    assert.isFalse(keepsBound(figure(ratio, { wanted: 0.33 }), alike))
  })

  it("that cannot be reached is guarded by its limit, and still not reached", () => {
    const limited = figure(ratio, { wanted: 0.1, limit: { value: 0.4, because: "the floor is above it" } })
    assert.isTrue(keepsBound(limited, alike))
    assert.isFalse(isReached(limited, alike))
  })
})

describe("the figures", () => {
  it("compare rows that the bench has", () => {
    const rows = workloads.flatMap(({ contenders, id, sizes }) =>
      sizes.flatMap(({ size }) => contenders.map(({ kind, peer }) => ({ id, size, peer, kind })))
    )
    const missing = figures.filter(({ workload }) => inspections.every(({ id }) => id !== workload)).filter(
      (figure) => {
        const needed = rows.filter(({ id, kind, peer, size }) => needs(figure, id, size, peer, kind)).length
        const { of } = figure.measure
        const expected = of === "growth" ? 4 : of === "value" || of === "drift" ? 1 : 2
        return needed < expected
      }
    )
    assert.deepStrictEqual(missing, [])
  })
})
