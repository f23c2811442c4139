import { Effect, Exit, Fiber, Scope } from "effect"
import { Actor, ExitReason, Supervisor } from "whitepool/actor"
import { withCounters } from "../support/liveFibers.ts"
import { settle } from "./support.ts"

export type Command = "crash" | "finish" | "retire" | Effect.Effect<void, unknown>

export interface Worker {
  /** Before the actor is spawned; its failure is the failure of the start. */
  readonly starting?: (incarnation: number) => Effect.Effect<void, unknown>
  /** In `terminate`. */
  readonly stopping?: Effect.Effect<void>
}

/** Children that can be told how to end, and the journal of what became of them. */
export const makeJournal = () => {
  const refs = new Map<string, Actor.ActorRef<Command>>()
  const starts = new Map<string, number>()
  const journal = {
    /** `+id` a start, `-id Reason` an end in order, in the order in which they happened. */
    log: [] as Array<string>,
    /** Scopes of children that are open. */
    open: [] as Array<string>,
    /** Scopes of children closed, in order, as `id#incarnation`. */
    closed: [] as Array<string>,
    ref: (id: string): Actor.ActorRef<Command> => {
      const ref = refs.get(id)
      if (ref === undefined) throw new Error(`${id} was never started`)
      return ref
    },
    starts: (id: string) => starts.get(id) ?? 0,
    tell: (id: string, command: Command) => Effect.andThen(journal.ref(id).cast(command), settle),
    crash: (id: string) => journal.tell(id, "crash"),
    kill: (id: string) => Effect.andThen(journal.ref(id).exit(ExitReason.killed), settle),
    /** What was written since the last time. */
    news: () => journal.log.splice(0),
    note: (line: string) => Effect.sync(() => void journal.log.push(line)),
    start: (id: string, worker: Worker = {}) =>
      Effect.gen(function*() {
        const incarnation = journal.starts(id) + 1
        starts.set(id, incarnation)
        const place = `${id}#${incarnation}`
        yield* Effect.acquireRelease(Effect.sync(() => void journal.open.push(place)), () =>
          Effect.sync(() => {
            journal.open = journal.open.filter((one) => one !== place)
            journal.closed.push(place)
          }))
        if (worker.starting !== undefined) yield* worker.starting(incarnation)
        const ref = yield* Actor.spawn<Command>({
          receive: (command, context) => {
            if (command === "finish") return context.self.stop()
            if (command === "retire") return context.self.stop(ExitReason.shutdown)
            if (command === "crash") throw new Error(`${id} crashed`)
            return command
          },
          terminate: (reason) => Effect.andThen(worker.stopping ?? Effect.void, journal.note(`-${id} ${reason._tag}`))
        })
        refs.set(id, ref)
        journal.log.push(`+${id}`)
        return ref
      })
  }
  return journal
}

export type Journal = ReturnType<typeof makeJournal>
export type SpecOptions = Omit<Supervisor.ChildSpec, "id" | "start"> & Worker

export const child = (journal: Journal, id: string, options: SpecOptions = {}): Supervisor.ChildSpec => {
  const { starting, stopping, ...spec } = options
  const worker: Worker = {
    ...(starting === undefined ? {} : { starting }),
    ...(stopping === undefined ? {} : { stopping })
  }
  return { id, start: journal.start(id, worker), ...spec }
}

/** Restarts are not what the test is about. */
export const often = { intensity: 1000, period: "1 hour" } as const

/** A supervisor of children by the names given, which have nothing special about them. */
export const supervise = (flags: Supervisor.Flags, specs: Record<string, SpecOptions>) =>
  Effect.gen(function*() {
    const journal = makeJournal()
    const supervisor = yield* Supervisor.make(
      { ...often, ...flags },
      Object.entries(specs).map(([id, options]) => child(journal, id, options))
    )
    yield* settle
    return { journal, supervisor }
  })

/** The tag and the reason of how something was refused; `undefined` when it was not. */
export const refusal = <A, R>(effect: Effect.Effect<A, Supervisor.SupervisorError, R>) =>
  Effect.match(effect, {
    onFailure: (error): string | undefined => `${error._tag} ${error.reason}`,
    onSuccess: () => undefined
  })

/** The refs of what a supervisor calls a child. */
export const refOf = (one: unknown): Actor.ActorRef<never> => {
  const it = one as { readonly ref?: Actor.ActorRef<never>; readonly exit?: unknown }
  if (it.ref !== undefined) return it.ref
  if (typeof it.exit !== "function") throw new Error("a child that is no actor and no supervisor")
  return one as Actor.ActorRef<never>
}

/** `id`, or `id:undefined` and `id:restarting` for children that do not live, in the order given. */
export const listing = (supervisor: { readonly whichChildren: Supervisor.Supervisor["whichChildren"] }) =>
  Effect.map(
    supervisor.whichChildren,
    (children) =>
      children.map((info) =>
        `${info.id}${info.child === undefined ? ":undefined" : info.child === "restarting" ? ":restarting" : ""}`
      )
  )

/** Runs in a scope of its own, after which no fiber of it may be left. */
export const leavesNothing = <E, R>(body: Effect.Effect<void, E, R>) =>
  withCounters((live) =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      yield* Scope.provide(body, scope)
      yield* Fiber.join(yield* Effect.forkChild(Scope.close(scope, Exit.void)))
      // What the test itself has set going, such as the clock, may take a moment.
      yield* Effect.repeat(Effect.yieldNow, { times: 2000, until: () => live.fibers() === 0 })
      if (live.fibers() !== 0) throw new Error(`${live.fibers()} fibers left`)
      if (live.sleeps() !== 0) throw new Error(`${live.sleeps()} sleeps left`)
    })
  )
