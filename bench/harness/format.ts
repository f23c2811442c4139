/** Numbers and tables as the page has them. */
import type { Estimate } from "./statistics.ts"
import type { Field } from "./workload.ts"

const thousands = (text: string): string => text.replace(/\B(?=(?:\d{3})+(?!\d))/g, " ")

/** Three digits that count. */
export const digits = (value: number): string => {
  if (value === 0 || !Number.isFinite(value)) return String(value)
  const decimals = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))))
  return decimals === 0 ? thousands(value.toFixed(0)) : value.toFixed(Math.min(decimals, 3))
}

export const count = (value: number): string => thousands(String(value))

interface Unit {
  readonly name: string
  readonly size: number
}

const units: Readonly<Record<"time" | "memory", ReadonlyArray<Unit>>> = {
  time: [{ name: "ns", size: 1 }, { name: "µs", size: 1e3 }, { name: "ms", size: 1e6 }, { name: "s", size: 1e9 }],
  memory: [{ name: "bytes", size: 1 }, { name: "KB", size: 1e3 }, { name: "MB", size: 1e6 }]
}

const unitsOf = (field: Field) => units[field === "bytes" || field === "retained" ? "memory" : "time"]

/** With its quartiles behind it: `483 ns (468–517)`. */
export const quantity = (field: Field, { high, low, median }: Estimate): string => {
  const all = unitsOf(field)
  const { name, size } = all.filter(({ size }) => Math.abs(median) >= size).at(-1) ?? all[0]!
  const spread = low === high ? "" : ` (${digits(low / size)}–${digits(high / size)})`
  return `${digits(median / size)} ${name}${spread}`
}

const hundredths = (value: number): string => value < 0.1 ? digits(value) : value.toFixed(2)

export const ratio = ({ high, low, median }: Estimate): string =>
  `${hundredths(median)}${low === high ? "" : ` (${hundredths(low)}–${hundredths(high)})`}`

export const fieldNames: Readonly<Record<Field, string>> = {
  cost: "time",
  p50: "median latency",
  p99: "99th percentile",
  bytes: "size",
  retained: "heap in use"
}

const cell = (text: string): string => text.replaceAll("|", "\\|")

/** The first columns are text, the others are numbers. */
export const table = (
  header: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
  texts = 1
): string =>
  [header, header.map((_, index) => index < texts ? "---" : "---:"), ...rows]
    .map((cells) => `| ${cells.map(cell).join(" | ")} |`).join("\n")
