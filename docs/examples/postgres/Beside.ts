/**
 * The sixth act: the long outage, on a server and a pool of its own, beside the other acts, for it takes longer than they.
 */
import { Effect, Fiber, Logger, type Scope } from "effect"
import { count, millis } from "./Display.ts"
import * as Ledger from "./Ledger.ts"
import * as Outage from "./Outage.ts"
import * as PostgresServer from "./PostgresServer.ts"
import { show, type Stage } from "./Stage.ts"

export interface Beside {
  /** Waits for the outage to be over, and prints what happened. Returns what the server wrote into. */
  readonly show: Effect.Effect<string, Failure>
}

type Failure =
  | Effect.Error<ReturnType<typeof PostgresServer.make>>
  | Effect.Error<ReturnType<typeof Outage.prepare>>
  | Effect.Error<Outage.Drill["run"]>

const away = 10_000

/** Milliseconds by which somebody may hear too late: this program has just one thread, and a lot to do. */
const allowance = 2000

/** Begins, and prints nothing yet. */
export const start = Effect.fn("Beside.start")(function*(
  stage: Stage,
  application: string
): Effect.fn.Return<Beside, never, Scope.Scope> {
  const { maxOverflow, size } = stage.options
  let progress = Effect.succeed("the second server is being started")
  const kept: Array<Logger.Options<unknown>> = []
  const drill = Effect.gen(function*() {
    const server = yield* PostgresServer.make()
    const drill = yield* Outage.prepare(server, { size, maxOverflow, away, impatient: 500, patient: 500 }, application)
    progress = drill.progress
    return { outage: yield* drill.run, directory: server.directory }
  })
  const fiber = yield* Effect.forkScoped(Effect.provide(
    Effect.scoped(drill),
    // What its pool has to say would only confuse in the middle of another act.
    Logger.layer([Logger.make<unknown, void>((line) => void kept.push(line))])
  ))
  const { display } = stage
  const outcome = Effect.scoped(Effect.andThen(
    display.live(Effect.suspend(() => progress), 2000),
    Fiber.join(fiber)
  ))
  return {
    show: Effect.gen(function*() {
      display.heading("6  Ten seconds without a server, beside all of this")
      const { directory, outage } = yield* outcome
      for (const line of kept) display.logger.log(line)
      report(stage, outage)
      return directory
    })
  }
})

const report = ({ check, display }: Stage, outage: Outage.Outage): void => {
  const { askers, ledger, queued, recovery } = outage
  const { failed, late, peak, permitted, probing } = Outage.judge(outage)
  show(display, "as it is started", recovery.before, true)
  show(display, "whole again", recovery.after)
  const since = `after the start of a server that was away for ${millis(outage.away)}`
  if (recovery.took === undefined) check(false, "the pool was not whole again within 30 s", since)
  else check(true, `whole again ${millis(recovery.took)} ${since}, with ${queued} in the queue`)
  const failures = Ledger.failures(ledger.byTag) || "none"
  check(
    ledger.asked === ledger.answered + ledger.failed && ledger.untyped === 0,
    `${count(ledger.asked)} asked = ${count(ledger.answered)} answered + ${count(ledger.failed)} failed`,
    failures
  )
  check(
    askers.every(({ heard }) => heard < Infinity) && late <= allowance,
    `each of ${count(askers.length)} heard by a deadline of their own`,
    late === 0 ? "nobody late" : `the last one ${millis(late)} after it`
  )
  check(
    failed <= permitted + 1 && peak <= Outage.openConcurrency && probing <= 1,
    `${failed} openings failed, where the back-off permits ${permitted}`,
    `at most ${peak} at once, ${probing} at a time while they failed`
  )
}
