/** The fibers of workers, simulated: what they open, what is run on it, how they obey or not, and what they say of it. */
import { Cause } from "effect"
import type { Borrow } from "../../src/pool/internal/borrow.ts"
import type { Job } from "../../src/pool/internal/checkup.ts"
import type { Worker } from "../../src/pool/internal/worker.ts"
import type { Message, WorkerExit } from "../../src/pool/Message.ts"
import type { Census } from "./census.ts"
import { type Command, pick } from "./commands.ts"
import type { Oracle } from "./oracle.ts"
import { Keeper } from "./people.ts"

type Of<Tag extends Command["_tag"]> = Extract<Command, { readonly _tag: Tag }>

const refused = Cause.fail("refused")

export class Workforce {
  readonly #keepers = new Map<Worker, Keeper>()
  readonly #send: (message: Message) => void
  readonly #oracle: Oracle
  readonly #census: Census

  constructor(send: (message: Message) => void, oracle: Oracle, census: Census) {
    this.#send = send
    this.#oracle = oracle
    this.#census = census
  }

  // What they are asked for

  open(worker: Worker): void {
    this.#keepers.set(worker, new Keeper(worker))
    this.#oracle.opens(worker)
  }

  close(worker: Worker): void {
    const keeper = this.#keepers.get(worker)!
    this.#oracle.closes(worker, keeper.told)
    keeper.told = true
    keeper.job = undefined
    keeper.judges = 0
  }

  giveUp(worker: Worker): void {
    this.#keepers.get(worker)!.givenUp = true
    this.#oracle.givesUp(worker)
  }

  check(worker: Worker, job: Job): void {
    const keeper = this.#keepers.get(worker)!
    this.#oracle.checks(worker, job, keeper.job !== undefined || keeper.told || keeper.stage !== "holding")
    if (job === "judge") keeper.judges++
    else keeper.job = job
  }

  /** Somebody else has it from now on, unless it has died. */
  gives(worker: Worker): boolean {
    const keeper = this.#keepers.get(worker)!
    const isAlive = keeper.stage === "holding"
    this.#oracle.gives(worker, isAlive)
    if (isAlive) keeper.stage = "gone"
    return isAlive
  }

  // What they do

  get isEmpty(): boolean {
    return this.those(() => true).length === 0
  }

  those(are: (keeper: Keeper) => boolean): ReadonlyArray<Keeper> {
    return [...this.#keepers.values()].filter((keeper) => keeper.stage !== "gone" && are(keeper))
  }

  idle(which: number): Worker | undefined {
    return pick(this.those((keeper) => this.#stands(keeper) === "idle"), which)?.worker
  }

  ready({ jitter, which }: Of<"ready">): void {
    const keeper = pick(this.those(isOpening), which)
    if (keeper !== undefined) this.#isReady(keeper, jitter)
  }

  openFailed({ which }: Of<"openFailed">): void {
    const keeper = pick(this.those(isOpening), which)
    if (keeper !== undefined) this.#exits(keeper, { _tag: "OpenFailed", cause: refused, abandoned: false })
  }

  closed({ which }: Of<"closed">): void {
    const keeper = pick(this.those(({ stage, told }) => told || stage === "closing"), which)
    if (keeper !== undefined) this.#exits(keeper, { _tag: "Closed", abandoned: false })
  }

  checked({ ok, which }: Of<"checked">): void {
    const keeper = pick(this.those(({ job }) => job !== undefined), which)
    const job = keeper?.job
    if (keeper === undefined || job === undefined) return
    keeper.job = undefined
    this.#census.count(`checked: ${job}, ${ok ? "well" : "not well"}`)
    this.#send({ _tag: "Checked", worker: keeper.worker, job, ok, cause: ok ? undefined : refused })
  }

  judged({ ok, which }: Of<"judged">): void {
    const keeper = pick(this.those(({ judges }) => judges > 0), which)
    if (keeper === undefined) return
    keeper.judges--
    this.#census.count(`checked: judge, ${ok ? "to be kept" : "not to be kept"}`)
    this.#send({ _tag: "Checked", worker: keeper.worker, job: "judge", ok, cause: undefined })
  }

  died({ prefer, which }: Of<"died">): void {
    const holding = this.those(({ stage, told }) => stage === "holding" && !told)
    const isPreferred = (keeper: Keeper): boolean =>
      prefer === "wanted" ? this.#isWanted(keeper) : prefer === "any" || this.#stands(keeper) === prefer
    const preferred = holding.filter(isPreferred)
    const keeper = pick(preferred.length > 0 ? preferred : holding, which)
    if (keeper === undefined) return
    this.#census.count(`fault: died while ${this.#stands(keeper)}`)
    this.#dies(keeper)
  }

  detach(borrow: Borrow, dies: boolean): void {
    const resource = this.#oracle.reference.leases.get(borrow)?.resource
    const [keeper] = this.those(({ worker }) => worker.id === resource?.id)
    if (keeper === undefined || resource === undefined) return
    const { worker } = keeper
    if (dies) keeper.stage = "closing"
    const isShared = resource.holders.size > 1
    if (isShared) this.#census.count("detached: not while others have it")
    const sendUnsafe = (isGiven: boolean): void => this.#oracle.isGiven(isGiven, !dies && !isShared)
    this.#send({ _tag: "Detach", borrow, reply: { sendUnsafe } })
    if (dies) this.#send({ _tag: "Exited", worker, reason: { _tag: "Died", cause: refused } })
  }

  evict({ isShrinking, many, which }: Of<"evict">): void {
    const keepers = this.those(() => true)
    const one = pick(keepers, which)
    if (one === undefined) return
    const chosen = many ? keepers.filter((_, i) => (which >> i) % 2 === 0) : [one]
    this.#send({ _tag: "Evict", workers: chosen.map(({ worker }) => worker), isShrinking })
  }

  hangsUp(): boolean {
    const [keeper] = this.those(isOpening)
    if (keeper === undefined) return false
    this.#isReady(keeper, 0)
    if (!keeper.told) this.#dies(keeper)
    this.#exits(keeper, { _tag: "Closed", abandoned: false })
    return true
  }

  givenUp({ ignores, which }: Of<"givenUp">): void {
    const keeper = pick(this.those(({ givenUp, stage }) => givenUp && stage !== "holding"), which)
    if (keeper !== undefined) this.#answersGiveUp(keeper, ignores)
  }

  /** All who were given up answer, somehow. */
  answerAll(ignore: boolean): void {
    for (const keeper of this.those(({ givenUp, stage }) => givenUp && stage !== "holding")) {
      this.#answersGiveUp(keeper, ignore)
    }
  }

  stale({ how, which }: Of<"staleWorker">): void {
    const isOver = ({ stage, told }: Keeper) => stage === "gone" || (how < 2 && told)
    const keeper = pick([...this.#keepers.values()].filter(isOver), which)
    if (keeper === undefined) return
    const { worker } = keeper
    this.#census.count("fault: stale worker")
    if (how === 0) return this.#send({ _tag: "Ready", worker, jitter: 0, resource: "late" })
    const reason: WorkerExit = how === 1
      ? { _tag: "Died", cause: refused }
      : how === 2
      ? { _tag: "Closed", abandoned: false }
      : { _tag: "OpenFailed", cause: refused, abandoned: false }
    this.#send({ _tag: "Exited", worker, reason })
  }

  /** The verdict on something that is not being run any more. */
  staleCheck({ job, ok, which }: Of<"staleCheck">): void {
    const isOther = (keeper: Keeper) => keeper.job !== job && (job !== "judge" || this.#stands(keeper) !== "idle")
    const keeper = pick([...this.#keepers.values()].filter(isOther), which)
    if (keeper === undefined) return
    this.#census.count("fault: stale verdict")
    this.#send({ _tag: "Checked", worker: keeper.worker, job, ok, cause: undefined })
  }

  #stands({ worker }: Keeper): string {
    const resource = this.#oracle.reference.stock.get(worker.id)
    if (resource === undefined) return "gone"
    if (resource.place !== "held") return resource.place
    return [...resource.holders].every(({ taken }) => taken) ? "held" : "untaken"
  }

  /** By somebody for himself alone. */
  #isWanted({ worker }: Keeper): boolean {
    return (this.#oracle.reference.stock.get(worker.id)?.wishes.length ?? 0) > 0
  }

  #isReady(keeper: Keeper, jitter: number): void {
    keeper.stage = "holding"
    this.#send({ _tag: "Ready", worker: keeper.worker, resource: keeper, jitter })
  }

  #dies(keeper: Keeper): void {
    keeper.stage = "closing"
    keeper.job = undefined
    keeper.judges = 0
    this.#send({ _tag: "Exited", worker: keeper.worker, reason: { _tag: "Died", cause: refused } })
  }

  #answersGiveUp(keeper: Keeper, ignores: boolean): void {
    const opening = isOpening(keeper)
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
}

const isOpening = ({ stage, told }: Keeper): boolean => stage === "opening" && !told
