/** The generated part of the page: figures, where we lose, tables. */
import type { Remark } from "../remarks.ts"
import { comparedWith, evaluate, type Figure, isReached, valuesOf } from "./figure.ts"
import { count, digits, fieldNames, quantity, ratio, table } from "./format.ts"
import { type Loss, losses } from "./losses.ts"
import type { Results, Row } from "./results.ts"
import { type Estimate, estimate, ratios } from "./statistics.ts"
import type { Field, Workload } from "./workload.ts"

/** What a table of results needs to know. */
export type Shown = Pick<Workload, "id" | "title" | "about" | "unit" | "counts" | "shows" | "compared">

const measured = ({ unit }: Figure, { high, low, median }: Estimate): string => {
  const spread = low === high ? "" : ` (${digits(low)}–${digits(high)})`
  return `${digits(median)} ${unit}${spread}`
}

export const wantedOf = ({ direction, unit, wanted }: Figure): string => `${direction} ${wanted} ${unit}`

export const whatOf = (figure: Figure, rows: ReadonlyArray<Row>): string => {
  const peer = comparedWith(figure.measure, rows)
  return peer === undefined ? figure.what : `${figure.what} (${peer})`
}

/** All figures, those that were not measured too. */
export const figureTable = (figures: ReadonlyArray<Figure>, rows: ReadonlyArray<Row>): string =>
  table(
    ["", "", "wanted", "measured", "reached"],
    figures.map((figure) => {
      const found = evaluate(figure.measure, rows)
      return [
        figure.workload,
        whatOf(figure, rows),
        wantedOf(figure),
        found === undefined ? "–" : measured(figure, found),
        found === undefined ? "not measured" : isReached(figure, found) ? "yes" : "**no**"
      ]
    }),
    2
  )

const textOf = (remarks: ReadonlyArray<Remark>, workload: string, peer: string | undefined): ReadonlyArray<string> =>
  remarks.filter((remark) => remark.workload === workload && remark.peer === peer).map(({ text }) => text)

const missedFigures = (figures: ReadonlyArray<Figure>, rows: ReadonlyArray<Row>): ReadonlyArray<string> =>
  figures.flatMap((figure) => {
    const found = evaluate(figure.measure, rows)
    if (found === undefined || isReached(figure, found)) return []
    const because = figure.limit === undefined
      ? ""
      : ` The limit is ${figure.limit.value} ${figure.unit}: ${figure.limit.because}`
    return [
      `- **${figure.workload}**, ${whatOf(figure, rows)}: ${measured(figure, found)}, wanted ${
        wantedOf(figure)
      }.${because}`
    ]
  })

const lossOf = ({ ratio: found, size }: Loss, { counts }: Shown): string => {
  const times = `${found.median.toFixed(2)} times as much${counts === undefined ? "" : ` at ${count(size)}`}`
  return found.low <= 1 ? `${times} (within the spread)` : times
}

const lostRows = (workload: Shown, found: ReadonlyArray<Loss>, remarks: ReadonlyArray<Remark>): ReadonlyArray<string> =>
  [...new Set(found.map(({ peer }) => peer))].flatMap((peer) => {
    const own = found.filter((loss) => loss.peer === peer)
    const each = [...new Set(own.map(({ ours }) => ours))].map((ours) =>
      `\`${ours}\` takes ${own.filter((loss) => loss.ours === ours).map((loss) => lossOf(loss, workload)).join(", ")}`
    )
    return [`- **${workload.id}**, ${peer}: ${each.join("; ")}.`, ...textOf(remarks, workload.id, peer).map(indent)]
  })

const indent = (text: string): string => `  ${text}`

/** Every figure that was not reached, and every peer that is ahead of us anywhere. */
export const whereWeLose = (
  figures: ReadonlyArray<Figure>,
  workloads: ReadonlyArray<Workload>,
  rows: ReadonlyArray<Row>,
  remarks: ReadonlyArray<Remark>
): string => {
  const missed = missedFigures(figures, rows)
  const ahead = workloads.flatMap((workload) => {
    const lines = lostRows(workload, losses(workload, rows), remarks)
    return lines.length === 0 ? [] : [lines.join("\n"), ...textOf(remarks, workload.id, undefined)]
  })
  return [
    "### Figures not reached",
    missed.length === 0 ? "None." : missed.join("\n"),
    "### Peers ahead of us",
    ahead.length === 0 ? "Nowhere." : ahead.join("\n\n")
  ].join("\n\n")
}

const notes = (
  workload: Shown,
  contenders: Workload["contenders"],
  rows: ReadonlyArray<Row>
): ReadonlyArray<string> => [
  ...contenders.flatMap(({ note, peer }) => note === undefined ? [] : [`- ${peer}: ${note}.`]),
  ...[...new Set(rows.map(({ absent, peer }) => absent === undefined ? "" : `${peer}|${absent}`))]
    .filter((key) => key !== "").map((key) => {
      const [peer = "", because = ""] = key.split("|")
      const sizes = rows.filter((row) => row.peer === peer && row.absent === because).map(({ size }) => count(size))
      return `- ${peer}${workload.counts === undefined ? "" : ` at ${sizes.join(", ")}`} took no part: ${because}.`
    })
]

/** One line for each contender; behind what it costs stands what our first costs in parts of it. */
const tableOf = (workload: Shown, rows: ReadonlyArray<Row>, sizes: ReadonlyArray<number>): string => {
  const shows: ReadonlyArray<Field> = workload.shows ?? ["cost"]
  const ours = workload.compared === false ? undefined : rows.find(({ kind }) => kind === "ours")?.peer
  const rowOf = (peer: string | undefined, size: number) => rows.find((row) => row.peer === peer && row.size === size)
  const heading = (size: number, field: Field): string => {
    const name = field === "cost" || field === "bytes" ? `${fieldNames[field]} per ${workload.unit}` : fieldNames[field]
    return workload.counts === undefined || sizes.length === 1 ? name : `${count(size)} ${workload.counts}: ${name}`
  }
  const cost = (row: Row | undefined, field: Field): string => {
    const found = estimate(valuesOf(row, field))
    return found === undefined ? "–" : quantity(field, found)
  }
  const against = (peer: string, size: number, field: Field): string => {
    const found = estimate(ratios(valuesOf(rowOf(ours, size), field), valuesOf(rowOf(peer, size), field)))
    return found === undefined || peer === ours ? "–" : ratio(found)
  }
  return table(
    [
      "",
      ...sizes.flatMap((size) => [
        ...shows.map((field) => heading(size, field)),
        ...(ours === undefined ? [] : [`${ours} ÷ it`])
      ])
    ],
    [...new Set(rows.map(({ peer }) => peer))].map((peer) => [
      peer,
      ...sizes.flatMap((size) => [
        ...shows.map((field) => cost(rowOf(peer, size), field)),
        ...(ours === undefined ? [] : [against(peer, size, shows[0]!)])
      ])
    ])
  )
}

/** One table, or one for each size where there is more than one thing to show. */
export const workloadTable = (workload: Shown, contenders: Workload["contenders"], all: ReadonlyArray<Row>): string => {
  const rows = all.filter((row) => row.workload === workload.id)
  const sizes = [...new Set(rows.map(({ size }) => size))]
  const tables = (workload.shows?.length ?? 1) > 1 && sizes.length > 1
    ? sizes.map((size) => `${workload.counts ?? "size"}: ${count(size)}\n\n${tableOf(workload, rows, [size])}`)
    : [tableOf(workload, rows, sizes)]
  return [...tables, notes(workload, contenders, rows).join("\n")].filter((part) => part !== "").join("\n\n")
}

const stampOf = (workload: Shown, { stamps }: Results): string => {
  const stamp = stamps[workload.id]
  return stamp === undefined
    ? ""
    : `${stamp.date}, commit ${stamp.commit}${stamp.mode === "quick" ? ", a quick run" : ""}.`
}

export const machineTable = ({ machine, versions }: Results): string =>
  table(["", ""], [
    ["processor", `${machine.processor}, ${machine.cores} cores`],
    ["memory", machine.memory],
    ["system", machine.system],
    ...Object.entries(versions)
  ], 2)

export const workloadSection = (
  workload: Shown,
  contenders: Workload["contenders"],
  results: Results,
  plot: string | undefined
): string =>
  [
    `### ${workload.id}: ${workload.title}`,
    workload.about,
    workloadTable(workload, contenders, results.rows),
    ...(plot === undefined ? [] : [`![${workload.id}: ${workload.title}](${plot})`]),
    stampOf(workload, results)
  ].filter((part) => part !== "").join("\n\n")
