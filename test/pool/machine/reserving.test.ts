/** Somebody who shares a resource wants it alone for a while (`reserve`, C7). */
import { assert, describe, it } from "@effect/vitest"
import type { Reservation } from "../../../src/pool/Message.ts"
import { fiber, MachineRig, type RecordedBorrow } from "../../support/recordedPorts.ts"

/** Asks to be alone, and can give that up. Only the first answer counts. */
class Wish implements Reservation {
  readonly borrow: RecordedBorrow
  readonly #rig: MachineRig
  answer: Parameters<Reservation["reply"]>[0] | undefined = undefined

  constructor(rig: MachineRig, borrow: RecordedBorrow) {
    this.#rig = rig
    this.borrow = borrow
    rig.send({ _tag: "Reserve", reservation: this })
  }

  readonly reply: Reservation["reply"] = (answer) => void (this.answer ??= answer)

  /** Its scope closes, or its asker goes. */
  end(): void {
    this.#rig.send({ _tag: "Unreserve", reservation: this })
  }
}

/** One resource, and so many who have it. */
const shared = (count: number, settings: ConstructorParameters<typeof MachineRig>[0] = {}) => {
  const rig = MachineRig.open({ concurrency: 4, ...settings })
  const [a, b, c] = Array.from("abc").slice(0, count).map((name) => rig.checkout(name))
  rig.calls()
  return { rig, a: a!, b: b!, c: c! }
}

describe("Machine: reserve", () => {
  it("who is alone with it is told so at once", () => {
    const { a, rig } = shared(1)
    assert.strictEqual(new Wish(rig, a).answer, "alone")
  })

  it("who is not waits until the last of the others has left", () => {
    const { a, b, c, rig } = shared(3)
    const wish = new Wish(rig, b)
    rig.checkin(a)
    assert.isUndefined(wish.answer)
    rig.destroyed(c)
    assert.strictEqual(wish.answer, "alone")
    assert.strictEqual(b.outcome, "lent 1")
  })

  it("nobody new has it meanwhile, nor while it is alone; they wait, or have another one", () => {
    const { a, b, rig } = shared(2, { maxOverflow: 1 })
    const wish = new Wish(rig, a)
    const c = rig.checkout("c")
    assert.strictEqual(c.outcome, "waiting")
    assert.deepStrictEqual(rig.calls(), ["open 2"])
    assert.strictEqual(rig.checkout("try", { mode: "try" }).outcome, "PoolFull")
    rig.checkin(b)
    assert.deepStrictEqual([wish.answer, c.outcome], ["alone", "waiting"])
    rig.ready(2)
    assert.deepStrictEqual([c.outcome, rig.checkout("d").outcome], ["lent 2", "lent 2"])
  })

  it("the end of it serves those who wait, by as many seats as there are", () => {
    const { a, rig } = shared(1)
    const wish = new Wish(rig, a)
    const waiters = ["w1", "w2", "w3", "w4"].map((name) => rig.checkout(name))
    rig.calls()
    wish.end()
    assert.deepStrictEqual(rig.calls(), ["reply w1 lent 1", "reply w2 lent 1", "reply w3 lent 1"])
    assert.strictEqual(waiters[3]!.outcome, "waiting")
    wish.end()
    assert.deepStrictEqual(rig.calls(), [])
  })

  it("who leaves while it waits reserves nothing, and its lease goes on (B-6)", () => {
    const { a, b, rig } = shared(2)
    const wish = new Wish(rig, a)
    const waiter = rig.checkout("w")
    wish.end()
    assert.deepStrictEqual([waiter.outcome, a.outcome, b.outcome], ["lent 1", "lent 1", "lent 1"])
    rig.checkin(b)
    rig.checkin(waiter)
    assert.notStrictEqual(wish.answer, "alone")
  })

  it("B-21 the end of the lease answers who waits, and frees the resource, whatever ends it", () => {
    const [f, ends] = [fiber("f"), ["checkin", "destroyed", "owner", "unreachable"] as const]
    for (const end of ends) {
      const rig = MachineRig.open({ concurrency: 4, onAbandoned: "checkin" })
      const [a, b] = [rig.checkout("a", { owner: f }), rig.checkout("b")]
      const wish = new Wish(rig, a)
      if (end === "checkin") rig.checkin(a)
      else if (end === "destroyed") rig.destroyed(a)
      else if (end === "owner") rig.ownerDown(f, false)
      else rig.send({ _tag: "Unreachable", borrow: a })
      assert.strictEqual(wish.answer, "ended", end)
      assert.strictEqual(rig.checkout("c").outcome, end === "destroyed" ? "waiting" : "lent 1")
      wish.end()
      assert.strictEqual(new Wish(rig, b).answer, end === "destroyed" ? "alone" : undefined)
    }
  })

  it("B-21 the death of the resource, and the forced end of the pool, answer who waits: nobody is stranded", () => {
    for (const who of [0, 1, 2]) {
      for (const end of ["death", "now"]) {
        const { a, b, c, rig } = shared(3)
        const wish = new Wish(rig, [a, b, c][who]!)
        if (end === "death") rig.died(1)
        else rig.shutdown("now")
        assert.isDefined(wish.answer)
        wish.end()
        assert.isUndefined(rig.worker(1).reservations)
      }
    }
  })

  it("a crash answers all that wait", () => {
    const { a, rig } = shared(2)
    const wish = new Wish(rig, a)
    rig.crash()
    assert.strictEqual(wish.answer, "ended")
  })

  it("of a lease that has ended is refused as such, and withholds nothing", () => {
    const { a, b, rig } = shared(2)
    rig.checkin(a)
    const wish = new Wish(rig, a)
    assert.strictEqual(wish.answer, "ended")
    assert.strictEqual(rig.checkout("c").outcome, "lent 1")
    wish.end()
    assert.strictEqual(b.outcome, "lent 1")
  })

  it("two who wait for each other to leave: the second is refused, and the first goes on", () => {
    const { a, b, rig } = shared(2)
    const [first, second] = [new Wish(rig, a), new Wish(rig, b)]
    assert.deepStrictEqual([first.answer, second.answer], [undefined, "conflict"])
    second.end()
    assert.strictEqual(rig.checkout("c").outcome, "waiting", "the first one still keeps newcomers away")
    rig.checkin(b)
    assert.strictEqual(first.answer, "alone")
    first.end()
    const c = rig.checkout("d")
    assert.deepStrictEqual([new Wish(rig, c).answer, c.outcome], [undefined, "lent 1"])
  })

  it("no conflict is left behind by one that has had its time", () => {
    const { a, b, rig } = shared(2)
    const first = new Wish(rig, a)
    first.end()
    const second = new Wish(rig, b)
    assert.isUndefined(second.answer)
    rig.checkin(a)
    assert.strictEqual(second.answer, "alone")
  })

  it("twice by one lease: it is alone until both have ended", () => {
    const { a, b, rig } = shared(2)
    const [first, second] = [new Wish(rig, a), new Wish(rig, a)]
    rig.checkin(b)
    assert.deepStrictEqual([first.answer, second.answer], ["alone", "alone"])
    const waiter = rig.checkout("w")
    first.end()
    assert.strictEqual(waiter.outcome, "waiting")
    second.end()
    assert.strictEqual(waiter.outcome, "lent 1")
  })

  it("ends with its lease: who has the resource next finds nothing of it", () => {
    const { a, rig } = shared(1)
    const wish = new Wish(rig, a)
    rig.checkin(a)
    const [b, c] = [rig.checkout("b"), rig.checkout("c")]
    assert.deepStrictEqual([b.outcome, c.outcome], ["lent 1", "lent 1"])
    wish.end()
    assert.isUndefined(new Wish(rig, b).answer)
    rig.checkin(c)
    rig.checkin(b)
    assert.isUndefined(rig.worker(1).reservations)
  })

  it("with a concurrency of 1 everybody is alone, one after the other", () => {
    const rig = MachineRig.open({})
    for (const name of ["a", "b", "c"]) {
      const lease = rig.checkout(name)
      const wish = new Wish(rig, lease)
      assert.strictEqual(wish.answer, "alone", name)
      rig.checkin(lease)
      wish.end()
      assert.isUndefined(rig.worker(1).reservations)
    }
  })

  it("of a resource past its time closes it as soon as its only lease has ended, and lends it to nobody", () => {
    const { a, b, rig } = shared(2, { maxLifetime: 1_000, lifetimeJitter: 0 })
    const wish = new Wish(rig, a)
    rig.pass(1_000)
    rig.checkin(b)
    assert.strictEqual(wish.answer, "alone")
    const waiter = rig.checkout("w")
    wish.end()
    assert.strictEqual(waiter.outcome, "waiting")
    rig.checkin(a)
    assert.deepStrictEqual(rig.calls(), ["close 1"])
  })

  it("draining waits for it as for any lease, and serves who waits when it has ended", () => {
    const { a, rig } = shared(1)
    const wish = new Wish(rig, a)
    const waiter = rig.checkout("w")
    const end = rig.shutdown("drain")
    wish.end()
    assert.strictEqual(waiter.outcome, "lent 1")
    rig.taken(waiter)
    rig.checkin(a)
    rig.checkin(waiter)
    rig.closed(1)
    assert.deepStrictEqual(end.reports, [{ drained: 2, forced: 0 }])
  })

  it("of a suspended pool ends without lending anything, until it is resumed", () => {
    const { a, rig } = shared(1)
    const wish = new Wish(rig, a)
    const waiter = rig.checkout("w")
    rig.suspend()
    wish.end()
    assert.strictEqual(waiter.outcome, "waiting")
    rig.resume()
    assert.strictEqual(waiter.outcome, "lent 1")
  })

  it("a grant that is on its way counts as somebody who has it, and not if it is cancelled", () => {
    const { a, rig } = shared(1)
    const untaken = rig.checkout("b", { takes: false })
    const wish = new Wish(rig, a)
    assert.isUndefined(wish.answer)
    rig.cancel(untaken)
    assert.strictEqual(wish.answer, "alone")
  })
})
