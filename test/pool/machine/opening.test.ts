import { assert, describe, it } from "@effect/vitest"
import { Cause } from "effect"
import { MachineRig } from "../../support/recordedPorts.ts"

describe("Machine: the first workers", () => {
  it("eager: size openings start, and make is told when the last of them is ready", () => {
    const rig = new MachineRig({ size: 2, maxOverflow: 3, start: "eager" })
    assert.deepStrictEqual(rig.calls(), ["open 1", "open 2"])
    rig.ready(2)
    assert.deepStrictEqual(rig.calls(), [])
    rig.ready(1)
    assert.deepStrictEqual(rig.calls(), ["started"])
    assert.strictEqual(rig.numbers, "2/0/0/0/0")
  })

  it("eager: the first opening that fails fails the start, after what was opened has been closed", () => {
    const rig = new MachineRig({ size: 3, start: "eager" })
    const end = rig.awaitShutdown()
    rig.ready(1)
    rig.calls()
    rig.openFailed(2, "no such host")
    assert.deepStrictEqual(rig.calls(), ["not started no such host", "close 3", "close 1"], "no retry, no back-off")
    rig.closed(1)
    assert.deepStrictEqual(rig.calls(), [])
    rig.closed(3)
    assert.deepStrictEqual(rig.calls(), ["ended 0 drained 0 forced"])
    assert.strictEqual(end.reports.length, 1)
  })

  it("eager: a resource that dies before the start is complete is opened again", () => {
    const rig = new MachineRig({ size: 2, start: "eager" })
    rig.ready(1)
    rig.died(1)
    rig.closed(1)
    rig.ready(2)
    assert.deepStrictEqual(rig.calls(), ["open 1", "open 2", "open 3"])
    rig.ready(3)
    assert.deepStrictEqual(rig.calls(), ["started"])
  })

  it("eager: a failed start says so once, also when several openings fail", () => {
    const rig = new MachineRig({ size: 2, start: "eager" })
    rig.calls()
    rig.openFailed(1, "first")
    rig.openFailed(2, "second")
    assert.deepStrictEqual(rig.calls(), ["not started first", "close 2", "ended 0 drained 0 forced"])
    assert.strictEqual(Cause.squash(rig.ports.startFailure!), "first")
  })

  it("background: the openings start, and nobody is told", () => {
    const rig = new MachineRig({ size: 2, start: "background" })
    rig.ready(1)
    rig.ready(2)
    assert.deepStrictEqual(rig.calls(), ["open 1", "open 2"])
  })

  it("lazy: nothing opens unasked, and what demand has raised is kept alive", () => {
    const rig = new MachineRig({ size: 2, start: "lazy" })
    assert.deepStrictEqual(rig.calls(), [])
    const a = rig.checkout("a")
    rig.ready(1)
    rig.taken(a)
    rig.checkin(a)
    rig.calls()
    rig.died(1)
    rig.closed(1)
    assert.deepStrictEqual(
      rig.calls(),
      ["open 2"],
      "one was needed, so one is kept; the second place is still nobody's"
    )
  })

  it("openConcurrency bounds how many open at once; the next starts as one is done", () => {
    const rig = new MachineRig({ size: 5, openConcurrency: 2 })
    assert.deepStrictEqual(rig.calls(), ["open 1", "open 2"])
    rig.ready(1)
    assert.deepStrictEqual(rig.calls(), ["open 3"])
    for (let id = 2; id <= 5; id++) rig.ready(id)
    assert.strictEqual(rig.numbers, "5/0/0/0/0")
  })
})

describe("Machine: an opening belongs to the pool", () => {
  it("B-9 if the asker leaves, the resource goes to the next waiter", () => {
    const rig = MachineRig.open({ size: 1, maxOverflow: 1 })
    rig.checkout("a")
    const b = rig.checkout("b", { wait: 100 })
    const c = rig.checkout("c")
    rig.pass(100)
    rig.ready(2)
    assert.deepStrictEqual([b.outcome, c.outcome], ["CheckoutTimeout", "lent 2"])
  })

  it("B-8, B-9 if nobody waits it becomes idle within size", () => {
    const rig = new MachineRig({ size: 1, start: "lazy" })
    const a = rig.checkout("a")
    rig.cancel(a)
    assert.deepStrictEqual(rig.calls(), ["open 1"], "the opening goes on")
    rig.ready(1)
    assert.strictEqual(rig.numbers, "1/0/0/0/0")
    assert.deepStrictEqual(rig.calls(), [])
  })

  it("B-9 if nobody waits and it is overflow it is closed, once, and nothing opens instead", () => {
    const rig = MachineRig.open({ size: 1, maxOverflow: 2 })
    rig.checkout("a")
    const b = rig.checkout("b")
    rig.cancel(b)
    rig.calls()
    rig.ready(2)
    assert.deepStrictEqual(rig.calls(), ["close 2"])
    assert.strictEqual(rig.numbers, "0/1/0/1/0")
    rig.closed(2)
    assert.deepStrictEqual(rig.calls(), [])
    assert.strictEqual(rig.numbers, "0/1/0/0/0")
  })

  it("a returned resource serves the waiter first, and the opening the next one", () => {
    const rig = MachineRig.open({ size: 1, maxOverflow: 1 })
    const a = rig.checkout("a")
    const [b, c] = [rig.checkout("b"), rig.checkout("c")]
    rig.checkin(a)
    rig.ready(2)
    assert.deepStrictEqual([b.outcome, c.outcome], ["lent 1", "lent 2"])
  })
})

describe("Machine: a resource that dies", () => {
  it("H-2 while idle: it is never lent again, and is replaced as soon as it is closed", () => {
    const rig = MachineRig.open()
    rig.died(1)
    assert.strictEqual(rig.numbers, "0/0/0/1/0")
    const a = rig.checkout("a")
    assert.strictEqual(a.outcome, "waiting")
    rig.closed(1)
    assert.deepStrictEqual(rig.calls(), ["open 2"])
    rig.ready(2)
    assert.strictEqual(a.outcome, "lent 2")
  })

  it("is replaced at once where there is room", () => {
    const rig = MachineRig.open({ size: 1, maxOverflow: 1 })
    rig.died(1)
    assert.deepStrictEqual(rig.calls(), ["open 2"])
    assert.strictEqual(rig.numbers, "0/0/1/1/0")
  })

  it("is not told to close: it is closing already", () => {
    const rig = MachineRig.open({ size: 1, maxOverflow: 1 })
    rig.taken(rig.checkout("a"))
    rig.died(1)
    assert.deepStrictEqual(rig.calls(), ["open 2"])
  })

  it("while lent: the lease ends at once, and its later checkin changes nothing", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    rig.died(1)
    assert.strictEqual(a.state, "ended")
    assert.strictEqual(a.worker, undefined)
    rig.checkin(a)
    rig.closed(1)
    rig.ready(2)
    rig.checkin(a)
    rig.destroyed(a)
    assert.strictEqual(rig.numbers, "1/0/0/0/0")
  })

  it("B-21 before its asker has it: the asker keeps its place before those who came later, and its deadline", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const b = rig.checkout("b", { wait: 1_000 })
    const c = rig.checkout("c")
    rig.pass(300)
    rig.checkin(a)
    rig.died(1)
    assert.deepStrictEqual([b.outcome, c.outcome], ["waiting", "waiting"])
    rig.closed(1)
    rig.pass(699)
    rig.ready(2)
    assert.deepStrictEqual([b.outcome, c.outcome], ["lent 2", "waiting"])
    rig.died(2)
    rig.pass(1)
    assert.deepStrictEqual([b.outcome, c.outcome], ["CheckoutTimeout", "waiting"])
  })

  it("before its asker has it, while another is idle: the asker gets that one at once", () => {
    const rig = MachineRig.open({ size: 2 })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    const c = rig.checkout("c")
    rig.checkin(a)
    rig.checkin(b)
    const granted = c.worker!.id
    rig.calls()
    rig.died(granted)
    assert.strictEqual(c.outcome, `lent ${3 - granted}`)
    assert.deepStrictEqual(rig.calls(), [`reply c lent ${3 - granted}`])
  })

  it("before its asker has it, granted on the spot: its deadline counts from when it asked", () => {
    const rig = MachineRig.open()
    rig.ports.time = 1e6
    const a = rig.checkout("a", { wait: 1_000, takes: false })
    rig.pass(300)
    rig.died(1)
    assert.strictEqual(a.outcome, "waiting")
    rig.pass(699)
    assert.strictEqual(a.outcome, "waiting")
    rig.pass(1)
    assert.strictEqual(a.outcome, "CheckoutTimeout")
  })

  it("two of them die before their askers have them: both are back in the order in which they asked", () => {
    for (const order of [["a", "b"], ["b", "a"]] as const) {
      const rig = MachineRig.open({ size: 2, strategy: "fifo" })
      const asked = { a: rig.checkout("a", { takes: false }), b: rig.checkout("b", { takes: false }) }
      const ids = order.map((name) => asked[name].worker!.id)
      for (const id of ids) rig.died(id)
      for (const id of ids) rig.closed(id)
      rig.ready(3)
      assert.deepStrictEqual([asked.a.outcome, asked.b.outcome], ["lent 3", "waiting"])
    }
  })

  it("the second grant of such an asker is owned and watched like the first", () => {
    const rig = MachineRig.open()
    const owner = { name: "owner" } as never
    const a = rig.checkout("a")
    const b = rig.checkout("b", { owner })
    rig.checkin(a)
    rig.died(1)
    rig.closed(1)
    rig.ready(2)
    rig.taken(b)
    rig.calls()
    rig.ownerDown(owner, false)
    assert.strictEqual(b.outcome, "ended")
    assert.deepStrictEqual(rig.calls(), ["close 2"])
  })

  it("C-1 as soon as it is open, again and again: no endless loop, but the back-off of an opening that failed", () => {
    const rig = new MachineRig({ size: 1, maxOverflow: 1 })
    for (const id of [1, 2, 3]) {
      rig.ready(id)
      rig.died(id)
      rig.closed(id)
    }
    assert.deepStrictEqual(rig.calls().slice(3), [
      "warning: opening failed with string, will be tried again",
      "retryDelay hung up"
    ], "more in a row than there are places")
    rig.retryAfter(100)
    rig.pass(100)
    rig.ready(4)
    rig.died(4)
    rig.closed(4)
    assert.deepStrictEqual(rig.calls(), ["open 4", "retryDelay hung up"], "another such opening is no success")
    rig.retryAfter(100)
    rig.pass(100)
    rig.ready(5)
    const a = rig.checkout("a")
    rig.checkin(a)
    assert.strictEqual(rig.calls().at(-1), "info: opening again after 2 failed and 200 ms", "that was one")
  })

  it("a streak is not ended by the first use of a resource that is older than the failure", () => {
    const rig = new MachineRig({ size: 3, openConcurrency: 2 })
    rig.ready(1)
    rig.ready(2)
    rig.openFailed(3)
    rig.retryAfter(10)
    rig.pass(10)
    rig.died(1)
    rig.closed(1)
    rig.calls()
    rig.checkin(rig.checkout("a"))
    assert.deepStrictEqual(rig.calls(), [], "nothing has opened since")
  })

  it("the first use that ends a streak lets the others open in the same turn", () => {
    const rig = new MachineRig({ size: 1, maxOverflow: 3 })
    for (let id = 1; id <= 5; id++) {
      rig.ready(id)
      rig.died(id)
      rig.closed(id)
    }
    rig.retryAfter(10)
    rig.pass(10)
    const waiters = ["a", "b", "c", "d"].map((name) => rig.checkout(name))
    rig.ready(6)
    rig.taken(waiters[0]!)
    assert.strictEqual(rig.numbers, "0/1/1/0/3", "one at a time as long as nobody has had it")
    rig.checkin(waiters[0]!)
    assert.strictEqual(rig.numbers, "0/1/2/0/2")
  })

  it("long after it was opened, or after somebody has had it: replaced at once, however often", () => {
    const rig = new MachineRig({ size: 1 })
    for (let id = 1; id <= 10; id++) {
      rig.ready(id)
      if (id % 2 === 0) rig.pass(1_000)
      else rig.checkin(rig.checkout("a"))
      rig.died(id)
      rig.closed(id)
    }
    assert.strictEqual(rig.calls().filter((call) => call.startsWith("open")).length, 11)
  })

  it("C-9 all of them at once: the pool fills again to size, and every waiter is served", () => {
    const rig = MachineRig.open({ size: 3 })
    const lent = rig.checkout("a")
    for (const id of [1, 2, 3]) rig.died(id)
    const waiters = ["b", "c", "d"].map((name) => rig.checkout(name))
    for (const id of [1, 2, 3]) rig.closed(id)
    for (const id of [4, 5, 6]) rig.ready(id)
    assert.deepStrictEqual(waiters.map(({ outcome }) => outcome), ["lent 4", "lent 5", "lent 6"])
    assert.strictEqual(lent.outcome, "ended")
  })
})

describe("Machine: back-off", () => {
  it("A-11 a failed opening is asked about once, logged once, and tried again after the delay", () => {
    const rig = new MachineRig()
    rig.openFailed(1)
    assert.deepStrictEqual(rig.calls(), [
      "open 1",
      "warning: opening failed with string, will be tried again",
      "retryDelay refused"
    ])
    rig.retryAfter(100)
    rig.pass(99)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["open 2"])
  })

  it("C-1 no opening starts during it, not even for a newcomer or a tryCheckout", () => {
    const rig = new MachineRig({ size: 2, maxOverflow: 2, start: "lazy" })
    rig.checkout("a")
    rig.openFailed(1)
    rig.calls()
    rig.checkout("b")
    rig.checkout("c", { mode: "try", wait: 0 })
    assert.deepStrictEqual(rig.calls(), [], "while the schedule is asked")
    rig.retryAfter(100)
    rig.checkout("d")
    rig.pass(50)
    assert.deepStrictEqual(rig.calls(), [], "while its delay is waited for")
    assert.strictEqual(rig.numbers, "0/0/0/0/3")
  })

  it("C-3 afterwards one probe goes first, and only its success lets the others follow", () => {
    const rig = new MachineRig({ size: 4, start: "lazy" })
    const waiters = ["a", "b", "c", "d"].map((name) => rig.checkout(name))
    for (const id of [1, 2, 3, 4]) rig.openFailed(id)
    assert.strictEqual(rig.calls().filter((call) => call.startsWith("retryDelay")).length, 1, "one back-off per pool")
    rig.retryAfter(100)
    rig.pass(100)
    assert.deepStrictEqual(rig.calls(), ["open 5"])
    rig.ready(5)
    assert.deepStrictEqual(rig.calls(), [
      "info: opening again after 4 failed and 100 ms",
      "reply a lent 5",
      "open 6",
      "open 7",
      "open 8"
    ])
    assert.strictEqual(waiters[0]!.outcome, "lent 5")
  })

  it("a probe that fails asks for the next delay of the same streak, without another warning", () => {
    const rig = new MachineRig()
    rig.openFailed(1)
    rig.retryAfter(100)
    rig.pass(100)
    rig.calls()
    rig.openFailed(2, "refused again")
    assert.deepStrictEqual(rig.calls(), ["retryDelay refused again"])
    assert.deepStrictEqual(rig.ports.rounds.map(({ first }) => first), [true, false])
  })

  it("a success resets it: the next failure begins a new streak, with a warning and a new schedule", () => {
    const rig = new MachineRig()
    rig.openFailed(1)
    rig.retryAfter(100)
    rig.pass(100)
    rig.ready(2)
    rig.died(2)
    rig.closed(2)
    rig.calls()
    rig.openFailed(3)
    assert.deepStrictEqual(rig.calls(), [
      "warning: opening failed with string, will be tried again",
      "retryDelay refused"
    ])
    assert.deepStrictEqual(rig.ports.rounds.map(({ first }) => first), [true, true])
  })

  it("a success of an opening that was under way before the failure does not cut the back-off short", () => {
    const rig = new MachineRig({ size: 4, start: "lazy", openConcurrency: 2 })
    for (const name of ["a", "b", "c", "d"]) rig.checkout(name)
    rig.openFailed(1)
    rig.calls()
    rig.ready(2)
    rig.retryAfter(100)
    rig.pass(99)
    assert.deepStrictEqual(rig.calls(), ["reply a lent 2"])
    rig.pass(1)
    assert.strictEqual(rig.calls().at(-1), "open 4", "and when it is over, that success counts: no single probe")
  })

  it("C-1 a streak ends by a success only, not because everybody has gone meanwhile", () => {
    const rig = new MachineRig({ size: 2, start: "lazy" })
    rig.checkout("a", { wait: 50 })
    rig.openFailed(1)
    rig.retryAfter(100)
    rig.pass(50)
    rig.calls()
    rig.pass(50)
    assert.deepStrictEqual(rig.calls(), [], "nothing was opened, so nothing is said to have recovered")
    rig.checkout("b")
    rig.checkout("c")
    assert.deepStrictEqual(rig.calls(), ["open 2"], "still one probe")
    rig.openFailed(2)
    assert.deepStrictEqual(rig.calls(), ["retryDelay refused"], "the same streak: no second warning")
    assert.deepStrictEqual(rig.ports.rounds.map(({ first }) => first), [true, false])
  })

  it("an answer that nobody asked for is ignored", () => {
    const rig = MachineRig.open({ size: 1, maxOverflow: 1 })
    rig.retryAfter(1_000)
    rig.checkout("a")
    rig.checkout("b", { wait: Infinity })
    assert.deepStrictEqual(rig.calls(), ["open 2"])
    assert.strictEqual(rig.machine.state.deadlines.size, 1, "that of the opening")
  })

  it("an answer given twice is taken once", () => {
    const rig = new MachineRig()
    rig.openFailed(1)
    rig.retryAfter(100)
    rig.retryAfter(5_000)
    rig.pass(100)
    assert.strictEqual(rig.numbers, "0/0/1/0/0")
    assert.strictEqual(rig.machine.state.deadlines.size, 1)
  })

  it("a delay of 0 is held off for a millisecond: no loop is tighter than that", () => {
    const rig = new MachineRig()
    rig.openFailed(1)
    rig.retryAfter(0)
    rig.calls()
    rig.pass(0)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["open 2"])
  })

  it("C-4 after an hour of failures the pool recovers with its next probe", () => {
    const rig = new MachineRig()
    for (let id = 1; id <= 120; id++) {
      rig.openFailed(id)
      rig.retryAfter(30_000)
      rig.pass(30_000)
    }
    rig.calls()
    rig.ready(121)
    assert.deepStrictEqual(rig.calls(), ["info: opening again after 120 failed and 3600000 ms"])
    assert.strictEqual(rig.numbers, "1/0/0/0/0")
  })

  it("lent resources that come back serve the waiters meanwhile", () => {
    const rig = MachineRig.open({ size: 1, maxOverflow: 1 })
    const a = rig.checkout("a")
    const b = rig.checkout("b")
    rig.openFailed(2)
    rig.checkin(a)
    assert.strictEqual(b.outcome, "lent 1")
  })

  it("a recovered pool no longer names the old failure", () => {
    const rig = new MachineRig()
    rig.openFailed(1)
    rig.retryAfter(1)
    rig.pass(1)
    rig.ready(2)
    rig.checkout("a")
    const b = rig.checkout("b", { wait: 10 })
    rig.pass(10)
    assert.strictEqual(b.refusal?._tag === "CheckoutTimeout" && b.refusal.lastOpenFailure, undefined)
  })
})

describe("Machine: onOpenFailure", () => {
  it("C-2 retry: the waiters keep waiting and are all served later", () => {
    const rig = new MachineRig({ size: 2, start: "lazy" })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    rig.openFailed(1)
    rig.openFailed(2)
    assert.deepStrictEqual([a.outcome, b.outcome], ["waiting", "waiting"])
    rig.retryAfter(10)
    rig.pass(10)
    rig.ready(3)
    rig.ready(4)
    assert.deepStrictEqual([a.outcome, b.outcome], ["lent 3", "lent 4"])
  })

  it("C-2 fail: the oldest waiter in line gets OpenFailed with the cause, the others wait for the next attempt", () => {
    const rig = new MachineRig({ size: 2, start: "lazy", openConcurrency: 1, onOpenFailure: "fail" })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    rig.openFailed(1, "refused")
    assert.deepStrictEqual([a.outcome, b.outcome], ["OpenFailed", "waiting"])
    assert.strictEqual(a.refusal?._tag === "OpenFailed" && Cause.squash(a.refusal.failure), "refused")
    rig.retryAfter(10)
    rig.pass(10)
    rig.ready(2)
    assert.strictEqual(b.outcome, "lent 2")
  })

  it("fail: each failure costs one waiter, and none where nobody waits", () => {
    const rig = new MachineRig({ size: 3, onOpenFailure: "fail" })
    const a = rig.checkout("a", { wait: 50 })
    rig.openFailed(1)
    rig.openFailed(2)
    assert.deepStrictEqual(a.deliveries, ["refused"])
    rig.pass(50)
    assert.deepStrictEqual(a.deliveries, ["refused"])
  })
})

describe("Machine: openings and closings that outlive their timeout", () => {
  it("an opening is given up at its openTimeout, not earlier, and still counts until it has answered", () => {
    const rig = new MachineRig({ openTimeout: 1_000 })
    rig.calls()
    rig.pass(999)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["giveUp 1"])
    assert.strictEqual(rig.numbers, "0/0/1/0/0")
    rig.openFailed(1, "OpenTimeout")
    assert.strictEqual(rig.status.abandoned, 0)
    assert.strictEqual(rig.numbers, "0/0/0/0/0")
  })

  it("C-8 one that ignores its interruption is abandoned: reported, counted once, and no longer in the bound", () => {
    const rig = new MachineRig({ openTimeout: 1_000 })
    rig.pass(1_000)
    rig.calls()
    rig.openFailed(1, "OpenTimeout", true)
    assert.deepStrictEqual(rig.calls(), [
      "warning: an opening outlived its timeout and was given up",
      "warning: opening failed with string, will be tried again",
      "retryDelay OpenTimeout"
    ])
    assert.strictEqual(rig.status.abandoned, 1)
    rig.retryAfter(1)
    rig.pass(1)
    assert.strictEqual(rig.numbers, "0/0/1/0/0", "its place is free")
  })

  it("an opening in time keeps no deadline", () => {
    const rig = MachineRig.open({ openTimeout: 1_000 })
    assert.strictEqual(rig.machine.state.deadlines.size, 0)
    rig.pass(1_000)
    assert.deepStrictEqual(rig.calls(), [])
  })

  it("D-12, H-8 a closing counts until closeTimeout, then it is abandoned and its place is free", () => {
    const rig = MachineRig.open({ closeTimeout: 500 })
    const a = rig.checkout("a")
    const b = rig.checkout("b")
    rig.destroyed(a)
    rig.pass(499)
    assert.deepStrictEqual(rig.calls(), ["close 1"], "no more live than the bound, closing included")
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["giveUp 1"])
    rig.closed(1, true)
    assert.deepStrictEqual(rig.calls(), ["warning: a closing outlived its timeout and was given up", "open 2"])
    assert.strictEqual(rig.status.abandoned, 1)
    rig.ready(2)
    assert.strictEqual(b.outcome, "lent 2")
  })

  it("a closing in time keeps no deadline, and the closing of the dead has one too", () => {
    const rig = new MachineRig({ closeTimeout: 500, start: "lazy", size: 1, maxOverflow: 1 })
    const a = rig.checkout("a")
    rig.ready(1)
    rig.taken(a)
    rig.died(1)
    rig.calls()
    rig.pass(500)
    assert.deepStrictEqual(rig.calls(), ["giveUp 1"])
    rig.closed(1)
    rig.pass(1_000)
    assert.deepStrictEqual(rig.calls(), [])
  })

  it("H-7 a closing that takes its time keeps nobody from the resources that are idle", () => {
    const rig = MachineRig.open({ size: 2 })
    rig.destroyed(rig.checkout("a"))
    assert.strictEqual(rig.checkout("b").state, "lent")
  })

  it("C-10 a resource that arrives for a place that was given up is not lent: its worker closes it", () => {
    const rig = new MachineRig({ start: "lazy", openTimeout: 100 })
    const a = rig.checkout("a")
    rig.pass(100)
    rig.openFailed(1, "OpenTimeout", true)
    rig.calls()
    rig.ready(1)
    assert.deepStrictEqual(rig.calls(), [])
    assert.strictEqual(a.outcome, "waiting")
    assert.strictEqual(rig.numbers, "0/0/0/0/1")
  })
})
