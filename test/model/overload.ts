/**
 * What must hold of a pool that drops (CoDel), whatever its state: who is dropped is late, and a line that does not move at
 * all is not left to wait.
 */
import { Duration } from "effect"
import type { Borrow } from "../../src/pool/internal/borrow.ts"
import type * as PoolError from "../../src/pool/PoolError.ts"
import type { Reference } from "./reference.ts"

/** Two looks find that nothing moves; where there are lanes, one of them may have begun between the looks. */
const mostLooks = 4

export class Overload {
  readonly #pool: Reference
  /** The oldest, how often there was time to look at it, and when last. */
  #stuck: { readonly borrow: Borrow; readonly looks: number; readonly at: number } | undefined

  constructor(pool: Reference) {
    this.#pool = pool
  }

  /** The line moves, or begins anew. */
  moves(): void {
    this.#stuck = undefined
  }

  /** What is wrong about dropping this one. */
  objection(borrow: Borrow, { waited }: PoolError.PoolOverloaded): string | undefined {
    const { asked, isSuspended, now, settings, wasOpen } = this.#pool
    if (settings.overload === undefined || !wasOpen || isSuspended) return "somebody is dropped without need"
    if (borrow.mode === "try") return "a try is dropped"
    const since = now - asked.get(borrow)!.at
    const told = Duration.toMillis(waited)
    // Nobody looks at the clock for one that waits for ever, until there is somebody who may be dropped.
    const isTrue = borrow.wait === Infinity ? told <= since : told === since
    if (!isTrue) return `one that waited for ${since} ms is told ${told}`
    return told > 2 * settings.overload.target ? undefined : "one that is not late is dropped"
  }

  /** Time has gone by. */
  looks(): string | undefined {
    const { isSuspended, line, now, phase, settings: { overload } } = this.#pool
    const oldest = line.waiting.find(({ borrow }) => borrow.mode === "wait")
    if (overload === undefined || oldest === undefined || phase !== "open" || isSuspended) {
      this.moves()
      return undefined
    }
    const { at, borrow, looks } = this.#stuck ?? { at: now, borrow: undefined, looks: 0 }
    if (borrow !== oldest.borrow) this.#stuck = { borrow: oldest.borrow, looks: 0, at: now }
    else if (now >= at + overload.interval) this.#stuck = { borrow, looks: looks + 1, at: now }
    const isLate = now - oldest.at > 2 * overload.target && oldest.borrow.wait < Infinity
    return looks >= mostLooks && isLate && borrow === oldest.borrow
      ? "a line that does not move is not dropped"
      : undefined
  }
}
