/** What a run was taken on, and of what. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import type { Machine } from "./results.ts"
import { root } from "./stage.ts"

export const machine = (): Machine => ({
  processor: os.cpus()[0]?.model.trim() ?? "unknown",
  cores: os.availableParallelism(),
  memory: `${Math.round(os.totalmem() / 2 ** 30)} GB`,
  system: `${os.type()} ${os.release()}, ${os.arch()}`
})

const packages = ["effect", "@effect/io", "generic-pool", "tarn", "lightning-pool", "pg-pool", "pg"]

const versionOf = (name: string): string => {
  const manifest = JSON.parse(fs.readFileSync(path.join(root, "node_modules", name, "package.json"), "utf8")) as {
    readonly version: string
  }
  return manifest.version
}

export const versions = (): Readonly<Record<string, string>> => ({
  node: process.versions.node,
  v8: process.versions.v8,
  ...Object.fromEntries(packages.map((name) => [name, versionOf(name)]))
})

const git = (...args: ReadonlyArray<string>): string | undefined => {
  const { status, stdout } = spawnSync("git", args, { cwd: root, encoding: "utf8" })
  return status === 0 ? stdout.trim() : undefined
}

/** With what is not committed, if it goes into the package. */
export const commit = (): string => {
  const hash = git("rev-parse", "--short", "HEAD")
  if (hash === undefined) return "unknown"
  return git("status", "--porcelain", "--", "src", "package.json") === "" ? hash : `${hash} with changes`
}
