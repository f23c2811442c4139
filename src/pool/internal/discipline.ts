/**
 * Which of those who wait is served next, where that is not simply the first to come.
 *
 * ```text
 *  the ring: the tenants whose turn may come          within a tenant: a lane for each priority
 *  ┌────────┐   ┌────────┐   ┌────────┐               0  ○ ○ ○ ○      the least score of the heads is next:
 *  │ key b  │ → │ key c  │ → │ key a  │ → at the end  1  ○ ○           askedAt + priority × priorityAging
 *  └────────┘   └────────┘   └────────┘               5  ○
 * ```
 *
 * **Fairness.** A tenant is all that have the same key; those without one are a tenant, too. Tenants that have somebody to
 * be served take turns: one grant, then to the end of the ring, where those also stand who come to wait. So between two
 * grants to one tenant every other one that waited all that time, and was not at its limit, has had one. Without
 * `fairness` everybody is of one tenant.
 *
 * **Priorities.** The score is fixed when somebody begins to wait, and never changes, so nothing is sorted again as time
 * goes by: a class counts as `priorityAging` milliseconds of waiting, and whoever has waited so much longer than a newcomer
 * of a better class comes before it. `priorityAging: Infinity` has no ageing: a better class always comes first.
 *
 * **Overload.** Each lane has a controlled delay of its own, as the queues of FQ-CoDel (RFC 8290). One for all of them would
 * see how little those of the best class wait, or of a quiet tenant, and would drop nobody of those who crowd another lane.
 *
 * It knows no clock and no resource, and holds on to nobody who neither waits nor has a lease.
 *
 * @internal
 */
import { List } from "../../channel/internal/list.ts"
import type { Borrow } from "./borrow.ts"
import type { Codel } from "./codel.ts"
import { type Spot, Tenant } from "./tenant.ts"

/** @internal */
export class Discipline {
  readonly #priorityAging: number
  readonly #isFair: boolean
  readonly #maxPerKey: number
  readonly #overload: { readonly target: number; readonly interval: number } | undefined
  readonly #spots = new Map<Borrow, Spot>()
  /** Those that somebody waits for or, where leases are limited, that have one. */
  readonly #tenants = new Map<string | undefined, Tenant>()
  /** Those with somebody to be served. The first has its turn. */
  readonly #ring = new List<Tenant>()
  #servable = 0

  constructor(settings: {
    readonly priorityAging: number
    readonly fairness: { readonly maxPerKey: number } | undefined
    readonly overload: { readonly target: number; readonly interval: number } | undefined
  }) {
    this.#overload = settings.overload
    this.#priorityAging = settings.priorityAging
    this.#isFair = settings.fairness !== undefined
    this.#maxPerKey = settings.fairness?.maxPerKey ?? Infinity
  }

  /** How many of those who wait could be served now, if there were resources: those of a key at its limit could not. */
  get servable(): number {
    return this.#servable
  }

  get waiting(): number {
    return this.#spots.size
  }

  /** How many tenants it knows of. None is left when nobody waits and nothing is lent. */
  get tenants(): number {
    return this.#tenants.size
  }

  /**
   * Begins to wait; or waits again, and then at its old place among those of its key and priority, with its old score. The
   * arrival of one that has none yet is `now`.
   */
  join(borrow: Borrow, now: number): void {
    const askedAt = borrow.askedAt ??= now
    const priority = borrow.terms?.priority ?? 0
    const tenant = this.#tenantOf(borrow)
    this.#spots.set(borrow, tenant.enter(borrow, priority, this.#score(askedAt, priority)))
    this.#settle(tenant)
  }

  /** Nothing if it does not wait. */
  leave(borrow: Borrow): void {
    const spot = this.#spots.get(borrow)
    if (spot === undefined) return
    this.#spots.delete(borrow)
    spot.tenant.leave(spot)
    this.#settle(spot.tenant)
  }

  /** Who is served next. It goes on waiting until it leaves. */
  next(): Borrow | undefined {
    return this.#ring.head?.first()
  }

  /** By whom it is decided whether one of those who wait is dropped. */
  codelOf(borrow: Borrow): Codel | undefined {
    return this.#spots.get(borrow)?.lane.codel
  }

  /** Whether a newcomer that finds something idle may have it: its key is below its limit. */
  admits(borrow: Borrow): boolean {
    return this.#maxPerKey === Infinity || (this.#tenants.get(this.#keyOf(borrow))?.leases ?? 0) < this.#maxPerKey
  }

  /** It has a lease, whether it has waited or not: its tenant has had its turn. */
  lent(borrow: Borrow): void {
    if (this.#maxPerKey < Infinity) {
      const tenant = this.#tenantOf(borrow)
      tenant.leases++
      this.#settle(tenant)
    }
    const tenant = this.#tenants.get(this.#keyOf(borrow))
    if (tenant === undefined || tenant.servable === 0) return
    this.#ring.remove(tenant)
    this.#ring.append(tenant)
  }

  /** That lease is over. */
  ended(borrow: Borrow): void {
    if (this.#maxPerKey === Infinity) return
    const tenant = this.#tenantOf(borrow)
    tenant.leases--
    this.#settle(tenant)
  }

  #keyOf(borrow: Borrow): string | undefined {
    return this.#isFair ? borrow.terms?.key : undefined
  }

  #tenantOf(borrow: Borrow): Tenant {
    const key = this.#keyOf(borrow)
    let tenant = this.#tenants.get(key)
    if (tenant === undefined) {
      tenant = new Tenant(key, this.#overload)
      this.#tenants.set(key, tenant)
    }
    return tenant
  }

  #score(askedAt: number, priority: number): number {
    return this.#priorityAging === Infinity ? priority : askedAt + priority * this.#priorityAging
  }

  /** After every change of a tenant: how much it counts for, whether it has turns, and whether anything is left of it. */
  #settle(tenant: Tenant): void {
    const before = tenant.servable
    const { leases, waiting } = tenant
    const servable = Math.max(0, Math.min(waiting, this.#maxPerKey - leases))
    tenant.servable = servable
    this.#servable += servable - before
    if (before === 0 && servable > 0) this.#ring.append(tenant)
    else if (before > 0 && servable === 0) this.#ring.remove(tenant)
    if (waiting === 0 && leases === 0) this.#tenants.delete(tenant.key)
  }
}
