/** The end of a pool, with policies: the quiet period before a drain, and how long each worker has for its closing. */
import { assert, describe, it } from "@effect/vitest"
import { fiber, MachineRig } from "../../support/recordedPorts.ts"

describe("Machine: the quiet period", () => {
  it("the pool is open until nobody has asked for so long, then it drains", () => {
    const rig = MachineRig.open({ size: 2 })
    const end = rig.quiesce(100)
    assert.strictEqual(rig.status.state, "ready")
    rig.pass(99)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["close 2", "close 1"])
    rig.closedAll()
    assert.deepStrictEqual(end.reports, [{ drained: 0, forced: 0 }])
  })

  it("everybody is served meanwhile, and whoever asks prolongs it", () => {
    const rig = MachineRig.open()
    rig.quiesce(100)
    rig.pass(60)
    const a = rig.checkout("a")
    assert.strictEqual(a.outcome, "lent 1")
    rig.pass(40)
    assert.strictEqual(rig.machine.state.phase, "open")
    assert.strictEqual(rig.due, 60)
    rig.pass(59)
    assert.strictEqual(rig.machine.state.phase, "open")
    rig.pass(1)
    assert.strictEqual(rig.machine.state.phase, "draining", "a lease is waited for by the drain, not by the quiet")
    assert.strictEqual(rig.checkout("b").outcome, "PoolClosed")
    rig.checkin(a)
    rig.closed(1)
    assert.strictEqual(rig.machine.state.phase, "closed")
  })

  it("one who asks in vain has asked, too", () => {
    for (const asking of [{ mode: "try" }, { wait: 0 }, {}] as const) {
      const rig = MachineRig.open()
      rig.checkout("a")
      rig.quiesce(100)
      rig.pass(50)
      rig.checkout("b", asking)
      rig.pass(50)
      assert.strictEqual(rig.machine.state.phase, "open")
    }
  })

  it("one who gives something back, or is served after having waited, has not asked", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const b = rig.checkout("b", { wait: Infinity })
    rig.quiesce(100)
    rig.pass(50)
    rig.checkin(a)
    rig.taken(b)
    rig.checkin(b)
    rig.pass(50)
    assert.notStrictEqual(rig.machine.state.phase, "open")
  })

  it("nor has one that is served from what is idle, or whose first grant died", () => {
    const rig = MachineRig.open({ size: 2, fairness: { maxPerKey: 1 } })
    const a = rig.checkout("a", { key: "k" })
    const b = rig.checkout("b", { key: "k", wait: Infinity })
    rig.quiesce(100)
    rig.pass(50)
    rig.destroyed(a)
    assert.strictEqual(b.outcome, "lent 1")
    rig.died(1)
    rig.pass(50)
    assert.notStrictEqual(rig.machine.state.phase, "open")
  })

  it("it ends with the timeout at the latest, and that revokes", () => {
    const rig = MachineRig.open()
    const end = rig.quiesce(100, 250)
    let holder = rig.checkout("a")
    for (let i = 0; i < 4; i++) {
      rig.pass(60)
      rig.checkin(holder)
      holder = rig.checkout("again")
    }
    assert.strictEqual(rig.machine.state.phase, "open")
    rig.pass(9)
    assert.strictEqual(holder.state, "lent")
    rig.pass(1)
    assert.strictEqual(holder.state, "ended")
    rig.closed(1)
    assert.deepStrictEqual(end.reports, [{ drained: 0, forced: 1 }])
  })

  it("a shorter second one shortens it, a longer one does not change it", () => {
    for (const [first, second] of [[100, 300], [300, 100]] as const) {
      const rig = MachineRig.open()
      rig.quiesce(first)
      rig.pass(10)
      rig.quiesce(second)
      rig.pass(89)
      assert.strictEqual(rig.machine.state.phase, "open")
      rig.pass(1)
      assert.notStrictEqual(rig.machine.state.phase, "open")
      rig.closed(1)
      assert.strictEqual(rig.machine.state.deadlines.size, 0)
    }
  })

  it("a shorter second one counts from the last question, too", () => {
    const rig = MachineRig.open()
    rig.quiesce(1_000)
    rig.pass(100)
    rig.checkout("a")
    rig.pass(50)
    rig.quiesce(60)
    rig.pass(9)
    assert.strictEqual(rig.machine.state.phase, "open")
    rig.pass(1)
    assert.strictEqual(rig.machine.state.phase, "draining")
  })

  it("a second one whose quiet has already been drains with the next tick", () => {
    const rig = MachineRig.open()
    rig.quiesce(1_000)
    rig.pass(100)
    rig.quiesce(50)
    rig.pass(0)
    assert.notStrictEqual(rig.machine.state.phase, "open")
  })

  it("a shutdown without one drains at once, one that is not to wait ends all of it", () => {
    const drained = MachineRig.open()
    const first = drained.quiesce(1_000)
    const second = drained.shutdown("drain")
    drained.closed(1)
    assert.deepStrictEqual([first.reports, second.reports], [[{ drained: 0, forced: 0 }], [{ drained: 0, forced: 0 }]])
    const stopped = MachineRig.open()
    const a = stopped.checkout("a")
    stopped.quiesce(1_000)
    stopped.shutdown("now")
    assert.strictEqual(a.state, "ended")
    stopped.closed(1)
    assert.strictEqual(stopped.machine.state.deadlines.size, 0)
  })

  it("its end is no event for a pool that is closing already", () => {
    const rig = MachineRig.open({ workerShutdown: Infinity })
    const end = rig.quiesce(1_000)
    rig.shutdown("drain")
    rig.pass(1_000)
    assert.strictEqual(rig.machine.state.phase, "closing")
    rig.closed(1)
    assert.lengthOf(end.reports, 1)
  })

  it("the timer hears of it", () => {
    const rig = MachineRig.open()
    const { aims } = rig.ports
    rig.quiesce(100)
    assert.strictEqual(rig.ports.aims, aims + 1)
  })

  it("all that leave the pool during it leave no deadline behind", () => {
    const rig = MachineRig.open({ keepalive: 1_000 })
    rig.quiesce(100, 10_000)
    rig.pass(100)
    rig.closed(1)
    assert.strictEqual(rig.machine.state.phase, "closed")
    assert.strictEqual(rig.machine.state.deadlines.size, 0)
  })

  it("a lease of the fiber that waits for the end is revoked when the drain begins, not before", () => {
    const rig = MachineRig.open()
    const main = fiber("main")
    const a = rig.checkout("a", { guard: main })
    const end = rig.quiesce(100, Infinity, main)
    rig.pass(99)
    assert.strictEqual(a.state, "lent")
    rig.pass(1)
    assert.strictEqual(a.state, "ended")
    rig.closed(1)
    assert.deepStrictEqual(end.reports, [{ drained: 0, forced: 1 }])
  })

  it("what is lost during it is replaced: the pool is open", () => {
    const rig = MachineRig.open()
    rig.quiesce(100)
    rig.died(1)
    rig.closed(1)
    assert.deepStrictEqual(rig.calls(), ["open 2"])
  })

  it("a suspended pool is quiet, too: its waiters are served when the drain begins", () => {
    const rig = MachineRig.open()
    rig.suspend()
    const a = rig.checkout("a", { wait: Infinity })
    rig.quiesce(100)
    rig.pass(100)
    assert.strictEqual(a.outcome, "lent 1")
  })

  it("the housekeeper works on until the drain, and stops then", () => {
    const rig = MachineRig.open({ size: 2, keepalive: 40, validationTimeout: 1_000 })
    const a = rig.checkout("a")
    rig.quiesce(100)
    rig.pass(40)
    assert.deepStrictEqual(rig.calls(), ["probe 1"])
    rig.checked(1, "probe")
    rig.pass(40)
    rig.checked(1, "probe")
    rig.calls()
    rig.pass(20)
    rig.pass(40)
    assert.deepStrictEqual([rig.calls(), a.state], [[], "lent"])
  })
})

describe("Machine: workerShutdown", () => {
  it("each worker has so long for its closing when the pool ends, and is given up then", () => {
    const rig = MachineRig.open({ size: 2, closeTimeout: 10_000, workerShutdown: 100 })
    const end = rig.shutdown("drain")
    rig.closed(2)
    rig.pass(99)
    assert.deepStrictEqual(rig.calls(), ["close 2", "close 1"])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["giveUp 1"])
    rig.closed(1, true)
    assert.lengthOf(end.reports, 1)
  })

  it("while the pool is open a closing has closeTimeout", () => {
    const rig = MachineRig.open({ closeTimeout: 300, workerShutdown: 100 })
    rig.destroyed(rig.checkout("a"))
    rig.calls()
    rig.pass(299)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["giveUp 1"])
  })

  it("brutal_kill: told to close and given up at once, each of them once", () => {
    const rig = MachineRig.open({ size: 2, workerShutdown: 0 })
    const end = rig.shutdown("drain")
    assert.deepStrictEqual(rig.calls(), ["close 2", "giveUp 2", "close 1", "giveUp 1"])
    rig.pass(0)
    rig.pass(10_000)
    assert.deepStrictEqual(rig.calls(), [])
    rig.closed(1, true)
    rig.closed(2, true)
    assert.lengthOf(end.reports, 1)
    assert.strictEqual(rig.machine.state.deadlines.size, 0)
  })

  it("brutal_kill: also those that are opening, lent, being reset or validated", () => {
    const rig = MachineRig.open({ size: 3, workerShutdown: 0, resets: true, validates: true, validationBypass: 100 })
    rig.evict([3])
    rig.closed(3)
    rig.checkin(rig.checkout("a"))
    rig.ports.time += 100
    rig.checkout("b")
    assert.deepStrictEqual([rig.status.resetting, rig.status.validating, rig.status.opening], [1, 1, 1])
    rig.calls()
    rig.shutdown("now")
    assert.deepStrictEqual(rig.calls().filter((call) => call.startsWith("giveUp")), [
      "giveUp 4",
      "giveUp 2",
      "giveUp 1"
    ])
  })

  it("brutal_kill: a second shutdown gives nobody up once more", () => {
    const rig = MachineRig.open({ workerShutdown: 0 })
    rig.shutdown("drain")
    rig.shutdown("now")
    assert.deepStrictEqual(rig.calls(), ["close 1", "giveUp 1"])
  })

  it("brutal_kill: one that began to close before is not waited for any longer either", () => {
    const rig = MachineRig.open({ closeTimeout: 10_000, workerShutdown: 0 })
    rig.destroyed(rig.checkout("a"))
    rig.calls()
    rig.shutdown("now")
    assert.deepStrictEqual(rig.calls(), ["giveUp 1"])
  })

  it("a worker that began to close before has no longer than the others", () => {
    const rig = MachineRig.open({ size: 2, closeTimeout: 10_000, workerShutdown: 100 })
    rig.destroyed(rig.checkout("a"))
    rig.shutdown("now")
    rig.calls()
    rig.pass(100)
    assert.sameMembers([...rig.calls()], ["giveUp 2", "giveUp 1"])
  })

  it("nor does the end of the pool give it more than it had", () => {
    const rig = MachineRig.open({ size: 2, closeTimeout: 200, workerShutdown: 10_000 })
    rig.destroyed(rig.checkout("a"))
    rig.pass(150)
    rig.shutdown("now")
    rig.calls()
    rig.pass(50)
    assert.deepStrictEqual(rig.calls(), ["giveUp 2"])
  })

  it("Infinity: waited for as long as it takes", () => {
    const rig = MachineRig.open({ workerShutdown: Infinity })
    rig.shutdown("drain")
    assert.isUndefined(rig.due)
    rig.pass(1_000_000)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
    rig.closed(1)
    assert.strictEqual(rig.machine.state.phase, "closed")
  })

  it("what is revoked by the deadline of the shutdown has it, too", () => {
    const rig = MachineRig.open({ workerShutdown: 50 })
    rig.checkout("a")
    rig.shutdown("drain", 100)
    rig.pass(100)
    rig.pass(50)
    assert.deepStrictEqual(rig.calls(), ["close 1", "giveUp 1"])
  })
})
