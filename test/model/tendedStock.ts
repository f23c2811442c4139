/** The same stock as the housekeeper sees it: why one may be told to close, and what must not be left as it is. */
import type { Resource } from "./resource.ts"
import { judgeEvery, Stock } from "./stock.ts"

export class TendedStock extends Stock {
  /** Those that were to go at once, in the last eviction. */
  #evicted: ReadonlyArray<Resource> = []
  /** How many are kept, if what was closed in this turn was closed as idle for too long. */
  keptPerhaps: number | undefined

  /** It is told to close. A reason for that, or what is wrong about it. */
  closes(id: number): { readonly reason: string } | { readonly wrong: string } {
    const resource = this.resources.get(id)
    if (resource === undefined || resource.place === "closing") {
      return { wrong: `one that is ${resource?.place} is told to close` }
    }
    const { isTheEnd, settings } = this.pool
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

  /** It is the end, also for those who have been told to close before. Those who are waited for no longer. */
  hastens(): ReadonlyArray<number> {
    const { now, settings } = this.pool
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
    const { now, settings } = this.pool
    if (resource.place === "condemned") return "unwell"
    if (!["arriving", "returned", "idle"].includes(resource.place)) return undefined
    // The housekeeper looks first for what nobody needs. But somebody may have been to have it, before or after that.
    const isSpare = this.pool.isTick && resource === this.idle[0] && this.#isSpare
    const mayBeWanted = this.pool.line.servable > 0 && resource.isOver(settings, now)
    if (isSpare && !mayBeWanted) return "idle for too long"
    if (isSpare) this.keptPerhaps = Math.min(this.kept, this.live - 1)
    if (resource.isOver(settings, now)) {
      return resource.isUsedUp(settings)
        ? "used up"
        : resource.evictAt <= now
        ? "evicted"
        : "past its time"
    }
    if (resource.place === "arriving") {
      if (this.isTooMany) return "too many"
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
  get isTooMany(): boolean {
    return this.ceiling > this.bound && this.open - 1 >= this.bound
  }

  /** The pool is being made smaller, and there is more open than there is room for idle ones. */
  get #isToShrink(): boolean {
    const { overflowTtl, size } = this.pool.settings
    return this.pool.isReconfigured && this.open > (overflowTtl > 0 ? this.bound : size + this.heirs)
  }

  // Change

  /** Other options apply. What was raised by demand stays so, within the new size. */
  reconfigures(minIdle: number): void {
    const { settings } = this.pool
    const raised = settings.minIdle > minIdle && settings.start !== "lazy" ? settings.minIdle : 0
    this.kept = Math.min(Math.max(this.kept, raised), settings.size)
    this.ceiling = Math.max(this.bound, this.resources.size)
    for (const resource of this.resources.values()) {
      resource.hadChance = false
      // One that has longer to live now needs no successor yet.
      if (resource.heir !== "none" && resource.nearsItsEnd(settings) > this.pool.now) resource.heir = "none"
    }
    // It was well when it became idle, if it was not when somebody looked.
    for (const resource of this.idle) resource.wellAt = Math.max(resource.wellAt, resource.idleSince)
  }

  evicts(resources: ReadonlyArray<Resource>, isShrinking: boolean): void {
    const { now } = this.pool
    const those = resources.filter(({ place }) => isShrinking ? place === "idle" : place !== "closing")
    for (const resource of those) resource.isEvicted(now)
    this.#evicted = those
    if (isShrinking) this.kept = Math.min(this.kept, this.live - those.length)
  }

  /** The idle ones first, then those that are lent, in that order, then the others. */
  evictsAll(over: number): void {
    const { leases, now } = this.pool
    const others = [...this.resources.values()].filter(({ place }) => place !== "closing")
    const all = [...new Set([...this.idle, ...Array.from(leases.values(), ({ resource }) => resource), ...others])]
    for (const [i, resource] of all.entries()) resource.isEvicted(now + (over * i) / all.length)
    this.#evicted = over === 0 ? all : all.slice(0, 1)
  }

  /** It has come free, and there are enough without it. */
  isSurplus({ heir }: Resource): boolean {
    const { overflowTtl, size } = this.pool.settings
    const others = this.open - 1
    if (heir === "yes") return others >= Math.max(this.kept, this.needed)
    return overflowTtl === 0 && others >= size + this.heirs
  }

  /** The coldest has been idle for so long that one less will do. */
  get #isSpare(): boolean {
    const { now, settings } = this.pool
    const [coldest] = this.idle
    if (coldest === undefined || this.idle.length <= settings.minIdle || this.open <= this.needed) return false
    return now - coldest.idleSince >= settings.idleTimeout
  }

  /** There is more than `size`, and the coldest has lingered for long enough. */
  get #isLeftOver(): boolean {
    const { now, settings } = this.pool
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
    const { now, settings } = this.pool
    for (const resource of this.resources.values()) {
      if (["opening", "closing"].includes(resource.place) || resource.hadChance) continue
      if (resource.heir !== "none") continue
      if (resource.endOfLife(settings) >= resource.evictAt || now < resource.nearsItsEnd(settings)) continue
      resource.hadChance = true
      resource.heir = this.resources.size < this.bound ? "perhaps" : "none"
    }
  }

  /** The turn is over: what is free now is idle, and as many are kept as there have been at once, within `size`. */
  settle(): string | undefined {
    const { now, settings } = this.pool
    const arrivals = this.arrivals.filter(({ place }) => place === "arriving")
    const isTooMany = arrivals.some((resource) => this.isSurplus(resource) || resource.isOver(settings, now))
    this.arrivals = []
    for (const resource of arrivals) {
      resource.idleSince = now
      this.idles(resource)
    }
    if (this.hasGrown) this.kept = Math.max(this.kept, Math.min(this.open - this.heirs, settings.size))
    this.hasGrown = false
    this.ceiling = Math.max(this.bound, Math.min(this.ceiling, this.resources.size))
    return isTooMany ? "one that nobody needs any more is kept" : undefined
  }

  // What is wrong between two messages

  problems(): ReadonlyArray<string> {
    const { isSuspended, line, phase, settings } = this.pool
    const found: Array<string> = []
    const must = (holds: boolean, what: string): void => {
      if (!holds) found.push(what)
    }
    must(this.resources.size <= this.ceiling, "bound")
    must(!this.#isToShrink || this.idle.length === 0, "there is more than there may be")
    must(
      !this.pool.isEviction || this.#evicted.every(({ place }) => place !== "idle"),
      "one that is evicted is idle"
    )
    must(!this.idle.some((each) => each.isUsedUp(settings)), "one that is used up is idle")
    must(this.count("returned") === 0, "one that came back is neither reset nor kept")
    must(this.count("condemned", "leaving") === 0, "one that is to go does not")
    must(
      !this.isLendable || isSuspended || line.servable <= this.count("validating"),
      "somebody waits while something is free"
    )
    const most = settings.overflowTtl > 0 ? this.bound : settings.size + this.heirs
    must(this.idle.length <= most, `more than ${most} are idle`)
    const missing = Math.min(this.pool.abreast, this.wanted) - this.count("opening")
    must(!this.pool.mayOpen || missing <= 0 || this.resources.size >= this.bound, "nothing opens")
    must(phase !== "closing" || this.resources.size > 0, "a pool without workers does not end")
    return found
  }

  /** What is wrong when time has gone by. What is in reserve for others is given up later than they leave. */
  neglects(): ReadonlyArray<string> {
    const { now, phase, settings } = this.pool
    if (phase !== "open") return []
    const found: Array<string> = []
    const must = (holds: boolean, what: string): void => {
      if (!holds) found.push(what)
    }
    must(!this.idle.some((each) => each.isOver(settings, now)), "one that is past its time is idle")
    must(settings.targetUtilization < 1 || !this.#isSpare, "one that nobody has needed for long is idle")
    must(!this.#isLeftOver, "overflow lingers for too long")
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
    const { leases, phase, settings } = this.pool
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
