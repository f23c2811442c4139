/**
 * Those who wait, in the order in which they came. Leaving is O(1) from anywhere in the line.
 *
 * @internal
 */

/** @internal */
export abstract class WaitNode {
  previous: WaitNode | undefined = undefined
  next: WaitNode | undefined = undefined
  isWaiting = false
}

/** @internal */
export class WaitList<Node extends WaitNode> {
  #first: WaitNode | undefined
  #last: WaitNode | undefined

  get isEmpty(): boolean {
    return this.#first === undefined
  }

  get first(): Node | undefined {
    // Only `add` puts nodes in, and it takes nothing but `Node`.
    return this.#first as Node | undefined
  }

  add(node: Node): void {
    node.isWaiting = true
    node.previous = this.#last
    if (this.#last === undefined) this.#first = node
    else this.#last.next = node
    this.#last = node
  }

  /** Idempotent. */
  remove(node: Node): void {
    if (!node.isWaiting) return
    node.isWaiting = false
    if (node.previous === undefined) this.#first = node.next
    else node.previous.next = node.next
    if (node.next === undefined) this.#last = node.previous
    else node.next.previous = node.previous
    node.previous = undefined
    node.next = undefined
  }

  shift(): Node | undefined {
    const first = this.first
    if (first !== undefined) this.remove(first)
    return first
  }
}
