/** W1 to W5 for what is used from Effect: the pools, and the floor without one. */
import { Effect, Exit, Scope } from "effect"
import { give, type Resource, Stock, take, touch } from "../harness/resource.ts"
import { type Round, type Subject, timed, unknownWorkload, type Wanted } from "../harness/subject.ts"
import { type Expired, expiring } from "./expiring.ts"
import { atOnce, forkAll, makeTally, repeat } from "./loops.ts"
import { heap, waiters } from "./memory.ts"
import { burst, fibers, maxLooks, type PoolSize, poolSize, wavesOf } from "./plan.ts"
import { countWaiting, holdAll, untilAllWait } from "./waiting.ts"

/** What a borrower does with the resource. */
export type Body = (resource: Resource) => Effect.Effect<void>

/** One pool as the workloads use it. Every call builds its effect anew, as a program does. */
export interface EffectPool {
  readonly borrow: (body: Body) => Effect.Effect<void, unknown>
  readonly borrowWithin: (millis: number, body: Body) => Effect.Effect<void, unknown>
  /** How many wait. */
  readonly waiting: Effect.Effect<number>
}

export type OpenPool = (
  stock: Stock,
  options: PoolSize
) => Effect.Effect<EffectPool, unknown, Scope.Scope>

const touched: Body = (resource) => Effect.sync(() => touch(resource))

const heldForAYield: Body = (resource) => {
  take(resource)
  return Effect.map(Effect.yieldNow, () => give(resource))
}

const untilNobodyWaits = Effect.fnUntraced(function*(pool: EffectPool) {
  let waiting = yield* pool.waiting
  for (let look = 0; look < maxLooks && waiting > 0; look++) {
    yield* Effect.yieldNow
    waiting = yield* pool.waiting
  }
  if (waiting !== 0) throw new Error(`${waiting} are still waiting`)
})

/** W3: all wait, then everything is given back, until the last has been served. */
const drain = (pool: EffectPool, size: number, waiters: number): Effect.Effect<void, unknown> =>
  Effect.gen(function*() {
    const giveBack = yield* holdAll(pool, size)
    const { all, one } = makeTally(waiters)
    yield* forkAll(waiters, () => Effect.orDie(Effect.map(pool.borrow(heldForAYield), one)))
    yield* untilAllWait(pool, waiters)
    giveBack()
    yield* all
  })

/** W4: all wait until they fail, then everything is given back, and the pool must be as good as new. */
const expire = (
  pool: EffectPool,
  size: number,
  waiters: number,
  millis: number
): Effect.Effect<Expired, unknown> =>
  Effect.gen(function*() {
    const giveBack = yield* holdAll(pool, size)
    let failed = 0
    const { all, one } = makeTally(waiters)
    const onFailure = () => {
      failed++
      one()
    }
    yield* forkAll(
      waiters,
      () => Effect.match(pool.borrowWithin(millis, touched), { onFailure, onSuccess: one })
    )
    const waited = yield* countWaiting(pool, waiters)
    yield* all
    giveBack()
    yield* pool.borrow(touched)
    yield* untilNobodyWaits(pool)
    return { failed, waited }
  })

type Rounds = (cycles: number) => Promise<Round>

const rounds = (pool: EffectPool, stock: Stock, size: PoolSize, wanted: Wanted): Rounds | undefined => {
  /** What was borrowed and given back is what counts. */
  const counting = (work: (cycles: number) => Effect.Effect<unknown, unknown>): Rounds => async (cycles) => {
    const before = stock.uses
    const nanos = await timed(() => Effect.runPromise(work(cycles)))
    return { nanos, cycles: stock.uses - before }
  }
  const wave = (waiters: number, millis: number) => Effect.runPromise(expire(pool, size.size, waiters, millis))
  switch (wanted.workload) {
    case "W1":
      return counting((cycles) => repeat(cycles, () => pool.borrow(touched)))
    case "W2":
      return counting((cycles) => atOnce(fibers, () => repeat(cycles / fibers, () => pool.borrow(heldForAYield))))
    case "W3":
      return counting((cycles) => repeat(wavesOf(cycles, wanted.size), () => drain(pool, size.size, wanted.size)))
    case "W4":
      return expiring(wanted.size, wave, wave)
    case "W5":
      return counting((cycles) => repeat(cycles / burst, () => atOnce(burst, () => pool.borrow(heldForAYield))))
    case "W8 waiter":
      return waiters(pool, size.size)
    case "W8 heap":
      return heap(counting((cycles) => repeat(cycles, () => pool.borrow(touched))))
    default:
      return undefined
  }
}

export const effectSubject = (name: string, open: OpenPool) => async (wanted: Wanted): Promise<Subject> => {
  const stock = new Stock()
  const size = poolSize(wanted)
  const scope = Scope.makeUnsafe()
  const pool = await Effect.runPromise(Scope.provide(open(stock, size), scope))
  const round = rounds(pool, stock, size, wanted)
  if (round === undefined) throw unknownWorkload(name, wanted)
  return { round, close: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}
