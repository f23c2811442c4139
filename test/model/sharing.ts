/** What several may have at once: which of it one more may have, and what nobody new is to have. */
import type { Reference } from "./reference.ts"
import type { Resource } from "./resource.ts"

export class Sharing {
  /** Those that somebody has, and one more may; the one that has been so for longest comes first. */
  shared: ReadonlyArray<Resource> = []
  readonly #sharedIn = new Map<Resource, number>()
  readonly #pool: Reference

  constructor(pool: Reference) {
    this.#pool = pool
  }

  has(resource: Resource): boolean {
    return this.shared.includes(resource)
  }

  /** After every change of who has it, or wants it alone. */
  settles(resource: Resource): void {
    const { settings } = this.#pool
    const { holders, isWithdrawn, place, wishes } = resource
    const hasRoom = holders.size < settings.concurrency && wishes.length === 0
    const isFree = hasRoom && !isWithdrawn && !resource.isUsedUp(settings)
    const isShared = place === "held" && holders.size > 0 && isFree
    if (isShared === this.has(resource)) return
    this.shared = isShared ? [...this.shared, resource] : this.shared.filter((each) => each !== resource)
    this.#sharedIn.set(resource, this.#pool.turn)
  }

  /** Where several leases ended in one turn, which of them have come free first is the machine's to say. */
  follows(order: ReadonlyArray<number>): void {
    if (!this.shared.some((each) => this.isAnyones(each))) return
    this.shared = [...this.shared].sort((a, b) => order.indexOf(a.id) - order.indexOf(b.id))
  }

  /** It has come free in such a turn, or for a moment: whether before another one, or after it, cannot be told. */
  isAnyones(resource: Resource): boolean {
    const { endsSeveral, turn } = this.#pool
    return endsSeveral && (this.#sharedIn.get(resource) === turn || resource.lostIn === turn)
  }

  /** Nobody new is to have it, and whoever has not taken it over waits again. It goes when the last one has left. */
  withdraws(resource: Resource): void {
    const { census, lending, turn } = this.#pool
    if (!resource.isWithdrawn && resource.holders.size > 0) census.count("shared: given up")
    resource.withdrawnIn = turn
    this.settles(resource)
    for (const borrow of resource.holders) {
      if (borrow.taken) continue
      census.count("shared: taken back untouched")
      lending.bereaves(borrow, resource)
    }
    if (resource.holders.size === 0 && resource.place === "held") resource.place = "condemned"
  }

  /** Somebody comes, and nothing idle is fit: what is shared and past its time is given up first. Who waits again by that? */
  sweeps(): number {
    const { now, settings, stock } = this.#pool
    const before = this.#pool.line.waiting.length
    if (!stock.idle.every((each) => each.isPastItsTime(settings, now))) return 0
    for (let [first] = this.shared; first !== undefined && first.isPastItsTime(settings, now); [first] = this.shared) {
      this.withdraws(first)
    }
    return this.#pool.line.waiting.length - before
  }

  /** Other options apply. Of those that somebody has, no more may stay than the pool may have now. */
  reconfigures(): void {
    const { now, settings, stock } = this.#pool
    if (settings.concurrency === 1) return
    for (const resource of this.shared) if (resource.isOver(settings, now)) this.withdraws(resource)
    const lent = [...stock.resources.values()].filter(({ isWithdrawn, place }) => place === "held" && !isWithdrawn)
    for (const resource of lent.slice(0, Math.max(0, lent.length - stock.bound))) this.withdraws(resource)
  }

  /** What is wrong between two messages. */
  problems(): ReadonlyArray<string> {
    const { leases, settings, stock } = this.#pool
    const found: Array<string> = []
    let held = 0
    for (const { holders, isWithdrawn, place } of stock.resources.values()) {
      held += holders.size
      if (holders.size > settings.concurrency) found.push(`one holder: ${holders.size} have one at once`)
      if ((place === "held") !== (holders.size > 0)) found.push(`one holder: ${holders.size} have one that is ${place}`)
      if (isWithdrawn && [...holders].some(({ taken }) => !taken)) found.push("one that is to go is not taken over yet")
    }
    if (held !== leases.size) found.push("one holder")
    return found
  }
}
