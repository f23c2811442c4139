/** Who is dropped instead of served: `overload`. */
import { assert, describe, it } from "@effect/vitest"
import { Duration } from "effect"
import { MachineRig, type RecordedBorrow } from "../../support/recordedPorts.ts"

const outcomes = (borrows: ReadonlyArray<RecordedBorrow>): ReadonlyArray<string> =>
  borrows.map(({ outcome }) => outcome)

describe("Machine: controlled delay", () => {
  const overload = { target: 10, interval: 100 }

  it("Q5 at twice the load those who have waited too long are dropped when their turn comes, and the next one is served", () => {
    const rig = MachineRig.open({ overload })
    let holder = rig.checkout("holder", { wait: Infinity })
    let waiters: ReadonlyArray<RecordedBorrow> = []
    const waits: Array<number> = []
    const drops: Array<RecordedBorrow> = []
    for (let i = 0; i < 200; i++) {
      const newcomers = ["a", "b"].map((name) => rig.checkout(`${name} ${i}`, { wait: Infinity }))
      waiters = [...waiters, ...newcomers]
      rig.pass(5)
      assert.isTrue(
        waiters.every(({ state }) => state === "waiting"),
        "where the line moves, nobody is dropped out of turn"
      )
      rig.checkin(holder)
      holder = waiters.find(({ state }) => state === "lent")!
      rig.taken(holder)
      waits.push(rig.ports.time - holder.askedAt!)
      drops.push(...waiters.filter(({ state }) => state === "refused"))
      waiters = waiters.filter(({ state }) => state === "waiting")
    }
    assert.isAtMost(Math.max(...waits.slice(100)), 2 * overload.target + 5)
    const { refusal, deliveries } = drops[0]!
    if (refusal?._tag !== "PoolOverloaded") return assert.fail("it was dropped")
    assert.strictEqual(refusal.reason, "codel")
    assert.isTrue(Duration.toMillis(refusal.waited) > 2 * overload.target)
    assert.strictEqual(refusal.status.size, 1)
    assert.deepStrictEqual(deliveries, ["refused"])
  })

  it("in one that is fast nobody is, however long they have waited", () => {
    const rig = MachineRig.open({ overload })
    for (let i = 0; i < 50; i++) {
      const a = rig.checkout("a")
      const b = rig.checkout("b")
      rig.pass(5)
      rig.checkin(a)
      assert.strictEqual(b.state, "lent")
      rig.taken(b)
      rig.pass(5)
      rig.checkin(b)
    }
  })

  it("nor is anybody where all are served now and then, and something is idle", () => {
    const rig = MachineRig.open({ overload })
    for (let i = 0; i < 20; i++) {
      const a = rig.checkout("a")
      const b = rig.checkout("b")
      rig.pass(40)
      rig.checkin(a)
      assert.strictEqual(b.state, "lent")
      rig.taken(b)
      rig.checkin(b)
    }
  })

  it("a line in which nothing moves is dropped after two intervals", () => {
    const rig = MachineRig.open({ overload })
    rig.checkout("a")
    const waiters = ["b", "c"].map((name) => rig.checkout(name, { wait: Infinity }))
    rig.pass(100)
    assert.deepStrictEqual(outcomes(waiters), ["waiting", "waiting"])
    rig.pass(99)
    assert.deepStrictEqual(outcomes(waiters), ["waiting", "waiting"])
    rig.pass(1)
    assert.deepStrictEqual(outcomes(waiters), ["PoolOverloaded", "PoolOverloaded"])
    assert.isUndefined(rig.machine.state.codelAt)
    assert.isUndefined(rig.due, "nobody waits, so nobody looks")
  })

  it("those who have not waited for long stay when a line is dropped", () => {
    const rig = MachineRig.open({ overload })
    rig.checkout("a")
    const b = rig.checkout("b", { wait: Infinity })
    rig.pass(100)
    rig.pass(85)
    const c = rig.checkout("c", { wait: Infinity })
    rig.pass(15)
    assert.deepStrictEqual(outcomes([b, c]), ["PoolOverloaded", "waiting"])
    assert.strictEqual(rig.due, 100, "and the line is looked at again")
  })

  it("the look has a deadline only while somebody waits", () => {
    const rig = MachineRig.open({ overload })
    const a = rig.checkout("a")
    assert.isUndefined(rig.due)
    const [b, c] = [rig.checkout("b", { wait: Infinity }), rig.checkout("c", { wait: Infinity })]
    assert.deepStrictEqual([rig.due, rig.machine.state.deadlines.size], [100, 1])
    rig.cancel(c)
    rig.checkin(a)
    assert.deepStrictEqual([b.outcome, rig.due], ["lent 1", undefined])
  })

  it("a deadline and a drop in one tick tell the waiter once", () => {
    const rig = MachineRig.open({ overload })
    rig.checkout("a")
    const b = rig.checkout("b", { wait: 200 })
    rig.pass(100)
    rig.pass(100)
    assert.deepStrictEqual([b.state, b.deliveries], ["refused", ["refused"]])
    assert.strictEqual(rig.machine.state.deadlines.size, 0)
  })

  it("while draining nobody is dropped", () => {
    const rig = MachineRig.open({ overload })
    rig.checkout("a")
    const b = rig.checkout("b", { wait: Infinity })
    rig.shutdown("drain")
    for (let i = 0; i < 5; i++) rig.pass(100)
    assert.strictEqual(b.outcome, "waiting")
  })

  it("a drain serves whoever waits, however long they have waited, in a pool that was slow", () => {
    const rig = MachineRig.open({ overload })
    const a = rig.checkout("a")
    const [b, c] = [rig.checkout("b", { wait: Infinity }), rig.checkout("c", { wait: Infinity })]
    rig.pass(150)
    rig.shutdown("drain")
    rig.pass(150)
    rig.checkin(a)
    rig.taken(b)
    rig.checkin(b)
    assert.strictEqual(c.outcome, "lent 1")
  })

  it("a try that waits for its check is not dropped: it is told PoolFull, or has it", () => {
    const checks = { validates: true, validationBypass: 0, validationTimeout: 10_000 }
    const rig = MachineRig.open({ overload, fairness: { maxPerKey: Infinity }, ...checks })
    const a = rig.checkout("a", { mode: "try" })
    for (let i = 0; i < 5; i++) rig.pass(100)
    assert.strictEqual(a.outcome, "waiting")
    rig.checked(1, "validate")
    assert.strictEqual(a.outcome, "lent 1")
  })

  it("one that has been waiting since before the pool looks at its clock has waited since then", () => {
    const rig = MachineRig.open({ overload })
    const a = rig.checkout("a")
    const b = rig.borrow("b", { wait: Infinity })
    rig.batch(b)
    assert.strictEqual(b.askedAt, rig.ports.time)
    rig.checkin(a)
  })
})
