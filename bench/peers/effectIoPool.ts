/** W1 to W5 for `@effect/io`, the Effect of 2023: its pool has `get` alone. The same steps as in `effectPool.ts`. */
import * as Effect from "@effect/io/Effect"
import * as Exit from "@effect/io/Exit"
import * as Pool from "@effect/io/Pool"
import * as Ref from "@effect/io/Ref"
import * as Scope from "@effect/io/Scope"
import { type Expired, expiring } from "../drivers/expiring.ts"
import { burst, fibers, maxLooks, type PoolSize, poolSize, wavesOf } from "../drivers/plan.ts"
import { give, letGo, type Resource, Stock, take, touch } from "../harness/resource.ts"
import { type Round, type Subject, timed, unknownWorkload, type Wanted } from "../harness/subject.ts"

type Io<A = void, E = never> = Effect.Effect<never, E, A>
type Body = (resource: Resource) => Io
type ResourcePool = Pool.Pool<never, Resource>

/** What its pool keeps; below zero, so many wait. */
interface Internals {
  readonly state: Ref.Ref<{ readonly free: number }>
}

const touched: Body = (resource) => Effect.sync(() => touch(resource))

const heldForAYield: Body = (resource) => {
  take(resource)
  return Effect.map(Effect.yieldNow(), () => give(resource))
}

const borrow = (pool: ResourcePool, body: Body): Io => Effect.scoped(Effect.flatMap(Pool.get(pool), body))

const borrowWithin = (pool: ResourcePool, millis: number, body: Body): Io<void, string> =>
  Effect.timeoutFail(borrow(pool, body), { duration: millis, onTimeout: () => "too late" })

const waitingOf = (pool: ResourcePool): Io<number> =>
  Effect.map(Ref.get((pool as unknown as Internals).state), ({ free }) => Math.max(0, -free))

const repeat = (count: number, cycle: () => Io): Io => {
  let left = count
  return Effect.whileLoop({
    while: () => left > 0,
    body: cycle,
    step: () => {
      left--
    }
  })
}

const forkAll = (count: number, cycle: () => Io): Io => repeat(count, () => Effect.asUnit(Effect.fork(cycle())))

const atOnce = (count: number, cycle: () => Io): Io =>
  Effect.forEach(Array.from({ length: count }), cycle, { concurrency: "unbounded", discard: true })

const makeTally = (expected: number) => {
  let left = expected
  let done = () => {}
  const all = Effect.async<never, never, void>((resume) => {
    if (left === 0) resume(Effect.unit)
    else done = () => resume(Effect.unit)
  })
  const one = () => {
    if (--left === 0) done()
  }
  return { all, one }
}

const yieldUntil = (condition: Io<boolean>, looks: number): Io<boolean> =>
  Effect.flatMap(condition, (holds) =>
    holds || looks === 0
      ? Effect.succeed(holds)
      : Effect.flatMap(Effect.yieldNow(), () => yieldUntil(condition, looks - 1)))

const expectWaiting = (pool: ResourcePool, waiters: number, looks: number): Io =>
  Effect.flatMap(
    yieldUntil(Effect.map(waitingOf(pool), (waiting) => waiting === waiters), looks),
    (holds) =>
      holds
        ? Effect.unit
        : Effect.flatMap(waitingOf(pool), (waiting) => Effect.die(new Error(`${waiting} wait, not ${waiters}`)))
  )

const holdAll = (pool: ResourcePool, size: number): Io<() => void> => {
  const free: Array<() => void> = []
  const hold: Body = (resource) => {
    take(resource)
    return Effect.async((resume) => {
      free.push(() => {
        letGo(resource)
        resume(Effect.unit)
      })
    })
  }
  return Effect.flatMap(
    forkAll(size, () => borrow(pool, hold)),
    () =>
      Effect.as(yieldUntil(Effect.sync(() => free.length === size), maxLooks), () => free.forEach((letOne) => letOne()))
  )
}

const drain = (pool: ResourcePool, size: number, waiters: number): Io =>
  Effect.gen(function*(_) {
    const giveBack = yield* _(holdAll(pool, size))
    const { all, one } = makeTally(waiters)
    yield* _(forkAll(waiters, () => Effect.map(borrow(pool, heldForAYield), one)))
    yield* _(expectWaiting(pool, waiters, 16))
    giveBack()
    yield* _(all)
  })

const expire = (pool: ResourcePool, size: number, waiters: number, millis: number): Io<Expired> =>
  Effect.gen(function*(_) {
    const giveBack = yield* _(holdAll(pool, size))
    let failed = 0
    const { all, one } = makeTally(waiters)
    const onFailure = () => {
      failed++
      one()
    }
    const cycle = () => borrowWithin(pool, millis, touched)
    yield* _(forkAll(waiters, () => Effect.match(cycle(), { onFailure, onSuccess: one })))
    yield* _(yieldUntil(Effect.map(waitingOf(pool), (waiting) => waiting === waiters), 16))
    const waited = yield* _(waitingOf(pool))
    yield* _(all)
    giveBack()
    yield* _(borrow(pool, touched))
    yield* _(expectWaiting(pool, 0, maxLooks))
    return { failed, waited }
  })

const rounds = (pool: ResourcePool, stock: Stock, { size }: PoolSize, wanted: Wanted) => {
  const counting = (work: (cycles: number) => Io) => async (cycles: number): Promise<Round> => {
    const before = stock.uses
    const nanos = await timed(() => Effect.runPromise(work(cycles)))
    return { nanos, cycles: stock.uses - before }
  }
  switch (wanted.workload) {
    case "W1":
      return counting((cycles) => repeat(cycles, () => borrow(pool, touched)))
    case "W2":
      return counting((cycles) => atOnce(fibers, () => repeat(cycles / fibers, () => borrow(pool, heldForAYield))))
    case "W3":
      return counting((cycles) => repeat(wavesOf(cycles, wanted.size), () => drain(pool, size, wanted.size)))
    case "W4":
      return expiring(
        wanted.size,
        (waiters, millis) => Effect.runPromise(expire(pool, size, waiters, millis)),
        undefined
      )
    case "W5":
      return counting((cycles) => repeat(cycles / burst, () => atOnce(burst, () => borrow(pool, heldForAYield))))
    default:
      return undefined
  }
}

export const subject = async (wanted: Wanted): Promise<Subject> => {
  const stock = new Stock()
  const size = poolSize(wanted)
  const acquire = Effect.acquireRelease(Effect.sync(stock.open), (resource) => Effect.sync(() => stock.close(resource)))
  const make = size.overflow === 0
    ? Pool.make({ acquire, size: size.size })
    : Pool.makeWithTTL({ acquire, min: size.size, max: size.size + size.overflow, timeToLive: "1 minutes" })
  const scope = await Effect.runPromise(Scope.make())
  const pool = await Effect.runPromise(Scope.extend(make, scope))
  const round = rounds(pool, stock, size, wanted)
  if (round === undefined) throw unknownWorkload("@effect/io Pool", wanted)
  return { round, close: () => Effect.runPromise(Scope.close(scope, Exit.unit)) }
}
