/** What the reference knows of one resource: what went in, and what came out. */
import type { Borrow } from "../../src/pool/internal/borrow.ts"
import type { Settings } from "../../src/pool/internal/settings.ts"
import type { Wish } from "./reservations.ts"

/**
 * Where it is. Within a turn only: `arriving`, free for whoever is next; `returned`, back from a borrower and not reset
 * yet; `condemned`, to be told to close; `leaving`, to be given away.
 */
export type Place =
  | "opening"
  | "arriving"
  | "idle"
  | "held"
  | "returned"
  | "resetting"
  | "validating"
  | "probing"
  | "condemned"
  | "leaving"
  | "closing"

export class Resource {
  readonly id: number
  place: Place = "opening"
  since = 0
  jitter = 0
  uses = 0
  /** When it became idle, and when it was last known to be well. */
  idleSince = 0
  wellAt = 0
  evictAt = Infinity
  /** When it was known to be well until the turn in which it came back last. */
  seenWell: { readonly in: number; readonly before: number } = { in: 0, before: 0 }
  /** Another one is there, or on its way, to take its place: so it is for whoever had the chance while there was room. */
  heir: "none" | "perhaps" | "yes" = "none"
  hadChance = false
  /** When whatever it is about must be told to end: it may be from the one, and must be by the other. */
  due: { readonly from: number; readonly by: number } | undefined
  /** Nothing is expected of it any more, unless it is ready all the same. */
  isGivenUp = false
  readonly holders = new Set<Borrow>()
  /** Who wants it alone: all of them by one lease. */
  wishes: ReadonlyArray<Wish> = []
  /** How many of its leases have ended in the last turn in which any has. */
  lost = 0
  lostIn = 0
  /** The turn since which nobody new is to have it: it goes when the last one has given it back. */
  withdrawnIn: number | undefined

  constructor(id: number) {
    this.id = id
  }

  get isWithdrawn(): boolean {
    return this.withdrawnIn !== undefined
  }

  isSeenWell(now: number, turn: number): void {
    this.seenWell = { in: turn, before: this.wellAt }
    this.wellAt = now
  }

  loses(borrow: Borrow, turn: number): void {
    this.holders.delete(borrow)
    this.lost = this.lostIn === turn ? this.lost + 1 : 1
    this.lostIn = turn
  }

  endOfLife({ lifetimeJitter, maxLifetime }: Settings): number {
    return this.since + maxLifetime * (1 - lifetimeJitter * this.jitter)
  }

  /** From then on a successor may be opened. */
  nearsItsEnd(settings: Settings): number {
    const { maxLifetime, openTimeout } = settings
    return maxLifetime === Infinity ? Infinity : this.endOfLife(settings) - Math.min(openTimeout, maxLifetime / 10)
  }

  /** From then on it must not be lent. */
  retireAt(settings: Settings): number {
    return this.place === "opening" ? this.evictAt : Math.min(this.evictAt, this.endOfLife(settings))
  }

  /** It must not be lent any more. */
  isOver(settings: Settings, now: number): boolean {
    return this.isUsedUp(settings) || this.isPastItsTime(settings, now)
  }

  isPastItsTime(settings: Settings, now: number): boolean {
    return this.retireAt(settings) <= now
  }

  isUsedUp({ maxUses }: Settings): boolean {
    return this.uses >= maxUses
  }

  /** What others have is well enough for one more. */
  isDoubtful({ validates, validationBypass }: Settings, now: number): boolean {
    return this.place !== "held" && validates && now - this.wellAt >= validationBypass
  }

  isEvicted(at: number): void {
    if (at >= this.evictAt) return
    this.evictAt = at
    this.hadChance = false
  }

  /** It is due then, exactly. */
  dueAt(at: number): void {
    this.due = at === Infinity ? undefined : { from: at, by: at }
  }
}
