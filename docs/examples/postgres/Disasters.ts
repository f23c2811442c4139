/**
 * The fourth act: connections, owners, the server and the pool's own actor die in several ways while clients keep asking,
 * and each time the pool must be whole again.
 */
import { Effect, Fiber, Scope } from "effect"
import type { Pool } from "whitepool"
import { ExitReason, type Supervisor } from "whitepool/actor"
import type { Database } from "./Database.ts"
import { count, millis } from "./Display.ts"
import * as Ledger from "./Ledger.ts"
import { hello, type Load, type Session } from "./Load.ts"
import type { PostgresServer } from "./PostgresServer.ts"
import * as Recovery from "./Recovery.ts"
import * as Sabotage from "./Sabotage.ts"
import { type Options, type Pair, show, type Stage, watch } from "./Stage.ts"
import * as Watcher from "./Watcher.ts"

/** Says whom it hit. What it has to undo, it undoes when its scope closes, after the recovery. */
type Blow = Effect.Effect<ReadonlyArray<number>, { readonly _tag: string; readonly message: string }, Scope.Scope>

interface Disaster {
  readonly what: string
  readonly blow: Blow
  /** At full speed somebody always waits. Default easy: some connections are idle and some lent. */
  readonly pace?: "full speed"
}

/** Milliseconds; longer than any back-off that such a recovery should meet, and than the queue of so many clients. */
const wholeWithin = ({ fibers }: Options): number => Math.max(5000, fibers * 5)

/** Spread until `end`; the first that is not survived is the last. */
export const perform = Effect.fn("Disasters.perform")(function*(
  stage: Stage,
  { session, watcher: all }: Pair,
  tree: Supervisor.Supervisor,
  database: Database,
  load: Load,
  end: number
) {
  const { display, options } = stage
  const { server } = database
  display.heading("4  Disasters, while the clients keep asking")
  const frozen = new Set<number>()
  const watcher = Watcher.without(all, frozen)
  const some = Math.max(1, Math.ceil(options.size / 2))
  const disasters: ReadonlyArray<Disaster> = [
    { what: "Idle connections are terminated", blow: Recovery.untilHit(watcher.terminate("idle", some), 2000) },
    { what: "Lent connections are terminated", blow: Recovery.untilHit(watcher.terminate("active", some), 2000) },
    { what: "All connections are terminated at once", blow: watcher.terminate("any", 1000) },
    { what: "Three owners die: of a defect, of an interruption, and by just ending", blow: ownersDie(stage, session) },
    {
      what: "The pool's own supervisor actor is killed while it works, and somebody waits",
      blow: crash(tree, watcher),
      pace: "full speed"
    },
    ...(server === undefined ? [] : [
      { what: "One backend is killed with kill -9, and PostgreSQL resets all of them", blow: killOne(watcher) },
      { what: "One backend is frozen: only its user's deadline helps", blow: freezeOne(stage, session, frozen) },
      { what: "The server is restarted", blow: restart(server, watcher) }
    ])
  ]
  const pause = Math.max(100, (end - performance.now()) / (disasters.length + 1))
  for (const { blow, pace = "easy", what } of disasters) {
    load.pace(pace)
    yield* watch(stage, session, pause)
    display.topic(what)
    if (!(yield* survive(stage, { session, watcher }, blow))) return
  }
  yield* watch(stage, session, pause)
  if (server === undefined) display.line("Nothing worse is done to a server that is not ours.")
})

const survive = Effect.fnUntraced(
  function*({ check, display, ledger, openings, options }: Stage, pair: Pair, blow: Blow) {
    const { asked } = ledger
    const byTag = new Map(ledger.byTag)
    const byCode = new Map(openings.byCode)
    const within = wholeWithin(options)
    const recovery = yield* Effect.scoped(Recovery.survive({ ...pair, ledger }, blow, within))
    show(display, "before", recovery.before, true)
    show(display, "during", recovery.worst)
    show(display, "after", recovery.after)
    const failed = Ledger.failures(ledger.byTag, byTag) || "none"
    const refused = Ledger.failures(openings.byCode, byCode)
    const lost = `${recovery.victims} died, ${count(ledger.asked - asked)} asks meanwhile, failed: ${failed}` +
      (refused === "" ? "" : `, openings refused: ${refused}`)
    return recovery.took === undefined
      ? check(false, `the pool was not whole again within ${millis(within)}`, lost)
      : check(true, `whole again after ${millis(recovery.took)}`, lost)
  }
)

const everybody = (watcher: Watcher.Watcher) =>
  Effect.map(watcher.backends, (backends) => backends.map(({ pid }) => pid))

/** Its resources die with it. What the clients hold are sessions, and those go on with the next incarnation. */
const crash = (tree: Supervisor.Supervisor, watcher: Watcher.Watcher): Blow =>
  Effect.tap(
    everybody(watcher),
    () =>
      Effect.flatMap(tree.whichChildren, ([pool]) =>
        pool?.child !== undefined && pool.child !== "restarting" && "exit" in pool.child
          ? pool.child.exit(ExitReason.killed)
          : Effect.void)
  )

const restart = (server: PostgresServer, watcher: Watcher.Watcher): Blow =>
  Effect.tap(everybody(watcher), () => server.restart)

const killOne = (watcher: Watcher.Watcher): Blow =>
  Effect.tap(Recovery.untilHit(everybody(watcher), 2000), ([pid = 0]) => Sabotage.kill(pid))

/** Somebody asks on a connection whose backend does not answer any more, and gives up. */
const freezeOne = ({ ledger }: Stage, session: Session, frozen: Set<number>): Blow =>
  Effect.gen(function*() {
    const scope = yield* Effect.scope
    const victims: Array<number> = []
    const question = session.use((client) =>
      Effect.gen(function*() {
        yield* Scope.provide(Sabotage.freeze(client.pid), scope)
        victims.push(client.pid)
        return yield* Effect.timeout(hello(client), "500 millis")
      })
    )
    // Its backend is a frozen victim from now on, and before that a victim like every other, which is not gone yet.
    const givenUp = Effect.sync(() => victims.forEach((pid) => frozen.add(pid)))
    const asking = yield* Effect.forkScoped(Effect.andThen(ledger.ask(question), givenUp))
    yield* Effect.addFinalizer(() => Effect.andThen(Fiber.await(asking), Effect.sync(() => frozen.clear())))
    return yield* Recovery.untilHit(Effect.sync(() => victims), 5000)
  })

/** Each asks on a lease of its own, and ends without having checked it in. */
const ownersDie = ({ ledger }: Stage, session: Session): Blow =>
  Effect.gen(function*() {
    const held: Array<number> = []
    // Kept, or the garbage collector would tell the pool, sooner or later, that nobody has them any more.
    const leases: Array<Pool.Lease<unknown>> = []
    const owner = (end: Effect.Effect<unknown>) =>
      Effect.gen(function*() {
        const lease = yield* session.checkout()
        leases.push(lease)
        yield* hello(lease.resource)
        held.push(lease.resource.pid)
      }).pipe(ledger.ask, Effect.andThen(end))
    yield* Fiber.await(yield* Effect.forkScoped(owner(Effect.die(new Error("a bug in the owner")))))
    yield* Fiber.await(yield* Effect.forkScoped(owner(Effect.void)))
    const third = yield* Effect.forkScoped(owner(Effect.never))
    yield* Recovery.untilHit(Effect.sync(() => held.slice(2)), 2000)
    yield* Fiber.interrupt(third)
    return held
  })
