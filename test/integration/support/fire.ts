/**
 * Clients that keep asking while something is broken under them, and the sums that must come out afterwards.
 */
import { assert } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { millis } from "../../../docs/examples/postgres/Display.ts"
import * as Ledger from "../../../docs/examples/postgres/Ledger.ts"
import * as Load from "../../../docs/examples/postgres/Load.ts"
import * as Recovery from "../../../docs/examples/postgres/Recovery.ts"
import { eventually, type openPool } from "./database.ts"

export type Tools = Omit<Effect.Success<ReturnType<typeof openPool>>, "logs">

/** Requests sent are answers and typed failures, and PostgreSQL counts as many connections as the pool does. */
export const agree = Effect.fnUntraced(function*({ ledger, session, watcher }: Tools) {
  assert.strictEqual(ledger.asked, ledger.answered + ledger.failed)
  assert.strictEqual(ledger.untyped, 0)
  yield* eventually(
    "pg_stat_activity counts what the pool counts",
    Effect.map(
      Recovery.observe(session, watcher),
      ({ backends, status }) =>
        status.opening === 0 && status.closing === 0 && status.lent === 0 && backends?.length === status.idle &&
        status.idle === status.size
    )
  )
})

export const told = (what: string, took: number, ledger: Ledger.Ledger) => {
  const failed = Ledger.failures(ledger.byTag) || "none"
  console.log(`  ${what}: whole again after ${millis(took)}; ${ledger.asked} asked, failed: ${failed}`)
}

/** Strikes while 24 clients ask as fast as they are answered, and lets them end when they are answered again. */
export const underLoad = Effect.fnUntraced(function*<R>(
  what: string,
  tools: Tools,
  blow: Effect.Effect<ReadonlyArray<number>, unknown, R>,
  /** What clients may be told. */
  tags: ReadonlyArray<string> = ["ConnectionLost"]
): Effect.fn.Return<Recovery.Recovery & { readonly took: number }, unknown, R | Scope.Scope> {
  const { ledger, session } = tools
  const load = yield* Load.start(session, ledger, 24)
  yield* eventually("the clients are answered", Effect.sync(() => ledger.answered > 100))
  const recovery = yield* Recovery.survive(tools, blow, 20_000)
  const answered = ledger.answered
  yield* eventually("the clients are answered again", Effect.sync(() => ledger.answered > answered + 100))
  yield* load.stop
  const { took } = recovery
  if (took === undefined) return assert.fail("not whole again")
  assert.deepEqual([...ledger.byTag.keys()].filter((tag) => !tags.includes(tag)), [])
  assert.strictEqual(load.lentDead(), 0, "no dead connection was lent again")
  told(what, took, ledger)
  return { ...recovery, took }
})
