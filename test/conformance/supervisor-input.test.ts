import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { Supervisor } from "whitepool/actor"
import { child, makeJournal, supervise } from "./tree.ts"
import { runOutTheClock } from "./world.ts"

const bad = (flags: object, specs: ReadonlyArray<object> = []) =>
  Effect.flip(Supervisor.make(flags as Supervisor.Flags, specs as ReadonlyArray<Supervisor.ChildSpec>))

const impossible: ReadonlyArray<readonly [what: string, flags: object, spec: object | undefined, named: string]> = [
  ["a negative intensity", { intensity: -1 }, undefined, "intensity"],
  ["a fractional intensity", { intensity: 1.5 }, undefined, "intensity"],
  ["a NaN intensity", { intensity: NaN }, undefined, "intensity"],
  ["an intensity that is text", { intensity: "3" }, undefined, "intensity"],
  ["a zero period", { period: 0 }, undefined, "period"],
  ["a negative period", { period: -1 }, undefined, "period"],
  ["a NaN period", { period: NaN }, undefined, "period"],
  ["a period that is no duration", { period: "soon" }, undefined, "period"],
  ["an unknown strategy", { strategy: "all_for_one" }, undefined, "strategy"],
  ["make with simple_one_for_one", { strategy: "simple_one_for_one" }, undefined, "strategy"],
  ["an unknown autoShutdown", { autoShutdown: "always" }, undefined, "autoShutdown"],
  ["an unknown restart", {}, { restart: "sometimes" }, "restart"],
  ["an unknown shutdown", {}, { shutdown: "gently" }, "shutdown"],
  ["a negative shutdown", {}, { shutdown: -1 }, "shutdown"],
  ["a NaN shutdown", {}, { shutdown: NaN }, "shutdown"],
  ["an unknown type", {}, { type: "manager" }, "type"],
  ["a start that is no Effect", {}, { start: 1 }, "start"],
  ["an id that is no text", {}, { id: 1 }, "id"],
  ["a significant permanent child", { autoShutdown: "any_significant" }, { significant: true }, "significant"],
  ["a significant child under autoShutdown never", {}, { significant: true, restart: "transient" }, "significant"]
]

for (const [what, flags, spec, named] of impossible) {
  it.effect(`bad input: ${what} is refused with invalid_options that names ${named}; nothing was started`, () =>
    Effect.gen(function*() {
      const journal = makeJournal()
      const specs = [child(journal, "good"), ...(spec === undefined ? [] : [{ ...child(journal, "bad"), ...spec }])]
      const error = yield* bad(flags, specs)
      assert(error._tag === "SupervisorError")
      assert.strictEqual(error.reason, "invalid_options")
      assert.strictEqual(error.problems.length, 1, error.problems.join("; "))
      assert.include(error.problems[0], named)
      assert.deepStrictEqual(journal.log, [])
    }))
}

it.effect("bad input: two children with one id", () =>
  Effect.gen(function*() {
    const journal = makeJournal()
    const error = yield* bad({}, [child(journal, "twin"), child(journal, "other"), child(journal, "twin")])
    assert(error._tag === "SupervisorError")
    assert.include(["invalid_options", "already_present", "already_started"], error.reason)
    assert.include([error.message, error.childId, ...error.problems].join(" "), "twin")
    assert.deepStrictEqual(journal.log, [])
  }))

it.effect("bad input: every problem is listed at once", () =>
  Effect.gen(function*() {
    const journal = makeJournal()
    const error = yield* bad({ intensity: -1, period: 0, strategy: "best" }, [
      child(journal, "twin"),
      { ...child(journal, "odd"), restart: "never", shutdown: -5 },
      child(journal, "twin")
    ])
    assert(error._tag === "SupervisorError")
    const all = error.problems.join("\n")
    for (const word of ["intensity", "period", "strategy", "restart", "shutdown", "twin", "odd"]) {
      assert.include(all, word)
    }
    assert.isAtLeast(error.problems.length, 6)
    assert.deepStrictEqual(journal.log, [])
  }))

it.effect("a zero intensity and an infinite shutdown are no bad input", () =>
  Effect.gen(function*() {
    const { journal, supervisor } = yield* supervise({ intensity: 0 }, {
      a: { shutdown: "infinity" },
      b: { shutdown: 0 },
      c: { shutdown: "brutal_kill" }
    })
    yield* runOutTheClock
    assert.deepStrictEqual(journal.news(), ["+a", "+b", "+c"])
    assert.isTrue(yield* supervisor.ref.isAlive)
  }))
