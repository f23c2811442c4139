/** Effect's `Queue` and `Deferred`: no deadline, and nobody learns that the other one has gone. */
import { Deferred, Effect, Queue } from "effect"
import { callSubject } from "../drivers/call.ts"

export const subject = callSubject(Effect.gen(function*() {
  const queue = yield* Queue.unbounded<Deferred.Deferred<number>>()
  let count = 0
  const answer = Effect.flatMap(Queue.take(queue), (question) => Deferred.succeed(question, ++count))
  yield* Effect.forkScoped(Effect.forever(answer, { disableYield: true }))
  return () =>
    Effect.flatMap(
      Deferred.make<number>(),
      (question) => Effect.flatMap(Queue.offer(queue, question), () => Deferred.await(question))
    )
}))
