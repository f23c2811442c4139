/** Lesson 2, call and cast: `npx tsx docs/examples/supervision/2-call-and-cast.ts`. */
import { Cause, Data, type Duration, Effect, Fiber, Option } from "effect"
import { Actor, ExitReason } from "whitepool/actor"
import type { Oneshot } from "whitepool/channel"

class OutOfStock extends Data.TaggedError("OutOfStock")<{ readonly item: string }> {}

type Message =
  | { readonly _tag: "Put"; readonly item: string }
  | { readonly _tag: "Take"; readonly item: string; readonly reply: Oneshot.Sender<number, OutOfStock> }
  | { readonly _tag: "Stocktake"; readonly reply: Oneshot.Sender<number> }

const shop = (): Actor.Behavior<Message> => {
  const shelf: Array<string> = []
  return {
    receive: (message) => {
      switch (message._tag) {
        case "Put":
          shelf.push(message.item)
          return
        case "Take": {
          const at = shelf.indexOf(message.item)
          if (at < 0) return void message.reply.failUnsafe(Cause.fail(new OutOfStock({ item: message.item })))
          shelf.splice(at, 1)
          return void message.reply.sendUnsafe(shelf.length)
        }
        case "Stocktake":
          return Effect.gen(function*() {
            yield* message.reply.closed // takes longer than anybody waits
            const refused = yield* message.reply.send(shelf.length)
            if (Option.isSome(refused)) console.log(`shop: nobody waits for my ${refused.value}`)
          })
      }
    }
  }
}

const program = Effect.gen(function*() {
  const ref = yield* Actor.spawn(shop(), { name: "shop" })
  const take = (item: string) => ref.call<number, OutOfStock>((reply) => ({ _tag: "Take", item, reply }))
  const stocktake = (timeout: Duration.Input) =>
    Effect.flip(ref.call<number>((reply) => ({ _tag: "Stocktake", reply }), { timeout }))

  yield* ref.cast({ _tag: "Put", item: "apple" })
  yield* ref.cast({ _tag: "Put", item: "pear" })
  console.log("main: left on the shelf:", yield* take("apple"))
  console.log("main: the reply is a failure:", (yield* Effect.flip(take("apple")))._tag)

  console.log("main: no reply in time:", (yield* stocktake("10 millis"))._tag)
  console.log("main: left on the shelf:", yield* take("pear"))

  const asking = yield* Effect.forkChild(stocktake("1 hour"), { startImmediately: true })
  yield* ref.exit(ExitReason.killed)
  for (const error of [yield* Fiber.join(asking), yield* stocktake("1 hour")]) {
    if (error._tag === "ActorStopped") console.log("main: nobody can reply:", ExitReason.format(error.reason))
  }
})

await Effect.runPromise(Effect.scoped(program))
