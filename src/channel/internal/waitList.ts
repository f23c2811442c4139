/**
 * Those who wait, in the order in which they came. Leaving is O(1) from anywhere in the line, and idempotent: who has been
 * served may still try to leave.
 *
 * @internal
 */
import { type Linked, List } from "./list.ts"

/** @internal */
export abstract class WaitNode implements Linked<WaitNode> {
  prev: WaitNode | undefined = undefined
  next: WaitNode | undefined = undefined
  isWaiting = false
}

/** @internal */
export class WaitList<Node extends WaitNode> {
  readonly #list = new List<WaitNode>()

  get isEmpty(): boolean {
    return this.#list.head === undefined
  }

  get first(): Node | undefined {
    // Only `add` puts nodes in, and it takes nothing but `Node`.
    return this.#list.head as Node | undefined
  }

  add(node: Node): void {
    node.isWaiting = true
    this.#list.append(node)
  }

  remove(node: Node): void {
    if (!node.isWaiting) return
    node.isWaiting = false
    this.#list.remove(node)
  }

  shift(): Node | undefined {
    const first = this.first
    if (first !== undefined) this.remove(first)
    return first
  }
}
