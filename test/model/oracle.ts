/**
 * Says before each message what must come of it, listens to what the machine does, and judges.
 *
 * The questions that need no machine are the reference's; here is what a message does to it, and what it must cause.
 */
import { type AnyFiber, Borrow } from "../../src/pool/internal/borrow.ts"
import type { Worker } from "../../src/pool/internal/worker.ts"
import { violations } from "../../src/pool/Invariant.ts"
import type { Machine } from "../../src/pool/Machine.ts"
import type { Message, WorkerExit } from "../../src/pool/Message.ts"
import type { PoolCrashed } from "../../src/pool/PoolError.ts"
import type { ShutdownReport, Status } from "../../src/pool/Status.ts"
import type { Census } from "./census.ts"
import type { Drawn } from "./commands.ts"
import type { Asker, Waits } from "./people.ts"
import { Reference, type Timeout } from "./reference.ts"

/** What one turn has to do, or may leave. */
class Turn {
  readonly refused = new Map<Borrow, string>()
  readonly givenUp = new Set<number>()
  readonly spared = new Set<number>()
  readonly orphans = new Set<Borrow>()
  exhausts = false
}

export class Oracle {
  readonly reference: Reference
  readonly awaiters: Array<Waits> = []
  ended: ShutdownReport | undefined
  readonly #settings: Drawn
  readonly #census: Census
  readonly #ownerOf = new Map<Borrow, AnyFiber>()
  /** How each checkout and each worker stood after the last message. */
  readonly #states = new Map<Borrow | Worker, string>()
  #phase: Reference["phase"] = "open"
  #turn = new Turn()
  readonly #problems: Array<string> = []

  constructor(settings: Drawn, census: Census) {
    this.#settings = settings
    this.#census = census
    this.reference = new Reference(settings)
  }

  /** One message, from what must come of it to what is wrong then. */
  turn(machine: Machine, message: Message): void {
    const turn = this.#turn = new Turn()
    this.#foresee(message)
    machine.handle(message)
    for (const [borrow, tag] of turn.refused) {
      this.wrong(`one answer: checkout ${(borrow as Asker).arrival} was not told ${tag}`)
    }
    for (const id of turn.givenUp) if (!turn.spared.has(id)) this.wrong(`worker ${id} is not given up`)
    for (const borrow of turn.orphans) this.wrong(`lease ${borrow.id} lost its owner, and nobody watches it`)
    if (turn.exhausts) this.wrong("one death too many changes nothing")
    this.#census.count(message._tag)
    if (message._tag === "Checkout") this.#countAnswer(message as Asker)
    this.#judge(machine, message._tag)
  }

  /** The incarnation ends at once: everybody is answered, every lease ends; who awaits the end of the pool goes on. */
  crash(machine: Machine, crashed: PoolCrashed): void {
    const { reference } = this
    const { refused } = this.#turn = new Turn()
    const leases = [...reference.leases.keys()]
    for (const { borrow } of reference.waiting) refused.set(borrow, "PoolCrashed")
    for (const borrow of leases) if (!borrow.taken) refused.set(borrow, "PoolCrashed")
    const forced = reference.forced + leases.filter(({ taken }) => taken).length
    machine.crash(crashed)
    for (const borrow of refused.keys()) this.wrong(`a crash leaves checkout ${(borrow as Asker).arrival} unanswered`)
    for (const { id, state } of leases) if (state === "lent") this.wrong(`a crash leaves lease ${id} lent`)
    if (machine.state.forced !== forced) this.wrong(`a crash revokes ${machine.state.forced} leases, not ${forced}`)
    if (this.awaiters.some(({ reports }) => reports.length > 0)) this.wrong("a crash is taken for the end")
    if (this.#problems.length > 0) throw new Error(`after a crash: ${this.#problems.join("; ")}`)
    this.#census.count("fault: one death too many")
  }

  start(machine: Machine): void {
    machine.start()
    this.#judge(machine, "start")
  }

  isOwned(borrow: Borrow): boolean {
    return this.#ownerOf.has(borrow)
  }

  wrong(what: string | undefined): void {
    if (what !== undefined) this.#problems.push(what)
  }

  // What the machine does

  replies(asker: Asker): void {
    const { reference } = this
    const checkout = `checkout ${asker.arrival}`
    if (asker.hasLeft || asker.answer !== undefined) this.wrong(`one answer: ${checkout} gets a second one`)
    if (asker.state === "lent") {
      this.wrong(reference.lends(asker, asker.worker!.id))
      if (asker.owned !== undefined) this.#ownerOf.set(asker, asker.owned)
      if (asker.worker!.owner?.fiber !== asker.owned) this.wrong(`lease ${asker.id} has the wrong owner`)
      return
    }
    reference.leavesQueue(asker)
    const expected = this.#turn.refused.get(asker)
    const given = asker.refusal!._tag
    this.#turn.refused.delete(asker)
    this.#census.count(`refused: ${given}`)
    if (given !== expected) this.wrong(`one answer: ${checkout} is told ${given} instead of ${expected}`)
    if (asker.refusal!._tag === "CheckoutTimeout") this.wrong(reference.doubts(asker, asker.refusal as Timeout))
  }

  opens(worker: Worker): void {
    this.#states.set(worker, "opening")
    this.wrong(this.reference.opens(worker.id))
  }

  closes(worker: Worker, isTold: boolean): void {
    if (isTold) this.wrong(`worker ${worker.id} is told to close twice`)
    this.wrong(this.reference.closes(worker.id))
  }

  givesUp(worker: Worker): void {
    if (!this.#turn.givenUp.delete(worker.id)) this.wrong(`worker ${worker.id} is given up before its time`)
  }

  asksForDelay(first: boolean): void {
    const { reference } = this
    if (reference.backoff !== "none") this.wrong("the back-off is asked twice")
    if (first !== (reference.failures === 1)) this.wrong("the back-off begins anew in the middle of a streak")
    reference.backoff = "asking"
  }

  orphans(borrow: Borrow): void {
    if (!this.#turn.orphans.delete(borrow)) this.wrong(`lease ${borrow.id} is no orphan`)
  }

  exhausts(): void {
    if (!this.#turn.exhausts) this.wrong("a death that is allowed is one too many")
    this.#turn.exhausts = false
  }

  starts(isComplete: boolean): void {
    this.#census.count(isComplete ? "an eager start" : "fault: a failed start")
    if (!isComplete) return
    if (!this.reference.starting) this.wrong("started twice")
    this.reference.starting = false
  }

  ends(report: ShutdownReport): void {
    const { drained, forced } = this.reference.report
    if (this.ended !== undefined) this.wrong("ended twice")
    if (report.drained !== drained || report.forced !== forced) {
      this.wrong(`the report says ${report.drained}/${report.forced}, the reference ${drained}/${forced}`)
    }
    this.ended = report
  }

  // What a message does

  /** What must come of this message, before the machine sees it. */
  #foresee(message: Message): void {
    const { reference } = this
    const { refused: refusals } = this.#turn
    switch (message._tag) {
      case "Checkout": {
        if (message.state !== "asked") return
        const expected = reference.expected(message)
        if (expected === "waiting") reference.waits(message)
        else if (expected !== "lent") refusals.set(message, expected)
        return
      }
      case "Cancel":
        reference.leavesQueue(message.borrow)
        return this.#leaves(message.borrow, "free")
      case "Checkin":
        return this.#leaves(message.borrow, "free")
      case "Destroyed":
        return this.#leaves(message.borrow, "held")
      case "Unreachable":
        return this.#abandons(message.borrow)
      case "Adopt":
        if (reference.leases.has(message.borrow)) this.#ownerOf.set(message.borrow, message.fiber)
        return
      case "OwnerDown":
        return this.#foreseeOwnerDown(message.owner.fiber, message.success)
      case "Ready":
        if (reference.places.get(message.worker.id) === "opening") reference.readies(message.worker.id)
        return
      case "Exited":
        return this.#foreseeExit(message.worker, message.reason)
      case "RetryAfter":
        if (reference.backoff === "asking") reference.backoff = reference.now + Math.max(1, message.delay)
        return
      case "Shutdown":
        return this.#foreseeShutdown(message.mode, message.within, message.awaiter!.fiber)
      case "AwaitShutdown":
        if (reference.phase !== "open") this.#revokeThoseOf(message.awaiter.fiber)
        return
      case "Tick":
        return this.#foreseeTick(message.now)
      case "Status":
        return
      default:
        return message satisfies never
    }
  }

  #leaves(borrow: Borrow, to: "free" | "held"): void {
    this.reference.ends(borrow, to)
    this.#ownerOf.delete(borrow)
  }

  #abandons(borrow: Borrow): void {
    this.#leaves(borrow, this.#settings.onAbandoned === "checkin" ? "free" : "held")
  }

  #foreseeOwnerDown(fiber: AnyFiber, success: boolean): void {
    for (const [borrow, owner] of this.#ownerOf) {
      if (owner !== fiber) continue
      if (success && this.#settings.onOwnerSuccess === "release") {
        this.#turn.orphans.add(borrow)
        this.#ownerOf.delete(borrow)
        ;(borrow as Asker).owned = undefined
      } else {
        this.#abandons(borrow)
      }
    }
  }

  #foreseeExit(worker: Worker, reason: WorkerExit): void {
    const { reference } = this
    const place = reference.places.get(worker.id)
    if (place === undefined || reason._tag === "Died") return this.#foreseeDeath(worker.id, place)
    reference.places.delete(worker.id)
    reference.due.delete(worker.id)
    if (reason.abandoned) reference.abandoned++
    if (place === "opening" && reason._tag === "OpenFailed") this.#foreseeFailure()
  }

  #foreseeDeath(id: number, place: string | undefined): void {
    const { reference } = this
    if (place !== "free" && place !== "held") return
    for (const [lease, worker] of reference.leases) {
      if (worker !== id) continue
      this.#leaves(lease, "free")
      if (lease.taken) continue
      // The dying one counts as free at this moment; one that never waits needs another.
      if (lease.mode === "try" && reference.count("free") === 1) this.#turn.refused.set(lease, "PoolFull")
      else reference.waits(lease)
    }
    reference.deaths.push(reference.now)
    this.#turn.exhausts = reference.isExhausted
    if (!reference.dies(id)) return
    this.#census.count("fault: one stillborn too many")
    this.#foreseeFailure()
  }

  #foreseeFailure(): void {
    const { reference } = this
    if (reference.starting) {
      reference.starting = false
      reference.phase = "draining"
      return
    }
    reference.failures++
    reference.opened = false
    const [first] = reference.waiting
    // One that was bereaved beside an idle resource is served before anything fails.
    if (this.#settings.onOpenFailure === "fail" && first !== undefined && reference.count("free") === 0) {
      this.#turn.refused.set(first.borrow, "OpenFailed")
    }
  }

  #foreseeShutdown(mode: "drain" | "now", within: number, fiber: AnyFiber): void {
    const { reference } = this
    if (reference.phase === "open") {
      reference.phase = "draining"
      for (const awaiter of this.awaiters) if (!awaiter.hasLeft) this.#revokeThoseOf(awaiter.fiber)
    }
    this.#revokeThoseOf(fiber)
    if (mode === "now") this.#forces()
    else reference.shutdownBy = Math.min(reference.shutdownBy, reference.now + within)
  }

  #foreseeTick(now: number): void {
    const { reference } = this
    reference.now = now
    if (typeof reference.backoff === "number" && reference.backoff <= now) {
      reference.backoff = "none"
      reference.recovers()
    }
    for (const { borrow, deadline } of reference.waiting) {
      if (deadline <= now) this.#turn.refused.set(borrow, "CheckoutTimeout")
    }
    for (const [id, due] of reference.due) {
      if (due > now) continue
      reference.due.delete(id)
      this.#turn.givenUp.add(id)
    }
    if (reference.shutdownBy > now || reference.phase !== "draining") return
    this.#forces()
    // One that is told to close in the very turn that would have given it up may be spared that.
    for (const id of this.#turn.givenUp) if (reference.places.get(id) === "opening") this.#turn.spared.add(id)
  }

  #forces(): void {
    const { reference } = this
    for (const { borrow } of reference.waiting) this.#turn.refused.set(borrow, "PoolClosed")
    for (const borrow of reference.leases.keys()) this.#revokes(borrow)
  }

  #revokeThoseOf(fiber: AnyFiber): void {
    for (const borrow of this.reference.leases.keys()) {
      if ((this.#ownerOf.get(borrow) ?? borrow.guardFiber) === fiber) this.#revokes(borrow)
    }
  }

  #revokes(borrow: Borrow): void {
    this.#census.count("fault: revoked")
    this.#leaves(borrow, "held")
    if (borrow.taken) {
      this.reference.drained--
      this.reference.forced++
    } else {
      this.#turn.refused.set(borrow, "PoolClosed")
    }
  }

  #judge(machine: Machine, what: string): void {
    const { reference } = this
    const all = [...reference.places.values()]
    const isOver = reference.waiting.length === 0 && reference.leases.size === 0
    if (reference.phase === "draining" && isOver && all.every((place) => place === "closing")) {
      reference.phase = "closing"
    }
    if (reference.phase === "closing" && all.length === 0 && this.ended !== undefined) reference.phase = "closed"
    if (this.#phase !== reference.phase) this.#census.count(`pool: ${this.#phase} -> ${reference.phase}`)
    this.#phase = reference.phase
    if (what === "Tick" && reference.waiting.some(({ deadline }) => deadline <= reference.now)) {
      this.wrong("one answer: a waiter is past its deadline")
    }
    const found = [
      ...this.#problems,
      ...violations(machine.state),
      ...reference.problems(),
      ...this.#disagreements(machine.state.status())
    ]
    if (found.length > 0) throw new Error(`after ${what}: ${found.join("; ")}`)
    this.#countChanges()
  }

  #disagreements(status: Status): ReadonlyArray<string> {
    const { reference } = this
    const { size, maxOverflow } = this.#settings
    const [opening, idle, lent, closing] = (["opening", "free", "held", "closing"] as const).map((place) =>
      reference.count(place)
    )
    const live = opening! + idle! + lent!
    const isOpen = reference.phase === "open"
    const expected: Record<string, unknown> = {
      opening,
      idle,
      lent,
      closing,
      waiting: reference.waiting.length,
      abandoned: reference.abandoned,
      overflow: Math.max(0, live + closing! - size),
      state: reference.phase === "closed"
        ? "closed"
        : !isOpen
        ? "draining"
        : idle! > 0 || live < size
        ? "ready"
        : live + closing! < size + maxOverflow
        ? "overflow"
        : "full"
    }
    return Object.entries(status)
      .filter(([key, value]) => key in expected && expected[key] !== value)
      .map(([key, value]) => `status says ${String(value)} ${key}, the reference ${String(expected[key])}`)
  }

  #countChanges(): void {
    for (const [thing, was] of this.#states) {
      const { state } = thing
      if (state === was) continue
      this.#census.count(`${thing instanceof Borrow ? "checkout" : "resource"}: ${was} -> ${state}`)
      if (state === "ended" || state === "refused" || state === "gone") this.#states.delete(thing)
      else this.#states.set(thing, state)
    }
  }

  #countAnswer(asker: Asker): void {
    if (asker.state === "asked" || asker.isCounted) return
    asker.isCounted = true
    this.#census.count(`checkout: asked -> ${asker.state}`)
    if (asker.state === "waiting" || asker.state === "lent") this.#states.set(asker, asker.state)
  }
}
