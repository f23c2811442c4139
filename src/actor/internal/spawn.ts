/**
 * The life of an actor inside a scope.
 *
 * @internal
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { ActorRef, Behavior, Options } from "../Actor.ts"
import { StartFailed } from "../ActorError.ts"
import { Process } from "./process.ts"

/** @internal */
export const spawn = <M, R = never>(
  behavior: Behavior<M, R>,
  options?: Options
): Effect.Effect<ActorRef<M>, StartFailed, R | Scope.Scope> =>
  Effect.contextWith((context: Context.Context<R | Scope.Scope>) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        const scope = Context.get(context, Scope.Scope)
        // What the behaviour needs is in the context in which all of its Effects run.
        const process = new Process(behavior as Behavior<M>, options, context)
        process.start()
        const ready = behavior.init === undefined ? Effect.void : awaitInit(process, scope, restore)
        return Effect.flatMap(ready, () => process.isStarted ? settle(process, scope) : fail(process))
      })
    )
  )

/** While `init` runs the scope may close, or the caller be interrupted: in both cases there must be nothing left. */
const awaitInit = <M>(
  process: Process<M>,
  scope: Scope.Scope,
  restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
): Effect.Effect<void> => {
  const during = Scope.forkUnsafe(scope)
  let isOver = false
  return Effect.andThen(
    Scope.addFinalizer(during, Effect.suspend(() => isOver ? Effect.void : process.shutdown())),
    Effect.onExit(
      Effect.onInterrupt(restore(process.started.wait), () => process.shutdown()),
      () => {
        isOver = true
        return Scope.close(during, Exit.void)
      }
    )
  )
}

/** After what `init` has added to the scope, so that the actor ends before it is released. */
const settle = <M>(process: Process<M>, scope: Scope.Scope): Effect.Effect<ActorRef<M>> => {
  const life = Scope.forkUnsafe(scope)
  // An actor that ends on its own leaves nothing behind in a scope that lives on.
  process.afterEnd(() => void Scope.closeUnsafe(life, Exit.void))
  return Effect.as(Scope.addFinalizer(life, process.shutdown()), process)
}

const fail = <M>(process: Process<M>): Effect.Effect<never, StartFailed> =>
  Effect.flatMap(
    process.ended.wait,
    (reason) => Effect.fail(new StartFailed({ actor: process.id, name: process.name, reason }))
  )
