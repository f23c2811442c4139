import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as PostgresServer from "../../docs/examples/postgres/PostgresServer.ts"
import { leftovers, lines, npmStart, type Outcome, program, temporaryDirectory } from "./support/program.ts"

/** The number that stands behind a name in the ledger. */
const ledger = ({ output }: Outcome, name: string): number => {
  const found = new RegExp(`^ {2}${name} +([\\d,]+)`, "m").exec(output)
  return Number(found?.[1]?.replaceAll(",", ""))
}

const assertLedger = (outcome: Outcome) => {
  assert.isAbove(ledger(outcome, "answered"), 100, outcome.output)
  assert.strictEqual(ledger(outcome, "asked"), ledger(outcome, "answered") + ledger(outcome, "failed"))
}

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
})
