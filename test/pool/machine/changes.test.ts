/** What can be changed while the pool is at work: `resize` and `reconfigure`. */
import { assert, describe, it } from "@effect/vitest"
import { MachineRig, type RecordedBorrow } from "../../support/recordedPorts.ts"

const openings = (rig: MachineRig): ReadonlyArray<string> => rig.calls().filter((call) => call.startsWith("open"))

/** All that there is, and what it can open, is lent. */
const lendAll = (rig: MachineRig, n: number): ReadonlyArray<RecordedBorrow> => {
  const borrows = Array.from({ length: n }, (_, i) => rig.checkout(`borrower ${i + 1}`, { wait: Infinity }))
  while (rig.machine.state.opening > 0) rig.readyAll()
  rig.taken(...borrows)
  rig.calls()
  return borrows
}

describe("Machine: resize", () => {
  it("Z1 to more: those who wait are served at once, and the rest is opened, too", () => {
    const rig = MachineRig.open()
    rig.checkout("a")
    const b = rig.checkout("b")
    rig.resize(3)
    assert.deepStrictEqual(rig.calls(), ["open 2", "open 3"])
    rig.ready(2)
    assert.strictEqual(b.outcome, "lent 2")
    assert.strictEqual(rig.status.size, 3)
  })

  it("a lazy pool that becomes larger opens what is asked for", () => {
    const rig = new MachineRig({ size: 1, start: "lazy" })
    rig.resize(3)
    assert.deepStrictEqual(rig.calls(), [])
    rig.checkout("a")
    assert.deepStrictEqual(rig.calls(), ["open 1"])
  })

  it("Z1 to less: idle ones are closed at once, the coldest first", () => {
    const rig = MachineRig.open({ size: 4 })
    rig.resize(2)
    assert.deepStrictEqual(rig.calls(), ["close 1", "close 2"])
    rig.closedAll()
    assert.deepStrictEqual([rig.calls(), rig.numbers], [[], "2/0/0/0/0"])
  })

  it("to less: what there is room for beside the new size is not filled without demand", () => {
    const rig = MachineRig.open({ size: 4 })
    rig.resize(2, 2)
    assert.deepStrictEqual(rig.calls(), ["close 1", "close 2"])
    rig.closedAll()
    assert.deepStrictEqual([rig.calls(), rig.numbers], [[], "2/0/0/0/0"])
  })

  it("to less: lent ones are closed when they come back, as many as there are too many", () => {
    const rig = MachineRig.open({ size: 3 })
    const [a, b, c] = lendAll(rig, 3)
    rig.resize(1)
    assert.deepStrictEqual(rig.calls(), [])
    rig.checkin(a!)
    rig.checkin(b!)
    assert.deepStrictEqual(rig.calls(), ["close 3", "close 2"])
    rig.checkin(c!)
    rig.closedAll()
    assert.deepStrictEqual([rig.calls(), rig.numbers], [[], "1/0/0/0/0"])
  })

  it("Z1 to less under load: what is too much is not given to those who wait", () => {
    const rig = MachineRig.open({ size: 3 })
    const [a, b, c] = lendAll(rig, 3)
    const [d, e] = [rig.checkout("d"), rig.checkout("e")]
    rig.resize(2)
    rig.checkin(a!)
    assert.deepStrictEqual([d.outcome, rig.calls()], ["waiting", ["close 3"]])
    rig.checkin(b!)
    assert.strictEqual(d.outcome, "lent 2", "as many are left as there may be")
    rig.closed(3)
    rig.checkin(c!)
    assert.strictEqual(e.outcome, "lent 1")
    assert.deepStrictEqual(openings(rig), [])
  })

  it("what is lent beyond size goes back to being overflow, if there is room for that", () => {
    const rig = MachineRig.open({ size: 2 })
    const [a, b] = lendAll(rig, 2)
    const c = rig.checkout("c")
    rig.resize(1, 1)
    rig.checkin(a!)
    assert.strictEqual(c.outcome, "lent 2")
    rig.checkin(b!)
    assert.deepStrictEqual(rig.calls(), ["reply c lent 2", "close 1"])
  })

  it("D-6 below what is lent and back up, leases coming back meanwhile: no number is ever negative, none is left over", () => {
    const rig = MachineRig.open({ size: 4 })
    const [a, b, c, d] = lendAll(rig, 4)
    rig.resize(1)
    rig.checkin(a!)
    rig.resize(0, 1)
    rig.checkin(b!)
    rig.destroyed(c!)
    for (const value of Object.values(rig.status)) if (typeof value === "number") assert.isAtLeast(value, 0)
    rig.resize(4, 0)
    assert.strictEqual(rig.numbers, "0/1/0/3/0")
    rig.closed(a!.worker?.id ?? 4)
    assert.deepStrictEqual(openings(rig), ["open 5"], "in each place that is free")
    rig.closedAll()
    rig.checkin(d!)
    rig.readyAll()
    assert.strictEqual(rig.numbers, "4/0/0/0/0")
  })

  it("what was told to close before it became larger again is not taken back", () => {
    const rig = MachineRig.open({ size: 2 })
    rig.resize(1)
    rig.resize(2)
    assert.deepStrictEqual([rig.calls(), rig.numbers], [["close 1"], "1/0/0/1/0"])
    rig.closed(1)
    assert.deepStrictEqual([rig.calls(), rig.numbers], [["open 3"], "1/0/1/0/0"])
  })

  it("the bound counts what there is as long as it is more than the new one, and that only falls", () => {
    const rig = MachineRig.open({ size: 4 })
    lendAll(rig, 4)
    rig.checkout("e")
    rig.resize(2)
    assert.strictEqual(rig.machine.state.ceiling, 4)
    rig.died(1)
    assert.strictEqual(rig.machine.state.ceiling, 4, "its closing counts")
    rig.closed(1)
    assert.strictEqual(rig.machine.state.ceiling, 3)
    rig.died(2)
    rig.died(3)
    rig.closed(2)
    rig.closed(3)
    assert.strictEqual(rig.machine.state.ceiling, 2)
    assert.deepStrictEqual(openings(rig), ["open 5"], "for e")
  })

  it("to 0 with overflow: all of it is opened on demand", () => {
    const rig = MachineRig.open({ size: 2 })
    rig.resize(0, 1)
    assert.deepStrictEqual(rig.calls(), ["close 1", "close 2"])
    rig.closedAll()
    const a = rig.checkout("a")
    rig.ready(3)
    rig.taken(a)
    rig.checkin(a)
    assert.deepStrictEqual(rig.calls(), ["open 3", "reply a lent 3", "close 3"])
  })

  it("of the openings that are under way as many stay as there may be", () => {
    const rig = new MachineRig({ size: 3 })
    rig.resize(1)
    for (const id of [1, 2, 3]) rig.ready(id)
    assert.strictEqual(rig.numbers, "1/0/0/2/0")
  })

  it("one that waits has the first of them", () => {
    const rig = new MachineRig({ size: 3 })
    const a = rig.checkout("a")
    rig.resize(1)
    rig.ready(2)
    assert.strictEqual(a.outcome, "lent 2")
    rig.ready(1)
    rig.ready(3)
    assert.strictEqual(rig.numbers, "0/1/0/2/0")
  })

  it("one whose place goes while it is probed, validated or reset is closed after it", () => {
    const probed = MachineRig.open({ keepalive: 100 })
    probed.pass(100)
    probed.resize(0, 1)
    probed.checked(1, "probe")
    assert.deepStrictEqual([probed.numbers, probed.calls().at(-1)], ["0/0/0/1/0", "close 1"])
    const validated = MachineRig.open({ validates: true, validationBypass: 0 })
    validated.cancel(validated.checkout("a"))
    validated.resize(0, 1)
    validated.checked(1, "validate")
    assert.strictEqual(validated.numbers, "0/0/0/1/0")
    const reset = MachineRig.open({ resets: true })
    reset.checkin(reset.checkout("a"))
    reset.resize(0, 1)
    reset.checked(1, "reset")
    assert.strictEqual(reset.numbers, "0/0/0/1/0")
  })

  it("those who have waited keep place and deadline", () => {
    const rig = MachineRig.open()
    rig.checkout("a")
    const [b, c] = [rig.checkout("b", { wait: 100 }), rig.checkout("c", { wait: 200 })]
    rig.pass(50)
    rig.resize(2)
    rig.ready(2)
    assert.deepStrictEqual([b.outcome, c.outcome], ["lent 2", "waiting"])
    rig.pass(149)
    assert.strictEqual(c.outcome, "waiting")
    rig.pass(1)
    assert.strictEqual(c.outcome, "CheckoutTimeout")
  })

  it("lingering overflow lingers on, but never more than there may be at all", () => {
    const rig = MachineRig.open({ size: 1, maxOverflow: 2, overflowTtl: 100 })
    for (const borrow of lendAll(rig, 3)) rig.checkin(borrow)
    rig.reconfigure({ maxOverflow: 1 })
    assert.deepStrictEqual([rig.calls(), rig.numbers], [["close 1"], "2/0/0/1/0"])
    rig.pass(100)
    assert.deepStrictEqual(rig.calls(), ["close 2"])
  })
})

describe("Machine: reconfigure", () => {
  it("a minIdle that is raised is filled, one that is lowered waits for idleTimeout", () => {
    const rig = MachineRig.open({ size: 4, minIdle: 1, idleTimeout: 100 })
    rig.reconfigure({ minIdle: 3 })
    assert.deepStrictEqual(rig.calls(), ["open 2", "open 3"])
    rig.readyAll()
    rig.reconfigure({ minIdle: 2 })
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(100)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
  })

  it("one that is raised to less than demand had opened already keeps what there is", () => {
    const rig = MachineRig.open({ size: 4, minIdle: 1 })
    const [a] = lendAll(rig, 4)
    rig.reconfigure({ minIdle: 2 })
    rig.destroyed(a!)
    rig.closedAll()
    assert.deepStrictEqual(openings(rig), ["open 5"])
  })

  it("a validation applies to what nobody has seen since its opening", () => {
    const rig = MachineRig.open()
    rig.ports.time += 400
    rig.reconfigure({ validates: true, validationBypass: 500 })
    const a = rig.checkout("a")
    assert.strictEqual(a.outcome, "lent 1")
    const other = MachineRig.open()
    other.ports.time += 500
    other.reconfigure({ validates: true, validationBypass: 500 })
    assert.strictEqual(other.checkout("b").outcome, "waiting")
  })

  it("a maxLifetime applies to what is open already, from its opening", () => {
    const rig = MachineRig.open({ size: 2 })
    const a = rig.checkout("a")
    rig.pass(300)
    rig.reconfigure({ maxLifetime: 500, lifetimeJitter: 0 })
    assert.strictEqual(rig.due, 150, "a look for successors")
    rig.pass(199)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
    rig.checkin(a)
    assert.deepStrictEqual(rig.calls(), ["close 2"])
  })

  it("an opening that is under way has its lifetime from its end on, and no successor before that", () => {
    const rig = new MachineRig({ maxOverflow: 1 })
    rig.reconfigure({ maxLifetime: 500, lifetimeJitter: 0 })
    rig.pass(100)
    assert.deepStrictEqual(rig.calls(), ["open 1"])
    rig.ready(1)
    rig.pass(449)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["open 2"])
  })

  it("one that has passed already closes what is idle at once", () => {
    const rig = MachineRig.open()
    rig.pass(300)
    rig.reconfigure({ maxLifetime: 200, lifetimeJitter: 0 })
    assert.deepStrictEqual(rig.calls(), ["close 1"])
  })

  it("one that is taken away lets them live", () => {
    const rig = MachineRig.open({ maxLifetime: 500, lifetimeJitter: 0 })
    rig.reconfigure({ maxLifetime: Infinity })
    rig.pass(10_000)
    assert.deepStrictEqual(rig.calls(), [])
    rig.checkin(rig.checkout("a"))
    assert.strictEqual(rig.numbers, "1/0/0/0/0")
  })

  it("an eviction is not taken back by it", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    rig.evictAll()
    rig.reconfigure({ maxWaiting: 10 })
    rig.reconfigure({ maxWaiting: 20 })
    rig.checkin(a)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
  })

  it("idleTimeout, overflowTtl and keepalive apply to what is idle already, from when it became idle", () => {
    for (
      const [patch, call] of [
        [{ minIdle: 1, idleTimeout: 100 }, "close 1"],
        [{ size: 1, minIdle: 1, overflowTtl: 100, maxOverflow: 1 }, "close 1"],
        [{ keepalive: 100 }, "probe 1"],
        [{ asksToRetire: true }, "judge 1"]
      ] as const
    ) {
      const rig = MachineRig.open({ size: 2 })
      rig.pass(60)
      rig.reconfigure(patch)
      assert.deepStrictEqual(rig.calls(), [])
      const rest = "asksToRetire" in patch ? 30_000 - 60 : 40
      assert.strictEqual(rig.due, rest, call)
      rig.pass(rest)
      assert.strictEqual(rig.calls()[0], call)
    }
  })

  it("the leases that there are are reminded by a leaseTimeout that comes later", () => {
    const rig = MachineRig.open({ size: 2 })
    rig.checkout("a")
    rig.pass(60)
    rig.reconfigure({ leaseTimeout: { after: 100, action: "warn" } })
    rig.pass(39)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["warning: lease 1 is held for longer than 100 ms"])
  })

  it("a fairness that comes later orders those who wait already, and counts the leases that there are", () => {
    const rig = MachineRig.open({ size: 2 })
    const [a1, b1] = [rig.checkout("a1", { key: "a" }), rig.checkout("b1", { key: "b" })]
    const [a2, a3, b2] = ["a2", "a3", "b2"].map((name) => rig.checkout(name, { key: name[0]! }))
    rig.reconfigure({ fairness: { maxPerKey: 1 } })
    rig.checkin(b1)
    assert.deepStrictEqual([a2!.outcome, b2!.outcome], ["waiting", "lent 1"], "a has its one")
    rig.checkin(a1)
    assert.deepStrictEqual([a2!.outcome, a3!.outcome], ["lent 2", "waiting"])
  })

  it("a limit per key that is lifted serves those whom it has kept waiting", () => {
    const rig = MachineRig.open({ size: 2, fairness: { maxPerKey: 1 } })
    rig.checkout("a1", { key: "a" })
    const a2 = rig.checkout("a2", { key: "a" })
    assert.deepStrictEqual([a2.outcome, rig.numbers], ["waiting", "1/1/0/0/1"])
    rig.reconfigure({ fairness: { maxPerKey: 2 } })
    assert.strictEqual(a2.outcome, "lent 1")
  })

  it("priorities that somebody has brought in stay, whatever else is changed", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const [low, high] = [rig.checkout("low", { priority: 1 }), rig.checkout("high")]
    rig.reconfigure({ maxWaiting: 10 })
    rig.checkin(a)
    assert.deepStrictEqual([low.outcome, high.outcome], ["waiting", "lent 1"])
  })

  it("without fairness nobody is kept apart any more", () => {
    const rig = MachineRig.open({ size: 2, fairness: { maxPerKey: 1 } })
    rig.checkout("a1", { key: "a" })
    const a2 = rig.checkout("a2", { key: "a" })
    rig.reconfigure({ fairness: undefined })
    assert.strictEqual(a2.outcome, "lent 1")
  })

  it("another overload applies to those who wait already: the queue is looked at within its interval", () => {
    for (const before of [undefined, { target: 50, interval: 1_000 }]) {
      const rig = MachineRig.open({ overload: before })
      rig.checkout("a")
      const b = rig.checkout("b", { wait: Infinity })
      rig.reconfigure({ overload: { target: 10, interval: 100 } })
      for (let i = 0; i < 5; i++) rig.pass(100)
      assert.strictEqual(b.outcome, "PoolOverloaded", `before: ${before?.interval}`)
    }
  })

  it("an overload that is taken away drops nobody", () => {
    const rig = MachineRig.open({ overload: { target: 10, interval: 100 } })
    rig.checkout("a")
    const b = rig.checkout("b", { wait: Infinity })
    rig.reconfigure({ overload: undefined })
    for (let i = 0; i < 5; i++) rig.pass(100)
    assert.strictEqual(b.outcome, "waiting")
    assert.isUndefined(rig.due)
  })

  it("a change of something else keeps what is known of the queue", () => {
    const rig = MachineRig.open({ overload: { target: 10, interval: 100 } })
    rig.checkout("a")
    const b = rig.checkout("b", { wait: Infinity })
    for (let i = 0; i < 4; i++) {
      rig.pass(50)
      rig.reconfigure({ closeTimeout: 100 + i, overload: { target: 10, interval: 100 } })
    }
    rig.pass(100)
    assert.strictEqual(b.outcome, "PoolOverloaded")
  })

  it("a try whose check is under way hears of its end, although nothing is validated any more", () => {
    const rig = MachineRig.open({ validates: true, validationBypass: 0 })
    const a = rig.checkout("a", { mode: "try" })
    rig.reconfigure({ validates: false })
    assert.strictEqual(a.outcome, "waiting")
    rig.checked(1, "validate", false)
    assert.strictEqual(a.outcome, "PoolFull")
  })

  it("a successor that is there is not closed for a change of something else", () => {
    const rig = MachineRig.open({ maxOverflow: 2, maxLifetime: 1_000, lifetimeJitter: 0 })
    rig.checkout("a")
    rig.pass(900)
    rig.ready(2)
    rig.calls()
    rig.reconfigure({ maxWaiting: 10 })
    rig.pass(0)
    assert.deepStrictEqual([rig.calls(), rig.numbers, rig.machine.state.succeeded], [[], "1/1/0/0/0", 1])
  })

  it("a successor under way for one that may live longer now is one too many", () => {
    const rig = MachineRig.open({ maxOverflow: 1, maxLifetime: 1_000, lifetimeJitter: 0 })
    rig.pass(900)
    rig.reconfigure({ maxLifetime: 10_000 })
    assert.strictEqual(rig.machine.state.succeeded, 0)
    rig.calls()
    rig.ready(2)
    assert.deepStrictEqual([rig.calls(), rig.numbers], [["close 2"], "1/0/0/1/0"])
  })

  it("a validation that is taken away while one is under way: a newcomer still does not overtake who waits for it", () => {
    const rig = MachineRig.open({ size: 2, validates: true, validationBypass: 0 })
    const a = rig.checkout("a")
    rig.reconfigure({ validates: false })
    const b = rig.checkout("b")
    assert.deepStrictEqual([a.outcome, b.outcome], ["lent 1", "waiting"])
    rig.checked(2, "validate")
    assert.strictEqual(b.outcome, "lent 2")
  })

  it("a breaker that is taken away lets people wait again", () => {
    const rig = new MachineRig({ breaker: 1 })
    rig.openFailed(1)
    assert.strictEqual(rig.checkout("a").outcome, "OpenFailed")
    rig.reconfigure({ breaker: Infinity })
    assert.strictEqual(rig.checkout("b").outcome, "waiting")
  })

  it("in a drain it changes how that goes on, and opens nothing that nobody waits for", () => {
    const rig = MachineRig.open({ size: 1 })
    const a = rig.checkout("a")
    rig.shutdown("drain")
    rig.resize(3)
    assert.deepStrictEqual(rig.calls(), [])
    rig.checkin(a)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
  })

  it("a pool without any place refuses those who wait as soon as it drains: nothing will ever come for them", () => {
    const rig = MachineRig.open({ size: 1 })
    const a = rig.checkout("a")
    const b = rig.checkout("b", { wait: Infinity })
    rig.resize(0, 0)
    assert.strictEqual(b.outcome, "waiting", "it may be made larger again")
    const end = rig.shutdown("drain")
    assert.deepStrictEqual([a.outcome, b.outcome], ["lent 1", "PoolClosed"])
    rig.checkin(a)
    rig.closed(1)
    assert.deepStrictEqual(end.reports, [{ drained: 1, forced: 0 }])
  })

  it("a drain in which the last place is taken away refuses them, too", () => {
    const rig = MachineRig.open({ size: 1 })
    rig.checkout("a")
    const b = rig.checkout("b", { wait: Infinity })
    rig.shutdown("drain")
    rig.resize(0, 0)
    assert.strictEqual(b.outcome, "PoolClosed")
  })

  it("what is shared, and has had its uses by a new limit, is lent to nobody new", () => {
    const rig = MachineRig.open({ maxOverflow: 1, concurrency: 2 })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    rig.checkin(a)
    rig.reconfigure({ maxUses: 1 })
    const c = rig.checkout("c")
    assert.deepStrictEqual([b.outcome, c.outcome, rig.calls()], ["lent 1", "waiting", ["open 2"]])
  })

  it("nor is one that somebody has reserved meanwhile, when that is over", () => {
    const rig = MachineRig.open({ maxOverflow: 1, concurrency: 3 })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    rig.checkin(b)
    const reservation = { borrow: a, reply: () => {} }
    rig.send({ _tag: "Reserve", reservation })
    rig.reconfigure({ maxUses: 1 })
    const c = rig.checkout("c")
    rig.send({ _tag: "Unreserve", reservation })
    assert.deepStrictEqual([a.outcome, c.outcome], ["lent 1", "waiting"])
  })

  it("what is being probed when its place is taken away is not idle again, although overflow may linger", () => {
    const rig = MachineRig.open({ size: 1, overflowTtl: 200, keepalive: 150 })
    rig.pass(400)
    rig.resize(0, 0)
    rig.calls()
    rig.checked(1, "probe")
    assert.deepStrictEqual([rig.calls(), rig.numbers], [["close 1"], "0/0/0/1/0"])
  })

  it("in a pool that is closed it changes nothing that lasts", () => {
    const rig = MachineRig.open()
    rig.shutdown("now")
    rig.closed(1)
    rig.calls()
    rig.reconfigure({ size: 4, minIdle: 4, keepalive: 100, overload: { target: 1, interval: 2 } })
    assert.deepStrictEqual(rig.calls(), [])
    assert.isUndefined(rig.due)
  })
})
