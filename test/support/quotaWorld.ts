/**
 * Several pools that share one limit: real machines, a real `Quota`, and around them nothing but numbers. What the quota
 * wants to do later is a task that is run when the test says so, and time passes when it says so.
 *
 * After every message it is verified that no place is lost or had twice, that nobody in line is overtaken, that a resource
 * that was given back is closed only for whom it is owed to; and, whenever the quota has nothing left to do, that nobody is in
 * line past room or past something idle.
 */
import * as assert from "node:assert/strict"
import type { Host } from "../../src/channel/internal/host.ts"
import { Quota } from "../../src/pool/internal/quota.ts"
import type { Settings } from "../../src/pool/internal/settings.ts"
import { Site } from "./quotaSite.ts"
import type { RecordedBorrow } from "./recordedPorts.ts"

export class QuotaWorld {
  readonly max: number
  readonly quota: Quota
  /** The incarnations that are there now, one for each pool. */
  readonly sites: Array<Site> = []
  /** Those of which nothing is left. */
  readonly former: Array<Site> = []
  #tasks: Array<() => void> = []
  time = 1_000
  /** How many openings have begun. */
  openings = 0

  constructor(max: number, settings: ReadonlyArray<Settings>) {
    this.max = max
    const host = { dispatcher: { scheduleTask: (task: () => void) => void this.#tasks.push(task) } }
    this.quota = new Quota(max, host as unknown as Host)
    for (const each of settings) this.sites.push(new Site(this, each))
    for (const site of this.sites) site.start()
  }

  get all(): ReadonlyArray<Site> {
    return [...this.sites, ...this.former]
  }

  get hasTasks(): boolean {
    return this.#tasks.length > 0
  }

  /** What the quota has left for later. */
  runTasks(): void {
    for (let runs = 0; this.#tasks.length > 0; runs++) {
      assert.ok(runs < 100, "the quota never comes to rest")
      const tasks = this.#tasks
      this.#tasks = []
      for (const task of tasks) task()
    }
    this.verifyRest()
  }

  pass(millis: number): void {
    this.time += millis
    for (const site of this.sites) site.tick()
  }

  /** Another incarnation of a pool of which nothing is left. */
  revive(site: Site): void {
    const next = new Site(this, site.settings)
    this.sites[this.sites.indexOf(site)] = next
    this.former.push(site)
    next.start()
  }

  /** After every message. */
  verify(): void {
    const { taken } = this.quota
    assert.ok(taken <= this.max, `${taken} places of ${this.max} are taken`)
    const had = this.sites.reduce((sum, site) => sum + site.places, 0)
    assert.equal(taken, had, `${taken} places are taken, ${had} are in use`)
    for (const site of this.sites) if (site.demand === 0) site.isTurnedAway = false
  }

  /** Nothing is left to be done: whoever is in line waits for something. */
  verifyRest(): void {
    if (this.hasTasks) return
    const demand = this.sites.reduce((sum, site) => sum + site.demand, 0)
    if (demand === 0) return
    assert.equal(this.quota.taken, this.max, `${demand} are wanted, and there is room`)
    const idle = this.sites.some((site) => site.idle > 0)
    if (idle) assert.ok(demand <= this.closing, `${demand} are wanted, something is idle, ${this.closing} are closing`)
  }

  get closing(): number {
    return this.sites.reduce((sum, site) => sum + site.closing, 0)
  }

  /** Who opens one without having been told to has found room, and nobody who has been turned away. */
  opens(site: Site): void {
    this.openings++
    if (site.isTold) return
    const overtaken = this.sites.find((other) => other !== site && other.isTurnedAway && other.demand > 0)
    assert.equal(overtaken, undefined, "somebody in line is overtaken by a newcomer of another pool")
  }

  /** Who is told that there is room is the oldest of those who want it. */
  tells(site: Site): void {
    const oldest = Math.min(...this.sites.map((other) => other.demand > 0 ? other.firstTicket : Infinity))
    assert.ok(site.demand > 0, "told that there is room without anybody who wants it")
    assert.equal(site.firstTicket, oldest, "told that there is room before an older one")
  }

  /** What is closed to make room has been idle for longest. */
  sheds(site: Site): void {
    const coldest = Math.min(...this.sites.map((other) => other.coldest))
    assert.equal(site.coldest, coldest, "not the longest idle one is closed to make room")
    const demand = this.sites.reduce((sum, other) => sum + other.demand, 0)
    assert.ok(demand > this.closing, `one is closed to make room: ${demand} are wanted, ${this.closing} are closing`)
    assert.equal(this.quota.taken, this.max, "one is closed to make room, and there is room")
  }

  /** Is what is given back there owed to other pools rather than to the waiter of that ticket, or to nobody? */
  owes(site: Site, ticket: number | undefined, isHeld: boolean): boolean {
    let claims = 0
    for (const other of this.sites) {
      if (other === site || other.demand === 0) continue
      if (ticket === undefined) claims += other.demand
      else if (other.isBare && other.firstTicket < ticket) claims++
    }
    // So many are about to be had anyway.
    const leaving = isHeld ? this.sites.reduce((sum, other) => sum + other.leaving, 0) : 0
    return claims > this.max - this.quota.taken + this.closing + leaving
  }

  get borrows(): ReadonlyArray<RecordedBorrow> {
    return this.all.flatMap((site) => site.borrows.flat())
  }
}
