/** Those who ask, and their fibers: what they ask for, and on what terms. */
import type { AnyFiber, Borrow, Terms } from "../../src/pool/internal/borrow.ts"
import type { Command } from "./commands.ts"
import { Asker } from "./people.ts"
import { Shell } from "./shell.ts"
import { Whole } from "./whole.ts"

export class Askings extends Shell {
  readonly fibers = [0, 1, 2, 3].map((id) => ({ id }) as unknown as AnyFiber)
  readonly askers: Array<Asker> = []

  checkout(command: Extract<Command, { readonly _tag: "checkout" }>): void {
    const { fiber, late, mode, owner, wait } = command
    const asker = this.asker(mode, mode === "try" ? 0 : wait, owner, fiber)
    asker.terms = this.#termsOf(command)
    this.#ask(asker)
    if (asker.state === "waiting") return
    if (late) this.outbox.push(asker)
    else asker.deliver()
  }

  /** In a row, until one of them is refused. */
  many(command: Extract<Command, { readonly _tag: "many" }>): void {
    const { fiber, late, n, owner, wait } = command
    const { settings: { concurrency, fairness }, stock } = this.oracle.reference
    const most = Math.min(stock.bound * concurrency, fairness?.maxPerKey ?? Infinity)
    if (most === 0) return
    const parts = Array.from({ length: 1 + n % most }, () => this.asker("wait", wait, owner, fiber))
    const terms = this.#termsOf(command)
    for (const part of parts) part.terms = terms
    const whole = new Whole(parts, (part) => this.send({ _tag: "Cancel", borrow: part }), this.census)
    for (const part of parts) {
      this.#ask(part)
      if (part.state === "refused") break
    }
    if (late && !parts.some(({ isPending }) => isPending)) this.outbox.push(parts[0]!)
    else whole.settle()
  }

  /** In most pools nobody asks for anything but a resource. */
  #termsOf({ key, prefers, priority }: Extract<Command, { readonly _tag: "checkout" | "many" }>): Terms | undefined {
    const { fairness, priorityAging } = this.oracle.reference.settings
    if (fairness === undefined && priorityAging === 1_000) return undefined
    const preferred = prefers === undefined ? undefined : this.workforce.idle(prefers)
    if (preferred !== undefined) this.census.count("somebody prefers one")
    if (priority > 0) this.census.count("somebody can wait")
    return { key, priority, preferred }
  }

  #ask(asker: Asker): void {
    asker.asking = true
    this.send(asker)
    asker.asking = false
  }

  asker(mode: Borrow["mode"], wait: number, owner: "asker" | "other" | "none" | "guard", fiber: number): Asker {
    const guard = owner === "guard" ? this.fibers[fiber] : undefined
    const owned = owner === "asker"
      ? this.fibers[fiber]
      : owner === "other"
      ? this.fibers[(fiber + 1) % 4]
      : undefined
    const asker = new Asker(this.askers.length, mode, wait, guard, owned)
    this.askers.push(asker)
    this.oracle.reference.asks(asker, asker.arrival)
    return asker
  }
}
