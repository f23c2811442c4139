/**
 * What must come of a message, said before the machine sees it. The questions that need no message are the reference's.
 */
import type { AnyFiber, Borrow } from "../../src/pool/internal/borrow.ts"
import type { Worker } from "../../src/pool/internal/worker.ts"
import type { Checked, Message, WorkerExit } from "../../src/pool/Message.ts"
import type { Resource } from "./resource.ts"
import { Shutdowns, Turn } from "./shutdowns.ts"

export class Foresight extends Shutdowns {
  of(message: Message): Turn {
    const reference = this.reference
    this.turn = new Turn()
    reference.turn++
    reference.leasesBefore = reference.leases.size
    reference.wasOpen = reference.phase === "open"
    reference.asker = undefined
    reference.isReconfigured = message._tag === "Reconfigure"
    reference.isTick = message._tag === "Tick"
    reference.isEviction = message._tag === "Evict" || message._tag === "EvictAll"
    this.#foresee(message)
    return this.turn
  }

  #foresee(message: Message): void {
    const reference = this.reference
    switch (message._tag) {
      case "Checkout": {
        if (message.state !== "asked") return
        const expected = reference.expected(message)
        reference.asker = message
        reference.askedLast = reference.now
        if (expected === "waiting") reference.waits(message)
        else if (expected !== "lent") this.turn.refused.set(message, expected)
        return
      }
      case "Cancel":
        reference.line.leave(message.borrow)
        return reference.ends(message.borrow, "as new")
      case "Checkin":
        return reference.ends(message.borrow, "as new")
      case "Destroyed":
        return reference.ends(message.borrow, "lost")
      case "Unreachable":
        return this.#abandons(message.borrow)
      case "Adopt":
        return this.#adopts(message.borrow, message.fiber)
      case "OwnerDown":
        return this.#ownerDown(message.owner.fiber, message.success)
      case "Ready":
        if (reference.stock.get(message.worker.id)?.place === "opening") {
          reference.readies(message.worker.id, message.jitter)
        }
        return
      case "Checked":
        return this.#checked(message)
      case "Exited":
        return this.#exits(message.worker, message.reason)
      case "RetryAfter":
        if (reference.backoff === "asking") reference.backoff = reference.now + Math.max(1, message.delay)
        return
      case "Shutdown":
        return this.shutsDown(message)
      case "Detach":
        return reference.ends(message.borrow, "given away")
      case "Evict":
        return reference.stock.evicts(
          message.workers.flatMap(({ id }) => reference.stock.get(id) ?? []),
          message.isShrinking
        )
      case "EvictAll":
        return reference.stock.evictsAll(message.over)
      case "Reconfigure":
        return reference.reconfigures(message.settings)
      case "Suspend":
        if (reference.phase === "open") reference.isSuspended = true
        return
      case "Resume":
        reference.isSuspended = false
        return
      case "AwaitShutdown":
        if (reference.phase !== "open") this.revokeThoseOf(message.awaiter.fiber)
        return
      case "Tick":
        return this.#ticks(message.now)
      case "Status":
        return
      default:
        throw new Error(`nobody foresees a ${message._tag}`)
    }
  }

  #abandons(borrow: Borrow): void {
    this.reference.ends(borrow, this.reference.settings.onAbandoned === "checkin" ? "as new" : "lost")
  }

  #adopts(borrow: Borrow, fiber: AnyFiber): void {
    const { leases, ownerOf } = this.reference
    ownerOf.delete(borrow)
    if (leases.has(borrow)) ownerOf.set(borrow, fiber)
  }

  /** The lease that it has had for the shortest time ends first. */
  #ownerDown(fiber: AnyFiber, success: boolean): void {
    const { ownerOf, settings } = this.reference
    for (const [borrow, owner] of Array.from(ownerOf).reverse()) {
      if (owner !== fiber) continue
      if (success && settings.onOwnerSuccess === "release") {
        this.turn.orphans.add(borrow)
        ownerOf.delete(borrow)
      } else {
        this.#abandons(borrow)
      }
    }
  }

  #checked({ job, ok, worker }: Checked): void {
    const { now, settings, stock } = this.reference
    const resource = stock.get(worker.id)
    const place = job === "reset"
      ? "resetting"
      : job === "validate"
      ? "validating"
      : job === "probe"
      ? "probing"
      : "idle"
    if (resource === undefined || resource.place !== place) return
    if (!ok) return void (resource.place = "condemned")
    if (job === "judge") return
    resource.due = undefined
    resource.wellAt = now
    if (job === "probe" && !stock.isSurplus(resource) && !resource.isUsedUp(settings)) stock.idles(resource)
    else stock.arrives(resource)
  }

  #exits(worker: Worker, reason: WorkerExit): void {
    const { stock } = this.reference
    const resource = stock.get(worker.id)
    if (resource === undefined) return
    if (reason._tag === "Died") return this.#dies(resource)
    stock.resources.delete(worker.id)
    if (reason.abandoned) stock.abandoned++
    if (resource.place === "opening" && reason._tag === "OpenFailed") this.#fails()
  }

  #dies(resource: Resource): void {
    const reference = this.reference
    if (resource.place === "opening" || resource.place === "closing") return
    // Whoever has not taken it over yet asks again, and never learns of it.
    const bereaved = [...resource.holders].filter(({ taken }) => !taken)
    for (const lease of resource.holders) reference.ends(lease, "lost")
    const isFailure = reference.dies(resource)
    for (const lease of bereaved) reference.waits(lease)
    this.turn.exhausts = reference.hasDied()
    if (!isFailure) return
    this.census.count("fault: one stillborn too many")
    this.#fails()
  }

  #fails(): void {
    const reference = this.reference
    if (reference.starting) {
      reference.starting = false
      reference.phase = "draining"
      return
    }
    reference.failures++
    reference.opened = false
    this.turn.fails = reference.settings.onOpenFailure === "fail"
    if (reference.failures < reference.settings.breaker || reference.stock.open > 0) return
    this.census.count("the breaker trips")
    reference.isTripped = true
    for (const { borrow } of reference.line.waiting) {
      this.turn.refused.set(borrow, borrow.mode === "try" ? "PoolFull" : "OpenFailed")
    }
  }

  #ticks(now: number): void {
    const reference = this.reference
    const { line, stock } = reference
    reference.now = now
    if (typeof reference.backoff === "number" && reference.backoff <= now) {
      reference.backoff = "none"
      reference.recovers()
    }
    for (const { borrow, deadline } of line.waiting) {
      if (deadline <= now && borrow.mode === "wait") this.turn.refused.set(borrow, "CheckoutTimeout")
    }
    if (reference.phase === "open") stock.ages()
    const { askedLast, quiet = Infinity, shutdownBy } = reference
    const isQuiet = reference.phase === "open" && askedLast + quiet <= now
    const drains = isQuiet || (reference.phase === "open" && shutdownBy <= now)
    this.#overdue(drains)
    for (const resource of stock.resources.values()) {
      if (resource.due === undefined || resource.due.by > now) continue
      resource.due = undefined
      if (resource.place === "opening" || resource.place === "closing") this.turn.givenUp.add(resource.id)
      else this.#isLate(resource)
    }
    if (isQuiet) this.census.count("quiet: over")
    if (drains) this.drains()
    if (shutdownBy > now) return
    reference.shutdownBy = Infinity
    this.forces()
    // One that is told to close in the very turn that would have given it up may be spared that.
    for (const id of this.turn.givenUp) if (stock.get(id)?.place === "opening") this.turn.spared.add(id)
  }

  /** Where the drain begins in the same turn, either of the two may come first. */
  #overdue(drains: boolean): void {
    const { leases, now, phase, settings } = this.reference
    if (settings.leaseTimeout === undefined) return
    const { action, after } = settings.leaseTimeout
    for (const [borrow, lease] of Array.from(leases)) {
      if (lease.isOverdue || now - lease.since < after) continue
      if (!borrow.taken) {
        // Nobody has had it yet: its time begins now.
        lease.since = now
        leases.delete(borrow)
        leases.set(borrow, lease)
        continue
      }
      lease.isOverdue = true
      this.turn.overdue.add(borrow.id)
      this.census.count(`overdue: ${action}`)
      if (drains) this.turn.unsure.add(borrow)
      if (drains && action === "revoke") this.reference.unsure++
      if (action === "revoke" && phase === "open") this.reference.ends(borrow, "lost")
      else if (action === "revoke") this.revokes(borrow)
    }
  }

  /** What is run on it has not ended in time. */
  #isLate(resource: Resource): void {
    this.census.count(`fault: ${resource.place} outlived its timeout`)
    resource.place = "condemned"
  }
}
