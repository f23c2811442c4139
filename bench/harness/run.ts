/** Rounds of all contenders of one size, interleaved, so that whatever drifts hits all alike. */
import * as fs from "node:fs"
import * as path from "node:path"
import { spawnSubject, type SubjectProcess } from "./process.ts"
import type { Row, Sample } from "./results.ts"
import { percentile } from "./statistics.ts"
import type { Round } from "./subject.ts"
import type { Command, Contender, ForeignProgram, Inspection, Mode, Size, Workload } from "./workload.ts"

type Environment = Readonly<Record<string, string>>
type Prepared = Awaited<ReturnType<ForeignProgram["prepare"]>>

/** Longer than this no round of a peer may take: it is then left out, with a note. */
const roundSeconds = 20
const ourSeconds = 60

interface Entrant {
  readonly contender: Contender
  readonly process: SubjectProcess | undefined
  readonly samples: Array<Sample>
  absent: string | undefined
}

const sampleOf = ({ bytes, cycles, latencies, nanos, retained }: Round): Sample => ({
  cost: nanos / cycles,
  ...(latencies === undefined ? {} : { p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) }),
  ...(bytes === undefined ? {} : { bytes }),
  ...(retained === undefined ? {} : { retained })
})

/** Without ours or the floor there is nothing to compare. */
const isEssential = ({ kind }: Contender) => kind === "ours" || kind === "floor"

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/^(?:\w*Error: )+/, "").split("\n")[0] ?? ""

export class Bench {
  readonly #stage: string
  readonly #mode: Mode
  readonly #limits: Mode
  readonly #say: (line: string) => void
  readonly #foreign = new Map<ForeignProgram, Promise<Prepared>>()
  /** Of what is no package. */
  readonly versions: Record<string, string> = {}

  /** `limits` are those of a contender's size that count; the guard's run is quick and needs the large ones. */
  constructor(stage: string, mode: Mode, say: (line: string) => void, limits = mode) {
    this.#stage = stage
    this.#mode = mode
    this.#limits = limits
    this.#say = say
  }

  /** All sizes of a workload, with all who take part, or those that are `needed`. */
  async run(
    workload: Workload,
    needed: (contender: Contender, size: Size) => boolean = () => true
  ): Promise<ReadonlyArray<Row>> {
    const provided = await workload.provide?.()
    try {
      const rows: Array<Row> = []
      for (const size of workload.sizes.filter(({ rounds }) => rounds[this.#mode] > 0)) {
        const contenders = workload.contenders.filter((contender) => needed(contender, size))
        if (contenders.length > 0) rows.push(...await this.#runSize(workload, size, contenders, provided?.env ?? {}))
      }
      return rows
    } finally {
      await provided?.stop()
    }
  }

  async inspect({ id, inspect }: Inspection): Promise<ReadonlyArray<Row>> {
    const started = Date.now()
    const rows = await inspect(this.#stage, this.#mode)
    this.#say(`${id}: ${((Date.now() - started) / 1_000).toFixed(1)} s`)
    return rows
  }

  async #runSize(
    workload: Workload,
    size: Size,
    contenders: ReadonlyArray<Contender>,
    environment: Environment
  ): Promise<ReadonlyArray<Row>> {
    const started = Date.now()
    const entrants: Array<Entrant> = []
    try {
      for (const contender of contenders) {
        entrants.push(await this.#enter(workload, size, contender, environment))
      }
      const warmUps = (size.warmUps ?? { full: 3, quick: 2 })[this.#mode]
      const count = warmUps + size.rounds[this.#mode]
      for (let round = 0; round < count; round++) {
        for (let turn = 0; turn < entrants.length; turn++) {
          await this.#takeTurn(entrants[(turn + round) % entrants.length]!, size, round >= warmUps)
        }
      }
    } finally {
      await Promise.all(entrants.flatMap(({ process }) => process === undefined ? [] : [process.stop()]))
    }
    const seconds = ((Date.now() - started) / 1_000).toFixed(1)
    const what = workload.counts === undefined ? workload.id : `${workload.id}, ${size.size} ${workload.counts}`
    this.#say(`${what}: ${seconds} s`)
    return entrants.map(({ absent, contender, samples }) => ({
      workload: workload.id,
      size: size.size,
      peer: contender.peer,
      kind: contender.kind,
      samples: absent === undefined ? samples : [],
      ...(absent === undefined ? {} : { absent })
    }))
  }

  async #enter(workload: Workload, size: Size, contender: Contender, environment: Environment): Promise<Entrant> {
    const none = (absent: string): Entrant => {
      this.#say(`${workload.id}: without ${contender.peer}: ${absent}`)
      return { contender, process: undefined, samples: [], absent }
    }
    const { limit } = contender
    if (limit !== undefined && size.size > limit[this.#limits]) {
      return { contender, process: undefined, samples: [], absent: limit.because }
    }
    const command = await this.#commandOf(contender, workload.id, size.size)
    if ("missing" in command) return none(command.missing)
    return {
      contender,
      process: spawnSubject(command, this.#stage, environment),
      samples: [],
      absent: undefined
    }
  }

  async #takeTurn(entrant: Entrant, { cycles, size: unit }: Size, counts: boolean): Promise<void> {
    if (entrant.process === undefined || entrant.absent !== undefined) return
    const { contender } = entrant
    const { oneIn = 1 } = contender
    try {
      const asked = Math.max(unit, Math.floor(cycles / oneIn / unit) * unit)
      const round = await entrant.process.round(asked, isEssential(contender) ? ourSeconds : roundSeconds)
      if (counts) entrant.samples.push(sampleOf(round))
    } catch (error) {
      if (isEssential(contender)) throw new Error(`${contender.peer}: ${String(error)}`, { cause: error })
      entrant.absent = firstLine(error)
      this.#say(`without ${contender.peer}: ${String(error)}`)
    }
  }

  async #commandOf(
    { nodeFlags = [], program }: Contender,
    workload: string,
    size: number
  ): Promise<Command | { readonly missing: string }> {
    if (typeof program === "string") {
      const child = path.join(this.#stage, "bench", "harness", "child.js")
      return { command: process.execPath, args: [...nodeFlags, child, program, workload, String(size)] }
    }
    let prepared = this.#foreign.get(program)
    if (prepared === undefined) {
      const folder = path.join(this.#stage, program.name)
      fs.mkdirSync(folder, { recursive: true })
      prepared = program.prepare(folder)
      this.#foreign.set(program, prepared)
    }
    const outcome = await prepared
    if ("missing" in outcome) return outcome
    this.versions[program.name] = outcome.version
    return outcome.command(workload, size)
  }
}
