/**
 * Deadlines against a sorted list: random additions, cancellations and instants. Replay as in `pool.test.ts`.
 *
 * Few timeouts keep to the lanes, more of them share lanes and heap, and any at all go mostly to the heap.
 */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { type Deadline, Deadlines } from "../../src/channel/internal/deadlines.ts"

const { env } = process
const seed = Number(env["SEED"] ?? Date.now() % 2 ** 31)

const stepOf = (timeout: fc.Arbitrary<number>) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ _tag: fc.constant("add" as const), in: timeout }) },
    { weight: 2, arbitrary: fc.record({ _tag: fc.constant("cancel" as const), which: fc.nat(1_000) }) },
    { weight: 1, arbitrary: fc.record({ _tag: fc.constant("pass" as const), millis: fc.nat(15) }) }
  )

const stepsOf = (timeout: fc.Arbitrary<number>) => fc.array(stepOf(timeout), { maxLength: 300, size: "max" })

const steps = fc.oneof(
  stepsOf(fc.constant(50)),
  stepsOf(fc.constantFrom(0, 10, 30, 100)),
  stepsOf(fc.constantFrom(0, 1, 5, 10, 20, 30, 50, 70, 100)),
  stepsOf(fc.nat(100))
)

describe("Deadlines: the stateful model", () => {
  it("fall due in order and at their instant, none that was cancelled, each once, however they are swept", () => {
    console.log(`deadlines: seed ${seed}`)
    const property = fc.property(steps, (steps) => {
      const deadlines = new Deadlines<number>()
      let live: Array<{ readonly name: number; readonly entry: Deadline<number> }> = []
      let now = 0
      let names = 0
      for (const each of steps) {
        if (each._tag === "add") {
          const name = names++
          live.push({ name, entry: deadlines.add(now + each.in, name) })
        } else if (each._tag === "cancel") {
          const [gone] = live.splice(each.which % Math.max(1, live.length), 1)
          if (gone !== undefined) deadlines.cancel(gone.entry)
          if (gone !== undefined) deadlines.cancel(gone.entry)
        } else {
          now += each.millis
          const due: Array<number> = []
          for (let name = deadlines.takeDue(now); name !== undefined; name = deadlines.takeDue(now)) due.push(name)
          const expected = live.filter(({ entry }) => entry.at <= now)
          const instants = due.map((name) => expected.find((one) => one.name === name)?.entry.at)
          assert.deepStrictEqual(new Set(due), new Set(expected.map(({ name }) => name)))
          assert.strictEqual(due.length, expected.length)
          assert.deepStrictEqual(instants, expected.map(({ entry }) => entry.at).sort((a, b) => a - b))
          live = live.filter(({ entry }) => entry.at > now)
        }
        assert.strictEqual(deadlines.size, live.length)
        assert.strictEqual(
          deadlines.next(),
          live.length === 0 ? undefined : Math.min(...live.map(({ entry }) => entry.at))
        )
      }
    })
    fc.assert(property, {
      seed,
      numRuns: 600,
      endOnFailure: env["MUTANT"] !== undefined,
      ...(env["REPLAY"] === undefined ? {} : { path: env["REPLAY"] })
    })
  })
})

const drain = (deadlines: Deadlines<number>, now = Infinity): ReadonlyArray<number> => {
  const due: Array<number> = []
  for (let at = deadlines.takeDue(now); at !== undefined; at = deadlines.takeDue(now)) due.push(at)
  return due
}

describe("Deadlines of many different lengths, all at once", () => {
  it.each([1, 2, 3, 4, 5, 8, 100])("fall due in order: %i of them, each shorter than the one before", (count) => {
    const deadlines = new Deadlines<number>()
    const ats = Array.from({ length: 1_000 }, (_, i) => 100 * Math.floor(i / count) + count - (i % count))
    for (const at of ats) deadlines.add(at, at)
    assert.deepStrictEqual(drain(deadlines), [...ats].sort((a, b) => a - b))
    assert.isUndefined(deadlines.next())
  })

  it("the same instant is due at once, in whatever lane it stands", () => {
    const deadlines = new Deadlines<number>()
    for (const at of [9, 8, 7, 6, 5, 4, 9, 8, 7, 6, 5, 4]) deadlines.add(at, at)
    assert.deepStrictEqual(drain(deadlines, 6), [4, 4, 5, 5, 6, 6])
    assert.strictEqual(deadlines.next(), 7)
  })

  it("the first, the last and one from the middle can be cancelled, and what comes later is not lost", () => {
    for (const which of [0, 1, 2]) {
      const deadlines = new Deadlines<number>()
      const entries = [10, 20, 30].map((at) => deadlines.add(at, at))
      deadlines.cancel(entries[which]!)
      deadlines.add(40, 40)
      assert.deepStrictEqual(drain(deadlines), [10, 20, 30, 40].filter((_, i) => i !== which))
    }
  })

  it("a lane that was emptied takes what is due earlier than all it has had", () => {
    const deadlines = new Deadlines<number>()
    for (let round = 0; round < 20; round++) {
      const at = 100 - round
      const entry = deadlines.add(at, at)
      assert.isDefined(entry.lane, "no heap for one at a time")
      if (round % 2 === 0) deadlines.cancel(entry)
      else assert.deepStrictEqual(drain(deadlines), [at])
    }
  })
})
