/** Lesson 4, links and monitors: `npx tsx docs/examples/supervision/4-links-and-monitors.ts`. */
import { Effect } from "effect"
import { Actor, ExitReason } from "whitepool/actor"
import type { Oneshot } from "whitepool/channel"

const worker: Actor.Behavior<"crash"> = { receive: () => Effect.die(new TypeError("as I was told")) }

type Message =
  | { readonly _tag: "Down"; readonly reason: ExitReason.ExitReason }
  | { readonly _tag: "Ask"; readonly reply: Oneshot.Sender<string> }

/** Attaches itself to somebody, and says what it was told of that one's end. */
const witness = (
  attach: (context: Actor.Context<Message>) => Effect.Effect<unknown>,
  trapExit = false
): Actor.Behavior<Message> => {
  let told = "nothing"
  const hear = (reason: ExitReason.ExitReason) => void (told = ExitReason.format(reason))
  return {
    trapExit,
    init: (context) => Effect.asVoid(attach(context)),
    onExit: (_from, reason) => hear(reason),
    receive: (message) => {
      if (message._tag === "Down") hear(message.reason)
      else message.reply.sendUnsafe(`told ${told}`)
    }
  }
}

const ask = (ref: Actor.ActorRef<Message>) =>
  ref.call<string>((reply) => ({ _tag: "Ask", reply })).pipe(
    Effect.catchTag(
      "ActorStopped",
      () => ref.awaitExit.pipe(Effect.map((reason) => `ends ${ExitReason.format(reason)}`))
    )
  )

const row = (...cells: ReadonlyArray<string>) => console.log(cells.map((cell) => cell.padEnd(22)).join("").trimEnd())

const ends: ReadonlyArray<readonly [string, (ref: Actor.ActorRef<"crash">) => Effect.Effect<void>]> = [
  ["it stops", (ref) => ref.stop()],
  ["it is shut down", (ref) => ref.exit(ExitReason.shutdown)],
  ["it crashes", (ref) => ref.cast("crash")],
  ["it is killed", (ref) => ref.exit(ExitReason.killed)]
]

const program = Effect.gen(function*() {
  row("the worker", "who monitors it", "who is linked to it", "and traps exits")
  for (const [how, end] of ends) {
    const ref = yield* Actor.spawn(worker)
    const monitoring = yield* Actor.spawn(
      witness((context) => context.monitor(ref, (reason) => ({ _tag: "Down", reason })))
    )
    const linked = yield* Actor.spawn(witness((context) => context.link(ref)))
    const trapping = yield* Actor.spawn(witness((context) => context.link(ref), true))
    yield* end(ref)
    yield* ref.awaitExit
    row(how, yield* ask(monitoring), yield* ask(linked), yield* ask(trapping))
  }

  console.log()
  row("ref.exit of", "who does not trap", "who traps exits")
  for (const reason of [ExitReason.normal, ExitReason.shutdown, ExitReason.killed]) {
    const plain = yield* Actor.spawn(witness(() => Effect.void))
    const trapping = yield* Actor.spawn(witness(() => Effect.void, true))
    yield* plain.exit(reason)
    yield* trapping.exit(reason)
    row(ExitReason.format(reason), yield* ask(plain), yield* ask(trapping))
  }
})

await Effect.runPromise(Effect.scoped(program))
