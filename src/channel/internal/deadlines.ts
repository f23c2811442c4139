/**
 * Any number of deadlines, in the order in which they fall due. Knows no clock and arms no timer: see `timer.ts`.
 *
 * Equal timeouts fall due in the order in which they begin, so they need no sorting: each stands at the end of a lane, and
 * adding, cancelling and taking are O(1). There are a few lanes, for a few timeouts; what fits at the end of none of them
 * goes to a binary heap, O(log n), where a cancelled entry stays until it comes up, or until more are dead than live.
 *
 * @internal
 */

/** @internal */
export class Deadline<T> {
  readonly at: number
  /** `undefined` once it was cancelled or has fallen due: a dead entry keeps nobody alive. */
  target: T | undefined
  lane: Lane<T> | undefined = undefined
  prev: Deadline<T> | undefined = undefined
  next: Deadline<T> | undefined = undefined

  constructor(at: number, target: T) {
    this.at = at
    this.target = target
  }
}

/** Not a `List`: what is taken out of the middle here is of one shape, and fast. */
class Lane<T> {
  first: Deadline<T> | undefined = undefined
  #last: Deadline<T> | undefined = undefined

  takes(at: number): boolean {
    return this.#last === undefined || this.#last.at <= at
  }

  add(entry: Deadline<T>): void {
    entry.lane = this
    entry.prev = this.#last
    if (this.#last === undefined) this.first = entry
    else this.#last.next = entry
    this.#last = entry
  }

  remove(entry: Deadline<T>): void {
    if (entry.prev === undefined) this.first = entry.next
    else entry.prev.next = entry.next
    if (entry.next === undefined) this.#last = entry.prev
    else entry.next.prev = entry.prev
    entry.prev = undefined
    entry.next = undefined
    entry.lane = undefined
  }
}

const mostLanes = 4
const sweepAbove = 32

/** @internal */
export class Deadlines<T> {
  readonly #lanes: Array<Lane<T>> = []
  #heap: Array<Deadline<T>> = []
  /** How many in the heap are dead. */
  #dead = 0
  #live = 0

  /** How many are neither cancelled nor past. */
  get size(): number {
    return this.#live
  }

  add(at: number, target: T): Deadline<T> {
    const entry = new Deadline(at, target)
    this.#live++
    const lane = this.#laneFor(at)
    if (lane !== undefined) lane.add(entry)
    else {
      this.#heap.push(entry)
      this.#up(this.#heap.length - 1)
    }
    return entry
  }

  /** Idempotent; nothing for one that has already fallen due. */
  cancel(entry: Deadline<T>): void {
    if (entry.target === undefined) return
    entry.target = undefined
    this.#live--
    if (entry.lane !== undefined) return entry.lane.remove(entry)
    this.#dead++
    if (this.#dead > sweepAbove && 2 * this.#dead > this.#heap.length) this.#sweep()
  }

  /** The instant of the earliest one. */
  next(): number | undefined {
    return this.#first()?.at
  }

  /** Takes the earliest one that is due at `now`; those of the same instant come in any order. */
  takeDue(now: number): T | undefined {
    const first = this.#first()
    if (first === undefined || first.at > now) return undefined
    const { target } = first
    first.target = undefined
    this.#live--
    if (first.lane !== undefined) first.lane.remove(first)
    else this.#removeTop()
    return target
  }

  /** In the first lane that takes it, so that the last ones stay empty for what is due soon. */
  #laneFor(at: number): Lane<T> | undefined {
    for (const lane of this.#lanes) if (lane.takes(at)) return lane
    if (this.#lanes.length === mostLanes) return undefined
    const lane = new Lane<T>()
    this.#lanes.push(lane)
    return lane
  }

  #first(): Deadline<T> | undefined {
    let first = this.#top()
    for (const lane of this.#lanes) {
      if (lane.first !== undefined && (first === undefined || lane.first.at < first.at)) first = lane.first
    }
    return first
  }

  /** The earliest live one of the heap. */
  #top(): Deadline<T> | undefined {
    while (this.#heap.length > 0) {
      const top = this.#heap[0]!
      if (top.target !== undefined) return top
      this.#dead--
      this.#removeTop()
    }
    return undefined
  }

  #removeTop(): void {
    const last = this.#heap.pop()!
    if (this.#heap.length === 0) return
    this.#heap[0] = last
    this.#down(0)
  }

  #sweep(): void {
    this.#heap = this.#heap.filter((entry) => entry.target !== undefined)
    this.#dead = 0
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
