import { assert, describe, it } from "@effect/vitest"
import { Cause, Effect } from "effect"
import * as Openings from "../../docs/examples/postgres/Openings.ts"
import * as Outage from "../../docs/examples/postgres/Outage.ts"
import * as PostgresServer from "../../docs/examples/postgres/PostgresServer.ts"
import { withLogs } from "../support/logs.ts"
import { told } from "./support/fire.ts"

/** Milliseconds; a slow machine may be late with everything, but not by half an outage. */
const allowance = 4000

describe("A pool whose server is away for ten seconds", () => {
  it.live(
    "tells everybody in time, asks politely whether it is back, and is whole again by itself",
    () =>
      withLogs((logs) =>
        Effect.gen(function*() {
          const server = yield* PostgresServer.make()
          const options = { size: 7, maxOverflow: 4, away: 10_000, impatient: 500, patient: 500 }
          const outage = yield* Effect.flatMap(Outage.prepare(server, options, "outage test"), ({ run }) => run)
          const { askers, ledger, openings, queued, recovery } = outage

          if (recovery.took === undefined) return assert.fail("not whole again")
          told("away for ten seconds", recovery.took, ledger)
          assert.isAtLeast(outage.away, 9_999)

          // Nobody is lost, nobody hears twice, and those who could wait were served.
          assert.strictEqual(ledger.asked, 1000)
          assert.strictEqual(ledger.answered + ledger.failed, 1000)
          assert.strictEqual(askers.length, 1000)
          assert.deepEqual([...ledger.byTag], [["CheckoutTimeout", 500]])
          assert.strictEqual(queued, 500)

          // Each by a deadline of their own, not before it and not at the end of the outage.
          for (const { deadline, failure, heard } of askers) {
            assert.isAtMost(heard, deadline + allowance)
            if (failure?._tag !== "CheckoutTimeout") continue
            assert.isAtLeast(heard, deadline - 2)
            const { lastOpenFailure = Cause.empty } = failure
            assert.strictEqual(Cause.squash(lastOpenFailure) instanceof Error, true)
            assert.include(failure.message, "last opening failed with ConnectError")
          }

          // One pause after another, as the back-off has it, and never more abreast than allowed.
          const failed = openings.all.filter(({ failure }) => failure !== undefined)
          const took = failed.at(-1)!.began - failed[0]!.began
          assert.isAtLeast(took, 8_000, "it went on trying")
          assert.isAtMost(failed.length, Outage.permitted(took) + 1)
          assert.isAtMost(Openings.peak(openings.all), Outage.openConcurrency)
          const probes = Openings.probes(openings.all, Outage.openConcurrency)
          assert.isAbove(probes.length, 5)
          assert.strictEqual(Openings.peak(probes), 1)

          // What PostgreSQL counts is what the pool counts: that is what whole means.
          const { backends, status } = recovery.after
          assert.strictEqual(backends?.length, status.idle + status.lent)
          assert.isAtLeast(backends?.length ?? 0, 7)
          assert.deepEqual(logs.map(({ level }) => level), ["Warn", "Info"], "one streak, no flood")
        })
      ),
    120_000
  )
})

describe("The measures of the outage", () => {
  const opening = (began: number, ended: number, failure?: string) => ({ began, ended, failure })

  it("permit the first ones abreast, and then one after each delay", () => {
    // 100, 200, 400, 500, 500 … milliseconds
    assert.strictEqual(Outage.permitted(0), 4)
    assert.strictEqual(Outage.permitted(99), 4)
    assert.strictEqual(Outage.permitted(100), 5)
    assert.strictEqual(Outage.permitted(700), 7)
    assert.strictEqual(Outage.permitted(10_200), 26)
  })

  it("count those that are under way at once", () => {
    assert.strictEqual(Openings.peak([]), 0)
    assert.strictEqual(Openings.peak([opening(0, 1), opening(1, 2)]), 1)
    assert.strictEqual(Openings.peak([opening(0, 3), opening(1, 2), opening(2, 4)]), 2)
    assert.strictEqual(Openings.peak([opening(0, 3), { began: 1, ended: undefined, failure: undefined }]), 2)
  })

  it("find those that were under way while the pool knew", () => {
    const before = [opening(0, 1), opening(1, 2)]
    const burst = [opening(10, 12, "57P03"), opening(10, 13, "57P03")]
    const lone = [opening(20, 21, "57P03"), opening(30, 31)]
    const after = [opening(32, 33), opening(32, 33)]
    assert.deepEqual(Openings.probes([...before, ...burst, ...lone, ...after], 2), lone)
    assert.deepEqual(Openings.probes(before, 2), [])
    const storm = [opening(20, 25, "57P03"), opening(21, 25, "57P03")]
    assert.strictEqual(Openings.peak(Openings.probes([...before, ...burst, ...storm, ...after], 2)), 2)
  })
})
