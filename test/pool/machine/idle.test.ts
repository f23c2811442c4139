/** How many sit idle, and for how long: `minIdle`, `idleTimeout`, `overflowTtl`, `targetUtilization`, and the housekeeper's rounds. */
import { assert, describe, it } from "@effect/vitest"
import { MachineRig, type RecordedBorrow } from "../../support/recordedPorts.ts"

const names = (n: number): ReadonlyArray<string> => Array.from({ length: n }, (_, i) => `borrower ${i + 1}`)

/** So many are lent at once; they are opened where they are not there. */
const lendAll = (rig: MachineRig, n: number): ReadonlyArray<RecordedBorrow> => {
  const borrows = names(n).map((name) => rig.checkout(name))
  while (rig.machine.state.opening > 0) rig.readyAll()
  rig.taken(...borrows)
  return borrows
}

describe("Machine: minIdle", () => {
  it("is what a pool opens at its start, and what an eager one waits for", () => {
    const rig = new MachineRig({ size: 4, minIdle: 2, start: "eager" })
    assert.deepStrictEqual(rig.calls(), ["open 1", "open 2"])
    rig.ready(1)
    assert.deepStrictEqual(rig.calls(), [])
    rig.ready(2)
    assert.deepStrictEqual(rig.calls(), ["started"])
  })

  it("0: an eager pool waits for nothing", () => {
    const rig = new MachineRig({ size: 4, minIdle: 0, start: "eager" })
    assert.isFalse(rig.machine.state.starting)
    assert.deepStrictEqual(rig.calls(), [])
  })

  it("a lazy pool opens nothing before it is asked, whatever minIdle is", () => {
    const rig = new MachineRig({ size: 4, minIdle: 2, start: "lazy" })
    assert.deepStrictEqual(rig.calls(), [])
  })

  it("demand opens more, up to size, and they are kept and replaced", () => {
    const rig = MachineRig.open({ size: 3, minIdle: 1, maxOverflow: 1 })
    const [a, ...others] = lendAll(rig, 4)
    for (const borrow of others) rig.checkin(borrow)
    assert.strictEqual(rig.numbers, "2/1/0/1/0", "overflow is not kept")
    rig.closedAll()
    rig.calls()
    rig.destroyed(a!)
    assert.deepStrictEqual(rig.calls(), ["close 1", "open 5"])
    rig.closedAll()
    rig.readyAll()
    assert.deepStrictEqual([rig.calls(), rig.numbers], [[], "3/0/0/0/0"])
  })

  it("H16, G-12 given a lost one, when below minIdle, then replenished, in whatever way it was lost", () => {
    const rig = MachineRig.open({ size: 4, maxOverflow: 4, minIdle: 2 })
    rig.destroyed(rig.checkout("a"))
    rig.died(1)
    rig.evict([3])
    rig.readyAll()
    assert.isTrue(rig.detach(rig.checkout("b")))
    rig.readyAll()
    assert.strictEqual(rig.machine.state.open, 2)
  })
})

describe("Machine: idleTimeout", () => {
  const settings = { size: 4, minIdle: 1, idleTimeout: 100 }

  it("H4 closes what nobody has needed for so long, not earlier", () => {
    const rig = MachineRig.open(settings)
    for (const borrow of lendAll(rig, 3)) rig.checkin(borrow)
    rig.calls()
    rig.pass(99)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["close 1", "close 2"])
    for (const id of [1, 2]) rig.closed(id)
    assert.deepStrictEqual([rig.calls(), rig.numbers], [[], "1/0/0/0/0"], "and none of them is replaced")
  })

  it("G-4, H5 given a timeout, when no more than minIdle are idle, then they are kept for ever", () => {
    const rig = MachineRig.open({ ...settings, minIdle: 2 })
    assert.isUndefined(rig.due)
    rig.pass(1_000_000)
    assert.deepStrictEqual([rig.calls(), rig.numbers], [[], "2/0/0/0/0"])
  })

  it("the coldest goes first, under either strategy", () => {
    for (const strategy of ["lifo", "fifo"] as const) {
      const rig = MachineRig.open({ ...settings, strategy })
      const [a, b, c] = lendAll(rig, 3)
      for (const borrow of [b!, c!, a!]) {
        rig.checkin(borrow)
        rig.pass(10)
      }
      rig.calls()
      rig.pass(70)
      assert.deepStrictEqual(rig.calls(), ["close 2"], strategy)
      rig.pass(10)
      assert.deepStrictEqual(rig.calls(), ["close 3"], strategy)
      rig.pass(1_000)
      assert.deepStrictEqual(rig.calls(), [], strategy)
    }
  })

  it("one that was needed begins anew", () => {
    const rig = MachineRig.open(settings)
    for (const borrow of lendAll(rig, 2)) rig.checkin(borrow)
    rig.pass(60)
    rig.checkin(rig.checkout("a"))
    rig.calls()
    rig.pass(40)
    assert.deepStrictEqual(rig.calls(), ["close 1"], "lifo lends the other one")
  })

  it("after it no more are kept than demand opens again", () => {
    const rig = MachineRig.open(settings)
    for (const borrow of lendAll(rig, 3)) rig.checkin(borrow)
    rig.pass(100)
    for (const id of [1, 2]) rig.closed(id)
    rig.calls()
    rig.destroyed(rig.checkout("a"))
    assert.deepStrictEqual(rig.calls(), ["close 3", "open 4"], "one, and not three")
  })

  it("what lingers above size does not raise what is kept", () => {
    const rig = MachineRig.open({ ...settings, size: 2, minIdle: 0, maxOverflow: 2, overflowTtl: 10_000 })
    const [a, ...others] = lendAll(rig, 4)
    rig.checkin(a!)
    rig.pass(100)
    rig.closedAll()
    for (const borrow of others) rig.destroyed(borrow)
    rig.closedAll()
    rig.readyAll()
    assert.strictEqual(rig.machine.state.live, 2)
  })

  it("counts only those that are idle: with the rest lent, minIdle of them are kept", () => {
    const rig = MachineRig.open(settings)
    const [a, b, c, d] = lendAll(rig, 4)
    rig.checkin(a!)
    rig.calls()
    rig.pass(1_000)
    assert.deepStrictEqual(rig.calls(), [])
    for (const borrow of [b!, c!]) rig.checkin(borrow)
    rig.pass(100)
    assert.deepStrictEqual(rig.calls(), ["close 1", "close 2"])
    assert.strictEqual(d!.outcome, "lent 4")
  })

  it("never: with Infinity nothing is due", () => {
    const rig = MachineRig.open({ ...settings, idleTimeout: Infinity })
    for (const borrow of lendAll(rig, 3)) rig.checkin(borrow)
    assert.isUndefined(rig.due)
  })

  it("minIdle 0: a pool that nobody needs closes everything, and opens again on demand", () => {
    const rig = MachineRig.open({ size: 2, minIdle: 0, idleTimeout: 100, start: "lazy" })
    rig.checkin(lendAll(rig, 1)[0]!)
    rig.pass(100)
    rig.closed(1)
    assert.strictEqual(rig.numbers, "0/0/0/0/0")
    assert.isUndefined(rig.due)
    rig.calls()
    rig.checkout("a")
    assert.deepStrictEqual(rig.calls(), ["open 2"])
  })
})

describe("Machine: overflowTtl", () => {
  const settings = { size: 1, maxOverflow: 2, overflowTtl: 50 }

  it("R11 overflow that nobody waits for sits idle for so long, and is closed then", () => {
    const rig = MachineRig.open(settings)
    const [a, b] = lendAll(rig, 2)
    rig.calls()
    rig.checkin(b!)
    rig.checkin(a!)
    assert.deepStrictEqual([rig.calls(), rig.numbers], [[], "2/0/0/0/0"])
    rig.pass(49)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["close 2"], "the colder one of the two")
    rig.pass(1_000)
    assert.deepStrictEqual([rig.calls(), rig.numbers], [[], "1/0/0/1/0"])
  })

  it("while it lingers it is lent like any other", () => {
    const rig = MachineRig.open(settings)
    const [a, b] = lendAll(rig, 2)
    rig.checkin(b!)
    rig.pass(40)
    rig.calls()
    assert.strictEqual(rig.checkout("c").outcome, "lent 2")
    rig.pass(1_000)
    assert.deepStrictEqual([rig.calls(), a!.outcome], [[], "lent 1"])
  })

  it("it counts from the moment at which that one became idle, not from the last one's", () => {
    const rig = MachineRig.open(settings)
    const [a, b, c] = lendAll(rig, 3)
    rig.checkin(a!)
    rig.pass(30)
    rig.checkin(b!)
    rig.checkin(c!)
    rig.calls()
    rig.pass(20)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
    rig.pass(29)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(1)
    assert.deepStrictEqual(rig.calls(), ["close 2"], "the last one is no overflow")
  })

  it("A-9 alternating load does not open and close for every borrow", () => {
    const rig = MachineRig.open(settings)
    lendAll(rig, 1)
    rig.calls()
    for (let i = 0; i < 100; i++) {
      const b = rig.checkout(`b${i}`)
      rig.readyAll()
      rig.taken(b)
      rig.pass(10)
      rig.checkin(b)
      rig.pass(10)
    }
    assert.lengthOf(rig.calls().filter((call) => call.startsWith("open")), 1)
  })

  it("none: overflow is closed as soon as it comes back", () => {
    const rig = MachineRig.open({ ...settings, overflowTtl: 0 })
    const [, b] = lendAll(rig, 2)
    rig.calls()
    rig.checkin(b!)
    assert.deepStrictEqual(rig.calls(), ["close 2"])
  })

  it("one that a newcomer makes overflow falls due from then on", () => {
    const rig = MachineRig.open({ size: 2, maxOverflow: 1, overflowTtl: 50, validates: true, validationBypass: 100 })
    const [a, b] = [rig.checkout("a"), rig.checkout("b")]
    rig.cancel(rig.checkout("c"))
    rig.checkin(a)
    rig.checkin(b)
    rig.pass(100)
    const d = rig.checkout("d")
    assert.strictEqual(rig.status.validating, 1)
    rig.calls()
    rig.ready(3)
    assert.strictEqual(d.outcome, "lent 3")
    rig.pass(0)
    assert.deepStrictEqual(rig.calls(), ["reply d lent 3", "close 2"])
  })

  it("an opening that its asker did not wait for lingers, too", () => {
    const rig = MachineRig.open(settings)
    rig.checkout("a")
    rig.cancel(rig.checkout("b"))
    rig.calls()
    rig.ready(2)
    assert.deepStrictEqual([rig.calls(), rig.numbers], [[], "1/1/0/0/0"])
    rig.pass(50)
    assert.deepStrictEqual(rig.calls(), ["close 2"])
  })
})

describe("Machine: targetUtilization", () => {
  const settings = { size: 8, minIdle: 1, targetUtilization: 0.5 }

  it("Z4 keeps as many alive as are lent, divided by it, up to size", () => {
    const rig = MachineRig.open({ ...settings, maxOverflow: 4 })
    const alive: Array<number> = []
    for (const name of names(5)) {
      rig.checkout(name)
      alive.push(rig.machine.state.live)
      while (rig.machine.state.opening > 0) rig.readyAll()
    }
    assert.deepStrictEqual(alive, [2, 4, 6, 8, 8])
  })

  it("a reserve that is lent is made up for by the lease itself: nobody has to wait for it first", () => {
    const rig = MachineRig.open(settings)
    assert.strictEqual(rig.checkout("a").outcome, "lent 1")
    assert.deepStrictEqual(rig.calls(), ["open 2"])
    rig.ready(2)
    assert.strictEqual(rig.checkout("b").outcome, "lent 2")
  })

  it("in a lazy pool the reserve grows from nothing", () => {
    const rig = new MachineRig({ size: 4, targetUtilization: 0.5, start: "lazy" })
    assert.deepStrictEqual(rig.calls(), [])
    rig.checkout("a")
    assert.deepStrictEqual(rig.calls(), ["open 1", "open 2"])
    rig.readyAll()
    rig.calls()
    assert.strictEqual(rig.checkout("b").outcome, "lent 2")
    assert.deepStrictEqual(rig.calls(), ["open 3", "open 4"])
  })

  it("those who wait count as lent: for each of them there is to be one in reserve, too", () => {
    const rig = MachineRig.open({ ...settings, openConcurrency: 8 })
    rig.checkout("a")
    rig.checkout("b")
    assert.strictEqual(rig.machine.state.opening, 3)
  })

  it("nor does it go in a round that was for something else", () => {
    const rig = MachineRig.open({ ...settings, idleTimeout: 100, asksToRetire: true })
    for (const name of ["a", "b"]) {
      rig.checkout(name)
      while (rig.machine.state.opening > 0) rig.readyAll()
    }
    rig.calls()
    rig.pass(30_000)
    assert.deepStrictEqual([rig.calls(), rig.numbers], [["judge 3", "judge 4"], "2/2/0/0/0"])
  })

  it("never fewer than minIdle", () => {
    const rig = MachineRig.open({ ...settings, minIdle: 3 })
    assert.strictEqual(rig.machine.state.open, 3)
    rig.checkout("a")
    assert.strictEqual(rig.machine.state.live, 3)
    rig.pass(1_000_000)
    assert.strictEqual(rig.machine.state.live, 3)
  })

  it("D-1 a resource that dies before its asker has it is counted while the next one is lent: nothing is opened in its place yet", () => {
    const rig = MachineRig.open({ size: 2, minIdle: 2, targetUtilization: 0.5 })
    const a = rig.checkout("a", { takes: false })
    rig.died(a.worker!.id)
    assert.deepStrictEqual([a.outcome, rig.numbers], ["lent 1", "0/1/0/1/0"])
    rig.closed(2)
    assert.strictEqual(rig.numbers, "0/1/1/0/0")
  })

  it("B19 a reserve is looked at again whenever less is in use, in whatever way a lease ends", () => {
    const ends: Record<string, (rig: MachineRig, borrow: RecordedBorrow) => void> = {
      checkin: (rig, borrow) => rig.checkin(borrow),
      destroyed: (rig, borrow) => rig.destroyed(borrow),
      "its resource dies": (rig, { worker }) => rig.died(worker!.id),
      detach: (rig, borrow) => void rig.detach(borrow)
    }
    for (const resets of [false, true]) {
      for (const [how, end] of Object.entries(ends)) {
        const rig = MachineRig.open({ ...settings, idleTimeout: 100, resets })
        const a = rig.checkout("a")
        rig.readyAll()
        rig.checkout("b")
        while (rig.machine.state.opening > 0) rig.readyAll()
        rig.pass(100)
        assert.deepStrictEqual([rig.numbers, rig.due], ["2/2/0/0/0", undefined])
        end(rig, a)
        assert.strictEqual(rig.due, 0, how)
      }
    }
  })

  it("a reserve that has been idle for idleTimeout, and is still needed, stays, and nobody looks at it for nothing", () => {
    const rig = MachineRig.open({ ...settings, idleTimeout: 100 })
    const a = rig.checkout("a")
    rig.readyAll()
    rig.taken(...[rig.checkout("b")].filter(({ state }) => state === "lent"))
    while (rig.machine.state.opening > 0) rig.readyAll()
    rig.calls()
    assert.strictEqual(rig.numbers, "2/2/0/0/0")
    rig.pass(100)
    assert.deepStrictEqual([rig.calls(), rig.due], [[], undefined])
    rig.checkin(a)
    rig.pass(0)
    assert.deepStrictEqual(rig.calls(), ["close 3", "close 4"])
  })

  it("what is not needed any more goes after idleTimeout", () => {
    const rig = MachineRig.open({ ...settings, idleTimeout: 100, openConcurrency: 8 })
    const borrows = names(3).map((name) => rig.checkout(name))
    while (rig.machine.state.opening > 0) rig.readyAll()
    assert.strictEqual(rig.machine.state.open, 6)
    for (const borrow of borrows) rig.checkin(borrow)
    rig.pass(100)
    assert.strictEqual(rig.machine.state.open, 1)
  })
})

describe("Machine: the housekeeper", () => {
  it("G-13 given a pool with every policy, when nothing can fall due, then there is no deadline", () => {
    const rig = MachineRig.open({
      size: 2,
      idleTimeout: 100,
      overflowTtl: 50,
      maxUses: 10,
      validates: true,
      resets: true,
      leaseTimeout: { after: 100, action: "warn" }
    })
    assert.isUndefined(rig.due)
    rig.checkin(rig.checkout("a"))
    rig.checked(2, "reset")
    rig.pass(100)
    assert.isUndefined(rig.due, "a round that was too early is followed by none")
  })

  it("a pool without policies never has one", () => {
    const rig = MachineRig.open({ size: 2, maxOverflow: 2 })
    const borrows = lendAll(rig, 3)
    for (const borrow of borrows) rig.checkin(borrow)
    rig.closedAll()
    assert.isTrue(rig.machine.state.isPlain)
    assert.isUndefined(rig.machine.state.round)
    assert.isUndefined(rig.due)
  })

  it("the timer hears of a round that is sooner than what it was aimed at, and of no other", () => {
    const rig = MachineRig.open({ size: 2, minIdle: 0, idleTimeout: 100, start: "lazy" })
    const [a, b] = lendAll(rig, 2)
    const { ports } = rig
    let { aims } = ports
    rig.checkin(a!)
    assert.strictEqual(ports.aims, aims + 1)
    aims = ports.aims
    rig.ports.time += 10
    rig.checkin(b!)
    assert.strictEqual(ports.aims, aims)
  })

  it("there is one deadline for all that can fall due, and it is the earliest", () => {
    const rig = MachineRig.open({ size: 8, minIdle: 2, idleTimeout: 500, maxLifetime: 300, keepalive: 200 })
    for (const borrow of lendAll(rig, 8)) rig.checkin(borrow)
    assert.deepStrictEqual([rig.machine.state.deadlines.size, rig.due], [1, 200])
  })

  it("G-6 given ten thousand cycles of lingering overflow, then nothing piles up", () => {
    const rig = MachineRig.open({ size: 1, maxOverflow: 1, overflowTtl: 5, idleTimeout: 100, maxLifetime: 1_000 })
    const { state } = rig.machine
    let most = 0
    for (let i = 0; i < 10_000; i++) {
      const a = rig.checkout("a", { wait: 50 })
      const b = rig.checkout("b", { wait: 50 })
      for (const worker of rig.ports.workers.values()) {
        if (worker.state === "opening") rig.ready(worker.id)
        if (worker.state === "closing") rig.closed(worker.id)
        if (worker.state === "gone") rig.ports.workers.delete(worker.id)
      }
      for (const borrow of [a, b]) if (borrow.state === "lent") rig.checkin(borrow)
      rig.pass(10)
      most = Math.max(most, state.deadlines.size + state.workers.size + state.undated.length)
    }
    assert.isAtMost(most, 8)
  })

  it("G-9 a leap of the clock by an hour closes what has had its time, and keeps the rest", () => {
    const rig = MachineRig.open({ size: 4, idleTimeout: 1_000, validates: true })
    rig.pass(3_600_000)
    assert.deepStrictEqual([rig.calls(), rig.numbers], [[], "4/0/0/0/0"])
    const a = rig.checkout("a")
    assert.deepStrictEqual(
      [a.outcome, rig.calls()],
      ["waiting", ["validate 4"]],
      "nobody knows what became of it meanwhile"
    )
  })

  it("G-9 after a leap the lifetimes end at once, but the bound is kept, and who waits is served", () => {
    const rig = MachineRig.open({ size: 4, maxLifetime: 10_000 })
    rig.pass(3_600_000)
    assert.strictEqual(rig.numbers, "0/0/0/4/0")
    const a = rig.checkout("a")
    rig.closed(1)
    rig.ready(5)
    assert.strictEqual(a.outcome, "lent 5")
  })

  it("G-9 a clock that goes back by an hour delays, and stalls nothing for good", () => {
    const rig = MachineRig.open({ size: 2, minIdle: 1, idleTimeout: 100, validates: true })
    for (const borrow of lendAll(rig, 2)) rig.checkin(borrow)
    rig.calls()
    rig.pass(-3_600_000)
    assert.strictEqual(rig.checkout("a").outcome, "lent 2")
    rig.pass(3_600_000)
    assert.deepStrictEqual(rig.calls(), [])
    rig.pass(100)
    assert.deepStrictEqual(rig.calls(), [], "one is idle, and one is to be")
  })
})
