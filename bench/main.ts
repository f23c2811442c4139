/**
 * The bench: whitepool as it is packed, other pools, and the floor without any, side by side.
 *
 * Progress goes to stderr, tables to stdout. `docs/benchmarks.md` says what is measured and how.
 */
import { inspections, workloads } from "./catalogue.ts"
import { figures } from "./figures.ts"
import { needs } from "./harness/figure.ts"
import { type Flags, isWanted, parseFlags, usage, UsageError } from "./harness/flags.ts"
import { broken, judge, judgedTable, replaceRows } from "./harness/guard.ts"
import { commit, machine, versions } from "./harness/machine.ts"
import { readResults, write } from "./harness/page.ts"
import { figureTable, workloadTable } from "./harness/report.ts"
import { merge, type Row } from "./harness/results.ts"
import { Bench } from "./harness/run.ts"
import { makeStage } from "./harness/stage.ts"
import { remarks } from "./remarks.ts"
import { writePolicies } from "./simulation/page.ts"

const started = Date.now()
const seconds = () => `${((Date.now() - started) / 1_000).toFixed(0)} s`
const say = (line: string): void => console.error(line)
const ids = [...workloads, ...inspections].map(({ id }) => id)

const setUp = (flags: Flags): Bench => {
  say("packing and compiling")
  return new Bench(makeStage(), flags.mode, say, flags.guard ? "full" : flags.mode)
}

const measure = async (flags: Flags): Promise<number> => {
  const bench = setUp(flags)
  const rows: Array<Row> = []
  const chosen = workloads.filter(({ id }) => isWanted(flags.only, id))
  for (const workload of chosen) {
    const found = await bench.run(workload)
    rows.push(...found)
    console.log(`\n${workload.id}: ${workload.title}\n\n${workloadTable(workload, workload.contenders, found)}`)
  }
  for (const inspection of inspections.filter(({ id }) => isWanted(flags.only, id))) {
    const found = await bench.inspect(inspection)
    rows.push(...found)
    console.log(`\n${inspection.id}: ${inspection.title}\n\n${workloadTable(inspection, [], found)}`)
  }
  const measured = ids.filter((id) => isWanted(flags.only, id))
  const own = figures.filter(({ workload }) => measured.includes(workload))
  console.log(`\n${figureTable(own, rows)}`)
  if (flags.write) {
    const stamp = { mode: flags.mode, date: new Date(started).toISOString().slice(0, 10), commit: commit() }
    const results = merge(readResults(), {
      machine: machine(),
      versions: { ...versions(), ...bench.versions },
      stamps: Object.fromEntries(measured.map((id) => [id, stamp])),
      rows
    })
    await write({ figures, inspections, remarks, workloads }, results)
  }
  say(`${flags.write ? "written to bench/results.json and docs/benchmarks.md, " : ""}after ${seconds()}`)
  return 0
}

const guard = async (flags: Flags): Promise<number> => {
  const bench = setUp(flags)
  const guarded = figures.filter((figure) => figure.guarded && isWanted(flags.only, figure.workload))
  const collect = async (wanted: typeof guarded): Promise<ReadonlyArray<Row>> => {
    const rows: Array<Row> = []
    for (const workload of workloads.filter(({ id }) => wanted.some((figure) => figure.workload === id))) {
      rows.push(
        ...await bench.run(
          workload,
          ({ kind, peer }, { size }) => wanted.some((figure) => needs(figure, workload.id, size, peer, kind))
        )
      )
    }
    for (const inspection of inspections.filter(({ id }) => wanted.some((figure) => figure.workload === id))) {
      rows.push(...await bench.inspect(inspection))
    }
    return rows
  }
  const first = await collect(guarded)
  const judged = judge(guarded, first)
  console.log(`\n${judgedTable(judged)}`)
  const again = broken(judged)
  if (again.length === 0) {
    say(`every ratio is kept, after ${seconds()}`)
    return 0
  }
  const failed = new Set(again.map(({ workload }) => workload))
  say(`once more: ${[...failed].join(", ")}`)
  const second = await collect(guarded.filter(({ workload }) => failed.has(workload)))
  const rejudged = judge(again, replaceRows(first, second))
  console.log(`\n${judgedTable(rejudged)}`)
  const still = broken(rejudged)
  say(`${still.length === 0 ? "every ratio is kept" : `${still.length} broken twice`}, after ${seconds()}`)
  return still.length === 0 ? 0 : 1
}

const render = async (): Promise<number> => {
  const results = readResults()
  if (results === undefined) throw new UsageError("there are no results in bench/results.json yet")
  await write({ figures, inspections, remarks, workloads }, results)
  return 0
}

const simulate = async (): Promise<number> => {
  await writePolicies(say)
  say(`written to docs/policies.md, after ${seconds()}`)
  return 0
}

const main = async (): Promise<number> => {
  try {
    const flags = parseFlags(process.argv.slice(2), ids)
    if (flags.help) {
      console.log(usage)
      return 0
    }
    if (flags.simulate) return await simulate()
    return await (flags.render ? render() : (flags.guard ? guard : measure)(flags))
  } catch (error) {
    if (error instanceof UsageError) {
      say(`${error.message}\n\n${usage}`)
      return 2
    }
    say(error instanceof Error ? error.stack ?? error.message : String(error))
    return 1
  }
}

process.exitCode = await main()
