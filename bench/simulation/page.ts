/** Puts the simulation where it is read: its part of `docs/policies.md`, and the plots beside it. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { table } from "../harness/format.ts"
import { replaceBetween } from "../harness/markers.ts"
import { root } from "../harness/stage.ts"
import { plot } from "./plots.ts"
import { type Curve, type Line, type Scenario, scenarios } from "./scenarios.ts"
import { type Point, sweep } from "./sweep.ts"
import type { Tally } from "./tally.ts"

const page = path.join(root, "docs", "policies.md")
const plots = path.join(root, "docs", "policies")

/** Of all that were simulated: a plot says more. */
const shownOf = ({ lines }: Scenario): ReadonlyArray<number> =>
  lines.length > 2 ? [0.8, 1.2, 2, 3] : [0.8, 1, 1.2, 2, 3]

const percent = (part: number): string => {
  if (part === 0) return "–"
  return part < 0.0005 ? "< 0.1 %" : `${(100 * part).toFixed(1)} %`
}
const millis = (value: number | undefined): string => value === undefined ? "–" : `${value.toFixed(0)} ms`

const columns: ReadonlyArray<{
  readonly title: string
  readonly of: (tally: Tally) => string
}> = [
  { title: "answered in time", of: ({ inTime }) => percent(inTime) },
  { title: "goodput", of: ({ goodput }) => goodput.toFixed(2) },
  { title: "served", of: ({ throughput }) => throughput.toFixed(2) },
  { title: "median", of: ({ median }) => millis(median) },
  { title: "99th percentile", of: ({ p99 }) => millis(p99) },
  { title: "turned away", of: ({ refused }) => percent(refused) },
  { title: "after", of: ({ refusedAfter }) => millis(refusedAfter) },
  { title: "gave up", of: ({ expired }) => percent(expired) }
]

type Points = (line: Line) => ReadonlyArray<Point>

const tableOf = (scenario: Scenario, points: Points): string => {
  const shown = shownOf(scenario)
  return table(
    ["", "load", ...columns.map(({ title }) => title)],
    scenario.lines.filter(({ isReference }) => isReference !== true).flatMap((line) =>
      points(line).filter(({ load }) => shown.includes(load)).map(({ load, tallies }) => [
        line.label,
        load.toFixed(1),
        ...columns.map(({ of }) => of(tallies.get(line.traffic)!))
      ])
    )
  )
}

const section = (scenario: Scenario, points: Points): string =>
  [
    `### ${scenario.title}`,
    scenario.about,
    `![${scenario.title.replaceAll("`", "")}](./policies/${scenario.id}.svg)`,
    tableOf(scenario, points),
    scenario.reading.map((line) => `- ${line}`).join("\n")
  ].join("\n\n")

export const writePolicies = async (say: (line: string) => void): Promise<void> => {
  const found: ReadonlyMap<Curve, ReadonlyArray<Point>> = await sweep(scenarios, say)
  const points: Points = ({ curve }) => found.get(curve)!
  fs.mkdirSync(plots, { recursive: true })
  for (const scenario of scenarios) {
    fs.writeFileSync(path.join(plots, `${scenario.id}.svg`), await plot(scenario, points))
  }
  const text = scenarios.map((scenario) => section(scenario, points)).join("\n\n")
  fs.writeFileSync(page, replaceBetween(fs.readFileSync(page, "utf8"), text, "simulation"))
  const dprint = path.join(root, "node_modules", "dprint", "bin.cjs")
  const { status, stderr } = spawnSync(process.execPath, [dprint, "fmt", page], { cwd: root, encoding: "utf8" })
  if (status !== 0) throw new Error(`dprint exits with ${status}\n${stderr}`)
}
