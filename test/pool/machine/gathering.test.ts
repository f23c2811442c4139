/** Several that are asked for together (`checkoutMany`, C10): they stand in line in a row, and nobody comes between them. */
import { assert, describe, it } from "@effect/vitest"
import { checkinAll, full, isWhole, leave, many, outcomes } from "../../support/parts.ts"
import { fiber, MachineRig } from "../../support/recordedPorts.ts"

describe("Machine: several asked for together", () => {
  it("get what is idle, and wait in a row for the rest", () => {
    const rig = MachineRig.open({ size: 3, strategy: "fifo" })
    const s = rig.checkout("s")
    const x = many(rig, "x", 3)
    assert.deepStrictEqual(outcomes(x), ["x1 lent 2", "x2 lent 3", "x3 waiting"])
    rig.checkin(s)
    assert.isTrue(isWhole(x))
  })

  it("stand behind who came before and before who comes after, to the last of them (E-2)", () => {
    const { held, rig } = full({ size: 3 })
    const before = rig.checkout("before")
    const x = many(rig, "x", 2)
    const after = rig.checkout("after")
    const log = held.map((lease) => {
      rig.checkin(lease)
      return [before, ...x, after].filter(({ state }) => state === "lent").length
    })
    assert.deepStrictEqual(log, [1, 2, 3])
    assert.strictEqual(after.outcome, "waiting")
    assert.isTrue(isWhole(x))
  })

  it("nobody who comes later is served before it is whole, though he finds something fit (B2)", () => {
    const rig = MachineRig.open({ size: 3, strategy: "fifo", validates: true, validationBypass: 500 })
    const [a, b, c] = ["a", "b", "c"].map((name) => rig.checkout(name))
    rig.checkin(a!)
    rig.pass(600)
    rig.checkin(b!)
    const x = many(rig, "x", 2)
    const later = rig.checkout("later")
    rig.checkin(c!)
    assert.isTrue(isWhole(x))
    assert.strictEqual(later.outcome, "waiting")
    rig.checked(1, "validate")
    assert.strictEqual(later.outcome, "lent 1")
  })

  it("two of them are served one after the other, and never wait for each other", () => {
    const { held, rig } = full({ size: 2 })
    const [x, y] = [many(rig, "x", 2), many(rig, "y", 2)]
    rig.checkin(held[0]!)
    rig.checkin(held[1]!)
    assert.deepStrictEqual([isWhole(x), isWhole(y)], [true, false])
    checkinAll(rig, x)
    assert.isTrue(isWhole(y))
  })

  it("all of them expire in one turn, and what was granted goes back untouched: no reset, no use (J-2)", () => {
    const { held, rig } = full({ size: 3, resets: true })
    rig.checkin(held[0]!)
    rig.checked(held[0]!.worker?.id ?? 3, "reset")
    const uses = rig.worker(3).uses
    const x = many(rig, "x", 3, { wait: 1_000 })
    rig.calls()
    rig.pass(999)
    assert.deepStrictEqual(outcomes(x), ["x1 lent 3", "x2 waiting", "x3 waiting"])
    rig.pass(1)
    assert.deepStrictEqual(outcomes(x), ["x1 lent 3", "x2 CheckoutTimeout", "x3 CheckoutTimeout"])
    leave(rig, x)
    assert.strictEqual(rig.numbers, "1/2/0/0/0")
    assert.deepStrictEqual(rig.calls(), ["reply x2 CheckoutTimeout", "reply x3 CheckoutTimeout"])
    assert.strictEqual(rig.worker(3).uses, uses)
    assert.isUndefined(rig.due)
  })

  it("whoever is behind gets what was granted to those who leave, in the same turn (A-8)", () => {
    const { held, rig } = full({ size: 2 })
    const x = many(rig, "x", 2)
    const y = rig.checkout("y")
    rig.checkin(held[0]!)
    leave(rig, x)
    assert.strictEqual(y.state, "lent")
    assert.strictEqual(rig.numbers, "0/2/0/0/0")
  })

  it("a granted part whose resource dies has its old place again, before all who came later", () => {
    const { held, rig } = full({ size: 3 })
    const x = many(rig, "x", 3)
    const later = rig.checkout("later")
    rig.checkin(held[0]!)
    rig.checkin(held[1]!)
    rig.died(x[0]!.worker!.id)
    assert.deepStrictEqual(outcomes(x).filter((line) => line.endsWith("waiting")), ["x1 waiting", "x3 waiting"])
    rig.closedAll()
    rig.readyAll()
    rig.checkin(held[2]!)
    assert.isTrue(isWhole(x))
    assert.strictEqual(later.state, "waiting")
  })

  it("the end of an owner abandons the granted parts; those that wait go on", () => {
    const f = fiber("f")
    const { held, rig } = full({ size: 2, onAbandoned: "checkin" })
    const x = many(rig, "x", 2, { owner: f })
    const y = rig.checkout("y")
    rig.checkin(held[0]!)
    rig.ownerDown(f, false)
    rig.checkin(held[1]!)
    rig.ownerDown(f, false)
    assert.deepStrictEqual([...x, y].map(({ state }) => state), ["ended", "ended", "lent"])
    assert.strictEqual(rig.numbers, "1/1/0/0/0")
  })

  it("none of them is a lease that is held for too long before its asker has them all (Q10)", () => {
    for (const action of ["warn", "revoke"] as const) {
      const { held, rig } = full({ size: 2, leaseTimeout: { after: 1_000, action } })
      rig.checkin(held[0]!)
      const x = many(rig, "x", 2, { wait: Infinity })
      rig.pass(1_000)
      rig.pass(1_000)
      assert.deepStrictEqual(rig.calls().filter((line) => line.includes(`lease ${x[0]!.id} `)), [], action)
      assert.strictEqual(x[0]!.state, "lent")
    }
  })

  it("nor does one that nobody has yet hide the others from that deadline", () => {
    const rig = MachineRig.open({ size: 3, leaseTimeout: { after: 1_000, action: "warn" } })
    rig.checkout("untaken", { takes: false })
    rig.pass(999)
    const [a, b] = [rig.borrow("a"), rig.borrow("b")]
    rig.ports.time += 1
    // Lent in the same batch of turns in which the housekeeper looks.
    rig.batch(a, { _tag: "Tick", now: rig.ports.time }, b)
    rig.taken(a, b)
    rig.calls()
    rig.pass(1_000)
    assert.deepStrictEqual(rig.calls().map((line) => line.slice(0, 16)), ["warning: lease 2", "warning: lease 3"])
  })

  it("nor is it in the way of the lease before it, which is revoked, on the same resource", () => {
    const rig = MachineRig.open({ concurrency: 2, leaseTimeout: { after: 1_000, action: "revoke" } })
    const a = rig.checkout("a")
    const untaken = rig.checkout("untaken", { takes: false })
    rig.pass(1_000)
    assert.deepStrictEqual(outcomes([a, untaken]), ["a ended", "untaken waiting"])
    rig.closedAll()
    rig.readyAll()
    assert.strictEqual(untaken.outcome, "lent 2")
  })

  it("leaves nothing behind, time after time (B-5)", () => {
    for (const settings of [{}, { concurrency: 2 }, { fairness: { maxPerKey: 2 } }]) {
      const rig = MachineRig.open({ size: 2, ...settings })
      for (let time = 0; time < 10; time++) {
        const [x, y] = [many(rig, "x", 2), many(rig, "y", 2)]
        checkinAll(rig, x)
        if (isWhole(y)) checkinAll(rig, y)
        leave(rig, y)
      }
      // A queue that nobody is in any more may know of the last one.
      assert.isAtMost(rig.machine.state.gathering.length, 1)
      assert.strictEqual(rig.numbers, "2/0/0/0/0")
    }
  })

  it("draining serves them, and the pool ends when they have come back; forced, they are told and count as nothing", () => {
    const { held, rig } = full({ size: 2 })
    const x = many(rig, "x", 2)
    rig.checkin(held[0]!)
    const end = rig.shutdown("drain", 1_000)
    rig.checkin(held[1]!)
    assert.isTrue(isWhole(x))
    checkinAll(rig, x)
    rig.closedAll()
    assert.deepStrictEqual(end.reports, [{ drained: 3, forced: 0 }])

    const other = full({ size: 2 })
    const y = many(other.rig, "y", 2)
    other.rig.checkin(other.held[0]!)
    const forced = other.rig.shutdown("drain", 1_000)
    other.rig.pass(1_000)
    assert.deepStrictEqual(outcomes(y), ["y1 PoolClosed", "y2 PoolClosed"])
    other.rig.closedAll()
    assert.deepStrictEqual(forced.reports, [{ drained: 0, forced: 1 }])
  })

  it("the failed opening of one of them is told to it, under onOpenFailure fail, and to no other's (C-2)", () => {
    const rig = new MachineRig({ size: 2, onOpenFailure: "fail", start: "lazy" })
    const x = many(rig, "x", 2)
    const y = rig.checkout("y")
    rig.ready(1)
    rig.openFailed(2)
    assert.deepStrictEqual(outcomes([...x, y]), ["x1 lent 1", "x2 OpenFailed", "y waiting"])
    leave(rig, x)
    assert.strictEqual(y.outcome, "lent 1")
  })

  it("a resource that nobody new is to have is not kept by parts that nobody has yet", () => {
    for (const settings of [{}, { maxUses: 1 }, { maxLifetime: 1_000, lifetimeJitter: 0 }]) {
      const rig = MachineRig.open({ concurrency: 3, ...settings })
      const a = rig.checkout("a")
      const x = many(rig, "x", 3, { wait: Infinity })
      const later = rig.checkout("later", { wait: Infinity })
      assert.deepStrictEqual(outcomes(x), ["x1 lent 1", "x2 lent 1", "x3 waiting"])
      if ("maxLifetime" in settings) rig.pass(1_000)
      if ("maxUses" in settings || "maxLifetime" in settings) rig.checkin(a)
      else rig.destroyed(a)
      rig.closedAll()
      rig.readyAll()
      assert.deepStrictEqual(outcomes([...x, later]), ["x1 lent 2", "x2 lent 2", "x3 lent 2", "later waiting"])
    }
  })

  it("one that loses a part after the pool was made too small for it is refused, and keeps nothing", () => {
    const rig = MachineRig.open({ size: 2 })
    const x = many(rig, "x", 2)
    rig.resize(1)
    rig.died(x[0]!.worker!.id)
    assert.strictEqual(x[0]!.outcome, "PoolOverloaded")
    leave(rig, x)
    rig.closedAll()
    assert.strictEqual(rig.numbers, "1/0/0/0/0")
  })

  it("its leases are held since the last was granted, also when that one has been given back", () => {
    for (const wait of [0, 50]) {
      const { held, rig } = full({ size: 2, leaseTimeout: { after: 1_000, action: "revoke" } })
      rig.checkin(held[0]!)
      const x = many(rig, "x", 2)
      rig.pass(900)
      rig.checkin(held[1]!)
      rig.taken(...x)
      rig.pass(wait)
      rig.checkin(x[1]!)
      rig.pass(1_000 - wait - 1)
      assert.deepStrictEqual(outcomes(x), ["x1 lent 2", "x2 ended"])
      rig.pass(1)
      assert.deepStrictEqual(outcomes(x), ["x1 ended", "x2 ended"])
    }
  })

  it("more than there can be any more, since the pool was made smaller, is refused as a whole (D-6)", () => {
    const { held, rig } = full({ size: 3 })
    const x = many(rig, "x", 3, { wait: 1_000 })
    const later = rig.checkout("later")
    rig.resize(2)
    assert.deepStrictEqual(x.map(({ outcome }) => outcome), ["PoolOverloaded", "PoolOverloaded", "PoolOverloaded"])
    for (const lease of held) rig.checkin(lease)
    rig.closedAll()
    assert.strictEqual(later.state, "lent")
    assert.strictEqual(rig.numbers, "1/1/0/0/0")
  })
})
