/**
 * A scheduler that runs its tasks in an order drawn from a seed, and makes fibers yield where the seed says: the same
 * seed gives the same interleaving. After loom and Pony's systematic testing.
 *
 * Replay one with `SEED=…`. Not under its control: timers and other input of the real world; use `TestClock`.
 */
import { Effect, type Fiber, type Scheduler } from "effect"

/** Mulberry32. */
export const random = (seed: number): () => number => {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

export class SeededScheduler implements Scheduler.Scheduler {
  readonly executionMode = "async"
  readonly #random: () => number
  readonly #tasks: Array<() => void> = []
  #isRunning = false

  constructor(seed: number) {
    this.#random = random(seed)
  }

  shouldYield(fiber: Fiber.Fiber<unknown, unknown>): boolean {
    // Never before the first operation, as no real scheduler does: a fiber that is interrupted before it has begun would
    // yield with the interruption in hand, and then begin all the same.
    return fiber.currentOpCount > 1 && this.#random() < 0.2
  }

  makeDispatcher(): Scheduler.SchedulerDispatcher {
    return {
      scheduleTask: (task) => {
        this.#tasks.push(task)
        if (this.#isRunning) return
        this.#isRunning = true
        setImmediate(() => this.#run())
      },
      flush: () => this.#run()
    }
  }

  #run(): void {
    while (this.#tasks.length > 0) {
      const [task] = this.#tasks.splice(Math.floor(this.#random() * this.#tasks.length), 1)
      task?.()
    }
    this.#isRunning = false
  }
}

/**
 * Runs a race once per seed. `race` verifies what must hold in any case, and gives the name of its outcome; unless each
 * of `outcomes` was seen, and no other, the test fails.
 */
export const interleavings = async <Outcome extends string>(options: {
  readonly outcomes: ReadonlyArray<Outcome>
  readonly race: Effect.Effect<Outcome>
  readonly seeds?: number | undefined
}): Promise<Record<string, number>> => {
  const replayed = process.env["SEED"]
  const seen: Record<string, number> = {}
  const seeds = replayed === undefined
    ? Array.from({ length: options.seeds ?? 400 }, (_, i) => i + 1)
    : [Number(replayed)]
  for (const seed of seeds) {
    const outcome = await Effect.runPromise(options.race, { scheduler: new SeededScheduler(seed) }).catch((cause) => {
      throw new Error(`SEED=${seed} fails: ${String(cause)}`, { cause })
    })
    if (!options.outcomes.includes(outcome)) throw new Error(`SEED=${seed} has the outcome ${outcome}`)
    seen[outcome] = (seen[outcome] ?? 0) + 1
  }
  const missing = options.outcomes.filter((outcome) => seen[outcome] === undefined)
  if (replayed === undefined && missing.length > 0) {
    throw new Error(`never seen: ${missing.join(", ")}; seen: ${JSON.stringify(seen)}`)
  }
  return seen
}
