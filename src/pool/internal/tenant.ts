/**
 * Those who wait with one key, in lanes by priority. A lane is in the order of arrival, and there are few lanes, so the
 * next is the best of their heads, and leaving is O(1).
 *
 * @internal
 */
import { type Linked, List } from "../../channel/internal/list.ts"
import type { Borrow } from "./borrow.ts"
import { Codel } from "./codel.ts"

/** Where somebody stands in a line. @internal */
export class Spot implements Linked<Spot> {
  readonly borrow: Borrow
  /** The least is served first. */
  readonly score: number
  readonly tenant: Tenant
  readonly lane: Lane
  prev: Spot | undefined = undefined
  next: Spot | undefined = undefined

  constructor(borrow: Borrow, score: number, tenant: Tenant, lane: Lane) {
    this.borrow = borrow
    this.score = score
    this.tenant = tenant
    this.lane = lane
  }
}

class Lane extends List<Spot> {
  readonly priority: number
  /** Its own, and gone with it: a lane that empties is not overloaded. */
  readonly codel: Codel | undefined

  constructor(priority: number, codel: Codel | undefined) {
    super()
    this.priority = priority
    this.codel = codel
  }
}

type Overload = ConstructorParameters<typeof Codel>[0] | undefined

/** @internal */
export class Tenant implements Linked<Tenant> {
  readonly key: string | undefined
  waiting = 0
  /** Counted only where there is a limit to them. */
  leases = 0
  /** How many of those who wait the limit of leases leaves room for. None: it has no turn. */
  servable = 0
  prev: Tenant | undefined = undefined
  next: Tenant | undefined = undefined
  /** By priority, none of them empty. */
  readonly lanes = new Map<number, Lane>()
  readonly #overload: Overload

  constructor(key: string | undefined, overload?: Overload) {
    this.key = key
    this.#overload = overload
  }

  enter(borrow: Borrow, priority: number, score: number): Spot {
    let lane = this.lanes.get(priority)
    if (lane === undefined) {
      lane = new Lane(priority, this.#overload && new Codel(this.#overload))
      this.lanes.set(priority, lane)
      lane.codel?.watch(borrow.askedAt!)
    }
    const spot = new Spot(borrow, score, this, lane)
    lane.insertBefore(spot, successorIn(lane, borrow.ticket))
    this.waiting++
    return spot
  }

  leave(spot: Spot): void {
    const { lane } = spot
    lane.remove(spot)
    // Any number may be a priority, and each is gone with its last waiter.
    if (lane.length === 0) this.lanes.delete(lane.priority)
    this.waiting--
  }

  first(): Borrow | undefined {
    let best: Spot | undefined = undefined
    for (const { head } of this.lanes.values()) {
      if (best === undefined || (head !== undefined && isBefore(head, best))) best = head
    }
    return best?.borrow
  }
}

const isBefore = (one: Spot, other: Spot): boolean =>
  one.score < other.score || (one.score === other.score && one.borrow.ticket < other.borrow.ticket)

/** Nearly always nobody; one that waits again was served before, so its place is near the head. */
const successorIn = (lane: Lane, ticket: number): Spot | undefined => {
  if (lane.tail === undefined || lane.tail.borrow.ticket < ticket) return undefined
  let spot = lane.head
  while (spot !== undefined && spot.borrow.ticket < ticket) spot = spot.next
  return spot
}
