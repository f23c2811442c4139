/**
 * The fourth act: connections die in three ways while clients keep asking, and each time the pool must be whole again.
 */
import { Effect } from "effect"
import type { Database } from "./Database.ts"
import { count, millis } from "./Display.ts"
import * as Ledger from "./Ledger.ts"
import * as Recovery from "./Recovery.ts"
import { type Options, type Pair, show, type Stage, watch } from "./Stage.ts"
import type { WatchError } from "./Watcher.ts"

/** Milliseconds; longer than any back-off that such a recovery should meet, and than the queue of so many clients. */
const wholeWithin = ({ fibers }: Options): number => Math.max(5000, fibers * 5)

/** Spread until `end`; the first that is not survived is the last. */
export const perform = Effect.fn("Disasters.perform")(function*(
  stage: Stage,
  pair: Pair,
  database: Database,
  end: number
) {
  const { display, options } = stage
  const { session, watcher } = pair
  display.heading("4  Disasters, while the clients keep asking")
  const some = Math.max(1, Math.ceil(options.size / 2))
  const { server } = database
  const blows = [
    { what: "Idle connections are terminated", blow: Recovery.untilHit(watcher.terminate("idle", some), 2000) },
    { what: "Lent connections are terminated", blow: Recovery.untilHit(watcher.terminate("active", some), 2000) },
    server === undefined
      ? {
        what: "All connections are terminated at once, for the server is not ours to restart",
        blow: watcher.terminate("any", 1000)
      }
      : {
        what: "The server is restarted",
        blow: Effect.tap(Effect.map(watcher.backends, (all) => all.map(({ pid }) => pid)), () => server.restart)
      }
  ]
  const pause = Math.max(100, (end - performance.now()) / (blows.length + 1))
  for (const { blow, what } of blows) {
    yield* watch(stage, session, pause)
    display.topic(what)
    if (!(yield* disaster(stage, pair, blow))) return
  }
  yield* watch(stage, session, pause)
})

const disaster = Effect.fnUntraced(function*<E>(
  { check, display, ledger, options }: Stage,
  pair: Pair,
  blow: Effect.Effect<ReadonlyArray<number>, E | WatchError>
) {
  const byTag = new Map(ledger.byTag)
  const asked = ledger.asked
  const within = wholeWithin(options)
  const recovery = yield* Recovery.survive({ ...pair, ledger }, blow, within)
  show(display, "before", recovery.before, true)
  show(display, "during", recovery.worst)
  show(display, "after", recovery.after)
  const failed = Ledger.failures(ledger.byTag, byTag) || "none"
  const lost = `${recovery.victims} died, ${count(ledger.asked - asked)} asks meanwhile, failed: ${failed}`
  return recovery.took === undefined
    ? check(false, `the pool was not whole again within ${millis(within)}`, lost)
    : check(true, `whole again after ${millis(recovery.took)}`, lost)
})
