/**
 * Steps the user's back-off `Schedule`, in a fiber of the pool's own: a schedule is user code and may wait, fail or die.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import type { Fork } from "../../channel/internal/host.ts"

type Step = Effect.Success<ReturnType<typeof Schedule.toStep<unknown, Cause.Cause<unknown>, never, never>>>

/** Where a schedule gives no delay at all, ever. */
const fallback = 1_000

/** Exponential with jitter, 100 ms to 30 seconds. @internal */
export const defaultBackoff: Schedule.Schedule<unknown, Cause.Cause<unknown>> = Schedule.exponential("100 millis").pipe(
  Schedule.modifyDelay(({ duration }) => Effect.succeed(Duration.min(duration, Duration.seconds(30)))),
  Schedule.jittered
)

/** @internal */
export class Backoff {
  #schedule: Schedule.Schedule<unknown, Cause.Cause<unknown>>
  readonly #fork: Fork
  readonly #answer: (delay: number) => void
  /** The schedule is asked for a delay, which may take it a while. */
  #stepping: Fiber.Fiber<void> | undefined
  #step: Step | undefined
  #last = fallback

  constructor(
    schedule: Schedule.Schedule<unknown, Cause.Cause<unknown>>,
    fork: Fork,
    answer: (delay: number) => void
  ) {
    this.#schedule = schedule
    this.#fork = fork
    this.#answer = answer
  }

  /** Forks. `first`: the schedule begins anew. */
  ask(first: boolean, cause: Cause.Cause<unknown>): void {
    this.#stepping = this.#fork(Effect.map(this.next(first, cause), this.#answer))
  }

  stop(): void {
    this.#stepping?.interruptUnsafe()
  }

  /** Another one, which begins anew. */
  replace(schedule: Schedule.Schedule<unknown, Cause.Cause<unknown>>): void {
    if (schedule === this.#schedule) return
    this.#schedule = schedule
    this.#step = undefined
  }

  /** The next delay in milliseconds. `first`: the schedule begins anew. One that has ended, or dies, goes on with its last delay. */
  next(first: boolean, cause: Cause.Cause<unknown>): Effect.Effect<number> {
    return Effect.gen({ self: this }, function*() {
      if (first || this.#step === undefined) {
        this.#step = yield* Schedule.toStep(this.#schedule)
        this.#last = fallback
      }
      const now = yield* Clock.currentTimeMillis
      const [, delay] = yield* this.#step(now, cause)
      this.#last = Duration.toMillis(delay)
      return this.#last
    }).pipe(Effect.catchCause(() => Effect.sync(() => this.#last)))
  }
}
