import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import type { Refusal } from "../../../src/pool/internal/borrow.ts"
import { Machine } from "../../../src/pool/Machine.ts"
import type { Message } from "../../../src/pool/Message.ts"
import { MachineRig, type RecordedBorrow, RecordedPorts } from "../../support/recordedPorts.ts"

/** The refusal of this borrow, when it is this one. */
const refusal = <Tag extends Refusal["_tag"]>(
  borrow: RecordedBorrow,
  tag: Tag
): Extract<Refusal, { readonly _tag: Tag }> => {
  assert.strictEqual(borrow.refusal?._tag, tag)
  return borrow.refusal as Extract<Refusal, { readonly _tag: Tag }>
}

describe("Machine: who gets a resource at once", () => {
  it("lends an idle resource without queueing, without a deadline and without a reply through the outbox", () => {
    const rig = MachineRig.open()
    const { aims } = rig.ports
    const a = rig.checkout("a")
    assert.strictEqual(a.outcome, "lent 1")
    assert.strictEqual(a.worker?.resource, "resource 1")
    assert.deepStrictEqual(rig.calls(), [])
    assert.strictEqual(rig.machine.state.deadlines.size, 0)
    assert.strictEqual(rig.ports.aims, aims)
  })

  it("numbers the leases, each borrow of the same resource anew", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    rig.checkin(a)
    const b = rig.checkout("b")
    assert.deepStrictEqual([a.id, b.id], [1, 2])
  })

  it("lifo lends what came back last, fifo what came back first", () => {
    for (const strategy of ["lifo", "fifo"] as const) {
      const rig = MachineRig.open({ size: 3, strategy })
      const [a, b, c] = [rig.checkout("a"), rig.checkout("b"), rig.checkout("c")]
      const [first, second, third] = [b, c, a].map((borrow) => borrow.worker!.id)
      for (const borrow of [b, c, a]) rig.checkin(borrow)
      const order = [1, 2, 3].map((n) => rig.checkout(`again ${n}`).worker!.id)
      assert.deepStrictEqual(order, strategy === "lifo" ? [third, second, first] : [first, second, third])
    }
  })

  it("D-2 given lazy mode, parallel first checkouts open one resource each and never more than size", () => {
    const rig = new MachineRig({ size: 2, start: "lazy" })
    assert.deepStrictEqual(rig.calls(), [])
    for (const name of ["a", "b", "c", "d"]) rig.checkout(name)
    assert.deepStrictEqual(rig.calls(), ["open 1", "open 2"])
    assert.strictEqual(rig.numbers, "0/0/2/0/4")
  })

  it("C-11 ten thousand checkouts on an empty pool of at most ten open exactly ten", () => {
    const rig = new MachineRig({ size: 4, maxOverflow: 6, start: "lazy", openConcurrency: 100 })
    for (let i = 0; i < 500; i++) rig.checkout(`waiter ${i}`)
    const handle = (message: Message) => rig.machine.handle(message)
    for (let i = 500; i < 10_000; i++) handle(rig.borrow(`waiter ${i}`))
    assert.strictEqual(rig.calls().length, 10)
    assert.strictEqual(rig.numbers, "0/0/10/0/10000")
  })

  it("opens overflow when everything is lent, and closes it when nobody waits", () => {
    const rig = MachineRig.open({ size: 1, maxOverflow: 1 })
    const a = rig.checkout("a")
    const b = rig.checkout("b")
    assert.strictEqual(b.outcome, "waiting")
    assert.deepStrictEqual(rig.calls(), ["open 2"])
    rig.ready(2)
    assert.deepStrictEqual(rig.calls(), ["reply b lent 2"])
    assert.strictEqual(rig.status.overflow, 1)
    rig.taken(b)
    rig.checkin(a)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
    assert.strictEqual(rig.numbers, "0/1/0/1/0")
    rig.closed(1)
    rig.checkin(b)
    assert.deepStrictEqual(rig.calls(), [])
    assert.strictEqual(rig.numbers, "1/0/0/0/0")
  })

  it("hands an overflow resource to a waiter rather than closing it", () => {
    const rig = MachineRig.open({ size: 1, maxOverflow: 1 })
    const a = rig.checkout("a")
    const b = rig.checkout("b")
    rig.ready(2)
    rig.taken(b)
    const c = rig.checkout("c")
    rig.calls()
    rig.checkin(a)
    assert.strictEqual(c.outcome, "lent 1")
    assert.deepStrictEqual(rig.calls(), ["reply c lent 1"])
  })

  it("size 0 is legal: every resource is overflow and closes when it comes back", () => {
    const rig = new MachineRig({ size: 0, maxOverflow: 1, start: "eager" })
    assert.deepStrictEqual(rig.calls(), [])
    const a = rig.checkout("a")
    rig.ready(1)
    rig.taken(a)
    rig.checkin(a)
    assert.deepStrictEqual(rig.calls(), ["open 1", "reply a lent 1", "close 1"])
    const b = rig.checkout("b")
    assert.deepStrictEqual(rig.calls(), [], "the bound counts what is still closing")
    rig.closed(1)
    assert.deepStrictEqual(rig.calls(), ["open 2"])
    rig.ready(2)
    assert.strictEqual(b.outcome, "lent 2")
  })
})

describe("Machine: tryCheckout", () => {
  it("E-9 never answers PoolFull while something is idle", () => {
    const rig = MachineRig.open()
    assert.strictEqual(rig.checkout("a", { mode: "try", wait: 0 }).outcome, "lent 1")
  })

  it("D-8 answers PoolFull with the numbers when nothing is idle, and never waits", () => {
    const rig = MachineRig.open({ size: 1, maxOverflow: 1 })
    rig.checkout("a")
    const b = rig.checkout("b", { mode: "try", wait: 0 })
    const { pool, status } = refusal(b, "PoolFull")
    assert.strictEqual(pool, "db")
    assert.deepStrictEqual([status.state, status.lent, status.waiting], ["overflow", 1, 0])
    assert.deepStrictEqual(rig.calls(), [], "overflow is not opened for somebody who does not wait")
  })

  it("warms a lazy pool up: it opens within size, and the next one finds it idle", () => {
    const rig = new MachineRig({ size: 2, maxOverflow: 2, start: "lazy" })
    const tries = ["a", "b", "c"].map((name) => rig.checkout(name, { mode: "try", wait: 0 }).outcome)
    assert.deepStrictEqual(tries, ["PoolFull", "PoolFull", "PoolFull"])
    assert.deepStrictEqual(rig.calls(), ["open 1", "open 2"])
    rig.ready(1)
    assert.strictEqual(rig.checkout("d", { mode: "try", wait: 0 }).outcome, "lent 1")
  })
})

describe("Machine: a timeout of 0", () => {
  it("D-10 grants an idle resource and otherwise fails at once, never queued, nothing opened", () => {
    const rig = new MachineRig({ size: 1, maxOverflow: 1, start: "lazy" })
    const a = rig.checkout("a", { wait: 0 })
    const error = refusal(a, "CheckoutTimeout")
    assert.deepStrictEqual([Duration.toMillis(error.waited), error.phase, error.status.waiting], [0, "queue", 0])
    assert.deepStrictEqual(rig.calls(), [], "J-1: no opening is started for a timeout already past")
    rig.checkout("b")
    rig.ready(1)
    assert.strictEqual(rig.machine.state.deadlines.size, 0)
  })

  it("says phase open when its place was being opened", () => {
    const rig = new MachineRig({ size: 1 })
    assert.strictEqual(refusal(rig.checkout("a", { wait: 0 }), "CheckoutTimeout").phase, "open")
    rig.checkout("b")
    assert.strictEqual(refusal(rig.checkout("c", { wait: 0 }), "CheckoutTimeout").phase, "queue", "the place is b's")
  })

  it("wins over maxWaiting 0: CheckoutTimeout, not PoolOverloaded", () => {
    const rig = MachineRig.open({ maxWaiting: 0 })
    rig.checkout("a")
    assert.strictEqual(rig.checkout("b", { wait: 0 }).outcome, "CheckoutTimeout")
  })
})

describe("Machine: maxWaiting", () => {
  it("D-4 with maxWaiting 0 nobody waits for a lent resource: PoolOverloaded at once, with the numbers", () => {
    const rig = MachineRig.open({ maxWaiting: 0 })
    const a = rig.checkout("a")
    const { pool, status } = refusal(rig.checkout("b"), "PoolOverloaded")
    assert.deepStrictEqual([pool, status.lent, status.waiting], ["db", 1, 0])
    rig.checkin(a)
    assert.strictEqual(rig.checkout("c").outcome, "lent 1")
  })

  it("D-5 of n + 1 only the last is refused, and a place that frees is used again", () => {
    const rig = MachineRig.open({ maxWaiting: 2 })
    rig.checkout("a")
    const waiters = ["b", "c", "d"].map((name) => rig.checkout(name))
    assert.deepStrictEqual(waiters.map(({ outcome }) => outcome), ["waiting", "waiting", "PoolOverloaded"])
    rig.cancel(waiters[0]!)
    assert.strictEqual(rig.checkout("e").outcome, "waiting")
    assert.strictEqual(rig.checkout("f").outcome, "PoolOverloaded")
  })

  it("callers for whom an opening is under way are not counted", () => {
    const rig = MachineRig.open({ size: 1, maxOverflow: 2, maxWaiting: 1 })
    rig.checkout("a")
    const outcomes = ["b", "c", "d", "e"].map((name) => rig.checkout(name).outcome)
    assert.deepStrictEqual(outcomes, ["waiting", "waiting", "waiting", "PoolOverloaded"])
  })

  it("with maxWaiting 0 a cold pool still opens for as many as it has room for", () => {
    const rig = new MachineRig({ size: 2, start: "lazy", maxWaiting: 0, openConcurrency: 1 })
    const outcomes = ["a", "b", "c"].map((name) => rig.checkout(name).outcome)
    assert.deepStrictEqual(outcomes, ["waiting", "waiting", "PoolOverloaded"])
  })

  it("tryCheckout is never overloaded, it is full", () => {
    const rig = MachineRig.open({ maxWaiting: 0 })
    rig.checkout("a")
    assert.strictEqual(rig.checkout("b", { mode: "try", wait: 0 }).outcome, "PoolFull")
  })
})

describe("Machine: status", () => {
  it("D-7 every number comes out of one turn, and they add up", () => {
    const rig = MachineRig.open({ size: 2, maxOverflow: 2 })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    rig.checkout("c")
    rig.destroyed(a)
    rig.checkin(b)
    assert.deepStrictEqual(rig.status, {
      name: "db",
      state: "overflow",
      size: 2,
      maxOverflow: 2,
      idle: 0,
      lent: 1,
      leases: 1,
      opening: 1,
      resetting: 0,
      validating: 0,
      closing: 1,
      overflow: 1,
      waiting: 0,
      suspended: false,
      abandoned: 0
    })
  })

  it("says ready, overflow and full in poolboy's sense", () => {
    const rig = new MachineRig({ size: 1, maxOverflow: 1, start: "lazy" })
    const words = [rig.status.state]
    const a = rig.checkout("a")
    words.push(rig.status.state)
    rig.ready(1)
    words.push(rig.status.state)
    const b = rig.checkout("b")
    rig.ready(2)
    words.push(rig.status.state)
    rig.taken(a, b)
    rig.checkin(b)
    words.push(rig.status.state)
    rig.closed(2)
    rig.checkin(a)
    words.push(rig.status.state)
    assert.deepStrictEqual(words, ["ready", "overflow", "overflow", "full", "full", "ready"])
  })

  it("says draining and closed at the end", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    rig.shutdown("drain")
    assert.strictEqual(rig.status.state, "draining")
    rig.checkin(a)
    assert.strictEqual(rig.status.state, "draining", "something is still closing")
    rig.closed(1)
    assert.strictEqual(rig.status.state, "closed")
  })

  it("I-8 answers while the pool is full and everybody waits", () => {
    const rig = MachineRig.open()
    rig.checkout("a")
    rig.checkout("b")
    assert.deepStrictEqual([rig.status.state, rig.status.waiting], ["full", 1])
  })
})

describe("Machine: the mailbox", () => {
  it("an unknown message crashes the turn instead of being swallowed", () => {
    const machine = new Machine(MachineRig.open().machine.state.settings, new RecordedPorts())
    assert.throws(
      () => machine.handle({ _tag: "Hello" } as unknown as Message),
      /a message that the protocol does not know/
    )
  })

  it("A-1 a checkin that arrives during a slow opening is handled in its own turn", () => {
    const rig = MachineRig.open({ size: 1, maxOverflow: 1 })
    const a = rig.checkout("a")
    const b = rig.checkout("b")
    assert.strictEqual(rig.numbers, "0/1/1/0/1")
    rig.checkin(a)
    assert.strictEqual(b.outcome, "lent 1", "nobody waits for the factory")
    rig.ready(2)
    assert.strictEqual(rig.numbers, "0/1/0/1/0", "its product is overflow by now")
  })
})
