/** Supervisors and children that write down what happens to them. */
import { assert } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { Actor, ExitReason, type Supervisor } from "whitepool/actor"
import { type Counters, withCounters } from "../../support/liveFibers.ts"
import { type Line, withLogs } from "../../support/logs.ts"
import { settle } from "./settle.ts"

export type Message = "crash" | "normal" | "shutdown"

export interface Options extends Omit<Supervisor.ChildSpec, "id" | "start"> {
  /** Runs before the child is spawned. */
  readonly before?: Effect.Effect<unknown, unknown> | undefined
  /** Runs as `terminate`. */
  readonly ending?: Effect.Effect<void> | undefined
}

export interface Tree {
  readonly log: Array<string>
  readonly lines: ReadonlyArray<Line>
  readonly counters: Counters
  /** A spec of an actor that logs its starts and its ends. */
  readonly child: (id: string, options?: Options) => Supervisor.ChildSpec
  /** The actor that was started last under this id. */
  readonly ref: (id: string) => Actor.ActorRef<Message>
  /** Sends, and lets everything happen that needs no time. */
  readonly tell: (id: string, message: Message) => Effect.Effect<void>
  /** What was logged since it was last asked. */
  readonly since: () => ReadonlyArray<string>
}

const end = (message: Message, context: Actor.Context<Message>): Effect.Effect<void> => {
  if (message === "crash") return Effect.die("crash")
  return Effect.asVoid(context.self.stop(message === "normal" ? ExitReason.normal : ExitReason.shutdown))
}

const makeTree = (lines: ReadonlyArray<Line>, counters: Counters): Tree => {
  const log: Array<string> = []
  const refs = new Map<string, Actor.ActorRef<Message>>()
  const ref = (id: string) => refs.get(id) ?? assert.fail(`${id} never started`)
  return {
    log,
    lines,
    counters,
    ref,
    child: (id, { before, ending, ...options } = {}) => ({
      id,
      ...options,
      start: Effect.gen(function*() {
        if (before !== undefined) yield* before
        const spawned = yield* Actor.spawn<Message>({
          receive: end,
          terminate: (reason) =>
            Effect.andThen(Effect.sync(() => void log.push(`-${id} ${reason._tag}`)), ending ?? Effect.void)
        }, { name: id })
        log.push(`+${id}`)
        refs.set(id, spawned)
        return spawned
      })
    }),
    tell: (id, message) => Effect.andThen(ref(id).cast(message), settle),
    since: () => log.splice(0)
  }
}

/** A test in a scope of its own, after which no fiber and no timer is left. */
export const inTree = <A, E>(body: (tree: Tree) => Effect.Effect<A, E, Scope.Scope>): Effect.Effect<void, E> =>
  withLogs((lines) =>
    withCounters((counters) =>
      Effect.gen(function*() {
        yield* Effect.scoped(body(makeTree(lines, counters)))
        yield* settle
        assert.strictEqual(counters.fibers(), 0, "fibers left")
        assert.strictEqual(counters.sleeps(), 0, "timers left")
      })
    )
  )

/** `a: up, b: restarting, c: down`. */
export const shape = (supervisor: Pick<Supervisor.Supervisor, "whichChildren">) =>
  Effect.map(
    supervisor.whichChildren,
    (children) =>
      children.map(({ child, id }) => `${id}: ${child === undefined ? "down" : child === "restarting" ? child : "up"}`)
        .join(", ")
  )

export const reasonOf = <A>(effect: Effect.Effect<A, Supervisor.SupervisorError>): Effect.Effect<string, A> =>
  Effect.map(Effect.flip(effect), (error) => error.reason)
