/** Lesson 3, let it crash: `npx tsx docs/examples/supervision/3-let-it-crash.ts`. */
import { Cause, Data, Effect, Schedule } from "effect"
import { Actor, ExitReason, Registry } from "whitepool/actor"
import type { Oneshot } from "whitepool/channel"

class UnknownArticle extends Data.TaggedError("UnknownArticle")<{ readonly article: string }> {}

interface Scan {
  readonly article: string
  readonly reply: Oneshot.Sender<number, UnknownArticle>
}

const prices = new Map([["apple", 3], ["pear", 4], ["plum", Number.NaN]])

const till = (): Actor.Behavior<Scan> => {
  let total = 0
  return {
    receive: ({ article, reply }) => {
      const price = prices.get(article)
      if (price === undefined) return void reply.failUnsafe(Cause.fail(new UnknownArticle({ article })))
      total += price
      if (Number.isNaN(total)) throw new RangeError("the total is not a number")
      reply.sendUnsafe(total)
    },
    terminate: (reason) =>
      Effect.sync(() => console.log(`till: I end with ${total}, reason ${ExitReason.format(reason)}`))
  }
}

/** The smallest supervisor: whenever it ends for an abnormal reason, there is a new one. */
const keepOpen = (names: Registry.Registry) =>
  Effect.gen(function*() {
    const ref = yield* Actor.spawn(till())
    yield* names.register("till", ref)
    return yield* ref.awaitExit
  }).pipe(Effect.scoped, Effect.repeat({ while: ExitReason.isAbnormal }))

const program = Effect.gen(function*() {
  const names = yield* Registry.make()
  yield* Effect.forkScoped(keepOpen(names), { startImmediately: true })

  const address = names.address<Scan>("till")
  const scan = (article: string) => address.call<number, UnknownArticle>((reply) => ({ article, reply }))

  console.log("main: apple makes", yield* scan("apple"))
  console.log("main: pear makes", yield* scan("pear"))
  console.log("main: fig is an", (yield* Effect.flip(scan("fig")))._tag)

  const error = yield* Effect.flip(scan("plum"))
  if (error._tag === "ActorStopped") console.log("main: plum ended it, reason", ExitReason.format(error.reason))

  const again = Effect.retry(scan("apple"), {
    while: ({ _tag }) => _tag === "ActorStopped",
    schedule: Schedule.spaced("1 millis")
  })
  console.log("main: apple makes", yield* again)
})

await Effect.runPromise(Effect.scoped(program))
