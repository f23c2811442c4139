import { assert, describe, it } from "@effect/vitest"
import { fiber, MachineRig } from "../../support/recordedPorts.ts"

describe("Machine: a lease ends once", () => {
  it("F-1 a double checkin makes its resource idle once", () => {
    const rig = MachineRig.open({ size: 2 })
    const a = rig.checkout("a")
    rig.checkin(a)
    rig.checkin(a)
    assert.strictEqual(rig.numbers, "2/0/0/0/0")
  })

  it("F-1 a stale checkin does not end the lease that came after it", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    rig.checkin(a)
    const b = rig.checkout("b")
    rig.checkin(a)
    rig.destroyed(a)
    rig.cancel(a)
    rig.send({ _tag: "Unreachable", borrow: a })
    rig.adopt(a, fiber("adopter"))
    assert.strictEqual(b.outcome, "lent 1")
    assert.deepStrictEqual(rig.calls(), [])
  })

  it("B-16 a checkin after the lease was destroyed or revoked is ignored", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    rig.destroyed(a)
    rig.checkin(a)
    rig.destroyed(a)
    assert.deepStrictEqual(rig.calls(), ["close 1"], "closed exactly once")
    rig.closed(1)
    rig.ready(2)
    const b = rig.checkout("b")
    rig.shutdown("now")
    rig.checkin(b)
    assert.strictEqual(rig.numbers, "0/0/0/1/0")
  })

  it("forgets its resource as it ends: the machine holds on to neither", () => {
    const rig = MachineRig.open({ size: 1, maxOverflow: 1 })
    const a = rig.checkout("a", { owner: fiber("f") })
    const worker = a.worker!
    worker.seat.lease = {}
    rig.checkin(a)
    assert.deepStrictEqual([a.worker, worker.seat.borrow, worker.seat.lease, worker.seat.owner], [
      undefined,
      undefined,
      undefined,
      undefined
    ])
    rig.destroyed(rig.checkout("b"))
    assert.strictEqual(rig.worker(1).resource, undefined)
  })

  it("H-6 what an unknown or gone worker says changes nothing", () => {
    const rig = MachineRig.open()
    rig.destroyed(rig.checkout("a"))
    rig.ready(1)
    rig.closed(1)
    rig.calls()
    rig.ready(1)
    rig.died(1)
    rig.closed(1)
    rig.openFailed(1)
    assert.strictEqual(rig.numbers, "0/0/1/0/0")
    assert.deepStrictEqual(rig.calls(), [])
  })
})

describe("Machine: destroyed", () => {
  it("closes the resource and opens another in its place, as soon as there is room", () => {
    const rig = MachineRig.open()
    rig.destroyed(rig.checkout("a"))
    assert.deepStrictEqual(rig.calls(), ["close 1"])
    assert.strictEqual(rig.numbers, "0/0/0/1/0", "D-1: closing counts")
    rig.closed(1)
    assert.deepStrictEqual(rig.calls(), ["open 2"])
  })

  it("opens the replacement at once where the bound allows", () => {
    const rig = MachineRig.open({ size: 1, maxOverflow: 1 })
    rig.destroyed(rig.checkout("a"))
    assert.deepStrictEqual(rig.calls(), ["close 1", "open 2"])
  })

  it("does not replace overflow for which nobody waits", () => {
    const rig = MachineRig.open({ size: 1, maxOverflow: 1 })
    rig.checkout("a")
    const b = rig.checkout("b")
    rig.ready(2)
    rig.taken(b)
    rig.calls()
    rig.destroyed(b)
    rig.closed(2)
    assert.deepStrictEqual(rig.calls(), ["close 2"])
  })
})

describe("Machine: owners", () => {
  it("a fiber is monitored once, however many leases it takes", () => {
    const rig = MachineRig.open({ size: 3 })
    const [f, g] = [fiber("f"), fiber("g")]
    const a = rig.checkout("a", { owner: f })
    rig.checkout("b", { owner: f })
    rig.checkin(a)
    rig.checkout("c", { owner: f })
    rig.checkout("d", { owner: g })
    assert.deepStrictEqual(rig.calls(), ["monitor f", "monitor g"])
  })

  it("a waiter's owner is monitored at the grant and not before", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    rig.checkout("b", { owner: fiber("f") })
    assert.deepStrictEqual(rig.calls(), [])
    rig.checkin(a)
    assert.deepStrictEqual(rig.calls(), ["monitor f", "reply b lent 1"])
  })

  it("H-1 an owner that fails abandons all its leases in one message: closed and replaced by default", () => {
    const rig = MachineRig.open({ size: 3 })
    const f = fiber("f")
    const [a, b] = [rig.checkout("a", { owner: f }), rig.checkout("b", { owner: f })]
    const c = rig.checkout("c", { owner: fiber("g") })
    rig.calls()
    rig.ownerDown(f, false)
    assert.deepStrictEqual([a.outcome, b.outcome], ["ended", "ended"])
    assert.strictEqual(c.state, "lent")
    assert.deepStrictEqual(rig.calls().length, 2)
    assert.strictEqual(rig.numbers, "0/1/0/2/0")
  })

  it("H-1 onAbandoned checkin: they go back as poolboy's do, to the waiters first", () => {
    const rig = MachineRig.open({ size: 2, onAbandoned: "checkin" })
    const f = fiber("f")
    rig.checkout("a", { owner: f })
    rig.checkout("b", { owner: f })
    const c = rig.checkout("c")
    rig.ownerDown(f, false)
    assert.strictEqual(c.state, "lent")
    assert.strictEqual(rig.numbers, "1/1/0/0/0")
  })

  it("an owner that ends with success has handed its leases on: they live without an owner, watched by the collector", () => {
    const rig = MachineRig.open({ size: 2 })
    const f = fiber("f")
    const [a, b] = [rig.checkout("a", { owner: f }), rig.checkout("b", { owner: f })]
    rig.calls()
    rig.ownerDown(f, true)
    assert.deepStrictEqual([a.state, b.state, a.seat?.owner], ["lent", "lent", undefined])
    assert.deepStrictEqual([...rig.calls()].sort(), ["orphan a", "orphan b"])
    rig.checkin(a)
    assert.strictEqual(rig.numbers, "1/1/0/0/0")
  })

  it("onOwnerSuccess abandon: Erlang's rule, success abandons too", () => {
    const rig = MachineRig.open({ onOwnerSuccess: "abandon" })
    const f = fiber("f")
    const a = rig.checkout("a", { owner: f })
    rig.ownerDown(f, true)
    assert.strictEqual(a.outcome, "ended")
    assert.strictEqual(rig.numbers, "0/0/0/1/0")
  })

  it("an owner that comes again after its end was told is monitored anew", () => {
    const rig = MachineRig.open({ onAbandoned: "checkin" })
    const f = fiber("f")
    rig.checkout("a", { owner: f })
    rig.ownerDown(f, false)
    rig.calls()
    rig.checkout("b", { owner: f })
    assert.deepStrictEqual(rig.calls(), ["monitor f"])
  })

  it("F-6 a lease given back by anybody is back, and its owner's end later changes nothing", () => {
    const rig = MachineRig.open()
    const f = fiber("f")
    const a = rig.checkout("a", { owner: f })
    rig.checkin(a)
    const b = rig.checkout("b")
    rig.calls()
    rig.ownerDown(f, false)
    assert.strictEqual(b.outcome, "lent 1")
    assert.deepStrictEqual(rig.calls(), [])
  })

  it("a lease without an owner survives every fiber's end", () => {
    const rig = MachineRig.open({ size: 2 })
    const f = fiber("f")
    const a = rig.checkout("a")
    rig.checkout("b", { owner: f })
    rig.ownerDown(f, false)
    assert.strictEqual(a.state, "lent")
  })

  it("leases leave their owner from the middle, the newest and the oldest end alike", () => {
    for (const leaver of [0, 1, 2]) {
      const rig = MachineRig.open({ size: 3 })
      const f = fiber("f")
      const leases = ["a", "b", "c"].map((name) => rig.checkout(name, { owner: f }))
      rig.checkin(leases[leaver]!)
      const next = rig.checkout("next")
      rig.ownerDown(f, false)
      assert.deepStrictEqual(leases.map(({ state }) => state), ["ended", "ended", "ended"])
      assert.strictEqual(next.state, "lent")
      assert.strictEqual(rig.numbers, "0/1/0/2/0")
    }
  })
})

describe("Machine: adopt", () => {
  it("moves the lease to its new owner: the old one's end means nothing to it any more", () => {
    const rig = MachineRig.open()
    const [f, g] = [fiber("f"), fiber("g")]
    const a = rig.checkout("a", { owner: f })
    rig.adopt(a, g)
    assert.deepStrictEqual(rig.calls(), ["monitor f", "monitor g"])
    rig.ownerDown(f, false)
    assert.strictEqual(a.state, "lent")
    rig.ownerDown(g, false)
    assert.strictEqual(a.outcome, "ended")
  })

  it("gives an ownerless lease an owner again", () => {
    const rig = MachineRig.open()
    const [f, g] = [fiber("f"), fiber("g")]
    const a = rig.checkout("a", { owner: f })
    rig.ownerDown(f, true)
    rig.adopt(a, g)
    rig.ownerDown(g, false)
    assert.strictEqual(a.outcome, "ended")
  })

  it("by its own owner changes nothing", () => {
    const rig = MachineRig.open()
    const f = fiber("f")
    const a = rig.checkout("a", { owner: f })
    rig.adopt(a, f)
    assert.deepStrictEqual(rig.calls(), ["monitor f"])
    assert.strictEqual(a.seat?.owner?.fiber, f)
  })
})

describe("Machine: an unreachable lease", () => {
  it("is abandoned: closed and replaced", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    rig.send({ _tag: "Unreachable", borrow: a })
    assert.deepStrictEqual(rig.calls(), ["close 1"])
    assert.strictEqual(a.outcome, "ended")
  })

  it("goes back under onAbandoned checkin", () => {
    const rig = MachineRig.open({ onAbandoned: "checkin" })
    const a = rig.checkout("a")
    rig.send({ _tag: "Unreachable", borrow: a })
    assert.strictEqual(rig.numbers, "1/0/0/0/0")
  })
})

describe("Machine: restartIntensity", () => {
  const limited = (size = 2) => MachineRig.open({ size, restartIntensity: { intensity: 2, period: 10_000 } })

  it("says that it is exhausted with the death that is one too many, and not before", () => {
    const rig = limited()
    for (const id of [1, 2]) rig.died(id)
    for (const id of [1, 2]) rig.closed(id)
    for (const id of [3, 4]) rig.ready(id)
    assert.notInclude(rig.calls().join(), "exhausted")
    rig.died(3)
    assert.include(rig.calls(), "exhausted: pool \"db\": more than 2 resources died within 10.000 s")
  })

  it("counts a death exactly `period` ago, as OTP does, and none that is older", () => {
    const rig = limited()
    for (const id of [1, 2]) rig.died(id)
    for (const id of [1, 2]) rig.closed(id)
    for (const id of [3, 4]) rig.ready(id)
    rig.pass(10_001)
    rig.died(3)
    assert.notInclude(rig.calls().join(), "exhausted")
    rig.closed(3)
    rig.ready(5)
    rig.died(4)
    rig.pass(10_000)
    rig.closed(4)
    rig.ready(6)
    rig.died(5)
    assert.include(rig.calls().join(), "exhausted")
  })

  it("counts the dead alone: neither what is destroyed nor what does not open", () => {
    const rig = MachineRig.open({ size: 1, restartIntensity: { intensity: 0, period: 10_000 } })
    for (const id of [1, 2, 3]) {
      rig.destroyed(rig.checkout(`${id}`))
      rig.closed(id)
      rig.ready(id + 1)
    }
    rig.destroyed(rig.checkout("a"))
    rig.closed(4)
    rig.openFailed(5)
    assert.notInclude(rig.calls().join(), "exhausted")
  })

  it("is unlimited unless somebody has said so", () => {
    const rig = MachineRig.open({ size: 1 })
    for (let id = 1; id <= 100; id++) {
      rig.checkin(rig.checkout(`${id}`))
      rig.died(id)
      rig.closed(id)
      rig.ready(id + 1)
    }
    assert.notInclude(rig.calls().join(), "exhausted")
  })
})
