/**
 * Run to completion: one message, one turn, and the next message only when the turn has ended.
 *
 * ```text
 *          a message, on its sender's stack             handle gave an Effect
 *   idle ──────────────────────────────────▶ in turn ◀───────────────────────▶ in an Effect turn, on the driver's fiber
 *    ▲                                          │                 it ended
 *    └───────────── nothing is queued ──────────┘
 * ```
 *
 * The loop takes what was queued meanwhile, so the stack never deepens. Two things would hold the event loop or the
 * stack too long, and are cut by letting the outbox go on with the rest: more than `turnBudget` messages in one go, and
 * consumers that call each other more than `maxDepth` deep.
 *
 * An Effect turn runs on a fiber of the consumer's own, the driver, which was forked when the consumer started: what
 * the sender's stack carries (its fiber, its AsyncLocalStorage) does not leak into it.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { Host } from "./host.ts"
import type { Delivery } from "./outbox.ts"

/** @internal */
export type Handle<T> = (message: T) => void | Effect.Effect<void>

/** Where the messages come from. @internal */
export interface Source<T> {
  readonly host: Host
  readonly length: number
  readonly isEnded: boolean
  takeQueuedUnsafe(): T
  dropUnsafe(): void
}

const turnBudget = 2048
const maxDepth = 64

/** How many turns are on this stack, one inside another's send. */
let depth = 0

/** @internal */
export class Consumer<T> implements Delivery {
  readonly #source: Source<T>
  readonly #handle: Handle<T>
  readonly #onEnd: (exit: Exit.Exit<void>) => void
  /** What is under way. `paused`: the outbox will go on with what is queued. */
  #state: "idle" | "turn" | "effect" | "paused" | "ended" = "paused"
  #isStopping = false
  /** Something has happened during a turn after which perhaps nothing can come any more. */
  #mayEnd = false
  #turn: Effect.Effect<void> | undefined
  #resumeDriver: ((turn: Effect.Effect<Effect.Effect<void>>) => void) | undefined
  #driver: Fiber.Fiber<void> | undefined

  constructor(source: Source<T>, handle: Handle<T>, onEnd: (exit: Exit.Exit<void>) => void) {
    this.#source = source
    this.#handle = handle
    this.#onEnd = onEnd
  }

  /** The fiber on which Effect turns run. */
  get driver(): Fiber.Fiber<void> | undefined {
    return this.#driver
  }

  get isEnded(): boolean {
    return this.#state === "ended"
  }

  /** An Effect turn is under way. */
  get isInEffect(): boolean {
    return this.#state === "effect"
  }

  /** Handles what is already queued, on the caller's stack. */
  startUnsafe(): void {
    const driver = Effect.runForkWith(this.#source.host.context)(this.#drive)
    this.#driver = driver
    driver.addObserver((exit) => this.#onDriverExit(exit))
    this.#runQueued()
  }

  /** `true`: the turn begins, `run` a message or `leave`. `false`: queue it. */
  enter(): boolean {
    if (this.#state !== "idle") return false
    if (depth >= maxDepth) {
      this.#pause()
      return false
    }
    this.#state = "turn"
    depth++
    return true
  }

  /** After `enter`, the turn itself. */
  run(message: T): void {
    this.leave(this.#turnOf(message))
  }

  /** After `enter`, for who has handled the message himself, without throwing: what `handle` would have given. */
  leave(turn: void | Effect.Effect<void>): void {
    depth--
    if (turn !== undefined) this.#begin(turn)
    if (this.#state !== "turn") return
    if (this.#mayEnd || this.#source.length > 0) this.#runQueued()
    else this.#state = "idle"
  }

  /**
   * No further message. Between turns the end comes at once; a synchronous turn is let finish; an Effect turn is
   * interrupted, and the end comes when it has ended.
   */
  stopUnsafe(): void {
    if (this.#state === "ended" || this.#isStopping) return
    this.#isStopping = true
    this.#mayEnd = true
    if (this.#state === "effect") this.#driver?.interruptUnsafe()
    else if (this.#state !== "turn") this.#end(Exit.void)
  }

  /** Perhaps nothing can come any more. */
  endIfDone(): void {
    if (this.#state !== "idle") this.#mayEnd = true
    else if (this.#source.isEnded) this.#end(Exit.void)
  }

  /** The outbox goes on: with an Effect turn, or with what was queued. */
  deliver(): void {
    if (this.#state === "paused") return this.#runQueued()
    const resume = this.#resumeDriver
    if (resume !== undefined) this.#park(resume)
  }

  #park(resume: (turn: Effect.Effect<Effect.Effect<void>>) => void): void {
    const turn = this.#turn
    this.#turn = undefined
    this.#resumeDriver = turn === undefined ? resume : undefined
    if (turn !== undefined) resume(Effect.succeed(turn))
  }

  #pause(): void {
    this.#state = "paused"
    this.#source.host.wake.deliver(this)
  }

  /** Turn after turn, until there is nothing more to do on this stack. */
  #runQueued(): void {
    this.#state = "turn"
    depth++
    try {
      for (let budget = turnBudget; this.#state === "turn" && !this.#isStopping && this.#source.length > 0; budget--) {
        if (budget === 0) return this.#pause()
        const turn = this.#turnOf(this.#source.takeQueuedUnsafe())
        if (turn !== undefined) this.#begin(turn)
      }
    } finally {
      depth--
    }
    if (this.#state !== "turn") return
    if (this.#isStopping || this.#source.isEnded) return this.#end(Exit.void)
    this.#mayEnd = false
    this.#state = "idle"
  }

  #turnOf(message: T): void | Effect.Effect<void> {
    try {
      return this.#handle(message)
    } catch (defect) {
      return this.#crash(Cause.die(defect))
    }
  }

  #begin(turn: Effect.Effect<void>): void {
    // Stopped by its own handler: an interrupted turn that never began.
    if (this.#isStopping || !Effect.isEffect(turn)) return
    // `Effect.void` and its like have nothing left to run.
    if (Exit.isExit(turn) && Exit.isSuccess(turn)) return
    this.#state = "effect"
    this.#turn = turn
    // On the driver's own stack it is not parked, and finds the turn when it comes to park.
    if (this.#resumeDriver !== undefined) this.#source.host.wake.deliver(this)
  }

  readonly #drive: Effect.Effect<void> = Effect.forever(
    Effect.flatMap(
      Effect.flatten(Effect.callback<Effect.Effect<void>>((resume) => this.#park(resume))),
      () => Effect.sync(() => this.#runQueued())
    ),
    { disableYield: true }
  )

  #onDriverExit(exit: Exit.Exit<void>): void {
    if (this.#state === "ended") return
    const isExpected = exit._tag === "Success" || (this.#isStopping && Cause.hasInterruptsOnly(exit.cause))
    if (isExpected) this.#end(Exit.void)
    else this.#crash(exit.cause)
  }

  /** Let it crash: nobody would know what state the handler is in. */
  #crash(cause: Cause.Cause<never>): void {
    // Before the end is told, and with the state still set, so that the drop does not end it as a success.
    this.#source.dropUnsafe()
    this.#end(Exit.failCause(cause))
  }

  #end(exit: Exit.Exit<void>): void {
    this.#state = "ended"
    this.#turn = undefined
    this.#driver?.interruptUnsafe()
    this.#onEnd(exit)
  }
}
