/** Who is refused where nothing can be opened: `breaker`, `onOpenFailure`. */
import { assert, describe, it } from "@effect/vitest"
import { Cause } from "effect"
import type { Borrow } from "../../../src/pool/internal/borrow.ts"
import type { Message } from "../../../src/pool/Message.ts"
import { MachineRig, type RecordedBorrow } from "../../support/recordedPorts.ts"

const outcomes = (borrows: ReadonlyArray<RecordedBorrow>): ReadonlyArray<string> =>
  borrows.map(({ outcome }) => outcome)
const openings = (rig: MachineRig): ReadonlyArray<string> => rig.calls().filter((call) => call.startsWith("open"))

describe("Machine: the breaker", () => {
  const breaker = { breaker: 2, openConcurrency: 1 }

  /** So many openings fail, one after the other. */
  const fail = (rig: MachineRig, times: number): void => {
    for (let i = 0; i < times; i++) {
      const { id } = [...rig.ports.workers.values()].find(({ state }) => state === "opening")!
      rig.openFailed(id)
      rig.retryAfter(100)
      rig.pass(100)
    }
  }

  it("Q8 after so many failures with nothing open those who wait are refused, and so are all who ask, at once", () => {
    const rig = new MachineRig(breaker)
    const [a, b] = [rig.checkout("a"), rig.checkout("b", { wait: Infinity })]
    fail(rig, 1)
    assert.deepStrictEqual(outcomes([a, b]), ["waiting", "waiting"])
    rig.openFailed(2, "no route")
    assert.deepStrictEqual(outcomes([a, b]), ["OpenFailed", "OpenFailed"])
    const c = rig.checkout("c")
    assert.strictEqual(c.outcome, "OpenFailed")
    const { refusal } = c
    assert.strictEqual(refusal?._tag === "OpenFailed" && Cause.squash(refusal.failure), "no route")
    assert.isUndefined(a.deadline)
  })

  it("one that does not wait is told what it always is", () => {
    const rig = new MachineRig(breaker)
    fail(rig, 2)
    assert.strictEqual(rig.checkout("a", { mode: "try" }).outcome, "PoolFull")
    assert.strictEqual(rig.checkout("b", { wait: 0 }).outcome, "CheckoutTimeout")
  })

  it("one opening at a time goes on probing, in a lazy pool, too, that nobody waits for any more", () => {
    const rig = new MachineRig({ ...breaker, size: 4, start: "lazy", openConcurrency: 4 })
    rig.checkout("a")
    fail(rig, 2)
    assert.deepStrictEqual(openings(rig), ["open 1", "open 2", "open 3"])
    fail(rig, 2)
    assert.deepStrictEqual(openings(rig), ["open 4", "open 5"])
    assert.strictEqual(rig.machine.state.opening, 1)
  })

  it("what it opens at last ends it: people wait again, and are served", () => {
    const rig = new MachineRig({ ...breaker, size: 2 })
    fail(rig, 2)
    rig.ready(3)
    const a = rig.checkout("a")
    assert.strictEqual(a.outcome, "lent 3")
    const b = rig.checkout("b")
    assert.strictEqual(b.outcome, "waiting")
    rig.ready(4)
    assert.strictEqual(b.outcome, "lent 4")
  })

  it("it begins anew after that", () => {
    const rig = new MachineRig(breaker)
    fail(rig, 2)
    rig.ready(3)
    rig.died(3)
    rig.closed(3)
    const a = rig.checkout("a")
    fail(rig, 1)
    assert.strictEqual(a.outcome, "waiting")
    fail(rig, 1)
    assert.strictEqual(a.outcome, "OpenFailed")
  })

  it("as long as something is open nobody is refused, however many openings fail", () => {
    const rig = new MachineRig({ ...breaker, size: 2 })
    rig.ready(1)
    const a = rig.checkout("a")
    const b = rig.checkout("b")
    fail(rig, 5)
    assert.strictEqual(b.outcome, "waiting")
    rig.checkin(a)
    assert.strictEqual(b.outcome, "lent 1")
  })

  it("what is being reset or checked is open", () => {
    const rig = new MachineRig({ ...breaker, size: 2, resets: true })
    rig.ready(1)
    rig.checkin(rig.checkout("a"))
    const b = rig.checkout("b")
    fail(rig, 3)
    assert.strictEqual(b.outcome, "waiting")
  })

  it("what had been open is gone: the next failure refuses those who wait", () => {
    const rig = new MachineRig({ ...breaker, size: 2 })
    rig.ready(1)
    const a = rig.checkout("a")
    const b = rig.checkout("b")
    fail(rig, 2)
    rig.destroyed(a)
    rig.closed(1)
    assert.strictEqual(b.outcome, "waiting", "the one under way may succeed")
    fail(rig, 1)
    assert.strictEqual(b.outcome, "OpenFailed")
  })

  it("an opening that was under way when the others failed ends it, if it succeeds", () => {
    const rig = new MachineRig({ breaker: 2, size: 3 })
    const a = rig.checkout("a")
    rig.openFailed(1)
    rig.openFailed(2)
    assert.strictEqual(a.outcome, "OpenFailed")
    rig.ready(3)
    assert.strictEqual(rig.checkout("b").outcome, "lent 3")
    assert.strictEqual(rig.checkout("c").outcome, "waiting", "the circuit is closed, although the back-off goes on")
  })

  it("where new ones die at once, that counts as failing, and a Ready in between ends nothing for long", () => {
    const rig = new MachineRig({ breaker: 1 })
    for (let id = 1; id <= 2; id++) {
      rig.ready(id)
      rig.died(id)
      rig.closed(id)
    }
    assert.strictEqual(rig.checkout("a").outcome, "OpenFailed")
  })

  it("an eager start fails with its first failure, whatever the breaker says", () => {
    const rig = new MachineRig({ breaker: 1, start: "eager" })
    rig.calls()
    rig.openFailed(1, "no route")
    assert.deepStrictEqual(rig.calls(), ["not started no route", "ended 0 drained 0 forced"])
  })

  it("a drain has nobody to wait for, and probes no more", () => {
    const rig = new MachineRig(breaker)
    fail(rig, 2)
    rig.calls()
    const end = rig.shutdown("drain")
    assert.deepStrictEqual(rig.calls(), ["close 3"])
    rig.closed(3)
    assert.lengthOf(end.reports, 1)
  })

  it("with onOpenFailure \"fail\" each failure refuses one, and the last one all", () => {
    const rig = new MachineRig({ ...breaker, onOpenFailure: "fail", size: 1 })
    const waiters = ["a", "b", "c"].map((name) => rig.checkout(name))
    fail(rig, 1)
    assert.deepStrictEqual(outcomes(waiters), ["OpenFailed", "waiting", "waiting"])
    fail(rig, 1)
    assert.deepStrictEqual(outcomes(waiters), ["OpenFailed", "OpenFailed", "OpenFailed"])
  })
})

describe("Machine: onOpenFailure \"fail\", where somebody waits for something else", () => {
  const checkin = (borrow: Borrow): Message => ({ _tag: "Checkin", borrow })

  it("the one that waits for a check is not refused for an opening that was for the next one", () => {
    const rig = MachineRig.open({ onOpenFailure: "fail", maxOverflow: 1, validates: true, validationBypass: 0 })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    rig.openFailed(2)
    assert.deepStrictEqual(outcomes([a, b]), ["waiting", "OpenFailed"])
    rig.checked(1, "validate")
    assert.strictEqual(a.outcome, "lent 1")
  })

  it("nor is one that waits for a reset", () => {
    const rig = MachineRig.open({ onOpenFailure: "fail", maxOverflow: 1, resets: true })
    const first = rig.checkout("first")
    rig.batch(checkin(first))
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    rig.openFailed(2)
    assert.deepStrictEqual(outcomes([a, b]), ["waiting", "OpenFailed"])
  })

  it("a try is never told OpenFailed", () => {
    const rig = MachineRig.open({ onOpenFailure: "fail", size: 2, validates: true, validationBypass: 0 })
    rig.died(2)
    rig.closed(2)
    const a = rig.checkout("a", { mode: "try" })
    rig.openFailed(3)
    assert.strictEqual(a.outcome, "waiting")
    rig.checked(1, "validate", false)
    assert.strictEqual(a.outcome, "PoolFull")
  })
})
