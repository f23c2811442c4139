/**
 * The rules of the tree that no compiler checks: who may import whom, what a
 * deterministic file may use, how long a file may get, what lies at the top.
 */
import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { filesUnder, type Import, importsOf, linesOfCode } from "./support/modules.ts"

/** Imports point left only; what stands in one place together knows nothing of each other. */
const layers: ReadonlyArray<ReadonlyArray<string>> = [["channel"], ["actor"], ["pool"], [
  "adapter",
  "observer",
  "cluster"
]]

/** The layers that run wherever Effect runs: nothing but `effect/…` and their own files. */
const core: ReadonlyArray<string> = ["channel", "actor", "pool"]

/** Files that decide without a runtime: the same calls always give the same answers. */
const deterministic: ReadonlyArray<RegExp> = [
  /^src\/pool\/(?:internal\/)?(?:Pool)?Machine\w*\.ts$/i,
  /^src\/pool\/(?:internal\/)?(?:Ports|Message|Invariants?|Status|Policy)\.ts$/i,
  /^src\/pool\/(?:internal\/)?(?:State|Waiters?|Slots?)\w*\.ts$/i,
  /^src\/actor\/(?:internal\/)?(?:ExitReason|RestartIntensity)\.ts$/i
]

/** Modules of Effect that are data or plain functions: no fiber, no clock, no scheduler behind them. */
const pureEffect: ReadonlySet<string> = new Set(
  ("Array BigInt Boolean Brand Cause Chunk Data Duration Equal Equivalence Exit Function Hash HashMap HashSet " +
    "Inspectable Iterable MutableHashMap MutableHashSet MutableList Number Option Order Pipeable Predicate Record " +
    "Result String Struct Tuple Types").split(" ").map((name) => `effect/${name}`)
)

const maxLinesOfCode = 250
const topLevel = /^(?:package\.json|package-lock\.json|tsconfig\.json|src|test|bench|docs|README\.md|LICENSE|\..+)$/
const machinePaths = /\/(?:work|farm|root)\/|\/tmp\/(?:bash|studio)/

const root = fileURLToPath(new URL("..", import.meta.url))
const read = (file: string) => fs.readFileSync(path.join(root, file), "utf8")
const sources = filesUnder(root, "src", ".ts")
const imports: ReadonlyMap<string, ReadonlyArray<Import>> = new Map(
  ["src", "test", "bench", "docs"].flatMap((folder) => filesUnder(root, folder, ".ts"))
    .map((file) => [file, importsOf(read(file))])
)
const tracked = fs.existsSync(path.join(root, ".git"))
  ? execFileSync("git", ["ls-files", "-z"], { cwd: root, encoding: "utf8" }).split("\0").filter((file) => file !== "")
  : undefined

const isRelative = (specifier: string) => specifier.startsWith(".")
const resolve = (file: string, specifier: string) => path.posix.join(path.posix.dirname(file), specifier)
const valuesOf = (file: string) => (imports.get(file) ?? []).filter((one) => !one.typeOnly)
const layerOf = (file: string) => /^src\/([^/]+)\//.exec(file)?.[1]
const rankOf = (layer: string) => layers.findIndex((names) => names.includes(layer))

/** `rule` says what is wrong with one import, or nothing. */
const violations = (
  files: Iterable<string>,
  rule: (file: string, one: Import) => string | undefined
): ReadonlyArray<string> =>
  Array.from(files).flatMap((file) =>
    (imports.get(file) ?? []).flatMap((one) => {
      const wrong = rule(file, one)
      return wrong === undefined ? [] : [`${file} imports ${one.specifier}: ${wrong}`]
    })
  )

/** The first circle of value imports through `sources`, as a path. */
const findCycle = (): ReadonlyArray<string> => {
  const done = new Set<string>()
  const visit = (file: string, trail: ReadonlyArray<string>): ReadonlyArray<string> => {
    if (trail.includes(file)) return [...trail.slice(trail.indexOf(file)), file]
    if (done.has(file)) return []
    done.add(file)
    for (const { specifier } of valuesOf(file)) {
      const cycle = isRelative(specifier) ? visit(resolve(file, specifier), [...trail, file]) : []
      if (cycle.length > 0) return cycle
    }
    return []
  }
  for (const file of sources) {
    const cycle = visit(file, [])
    if (cycle.length > 0) return cycle
  }
  return []
}

/** What a file reaches at run time that is no pure module, with the way there. */
const impure = (file: string, trail: ReadonlyArray<string>, seen: Set<string>): ReadonlyArray<string> => {
  if (seen.has(file)) return []
  seen.add(file)
  return valuesOf(file).flatMap(({ specifier }) => {
    if (isRelative(specifier)) return impure(resolve(file, specifier), [...trail, file], seen)
    return pureEffect.has(specifier) ? [] : [[...trail, file, specifier].join(" → ")]
  })
}

describe("imports", () => {
  it("point left only: effect ← channel ← actor ← pool ← adapter | observer | cluster", () => {
    assert.deepStrictEqual(
      violations(sources, (file, { specifier }) => {
        const from = layerOf(file)
        if (!isRelative(specifier) || from === undefined) return undefined
        const target = resolve(file, specifier)
        const to = layerOf(target)
        if (rankOf(from) < 0) return `src/${from} is no layer`
        if (to === undefined) return "only a file of a layer may be imported"
        return to === from || (rankOf(to) >= 0 && rankOf(to) < rankOf(from))
          ? undefined
          : `src/${from} is left of src/${to}`
      }),
      []
    )
  })

  it("of channel, actor and pool name an effect subpath or a relative .ts file", () => {
    const files = sources.filter((file) => layerOf(file) === undefined || core.includes(layerOf(file)!))
    assert.deepStrictEqual(
      violations(
        files,
        (_, { specifier }) =>
          isRelative(specifier)
            ? undefined
            : specifier.startsWith("effect/")
            ? undefined
            : "neither effect/… nor relative"
      ),
      []
    )
  })

  it("of the outer layers name what package.json declares for users", () => {
    const declared = Object.keys((JSON.parse(read("package.json")) as { peerDependencies: object }).peerDependencies)
    const files = sources.filter((file) => layerOf(file) !== undefined && !core.includes(layerOf(file)!))
    assert.deepStrictEqual(
      violations(
        files,
        (_, { specifier }) =>
          isRelative(specifier) || declared.some((name) => specifier === name || specifier.startsWith(`${name}/`))
            ? undefined
            : "not a peer dependency"
      ),
      []
    )
  })

  it("that are relative name an existing .ts file and stay in reach", () => {
    const reach: Record<string, ReadonlyArray<string>> = {
      src: ["src"],
      test: ["test", "src", "docs", "bench"],
      bench: ["bench", "src", "docs"],
      docs: ["docs"]
    }
    assert.deepStrictEqual(
      violations(imports.keys(), (file, { specifier }) => {
        if (!isRelative(specifier)) return undefined
        const target = resolve(file, specifier)
        const folder = file.split("/")[0] ?? ""
        if (!(reach[folder] ?? []).includes(target.split("/")[0] ?? "")) return `out of reach of ${folder}`
        return /\.(?:ts|json)$/.test(target) && fs.existsSync(path.join(root, target)) ? undefined : "no such .ts file"
      }),
      []
    )
  })

  it("run in no circle, type-only ones excepted", () => {
    assert.deepStrictEqual(findCycle(), [])
  })

  it("of a deterministic file reach no runtime", () => {
    const files = sources.filter((file) => deterministic.some((pattern) => pattern.test(file)))
    assert.deepStrictEqual(files.flatMap((file) => impure(file, [], new Set())), [])
  })
})

describe("files", () => {
  it(`of src have at most ${maxLinesOfCode} lines of code`, () => {
    const long = sources.map((file) => ({ file, lines: linesOfCode(read(file)) }))
      .filter(({ lines }) => lines > maxLinesOfCode)
    assert.deepStrictEqual(long, [])
  })

  it.skipIf(tracked === undefined)("at the top level are those of the design", () => {
    const names = new Set(tracked?.map((file) => file.split("/")[0] ?? ""))
    assert.deepStrictEqual([...names].filter((name) => !topLevel.test(name)), [])
  })

  it.skipIf(tracked === undefined)("name no path of somebody's machine", () => {
    const texts = (tracked ?? []).filter((file) => file !== "package-lock.json" && fs.existsSync(path.join(root, file)))
    const hits = texts.flatMap((file) =>
      read(file).split("\n").flatMap((line, index) => machinePaths.test(line) ? [`${file}:${index + 1}: ${line}`] : [])
    )
    assert.deepStrictEqual(hits, [])
  })
})
