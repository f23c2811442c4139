/** What is idle is checked before it is lent: `validate`. */
import { assert, describe, it } from "@effect/vitest"
import { Cause } from "effect"
import type { Job } from "../../../src/pool/internal/checkup.ts"
import type { Message } from "../../../src/pool/Message.ts"
import { MachineRig } from "../../support/recordedPorts.ts"

const validating = { validates: true, validationBypass: 500, validationTimeout: 200 }

/** Idle ones that nobody has seen for longer than the bypass. */
const doubtful = (settings: Parameters<typeof MachineRig.open>[0] = {}): MachineRig => {
  const rig = MachineRig.open({ ...validating, ...settings })
  rig.ports.time += 500
  return rig
}

const checked = (rig: MachineRig, id: number, job: Job, ok: boolean): Message => ({
  _tag: "Checked",
  worker: rig.worker(id),
  job,
  ok,
  cause: undefined
})
const tick = (rig: MachineRig): Message => ({ _tag: "Tick", now: rig.ports.time })
const died = (rig: MachineRig, id: number): Message => ({
  _tag: "Exited",
  worker: rig.worker(id),
  reason: { _tag: "Died", cause: Cause.die("hung up") }
})

describe("Machine: validate on checkout", () => {
  it("H1 an idle resource is validated while its asker waits, and lent when it is well", () => {
    const rig = doubtful()
    const a = rig.checkout("a")
    assert.deepStrictEqual([a.outcome, rig.calls()], ["waiting", ["validate 1"]])
    assert.strictEqual(rig.status.validating, 1)
    rig.checked(1, "validate")
    assert.deepStrictEqual(rig.calls(), ["reply a lent 1"])
    assert.strictEqual(rig.status.validating, 0)
    rig.taken(a)
    rig.checkin(a)
    assert.strictEqual(rig.numbers, "1/0/0/0/0")
  })

  it("H2 one that was seen well within the bypass is lent at once", () => {
    const rig = MachineRig.open(validating)
    rig.ports.time += 499
    const a = rig.checkout("a")
    assert.strictEqual(a.outcome, "lent 1", "it was opened then")
    rig.checkin(a)
    rig.ports.time += 499
    const b = rig.checkout("b")
    assert.strictEqual(b.outcome, "lent 1", "it came back then")
    rig.checkin(b)
    rig.ports.time += 500
    const c = rig.checkout("c")
    assert.strictEqual(c.outcome, "waiting")
    rig.checked(1, "validate")
    rig.cancel(c)
    rig.ports.time += 499
    assert.strictEqual(rig.checkout("d").outcome, "lent 1", "it was validated then")
  })

  it("H2 a bypass of 0 validates each time", () => {
    const rig = MachineRig.open({ ...validating, validationBypass: 0 })
    const a = rig.checkout("a")
    assert.strictEqual(a.outcome, "waiting")
    rig.checked(1, "validate")
    rig.taken(a)
    rig.checkin(a)
    assert.strictEqual(rig.checkout("b").outcome, "waiting")
  })

  it("one that comes back goes to the next in line unvalidated: it was well a moment ago", () => {
    const rig = MachineRig.open({ ...validating, validationBypass: 0 })
    const a = rig.checkout("a")
    rig.checked(1, "validate")
    rig.taken(a)
    const b = rig.checkout("b")
    rig.checkin(a)
    assert.strictEqual(b.outcome, "lent 1")
  })

  it("what nobody has touched nobody knows to be well: a borrow that was cancelled untaken is no sign of life", () => {
    const rig = MachineRig.open(validating)
    rig.ports.time += 499
    rig.cancel(rig.checkout("a", { takes: false }))
    rig.ports.time += 1
    assert.strictEqual(rig.checkout("b").outcome, "waiting")
  })

  it("what else happens in the pool starts no second check for the same asker", () => {
    const rig = doubtful({ size: 3, maxOverflow: 1 })
    rig.checkout("a")
    rig.died(1)
    assert.deepStrictEqual(rig.calls(), ["validate 3", "open 4"])
  })

  it("a validation that fails is no news: nothing is logged", () => {
    const rig = doubtful()
    rig.checkout("a")
    rig.checked(1, "validate", false, Cause.fail("no answer"))
    assert.deepStrictEqual(rig.calls(), ["validate 1", "close 1"])
  })

  it("G-1 given validate fails, then it is closed and the next one is validated", () => {
    const rig = doubtful({ size: 3 })
    const a = rig.checkout("a")
    rig.checked(3, "validate", false)
    assert.deepStrictEqual(rig.calls(), ["validate 3", "close 3", "validate 2"])
    rig.checked(2, "validate")
    assert.strictEqual(a.outcome, "lent 2")
    rig.closed(3)
    assert.deepStrictEqual(rig.calls(), ["reply a lent 2", "open 4"])
  })

  it("the next one is lent unvalidated if it was seen well in time", () => {
    const rig = MachineRig.open({ ...validating, size: 2, strategy: "fifo" })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    rig.checkin(b)
    rig.ports.time += 400
    rig.checkin(a)
    rig.ports.time += 100
    const c = rig.checkout("c")
    assert.deepStrictEqual([c.outcome, rig.calls()], ["waiting", ["validate 2"]])
    rig.checked(2, "validate", false)
    assert.strictEqual(c.outcome, "lent 1")
  })

  it("G-2 given validate always fails, then one after the other is opened anew, until the deadline", () => {
    const rig = doubtful({ size: 2 })
    const a = rig.checkout("a", { wait: 1_000 })
    rig.checked(2, "validate", false)
    rig.checked(1, "validate", false)
    assert.deepStrictEqual(rig.calls(), ["validate 2", "close 2", "validate 1", "close 1"])
    rig.pass(1_000)
    assert.strictEqual(a.outcome, "CheckoutTimeout")
    assert.strictEqual(rig.numbers, "0/0/0/2/0")
  })

  it("G-10 given all idle ones are dead, then each checkout still ends well, and each is validated once", () => {
    const rig = doubtful({ size: 3, maxOverflow: 3 })
    const borrows = ["a", "b", "c"].map((name) => rig.checkout(name))
    for (const id of [3, 2, 1]) rig.checked(id, "validate", false)
    const calls = rig.calls()
    assert.deepStrictEqual(calls.filter((call) => call.startsWith("validate")), [
      "validate 3",
      "validate 2",
      "validate 1"
    ])
    rig.readyAll()
    assert.deepStrictEqual(borrows.map(({ state }) => state), ["lent", "lent", "lent"])
  })

  it("E-3 given a stream of broken ones beside a healthy one, then nobody starves", () => {
    const rig = doubtful({ size: 2, maxOverflow: 0 })
    const healthy = rig.checkout("healthy")
    rig.checked(2, "validate")
    rig.taken(healthy)
    const a = rig.checkout("a")
    rig.checked(1, "validate", false)
    const b = rig.checkout("b")
    rig.checkin(healthy)
    assert.deepStrictEqual([a.outcome, b.outcome], ["lent 2", "waiting"])
  })

  it("H3 one that has not answered within validationTimeout is unwell, and what it says later is not heard", () => {
    const rig = doubtful({ size: 2 })
    const a = rig.checkout("a")
    rig.pass(199)
    assert.deepStrictEqual(rig.calls(), ["validate 2"])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["close 2", "validate 1"])
    rig.checked(2, "validate")
    assert.deepStrictEqual([a.outcome, rig.calls()], ["waiting", []])
    rig.checked(1, "validate")
    assert.strictEqual(a.outcome, "lent 1")
  })

  it("H3 one that answers in time leaves no deadline behind", () => {
    const rig = doubtful()
    rig.checkout("a", { wait: Infinity })
    rig.checked(1, "validate")
    assert.strictEqual(rig.machine.state.deadlines.size, 0)
  })

  it("J-2 the deadline of an asker is one for all of it: validation, closing, opening", () => {
    const rig = doubtful({ validationTimeout: 400 })
    const a = rig.checkout("a", { wait: 1_000 })
    rig.pass(400)
    rig.pass(400)
    rig.closed(1)
    rig.pass(199)
    assert.strictEqual(a.outcome, "waiting")
    rig.pass(1)
    assert.strictEqual(a.outcome, "CheckoutTimeout")
  })

  it("an asker whose time is up during the validation says that something was under way for it", () => {
    const rig = doubtful({ validationTimeout: 5_000 })
    const a = rig.checkout("a", { wait: 100 })
    rig.pass(100)
    const refusal = a.refusal
    assert.strictEqual(refusal?._tag === "CheckoutTimeout" && refusal.phase, "open")
    rig.checked(1, "validate")
    assert.strictEqual(rig.numbers, "1/0/0/0/0", "and the resource stays, idle")
  })

  it("whoever is first in line gets what was validated, and that need not be who caused it", () => {
    const rig = doubtful()
    const a = rig.checkout("a")
    const b = rig.checkout("b")
    rig.cancel(a)
    rig.checked(1, "validate")
    assert.strictEqual(b.outcome, "lent 1")
  })

  it("a waiter that leaves while its resource is validated leaves it idle, and seen well", () => {
    const rig = doubtful()
    rig.cancel(rig.checkout("a"))
    assert.deepStrictEqual(rig.calls(), ["validate 1"])
    rig.checked(1, "validate")
    assert.strictEqual(rig.numbers, "1/0/0/0/0")
    assert.strictEqual(rig.checkout("b").outcome, "lent 1")
  })

  it("each newcomer has the next idle one validated, at the same time", () => {
    const rig = doubtful({ size: 3 })
    const borrows = ["a", "b", "c"].map((name) => rig.checkout(name))
    assert.deepStrictEqual(rig.calls(), ["validate 3", "validate 2", "validate 1"])
    rig.checked(1, "validate")
    rig.checked(3, "validate")
    assert.deepStrictEqual(borrows.map(({ outcome }) => outcome), ["lent 1", "lent 3", "waiting"], "in their own order")
  })

  it("what comes back meanwhile goes to the one who waits for a check; what was checked becomes idle", () => {
    const rig = doubtful({ size: 2 })
    const first = rig.checkout("first")
    rig.checked(2, "validate")
    rig.taken(first)
    const a = rig.checkout("a")
    rig.checkin(first)
    assert.strictEqual(a.outcome, "lent 2")
    rig.checked(1, "validate")
    assert.strictEqual(rig.numbers, "1/1/0/0/0")
  })

  it("a check that fails when nobody waits any more costs only that resource", () => {
    const rig = doubtful({ size: 2 })
    rig.cancel(rig.checkout("a"))
    rig.checked(2, "validate", false)
    assert.deepStrictEqual(rig.calls(), ["validate 2", "close 2"])
    assert.strictEqual(rig.numbers, "1/0/0/1/0")
  })

  it("while one is validated nothing is opened for who waits for it, but for those behind it is", () => {
    const rig = doubtful({ maxOverflow: 2 })
    rig.checkout("a")
    assert.deepStrictEqual(rig.calls(), ["validate 1"])
    rig.checkout("b")
    assert.deepStrictEqual(rig.calls(), ["open 2"])
  })

  it("those whose resource is being checked do not count for maxWaiting, those behind do", () => {
    const rig = doubtful({ maxWaiting: 0 })
    assert.strictEqual(rig.checkout("a").outcome, "waiting")
    assert.strictEqual(rig.checkout("b").outcome, "PoolOverloaded")
  })
})

describe("Machine: who does not wait, and validation", () => {
  it("a try waits for the check of an idle one, and gets it", () => {
    const rig = doubtful()
    const a = rig.checkout("a", { mode: "try" })
    assert.strictEqual(a.outcome, "waiting")
    assert.isUndefined(a.deadline, "it waits as long as the check does")
    rig.checked(1, "validate")
    assert.strictEqual(a.outcome, "lent 1")
  })

  it("where the check fails it waits for that of the next idle one, and is refused when there is none", () => {
    const rig = doubtful({ size: 2, maxOverflow: 1 })
    const a = rig.checkout("a", { mode: "try" })
    rig.checked(2, "validate", false)
    assert.strictEqual(a.outcome, "waiting")
    rig.checked(1, "validate", false)
    assert.strictEqual(a.outcome, "PoolFull")
    assert.deepStrictEqual(a.deliveries, ["refused"])
  })

  it("it does not wait for a check that is under way for somebody else", () => {
    const rig = doubtful()
    rig.checkout("a")
    assert.strictEqual(rig.checkout("b", { mode: "try" }).outcome, "PoolFull")
  })

  it("it is refused when somebody who came before it gets what it waited for", () => {
    const rig = doubtful({ size: 2 })
    const [a, b] = [rig.checkout("a"), rig.checkout("b", { mode: "try" })]
    rig.checked(2, "validate", false)
    assert.deepStrictEqual([a.outcome, b.outcome], ["waiting", "PoolFull"], "one check is left, and a is first")
    rig.checked(1, "validate")
    assert.strictEqual(a.outcome, "lent 1")
  })

  it("it is refused when its check times out", () => {
    const rig = doubtful()
    const a = rig.checkout("a", { mode: "try" })
    rig.pass(200)
    assert.strictEqual(a.outcome, "PoolFull")
  })

  it("it is refused when what is checked for it dies", () => {
    const rig = doubtful()
    const a = rig.checkout("a", { mode: "try" })
    rig.died(1)
    assert.strictEqual(a.outcome, "PoolFull")
    assert.strictEqual(rig.status.validating, 0)
  })

  it("one that left in the meantime is told nothing", () => {
    const rig = doubtful()
    const a = rig.checkout("a", { mode: "try" })
    rig.cancel(a)
    rig.checked(1, "validate", false)
    assert.deepStrictEqual([a.outcome, a.deliveries], ["ended", []])
  })

  it("an asker without any time is refused, but has started the check for the next", () => {
    const rig = doubtful()
    const a = rig.checkout("a", { wait: 0 })
    assert.strictEqual(a.outcome, "CheckoutTimeout")
    assert.deepStrictEqual(rig.calls(), ["validate 1"])
    rig.checked(1, "validate")
    assert.strictEqual(rig.checkout("b", { wait: 0 }).outcome, "lent 1")
  })
})

describe("Machine: races of a validation", () => {
  it("a verdict before the deadline in the same batch counts", () => {
    const rig = doubtful()
    const a = rig.checkout("a")
    rig.ports.time += 200
    rig.batch(checked(rig, 1, "validate", true), tick(rig))
    assert.deepStrictEqual([a.outcome, rig.calls()], ["lent 1", ["validate 1", "reply a lent 1"]])
  })

  it("one after the deadline in the same batch does not", () => {
    const rig = doubtful()
    const a = rig.checkout("a")
    rig.ports.time += 200
    rig.batch(tick(rig), checked(rig, 1, "validate", true))
    assert.deepStrictEqual([a.outcome, rig.calls()], ["waiting", ["validate 1", "close 1"]])
  })

  it("B-1 the deadline of the asker and that of the check in one tick: the asker is told once, and nothing is lent", () => {
    const rig = doubtful()
    const a = rig.checkout("a", { wait: 200 })
    rig.pass(200)
    assert.deepStrictEqual([a.outcome, a.deliveries], ["CheckoutTimeout", ["refused"]])
    assert.strictEqual(rig.numbers, "0/0/0/1/0")
  })

  it("B-1 a verdict and the asker's deadline in one batch: whichever comes first", () => {
    const late = doubtful({ validationTimeout: 5_000 })
    const a = late.checkout("a", { wait: 100 })
    late.ports.time += 100
    late.batch(tick(late), checked(late, 1, "validate", true))
    assert.deepStrictEqual([a.outcome, late.numbers], ["CheckoutTimeout", "1/0/0/0/0"])
    const early = doubtful({ validationTimeout: 5_000 })
    const b = early.checkout("b", { wait: 100 })
    early.ports.time += 100
    early.batch(checked(early, 1, "validate", true), tick(early))
    assert.deepStrictEqual([b.outcome, b.deliveries], ["lent 1", ["lent"]])
  })

  it("one that dies after its good verdict, before its asker has it: the asker waits at its old place", () => {
    const rig = doubtful({ maxOverflow: 1 })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    rig.batch(checked(rig, 1, "validate", true), died(rig, 1))
    assert.deepStrictEqual([a.outcome, b.outcome], ["waiting", "waiting"])
    rig.ready(2)
    assert.strictEqual(a.outcome, "lent 2")
  })

  it("H-2 one that dies while it is validated is not lent, whatever the verdict says", () => {
    const rig = doubtful({ size: 2 })
    const a = rig.checkout("a")
    rig.batch(died(rig, 2), checked(rig, 2, "validate", true))
    assert.strictEqual(a.outcome, "waiting")
    assert.deepStrictEqual(rig.calls(), ["validate 2", "validate 1"])
    rig.checked(1, "validate")
    assert.strictEqual(a.outcome, "lent 1")
  })

  it("a verdict on a job that is not under way changes nothing", () => {
    const rig = doubtful()
    rig.checkout("a")
    for (const job of ["reset", "probe"] as const) rig.checked(1, job)
    for (const job of ["reset", "probe"] as const) rig.checked(1, job, false)
    assert.deepStrictEqual([rig.calls(), rig.status.validating], [["validate 1"], 1])
    rig.checked(1, "validate")
    rig.checked(1, "validate")
    rig.checked(1, "validate", false)
    assert.deepStrictEqual(
      [rig.calls(), rig.numbers],
      [["reply a lent 1"], "0/1/0/0/0"],
      "nor does one that comes twice"
    )
  })

  it("one that is validated when its lifetime ends is closed after its verdict, and the next is looked at", () => {
    const lifetimes = { maxLifetime: 600, lifetimeJitter: 0 }
    const rig = new MachineRig({ ...validating, ...lifetimes, size: 2, strategy: "fifo" })
    rig.ready(1)
    rig.ports.time += 100
    rig.ready(2)
    rig.ports.time += 450
    rig.calls()
    const a = rig.checkout("a")
    rig.ports.time += 100
    rig.checked(1, "validate")
    assert.deepStrictEqual(rig.calls(), ["validate 1", "close 1", "validate 2"])
    rig.checked(2, "validate")
    assert.strictEqual(a.outcome, "lent 2")
  })

  it("a shutdown with no patience closes what is being validated, and its verdict is not heard", () => {
    const rig = doubtful()
    const a = rig.checkout("a")
    rig.calls()
    rig.shutdown("now")
    assert.deepStrictEqual([a.outcome, rig.calls()], ["PoolClosed", ["reply a PoolClosed", "close 1"]])
    rig.checked(1, "validate")
    rig.closed(1)
    assert.deepStrictEqual(rig.calls(), ["ended 0 drained 0 forced"])
    assert.strictEqual(rig.machine.state.deadlines.size, 0)
  })

  it("a drain waits for the check of what somebody waits for", () => {
    const rig = doubtful()
    const a = rig.checkout("a")
    const end = rig.shutdown("drain")
    rig.checked(1, "validate")
    rig.taken(a)
    assert.strictEqual(a.outcome, "lent 1")
    rig.checkin(a)
    rig.closed(1)
    assert.deepStrictEqual(end.reports, [{ drained: 1, forced: 0 }])
  })

  it("a try in a drain is refused when its check fails", () => {
    const rig = doubtful()
    const a = rig.checkout("a", { mode: "try" })
    rig.shutdown("drain")
    rig.checked(1, "validate", false)
    rig.closed(1)
    assert.strictEqual(a.outcome, "PoolFull")
    assert.strictEqual(rig.machine.state.phase, "closed")
  })
})
