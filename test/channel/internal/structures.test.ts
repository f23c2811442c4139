/**
 * The data structures against the simplest model of each.
 */
import { assert, describe, it } from "@effect/vitest"
import { type Deadline, Deadlines } from "../../../src/channel/internal/deadlines.ts"
import { Ring } from "../../../src/channel/internal/ring.ts"
import { WaitList, WaitNode } from "../../../src/channel/internal/waitList.ts"
import { random } from "../../support/seededScheduler.ts"

const seeds = Array.from({ length: 50 }, (_, i) => i + 1)

describe("Ring", () => {
  it("is a queue, through growth and wrapping", () => {
    for (const seed of seeds) {
      const next = random(seed)
      const ring = new Ring<number>()
      const model: Array<number> = []
      for (let i = 0; i < 500; i++) {
        if (model.length === 0 || next() < 0.55) {
          ring.push(i)
          model.push(i)
        } else if (next() < 0.8) {
          assert.strictEqual(ring.shift(), model.shift())
        } else {
          const count = 1 + Math.floor(next() * model.length)
          assert.deepStrictEqual(ring.shiftMany(count), model.splice(0, count))
        }
        assert.strictEqual(ring.length, model.length)
      }
    }
  })

  it("starts anew after a flood and after clear", () => {
    const ring = new Ring<number>()
    for (let i = 0; i < 5000; i++) ring.push(i)
    for (let i = 0; i < 5000; i++) assert.strictEqual(ring.shift(), i)
    ring.push(1)
    ring.clear()
    assert.strictEqual(ring.length, 0)
    ring.push(2)
    assert.strictEqual(ring.shift(), 2)
  })
})

describe("WaitList", () => {
  class Node extends WaitNode {
    readonly id: number
    constructor(id: number) {
      super()
      this.id = id
    }
  }

  it("is a line that can be left from anywhere, any number of times", () => {
    for (const seed of seeds) {
      const next = random(seed)
      const list = new WaitList<Node>()
      let model: Array<Node> = []
      const all: Array<Node> = []
      for (let i = 0; i < 300; i++) {
        const choice = next()
        if (choice < 0.5) {
          const node = new Node(i)
          all.push(node)
          model.push(node)
          list.add(node)
        } else if (choice < 0.7) {
          assert.strictEqual(list.shift(), model.shift())
        } else if (all.length > 0) {
          const node = all[Math.floor(next() * all.length)]!
          list.remove(node)
          model = model.filter((other) => other !== node)
          assert.isFalse(node.isWaiting)
        }
        assert.strictEqual(list.first, model[0])
        assert.strictEqual(list.isEmpty, model.length === 0)
      }
      while (model.length > 0) assert.strictEqual(list.shift(), model.shift())
      assert.isUndefined(list.shift())
    }
  })
})

describe("Deadlines", () => {
  it("fall due in order after most of those in the heap were cancelled", () => {
    for (const seed of seeds) {
      const next = random(seed)
      const deadlines = new Deadlines<number>()
      // Each later than the next, so that no lane takes anything before them.
      for (const far of [9e9, 8e9, 7e9, 6e9]) deadlines.add(far, far)
      const entries = Array.from({ length: 400 }, () => {
        const at = Math.floor(next() * 1e6)
        return { at, entry: deadlines.add(at, at) }
      })
      const left = entries.filter(({ entry }) => {
        const isCancelled = next() < 0.7
        if (isCancelled) deadlines.cancel(entry)
        return !isCancelled
      })
      const due = left.map(() => deadlines.takeDue(1e6))
      assert.deepStrictEqual(due, left.map(({ at }) => at).sort((a, b) => a - b))
      assert.strictEqual(deadlines.size, 4)
    }
  })

  it("fall due in order, without those that were cancelled", () => {
    for (const seed of seeds) {
      const next = random(seed)
      const deadlines = new Deadlines<number>()
      let model: Array<{ readonly at: number; readonly id: number; readonly entry: Deadline<number> }> = []
      let now = 0
      for (let i = 0; i < 400; i++) {
        const choice = next()
        if (choice < 0.5) {
          const at = now + Math.floor(next() * 100)
          model.push({ at, id: i, entry: deadlines.add(at, i) })
        } else if (choice < 0.8 && model.length > 0) {
          const [gone] = model.splice(Math.floor(next() * model.length), 1)
          deadlines.cancel(gone!.entry)
          deadlines.cancel(gone!.entry)
        } else {
          now += Math.floor(next() * 20)
          let last = -Infinity
          for (let due = deadlines.takeDue(now); due !== undefined; due = deadlines.takeDue(now)) {
            const found = model.find((other) => other.id === due)
            assert.isDefined(found)
            assert.isAtLeast(found.at, last)
            last = found.at
            model = model.filter((other) => other !== found)
          }
          assert.isTrue(model.every((other) => other.at > now))
        }
        assert.strictEqual(deadlines.size, model.length)
        assert.strictEqual(
          deadlines.next(),
          model.length === 0 ? undefined : Math.min(...model.map((other) => other.at))
        )
      }
    }
  })

  it("keep alive nobody who has left", () => {
    const deadlines = new Deadlines<object>()
    const entries = Array.from({ length: 100 }, (_, i) => deadlines.add(i, {}))
    for (const entry of entries) deadlines.cancel(entry)
    assert.isTrue(entries.every((entry) => entry.target === undefined))
    assert.strictEqual(deadlines.size, 0)
    assert.isUndefined(deadlines.next())
  })
})
