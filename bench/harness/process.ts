/** A subject in its process, seen from the parent: a number of cycles goes in, a round comes out. */
import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { atEnd } from "./cleanup.ts"
import type { Answer, Round } from "./subject.ts"
import type { Command } from "./workload.ts"

export interface SubjectProcess {
  /** Refused after `seconds`; the process is then over. */
  readonly round: (cycles: number, seconds: number) => Promise<Round>
  readonly stop: () => Promise<void>
}

/** A round that took longer than it may. */
export class TooSlow extends Error {
  readonly seconds: number

  constructor(seconds: number) {
    super(`a round takes more than ${seconds} s`)
    this.seconds = seconds
  }
}

const parse = (line: string): Answer => {
  try {
    return JSON.parse(line) as Answer
  } catch {
    return { error: `no answer but: ${line}` }
  }
}

export const spawnSubject = (
  { args, command, env }: Command,
  folder: string,
  environment: Readonly<Record<string, string>>
): SubjectProcess => {
  const { NODE_OPTIONS: _, ...inherited } = process.env
  const child = spawn(command, args, {
    cwd: folder,
    env: { ...inherited, ...environment, ...env },
    stdio: ["pipe", "pipe", "pipe"]
  })
  const kill = atEnd(() => child.kill("SIGKILL"))
  let complaints = ""
  let settle: ((answer: Answer) => void) | undefined
  const answer = (answer: Answer) => {
    settle?.(answer)
    settle = undefined
  }
  child.stderr.on("data", (chunk) => complaints = (complaints + String(chunk)).slice(-4_000))
  // A write to a process that is gone fails; its end says why.
  child.stdin.on("error", () => undefined)
  createInterface({ input: child.stdout }).on("line", (line) => answer(parse(line)))
  let gone: string | undefined
  const ended = new Promise<void>((resolve) => {
    const end = (reason: string) => {
      gone ??= reason
      answer({ error: gone })
      resolve()
    }
    child.on("error", (error) => end(error.message))
    child.on("close", (code, signal) => end(`the process ended with ${signal ?? code}\n${complaints}`))
  })
  return {
    round: async (cycles, seconds) => {
      if (gone !== undefined) throw new Error(gone)
      let timer: NodeJS.Timeout | undefined
      const result = await new Promise<Answer | TooSlow>((resolve) => {
        settle = resolve
        timer = setTimeout(() => resolve(new TooSlow(seconds)), seconds * 1_000)
        child.stdin.write(`${cycles}\n`)
      }).finally(() => clearTimeout(timer))
      if (result instanceof TooSlow) {
        kill()
        throw result
      }
      if ("error" in result) throw new Error(result.error)
      if (result.cycles !== cycles) throw new Error(`${result.cycles} cycles were completed, not ${cycles}`)
      return result
    },
    stop: async () => {
      child.stdin.end()
      // One that does not end when its input does is ended.
      const timer = setTimeout(kill, 2_000)
      await ended
      clearTimeout(timer)
      kill()
    }
  }
}
