/** Lesson 5, a supervisor and its strategies: `npx tsx docs/examples/supervision/5-strategies.ts`. */
import { Effect, Logger } from "effect"
import { Actor, ExitReason, Registry, Supervisor } from "whitepool/actor"
import type { Oneshot } from "whitepool/channel"

interface Message {
  readonly _tag: "Finish" | "Crash"
  readonly reply: Oneshot.Sender<never>
}

/** Three children in a row. The middle one is told to end, and a journal says who starts and who stops. */
const play = (flags: { strategy: Supervisor.Strategy; restart: Supervisor.Restart; end: Message["_tag"] }) =>
  Effect.gen(function*() {
    const names = yield* Registry.make()
    let journal: Array<string> = []
    const note = (line: string) => Effect.sync(() => void journal.push(line))

    const child = (id: string): Supervisor.ChildSpec => ({
      id,
      restart: flags.restart,
      start: Effect.tap(
        Actor.spawn<Message>({
          init: () => note(`${id} starts`),
          receive: ({ _tag }, { self }) => _tag === "Crash" ? Effect.die("as I was told") : self.stop(),
          terminate: (reason) => note(`${id} ${ExitReason.isAbnormal(reason) ? "crashes" : "stops"}`)
        }),
        (ref) => names.register(id, ref)
      )
    })

    const supervisor = yield* Supervisor.make({ strategy: flags.strategy }, ["a", "b", "c"].map(child))
    journal = []
    // Nobody replies: the call ends when `b` does, and the supervisor answers when it has dealt with that.
    yield* Effect.exit(names.address<Message>("b").call<never>((reply) => ({ _tag: flags.end, reply })))
    const children = yield* supervisor.whichChildren
    const restarted = children.filter(({ restarts }) => restarts > 0).map(({ id }) => id)
    return { restarted: restarted.join(" ") || "nobody", journal: journal.join(", ") }
  }).pipe(Effect.scoped)

const row = (...cells: ReadonlyArray<string>) => console.log(cells.map((cell) => cell.padEnd(14)).join("").trimEnd())

const program = Effect.gen(function*() {
  row("strategy", "restarted", "what happens when b crashes")
  for (const strategy of ["one_for_one", "rest_for_one", "one_for_all"] as const) {
    const { journal, restarted } = yield* play({ strategy, restart: "permanent", end: "Crash" })
    row(strategy, restarted, journal)
  }
  console.log()
  row("b is", "b crashes", "b finishes")
  for (const restart of ["permanent", "transient", "temporary"] as const) {
    const crashed = yield* play({ strategy: "one_for_one", restart, end: "Crash" })
    const finished = yield* play({ strategy: "one_for_one", restart, end: "Finish" })
    row(restart, crashed.restarted, finished.restarted)
  }
})

// A supervisor logs each crash, which is not what this page is about.
await Effect.runPromise(program.pipe(Effect.provide(Logger.layer([]))))
