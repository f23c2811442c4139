/**
 * A pool in a few dozen lines, knowing only what goes in and what comes out: which resource is where, who waits since
 * when, who holds what. It looks at nothing inside the machine, so it is a second opinion on the invariants.
 *
 * It knows every option that says how long something is kept, who is served and who is told what; that several share a
 * resource (`concurrency`), that one of them wants it alone (`reserve`), and that several are asked for together
 * (`checkoutMany`).
 *
 * What there is to lend is in `stock.ts`, who waits for it in `line.ts`, who has it in `lending.ts`; what several have at once
 * in `sharing.ts`, who wants it alone in `reservations.ts`, what is asked for together in `bundles.ts`.
 */
import { Duration } from "effect"
import type { AnyFiber, Borrow } from "../../src/pool/internal/borrow.ts"
import type { Settings } from "../../src/pool/internal/settings.ts"
import type * as PoolError from "../../src/pool/PoolError.ts"
import type { Status } from "../../src/pool/Status.ts"
import { Bundles } from "./bundles.ts"
import type { Census } from "./census.ts"
import { Lending } from "./lending.ts"
import { type Asked, Line } from "./line.ts"
import { Overload } from "./overload.ts"
import { Reservations } from "./reservations.ts"
import type { Resource } from "./resource.ts"
import { Sharing } from "./sharing.ts"
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

export class Reference {
  settings: Settings
  readonly census: Census
  readonly stock: TendedStock
  readonly line: Line
  readonly overload: Overload
  readonly sharing: Sharing
  readonly bundles: Bundles
  readonly reservations: Reservations
  readonly lending: Lending
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
  failuresBefore = 0
  leasesBefore = 0
  /** The circuit breaker is open. */
  isTripped = false
  asker: Borrow | undefined
  isReconfigured = false
  isEviction = false
  isTick = false
  /** Leases may end one after the other in this turn, and others may begin in between. */
  endsSeveral = false
  /** All leases end in this turn. */
  isForced = false
  /** A shutdown that begins when nobody has asked for so long. */
  quiet: number | undefined
  askedLast = 0

  constructor(settings: Settings, census: Census) {
    this.settings = settings
    this.census = census
    this.stock = new TendedStock(this)
    this.line = new Line(this)
    this.overload = new Overload(this)
    this.sharing = new Sharing(this)
    this.bundles = new Bundles(this)
    this.reservations = new Reservations(this)
    this.lending = new Lending(this)
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
    const isSpokenFor = !this.isSuspended && this.line.servable > 0 && this.stock.isLendable
    if (isSpokenFor) return borrow.mode === "wait" && borrow.wait === 0 ? "CheckoutTimeout" : "waiting"
    const found = this.findsFor(borrow)
    if (found === "fit") return "lent"
    if (found !== "nothing" && (borrow.mode === "try" || borrow.wait > 0)) return "waiting"
    if (borrow.mode === "try") return "PoolFull"
    if (borrow.wait === 0) return "CheckoutTimeout"
    if (this.isTripped && !this.isSuspended) return "OpenFailed"
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
    const idle = this.isSuspended || !this.line.admits(borrow) ? this.stock.keptIdle : 0
    return (this.stock.bound - this.stock.count("held") - idle) * this.settings.concurrency
  }

  reconfigures(settings: Settings): void {
    const { minIdle } = this.settings
    this.settings = settings
    this.isTripped &&= this.failures >= settings.breaker
    this.stock.reconfigures(minIdle)
    this.line.restarts()
    this.overload.moves()
    this.sharing.reconfigures()
    if (settings.leaseTimeout === undefined) { for (const lease of this.leases.values()) lease.isOverdue = false }
  }

  asks(borrow: Borrow, arrival: number): void {
    this.asked.set(borrow, { borrow, arrival, at: this.now, deadline: this.now + borrow.wait })
  }

  waits(borrow: Borrow): void {
    this.line.join(this.asked.get(borrow)!)
  }

  /** A borrower is through with it. */
  usedBy(resource: Resource): void {
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
    this.sharing.settles(resource)
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

  isTooLate(borrow: Borrow): boolean {
    return this.isTick && this.asked.get(borrow)!.deadline <= this.now
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
    const found = [...this.stock.problems(), ...this.sharing.problems()]
    if (this.#someoneWaitsInVain) found.push("a try waits in vain")
    if (this.bundles.tooMany.length > 0) found.push("somebody waits for more together than there can be")
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
      leases: this.leases.size,
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
        : stock.isLendable || live < size
        ? "ready"
        : all < stock.bound
        ? "overflow"
        : "full"
    }
  }
}

/** A `Duration` is whole nanoseconds; an eviction spread over time falls between them. */
const differ = (one: number, other: number): boolean => Math.abs(one - other) > 1e-5
