/**
 * The room in a channel, as a fair semaphore after Tokio's batch semaphore: first come first served, and a large
 * request at the head of the line is not overtaken by a small one that would fit.
 *
 * ```text
 * free ──occupy──▶ occupied by a message ──vacate──▶ free
 * free ──acquire─▶ outstanding ──use──▶ occupied           (a permit; or a grant its waiter has not yet taken)
 *                  outstanding ──giveBack──▶ free
 * ```
 *
 * @internal
 */
import type * as Effect from "effect/Effect"
import type { Deadline } from "./deadlines.ts"
import type { Host } from "./host.ts"
import { type AnyFiber, evaluatedByItself, waitAs, type Waiter } from "./operation.ts"
import type { Delivery } from "./outbox.ts"
import { WaitList, WaitNode } from "./waitList.ts"
import type { Expiring } from "./wake.ts"

/** Why a wait for room ended without any. @internal */
export type Refusal = "closed" | "expired"

/** @internal */
export class Permits {
  readonly max: number
  readonly #host: Host
  /** The last permit was given back: perhaps nothing can come any more. */
  readonly #onQuiet: () => void
  readonly #line = new WaitList<Queued>()
  /** Messages and permits. Not what is free, which of an unbounded channel is no small integer. */
  #used = 0
  #outstanding = 0
  #closed = false

  constructor(host: Host, max: number, onQuiet: () => void) {
    this.max = max
    this.#host = host
    this.#onQuiet = onQuiet
  }

  /** Room that a newcomer may have: none while somebody waits. */
  get capacity(): number {
    return this.#line.isEmpty ? Math.max(0, this.max - this.#used) : 0
  }

  get hasRoom(): boolean {
    return this.#used < this.max && this.#line.isEmpty
  }

  /** No permit is outstanding and nobody waits for one. */
  get isQuiet(): boolean {
    return this.#outstanding === 0 && this.#line.isEmpty
  }

  occupy(n: number): void {
    this.#used += n
  }

  vacate(n: number): void {
    this.#used -= n
    if (!this.#line.isEmpty) this.#grant()
  }

  /** Only where `capacity` is at least `n`. */
  acquire(n: number): void {
    this.#used += n
    this.#outstanding += n
  }

  /** One permit becomes a message, whose room it keeps. */
  use(): void {
    this.#outstanding--
  }

  giveBack(n: number): void {
    this.#outstanding -= n
    this.vacate(n)
    if (this.#outstanding === 0) this.#onQuiet()
  }

  /** Those in line are refused; what was granted stays granted. */
  close(): void {
    this.#closed = true
    for (let first = this.#line.first; first !== undefined; first = this.#line.first) this.#refuse(first, "closed")
  }

  /**
   * Waits for `n`, at most `millis`. `onGranted` runs in the very step that ends the wait, with the permits
   * outstanding, and hands on what it makes of them; interrupted before it, they go to whoever is next. To be evaluated
   * once.
   */
  wait<A, E>(
    n: number,
    millis: number,
    onGranted: (fiber: AnyFiber) => Effect.Effect<A, E>,
    onRefused: (refusal: Refusal) => Effect.Effect<never, E>
  ): Effect.Effect<A, E> {
    return new Acquirer(this, n, millis, onGranted, onRefused)
  }

  enter(acquirer: Queued): void {
    this.#line.add(acquirer)
    // The caller may have looked some steps ago.
    if (this.#closed) return this.#refuse(acquirer, "closed")
    if (acquirer.millis !== Infinity) acquirer.deadline = this.#host.wake.expireAfter(acquirer.millis, acquirer)
    this.#grant()
  }

  /** Only while it waits: its deadline is cancelled when it is settled. */
  expire(acquirer: Queued): void {
    this.#refuse(acquirer, "expired")
    this.#afterLeaving()
  }

  leave(acquirer: Queued): void {
    this.#host.wake.cancel(acquirer.deadline)
    if (acquirer.isWaiting) {
      this.#line.remove(acquirer)
      this.#afterLeaving()
    } else if (acquirer.isGranted) {
      // Granted, but interrupted before it was taken.
      acquirer.isGranted = false
      this.giveBack(acquirer.n)
    }
  }

  #afterLeaving(): void {
    // A large request may have held back smaller ones behind it.
    this.#grant()
    // It may have been the last that could still send.
    if (this.isQuiet) this.#onQuiet()
  }

  #grant(): void {
    for (
      let first = this.#line.first;
      first !== undefined && this.#used + first.n <= this.max;
      first = this.#line.first
    ) {
      this.acquire(first.n)
      first.isGranted = true
      this.#settle(first)
    }
  }

  #refuse(acquirer: Queued, refusal: Refusal): void {
    acquirer.refusal = refusal
    this.#settle(acquirer)
  }

  #settle(acquirer: Queued): void {
    this.#line.remove(acquirer)
    this.#host.wake.cancel(acquirer.deadline)
    this.#host.wake.deliver(acquirer)
  }
}

/** An acquirer, of whatever it makes of its permits. */
interface Queued extends WaitNode, Delivery, Expiring {
  readonly n: number
  readonly millis: number
  deadline: Deadline<Expiring> | undefined
  refusal: Refusal | undefined
  /** From the grant until it is taken or given back. */
  isGranted: boolean
}

const Base = WaitNode as unknown as abstract new<A, E>() => WaitNode & Effect.Effect<A, E>

/** One wait: evaluated to begin it, and once more when it is over. */
class Acquirer<A, E> extends Base<A, E> implements Queued, Waiter<A, E> {
  readonly #permits: Permits
  readonly n: number
  readonly millis: number
  readonly #onGranted: (fiber: AnyFiber) => Effect.Effect<A, E>
  readonly #onRefused: (refusal: Refusal) => Effect.Effect<never, E>
  #resume: ((effect: Effect.Effect<A, E>) => void) | undefined = undefined
  deadline: Deadline<Expiring> | undefined = undefined
  refusal: Refusal | undefined = undefined
  isGranted = false

  constructor(
    permits: Permits,
    n: number,
    millis: number,
    onGranted: (fiber: AnyFiber) => Effect.Effect<A, E>,
    onRefused: (refusal: Refusal) => Effect.Effect<never, E>
  ) {
    super()
    this.#permits = permits
    this.n = n
    this.millis = millis
    this.#onGranted = onGranted
    this.#onRefused = onRefused
  }

  evaluate(fiber: AnyFiber): Effect.Effect<A, E> {
    const [onGranted, onRefused] = [this.#onGranted, this.#onRefused]
    if (this.refusal !== undefined) return onRefused(this.refusal)
    if (!this.isGranted) return waitAs(this, fiber)
    this.isGranted = false
    return onGranted(fiber)
  }

  enter(resume: (effect: Effect.Effect<A, E>) => void): void {
    this.#resume = resume
    this.#permits.enter(this)
  }

  leave(): void {
    this.#permits.leave(this)
  }

  expire(): void {
    this.#permits.expire(this)
  }

  deliver(): void {
    this.#resume?.(this)
  }
}

evaluatedByItself("Acquirer", Acquirer)
