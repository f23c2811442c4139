/** Children and supervisors of ours, made from a scenario's data. */
import { Cause, Effect, Exit, type Scope } from "effect"
import { Actor, Supervisor } from "whitepool/actor"
import type { Behavior, Child, Dynamic, Flags, Tree } from "./scenario.ts"
import { wordOf, type World } from "./world.ts"

type Command = "crash"

/** A supervisor as a scenario sees it. */
export type Handle =
  | { readonly isDynamic: false; readonly supervisor: Supervisor.Supervisor }
  | { readonly isDynamic: true; readonly supervisor: Supervisor.DynamicSupervisor<string> }

// A scenario's words may be wrong ones: the types are told to look away.
const flagsOf = (flags: Flags): Omit<Supervisor.Flags, "strategy"> =>
  ({
    ...(flags.strategy === undefined ? {} : { strategy: flags.strategy }),
    ...(flags.intensity === undefined ? {} : { intensity: flags.intensity }),
    ...(flags.period === undefined ? {} : { period: flags.period * 1000 }),
    ...(flags.auto_shutdown === undefined ? {} : { autoShutdown: flags.auto_shutdown })
  }) as Omit<Supervisor.Flags, "strategy">

const specOf = (
  { restart, shutdown, significant, type }: Child | Dynamic["template"],
  start: Supervisor.ChildSpec["start"]
): Omit<Supervisor.ChildSpec, "id"> =>
  ({
    start,
    ...(restart === undefined ? {} : { restart }),
    ...(shutdown === undefined ? {} : { shutdown }),
    ...(significant === undefined ? {} : { significant }),
    ...(type === undefined ? {} : { type })
  }) as Omit<Supervisor.ChildSpec, "id">

export class Trees {
  readonly #handles = new Map<string, Handle>()
  readonly #workers = new Map<string, Actor.ActorRef<Command>>()
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  /** The supervisor of this name that started last. */
  handle(id: string): Handle {
    const handle = this.#handles.get(id)
    if (handle === undefined) throw new Error(`no supervisor "${id}" has been started`)
    return handle
  }

  /** A turn of the child goes wrong. */
  crash(id: string): Effect.Effect<void> {
    return this.#workers.get(id)?.cast("crash") ?? Effect.die(`no child "${id}" has been started`)
  }

  /** Starts a supervisor with all it has. */
  start(tree: Tree | Dynamic): Effect.Effect<Supervisor.AnySupervisor, unknown, Scope.Scope> {
    return Effect.andThen(
      this.#world.report(`start ${tree.id}`),
      Effect.map(this.#make(tree), (handle) => {
        this.#handles.set(tree.id, handle)
        this.#world.watch(tree.id, handle.supervisor.ref)
        return handle.supervisor
      })
    )
  }

  #make(tree: Tree | Dynamic): Effect.Effect<Handle, unknown, Scope.Scope> {
    if ("children" in tree) {
      const children = tree.children.map((child) => this.child(child))
      return Effect.map(
        Supervisor.make(flagsOf(tree.flags), children),
        (supervisor) => ({ isDynamic: false, supervisor })
      )
    }
    const { template } = tree
    return Effect.map(
      Supervisor.dynamic(flagsOf(tree.flags), (id: string) => specOf(template, this.#worker(template, id))),
      (supervisor) => ({ isDynamic: true, supervisor })
    )
  }

  child(child: Child): Supervisor.ChildSpec {
    const start = "flags" in child ? this.start(child) : this.#worker(child, child.id)
    return { ...specOf(child, start), id: child.id }
  }

  #worker(child: Behavior, id: string): Effect.Effect<Actor.ActorRef<never>, Actor.StartFailed, Scope.Scope> {
    const [world, workers] = [this.#world, this.#workers]
    return Actor.spawn<Command>({
      trapExit: child.traps === true,
      init: (context) =>
        Effect.gen(function*() {
          const n = world.count(id)
          if (child.startTakes !== undefined) {
            yield* world.report(`begin ${id}`)
            yield* Effect.sleep(child.startTakes)
          }
          if (child.failsOn?.includes(n) === true || (child.failsFrom !== undefined && n >= child.failsFrom)) {
            yield* world.report(`fail ${id}`)
            return yield* Effect.fail("failed")
          }
          workers.set(id, context.self)
          world.watch(id, context.self)
          yield* world.report(`start ${id}`)
        }),
      receive: (command) => Effect.die(command),
      terminate: (reason) =>
        Effect.gen(function*() {
          yield* world.report(`terminate ${id}: ${wordOf(reason)}`)
          if (child.stopTakes !== undefined) yield* Effect.sleep(child.stopTakes)
          if (child.stopFails === true) yield* Effect.die("terminate")
        })
    })
  }
}

/** What a recording calls the result of a call. */
export const resultOf = <A>(exit: Exit.Exit<A, unknown>, show: (value: A) => string): string => {
  if (Exit.isSuccess(exit)) return show(exit.value)
  const error = Cause.squash(exit.cause)
  if (error instanceof Actor.StartFailed && error.reason._tag === "Shutdown") {
    const { detail } = error.reason
    if (detail instanceof Supervisor.SupervisorError && detail.reason === "start_failed") {
      return `failed_to_start_child ${detail.childId}`
    }
  }
  if (!(error instanceof Supervisor.SupervisorError)) return `unexpected ${String(error)}`
  if (error.reason !== "invalid_options") return error.reason
  // Each problem carries OTP's word for it; the scenarios have one fault each.
  const words = error.problems.map((problem) =>
    /\b(?:invalid_\w+|duplicate_child_name|bad_combination)\b/.exec(problem)?.[0]
  )
  return [...new Set(words)].join(", ")
}
