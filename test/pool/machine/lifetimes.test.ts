/** How long a resource is lent: `maxLifetime`, its jitter and its successors, and `maxUses`. */
import { assert, describe, it } from "@effect/vitest"
import { MachineRig } from "../../support/recordedPorts.ts"

/** Lifetimes of 1000 ms, and 100 ms for a successor. */
const lifetimes = { maxLifetime: 1_000, lifetimeJitter: 0.1 }

/** With room for a successor. */
const roomy = { ...lifetimes, maxOverflow: 1 }

describe("Machine: the end of a lifetime", () => {
  it("an idle resource is closed at the end of its lifetime, not earlier, and replaced as soon as there is room", () => {
    const rig = MachineRig.open(lifetimes)
    rig.pass(999)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
    rig.closed(1)
    assert.deepStrictEqual(rig.calls(), ["open 2"])
  })

  it("G-7 one whose lifetime ends while it is lent is left alone, and closed when it comes back", () => {
    const rig = MachineRig.open(lifetimes)
    const a = rig.checkout("a")
    rig.pass(5_000)
    assert.deepStrictEqual([a.outcome, rig.calls()], ["lent 1", []])
    rig.checkin(a)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
    rig.closed(1)
    assert.deepStrictEqual(rig.calls(), ["open 2"])
  })

  it("G-7 nobody who waits gets one that comes back past its lifetime", () => {
    const rig = MachineRig.open(lifetimes)
    const a = rig.checkout("a")
    const b = rig.checkout("b", { wait: Infinity })
    rig.pass(1_000)
    rig.checkin(a)
    assert.deepStrictEqual([b.outcome, rig.calls()], ["waiting", ["close 1"]])
    rig.closed(1)
    rig.ready(2)
    assert.deepStrictEqual([b.outcome, rig.calls()], ["lent 2", ["open 2", "reply b lent 2"]])
  })

  it("one past its lifetime is not lent, although the housekeeper has not come yet", () => {
    const rig = MachineRig.open({ ...lifetimes, size: 2 })
    rig.ports.time += 1_000
    const a = rig.checkout("a")
    assert.strictEqual(a.outcome, "waiting")
    assert.deepStrictEqual(rig.calls(), ["close 2", "close 1"], "one after the other was looked at")
    rig.closed(1)
    rig.ready(3)
    assert.strictEqual(a.outcome, "lent 3")
  })

  it("the next idle one is lent instead, if its own time is not over", () => {
    const rig = new MachineRig({ ...lifetimes, size: 2, strategy: "fifo" })
    rig.ready(1)
    rig.ports.time += 500
    rig.ready(2)
    rig.ports.time += 500
    rig.calls()
    assert.strictEqual(rig.checkout("a").outcome, "lent 2")
    assert.deepStrictEqual(rig.calls(), ["close 1"])
  })

  it("a replacement is opened at once for one that is found to be past its lifetime, if there is room", () => {
    const rig = MachineRig.open({ ...roomy, openTimeout: 10 })
    rig.ports.time += 1_000
    const a = rig.checkout("a", { wait: 0 })
    assert.strictEqual(a.outcome, "CheckoutTimeout")
    assert.deepStrictEqual(rig.calls(), ["close 1", "open 2"])
  })

  it("a try finds nothing where all that is idle is past its lifetime", () => {
    const rig = MachineRig.open(lifetimes)
    rig.ports.time += 1_000
    assert.strictEqual(rig.checkout("a", { mode: "try" }).outcome, "PoolFull")
  })

  it("the reading of the clock that a batch of turns has made does for all of it", () => {
    const rig = MachineRig.open(lifetimes)
    rig.ports.began = rig.ports.time + 999
    rig.ports.time += 1_000
    assert.strictEqual(rig.checkout("a").outcome, "lent 1")
  })

  it("nothing falls due for a pool whose resources are all lent", () => {
    const rig = MachineRig.open(lifetimes)
    rig.checkout("a")
    rig.pass(1_000)
    assert.isUndefined(rig.due)
  })

  it("reset is not run on one that is to be closed", () => {
    const rig = MachineRig.open({ ...lifetimes, resets: true })
    const a = rig.checkout("a")
    rig.pass(1_000)
    rig.checkin(a)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
  })
})

describe("Machine: the jitter of lifetimes", () => {
  it("G-8 a hundred that were opened in one tick are closed at a hundred different times", () => {
    const rig = new MachineRig({ ...lifetimes, size: 100, openConcurrency: 100 })
    for (let id = 1; id <= 100; id++) rig.ready(id, id / 100)
    rig.calls()
    rig.pass(899)
    assert.deepStrictEqual(rig.calls(), [], "at most a tenth is taken off")
    for (let id = 100; id >= 1; id--) {
      rig.pass(1)
      assert.deepStrictEqual(rig.calls(), [`close ${id}`])
    }
  })

  it("without jitter they all go at once", () => {
    const rig = new MachineRig({ maxLifetime: 1_000, lifetimeJitter: 0, size: 2 })
    rig.ready(1, 0.1)
    rig.ready(2, 0.9)
    rig.calls()
    rig.pass(999)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["close 1", "close 2"])
  })

  it("each lifetime counts from the opening of that resource", () => {
    const rig = new MachineRig({ ...lifetimes, size: 2 })
    rig.ready(1)
    rig.pass(300)
    rig.ready(2)
    rig.calls()
    rig.pass(700)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
    rig.pass(299)
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["close 2"])
  })
})

describe("Machine: successors", () => {
  it("a successor is opened a tenth of the lifetime before its end, and the old one is closed when it is there", () => {
    const rig = MachineRig.open(roomy)
    rig.pass(899)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["open 2"])
    rig.pass(50)
    rig.ready(2)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
    assert.strictEqual(rig.numbers, "1/0/0/1/0")
  })

  it("no longer before it than an opening may take", () => {
    const rig = MachineRig.open({ ...roomy, openTimeout: 30 })
    rig.pass(969)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["open 2"])
  })

  it("a tenth before it, too, where an opening may take for ever", () => {
    const rig = MachineRig.open({ ...roomy, openTimeout: Infinity })
    rig.pass(900)
    assert.deepStrictEqual(rig.calls(), ["open 2"])
  })

  it("the jitter moves the successor with the end", () => {
    const rig = new MachineRig(roomy)
    rig.ready(1, 1)
    rig.calls()
    rig.pass(799)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["open 2"])
  })

  it("there is none where there is no room when it is time for it, also if there is later", () => {
    const rig = MachineRig.open({ ...lifetimes, size: 1, maxOverflow: 1 })
    const a = rig.checkout("a")
    rig.pass(800)
    const b = rig.checkout("b")
    rig.ready(2)
    rig.taken(b)
    rig.calls()
    rig.pass(100)
    rig.destroyed(b)
    rig.closed(2)
    assert.deepStrictEqual(rig.calls(), ["close 2"])
    rig.checkin(a)
    rig.pass(100)
    assert.deepStrictEqual(rig.calls(), ["close 1", "open 3"], "the replacement comes when the old one goes")
  })

  it("it is there beside a lent one: idle, and not taken for overflow", () => {
    const rig = MachineRig.open(roomy)
    const a = rig.checkout("a")
    rig.pass(900)
    rig.ready(2)
    assert.deepStrictEqual(rig.calls(), ["open 2"])
    assert.strictEqual(rig.numbers, "1/1/0/0/0")
    rig.pass(99)
    assert.deepStrictEqual(rig.calls(), [])
    rig.checkin(a)
    assert.deepStrictEqual(rig.calls(), ["close 1"], "although its time is not quite over")
    assert.strictEqual(rig.numbers, "1/0/0/1/0")
  })

  it("the old one still serves who waits, as long as its time is not over", () => {
    const rig = MachineRig.open(roomy)
    const a = rig.checkout("a")
    rig.pass(900)
    const [b, c] = [rig.checkout("b"), rig.checkout("c")]
    rig.ready(2)
    assert.deepStrictEqual([b.outcome, c.outcome], ["lent 2", "waiting"])
    rig.checkin(a)
    assert.strictEqual(c.outcome, "lent 1")
  })

  it("one that comes back after its end is closed, and its successor stays", () => {
    const rig = MachineRig.open(roomy)
    const a = rig.checkout("a")
    rig.pass(900)
    rig.ready(2)
    rig.pass(100)
    rig.calls()
    rig.checkin(a)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
    rig.closed(1)
    assert.deepStrictEqual([rig.calls(), rig.numbers], [[], "1/0/0/0/0"])
  })

  it("each resource has one successor, and that one has its own in its turn", () => {
    const rig = MachineRig.open(roomy)
    rig.pass(900)
    rig.ready(2)
    rig.closed(1)
    assert.deepStrictEqual(rig.calls(), ["open 2", "close 1"])
    rig.pass(899)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["open 3"])
  })

  it("where its opening fails it is tried again, and meanwhile the old one is lent as ever", () => {
    const rig = MachineRig.open({ ...roomy, maxLifetime: 10_000 })
    rig.pass(9_000)
    rig.openFailed(2)
    rig.retryAfter(100)
    rig.calls()
    const a = rig.checkout("a")
    assert.strictEqual(a.outcome, "lent 1")
    rig.pass(100)
    assert.deepStrictEqual(rig.calls(), ["open 3"])
    rig.checkin(a)
    assert.strictEqual(rig.numbers, "1/0/1/0/0")
    rig.ready(3)
    assert.deepStrictEqual(rig.calls().at(-1), "close 1")
  })

  it("where no successor could be opened in time, the replacement is the only one", () => {
    const rig = MachineRig.open(roomy)
    rig.pass(900)
    rig.openFailed(2)
    rig.retryAfter(150)
    rig.calls()
    rig.pass(100)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
    rig.pass(50)
    assert.deepStrictEqual(rig.calls(), ["open 3"])
    rig.ready(3)
    rig.closed(1)
    assert.strictEqual(rig.numbers, "1/0/0/0/0")
    assert.deepStrictEqual(rig.calls().filter((call) => call.startsWith("open ")), [])
  })

  it("an old one that goes before its successor is there is not replaced twice", () => {
    for (const goes of ["dies", "is destroyed", "is detached"] as const) {
      const rig = MachineRig.open(roomy)
      const a = rig.checkout("a")
      rig.pass(900)
      rig.calls()
      if (goes === "dies") rig.died(1)
      else if (goes === "is destroyed") rig.destroyed(a)
      else assert.isTrue(rig.detach(a))
      if (goes !== "is detached") rig.closed(1)
      rig.ready(2)
      assert.deepStrictEqual(rig.calls().filter((call) => call.startsWith("open")), [], goes)
      assert.strictEqual(rig.numbers, "1/0/0/0/0", goes)
      assert.strictEqual(rig.machine.state.succeeded, 0, goes)
    }
  })

  it("as many are opened ahead as are to be kept, and no more: overflow is not", () => {
    const rig = MachineRig.open({ ...lifetimes, size: 1, maxOverflow: 2 })
    rig.checkout("a")
    const b = rig.checkout("b")
    rig.ready(2)
    rig.taken(b)
    rig.calls()
    rig.pass(900)
    assert.deepStrictEqual(rig.calls(), ["open 3"], "one for the two of them")
    rig.ready(3)
    rig.pass(100)
    assert.strictEqual(rig.numbers, "1/2/0/0/0")
  })

  it("one that somebody else will leave behind does for it", () => {
    const rig = MachineRig.open({ ...lifetimes, size: 1, maxOverflow: 2 })
    rig.checkout("a")
    rig.pass(500)
    rig.checkout("b")
    rig.ready(2)
    rig.calls()
    rig.pass(400)
    assert.deepStrictEqual(rig.calls(), [], "the younger one is still there when the older one goes")
  })

  it("below size, too, there is one successor and no more, and the old one is closed when it is there", () => {
    const rig = MachineRig.open({ ...lifetimes, size: 4, minIdle: 1 })
    rig.pass(900)
    assert.deepStrictEqual(rig.calls(), ["open 2"])
    rig.ready(2)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
    rig.closed(1)
    assert.deepStrictEqual([rig.calls(), rig.numbers, rig.machine.state.target], [[], "1/0/0/0/0", 1])
  })

  it("and where it was lent then, it is closed when it comes back", () => {
    const rig = MachineRig.open({ ...lifetimes, size: 4, minIdle: 1 })
    const a = rig.checkout("a")
    rig.pass(900)
    rig.ready(2)
    rig.calls()
    rig.checkin(a)
    assert.deepStrictEqual([rig.calls(), rig.numbers], [["close 1"], "1/0/0/1/0"])
  })

  it("one that was probed when its successor came is closed after its probe", () => {
    const rig = MachineRig.open({ ...roomy, keepalive: 850 })
    rig.pass(850)
    rig.pass(50)
    rig.ready(2)
    assert.deepStrictEqual(rig.calls(), ["probe 1", "open 2"])
    rig.checked(1, "probe")
    assert.deepStrictEqual(rig.calls(), ["close 1"])
  })

  it("one that is closing has none: it has been replaced", () => {
    const rig = MachineRig.open({ ...lifetimes, maxOverflow: 2 })
    const a = rig.checkout("a")
    rig.pass(850)
    rig.destroyed(a)
    rig.ready(2)
    rig.calls()
    rig.pass(50)
    assert.deepStrictEqual([rig.calls(), rig.machine.state.succeeded], [[], 0])
  })

  it("an old one stays where there would be too few without it", () => {
    const rig = MachineRig.open({ ...lifetimes, size: 2, maxOverflow: 1 })
    const a = rig.checkout("a")
    rig.pass(900)
    rig.destroyed(a)
    assert.deepStrictEqual(rig.calls(), ["open 3", "close 2"])
    rig.ready(3)
    assert.deepStrictEqual([rig.calls(), rig.numbers], [[], "2/0/0/1/0"])
  })

  it("lingering is for overflow, and not for one whose successor is there", () => {
    const rig = MachineRig.open({ ...roomy, overflowTtl: 10_000 })
    const a = rig.checkout("a")
    rig.pass(900)
    rig.ready(2)
    rig.calls()
    rig.checkin(a)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
  })

  it("a successor is not overflow to be closed after overflowTtl", () => {
    const rig = MachineRig.open({ ...roomy, overflowTtl: 20 })
    rig.checkout("a")
    rig.pass(900)
    rig.ready(2)
    rig.calls()
    rig.pass(99)
    assert.deepStrictEqual(rig.calls(), [])
    assert.strictEqual(rig.numbers, "1/1/0/0/0")
  })

  it("one that is to be evicted before the end of its lifetime has none", () => {
    const rig = MachineRig.open({ ...roomy, size: 2 })
    rig.evictAll(1_900)
    rig.pass(300)
    rig.closed(1)
    rig.ready(3)
    rig.calls()
    rig.pass(600)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(50)
    assert.deepStrictEqual(rig.calls(), ["close 2", "open 4"])
  })
})

describe("Machine: maxUses", () => {
  it("a resource is closed when it comes back from its last borrower, and replaced", () => {
    const rig = MachineRig.open({ maxUses: 2 })
    rig.checkin(rig.checkout("a"))
    assert.deepStrictEqual(rig.calls(), [])
    rig.checkin(rig.checkout("b"))
    assert.deepStrictEqual(rig.calls(), ["close 1"])
    rig.closed(1)
    assert.deepStrictEqual(rig.calls(), ["open 2"])
  })

  it("who waits gets another one", () => {
    const rig = MachineRig.open({ maxUses: 1 })
    const a = rig.checkout("a")
    const b = rig.checkout("b")
    rig.checkin(a)
    rig.closed(1)
    rig.ready(2)
    assert.strictEqual(b.outcome, "lent 2")
  })

  it("a borrow that was cancelled before anybody had it is no use", () => {
    const rig = MachineRig.open({ maxUses: 1 })
    rig.cancel(rig.checkout("a", { takes: false }))
    assert.deepStrictEqual(rig.calls(), [])
    rig.checkin(rig.checkout("b"))
    assert.deepStrictEqual(rig.calls(), ["close 1"])
  })
})
