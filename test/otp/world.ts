/**
 * Hears of everything that happens while a scenario is played on ours, and keeps it in its order.
 */
import { Cause, Effect, type Scope } from "effect"
import { Actor, ExitReason, Supervisor } from "whitepool/actor"
import type { Reason } from "./scenario.ts"

type Ref = Actor.ActorRef<never>

interface Watched {
  readonly id: string
  readonly ref: Ref
  isOver: boolean
}

interface Ended {
  readonly who: Watched
  readonly reason: ExitReason.ExitReason
}

/** What a recording calls a reason. */
export const wordOf = (reason: ExitReason.ExitReason): string => {
  switch (reason._tag) {
    case "Normal":
      return "normal"
    case "Killed":
      return "killed"
    case "NoProcess":
      return "noproc"
    case "Crash":
      return "crash"
    case "Shutdown": {
      const { detail } = reason
      if (detail === undefined) return "shutdown"
      if (detail instanceof Supervisor.SupervisorError && detail.reason === "start_failed") {
        return `{shutdown,failed_to_start_child ${detail.childId}}`
      }
      return `{shutdown,${typeof detail === "string" ? detail : "?"}}`
    }
  }
}

/** The reason of which a scenario speaks. */
export const reasonOf = (word: Reason): ExitReason.ExitReason => {
  switch (word) {
    case "normal":
      return ExitReason.normal
    case "shutdown":
      return ExitReason.shutdown
    case "{shutdown,x}":
      return { _tag: "Shutdown", detail: "x" }
    case "crash":
      return ExitReason.crash(Cause.die(new Error("crash")))
  }
}

export class World {
  #events: Array<string> = []
  readonly #watched: Array<Watched> = []
  readonly #counts = new Map<string, number>()
  #monitor: (who: Watched) => void = () => {}

  /** Its collector is told of an end when it happens, and so knows the order of ends. */
  static readonly make: Effect.Effect<World, Actor.StartFailed, Scope.Scope> = Effect.gen(function*() {
    const world = new World()
    yield* Actor.spawn<Ended>({
      init: (context) =>
        Effect.sync(() => {
          world.#monitor = (who) => void context.monitorUnsafe(who.ref, (reason) => ({ who, reason }))
        }),
      receive: ({ who, reason }) => world.#end(who, reason)
    })
    return world
  })

  #end(who: Watched, reason: ExitReason.ExitReason): void {
    if (who.isOver) return
    who.isOver = true
    this.#events.push(`end ${who.id}: ${wordOf(reason)}`)
  }

  /** Who is dead already has ended before what is noted next, even if the news of it is still under way. */
  readonly deaths: Effect.Effect<void> = Effect.suspend(() =>
    Effect.forEach(
      this.#watched.filter((who) => !who.isOver),
      (who) =>
        Effect.flatMap(who.ref.isAlive, (isAlive) =>
          isAlive ? Effect.void : Effect.map(who.ref.awaitExit, (reason) => this.#end(who, reason))),
      { discard: true }
    )
  )

  report(event: string): Effect.Effect<void> {
    return Effect.andThen(this.deaths, Effect.sync(() => void this.#events.push(event)))
  }

  /** The end of `ref` will be an event. */
  watch(id: string, ref: Ref): void {
    const who: Watched = { id, ref, isOver: false }
    this.#watched.push(who)
    this.#monitor(who)
  }

  /** How often this has been asked of `id`. */
  count(id: string): number {
    const n = (this.#counts.get(id) ?? 0) + 1
    this.#counts.set(id, n)
    return n
  }

  /** The last one of this name, dead or alive. */
  ref(id: string): Ref {
    const who = this.#watched.filter((one) => one.id === id).at(-1)
    if (who === undefined) throw new Error(`no "${id}" has been started`)
    return who.ref
  }

  /** The name of an actor of this scenario. */
  nameOf(ref: Ref): string {
    return this.#watched.find((one) => one.ref.id === ref.id)?.id ?? "outside"
  }

  /** All that are not known to be dead. */
  alive(): ReadonlyArray<Ref> {
    return this.#watched.filter((who) => !who.isOver).map((who) => who.ref)
  }

  /** What has happened since it was last taken. */
  take(): ReadonlyArray<string> {
    const events = this.#events
    this.#events = []
    return events
  }
}
