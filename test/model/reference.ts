/**
 * A pool in a few dozen lines, knowing only what goes in and what comes out: which resource is where, who waits since
 * when, who holds what. It looks at nothing inside the machine, so it is a second opinion on the invariants.
 *
 * What there is to lend is in `stock.ts`, who waits for it in `line.ts`.
 */
import { Duration } from "effect"
import type { AnyFiber, Borrow } from "../../src/pool/internal/borrow.ts"
import type { Settings } from "../../src/pool/internal/settings.ts"
import type * as PoolError from "../../src/pool/PoolError.ts"
import type { Status } from "../../src/pool/Status.ts"
import { type Asked, Line } from "./line.ts"
import { Overload } from "./overload.ts"
import type { Resource } from "./resource.ts"
import { TendedStock } from "./tendedStock.ts"

export type Timeout = PoolError.CheckoutTimeout<unknown>

export interface Lease {
  readonly resource: Resource
  /** Which gives it back by itself. */
  readonly guard: AnyFiber | undefined
  since: number
  /** It is held for too long, and that was said. */
  isOverdue: boolean
}

/** What becomes of a resource whose lease is over. */
export type After = "as new" | "lost" | "given away"

export class Reference {
  settings: Settings
  readonly stock: TendedStock
  readonly line: Line
  readonly overload: Overload
  /** In the order in which they were lent. */
  readonly leases = new Map<Borrow, Lease>()
  /** The owner of every lease that has one, the newest last. */
  readonly ownerOf = new Map<Borrow, AnyFiber>()
  readonly asked = new Map<Borrow, Asked>()
  phase: "open" | "draining" | "closing" | "closed" = "open"
  isSuspended = false
  starting: boolean
  backoff: "none" | "asking" | number = "none"
  failures = 0
  /** Something opened since the last failure. During a back-off that proves nothing yet. */
  opened = false
  /** When each resource was ready, until its first borrower is through with it. */
  readonly infants = new Map<number, { readonly since: number; readonly isSuccess: boolean }>()
  /** How many in a row died before anybody had had them. */
  stillborn = 0
  /** The instants at which resources have died by themselves. */
  #deaths: ReadonlyArray<number> = []
  shutdownBy = Infinity
  drained = 0
  forced = 0
  /** How many more may have been forced. */
  unsure = 0
  now = 1_000
  /** Which turn this is, how it began, and who asks for something in it. */
  turn = 0
  wasOpen = true
  leasesBefore = 0
  /** The circuit breaker is open. */
  isTripped = false
  asker: Borrow | undefined
  isReconfigured = false
  isEviction = false
  isTick = false
  /** A shutdown that begins when nobody has asked for so long. */
  quiet: number | undefined
  askedLast = 0

  constructor(settings: Settings) {
    this.settings = settings
    this.stock = new TendedStock(this)
    this.line = new Line(this)
    this.overload = new Overload(this)
    this.starting = settings.start === "eager" && settings.minIdle > 0
  }

  /** Whoever asks in this turn does not wait in any case. */
  get tries(): boolean {
    return this.asker?.mode === "try"
  }

  get abreast(): number {
    return this.failures > 0 ? 1 : this.settings.openConcurrency
  }

  get mayOpen(): boolean {
    return (this.phase === "open" || this.phase === "draining") && !this.isSuspended && this.backoff === "none"
  }

  /** Nobody is left to be waited for. */
  get isEmpty(): boolean {
    return this.line.waiting.length === 0 && this.leases.size === 0
  }

  /** There is nothing left to do but to close what there is. */
  get isTheEnd(): boolean {
    return this.phase !== "open" && this.isEmpty
  }

  /** What a checkout must be told at once. */
  expected(
    borrow: Borrow
  ): "lent" | "OpenFailed" | "PoolClosed" | "PoolFull" | "CheckoutTimeout" | "PoolOverloaded" | "waiting" {
    if (this.phase !== "open") return "PoolClosed"
    const isSpokenFor = !this.isSuspended && this.line.servable > 0 && this.stock.idle.length > 0
    if (isSpokenFor) return borrow.mode === "wait" && borrow.wait === 0 ? "CheckoutTimeout" : "waiting"
    const found = this.findsFor(borrow)
    if (found === "fit") return "lent"
    if (found !== "nothing" && (borrow.mode === "try" || borrow.wait > 0)) return "waiting"
    if (borrow.mode === "try") return "PoolFull"
    if (borrow.wait === 0) return "CheckoutTimeout"
    if (this.isTripped) return "OpenFailed"
    return this.line.waiting.length - this.openable(borrow) >= this.settings.maxWaiting ? "PoolOverloaded" : "waiting"
  }

  /** Whether there is something for it, if it were the first in line. */
  findsFor(borrow: Borrow): "fit" | "doubtful" | "nothing" {
    const choice = this.isSuspended || !this.line.admits(borrow) ? undefined : this.stock.choice(borrow)
    if (choice === undefined) return "nothing"
    return choice.isDoubtful(this.settings, this.now) ? "doubtful" : "fit"
  }

  /** Waiters beyond this many wait for what somebody else has. What is idle and past its time is being closed. */
  openable(borrow: Borrow): number {
    const idle = this.isSuspended || !this.line.admits(borrow) ? this.stock.idle.length : 0
    return this.stock.bound - this.leases.size - idle
  }

  reconfigures(settings: Settings): void {
    const { minIdle } = this.settings
    this.settings = settings
    this.isTripped &&= this.failures >= settings.breaker
    this.stock.reconfigures(minIdle)
    this.line.restarts()
    this.overload.moves()
    if (settings.leaseTimeout === undefined) { for (const lease of this.leases.values()) lease.isOverdue = false }
  }

  asks(borrow: Borrow, arrival: number): void {
    this.asked.set(borrow, { borrow, arrival, at: this.now, deadline: this.now + borrow.wait })
  }

  waits(borrow: Borrow): void {
    this.line.join(this.asked.get(borrow)!)
  }

  lends(borrow: Borrow, id: number): string | undefined {
    const { line, now, settings, stock } = this
    const resource = stock.get(id)
    if (resource === undefined) return "one place: a resource that is gone is lent"
    const objection = this.#objection(borrow, resource)
    const isOver = resource.isOver(settings, now)
    const isWaiter = line.has(borrow)
    if (isWaiter) this.overload.moves()
    const overtaken = isWaiter
      ? line.objection(borrow)
      : line.servable > 0
      ? "order: a newcomer overtakes a waiter"
      : undefined
    this.leases.set(borrow, { resource, guard: borrow.guardFiber, since: now, isOverdue: false })
    stock.lends(resource)
    resource.holders.add(borrow)
    line.serve(borrow)
    return objection ?? overtaken ?? (isOver ? "a resource past its time is lent" : undefined)
  }

  #objection(borrow: Borrow, resource: Resource): string | undefined {
    const { isSuspended, now, settings, stock } = this
    if (isSuspended) return "a resource is lent while the pool is suspended"
    if (resource.place === "arriving") return undefined
    if (resource.place !== "idle") return `one holder: a resource that is ${resource.place} is lent`
    if (stock.choice(borrow) !== resource) return "another one that is idle should have been lent"
    return resource.isDoubtful(settings, now) ? "a resource is lent that nobody has looked at" : undefined
  }

  /** A lease is over. */
  ends(borrow: Borrow, after: After): void {
    const lease = this.leases.get(borrow)
    if (lease === undefined) return
    const { resource } = lease
    this.leases.delete(borrow)
    this.ownerOf.delete(borrow)
    resource.holders.delete(borrow)
    if (borrow.taken) this.#usedBy(resource)
    // Where nobody has had it, nobody has seen how it is.
    if (borrow.taken) resource.wellAt = this.now
    const { asksToRetire, resets } = this.settings
    if (after !== "as new") resource.place = after === "lost" ? "condemned" : "leaving"
    else if (borrow.taken && (resets || asksToRetire)) resource.place = "returned"
    else this.stock.arrives(resource)
    if (this.phase !== "open" && borrow.taken) this.drained++
    this.line.settle()
  }

  #usedBy(resource: Resource): void {
    resource.uses++
    const infant = this.infants.get(resource.id)
    if (infant === undefined) return
    this.infants.delete(resource.id)
    this.stillborn = 0
    if (!infant.isSuccess) this.succeeds()
  }

  /** Where new resources die at once, one more is no success until somebody has had it. */
  readies(id: number, jitter: number): void {
    this.stock.readies(id, jitter)
    this.isTripped = false
    const isSuccess = this.stillborn <= this.stock.bound
    this.infants.set(id, { since: this.now, isSuccess })
    if (isSuccess) this.succeeds()
  }

  /** A resource died. `true`: there have been so many that it counts as an opening that failed. */
  dies(resource: Resource): boolean {
    const infant = this.infants.get(resource.id)
    this.infants.delete(resource.id)
    this.stock.toClosing(resource, [this.settings.closeTimeout])
    this.stillborn = infant !== undefined && this.now - infant.since < 1_000 ? this.stillborn + 1 : 0
    return this.stillborn > this.stock.bound
  }

  /** One more death. `true`: there have been more within a period than are allowed. As many are remembered as matter. */
  hasDied(): boolean {
    const { restartIntensity } = this.settings
    if (restartIntensity === undefined) return false
    const { intensity, period } = restartIntensity
    this.#deaths = [...this.#deaths, this.now].filter((instant) => this.now - instant <= period)
    const isTooMany = this.#deaths.length > intensity
    this.#deaths = this.#deaths.slice(-intensity - 1)
    return isTooMany
  }

  succeeds(): void {
    this.opened = true
    this.recovers()
  }

  /** The back-off is over, or there is none: a success counts. */
  recovers(): void {
    if (this.opened && this.backoff === "none") this.failures = 0
  }

  /** What is wrong about what one whose time is up is told: how long it waited, and how long the others have theirs. */
  doubts(borrow: Borrow, { oldestLeaseAge, waited }: Timeout): string | undefined {
    const wait = this.now - this.asked.get(borrow)!.at
    if (differ(Duration.toMillis(waited), wait)) return `${wait} ms of waiting are ${Duration.toMillis(waited)} ms`
    const ages = Array.from(this.leases.values(), ({ since }) => this.now - since)
    const oldest = ages.length === 0 ? undefined : Math.max(...ages)
    const given = oldestLeaseAge && Duration.toMillis(oldestLeaseAge)
    const isSame = given === undefined || oldest === undefined ? given === oldest : !differ(given, oldest)
    return isSame ? undefined : `the oldest lease is ${oldest} ms old, not ${given}`
  }

  /** A try waits for the check of an idle one and for nothing else: one beyond those that are under way waits in vain. */
  waitsInVain(borrow: Borrow): boolean {
    const { line, stock } = this
    if (borrow.mode !== "try") return false
    if (this.isSuspended || !line.admits(borrow)) return true
    const ahead = line.waiting.slice(0, line.waiting.findIndex((each) => each.borrow === borrow))
    return ahead.filter((each) => line.admits(each.borrow)).length >= stock.count("validating")
  }

  /** Where not the first to come is the first to be served, only when none is under way. */
  get #someoneWaitsInVain(): boolean {
    const { line, stock } = this
    if (stock.count("validating") > 0 && !line.isPlain) return false
    return line.waiting.some(({ borrow }) => this.waitsInVain(borrow))
  }

  /** Who is in line for an opening: the oldest that nothing is on its way to which is open already. */
  get firstForOpening(): Borrow | undefined {
    return this.line.waiting.slice(this.stock.coming).find(({ borrow }) => borrow.mode === "wait")?.borrow
  }

  /** What is wrong between two messages. */
  problems(): ReadonlyArray<string> {
    const found = [...this.stock.problems()]
    if (this.stock.count("held") !== this.leases.size) found.push("one holder")
    if (this.#someoneWaitsInVain) found.push("a try waits in vain")
    if (this.phase === "draining" && this.isEmpty) found.push("a drained pool does not close")
    return found
  }

  /** What `status` must say. */
  get status(): Partial<Status> {
    const { phase, settings, stock } = this
    const { size } = settings
    const { live } = stock
    const all = stock.resources.size
    const idle = stock.idle.length
    return {
      opening: stock.count("opening"),
      idle,
      lent: stock.count("held"),
      resetting: stock.count("resetting"),
      validating: stock.count("validating", "probing"),
      closing: stock.count("closing"),
      waiting: this.line.waiting.length,
      suspended: this.isSuspended,
      abandoned: stock.abandoned,
      overflow: Math.max(0, all - size),
      state: phase === "closed"
        ? "closed"
        : phase !== "open"
        ? "draining"
        : idle > 0 || live < size
        ? "ready"
        : all < stock.bound
        ? "overflow"
        : "full"
    }
  }
}

/** A `Duration` is whole nanoseconds; an eviction spread over time falls between them. */
const differ = (one: number, other: number): boolean => Math.abs(one - other) > 1e-5
