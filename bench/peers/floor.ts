/** What a workload costs in Effect with no pool at all: nothing can be below it that does the same. */
import { Effect, Exit, Scheduler } from "effect"
import { type Expired, expiring, type Wave } from "../drivers/expiring.ts"
import { atOnce, forkAll, makeTally, repeat } from "../drivers/loops.ts"
import { fibers, wavesOf } from "../drivers/plan.ts"
import { give, makeResource, type Resource, take } from "../harness/resource.ts"
import { type Round, type Subject, timed, unknownWorkload, type Wanted } from "../harness/subject.ts"

/** W1: two effects, built for this cycle. */
const idle = async (cycles: number): Promise<Round> => {
  const resource = makeResource()
  const borrow = () => {
    take(resource)
    return resource
  }
  const nanos = await timed(() =>
    Effect.runPromise(
      repeat(cycles, () => Effect.flatMap(Effect.sync(borrow), (resource) => Effect.sync(() => give(resource))))
    )
  )
  return { nanos, cycles: resource.uses }
}

/** W2: each cycle is one suspension, ended with all others of its batch, and one yield. */
const shared = async (cycles: number): Promise<Round> => {
  const dispatcher = new Scheduler.MixedScheduler().makeDispatcher()
  // Twice as many as can be held at once, so that going round meets none that is held.
  const resources = Array.from({ length: 2 * fibers }, makeResource)
  const grants = resources.map((resource) => Exit.succeed(resource))
  let next = 0
  let suspended: Array<(grant: Exit.Exit<Resource>) => void> = []
  const flush = () => {
    const batch = suspended
    suspended = []
    for (const resume of batch) resume(grants[next++ % grants.length]!)
  }
  const suspend = (resume: (grant: Exit.Exit<Resource>) => void) => {
    if (suspended.push(resume) === 1) dispatcher.scheduleTask(flush, 0)
  }
  const body = (resource: Resource) => {
    take(resource)
    return Effect.map(Effect.yieldNow, () => give(resource))
  }
  const cycle = () => Effect.flatMap(Effect.callback(suspend), body)
  const nanos = await timed(() => Effect.runPromise(atOnce(fibers, () => repeat(cycles / fibers, cycle))))
  return { nanos, cycles: resources.reduce((sum, { uses }) => sum + uses, 0) }
}

/** W3: every fiber yields once. */
const forked = (waiters: number) => async (cycles: number): Promise<Round> => {
  let served = 0
  const wave = () =>
    Effect.suspend(() => {
      const { all, one } = makeTally(waiters)
      const through = () => {
        served++
        one()
      }
      return Effect.andThen(forkAll(waiters, () => Effect.map(Effect.yieldNow, through)), all)
    })
  const nanos = await timed(() => Effect.runPromise(repeat(wavesOf(cycles, waiters), wave)))
  return { nanos, cycles: served }
}

/** W4: every fiber suspends, and one timer fails them all. */
const expire = (waiters: number, millis: number): Effect.Effect<Expired> =>
  Effect.suspend(() => {
    const { all, one } = makeTally(waiters)
    const suspended: Array<(effect: Effect.Effect<void, string>) => void> = []
    const suspend = (resume: (effect: Effect.Effect<void, string>) => void) => {
      if (suspended.push(resume) === waiters) setTimeout(failAll, millis)
    }
    const failAll = () => {
      for (const resume of suspended) resume(Effect.fail("too late"))
    }
    let failed = 0
    const onFailure = () => {
      failed++
      one()
    }
    const cycle = () => Effect.match(Effect.callback(suspend), { onFailure, onSuccess: one })
    return Effect.map(Effect.andThen(forkAll(waiters, cycle), all), () => ({ failed, waited: suspended.length }))
  })

const wave: Wave = (waiters, millis) => Effect.runPromise(expire(waiters, millis))

export const subject = async (wanted: Wanted): Promise<Subject> => {
  switch (wanted.workload) {
    case "W1":
      return { round: idle }
    case "W2":
      return { round: shared }
    case "W3":
      return { round: forked(wanted.size) }
    case "W4":
      return { round: expiring(wanted.size, wave, wave) }
    default:
      throw unknownWorkload("the floor", wanted)
  }
}
