/**
 * Listens to what the machine does in a turn, compares it with what must come of the message, and judges what is left of
 * both when the turn is over.
 */
import type { Borrow } from "../../src/pool/internal/borrow.ts"
import type { Job } from "../../src/pool/internal/checkup.ts"
import type { Settings } from "../../src/pool/internal/settings.ts"
import type { Worker } from "../../src/pool/internal/worker.ts"
import { violations } from "../../src/pool/Invariant.ts"
import type { Machine } from "../../src/pool/Machine.ts"
import type { Message } from "../../src/pool/Message.ts"
import { type PoolCrashed, PoolOverloaded } from "../../src/pool/PoolError.ts"
import type { ShutdownReport, Status } from "../../src/pool/Status.ts"
import type { Census } from "./census.ts"
import { Foresight } from "./foresight.ts"
import { Peeks } from "./peeks.ts"
import type { Asker, Waits } from "./people.ts"
import { Reference, type Timeout } from "./reference.ts"
import { Turn } from "./shutdowns.ts"
import { Watch } from "./watch.ts"

export class Oracle {
  readonly reference: Reference
  readonly awaiters: Array<Waits> = []
  ended: ShutdownReport | undefined
  readonly #foresight: Foresight
  readonly #census: Census
  readonly #watch: Watch
  readonly #peeks: Peeks
  #phase: Reference["phase"] = "open"
  #turn = new Turn()
  /** There is something that time may do, or was within the turn. */
  #mayFallDue = false
  readonly #problems: Array<string> = []

  constructor(settings: Settings, census: Census) {
    this.#census = census
    this.reference = new Reference(settings, census)
    this.#watch = new Watch(census)
    this.#peeks = new Peeks(this.reference, census)
    this.#foresight = new Foresight(this.reference, this.awaiters, census)
  }

  /** One message, from what must come of it to what is wrong then. */
  turn(machine: Machine, message: Message): void {
    const turn = this.#turn = this.#foresight.of(message)
    this.#handle(machine, message)
    for (const [borrow, tag] of turn.refused) {
      this.wrong(`one answer: checkout ${(borrow as Asker).arrival} was not told ${tag}`)
    }
    for (const id of turn.givenUp) if (!turn.spared.has(id)) this.wrong(`worker ${id} is not given up`)
    const unsure = Array.from(turn.unsure, ({ id }) => id)
    for (const id of turn.overdue) {
      if (!turn.forces && !unsure.includes(id)) this.wrong(`nobody says that lease ${id} is held for too long`)
    }
    for (const borrow of turn.orphans) this.wrong(`lease ${borrow.id} lost its owner, and nobody watches it`)
    if (turn.fails && this.reference.firstForOpening !== undefined) this.wrong("nobody is told that an opening failed")
    if (turn.exhausts) this.wrong("one death too many changes nothing")
    this.#census.count(message._tag)
    if (message._tag === "Checkout") this.#watch.answers(message as Asker)
    this.#judge(machine, message._tag)
  }

  /** A round that has taken place makes way for another one only where something may fall due, before it or after it. */
  #handle(machine: Machine, message: Message): void {
    const { reference } = this
    const round = machine.state.round?.at ?? Infinity
    this.#mayFallDue = reference.stock.mayFallDue
    machine.handle(message)
    this.#mayFallDue ||= reference.stock.mayFallDue
    const hadRound = message._tag === "Tick" && round <= reference.now
    const isAnother = hadRound && machine.state.round !== undefined
    if (isAnother && machine.state.phase === "open" && !this.#mayFallDue) {
      this.wrong("a round is armed where nothing can fall due")
    }
  }

  /** The incarnation ends at once: everybody is answered, every lease ends; who awaits the end of the pool goes on. */
  crash(machine: Machine, crashed: PoolCrashed): void {
    const { reference } = this
    const { refused } = this.#turn = new Turn()
    const leases = [...reference.leases.keys()]
    for (const { borrow } of reference.line.waiting) refused.set(borrow, "PoolCrashed")
    for (const borrow of leases) if (!borrow.taken) refused.set(borrow, "PoolCrashed")
    const forced = reference.forced + leases.filter(({ taken }) => taken).length
    const wishes = reference.reservations.waiting
    machine.crash(crashed)
    if (wishes.some(({ answer }) => answer !== "ended")) this.wrong("a crash leaves one who wants to be alone")
    for (const borrow of refused.keys()) this.wrong(`a crash leaves checkout ${(borrow as Asker).arrival} unanswered`)
    for (const { id, state } of leases) if (state === "lent") this.wrong(`a crash leaves lease ${id} lent`)
    const revoked = machine.state.forced - forced
    if (revoked < 0 || revoked > reference.unsure) this.wrong(`a crash revokes ${revoked} leases too many`)
    if (this.awaiters.some(({ reports }) => reports.length > 0)) this.wrong("a crash is taken for the end")
    if (this.#problems.length > 0) throw new Error(`after a crash: ${this.#problems.join("; ")}`)
    this.#census.count("fault: one death too many")
  }

  start(machine: Machine): void {
    machine.start()
    this.#judge(machine, "start")
  }

  isOwned(borrow: Borrow): boolean {
    return this.reference.ownerOf.has(borrow)
  }

  wrong(what: string | undefined): void {
    if (what !== undefined) this.#problems.push(what)
  }

  // What the machine does

  replies(asker: Asker): void {
    const { reference } = this
    const { refused } = this.#turn
    const checkout = `checkout ${asker.arrival}`
    if (asker.refusal?._tag !== "PoolClosed" && asker.refusal?._tag !== "PoolCrashed") {
      this.wrong(this.#foresight.hears(asker))
    }
    if (asker.hasLeft || asker.answer !== undefined) this.wrong(`one answer: ${checkout} gets a second one`)
    if (asker.state === "lent") {
      this.wrong(reference.lending.lends(asker, workerOf(asker).id))
      this.#mayFallDue ||= reference.stock.mayFallDue
      if (asker.owned !== undefined) reference.ownerOf.set(asker, asker.owned)
      if (ownerOf(asker) !== asker.owned) this.wrong(`lease ${asker.id} has the wrong owner`)
      // If a grant and a deadline come together, the one that is handled first wins.
      if (refused.get(asker) === "CheckoutTimeout") refused.delete(asker)
      return
    }
    const given = asker.refusal!._tag
    if (given === "PoolClosed") this.#foresight.takesBack(asker)
    const isMeant = this.#isMeant(asker, given)
    reference.line.leave(asker)
    const isLate = asker === reference.line.undecided
    const expected = isMeant ? given : isLate ? reference.expected(asker) : refused.get(asker)
    refused.delete(asker)
    this.#census.count(`refused: ${given}`)
    if (given !== expected) this.wrong(`one answer: ${checkout} is told ${given} instead of ${expected}`)
    if (asker.refusal!._tag === "CheckoutTimeout") this.wrong(reference.doubts(asker, asker.refusal as Timeout))
  }

  /** Whom it concerns shows only when it happens. */
  #isMeant(asker: Asker, refusal: string): boolean {
    if (asker.refusal instanceof PoolOverloaded && asker.refusal.reason === "codel") {
      this.wrong(this.reference.overload.objection(asker, asker.refusal))
      this.#turn.refused.delete(asker)
      this.#census.count("dropped")
      return true
    }
    if (refusal === "PoolClosed") return this.#turn.unsure.has(asker)
    // It waits again, and the pool was made smaller meanwhile.
    if (refusal === "PoolOverloaded" && this.reference.bundles.isTooMany(asker)) return true
    // It waits again since this very turn, and its time was up before.
    if (refusal === "CheckoutTimeout" && !this.#turn.refused.has(asker)) return this.reference.isTooLate(asker)
    if (refusal === "PoolFull") return this.reference.waitsInVain(asker)
    if (refusal === "OpenFailed" && this.#turn.broken.has(asker)) return true
    if (refusal !== "OpenFailed" || !this.#turn.fails) return false
    this.#turn.fails = false
    return this.reference.firstForOpening === asker
  }

  opens(worker: Worker): void {
    this.wrong(this.#foresight.hears())
    this.#watch.opens(worker)
    this.#peeks.opens(worker)
    this.wrong(this.reference.stock.opens(worker.id))
  }

  closes(worker: Worker, isTold: boolean): void {
    this.wrong(this.#foresight.hears())
    if (isTold) this.wrong(`worker ${worker.id} is told to close twice`)
    const why = this.reference.stock.closes(worker.id)
    if ("wrong" in why) this.wrong(why.wrong)
    else this.#census.count(`closed: ${why.reason}`)
    // Told, and not waited for.
    const resource = this.reference.stock.get(worker.id)
    if (resource?.due?.by === this.reference.now) this.#turn.givenUp.add(worker.id)
  }

  givesUp(worker: Worker): void {
    const { isTheEnd, now, settings, stock } = this.reference
    const due = stock.get(worker.id)?.due
    const isHastened = isTheEnd && settings.workerShutdown === 0
    const isDue = this.#turn.givenUp.delete(worker.id) || (due !== undefined && (isHastened || due.from <= now))
    if (!isDue) this.wrong(`worker ${worker.id} is given up before its time`)
    stock.forgets(worker.id)
  }

  logs(message: string): void {
    const lease = /^lease (\d+) is held/.exec(message)?.[1]
    if (lease !== undefined && !this.#turn.overdue.delete(Number(lease))) {
      this.wrong(`lease ${lease} is not held for too long`)
    }
  }

  /** Its resource is to be given away. `false`: it cannot be, for it has died. */
  gives(worker: Worker, isAlive: boolean): void {
    this.wrong(this.reference.stock.gives(worker.id, isAlive))
    this.#census.count(`detached: ${isAlive ? "alive" : "dead"}`)
  }

  isGiven(isGiven: boolean, isAlive: boolean): void {
    if (isGiven !== isAlive) {
      this.wrong(`what ${isAlive ? "can" : "cannot"} be given away is ${isGiven ? "" : "not "}given`)
    }
  }

  checks(worker: Worker, job: Job, isBusy: boolean): void {
    if (isBusy) this.wrong(`a ${job} of worker ${worker.id} during another check, or its closing`)
    this.wrong(this.#foresight.hears())
    this.#census.count(`check: ${job}`)
    this.wrong(this.reference.stock.checks(worker.id, job))
  }

  asksForDelay(first: boolean): void {
    const { reference } = this
    if (reference.backoff !== "none") this.wrong("the back-off is asked twice")
    if (first !== (reference.failures === 1)) this.wrong("the back-off begins anew in the middle of a streak")
    reference.backoff = "asking"
  }

  orphans(borrow: Borrow): void {
    if (!this.#turn.orphans.delete(borrow)) this.wrong(`lease ${borrow.id} is no orphan`)
    ;(borrow as Asker).owned = undefined
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
    const { drained, forced, unsure } = this.reference
    if (this.ended !== undefined) this.wrong("ended twice")
    if (report.drained !== drained || report.forced < forced || report.forced > forced + unsure) {
      this.wrong(`the report says ${report.drained}/${report.forced}, the reference ${drained}/${forced}`)
    }
    this.ended = report
  }

  #judge(machine: Machine, what: string): void {
    const { reference } = this
    const { line, stock } = reference
    this.wrong(this.#foresight.hears())
    this.#peeks.looks(machine)
    this.wrong(stock.settle())
    if (reference.isTheEnd && stock.live === 0) {
      if (reference.phase === "draining") {
        for (const id of stock.hastens()) this.wrong(`worker ${id} is not given up at the end`)
      }
      reference.phase = "closing"
    }
    if (reference.phase === "closing" && stock.resources.size === 0 && this.ended !== undefined) {
      reference.phase = "closed"
    }
    if (this.#phase !== reference.phase) this.#census.count(`pool: ${this.#phase} -> ${reference.phase}`)
    this.#phase = reference.phase
    if (what === "Tick") {
      this.wrong(reference.overload.looks())
      for (const problem of stock.neglects()) this.wrong(problem)
      if (line.waiting.some(({ borrow, deadline }) => borrow.mode === "wait" && deadline <= reference.now)) {
        this.wrong("one answer: a waiter is past its deadline")
      }
    }
    const found = [
      ...this.#problems,
      ...violations(machine.state),
      ...reference.problems(),
      ...reference.reservations.problems(),
      ...this.#disagreements(machine.state.status())
    ]
    if (found.length > 0) throw new Error(`after ${what}: ${found.join("; ")}`)
    this.#watch.counts()
  }

  #disagreements(status: Status): ReadonlyArray<string> {
    const expected: Record<string, unknown> = this.reference.status
    return Object.entries(status)
      .filter(([key, value]) => key in expected && expected[key] !== value)
      .map(([key, value]) => `status says ${String(value)} ${key}, the reference ${String(expected[key])}`)
  }
}

/** The machine's own words for whose lease is of what: all that is looked up in it. */
const workerOf = (borrow: Borrow): Worker => borrow.seat!.worker
const ownerOf = (borrow: Borrow): unknown => borrow.seat!.owner?.fiber
