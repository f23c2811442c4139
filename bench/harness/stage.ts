/**
 * Where subjects run: a temporary folder with the bench compiled by tsc, the project as it is packed, and links to every
 * other package of the repository, so that there is one copy of effect.
 *
 * Nothing runs through a loader: one that keeps the names of functions would cost every closure something.
 */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { atEnd } from "./cleanup.ts"

export const root = fileURLToPath(new URL("../..", import.meta.url))

const run = (cwd: string, command: string, ...args: ReadonlyArray<string>): string => {
  const { error, status, stderr, stdout } = spawnSync(command, args, { cwd, encoding: "utf8" })
  if (error !== undefined) throw error
  if (status !== 0) throw new Error(`${[command, ...args].join(" ")} exits with ${status}\n${stdout}${stderr}`)
  return stdout
}

const compile = (folder: string) => {
  const config = path.join(folder, "tsconfig.json")
  fs.writeFileSync(path.join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }))
  fs.writeFileSync(
    config,
    JSON.stringify({
      extends: path.join(root, "bench", "tsconfig.json"),
      compilerOptions: {
        noEmit: false,
        // `check:types` has done it.
        noCheck: true,
        noResolve: true,
        types: [],
        declaration: false,
        declarationMap: false,
        sourceMap: false,
        paths: {},
        rootDir: root,
        outDir: folder
      },
      include: [path.join(root, "bench")]
    })
  )
  run(root, process.execPath, path.join(root, "node_modules", "typescript", "bin", "tsc"), "-p", config)
  fs.rmSync(config)
}

const install = (folder: string) => {
  const [tarball] = JSON.parse(run(root, "npm", "pack", "--silent", "--json", "--pack-destination", folder)) as [
    { readonly filename: string; readonly name: string }
  ]
  const target = path.join(folder, "node_modules", tarball.name)
  fs.mkdirSync(target, { recursive: true })
  run(folder, "tar", "-xzf", tarball.filename, "-C", target, "--strip-components", "1")
  fs.rmSync(path.join(folder, tarball.filename))
  const packages = path.join(root, "node_modules")
  for (const name of fs.readdirSync(packages)) {
    if (!name.startsWith(".") && name !== tarball.name) {
      fs.symlinkSync(path.join(packages, name), path.join(folder, "node_modules", name))
    }
  }
}

/** The folder, removed at the end of the run. */
export const makeStage = (): string => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "whitepool-bench-"))
  atEnd(() => fs.rmSync(folder, { recursive: true, force: true }))
  compile(folder)
  install(folder)
  return folder
}
