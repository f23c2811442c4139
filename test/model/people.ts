/** Those around the machine: who asks, who keeps a resource, who awaits the end. */
import { type AnyFiber, Borrow } from "../../src/pool/internal/borrow.ts"
import type { Job } from "../../src/pool/internal/checkup.ts"
import type { Worker } from "../../src/pool/internal/worker.ts"
import type { Awaiter } from "../../src/pool/Message.ts"
import type { ShutdownReport } from "../../src/pool/Status.ts"
import type { Whole } from "./whole.ts"

/** Somebody who checks out, and is told once what has become of it. */
export class Asker extends Borrow {
  readonly arrival: number
  /** It has gone, and wants no answer. */
  hasLeft = false
  /** What it was told, once. */
  answer: string | undefined = undefined
  /** Who owns its lease, once it has one. */
  owned: AnyFiber | undefined
  isCounted = false
  /** It is asked for together with others. */
  whole: Whole | undefined

  constructor(
    arrival: number,
    mode: Borrow["mode"],
    wait: number,
    guard: AnyFiber | undefined,
    owner: AnyFiber | undefined
  ) {
    super(mode, wait, guard, owner)
    this.arrival = arrival
    this.owned = owner
  }

  /** The asker looks at what has become of its checkout. */
  deliver(): void {
    if (this.whole !== undefined) return this.whole.settle()
    if (this.hasLeft || this.answer !== undefined || this.state === "waiting") return
    this.answer = this.state === "refused" ? this.refusal!._tag : this.state
    if (this.state === "lent") this.taken = true
  }
}

/** The fiber of one worker, as far as the machine can tell. */
export class Keeper {
  readonly worker: Worker
  stage: "opening" | "holding" | "closing" | "gone" = "opening"
  told = false
  givenUp = false
  /** What is being run on its resource. */
  job: Exclude<Job, "judge"> | undefined
  /** How many answers it owes as to whether its resource is to be kept. */
  judges = 0

  constructor(worker: Worker) {
    this.worker = worker
  }
}

/** Somebody who awaits the end. */
export interface Waits extends Awaiter {
  hasLeft: boolean
  readonly reports: Array<ShutdownReport>
}
