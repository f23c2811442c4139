/** Leases that are held for too long: `leaseTimeout`. */
import { assert, describe, it } from "@effect/vitest"
import { fiber, MachineRig } from "../../support/recordedPorts.ts"

const warns = { leaseTimeout: { after: 100, action: "warn" } } as const
const revokes = { leaseTimeout: { after: 100, action: "revoke" } } as const

const warning = (id: number): string => `warning: lease ${id} is held for longer than 100 ms`
const revocation = (id: number): string => `${warning(id)}, and is revoked`

describe("Machine: leaseTimeout \"warn\"", () => {
  it("Q10 says so once when a lease is held for so long, not earlier, and leaves it alone", () => {
    const rig = MachineRig.open(warns)
    const a = rig.checkout("a")
    rig.pass(99)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual([a.outcome, rig.calls()], ["lent 1", [warning(1)]])
    rig.pass(1_000)
    assert.deepStrictEqual(rig.calls(), [])
    assert.isUndefined(rig.due)
  })

  it("each lease counts from its own beginning, also that of the same resource", () => {
    const rig = MachineRig.open({ ...warns, size: 2 })
    const a = rig.checkout("a")
    rig.pass(60)
    const b = rig.checkout("b")
    rig.pass(39)
    rig.checkin(a)
    rig.pass(0)
    const c = rig.checkout("c")
    rig.pass(60)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), [warning(b.id)])
    rig.pass(39)
    assert.deepStrictEqual(rig.calls(), [warning(c.id)])
  })

  it("one that was warned about before is warned about again in its next lease", () => {
    const rig = MachineRig.open(warns)
    const a = rig.checkout("a")
    rig.pass(100)
    rig.checkin(a)
    rig.checkout("b")
    rig.pass(100)
    assert.deepStrictEqual(rig.calls(), [warning(1), warning(2)])
  })

  it("also if there was no such limit when that began", () => {
    const rig = MachineRig.open(warns)
    const a = rig.checkout("a")
    rig.pass(100)
    rig.reconfigure({ leaseTimeout: undefined })
    rig.checkin(a)
    rig.checkout("b")
    rig.calls()
    rig.reconfigure(warns)
    rig.pass(100)
    assert.deepStrictEqual(rig.calls(), [warning(2)])
  })

  it("what was lent to somebody who had waited counts from the grant", () => {
    const rig = MachineRig.open(warns)
    const a = rig.checkout("a")
    const b = rig.checkout("b", { wait: Infinity })
    rig.pass(90)
    rig.checkin(a)
    rig.taken(b)
    rig.calls()
    rig.pass(99)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), [warning(2)])
  })

  it("those of one batch are all of one age", () => {
    const rig = MachineRig.open({ ...warns, size: 2 })
    const [a, b] = [rig.borrow("a"), rig.borrow("b")]
    rig.batch(a, b)
    rig.taken(a, b)
    rig.calls()
    rig.pass(100)
    assert.deepStrictEqual(rig.calls(), [warning(1), warning(2)])
  })

  it("one whose beginning was read in the middle of its batch, for somebody else, is no exception", () => {
    const rig = MachineRig.open(warns)
    const a = rig.borrow("a")
    rig.batch(a, rig.borrow("b", { wait: 0 }))
    rig.taken(a)
    rig.calls()
    rig.pass(100)
    assert.deepStrictEqual(rig.calls(), [warning(1)])
  })

  it("one that comes back in time leaves a round that finds nothing, and no other", () => {
    const rig = MachineRig.open(warns)
    rig.checkin(rig.checkout("a"))
    rig.pass(100)
    assert.deepStrictEqual(rig.calls(), [])
    assert.isUndefined(rig.due)
  })

  it("adopted by another fiber it is as old as ever", () => {
    const rig = MachineRig.open({ ...warns, size: 2 })
    const a = rig.checkout("a", { owner: fiber("f") })
    rig.pass(50)
    rig.checkout("b")
    rig.adopt(a, fiber("g"))
    rig.calls()
    rig.pass(50)
    assert.deepStrictEqual(rig.calls(), [warning(1)])
  })

  it("one whose owner has ended well goes on, and is warned about", () => {
    const rig = MachineRig.open(warns)
    const owner = fiber("f")
    rig.checkout("a", { owner })
    rig.ownerDown(owner, true)
    rig.calls()
    rig.pass(100)
    assert.deepStrictEqual(rig.calls(), [warning(1)])
  })

  it("goes on while a drain waits for the lease", () => {
    const rig = MachineRig.open(warns)
    rig.checkout("a")
    rig.shutdown("drain")
    rig.pass(100)
    assert.deepStrictEqual(rig.calls(), [warning(1)])
  })
})

describe("Machine: leaseTimeout \"revoke\"", () => {
  it("ends the lease, closes its resource and replaces it", () => {
    const rig = MachineRig.open({ ...revokes, maxOverflow: 1 })
    const a = rig.checkout("a")
    rig.pass(99)
    assert.strictEqual(a.state, "lent")
    rig.pass(1)
    assert.deepStrictEqual([a.state, rig.calls()], ["ended", [revocation(1), "close 1", "open 2"]])
    rig.checkin(a)
    rig.destroyed(a)
    assert.deepStrictEqual(rig.calls(), [], "what the holder says of it later changes nothing")
  })

  it("who waits gets the next one", () => {
    const rig = MachineRig.open(revokes)
    rig.checkout("a")
    const b = rig.checkout("b", { wait: Infinity })
    rig.pass(100)
    rig.closed(1)
    rig.ready(2)
    assert.strictEqual(b.outcome, "lent 2")
  })

  it("all that are too old go in one round, the others stay", () => {
    const rig = MachineRig.open({ ...revokes, size: 4 })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    rig.pass(50)
    const c = rig.checkout("c")
    rig.pass(50)
    assert.deepStrictEqual([a.state, b.state, c.state], ["ended", "ended", "lent"])
    rig.pass(49)
    assert.strictEqual(c.state, "lent")
    rig.pass(1)
    assert.strictEqual(c.state, "ended")
  })

  it("somebody of the same key who waited for that lease gets what is idle", () => {
    const rig = MachineRig.open({ ...revokes, size: 2, fairness: { maxPerKey: 1 } })
    rig.checkout("a1", { key: "a" })
    const a2 = rig.checkout("a2", { key: "a" })
    rig.pass(100)
    assert.strictEqual(a2.outcome, "lent 1")
  })

  it("one that comes back in the batch of the round, whichever comes first: it ends once", () => {
    for (const order of ["checkin first", "round first"] as const) {
      const rig = MachineRig.open(revokes)
      const a = rig.checkout("a")
      rig.ports.time += 100
      const messages = [{ _tag: "Checkin", borrow: a }, { _tag: "Tick", now: rig.ports.time }] as const
      rig.batch(...(order === "checkin first" ? messages : [...messages].reverse()))
      assert.strictEqual(a.state, "ended")
      const calls = order === "checkin first" ? [] : [revocation(1), "close 1"]
      assert.deepStrictEqual(rig.calls(), calls, order)
    }
  })

  it("the deadline of one who waits and the end of the lease it waits for in one tick: the waiter is told once", () => {
    const rig = MachineRig.open({ ...revokes, size: 2, fairness: { maxPerKey: 1 } })
    rig.checkout("a1", { key: "a" })
    const a2 = rig.checkout("a2", { key: "a", wait: 100 })
    rig.pass(100)
    assert.lengthOf(a2.deliveries, 1)
    assert.include(["lent", "refused"], a2.state)
  })

  it("nobody holds what was granted and has not reached its asker: its time begins later, and that of the others does not", () => {
    const rig = MachineRig.open({ ...revokes, size: 2 })
    const [a, b] = [rig.checkout("a", { takes: false }), rig.checkout("b")]
    rig.pass(100)
    assert.deepStrictEqual([a.state, b.state], ["lent", "ended"])
    rig.taken(a)
    rig.pass(99)
    assert.strictEqual(a.state, "lent")
    rig.pass(1)
    assert.strictEqual(a.state, "ended")
  })

  it("nor does such a one hide those that are held for longer than it", () => {
    const rig = MachineRig.open({ ...revokes, size: 2 })
    rig.checkout("a", { takes: false })
    rig.pass(50)
    const b = rig.checkout("b")
    rig.pass(50)
    rig.pass(49)
    assert.strictEqual(b.state, "lent")
    rig.pass(1)
    assert.strictEqual(b.state, "ended")
  })

  it("while draining it is one that was forced", () => {
    const rig = MachineRig.open(revokes)
    rig.checkout("a")
    const end = rig.shutdown("drain")
    rig.pass(100)
    rig.closed(1)
    assert.deepStrictEqual(end.reports, [{ drained: 0, forced: 1 }])
  })

  it("also while draining, somebody of the same key gets what is idle", () => {
    const rig = MachineRig.open({ ...revokes, size: 2, fairness: { maxPerKey: 1 } })
    rig.checkout("a1", { key: "a" })
    const a2 = rig.checkout("a2", { key: "a", wait: Infinity })
    rig.shutdown("drain")
    rig.pass(100)
    assert.strictEqual(a2.outcome, "lent 1")
  })

  it("and while draining who waits is served by another one", () => {
    const rig = MachineRig.open({ ...revokes, maxOverflow: 1 })
    rig.checkout("a")
    rig.ports.time += 50
    const b = rig.checkout("b", { wait: Infinity })
    rig.openFailed(2)
    rig.shutdown("drain")
    rig.retryAfter(10)
    rig.pass(50)
    rig.closed(1)
    rig.readyAll()
    assert.strictEqual(b.state, "lent")
  })
})
