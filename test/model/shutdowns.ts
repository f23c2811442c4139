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
  /** An opening failed, and whoever is in line for it is to be told, if there is anybody. */
  fails = false
  /** All that is lent is revoked. */
  forces = false
  exhausts = false
  /** Whoever is served in this very turn, and has it for this fiber, may lose it again. */
  revokesFor: AnyFiber | undefined
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
    if (reference.phase !== "open") this.turn.revokesFor = awaiter!.fiber
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
    reference.isSuspended = false
    for (const awaiter of this.awaiters) if (!awaiter.hasLeft) this.revokeThoseOf(awaiter.fiber)
  }

  forces(): void {
    const { leases, line, phase, stock } = this.reference
    if (phase === "closing") { for (const id of stock.hastens()) this.turn.givenUp.add(id) }
    if (phase === "closing" || phase === "closed") return
    this.turn.forces = true
    for (const { borrow } of line.waiting) this.turn.refused.set(borrow, "PoolClosed")
    for (const borrow of leases.keys()) this.revokes(borrow)
  }

  revokeThoseOf(fiber: AnyFiber): void {
    const { leases, ownerOf } = this.reference
    for (const borrow of leases.keys()) {
      if ((ownerOf.get(borrow) ?? borrow.guardFiber) === fiber) this.revokes(borrow)
    }
  }

  /** What was lent in this very turn may be taken back in it, by the shutdown. */
  takesBack(borrow: Borrow): void {
    const lease = this.reference.leases.get(borrow)
    const fiber = this.reference.ownerOf.get(borrow) ?? lease?.guard
    const isMeant = this.turn.forces || (fiber !== undefined && fiber === this.turn.revokesFor)
    if (isMeant && lease !== undefined) this.revokes(borrow)
  }

  revokes(borrow: Borrow): void {
    this.census.count("fault: revoked")
    this.reference.ends(borrow, "lost")
    if (borrow.taken) {
      this.reference.drained--
      this.reference.forced++
    } else {
      this.turn.refused.set(borrow, "PoolClosed")
    }
  }
}
