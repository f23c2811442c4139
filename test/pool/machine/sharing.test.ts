/** Several leases of one resource (`concurrency`, C7): who gets a seat, and what becomes of a resource that several have. */
import { assert, describe, it } from "@effect/vitest"
import { MachineRig, type RecordedBorrow } from "../../support/recordedPorts.ts"

const outcomes = (borrows: ReadonlyArray<RecordedBorrow>) => borrows.map((borrow) => borrow.outcome)

const ask = (rig: MachineRig, ...names: ReadonlyArray<string>) => names.map((name) => rig.checkout(name))

/** One resource, and two who have it. */
const pair = (settings: ConstructorParameters<typeof MachineRig>[0] = {}) => {
  const rig = MachineRig.open({ concurrency: 2, ...settings })
  const [a, b] = [rig.checkout("a"), rig.checkout("b")]
  rig.calls()
  return { rig, a, b }
}

describe("Machine: seats", () => {
  it("as many as `concurrency` have one resource at once, and the next one waits", () => {
    const rig = MachineRig.open({ concurrency: 3 })
    assert.deepStrictEqual(outcomes(ask(rig, "a", "b", "c", "d")), ["lent 1", "lent 1", "lent 1", "waiting"])
    const { idle, leases, lent, waiting } = rig.status
    assert.deepStrictEqual({ idle, lent, leases, waiting }, { idle: 0, lent: 1, leases: 3, waiting: 1 })
  })

  it("each lease ends by itself, once, and says nothing about the others (F-1)", () => {
    const { a, b, rig } = pair()
    rig.checkin(a)
    rig.checkin(a)
    rig.destroyed(a)
    const c = rig.checkout("c")
    rig.checkin(a)
    assert.deepStrictEqual(outcomes([a, b, c]), ["ended", "lent 1", "lent 1"])
    assert.strictEqual(rig.status.leases, 2)
    rig.checkin(b)
    rig.checkin(c)
    assert.strictEqual(rig.numbers, "1/0/0/0/0")
    assert.deepStrictEqual(rig.calls(), [])
  })

  it("counts as idle, and in the order of idle ones, only when the last of them has left", () => {
    const { a, b, rig } = pair({ size: 2 })
    assert.deepStrictEqual(outcomes([a, b]), ["lent 2", "lent 1"], "lifo")
    rig.checkin(b)
    const c = rig.checkout("c")
    assert.strictEqual(c.outcome, "lent 1")
    const d = rig.checkout("d")
    rig.checkin(c)
    rig.checkin(d)
    assert.strictEqual(rig.numbers, "1/1/0/0/0")
  })

  it("what nobody has is lent before what is shared", () => {
    const rig = MachineRig.open({ size: 3, concurrency: 2, strategy: "fifo" })
    assert.deepStrictEqual(outcomes(ask(rig, "a", "b", "c", "d", "e", "f", "g")), [
      "lent 1",
      "lent 2",
      "lent 3",
      "lent 1",
      "lent 2",
      "lent 3",
      "waiting"
    ])
  })

  it("also for one that prefers another one, which is not idle", () => {
    const rig = MachineRig.open({ size: 2, concurrency: 2, strategy: "fifo" })
    assert.deepStrictEqual(outcomes([rig.checkout("a"), rig.checkout("b", { prefers: 1 })]), ["lent 1", "lent 2"])
  })

  it("of what is shared, that comes first which has had room the longest", () => {
    const rig = MachineRig.open({ size: 2, concurrency: 2, strategy: "fifo" })
    const [a, b] = ask(rig, "a", "b", "c", "d")
    rig.checkin(b!)
    rig.checkin(a!)
    assert.deepStrictEqual(outcomes(ask(rig, "e", "f")), ["lent 2", "lent 1"])
  })

  it("who waits is served in order by the seats that come free, whichever they are", () => {
    const rig = MachineRig.open({ size: 2, concurrency: 2, strategy: "fifo" })
    const [a, b, , d] = ask(rig, "a", "b", "c", "d")
    const waiters = ask(rig, "w1", "w2", "w3")
    rig.calls()
    rig.checkin(d!)
    rig.checkin(a!)
    rig.taken(waiters[0]!, waiters[1]!)
    rig.destroyed(b!)
    assert.deepStrictEqual(rig.calls(), ["reply w1 lent 2", "reply w2 lent 1"])
    assert.deepStrictEqual(outcomes(waiters), ["lent 2", "lent 1", "waiting"])
  })

  it("E-1 who gives back and asks again stands behind those who wait", () => {
    const { a, rig } = pair()
    const waiter = rig.checkout("w")
    rig.checkin(a)
    assert.deepStrictEqual(outcomes([waiter, rig.checkout("again")]), ["lent 1", "waiting"])
  })

  it("one that is new serves as many of those who wait as it has seats", () => {
    const rig = new MachineRig({ size: 1, concurrency: 3 })
    const waiters = ask(rig, "a", "b", "c", "d")
    rig.calls()
    rig.ready(1)
    assert.deepStrictEqual(outcomes(waiters), ["lent 1", "lent 1", "lent 1", "waiting"])
  })

  it("hires for seats: no more openings than those who wait need", () => {
    for (let waiting = 1; waiting <= 10; waiting++) {
      const rig = new MachineRig({ size: 0, maxOverflow: 10, concurrency: 3, openConcurrency: 10 })
      for (let nth = 1; nth <= waiting; nth++) {
        rig.checkout(`w${nth}`)
        assert.strictEqual(rig.status.opening, Math.ceil(nth / 3))
      }
      rig.readyAll()
      assert.strictEqual(rig.status.opening, 0)
      assert.strictEqual(rig.status.leases, waiting)
    }
  })

  it("opens nothing while there is a seat, and one when there is none", () => {
    const { rig } = pair({ maxOverflow: 1, concurrency: 3 })
    rig.checkout("c")
    assert.deepStrictEqual(rig.calls(), [])
    rig.checkout("d")
    assert.deepStrictEqual(rig.calls(), ["open 2"])
  })

  it("a seat is enough for who does not want to wait, and tryCheckout", () => {
    const { rig } = pair({ concurrency: 4 })
    assert.strictEqual(rig.checkout("c", { wait: 0 }).outcome, "lent 1")
    assert.strictEqual(rig.checkout("d", { mode: "try" }).outcome, "lent 1")
    assert.strictEqual(rig.checkout("e", { wait: 0 }).outcome, "CheckoutTimeout")
    assert.strictEqual(rig.checkout("f", { mode: "try" }).outcome, "PoolFull")
  })

  it("maxWaiting begins where the last seat that there can be is taken (D-5)", () => {
    const rig = new MachineRig({ size: 0, maxOverflow: 2, concurrency: 2, maxWaiting: 1 })
    const five = ask(rig, "a", "b", "c", "d", "e")
    assert.isTrue(five.every(({ state }) => state === "waiting"))
    assert.strictEqual(rig.checkout("f").outcome, "PoolOverloaded")
  })

  it("an untaken grant that is cancelled is a seat for the next in line, and no use (B-4)", () => {
    const { a, rig } = pair()
    const [w1, w2] = ask(rig, "w1", "w2")
    rig.checkin(a)
    assert.deepStrictEqual(outcomes([w1!, w2!]), ["lent 1", "waiting"])
    rig.cancel(w1!)
    assert.deepStrictEqual(outcomes([w1!, w2!]), ["ended", "lent 1"])
    assert.strictEqual(rig.worker(1).uses, 1)
  })

  it("a full seat of a key at its limit is no seat for that key; another key has it", () => {
    const rig = MachineRig.open({ concurrency: 3, fairness: { maxPerKey: 1 } })
    const a = rig.checkout("a", { key: "k" })
    const b = rig.checkout("b", { key: "k" })
    assert.deepStrictEqual(outcomes([a, b, rig.checkout("c", { key: "l" })]), ["lent 1", "waiting", "lent 1"])
    rig.checkin(a)
    assert.strictEqual(b.outcome, "lent 1")
  })

  it("a suspended pool has no seat, and resumed it has", () => {
    const { a, rig } = pair()
    rig.suspend()
    rig.checkin(a)
    const c = rig.checkout("c")
    assert.strictEqual(c.outcome, "waiting")
    rig.resume()
    assert.strictEqual(c.outcome, "lent 1")
  })

  it("is validated where nobody has it, and not where it is shared", () => {
    const rig = MachineRig.open({ concurrency: 2, validates: true, validationBypass: 0 })
    const [a, b, c] = ask(rig, "a", "b", "c")
    assert.deepStrictEqual(rig.calls(), ["validate 1"])
    rig.checked(1, "validate")
    assert.deepStrictEqual(outcomes([a!, b!, c!]), ["lent 1", "lent 1", "waiting"])
    rig.taken(a!, b!)
    rig.checkin(a!)
    assert.strictEqual(c!.outcome, "lent 1")
    rig.checkin(b!)
    rig.checkout("d")
    assert.deepStrictEqual(rig.calls().filter((line) => line.startsWith("validate")), [])
  })

  it("targetUtilization counts seats in use", () => {
    const rig = MachineRig.open({ size: 4, minIdle: 1, concurrency: 4, targetUtilization: 0.5, openConcurrency: 4 })
    rig.closedAll()
    const opened = () => rig.calls().filter((line) => line.startsWith("open")).length
    ask(rig, "a", "b")
    assert.strictEqual(opened(), 0, "2 of 4 seats")
    rig.checkout("c")
    assert.strictEqual(opened(), 1, "3 of 4 seats are more than a half")
    rig.readyAll()
    ask(rig, "d", "e")
    assert.strictEqual(opened(), 1, "5 of 8")
  })

  it("D-6 resize to less: the surplus gets nobody new, and goes when its last lease ends", () => {
    const rig = MachineRig.open({ size: 2, concurrency: 2 })
    const [a, b] = ask(rig, "a", "b")
    rig.resize(1)
    const others = ask(rig, "c", "d")
    assert.strictEqual(new Set(outcomes(others)).size, 2, "one of the two is not for newcomers")
    rig.checkin(a!)
    rig.checkin(b!)
    assert.strictEqual(rig.status.closing, 1)
  })

  it("D-6 resize to less: also where every seat was taken then, and somebody waits", () => {
    const rig = MachineRig.open({ size: 2, concurrency: 2 })
    const [a, b, c, d] = ask(rig, "a", "b", "c", "d")
    rig.resize(1)
    const waiters = ask(rig, "w1", "w2", "w3", "w4")
    for (const lease of [a!, b!, c!, d!]) rig.checkin(lease)
    assert.strictEqual(rig.status.closing, 1)
    assert.deepStrictEqual(waiters.map(({ state }) => state), ["lent", "lent", "waiting", "waiting"])
  })

  it("leaves nothing behind: a thousand borrowers, and two seats", () => {
    const { a, b, rig } = pair()
    const worker = rig.worker(1)
    rig.checkin(a)
    for (let n = 0; n < 1_000; n++) rig.checkin(rig.checkout(`n${n}`))
    rig.checkin(b)
    assert.strictEqual(worker.seats.length, 2)
    assert.isTrue(
      worker.seats.every(({ borrow, lease, owner }) => [borrow, lease, owner].every((x) => x === undefined))
    )
    const { extra, lent, owners, shared } = rig.machine.state
    assert.deepStrictEqual([extra, lent.length, owners.size, shared.length], [0, 0, 0, 0])
  })
})

describe("Machine: what a shared pool says of itself", () => {
  it("C7 is ready as long as there is room for one more on something that is lent", () => {
    const rig = MachineRig.open({ concurrency: 2 })
    rig.checkout("a")
    assert.strictEqual(rig.status.state, "ready")
    rig.checkout("b")
    assert.strictEqual(rig.status.state, "full")
  })
})
