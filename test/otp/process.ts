/** A plain process: an actor of ours that links, monitors and ends when it is told, and reports what it receives. */
import { Effect, Option, type Scope } from "effect"
import { Actor, ExitReason } from "whitepool/actor"
import type { Process, Reason, Step } from "./scenario.ts"
import { reasonOf, wordOf, type World } from "./world.ts"

/** What it does in one turn. */
type Turn = (context: Actor.Context<Message>) => Effect.Effect<void>
type Message = { readonly _tag: "Turn"; readonly run: Turn } | { readonly _tag: "Down"; readonly event: string }
type Tell = Extract<Step, { readonly do: "tell" }>

export class Processes {
  readonly #refs = new Map<string, Actor.ActorRef<Message>>()
  /** By who monitors and who is monitored. */
  readonly #monitors = new Map<string, Actor.Monitor>()
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  start({ id, traps }: Process): Effect.Effect<void, Actor.StartFailed, Scope.Scope> {
    const world = this.#world
    return Effect.asVoid(Actor.spawn<Message>({
      trapExit: traps === true,
      init: (context) => {
        this.#refs.set(id, context.self)
        world.watch(id, context.self)
        return world.report(`start ${id}`)
      },
      receive: (message, context) => message._tag === "Turn" ? message.run(context) : world.report(message.event),
      onExit: (from, reason) => {
        const name = Option.match(from, { onNone: () => "outside", onSome: (ref) => world.nameOf(ref) })
        return world.report(`${id} gets exit of ${name}: ${wordOf(reason)}`)
      }
    }))
  }

  tell(step: Tell): Effect.Effect<void> {
    const ref = this.#refs.get(step.id)
    if (ref === undefined) return Effect.die(`no process "${step.id}" has been started`)
    if ("reason" in step) return this.#exit(ref, step.reason)
    const run: Turn = (context) => this.#obey(step.id, step.what, step.to, context)
    return ref.cast({ _tag: "Turn", run: step.killFirst === true ? killFirst(this.#world.ref(step.to), run) : run })
  }

  #exit(ref: Actor.ActorRef<Message>, reason: Reason): Effect.Effect<void> {
    return reason === "crash" ? ref.cast({ _tag: "Turn", run: () => Effect.die("crash") }) : ref.stop(reasonOf(reason))
  }

  #obey(id: string, what: string, to: string, context: Actor.Context<Message>): Effect.Effect<void> {
    const other = this.#world.ref(to)
    const key = `${id} ${to}`
    switch (what) {
      case "link":
        return context.link(other)
      case "unlink":
        return context.unlink(other)
      case "monitor":
        return Effect.map(
          context.monitor(other, (reason): Message => ({
            _tag: "Down",
            event: `${id} gets down of ${to}: ${wordOf(reason)}`
          })),
          (monitor) => void this.#monitors.set(key, monitor)
        )
      default:
        return this.#monitors.get(key)?.demonitor ?? Effect.die(`no monitor of "${to}"`)
    }
  }
}

/** Within the same turn: what the death sends is in the mailbox when `run` begins. */
const killFirst = (other: Actor.ActorRef<never>, run: Turn): Turn => (context) =>
  Effect.andThen(Effect.andThen(other.exit(ExitReason.killed), other.awaitExit), run(context))
