/**
 * What must come of a message, said before the machine sees it. The questions that need no message are the reference's.
 */
import type { AnyFiber, Borrow } from "../../src/pool/internal/borrow.ts"
import type { Worker } from "../../src/pool/internal/worker.ts"
import type { Checked, Message, WorkerExit } from "../../src/pool/Message.ts"
import type { Wish } from "./reservations.ts"
import type { Resource } from "./resource.ts"
import { Shutdowns, Turn } from "./shutdowns.ts"

export class Foresight extends Shutdowns {
  of(message: Message): Turn {
    const reference = this.reference
    this.turn = new Turn()
    reference.turn++
    reference.leasesBefore = reference.leases.size
    reference.failuresBefore = reference.failures
    reference.wasOpen = reference.phase === "open"
    reference.asker = undefined
    reference.isReconfigured = message._tag === "Reconfigure"
    reference.isTick = message._tag === "Tick"
    reference.isForced = false
    reference.lending.untouched.clear()
    reference.endsSeveral = ["OwnerDown", "Shutdown", "AwaitShutdown", "Tick"].includes(message._tag)
    reference.line.undecided = undefined
    reference.isEviction = message._tag === "Evict" || message._tag === "EvictAll"
    this.#foresee(message)
    return this.turn
  }

  #foresee(message: Message): void {
    const reference = this.reference
    switch (message._tag) {
      case "Checkout": {
        if (message.state !== "asked") return
        reference.asker = message
        reference.askedLast = reference.now
        if (reference.phase === "open" && reference.sharing.sweeps() > 0) {
          reference.line.undecided = message
          return reference.waits(message)
        }
        const expected = reference.expected(message)
        if (expected === "waiting") reference.waits(message)
        else if (expected !== "lent") this.turn.refused.set(message, expected)
        return
      }
      case "Cancel":
        reference.line.leave(message.borrow)
        return reference.lending.ends(message.borrow, "as new")
      case "Checkin":
        return reference.lending.ends(message.borrow, "as new")
      case "Destroyed":
        return reference.lending.ends(message.borrow, "lost")
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
        return reference.lending.ends(message.borrow, "given away")
      case "Reserve":
        return reference.reservations.reserves(message.reservation as Wish)
      case "Unreserve":
        return reference.reservations.unreserves(message.reservation as Wish)
      case "Evict":
        return reference.stock.evicts(
          message.workers.flatMap(({ id }) => reference.stock.get(id) ?? []),
          message.isShrinking
        )
      case "EvictAll":
        return reference.stock.evictsAll(message.over)
      case "Reconfigure":
        reference.reconfigures(message.settings)
        for (const borrow of reference.bundles.tooMany) {
          this.census.count("together: too many")
          this.turn.refused.set(borrow, "PoolOverloaded")
        }
        return
      case "Suspend":
        if (reference.phase === "open") reference.isSuspended = true
        return
      case "Resume":
        return this.resumes()
      case "AwaitShutdown":
        if (reference.phase !== "open") this.revokeThoseOf(message.awaiter.fiber)
        return
      case "Tick":
        return this.#ticks(message.now)
      case "Status":
        return
      default:
        return message satisfies never
    }
  }

  #abandons(borrow: Borrow): void {
    this.reference.lending.ends(borrow, this.reference.settings.onAbandoned === "checkin" ? "as new" : "lost")
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
    const mayStay = !stock.isSurplus(resource) && !stock.isTooMany && !resource.isUsedUp(settings)
    if (job === "probe" && mayStay) stock.idles(resource)
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
    const { holders, wishes } = resource
    if (holders.size > 1) this.census.count("shared: lost by several")
    if (wishes.length > 0) {
      this.census.count(`fault: died while somebody ${holders.size === 1 ? "was" : "wanted to be"} alone`)
    }
    for (const borrow of resource.holders) reference.lending.bereaves(borrow, resource)
    const isFailure = reference.dies(resource)
    this.turn.exhausts = reference.hasDied()
    if (!isFailure) return
    // Whoever waits is served before that, and what is past its time is given up.
    const { line, sharing, stock } = reference
    if (line.servable > stock.count("validating")) sharing.sweeps()
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
    this.turn.fails = reference.settings.onOpenFailure === "fail" && !reference.isSuspended
    const { settings, stock } = reference
    if (reference.failures < settings.breaker || stock.open > stock.count("condemned")) return
    this.census.count("the breaker trips")
    reference.isTripped = true
    this.refusesBroken()
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
    const { bundles, leases, lending, now, phase, settings } = this.reference
    if (settings.leaseTimeout === undefined) return
    const { action, after } = settings.leaseTimeout
    for (const [borrow, lease] of Array.from(leases)) {
      // What became of one before it may have ended it, too.
      if (!leases.has(borrow) || lease.isOverdue || now - lease.since < after) continue
      // Where nobody has had it yet, its time begins now. What was asked for together is held since all of it is there.
      const since = borrow.taken ? bundles.heldSince(borrow, lease.since) : now
      if (now - since < after) {
        lending.postpones(borrow, since)
        continue
      }
      lease.isOverdue = true
      this.turn.overdue.add(borrow.id)
      this.census.count(`overdue: ${action}`)
      if (drains) this.turn.unsure.add(borrow)
      if (drains && action === "revoke") this.reference.unsure++
      if (action === "revoke" && phase === "open") this.reference.lending.ends(borrow, "lost")
      else if (action === "revoke") this.revokes([borrow])
    }
  }

  /** What is run on it has not ended in time. */
  #isLate(resource: Resource): void {
    this.census.count(`fault: ${resource.place} outlived its timeout`)
    resource.place = "condemned"
  }
}
