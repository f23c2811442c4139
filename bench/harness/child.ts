/**
 * The process of one subject: `node child.js <program> <workload> <size>`.
 *
 * Lines in: how many cycles. Lines out: what they took. It ends when its input ends.
 */
import { createInterface } from "node:readline"
import type { Answer, Program } from "./subject.ts"

const [name = "", workload = "", size = ""] = process.argv.slice(2)

const say = (answer: Answer): void => {
  process.stdout.write(`${JSON.stringify(answer)}\n`)
}

// Some pools wait by timers that do not keep a process.
setInterval(() => undefined, 60_000)

const run = async (): Promise<void> => {
  const program = await import(new URL(`../${name}.js`, import.meta.url).href) as Program
  const subject = await program.subject({ workload, size: Number(size) })
  for await (const line of createInterface({ input: process.stdin })) say(await subject.round(Number(line)))
  await subject.close?.()
}

try {
  await run()
  // A pool may have timers of its own that would keep the process.
  process.exit(0)
} catch (error) {
  say({ error: error instanceof Error ? error.stack ?? error.message : String(error) })
  process.exit(1)
}
