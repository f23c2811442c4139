/**
 * Puts one fault after the other into the code, and expects the tests named for it to fail.
 *
 *     npm run mutants                  all of them, two at a time
 *     npm run mutants -- --one-in 8    the first 207, and every eighth of those of the policies; that all apply is checked
 *     npm run mutants -- lifo-waiters  only these
 *
 * A fault whose tests still pass has survived: a rule of ours that no test guards. A fault that no longer applies is an
 * error too: the list is part of the suite and follows the code.
 */
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { core, type Mutant, mutants, mutate } from "./mutants.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const vitest = path.join(root, "node_modules/vitest/vitest.mjs")
const config = "test/mutants/vitest.config.ts"
const temp = fs.mkdtempSync(path.join(os.tmpdir(), "whitepool-mutants-"))
process.on("exit", () => fs.rmSync(temp, { recursive: true, force: true }))
const timeout = 20_000
const abreast = 2

interface Outcome {
  readonly failed: boolean
  readonly hung: boolean
  readonly output: string
}

/** Runs these test files with that fault, if any. */
const runTests = (tests: ReadonlyArray<string>, mutant: Mutant | undefined): Promise<Outcome> =>
  new Promise((resolve) => {
    const env = {
      ...process.env,
      NO_COLOR: "1",
      // A run that hangs is killed, and could not remove its temporary files itself.
      TMPDIR: temp,
      SEED: "1",
      RUNS: "400",
      ...(mutant === undefined ? {} : { MUTANT: mutant.id })
    }
    const bail = mutant === undefined ? ["--bail=0"] : []
    const child = spawn(process.execPath, [vitest, "run", "--config", config, ...bail, ...tests], {
      cwd: root,
      env,
      // A group of its own, so that a hung run is ended with its workers.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"]
    })
    let output = ""
    let hung = false
    child.stdout.on("data", (chunk) => output += String(chunk))
    child.stderr.on("data", (chunk) => output += String(chunk))
    const timer = setTimeout(() => {
      hung = true
      process.kill(-child.pid!, "SIGKILL")
    }, mutant === undefined ? 30 * timeout : timeout)
    child.on("close", (code) => {
      clearTimeout(timer)
      resolve({ failed: code !== 0, hung, output })
    })
  })

type Verdict = "killed" | "killed (hung)" | "SURVIVED" | "BROKEN"

/** Only a test that failed kills; a file that could not even be loaded proves nothing. */
const verdictOf = ({ failed, hung, output }: Outcome): Verdict => {
  if (hung) return "killed (hung)"
  if (!failed) return "SURVIVED"
  return /Tests\s+.*\d+ failed|Errors\s+\d+ error/.test(output) ? "killed" : "BROKEN"
}

const firstFailure = (output: string): string =>
  /^\s*FAIL\s+(.*)$/m.exec(output)?.[1]?.replace(/^test\//, "").slice(0, 110) ?? ""

/** The files in which something failed. */
const failedFiles = (output: string): ReadonlySet<string> =>
  new Set(Array.from(output.matchAll(/^\s*FAIL\s+(\S+)/gm), ([, file]) => file!))

const problemOf = (mutant: Mutant): string | undefined => {
  const missing = mutant.tests.filter((test) => !fs.existsSync(path.join(root, test)))
  if (missing.length > 0) return `${missing.join(", ")} is not there`
  try {
    mutate(fs.readFileSync(path.join(root, mutant.file), "utf8"), mutant)
    return undefined
  } catch (error) {
    return String(error)
  }
}

const main = async (): Promise<number> => {
  const { positionals: only, values } = parseArgs({ allowPositionals: true, options: { "one-in": { type: "string" } } })
  const oneIn = Number(values["one-in"] ?? 1)
  if (!Number.isSafeInteger(oneIn) || oneIn < 1) {
    console.error(`--one-in wants a whole number of at least 1, not ${values["one-in"]}`)
    return 1
  }
  const isSampled = (mutant: Mutant, index: number) => core.includes(mutant) || index % oneIn === 0
  const chosen = mutants.filter((mutant, index) =>
    only.length === 0 ? isSampled(mutant, index) : only.includes(mutant.id)
  )
  const unknown = only.filter((id) => mutants.every((mutant) => mutant.id !== id))
  const problems = (only.length === 0 ? mutants : chosen).flatMap((mutant) => {
    const problem = problemOf(mutant)
    return problem === undefined ? [] : [`${mutant.id}: ${problem}`]
  })
  if (new Set(mutants.map(({ id }) => id)).size < mutants.length) problems.push("two mutants have the same name")
  for (const problem of [...problems, ...unknown.map((id) => `${id}: there is no such mutant`)]) console.error(problem)
  const applicable = chosen.filter((mutant) => problemOf(mutant) === undefined)

  const started = Date.now()
  const tests = [...new Set(applicable.flatMap((mutant) => mutant.tests))]
  const sound = await runTests(tests, undefined)
  const failing = failedFiles(sound.output)
  const seconds = () => ((Date.now() - started) / 1000).toFixed(0)
  console.log(`without a mutant ${tests.length} test files run in ${seconds()} s; ${failing.size} of them fail`)
  if (sound.failed) console.error(sound.output)
  if (sound.failed && failing.size === 0) return 1

  const queue = applicable.filter((mutant) => !mutant.tests.some((test) => failing.has(test)))
  // A test that fails anyway kills nothing.
  const unsound = applicable.filter((mutant) => !queue.includes(mutant))
  for (const { id, tests } of unsound) console.error(`NOT TRIED ${id}: without it, ${tests.join(", ")} fails already`)
  const survivors: Array<Mutant> = []
  const work = async (): Promise<void> => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const outcome = await runTests(mutant.tests, mutant)
      const verdict = verdictOf(outcome)
      if (!verdict.startsWith("killed")) survivors.push(mutant)
      console.log(
        `${verdict.padEnd(14)}${mutant.id.padEnd(30)}${mutant.stands.padEnd(14)}${firstFailure(outcome.output)}`
      )
      if (verdict === "BROKEN") console.error(outcome.output)
    }
  }
  await Promise.all(Array.from({ length: abreast }, work))
  console.log(
    `${applicable.length - unsound.length - survivors.length} of ${chosen.length} mutants killed in ${seconds()} s`
  )
  for (const { breaks, file, id } of survivors) console.error(`NOT KILLED ${id} (${file}): ${breaks}`)
  return survivors.length + unsound.length + problems.length + unknown.length > 0 ? 1 : 0
}

process.exitCode = await main()
