/** Latency, and what comes of it, against the load: two charts side by side. */
import * as vega from "vega"
import { compile, type TopLevelSpec } from "vega-lite"
import type { Line, Scenario } from "./scenarios.ts"
import type { Point } from "./sweep.ts"
import type { Tally } from "./tally.ts"

type Points = (line: Line) => ReadonlyArray<Point>

const titles: Readonly<Record<Scenario["shows"], string>> = {
  goodput: "answers in time, in parts of what the pool can do",
  inTime: "answered in time, of those who asked"
}

const rowsOf = (
  { lines }: Scenario,
  points: Points,
  values: (tally: Tally) => ReadonlyArray<{ readonly measure: string; readonly value: number | undefined }>
) =>
  lines.flatMap((line) =>
    points(line).flatMap(({ load, tallies }) =>
      values(tallies.get(line.traffic)!).flatMap(({ measure, value }) =>
        value === undefined ? [] : [{ line: line.label, load, measure, value }]
      )
    )
  )

/** Names are shown in full, and a legend below takes no width from the charts. */
const config = {
  font: "sans-serif",
  concat: { spacing: 40 },
  legend: {
    labelLimit: 400,
    symbolType: "stroke",
    symbolSize: 600,
    symbolStrokeWidth: 2,
    orient: "bottom",
    columns: 2
  },
  title: { anchor: "start" }
} as const

const chart = { width: 320, height: 260, mark: { type: "line" } } as const

const subtitle = (text: string) => ({ text, fontSize: 11, fontWeight: "normal" as const })

const spec = (scenario: Scenario, points: Points): TopLevelSpec => {
  const { lines } = scenario
  const x = {
    field: "load",
    type: "quantitative" as const,
    title: scenario.axis,
    axis: { values: [0.5, 1, 1.5, 2, 2.5, 3], format: ".1f", titleFontWeight: "normal" as const }
  }
  const color = {
    field: "line",
    type: "nominal" as const,
    scale: { domain: lines.map(({ label }) => label), range: lines.map(({ colour }) => colour) },
    title: null
  }
  const latencies = rowsOf(scenario, points, ({ median, p99 }) => [
    { measure: "median", value: median },
    { measure: "99th percentile", value: p99 }
  ])
  const most = Math.max(...latencies.map(({ value }) => value))
  return {
    background: "white",
    config,
    title: scenario.title.replaceAll("`", ""),
    hconcat: [
      {
        ...chart,
        title: subtitle("ms from asking to the answer, of all who had one"),
        data: { values: latencies },
        encoding: {
          x,
          y: {
            field: "value",
            type: "quantitative",
            scale: { type: "log", domain: [10, most <= 2_000 ? 2_000 : 10_000] },
            axis: { values: [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000], format: "," },
            title: null
          },
          color,
          strokeDash: {
            field: "measure",
            type: "nominal",
            scale: { domain: ["median", "99th percentile"], range: [[1, 0], [4, 3]] },
            title: null
          }
        }
      },
      {
        ...chart,
        title: subtitle(titles[scenario.shows]),
        data: {
          values: rowsOf(scenario, points, (tally) => [{ measure: scenario.shows, value: tally[scenario.shows] }])
        },
        encoding: {
          x,
          y: {
            field: "value",
            type: "quantitative",
            scale: { domain: [0, 1.1] },
            axis: { values: [0, 0.2, 0.4, 0.6, 0.8, 1] },
            title: null
          },
          color
        }
      }
    ]
  }
}

/** The same points give the same text, whatever was drawn before. */
export const plot = async (scenario: Scenario, points: Points): Promise<string> => {
  const view = new vega.View(vega.parse(compile(spec(scenario, points)).spec), { renderer: "none" })
  vega.resetSVGDefIds()
  const svg = await view.toSVG()
  view.finalize()
  return `${svg}\n`
}
