/** Plays a scenario on ours, and gives its trace in the form of a recording. */
import { Effect, Exit, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason, type Supervisor } from "whitepool/actor"
import { Processes } from "./process.ts"
import { labelOf, type Scenario, type Step } from "./scenario.ts"
import { type Handle, resultOf, Trees } from "./tree.ts"
import { reasonOf, World } from "./world.ts"

/** For each step its label and what happened because of it. */
export type Trace = ReadonlyArray<ReadonlyArray<string>>

type Call = Exclude<Extract<Step, { readonly of: string }>, { readonly do: "stop" | "stranger" | "linked" }>

/** Lets everything run that needs no time to pass. */
const quiet: Effect.Effect<void> = Effect.repeat(Effect.yieldNow, { times: 100 })

/** In small steps, so that what a timer causes is there for the next. */
const wait = (ms: number): Effect.Effect<void> =>
  Effect.repeat(Effect.andThen(TestClock.adjust(50), quiet), { times: ms / 50 - 1 })

export const play = (scenario: Scenario): Effect.Effect<Trace> =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const player = new Player(scope, yield* Scope.provide(World.make, scope))
    const trace = yield* player.trace(scenario)
    // What a child still has to do at its end may need time.
    const closing = yield* Effect.forkChild(Effect.andThen(player.killAll, Scope.close(scope, Exit.void)))
    while (closing.pollUnsafe() === undefined) yield* wait(500)
    return trace
  }).pipe(Effect.orDie)

class Player {
  readonly #scope: Scope.Scope
  readonly #world: World
  readonly #trees: Trees
  readonly #processes: Processes
  #hasBooted = false

  constructor(scope: Scope.Scope, world: World) {
    this.#scope = scope
    this.#world = world
    this.#trees = new Trees(world)
    this.#processes = new Processes(world)
  }

  get killAll(): Effect.Effect<void> {
    return Effect.forEach(this.#world.alive(), (ref) => ref.exit(ExitReason.killed), { discard: true })
  }

  readonly trace = Effect.fnUntraced(function*(this: Player, scenario: Scenario) {
    yield* this.#boot(scenario)
    yield* quiet
    // OTP's start_link waits for children that start slowly.
    while (!this.#hasBooted) yield* wait(50)
    const trace = [["boot", ...this.#world.take()]]
    for (const step of scenario.steps) {
      yield* this.#perform(step)
      yield* quiet
      yield* this.#world.deaths
      const events = this.#world.take()
      trace.push([labelOf(step), ...(step.unordered === true ? [...events].sort() : events)])
    }
    return trace
  })

  #boot(scenario: Scenario): Effect.Effect<void> {
    if ("tree" in scenario) {
      const start = Effect.ensuring(this.#trees.start(scenario.tree), Effect.sync(() => void (this.#hasBooted = true)))
      return this.#client("boot", start, () => "ok")
    }
    this.#hasBooted = true
    return Effect.orDie(Scope.provide(
      Effect.forEach(scenario.processes, (one) => this.#processes.start(one), { discard: true }),
      this.#scope
    ))
  }

  #perform(step: Step): Effect.Effect<void> {
    switch (step.do) {
      case "wait":
        return wait(step.ms)
      case "crash":
        return this.#trees.crash(step.id)
      case "exit":
        return this.#fork(this.#world.ref(step.id).stop(reasonOf(step.reason)))
      case "kill":
        return this.#world.ref(step.id).exit(ExitReason.killed)
      case "signal":
        return this.#world.ref(step.id).exit(reasonOf(step.reason))
      case "stranger":
        return this.#world.ref(step.of).exit(reasonOf(step.reason))
      case "linked":
        return this.#linked(this.#world.ref(step.of), reasonOf(step.reason))
      case "stop":
        return this.#client("stop", this.#world.ref(step.of).stop(reasonOf(step.reason)), () => "ok")
      case "tell":
        return this.#fork(this.#processes.tell(step))
      default:
        return this.#call(step, this.#trees.handle(step.of))
    }
  }

  #call(step: Call, handle: Handle): Effect.Effect<void> {
    switch (step.do) {
      case "which_children":
        return this.#client(step.do, handle.supervisor.whichChildren, (children) => this.#childrenOf(children))
      case "count_children":
        return this.#client(step.do, handle.supervisor.countChildren, countsOf)
      default:
        return this.#client(labelOf(step), change(step, handle, this.#trees, this.#world), () => "ok")
    }
  }

  /** A call may wait for long; meanwhile the scenario goes on. */
  #client<A>(label: string, call: Effect.Effect<A, unknown, Scope.Scope>, show: (value: A) => string) {
    return this.#fork(Effect.flatMap(
      Effect.exit(Scope.provide(call, this.#scope)),
      (exit) => this.#world.report(`${label} -> ${resultOf(exit, show)}`)
    ))
  }

  #fork(effect: Effect.Effect<void>): Effect.Effect<void> {
    return Effect.asVoid(Effect.forkIn(effect, this.#scope))
  }

  #linked(ref: Actor.ActorRef<never>, reason: ExitReason.ExitReason): Effect.Effect<void> {
    const spawn = Actor.spawn<string>({ init: (context) => context.link(ref), receive: () => {} })
    return Effect.flatMap(Effect.orDie(Scope.provide(spawn, this.#scope)), (stranger) => stranger.exit(reason))
  }

  /** OTP gives those of a dynamic supervisor in no order. */
  #childrenOf(children: ReadonlyArray<Supervisor.ChildInfo>): string {
    const lines = children.map(({ child, id, type }) => {
      const name = id ?? (typeof child === "object" && "call" in child ? this.#world.nameOf(child) : "undefined")
      return `${name} ${typeof child === "object" ? "alive" : child} ${type}`
    })
    return (children[0]?.id === undefined ? lines.sort() : lines).join(", ")
  }
}

const countsOf = ({ active, specs, supervisors, workers }: Supervisor.ChildCount): string =>
  `specs ${specs}, active ${active}, supervisors ${supervisors}, workers ${workers}`

/** A call that changes something. */
const change = (
  step: Exclude<Call, { readonly do: "which_children" | "count_children" }>,
  handle: Handle,
  trees: Trees,
  world: World
): Effect.Effect<unknown, Supervisor.SupervisorError> => {
  if (handle.isDynamic) {
    if (step.do === "start_child" && "id" in step) return handle.supervisor.startChild(step.id)
    if (step.do === "terminate_child") return handle.supervisor.terminateChild(world.ref(step.id))
    return Effect.die(`a dynamic supervisor knows no ${labelOf(step)}`)
  }
  switch (step.do) {
    case "start_child":
      return "child" in step ? handle.supervisor.startChild(trees.child(step.child)) : Effect.die("no child")
    case "terminate_child":
      return handle.supervisor.terminateChild(step.id)
    case "restart_child":
      return handle.supervisor.restartChild(step.id)
    case "delete_child":
      return handle.supervisor.deleteChild(step.id)
  }
}
