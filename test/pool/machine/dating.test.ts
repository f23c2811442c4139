/** A look at the clock costs as much as a turn: the machine takes one for a whole batch of turns, after it, or none. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Duration } from "effect"
import type { Borrow } from "../../../src/pool/internal/borrow.ts"
import type { Message } from "../../../src/pool/Message.ts"
import { fiber, MachineRig } from "../../support/recordedPorts.ts"

const checkin = (borrow: Borrow): Message => ({ _tag: "Checkin", borrow })
const cancel = (borrow: Borrow): Message => ({ _tag: "Cancel", borrow })

/** How often the machine looks at the clock meanwhile. */
const looks = ({ ports }: MachineRig, during: () => void): number => {
  const before = ports.looks
  during()
  return ports.looks - before
}

describe("Machine: the dates of leases", () => {
  it("one look does for all that a batch has lent and made wait", () => {
    const rig = MachineRig.open({ size: 2 })
    const borrows = ["a", "b", "c", "d"].map((name) => rig.borrow(name, { wait: 100 }))
    assert.strictEqual(looks(rig, () => rig.batch(...borrows)), 1)
    const [a, b, c, d] = borrows.map((borrow) => borrow.seat?.lentAt ?? borrow.deadline?.at)
    assert.deepStrictEqual([a, b, c, d], [1_000, 1_000, 1_100, 1_100])
  })

  it("there is none where all of it comes back within the batch", () => {
    const rig = MachineRig.open({ size: 2 })
    const [a, b] = [rig.borrow("a"), rig.borrow("b", { owner: fiber("f") })]
    assert.strictEqual(looks(rig, () => rig.batch(a, b, checkin(a), checkin(b))), 0)
  })

  it("there is none for what has its date, however many turns follow", () => {
    const rig = MachineRig.open({ size: 2 })
    rig.batch(rig.borrow("a"))
    const b = rig.borrow("b")
    assert.strictEqual(looks(rig, () => rig.batch(b, checkin(b))), 0)
  })

  it("a resource that is lent again has the date of its new lease", () => {
    const rig = MachineRig.open()
    rig.checkin(rig.checkout("a"))
    const b = rig.borrow("b")
    rig.ports.time += 50
    rig.machine.handle(b)
    assert.isUndefined(b.seat?.lentAt)
    rig.ports.time += 10
    rig.machine.date()
    assert.strictEqual(b.seat?.lentAt, rig.ports.time)
  })

  it("a newer lease changes nothing about the date of an older one", () => {
    const rig = MachineRig.open({ size: 2 })
    const a = rig.checkout("a")
    rig.ports.time += 50
    const b = rig.checkout("b")
    assert.deepStrictEqual([a.seat?.lentAt, b.seat?.lentAt], [1_000, 1_050])
  })

  it("one whose age is asked for within its own batch is 0 old, not nameless", () => {
    const rig = MachineRig.open()
    const b = rig.borrow("b", { wait: 0 })
    rig.batch(rig.borrow("a"), b)
    const age = b.refusal?._tag === "CheckoutTimeout" ? b.refusal.oldestLeaseAge : undefined
    assert.deepStrictEqual(age, Duration.zero)
  })

  it("each grant asks for a date, and who waits asks for the end of the batch", () => {
    const rig = MachineRig.open({ openTimeout: Infinity })
    const { ports } = rig
    const [a, b, c] = [rig.borrow("a"), rig.borrow("b"), rig.borrow("c", { wait: Infinity })]
    rig.machine.handle(a)
    assert.deepStrictEqual([ports.dates, ports.aims], [1, 0])
    rig.machine.handle(b)
    assert.deepStrictEqual([ports.dates, ports.aims], [1, 1])
    rig.machine.handle(c)
    assert.deepStrictEqual([ports.dates, ports.aims], [1, 1], "nothing ends its wait")
    rig.machine.handle(checkin(a))
    assert.deepStrictEqual([ports.dates, ports.aims], [2, 1])
  })
})

describe("Machine: the deadlines of a batch", () => {
  it("a waiter that is served within its batch, or leaves within it, never has one", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const [b, c] = [rig.borrow("b", { wait: 100 }), rig.borrow("c", { wait: 100 })]
    const { deadlines } = rig.machine.state
    rig.batch(b, c, checkin(a), cancel(c))
    assert.deepStrictEqual([b.outcome, c.outcome, deadlines.size], ["lent 1", "ended", 0])
    assert.lengthOf(rig.machine.state.undated, 0, "and the machine holds on to neither")
    rig.taken(b)
    rig.pass(1_000)
    assert.deepStrictEqual([b.outcome, c.deliveries], ["lent 1", []])
  })

  it("each batch counts its own from its own end, and none from that of another", () => {
    const rig = MachineRig.open({ size: 0, maxOverflow: 1, openTimeout: Infinity })
    const early = ["a", "b", "c"].map((name) => rig.borrow(name, { wait: 100 }))
    const late = ["d", "e"].map((name) => rig.borrow(name, { wait: 100 }))
    rig.batch(...early)
    rig.pass(60)
    rig.batch(...late)
    rig.pass(39)
    const outcomes = () => [...early, ...late].map(({ outcome }) => outcome === "waiting")
    assert.deepStrictEqual(outcomes(), [true, true, true, true, true])
    rig.pass(1)
    assert.deepStrictEqual(outcomes(), [false, false, false, true, true])
    rig.pass(59)
    assert.deepStrictEqual(outcomes(), [false, false, false, true, true])
    rig.pass(1)
    assert.deepStrictEqual(outcomes(), [false, false, false, false, false])
  })

  it("the look for a lease in the middle of a batch does for those who wait already, and for nobody else", () => {
    const rig = MachineRig.open()
    const a = rig.checkout("a")
    const [b, c] = [rig.borrow("b"), rig.borrow("c", { wait: 100 })]
    for (const message of [b, c, checkin(a)]) rig.machine.handle(message)
    // As the port may do on the spot.
    rig.machine.date()
    rig.ports.time += 10
    const d = rig.borrow("d", { wait: 100 })
    rig.batch(d)
    assert.deepStrictEqual([c.deadline?.at, d.deadline?.at], [1_100, 1_110])
  })

  it("who waits twice within one batch, its first grant having died on the way, has one", () => {
    const rig = MachineRig.open({ closeTimeout: Infinity })
    const a = rig.checkout("a")
    const b = rig.borrow("b", { wait: 100 })
    const reason = { _tag: "Died", cause: Cause.die("hung up") } as const
    rig.batch(b, checkin(a), { _tag: "Exited", worker: rig.worker(1), reason })
    assert.deepStrictEqual([b.outcome, rig.machine.state.deadlines.size], ["waiting", 1])
    rig.cancel(b)
    assert.strictEqual(rig.machine.state.deadlines.size, 0)
  })
})
