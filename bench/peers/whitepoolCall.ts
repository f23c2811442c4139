/** Our actors: a turn that answers at once. The call has its deadline, and watches the actor. */
import { Effect } from "effect"
import { Actor } from "whitepool/actor"
import type { Oneshot } from "whitepool/channel"
import { callSubject } from "../drivers/call.ts"

type Question = Oneshot.Sender<number>

const answering = (): Actor.Behavior<Question> => {
  let count = 0
  return { receive: (question) => void question.sendUnsafe(++count) }
}

export const subject = callSubject(
  Effect.map(Actor.spawn(answering()), (actor) => () => actor.call<number>((question) => question))
)
