/**
 * A pool, its callers, and a clock that nobody has to wait for: a whole run is one `TestClock.adjust`.
 *
 * The pool is the real one, with its shell, its fibers and its timer. Callers are fibers, too: each asks, works for a time
 * that was drawn for it, and gives back. Nothing else is left to chance and nothing looks at the real clock, so a run is the
 * same whenever it is run.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Scheduler from "effect/Scheduler"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { Pool } from "../../src/index.ts"
import { exponential, type Random, randomFrom, workTime } from "./random.ts"

/** Callers of one kind. */
export interface Traffic {
  /** Several may have the same one: they are counted together. */
  readonly name: string
  /** How much they ask for, in parts of what the pool can do. */
  readonly load: number
  /** For how many milliseconds they want an answer, and let the pool keep them waiting. */
  readonly patience: number
  readonly priority?: number | undefined
  readonly key?: string | undefined
}

export interface Run {
  readonly options: Omit<Partial<Pool.Options<object>>, "factory" | "size">
  readonly traffic: ReadonlyArray<Traffic>
  readonly seed: number
  /** Milliseconds before the first caller that counts: until then the queue grows to its length. */
  readonly warmUp: number
  /** Milliseconds in which callers count. */
  readonly span: number
}

/** What became of one caller. */
export interface Call {
  /** From asking to the answer, or to the refusal. */
  readonly took: number
  /** In the queue. */
  readonly waited: number
  /** `late`: an answer that nobody wanted any more. `refused`: turned away by the pool. `expired`: it has waited in vain. */
  readonly outcome: "answered" | "late" | "refused" | "expired"
}

/** Resources. */
export const size = 4

/** Milliseconds for which a caller works with one, on average. */
export const work = 20

/** What the pool can do: callers in a millisecond. */
export const capacity = size / work

/** Those who have asked within the span, by the name of their traffic, in the order in which it was over for them. */
export const simulate = (run: Run): Promise<ReadonlyMap<string, ReadonlyArray<Call>>> =>
  Effect.runPromise(
    Effect.scoped(simulation(run)).pipe(Effect.provide(TestClock.layer({ warningDelay: "1 day" }))),
    // Its tasks are microtasks, so nothing else comes between them, and no two steps are parted by a turn of the event loop.
    { scheduler: new Scheduler.MixedScheduler("sync") }
  )

const simulation = Effect.fnUntraced(function*({ options, seed, span, traffic, warmUp }: Run) {
  const session = yield* Pool.make({ ...options, factory: Effect.sync(() => ({})), size })
  const clock = yield* Clock.Clock
  const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const calls = new Map<string, Array<Call>>(traffic.map(({ name }) => [name, []]))
  const unexpected = new Set<string>()
  for (const [index, each] of traffic.entries()) {
    const record = (askedAt: number, call: Call | string): void => {
      if (typeof call === "string") unexpected.add(call)
      else if (askedAt >= warmUp && askedAt < warmUp + span) calls.get(each.name)!.push(call)
    }
    // Each has numbers of its own, so more of one leaves the others as they were.
    yield* Effect.forkScoped(callers(session, each, randomFrom(seed + index), now, record))
  }
  const longest = Math.max(...traffic.map(({ patience }) => patience))
  // The last ones that count have their answers in the same crowd as the first.
  yield* TestClock.adjust(warmUp + span + longest + 10 * work)
  if (unexpected.size > 0) return yield* Effect.die(new Error(`the pool answers ${[...unexpected].join(" and ")}`))
  return calls
})

type Session = Pool.Session<object>
type Now = () => number
type Record = (askedAt: number, call: Call | string) => void

const callers = (
  session: Session,
  traffic: Traffic,
  random: Random,
  now: Now,
  record: Record
): Effect.Effect<never, never, Scope.Scope> =>
  Effect.gen(function*() {
    yield* Effect.sleep(exponential(random, 1 / (capacity * traffic.load)))
    yield* Effect.forkScoped(caller(session, traffic, workTime(random, work), now, record))
  }).pipe(Effect.forever)

const caller = Effect.fnUntraced(function*(
  session: Session,
  { key, patience, priority }: Traffic,
  worksFor: number,
  now: Now,
  record: Record
) {
  const askedAt = now()
  let lentAt: number | undefined
  const body = () => {
    lentAt = now()
    // What a database has begun it ends, whether anybody still waits for it or not.
    return Effect.sleep(worksFor)
  }
  const result = yield* Effect.result(session.use(body, { timeout: patience, priority, key }))
  const took = now() - askedAt
  const waited = (lentAt ?? now()) - askedAt
  if (Result.isSuccess(result)) {
    return record(askedAt, { took, waited, outcome: took <= patience ? "answered" : "late" })
  }
  switch (result.failure._tag) {
    case "CheckoutTimeout":
      return record(askedAt, { took, waited, outcome: "expired" })
    case "PoolOverloaded":
      return record(askedAt, { took, waited, outcome: "refused" })
    default:
      // Nothing fails here but waiting for too long: the figures would be of something else.
      return record(askedAt, result.failure._tag)
  }
})
