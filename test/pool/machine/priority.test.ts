/** Who is served first, and with what: priorities, keys, preferences, and those who came before. */
import { assert, describe, it } from "@effect/vitest"
import { fiber, MachineRig, type RecordedBorrow } from "../../support/recordedPorts.ts"

const outcomes = (borrows: ReadonlyArray<RecordedBorrow>): ReadonlyArray<string> =>
  borrows.map(({ outcome }) => outcome)

/** Gives it back so often, and says who had it in which order. */
const serveAll = (
  rig: MachineRig,
  held: RecordedBorrow,
  waiters: ReadonlyArray<RecordedBorrow>
): ReadonlyArray<string> => {
  const served: Array<string> = []
  let holder: RecordedBorrow | undefined = held
  while (holder !== undefined) {
    rig.checkin(holder)
    holder = waiters.find(({ state }) => state === "lent")
    if (holder === undefined) break
    rig.taken(holder)
    served.push(holder.name)
  }
  return served
}

describe("Machine: priorities", () => {
  it("Q3 the better class is served first, and within a class the first to come", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const waiters = [["low 1", 2], ["high 1", 0], ["low 2", 2], ["middle", 1], ["high 2", 0]].map(([name, priority]) =>
      rig.checkout(String(name), { priority: Number(priority) })
    )
    assert.deepStrictEqual(serveAll(rig, a, waiters), ["high 1", "high 2", "middle", "low 1", "low 2"])
  })

  it("the first checkout with a priority brings order to those who wait already, without any option", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    assert.isTrue(rig.machine.state.isPlain)
    const waiters = [rig.checkout("first"), rig.checkout("low", { priority: 1 }), rig.checkout("last")]
    assert.isFalse(rig.machine.state.isPlain)
    assert.deepStrictEqual(serveAll(rig, a, waiters), ["first", "last", "low"])
  })

  it("a class counts as priorityAging of waiting: whoever has waited longer than that comes first", () => {
    const rig = MachineRig.open({ priorityAging: 100 })
    const a = rig.checkout("a")
    const low = rig.checkout("low", { priority: 1 })
    rig.pass(99)
    const early = rig.checkout("early")
    rig.pass(2)
    const late = rig.checkout("late")
    assert.deepStrictEqual(serveAll(rig, a, [low, early, late]), ["early", "low", "late"])
  })

  it("something idle is lent to whoever asks, whatever their class", () => {
    const rig = MachineRig.open({ size: 2 })
    assert.strictEqual(rig.checkout("a", { priority: 9 }).outcome, "lent 2")
  })

  it("the deadline of each is its own: a better class that keeps coming does not move it", () => {
    const rig = MachineRig.open({ priorityAging: Infinity })
    let holder = rig.checkout("a")
    const low = rig.checkout("low", { priority: 1, wait: 100 })
    for (let i = 0; i < 10; i++) {
      const high = rig.checkout(`high ${i}`)
      rig.pass(10)
      rig.checkin(holder)
      assert.strictEqual(high.state, i < 10 ? "lent" : "waiting")
      rig.taken(high)
      holder = high
    }
    assert.strictEqual(low.outcome, "CheckoutTimeout")
  })

  it("one that leaves, or whose time is up, is not in the order any more", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const [b, c, d] = [1, 2, 3].map((priority) =>
      rig.checkout(`p${priority}`, { priority, wait: priority === 2 ? 50 : Infinity })
    )
    rig.cancel(b!)
    rig.pass(50)
    assert.strictEqual(c!.outcome, "CheckoutTimeout")
    rig.checkin(a)
    assert.strictEqual(d!.outcome, "lent 1")
    assert.strictEqual(rig.machine.state.discipline?.waiting, 0)
  })

  it("one whose resource died before it had it has its old place within its class", () => {
    const rig = MachineRig.open({ closeTimeout: Infinity })
    const a = rig.checkout("a")
    const [b, c] = [rig.checkout("b", { priority: 1 }), rig.checkout("c", { priority: 1 })]
    const high = rig.checkout("high")
    rig.checkin(a)
    rig.taken(high)
    rig.checkin(high)
    assert.strictEqual(b.outcome, "lent 1")
    rig.died(1)
    assert.deepStrictEqual(outcomes([b, c]), ["waiting", "waiting"])
    rig.closed(1)
    rig.ready(2)
    assert.deepStrictEqual(outcomes([b, c]), ["lent 2", "waiting"])
  })
})

describe("Machine: keys", () => {
  const fair = (maxPerKey = Infinity) => ({ fairness: { maxPerKey } })

  it("Q11 those who wait are served in turns between their keys", () => {
    const rig = MachineRig.open(fair())
    const a = rig.checkout("a", { key: "other" })
    const waiters = ["noisy 1", "noisy 2", "noisy 3", "quiet 1", "quiet 2"].map((name) =>
      rig.checkout(name, { key: name.split(" ")[0]! })
    )
    assert.deepStrictEqual(serveAll(rig, a, waiters), ["noisy 1", "quiet 1", "noisy 2", "quiet 2", "noisy 3"])
  })

  it("without fairness a key means nothing", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a", { key: "x" })
    const waiters = ["x", "x", "y"].map((key, i) => rig.checkout(`${key} ${i}`, { key }))
    assert.deepStrictEqual(serveAll(rig, a, waiters), ["x 0", "x 1", "y 2"])
    assert.isUndefined(rig.machine.state.discipline)
  })

  it("maxPerKey: whoever would have more than that waits, although something is idle, and others do not", () => {
    const rig = MachineRig.open({ size: 3, ...fair(1) })
    const a1 = rig.checkout("a1", { key: "a" })
    const a2 = rig.checkout("a2", { key: "a" })
    assert.deepStrictEqual([a2.outcome, rig.numbers], ["waiting", "2/1/0/0/1"])
    assert.strictEqual(rig.checkout("b1", { key: "b" }).outcome, "lent 2")
    assert.strictEqual(rig.checkout("c", {}).outcome, "lent 1")
    rig.checkin(a1)
    assert.strictEqual(a2.outcome, "lent 3")
  })

  it("maxPerKey: those without a key are one tenant, whose limit holds although something is idle", () => {
    const rig = MachineRig.open({ size: 2, ...fair(1) })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    assert.deepStrictEqual([...outcomes([a, b]), rig.numbers], ["lent 2", "waiting", "1/1/0/0/1"])
    rig.checkin(a)
    assert.strictEqual(b.outcome, "lent 2")
  })

  it("nothing is opened for those who are at their limit", () => {
    const rig = MachineRig.open({ size: 1, maxOverflow: 3, ...fair(1) })
    rig.checkout("a1", { key: "a" })
    rig.checkout("a2", { key: "a" })
    assert.deepStrictEqual(rig.calls(), [])
    rig.checkout("b1", { key: "b" })
    assert.deepStrictEqual(rig.calls(), ["open 2"])
  })

  it("one that does not wait is refused at its limit, although something is idle", () => {
    const rig = MachineRig.open({ size: 2, ...fair(1) })
    rig.checkout("a1", { key: "a" })
    assert.strictEqual(rig.checkout("a2", { key: "a", mode: "try" }).outcome, "PoolFull")
    assert.strictEqual(rig.checkout("a3", { key: "a", wait: 0 }).outcome, "CheckoutTimeout")
    assert.strictEqual(rig.checkout("b1", { key: "b", mode: "try" }).outcome, "lent 1")
  })

  it("however a lease ends, the next of its key gets what is idle", () => {
    const ways: Record<string, (rig: MachineRig, borrow: RecordedBorrow) => void> = {
      checkin: (rig, borrow) => rig.checkin(borrow),
      destroyed: (rig, borrow) => rig.destroyed(borrow),
      detached: (rig, borrow) => void rig.detach(borrow),
      died: (rig) => rig.died(2),
      "the owner's death": (rig) => rig.ownerDown([...rig.ports.owners.keys()][0]!, false),
      evicted: (rig, borrow) => {
        rig.evictAll(10_000)
        rig.checkin(borrow)
      }
    }
    for (const [way, end] of Object.entries(ways)) {
      const rig = MachineRig.open({ size: 2, strategy: "lifo", ...fair(1) })
      const a1 = rig.checkout("a1", { key: "a", owner: fiber("owner") })
      const a2 = rig.checkout("a2", { key: "a" })
      assert.strictEqual(a2.outcome, "waiting", way)
      end(rig, a1)
      assert.strictEqual(a2.state, "lent", way)
    }
  })

  it("also where what came back is being reset, or is past its time", () => {
    for (const settings of [{ resets: true }, { maxUses: 1 }]) {
      const rig = MachineRig.open({ size: 2, ...fair(1), ...settings })
      const a1 = rig.checkout("a1", { key: "a" })
      const a2 = rig.checkout("a2", { key: "a" })
      rig.checkin(a1)
      assert.strictEqual(a2.outcome, "lent 1")
    }
  })

  it("what is idle is validated for it first", () => {
    const rig = MachineRig.open({ size: 2, validates: true, validationBypass: 100, ...fair(1) })
    const a1 = rig.checkout("a1", { key: "a" })
    const a2 = rig.checkout("a2", { key: "a" })
    rig.ports.time += 100
    rig.destroyed(a1)
    assert.deepStrictEqual([a2.outcome, rig.calls()], ["waiting", ["close 2", "validate 1"]])
    rig.checked(1, "validate")
    assert.strictEqual(a2.outcome, "lent 1")
  })

  it("those at their limit are in nobody's way: a try behind them has the check of what it found idle", () => {
    const rig = MachineRig.open({ size: 4, validates: true, validationBypass: 100, ...fair(1) })
    rig.checkout("a1", { key: "a" })
    const a2 = rig.checkout("a2", { key: "a" })
    rig.ports.time += 100
    const b = rig.checkout("b", { key: "b", mode: "try" })
    rig.died(1)
    assert.deepStrictEqual(outcomes([a2, b]), ["waiting", "waiting"])
    rig.checked(3, "validate")
    assert.deepStrictEqual(outcomes([a2, b]), ["waiting", "lent 3"])
  })

  it("a probe that is under way is no check for somebody: who may be served has what is idle", () => {
    const rig = MachineRig.open({ size: 3, keepalive: 100, ...fair(1) })
    const a1 = rig.checkout("a1", { key: "a" })
    const a2 = rig.checkout("a2", { key: "a" })
    rig.pass(100)
    assert.strictEqual(rig.machine.state.probing, 1)
    rig.destroyed(a1)
    assert.strictEqual(a2.outcome, "lent 2")
  })

  it("a grant that is cancelled untouched, or lost with its resource, frees the key, too", () => {
    const rig = MachineRig.open({ size: 2, ...fair(1) })
    const a1 = rig.checkout("a1", { key: "a", takes: false })
    const a2 = rig.checkout("a2", { key: "a" })
    rig.cancel(a1)
    assert.strictEqual(a2.outcome, "lent 2")
    const a3 = rig.checkout("a3", { key: "a" })
    rig.died(2)
    assert.deepStrictEqual(outcomes([a2, a3]), ["lent 1", "waiting"], "it is the older one of the two")
  })

  it("a drain serves those at their limit, one after the other, and one whose lease it cannot wait for", () => {
    const rig = MachineRig.open({ size: 2, ...fair(1) })
    const closer = fiber("closer")
    rig.checkout("a1", { key: "a", guard: closer })
    const [a2, a3] = [rig.checkout("a2", { key: "a" }), rig.checkout("a3", { key: "a" })]
    rig.shutdown("drain", Infinity, closer)
    assert.strictEqual(a2.outcome, "lent 1", "a1 was revoked: its own fiber waits for the end")
    rig.taken(a2)
    rig.checkin(a2)
    assert.strictEqual(a3.outcome, "lent 1")
    rig.taken(a3)
    rig.checkin(a3)
    rig.closedAll()
    assert.strictEqual(rig.machine.state.phase, "closed")
  })

  it("nothing is known of a key that nobody waits with and that has no lease", () => {
    const rig = MachineRig.open({ size: 2, ...fair(2) })
    for (let i = 0; i < 100; i++) rig.checkin(rig.checkout("a", { key: `key ${i}` }))
    assert.strictEqual(rig.machine.state.discipline?.tenants, 0)
  })
})

describe("Machine: preferences", () => {
  it("C11 the preferred one is lent if it is idle", () => {
    const rig = MachineRig.open({ size: 3 })
    rig.ports.time += 100_000
    assert.strictEqual(rig.checkout("a", { prefers: 1 }).outcome, "lent 1")
    assert.strictEqual(rig.checkout("b", { prefers: 1 }).outcome, "lent 3", "a hint, and no more")
  })

  it("one that has gone meanwhile is no preference", () => {
    const rig = MachineRig.open({ size: 2 })
    rig.evict([1])
    rig.closed(1)
    assert.strictEqual(rig.checkout("a", { prefers: 1 }).outcome, "lent 2")
  })

  it("one that is past its time is closed, and another one is lent", () => {
    const rig = MachineRig.open({ size: 2 })
    rig.evictAll(100)
    rig.closedAll()
    rig.readyAll()
    rig.ports.time += 100
    rig.calls()
    assert.strictEqual(rig.checkout("a", { prefers: 2 }).outcome, "lent 3")
    assert.deepStrictEqual(rig.calls(), ["close 2"])
  })

  it("it is validated first, as any other", () => {
    const rig = MachineRig.open({ size: 2, validates: true, validationBypass: 0 })
    rig.checkout("a", { prefers: 1 })
    assert.deepStrictEqual(rig.calls(), ["validate 1"])
  })
})

describe("Machine: a newcomer and those who wait for a check", () => {
  const doubting = { size: 2, validates: true, validationBypass: 500, strategy: "fifo" } as const

  /** The coldest is doubtful, the other one has just come back. */
  const oneFresh = (): MachineRig => {
    const rig = MachineRig.open(doubting)
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    rig.checkin(a)
    rig.ports.time += 500
    rig.checkin(b)
    return rig
  }

  it("E-1 a newcomer that finds something fresh does not overtake one that waits for a check", () => {
    const rig = oneFresh()
    const [c, d] = [rig.checkout("c"), rig.checkout("d")]
    assert.strictEqual(c.outcome, "lent 2", "it came first")
    assert.strictEqual(d.outcome, "waiting")
    rig.checked(1, "validate")
    assert.strictEqual(d.outcome, "lent 1")
  })

  it("nor does a try", () => {
    const rig = oneFresh()
    const c = rig.checkout("c")
    rig.checkout("d", { mode: "try" })
    assert.strictEqual(c.outcome, "lent 2")
  })

  it("nor one that prefers it", () => {
    const rig = oneFresh()
    const c = rig.checkout("c", { prefers: 1 })
    const d = rig.checkout("d", { prefers: 2 })
    assert.deepStrictEqual(outcomes([c, d]), ["lent 2", "waiting"])
  })

  it("nor one whose resource has died before it had it, if it came later", () => {
    const rig = MachineRig.open({ ...doubting, size: 3 })
    const borrows = ["x", "y", "z"].map((name) => rig.checkout(name))
    rig.checkin(borrows[0]!)
    rig.ports.time += 500
    const [c, d] = [rig.checkout("c"), rig.checkout("d", { takes: false })]
    rig.checkin(borrows[1]!)
    assert.strictEqual(c.outcome, "lent 2")
    rig.taken(c)
    rig.checked(1, "validate")
    assert.strictEqual(d.outcome, "lent 1")
  })
})
