/** Several things that fall due in one tick, in any order: each of them happens once, and none of them undoes another. */
import { assert, describe, it } from "@effect/vitest"
import { MachineRig } from "../../support/recordedPorts.ts"

describe("Machine: in one tick", () => {
  it("the end of a lifetime and a probe: it is closed, not probed", () => {
    const rig = MachineRig.open({ keepalive: 100, maxLifetime: 100, lifetimeJitter: 0 })
    rig.pass(100)
    assert.deepStrictEqual([rig.calls(), rig.machine.state.probing], [["close 1"], 0])
  })

  it("the end of a lifetime and idleTimeout: it is closed once", () => {
    const rig = MachineRig.open({ size: 2, minIdle: 1, maxLifetime: 100, lifetimeJitter: 0, idleTimeout: 100 })
    rig.pass(100)
    assert.deepStrictEqual(rig.calls(), ["close 1", "open 2"])
  })

  it("the end of a lifetime and that of its successor's opening: the replacement is the only one", () => {
    const rig = MachineRig.open({ maxOverflow: 1, maxLifetime: 1_000, lifetimeJitter: 0, openTimeout: 50 })
    rig.pass(950)
    assert.deepStrictEqual(rig.calls(), ["open 2"])
    rig.pass(50)
    assert.sameMembers([...rig.calls()], ["close 1", "giveUp 2"])
    rig.closed(1)
    rig.openFailed(2, "OpenTimeout")
    rig.retryAfter(10)
    rig.pass(10)
    rig.readyAll()
    assert.strictEqual(rig.numbers, "1/0/0/0/0")
  })

  it("the end of a reset and that of a shutdown: it is closed once, and not given up before its time", () => {
    const rig = MachineRig.open({ size: 2, resets: true, resetTimeout: 100, workerShutdown: 200 })
    rig.checkout("a")
    rig.checkin(rig.checkout("b"))
    rig.shutdown("drain", 100)
    rig.calls()
    rig.pass(100)
    assert.sameMembers([...rig.calls()], ["close 1", "close 2"])
    rig.pass(199)
    assert.deepStrictEqual(rig.calls(), [])
    rig.closedAll()
    assert.strictEqual(rig.machine.state.phase, "closed")
    assert.strictEqual(rig.machine.state.deadlines.size, 0)
  })

  it("the end of a quiet period and that of the shutdown: each lease is revoked once", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const end = rig.quiesce(100, 100)
    rig.pass(100)
    rig.closed(1)
    assert.strictEqual(a.state, "ended")
    assert.deepStrictEqual(end.reports, [{ drained: 0, forced: 1 }])
  })

  it("the end of a lease and its waiter's time: the waiter is told once", () => {
    const rig = MachineRig.open({
      maxOverflow: 1,
      leaseTimeout: { after: 100, action: "revoke" },
      openTimeout: Infinity
    })
    const a = rig.checkout("a")
    const b = rig.checkout("b", { wait: 100 })
    rig.pass(100)
    assert.deepStrictEqual([a.state, b.outcome, b.deliveries], ["ended", "CheckoutTimeout", ["refused"]])
  })

  it("the end of a back-off and that of a lifetime: one opening, for one has failed", () => {
    const rig = MachineRig.open({ size: 2, maxOverflow: 1, maxLifetime: 1_000, lifetimeJitter: 0, openTimeout: 1 })
    rig.died(2)
    rig.openFailed(3)
    rig.retryAfter(1_000)
    rig.closed(2)
    rig.calls()
    rig.pass(1_000)
    assert.sameMembers([...rig.calls()], ["close 1", "open 4"])
  })

  it("the ends of several checks: each asker has the next one, as long as there are any", () => {
    const rig = MachineRig.open({ size: 3, validates: true, validationBypass: 0, validationTimeout: 100 })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    rig.pass(100)
    assert.deepStrictEqual(rig.calls().filter((call) => call.startsWith("validate")), [
      "validate 3",
      "validate 2",
      "validate 1"
    ])
    rig.checked(1, "validate")
    assert.deepStrictEqual([a.outcome, b.outcome], ["lent 1", "waiting"])
  })

  it("a tick that comes late does all that was due, and one that comes early does nothing", () => {
    const rig = MachineRig.open({ size: 4, maxLifetime: 1_000, lifetimeJitter: 0, keepalive: 100 })
    rig.pass(50)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(100_000)
    assert.deepStrictEqual(rig.calls(), ["close 1", "close 2", "close 3", "close 4"])
  })
})
