/** Our channels without an actor: what Tokio's bench does, word for word. */
import { Effect } from "effect"
import { Mpsc, Oneshot } from "whitepool/channel"
import { callSubject } from "../drivers/call.ts"

export const subject = callSubject(Effect.gen(function*() {
  const [sender, receiver] = yield* Mpsc.bounded<Oneshot.Sender<number>>(10)
  let count = 0
  const answer = Effect.flatMap(receiver.recv, (question) => question.send(++count))
  yield* Effect.forkScoped(Effect.forever(answer, { disableYield: true }))
  return () =>
    Effect.flatMap(
      Oneshot.make<number>(),
      ([question, reply]) => Effect.flatMap(sender.send(question), () => reply.recv())
    )
}))
