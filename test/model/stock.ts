/** What there is, opened or on its way: how many there may be and should be, what may be lent, what may be run on it. */
import type { Borrow } from "../../src/pool/internal/borrow.ts"
import type { Job } from "../../src/pool/internal/checkup.ts"
import type { Reference } from "./reference.ts"
import { type Place, Resource } from "./resource.ts"

/** How often somebody is asked whether to keep what is idle. */
export const judgeEvery = 30_000

export class Stock {
  readonly resources = new Map<number, Resource>()
  /** The coldest first. */
  idle: ReadonlyArray<Resource> = []
  /** How many are to be there without being asked for. */
  kept: number
  /** How many there may be still, since the bound was lowered. */
  ceiling: number
  abandoned = 0
  /** When somebody was asked last whether to keep what is idle. */
  judgedAt = -Infinity
  /** What has come free in this turn, in that order. */
  arrivals: ReadonlyArray<Resource> = []
  /** Something was opened in this turn. */
  hasGrown = false
  readonly pool: Reference

  constructor(pool: Reference) {
    const { minIdle, start } = pool.settings
    this.pool = pool
    this.kept = start === "lazy" ? 0 : minIdle
    this.ceiling = this.bound
  }

  get(id: number): Resource | undefined {
    return this.resources.get(id)
  }

  count(...places: ReadonlyArray<Place>): number {
    let count = 0
    for (const { place } of this.resources.values()) if (places.includes(place)) count++
    return count
  }

  get bound(): number {
    const { maxOverflow, size } = this.pool.settings
    return size + maxOverflow
  }

  get open(): number {
    return this.resources.size - this.count("opening", "closing")
  }

  get live(): number {
    return this.open + this.count("opening")
  }

  /** Free as soon as what is run on them has come to an end. */
  get coming(): number {
    return this.count("resetting", "validating", "probing")
  }

  // What may be lent

  /** There is something that somebody new may have. */
  get isLendable(): boolean {
    return this.idle.length + this.pool.sharing.shared.length > 0
  }

  /** Those that this one would be lent, the best first: what nobody has comes before what is shared. */
  choices(borrow: Borrow): ReadonlyArray<Resource> {
    const inOrder = this.#idleInOrder
    const preferred = this.idle.find(({ id }) => id === borrow.terms?.preferred?.id)
    return [...preferred === undefined ? inOrder : [preferred, ...inOrder], ...this.pool.sharing.shared]
  }

  get #idleInOrder(): ReadonlyArray<Resource> {
    return this.pool.settings.strategy === "lifo" ? [...this.idle].reverse() : this.idle
  }

  /** How many idle ones there are behind those that are past their time, which are closed as soon as somebody comes. */
  get keptIdle(): number {
    const { now, settings } = this.pool
    const first = this.#idleInOrder.findIndex((each) => !each.isPastItsTime(settings, now))
    return first === -1 ? 0 : this.idle.length - first
  }

  /** The first of them that is not past its time: where that is doubtful, it is to be checked first. */
  choice(borrow: Borrow): Resource | undefined {
    const { now, settings } = this.pool
    return this.choices(borrow).find((each) => !each.isOver(settings, now))
  }

  // What happens to them

  opens(id: number): string | undefined {
    const {
      asker,
      backoff,
      failures,
      failuresBefore,
      isForced,
      isSuspended,
      leases,
      leasesBefore,
      phase,
      settings,
      wasOpen
    } = this.pool
    // Whoever lost one that died is served before its death counts as a failure.
    const abreast = failuresBefore > 0 && failures > 0 ? 1 : settings.openConcurrency
    const opening = this.count("opening")
    const crowd = this.resources.size
    // The drain may begin in the midst of the turn, and a lease may end in it, or begin before its asker hears of it.
    const wanted = wasOpen
      ? Math.max(
        this.wanted,
        this.#wantedIn("open", Math.max(leasesBefore, leases.size + (asker === undefined ? 0 : 1)))
      )
      : this.wanted
    const resource = new Resource(id)
    this.resources.set(id, resource)
    resource.dueAt(this.pool.now + settings.openTimeout)
    if (phase === "closing" || phase === "closed") return "an opening after the drain"
    if (isSuspended) return "an opening while suspended"
    if (backoff !== "none") return "an opening during the back-off"
    if (crowd >= this.bound) return `bound: an opening beyond ${this.bound}`
    if (opening >= abreast) return `${opening} openings at once, and one more`
    // Those for whom it is may be told in this very turn that it is the end.
    if (opening >= wanted && !isForced && !this.#warmsUp(opening)) return "an opening for nobody"
    return undefined
  }

  /** How many openings there should be, if nothing forbade them. */
  get wanted(): number {
    return this.#wantedIn(this.pool.phase)
  }

  #wantedIn(phase: Reference["phase"], leases = this.pool.leases.size): number {
    const { isTripped, line } = this.pool
    const forWaiters = Math.ceil(line.servable / this.pool.settings.concurrency) - this.coming
    if (phase === "draining") return forWaiters
    if (phase !== "open") return 0
    return Math.max(
      isTripped ? 1 : 0,
      forWaiters,
      Math.max(this.kept, this.#neededFor(leases)) + this.#heirs("yes", "perhaps") - this.open
    )
  }

  /** How many there should be for what is lent and wanted now. */
  get needed(): number {
    return this.#neededFor(this.pool.leases.size)
  }

  #neededFor(leases: number): number {
    const { concurrency, minIdle, size, start, targetUtilization } = this.pool.settings
    if (targetUtilization === 1) return 0
    const reserved = Math.ceil((leases + this.pool.line.servable) / concurrency / targetUtilization)
    return Math.min(size, Math.max(start === "lazy" ? 0 : minIdle, reserved))
  }

  /** How many have a successor, or are to have one. */
  get heirs(): number {
    return this.#heirs("yes")
  }

  #heirs(...are: ReadonlyArray<Resource["heir"]>): number {
    let count = 0
    for (const { heir, place } of this.resources.values()) if (are.includes(heir) && place !== "closing") count++
    return count
  }

  /** Who tries and finds nothing has one more opened for the next to come. */
  #warmsUp(opening: number): boolean {
    const { phase, settings, tries } = this.pool
    return tries && phase === "open" && this.open + opening < settings.size
  }

  readies(id: number, jitter: number): void {
    const { now } = this.pool
    const resource = this.resources.get(id)!
    this.hasGrown = true
    Object.assign(resource, { since: now, wellAt: now, jitter, due: undefined, isGivenUp: false })
    this.arrives(resource)
  }

  arrives(resource: Resource): void {
    resource.place = "arriving"
    this.arrivals = [...this.arrivals, resource]
  }

  /** What is wrong about running this on it. */
  checks(id: number, job: Job): string | undefined {
    const resource = this.resources.get(id)
    const objection = resource === undefined ? `a ${job} of one that is gone` : this.#objection(resource, job)
    if (resource === undefined || job === "judge") return objection
    const { now, settings } = this.pool
    this.leaveIdle(resource)
    resource.place = job === "reset" ? "resetting" : job === "validate" ? "validating" : "probing"
    resource.dueAt(now + (job === "reset" ? settings.resetTimeout : settings.validationTimeout))
    return objection
  }

  #objection(resource: Resource, job: Job): string | undefined {
    const { asker, line, now, settings } = this.pool
    const wrong = `a ${job} of one that is ${resource.place}`
    if (job === "reset") return resource.place === "returned" ? undefined : wrong
    // Where several leases end in one turn, what one of them has left may be idle when the next one ends.
    if (resource.place === "arriving" && job === "validate") {
      return resource.isDoubtful(settings, now) && line.servable > 0 ? undefined : wrong
    }
    if (resource.place !== "idle") return wrong
    switch (job) {
      case "validate": {
        if (!resource.isDoubtful(settings, now)) return `${wrong} and well`
        const isFor = (borrow: Borrow): boolean => this.choice(borrow) === resource
        // Whom CoDel drops may have been the one that it was for.
        const mayBeForNobody = asker !== undefined || settings.overload !== undefined
        if (!mayBeForNobody && this.count("validating") >= line.servable) return `${wrong}, for nobody`
        const isChosen = line.waiting.some(({ borrow }) => isFor(borrow)) || (asker !== undefined && isFor(asker))
        return isChosen ? undefined : `${wrong} and nobody's choice`
      }
      case "probe": {
        const due = this.idle.filter((each) => this.isToBeProbed(each))
        if (due[0] !== resource) return `${wrong}, and not the coldest that is due`
        return this.count("probing") < this.mostProbes ? undefined : `${wrong}, and one too many`
      }
      case "judge":
        if (now !== this.judgedAt && now - this.judgedAt < judgeEvery) return `${wrong}, and once too often`
        this.judgedAt = now
        return settings.asksToRetire ? undefined : wrong
      default:
        return job satisfies never
    }
  }

  isToBeProbed({ wellAt }: Resource): boolean {
    const { now, settings } = this.pool
    return now - wellAt >= settings.keepalive
  }

  get mostProbes(): number {
    return Math.max(1, Math.floor(this.pool.settings.size / 4))
  }

  /** One of these is how long that may take. */
  toClosing(resource: Resource, within: ReadonlyArray<number>): void {
    const { now } = this.pool
    this.leaveIdle(resource)
    resource.place = "closing"
    resource.due = { from: now + Math.min(...within), by: now + Math.max(...within) }
  }

  /** It is given up, and nothing is expected of it any more. */
  forgets(id: number): void {
    const resource = this.resources.get(id)
    if (resource !== undefined) Object.assign(resource, { due: undefined, isGivenUp: true })
  }

  gives(id: number, isAlive: boolean): string | undefined {
    const resource = this.resources.get(id)
    if (resource?.place !== "leaving") return `one that is ${resource?.place} is given away`
    if (isAlive) this.resources.delete(id)
    else resource.place = "condemned"
    return undefined
  }

  leaveIdle(resource: Resource): void {
    this.idle = this.idle.filter((each) => each !== resource)
  }

  lends(resource: Resource): void {
    this.leaveIdle(resource)
    resource.place = "held"
  }

  /** It is idle; after a probe it is as old as before. */
  idles(resource: Resource): void {
    const { idleSince } = resource
    resource.place = "idle"
    const colder = this.idle.filter((each) => each.idleSince <= idleSince)
    this.idle = [...colder, resource, ...this.idle.filter((each) => each.idleSince > idleSince)]
  }
}
