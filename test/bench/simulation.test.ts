/**
 * The simulation of `docs/policies.md`, on shorter runs: what is published of each policy holds, for the real pool. A run is
 * the same whenever it is run, so nothing here is a matter of luck.
 */
import { assert, describe, it } from "@effect/vitest"
import { replaceBetween } from "../../bench/harness/markers.ts"
import { plot } from "../../bench/simulation/plots.ts"
import { exponential, longestWork, randomFrom, workTime } from "../../bench/simulation/random.ts"
import * as Scenarios from "../../bench/simulation/scenarios.ts"
import { type Call, capacity, simulate, size, work } from "../../bench/simulation/simulate.ts"
import { type Point, pointAt } from "../../bench/simulation/sweep.ts"
import { type Tally, tally } from "../../bench/simulation/tally.ts"

const length = { warmUp: 6_000, span: 8_000 }

const callsOf = (curve: Scenarios.Curve, load: number, seed = 1) =>
  simulate({ options: curve.options, traffic: curve.traffic(load), seed, ...length })

/** Where it is sometimes so and sometimes so, and only the whole counts. */
const longer = { warmUp: 6_000, span: 20_000 }

const tallyOf = async (
  curve: Scenarios.Curve,
  load: number,
  traffic = "everybody",
  within = length
): Promise<Tally> => (await pointAt(curve, load, within)).tallies.get(traffic)!

const target = 50

describe("a run", () => {
  it("is the same whenever it is run, to the last digit, and another one with another seed", async () => {
    const one = await callsOf(Scenarios.fairCodel, 1.2)
    const other = await callsOf(Scenarios.fairCodel, 1.2)
    assert.deepStrictEqual(one, other)
    assert.notDeepEqual(one, await callsOf(Scenarios.fairCodel, 1.2, 2))
  })

  it("more of one traffic leaves the callers of another as they are", async () => {
    const asked = async (load: number) => (await callsOf(Scenarios.firstCome, load)).get("quiet")!.length
    assert.strictEqual(await asked(2), await asked(0.5))
  })

  it("asks for as much as it says, and each works for as long as it says", async () => {
    const calls = (await callsOf(Scenarios.plain, 0.2)).get("everybody")!
    const { asked, goodput, median } = tally(calls, length.span)
    const worked = calls.reduce((sum, { took, waited }) => sum + took - waited, 0) / calls.length
    assert.closeTo(asked / length.span, 0.2 * capacity, 0.03 * capacity)
    assert.closeTo(goodput, 0.2, 0.03)
    assert.closeTo(worked, work, 3)
    assert.isBelow(median!, work)
  })
})

describe("a plain queue", () => {
  it("below what the pool can do answers everybody in time", async () => {
    assert.strictEqual((await tallyOf(Scenarios.plain, 0.8)).inTime, 1)
  })

  it("in overload keeps the pool busy with what nobody wants any more: what the policies are for", async () => {
    const { expired, goodput, throughput } = await tallyOf(Scenarios.plain, 2)
    assert.isAtLeast(throughput, 0.95)
    assert.isBelow(goodput, 0.4)
    assert.isAbove(expired, 0.4)
  })
})

describe("maxWaiting", () => {
  it.each([1.2, 3])("at %d times what the pool can do bounds the wait, and turns away at once", async (load) => {
    const { goodput, longestWait, refusedAfter, throughput } = await tallyOf(Scenarios.maxWaiting, load)
    // With twenty before it, and all of them as slow as can be.
    assert.isAtMost(longestWait!, Math.ceil(21 / size) * longestWork(work))
    assert.isAtLeast(throughput, 0.95)
    assert.strictEqual(goodput, throughput)
    assert.strictEqual(refusedAfter, 0)
  })
})

describe("controlled delay", () => {
  const served = ({ outcome }: Call) => outcome === "answered" || outcome === "late"

  it.each([0.3, 0.6, 0.8])("below the target, at %d of what the pool can do, drops nobody", async (load) => {
    const { inTime, refused } = await tallyOf(Scenarios.codel, load)
    assert.deepStrictEqual({ inTime, refused }, { inTime: 1, refused: 0 })
  })

  it.each([1.8, 2, 3])(
    "in overload, at %d times what the pool can do, those served have waited near the target, and the pool is as busy as can be",
    async (load) => {
      const calls = (await callsOf(Scenarios.codel, load)).get("everybody")!
      const { goodput, throughput } = tally(calls, length.span)
      assert.isAtLeast(throughput, 0.95)
      assert.strictEqual(goodput, throughput)
      const waits = calls.filter(served).map(({ waited }) => waited).sort((one, other) => one - other)
      assert.isAtMost(waits.at(-1)!, 2 * target + longestWork(work))
      assert.isAtLeast(waits[Math.floor(waits.length / 20)]!, target)
      for (const { outcome, waited } of calls) if (outcome === "refused") assert.isAbove(waited, 2 * target)
    }
  )

  it("a little overload is noticed within an interval or two, and costs as much wait as has come together until then", async () => {
    const { goodput, longestWait, median } = await tallyOf(Scenarios.codel, 1.2, "everybody", longer)
    assert.isAtLeast(goodput, 0.95)
    assert.isAtMost(median!, 2 * target + longestWork(work))
    // What 1.2 times the pool's capacity is more than it, in two intervals of two seconds.
    assert.isAtMost(longestWait!, 2 * target + 0.2 * 4_000 + longestWork(work))
  })
})

describe("priorities", () => {
  it("class 0 stays fast, at three times what the pool can do", async () => {
    const calm = await tallyOf(Scenarios.priorities, 0.5, "class 0")
    const { inTime, median, p99 } = await tallyOf(Scenarios.priorities, 3, "class 0")
    assert.strictEqual(inTime, 1)
    assert.isAtMost(median!, calm.median! + work)
    assert.isAtMost(p99!, 2 * longestWork(work))
  })

  it("ageing: a class that the better one leaves nothing is served after priorityAging, and without ageing never", async () => {
    const starved = await tallyOf(Scenarios.strict, 2, "class 1")
    const served = await tallyOf(Scenarios.ageing, 2, "class 1")
    assert.strictEqual(starved.inTime, 0)
    assert.strictEqual(served.inTime, 1)
    // A second for the class, and as long as those of class 0 wait, until they give up.
    assert.isAtMost(served.longestWait!, 1_000 + 1_000 + longestWork(work))
  })

  it("with overload each class has its own controlled delay: what the better ones leave is not spent in vain", async () => {
    const without = await tallyOf(Scenarios.priorities, 1.4, "class 2", longer)
    const { goodput } = await tallyOf(Scenarios.prioritiesCodel, 1.4, "class 2", longer)
    assert.isAbove(goodput, 1.5 * without.goodput)
  })
})

describe("fairness", () => {
  it("the quiet tenants' latency does not depend on the noisy one's load", async () => {
    const one = await tallyOf(Scenarios.fair, 1, "quiet")
    const other = await tallyOf(Scenarios.fair, 3, "quiet")
    assert.deepStrictEqual([one.inTime, other.inTime], [1, 1])
    assert.closeTo(other.median!, one.median!, 0.15 * one.median!)
    assert.closeTo(other.p99!, one.p99!, 0.15 * one.p99!)
    assert.isBelow((await tallyOf(Scenarios.firstCome, 1, "quiet")).inTime, 0.6)
  })

  it("with overload the noisy one alone is turned away, and has what the others leave", async () => {
    const point = await pointAt(Scenarios.fairCodel, 3, length)
    const quiet = point.tallies.get("quiet")!
    const noisy = point.tallies.get("noisy")!
    assert.deepStrictEqual([quiet.inTime, quiet.refused], [1, 0])
    assert.isAtLeast(quiet.goodput + noisy.goodput, 0.95)
    assert.isAtMost(noisy.longestWait!, 2 * target + longestWork(work))
  })
})

describe("what is drawn", () => {
  it("has the mean that was asked for, and no work takes longer than the longest", () => {
    const random = randomFrom(7)
    const times = Array.from({ length: 50_000 }, () => workTime(random, 20))
    const gaps = Array.from({ length: 50_000 }, () => exponential(random, 20))
    const mean = (values: ReadonlyArray<number>) => values.reduce((sum, each) => sum + each, 0) / values.length
    assert.closeTo(mean(times), 20, 0.3)
    assert.closeTo(mean(gaps), 20, 0.3)
    assert.isAtMost(Math.max(...times), longestWork(20))
    assert.isAbove(Math.max(...gaps), longestWork(20))
  })
})

describe("the tally", () => {
  const call = (outcome: Call["outcome"], took: number, waited = took): Call => ({ outcome, took, waited })

  it("counts what is late as served but as no goodput, and knows no latency of those who had no answer", () => {
    const span = 10
    const calls = [
      call("answered", 10, 4),
      call("late", 30, 25),
      call("refused", 7),
      call("refused", 9),
      call("expired", 50)
    ]
    assert.deepStrictEqual(tally(calls, span), {
      asked: 5,
      goodput: 1 / (span * capacity),
      throughput: 2 / (span * capacity),
      inTime: 0.2,
      refused: 0.4,
      expired: 0.2,
      median: 20,
      p99: 29.8,
      refusedAfter: 8,
      longestWait: 25
    })
    const none = tally([call("expired", 50)], span)
    assert.deepStrictEqual([none.median, none.p99, none.refusedAfter, none.longestWait], Array(4).fill(undefined))
  })
})

describe("the page", () => {
  const tallied = tally([{ outcome: "answered", took: 20, waited: 5 }], 100)
  const points = (): ReadonlyArray<Point> =>
    [0.5, 1, 2].map((load) => ({
      load,
      tallies: new Map(["everybody", "class 0", "class 1", "class 2", "quiet", "noisy"].map((name) => [name, tallied]))
    }))

  it("a plot of the same points is the same, whatever was drawn before", async () => {
    const drawn = await Promise.all(Scenarios.scenarios.map((scenario) => plot(scenario, points)))
    const [first, second] = Scenarios.scenarios
    assert.strictEqual(await plot(second!, points), drawn[1])
    assert.strictEqual(await plot(first!, points), drawn[0])
  })

  it("replaces what stands between the markers of its name, and nothing else", () => {
    const text = "<!-- results: begin -->a<!-- results: end --><!-- simulation: begin -->b<!-- simulation: end -->"
    const replaced = replaceBetween(text, "c", "simulation")
    assert.strictEqual(
      replaced,
      "<!-- results: begin -->a<!-- results: end --><!-- simulation: begin -->\n\nc\n\n<!-- simulation: end -->"
    )
    assert.throws(() => replaceBetween("none", "c", "simulation"))
  })
})
