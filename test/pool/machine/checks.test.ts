/** What is run on a resource between borrowers: `reset`, the probes of `keepalive`, `shouldRetire`. */
import { assert, describe, it } from "@effect/vitest"
import { Cause } from "effect"
import type { Borrow } from "../../../src/pool/internal/borrow.ts"
import type { Message } from "../../../src/pool/Message.ts"
import { fiber, MachineRig } from "../../support/recordedPorts.ts"

const validating = { validates: true, validationBypass: 500, validationTimeout: 200 }

const probed = (rig: MachineRig, id: number): Message => ({
  _tag: "Checked",
  worker: rig.worker(id),
  job: "probe",
  ok: true,
  cause: undefined
})
const checkin = (borrow: Borrow): Message => ({ _tag: "Checkin", borrow })
const cancel = (borrow: Borrow): Message => ({ _tag: "Cancel", borrow })
const died = (rig: MachineRig, id: number): Message => ({
  _tag: "Exited",
  worker: rig.worker(id),
  reason: { _tag: "Died", cause: Cause.die("hung up") }
})

describe("Machine: reset", () => {
  const resetting = { resets: true, resetTimeout: 100 }

  it("R3 what comes back is reset before it is idle", () => {
    const rig = MachineRig.open(resetting)
    rig.checkin(rig.checkout("a"))
    assert.deepStrictEqual(rig.calls(), ["reset 1"])
    assert.deepStrictEqual([rig.numbers, rig.status.resetting], ["0/0/0/0/0", 1])
    rig.checked(1, "reset")
    assert.deepStrictEqual([rig.numbers, rig.status.resetting], ["1/0/0/0/0", 0])
  })

  it("F-8 given somebody waits, when it comes back, then it is lent after its reset, and not before", () => {
    const rig = MachineRig.open(resetting)
    const a = rig.checkout("a")
    const b = rig.checkout("b")
    rig.checkin(a)
    assert.deepStrictEqual([b.outcome, rig.calls()], ["waiting", ["reset 1"]])
    rig.checked(1, "reset")
    assert.deepStrictEqual(rig.calls(), ["reply b lent 1"])
  })

  it("a newcomer waits for the reset, and nothing is opened for it", () => {
    const rig = MachineRig.open({ ...resetting, maxOverflow: 1 })
    rig.checkin(rig.checkout("a"))
    const b = rig.checkout("b")
    assert.deepStrictEqual([b.outcome, rig.calls()], ["waiting", ["reset 1"]])
    assert.strictEqual(rig.checkout("c", { mode: "try" }).outcome, "PoolFull")
    rig.checkout("d")
    assert.deepStrictEqual(rig.calls(), ["open 2"])
  })

  it("what was cancelled before anybody had it is not reset", () => {
    const rig = MachineRig.open(resetting)
    rig.cancel(rig.checkout("a", { takes: false }))
    assert.deepStrictEqual([rig.calls(), rig.numbers], [[], "1/0/0/0/0"])
  })

  it("one that its owner has abandoned is reset, too, where that is a checkin", () => {
    const rig = MachineRig.open({ ...resetting, onAbandoned: "checkin" })
    const owner = fiber("owner")
    rig.checkout("a", { owner })
    rig.calls()
    rig.ownerDown(owner, false)
    assert.deepStrictEqual(rig.calls(), ["reset 1"])
  })

  it("F-4 given reset fails, then it is closed, replaced, and a line says what was wrong", () => {
    const rig = MachineRig.open({ ...resetting, maxOverflow: 1 })
    rig.checkin(rig.checkout("a"))
    rig.checked(1, "reset", false, Cause.fail("rolled back in vain"))
    assert.deepStrictEqual(rig.calls(), ["reset 1", "warning: a reset failed with string", "close 1", "open 2"])
  })

  it("one that is not to be kept (shouldRetire) is closed without a line", () => {
    const rig = MachineRig.open({ asksToRetire: true })
    rig.checkin(rig.checkout("a"))
    rig.checked(1, "reset", false)
    assert.deepStrictEqual(rig.calls(), ["reset 1", "close 1"])
  })

  it("a reset that takes longer than resetTimeout retires the resource, and who waits gets another", () => {
    const rig = MachineRig.open({ ...resetting, maxOverflow: 1 })
    const a = rig.checkout("a")
    const b = rig.checkout("b")
    rig.checkin(a)
    rig.pass(99)
    assert.strictEqual(rig.status.resetting, 1)
    rig.calls()
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
    rig.checked(1, "reset")
    assert.strictEqual(b.outcome, "waiting", "a late verdict is not heard")
    rig.ready(2)
    assert.strictEqual(b.outcome, "lent 2")
  })

  it("one that takes its time without a limit has no deadline", () => {
    const rig = MachineRig.open({ resets: true, resetTimeout: Infinity })
    rig.checkin(rig.checkout("a"))
    assert.isUndefined(rig.due)
  })

  it("one that dies while it is reset is replaced at once", () => {
    const rig = MachineRig.open({ ...resetting, maxOverflow: 1 })
    rig.checkin(rig.checkout("a"))
    rig.calls()
    rig.died(1)
    assert.deepStrictEqual(rig.calls(), ["open 2"])
    assert.deepStrictEqual([rig.numbers, rig.status.resetting], ["0/0/1/1/0", 0])
    rig.checked(1, "reset")
    assert.strictEqual(rig.numbers, "0/0/1/1/0")
  })

  it("overflow is reset for who waits, and closed after it where nobody does", () => {
    const rig = MachineRig.open({ ...resetting, maxOverflow: 1 })
    const a = rig.checkout("a")
    const b = rig.checkout("b")
    rig.ready(2)
    rig.taken(b)
    rig.checkin(b)
    rig.calls()
    rig.checked(2, "reset")
    assert.deepStrictEqual(rig.calls(), ["close 2"])
    assert.strictEqual(a.outcome, "lent 1")
  })

  it("what was reset counts as seen well from then on", () => {
    const rig = MachineRig.open({ ...validating, ...resetting })
    rig.checkin(rig.checkout("a"))
    rig.pass(90)
    rig.checked(1, "reset")
    rig.ports.time += 499
    assert.strictEqual(rig.checkout("b").outcome, "lent 1")
  })

  it("with validation, too: what was reset and goes to somebody is not validated", () => {
    const rig = MachineRig.open({ ...validating, ...resetting, validationBypass: 0 })
    const a = rig.checkout("a")
    rig.checked(1, "validate")
    rig.taken(a)
    const b = rig.checkout("b")
    rig.checkin(a)
    rig.checked(1, "reset")
    assert.strictEqual(b.outcome, "lent 1")
  })

  it("I-2 a drain does not wait for a reset that nobody waits for, and waits for one that somebody does", () => {
    const rig = MachineRig.open({ ...resetting, size: 2 })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    const c = rig.checkout("c")
    const end = rig.shutdown("drain")
    rig.checkin(a)
    rig.calls()
    rig.checked(2, "reset")
    rig.taken(c)
    assert.strictEqual(c.outcome, "lent 2")
    rig.checkin(b)
    rig.calls()
    rig.checkin(c)
    assert.deepStrictEqual(rig.calls(), ["reset 2", "close 2", "close 1"])
    rig.closedAll()
    assert.deepStrictEqual(end.reports, [{ drained: 3, forced: 0 }])
    assert.strictEqual(rig.machine.state.deadlines.size, 0)
  })
})

describe("Machine: keepalive", () => {
  const keepalive = { keepalive: 100, validationTimeout: 50 }

  it("H8 an idle resource is probed when it has not been seen well for so long, and again after as long", () => {
    const rig = MachineRig.open(keepalive)
    rig.pass(99)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual([rig.calls(), rig.status.validating], [["probe 1"], 1])
    rig.pass(10)
    rig.checked(1, "probe")
    assert.strictEqual(rig.numbers, "1/0/0/0/0")
    rig.pass(99)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["probe 1"])
  })

  it("what is borrowed is not probed, and its return counts as seen well", () => {
    const rig = MachineRig.open(keepalive)
    const a = rig.checkout("a")
    rig.pass(500)
    rig.checkin(a)
    rig.pass(99)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["probe 1"])
  })

  it("at most a quarter is probed at once, the coldest first, and the next when one has ended", () => {
    const rig = MachineRig.open({ ...keepalive, size: 8 })
    rig.pass(100)
    assert.deepStrictEqual(rig.calls(), ["probe 1", "probe 2"])
    assert.strictEqual(rig.machine.state.probing, 2)
    rig.checked(2, "probe")
    rig.pass(0)
    assert.deepStrictEqual(rig.calls(), ["probe 3"])
    rig.checked(1, "probe", false)
    rig.pass(0)
    assert.deepStrictEqual(rig.calls(), ["close 1", "probe 4"])
  })

  it("a few are probed one after the other", () => {
    const rig = MachineRig.open({ ...keepalive, size: 3 })
    rig.pass(100)
    assert.deepStrictEqual(rig.calls(), ["probe 1"])
    assert.strictEqual(rig.checkout("a").outcome, "lent 3", "the rest can be lent")
  })

  it("only those are probed that have not been seen for so long", () => {
    const rig = MachineRig.open({ ...keepalive, size: 12 })
    const a = rig.checkout("a")
    rig.ports.time += 60
    rig.checkin(a)
    rig.evict([2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    rig.calls()
    rig.pass(40)
    assert.deepStrictEqual(rig.calls(), ["probe 1"])
  })

  it("while as many are probed as may be, nothing is due but the ends of these probes", () => {
    const rig = MachineRig.open({ ...keepalive, size: 2 })
    rig.pass(100)
    assert.deepStrictEqual([rig.due, rig.machine.state.deadlines.size], [50, 1])
  })

  it("G-3 given several idle ones, when one fails its probe, then only that one goes, and it is replaced", () => {
    const rig = MachineRig.open({ ...keepalive, size: 3 })
    rig.pass(100)
    rig.checked(1, "probe", false)
    assert.deepStrictEqual([rig.calls(), rig.numbers], [["probe 1", "close 1"], "2/0/0/1/0"])
    rig.closed(1)
    assert.deepStrictEqual(rig.calls(), ["open 4"])
  })

  it("a probe that takes too long retires the resource", () => {
    const rig = MachineRig.open(keepalive)
    rig.pass(100)
    rig.calls()
    rig.pass(50)
    assert.deepStrictEqual([rig.calls(), rig.machine.state.probing], [["close 1"], 0])
  })

  it("one that dies while it is probed is replaced, and its verdict is not heard", () => {
    const rig = MachineRig.open({ ...keepalive, size: 4, maxOverflow: 1 })
    rig.pass(100)
    rig.calls()
    rig.batch(died(rig, 1), probed(rig, 1))
    assert.strictEqual(rig.machine.state.probing, 0)
    rig.pass(0)
    assert.deepStrictEqual(rig.calls(), ["open 5", "probe 2"])
  })

  it("a newcomer who finds all in the middle of their probes waits for them, and opens nothing", () => {
    const rig = MachineRig.open({ ...keepalive, maxOverflow: 1 })
    rig.pass(100)
    const a = rig.checkout("a")
    assert.deepStrictEqual([a.outcome, rig.calls()], ["waiting", ["probe 1"]])
    rig.checked(1, "probe")
    assert.strictEqual(a.outcome, "lent 1")
  })

  it("one that waits for nothing does not wait for a probe either", () => {
    const rig = MachineRig.open(keepalive)
    rig.pass(100)
    assert.strictEqual(rig.checkout("a", { mode: "try" }).outcome, "PoolFull")
    assert.strictEqual(rig.checkout("b", { wait: 0 }).outcome, "CheckoutTimeout")
  })

  it("where the probe fails that somebody waits for, another one is opened", () => {
    const rig = MachineRig.open({ ...keepalive, maxOverflow: 1 })
    rig.pass(100)
    const a = rig.checkout("a")
    rig.checked(1, "probe", false)
    assert.deepStrictEqual(rig.calls(), ["probe 1", "close 1", "open 2"])
    rig.ready(2)
    assert.strictEqual(a.outcome, "lent 2")
  })

  it("a probe does not make a resource younger: it has its old place", () => {
    for (const strategy of ["lifo", "fifo"] as const) {
      const rig = MachineRig.open({ ...keepalive, size: 3, strategy })
      const borrows = ["a", "b", "c"].map((name) => rig.checkout(name)).sort((a, b) => a.worker!.id - b.worker!.id)
      for (const borrow of borrows) {
        rig.checkin(borrow)
        rig.pass(10)
      }
      rig.pass(70)
      rig.checked(1, "probe")
      const again = ["d", "e", "f"].map((name) => rig.checkout(name).outcome)
      const order = ["lent 1", "lent 2", "lent 3"]
      assert.deepStrictEqual(again, strategy === "fifo" ? order : order.reverse())
    }
  })

  it("and its idleTimeout goes on", () => {
    const rig = MachineRig.open({ ...keepalive, size: 2, minIdle: 0, idleTimeout: 150, start: "lazy" })
    const a = rig.checkout("a")
    rig.ready(1)
    rig.taken(a)
    rig.checkin(a)
    rig.pass(100)
    rig.checked(1, "probe")
    rig.calls()
    rig.pass(50)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
  })

  it("one whose time is over when its probe ends is closed", () => {
    const rig = MachineRig.open({ ...keepalive, maxLifetime: 120, lifetimeJitter: 0 })
    rig.pass(100)
    rig.ports.time += 20
    rig.checked(1, "probe")
    assert.deepStrictEqual(rig.calls(), ["probe 1", "close 1"])
  })

  it("with validation on checkout, too: what has passed its probe was seen well", () => {
    const rig = MachineRig.open({ ...validating, ...keepalive, validationBypass: 80 })
    rig.pass(100)
    rig.checked(1, "probe")
    rig.ports.time += 79
    assert.strictEqual(rig.checkout("a").outcome, "lent 1")
  })

  it("a drain probes nothing", () => {
    const rig = MachineRig.open({ ...keepalive, size: 2 })
    const a = rig.checkout("a")
    rig.shutdown("drain")
    rig.pass(1_000)
    assert.deepStrictEqual([rig.calls(), a.outcome], [[], "lent 2"])
  })
})

describe("Machine: shouldRetire", () => {
  it("H15 is asked about all that is idle every half a minute", () => {
    const rig = MachineRig.open({ size: 2, asksToRetire: true })
    rig.pass(29_999)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["judge 1", "judge 2"])
    assert.strictEqual(rig.numbers, "2/0/0/0/0", "they can be lent meanwhile")
    rig.pass(29_999)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["judge 1", "judge 2"])
  })

  it("where there is nothing to ask nobody is asked; and a round for something else is no occasion", () => {
    const silent = MachineRig.open({ size: 2, keepalive: 30_000 })
    silent.pass(30_000)
    assert.deepStrictEqual(silent.calls(), ["probe 1"])
    const early = MachineRig.open({ size: 2, keepalive: 100, asksToRetire: true })
    early.pass(100)
    assert.deepStrictEqual(early.calls(), ["probe 1"])
  })

  it("one that is to go is closed and replaced, the other stays", () => {
    const rig = MachineRig.open({ size: 2, asksToRetire: true })
    rig.pass(30_000)
    rig.calls()
    rig.checked(1, "judge", false)
    rig.checked(2, "judge")
    assert.deepStrictEqual(rig.calls(), ["close 1"])
    rig.closed(1)
    assert.deepStrictEqual([rig.calls(), rig.numbers], [["open 3"], "1/0/1/0/0"])
  })

  it("with room, at once", () => {
    const rig = MachineRig.open({ maxOverflow: 1, asksToRetire: true })
    rig.pass(30_000)
    rig.checked(1, "judge", false)
    assert.deepStrictEqual(rig.calls(), ["judge 1", "close 1", "open 2"])
  })

  it("one that was lent meanwhile is asked about again when it comes back, by its reset", () => {
    const rig = MachineRig.open({ asksToRetire: true })
    rig.pass(30_000)
    const a = rig.checkout("a")
    rig.checked(1, "judge", false)
    assert.deepStrictEqual([a.outcome, rig.calls()], ["lent 1", ["judge 1"]])
    rig.checkin(a)
    rig.checked(1, "judge", false)
    assert.deepStrictEqual(
      [rig.calls(), rig.status.resetting],
      [["reset 1"], 1],
      "a late one is not taken for the reset's"
    )
    rig.checked(1, "reset")
    assert.strictEqual(rig.numbers, "1/0/0/0/0")
  })

  it("a lent one is asked about when it comes back, not before", () => {
    const rig = MachineRig.open({ asksToRetire: true })
    const a = rig.checkout("a")
    rig.pass(100_000)
    assert.deepStrictEqual(rig.calls(), [])
    rig.batch(checkin(a))
    assert.deepStrictEqual(rig.calls(), ["reset 1"])
  })

  it("a borrow that nobody had is no reason to ask", () => {
    const rig = MachineRig.open({ asksToRetire: true })
    rig.batch(cancel(rig.checkout("a", { takes: false })))
    assert.deepStrictEqual(rig.calls(), [])
  })
})
