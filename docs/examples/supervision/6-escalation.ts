/** Lesson 6, restart intensity and escalation: `npx tsx docs/examples/supervision/6-escalation.ts`. */
import { Effect, Logger, Queue } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason, Supervisor } from "whitepool/actor"

const journal: Array<string> = []
const note = (line: string) => Effect.sync(() => void journal.push(line))

/** An actor that crashes, whatever it is sent. */
const fragile = (id: string) =>
  Actor.spawn<string>({
    init: () => note(`${id} starts`),
    receive: (message) => Effect.die(message),
    terminate: (reason) => ExitReason.isAbnormal(reason) ? Effect.void : note(`${id} stops`)
  })

const program = Effect.gen(function*() {
  const connections = yield* Queue.unbounded<Actor.ActorRef<string>>()
  const databases = yield* Queue.unbounded<Supervisor.AnySupervisor>()

  const startDatabase = Effect.gen(function*() {
    yield* note("database starts")
    yield* Effect.addFinalizer(() => note("database ends"))
    const database = yield* Supervisor.make({ name: "database", intensity: 2, period: "5 seconds" }, [
      { id: "cache", start: fragile("cache") },
      { id: "connection", start: Effect.tap(fragile("connection"), (ref) => Queue.offer(connections, ref)) }
    ])
    yield* Queue.offer(databases, database)
    return database
  })

  const top = yield* Supervisor.make({ name: "top", intensity: 1, period: "1 minute" }, [
    { id: "database", start: startDatabase }
  ])
  let connection = yield* Queue.take(connections)
  const first = yield* Queue.take(databases)
  const report = (what: string) => console.log(`${what}: ${journal.splice(0).join(", ")}`)
  report("begin")

  const crash = Effect.gen(function*() {
    yield* connection.cast("as I was told")
    connection = yield* Queue.take(connections) // that of the next incarnation
    report("crash")
  })

  console.log("\nOne crash every ten seconds")
  for (let i = 0; i < 4; i++) yield* Effect.andThen(crash, TestClock.adjust("10 seconds"))

  console.log("\nThree crashes at once")
  for (let i = 0; i < 3; i++) yield* crash
  console.log("top saw:", ExitReason.format(yield* first.awaitExit))

  console.log("\nThree more within the minute")
  for (let i = 0; i < 2; i++) yield* crash
  yield* connection.cast("as I was told")
  const reason = yield* top.awaitExit
  report("crash")
  console.log("main saw:", ExitReason.format(reason))
})

// A supervisor logs each crash, and why it gives up: not here.
await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide([TestClock.layer(), Logger.layer([])])))
