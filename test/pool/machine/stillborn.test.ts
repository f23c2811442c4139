/** Resources that die as soon as they are open: replaced at once, but not in a loop. */
import { assert, describe, it } from "@effect/vitest"
import { fiber, MachineRig } from "../../support/recordedPorts.ts"

const opened = (calls: ReadonlyArray<string>) => calls.filter((call) => call.startsWith("open "))
const asked = (calls: ReadonlyArray<string>) => calls.some((call) => call.startsWith("retry"))

/** Every opening so far has succeeded, and its resource has died before anybody had it. */
const hangUp = (rig: MachineRig, id: number): void => {
  rig.ready(id)
  rig.died(id)
  rig.closed(id)
}

describe("Machine: resources that die right after their opening", () => {
  it("are replaced at once as often as the pool has places, and then after a back-off", () => {
    const rig = new MachineRig({ size: 1, maxOverflow: 1 })
    hangUp(rig, 1)
    hangUp(rig, 2)
    assert.deepStrictEqual(opened(rig.calls()), ["open 1", "open 2", "open 3"])
    hangUp(rig, 3)
    const calls = rig.calls()
    assert.deepStrictEqual(opened(calls), [])
    assert.isTrue(asked(calls))
  })

  it("are no longer counted once a borrower is through with one", () => {
    const rig = new MachineRig({ size: 1, maxOverflow: 1 })
    hangUp(rig, 1)
    hangUp(rig, 2)
    rig.ready(3)
    rig.checkin(rig.checkout("a"))
    rig.checkout("b")
    rig.checkout("c")
    hangUp(rig, 4)
    assert.isFalse(asked(rig.calls()))
  })

  it("after a while are deaths like any other", () => {
    const rig = new MachineRig({ size: 1, maxOverflow: 1 })
    for (let id = 1; id <= 10; id++) {
      rig.ready(id)
      rig.pass(1_000)
      rig.died(id)
      rig.closed(id)
    }
    assert.isFalse(asked(rig.calls()))
  })

  it("a lease revoked in the drain that proves one lets openings go on side by side for those who wait", () => {
    const rig = new MachineRig({ size: 3 })
    const main = fiber("main")
    const a = rig.checkout("a", { guard: main })
    rig.checkout("b")
    rig.checkout("c")
    for (let id = 1; id <= 4; id++) hangUp(rig, id)
    for (const id of [5, 6]) rig.openFailed(id)
    rig.retryAfter(0)
    rig.pass(1)
    rig.ready(7)
    rig.taken(a)
    rig.calls()
    rig.shutdown("drain", 1_000, main)
    assert.deepStrictEqual(opened(rig.calls()), ["open 9"], "8 was the only one while nothing was proven")
  })
})
