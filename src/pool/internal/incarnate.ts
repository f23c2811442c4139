/**
 * Starts an incarnation of a pool: what a supervisor calls a child's `start`.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import * as Actor from "../../actor/Actor.ts"
import type { ExitReason } from "../../actor/ExitReason.ts"
import { Place } from "../../actor/internal/child.ts"
import { Current, type Process } from "../../actor/internal/process.ts"
import { Watcher } from "../../actor/internal/watcher.ts"
import type * as Supervisor from "../../actor/Supervisor.ts"
import { SupervisorError } from "../../actor/SupervisorError.ts"
import type { Awaiter, Message } from "../Message.ts"
import type { AnyFiber } from "./borrow.ts"
import { Core } from "./core.ts"
import type { Front } from "./front.ts"

/** @internal */
export const CheckInvariants: Context.Reference<boolean> = Context.Reference<boolean>(
  "whitepool/pool/CheckInvariants",
  {
    defaultValue: () => false
  }
)

/** @internal */
export const incarnate = (front: Front): Effect.Effect<Supervisor.Child, unknown, Scope.Scope> =>
  Effect.uninterruptibleMask((restore) => start(front, restore))

const start = Effect.fnUntraced(function*(
  front: Front,
  restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
) {
  const context = Context.omit(Tracer.ParentSpan)(yield* Effect.context<Scope.Scope>())
  const { settings } = front
  const supervisor = Context.get(context, Current) as Process<never> | undefined
  const given = Context.get(context, Place)
  // Started by hand, within something that somebody else has a place for.
  const place = given?.supervisor === supervisor ? given : undefined
  for (let last = front.present; last !== undefined; last = front.present) {
    if (!last.isOver) return yield* Effect.fail(alreadyStarted(settings.name))
    // Its supervisor has given it up, and would have two of them side by side.
    yield* restore(last.gone.wait)
  }
  // It was shut down while its restart was under way: it starts as a child that has done what it was for. From the loop to
  // `begin` there must be no step at which a shutdown, or another start, could come.
  if (front.isPastRestart(place)) return yield* Effect.forkChild(Effect.void)
  // A crash during an outage must not use up the restarts: only the first start may fail.
  const mode = front.hasWorked && settings.start === "eager" ? "background" : settings.start
  const checkInvariants = Context.get(context, CheckInvariants)
  const core = new Core({ ...settings, start: mode }, context, front.plan.parts, checkInvariants, front)
  front.begin(core, place, supervisor)
  yield* Effect.forkDetach(core.shell.launcher.run, { startImmediately: true })
  const actor = yield* Actor.spawn(core.behavior, { name: settings.name }).pipe(
    // Its scope has closed meanwhile, or had before.
    Effect.tapError(({ reason }) => {
      core.actorEnded(reason)
      return core.gone.wait
    }),
    Effect.orDie
  )
  // Before the supervisor watches it: the pool hears of the actor's end first.
  const process = actor as Process<Message>
  if (process.isAliveUnsafe) process.watchers.add(new ActorWatch(core))
  else core.actorEnded(process.reason)
  // After the actor, whose scope it is: so it has drained before the actor ends.
  yield* Effect.addFinalizer(() => close(front, core, settings.shutdownTimeout, place))
  const failure = yield* restore(started(core)).pipe(Effect.onInterrupt(() => close(front, core, 0)))
  if (failure === undefined) {
    front.publish(core)
    return actor
  }
  yield* core.gone.wait
  return yield* Effect.failCause(failure)
})

/** There is one session, and so one incarnation: what OTP says where a registered name is taken. */
const alreadyStarted = (childId: string): SupervisorError =>
  new SupervisorError({ reason: "already_started", supervisor: Option.none(), childId, problems: [] })

/** The failure of an eager start, if it failed. */
const started = (core: Core): Effect.Effect<Cause.Cause<unknown> | undefined> =>
  Effect.callback((resume) => {
    // Its actor may be dead by now, with the scope that it was spawned in.
    if (!core.machine.state.starting || core.isOver) return resume(Effect.succeed(core.startFailure))
    core.onStarted = () => resume(Effect.succeed(core.startFailure))
  })

/** Drains, then revokes. After a crash there is nobody to drain for, and only the closings are waited for. */
const close = (front: Front, core: Core, within: number, place?: Place): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    if (!core.isOver) {
      announce(front, fiber)
      front.shutdown({ _tag: "Shutdown", mode: "drain", within, awaiter: undefined }, place?.isComingBack)
    }
    return core.gone.wait
  })

/** The pool is about to be closed by this fiber: the leases of all who wait for that are not waited for. @internal */
export const announce = (front: Front, fiber: AnyFiber): void => {
  for (const waiting of waitingFor(fiber)) front.post({ _tag: "AwaitShutdown", awaiter: new Bystander(waiting) })
}

/**
 * All who wait, through however many supervisors, for what this fiber does: their leases cannot come back meanwhile. A
 * supervisor closes its children on a fiber of its own, on behalf of whoever closes it.
 */
const waitingFor = (fiber: AnyFiber, found = new Set<AnyFiber>()): ReadonlySet<AnyFiber> => {
  if (found.has(fiber)) return found
  found.add(fiber)
  const process = fiber.getRef(Current) as Process<never> | undefined
  for (const waiting of process?.awaitedBy ?? []) waitingFor(waiting, found)
  return found
}

/** It only lends its name: nobody tells it anything. */
class Bystander implements Awaiter {
  readonly fiber: AnyFiber
  readonly hasLeft = false

  constructor(fiber: AnyFiber) {
    this.fiber = fiber
  }

  reply(): void {}
}

/** However the actor ends, its core hears of it. */
class ActorWatch extends Watcher {
  readonly #core: Core

  constructor(core: Core) {
    super()
    this.#core = core
  }

  onEnd(reason: ExitReason): void {
    this.#core.actorEnded(reason)
  }
}
