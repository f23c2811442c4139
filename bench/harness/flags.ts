/** What was asked for on the command line. */
import { parseArgs } from "node:util"
import type { Mode } from "./workload.ts"

export interface Flags {
  readonly mode: Mode
  readonly guard: boolean
  readonly help: boolean
  /** Ids of workloads, or beginnings of them. Empty: all. */
  readonly only: ReadonlyArray<string>
  readonly write: boolean
  /** Measures nothing: the page is written again out of the results that are there. */
  readonly render: boolean
  /** Measures nothing: the overload policies are simulated, and their part of `docs/policies.md` is written. */
  readonly simulate: boolean
}

export const usage =
  `npm run bench                     everything, within ten minutes; writes bench/results.json and docs/benchmarks.md
npm run bench -- --quick          fewer rounds, within a minute; writes nothing
npm run bench -- --only W1,W3     only these
npm run bench -- --write          writes also what is quick or partial; the other workloads keep their results
npm run bench -- --guard          fails if a ratio is far from its figure, twice in a row
npm run bench -- --render         measures nothing; writes the page again out of bench/results.json
npm run bench -- --simulate       measures nothing; simulates the overload policies, and writes docs/policies.md
npm run bench -- --help           this`

/** A mistake of who typed it. */
export class UsageError extends Error {}

/** Whether this workload is among those asked for: `W6` takes all of W6. */
export const isWanted = (only: ReadonlyArray<string>, id: string): boolean =>
  only.length === 0 || only.some((name) => id === name || id.startsWith(`${name} `))

export const parseFlags = (args: ReadonlyArray<string>, ids: ReadonlyArray<string>): Flags => {
  const parsed = (() => {
    try {
      return parseArgs({
        args: [...args],
        options: {
          guard: { type: "boolean", default: false },
          help: { type: "boolean", short: "h", default: false },
          only: { type: "string", multiple: true, default: [] },
          quick: { type: "boolean", default: false },
          render: { type: "boolean", default: false },
          simulate: { type: "boolean", default: false },
          write: { type: "boolean", default: false }
        }
      }).values
    } catch (error) {
      throw new UsageError(error instanceof Error ? error.message : String(error))
    }
  })()
  const only = parsed.only.flatMap((names) => names.split(",")).map((name) => name.trim()).filter((name) => name !== "")
  for (const name of only) {
    if (!ids.some((id) => isWanted([name], id))) {
      throw new UsageError(`there is no workload ${name}, but: ${ids.join(", ")}`)
    }
  }
  if (parsed.only.length > 0 && only.length === 0) throw new UsageError("--only names no workload")
  if (parsed.guard && (parsed.quick || parsed.write)) {
    throw new UsageError("--guard is a quick run that writes nothing: it goes with --only alone")
  }
  const isRun = parsed.quick || parsed.write || parsed.guard || only.length > 0
  if (parsed.render && (isRun || parsed.simulate)) throw new UsageError("--render goes alone")
  if (parsed.simulate && isRun) throw new UsageError("--simulate goes alone")
  const quick = parsed.quick || parsed.guard
  return {
    mode: quick ? "quick" : "full",
    guard: parsed.guard,
    help: parsed.help,
    only,
    render: parsed.render,
    simulate: parsed.simulate,
    write: parsed.write || (!quick && only.length === 0)
  }
}
