import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration } from "effect"
import { MachineRig, type RecordedBorrow } from "../../support/recordedPorts.ts"

const timeoutOf = (borrow: RecordedBorrow) => {
  const error = borrow.refusal
  if (error?._tag !== "CheckoutTimeout") throw new Error(`${borrow.name} is ${borrow.outcome}`)
  return error
}

describe("Machine: the queue", () => {
  it("E-1, E-2 first come first served, and nobody who returns a resource overtakes", () => {
    const rig = MachineRig.open({ size: 2 })
    const lent = [rig.checkout("a"), rig.checkout("b")]
    const waiters = ["c", "d", "e"].map((name) => rig.checkout(name))
    rig.checkin(lent[1]!)
    const again = rig.checkout("b again")
    rig.checkin(lent[0]!)
    assert.deepStrictEqual(rig.calls(), ["reply c lent 1", "reply d lent 2"])
    rig.taken(waiters[0]!, waiters[1]!)
    rig.checkin(waiters[1]!)
    rig.checkin(waiters[0]!)
    assert.deepStrictEqual(rig.calls(), ["reply e lent 2", "reply b again lent 1"])
    assert.strictEqual(again.outcome, "lent 1")
  })

  it("F-7 given release and immediate re-acquire by the same fiber with another waiting, the other wins", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const b = rig.checkout("b")
    rig.checkin(a)
    const again = rig.checkout("a again")
    assert.deepStrictEqual([b.outcome, again.outcome], ["lent 1", "waiting"])
  })

  it("E-7 a destroyed lease brings the next resource to the oldest waiter", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const [b, c] = [rig.checkout("b"), rig.checkout("c")]
    rig.destroyed(a)
    rig.closed(1)
    rig.ready(2)
    assert.deepStrictEqual(rig.calls(), ["close 1", "open 2", "reply b lent 2"])
    assert.deepStrictEqual([b.outcome, c.outcome], ["lent 2", "waiting"])
  })

  it("a reply goes out through the outbox port, exactly once, and not for one who is asking right now", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const b = rig.checkout("b")
    assert.deepStrictEqual(b.deliveries, [])
    rig.checkin(a)
    assert.deepStrictEqual(rig.calls(), ["reply b lent 1"])
    assert.deepStrictEqual(b.deliveries, ["lent"])
  })
})

describe("Machine: deadlines", () => {
  it("A-2 a waiter fails at its deadline, not earlier, and is out of the queue", () => {
    const rig = MachineRig.open()
    rig.checkout("a")
    const b = rig.checkout("b", { wait: 5_000 })
    rig.pass(4_999)
    assert.strictEqual(b.outcome, "waiting")
    rig.pass(1)
    assert.strictEqual(b.outcome, "CheckoutTimeout")
    assert.deepStrictEqual(rig.calls(), ["reply b CheckoutTimeout"])
    assert.strictEqual(rig.status.waiting, 0, "D-13: the gauge is back to 0")
  })

  it("J-3 a timer that fires early finds nothing due, and is aimed again", () => {
    const rig = MachineRig.open()
    rig.checkout("a")
    const b = rig.checkout("b", { wait: 5_000 })
    const before = rig.ports.aims
    rig.pass(100)
    assert.strictEqual(b.outcome, "waiting")
    assert.strictEqual(rig.ports.aims, before + 1)
    assert.strictEqual(rig.machine.state.deadlines.next(), b.askedAt! + 5_000)
  })

  it("carries what a person needs: how long, the phase, the numbers, the age of the oldest lease", () => {
    const rig = MachineRig.open({ size: 2 })
    const first = rig.checkout("first")
    rig.ports.time += 30
    rig.checkout("second")
    rig.ports.time += 70
    const c = rig.checkout("c", { wait: 1_000 })
    rig.pass(1_000)
    const error = timeoutOf(c)
    assert.deepStrictEqual(
      [error.pool, Duration.toMillis(error.waited), error.phase, error.status.lent, error.status.waiting],
      ["db", 1_000, "queue", 2, 1]
    )
    assert.strictEqual(Duration.toMillis(error.oldestLeaseAge!), 1_100)
    assert.strictEqual(error.lastOpenFailure, undefined)
    rig.checkin(first)
    const d = rig.checkout("d")
    assert.strictEqual(d.seat!.lentAt, rig.ports.time)
  })

  it("the oldest lease is the one granted first, also after leases have changed hands", () => {
    const rig = MachineRig.open({ size: 2 })
    const a = rig.checkout("a")
    rig.ports.time += 10
    rig.checkout("b")
    rig.checkin(a)
    rig.ports.time += 10
    rig.checkout("c")
    rig.checkout("d", { wait: 100 })
    const e = rig.checkout("e", { wait: 100 })
    rig.pass(100)
    assert.strictEqual(Duration.toMillis(timeoutOf(e).oldestLeaseAge!), 110)
  })

  it("one snapshot of the numbers serves all who fail in one tick", () => {
    const rig = MachineRig.open()
    rig.checkout("a")
    const waiters = ["b", "c", "d"].map((name) => rig.checkout(name, { wait: 100 }))
    rig.pass(100)
    const [b, c, d] = waiters.map((borrow) => timeoutOf(borrow).status)
    assert.ok(b === c && c === d)
    assert.strictEqual(b!.waiting, 3)
  })

  it("each of those who fail in one tick has an error of its own, with its own wait, and the same at every look", () => {
    const rig = MachineRig.open()
    rig.checkout("a")
    const b = rig.checkout("b", { wait: 100 })
    rig.ports.time += 30
    const c = rig.checkout("c", { wait: 70 })
    rig.pass(80)
    rig.ports.time += 1_000
    const errors = [timeoutOf(b), timeoutOf(c)]
    assert.deepStrictEqual(errors.map(({ waited }) => Duration.toMillis(waited)), [110, 80], "not when they were read")
    assert.notStrictEqual(errors[0], errors[1])
    assert.deepStrictEqual([b.refusal, c.refusal], errors)
    assert.ok(b.refusal === errors[0] && c.refusal === errors[1], "one object, however often it is read")
    assert.ok(errors.every(({ oldestLeaseAge }) => Duration.toMillis(oldestLeaseAge!) === 110))
  })

  it("phase is open for the waiters whose place is being opened, and queue for those behind them", () => {
    const rig = MachineRig.open({ size: 1, maxOverflow: 1 })
    rig.checkout("a")
    const b = rig.checkout("b", { wait: 101 })
    const c = rig.checkout("c", { wait: 100 })
    rig.pass(100)
    rig.pass(1)
    assert.deepStrictEqual([timeoutOf(b).phase, timeoutOf(c).phase], ["open", "queue"])
  })

  it("phase does not depend on who else fails in the same tick", () => {
    const rig = MachineRig.open({ size: 1, maxOverflow: 1 })
    rig.checkout("a")
    const waiters = ["b", "c", "d"].map((name) => rig.checkout(name, { wait: 100 }))
    rig.pass(100)
    assert.deepStrictEqual(waiters.map((waiter) => timeoutOf(waiter).phase), ["open", "queue", "queue"])
  })

  it("phase is queue where nothing opens: a closing that takes its time is no opening", () => {
    const rig = MachineRig.open({ closeTimeout: 60_000 })
    rig.destroyed(rig.checkout("a"))
    const b = rig.checkout("b", { wait: 100 })
    rig.pass(100)
    assert.strictEqual(timeoutOf(b).phase, "queue")
  })

  it("phase is open during the back-off, and the last failure is the cause", () => {
    const rig = new MachineRig({ start: "lazy" })
    const a = rig.checkout("a", { wait: 100 })
    rig.openFailed(1, new Error("connection refused"))
    rig.pass(100)
    const error = timeoutOf(a)
    assert.strictEqual(error.phase, "open")
    assert.strictEqual((error.cause as Error).message, "connection refused", "C-6")
    assert.strictEqual(Cause.squash(error.lastOpenFailure!), error.cause)
  })

  it("B-2 one waiter times out and the others stay queued, in order", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const b = rig.checkout("b")
    const c = rig.checkout("c", { wait: 100 })
    const d = rig.checkout("d")
    rig.pass(100)
    assert.deepStrictEqual([b.outcome, c.outcome, d.outcome], ["waiting", "CheckoutTimeout", "waiting"])
    rig.checkin(a)
    rig.taken(b)
    rig.checkin(b)
    assert.deepStrictEqual([b.outcome, d.outcome], ["ended", "lent 1"])
  })

  it("B-18 a resource is never issued to a request that has timed out", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const b = rig.checkout("b", { wait: 100 })
    rig.pass(100)
    rig.checkin(a)
    assert.strictEqual(b.outcome, "CheckoutTimeout")
    assert.strictEqual(rig.numbers, "1/0/0/0/0")
  })

  it("B-1 given a waiter times out at the same tick as a grant, there is exactly one outcome", () => {
    const granted = MachineRig.open()
    const a = granted.checkout("a")
    const b = granted.checkout("b", { wait: 100 })
    granted.ports.time += 100
    granted.checkin(a)
    granted.pass(0)
    assert.deepStrictEqual(granted.calls(), ["reply b lent 1"])
    granted.taken(b)
    granted.checkin(b)
    assert.strictEqual(granted.numbers, "1/0/0/0/0")

    const refused = MachineRig.open()
    const c = refused.checkout("c")
    refused.checkout("d", { wait: 100 })
    refused.pass(100)
    refused.checkin(c)
    assert.deepStrictEqual(refused.calls(), ["reply d CheckoutTimeout"])
    assert.strictEqual(refused.numbers, "1/0/0/0/0")
  })

  it("B-3 a timeout frees nothing that is still lent", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    rig.checkout("b", { wait: 100 })
    rig.pass(100)
    assert.strictEqual(rig.checkout("c").outcome, "waiting")
    assert.strictEqual(a.outcome, "lent 1")
  })

  it("B-5 a hundred timeouts leave the capacity as it was", () => {
    const rig = MachineRig.open({ size: 2, maxOverflow: 1 })
    const lent = [rig.checkout("a"), rig.checkout("b")]
    for (let i = 0; i < 100; i++) {
      rig.checkout(`waiter ${i}`, { wait: 10 })
      rig.pass(10)
    }
    for (const borrow of lent) rig.checkin(borrow)
    rig.ready(3)
    rig.closed(3)
    assert.strictEqual(rig.numbers, "2/0/0/0/0")
    assert.strictEqual(rig.machine.state.deadlines.size, 0)
  })

  it("J-4 one who is served keeps no deadline, and nothing fires later", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const b = rig.checkout("b", { wait: 100 })
    const aims = rig.ports.aims
    rig.checkin(a)
    assert.strictEqual(rig.machine.state.deadlines.size, 0)
    assert.strictEqual(rig.ports.aims, aims + 1, "the last waiter gone, the timer is disarmed")
    rig.calls()
    rig.pass(1_000)
    assert.strictEqual(b.outcome, "lent 1")
    assert.deepStrictEqual(rig.calls(), [])
  })

  it("a waiter whose timeout is infinity waits for ever and keeps no deadline", () => {
    const rig = MachineRig.open()
    rig.checkout("a")
    const b = rig.checkout("b", { wait: Infinity })
    assert.strictEqual(rig.machine.state.deadlines.size, 0)
    rig.pass(1e9)
    assert.strictEqual(b.outcome, "waiting")
  })

  it("J-2 one deadline covers queue and opening together", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const b = rig.checkout("b", { wait: 1_000 })
    rig.pass(400)
    rig.destroyed(a)
    rig.pass(400)
    rig.closed(1)
    rig.pass(200)
    assert.strictEqual(b.outcome, "CheckoutTimeout")
    assert.strictEqual(timeoutOf(b).phase, "open")
  })

  it("10 000 deadlines that fall due together are all answered in one tick, each once", () => {
    const rig = MachineRig.open()
    rig.checkout("a")
    const waiters = Array.from({ length: 10_000 }, (_, i) => rig.borrow(`waiter ${i}`, { wait: 100 + (i % 7) }))
    for (const waiter of waiters) rig.machine.handle(waiter)
    rig.pass(107)
    assert.ok(waiters.every(({ deliveries, outcome }) => outcome === "CheckoutTimeout" && deliveries.length === 1))
    assert.strictEqual(rig.machine.state.deadlines.size, 0)
  })
})

describe("Machine: cancel", () => {
  it("A-8 the resource goes to the next live waiter, without being closed and without a failed delivery", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const [b, c] = [rig.checkout("b"), rig.checkout("c")]
    rig.cancel(b)
    rig.checkin(a)
    assert.deepStrictEqual([b.outcome, c.outcome], ["ended", "lent 1"])
    assert.deepStrictEqual(rig.calls(), ["reply c lent 1"])
  })

  it("B-4, E-5 after the grant it passes the untouched resource on to the next waiter", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const [b, c] = [rig.checkout("b"), rig.checkout("c")]
    rig.checkin(a)
    rig.cancel(b)
    assert.deepStrictEqual(rig.calls(), ["reply b lent 1", "reply c lent 1"])
    assert.deepStrictEqual([b.outcome, c.outcome], ["ended", "lent 1"])
  })

  it("B-6 after the grant with nobody waiting, the resource is idle again and was never closed", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const b = rig.checkout("b")
    rig.checkin(a)
    rig.cancel(b)
    assert.strictEqual(rig.numbers, "1/0/0/0/0")
    assert.deepStrictEqual(rig.calls(), ["reply b lent 1"])
  })

  it("before it was even handled, the checkout changes nothing", () => {
    const rig = MachineRig.open()
    const b = rig.borrow("b")
    rig.cancel(b)
    rig.ask(b)
    assert.strictEqual(b.outcome, "ended")
    assert.strictEqual(rig.numbers, "1/0/0/0/0")
    assert.deepStrictEqual(b.deliveries, [])
  })

  it("takes its deadline with it", () => {
    const rig = MachineRig.open()
    rig.checkout("a")
    const b = rig.checkout("b", { wait: 100 })
    rig.cancel(b)
    assert.strictEqual(rig.machine.state.deadlines.size, 0)
    rig.pass(1_000)
    assert.strictEqual(b.outcome, "ended")
    assert.deepStrictEqual(b.deliveries, [])
  })

  it("B-20, H-5 given twice, or after the answer, changes nothing", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const b = rig.checkout("b", { wait: 100 })
    rig.pass(100)
    rig.cancel(b)
    rig.cancel(b)
    assert.strictEqual(b.outcome, "CheckoutTimeout")
    rig.checkin(a)
    rig.cancel(a)
    rig.cancel(a)
    assert.strictEqual(rig.numbers, "1/0/0/0/0")
  })

  it("leaving from the middle, the head and the tail of the queue keeps the others in order", () => {
    for (const leaver of [0, 1, 2]) {
      const rig = MachineRig.open()
      let lent = rig.checkout("a")
      const waiters = ["b", "c", "d"].map((name) => rig.checkout(name))
      rig.cancel(waiters[leaver]!)
      for (const next of waiters.filter((_, index) => index !== leaver)) {
        rig.checkin(lent)
        assert.strictEqual(next.outcome, "lent 1")
        lent = next
      }
    }
  })
})
