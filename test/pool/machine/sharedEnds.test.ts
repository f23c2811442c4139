/** What becomes of a resource that several have (`concurrency`), and of each of their leases, when one of them or it ends. */
import { assert, describe, it } from "@effect/vitest"
import { fiber, MachineRig, type RecordedBorrow } from "../../support/recordedPorts.ts"

const outcomes = (borrows: ReadonlyArray<RecordedBorrow>) => borrows.map((borrow) => borrow.outcome)

/** One resource, and two who have it. */
const pair = (settings: ConstructorParameters<typeof MachineRig>[0] = {}) => {
  const rig = MachineRig.open({ concurrency: 2, lifetimeJitter: 0, ...settings })
  const [a, b] = [rig.checkout("a"), rig.checkout("b")]
  rig.calls()
  return { rig, a, b }
}

describe("Machine: a resource that nobody new is to have, while somebody has it", () => {
  const ways: ReadonlyArray<[string, Parameters<typeof pair>[0], (of: ReturnType<typeof pair>) => void]> = [
    ["destroyed by one of them", {}, ({ a, rig }) => rig.destroyed(a)],
    ["given back by one of them after its last use", { maxUses: 1 }, ({ a, rig }) => rig.checkin(a)],
    ["past its lifetime (G-7)", { maxLifetime: 1_000 }, ({ a, rig }) => {
      rig.pass(1_000)
      rig.checkin(a)
    }],
    ["evicted (F-5)", {}, ({ a, rig }) => {
      rig.evict([1])
      rig.checkin(a)
    }],
    ["evicted with all others", {}, ({ a, rig }) => {
      rig.checkin(a)
      rig.evictAll()
    }]
  ]

  it.each(ways)("%s: lent to nobody, closed once when the last has left, and replaced", (_, settings, end) => {
    const rigged = pair(settings)
    const { b, rig } = rigged
    end(rigged)
    const c = rig.checkout("c")
    assert.deepStrictEqual(outcomes([b, c]), ["lent 1", "waiting"])
    assert.deepStrictEqual(rig.calls(), [])
    rig.destroyed(b)
    rig.destroyed(b)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
    rig.closed(1)
    rig.ready(2)
    assert.deepStrictEqual(rig.calls(), ["open 2", "reply c lent 2"])
  })

  it.each(ways)("%s: where there is room, another one is opened at once for who waits", (_, settings, end) => {
    const rigged = pair({ ...settings, maxOverflow: 1 })
    end(rigged)
    rigged.rig.checkout("c")
    assert.deepStrictEqual(rigged.rig.calls(), ["open 2"])
  })

  it.each(ways)("%s: what others have still is lent before anything is opened", (_, settings, end) => {
    const rigged = pair({ ...settings, size: 1, maxOverflow: 1, concurrency: 3 })
    const { rig } = rigged
    end(rigged)
    const c = rig.checkout("c")
    rig.ready(2)
    assert.deepStrictEqual(outcomes([c, rig.checkout("d"), rig.checkout("e")]), ["lent 2", "lent 2", "lent 2"])
  })

  it("who has not taken it over yet is served before the newcomer who has found out that its time is over (E-1)", () => {
    const rig = MachineRig.open({ size: 2, concurrency: 3, strategy: "fifo" })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    const untaken = rig.checkout("untaken", { takes: false })
    assert.deepStrictEqual(outcomes([a, b, untaken]), ["lent 1", "lent 2", "lent 1"])
    rig.evict([1])
    const [c, d] = [rig.checkout("c"), rig.checkout("d")]
    assert.deepStrictEqual(outcomes([a, b, untaken, c, d]), ["lent 1", "lent 2", "lent 2", "lent 2", "waiting"])
  })

  it("who has not taken it over yet has a seat of another one, or one opened, whoever has found that out", () => {
    for (const finds of [{ wait: 0 }, { mode: "try" }, {}] as const) {
      const two = MachineRig.open({ size: 2, concurrency: 2, strategy: "fifo", fairness: { maxPerKey: 1 } })
      const moved = two.checkout("moved", { key: "a", takes: false })
      two.checkout("b", { key: "b" })
      two.evict([1])
      two.checkout("finds", { ...finds, key: "b" })
      assert.strictEqual(moved.outcome, "lent 2")

      const rig = MachineRig.open({ size: 1, maxOverflow: 1, concurrency: 3 })
      rig.checkout("a")
      const untaken = rig.checkout("untaken", { takes: false })
      rig.evict([1])
      rig.checkout("finds", finds)
      assert.strictEqual(untaken.outcome, "waiting")
      rig.ready(2)
      assert.strictEqual(untaken.outcome, "lent 2")
    }
  })
})

describe("Machine: the death of a resource that several have", () => {
  it("ends all their leases at once, and closes it once (E-3)", () => {
    const { a, b, rig } = pair()
    rig.died(1)
    assert.deepStrictEqual(outcomes([a, b]), ["ended", "ended"])
    assert.strictEqual(rig.numbers, "0/0/0/1/0")
    rig.checkin(a)
    rig.destroyed(b)
    rig.closed(1)
    rig.ready(2)
    assert.strictEqual(rig.numbers, "1/0/0/0/0")
  })

  it("who had not taken it over yet keeps place and deadline, in the order of arrival", () => {
    const rig = MachineRig.open({ concurrency: 3 })
    const a = rig.checkout("a")
    const [b, c] = [rig.checkout("b", { takes: false, wait: 100 }), rig.checkout("c", { takes: false })]
    const d = rig.checkout("d")
    rig.died(1)
    assert.deepStrictEqual(outcomes([a, b, c, d]), ["ended", "waiting", "waiting", "waiting"])
    rig.pass(100)
    assert.strictEqual(b.outcome, "CheckoutTimeout")
    const e = rig.checkout("e")
    rig.closed(1)
    rig.ready(2)
    assert.deepStrictEqual(outcomes([c, d, e]), ["lent 2", "lent 2", "lent 2"])
    assert.isBelow(c.id, d.id)
  })

  it("gives them no seat of what is dead, and what is shared beside it at once", () => {
    const rig = MachineRig.open({ size: 2, concurrency: 2, strategy: "fifo" })
    const [a, b] = [rig.checkout("a"), rig.checkout("b", { takes: false })]
    const [c, d] = [rig.checkout("c"), rig.checkout("d", { takes: false })]
    assert.deepStrictEqual(outcomes([a, b, c, d]), ["lent 1", "lent 2", "lent 1", "lent 2"])
    rig.checkin(a)
    rig.died(2)
    assert.deepStrictEqual(outcomes([b, c, d]), ["lent 1", "lent 1", "waiting"])
  })

  it("D-1 opens no more than the bound allows, also where something idle beside it is past its time", () => {
    const rig = MachineRig.open({ size: 2, concurrency: 2, maxLifetime: 1_000, lifetimeJitter: 0, openTimeout: 1 })
    rig.checkout("a", { takes: false })
    rig.ports.time += 2_000
    // The timer is late. The invariants are checked after each message.
    rig.died(2)
    assert.isAtMost(rig.status.opening + rig.status.closing, 2)
    assert.strictEqual(rig.status.waiting, 1)
  })
})

describe("Machine: owners of a resource that several have", () => {
  it("H-1 the end of one abandons its own leases, and leaves the others theirs", () => {
    const [f, g] = [fiber("f"), fiber("g")]
    const rig = MachineRig.open({ concurrency: 4 })
    const [a, b] = [rig.checkout("a", { owner: f }), rig.checkout("b", { owner: f })]
    const c = rig.checkout("c", { owner: g })
    rig.calls()
    rig.ownerDown(f, false)
    assert.deepStrictEqual(outcomes([a, b, c]), ["ended", "ended", "lent 1"])
    assert.deepStrictEqual(rig.calls(), [], "it is closed when c gives it back")
    assert.strictEqual(rig.checkout("d").outcome, "waiting")
    rig.ownerDown(g, false)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
  })

  it("H-1 onAbandoned checkin: their seats go to those who wait", () => {
    const f = fiber("f")
    const rig = MachineRig.open({ concurrency: 3, onAbandoned: "checkin" })
    rig.checkout("a", { owner: f })
    rig.checkout("b", { owner: f })
    rig.checkout("c")
    const waiters = ["w1", "w2", "w3"].map((name) => rig.checkout(name))
    rig.ownerDown(f, false)
    assert.deepStrictEqual(outcomes(waiters), ["lent 1", "lent 1", "waiting"])
  })

  it("each lease is handed on, and adopted, by itself", () => {
    const [f, g] = [fiber("f"), fiber("g")]
    const rig = MachineRig.open({ concurrency: 3 })
    const [a, b, c] = ["a", "b", "c"].map((name) => rig.checkout(name, { owner: f }))
    rig.adopt(b!, g)
    rig.calls()
    rig.ownerDown(f, true)
    assert.sameMembers(Array.from(rig.calls()), ["orphan a", "orphan c"])
    rig.send({ _tag: "Unreachable", borrow: a! })
    rig.ownerDown(g, false)
    assert.deepStrictEqual(outcomes([a!, b!, c!]), ["ended", "ended", "lent 1"])
  })
})

describe("Machine: the deadline of each lease", () => {
  it("is its own: one is warned of, and later the other, once each", () => {
    const rig = MachineRig.open({ concurrency: 2, leaseTimeout: { after: 1_000, action: "warn" } })
    rig.checkout("a")
    rig.pass(500)
    rig.checkout("b")
    rig.pass(500)
    assert.deepStrictEqual(rig.calls(), ["warning: lease 1 is held for longer than 1000 ms"])
    rig.pass(500)
    assert.deepStrictEqual(rig.calls(), ["warning: lease 2 is held for longer than 1000 ms"])
    rig.pass(10_000)
    assert.deepStrictEqual(rig.calls(), [])
  })

  it("revokes it alone: the others keep theirs, nobody new has it, and it is closed after them", () => {
    const rig = MachineRig.open({ concurrency: 3, leaseTimeout: { after: 1_000, action: "revoke" } })
    const a = rig.checkout("a")
    rig.pass(500)
    const b = rig.checkout("b")
    rig.pass(500)
    const c = rig.checkout("c")
    assert.deepStrictEqual(outcomes([a, b, c]), ["ended", "lent 1", "waiting"])
    rig.calls()
    rig.pass(500)
    assert.deepStrictEqual(rig.calls(), ["warning: lease 2 is held for longer than 1000 ms, and is revoked", "close 1"])
  })

  it("of a seat is that of its last lease, not of the one before", () => {
    const rig = MachineRig.open({ concurrency: 2, leaseTimeout: { after: 1_000, action: "warn" } })
    rig.checkout("a")
    const b = rig.checkout("b")
    rig.pass(1_000)
    rig.checkin(b)
    rig.calls()
    rig.checkout("c")
    rig.pass(999)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["warning: lease 3 is held for longer than 1000 ms"])
  })
})

describe("Machine: those who lose what they have not taken over", () => {
  it("a fiber that awaits the shutdown gives up all that it shares, and who had not taken it over is served after that", () => {
    const f = fiber("f")
    const rig = MachineRig.open({ size: 2, concurrency: 2, strategy: "fifo" })
    const [a, b] = [rig.checkout("a", { owner: f }), rig.checkout("b", { owner: f, takes: false })]
    const [c, d] = [rig.checkout("c", { takes: false }), rig.checkout("d")]
    assert.deepStrictEqual(outcomes([a, b, c, d]), ["lent 1", "lent 2", "lent 1", "lent 2"])
    rig.shutdown("drain", 1_000, f)
    assert.deepStrictEqual(outcomes([a, b, c, d]), ["ended", "PoolClosed", "waiting", "lent 2"])
    rig.closed(1)
    rig.readyAll()
    assert.strictEqual(c.outcome, "lent 3")
  })

  it("a try among them is told that there is nothing", () => {
    const f = fiber("f")
    const rig = MachineRig.open({ concurrency: 2 })
    rig.checkout("a", { owner: f })
    const b = rig.checkout("b", { mode: "try", takes: false })
    rig.shutdown("drain", 1_000, f)
    assert.strictEqual(b.outcome, "PoolFull")
  })

  it("so is one that loses it to the end of its time", () => {
    const rig = MachineRig.open({ concurrency: 2, maxLifetime: 1_000, lifetimeJitter: 0 })
    const a = rig.checkout("a", { mode: "try", takes: false })
    rig.ports.time += 1_000
    const b = rig.checkout("b")
    assert.deepStrictEqual(outcomes([a, b]), ["PoolFull", "waiting"])
  })

  it("E-1 a newcomer does not overtake them, although something idle is past its time, too", () => {
    const rig = MachineRig.open({
      size: 2,
      maxOverflow: 1,
      concurrency: 2,
      maxLifetime: 1_000,
      lifetimeJitter: 0,
      overflowTtl: 5_000
    })
    const a = rig.checkout("a", { takes: false })
    const b = rig.checkout("b")
    rig.ports.time += 500
    const [c, d, e] = ["c", "d", "e"].map((name) => rig.checkout(name))
    rig.readyAll()
    rig.checkin(c!)
    const f = rig.checkout("f")
    for (const borrow of [f, b, d!]) rig.checkin(borrow)
    assert.deepStrictEqual([a.outcome, e!.outcome, rig.status.idle], ["lent 2", "lent 3", 1])
    // The timer is late.
    rig.ports.time += 500
    const g = rig.checkout("g")
    assert.deepStrictEqual(outcomes([a, g]), ["lent 3", "waiting"])
  })

  it("nor where another one past its time comes next only after they have been served again", () => {
    const rig = MachineRig.open({ size: 3, concurrency: 2, strategy: "fifo" })
    const [a, b] = [rig.checkout("a", { takes: false }), rig.checkout("b")]
    const t = rig.checkout("t", { mode: "try", takes: false })
    assert.deepStrictEqual(outcomes([a, b, t]), ["lent 1", "lent 2", "lent 3"])
    rig.evict([1, 3])
    const c = rig.checkout("c")
    assert.deepStrictEqual(outcomes([a, b, t, c]), ["lent 2", "lent 2", "PoolFull", "waiting"])
  })
})
