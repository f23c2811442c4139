/**
 * Interrupts a fiber at every point at which it can be interrupted, one run per point, and lets the test verify after
 * each run that nothing was lost.
 *
 * A fiber can only be interrupted from outside while it is suspended: where the run loop has made it yield, and where it
 * waits. Whatever wakes it is a task of the scheduler. So run number `k` interrupts the fiber just before the `k`-th
 * task since its start, whoever's task that is: its own yield, the flush that is about to deliver what it waits for, or
 * another fiber's. The first run that ends without having been interrupted completes the sweep.
 *
 * `MaxOpsBeforeYield` moves the yield points; a sweep goes through all of 3 to 64 unless told otherwise.
 */
import { Context, Effect, Exit, Fiber, Scheduler } from "effect"

export interface Sweep<S, A, E> {
  /** Made anew for each run, before the fiber starts. */
  readonly setup: Effect.Effect<S>
  /** What the fiber does that is interrupted. */
  readonly run: (setup: S) => Effect.Effect<A, E>
  /** What makes the wait of `run` end; starts after it, beside it, and must end whether it was interrupted or not. */
  readonly beside?: ((setup: S) => Effect.Effect<unknown>) | undefined
  /** After the end of both. Throws or dies where something was lost. */
  readonly verify: (setup: S, exit: Exit.Exit<A, E>) => Effect.Effect<void>
  readonly maxOps?: ReadonlyArray<number> | undefined
  /** What all of it runs with, such as a clock. */
  readonly context?: Context.Context<never> | undefined
}

export interface Swept {
  /** How many runs were interrupted. */
  readonly points: number
  /** How many of those ended with something else than the interruption: what it was too late for. */
  readonly tooLate: number
}

/** Interrupts its target just before the given task. */
class InterruptingScheduler extends Scheduler.MixedScheduler {
  #target: Fiber.Fiber<unknown, unknown> | undefined
  #left = 0
  hasInterrupted = false

  aim(target: Fiber.Fiber<unknown, unknown>, tasks: number): void {
    this.#target = target
    this.#left = tasks
  }

  override makeDispatcher(): ReturnType<Scheduler.MixedScheduler["makeDispatcher"]> {
    const dispatcher = super.makeDispatcher()
    const scheduleTask = dispatcher.scheduleTask.bind(dispatcher)
    dispatcher.scheduleTask = (task, priority) =>
      scheduleTask(() => {
        this.#beforeTask()
        task()
      }, priority)
    return dispatcher
  }

  #beforeTask(): void {
    const target = this.#target
    if (target === undefined || target.pollUnsafe() !== undefined || this.#left-- > 0) return
    this.#target = undefined
    this.hasInterrupted = true
    target.interruptUnsafe()
  }
}

const everyMaxOps = Array.from({ length: 62 }, (_, i) => i + 3)
const tooMany = 5_000

export const sweep = async <S, A, E>(options: Sweep<S, A, E>): Promise<Swept> => {
  let points = 0
  let tooLate = 0
  for (const maxOps of options.maxOps ?? everyMaxOps) {
    for (let point = 0;; point++) {
      if (point > tooMany) throw new Error(`the sweep does not end: ${tooMany} points with MaxOpsBeforeYield ${maxOps}`)
      const exit = await runOnce(options, maxOps, point).catch((cause: unknown) => {
        throw new Error(`at point ${point} with MaxOpsBeforeYield ${maxOps}: ${String(cause)}`, { cause })
      })
      if (exit === undefined) break
      points++
      if (!(Exit.isFailure(exit) && Exit.hasInterrupts(exit))) tooLate++
    }
  }
  return { points, tooLate }
}

/** The exit of the interrupted fiber; `undefined` when it ended before the point was reached. */
const runOnce = <S, A, E>(options: Sweep<S, A, E>, maxOps: number, point: number) => {
  const scheduler = new InterruptingScheduler()
  const program = Effect.gen(function*() {
    const setup = yield* options.setup
    const target = yield* Effect.forkChild(
      Effect.provideService(options.run(setup), Scheduler.MaxOpsBeforeYield, maxOps)
    )
    scheduler.aim(target, point)
    const beside = yield* Effect.forkChild(options.beside?.(setup) ?? Effect.void)
    const exit = yield* Fiber.await(target)
    yield* Fiber.join(beside)
    yield* options.verify(setup, exit)
    return scheduler.hasInterrupted ? exit : undefined
  })
  return Effect.runPromiseWith(options.context ?? Context.empty())(program, { scheduler })
}
