import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as PostgresServer from "../../docs/examples/postgres/PostgresServer.ts"
import { eventually } from "./support/database.ts"
import { leftovers, npmStart, type Outcome, program, type Running, temporaryDirectory } from "./support/program.ts"

const lines = (text: string) => text.split("\n").filter((line) => line !== "")

/** The number that stands behind a name in the ledger. */
const ledger = ({ output }: Outcome, name: string): number => {
  const found = new RegExp(`^ {2}${name} +([\\d,]+)`, "m").exec(output)
  return Number(found?.[1]?.replaceAll(",", ""))
}

const assertLedger = (outcome: Outcome) => {
  assert.isAbove(ledger(outcome, "answered"), 100, outcome.output)
  assert.strictEqual(ledger(outcome, "asked"), ledger(outcome, "answered") + ledger(outcome, "failed"))
}

const has = (running: Running, text: string) =>
  eventually(`the program prints ${text}`, Effect.sync(() => running.output().includes(text)), 60_000)

describe("npm start", () => {
  it.live("survives nine disasters, says so, ends with 0 and leaves nothing", () =>
    Effect.gen(function*() {
      const TMPDIR = yield* temporaryDirectory
      const outcome = yield* (yield* npmStart(["--seconds", "2"], { TMPDIR })).outcome
      const { code, output } = outcome
      assert.strictEqual(code, 0, output)
      assert.match(output, /PostgreSQL 18\.\d+ at 127\.0\.0\.1:\d+/)
      assert.strictEqual(output.match(/checkout {3}backend \d+ +"hello world" {3}checkin/g)?.length, 5)
      assert.strictEqual(output.match(/✓ whole again after/g)?.length, 8, output)
      assert.match(
        output,
        /✓ whole again [\d.]+ m?s after the start of a server that was away for 1\d\.\d\d s, with 500 in/
      )
      assert.match(output, /✓ 1,000 asked = 500 answered \+ 500 failed; CheckoutTimeout 500/)
      assert.match(output, /✓ each of 1,000 heard by a deadline of their own/)
      assert.match(output, /✓ \d+ openings failed, where the back-off permits \d+; at most [1-4] at once, 1 at a time/)
      assert.notInclude(output, "✗")
      assert.match(output, /✓ pg_stat_activity: no backend of ours left/)
      assert.match(output, /✓ asked = answered \+ failed, and each failure has a type/)
      assert.match(output, /^ {2}! supervisor "demo" .*child "postgres" has ended: Killed$/m)
      assert.match(output, /failed: .*PoolCrashed [\d,]+/)
      // One warning and one line on recovery for each time the server is away; else nothing needs a second attempt, as a rule.
      const warnings = output.match(/^ {2}! pool /gm)?.length ?? 0
      assert.isAtLeast(warnings, 1, output)
      assert.isAtMost(warnings, 6, output)
      assert.strictEqual(output.match(/^ {2}· pool /gm)?.length ?? 0, warnings, output)
      assert.notInclude(output, "\x1b", "no colour in a pipe")
      assert.isBelow(lines(output).length, 110)
      assertLedger(outcome)
      assert.deepEqual(leftovers(TMPDIR), [])
    }), 120_000)

  it.live("uses the server of DATABASE_URL, and leaves it running", () =>
    Effect.gen(function*() {
      const server = yield* PostgresServer.make()
      const outcome = yield* (yield* program(["--seconds", "2"], { DATABASE_URL: server.url })).outcome
      assert.strictEqual(outcome.code, 0, outcome.output + outcome.errors)
      assert.include(outcome.output, "Nothing worse is done to a server that is not ours.")
      assert.notMatch(outcome.output, /^6 {2}/m)
      assert.strictEqual(outcome.output.match(/✓ whole again after/g)?.length, 5)
      assertLedger(outcome)
    }), 120_000)

  it.live("fails when the pool is not told that connections die", () =>
    Effect.gen(function*() {
      const outcome = yield* (yield* program(["--seconds", "2", "--no-recovery"])).outcome
      assert.strictEqual(outcome.code, 1, outcome.output)
      assert.match(outcome.output, /✗ dead connections were lent [\d,]+ times/)
      assert.strictEqual(lines(outcome.errors).length, 1, outcome.errors)
      assertLedger(outcome)
    }), 120_000)

  const wrong: ReadonlyArray<readonly [string, ReadonlyArray<string>, Readonly<Record<string, string>>]> = [
    ["--size", ["--size", "-1"], {}],
    ["--size", ["--size", "x"], {}],
    ["--fibers", ["--fibers", "1.5"], {}],
    ["--colour", ["--colour"], {}],
    ["DATABASE_URL", [], { DATABASE_URL: "postgres://somebody:secret@127.0.0.1:1/nowhere" }],
    ["DATABASE_URL", [], { DATABASE_URL: "not a url" }]
  ]
  it.live("says in one line what is wrong with its input", () =>
    Effect.forEach(
      wrong,
      Effect.fnUntraced(function*([name, args, environment]) {
        const { code, errors, output } = yield* (yield* program(args, environment)).outcome
        assert.strictEqual(code, 1, name)
        assert.strictEqual(output, "", name)
        assert.strictEqual(lines(errors).length, 1, errors)
        assert.include(errors, name)
        assert.notInclude(errors, "secret")
      }),
      { concurrency: 2, discard: true }
    ), 120_000)

  it.live("explains itself", () =>
    Effect.gen(function*() {
      const { code, errors, output } = yield* (yield* program(["--help"])).outcome
      assert.strictEqual(code, 0)
      assert.strictEqual(errors, "")
      for (const flag of ["--size", "--max-overflow", "--fibers", "--seconds"]) assert.include(output, flag)
    }), 120_000)

  // While two servers run, and while one of them is stopped and a backend of the other is frozen.
  const moments = ["just opened", "One backend is frozen"]

  it.live("shuts everything down on Ctrl-C", () =>
    Effect.forEach(
      moments,
      Effect.fnUntraced(function*(moment) {
        const TMPDIR = yield* temporaryDirectory
        const running = yield* program(["--seconds", "2"], { TMPDIR })
        yield* has(running, moment)
        running.child.kill("SIGINT")
        const { code, errors } = yield* running.outcome
        assert.strictEqual(code, 130)
        assert.strictEqual(lines(errors).length, 1, errors)
        assert.deepEqual(leftovers(TMPDIR), [])
      }),
      { concurrency: 2, discard: true }
    ), 120_000)

  it.live("takes its servers with it even when it is killed", () =>
    Effect.forEach(
      moments,
      Effect.fnUntraced(function*(moment) {
        const TMPDIR = yield* temporaryDirectory
        const running = yield* program(["--seconds", "2"], { TMPDIR })
        yield* has(running, moment)
        assert.isNotEmpty(leftovers(TMPDIR))
        running.child.kill("SIGKILL")
        const { signal } = yield* running.outcome
        assert.strictEqual(signal, "SIGKILL")
        // It takes PostgreSQL five seconds to lose its patience with a backend that is frozen.
        yield* eventually("nothing is left", Effect.sync(() => leftovers(TMPDIR).length === 0), 30_000)
      }),
      { concurrency: 2, discard: true }
    ), 120_000)
})
