/**
 * The discipline beside a reference that looks at everybody each time. `SEED=…` replays a run, `REPLAY=…` one case of it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import type { Borrow } from "../../src/pool/internal/borrow.ts"
import { Discipline } from "../../src/pool/internal/discipline.ts"
import { Tenant } from "../../src/pool/internal/tenant.ts"
import { RecordedBorrow } from "../support/recordedPorts.ts"

type Settings = ConstructorParameters<typeof Discipline>[0]

interface Terms {
  readonly key?: string | undefined
  readonly priority?: number | undefined
}

/** The machine's part: it gives the tickets, and tells the discipline what becomes of everybody. */
class Desk {
  readonly discipline: Discipline
  now = 0
  #tickets = 0

  constructor(settings: Partial<Settings> = {}) {
    this.discipline = new Discipline({ priorityAging: 1_000, fairness: undefined, overload: undefined, ...settings })
  }

  borrow(name: string, terms?: Terms): RecordedBorrow {
    const borrow = new RecordedBorrow(name, "wait", Infinity, undefined, undefined)
    if (terms !== undefined) borrow.terms = { priority: terms.priority ?? 0, key: terms.key, preferred: undefined }
    borrow.ticket = ++this.#tickets
    return borrow
  }

  joins(name: string, terms?: Terms): RecordedBorrow {
    const borrow = this.borrow(name, terms)
    this.discipline.join(borrow, this.now)
    return borrow
  }

  lends(borrow: Borrow): void {
    this.discipline.leave(borrow)
    this.discipline.lent(borrow)
  }

  get next(): string | undefined {
    const borrow = this.discipline.next()
    return borrow === undefined ? undefined : nameOf(borrow)
  }

  /** Serves whoever is next, and says who that was. */
  serve(): string | undefined {
    const borrow = this.discipline.next()
    if (borrow === undefined) return undefined
    this.lends(borrow)
    return nameOf(borrow)
  }

  serveAll(): string {
    const served: Array<string> = []
    for (let name = this.serve(); name !== undefined; name = this.serve()) served.push(name)
    return served.join(" ")
  }
}

const nameOf = (borrow: Borrow): string => (borrow as RecordedBorrow).name

describe("priorities", () => {
  it("a better class is served first, and within a class who came first", () => {
    const desk = new Desk()
    desk.joins("b1", { priority: 1 })
    desk.joins("c1", { priority: 7 })
    desk.joins("a1", { priority: 0 })
    desk.joins("b2", { priority: 1 })
    desk.joins("a2")
    assert.strictEqual(desk.serveAll(), "a1 a2 b1 b2 c1")
  })

  it("a class counts as priorityAging of waiting, so nobody is overtaken for ever", () => {
    const desk = new Desk({ priorityAging: 100 })
    desk.joins("old", { priority: 2 })
    for (const at of [0, 150, 199, 200, 201, 250]) {
      desk.now = at
      desk.joins(`at${at}`)
    }
    // Of two that count alike the one that came first is served.
    assert.strictEqual(desk.serveAll(), "at0 at150 at199 old at200 at201 at250")
  })

  it("without ageing a better class always comes first", () => {
    const desk = new Desk({ priorityAging: Infinity })
    desk.joins("c", { priority: 2 })
    desk.joins("b", { priority: 1 })
    desk.now = 1e12
    desk.joins("a1", { priority: 0 })
    desk.joins("a2", { priority: 0 })
    assert.strictEqual(desk.serveAll(), "a1 a2 b c")
  })

  it("who waits again has its old place, and its old score", () => {
    const desk = new Desk({ priorityAging: 100 })
    const first = desk.joins("first", { priority: 1 })
    desk.joins("second", { priority: 1 })
    desk.lends(first)
    desk.now = 1_000
    desk.joins("late", { priority: 0 })
    desk.discipline.ended(first)
    desk.discipline.join(first, desk.now)
    assert.strictEqual(desk.serveAll(), "first second late")
  })

  it("who has left from the middle is not served, and leaving twice is harmless", () => {
    const desk = new Desk()
    desk.joins("a")
    const b = desk.joins("b")
    desk.joins("c")
    desk.discipline.leave(b)
    desk.discipline.leave(b)
    assert.strictEqual(desk.discipline.servable, 2)
    assert.strictEqual(desk.serveAll(), "a c")
    assert.strictEqual(desk.discipline.waiting, 0)
  })

  it("any number may be a priority, for its lane is gone with the last who waits in it", () => {
    const tenant = new Tenant(undefined)
    const desk = new Desk()
    tenant.enter(desk.borrow("stays"), 0, 0)
    for (let priority = 1; priority < 100; priority++) {
      tenant.leave(tenant.enter(desk.borrow("leaves"), priority, priority))
    }
    assert.strictEqual(tenant.lanes.size, 1)
    assert.strictEqual(tenant.waiting, 1)
  })

  it("keys mean nothing without fairness", () => {
    const desk = new Desk()
    desk.joins("a1", { key: "a" })
    desk.joins("a2", { key: "a" })
    desk.joins("b1", { key: "b" })
    assert.strictEqual(desk.serveAll(), "a1 a2 b1")
  })
})

describe("fairness", () => {
  const fairness = { maxPerKey: Infinity }

  it("tenants take turns, those without a key as one of them", () => {
    const desk = new Desk({ fairness })
    for (const name of ["a1", "a2", "a3", "a4"]) desk.joins(name, { key: "a" })
    desk.joins("b1", { key: "b" })
    desk.joins("x1")
    desk.joins("b2", { key: "b" })
    assert.strictEqual(desk.serveAll(), "a1 b1 x1 a2 b2 a3 a4")
  })

  it("a tenant that comes to wait again stands behind all that have waited meanwhile", () => {
    const desk = new Desk({ fairness })
    desk.joins("a1", { key: "a" })
    desk.joins("b1", { key: "b" })
    desk.joins("c1", { key: "c" })
    assert.strictEqual(desk.serve(), "a1")
    desk.joins("a2", { key: "a" })
    assert.strictEqual(desk.serveAll(), "b1 c1 a2")
  })

  it("within a tenant by priority, and a priority is worth nothing against another tenant", () => {
    const desk = new Desk({ fairness })
    desk.joins("a-last", { key: "a", priority: 9 })
    desk.joins("b", { key: "b", priority: 5 })
    desk.joins("a-first", { key: "a" })
    assert.strictEqual(desk.serveAll(), "a-first b a-last")
  })

  it("a tenant at its limit has no turn until one of its leases is over, and then stands at the end", () => {
    const desk = new Desk({ fairness: { maxPerKey: 2 } })
    const [a1, a2] = ["a1", "a2", "a3", "a4"].map((name) => desk.joins(name, { key: "a" }))
    assert.strictEqual(desk.discipline.servable, 2)
    assert.strictEqual(desk.serveAll(), "a1 a2")
    assert.strictEqual(desk.discipline.servable, 0)
    assert.strictEqual(desk.discipline.waiting, 2)
    desk.joins("b1", { key: "b" })
    desk.discipline.ended(a1!)
    assert.strictEqual(desk.discipline.servable, 2)
    assert.strictEqual(desk.serveAll(), "b1 a3")
    desk.discipline.ended(a2!)
    assert.strictEqual(desk.serveAll(), "a4")
  })

  it("a newcomer is admitted while its key is below its limit, also those without a key", () => {
    const desk = new Desk({ fairness: { maxPerKey: 1 } })
    for (const key of ["a", undefined]) {
      const one = desk.borrow("one", { key })
      const other = desk.borrow("other", { key })
      assert.isTrue(desk.discipline.admits(one))
      desk.discipline.lent(one)
      assert.isFalse(desk.discipline.admits(other))
      assert.isTrue(desk.discipline.admits(desk.borrow("b", { key: "b" })))
      desk.discipline.ended(one)
      assert.isTrue(desk.discipline.admits(other))
    }
  })

  it.each([1, Infinity])("with at most %d leases a key, nothing is left of tenants that are gone", (maxPerKey) => {
    const desk = new Desk({ fairness: { maxPerKey } })
    for (let i = 0; i < 100; i++) {
      const key = `key ${i}`
      const waits = desk.joins("waits", { key })
      const leaves = desk.joins("leaves", { key })
      desk.lends(waits)
      desk.discipline.leave(leaves)
      desk.discipline.ended(waits)
    }
    assert.strictEqual(desk.discipline.waiting, 0)
    assert.strictEqual(desk.discipline.tenants, 0)
  })
})

describe("overload", () => {
  const overload = { target: 50, interval: 1_000 }

  it("each key and each priority has a controlled delay of its own, so that those who wait little hide nobody", () => {
    const desk = new Desk({ fairness: { maxPerKey: Infinity }, overload })
    const of = (terms?: Terms) => desk.discipline.codelOf(desk.joins("", terms))!
    const noisy = of({ key: "noisy" })
    assert.strictEqual(of({ key: "noisy" }), noisy)
    const others = [of({ key: "noisy", priority: 1 }), of({ key: "quiet" }), of()]
    assert.strictEqual(new Set([noisy, ...others]).size, 4)
    noisy.drops(4_000, 0)
    others.forEach((codel) => codel.drops(0, 0))
    noisy.drops(4_000, 1_000)
    others.forEach((codel) => codel.drops(4_000, 1_000))
    assert.isTrue(noisy.drops(101, 1_001))
    others.forEach((codel) => assert.isFalse(codel.drops(101, 1_001)))
  })

  it("its first look is an interval after the first of them began to wait", () => {
    const desk = new Desk({ overload })
    desk.now = 300
    const codel = desk.discipline.codelOf(desk.joins("a", { priority: 1 }))!
    desk.now = 500
    desk.joins("b", { priority: 1 })
    assert.strictEqual(codel.lookAt, 1_300)
  })

  it("and is forgotten when nobody waits there: what empties is not overloaded", () => {
    const desk = new Desk({ overload })
    const first = desk.joins("a", { priority: 1 })
    const codel = desk.discipline.codelOf(first)
    desk.lends(first)
    assert.isUndefined(desk.discipline.codelOf(first))
    assert.notStrictEqual(desk.discipline.codelOf(desk.joins("b", { priority: 1 })), codel)
  })

  it("there is none without overload", () => {
    const desk = new Desk()
    assert.isUndefined(desk.discipline.codelOf(desk.joins("a")))
  })
})

// The reference

const { env } = process
const seed = Number(env["SEED"] ?? Date.now() % 2 ** 31)

interface Entry {
  readonly borrow: RecordedBorrow
  readonly key: string | undefined
  readonly priority: number
  readonly askedAt: number
}

/** Everybody in two lists, and for each tenant the moment from which it waits for its turn. */
class Reference {
  readonly #settings: Settings
  waiting: Array<Entry> = []
  lent: Array<Entry> = []
  readonly #turns = new Map<string | undefined, number>()
  #moment = 0

  constructor(settings: Settings) {
    this.#settings = settings
  }

  #leasesOf(key: string | undefined): number {
    return this.lent.filter((entry) => entry.key === key).length
  }

  #waitingOf(key: string | undefined): ReadonlyArray<Entry> {
    return this.waiting.filter((entry) => entry.key === key)
  }

  servableOf(key: string | undefined): number {
    const room = (this.#settings.fairness?.maxPerKey ?? Infinity) - this.#leasesOf(key)
    return Math.min(room, this.#waitingOf(key).length)
  }

  get keys(): ReadonlyArray<string | undefined> {
    return [...new Set([...this.waiting, ...this.lent].map(({ key }) => key))]
  }

  get servable(): number {
    return this.keys.reduce((sum, key) => sum + this.servableOf(key), 0)
  }

  admits(key: string | undefined): boolean {
    return this.#leasesOf(key) < (this.#settings.fairness?.maxPerKey ?? Infinity)
  }

  next(): Entry | undefined {
    // No key is a key too, which sorting would put at the end.
    const [turn] = this.keys.filter((key) => this.servableOf(key) > 0)
      .map((key) => ({ key, since: this.#turns.get(key)! })).sort((one, other) => one.since - other.since)
    if (turn === undefined) return undefined
    return [...this.#waitingOf(turn.key)].sort((one, other) => {
      const classes = one.priority - other.priority
      const byClass = this.#settings.priorityAging === Infinity
        ? classes
        : one.askedAt - other.askedAt + classes * this.#settings.priorityAging
      return byClass || one.borrow.ticket - other.borrow.ticket
    })[0]
  }

  granted(key: string | undefined): void {
    this.#turns.set(key, ++this.#moment)
  }

  /** Who has somebody to be served only now waits for its turn from now on. */
  change(lists: { readonly waiting?: Array<Entry>; readonly lent?: Array<Entry> }): void {
    const before = new Set(this.keys.filter((key) => this.servableOf(key) > 0))
    Object.assign(this, lists)
    for (const key of this.keys) {
      if (this.servableOf(key) > 0 && !before.has(key)) this.#turns.set(key, ++this.#moment)
    }
  }
}

/** That between two grants to one tenant every other one that could have been served all that time has been. */
class Rounds {
  /** For each tenant, which others have waited without a grant ever since its own last one. */
  readonly #since = new Map<string | undefined, Set<string | undefined>>()

  granted(key: string | undefined, turns: ReadonlyArray<string | undefined>): void {
    assert.deepStrictEqual([...this.#since.get(key) ?? []], [], `${key} is served twice before them`)
    for (const others of this.#since.values()) others.delete(key)
    this.#since.set(key, new Set(turns.filter((other) => other !== key)))
  }

  /** Only these have somebody to be served. */
  turns(keys: ReadonlyArray<string | undefined>): void {
    for (const others of this.#since.values()) {
      for (const other of others) if (!keys.includes(other)) others.delete(other)
    }
  }
}

const key = fc.constantFrom(undefined, "a", "b", "c")
const priority = fc.constantFrom(0, 0, 1, 2, 7)
const which = fc.nat(1_000)

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ _tag: fc.constant("ask" as const), key, priority }) },
  { weight: 4, arbitrary: fc.record({ _tag: fc.constant("grant" as const) }) },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("end" as const), which }) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("leave" as const), which }) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("bereave" as const), which }) },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("pass" as const), millis: fc.nat(30) }) }
)

const someSettings: fc.Arbitrary<Settings> = fc.record({
  priorityAging: fc.constantFrom(0, 1, 10, 1_000, Infinity),
  fairness: fc.constantFrom(undefined, { maxPerKey: 1 }, { maxPerKey: 3 }, { maxPerKey: Infinity }),
  overload: fc.constant(undefined)
})

describe("the discipline and its reference", () => {
  it("agree on who is next, how many could be served and who is admitted, and no tenant waits for more than one round", () => {
    console.log(`discipline: seed ${seed}`)
    const property = fc.property(
      someSettings,
      fc.integer({ min: 1, max: 6 }),
      fc.array(step, { maxLength: 120, size: "max" }),
      (settings, resources, steps) => {
        const desk = new Desk(settings)
        const reference = new Reference(settings)
        const rounds = new Rounds()
        const { discipline } = desk
        const take = (list: Array<Entry>, which: number): Entry | undefined => list[which % Math.max(1, list.length)]
        const without = (list: Array<Entry>, entry: Entry) => list.filter((one) => one !== entry)
        const turns = () => reference.keys.filter((key) => reference.servableOf(key) > 0)
        const grant = (entry: Entry) => {
          rounds.granted(entry.key, turns())
          desk.lends(entry.borrow)
          reference.granted(entry.key)
          reference.change({ waiting: without(reference.waiting, entry), lent: [...reference.lent, entry] })
          // It is at the end of the ring, whether it had a turn before or not.
          reference.granted(entry.key)
        }
        for (const each of steps) {
          if (each._tag === "ask") {
            const key = settings.fairness === undefined ? undefined : each.key
            const borrow = desk.borrow("", each)
            const entry = { borrow, key, priority: each.priority, askedAt: desk.now }
            assert.strictEqual(discipline.admits(borrow), reference.admits(key))
            const isIdle = reference.lent.length < resources
            if (isIdle && reference.servable === 0 && reference.admits(key)) grant(entry)
            else {
              discipline.join(borrow, desk.now)
              reference.change({ waiting: [...reference.waiting, entry] })
            }
          } else if (each._tag === "grant") {
            const entry = reference.next()
            if (entry !== undefined) grant(entry)
          } else if (each._tag === "end") {
            const entry = take(reference.lent, each.which)
            if (entry !== undefined) {
              discipline.ended(entry.borrow)
              reference.change({ lent: without(reference.lent, entry) })
            }
          } else if (each._tag === "leave") {
            const entry = take(reference.waiting, each.which)
            if (entry !== undefined) {
              discipline.leave(entry.borrow)
              reference.change({ waiting: without(reference.waiting, entry) })
            }
          } else if (each._tag === "bereave") {
            const entry = take(reference.lent, each.which)
            if (entry !== undefined) {
              discipline.ended(entry.borrow)
              reference.change({ lent: without(reference.lent, entry) })
              // One that was idle is dated by what was lent; it asked then.
              entry.borrow.askedAt ??= entry.askedAt
              discipline.join(entry.borrow, desk.now)
              reference.change({ waiting: [...reference.waiting, entry] })
            }
          } else {
            desk.now += each.millis
          }
          rounds.turns(turns())
          assert.strictEqual(discipline.next(), reference.next()?.borrow)
          assert.strictEqual(discipline.servable, reference.servable)
          assert.strictEqual(discipline.waiting, reference.waiting.length)
        }
        for (const { borrow } of reference.waiting) discipline.leave(borrow)
        for (const { borrow } of reference.lent) discipline.ended(borrow)
        assert.deepStrictEqual([discipline.waiting, discipline.servable, discipline.tenants], [0, 0, 0])
      }
    )
    fc.assert(property, {
      seed,
      numRuns: 1_000,
      endOnFailure: env["MUTANT"] !== undefined,
      ...(env["REPLAY"] === undefined ? {} : { path: env["REPLAY"] })
    })
  })
})
