/**
 * One incarnation of a child: what its `start` returned, the scope it was started in, and the watch on its end.
 *
 * ```text
 *            stop                 the scope has closed, the child has ended
 *   watched ──────▶ stopping ───────────────────────────────────────────────▶ over
 *                      │ the budget is over                                    ▲
 *                      └──▶ killed ────────────────────────────────────────────┤
 *                             └─ does not end: abandoned, and goes on alone ───┘
 * ```
 *
 * Stopping is one procedure on a fiber of its own, so that a turn that is interrupted while it stops a child, and the
 * `terminate` that comes after it, wait for the same end, within one budget.
 *
 * @internal
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as ExitReason from "../ExitReason.ts"
import { bodyOf, type ChildBody } from "./childBody.ts"
import type { Budget } from "./childSpec.ts"

/** How long a kill may take: JavaScript has no `kill`, and code may be uninterruptible. */
const grace = 5000

/** What a life needs of its supervisor. @internal */
export interface Keeper {
  /** Starts an effect on a fiber of its own, in the supervisor's context. */
  readonly fork: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  readonly warn: (line: string) => Effect.Effect<void>
  /** Of the supervisor, and of those above it. */
  readonly isWithin: (process: object | undefined) => boolean
}

/** @internal */
export class Life {
  readonly scope = Scope.makeUnsafe()
  readonly #keeper: Keeper
  readonly #label: string
  #child: unknown
  #body: ChildBody | undefined
  #stopping: Fiber.Fiber<void> | undefined

  constructor(keeper: Keeper, label: string) {
    this.#keeper = keeper
    this.#label = label
  }

  /** What `start` returned, as it returned it. */
  get child(): unknown {
    return this.#child
  }

  get body(): ChildBody | undefined {
    return this.#body
  }

  /** Why `child` cannot be one, if so. */
  adopt(child: unknown): TypeError | undefined {
    const body = bodyOf(child)
    if (body instanceof TypeError) return body
    // Each would wait for the other's end.
    if (this.#keeper.isWithin(body.key)) {
      return new TypeError("a supervisor cannot be a child of its own, or of one below")
    }
    this.#child = child
    this.#body = body
    return undefined
  }

  /** Also of an end that it is given by `stop`: whoever hears of it knows by the life whether it is stale. */
  watch(onEnd: (reason: ExitReason.ExitReason) => void): void {
    this.#body?.watch(onEnd)
  }

  /** Waits; may be called again, and then waits for the same end. */
  stop(budget: Budget): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#stopping ??= this.#keeper.fork(this.#stop(budget))
      return Effect.asVoid(Fiber.await(this.#stopping))
    })
  }

  /** After a kill of its supervisor. */
  orphan(): void {
    if (this.#stopping === undefined) this.#body?.orphan()
  }

  /** When a stop that is under way has gone through. */
  afterStop(run: () => void): void {
    this.#stopping?.addObserver(run)
  }

  readonly #awaitBody = Effect.suspend(() => this.#isUp ? Effect.asVoid(this.#body!.awaitEnd) : Effect.void)

  get #isUp(): boolean {
    return this.#body !== undefined && this.#body.isAlive
  }

  readonly #stop = Effect.fnUntraced({ self: this }, function*(budget: Budget) {
    const body = this.#body
    const wasUp = this.#isUp
    if (budget === "brutal_kill") body?.kill()
    const closing = yield* Effect.forkDetach(Effect.exit(Scope.close(this.scope, Exit.void)), {
      startImmediately: true
    })
    const closed = Effect.flatMap(Fiber.join(closing), (exit) => this.#reportClosing(exit))
    const over = Effect.andThen(closed, this.#awaitBody)
    if (budget !== "brutal_kill") {
      const asked = Effect.andThen(
        closed,
        Effect.suspend(() => {
          // It was made elsewhere, and its scope's end is not its own.
          if (this.#isUp) body?.shutdown()
          return this.#awaitBody
        })
      )
      if (yield* within(budget, asked)) return yield* this.#reportEnd(wasUp)
      if (this.#isUp) {
        yield* this.#keeper.warn(`${this.#label} did not stop within ${budget} ms, and is killed`)
        body?.kill()
      } else if (!wasUp) return yield* this.#keeper.warn(`${this.#label} did not release its scope within ${budget} ms`)
    }
    if (yield* within(grace, over)) return
    yield* this.#keeper.warn(`${this.#label} did not end within ${grace} ms of its kill, and is abandoned`)
  })

  #reportClosing(exit: Exit.Exit<void>): Effect.Effect<void> {
    if (Exit.isSuccess(exit)) return Effect.void
    const reason = ExitReason.format(ExitReason.crash(exit.cause))
    return this.#keeper.warn(`${this.#label} went wrong while its scope closed: ${reason}`)
  }

  /** OTP's `shutdown_error`. One that had ended before was reported then. */
  #reportEnd(wasUp: boolean): Effect.Effect<void> {
    const reason = this.#body?.reason
    if (!wasUp || reason === undefined || !ExitReason.isAbnormal(reason)) return Effect.void
    return this.#keeper.warn(`${this.#label} went wrong while it stopped: ${ExitReason.format(reason)}`)
  }
}

/** `false`: it was not over in time, and goes on. */
const within = (millis: number, effect: Effect.Effect<void>): Effect.Effect<boolean> =>
  millis === Infinity
    ? Effect.as(effect, true)
    : Effect.map(Effect.timeoutOption(effect, Duration.millis(millis)), Option.isSome)
