/**
 * What a channel, an actor or a pool was made with, and reads instead of whatever its callers happen to run with:
 * one clock, one scheduler, one context. A turn runs on the stack of the fiber that sent the message, so reading
 * anything from "the current fiber" there would hand one caller's clock or logger to everybody.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { Wake } from "./wake.ts"

const hosts = new WeakMap<Context.Context<never>, Host>()

/** @internal */
export class Host {
  readonly context: Context.Context<never>
  readonly clock: Clock.Clock
  #dispatcher: Scheduler.SchedulerDispatcher | undefined
  #wake: Wake | undefined

  /** The same context gives the same host, so that a fiber's channels share one outbox and one timer. */
  static of(context: Context.Context<never>): Host {
    const known = hosts.get(context)
    if (known !== undefined) return known
    const host = new Host(context)
    hosts.set(context, host)
    return host
  }

  constructor(context: Context.Context<never>) {
    this.context = context
    this.clock = Context.get(context, Clock.Clock)
  }

  /** Of its own, so that a delivery never runs inside a turn, nor on the sender's stack. Made on first use. */
  get dispatcher(): Scheduler.SchedulerDispatcher {
    return this.#dispatcher ??= Context.get(this.context, Scheduler.Scheduler).makeDispatcher()
  }

  /** Made on first use. */
  get wake(): Wake {
    return this.#wake ??= new Wake(this)
  }

  /** Monotonic milliseconds, with fractions. */
  now(): number {
    return Number(this.clock.monotonicTimeNanosUnsafe()) / 1e6
  }
}

/** Starts an effect apart from the caller's stack and fiber, and gives its fiber. */
export type Fork = (effect: Effect.Effect<void>) => Fiber.Fiber<void>
