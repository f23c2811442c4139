/** `evict` and `evictAll`: what is idle goes now, what is lent when it comes back, what is not there yet when it is. */
import { assert, describe, it } from "@effect/vitest"
import { Cause } from "effect"
import type { Borrow } from "../../../src/pool/internal/borrow.ts"
import type { Message } from "../../../src/pool/Message.ts"
import { MachineRig } from "../../support/recordedPorts.ts"

const evictAll: Message = { _tag: "EvictAll", over: 0 }
const checkin = (borrow: Borrow): Message => ({ _tag: "Checkin", borrow })

const closings = (rig: MachineRig): ReadonlyArray<string> => rig.calls().filter((call) => call.startsWith("close"))

describe("Machine: evict", () => {
  it("H10 closes idle ones now and replaces them, and leaves the others alone", () => {
    const rig = MachineRig.open({ size: 3 })
    rig.evict([1, 3])
    assert.deepStrictEqual(rig.calls(), ["close 1", "close 3"])
    rig.closed(1)
    rig.closed(3)
    assert.deepStrictEqual([rig.calls(), rig.numbers], [["open 4", "open 5"], "1/0/2/0/0"])
  })

  it("F-5 given a lent one is evicted, when it returns, then it is closed, not lent and not kept", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const b = rig.checkout("b")
    rig.evict([1])
    assert.deepStrictEqual([a.outcome, rig.calls()], ["lent 1", []])
    rig.checkin(a)
    assert.deepStrictEqual([b.outcome, rig.calls()], ["waiting", ["close 1"]])
    rig.closed(1)
    rig.ready(2)
    assert.strictEqual(b.outcome, "lent 2")
  })

  it("H16 with room it is replaced as soon as it is back", () => {
    const rig = MachineRig.open({ maxOverflow: 1 })
    const a = rig.checkout("a")
    rig.evict([1])
    rig.checkin(a)
    assert.deepStrictEqual(rig.calls(), ["close 1", "open 2"])
  })

  it("one that was granted and given back untaken goes, too", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a", { takes: false })
    rig.evict([1])
    rig.cancel(a)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
  })

  it("one that comes back is not reset first", () => {
    const rig = MachineRig.open({ resets: true })
    const a = rig.checkout("a")
    rig.evict([1])
    rig.checkin(a)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
  })

  it("one that is in the middle of its reset is closed after it, whatever came of it", () => {
    for (const ok of [true, false]) {
      const rig = MachineRig.open({ resets: true })
      rig.checkin(rig.checkout("a"))
      const b = rig.checkout("b")
      rig.calls()
      rig.evict([1])
      assert.deepStrictEqual(rig.calls(), [])
      rig.checked(1, "reset", ok)
      assert.deepStrictEqual([b.outcome, rig.calls()], ["waiting", ["close 1"]])
    }
  })

  it("one that is validated for somebody is closed after it, and that one waits for the next", () => {
    const rig = MachineRig.open({ size: 2, validates: true, validationBypass: 0 })
    const a = rig.checkout("a")
    rig.evict([2])
    rig.checked(2, "validate")
    assert.deepStrictEqual([a.outcome, rig.calls()], ["waiting", ["validate 2", "close 2", "validate 1"]])
    rig.checked(1, "validate")
    assert.strictEqual(a.outcome, "lent 1")
  })

  it("a try whose only hope was evicted is refused when the check has ended", () => {
    const rig = MachineRig.open({ validates: true, validationBypass: 0 })
    const a = rig.checkout("a", { mode: "try" })
    rig.evict([1])
    assert.strictEqual(a.outcome, "waiting")
    rig.checked(1, "validate")
    assert.strictEqual(a.outcome, "PoolFull")
  })

  it("one that is probed is closed after it", () => {
    const rig = MachineRig.open({ keepalive: 100, maxOverflow: 1 })
    rig.pass(100)
    rig.evict([1])
    rig.checked(1, "probe")
    assert.deepStrictEqual(rig.calls(), ["probe 1", "close 1", "open 2"])
  })

  it("one that is closing, or gone, is none of its business", () => {
    const rig = MachineRig.open({ size: 2 })
    rig.destroyed(rig.checkout("a"))
    rig.calls()
    rig.evict([2])
    rig.closed(2)
    rig.ready(3)
    assert.deepStrictEqual([rig.calls(), rig.numbers], [["open 3"], "2/0/0/0/0"])
    assert.isTrue(rig.machine.state.isPlain)
  })

  it("nor is one that has gone without it", () => {
    const rig = MachineRig.open({ size: 2 })
    rig.died(2)
    rig.closed(2)
    rig.ready(3)
    rig.calls()
    rig.evict([2])
    assert.deepStrictEqual([rig.calls(), rig.numbers, rig.machine.state.isPlain], [[], "2/0/0/0/0", true])
  })

  it("with room the replacements are there as soon as they can be", () => {
    const rig = MachineRig.open({ size: 2, maxOverflow: 2 })
    rig.evict([1, 2])
    assert.deepStrictEqual(rig.calls(), ["close 1", "close 2", "open 3", "open 4"])
  })

  it("to shrink: they are not replaced before somebody needs them", () => {
    const rig = MachineRig.open({ size: 3 })
    rig.evict([1, 2], true)
    rig.closedAll()
    assert.deepStrictEqual([closings(rig), rig.numbers], [["close 1", "close 2"], "1/0/0/0/0"])
    rig.checkout("a")
    assert.deepStrictEqual(rig.calls(), [])
    rig.checkout("b")
    assert.deepStrictEqual(rig.calls(), ["open 4"])
  })

  it("to shrink: one that was lent meanwhile is of use, and stays", () => {
    const rig = MachineRig.open({ size: 2 })
    const a = rig.checkout("a")
    rig.evict([2], true)
    rig.checkin(a)
    assert.deepStrictEqual([rig.calls(), rig.numbers], [[], "2/0/0/0/0"])
  })

  it("to shrink: a change of something else does not bring them back", () => {
    const rig = MachineRig.open({ size: 3 })
    rig.evict([1, 2], true)
    rig.closedAll()
    rig.calls()
    rig.reconfigure({ maxWaiting: 10 })
    assert.deepStrictEqual(rig.calls(), [])
  })

  it("after the last of them has gone, the pool asks no policy about anything any more", () => {
    const rig = MachineRig.open({ size: 2 })
    const [a] = [rig.checkout("a"), rig.checkout("b")]
    rig.evict([1, 2])
    assert.isFalse(rig.machine.state.isPlain)
    rig.checkin(a)
    rig.closedAll()
    assert.isFalse(rig.machine.state.isPlain)
    rig.died(1)
    rig.closedAll()
    assert.isTrue(rig.machine.state.isPlain)
  })
})

describe("Machine: evictAll", () => {
  it("H11 idle ones go now, lent ones when they come back, those that are opening when they are there", () => {
    const rig = new MachineRig({ size: 3 })
    rig.ready(1)
    rig.ready(2)
    const a = rig.checkout("a")
    rig.calls()
    rig.evictAll()
    assert.deepStrictEqual(rig.calls(), ["close 1"])
    rig.ready(3)
    assert.deepStrictEqual(rig.calls(), ["close 3"], "it was opened with yesterday's password")
    rig.checkin(a)
    assert.deepStrictEqual(rig.calls(), ["close 2"])
    rig.closedAll()
    assert.deepStrictEqual(rig.calls(), ["open 4", "open 5", "open 6"])
    rig.readyAll()
    assert.deepStrictEqual([rig.calls(), rig.numbers], [[], "3/0/0/0/0"], "what came after it stays")
  })

  it("G-5 given all of them are evicted while somebody waits, then that one is served by what comes after", () => {
    const rig = MachineRig.open({ size: 2 })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    const c = rig.checkout("c")
    rig.evictAll()
    rig.checkin(a)
    rig.checkin(b)
    assert.deepStrictEqual(closings(rig), ["close 2", "close 1"])
    rig.closed(1)
    rig.ready(3)
    assert.strictEqual(c.outcome, "lent 3")
  })

  it("one that waits for an opening under way waits for the next one", () => {
    const rig = new MachineRig({ maxOverflow: 1 })
    const a = rig.checkout("a")
    rig.evictAll()
    rig.ready(1)
    assert.deepStrictEqual([a.outcome, rig.calls()], ["waiting", ["open 1", "close 1", "open 2"]])
    rig.ready(2)
    assert.strictEqual(a.outcome, "lent 2")
  })

  it("spread over an interval the i-th of n goes after i/n of it, idle ones first, the coldest before all", () => {
    const rig = MachineRig.open({ size: 4, strategy: "fifo" })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    rig.pass(10)
    rig.checkin(b)
    rig.evictAll(400)
    assert.deepStrictEqual(rig.calls(), ["close 3"])
    rig.pass(99)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["close 4"])
    rig.pass(100)
    assert.deepStrictEqual(rig.calls(), ["close 2"])
    rig.pass(99)
    rig.checkin(a)
    assert.deepStrictEqual([rig.calls(), rig.machine.state.idle.length], [[], 1])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
  })

  it("the lent ones go in the order in which they were lent, and none that is closing already is counted", () => {
    const rig = MachineRig.open({ size: 4 })
    rig.destroyed(rig.checkout("gone"))
    const borrows = ["a", "b", "c"].map((name) => rig.checkout(name))
    assert.deepStrictEqual(borrows.map(({ outcome }) => outcome), ["lent 3", "lent 2", "lent 1"])
    rig.calls()
    rig.evictAll(300)
    for (const borrow of borrows) rig.checkin(borrow)
    assert.deepStrictEqual(rig.calls(), ["close 3"])
    rig.pass(99)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["close 2"])
    rig.pass(99)
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
  })

  it("with room the replacements are on their way at once", () => {
    const rig = MachineRig.open({ size: 2, maxOverflow: 2 })
    rig.evictAll()
    assert.deepStrictEqual(rig.calls(), ["close 1", "close 2", "open 3", "open 4"])
  })

  it("until its turn one is lent as ever, and no longer", () => {
    const rig = MachineRig.open({ size: 2 })
    rig.evictAll(100)
    rig.closed(1)
    rig.calls()
    rig.ports.time += 49
    const a = rig.checkout("a")
    assert.strictEqual(a.outcome, "lent 2")
    rig.checkin(a)
    rig.ports.time += 1
    assert.strictEqual(rig.checkout("b").outcome, "waiting")
    assert.deepStrictEqual(rig.calls(), ["close 2"])
  })

  it("those that came after it are not in its number", () => {
    const rig = MachineRig.open({ size: 2 })
    rig.evictAll(100)
    rig.closed(1)
    rig.ready(3)
    rig.calls()
    rig.pass(50)
    assert.deepStrictEqual(rig.calls(), ["close 2"])
    rig.closed(2)
    rig.ready(4)
    rig.pass(1_000)
    assert.strictEqual(rig.numbers, "2/0/0/0/0")
    assert.isUndefined(rig.due)
  })

  it("an opening that has its turn before it is there is closed when it is", () => {
    const rig = new MachineRig({ size: 2 })
    rig.ready(1)
    rig.evictAll(100)
    rig.pass(50)
    rig.calls()
    rig.ready(2)
    assert.deepStrictEqual(rig.calls(), ["close 2"])
  })

  it("one that is there before its turn goes at its turn", () => {
    const rig = new MachineRig({ size: 2 })
    rig.ready(1)
    rig.evictAll(100)
    rig.ready(2)
    rig.closed(1)
    rig.calls()
    rig.pass(49)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["close 2"])
  })

  it("the earlier of two evictions counts, whichever came first", () => {
    const slower = MachineRig.open({ size: 2 })
    const a = slower.checkout("a")
    slower.evict([2])
    slower.evictAll(1_000)
    slower.calls()
    slower.checkin(a)
    assert.deepStrictEqual(slower.calls(), ["close 2"])
    const sooner = MachineRig.open({ size: 2 })
    const b = sooner.checkout("b")
    sooner.evictAll(1_000)
    sooner.evict([2])
    sooner.calls()
    sooner.checkin(b)
    assert.deepStrictEqual(sooner.calls(), ["close 2"])
  })

  it("a lifetime that ends before its turn counts", () => {
    const rig = MachineRig.open({ size: 2, maxLifetime: 100, lifetimeJitter: 0 })
    rig.evictAll(1_000)
    rig.calls()
    rig.pass(100)
    assert.deepStrictEqual(closings(rig), ["close 2"])
  })

  it("C-9 given all are evicted while somebody waits, then openings go on until it is served", () => {
    const rig = MachineRig.open({ size: 2, maxOverflow: 2, openTimeout: 1_000 })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    const c = rig.checkout("c", { wait: Infinity })
    rig.evictAll()
    rig.ready(3)
    assert.strictEqual(c.outcome, "waiting", "it was being opened when they were evicted")
    rig.checkin(a)
    rig.checkin(b)
    rig.closedAll()
    rig.openFailed(4)
    rig.retryAfter(100)
    rig.pass(100)
    rig.readyAll()
    assert.strictEqual(c.state, "lent")
  })

  it("one that is lent is gone with its lease, however that ends: nothing is closed twice", () => {
    const rig = MachineRig.open({ size: 3 })
    const [a, b, c] = [rig.checkout("a"), rig.checkout("b"), rig.checkout("c")]
    rig.evictAll(300)
    rig.destroyed(a)
    rig.died(b.worker!.id)
    assert.isTrue(rig.detach(c))
    rig.pass(1_000)
    assert.deepStrictEqual(closings(rig), ["close 3"])
  })

  it("in the same batch as a return, whichever comes first", () => {
    const before = MachineRig.open()
    const a = before.checkout("a")
    before.batch(evictAll, checkin(a))
    assert.deepStrictEqual(before.calls(), ["close 1"])
    const after = MachineRig.open()
    const b = after.checkout("b")
    after.batch(checkin(b), evictAll)
    assert.deepStrictEqual(after.calls(), ["close 1"])
  })

  it("F-5 one that was evicted earlier in a batch of turns is not lent later in it", () => {
    for (const one of [false, true]) {
      const rig = MachineRig.open()
      const a = rig.checkout("a")
      const b = rig.checkout("b")
      // The batch has looked at the clock before.
      rig.ports.began = rig.ports.time
      rig.ports.time += 1
      rig.batch(one ? { _tag: "Evict", workers: [rig.worker(1)], isShrinking: false } : evictAll, checkin(a))
      assert.deepStrictEqual([b.outcome, rig.calls()], ["waiting", ["close 1"]])
    }
  })
})

describe("Machine: evictions and shutdown", () => {
  it("G-11 given evictor and drain run together, then each resource is closed once", () => {
    for (const order of ["evicted first", "drained first"] as const) {
      const rig = MachineRig.open({ size: 3 })
      const a = rig.checkout("a")
      const steps = [() => rig.evictAll(300), () => void rig.shutdown("drain")]
      for (const step of order === "evicted first" ? steps : steps.reverse()) step()
      rig.pass(1_000)
      rig.checkin(a)
      assert.deepStrictEqual([...closings(rig)].sort(), ["close 1", "close 2", "close 3"], order)
      rig.closedAll()
      assert.strictEqual(rig.machine.state.phase, "closed", order)
      assert.strictEqual(rig.machine.state.deadlines.size, 0, order)
    }
  })

  it("I-2 a drain replaces nothing of what is evicted, and serves who waits with what is not", () => {
    const rig = MachineRig.open({ size: 2 })
    const a = rig.checkout("a")
    rig.shutdown("drain")
    rig.evictAll()
    assert.deepStrictEqual(rig.calls(), ["close 1"])
    rig.closed(1)
    assert.deepStrictEqual(rig.calls(), [])
    rig.checkin(a)
    assert.deepStrictEqual(rig.calls(), ["close 2"])
  })

  it("one whose time comes during a drain is not given to who waits", () => {
    const rig = MachineRig.open({ size: 2 })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    const c = rig.checkout("c")
    rig.evictAll(200)
    rig.shutdown("drain")
    rig.pass(100)
    rig.checkin(b)
    assert.deepStrictEqual([c.outcome, closings(rig)], ["waiting", ["close 1"]])
    rig.checkin(a)
    rig.closed(1)
    rig.closed(2)
    rig.readyAll()
    assert.strictEqual(c.state, "lent")
  })

  it("in a pool that is closed there is nothing to evict", () => {
    const rig = MachineRig.open()
    rig.shutdown("now")
    rig.evictAll()
    rig.closed(1)
    rig.evict([1])
    rig.evictAll(100)
    assert.deepStrictEqual(rig.calls(), ["close 1", "ended 0 drained 0 forced"])
    assert.isUndefined(rig.due)
  })

  it("H-2 one that dies between its eviction and its turn is replaced once", () => {
    const rig = MachineRig.open({ size: 2, maxOverflow: 1 })
    rig.evictAll(100)
    rig.readyAll()
    rig.closedAll()
    rig.calls()
    rig.send({ _tag: "Exited", worker: rig.worker(2), reason: { _tag: "Died", cause: Cause.die("hung up") } })
    assert.deepStrictEqual(rig.calls(), ["open 4"])
    rig.ready(4)
    rig.pass(50)
    rig.closed(2)
    assert.deepStrictEqual([rig.calls(), rig.numbers], [[], "2/0/0/0/0"])
  })
})
