/** Puts results where they are read: `bench/results.json`, `docs/benchmarks.md` and its plots. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import type { Remark } from "../remarks.ts"
import type { Figure } from "./figure.ts"
import { replaceBetween } from "./markers.ts"
import { plot } from "./plots.ts"
import { figureTable, machineTable, whereWeLose, workloadSection } from "./report.ts"
import { type Results, serialize } from "./results.ts"
import { root } from "./stage.ts"
import type { Inspection, Workload } from "./workload.ts"

const resultsFile = path.join(root, "bench", "results.json")
const page = path.join(root, "docs", "benchmarks.md")
const plots = path.join(root, "docs", "benchmarks")

export const readResults = (): Results | undefined =>
  fs.existsSync(resultsFile) ? JSON.parse(fs.readFileSync(resultsFile, "utf8")) as Results : undefined

const drawAll = async (workloads: ReadonlyArray<Workload>, results: Results): Promise<ReadonlySet<string>> => {
  fs.rmSync(plots, { recursive: true, force: true })
  fs.mkdirSync(plots, { recursive: true })
  const drawn = new Set<string>()
  for (const workload of workloads.filter(({ plotted }) => plotted === true)) {
    const svg = await plot(workload, results.rows)
    if (svg === undefined) continue
    fs.writeFileSync(path.join(plots, fileOf(workload)), svg)
    drawn.add(workload.id)
  }
  return drawn
}

const fileOf = ({ id }: Workload): string => `${id.toLowerCase().replaceAll(" ", "-")}.svg`

export interface Content {
  readonly figures: ReadonlyArray<Figure>
  readonly remarks: ReadonlyArray<Remark>
  readonly workloads: ReadonlyArray<Workload>
  readonly inspections: ReadonlyArray<Inspection>
}

export const write = async ({ figures, inspections, remarks, workloads }: Content, results: Results): Promise<void> => {
  fs.writeFileSync(resultsFile, serialize(results))
  const has = ({ id }: { readonly id: string }) => id in results.stamps
  const drawn = await drawAll(workloads.filter(has), results)
  const sections = [
    ...workloads.filter(has).map((workload) =>
      workloadSection(
        workload,
        workload.contenders,
        results,
        drawn.has(workload.id) ? `./benchmarks/${fileOf(workload)}` : undefined
      )
    ),
    ...inspections.filter(has).map((inspection) => workloadSection(inspection, [], results, undefined))
  ]
  const text = [
    "## The figures",
    figureTable(figures, results.rows),
    "## Where we lose",
    whereWeLose(figures, workloads.filter(has), results.rows, remarks),
    "## Each workload",
    ...sections,
    "## Machine and versions",
    machineTable(results)
  ].join("\n\n")
  fs.writeFileSync(page, replaceBetween(fs.readFileSync(page, "utf8"), text))
  const dprint = path.join(root, "node_modules", "dprint", "bin.cjs")
  const { status, stderr } = spawnSync(process.execPath, [dprint, "fmt", resultsFile, page], {
    cwd: root,
    encoding: "utf8"
  })
  if (status !== 0) throw new Error(`dprint exits with ${status}\n${stderr}`)
}
