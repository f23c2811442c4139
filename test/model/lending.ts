/** Who has what: what is right and wrong about a lease that begins, and what becomes of a resource when one ends. */
import type { Borrow } from "../../src/pool/internal/borrow.ts"
import type { Lease, Reference } from "./reference.ts"
import type { Resource } from "./resource.ts"

/** What becomes of a resource whose lease is over. */
export type After = "as new" | "lost" | "given away"

export class Lending {
  /** What those had who have lost it in this turn, and had not taken it over. */
  readonly untouched = new Map<Borrow, Resource>()
  readonly #pool: Reference

  constructor(pool: Reference) {
    this.#pool = pool
  }

  /** What is wrong about it. */
  lends(borrow: Borrow, id: number): string | undefined {
    const { bundles, census, endsSeveral, isForced, leases, line, now, overload, settings, sharing, stock, turn } =
      this.#pool
    const resource = stock.get(id)
    if (resource === undefined) return "one place: a resource that is gone is lent"
    // Where several leases end in one turn, one may begin in between. It is taken back when the others of its resource end.
    const isOver = resource.isOver(settings, now)
    const isGoing = resource.place === "returned" || resource.withdrawnIn === turn ||
      (resource.lostIn === turn && isOver)
    const isBetween = isForced || (endsSeveral && settings.concurrency > 1 && isGoing)
    const tooLate = isOver ? "a resource past its time is lent" : undefined
    const objection = isBetween ? undefined : this.#objection(borrow, resource) ?? tooLate
    const isWaiter = line.has(borrow)
    if (isWaiter) overload.moves()
    const overtaken = isWaiter
      ? line.objection(borrow)
      : line.servable > 0
      ? "order: a newcomer overtakes a waiter"
      : undefined
    leases.set(borrow, { resource, guard: borrow.guardFiber, since: now, isOverdue: false })
    if (resource.holders.size > 0) census.count("shared: one more")
    stock.lends(resource)
    resource.holders.add(borrow)
    sharing.settles(resource)
    bundles.lends(borrow)
    line.serve(borrow)
    return objection ?? overtaken
  }

  #objection(borrow: Borrow, resource: Resource): string | undefined {
    const { isSuspended, now, settings, sharing, stock } = this.#pool
    const { place } = resource
    if (isSuspended) return "a resource is lent while the pool is suspended"
    if (place === "arriving") return undefined
    if (place === "held" && !sharing.has(resource)) return "one holder: one that nobody else may have is lent"
    if (place !== "idle" && place !== "held") return `one holder: a resource that is ${place} is lent`
    if (stock.choice(borrow) !== resource && !sharing.isAnyones(resource)) return "another one should have been lent"
    return resource.isDoubtful(settings, now) ? "a resource is lent that nobody has looked at" : undefined
  }

  /** A lease is over. */
  ends(borrow: Borrow, after: After): void {
    const { census, leases, now, settings, sharing, turn } = this.#pool
    const resource = leases.get(borrow)?.resource
    if (resource === undefined) return
    // Others have it, too.
    if (after === "given away" && resource.holders.size > 1) return
    this.#isOver(borrow, resource)
    if (after === "lost") sharing.withdraws(resource)
    const isLast = resource.holders.size === 0
    if (!isLast) census.count("shared: left by one")
    if (!isLast && resource.isOver(settings, now)) sharing.withdraws(resource)
    // Where nobody has had it, nobody has seen how it is; and what others have still is looked at when they are through.
    if (isLast && borrow.taken) resource.isSeenWell(now, turn)
    if (isLast) this.#isFree(resource, after, borrow.taken)
    sharing.settles(resource)
  }

  #isFree(resource: Resource, after: After, isUsed: boolean): void {
    const { asksToRetire, resets } = this.#pool.settings
    if (after === "given away") resource.place = "leaving"
    else if (resource.isWithdrawn) resource.place = "condemned"
    else if (isUsed && (resets || asksToRetire)) resource.place = "returned"
    else this.#pool.stock.arrives(resource)
  }

  /** All of them at once, and then nobody new is to have what they had. */
  revokes(borrows: Iterable<Borrow>): void {
    const resources = Array.from(borrows, (borrow) => {
      const { resource } = this.#pool.leases.get(borrow)!
      this.#isOver(borrow, resource)
      return resource
    })
    for (const resource of resources) this.#pool.sharing.withdraws(resource)
  }

  /** It is held since then, and no longer. */
  postpones(borrow: Borrow, since: number): void {
    const { bundles, leases } = this.#pool
    const lease = leases.get(borrow)!
    const others = Array.from(leases).filter(([other]) => other !== borrow)
    const isEarlier = (each: readonly [Borrow, Lease]): boolean => each[1].since <= since
    lease.since = since
    bundles.begins(borrow, since)
    leases.clear()
    for (const [other, its] of [...others.filter(isEarlier), [borrow, lease] as const]) leases.set(other, its)
    for (const [other, its] of others) if (!leases.has(other)) leases.set(other, its)
  }

  /** It lost its resource, and has not taken it over: it asks again, and never learns of it. */
  bereaves(borrow: Borrow, resource: Resource): void {
    this.#isOver(borrow, resource)
    if (borrow.taken) return
    if (borrow.bundle !== undefined) this.#pool.census.count("together: lost one")
    this.#pool.waits(borrow)
  }

  #isOver(borrow: Borrow, resource: Resource): void {
    const { leases, line, ownerOf, phase, reservations, turn } = this.#pool
    if (!borrow.taken) this.untouched.set(borrow, resource)
    leases.delete(borrow)
    ownerOf.delete(borrow)
    resource.loses(borrow, turn)
    reservations.ends(borrow, resource)
    if (borrow.taken) this.#pool.usedBy(resource)
    if (phase !== "open" && borrow.taken) this.#pool.drained++
    line.settle()
  }
}
