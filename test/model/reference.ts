/**
 * A pool in a few dozen lines, knowing only what goes in and what comes out: which resource is where, who waits since
 * when, who holds what. It looks at nothing inside the machine, so it is a second opinion on the invariants.
 */
import { Duration } from "effect"
import type { Borrow } from "../../src/pool/internal/borrow.ts"
import type * as PoolError from "../../src/pool/PoolError.ts"
import type { ShutdownReport } from "../../src/pool/Status.ts"
import type { Drawn } from "./commands.ts"

export interface Asked {
  readonly borrow: Borrow
  readonly arrival: number
  readonly at: number
  /** The instant after which it must have been answered. */
  readonly deadline: number
}

export type Timeout = PoolError.CheckoutTimeout<unknown>

export class Reference {
  readonly places = new Map<number, "opening" | "free" | "held" | "closing">()
  /** The worker of every live lease. */
  readonly leases = new Map<Borrow, number>()
  /** When each of them began. */
  readonly #lentAt = new Map<Borrow, number>()
  /** In the order of arrival. */
  waiting: Array<Asked> = []
  readonly asked = new Map<Borrow, Asked>()
  readonly due = new Map<number, number>()
  phase: "open" | "draining" | "closing" | "closed" = "open"
  starting: boolean
  backoff: "none" | "asking" | number = "none"
  failures = 0
  /** Something opened since the last failure. During a back-off that proves nothing yet. */
  opened = false
  /** When each resource was ready, until its first borrower is through with it. */
  readonly infants = new Map<number, { readonly since: number; readonly isSuccess: boolean }>()
  /** How many in a row died before anybody had had them. */
  stillborn = 0
  abandoned = 0
  /** The instants at which resources have died by themselves. */
  readonly deaths: Array<number> = []
  shutdownBy = Infinity
  drained = 0
  forced = 0
  now = 1_000
  readonly #settings: Drawn

  constructor(settings: Drawn) {
    this.#settings = settings
    this.starting = settings.start === "eager" && settings.size > 0
  }

  count(place: "opening" | "free" | "held" | "closing"): number {
    let count = 0
    for (const each of this.places.values()) if (each === place) count++
    return count
  }

  get bound(): number {
    return this.#settings.size + this.#settings.maxOverflow
  }

  /** What a checkout must be told at once. */
  expected(
    borrow: Borrow
  ): "lent" | "PoolClosed" | "PoolFull" | "CheckoutTimeout" | "PoolOverloaded" | "waiting" {
    if (this.phase !== "open") return "PoolClosed"
    if (this.count("free") > 0) return "lent"
    if (borrow.mode === "try") return "PoolFull"
    if (borrow.wait === 0) return "CheckoutTimeout"
    const openable = this.bound - this.leases.size
    return this.waiting.length - openable >= this.#settings.maxWaiting ? "PoolOverloaded" : "waiting"
  }

  asks(borrow: Borrow, arrival: number): void {
    this.asked.set(borrow, { borrow, arrival, at: this.now, deadline: this.now + borrow.wait })
  }

  waits(borrow: Borrow): void {
    this.waiting.push(this.asked.get(borrow)!)
    this.waiting.sort((a, b) => a.arrival - b.arrival)
  }

  leavesQueue(borrow: Borrow): void {
    this.waiting = this.waiting.filter((waiter) => waiter.borrow !== borrow)
  }

  /** A lease is over. `held`: its resource is not to be lent again, and must be told to close before the turn is over. */
  ends(borrow: Borrow, to: "free" | "held"): void {
    const worker = this.leases.get(borrow)
    if (worker === undefined) return
    this.leases.delete(borrow)
    this.places.set(worker, to)
    const infant = this.infants.get(worker)
    if (borrow.taken && infant !== undefined) {
      this.infants.delete(worker)
      this.stillborn = 0
      if (!infant.isSuccess) this.succeeds()
    }
    if (this.phase !== "open" && borrow.taken) this.drained++
  }

  /** Where new resources die at once, one more is no success until somebody has had it. */
  readies(worker: number): void {
    this.places.set(worker, "free")
    this.due.delete(worker)
    const isSuccess = this.stillborn <= this.bound
    this.infants.set(worker, { since: this.now, isSuccess })
    if (isSuccess) this.succeeds()
  }

  /** A resource died. `true`: there have been so many that it counts as an opening that failed. */
  dies(worker: number): boolean {
    const infant = this.infants.get(worker)
    this.infants.delete(worker)
    this.closes(worker)
    this.stillborn = infant !== undefined && this.now - infant.since < 1_000 ? this.stillborn + 1 : 0
    return this.stillborn > this.bound
  }

  /** There have been more deaths within a period than are allowed. */
  get isExhausted(): boolean {
    const { restartIntensity } = this.#settings
    if (restartIntensity === undefined) return false
    const { intensity, period } = restartIntensity
    return this.deaths.filter((instant) => this.now - instant <= period).length > intensity
  }

  succeeds(): void {
    this.opened = true
    this.recovers()
  }

  /** The back-off is over, or there is none: a success counts. */
  recovers(): void {
    if (this.opened && this.backoff === "none") this.failures = 0
  }

  opens(worker: number): string | undefined {
    const abreast = this.failures > 0 ? 1 : this.#settings.openConcurrency
    const crowd = this.places.size
    const opening = this.count("opening")
    const spare = this.phase === "open" ? Math.max(0, this.#settings.size - this.count("free") - this.count("held")) : 0
    this.places.set(worker, "opening")
    this.due.set(worker, this.now + this.#settings.openTimeout)
    if (this.phase === "closing" || this.phase === "closed") return "an opening after the drain"
    if (this.backoff !== "none") return "an opening during the back-off"
    if (crowd >= this.bound) return `bound: an opening beyond ${this.bound}`
    if (opening >= abreast) return `${opening} openings at once, and one more`
    if (opening >= Math.max(this.waiting.length, spare)) return "an opening for nobody"
    return undefined
  }

  closes(worker: number): string | undefined {
    const was = this.places.get(worker)
    this.places.set(worker, "closing")
    this.due.set(worker, this.now + this.#settings.closeTimeout)
    return was === undefined || was === "closing" ? `a worker that is ${was} is told to close` : undefined
  }

  lends(borrow: Borrow, worker: number): string | undefined {
    const was = this.places.get(worker)
    const [first] = this.waiting
    const isNewcomer = this.waiting.every((waiter) => waiter.borrow !== borrow)
    this.leavesQueue(borrow)
    this.leases.set(borrow, worker)
    this.#lentAt.set(borrow, this.now)
    this.places.set(worker, "held")
    if (was !== "free") return `one holder: a resource that is ${was} is lent`
    if (isNewcomer && first !== undefined) return "order: a newcomer overtakes a waiter"
    if (!isNewcomer && first!.borrow !== borrow) return "order: a waiter overtakes another"
    return undefined
  }

  /** What is wrong about what one whose time is up is told: how long it waited, and how long the others have theirs. */
  doubts(borrow: Borrow, { oldestLeaseAge, waited }: Timeout): string | undefined {
    const wait = this.now - this.asked.get(borrow)!.at
    if (Duration.toMillis(waited) !== wait) return `${wait} ms of waiting are ${Duration.toMillis(waited)} ms`
    const ages = Array.from(this.leases.keys(), (lease) => this.now - this.#lentAt.get(lease)!)
    const oldest = ages.length === 0 ? undefined : Math.max(...ages)
    const given = oldestLeaseAge && Duration.toMillis(oldestLeaseAge)
    return given === oldest ? undefined : `the oldest lease is ${oldest} ms old, not ${given}`
  }

  /** What is wrong between two messages. */
  problems(): ReadonlyArray<string> {
    const { size, openConcurrency, start } = this.#settings
    const [opening, free, held, closing] = [
      this.count("opening"),
      this.count("free"),
      this.count("held"),
      this.count("closing")
    ]
    const found: Array<string> = []
    if (opening + free + held + closing > this.bound) found.push("bound")
    if (held !== this.leases.size) found.push("one holder")
    if (free > 0 && this.waiting.length > 0) found.push("somebody waits while something is free")
    if (free > size) found.push("more than size are idle")
    const mayOpen = (this.phase === "open" || this.phase === "draining") && this.backoff === "none"
    const abreast = this.failures > 0 ? 1 : openConcurrency
    const wanted = Math.max(
      this.waiting.length,
      this.phase === "open" && start !== "lazy" ? size - free - held : 0
    )
    if (mayOpen && opening < Math.min(abreast, wanted) && this.places.size < this.bound) found.push("nothing opens")
    const over = this.waiting.length === 0 && this.leases.size === 0
    if (this.phase === "draining" && over) found.push("a drained pool does not close")
    if (this.phase === "closing" && this.places.size === 0) found.push("a pool without workers does not end")
    return found
  }

  get report(): ShutdownReport {
    return { drained: this.drained, forced: this.forced }
  }
}
