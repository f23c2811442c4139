/**
 * How many resources several pools may have open together, and who gets a place when there is not room for all.
 *
 * ```text
 *  room                    it goes to the oldest waiter, whatever its pool
 *  none, something idle    the one that has been idle for longest is closed, in whatever pool
 *  none, all lent          what is given back serves its own pool, unless an older waiter's pool has nothing at all
 * ```
 *
 * In strict order of arrival a busy pool would close a resource at every other return, for another pool to open one. By the
 * last rule it does so only where a pool would be starved otherwise.
 *
 * A turn of one pool never causes a turn of another: it only asks and tells. What follows is a task on the scheduler. Until
 * it runs, nobody is overtaken, since whoever asks for room while others are in line is put in line.
 *
 * @internal
 */
import type { Host } from "../../channel/internal/host.ts"

/** A pool, as far as a quota is concerned. All of it is of one moment, and none of it changes anything but what it says. @internal */
export interface Party {
  /** How many it would open now for those who wait, or to see whether it can open again, had it the room. */
  readonly demand: () => number
  /** When the first of those came, in the order that all pools share. */
  readonly firstTicket: () => number
  /** Whether it has anything at all, or is about to. */
  readonly isBare: () => boolean
  /** How many are being closed. */
  readonly closing: () => number
  /** How many are to be closed as soon as the last who shares them has given them back, whenever that is. */
  readonly leaving: () => number
  /** Since when its coldest idle resource has been idle; `undefined`: nothing is. */
  readonly coldest: () => number | undefined
  /** Ask again. Never called in a turn. */
  readonly retry: () => void
  /** Close the coldest, and do not replace it. Never called in a turn. `false`: nothing is idle. */
  readonly shed: () => boolean
}

/** @internal */
export class Quota {
  /** The order of those who wait, over all pools. */
  readonly tickets = { last: 0 }
  /** How many places there are. */
  readonly max: number
  readonly #host: Host
  readonly #members = new Set<Member>()
  /** Those that were turned away while somebody waits in them. */
  readonly #line = new Set<Member>()
  /** Places that are taken, or granted. */
  #taken = 0
  #isScheduled = false

  constructor(max: number, host: Host) {
    this.max = max
    this.#host = host
  }

  /** How many places are taken, or granted. */
  get taken(): number {
    return this.#taken
  }

  join(party: Party): Member {
    const member = new Member(this, party)
    this.#members.add(member)
    return member
  }

  // For members

  /** Nobody in line is overtaken. */
  admits(): boolean {
    if (this.#line.size > 0 || this.#taken >= this.max) return false
    this.#taken++
    return true
  }

  queue(member: Member): void {
    this.#line.add(member)
    this.#schedule()
  }

  free(places: number): void {
    this.#taken -= places
    this.#schedule()
  }

  forget(member: Member): void {
    this.#members.delete(member)
    this.#line.delete(member)
    this.#schedule()
  }

  /**
   * Is what this one has free of more use elsewhere than to its waiter of that ticket, or than to nobody? What is held by
   * others still may be long in coming: what leaves already is enough of that, but nothing that is free waits for it.
   */
  owes(member: Member, ticket: number | undefined, isHeld: boolean): boolean {
    if (this.#line.size === 0) return false
    let claims = 0
    for (const other of this.#line) {
      if (other === member) continue
      const demand = other.party.demand()
      if (ticket === undefined) claims += demand
      else if (demand > 0 && other.party.isBare() && other.party.firstTicket() < ticket) claims++
    }
    // As many places as that are about to be had anyway.
    return claims > this.max - this.#taken + this.#closing + (isHeld ? this.#leaving : 0)
  }

  // Within

  get #closing(): number {
    let closing = 0
    for (const { party } of this.#members) closing += party.closing()
    return closing
  }

  get #leaving(): number {
    let leaving = 0
    for (const { party } of this.#members) leaving += party.leaving()
    return leaving
  }

  #schedule(): void {
    if (this.#isScheduled || this.#line.size === 0) return
    this.#isScheduled = true
    this.#host.dispatcher.scheduleTask(this.#settle, 0)
  }

  /** Every round serves somebody, closes something, or makes the line shorter. */
  readonly #settle = (): void => {
    this.#isScheduled = false
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      if (this.#taken < this.max) this.#serve(next)
      else if (!this.#makeRoom()) return
    }
  }

  /** The pool of the oldest waiter. Those in which nobody waits any more have left the line. */
  #next(): Member | undefined {
    let oldest: Member | undefined
    for (const member of this.#line) {
      if (member.party.demand() === 0) this.#line.delete(member)
      else if (oldest === undefined || member.party.firstTicket() < oldest.party.firstTicket()) oldest = member
    }
    return oldest
  }

  #serve(member: Member): void {
    this.#taken++
    member.granted = 1
    member.party.retry()
    if (member.granted === 0) return
    // It has no use for it after all.
    member.granted = 0
    this.#taken--
    this.#line.delete(member)
  }

  /** `false`: enough is being closed already, or nothing is idle. */
  #makeRoom(): boolean {
    let missing = -this.#closing
    for (const { party } of this.#line) missing += party.demand()
    if (missing <= 0) return false
    let coldest: Member | undefined
    let since = Infinity
    for (const member of this.#members) {
      const idleSince = member.party.coldest() ?? Infinity
      if (idleSince >= since) continue
      coldest = member
      since = idleSince
    }
    return coldest?.party.shed() ?? false
  }
}

/** The places of one pool; of one incarnation of it. @internal */
export class Member {
  readonly party: Party
  readonly #quota: Quota
  /** Given to it, and not used yet: only while it is asked to. */
  granted = 0
  #taken = 0
  #hasLeft = false

  constructor(quota: Quota, party: Party) {
    this.#quota = quota
    this.party = party
  }

  /** One more is about to be opened. If there is no room for it, and somebody waits for it, the pool is told when there is. */
  take(): boolean {
    if (this.granted > 0) this.granted--
    else if (!this.#quota.admits()) {
      if (this.party.demand() > 0) this.#quota.queue(this)
      return false
    }
    this.#taken++
    return true
  }

  /** One of those is gone. */
  give(): void {
    if (this.#hasLeft) return
    this.#taken--
    this.#quota.free(1)
  }

  /**
   * Something is free, or others share it still (`isHeld`), and would go to the waiter of that ticket, or be idle. Is it to be
   * closed, for the sake of another pool?
   */
  owes(ticket: number | undefined, isHeld: boolean): boolean {
    return this.#quota.owes(this, ticket, isHeld)
  }

  /** Nothing of it is left, in whatever way it ended. */
  leave(): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.#quota.forget(this)
    this.#quota.free(this.#taken + this.granted)
    this.#taken = 0
    this.granted = 0
  }
}
