/**
 * The program of the example as a child process, and what it leaves behind.
 */
import { Effect } from "effect"
import { type ChildProcess, spawn } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../..", import.meta.url))

export interface Outcome {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
  readonly errors: string
}

export interface Running {
  readonly child: ChildProcess
  readonly output: () => string
  readonly outcome: Effect.Effect<Outcome>
}

type Environment = Readonly<Record<string, string | undefined>>

const start = (command: string, args: ReadonlyArray<string>, environment: Environment): Running => {
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, DATABASE_URL: undefined, ...environment },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let output = ""
  let errors = ""
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => output += chunk)
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => errors += chunk)
  const closed = new Promise<Outcome>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal, output, errors }))
  })
  return { child, output: () => output, outcome: Effect.promise(() => closed) }
}

const scoped = (running: () => Running) =>
  Effect.acquireRelease(
    Effect.sync(running),
    ({ child }) => Effect.sync(() => void child.kill("SIGKILL"))
  )

/** The program itself, in one process: what is killed here is what runs. */
export const program = (args: ReadonlyArray<string>, environment: Environment = {}) =>
  scoped(() => start(process.execPath, ["--import", "tsx", "docs/examples/postgres/main.ts", ...args], environment))

/** What the README says. */
export const npmStart = (args: ReadonlyArray<string>, environment: Environment = {}) =>
  scoped(() => start("npm", ["start", "--silent", "--", ...args], environment))

/** A directory in which only one program makes its temporary ones. */
export const temporaryDirectory = Effect.acquireRelease(
  Effect.sync(() => {
    const directory = Fs.mkdtempSync(Path.join(Os.tmpdir(), "whitepool-test-"))
    // The server may have to run as somebody else.
    Fs.chmodSync(directory, 0o777)
    return directory
  }),
  (directory) => Effect.sync(() => Fs.rmSync(directory, { recursive: true, force: true }))
)

/** The command lines of all processes that speak of this directory, and the directories of servers in it. */
export const leftovers = (directory: string): ReadonlyArray<string> => {
  const files = Fs.readdirSync(directory).filter((name) => name.startsWith("whitepool-pg-"))
  const processes = Fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const line = Fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
      return line.includes(directory) ? [line] : []
    } catch {
      return []
    }
  })
  return [...files, ...processes]
}

/** Without those that are empty. */
export const lines = (text: string): ReadonlyArray<string> => text.split("\n").filter((line) => line !== "")
