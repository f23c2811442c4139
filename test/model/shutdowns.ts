/** What a turn has to do, and what a shutdown does to those who have something and to those who wait. */
import type { AnyFiber, Borrow } from "../../src/pool/internal/borrow.ts"
import type { Awaiter, Shutdown } from "../../src/pool/Message.ts"
import type { Census } from "./census.ts"
import type { Reference } from "./reference.ts"

/** What one turn has to do, or may leave. */
export class Turn {
  readonly refused = new Map<Borrow, string>()
  readonly givenUp = new Set<number>()
  readonly spared = new Set<number>()
  /** Leases that are held for too long, which is to be said. */
  readonly overdue = new Set<number>()
  readonly orphans = new Set<Borrow>()
  /** The circuit breaker refuses them, unless the pool is closed before that in this very turn. */
  readonly broken = new Set<Borrow>()
  /** An opening failed, and whoever is in line for it is to be told, if there is anybody. */
  fails = false
  /** All that is lent is revoked. */
  forces = false
  exhausts = false
  /** Whoever is served in this very turn, and has it for one of these, may lose it again. */
  readonly revokesFor = new Set<AnyFiber>()
  /** These leases may end by the drain or right before it. */
  readonly unsure = new Set<Borrow>()
}

export class Shutdowns {
  turn = new Turn()
  readonly reference: Reference
  readonly awaiters: ReadonlyArray<Awaiter>
  readonly census: Census

  constructor(reference: Reference, awaiters: ReadonlyArray<Awaiter>, census: Census) {
    this.reference = reference
    this.awaiters = awaiters
    this.census = census
  }

  shutsDown({ awaiter, mode, quiet = 0, within }: Shutdown): void {
    const reference = this.reference
    const isOpen = reference.phase === "open"
    if (isOpen && mode === "drain" && quiet > 0) this.waitsForQuiet(quiet)
    else if (isOpen) this.drains()
    if (reference.phase !== "open") this.revokeThoseOf(awaiter!.fiber)
    if (reference.phase !== "open") this.turn.revokesFor.add(awaiter!.fiber)
    if (mode === "now") this.forces()
    else if (reference.phase !== "closing") {
      reference.shutdownBy = Math.min(reference.shutdownBy, reference.now + within)
    }
  }

  waitsForQuiet(quiet: number): void {
    const reference = this.reference
    if (reference.quiet === undefined) reference.askedLast = reference.now
    reference.quiet = Math.min(reference.quiet ?? Infinity, quiet)
    this.census.count("quiet: awaited")
  }

  drains(): void {
    const reference = this.reference
    reference.phase = "draining"
    this.resumes()
    for (const { fiber, hasLeft } of this.awaiters) {
      if (hasLeft) continue
      this.turn.revokesFor.add(fiber)
      this.revokeThoseOf(fiber)
    }
  }

  /** Whoever was kept waiting learns now what he would have learnt before. */
  resumes(): void {
    this.reference.isSuspended = false
    this.refusesBroken()
  }

  /** Where the circuit breaker is open nobody waits, unless the pool is suspended. */
  refusesBroken(): void {
    const { isSuspended, isTripped, line } = this.reference
    if (!isTripped || isSuspended) return
    for (const { borrow } of line.waiting) {
      this.turn.refused.set(borrow, borrow.mode === "try" ? "PoolFull" : "OpenFailed")
      this.turn.broken.add(borrow)
    }
  }

  forces(): void {
    const { leases, line, phase, stock } = this.reference
    if (phase === "closing") { for (const id of stock.hastens()) this.turn.givenUp.add(id) }
    if (phase === "closing" || phase === "closed") return
    this.turn.forces = true
    this.reference.isForced = true
    this.revokes([...leases.keys()])
    for (const { borrow } of line.waiting) this.turn.refused.set(borrow, "PoolClosed")
  }

  revokeThoseOf(fiber: AnyFiber): void {
    const { leases, ownerOf } = this.reference
    const isTheirs = (borrow: Borrow): boolean => (ownerOf.get(borrow) ?? leases.get(borrow)!.guard) === fiber
    this.revokes([...leases.keys()].filter(isTheirs))
  }

  /** What was lent in this very turn may be taken back in it, by the shutdown. */
  takesBack(borrow: Borrow): void {
    const lease = this.reference.leases.get(borrow)
    const fiber = this.reference.ownerOf.get(borrow) ?? lease?.guard
    if (lease === undefined) return
    if (this.turn.forces) this.revokes([...this.reference.leases.keys()])
    else if (fiber !== undefined && this.turn.revokesFor.has(fiber)) this.revokeThoseOf(fiber)
  }

  /**
   * Somebody has looked at what is shared and past its time: whoever had not taken it over has lost it, and waits again. Where
   * several leases end in one turn, that may be so before its own would have ended.
   */
  hears(asker?: Borrow): string | undefined {
    const { endsSeveral, leases, lending, line, now, settings, sharing } = this.reference
    const waits = (borrow: Borrow): boolean => borrow.state === "waiting" || borrow === asker
    let wrong: string | undefined
    for (const [borrow, { resource }] of Array.from(leases)) {
      if (borrow.taken || !leases.has(borrow) || !waits(borrow)) continue
      if (!resource.isOver(settings, now) && !resource.isWithdrawn) wrong = `lease ${borrow.id} is lost for no reason`
      sharing.withdraws(resource)
    }
    for (const [borrow, resource] of lending.untouched) {
      if (!endsSeveral || this.turn.forces || !waits(borrow) || line.has(borrow) || leases.has(borrow)) continue
      if (!resource.isOver(settings, now) && !resource.isWithdrawn) continue
      this.turn.refused.delete(borrow)
      this.reference.waits(borrow)
    }
    return wrong
  }

  revokes(borrows: ReadonlyArray<Borrow>): void {
    this.reference.lending.revokes(borrows)
    for (const borrow of borrows) {
      this.census.count("fault: revoked")
      if (!borrow.taken) this.turn.refused.set(borrow, "PoolClosed")
      else {
        this.reference.drained--
        this.reference.forced++
      }
    }
  }
}
