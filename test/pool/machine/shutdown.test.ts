import { assert, describe, it } from "@effect/vitest"
import { awaiter, fiber, MachineRig } from "../../support/recordedPorts.ts"

const ended = (drained: number, forced: number): string => `ended ${drained} drained ${forced} forced`

describe("Machine: drain", () => {
  it("A-4 an idle pool shuts down at once", () => {
    const rig = MachineRig.open({ size: 2 })
    const end = rig.shutdown("drain", 5_000)
    assert.deepStrictEqual(rig.calls(), ["close 2", "close 1"])
    rig.closed(1)
    rig.closed(2)
    assert.deepStrictEqual(rig.calls(), [ended(0, 0)])
    assert.deepStrictEqual(end.reports, [{ drained: 0, forced: 0 }])
  })

  it("a pool that has nothing at all ends in the same turn", () => {
    const rig = new MachineRig({ start: "lazy" })
    const end = rig.shutdown("drain", 5_000)
    assert.deepStrictEqual(rig.calls(), [ended(0, 0)])
    assert.strictEqual(end.reports.length, 1)
    assert.strictEqual(rig.machine.state.deadlines.size, 0)
  })

  it("A-5 shutdown with three leases out waits for all of them", () => {
    const rig = MachineRig.open({ size: 3 })
    const leases = ["a", "b", "c"].map((name) => rig.checkout(name))
    const end = rig.shutdown("drain")
    for (const lease of leases.slice(0, 2)) rig.checkin(lease)
    assert.deepStrictEqual(rig.calls(), [])
    assert.strictEqual(leases[2]!.state, "lent")
    rig.checkin(leases[2]!)
    assert.deepStrictEqual(rig.calls(), ["close 3", "close 2", "close 1"])
    for (const id of [2, 1, 3]) {
      assert.deepStrictEqual(end.reports, [])
      rig.closed(id)
    }
    assert.deepStrictEqual(end.reports, [{ drained: 3, forced: 0 }])
  })

  it("I-7, A-12 new checkouts fail PoolClosed at once in every mode, never PoolFull", () => {
    const rig = MachineRig.open({ size: 2 })
    rig.checkout("a")
    rig.shutdown("drain")
    const outcomes = [
      rig.checkout("b"),
      rig.checkout("c", { mode: "try", wait: 0 }),
      rig.checkout("e", { wait: 0 })
    ].map(({ outcome }) => outcome)
    assert.deepStrictEqual(outcomes, ["PoolClosed", "PoolClosed", "PoolClosed"])
    assert.strictEqual(rig.status.idle, 1, "although something is idle")
  })

  it("those already waiting are served, in order, before it ends", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const [b, c] = [rig.checkout("b"), rig.checkout("c")]
    rig.shutdown("drain")
    rig.checkin(a)
    rig.taken(b)
    rig.checkin(b)
    assert.deepStrictEqual([b.outcome, c.outcome], ["ended", "lent 1"])
    rig.taken(c)
    rig.checkin(c)
    rig.closed(1)
    assert.deepStrictEqual(rig.calls(), ["reply b lent 1", "reply c lent 1", "close 1", ended(3, 0)])
  })

  it("an opening starts only for somebody who already waited", () => {
    const rig = MachineRig.open({ size: 2, strategy: "fifo" })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    const c = rig.checkout("c")
    rig.shutdown("drain")
    rig.destroyed(a)
    rig.closed(1)
    assert.deepStrictEqual(rig.calls(), ["close 1", "open 3"], "for c")
    rig.ready(3)
    rig.taken(c)
    rig.destroyed(c)
    rig.closed(3)
    assert.strictEqual(b.state, "lent")
    assert.deepStrictEqual(rig.calls(), ["reply c lent 3", "close 3"], "nobody waits any more")
  })

  it("A-10, I-2 a destroyed lease or a death while draining is not replaced", () => {
    const rig = MachineRig.open({ size: 3 })
    const [a] = [rig.checkout("a"), rig.checkout("b")]
    rig.shutdown("drain")
    rig.destroyed(a)
    rig.died(1)
    rig.closed(1)
    assert.strictEqual(rig.calls().filter((call) => call.startsWith("open")).length, 0)
  })

  it("while draining, waiters still time out, and the last one's end ends the pool", () => {
    const rig = new MachineRig({ start: "lazy" })
    const a = rig.checkout("a", { wait: 100 })
    rig.openFailed(1)
    rig.retryAfter(10_000)
    rig.shutdown("drain")
    rig.calls()
    rig.pass(100)
    assert.deepStrictEqual(rig.calls(), ["reply a CheckoutTimeout", ended(0, 0)])
    assert.strictEqual(a.outcome, "CheckoutTimeout")
    assert.strictEqual(rig.machine.state.deadlines.size, 0, "the back-off is over, too")
  })

  it("while draining, the back-off goes on for those who wait", () => {
    const rig = new MachineRig({ start: "lazy" })
    const a = rig.checkout("a", { wait: Infinity })
    rig.openFailed(1)
    rig.shutdown("drain")
    rig.retryAfter(100)
    rig.pass(100)
    rig.ready(2)
    assert.strictEqual(a.outcome, "lent 2")
  })

  it("while draining, the last waiter's leaving ends the pool", () => {
    const rig = new MachineRig({ start: "lazy" })
    const a = rig.checkout("a")
    const end = rig.shutdown("drain")
    rig.cancel(a)
    rig.closed(1)
    assert.strictEqual(end.reports.length, 1)
  })

  it("I-3, C-10 an opening under way is told to close, and its late product is not placed", () => {
    const rig = new MachineRig({ size: 1 })
    rig.calls()
    const end = rig.shutdown("drain")
    assert.deepStrictEqual(rig.calls(), ["close 1"])
    rig.ready(1)
    assert.strictEqual(rig.numbers, "0/0/0/1/0")
    rig.closed(1)
    assert.strictEqual(end.reports.length, 1)
  })

  it("H-8 an opening or a closing that hangs is waited for up to closeTimeout and then abandoned", () => {
    const rig = new MachineRig({ size: 1, closeTimeout: 500, openTimeout: 100_000 })
    const end = rig.shutdown("drain")
    rig.calls()
    rig.pass(499)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["giveUp 1"])
    rig.closed(1, true)
    assert.deepStrictEqual(rig.calls(), ["warning: a closing outlived its timeout and was given up", ended(0, 0)])
    assert.strictEqual(end.reports.length, 1)
    assert.strictEqual(rig.status.abandoned, 1)
  })

  it("at its deadline the leases are revoked and the waiters fail PoolClosed, not earlier", () => {
    const rig = MachineRig.open({ size: 2 })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    const c = rig.checkout("c", { wait: Infinity })
    const end = rig.shutdown("drain", 1_000)
    rig.pass(999)
    assert.deepStrictEqual([a.state, b.state, c.state], ["lent", "lent", "waiting"])
    rig.pass(1)
    assert.deepStrictEqual([a.outcome, b.outcome, c.outcome], ["ended", "ended", "PoolClosed"])
    assert.deepStrictEqual(rig.calls(), ["reply c PoolClosed", "close 2", "close 1"])
    rig.closed(1)
    rig.closed(2)
    assert.deepStrictEqual(end.reports, [{ drained: 0, forced: 2 }])
  })

  it("I-5 a checkin after the revocation changes nothing, not even the report", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const end = rig.shutdown("drain", 100)
    rig.pass(100)
    rig.checkin(a)
    rig.destroyed(a)
    rig.closed(1)
    rig.checkin(a)
    assert.deepStrictEqual(end.reports, [{ drained: 0, forced: 1 }])
  })

  it("a drain that is done before its deadline leaves no deadline behind", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    rig.shutdown("drain", 1_000)
    rig.checkin(a)
    rig.closed(1)
    assert.strictEqual(rig.machine.state.deadlines.size, 0)
    rig.calls()
    rig.pass(1_000)
    assert.deepStrictEqual(rig.calls(), [])
  })

  it("a lease that was granted and not yet taken is revoked with an answer: PoolClosed", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const b = rig.checkout("b")
    rig.checkin(a)
    const end = rig.shutdown("now")
    assert.strictEqual(b.outcome, "PoolClosed")
    assert.deepStrictEqual(rig.calls(), ["reply b lent 1", "reply b PoolClosed", "close 1"])
    rig.closed(1)
    assert.deepStrictEqual(end.reports, [{ drained: 0, forced: 0 }])
  })
})

describe("Machine: shutdown now", () => {
  it("A-3, I-1 every waiter is answered PoolClosed, and every lease revoked, in one turn", () => {
    const rig = MachineRig.open({ size: 2 })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    const waiters = ["c", "d"].map((name) => rig.checkout(name))
    rig.shutdown("now")
    assert.deepStrictEqual([a, b].map(({ state }) => state), ["ended", "ended"])
    assert.deepStrictEqual(waiters.map(({ outcome }) => outcome), ["PoolClosed", "PoolClosed"])
    assert.strictEqual(rig.numbers, "0/0/0/2/0")
  })

  it("every worker is told to close in reverse order of its start, lent, idle and opening alike", () => {
    const rig = new MachineRig({ size: 4, strategy: "fifo" })
    for (const id of [1, 2, 4]) rig.ready(id)
    const [a, , c] = [rig.checkout("a"), rig.checkout("b"), rig.checkout("c")]
    rig.checkin(c)
    rig.checkin(a)
    assert.strictEqual(rig.numbers, "2/1/1/0/0")
    rig.calls()
    rig.shutdown("now")
    assert.deepStrictEqual(rig.calls(), ["close 4", "close 3", "close 2", "close 1"])
  })

  it("nobody is closed twice, and one that is closing already is only waited for", () => {
    const rig = MachineRig.open({ size: 3 })
    rig.destroyed(rig.checkout("a"))
    rig.calls()
    const end = rig.shutdown("now")
    rig.shutdown("now")
    rig.shutdown("drain", 0)
    assert.deepStrictEqual(rig.calls(), ["close 2", "close 1"])
    for (const id of [1, 2, 3]) rig.closed(id)
    assert.strictEqual(end.reports.length, 1)
  })
})

describe("Machine: more than one shutdown", () => {
  it("I-4 every caller is told the same end, also one who comes after it", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const early = rig.awaitShutdown()
    const first = rig.shutdown("drain", 5_000)
    const second = rig.shutdown("drain", 5_000, fiber("second"))
    rig.checkin(a)
    rig.closed(1)
    const late = rig.awaitShutdown()
    const again = rig.shutdown("now")
    const report = { drained: 1, forced: 0 }
    for (const { reports } of [early, first, second, late, again]) assert.deepStrictEqual(reports, [report])
    assert.strictEqual(rig.calls().filter((call) => call.startsWith("ended")).length, 1)
  })

  it("a shorter second deadline shortens the first, a longer one changes nothing", () => {
    for (const [first, second] of [[5_000, 100], [100, 5_000], [Infinity, 100], [100, Infinity]] as const) {
      const rig = MachineRig.open()
      const a = rig.checkout("a")
      rig.shutdown("drain", first)
      rig.shutdown("drain", second)
      rig.pass(99)
      assert.strictEqual(a.state, "lent")
      rig.pass(1)
      assert.strictEqual(a.state, "ended")
      rig.closed(1)
      assert.strictEqual(rig.machine.state.deadlines.size, 0)
    }
  })

  it("now after drain revokes at once", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const end = rig.shutdown("drain")
    rig.shutdown("now")
    assert.strictEqual(a.state, "ended")
    rig.closed(1)
    assert.deepStrictEqual(end.reports, [{ drained: 0, forced: 1 }])
  })
})

describe("Machine: leases that cannot come back", () => {
  it("a lease owned by the fiber that shuts down is revoked at once, the others are waited for", () => {
    const rig = MachineRig.open({ size: 2 })
    const [f, g] = [fiber("f"), fiber("g")]
    const a = rig.checkout("a", { owner: f })
    const b = rig.checkout("b", { owner: g })
    const end = rig.shutdown("drain", 5_000, f)
    assert.deepStrictEqual([a.state, b.state], ["ended", "lent"])
    rig.checkin(b)
    rig.closed(1)
    rig.closed(2)
    assert.deepStrictEqual(end.reports, [{ drained: 1, forced: 1 }])
  })

  it("so is a use or a scope that the closing fiber itself still guards", () => {
    const rig = MachineRig.open()
    const f = fiber("f")
    const a = rig.checkout("a", { guard: f })
    rig.shutdown("drain", Infinity, f)
    assert.strictEqual(a.state, "ended")
    assert.deepStrictEqual(rig.calls(), ["close 1"])
  })

  it("a lease of a fiber that only awaits a shutdown begun by another is revoked at once, too", () => {
    const rig = MachineRig.open({ size: 2 })
    const [f, g] = [fiber("f"), fiber("g")]
    const a = rig.checkout("a", { owner: f })
    const b = rig.checkout("b", { owner: g })
    rig.awaitShutdown(f)
    assert.strictEqual(a.state, "lent", "the pool is still open")
    rig.shutdown("drain")
    assert.strictEqual(a.state, "ended")
    rig.awaitShutdown(g)
    assert.strictEqual(b.state, "ended")
  })

  it("one who has stopped awaiting may give its lease back", () => {
    const rig = MachineRig.open()
    const f = fiber("f")
    const a = rig.checkout("a", { owner: f })
    const awaits = rig.awaitShutdown(f)
    awaits.hasLeft = true
    rig.shutdown("drain")
    assert.strictEqual(a.state, "lent")
  })

  it("a lease that another fiber has adopted is not revoked by its first owner's shutdown", () => {
    const rig = MachineRig.open()
    const [f, g] = [fiber("f"), fiber("g")]
    const a = rig.checkout("a", { owner: f })
    rig.adopt(a, g)
    rig.shutdown("drain", 5_000, f)
    assert.strictEqual(a.state, "lent")
  })

  it("those who gave up awaiting are forgotten: awaiting again and again piles nothing up", () => {
    const rig = MachineRig.open()
    for (let i = 0; i < 100; i++) rig.awaitShutdown().hasLeft = true
    assert.ok(rig.machine.state.awaiters.length <= 1)
  })
})

describe("Machine: after the end", () => {
  it("nothing stays: no worker, no waiter, no deadline, no owner, nobody who awaits", () => {
    const rig = MachineRig.open({ size: 2, maxOverflow: 1 })
    const f = fiber("f")
    rig.checkout("a", { owner: f })
    rig.checkout("b")
    rig.checkout("c")
    rig.checkout("d", { wait: 10 })
    rig.shutdown("now")
    for (const id of [1, 2, 3]) rig.closed(id)
    const { state } = rig.machine
    assert.strictEqual(state.phase, "closed")
    assert.deepStrictEqual(
      [state.workers.size, state.waiting.length, state.lent.length, state.deadlines.size, state.owners.size],
      [0, 0, 0, 0, 0]
    )
    assert.strictEqual(state.awaiters.length, 0)
  })

  it("every message that comes late changes nothing and opens nothing", () => {
    const rig = MachineRig.open()
    const f = fiber("f")
    const a = rig.checkout("a", { owner: f })
    const b = rig.checkout("b")
    rig.shutdown("now")
    rig.closed(1)
    rig.calls()
    for (const borrow of [a, b]) {
      rig.checkin(borrow)
      rig.destroyed(borrow)
      rig.cancel(borrow)
      rig.adopt(borrow, f)
      rig.send({ _tag: "Unreachable", borrow })
    }
    rig.ready(1)
    rig.died(1)
    rig.closed(1)
    rig.ownerDown(f, false)
    rig.retryAfter(1)
    rig.pass(60_000)
    assert.deepStrictEqual(rig.calls(), [])
    assert.strictEqual(rig.checkout("c").outcome, "PoolClosed")
    assert.strictEqual(rig.numbers, "0/0/0/0/0")
  })
})

describe("Machine: crash", () => {
  it("answers every waiter PoolCrashed and ends every lease; those who await the end go on waiting", () => {
    const rig = MachineRig.open({ size: 2 })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    const waiters = ["c", "d"].map((name) => rig.checkout(name))
    const awaits = awaiter()
    rig.send({ _tag: "AwaitShutdown", awaiter: awaits })
    rig.crash()
    assert.deepStrictEqual([a, b].map(({ state }) => state), ["ended", "ended"])
    assert.deepStrictEqual(waiters.map(({ outcome }) => outcome), ["PoolCrashed", "PoolCrashed"])
    assert.deepStrictEqual(rig.calls(), ["reply c PoolCrashed", "reply d PoolCrashed"])
    assert.deepStrictEqual(awaits.reports, [])
  })

  it("answers one whose lease was granted and not yet taken, too", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const b = rig.checkout("b")
    rig.checkin(a)
    rig.crash()
    assert.strictEqual(b.outcome, "PoolCrashed")
    assert.deepStrictEqual(rig.calls(), ["reply b lent 1", "reply b PoolCrashed"])
  })
})
