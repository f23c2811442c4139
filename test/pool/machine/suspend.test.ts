/** A pool that works no more for a while: `suspend` and `resume`. */
import { assert, describe, it } from "@effect/vitest"
import { fiber, MachineRig } from "../../support/recordedPorts.ts"

const openings = (rig: MachineRig): ReadonlyArray<string> => rig.calls().filter((call) => call.startsWith("open"))

describe("Machine: suspend and resume", () => {
  it("D7 checkouts wait although something is idle, leases go on, and what comes back stays idle", () => {
    const rig = MachineRig.open({ size: 2 })
    const a = rig.checkout("a")
    rig.suspend()
    const b = rig.checkout("b")
    assert.deepStrictEqual([b.outcome, a.outcome], ["waiting", "lent 2"])
    rig.checkin(a)
    assert.deepStrictEqual([b.outcome, rig.numbers, rig.status.suspended], ["waiting", "2/0/0/0/1", true])
  })

  it("resume serves them in the order in which they came, and opens for the rest", () => {
    const rig = MachineRig.open({ size: 2, maxOverflow: 1 })
    rig.suspend()
    const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => rig.checkout(name))
    assert.deepStrictEqual(rig.calls(), [])
    rig.resume()
    assert.deepStrictEqual(rig.calls(), ["reply a lent 2", "reply b lent 1", "open 3"])
    assert.deepStrictEqual([c!.outcome, d!.outcome, rig.status.suspended], ["waiting", "waiting", false])
    assert.strictEqual(a!.worker?.id, 2)
    assert.strictEqual(b!.worker?.id, 1)
  })

  it("resume of a pool that is not suspended is nothing; so is a second suspend", () => {
    const rig = MachineRig.open()
    rig.resume()
    rig.suspend()
    rig.suspend()
    const a = rig.checkout("a")
    rig.resume()
    assert.strictEqual(a.outcome, "lent 1")
    rig.checkin(a)
    assert.strictEqual(rig.checkout("b").outcome, "lent 1")
    assert.isTrue(rig.machine.state.isPlain)
  })

  it("nothing is opened meanwhile: neither for who waits, nor for what dies, nor after a back-off", () => {
    const rig = new MachineRig({ size: 2, maxOverflow: 2 })
    rig.ready(1)
    rig.openFailed(2)
    rig.suspend()
    rig.retryAfter(10)
    rig.checkout("a")
    rig.died(1)
    rig.pass(1_000)
    assert.deepStrictEqual(openings(rig), ["open 1", "open 2"])
    rig.resume()
    assert.deepStrictEqual(openings(rig), ["open 3"], "one, for the last one failed")
  })

  it("an opening that was under way becomes idle", () => {
    const rig = new MachineRig()
    const a = rig.checkout("a")
    rig.suspend()
    rig.ready(1)
    assert.deepStrictEqual([a.outcome, rig.numbers], ["waiting", "1/0/0/0/1"])
    rig.resume()
    assert.strictEqual(a.outcome, "lent 1")
  })

  it("those who wait have their deadlines", () => {
    const rig = MachineRig.open()
    rig.suspend()
    const a = rig.checkout("a", { wait: 100 })
    rig.pass(100)
    const refusal = a.refusal
    assert.strictEqual(refusal?._tag === "CheckoutTimeout" && refusal.phase, "queue")
    assert.isTrue(refusal?._tag === "CheckoutTimeout" && refusal.status.suspended)
  })

  it("one that does not wait is refused: PoolFull for a try, CheckoutTimeout without any time", () => {
    const rig = MachineRig.open()
    rig.suspend()
    assert.strictEqual(rig.checkout("a", { mode: "try" }).outcome, "PoolFull")
    assert.strictEqual(rig.checkout("b", { wait: 0 }).outcome, "CheckoutTimeout")
    assert.deepStrictEqual(rig.calls(), [])
  })

  it("maxWaiting applies", () => {
    const rig = MachineRig.open({ maxWaiting: 1 })
    rig.suspend()
    assert.strictEqual(rig.checkout("a").outcome, "waiting")
    assert.strictEqual(rig.checkout("b").outcome, "PoolOverloaded")
  })

  it("a try whose check is under way is refused, and its resource becomes idle", () => {
    const rig = MachineRig.open({ validates: true, validationBypass: 0 })
    const a = rig.checkout("a", { mode: "try" })
    rig.suspend()
    assert.strictEqual(a.outcome, "PoolFull")
    rig.checked(1, "validate")
    assert.strictEqual(rig.numbers, "1/0/0/0/0")
  })

  it("one whose resource is validated goes on waiting, and is served first after it", () => {
    const rig = MachineRig.open({ validates: true, validationBypass: 100 })
    rig.ports.time += 100
    const a = rig.checkout("a")
    rig.suspend()
    const b = rig.checkout("b")
    rig.checked(1, "validate")
    assert.deepStrictEqual([a.outcome, rig.numbers], ["waiting", "1/0/0/0/2"])
    rig.resume()
    assert.deepStrictEqual([a.outcome, b.outcome], ["lent 1", "waiting"])
  })

  it("after a long suspension what is idle is validated again", () => {
    const rig = MachineRig.open({ size: 2, validates: true, validationBypass: 100 })
    rig.suspend()
    const [a, b, c] = ["a", "b", "c"].map((name) => rig.checkout(name))
    rig.ports.time += 1_000
    rig.resume()
    assert.deepStrictEqual(rig.calls(), ["validate 2", "validate 1"])
    rig.checked(2, "validate", false)
    rig.checked(1, "validate")
    assert.deepStrictEqual([a!.outcome, b!.outcome, c!.outcome], ["lent 1", "waiting", "waiting"])
  })

  it("a resource that dies before its asker has it: the asker waits, although another one is idle", () => {
    const rig = MachineRig.open({ size: 2 })
    const a = rig.checkout("a", { takes: false })
    rig.suspend()
    rig.died(2)
    assert.deepStrictEqual([a.outcome, rig.numbers], ["waiting", "1/0/0/1/1"])
    rig.resume()
    assert.strictEqual(a.outcome, "lent 1")
  })

  it("overload drops nobody from a line that was told to stand still", () => {
    const rig = MachineRig.open({ overload: { target: 10, interval: 100 } })
    rig.suspend()
    const a = rig.checkout("a", { wait: Infinity })
    for (let i = 0; i < 20; i++) rig.pass(100)
    assert.strictEqual(a.outcome, "waiting")
    rig.resume()
    assert.strictEqual(a.outcome, "lent 1")
  })

  it("with keys at their limit only those are served who may be", () => {
    const rig = MachineRig.open({ size: 3, fairness: { maxPerKey: 1 } })
    rig.suspend()
    const [a1, a2, b1] = ["a1", "a2", "b1"].map((name) => rig.checkout(name, { key: name[0]! }))
    rig.resume()
    assert.deepStrictEqual([a1!.state, a2!.state, b1!.state], ["lent", "waiting", "lent"])
    assert.strictEqual(rig.numbers, "1/2/0/0/1")
  })

  it("the housekeeper goes on, and what it closes is not replaced before resume", () => {
    const rig = MachineRig.open({ maxLifetime: 100, lifetimeJitter: 0 })
    rig.suspend()
    rig.pass(100)
    rig.closed(1)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
    rig.resume()
    assert.deepStrictEqual(rig.calls(), ["open 2"])
  })

  it("D7 who waits is not told of an opening that fails meanwhile, nor is who comes then refused, whatever the options say", () => {
    for (const settings of [{ onOpenFailure: "fail" as const }, { breaker: 1 }]) {
      const rig = new MachineRig(settings)
      const a = rig.checkout("a")
      rig.suspend()
      rig.openFailed(1)
      const b = rig.checkout("b")
      assert.deepStrictEqual([a.outcome, b.outcome], ["waiting", "waiting"])
    }
  })

  it("Q8 an open breaker refuses them when it is resumed, or drained, and not earlier", () => {
    for (const end of [(rig: MachineRig) => rig.resume(), (rig: MachineRig) => void rig.shutdown("drain")]) {
      const rig = new MachineRig({ breaker: 1 })
      rig.openFailed(1)
      assert.strictEqual(rig.checkout("a").outcome, "OpenFailed")
      rig.suspend()
      const b = rig.checkout("b")
      assert.strictEqual(b.outcome, "waiting")
      end(rig)
      assert.strictEqual(b.outcome, "OpenFailed")
    }
  })

  it("a shutdown that waits for nobody refuses them as closed", () => {
    const rig = new MachineRig({ breaker: 1 })
    rig.suspend()
    rig.openFailed(1)
    const a = rig.checkout("a")
    rig.shutdown("now")
    assert.strictEqual(a.outcome, "PoolClosed")
  })

  it("a drain resumes: those who wait are served first", () => {
    const rig = MachineRig.open()
    rig.suspend()
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    rig.shutdown("drain")
    assert.deepStrictEqual([a.outcome, rig.status.suspended], ["lent 1", false])
    rig.suspend()
    rig.taken(a)
    rig.checkin(a)
    assert.strictEqual(b.outcome, "lent 1", "and is not suspended any more")
  })

  it("a suspended pool in which nothing is lent shuts down at once", () => {
    const rig = MachineRig.open()
    rig.suspend()
    const end = rig.shutdown("drain", 1_000, fiber("main"))
    rig.closed(1)
    assert.deepStrictEqual(end.reports, [{ drained: 0, forced: 0 }])
  })
})
