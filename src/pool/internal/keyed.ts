/**
 * The pools of a keyed pool: which key has one, who makes it, and when it has been idle for long enough.
 *
 * A key has one pool at a time, also while the last one closes. Each is made, awaited and closed by a fiber of its own, in
 * the context of the keyed pool.
 *
 * All keys stand in one list, the one that was touched first at its head, since all have the same time to live; one deadline
 * looks at that one. Whether it is in use its pool alone knows, for a lease ends in ways that are not seen here (the end of its
 * owner, say). So the pool is asked when its key falls due: if something is lent, the key is idle from then at the earliest.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as MutableHashMap from "effect/MutableHashMap"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { Deadline } from "../../channel/internal/deadlines.ts"
import { type Fork, Host } from "../../channel/internal/host.ts"
import { List } from "../../channel/internal/list.ts"
import type { Expiring } from "../../channel/internal/wake.ts"
import type { ShutdownOptions } from "../Session.ts"
import type { Status } from "../Status.ts"
import { awaitAll } from "./groupEnd.ts"
import { type AnyOptions, type AnySession, Entry } from "./keyedEntry.ts"
import { Launcher } from "./launcher.ts"

/** One that is in use is looked at no more often than so many milliseconds. */
const leastPause = 1_000

/** How a pool is made of what the lookup gives. @internal */
export type MakePool = (options: AnyOptions) => Effect.Effect<AnySession, unknown, Scope.Scope>

/** @internal */
export interface Plan<K> {
  readonly name: string
  readonly lookup: (key: K) => AnyOptions
  /** Milliseconds. */
  readonly idleTimeToLive: number
  readonly makePool: MakePool
}

/** @internal */
export class Keyed<K> implements Expiring {
  readonly host: Host
  readonly launcher = new Launcher()
  readonly #plan: Plan<K>
  readonly #fork: Fork
  readonly #entries = MutableHashMap.empty<K, Entry<K>>()
  /** All that are open and that nobody waits for, the one touched first at the head. */
  readonly #idle = new List<Entry<K>>()
  #look: Deadline<Expiring> | undefined = undefined
  #isClosed = false
  /** For the names of keys that are not to be shown. */
  #lastNumber = 0

  constructor(plan: Plan<K>, context: Context.Context<never>) {
    this.#plan = plan
    this.host = new Host(context)
    this.#fork = Effect.runForkWith(context)
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** What is known of a key. One of which nothing is known is given a pool, so it must not be asked after the end. */
  find(key: K): Entry<K> {
    return this.get(key) ?? this.#begin(key)
  }

  get(key: K): Entry<K> | undefined {
    return Option.getOrUndefined(MutableHashMap.get(this.#entries, key))
  }

  /** In the order of first use. Those that are closing are left out, unless asked for. */
  all(closing = false): ReadonlyArray<Entry<K>> {
    return Array.from(MutableHashMap.values(this.#entries)).filter(({ state }) => closing || state !== "closing")
  }

  nameOf(key: K): string {
    return this.get(key)?.name ?? `${this.#plan.name}[${isOpaque(key) ? "?" : String(key)}]`
  }

  /** It is, or was, in use at this moment: idle from now on at the earliest. */
  touch(entry: Entry<K>): void {
    this.#unlist(entry)
    if (entry.state === "open" && entry.line.size + entry.held === 0) this.#list(entry, this.host.now())
  }

  /** Somebody is about to ask its pool, or has something of it, and says so when that is over. */
  hold(entry: Entry<K>): void {
    entry.held++
    this.#unlist(entry)
  }

  release(entry: Entry<K>): void {
    entry.held--
    this.touch(entry)
  }

  /**
   * Tells a pool to end. Whoever asks for its key from now on waits until nothing of it is left. On a fiber apart, which
   * nobody interrupts half-way. Gives what is wrong with the options.
   */
  end(entry: Entry<K>, options?: ShutdownOptions): Cause.Cause<never> | undefined {
    const exit = this.#fork(Effect.asVoid(entry.session!.shutdown(options))).pollUnsafe()
    if (exit?._tag === "Failure") return exit.cause
    this.#unlist(entry)
    entry.state = "closing"
    return undefined
  }

  /**
   * The longest idle one has fallen due, as far as is known here. Its pool is asked in this very step: between two somebody
   * else could ask for something.
   */
  expire(): void {
    this.#look = undefined
    const now = this.host.now()
    for (let entry = this.#idle.head; entry !== undefined; entry = this.#idle.head) {
      if (entry.idleSince + this.#plan.idleTimeToLive > now) break
      this.#unlist(entry)
      if (!isUsed(Effect.runSync(entry.session!.status))) this.end(entry)
      else this.#list(entry, now + Math.max(0, leastPause - this.#plan.idleTimeToLive))
    }
    this.#aim()
  }

  /** Ends all of them at once, and waits until nothing is left. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.#isClosed = true
    this.host.wake.cancel(this.#look)
    const entries = this.all(true)
    for (const entry of entries) {
      if (entry.state === "open") this.end(entry)
      else if (entry.state === "making") entry.fiber?.interruptUnsafe()
      entry.answer(undefined)
    }
    const ends = awaitAll(entries.flatMap(({ session }) => session ?? []))
    const left = Effect.forEach(entries, ({ gone }) => gone.wait, { discard: true })
    return Effect.andThen(Effect.andThen(ends, left), Effect.sync(() => this.launcher.end()))
  })

  // Within

  #begin(key: K): Entry<K> {
    const name = isOpaque(key) ? `${this.#plan.name}[#${++this.#lastNumber}]` : this.nameOf(key)
    const entry = new Entry(key, name, this.host.wake)
    MutableHashMap.set(this.#entries, key, entry)
    // By the launcher, and not on the stack of whoever asks: the pool must not have that one's async-local storage.
    this.launcher.add(() => void (entry.fiber = this.#fork(this.#live(entry))))
    this.host.wake.deliver(this.#waker)
    return entry
  }

  readonly #waker = { deliver: () => this.launcher.wake() }

  /** The life of one pool. It goes on without those who caused it, as an opening does. */
  #live(entry: Entry<K>): Effect.Effect<void> {
    const scope = Scope.makeUnsafe()
    const made = Effect.suspend(() => {
      if (this.#isClosed) return Effect.interrupt
      const options = this.#plan.lookup(entry.key)
      entry.options = options
      if (typeof options?.name === "string" && options.name.length > 0) entry.name = options.name
      for (const ask of entry.line) ask.bound(entry)
      return Scope.provide(this.#plan.makePool({ ...options, name: options?.name ?? entry.name }), scope)
    })
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(Effect.exit(restore(made)), (exit) => {
        if (exit._tag === "Failure") {
          return Effect.andThen(Scope.close(scope, exit), Effect.sync(() => this.#leave(entry, exit.cause)))
        }
        this.#open(entry, exit.value)
        return exit.value.awaitShutdown.pipe(
          Effect.andThen(Scope.close(scope, Exit.void)),
          Effect.andThen(Effect.sync(() => this.#leave(entry, undefined)))
        )
      })
    )
  }

  #open(entry: Entry<K>, session: AnySession): void {
    entry.session = session
    entry.state = "open"
    if (this.#isClosed) this.end(entry)
    else this.touch(entry)
    entry.answer(undefined)
  }

  /** It was told to, or has ended by itself: it has crashed too often, say. */
  #leave(entry: Entry<K>, cause: Cause.Cause<unknown> | undefined): void {
    this.#unlist(entry)
    entry.state = "gone"
    MutableHashMap.remove(this.#entries, entry.key)
    entry.gone.set(undefined)
    entry.answer(cause)
  }

  #list(entry: Entry<K>, since: number): void {
    entry.idleSince = since
    entry.isListed = true
    this.#idle.append(entry)
    this.#aim()
  }

  #unlist(entry: Entry<K>): void {
    if (!entry.isListed) return
    entry.isListed = false
    this.#idle.remove(entry)
  }

  /** A look that is early enough is left alone: it finds nothing due, and the next one is set. */
  #aim(): void {
    const { head } = this.#idle
    const { idleTimeToLive } = this.#plan
    if (head === undefined || this.#look !== undefined || idleTimeToLive === Infinity || this.#isClosed) return
    this.#look = this.host.wake.expireAfter(head.idleSince + idleTimeToLive - this.host.now(), this)
  }
}

/** A key that is a thing of its own may hold a secret, and is only numbered. */
const isOpaque = (key: unknown): boolean => typeof key === "object" || typeof key === "function"

/** Somebody has something of it, or waits for it, or has only just given it back; or somebody has suspended it, and will resume it. */
const isUsed = ({ lent, resetting, suspended, waiting }: Status): boolean => lent + waiting + resetting > 0 || suspended
