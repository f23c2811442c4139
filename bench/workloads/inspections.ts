import { importCost } from "../harness/importCost.ts"
import type { Row } from "../harness/results.ts"
import { coreSize, entrySizes } from "../harness/size.ts"
import type { Inspection } from "../harness/workload.ts"

const importing: Inspection = {
  id: "import",
  title: "what an import costs",
  about:
    "The time from the first `import` to the last module run, in a Node that has just started and whose files are " +
    "cached: effect and then whitepool, effect alone, and whitepool with no more of effect than it needs itself.",
  unit: "import",
  compared: false,
  inspect: async (stage, mode) => {
    const costs = await importCost(stage, mode === "full" ? 20 : 3)
    const row = (peer: string, kind: Row["kind"], millis: ReadonlyArray<number>): Row => ({
      workload: "import",
      size: 1,
      peer,
      kind,
      samples: millis.map((one) => ({ cost: one * 1e6 }))
    })
    return [
      row("effect, whitepool", "ours", costs.map(({ both }) => both)),
      row("effect", "effect", costs.map(({ effect }) => effect)),
      row("whitepool alone", "other", costs.map(({ whitepool }) => whitepool))
    ]
  }
}

const size: Inspection = {
  id: "size",
  title: "what whitepool adds to a bundle",
  about: "Bundled by esbuild without effect, minified, and gzipped.",
  unit: "bundle",
  shows: ["bytes"],
  compared: false,
  inspect: async (stage) => {
    const row = (peer: string, bytes: number): Row => ({
      workload: "size",
      size: 1,
      peer,
      kind: "ours",
      samples: [{ cost: 0, bytes }]
    })
    return [
      row("Pool of whitepool", await coreSize(stage)),
      ...Object.entries(await entrySizes(stage)).map(([entry, bytes]) => row(`all of ${entry}`, bytes))
    ]
  }
}

export const inspections: ReadonlyArray<Inspection> = [importing, size]
