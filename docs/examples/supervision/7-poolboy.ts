/** Lesson 7, poolboy rebuilt: what the pool of `poolboy.ts` does. `npx tsx docs/examples/supervision/7-poolboy.ts`. */
import { Effect, Fiber, Logger, Queue } from "effect"
import { Actor, ExitReason } from "whitepool/actor"
import type { Oneshot } from "whitepool/channel"
import * as Poolboy from "./poolboy.ts"

interface Ask {
  readonly question: string
  readonly reply: Oneshot.Sender<string>
}

type Worker = Actor.ActorRef<Ask>

let hired = 0

/** Says its name, and cannot bear one question. */
const startWorker = Effect.suspend(() => {
  const name = `worker ${++hired}`
  return Actor.spawn<Ask>({
    init: () => Effect.sync(() => console.log(`${name} is hired`)),
    receive: ({ question, reply }) => {
      if (question === "why?") throw new RangeError("nobody knows")
      reply.sendUnsafe(name)
    },
    // Without a name: at the end they stop at the same time, in no promised order.
    terminate: (reason) =>
      Effect.sync(() => console.log(ExitReason.isAbnormal(reason) ? `${name} crashes` : "a worker is let go"))
  })
})

const ask = (worker: Worker, question: string) => worker.call<string>((reply) => ({ question, reply }))

const program = Effect.gen(function*() {
  const pool = yield* Poolboy.make(2, 1, startWorker)
  const transaction = pool.transaction((worker) => ask(worker, "who?"))
  console.log("main is served by", yield* transaction)

  const served = yield* Queue.unbounded<Worker>()
  /** Keeps what it borrows, until it ends. */
  const borrow = (name: string) =>
    Effect.gen(function*() {
      const worker = yield* pool.checkout
      console.log(`${name} has ${yield* ask(worker, "who?")}`)
      yield* Queue.offer(served, worker)
      return yield* Effect.never
    }).pipe(Effect.forkChild({ startImmediately: true }))

  const ann = yield* Effect.tap(borrow("ann"), Queue.take(served))
  const bob = yield* Effect.tap(borrow("bob"), Queue.take(served))
  const cat = yield* Effect.tap(borrow("cat"), Queue.take(served))

  yield* borrow("dan")
  console.log("dan waits, and ann ends without a word")
  yield* Fiber.interrupt(ann)
  const worker = yield* Queue.take(served)

  yield* borrow("eve")
  console.log("eve waits, and dan's worker is asked the wrong question")
  yield* Effect.exit(ask(worker, "why?"))
  yield* Queue.take(served)

  console.log("bob and cat end")
  yield* Fiber.interrupt(bob)
  yield* Fiber.interrupt(cat)
  console.log("main is served by", yield* transaction)
})

// A supervisor logs each crash, which is not what this page is about.
await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(Logger.layer([]))))
