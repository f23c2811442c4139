/**
 * Any number of deadlines, in the order in which they fall due. Knows no clock and arms no timer: see `timer.ts`.
 *
 * A binary heap with lazy cancelling: adding is O(log n), and O(1) where deadlines come in order, as equal timeouts do;
 * cancelling is O(1). A cancelled entry holds nothing, and entries are swept once more are dead than live.
 *
 * @internal
 */

/** @internal */
export class Deadline<T> {
  readonly at: number
  /** `undefined` once it was cancelled or has fallen due: a dead entry keeps nobody alive. */
  target: T | undefined

  constructor(at: number, target: T) {
    this.at = at
    this.target = target
  }
}

const sweepAbove = 32

/** @internal */
export class Deadlines<T> {
  #heap: Array<Deadline<T>> = []
  #live = 0

  /** How many are neither cancelled nor past. */
  get size(): number {
    return this.#live
  }

  add(at: number, target: T): Deadline<T> {
    const entry = new Deadline(at, target)
    this.#live++
    this.#heap.push(entry)
    this.#up(this.#heap.length - 1)
    return entry
  }

  /** Idempotent; nothing for one that has already fallen due. */
  cancel(entry: Deadline<T>): void {
    if (entry.target === undefined) return
    entry.target = undefined
    this.#live--
    const dead = this.#heap.length - this.#live
    if (this.#live === 0) this.#heap = []
    else if (dead > sweepAbove && dead > this.#live) this.#sweep()
  }

  /** The instant of the earliest one. */
  next(): number | undefined {
    while (this.#heap.length > 0) {
      const first = this.#heap[0]!
      if (first.target !== undefined) return first.at
      this.#removeFirst()
    }
    return undefined
  }

  /** Takes the earliest one that is due at `now`; those of the same instant come in any order. */
  takeDue(now: number): T | undefined {
    const at = this.next()
    if (at === undefined || at > now) return undefined
    const first = this.#heap[0]!
    const target = first.target
    first.target = undefined
    this.#live--
    this.#removeFirst()
    return target
  }

  #removeFirst(): void {
    const last = this.#heap.pop()!
    if (this.#heap.length === 0) return
    this.#heap[0] = last
    this.#down(0)
  }

  #sweep(): void {
    this.#heap = this.#heap.filter((entry) => entry.target !== undefined)
    for (let i = (this.#heap.length >> 1) - 1; i >= 0; i--) this.#down(i)
  }

  #up(index: number): void {
    const heap = this.#heap
    const entry = heap[index]!
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (heap[parent]!.at <= entry.at) break
      heap[index] = heap[parent]!
      index = parent
    }
    heap[index] = entry
  }

  #down(index: number): void {
    const heap = this.#heap
    const entry = heap[index]!
    const half = heap.length >> 1
    while (index < half) {
      let child = 2 * index + 1
      if (child + 1 < heap.length && heap[child + 1]!.at < heap[child]!.at) child++
      if (heap[child]!.at >= entry.at) break
      heap[index] = heap[child]!
      index = child
    }
    heap[index] = entry
  }
}
