/**
 * Where everything that must not run inside a turn runs: starting and stopping workers, arming the timer, logging.
 *
 * One fiber of the pool's own, asleep until the flush that ends a batch of turns wakes it. A worker forked inside a turn
 * would inherit the async-local storage of whoever happened to post the message; this fiber has that of `Pool.make`.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Scheduler from "effect/Scheduler"

/** @internal */
export class Launcher {
  #jobs: Array<() => void> = []
  #resume: ((effect: Effect.Effect<void>) => void) | undefined
  #ended = false

  add(job: () => void): void {
    this.#jobs.push(job)
  }

  get hasWork(): boolean {
    return this.#jobs.length > 0
  }

  /** Called outside of any turn. Runs the jobs queued so far before it returns, unless the launcher is at work already. */
  wake(): void {
    const resume = this.#resume
    if (resume === undefined) return
    this.#resume = undefined
    resume(Effect.void)
  }

  /** The last wake: what is queued runs, then the fiber ends. */
  end(): void {
    this.#ended = true
    this.wake()
  }

  /** What a job causes is for the next wake: a resource that dies as soon as it is open must not hold the event loop. */
  readonly #work = (): void => {
    const jobs = this.#jobs
    this.#jobs = []
    for (const job of jobs) job()
  }

  /** The life of the launcher's fiber. It must not yield half-way: the flush that wakes it relies on its work being done. */
  readonly run: Effect.Effect<void> = Effect.whileLoop({
    while: () => !this.#ended || this.#jobs.length > 0,
    body: () =>
      Effect.callback<void>((resume) => {
        if (this.#ended) return resume(Effect.void)
        this.#resume = resume
      }),
    step: this.#work
  }).pipe(Effect.provideService(Scheduler.PreventSchedulerYield, true))
}
