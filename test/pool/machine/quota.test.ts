/** A pool that shares a limit with others: it opens what it may, and gives up what another one needs more. */
import { assert, describe, it } from "@effect/vitest"
import { MachineRig } from "../../support/recordedPorts.ts"

/** With others, that have given so many tickets before. */
const among = (tickets: number) => ({ last: tickets })

describe("Machine: a shared limit", () => {
  it("K2 nothing is opened without a place, and the next tick asks again", () => {
    const rig = new MachineRig({ size: 2, start: "lazy" }, among(0))
    rig.ports.places = 1
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    assert.deepStrictEqual(rig.calls(), ["open 1"])
    rig.ready(1)
    assert.deepStrictEqual([a.outcome, b.outcome], ["lent 1", "waiting"])
    rig.ports.places = 2
    rig.calls()
    rig.pass(0)
    assert.deepStrictEqual(rig.calls(), ["open 2"])
  })

  it("a tryCheckout opens nothing without a place either", () => {
    const rig = new MachineRig({ size: 2, start: "lazy" }, among(0))
    rig.ports.places = 0
    assert.strictEqual(rig.checkout("a", { mode: "try" }).outcome, "PoolFull")
    assert.deepStrictEqual(rig.calls(), [])
    rig.ports.places = 1
    rig.checkout("b", { mode: "try" })
    assert.deepStrictEqual(rig.calls(), ["open 1"])
  })

  it("a place is held until its worker has gone, in whatever way: closed, given up, failed, detached", () => {
    const rig = MachineRig.open({ size: 4, maxOverflow: 1 }, among(0))
    rig.ports.places = 4
    assert.strictEqual(rig.ports.claimed, 4)
    rig.destroyed(rig.checkout("a"))
    rig.died(3)
    assert.isTrue(rig.detach(rig.checkout("b")))
    assert.strictEqual(rig.ports.claimed, 4, "one more is being opened")
    rig.closed(4)
    rig.closed(3, true)
    rig.openFailed(5)
    assert.strictEqual(rig.ports.claimed, rig.machine.state.workers.size)
    rig.shutdown("now")
    rig.closedAll()
    assert.strictEqual(rig.ports.claimed, 0)
  })

  it("a detached one that has just died keeps its place until it is closed", () => {
    const rig = MachineRig.open({}, among(0))
    const a = rig.checkout("a")
    rig.ports.isThere = false
    assert.isFalse(rig.detach(a))
    assert.deepStrictEqual([rig.calls(), rig.ports.claimed, rig.numbers], [["detach 1", "close 1"], 1, "0/0/0/1/0"])
  })

  it("the tickets of its waiters go on from those of the others", () => {
    const rig = MachineRig.open({}, among(41))
    rig.checkout("a")
    const b = rig.checkout("b")
    assert.strictEqual(b.ticket, 43)
  })

  it("what comes back is closed where another pool needs its place more than who waits here, or than nobody", () => {
    const asked: Array<number | undefined> = []
    const rig = MachineRig.open({ size: 2 }, among(0))
    rig.ports.isWanted = (ticket) => {
      asked.push(ticket)
      return true
    }
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    const c = rig.checkout("c")
    rig.checkin(a)
    assert.deepStrictEqual([c.outcome, rig.calls(), asked], ["waiting", ["close 2"], [c.ticket]])
    rig.cancel(c)
    rig.checkin(b)
    assert.deepStrictEqual([rig.calls(), asked], [["close 1"], [c.ticket, undefined]])
  })

  it("and what is new as well", () => {
    const rig = new MachineRig({ size: 1 }, among(0))
    rig.ports.isWanted = () => true
    rig.ready(1)
    assert.deepStrictEqual(rig.calls(), ["open 1", "close 1"])
  })

  it("nobody asks where there is no limit to share", () => {
    for (const maxUses of [10, Infinity]) {
      const rig = MachineRig.open({ maxUses })
      rig.ports.isWanted = () => assert.fail("there is nobody else")
      rig.checkin(rig.checkout("a"))
      assert.strictEqual(rig.numbers, "1/0/0/0/0")
    }
  })
})

describe("Machine: a shared limit, and resources that several have", () => {
  it("one that another pool needs more is lent to nobody new, though its leases overlap, and is closed after the last", () => {
    const rig = MachineRig.open({ concurrency: 2 }, among(0))
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    rig.ports.isWanted = () => true
    rig.checkin(a)
    const c = rig.checkout("c")
    assert.deepStrictEqual([c.outcome, rig.calls()], ["waiting", []])
    rig.checkin(b)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
  })

  it("stays where nobody needs it more", () => {
    const rig = MachineRig.open({ concurrency: 2 }, among(0))
    const [a] = [rig.checkout("a"), rig.checkout("b")]
    rig.checkin(a)
    assert.strictEqual(rig.checkout("c").outcome, "lent 1")
  })
})
