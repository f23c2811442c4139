/**
 * A child as its supervisor keeps it: the spec, and the life that it leads, if any.
 *
 * ```text
 *   stopped ──start──▶ running ──its end, or a stop──▶ stopped
 *      │                  ▲
 *      └─ a restart fails └── restarting: tried again by a message of the supervisor to itself
 * ```
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type * as ExitReason from "../ExitReason.ts"
import type { Child, ChildInfo } from "../Supervisor.ts"
import type { Budget, Spec } from "./childSpec.ts"
import { type Keeper, Life } from "./life.ts"
import { Current } from "./process.ts"

const workerBudget = 5000

/**
 * The place that a child fills: for what outlives the lives that it leads there, and wants to know whether there will be
 * another one.
 *
 * @internal
 */
export interface Place {
  /** The actor that starts it. */
  readonly supervisor: object | undefined
  readonly isPermanent: boolean
  /** It is stopped for a sibling's sake, and will be started again with it. */
  readonly isComingBack: boolean
  /** Of that actor, and of those above it. */
  readonly isWithin: (process: object | undefined) => boolean
  /** Nobody will start it again, unless somebody asks for that. */
  onRetired: (() => void) | undefined
}

/** Known to a child's `start`, and to whatever that forks. @internal */
export const Place = Context.Reference<Place | undefined>("whitepool/actor/Place", { defaultValue: () => undefined })

/** @internal */
export class ChildRecord implements Place {
  readonly spec: Spec
  /** In which it starts, each time. */
  readonly #context: Context.Context<never>
  readonly #keeper: Keeper
  readonly #onEnd: (child: ChildRecord, life: Life, reason: ExitReason.ExitReason) => void
  #life: Life | undefined
  /** Its restart has failed, and will be tried again. */
  isRestarting = false
  isComingBack = false
  /** Automatic ones that succeeded. */
  restarts = 0
  onRetired: (() => void) | undefined
  /** By which a dynamic supervisor knows it. */
  key: object | undefined
  /** So it was when it last ran. */
  #isSupervisor = false

  constructor(
    spec: Spec,
    context: Context.Context<never>,
    keeper: Keeper,
    onEnd: (child: ChildRecord, life: Life, reason: ExitReason.ExitReason) => void
  ) {
    this.spec = spec
    this.#context = context
    this.#keeper = keeper
    this.#onEnd = onEnd
  }

  get label(): string {
    return this.spec.id === undefined ? "a child" : `child "${this.spec.id}"`
  }

  get supervisor(): object | undefined {
    return Context.get(this.#context, Current)
  }

  get isPermanent(): boolean {
    return this.spec.restart === "permanent"
  }

  isWithin(process: object | undefined): boolean {
    return this.#keeper.isWithin(process)
  }

  get life(): Life | undefined {
    return this.#life
  }

  get isStopped(): boolean {
    return this.#life === undefined && !this.isRestarting
  }

  get type(): "worker" | "supervisor" {
    return this.spec.type ?? (this.#isSupervisor ? "supervisor" : "worker")
  }

  /** It runs; one that has ended does not, even before its supervisor has heard of it. */
  get isActive(): boolean {
    return this.#life?.body?.isAlive === true
  }

  get info(): ChildInfo {
    // What `start` returned was looked at when it was adopted.
    const child = this.isRestarting ? "restarting" : this.#life?.child as Child | undefined
    return { id: this.spec.id, child, type: this.type, restarts: this.restarts }
  }

  /**
   * Gives the cause of its failure, if it failed: then nothing is left of it. Only `start` itself can be interrupted;
   * what it returned is entered here before anything else can happen.
   */
  readonly start: Effect.Effect<Cause.Cause<unknown> | undefined> = Effect.uninterruptibleMask((restore) =>
    Effect.suspend(() => {
      this.isComingBack = false
      const life = new Life(this.#keeper, this.label)
      const context = Context.add(Context.add(this.#context, Scope.Scope, life.scope), Place, this)
      return Effect.flatMap(Effect.exit(restore(Effect.provideContext(this.spec.start, context))), (exit) => {
        const failure = Exit.isFailure(exit) ? exit.cause : this.#adopt(life, exit.value)
        return failure === undefined ? Effect.undefined : Effect.as(life.stop(this.#budget), failure)
      })
    })
  )

  #adopt(life: Life, value: unknown): Cause.Cause<unknown> | undefined {
    const problem = life.adopt(value)
    if (problem !== undefined) return Cause.fail(problem)
    this.#life = life
    this.isRestarting = false
    this.#isSupervisor = life.body?.isSupervisor === true
    life.watch((reason) => this.#onEnd(this, life, reason))
    return undefined
  }

  /** Afterwards it is stopped. */
  readonly stop: Effect.Effect<void> = Effect.suspend(() => {
    this.isRestarting = false
    const life = this.#life
    if (life === undefined) return Effect.void
    return Effect.map(life.stop(this.#budget), () => {
      if (this.#life === life) this.#life = undefined
    })
  })

  get #budget(): Budget {
    return this.spec.shutdown ?? (this.type === "supervisor" ? Infinity : workerBudget)
  }
}
