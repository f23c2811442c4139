/** The plots of the page, drawn without a browser. */
import * as vega from "vega"
import { compile, type TopLevelSpec } from "vega-lite"
import { valuesOf } from "./figure.ts"
import { digits } from "./format.ts"
import type { Row } from "./results.ts"
import { estimate } from "./statistics.ts"
import type { Kind, Workload } from "./workload.ts"

interface Datum {
  readonly peer: string
  readonly kind: Kind
  readonly size: number
  readonly median: number
  readonly low: number
  readonly high: number
}

const colours: Readonly<Record<Kind, string>> = {
  ours: "#d1495b",
  floor: "#9aa0a6",
  effect: "#30638e",
  promise: "#66a182",
  beam: "#8d5a97",
  other: "#c9a227"
}

/** Names are shown in full. */
const config = {
  font: "sans-serif",
  axis: { labelLimit: 400 },
  legend: { labelLimit: 400, symbolType: "stroke", symbolSize: 600, symbolStrokeWidth: 2 }
} as const

/** A bar so much longer than ours would leave nothing to see of the others. */
const outOfScale = 12

const dataOf = (workload: Workload, rows: ReadonlyArray<Row>): ReadonlyArray<Datum> =>
  rows.filter((row) => row.workload === workload.id).flatMap((row) => {
    const found = estimate(valuesOf(row, "cost"))
    return found === undefined ? [] : [{ peer: row.peer, kind: row.kind, size: row.size, ...found }]
  })

const draw = async (spec: TopLevelSpec): Promise<string> => {
  const view = new vega.View(vega.parse(compile(spec).spec), { renderer: "none" })
  const svg = await view.toSVG()
  view.finalize()
  return `${svg}\n`
}

const bars = (workload: Workload, data: ReadonlyArray<Datum>): TopLevelSpec => {
  const ours = data.filter(({ kind }) => kind === "ours")
  const most = outOfScale * Math.max(...ours.map(({ median }) => median))
  const shown = data.filter(({ median }) => median <= most)
  const order = [...shown].sort((one, other) => one.median - other.median).map(({ peer }) => peer)
  const leftOut = data.filter(({ median }) => median > most)
    .map(({ median, peer }) => `not shown: ${peer}, ${digits(median / 1e3)} µs`)
  return {
    background: "white",
    config,
    title: { text: `${workload.id}: ${workload.title}`, subtitle: leftOut, anchor: "start" },
    width: 520,
    data: {
      values: shown.map((datum) => ({ ...datum, label: `${digits(datum.median)} ns`, colour: colours[datum.kind] }))
    },
    encoding: { y: { field: "peer", type: "nominal", sort: order, title: null } },
    layer: [
      {
        mark: { type: "bar" },
        encoding: {
          x: { field: "median", type: "quantitative", title: `ns per ${workload.unit}, median and quartiles` },
          color: { field: "colour", type: "nominal", scale: null }
        }
      },
      {
        mark: { type: "rule", color: "black" },
        encoding: { x: { field: "low", type: "quantitative" }, x2: { field: "high" } }
      },
      {
        mark: { type: "text", align: "left", dx: 6 },
        encoding: { x: { field: "high", type: "quantitative" }, text: { field: "label", type: "nominal" } }
      }
    ]
  }
}

const lines = (workload: Workload, data: ReadonlyArray<Datum>): TopLevelSpec => {
  const peers = [...new Set(data.map(({ peer }) => peer))]
  const kindOf = (peer: string) => data.find((datum) => datum.peer === peer)!.kind
  // Those of one kind share a colour, and differ by their dashes.
  const dashOf = (peer: string) => {
    const index = peers.filter((other) => kindOf(other) === kindOf(peer)).indexOf(peer)
    return [[1, 0], [6, 3], [2, 2], [8, 3, 2, 3]][index % 4]!
  }
  const sizes = [...new Set(data.map(({ size }) => size))]
  return {
    background: "white",
    config,
    title: { text: `${workload.id}: ${workload.title}`, anchor: "start" },
    width: 520,
    height: 360,
    data: { values: data.map((datum) => ({ ...datum, micros: datum.median / 1e3 })) },
    mark: { type: "line", point: true },
    encoding: {
      x: {
        field: "size",
        type: "quantitative",
        scale: { type: "log" },
        axis: { values: sizes, format: ",", title: workload.counts ?? null }
      },
      y: {
        field: "micros",
        type: "quantitative",
        scale: { type: "log" },
        title: `µs per ${workload.unit}, median`
      },
      color: {
        field: "peer",
        type: "nominal",
        scale: { domain: peers, range: peers.map((peer) => colours[kindOf(peer)]) },
        title: null
      },
      strokeDash: { field: "peer", type: "nominal", scale: { domain: peers, range: peers.map(dashOf) }, title: null }
    }
  }
}

/** Lines where there are several sizes, bars where there is one. `undefined` without anything to draw. */
export const plot = async (workload: Workload, rows: ReadonlyArray<Row>): Promise<string | undefined> => {
  const data = dataOf(workload, rows)
  if (!data.some(({ kind }) => kind === "ours")) return undefined
  const several = new Set(data.map(({ size }) => size)).size > 1
  return draw(several ? lines(workload, data) : bars(workload, data))
}
