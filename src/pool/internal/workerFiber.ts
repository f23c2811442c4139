/**
 * The fiber of one worker: opens a resource in a `Scope` of its own, holds it while its link holds, closes it.
 *
 * To be told to close is to be interrupted: while it opens, the factory is interrupted; while it holds, the link is, and
 * a check of the resource, which is over before the resource is closed; and its closing runs to the end. Whatever an
 * opening yields is closed exactly once, also after everybody has given it up, or else given away unclosed.
 *
 * ```text
 *                          ┌──▶ Checked ──┐
 *   opening ──▶ Ready ──▶ holding ◀───────┘
 *      │                   │ │ └──▶ given away
 *      │                   │ └──▶ Exited(Died) ──┐
 *      │                   └──────────────▶ closing ──▶ Exited(Closed)
 *      └──▶ Exited(OpenFailed)
 * ```
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import type { ActorRef } from "../../actor/Actor.ts"
import { ActorStopped } from "../../actor/ActorError.ts"
import { Resolvable } from "../../actor/internal/target.ts"
import type { Fork } from "../../channel/internal/host.ts"
import type { WorkerExit } from "../Message.ts"
import type { ResourceInfo } from "../Policies.ts"
import { Checkup, type Job, type Verdict } from "./checkup.ts"
import type { Tools } from "./settings.ts"
import type { Worker } from "./worker.ts"

/** What a worker's fiber needs to know of its pool. @internal */
export interface Workplace extends Tools {
  readonly openTimedOut: () => Cause.Cause<unknown>
  readonly infoOf: (worker: Worker) => ResourceInfo
  /** From 0, and less than 1. */
  readonly random: () => number
  readonly fork: Fork
  readonly ready: (worker: Worker, resource: unknown, jitter: number) => void
  readonly checked: (worker: Worker, verdict: Verdict) => void
  readonly exited: (worker: Worker, reason: WorkerExit) => void
  /** A finalizer failed: the resource counts as closed. */
  readonly closeFailed: (cause: Cause.Cause<unknown>) => void
}

/** Whoever pools actors need not say that they can die. */
const linkOfActor = (actor: Resolvable): Effect.Effect<unknown, unknown> => {
  const { awaitExit, id, name } = actor as Resolvable & ActorRef<never>
  return Effect.flatMap(awaitExit, (reason) => Effect.fail(new ActorStopped({ actor: id, name, reason })))
}

/** @internal */
export class WorkerFiber {
  readonly #worker: Worker
  readonly #place: Workplace
  readonly #scope = Scope.makeUnsafe()
  #stage: "opening" | "holding" | "closing" | "gone" = "opening"
  #told = false
  /** Given up: it ends alone, and nobody wants to hear of it. */
  #abandoned = false
  #timedOut = false
  /** Why the opening failed, while what it had acquired is given back. */
  #failure: Cause.Cause<unknown> | undefined
  #fiber: Fiber.Fiber<void> | undefined
  /** While it holds. */
  #resource: unknown = undefined
  /** The check under way. */
  #checkup: Checkup | undefined

  constructor(worker: Worker, place: Workplace) {
    this.#worker = worker
    this.#place = place
  }

  start(): void {
    this.#fiber = this.#place.fork(this.#life)
    this.#fiber.addObserver((exit) => this.#afterLife(exit))
  }

  close(): void {
    this.#told = true
    this.#checkup?.stop()
    this.#fiber?.interruptUnsafe()
  }

  /** It says what has come of it, unless it is told to close or its resource dies in between. */
  check(job: Job): void {
    if (!this.#isAtWork || this.#checkup !== undefined) return
    const kept = job === "judge" || job === "reset" ? this.#judge(job) : { job, ok: true, cause: undefined }
    const run = job === "judge" ? undefined : this.#place[job]
    if (!kept.ok || run === undefined) return this.#place.checked(this.#worker, kept)
    const resource = this.#resource
    this.#checkup = new Checkup(job, Effect.suspend(() => run(resource)), this.#place.fork, (verdict) => {
      this.#checkup = undefined
      if (this.#isAtWork) this.#place.checked(this.#worker, verdict)
    })
    this.#checkup.start()
  }

  /** Gives the resource away unclosed, in the scope in which it was opened, if it holds one. `unwatch` is still to follow. */
  detach(): Scope.Closeable | undefined {
    if (!this.#isAtWork) return undefined
    this.#stage = "gone"
    this.#resource = undefined
    return this.#scope
  }

  /** The end of its fiber, once the resource is somebody else's. */
  unwatch(): void {
    this.#fiber?.interruptUnsafe()
  }

  /** Its opening or its closing has outlived its timeout. It may have ended in between. */
  giveUp(): void {
    if (this.#stage === "gone" || this.#abandoned || (this.#stage === "holding" && !this.#told)) return
    const opening = this.#stage === "opening" && !this.#told
    if (opening) {
      this.#timedOut = true
      this.#fiber?.interruptUnsafe()
      // An interruptible opening ended on the spot, and has said so itself.
      if (this.#isGone()) return
    }
    this.#abandoned = true
    this.#place.exited(
      this.#worker,
      opening
        ? { _tag: "OpenFailed", cause: this.#failure ?? this.#place.openTimedOut(), abandoned: true }
        : { _tag: "Closed", abandoned: true }
    )
  }

  /** For whoever waits for the closings of a crashed pool. */
  get fiber(): Fiber.Fiber<void> | undefined {
    return this.#fiber
  }

  #isGone(): boolean {
    return this.#stage === "gone"
  }

  get #isAtWork(): boolean {
    return this.#stage === "holding" && !this.#told
  }

  readonly #life: Effect.Effect<void> = Effect.uninterruptibleMask((restore) =>
    Effect.flatMap(
      Effect.exit(restore(Effect.suspend(() => Scope.provide(this.#place.factory, this.#scope)))),
      (opened) => {
        // Also where the factory itself succeeded, but only after it had been interrupted.
        if (Exit.isFailure(opened)) return this.#closeUnopened(opened.cause)
        this.#stage = "holding"
        this.#resource = opened.value
        this.#place.ready(this.#worker, opened.value, this.#place.random())
        return Effect.flatMap(Effect.exit(restore(this.#hold(opened.value))), (held) => this.#close(held))
      }
    )
  )

  /** Effect ends a fiber without unwinding it where user code, untyped, has returned something that is no Effect. */
  #afterLife(exit: Exit.Exit<void>): void {
    if (this.#stage === "gone") return
    const cause = Exit.isFailure(exit) ? Cause.die(Cause.squash(exit.cause)) : Cause.empty
    this.#place.fork(this.#stage === "opening" ? this.#closeUnopened(cause) : this.#close(Exit.failCause(cause)))
  }

  #judge(job: Job): Verdict {
    const { infoOf, shouldRetire } = this.#place
    try {
      // A predicate of an untyped caller may give anything.
      return { job, ok: shouldRetire?.(infoOf(this.#worker), this.#resource) !== true, cause: undefined }
    } catch (error) {
      return { job, ok: false, cause: Cause.die(error) }
    }
  }

  #hold(resource: unknown): Effect.Effect<unknown, unknown> {
    const { link } = this.#place
    // Any other resource does not die unless a link says so.
    if (link === undefined) return resource instanceof Resolvable ? linkOfActor(resource) : Effect.never
    // A listener that the link adds is removed with the resource, not with the pool.
    return Effect.suspend(() => Scope.provide(link(resource), this.#scope))
  }

  #close(held: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    // Given away: its scope is somebody else's.
    if (this.#isGone()) return Effect.void
    this.#stage = "closing"
    this.#resource = undefined
    if (!this.#told) {
      this.#checkup?.stop()
      const error = Exit.isFailure(held) ? Cause.squash(held.cause) : new Error("the resource has died")
      this.#place.exited(this.#worker, { _tag: "Died", cause: Cause.die(error) })
    }
    return Effect.andThen(
      this.#checkup?.over ?? Effect.void,
      Effect.andThen(this.#closeScope, Effect.sync(() => this.#leave({ _tag: "Closed", abandoned: false })))
    )
  }

  /** It failed, came too late, or was told to close before it was open. What it had acquired by then is given back first. */
  #closeUnopened(cause: Cause.Cause<unknown>): Effect.Effect<void> {
    this.#failure = this.#timedOut ? this.#place.openTimedOut() : cause
    const failure = this.#failure
    return Effect.andThen(
      this.#closeScope,
      Effect.sync(() => {
        if (this.#told) return this.#leave({ _tag: "Closed", abandoned: false })
        this.#leave({ _tag: "OpenFailed", cause: failure, abandoned: false })
      })
    )
  }

  readonly #closeScope: Effect.Effect<void> = Effect.suspend(() =>
    Effect.catchCause(
      Scope.close(this.#scope, Exit.void),
      (cause) => Effect.sync(() => this.#place.closeFailed(cause))
    )
  )

  #leave(reason: WorkerExit): void {
    this.#stage = "gone"
    if (!this.#abandoned) this.#place.exited(this.#worker, reason)
  }
}
