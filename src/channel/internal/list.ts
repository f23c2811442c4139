/**
 * A doubly linked list threaded through its members, so that leaving from the middle is O(1) and joining allocates
 * nothing. A member is in one list at a time.
 *
 * @internal
 */

/** @internal */
export interface Linked<T> {
  prev: T | undefined
  next: T | undefined
}

/** @internal */
export class List<T extends Linked<T>> {
  head: T | undefined = undefined
  tail: T | undefined = undefined
  length = 0

  /** The newest at the end. */
  append(member: T): void {
    member.prev = this.tail
    member.next = undefined
    if (this.tail === undefined) this.head = member
    else this.tail.next = member
    this.tail = member
    this.length++
  }

  /** `undefined`: at the end. */
  insertBefore(member: T, successor: T | undefined): void {
    if (successor === undefined) return this.append(member)
    member.prev = successor.prev
    member.next = successor
    if (successor.prev === undefined) this.head = member
    else successor.prev.next = member
    successor.prev = member
    this.length++
  }

  remove(member: T): void {
    if (member.prev === undefined) this.head = member.next
    else member.prev.next = member.next
    if (member.next === undefined) this.tail = member.prev
    else member.next.prev = member.prev
    member.prev = undefined
    member.next = undefined
    this.length--
  }
}
