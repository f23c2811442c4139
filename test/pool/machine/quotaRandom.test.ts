/**
 * Several pools that share one limit, and everything that can happen to any of them: drawn, with the invariants of the
 * machines and of their quota verified after every message; and in the end everybody is served, by few openings, and all
 * places are free again.
 *
 * Every run prints its seed. A failure prints the path of the smallest counterexample too; to replay it:
 *
 *     SEED=1234 REPLAY=17:0:2 npx vitest run --config test/vitest.config.ts test/pool/machine/quotaRandom.test.ts
 *
 * `SEED` alone replays all the runs, `RUNS` says how many there are.
 */
import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { commands, end, filled, isLent, isWaiting, plans, run } from "../../support/quotaCommands.ts"
import type { Site } from "../../support/quotaSite.ts"
import { QuotaWorld } from "../../support/quotaWorld.ts"
import { RecordedBorrow } from "../../support/recording.ts"

const { env } = process
const seed = Number(env["SEED"] ?? Date.now() % 2 ** 31)
const replay = env["REPLAY"]
/** A mutant has the usual number of runs, too. */
const numRuns = Number(env["MUTANT"] === undefined ? env["RUNS"] ?? 8_000 : 8_000)

/** All that is under way comes to its good end: once. */
const comeToPass = (world: QuotaWorld): void => {
  world.runTasks()
  for (const site of world.sites) {
    if (site.life === "crashed") end(site)
    // What it has granted in part it would keep from the others for ever.
    if (site.borrows.some((parts) => parts.some(isLent) && parts.some(isWaiting))) site.send({ _tag: "Resume" })
    for (const parts of site.borrows) site.take(parts)
    for (const worker of site.workers("opening")) site.ready(worker)
    for (const worker of site.workers("closing")) site.closed(worker)
    for (const worker of site.workers("validating", "resetting")) site.checked(worker, true)
    for (const parts of site.borrows) site.take(parts)
    for (const borrow of site.held) site.checkin(borrow)
    site.answer()
  }
  world.runTasks()
  world.pass(1)
}

const isBusy = (site: Site): boolean =>
  site.life === "crashed" || site.machine.state.backoff !== undefined ||
  site.borrows.some((parts) => parts.some(isLent)) ||
  site.workers("opening", "closing", "validating", "resetting").length > 0

/** Until nothing is under way any more. */
const settle = (world: QuotaWorld): void => {
  for (let rounds = 0; rounds === 0 || world.hasTasks || world.sites.some(isBusy); rounds++) {
    assert.isBelow(rounds, 200, "the pools never come to rest")
    comeToPass(world)
  }
}

/** Afterwards each of them serves whoever comes. */
const serveAll = (world: QuotaWorld): void => {
  for (const site of world.sites) {
    const { bound, isSuspended, phase } = site.machine.state
    if (isSuspended || phase !== "open" || bound === 0) continue
    const borrow = new RecordedBorrow("last", "wait", Infinity, undefined, undefined)
    site.ask([borrow], true)
    settle(world)
    assert.isTrue(borrow.taken, `whoever comes is ${borrow.outcome}`)
  }
}

const finish = (world: QuotaWorld): void => {
  const { openings } = world
  const waiting = world.sites.reduce((sum, site) => sum + site.machine.state.waiting.length, 0)
  const stock = world.sites.reduce((sum, { machine: { state } }) => sum + state.bound, 0)
  settle(world)
  // One for each who waits, at most, and for what is kept.
  assert.isAtMost(world.openings - openings, waiting + 2 * (stock + world.max), "too many openings")
  for (const site of world.sites) assert.isFalse(site.isWaitedFor, "somebody waits for ever")
  for (const { machine: { state } } of world.sites) {
    assert.strictEqual(state.workers.size, state.idle.length, "something else than idle is left")
  }
  serveAll(world)
  for (const site of world.sites) site.drain()
  settle(world)
  assert.strictEqual(world.quota.taken, 0, "a place is lost with its pool")
  const left = world.borrows.filter(({ isPending, state }) => isPending || state === "lent")
  assert.lengthOf(left, 0, "somebody was never answered")
}

describe("pools that share a limit", () => {
  it("K2 lose no place, overtake nobody, and serve everybody", () => {
    console.log(`quota: seed ${seed}, ${numRuns} runs`)
    const property = fc.property(plans, commands, ({ each, max }, list) => {
      const world = new QuotaWorld(max, each.map(filled))
      for (const command of list) run(world, command)
      finish(world)
    })
    const endOnFailure = env["MUTANT"] !== undefined
    fc.assert(property, { seed, numRuns, endOnFailure, ...(replay === undefined ? {} : { path: replay }) })
  }, 60_000)
})
