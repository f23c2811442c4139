/**
 * What there is, opened or on its way: how many there may be and should be, what may be lent, and why one may be told to
 * close.
 */
import type { Borrow } from "../../src/pool/internal/borrow.ts"
import type { Job } from "../../src/pool/internal/checkup.ts"
import type { Reference } from "./reference.ts"
import { type Place, Resource } from "./resource.ts"

/** How often somebody is asked whether to keep what is idle. */
const judgeEvery = 30_000

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
  #arrivals: ReadonlyArray<Resource> = []
  /** Those that were to go at once, in the last eviction. */
  #evicted: ReadonlyArray<Resource> = []
  /** Something was opened in this turn. */
  #hasGrown = false
  readonly #pool: Reference

  constructor(pool: Reference) {
    const { minIdle, start } = pool.settings
    this.#pool = pool
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
    const { maxOverflow, size } = this.#pool.settings
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

  /** Those that this one would be lent, the best first. */
  choices(borrow: Borrow): ReadonlyArray<Resource> {
    const inOrder = this.#pool.settings.strategy === "lifo" ? [...this.idle].reverse() : this.idle
    const preferred = this.idle.find(({ id }) => id === borrow.terms?.preferred?.id)
    return preferred === undefined ? inOrder : [preferred, ...inOrder]
  }

  /** The first of them that is not past its time: where that is doubtful, it is to be checked first. */
  choice(borrow: Borrow): Resource | undefined {
    const { now, settings } = this.#pool
    return this.choices(borrow).find((each) => !each.isOver(settings, now))
  }

  // What happens to them

  opens(id: number): string | undefined {
    const { asker, backoff, failures, isSuspended, leases, leasesBefore, phase, settings, wasOpen } = this.#pool
    const abreast = failures > 0 ? 1 : settings.openConcurrency
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
    resource.dueAt(this.#pool.now + settings.openTimeout)
    if (phase === "closing" || phase === "closed") return "an opening after the drain"
    if (isSuspended) return "an opening while suspended"
    if (backoff !== "none") return "an opening during the back-off"
    if (crowd >= this.bound) return `bound: an opening beyond ${this.bound}`
    if (opening >= abreast) return `${opening} openings at once, and one more`
    if (opening >= wanted && !this.#warmsUp(opening)) return "an opening for nobody"
    return undefined
  }

  /** How many openings there should be, if nothing forbade them. */
  get wanted(): number {
    return this.#wantedIn(this.#pool.phase)
  }

  #wantedIn(phase: Reference["phase"], leases = this.#pool.leases.size): number {
    const { isTripped, line } = this.#pool
    const forWaiters = line.servable - this.coming
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
    return this.#neededFor(this.#pool.leases.size)
  }

  #neededFor(leases: number): number {
    const { minIdle, size, start, targetUtilization } = this.#pool.settings
    if (targetUtilization === 1) return 0
    const reserved = Math.ceil((leases + this.#pool.line.servable) / targetUtilization)
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
    const { phase, settings, tries } = this.#pool
    return tries && phase === "open" && this.open + opening < settings.size
  }

  readies(id: number, jitter: number): void {
    const { now } = this.#pool
    const resource = this.resources.get(id)!
    this.#hasGrown = true
    Object.assign(resource, { since: now, wellAt: now, jitter, due: undefined, isGivenUp: false })
    this.arrives(resource)
  }

  arrives(resource: Resource): void {
    resource.place = "arriving"
    this.#arrivals = [...this.#arrivals, resource]
  }

  /** What is wrong about running this on it. */
  checks(id: number, job: Job): string | undefined {
    const resource = this.resources.get(id)
    const objection = resource === undefined ? `a ${job} of one that is gone` : this.#objection(resource, job)
    if (resource === undefined || job === "judge") return objection
    const { now, settings } = this.#pool
    this.#leaveIdle(resource)
    resource.place = job === "reset" ? "resetting" : job === "validate" ? "validating" : "probing"
    resource.dueAt(now + (job === "reset" ? settings.resetTimeout : settings.validationTimeout))
    return objection
  }

  #objection(resource: Resource, job: Job): string | undefined {
    const { asker, line, now, settings } = this.#pool
    const wrong = `a ${job} of one that is ${resource.place}`
    if (job === "reset") return resource.place === "returned" ? undefined : wrong
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
    const { now, settings } = this.#pool
    return now - wellAt >= settings.keepalive
  }

  get mostProbes(): number {
    return Math.max(1, Math.floor(this.#pool.settings.size / 4))
  }

  /** It is told to close. A reason for that, or what is wrong about it. */
  closes(id: number): { readonly reason: string } | { readonly wrong: string } {
    const resource = this.resources.get(id)
    if (resource === undefined || resource.place === "closing") {
      return { wrong: `one that is ${resource?.place} is told to close` }
    }
    const { isTheEnd, settings } = this.#pool
    const { place } = resource
    const reason = this.#reasonToClose(resource)
    const within = [
      ...reason === undefined ? [] : [settings.closeTimeout],
      ...isTheEnd ? [settings.workerShutdown] : []
    ]
    this.toClosing(resource, within)
    if (reason === undefined && !isTheEnd) return { wrong: `one that is ${place} is told to close for no reason` }
    // What nobody has needed for so long is not opened again before somebody needs it.
    if (reason === "idle for too long") this.kept = Math.min(this.kept, this.live)
    return { reason: reason ?? "the end" }
  }

  /** One of these is how long that may take. */
  toClosing(resource: Resource, within: ReadonlyArray<number>): void {
    const { now } = this.#pool
    this.#leaveIdle(resource)
    resource.place = "closing"
    resource.due = { from: now + Math.min(...within), by: now + Math.max(...within) }
  }

  /** It is the end, also for those who have been told to close before. Those who are waited for no longer. */
  hastens(): ReadonlyArray<number> {
    const { now, settings } = this.#pool
    const latest = now + settings.workerShutdown
    const hastened = [...this.resources.values()].filter(({ due, isGivenUp }) =>
      !isGivenUp && due !== undefined && due.by > latest
    )
    for (const resource of hastened) {
      const { by, from } = resource.due!
      resource.due = { from: Math.min(from, latest), by: Math.min(by, latest) }
    }
    return latest === now ? hastened.map(({ id }) => id) : []
  }

  #reasonToClose(resource: Resource): string | undefined {
    const { now, settings } = this.#pool
    if (resource.place === "condemned") return "unwell"
    if (!["arriving", "returned", "idle"].includes(resource.place)) return undefined
    // The housekeeper looks first for what nobody needs.
    if (this.#pool.isTick && resource === this.idle[0] && this.#isSpare) return "idle for too long"
    if (resource.isOver(settings, now)) {
      return resource.isUsedUp(settings)
        ? "used up"
        : resource.evictAt <= now
        ? "evicted"
        : "past its time"
    }
    if (resource.place === "arriving") {
      if (this.#isTooMany) return "too many"
      if (!this.isSurplus(resource)) return undefined
      return resource.heir === "yes" ? "its successor is there" : "surplus"
    }
    if (resource.place !== "idle") return undefined
    if (resource.heir !== "none" && this.open > Math.max(this.kept, this.needed)) return "its successor is there"
    // The coldest first.
    if (resource !== this.idle[0]) return undefined
    if (this.#isSpare) return "idle for too long"
    return this.#isLeftOver ? "overflow for too long" : this.#isToShrink ? "too many" : undefined
  }

  /** The pool was made smaller, and one that has come free cannot stay, whoever waits. */
  get #isTooMany(): boolean {
    return this.ceiling > this.bound && this.open - 1 >= this.bound
  }

  /** The pool is being made smaller, and there is more open than there is room for idle ones. */
  get #isToShrink(): boolean {
    const { overflowTtl, size } = this.#pool.settings
    return this.#pool.isReconfigured && this.open > (overflowTtl > 0 ? this.bound : size + this.heirs)
  }

  // Change

  /** Other options apply. What was raised by demand stays so, within the new size. */
  reconfigures(minIdle: number): void {
    const { settings } = this.#pool
    const raised = settings.minIdle > minIdle && settings.start !== "lazy" ? settings.minIdle : 0
    this.kept = Math.min(Math.max(this.kept, raised), settings.size)
    this.ceiling = Math.max(this.bound, this.resources.size)
    for (const resource of this.resources.values()) {
      resource.hadChance = false
      // One that has longer to live now needs no successor yet.
      if (resource.heir !== "none" && resource.nearsItsEnd(settings) > this.#pool.now) resource.heir = "none"
    }
    // It was well when it became idle, if it was not when somebody looked.
    for (const resource of this.idle) resource.wellAt = Math.max(resource.wellAt, resource.idleSince)
  }

  evicts(resources: ReadonlyArray<Resource>, isShrinking: boolean): void {
    const { now } = this.#pool
    const those = resources.filter(({ place }) => isShrinking ? place === "idle" : place !== "closing")
    for (const resource of those) resource.isEvicted(now)
    this.#evicted = those
    if (isShrinking) this.kept = Math.min(this.kept, this.live - those.length)
  }

  /** The idle ones first, then those that are lent, in that order, then the others. */
  evictsAll(over: number): void {
    const { leases, now } = this.#pool
    const others = [...this.resources.values()].filter(({ place }) => place !== "closing")
    const all = [...new Set([...this.idle, ...Array.from(leases.values(), ({ resource }) => resource), ...others])]
    for (const [i, resource] of all.entries()) resource.isEvicted(now + (over * i) / all.length)
    this.#evicted = over === 0 ? all : all.slice(0, 1)
  }

  /** It has come free, and there are enough without it. */
  isSurplus({ heir }: Resource): boolean {
    const { overflowTtl, size } = this.#pool.settings
    const others = this.open - 1
    if (heir === "yes") return others >= Math.max(this.kept, this.needed)
    return overflowTtl === 0 && others >= size + this.heirs
  }

  /** The coldest has been idle for so long that one less will do. */
  get #isSpare(): boolean {
    const { now, settings } = this.#pool
    const [coldest] = this.idle
    if (coldest === undefined || this.idle.length <= settings.minIdle || this.open <= this.needed) return false
    return now - coldest.idleSince >= settings.idleTimeout
  }

  /** There is more than `size`, and the coldest has lingered for long enough. */
  get #isLeftOver(): boolean {
    const { now, settings } = this.#pool
    const [coldest] = this.idle
    return coldest !== undefined && this.open > settings.size + this.heirs &&
      now - coldest.idleSince >= settings.overflowTtl
  }

  // Time

  /**
   * What is due now. A successor is opened for one that is near the end of its life, if there is room for one; whether
   * there was one may show only when the turn is over.
   */
  ages(): void {
    const { now, settings } = this.#pool
    for (const resource of this.resources.values()) {
      if (["opening", "closing"].includes(resource.place) || resource.hadChance) continue
      if (resource.heir !== "none") continue
      if (resource.endOfLife(settings) >= resource.evictAt || now < resource.nearsItsEnd(settings)) continue
      resource.hadChance = true
      resource.heir = this.resources.size < this.bound ? "perhaps" : "none"
    }
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

  #leaveIdle(resource: Resource): void {
    this.idle = this.idle.filter((each) => each !== resource)
  }

  lends(resource: Resource): void {
    this.#leaveIdle(resource)
    resource.place = "held"
  }

  /** The turn is over: what is free now is idle, and as many are kept as there have been at once, within `size`. */
  settle(): string | undefined {
    const { now, settings } = this.#pool
    const arrivals = this.#arrivals.filter(({ place }) => place === "arriving")
    const isTooMany = arrivals.some((resource) => this.isSurplus(resource) || resource.isOver(settings, now))
    this.#arrivals = []
    for (const resource of arrivals) {
      resource.idleSince = now
      this.idles(resource)
    }
    if (this.#hasGrown) this.kept = Math.max(this.kept, Math.min(this.open - this.heirs, settings.size))
    this.#hasGrown = false
    this.ceiling = Math.max(this.bound, Math.min(this.ceiling, this.resources.size))
    return isTooMany ? "one that nobody needs any more is kept" : undefined
  }

  /** It is idle; after a probe it is as old as before. */
  idles(resource: Resource): void {
    const { idleSince } = resource
    resource.place = "idle"
    const colder = this.idle.filter((each) => each.idleSince <= idleSince)
    this.idle = [...colder, resource, ...this.idle.filter((each) => each.idleSince > idleSince)]
  }

  // What is wrong between two messages

  problems(): ReadonlyArray<string> {
    const { isSuspended, line, phase, settings } = this.#pool
    const found: Array<string> = []
    const must = (holds: boolean, what: string): void => {
      if (!holds) found.push(what)
    }
    must(this.resources.size <= this.ceiling, "bound")
    must(!this.#isToShrink || this.idle.length === 0, "there is more than there may be")
    must(
      !this.#pool.isEviction || this.#evicted.every(({ place }) => place !== "idle"),
      "one that is evicted is idle"
    )
    must(!this.idle.some((each) => each.isUsedUp(settings)), "one that is used up is idle")
    must(this.count("returned") === 0, "one that came back is neither reset nor kept")
    must(this.count("condemned", "leaving") === 0, "one that is to go does not")
    must(
      this.idle.length === 0 || isSuspended || line.servable <= this.count("validating"),
      "somebody waits while something is free"
    )
    const most = settings.overflowTtl > 0 ? this.bound : settings.size + this.heirs
    must(this.idle.length <= most, `more than ${most} are idle`)
    const missing = Math.min(this.#pool.abreast, this.wanted) - this.count("opening")
    must(!this.#pool.mayOpen || missing <= 0 || this.resources.size >= this.bound, "nothing opens")
    must(phase !== "closing" || this.resources.size > 0, "a pool without workers does not end")
    return found
  }

  /** What is wrong when time has gone by. */
  neglects(hadRound: boolean): ReadonlyArray<string> {
    const { now, phase, settings } = this.#pool
    if (phase !== "open") return []
    const found: Array<string> = []
    const must = (holds: boolean, what: string): void => {
      if (!holds) found.push(what)
    }
    must(!this.idle.some((each) => each.isOver(settings, now)), "one that is past its time is idle")
    must(settings.targetUtilization < 1 || !this.#isSpare, "one that nobody has needed for long is idle")
    must(!hadRound || !this.#isLeftOver, "overflow lingers for too long")
    must(
      this.count("probing") >= this.mostProbes || !this.idle.some((each) => this.isToBeProbed(each)),
      "nobody probes what has been idle for long"
    )
    must(
      !settings.asksToRetire ||
        !this.idle.some(({ idleSince }) => now - Math.max(idleSince, this.judgedAt) >= judgeEvery),
      "nobody asks whether to keep what is idle"
    )
    return found
  }

  /** Something can fall due, if only time goes by. */
  get mayFallDue(): boolean {
    const { leases, phase, settings } = this.#pool
    if (settings.leaseTimeout !== undefined && [...leases.values()].some(({ isOverdue }) => !isOverdue)) return true
    if (phase !== "open") return false
    const { asksToRetire, idleTimeout, keepalive, minIdle, size } = settings
    return [...this.resources.values()].some((each) =>
      each.place !== "opening" && each.place !== "closing" && each.endOfLife(settings) < Infinity
    ) ||
      this.idle.some(({ evictAt }) => evictAt < Infinity) ||
      (this.idle.length > 0 && (keepalive < Infinity || asksToRetire || this.open > size + this.heirs)) ||
      (this.idle.length > minIdle && idleTimeout < Infinity && this.open > this.needed)
  }
}
