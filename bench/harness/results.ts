/** What a run leaves behind: `bench/results.json`, and all that the page and the guard are made of. */
import type { Kind, Mode } from "./workload.ts"

/** One round that counts. */
export interface Sample {
  /** Nanoseconds per cycle. */
  readonly cost: number
  /** Nanoseconds, of a round with latencies. */
  readonly p50?: number | undefined
  readonly p99?: number | undefined
  /** Bytes per cycle. */
  readonly bytes?: number | undefined
  /** Bytes in use after the round. */
  readonly retained?: number | undefined
}

/** One contender of one workload at one size. */
export interface Row {
  readonly workload: string
  readonly size: number
  readonly peer: string
  readonly kind: Kind
  /** In the order of the rounds: the n-th of all rows of a size were taken together. Empty where it took no part. */
  readonly samples: ReadonlyArray<Sample>
  /** Why it took no part. */
  readonly absent?: string | undefined
}

export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memory: string
  readonly system: string
}

/** When and of what a workload was measured. */
export interface Stamp {
  readonly mode: Mode
  readonly date: string
  readonly commit: string
}

export interface Results {
  readonly machine: Machine
  readonly versions: Readonly<Record<string, string>>
  /** By the id of the workload: a partial run replaces only its own. */
  readonly stamps: Readonly<Record<string, Stamp>>
  readonly rows: ReadonlyArray<Row>
}

const same = (one: object, other: object) => JSON.stringify(one) === JSON.stringify(other)

/** The new rows beside those of other workloads; nothing of another machine or of other versions is kept. */
export const merge = (before: Results | undefined, after: Results): Results => {
  if (before === undefined || !same(before.machine, after.machine)) return after
  const conflict = Object.entries(after.versions).some(([name, version]) =>
    (before.versions[name] ?? version) !== version
  )
  if (conflict) return after
  return {
    machine: after.machine,
    versions: { ...before.versions, ...after.versions },
    stamps: { ...before.stamps, ...after.stamps },
    rows: [...before.rows.filter(({ workload }) => !(workload in after.stamps)), ...after.rows]
  }
}

/** One row on a line, and no more digits than there is information in. */
export const serialize = ({ machine, rows, stamps, versions }: Results): string => {
  const head = JSON.stringify({ machine, versions, stamps }, null, 2).slice(0, -2)
  const digits = (_: string, value: unknown) => typeof value === "number" ? Number(value.toPrecision(5)) : value
  return `${head},\n  "rows": [\n${rows.map((row) => `    ${JSON.stringify(row, digits)}`).join(",\n")}\n  ]\n}\n`
}
