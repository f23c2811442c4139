/** Several pools that share one limit: what a turn of one of them is to the others, step by step. */
import { assert, describe, it } from "@effect/vitest"
import type { Host } from "../../../src/channel/internal/host.ts"
import { Quota } from "../../../src/pool/internal/quota.ts"
import { PoolParty } from "../../../src/pool/internal/quotaParty.ts"
import { MachineRig } from "../../support/recordedPorts.ts"

type Settings = NonNullable<ConstructorParameters<typeof MachineRig>[0]>

/** Lazy pools, and what is left to be done between them. */
const pools = (max: number, ...all: ReadonlyArray<Settings>) => {
  const tasks: Array<() => void> = []
  const host = { dispatcher: { scheduleTask: (task: () => void) => void tasks.push(task) } } as unknown as Host
  const quota = new Quota(max, host)
  const rigs = all.map((settings) => {
    const rig = new MachineRig({ start: "lazy", ...settings }, quota.tickets)
    const party = new PoolParty(rig.machine.state, (message) => rig.send(message), () => rig.ports.time)
    const member = quota.join(party)
    rig.ports.claim = () => member.take()
    rig.ports.disclaim = () => member.give()
    rig.ports.yields = (ticket, isHeld) => member.owes(ticket, isHeld)
    return rig
  })
  /** Whatever follows by itself, but not for ever. */
  const settle = () => {
    for (let round = 0; round < 20; round++) {
      for (const rig of rigs) {
        rig.closedAll()
        rig.readyAll()
      }
      for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) task()
    }
  }
  return { rigs: rigs as [MachineRig, MachineRig, ...Array<MachineRig>], settle }
}

const openings = (rig: MachineRig) => rig.calls().filter((call) => call.startsWith("open ")).length

describe("Machine: pools that share a limit", () => {
  it("what comes back is not closed and opened again for ever, where the next waiter is not the oldest", () => {
    for (
      const [settings, asking] of [[{ fairness: { maxPerKey: Infinity } }, { key: "a" }], [{}, {
        priority: 0
      }]] as const
    ) {
      const { rigs: [a, b], settle } = pools(1, { size: 1, ...settings }, { size: 1 })
      const first = a.checkout("a1")
      const oldest = a.checkout("a2", "priority" in asking ? { priority: 1 } : {})
      settle()
      assert.strictEqual(first.outcome, "lent 1")
      a.taken(first)
      const [other, next] = [b.checkout("b1"), a.checkout("a3", asking)]
      a.calls()
      a.checkin(first)
      settle()
      const served = [[oldest, a], [next, a], [other, b]] as const
      for (let round = 0; round < 3; round++) {
        for (const [borrow, rig] of served) {
          if (borrow.state !== "lent") continue
          rig.taken(borrow)
          rig.checkin(borrow)
        }
        settle()
      }
      assert.deepStrictEqual(served.map(([{ outcome }]) => outcome), ["ended", "ended", "ended"])
      assert.isAtMost(openings(a), 2)
    }
  })

  it("what is free is given up for who waits elsewhere, although a shared one is to be given up, too, when it is free", () => {
    const { rigs: [a, b, c], settle } = pools(2, { size: 1, concurrency: 2 }, { size: 1 }, { size: 1 })
    const [a1, a2, c1] = [a.checkout("a1"), a.checkout("a2"), c!.checkout("c1")]
    settle()
    a.taken(a1, a2)
    c!.taken(c1)
    const b1 = b.checkout("b1")
    settle()
    a.checkin(a1)
    c!.checkin(c1)
    settle()
    assert.strictEqual(b1.outcome, "lent 1")
  })

  it("of several that are shared no more are given up than others want", () => {
    const { rigs: [a, b], settle } = pools(2, { size: 2, concurrency: 2 }, { size: 1 })
    const borrows = ["a1", "a2", "a3", "a4"].map((name) => a.checkout(name))
    settle()
    a.taken(...borrows)
    b.checkout("b1")
    const [one, other] = [borrows[0]!, borrows.find((borrow) => borrow.worker !== borrows[0]!.worker)!]
    a.checkin(one)
    a.checkin(other)
    assert.strictEqual(a.checkout("a5").state, "lent")
  })

  it("what was probed while somebody came to wait elsewhere is given up for him", () => {
    const { rigs: [a, b], settle } = pools(1, { size: 1, keepalive: 150 }, { size: 1 })
    const a1 = a.checkout("a1")
    settle()
    a.taken(a1)
    a.checkin(a1)
    a.pass(400)
    b.ports.time = a.ports.time
    const b1 = b.checkout("b1")
    settle()
    a.checked(1, "probe")
    settle()
    assert.strictEqual(b1.outcome, "lent 1")
  })

  it("a pool that has crashed is not asked for what it had idle, where another one has something idle", () => {
    const { rigs: [a, b, c], settle } = pools(2, { size: 1 }, { size: 1 }, { size: 1 })
    for (const rig of [a, b]) {
      const borrow = rig.checkout("x")
      settle()
      rig.taken(borrow)
      rig.checkin(borrow)
      for (const each of [a, b]) each.ports.time += 10
    }
    a.crash()
    const c1 = c!.checkout("c1")
    settle()
    assert.strictEqual(c1.outcome, "lent 1")
  })

  it("a pool whose breaker is open has a place again to see whether it can open", () => {
    const { rigs: [a, b], settle } = pools(1, { size: 1, breaker: 1 }, { size: 1 })
    const a1 = a.checkout("a1")
    a.openFailed(1)
    assert.strictEqual(a1.outcome, "OpenFailed")
    a.retryAfter(100)
    const b1 = b.checkout("b1")
    settle()
    b.taken(b1)
    a.pass(100)
    b.ports.time = a.ports.time
    b.checkin(b1)
    settle()
    assert.strictEqual(a.checkout("a2").state, "lent")
  })
})
