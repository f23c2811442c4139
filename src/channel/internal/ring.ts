/**
 * First in, first out, in a circle that grows: no allocation per message, and nothing moves when one is taken.
 *
 * @internal
 */
const smallest = 16

/** @internal */
export class Ring<T> {
  #slots: Array<T | undefined> = []
  #head = 0
  length = 0

  push(value: T): void {
    if (this.length === this.#slots.length) this.#grow()
    this.#slots[(this.#head + this.length) & (this.#slots.length - 1)] = value
    this.length++
  }

  /** Only when not empty. */
  shift(): T {
    const value = this.#slots[this.#head]
    // A taken message must not be kept alive by the slot it lay in.
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#slots.length - 1)
    this.length--
    // After a flood, give the memory back.
    if (this.length === 0 && this.#slots.length > 1024) this.clear()
    return value as T
  }

  clear(): void {
    this.#slots = []
    this.#head = 0
    this.length = 0
  }

  #grow(): void {
    const size = this.#slots.length
    const slots: Array<T | undefined> = new Array(Math.max(smallest, size * 2)).fill(undefined)
    for (let i = 0; i < size; i++) slots[i] = this.#slots[(this.#head + i) & (size - 1)]
    this.#slots = slots
    this.#head = 0
  }
}
