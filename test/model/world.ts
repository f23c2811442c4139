/**
 * Everything around the machine, simulated: who asks is in `askings.ts`, what carries out what the machine asks for in
 * `shell.ts`. It runs commands; what is right and wrong the oracle says.
 */
import type { AnyFiber, Borrow } from "../../src/pool/internal/borrow.ts"
import type { Settings } from "../../src/pool/internal/settings.ts"
import type { ShutdownReport } from "../../src/pool/Status.ts"
import { Askings } from "./askings.ts"
import type { Census } from "./census.ts"
import { type Command, pick } from "./commands.ts"
import type { Asker, Waits } from "./people.ts"
import { Wish } from "./reservations.ts"

export class World extends Askings {
  readonly #plans: Array<Settings>
  readonly #wishes: Array<Wish> = []

  /** `others` are the options that it may come to have. */
  constructor(settings: Settings, others: Settings, census: Census) {
    super(settings, census)
    this.#plans = [settings, { ...others, start: settings.start }]
  }

  // Commands

  run(command: Command): void {
    if (this.isCrashed) return
    switch (command._tag) {
      case "checkout":
        return this.checkout(command)
      case "many":
        return this.many(command)
      case "cancelFirst": {
        const asker = this.asker("wait", 100, "asker", 0)
        asker.hasLeft = true
        this.send({ _tag: "Cancel", borrow: asker })
        return this.send(asker)
      }
      case "flush":
        return this.flush()
      case "cancel": {
        const asker = pick(this.askers.filter((each) => each.answer === undefined && !each.hasLeft), command.which)
        if (asker === undefined) return
        if (asker.whole !== undefined) return asker.whole.leave()
        asker.hasLeft = true
        const isOpen = asker.state === "waiting" || asker.state === "lent"
        this.census.count(`fault: cancelled while ${isOpen ? asker.state : "answered"}`)
        return this.send({ _tag: "Cancel", borrow: asker })
      }
      case "checkin":
      case "destroyed": {
        const borrow = pick(this.#held, command.which)
        if (borrow === undefined) return
        return this.send(
          command._tag === "checkin" ? { _tag: "Checkin", borrow } : { _tag: "Destroyed", borrow, reason: undefined }
        )
      }
      case "adopt": {
        const borrow = pick(this.#held.filter((each) => each.guardFiber === undefined), command.which)
        return borrow && this.send({ _tag: "Adopt", borrow, fiber: this.fibers[command.fiber]! })
      }
      case "reserve": {
        // Rather one of those who are not alone.
        const { leases } = this.oracle.reference
        const sharing = this.#held.filter((each) => leases.get(each)!.resource.holders.size > 1)
        const borrow = pick(sharing.length > 0 ? sharing : this.#held, command.which)
        return borrow && this.#reserve(borrow)
      }
      case "unreserve": {
        // Rather one that has not left yet, and waits.
        const [waiting, others] = [undefined, "alone"].map((answer) =>
          this.#wishes.filter((each) => !each.hasLeft && each.answer === answer)
        )
        const wish = pick([waiting!, others!, this.#wishes].find(({ length }) => length > 0) ?? [], command.which)
        return wish && this.#unreserve(wish)
      }
      case "unreachable": {
        const borrow = pick(this.#held.filter((each) => !this.oracle.isOwned(each)), command.which)
        return borrow && this.send({ _tag: "Unreachable", borrow })
      }
      case "stale":
        return this.#stale(command)
      case "staleWorker":
        return this.workforce.stale(command)
      case "staleCheck":
        return this.workforce.staleCheck(command)
      case "ready":
        return this.workforce.ready(command)
      case "openFailed":
        return this.workforce.openFailed(command)
      case "checked":
        return this.workforce.checked(command)
      case "judged":
        return this.workforce.judged(command)
      case "died":
        return this.workforce.died(command)
      case "closed":
        return this.workforce.closed(command)
      case "hangsUp":
        for (let i = 0; i < command.times; i++) this.#hangsUp()
        return
      case "givenUp":
        return this.workforce.givenUp(command)
      case "retryAfter":
        return this.send({ _tag: "RetryAfter", delay: command.delay })
      case "ownerDown": {
        const owner = pick([...this.owners.values()], command.which)
        if (owner === undefined) return
        this.owners.delete(owner.fiber)
        this.census.count(`fault: an owner ended with ${command.success ? "success" : "failure"}`)
        return this.send({ _tag: "OwnerDown", owner, success: command.success })
      }
      case "tick":
        // No time passes within a batch of turns.
        this.machine.date()
        return this.send({ _tag: "Tick", now: this.oracle.reference.now + command.millis })
      case "wake": {
        const { now } = this.oracle.reference
        const next = this.machine.state.deadlines.next() ?? now
        return this.run({ _tag: "tick", millis: Math.max(0, next - now) })
      }
      case "pass":
        this.machine.date()
        this.oracle.reference.now += command.millis
        return
      case "detach": {
        const borrow = pick(this.#held, command.which)
        return borrow && this.workforce.detach(borrow, command.dies)
      }
      case "evict":
        return this.workforce.evict(command)
      case "evictAll":
        return this.send({ _tag: "EvictAll", over: command.over })
      case "suspend":
        return this.send({ _tag: "Suspend" })
      case "resume":
        return this.send({ _tag: "Resume" })
      case "reconfigure":
        // A plain pool does not note how well something is that it has handed on, and that nobody has touched yet.
        this.flush()
        this.#plans.reverse()
        return this.send({ _tag: "Reconfigure", settings: this.#plans[0]! })
      case "rest":
        if (this.oracle.reference.stock.idle.length > 0) this.run({ _tag: "tick", millis: 31_000 })
        return
      case "status":
        return this.send({ _tag: "Status", reply: { sendUnsafe: () => true } })
      case "shutdown":
        return this.send({
          _tag: "Shutdown",
          mode: command.mode,
          within: command.within,
          quiet: command.quiet,
          awaiter: this.#awaiter(this.#shutter(command))
        })
      case "awaitShutdown": {
        const awaiter = this.#awaiter(this.fibers[command.fiber]!)
        this.send({ _tag: "AwaitShutdown", awaiter })
        awaiter.hasLeft = command.leaves
        return
      }
      default:
        return command satisfies never
    }
  }

  /** Shuts down, and lets whatever is still out come back, or not: in any case it must end, and nothing may stay. */
  finish(): void {
    this.run({ _tag: "shutdown", mode: "drain", within: 500, quiet: 0, fiber: 0, by: "anybody" })
    for (let round = 0; this.oracle.reference.phase !== "closed" && !this.isCrashed; round++) {
      if (round > 100) throw new Error("the pool never ends")
      this.flush()
      const [borrow] = this.#held
      if (borrow !== undefined && borrow.arrival % 2 === 0) this.send({ _tag: "Checkin", borrow })
      this.workforce.answerAll(round % 2 === 0)
      this.run({ _tag: "closed", which: round })
      this.run({ _tag: "tick", millis: 50 })
    }
    this.flush()
    const problems: Array<string> = []
    for (const asker of this.askers) {
      if (!asker.hasLeft && asker.answer === undefined) {
        problems.push(`one answer: nobody answered checkout ${asker.arrival}`)
      }
    }
    if (!this.isCrashed) problems.push(...this.#leftovers())
    if (problems.length > 0) throw new Error(problems.join("; "))
  }

  /** What an orderly end must not leave; after a crash it is the shell that closes what is open, and tells who awaits it. */
  #leftovers(): ReadonlyArray<string> {
    const problems: Array<string> = []
    for (const { hasLeft, reports } of this.oracle.awaiters) {
      if (reports.length !== 1 && !hasLeft) problems.push(`${reports.length} answers to one who awaits the end`)
      if (
        reports.some(({ drained, forced }) =>
          drained !== this.oracle.ended?.drained || forced !== this.oracle.ended.forced
        )
      ) {
        problems.push("two reports of one end")
      }
    }
    if (!this.workforce.isEmpty) problems.push("nothing stays: a worker lives on")
    if (this.machine.state.deadlines.next() !== undefined) problems.push("nothing stays: a deadline")
    return problems
  }

  #reserve(borrow: Borrow): void {
    const wish = new Wish(borrow)
    this.#wishes.push(wish)
    this.send({ _tag: "Reserve", reservation: wish })
  }

  /** A scope may close twice, and after everything else has ended. */
  #unreserve(wish: Wish): void {
    wish.hasLeft = true
    this.send({ _tag: "Unreserve", reservation: wish })
  }

  /** Who is not alone, and will not be, leaves. */
  override flush(): void {
    super.flush()
    for (const wish of this.#wishes) {
      const isInVain = wish.answer !== undefined && (wish.answer !== "alone" || wish.borrow.state !== "lent")
      if (isInVain && !wish.hasLeft) this.#unreserve(wish)
    }
  }

  #stale({ which, how }: Extract<Command, { readonly _tag: "stale" }>): void {
    const over = this.askers.filter(({ state }) => state === "ended" || state === "refused")
    const borrow = pick(over, which)
    if (borrow === undefined) return
    this.census.count("fault: stale lease")
    switch (how) {
      case 0:
        return this.send({ _tag: "Checkin", borrow })
      case 1:
        return this.send({ _tag: "Destroyed", borrow, reason: undefined })
      case 2:
        return this.send({ _tag: "Cancel", borrow })
      case 3:
        return this.send({ _tag: "Unreachable", borrow })
      case 4:
        return this.#reserve(borrow)
      default:
        return this.send({ _tag: "Adopt", borrow, fiber: this.fibers[0]! })
    }
  }

  #hangsUp(): void {
    if (this.workforce.hangsUp()) return
    this.run({ _tag: "retryAfter", delay: 0 })
    this.run({ _tag: "tick", millis: 1 })
  }

  #awaiter(by: AnyFiber): Waits {
    const reports: Array<ShutdownReport> = []
    const awaiter: Waits = { fiber: by, hasLeft: false, reports, reply: (report) => void reports.push(report) }
    this.oracle.awaiters.push(awaiter)
    return awaiter
  }

  /** Those who have a lease in their hands. */
  get #held(): ReadonlyArray<Asker> {
    return this.askers.filter(({ answer, state }) => state === "lent" && answer !== undefined)
  }

  #shutter({ by, fiber }: Extract<Command, { readonly _tag: "shutdown" }>): AnyFiber {
    const waiter = this.askers.find(({ guardFiber, ownerFiber, state }) =>
      by === "waiter" && state === "waiting" && (ownerFiber ?? guardFiber) !== undefined
    )
    if (waiter !== undefined) this.census.count("shutdown by one who waits")
    return waiter?.ownerFiber ?? waiter?.guardFiber ?? this.fibers[fiber]!
  }
}
