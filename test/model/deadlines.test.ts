/** Deadlines against a sorted list: random additions, cancellations and instants. Replay as in `pool.test.ts`. */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { type Deadline, Deadlines } from "../../src/channel/internal/deadlines.ts"

const { env } = process
const seed = Number(env["SEED"] ?? Date.now() % 2 ** 31)

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ _tag: fc.constant("add" as const), in: fc.nat(100) }) },
  { weight: 2, arbitrary: fc.record({ _tag: fc.constant("cancel" as const), which: fc.nat(1_000) }) },
  { weight: 1, arbitrary: fc.record({ _tag: fc.constant("pass" as const), millis: fc.nat(15) }) }
)

describe("Deadlines: the stateful model", () => {
  it("fall due in order and at their instant, none that was cancelled, each once, however they are swept", () => {
    console.log(`deadlines: seed ${seed}`)
    const property = fc.property(fc.array(step, { maxLength: 300, size: "max" }), (steps) => {
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
      numRuns: 300,
      endOnFailure: env["MUTANT"] !== undefined,
      ...(env["REPLAY"] === undefined ? {} : { path: env["REPLAY"] })
    })
  })
})
