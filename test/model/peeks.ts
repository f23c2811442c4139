/**
 * What is the machine's to say, where either of two things would be right, and no message tells which it was: found out when
 * the turn is over.
 */
import type { Worker } from "../../src/pool/internal/worker.ts"
import type { Machine } from "../../src/pool/Machine.ts"
import type { Census } from "./census.ts"
import type { Reference } from "./reference.ts"
import type { Resource } from "./resource.ts"

export class Peeks {
  readonly #reference: Reference
  readonly #census: Census
  readonly #workers = new Set<Worker>()

  constructor(reference: Reference, census: Census) {
    this.#reference = reference
    this.#census = census
  }

  opens(worker: Worker): void {
    this.#workers.add(worker)
  }

  looks(machine: Machine): void {
    for (const worker of this.#workers) {
      const resource = this.#reference.stock.get(worker.id)
      if (resource !== undefined) this.#looksAt(worker, resource)
    }
    const { sharing, stock } = this.#reference
    // Whether one that was idle for too long was too old for somebody before that.
    if (machine.state.target === stock.keptPerhaps) stock.kept = stock.keptPerhaps
    stock.keptPerhaps = undefined
    const order: Array<number> = []
    for (let each = machine.state.shared.head; each !== undefined; each = each.next) order.push(each.id)
    sharing.follows(order)
  }

  #looksAt(worker: Worker, resource: Resource): void {
    const { isReconfigured, now, settings, sharing, turn } = this.#reference
    // Whether there was room for a successor.
    if (resource.heir === "perhaps") {
      resource.heir = worker.hasSuccessor ? "yes" : "none"
      if (worker.hasSuccessor) this.#census.count("a successor")
    }
    if (resource.place !== "held") return
    // Whether somebody has looked at one that is past its time.
    if (worker.isLeaving && resource.isOver(settings, now)) sharing.withdraws(resource)
    // A plain pool does not note how well something is that it has handed on, and that nobody has touched yet.
    if (isReconfigured && worker.checkedAt < resource.wellAt && [...resource.holders].every(({ taken }) => !taken)) {
      resource.wellAt = worker.checkedAt
    }
    // Of two leases that end in one turn, the second may not have been the last: whoever waited came in between.
    const { before, in: seenIn } = resource.seenWell
    if (seenIn === turn && worker.checkedAt === before) resource.wellAt = before
  }
}
