import { Effect, Option } from "effect"
import { Actor, type ExitReason } from "whitepool/actor"
import { settle } from "./support.ts"

export type Message = string | ((context: Actor.Context<Message>) => void | Effect.Effect<void, unknown>)

/** Does what it is told in its turn, and writes down what else comes. */
export const node = (behavior: Partial<Actor.Behavior<Message>> = {}) =>
  Effect.gen(function*() {
    const seen: Array<string> = []
    const exits: Array<{ readonly from: number | undefined; readonly reason: ExitReason.ExitReason }> = []
    const ref = yield* Actor.spawn<Message>({
      receive: (message, context) => typeof message === "string" ? void seen.push(message) : message(context),
      onExit: (from, reason) => {
        exits.push({ from: Option.getOrUndefined(from)?.id, reason })
        seen.push(`exit ${reason._tag}`)
      },
      ...behavior
    })
    return { ref, seen, exits }
  })

export const trapping = node({ trapExit: true })
export const nodes = (count: number) => Effect.forEach(Array.from({ length: count }), () => node())

export const link = (a: Actor.ActorRef<Message>, b: Actor.ActorRef<never>) =>
  Effect.andThen(a.cast((context) => context.link(b)), settle)
export const unlink = (a: Actor.ActorRef<Message>, b: Actor.ActorRef<never>) =>
  Effect.andThen(a.cast((context) => context.unlink(b)), settle)
export const boom = new Error("boom")
export const crash: Message = () => {
  throw boom
}
export const aliveOf = (ref: Actor.ActorRef<never>) => ref.isAlive
