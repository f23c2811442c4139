/**
 * One check of one resource: the user's effect in a fiber and a `Scope` of its own, both of which end with the check.
 *
 * It has no timer: how long a check may take is the machine's affair. It says exactly once how it has ended, in whatever
 * way its fiber ends. That is watched from outside, for an interruption before the first step would run no step that says
 * so, and Effect ends a fiber without unwinding it where user code, untyped, has returned something that is no Effect.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import type { Fork } from "../../channel/internal/host.ts"

/**
 * What a worker can be told to find out: `reset`, is its resource as good as new again, and to be kept? `validate` and
 * `probe`, is it well? `judge`, is it to be kept?
 *
 * @internal
 */
export type Job = "reset" | "validate" | "probe" | "judge"

/** What has come of it. @internal */
export interface Verdict {
  readonly job: Job
  /** It may be lent again. */
  readonly ok: boolean
  /** Why not, where something failed, died or threw. */
  readonly cause: Cause.Cause<unknown> | undefined
}

/** @internal */
export class Checkup {
  readonly #job: Job
  readonly #effect: Effect.Effect<unknown, unknown, Scope.Scope>
  readonly #fork: Fork
  readonly #report: (verdict: Verdict) => void
  readonly #scope = Scope.makeUnsafe()
  #fiber: Fiber.Fiber<void> | undefined
  #stopped = false
  #refused = false
  #cause: Cause.Cause<unknown> | undefined
  #isOver = false
  #onOver: (() => void) | undefined

  constructor(
    job: Job,
    effect: Effect.Effect<unknown, unknown, Scope.Scope>,
    fork: Fork,
    report: (verdict: Verdict) => void
  ) {
    this.#job = job
    this.#effect = effect
    this.#fork = fork
    this.#report = report
  }

  start(): void {
    const fiber = this.#fork(this.#life)
    this.#fiber = fiber
    fiber.addObserver((exit) => this.#end(exit))
    // Its first steps, run before there was a fiber to interrupt, may have killed the resource.
    if (this.#stopped) fiber.interruptUnsafe()
  }

  stop(): void {
    this.#stopped = true
    this.#fiber?.interruptUnsafe()
  }

  /** Nothing of it runs any more, its finalizers included. For one fiber to wait for. */
  readonly over: Effect.Effect<void> = Effect.callback((resume) => {
    if (this.#isOver) return resume(Effect.void)
    this.#onOver = () => resume(Effect.void)
  })

  readonly #life: Effect.Effect<void> = Effect.suspend(() =>
    Effect.matchCause(Scope.use(this.#effect, this.#scope), {
      onFailure: (cause) => void (this.#cause = cause),
      // What a reset gives back means nothing.
      onSuccess: (answer) => void (this.#refused = answer === false && this.#job !== "reset")
    })
  )

  #end(exit: Exit.Exit<void>): void {
    this.#cause ??= Exit.isFailure(exit) ? exit.cause : undefined
    if (this.#scope.state._tag === "Closed") return this.#leave()
    // Nothing of this is interrupted: it closes what the check had acquired.
    this.#fork(Scope.close(this.#scope, exit)).addObserver(() => this.#leave())
  }

  #leave(): void {
    this.#isOver = true
    this.#report({ job: this.#job, ok: this.#cause === undefined && !this.#refused, cause: this.#cause })
    this.#onOver?.()
  }
}
