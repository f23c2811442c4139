/** The places that several pools share, without a pool: parties that say what they want, and note what they are told. */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { Host } from "../../src/channel/internal/host.ts"
import { type Member, type Party, Quota } from "../../src/pool/internal/quota.ts"
import { settle } from "../support/world.ts"

/** A pool that opens at once, closes when it is told to, and serves its waiters first come first served. */
class Fake implements Party {
  readonly name: string
  readonly member: Member
  /** Tickets. */
  readonly waiting: Array<number> = []
  /** Since when. */
  readonly idle: Array<number> = []
  lent = 0
  going = 0
  /** It may not open, whatever it is told: a back-off, say. */
  isStuck = false
  /** It takes nothing of what it is offered. */
  isDeaf = false
  readonly #quota: Quota
  readonly #told: Array<string>

  constructor(name: string, quota: Quota, told: Array<string> = []) {
    this.name = name
    this.#quota = quota
    this.#told = told
    this.member = quota.join(this)
  }

  readonly demand = () => this.isStuck ? 0 : this.waiting.length
  readonly firstTicket = () => this.waiting[0] ?? Infinity
  readonly isBare = () => this.lent + this.idle.length === 0
  readonly closing = () => this.going
  readonly leaving = () => 0
  readonly coldest = () => this.idle[0]

  readonly retry = () => {
    this.#told.push(`${this.name}: retry`)
    if (!this.isDeaf) this.hire()
  }

  readonly shed = () => {
    if (this.idle.shift() === undefined) return false
    this.#told.push(`${this.name}: shed`)
    this.going++
    return true
  }

  ask(): void {
    this.waiting.push(++this.#quota.tickets.last)
    this.hire()
  }

  hire(): void {
    while (this.demand() > 0 && this.member.take()) {
      this.waiting.shift()
      this.lent++
    }
  }

  /** A lease ends. */
  giveBack(since: number): void {
    this.lent--
    if (this.member.owes(this.waiting[0], false)) {
      this.going++
    } else if (this.waiting.shift() === undefined) {
      this.idle.push(since)
    } else {
      this.lent++
    }
  }

  /** A closing ends. */
  closed(): void {
    this.going--
    this.member.give()
    this.hire()
  }
}

const setup = (max: number) =>
  Effect.map(Effect.context<never>(), (context) => {
    const quota = new Quota(max, new Host(context))
    const told: Array<string> = []
    const pools = ["a", "b", "c", "d"].map((name) => new Fake(name, quota, told))
    return { quota, told, a: pools[0]!, b: pools[1]!, c: pools[2]!, d: pools[3]! }
  })

describe("a quota", () => {
  it.effect("gives places as long as there are any, and asks nobody to go", () =>
    Effect.gen(function*() {
      const { a, b, quota, told } = yield* setup(3)
      a.ask()
      b.ask()
      a.ask()
      yield* settle
      assert.deepStrictEqual([a.lent, b.lent, quota.taken], [2, 1, 3])
      assert.deepStrictEqual(told, [])
    }))

  it.effect("D-3 counts what is idle, and has the one that was idle for longest closed for whoever needs one", () =>
    Effect.gen(function*() {
      const { a, b, c, quota, told } = yield* setup(2)
      a.ask()
      b.ask()
      b.giveBack(1)
      a.giveBack(2)
      c.ask()
      assert.deepStrictEqual(told, [], "not in the turn")
      yield* settle
      assert.deepStrictEqual(told, ["b: shed"])
      assert.strictEqual(c.lent, 0, "it still holds something open")
      b.closed()
      yield* settle
      assert.deepStrictEqual(told, ["b: shed", "c: retry"])
      assert.deepStrictEqual([a.idle.length, c.lent, quota.taken], [1, 1, 2])
    }))

  it.effect("closes as many as are needed, and those that are closing already count", () =>
    Effect.gen(function*() {
      const { a, b, c, told } = yield* setup(4)
      for (let i = 0; i < 4; i++) a.ask()
      for (let i = 0; i < 4; i++) a.giveBack(i)
      b.ask()
      b.ask()
      yield* settle
      assert.strictEqual(a.going, 2)
      c.ask()
      yield* settle
      assert.strictEqual(a.going, 3)
      a.closed()
      a.closed()
      a.closed()
      yield* settle
      assert.deepStrictEqual([a.idle.length, b.lent, c.lent], [1, 2, 1])
      assert.deepStrictEqual(told.slice(-3), ["b: retry", "b: retry", "c: retry"])
    }))

  it.effect("all lent: places go to those who wait, in the order in which they came, over all keys", () =>
    Effect.gen(function*() {
      const { a, b, c, d, told } = yield* setup(2)
      a.ask()
      a.ask()
      b.ask()
      c.ask()
      b.ask()
      d.ask()
      yield* settle
      assert.deepStrictEqual(told, [])
      a.giveBack(1)
      a.giveBack(2)
      assert.strictEqual(a.going, 2, "nobody of its own waits")
      for (let i = 0; i < 2; i++) a.closed()
      yield* settle
      assert.deepStrictEqual(told, ["b: retry", "c: retry"])
      c.giveBack(3)
      c.closed()
      yield* settle
      assert.deepStrictEqual(told.slice(2), ["b: retry"])
      b.giveBack(4)
      b.closed()
      yield* settle
      assert.deepStrictEqual(told.slice(3), ["d: retry"])
    }))

  it.effect("what comes back serves its own key, even if the other's waiter is older, as long as that key has something", () =>
    Effect.gen(function*() {
      const { a, b } = yield* setup(2)
      for (const pool of [a, b, b, a]) pool.ask()
      a.giveBack(1)
      assert.deepStrictEqual([a.lent, a.going], [1, 0])
      b.giveBack(2)
      assert.deepStrictEqual([b.lent, b.going], [1, 0])
    }))

  it.effect("what comes back is closed for an older waiter whose key has nothing, and no more than one is", () =>
    Effect.gen(function*() {
      const { a, b, c } = yield* setup(3)
      for (const pool of [a, a, b, a, c, a, b]) pool.ask()
      a.giveBack(1)
      assert.deepStrictEqual([a.lent, a.going], [2, 0], "its own waiter was older")
      a.giveBack(2)
      assert.deepStrictEqual([a.lent, a.going], [1, 1])
      b.giveBack(3)
      assert.deepStrictEqual([b.lent, b.going], [1, 0], "one for c is coming")
      a.closed()
      yield* settle
      assert.deepStrictEqual([a.lent, c.lent], [1, 1])
    }))

  it.effect("E-1 a place that comes free is not taken by whoever asks next, while others are in line", () =>
    Effect.gen(function*() {
      const { a, b, c } = yield* setup(1)
      a.ask()
      b.ask()
      a.giveBack(1)
      a.closed()
      c.ask()
      assert.deepStrictEqual([b.lent, c.lent], [0, 0])
      yield* settle
      assert.deepStrictEqual([b.lent, c.lent], [1, 0])
    }))

  it.effect("a place whose taker has gone meanwhile goes to the next", () =>
    Effect.gen(function*() {
      const { a, b, c, quota } = yield* setup(1)
      a.ask()
      b.ask()
      c.ask()
      a.giveBack(1)
      b.waiting.length = 0
      a.closed()
      yield* settle
      assert.deepStrictEqual([b.lent, c.lent, quota.taken], [0, 1, 1])
    }))

  it.effect("one that cannot open now holds up nobody, and is heard when it asks again", () =>
    Effect.gen(function*() {
      const { a, b, c } = yield* setup(1)
      a.ask()
      b.ask()
      c.ask()
      b.isStuck = true
      a.giveBack(1)
      a.closed()
      yield* settle
      assert.deepStrictEqual([b.lent, c.lent], [0, 1])
      b.isStuck = false
      b.hire()
      c.giveBack(2)
      c.closed()
      yield* settle
      assert.strictEqual(b.lent, 1)
    }))

  it.effect("a place that is offered and not taken goes to the next, and is not lost", () =>
    Effect.gen(function*() {
      const { a, b, c, quota } = yield* setup(1)
      for (const pool of [a, b, c]) pool.ask()
      b.isDeaf = true
      a.giveBack(1)
      a.closed()
      yield* settle
      assert.deepStrictEqual([b.lent, c.lent, quota.taken], [0, 1, 1])
    }))

  it.effect("room that nobody waits for is never made: it is had if it is there, and else not", () =>
    Effect.gen(function*() {
      const { a, b, told } = yield* setup(1)
      assert.isTrue(a.member.take())
      a.idle.push(1)
      assert.isFalse(b.member.take())
      yield* settle
      assert.deepStrictEqual(told, [])
    }))

  it.effect("whatever one that has ended still had is free again, once", () =>
    Effect.gen(function*() {
      const { a, b, quota } = yield* setup(3)
      for (let i = 0; i < 3; i++) a.ask()
      b.ask()
      a.member.leave()
      a.member.leave()
      a.member.give()
      yield* settle
      assert.deepStrictEqual([b.lent, quota.taken], [1, 1])
    }))

  it.effect("one that ends while it is in line is forgotten", () =>
    Effect.gen(function*() {
      const { a, b, quota } = yield* setup(1)
      a.ask()
      b.ask()
      b.member.leave()
      a.giveBack(1)
      assert.deepStrictEqual([a.idle.length, a.going], [1, 0])
      yield* settle
      assert.strictEqual(quota.taken, 1)
    }))
})
