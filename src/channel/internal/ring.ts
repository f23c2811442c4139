/**
 * First in, first out, in a circle that grows: no allocation per message, and nothing moves when one is taken.
 *
 * @internal
 */
const flood = 1024

/** @internal */
export class Ring<T> {
  #slots: Array<T | undefined> = []
  #head = 0
  length = 0

  push(value: T): void {
    const slots = this.#slots
    const size = slots.length
    if (this.length === size) {
      if (this.#head === 0) {
        slots.push(value)
        this.length++
        return
      }
      return this.#growWith(value)
    }
    const end = this.#head + this.length
    slots[end < size ? end : end - size] = value
    this.length++
  }

  /** Only when not empty. */
  shift(): T {
    const slots = this.#slots
    const head = this.#head
    const value = slots[head]
    // A taken message must not be kept alive by the slot it lay in.
    slots[head] = undefined
    if (--this.length === 0) this.#empty()
    else this.#head = head + 1 === slots.length ? 0 : head + 1
    return value as T
  }

  /** Only as many as there are. */
  shiftMany(count: number): Array<T> {
    const slots = this.#slots
    const end = this.#head + count
    const rest = end - slots.length
    const values = slots.slice(this.#head, end)
    slots.fill(undefined, this.#head, end)
    // It goes round the corner.
    if (rest > 0) {
      for (let i = 0; i < rest; i++) values.push(slots[i])
      slots.fill(undefined, 0, rest)
    }
    this.length -= count
    if (this.length === 0) this.#empty()
    else this.#head = rest < 0 ? end : rest
    return values as Array<T>
  }

  clear(): void {
    this.#slots = []
    this.#head = 0
    this.length = 0
  }

  /** The next one begins at the first slot again, where it is warm. After a flood the memory is given back. */
  #empty(): void {
    this.#head = 0
    if (this.#slots.length > flood) this.#slots = []
  }

  #growWith(value: T): void {
    const { length } = this
    const slots = new Array<T | undefined>(2 * length).fill(undefined)
    for (let i = 0; i < length; i++) slots[i] = this.#slots[(this.#head + i) % length]
    slots[length] = value
    this.#slots = slots
    this.#head = 0
    this.length++
  }
}
