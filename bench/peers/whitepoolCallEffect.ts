/** Our actors: a turn that answers from an Effect, so that somebody must be woken on both sides. */
import { Effect } from "effect"
import { Actor } from "whitepool/actor"
import type { Oneshot } from "whitepool/channel"
import { callSubject } from "../drivers/call.ts"

type Question = Oneshot.Sender<number>

const answering = (): Actor.Behavior<Question> => {
  let count = 0
  return { receive: (question) => Effect.asVoid(Effect.suspend(() => question.send(++count))) }
}

export const subject = callSubject(
  Effect.map(Actor.spawn(answering()), (actor) => () => actor.call<number>((question) => question))
)
