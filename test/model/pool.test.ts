/**
 * The stateful model, after poolboy's `poolboy_eqc`: random commands and faults over the real machine and a tiny
 * reference, the invariants of both checked after every message. Time is a number; nothing waits.
 *
 * Every run prints its seed. A failure prints the seed and the path of the smallest counterexample too; to replay it:
 *
 *     SEED=1234 REPLAY=17:0:2 npx vitest run --config test/vitest.config.ts test/model
 *
 * `SEED` alone replays all the runs, `RUNS` says how many there are (3 000 by default, 6 000 where `CI` is set).
 */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { Census } from "./census.ts"
import { commands, settings } from "./commands.ts"
import { World } from "./world.ts"

const { env } = process
const seed = Number(env["SEED"] ?? Date.now() % 2 ** 31)
const replay = env["REPLAY"]
const numRuns = Number(env["RUNS"] ?? (env["CI"] === undefined ? 3_000 : 6_000))

/** How often each of these must have happened at least. */
const least = 100

const messages = "Checkout Cancel Checkin Destroyed Adopt Status Shutdown AwaitShutdown " +
  "Ready Exited RetryAfter OwnerDown Unreachable Tick"

const kinds = [
  ...messages.split(" "),
  ...["waiting", "lent", "refused", "ended"].map((to) => `checkout: asked -> ${to}`),
  ...["lent", "refused", "ended"].map((to) => `checkout: waiting -> ${to}`),
  ...["ended", "waiting", "refused"].map((to) => `checkout: lent -> ${to}`),
  ...["idle", "lent", "closing", "gone"].map((to) => `resource: opening -> ${to}`),
  ...["lent", "closing"].map((to) => `resource: idle -> ${to}`),
  ...["idle", "closing"].map((to) => `resource: lent -> ${to}`),
  "resource: closing -> gone",
  ...["draining", "closing", "closed"].map((to) => `pool: open -> ${to}`),
  "pool: draining -> closing",
  "pool: draining -> closed",
  "pool: closing -> closed",
  "an eager start",
  "shutdown by one who waits",
  ...["CheckoutTimeout", "PoolFull", "PoolOverloaded", "PoolClosed", "OpenFailed"].map((tag) => `refused: ${tag}`),
  ...["idle", "held", "untaken"].map((what) => `fault: died while ${what}`),
  ...["waiting", "lent", "answered"].map((what) => `fault: cancelled while ${what}`),
  ...["success", "failure"].map((how) => `fault: an owner ended with ${how}`),
  ...["an opening", "a closing"].map((what) => `fault: ${what} outlived its timeout`),
  ...[
    "opening failed",
    "one stillborn too many",
    "one death too many",
    "a failed start",
    "revoked",
    "stale lease",
    "stale worker"
  ].map((
    what
  ) => `fault: ${what}`)
]

describe("Machine: the stateful model", () => {
  it("keeps its invariants, and agrees with the reference, after every message of every run", () => {
    const census = new Census(kinds)
    console.log(`model: seed ${seed}, ${numRuns} runs`)
    const property = fc.property(settings, commands, (drawn, list) => {
      const world = new World(drawn, census)
      for (const command of list) world.run(command)
      world.finish()
    })
    // Whoever counts mutants needs no smallest counterexample.
    const endOnFailure = env["MUTANT"] !== undefined
    fc.assert(property, { seed, numRuns, endOnFailure, ...(replay === undefined ? {} : { path: replay }) })
    if (replay !== undefined) return
    console.log(census.table)
    if (numRuns >= 3_000) assert.deepStrictEqual(census.below(least), [], `each must have happened ${least} times`)
  }, 60_000)
})
