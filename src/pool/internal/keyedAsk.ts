/**
 * Somebody who asks the pool of a key for something, and waits for that pool first if it is not there: the effect, the
 * place in line and the deadline in one object.
 *
 * Finding the pool and asking it are one step of the run loop. Between two steps the pool could be closed as idle, and the
 * asker would be turned away by a pool that was there when it looked.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Deadline } from "../../channel/internal/deadlines.ts"
import { type AnyFiber, evaluatedByItself, waitAs, type Waiter } from "../../channel/internal/operation.ts"
import type { Delivery } from "../../channel/internal/outbox.ts"
import { stackless } from "../../channel/internal/stackless.ts"
import type { Expiring } from "../../channel/internal/wake.ts"
import * as PoolError from "../PoolError.ts"
import type { Keyed } from "./keyed.ts"
import type { AnySession, Entry } from "./keyedEntry.ts"
import { millisOf } from "./settings.ts"

/** What remains of a budget of which a part has gone by. @internal */
export interface Left {
  readonly timeout: Duration.Input | "infinity"
}

/** A pool that is there. @internal */
export interface Found<K> {
  readonly session: AnySession
  readonly entry: Entry<K>
  readonly left: Left | undefined
}

/** @internal */
export interface Question<K> {
  /** How long to wait for the pool to be there: as given here, or else as its options say; `none`: not at all, as `tryCheckout`. */
  readonly patience: { readonly timeout?: Duration.Input | "infinity" | undefined } | "none" | undefined
  /** What is done with the pool, begun within this very step. */
  readonly run: (pool: Found<K>, fiber: AnyFiber) => Effect.Effect<unknown, unknown, unknown>
  /** What is made of the reason why there is no pool. */
  readonly refused: (cause: Cause.Cause<unknown>, pool: string) => Effect.Effect<unknown, unknown>
  /** There will be none any more. */
  readonly closed: (pool: string) => Effect.Effect<unknown, unknown>
}

/** @internal */
export class KeyedAsk<K> implements Waiter<unknown, unknown>, Delivery, Expiring {
  readonly #keyed: Keyed<K>
  readonly #key: K
  readonly #question: Question<K>
  /** In whose line it stands. */
  #entry: Entry<K> | undefined = undefined
  #resume: ((effect: Effect.Effect<unknown, unknown>) => void) | undefined = undefined
  /** Why the pool that it has waited for could not be made, and what that was called. */
  #refusal: Cause.Cause<unknown> | undefined = undefined
  #poolName = ""
  #expired: PoolError.CheckoutTimeout<unknown> | undefined = undefined
  /** From when it first had to wait. */
  #askedAt: number | undefined = undefined
  #wait: number | undefined = undefined
  #deadline: Deadline<Expiring> | undefined = undefined

  /** Where the pool is there nobody waits, and nothing is made for that. */
  static begin<K>(
    keyed: Keyed<K>,
    key: K,
    question: Question<K>,
    fiber: AnyFiber
  ): Effect.Effect<unknown, unknown, unknown> {
    const entry = keyed.isClosed ? undefined : keyed.get(key)
    return entry?.state === "open"
      ? question.run({ session: entry.session!, entry, left: undefined }, fiber)
      : new KeyedAsk(keyed, key, question).evaluate(fiber)
  }

  constructor(keyed: Keyed<K>, key: K, question: Question<K>) {
    this.#keyed = keyed
    this.#key = key
    this.#question = question
  }

  /** Evaluated first to ask, and once more whenever the key has another state. */
  evaluate(fiber: AnyFiber): Effect.Effect<unknown, unknown, unknown> {
    this.#leaveLine()
    const { closed, patience, refused, run } = this.#question
    if (this.#keyed.isClosed) return this.#end(closed(this.#keyed.nameOf(this.#key)))
    if (this.#expired !== undefined) return this.#end(Effect.fail(this.#expired))
    if (this.#refusal !== undefined) return this.#end(refused(this.#refusal, this.#poolName))
    // From here on the key has a pool, or is about to.
    const entry = this.#keyed.find(this.#key)
    const { session } = entry
    if (entry.state === "open" && session !== undefined) {
      const left = this.#left
      this.#end(undefined)
      return run({ session, entry, left: left === undefined ? undefined : { timeout: left } }, fiber)
    }
    if (patience === "none") {
      return Effect.fail(new PoolError.PoolFull({ pool: entry.name, status: entry.emptyStatus() }))
    }
    this.#askedAt ??= this.#keyed.host.now()
    const given = this.#given
    if (given === 0) return this.#end(Effect.fail(this.#timeout(entry)))
    if (Number.isNaN(given)) return Effect.die(this.#mistake)
    this.#entry = entry
    return waitAs(this, fiber)
  }

  // The wait

  enter(resume: (effect: Effect.Effect<unknown, unknown>) => void): void {
    const entry = this.#entry!
    this.#resume = resume
    entry.line.add(this)
    this.bound(entry)
  }

  /** Interrupted, perhaps when it had been answered already. */
  leave(): void {
    this.#leaveLine()
    this.#end(undefined)
  }

  /** The pool's options are known, and with them the deadline of whoever has given none. */
  bound(entry: Entry<K>): void {
    if (this.#deadline !== undefined || this.#wait !== undefined) return
    const wait = this.#wait = this.#given ?? entry.checkoutTimeout
    if (wait === undefined || wait === Infinity) return
    const { host } = this.#keyed
    this.#deadline = host.wake.expireAfter(this.#askedAt! + wait - host.now(), this)
  }

  /** The key has another state; `refusal`: its pool could not be made. */
  answer(entry: Entry<K>, refusal: Cause.Cause<unknown> | undefined): void {
    this.#refusal = refusal
    this.#poolName = entry.name
    this.#keyed.host.wake.deliver(this)
  }

  expire(): void {
    const entry = this.#entry
    if (entry === undefined) return
    this.#expired = this.#timeout(entry)
    this.#keyed.host.wake.deliver(this)
  }

  deliver(): void {
    const resume = this.#resume
    if (resume === undefined) return
    this.#resume = undefined
    resume(this)
  }

  // Within

  #leaveLine(): void {
    const entry = this.#entry
    this.#entry = undefined
    this.#resume = undefined
    if (entry !== undefined && entry.line.delete(this)) this.#keyed.touch(entry)
  }

  /** It will not wait any more. */
  #end<A>(result: A): A {
    this.#entry = undefined
    this.#keyed.host.wake.cancel(this.#deadline)
    this.#deadline = undefined
    return result
  }

  /** Milliseconds, as far as the asker has given any; NaN for what is no duration. */
  get #given(): number | undefined {
    const { patience } = this.#question
    const timeout = patience === "none" ? 0 : patience?.timeout
    return timeout === undefined ? undefined : millisOf(timeout) ?? NaN
  }

  /** As a session says it. */
  get #mistake(): PoolError.InvalidOptions {
    const problems = ["timeout: must be a duration, not negative and not NaN"]
    return new PoolError.InvalidOptions({ pool: this.#keyed.nameOf(this.#key), problems })
  }

  /** `undefined`: it has not waited, and has all of its budget. */
  get #left(): number | undefined {
    if (this.#wait === undefined || this.#askedAt === undefined) return undefined
    return Math.max(0, this.#askedAt + this.#wait - this.#keyed.host.now())
  }

  #timeout(entry: Entry<K>): PoolError.CheckoutTimeout<unknown> {
    return stackless((fields) => new PoolError.CheckoutTimeout<unknown>(fields), {
      pool: entry.name,
      waited: Duration.millis(this.#keyed.host.now() - this.#askedAt!),
      phase: "open" as const,
      status: entry.emptyStatus(),
      oldestLeaseAge: undefined,
      lastOpenFailure: undefined,
      mayBeDeadlock: false
    })
  }
}

/** @internal */
export interface KeyedAsk<K> extends Effect.Effect<unknown, unknown> {}
evaluatedByItself("KeyedAsk", KeyedAsk)
