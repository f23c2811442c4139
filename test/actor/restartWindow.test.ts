import { assert, describe, it } from "@effect/vitest"
import { addRestart } from "../../src/actor/internal/restartWindow.ts"
import { random } from "../support/seededScheduler.ts"

/** Adds restarts at these instants one after another; which of them were within. */
const run = (instants: ReadonlyArray<number>, intensity: number, period: number): ReadonlyArray<boolean> => {
  let restarts: ReadonlyArray<number> = []
  return instants.map((now) => {
    const window = addRestart(restarts, now, intensity, period)
    restarts = window.restarts
    return window.isWithin
  })
}

describe("the restart window", () => {
  it("bears as many restarts as the intensity says, and not one more", () => {
    assert.deepStrictEqual(run([0, 0, 0, 0], 3, 1000), [true, true, true, false])
  })

  it("bears none with intensity 0", () => {
    assert.deepStrictEqual(run([0], 0, 1000), [false])
  })

  it("still counts one that happened exactly a period ago, as OTP does", () => {
    assert.deepStrictEqual(run([0, 1000], 1, 1000), [true, false])
    assert.deepStrictEqual(run([0, 1000.001], 1, 1000), [true, true])
  })

  it("slides: what is older than the period is forgotten", () => {
    assert.deepStrictEqual(run([0, 600, 1001, 1500, 1601], 2, 1000), [true, true, true, false, false])
    assert.deepStrictEqual(run([0, 600, 1001, 1601, 2002], 2, 1000), [true, true, true, true, true])
  })

  it("counts all there ever were when the period is infinite", () => {
    assert.deepStrictEqual(run([0, 1e9, 1e12], 2, Infinity), [true, true, false])
  })

  it("keeps no more than intensity + 1 instants, and loses none that matters", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const next = random(seed)
      const intensity = Math.floor(next() * 4)
      let now = 0
      const all: Array<number> = []
      let restarts: ReadonlyArray<number> = []
      for (let i = 0; i < 50; i++) {
        now += Math.floor(next() * 40)
        all.push(now)
        const window = addRestart(restarts, now, intensity, 100)
        restarts = window.restarts
        assert.isAtMost(restarts.length, intensity + 1)
        assert.strictEqual(
          window.isWithin,
          all.filter((instant) => instant >= now - 100).length <= intensity,
          `${seed}`
        )
      }
    }
  })
})
