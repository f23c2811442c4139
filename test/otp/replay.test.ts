/**
 * What real OTP did in each scenario, and what ours does. The recordings are made by `record.escript`.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fs from "node:fs"
import { withCounters } from "../support/liveFibers.ts"
import { differences, rewordings } from "./differences.ts"
import { digestOf } from "./digest.ts"
import { play, type Trace } from "./play.ts"
import { labelOf } from "./scenario.ts"
import { scenarios } from "./scenarios.ts"

interface Recording {
  readonly name: string
  readonly digest: string
  readonly trace: Trace
}

interface Recordings {
  readonly otp: string
  readonly stdlib: string
  readonly recordings: ReadonlyArray<Recording>
}

const recorded = JSON.parse(fs.readFileSync(new URL("recordings.json", import.meta.url), "utf8")) as Recordings
const byName = new Map(recorded.recordings.map((recording) => [recording.name, recording]))

const reword = (event: string): string => rewordings.reduce((text, { otp, ours }) => text.replace(otp, ours), event)

/** What ours has to do: what OTP did, but for what is a difference. */
const expected = (name: string): Trace => {
  const steps = differences.find((one) => one.scenario === name)?.steps ?? {}
  return (byName.get(name)?.trace ?? []).map((events, index) => steps[index] ?? events.map(reword))
}

describe("recordings", () => {
  it("say which release of OTP they are of", () => {
    assert.match(recorded.otp, /^\d+$/)
    assert.match(recorded.stdlib, /^\d+(?:\.\d+)+$/)
  })

  it("are there for each scenario as it is now, and for no other", () => {
    assert.deepStrictEqual(
      recorded.recordings.map(({ digest, name }) => `${name} ${digest}`),
      scenarios.map((scenario) => `${scenario.name} ${digestOf(scenario)}`)
    )
    assert.strictEqual(byName.size, scenarios.length, "a name is given twice")
  })

  it("have one list of events for the start and for each step", () => {
    for (const scenario of scenarios) {
      const labels = byName.get(scenario.name)?.trace.map((events) => events[0])
      assert.deepStrictEqual(labels, ["boot", ...scenario.steps.map(labelOf)], scenario.name)
    }
  })
})

describe("a difference", () => {
  it.each(differences)("is one: $scenario", ({ scenario, steps, why }) => {
    const trace = byName.get(scenario)?.trace
    assert.isDefined(trace, "of no scenario")
    assert.isNotEmpty(why)
    for (const [index, events] of Object.entries(steps)) {
      assert.strictEqual(trace?.[Number(index)]?.[0], events[0], "of another step")
      assert.notDeepEqual(trace?.[Number(index)]?.map(reword), events, `step ${index} is as in OTP`)
    }
  })

  it.each(rewordings)("of words occurs: $otp", ({ otp }) => {
    assert(recorded.recordings.some(({ trace }) => trace.flat().some((event) => otp.test(event))))
  })
})

describe("ours does what OTP did", () => {
  for (const scenario of scenarios) {
    it.effect(scenario.name, () =>
      withCounters((live) =>
        Effect.gen(function*() {
          const before = live.fibers()
          assert.deepStrictEqual(yield* play(scenario), expected(scenario.name))
          assert.deepStrictEqual([live.fibers(), live.sleeps()], [before, 0], "something is left")
        })
      ))
  }
})
