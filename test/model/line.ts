/**
 * Who waits, and who of them is next. Nothing is kept in order but the arrivals: whoever is next is looked for among all.
 */
import type { Borrow } from "../../src/pool/internal/borrow.ts"
import type { Reference } from "./reference.ts"

export interface Asked {
  readonly borrow: Borrow
  readonly arrival: number
  readonly at: number
  /** The instant after which it must have been answered. */
  readonly deadline: number
}

type Key = string | undefined

export class Line {
  /** In the order of arrival. */
  waiting: ReadonlyArray<Asked> = []
  /** It came in this turn, after others who have lost what they had not taken over: they may be served before it is heard. */
  undecided: Borrow | undefined
  /** The turn in which each key that has somebody to be served was served last, or came to have somebody. */
  readonly #servedIn = new Map<Key, number>()
  readonly #joinedIn = new WeakMap<Borrow, number>()
  /** Not only the first to come is the first to be served; or it was so once. */
  #isOrdered: boolean
  readonly #pool: Reference

  constructor(pool: Reference) {
    this.#pool = pool
    this.#isOrdered = pool.settings.fairness !== undefined
  }

  join(asked: Asked): void {
    this.waiting = [...this.waiting, asked].sort((a, b) => a.arrival - b.arrival)
    this.#joinedIn.set(asked.borrow, this.#pool.turn)
    if (!this.isPlain) this.#isOrdered = true
    this.settle()
  }

  leave(borrow: Borrow): void {
    this.waiting = this.waiting.filter((each) => each.borrow !== borrow)
    this.settle()
  }

  has(borrow: Borrow): boolean {
    return this.waiting.some((each) => each.borrow === borrow)
  }

  /** Its key has had its turn. */
  serve(borrow: Borrow): void {
    const key = this.#keyOf(borrow)
    this.leave(borrow)
    if (this.#servedIn.has(key)) this.#servedIn.set(key, this.#pool.turn)
  }

  /** How many could be served at once, if there were enough for them. */
  get servable(): number {
    let count = 0
    for (const key of new Set(this.waiting.map(({ borrow }) => this.#keyOf(borrow)))) count += this.#servableOf(key)
    return count
  }

  /** First come, first served. */
  get isPlain(): boolean {
    return this.#pool.settings.fairness === undefined && this.waiting.every(({ borrow }) => !borrow.terms?.priority)
  }

  /** A key has no more leases than it may have. */
  admits(borrow: Borrow): boolean {
    return this.#leasesOf(this.#keyOf(borrow)) < this.#maxPerKey
  }

  /** What is wrong about serving this one now. Keys that have waited since the same turn may come in any order. */
  objection(borrow: Borrow): string | undefined {
    const { bundles, census, endsSeveral } = this.#pool
    const { next } = bundles
    // Where several leases end in one turn, it may have had others when it was served.
    const isGathering = this.#isOrdered && (next === borrow || (endsSeveral && bundles.has(borrow)))
    if (isGathering && this.#objection(borrow) !== undefined) census.count("together: before others")
    if (isGathering) return undefined
    if (this.#isOrdered && next !== undefined && !endsSeveral) return "order: one who has got some is overtaken"
    return this.#objection(borrow)
  }

  #objection(borrow: Borrow): string | undefined {
    const mine = this.#keyOf(borrow)
    const turn = this.#servedIn.get(mine)
    if (turn === undefined) return "order: a key beyond its limit is served"
    for (const [key, other] of this.#servedIn) {
      if (other < turn) return `order: key ${mine} is served before key ${key}`
    }
    const { arrival } = this.#pool.asked.get(borrow)!
    // Nobody looks at the clock for one that waits for ever, until one of another class waits again, who came before.
    const isUndated = (each: Asked): boolean => borrow.id > 0 && each.borrow.wait === Infinity && each.arrival > arrival
    const rivals = this.waiting.filter((each) =>
      this.#keyOf(each.borrow) === mine &&
      (each.borrow === borrow || !(this.#mayBeLate(each.borrow) || isUndated(each)))
    )
    const [best] = rivals.sort((a, b) => this.#score(a) - this.#score(b) || a.arrival - b.arrival)
    return best?.borrow === borrow ? undefined : "order: a waiter overtakes another"
  }

  /** Others may have been served before it came to wait, in this very turn. */
  #mayBeLate(borrow: Borrow): boolean {
    const { endsSeveral, turn } = this.#pool
    return borrow === this.undecided || (endsSeveral && this.#joinedIn.get(borrow) === turn)
  }

  /** Other turns apply. */
  restarts(): void {
    if (!this.isPlain) this.#isOrdered = true
    this.#servedIn.clear()
    this.settle()
  }

  /** Keys come to have somebody to be served, and cease to. */
  settle(): void {
    const keys = new Set<Key>([...this.#servedIn.keys(), ...this.waiting.map(({ borrow }) => this.#keyOf(borrow))])
    for (const key of keys) {
      if (this.#servableOf(key) === 0) this.#servedIn.delete(key)
      else if (!this.#servedIn.has(key)) this.#servedIn.set(key, this.#pool.turn)
    }
  }

  get #maxPerKey(): number {
    return this.#pool.settings.fairness?.maxPerKey ?? Infinity
  }

  #keyOf({ terms }: Borrow): Key {
    return this.#pool.settings.fairness === undefined ? undefined : terms?.key
  }

  #leasesOf(key: Key): number {
    let count = 0
    for (const borrow of this.#pool.leases.keys()) if (this.#keyOf(borrow) === key) count++
    return count
  }

  #servableOf(key: Key): number {
    const waiting = this.waiting.filter(({ borrow }) => this.#keyOf(borrow) === key).length
    return Math.max(0, Math.min(waiting, this.#maxPerKey - this.#leasesOf(key)))
  }

  #score({ at, borrow }: Asked): number {
    const { priorityAging } = this.#pool.settings
    const priority = borrow.terms?.priority ?? 0
    return priorityAging === Infinity ? priority : at + priority * priorityAging
  }
}
