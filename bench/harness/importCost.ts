/** What `import "whitepool"` costs, in a Node that has just started. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"

/** Milliseconds, each of a process of its own. */
export interface ImportCost {
  readonly effect: number
  readonly whitepool: number
  /** First effect, then whitepool, as a program has them: what is more than `effect` is what whitepool adds. */
  readonly both: number
}

const script = `
const from = performance.now()
for (const name of process.argv.slice(2)) await import(name)
console.log(performance.now() - from)
`

/** `folder` is the stage: from a file in it both packages are found. The three take turns. */
export const importCost = async (folder: string, processes: number): Promise<ReadonlyArray<ImportCost>> => {
  const file = path.join(folder, "importCost.mjs")
  fs.writeFileSync(file, script)
  const measure = (...names: ReadonlyArray<string>): number => {
    const { status, stderr, stdout } = spawnSync(process.execPath, [file, ...names], { encoding: "utf8" })
    if (status !== 0) throw new Error(`import of ${names.join(" and ")} failed\n${stderr}`)
    return Number(stdout)
  }
  const costs: Array<ImportCost> = []
  // The first ones read files that no cache has yet.
  for (let i = -1; i < processes; i++) {
    const cost = {
      effect: measure("effect"),
      whitepool: measure("whitepool"),
      both: measure("effect", "whitepool")
    }
    if (i >= 0) costs.push(cost)
  }
  fs.rmSync(file)
  return costs
}
