/**
 * The package as a user gets it: packed, installed into an empty folder, imported
 * by plain Node, compiled against under two module resolutions, and linted.
 *
 * Run by `npm run test:pack`. Works in a temporary folder and leaves nothing behind.
 */
import * as assert from "node:assert/strict"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { filesUnder, importsOf } from "../support/modules.ts"

interface Manifest {
  readonly name: string
  readonly exports: Record<string, string | Record<string, string>>
  readonly devDependencies: Record<string, string>
}

const root = fileURLToPath(new URL("../..", import.meta.url))
const manifest = JSON.parse(fs.readFileSync(path.join(root, "package.json"), "utf8")) as Manifest
const consumer = fs.mkdtempSync(path.join(os.tmpdir(), "whitepool-pack-"))
const installed = path.join(consumer, "node_modules", manifest.name)
const entries = Object.keys(manifest.exports).filter((subpath) => !/\*|\.json$/.test(subpath))
  .map((subpath) => path.posix.join(manifest.name, subpath))
const bin = (name: string, file: string) => path.join(root, "node_modules", name, file)

/** Runs a program to its end and gives what it printed; a failure shows both streams. */
const run = (cwd: string, command: string, ...args: ReadonlyArray<string>): string => {
  const { error, status, stderr, stdout } = spawnSync(command, args, { cwd, encoding: "utf8" })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${[command, ...args].join(" ")} exits with ${status}\n${stdout}${stderr}`)
  return stdout
}
const node = (cwd: string, ...args: ReadonlyArray<string>) => run(cwd, process.execPath, ...args)
const write = (file: string, text: string) => fs.writeFileSync(path.join(consumer, file), text)

const pack = (): string => {
  const [tarball] = JSON.parse(run(root, "npm", "pack", "--silent", "--json", "--pack-destination", consumer)) as [
    { readonly filename: string; readonly files: ReadonlyArray<{ readonly path: string }> }
  ]
  const strange = tarball.files.map((file) => file.path)
    .filter((file) => !/^(?:dist\/.+\.(?:js|d\.ts|map)|src\/.+\.ts|package\.json|README\.md|LICENSE)$/.test(file))
  assert.deepEqual(strange, [], "files that do not belong into the package")
  return path.join(consumer, tarball.filename)
}

const install = (tarball: string) => {
  write("package.json", JSON.stringify({ name: "consumer", private: true, type: "module" }))
  const effect = `effect@${manifest.devDependencies["effect"]}`
  run(consumer, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--silent", tarball, effect)
}

const importEverySubpath = () => {
  for (const entry of entries) {
    write("import.mjs", `console.log(Object.keys(await import(${JSON.stringify(entry)})).join(" "))`)
    const names = node(consumer, "import.mjs").trim()
    assert.notEqual(names, "", `${entry} exports nothing`)
    console.log(`  ${entry}: ${names}`)
  }
}

const reachNoInternals = () => {
  const open = new Set(entries)
  const files = ["dist", "src"].flatMap((folder) => filesUnder(installed, folder, folder === "src" ? ".ts" : ".js"))
  const specifiers = files.flatMap((file) => {
    const short = file.replace(/^(?:dist|src)\//, "")
    return [file, short, short.replace(/\.(?:js|ts)$/, "")].map((one) => `${manifest.name}/${one}`)
  }).filter((specifier) => !open.has(specifier))
  assert.ok(specifiers.some((one) => one.includes("/internal/")), "there is no internal file to try")
  write(
    "internals.mjs",
    `for (const specifier of ${JSON.stringify(specifiers)}) {
      const code = await import(specifier).then(() => "no error", (error) => error.code)
      if (code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") console.log(specifier + ": " + code)
    }`
  )
  assert.equal(node(consumer, "internals.mjs"), "", "internals that can be imported")
  console.log(`  ${specifiers.length} paths refused`)
}

const compileAndRunAConsumer = () => {
  fs.copyFileSync(path.join(root, "test", "pack", "consumer.ts"), path.join(consumer, "consumer.ts"))
  write("every.ts", entries.map((entry, index) => `export * as entry${index} from "${entry}"`).join("\n"))
  for (const [module, moduleResolution] of [["nodenext", "nodenext"], ["esnext", "bundler"]]) {
    write(
      "tsconfig.json",
      JSON.stringify({
        compilerOptions: {
          module,
          moduleResolution,
          target: "es2022",
          lib: ["es2022", "dom", "dom.iterable"],
          types: [],
          strict: true,
          exactOptionalPropertyTypes: true,
          noUncheckedIndexedAccess: true,
          skipLibCheck: false,
          outDir: "out"
        },
        files: ["consumer.ts", "every.ts"]
      })
    )
    node(consumer, bin("typescript", "bin/tsc"), "-p", ".", "--pretty", "false")
    assert.equal(
      node(consumer, "out/consumer.js"),
      "40 PoolFull\n2\n2 a resource true\nclosed\n",
      "what the consumer prints"
    )
    console.log(`  moduleResolution ${moduleResolution}: compiles with skipLibCheck off, and runs`)
  }
}

const dependOnEffectAlone = () => {
  const files = filesUnder(installed, "dist", ".js").concat(filesUnder(installed, "dist", ".d.ts"))
  const wrong = files.flatMap((file) =>
    importsOf(fs.readFileSync(path.join(installed, file), "utf8"))
      .map(({ specifier }) => specifier)
      .filter((specifier) => !/^(?:\.{1,2}\/|effect(?:\/|$))/.test(specifier))
      .map((specifier) => `${file} imports ${specifier}`)
  )
  assert.deepEqual(wrong, [])
  console.log(`  ${files.length} files import effect and each other only`)
}

const mapToSources = () => {
  const maps = filesUnder(installed, "dist", ".map")
  assert.ok(maps.length > 0, "there are no source maps")
  for (const map of maps) {
    const { sources } = JSON.parse(fs.readFileSync(path.join(installed, map), "utf8")) as { sources: Array<string> }
    for (const source of sources) {
      const file = path.join(installed, path.dirname(map), source)
      assert.ok(fs.existsSync(file), `${map} names ${source}, which is not in the package`)
    }
  }
  console.log(`  ${maps.length} maps lead to files of the package`)
}

const lint = (tarball: string) => {
  node(root, bin("publint", "src/cli.js"), "run", tarball, "--strict")
  console.log("  publint --strict: clean")
  node(root, bin("@arethetypeswrong/cli", "dist/index.js"), tarball, "--profile", "esm-only", "--no-definitely-typed")
  console.log("  attw --profile esm-only: clean")
}

try {
  const tarball = pack()
  const steps: ReadonlyArray<readonly [name: string, step: () => void]> = [
    ["install into an empty folder", () => install(tarball)],
    ["import every subpath", importEverySubpath],
    ["reach no internals", reachNoInternals],
    ["compile and run a consumer", compileAndRunAConsumer],
    ["depend on effect alone", dependOnEffectAlone],
    ["map to sources", mapToSources],
    ["lint the package", () => lint(tarball)]
  ]
  for (const [name, step] of steps) {
    console.log(name)
    step()
  }
  console.log("the package is fit to publish")
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  fs.rmSync(consumer, { recursive: true, force: true })
}
