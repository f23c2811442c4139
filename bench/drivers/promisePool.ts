/** W1 to W5 for pools of promises. */
import { give, letGo, type Resource, Stock, take, touch } from "../harness/resource.ts"
import { type Round, type Subject, timed, unknownWorkload, type Wanted } from "../harness/subject.ts"
import { type Expired, expiring, type Wave } from "./expiring.ts"
import { burst, deadlineMillis, fibers, maxLooks, type PoolSize, poolSize, wavesOf } from "./plan.ts"

export interface PromisePool<R extends Resource> {
  readonly acquire: () => Promise<R>
  readonly release: (resource: R) => unknown
  /** How many wait. */
  readonly waiting: () => number
  readonly close: () => Promise<unknown>
}

export interface PromisePoolOptions extends PoolSize {
  /** How long an `acquire` may wait; given for W4 alone. */
  readonly timeout?: number | undefined
}

let yielded: Array<() => void> = []

const resumeAll = () => {
  const batch = yielded
  yielded = []
  for (const resume of batch) resume()
}

/** Gives the turn up to the event loop, as Effect's scheduler does it: all that yield in one turn go on in the next. */
const yieldOnce = () =>
  new Promise<void>((resolve) => {
    if (yielded.push(resolve) === 1) setImmediate(resumeAll)
  })

class Runner<R extends Resource> {
  readonly #pool: PromisePool<R>
  readonly #size: number

  constructor(pool: PromisePool<R>, size: number) {
    this.#pool = pool
    this.#size = size
  }

  /** W1 */
  async touch(cycles: number): Promise<void> {
    for (let i = 0; i < cycles; i++) {
      const resource = await this.#pool.acquire()
      touch(resource)
      this.#pool.release(resource)
    }
  }

  async #hold(): Promise<void> {
    const resource = await this.#pool.acquire()
    take(resource)
    await yieldOnce()
    give(resource)
    this.#pool.release(resource)
  }

  async #holdOften(cycles: number): Promise<void> {
    for (let i = 0; i < cycles; i++) {
      const resource = await this.#pool.acquire()
      take(resource)
      await yieldOnce()
      give(resource)
      this.#pool.release(resource)
    }
  }

  /** W2 */
  share(cycles: number): Promise<unknown> {
    return Promise.all(Array.from({ length: fibers }, () => this.#holdOften(cycles / fibers)))
  }

  /** W5 */
  async burst(cycles: number): Promise<void> {
    for (let i = 0; i < cycles / burst; i++) await Promise.all(Array.from({ length: burst }, () => this.#hold()))
  }

  async #holdAll(): Promise<() => void> {
    const resources = await Promise.all(Array.from({ length: this.#size }, () => this.#pool.acquire()))
    for (const resource of resources) take(resource)
    return () => {
      for (const resource of resources) {
        letGo(resource)
        this.#pool.release(resource)
      }
    }
  }

  async #countWaiting(waiters: number): Promise<number> {
    for (let look = 0; look < 16 && this.#pool.waiting() < waiters; look++) await yieldOnce()
    return this.#pool.waiting()
  }

  /** W3 */
  async drain(waiters: number): Promise<void> {
    const giveBack = await this.#holdAll()
    const all = Promise.all(Array.from({ length: waiters }, () => this.#hold()))
    const waiting = await this.#countWaiting(waiters)
    if (waiting !== waiters) throw new Error(`${waiting} wait of ${waiters}`)
    giveBack()
    await all
  }

  /** W4 */
  async expire(waiters: number): Promise<Expired> {
    const giveBack = await this.#holdAll()
    let failed = 0
    const fails = () => {
      failed++
    }
    const all = Promise.all(Array.from({ length: waiters }, () => this.#hold().catch(fails)))
    const waited = await this.#countWaiting(waiters)
    await all
    giveBack()
    await this.touch(1)
    for (let look = 0; look < maxLooks && this.#pool.waiting() > 0; look++) await yieldOnce()
    if (this.#pool.waiting() !== 0) throw new Error(`${this.#pool.waiting()} are still waiting`)
    return { failed, waited }
  }
}

export const promiseSubject = <R extends Resource>(
  name: string,
  open: (stock: Stock, options: PromisePoolOptions) => PromisePool<R>
) =>
async (wanted: Wanted): Promise<Subject> => {
  const stock = new Stock()
  const size = poolSize(wanted)
  const timeout = wanted.workload === "W4" ? { timeout: deadlineMillis(wanted.size) } : {}
  const pool = open(stock, { ...size, ...timeout })
  const runner = new Runner(pool, size.size)
  const counting = (work: (cycles: number) => Promise<unknown>) => async (cycles: number): Promise<Round> => {
    const before = stock.uses
    const nanos = await timed(() => work(cycles))
    return { nanos, cycles: stock.uses - before }
  }
  const waves = async (cycles: number, wave: () => Promise<void>) => {
    for (let i = 0; i < wavesOf(cycles, wanted.size); i++) await wave()
  }
  let other: Runner<R> | undefined
  /** In a pool of its own, whose deadline is short. It need not be fit for anything afterwards. */
  const warmUp: Wave = (waiters, millis) => {
    other ??= new Runner(open(new Stock(), { ...size, timeout: millis }), size.size)
    return other.expire(waiters).catch(() => ({ failed: 0, waited: 0 }))
  }
  const rounds: Record<string, (cycles: number) => Promise<Round>> = {
    W1: counting((cycles) => runner.touch(cycles)),
    W2: counting((cycles) => runner.share(cycles)),
    W3: counting((cycles) => waves(cycles, () => runner.drain(wanted.size))),
    W4: expiring(wanted.size, (waiters) => runner.expire(waiters), warmUp),
    W5: counting((cycles) => runner.burst(cycles))
  }
  const round = rounds[wanted.workload]
  if (round === undefined) throw unknownWorkload(name, wanted)
  return {
    round,
    close: async () => {
      await pool.close()
    }
  }
}
