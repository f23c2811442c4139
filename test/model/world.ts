/**
 * Everything around the machine, simulated: askers, their fibers, workers that obey or not, a timer, a flush. It runs
 * commands; what is right and wrong the oracle says.
 */
import { Cause } from "effect"
import type { AnyFiber, Borrow } from "../../src/pool/internal/borrow.ts"
import type { Owner } from "../../src/pool/internal/owner.ts"
import type { Worker } from "../../src/pool/internal/worker.ts"
import { Machine } from "../../src/pool/Machine.ts"
import type { Message, WorkerExit } from "../../src/pool/Message.ts"
import { PoolCrashed, type RestartIntensityExceeded } from "../../src/pool/PoolError.ts"
import type { Ports } from "../../src/pool/Ports.ts"
import type { ShutdownReport } from "../../src/pool/Status.ts"
import type { Census } from "./census.ts"
import type { Command, Drawn } from "./commands.ts"
import { Oracle } from "./oracle.ts"
import { Asker, Keeper, type Waits } from "./people.ts"

const pick = <A>(from: ReadonlyArray<A>, which: number): A | undefined => from[which % Math.max(1, from.length)]

export class World implements Ports {
  readonly oracle: Oracle
  readonly machine: Machine
  readonly #census: Census
  readonly #fibers = [0, 1, 2, 3].map((id) => ({ id }) as unknown as AnyFiber)
  readonly #askers: Array<Asker> = []
  readonly #keepers = new Map<Worker, Keeper>()
  /** Those whose end has not been told yet. */
  readonly #owners = new Map<AnyFiber, Owner>()
  /** Replies on their way. */
  #outbox: Array<Asker> = []
  #exhausted: RestartIntensityExceeded | undefined
  /** There have been too many deaths: nothing is sent any more. */
  #isCrashed = false

  constructor(settings: Drawn, census: Census) {
    this.#census = census
    this.oracle = new Oracle(settings, census)
    this.machine = new Machine({
      name: "model",
      checkoutTimeout: 100,
      onInterrupt: "destroy",
      shutdownTimeout: 100,
      stopWithLastSession: false,
      ...settings
    }, this)
    this.oracle.start(this.machine)
  }

  // Commands

  run(command: Command): void {
    switch (command._tag) {
      case "checkout":
        return this.#checkout(command)
      case "cancelFirst": {
        const asker = this.#asker("wait", 100, "asker", 0)
        asker.hasLeft = true
        this.#send({ _tag: "Cancel", borrow: asker })
        return this.#send(asker)
      }
      case "flush":
        return this.#flush()
      case "cancel": {
        const asker = pick(this.#askers.filter((each) => each.answer === undefined && !each.hasLeft), command.which)
        if (asker === undefined) return
        asker.hasLeft = true
        const isOpen = asker.state === "waiting" || asker.state === "lent"
        this.#census.count(`fault: cancelled while ${isOpen ? asker.state : "answered"}`)
        return this.#send({ _tag: "Cancel", borrow: asker })
      }
      case "checkin":
      case "destroyed": {
        const borrow = pick(this.#held, command.which)
        if (borrow === undefined) return
        return this.#send(
          command._tag === "checkin" ? { _tag: "Checkin", borrow } : { _tag: "Destroyed", borrow, reason: undefined }
        )
      }
      case "adopt": {
        const borrow = pick(this.#held.filter((each) => each.guardFiber === undefined), command.which)
        return borrow && this.#send({ _tag: "Adopt", borrow, fiber: this.#fibers[command.fiber]! })
      }
      case "unreachable": {
        const borrow = pick(this.#held.filter((each) => !this.oracle.isOwned(each)), command.which)
        return borrow && this.#send({ _tag: "Unreachable", borrow })
      }
      case "stale":
        return this.#stale(command)
      case "staleWorker":
        return this.#staleWorker(command)
      case "ready": {
        const keeper = pick(this.#keepersThat((each) => each.stage === "opening" && !each.told), command.which)
        if (keeper === undefined) return
        keeper.stage = "holding"
        return this.#send({ _tag: "Ready", worker: keeper.worker, resource: keeper })
      }
      case "openFailed": {
        const keeper = pick(this.#keepersThat((each) => each.stage === "opening" && !each.told), command.which)
        return keeper && this.#exits(keeper, { _tag: "OpenFailed", cause: refused, abandoned: false })
      }
      case "died":
        return this.#dies(command)
      case "closed": {
        const keeper = pick(this.#keepersThat((each) => each.told || each.stage === "closing"), command.which)
        return keeper && this.#exits(keeper, { _tag: "Closed", abandoned: false })
      }
      case "hangsUp":
        for (let i = 0; i < command.times; i++) this.#hangsUp()
        return
      case "givenUp": {
        const keeper = pick(this.#keepersThat((each) => each.givenUp && each.stage !== "holding"), command.which)
        return keeper && this.#answersGiveUp(keeper, command.ignores)
      }
      case "retryAfter":
        return this.#send({ _tag: "RetryAfter", delay: command.delay })
      case "ownerDown": {
        const owner = pick([...this.#owners.values()], command.which)
        if (owner === undefined) return
        this.#owners.delete(owner.fiber)
        this.#census.count(`fault: an owner ended with ${command.success ? "success" : "failure"}`)
        return this.#send({ _tag: "OwnerDown", owner, success: command.success })
      }
      case "tick":
        // No time passes within a batch of turns.
        this.machine.date()
        return this.#send({ _tag: "Tick", now: this.oracle.reference.now + command.millis })
      case "status":
        return this.#send({ _tag: "Status", reply: { sendUnsafe: () => true } })
      case "shutdown":
        return this.#send({
          _tag: "Shutdown",
          mode: command.mode,
          within: command.within,
          awaiter: this.#awaiter(this.#shutter(command))
        })
      case "awaitShutdown": {
        const awaiter = this.#awaiter(this.#fibers[command.fiber]!)
        this.#send({ _tag: "AwaitShutdown", awaiter })
        awaiter.hasLeft = command.leaves
        return
      }
      default:
        return command satisfies never
    }
  }

  /** Shuts down, and lets whatever is still out come back, or not: in any case it must end, and nothing may stay. */
  finish(): void {
    this.run({ _tag: "shutdown", mode: "drain", within: 500, fiber: 0, by: "anybody" })
    for (let round = 0; this.oracle.reference.phase !== "closed" && !this.#isCrashed; round++) {
      if (round > 100) throw new Error("the pool never ends")
      this.#flush()
      const [borrow] = this.#held
      if (borrow !== undefined && borrow.arrival % 2 === 0) this.#send({ _tag: "Checkin", borrow })
      for (const keeper of this.#keepersThat((each) => each.givenUp && each.stage !== "holding")) {
        this.#answersGiveUp(keeper, round % 2 === 0)
      }
      this.run({ _tag: "closed", which: round })
      this.run({ _tag: "tick", millis: 50 })
    }
    this.#flush()
    const problems: Array<string> = []
    for (const asker of this.#askers) {
      if (!asker.hasLeft && asker.answer === undefined) {
        problems.push(`one answer: nobody answered checkout ${asker.arrival}`)
      }
    }
    if (!this.#isCrashed) problems.push(...this.#leftovers())
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
    if (this.#keepersThat(() => true).length > 0) problems.push("nothing stays: a worker lives on")
    if (this.machine.state.deadlines.next() !== undefined) problems.push("nothing stays: a deadline")
    return problems
  }

  #checkout({ mode, wait, fiber, owner, late }: Extract<Command, { readonly _tag: "checkout" }>): void {
    const asker = this.#asker(mode, mode === "try" ? 0 : wait, owner, fiber)
    this.#ask(asker)
    if (asker.state === "waiting") return
    if (late) this.#outbox.push(asker)
    else asker.deliver()
  }

  #ask(asker: Asker): void {
    asker.asking = true
    this.#send(asker)
    asker.asking = false
  }

  #asker(mode: Borrow["mode"], wait: number, owner: "asker" | "other" | "none" | "guard", fiber: number): Asker {
    const guard = owner === "guard" ? this.#fibers[fiber] : undefined
    const owned = owner === "asker"
      ? this.#fibers[fiber]
      : owner === "other"
      ? this.#fibers[(fiber + 1) % 4]
      : undefined
    const asker = new Asker(this.#askers.length, mode, wait, guard, owned)
    this.#askers.push(asker)
    this.oracle.reference.asks(asker, asker.arrival)
    return asker
  }

  #flush(): void {
    this.machine.date()
    const deliveries = this.#outbox
    this.#outbox = []
    for (const asker of deliveries) asker.deliver()
  }

  #stale({ which, how }: Extract<Command, { readonly _tag: "stale" }>): void {
    const over = this.#askers.filter(({ state }) => state === "ended" || state === "refused")
    const borrow = pick(over, which)
    if (borrow === undefined) return
    this.#census.count("fault: stale lease")
    switch (how) {
      case 0:
        return this.#send({ _tag: "Checkin", borrow })
      case 1:
        return this.#send({ _tag: "Destroyed", borrow, reason: undefined })
      case 2:
        return this.#send({ _tag: "Cancel", borrow })
      case 3:
        return this.#send({ _tag: "Unreachable", borrow })
      default:
        return this.#send({ _tag: "Adopt", borrow, fiber: this.#fibers[0]! })
    }
  }

  #staleWorker({ which, how }: Extract<Command, { readonly _tag: "staleWorker" }>): void {
    const isOver = ({ stage, told }: Keeper) => stage === "gone" || (how < 2 && told)
    const keeper = pick([...this.#keepers.values()].filter(isOver), which)
    if (keeper === undefined) return
    const { worker } = keeper
    this.#census.count("fault: stale worker")
    if (how === 0) return this.#send({ _tag: "Ready", worker, resource: "late" })
    const reason: WorkerExit = how === 1
      ? { _tag: "Died", cause: refused }
      : how === 2
      ? { _tag: "Closed", abandoned: false }
      : { _tag: "OpenFailed", cause: refused, abandoned: false }
    this.#send({ _tag: "Exited", worker, reason })
  }

  #dies({ prefer, which }: Extract<Command, { readonly _tag: "died" }>): void {
    const holding = this.#keepersThat((each) => each.stage === "holding" && !each.told)
    const preferred = holding.filter(({ worker }) =>
      prefer === "any" || (prefer === "idle" ? worker.state === "idle" : worker.borrow?.taken === false)
    )
    const keeper = pick(preferred.length > 0 ? preferred : holding, which)
    if (keeper === undefined) return
    const { borrow } = keeper.worker
    this.#census.count(`fault: died while ${borrow === undefined ? "idle" : borrow.taken ? "held" : "untaken"}`)
    keeper.stage = "closing"
    this.#send({ _tag: "Exited", worker: keeper.worker, reason: { _tag: "Died", cause: refused } })
  }

  #hangsUp(): void {
    const [keeper] = this.#keepersThat((each) => each.stage === "opening" && !each.told)
    if (keeper === undefined) {
      this.run({ _tag: "retryAfter", delay: 0 })
      return this.run({ _tag: "tick", millis: 1 })
    }
    const { worker } = keeper
    keeper.stage = "holding"
    this.#send({ _tag: "Ready", worker, resource: keeper })
    if (!keeper.told) {
      keeper.stage = "closing"
      this.#send({ _tag: "Exited", worker, reason: { _tag: "Died", cause: refused } })
    }
    this.#exits(keeper, { _tag: "Closed", abandoned: false })
  }

  #answersGiveUp(keeper: Keeper, ignores: boolean): void {
    const opening = keeper.stage === "opening" && !keeper.told
    this.#census.count(`fault: ${opening ? "an opening" : "a closing"} outlived its timeout`)
    this.#exits(
      keeper,
      opening ? { _tag: "OpenFailed", cause: refused, abandoned: ignores } : { _tag: "Closed", abandoned: ignores }
    )
  }

  #exits(keeper: Keeper, reason: WorkerExit): void {
    keeper.stage = "gone"
    if (reason._tag === "OpenFailed") this.#census.count("fault: opening failed")
    this.#send({ _tag: "Exited", worker: keeper.worker, reason })
  }

  #awaiter(by: AnyFiber): Waits {
    const reports: Array<ShutdownReport> = []
    const awaiter: Waits = { fiber: by, hasLeft: false, reports, reply: (report) => void reports.push(report) }
    this.oracle.awaiters.push(awaiter)
    return awaiter
  }

  /** Those who have a lease in their hands. */
  get #held(): ReadonlyArray<Asker> {
    return this.#askers.filter(({ answer, state }) => state === "lent" && answer !== undefined)
  }

  #keepersThat(are: (keeper: Keeper) => boolean): ReadonlyArray<Keeper> {
    return [...this.#keepers.values()].filter((keeper) => keeper.stage !== "gone" && are(keeper))
  }

  #send(message: Message): void {
    if (this.#isCrashed) return
    this.oracle.turn(this.machine, message)
    if (this.#exhausted === undefined || this.oracle.ended !== undefined) return
    this.#isCrashed = true
    const reason = { _tag: "Shutdown", detail: this.#exhausted } as const
    this.oracle.crash(this.machine, new PoolCrashed({ pool: "model", reason }))
  }

  #shutter({ by, fiber }: Extract<Command, { readonly _tag: "shutdown" }>): AnyFiber {
    const waiter = this.#askers.find(({ guardFiber, ownerFiber, state }) =>
      by === "waiter" && state === "waiting" && (ownerFiber ?? guardFiber) !== undefined
    )
    if (waiter !== undefined) this.#census.count("shutdown by one who waits")
    return waiter?.ownerFiber ?? waiter?.guardFiber ?? this.#fibers[fiber]!
  }

  // Ports: what the machine asks for is recorded by those who would do it, and judged by the oracle.

  now(): number {
    return this.oracle.reference.now
  }

  reply(borrow: Borrow): void {
    this.oracle.replies(borrow as Asker)
    if (!borrow.asking) this.#outbox.push(borrow as Asker)
  }

  aim(): void {}

  /** Some at once, in the middle of the turn, and some by the flush. */
  date(): void {
    if (this.machine.state.lastLeaseId % 3 === 0) this.machine.date()
  }

  open(worker: Worker): void {
    this.#keepers.set(worker, new Keeper(worker))
    this.oracle.opens(worker)
  }

  close(worker: Worker): void {
    const keeper = this.#keepers.get(worker)!
    this.oracle.closes(worker, keeper.told)
    keeper.told = true
  }

  giveUp(worker: Worker): void {
    this.#keepers.get(worker)!.givenUp = true
    this.oracle.givesUp(worker)
  }

  retryDelay(first: boolean): void {
    this.oracle.asksForDelay(first)
  }

  monitor(owner: Owner): void {
    if (this.#owners.has(owner.fiber)) this.oracle.wrong("a fiber is monitored twice")
    this.#owners.set(owner.fiber, owner)
  }

  orphan(borrow: Borrow): void {
    this.oracle.orphans(borrow)
  }

  started(failure: Cause.Cause<unknown> | undefined): void {
    this.oracle.starts(failure === undefined)
  }

  exhausted(error: RestartIntensityExceeded): void {
    this.oracle.exhausts()
    this.#exhausted = error
  }

  ended(report: ShutdownReport): void {
    this.oracle.ends(report)
  }

  log(): void {}
}

const refused = Cause.fail("refused")
