/**
 * The program behind `npm start`, in six acts: a server, a pool, the original's program, disasters, a safe shutdown, and,
 * on a server of its own beside all of these, a long outage.
 *
 * It believes nothing it is told: the ledger counts what the clients got, the watcher asks PostgreSQL which connections
 * there are, and where these two and the pool disagree a check fails, and with it the program.
 */
import { Data, Effect, Logger } from "effect"
import { randomUUID } from "node:crypto"
import { existsSync } from "node:fs"
import { Pool } from "whitepool"
import { Supervisor } from "whitepool/actor"
import * as Beside from "./Beside.ts"
import * as Client from "./Client.ts"
import * as Database from "./Database.ts"
import * as Disasters from "./Disasters.ts"
import { count, type Display, millis } from "./Display.ts"
import * as Ledger from "./Ledger.ts"
import * as Load from "./Load.ts"
import * as Openings from "./Openings.ts"
import * as Recovery from "./Recovery.ts"
import { type Options, type Pair, show, type Stage, watch } from "./Stage.ts"
import * as Watcher from "./Watcher.ts"

/** One line for a person; `Demo.run` fails with nothing else. */
export class DemoFailed extends Data.TaggedError("DemoFailed")<{ readonly message: string }> {}

export const run = Effect.fn("Demo.run")(function*(options: Options, display: Display) {
  const began = performance.now()
  const failedChecks: Array<string> = []
  const check = (isGood: boolean, text: string, detail?: string) => {
    display.result(isGood, detail === undefined ? text : `${text}; ${detail}`)
    if (!isGood) failedChecks.push(text)
    return isGood
  }
  const stage = { options, display, ledger: Ledger.make(), openings: Openings.make(), check }
  const directories = yield* Effect.scoped(perform(stage)).pipe(
    Effect.provide(Logger.layer([display.logger])),
    Effect.mapError((error) => new DemoFailed({ message: oneLine(error) }))
  )
  if (directories.length > 0) {
    check(
      !directories.some((directory) => existsSync(directory)),
      "no server is left, and no directory of one"
    )
  }
  display.line()
  display.line(`${failedChecks.length === 0 ? "All done" : "Over"} after ${millis(performance.now() - began)}.`)
  if (failedChecks.length > 0) {
    const message = `failed: ${failedChecks.join("; ")}`
    return yield* new DemoFailed({ message })
  }
})

const oneLine = (error: { readonly _tag: string; readonly message: string }): string =>
  (error.message || error._tag).split("\n").join(" ")

/** Returns the directories that must be gone when the scope has closed. */
const perform = Effect.fn("Demo.perform")(function*(stage: Stage) {
  const { display, ledger, options } = stage
  const began = performance.now()
  const application = `whitepool demo ${process.pid} ${randomUUID().slice(0, 8)}`
  const beside = options.recovery && (yield* Database.isOurs)
    ? yield* Beside.start(stage, `${application} outage`)
    : undefined
  const database = yield* Database.open
  const watcher = yield* Effect.mapError(
    Watcher.make(database.connection, application),
    (error) =>
      database.server === undefined
        ? new DemoFailed({ message: `cannot reach the database of DATABASE_URL: ${error.message}` })
        : error
  )

  display.heading("1  The server")
  const place = database.server === undefined ? "of DATABASE_URL" : `at 127.0.0.1:${database.server.connection.port}`
  display.line(`PostgreSQL ${yield* watcher.serverVersion} ${place}, ready after ${millis(performance.now() - began)}`)
  if (beside !== undefined) {
    display.line("and another one beside it, which is now away for ten seconds, while a second pool needs it: act 6")
  }

  yield* Effect.scoped(Effect.gen(function*() {
    const { session, tree } = yield* openPool(stage, database, watcher, application)
    const pair = { session, watcher }
    yield* byHand(stage, session)
    const load = yield* Load.start(session, ledger, options.fibers)
    const end = performance.now() + options.seconds * 1000
    yield* fullSpeed(stage, pair, options.seconds * 350)
    yield* Disasters.perform(stage, pair, tree, database, load, end)
    load.pace("full speed")
    yield* shutdown(stage, pair, load)
  }))

  const directories = database.server === undefined ? [] : [database.server.directory]
  if (beside !== undefined) directories.push(yield* beside.show)
  report(stage)
  return directories
})

const openPool = Effect.fn("Demo.openPool")(function*(
  { display, openings, options }: Stage,
  database: Database.Database,
  watcher: Watcher.Watcher,
  application: string
) {
  const { maxOverflow, recovery, size } = options
  const began = performance.now()
  const { session, spec } = yield* Pool.childSpec("postgres", {
    factory: openings.watch(Client.open({ ...database.connection, application_name: application })),
    size,
    maxOverflow,
    // Who checks out must check in: one who just ends without it is taken for one who died.
    onOwnerSuccess: "abandon",
    ...(recovery ? { link: Client.link, isBroken: Client.isBroken } : {})
  })
  // Transient: started again when it has crashed, but not when it was shut down.
  const tree = yield* Supervisor.make({ name: "demo" }, [{ ...spec, restart: "transient" }])
  const took = performance.now() - began
  display.heading("2  The pool")
  display.line(`${size} connections and ${maxOverflow} more when they are needed, opened within ${millis(took)}`)
  display.line(
    recovery
      ? "linked to each connection: the pool hears at once when one dies by itself"
      : "without recovery: nobody tells the pool when a connection dies"
  )
  display.line("and a child of a supervisor itself: its own actor is started again when it crashes")
  show(display, "just opened", yield* Recovery.observe(session, watcher), true)
  return { session, tree }
})

const byHand = Effect.fn("Demo.byHand")(function*({ display, ledger, options }: Stage, session: Load.Session) {
  display.heading("3  The original's program")
  const clones = Array.from({ length: Math.min(5, options.size) }, (_, index) => index + 1)
  const one = Effect.fnUntraced(function*(number: number) {
    const clone = yield* session.clone
    const began = performance.now()
    const lease = yield* clone.checkout()
    const text = yield* Load.hello(lease.resource)
    const { pid } = lease.resource
    yield* clone.checkin(lease)
    const took = millis(performance.now() - began)
    lines[number] = `clone ${number}   checkout   backend ${String(pid).padEnd(8)} "${text}"   checkin   ${took}`
  }, Effect.scoped)
  const lines: Array<string> = []
  yield* Effect.forEach(clones, (number) => ledger.ask(one(number)), { concurrency: "unbounded" })
  for (const number of clones) display.line(lines[number] ?? `clone ${number}   got no answer`)
})

const fullSpeed = Effect.fn("Demo.fullSpeed")(function*(
  stage: Stage,
  { session, watcher }: Pair,
  duration: number
) {
  const { display, ledger, options } = stage
  display.topic(`${count(options.fibers)} clients, each with a clone of its own, now ask as fast as they are answered`)
  const answeredBefore = ledger.answered
  const began = performance.now()
  yield* watch(stage, session, duration)
  const sample = yield* Recovery.observe(session, watcher)
  const answered = ledger.answered - answeredBefore
  const perSecond = answered / (performance.now() - began) * 1000
  const median = millis(Ledger.percentile(ledger.latencies(), 0.5))
  display.line(`${count(answered)} answered, ${count(Math.round(perSecond))} a second, half of them within ${median}`)
  show(display, "at full speed", sample, true)
})

const shutdown = Effect.fn("Demo.shutdown")(function*(
  { check, display, ledger }: Stage,
  { session, watcher }: Pair,
  load: Load.Load
) {
  display.heading("5  A safe shutdown, while the clients keep asking")
  // So that there is somebody whose pending checkout can be handled.
  yield* Effect.sleep("300 millis")
  const before = yield* Recovery.observe(session, watcher)
  const { waiting } = before.status
  const answeredBefore = ledger.answered
  const began = performance.now()
  const { drained, forced } = yield* session.shutdown()
  const took = millis(performance.now() - began)
  yield* load.stop
  const answered = ledger.answered - answeredBefore
  const gone = Effect.map(watcher.backends, (left) => left.length === 0 ? [0] : [])
  yield* Recovery.untilHit(gone, 2000)
  const after = yield* Recovery.observe(session, watcher)
  show(display, "as it begins", before, true)
  show(display, "closed", after)
  check(answered >= waiting, `${waiting} were waiting, ${answered} more were answered, within ${took}`)
  const again = load.lentDead()
  check(
    again === 0,
    again === 0 ? "no dead connection was lent again" : `dead connections were lent ${count(again)} times`
  )
  check(forced === 0, `leases that came back by themselves: ${drained}, that had to be revoked: ${forced}`)
  const left = after.backends?.length
  check(left === 0, `pg_stat_activity: ${left === 0 ? "no backend" : `${left ?? "unknown"} backends`} of ours left`)
})

const report = ({ check, display, ledger }: Stage): void => {
  const latencies = ledger.latencies()
  const at = (part: number) => millis(Ledger.percentile(latencies, part))
  const line = (name: string, value: number, more: string) =>
    display.line(`${name.padEnd(10)}${count(value).padStart(9)}   ${more}`.trimEnd())
  display.heading("The ledger, kept by the clients")
  line("asked", ledger.asked, "")
  line("answered", ledger.answered, `half within ${at(0.5)}, 99 of 100 within ${at(0.99)}, the slowest ${at(1)}`)
  line("failed", ledger.failed, Ledger.failures(ledger.byTag))
  check(
    ledger.asked === ledger.answered + ledger.failed && ledger.untyped === 0,
    "asked = answered + failed, and each failure has a type"
  )
}
