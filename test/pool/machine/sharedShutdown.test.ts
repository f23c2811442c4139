/** The end of a pool whose resources several have at once (`concurrency`), and of one that leaves it. */
import { assert, describe, it } from "@effect/vitest"
import { fiber, MachineRig, type RecordedBorrow } from "../../support/recordedPorts.ts"

const outcomes = (borrows: ReadonlyArray<RecordedBorrow>) => borrows.map((borrow) => borrow.outcome)

/** One resource, and two who have it. */
const pair = (settings: ConstructorParameters<typeof MachineRig>[0] = {}) => {
  const rig = MachineRig.open({ concurrency: 2, lifetimeJitter: 0, ...settings })
  const [a, b] = [rig.checkout("a"), rig.checkout("b")]
  rig.calls()
  return { rig, a, b }
}

describe("Machine: the end of a pool whose resources several have", () => {
  it("drain waits for every lease, serves those who wait from the seats that come free, and counts leases", () => {
    const { a, b, rig } = pair()
    const waiter = rig.checkout("w")
    const end = rig.shutdown("drain")
    assert.strictEqual(rig.checkout("late").outcome, "PoolClosed")
    rig.checkin(a)
    assert.strictEqual(waiter.outcome, "lent 1")
    rig.taken(waiter)
    rig.checkin(b)
    assert.strictEqual(rig.numbers, "0/1/0/0/0")
    rig.checkin(waiter)
    rig.closed(1)
    assert.deepStrictEqual(end.reports, [{ drained: 3, forced: 0 }])
  })

  it("now revokes all leases of it, and closes it once", () => {
    const { a, b, rig } = pair()
    const untaken = rig.checkout("w", { takes: false })
    const end = rig.shutdown("now")
    assert.deepStrictEqual(outcomes([a, b, untaken]), ["ended", "ended", "PoolClosed"])
    assert.deepStrictEqual(rig.calls(), ["reply w PoolClosed", "close 1"])
    rig.closed(1)
    assert.deepStrictEqual(end.reports, [{ drained: 0, forced: 2 }])
  })

  it("a deadline that comes while one of them has left forces the others", () => {
    const { a, rig } = pair()
    const end = rig.shutdown("drain", 1_000)
    rig.checkin(a)
    rig.pass(1_000)
    rig.closed(1)
    assert.deepStrictEqual(end.reports, [{ drained: 1, forced: 1 }])
  })

  it("who awaits it gives up its own leases only; nobody new has what was taken from it", () => {
    const rig = MachineRig.open({ size: 1, maxOverflow: 1, concurrency: 2 })
    const main = fiber("main")
    const [a, b] = [rig.checkout("a", { guard: main }), rig.checkout("b")]
    const end = rig.shutdown("drain", Infinity, main)
    assert.deepStrictEqual(outcomes([a, b]), ["ended", "lent 1"])
    assert.deepStrictEqual(rig.calls(), [])
    rig.checkin(b)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
    rig.closed(1)
    assert.deepStrictEqual(end.reports, [{ drained: 1, forced: 1 }])
  })

  it("who waits when its awaiter's lease is revoked is served by another resource, not by the same", () => {
    const rig = MachineRig.open({ size: 1, maxOverflow: 1, concurrency: 2, openConcurrency: 1 })
    const main = fiber("main")
    rig.checkout("a", { guard: main })
    rig.checkout("b")
    const waiter = rig.checkout("w")
    rig.shutdown("drain", Infinity, main)
    assert.strictEqual(waiter.outcome, "waiting")
    rig.ready(2)
    assert.strictEqual(waiter.outcome, "lent 2")
  })

  it("a crash ends all leases of it, and answers who had not taken it over", () => {
    const rig = MachineRig.open({ concurrency: 3 })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    const untaken = rig.checkout("c", { takes: false })
    rig.crash()
    assert.deepStrictEqual(outcomes([a, b, untaken]), ["ended", "ended", "PoolCrashed"])
    assert.strictEqual(rig.machine.state.forced, 2)
  })

  it("detach takes it from nobody who shares it; who is alone with it can", () => {
    const { a, b, rig } = pair()
    assert.isFalse(rig.detach(a))
    assert.deepStrictEqual(outcomes([a, b]), ["lent 1", "lent 1"])
    rig.checkin(b)
    assert.isTrue(rig.detach(a))
    assert.deepStrictEqual(rig.calls(), ["detach 1", "open 2"])
  })
})
