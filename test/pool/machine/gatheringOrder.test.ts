/** Several that are asked for together (`checkoutMany`, C10), where not the first to come is the first to be served. */
import { assert, describe, it } from "@effect/vitest"
import { checkinAll, full, isWhole, many, outcomes } from "../../support/parts.ts"
import { MachineRig } from "../../support/recordedPorts.ts"

describe("Machine: several asked for together, where not the first to come is the first to be served", () => {
  it("who has the first of them is the next, though another tenant has its turn (Q11)", () => {
    const { held, rig } = full({ size: 2, fairness: { maxPerKey: Infinity } }, { key: "c" })
    const [x, y] = [many(rig, "x", 2, { key: "a" }), many(rig, "y", 2, { key: "b" })]
    rig.checkin(held[0]!)
    rig.checkin(held[1]!)
    assert.deepStrictEqual([isWhole(x), y.every(({ state }) => state === "waiting")], [true, true])
    checkinAll(rig, x)
    assert.isTrue(isWhole(y))
  })

  it("who has the first of them is the next, though somebody of a better class comes (Q3)", () => {
    const { held, rig } = full({ size: 2, priorityAging: Infinity })
    const x = many(rig, "x", 2, { priority: 5 })
    rig.checkin(held[0]!)
    const better = rig.checkout("better")
    rig.checkin(held[1]!)
    assert.deepStrictEqual(outcomes([...x, better]).map((line) => line.split(" ")[1]), ["lent", "lent", "waiting"])
  })

  it("also where its first part was idle before anybody had asked for a class (deadlock)", () => {
    const rig = MachineRig.open({ size: 2 })
    const s = rig.checkout("s")
    const x = many(rig, "x", 2, { priority: 3 })
    const y = many(rig, "y", 2)
    rig.checkin(s)
    assert.deepStrictEqual([isWhole(x), y.some(({ state }) => state === "lent")], [true, false])
  })

  it("also where one dies that it had already, before it had them all in hand (deadlock)", () => {
    const { held, rig } = full({ size: 3, fairness: { maxPerKey: Infinity } }, { key: "c" })
    const x = many(rig, "x", 2, { key: "a" })
    const z = rig.checkout("z", { key: "c" })
    const y = many(rig, "y", 3, { key: "b" })
    for (const lease of held) rig.checkin(lease)
    rig.died(x[1]!.worker!.id)
    rig.closedAll()
    rig.readyAll()
    rig.checkin(z)
    assert.deepStrictEqual(x.map(({ state }) => state), ["lent", "lent"])
    checkinAll(rig, x)
    assert.isTrue(isWhole(y))
  })

  it("at the limit of its key it lets others pass, and has the next that its key has room for", () => {
    const rig = MachineRig.open({ size: 3, fairness: { maxPerKey: 2 } })
    const s = rig.checkout("s", { key: "a" })
    const x = many(rig, "x", 2, { key: "a" })
    const other = rig.checkout("other", { key: "b" })
    assert.deepStrictEqual([x[0]!.state, x[1]!.state, other.state], ["lent", "waiting", "lent"])
    const [rival, next] = [rig.checkout("rival", { key: "a" }), rig.checkout("next", { key: "b" })]
    rig.checkin(other)
    assert.deepStrictEqual([x[1]!.state, rival.state, next.state], ["waiting", "waiting", "lent"])
    rig.checkin(s)
    assert.deepStrictEqual([isWhole(x), rival.state], [true, "waiting"])
  })

  it("forgets all of them when they are gone", () => {
    const { held, rig } = full({ size: 2, fairness: { maxPerKey: 2 } }, { key: "c" })
    const x = many(rig, "x", 2, { key: "a" })
    rig.checkin(held[0]!)
    rig.checkin(held[1]!)
    checkinAll(rig, x)
    rig.checkin(rig.checkout("y"))
    const z = rig.checkout("z")
    rig.checkout("z2")
    const w = rig.checkout("w")
    rig.checkin(z)
    assert.strictEqual(w.state, "lent")
    assert.deepStrictEqual(rig.machine.state.gathering, [])
  })
})
