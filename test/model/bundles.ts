/** Several that are asked for together, as the reference sees them: whoever has some of them is next to get the others. */
import type { Borrow } from "../../src/pool/internal/borrow.ts"
import type { Reference } from "./reference.ts"

type Bundle = ReadonlyArray<Borrow>

export class Bundles {
  /** Those that have got some, in the order in which each of them got the first. */
  #gathering: ReadonlyArray<Bundle> = []
  /** When the time of each part began. */
  readonly #lentAt = new WeakMap<Borrow, number>()
  readonly #pool: Reference

  constructor(pool: Reference) {
    this.#pool = pool
  }

  lends(borrow: Borrow): void {
    const { bundle } = borrow
    if (bundle === undefined) return
    this.begins(borrow, this.#pool.now)
    this.#gathering = this.#gathering.filter((each) => each.some((part) => this.#isOnItsWay(part)))
    if (!this.#gathering.includes(bundle)) this.#gathering = [...this.#gathering, bundle]
  }

  /** Its time, or that of one that is asked for together with others. */
  begins(borrow: Borrow, at: number): void {
    this.#lentAt.set(borrow, at)
  }

  has({ bundle }: Borrow): boolean {
    return bundle !== undefined && this.#gathering.includes(bundle)
  }

  /** Who comes before all others, though it is another one's turn. A key at its limit has to wait all the same. */
  get next(): Borrow | undefined {
    const { leases, line } = this.#pool
    for (const bundle of this.#gathering) {
      if (!bundle.some((each) => leases.has(each))) continue
      const part = bundle.find((each) => line.has(each) && each !== line.undecided)
      if (part !== undefined && line.admits(part)) return part
    }
    return undefined
  }

  /** Since when its asker has had all of them. */
  heldSince(borrow: Borrow, since: number): number {
    return Math.max(since, ...(borrow.bundle ?? []).map((part) => this.#lentAt.get(part) ?? -Infinity))
  }

  /** It wants more together than there can ever be now. */
  isTooMany({ bundle }: Borrow): boolean {
    const { settings: { concurrency, fairness }, stock } = this.#pool
    const most = Math.min(stock.bound * concurrency, fairness?.maxPerKey ?? Infinity)
    return bundle !== undefined && bundle.length > most
  }

  /** Who waits for that. */
  get tooMany(): ReadonlyArray<Borrow> {
    return this.#pool.line.waiting.map(({ borrow }) => borrow).filter((borrow) => this.isTooMany(borrow))
  }

  #isOnItsWay(part: Borrow): boolean {
    return this.#pool.line.has(part) || (this.#pool.leases.has(part) && !part.taken)
  }
}
