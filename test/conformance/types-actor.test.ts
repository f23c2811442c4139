import { assert, it } from "@effect/vitest"
import type { Cause, Duration, Effect, Exit, Fiber, Option, Scope, Stream } from "effect"
import { Actor, ExitReason } from "whitepool/actor"
import { Oneshot } from "whitepool/channel"
import { type Deviations, type Extends, type Extras, holds, lacks, none, type Same } from "./types.ts"

type Reason =
  | { readonly _tag: "Normal" }
  | { readonly _tag: "Shutdown"; readonly detail?: unknown }
  | { readonly _tag: "Killed" }
  | { readonly _tag: "Crash"; readonly cause: Cause.Cause<unknown> }
  | { readonly _tag: "NoProcess" }

interface ExitReasonSpec {
  readonly normal: ExitReason.ExitReason
  readonly shutdown: ExitReason.ExitReason
  readonly killed: ExitReason.ExitReason
  readonly noProcess: ExitReason.ExitReason
  readonly crash: (cause: Cause.Cause<unknown>) => ExitReason.ExitReason
  readonly isAbnormal: (reason: ExitReason.ExitReason) => boolean
  readonly fromExit: (exit: Exit.Exit<unknown, unknown>) => ExitReason.ExitReason
}
interface BehaviorSpec<M, R> {
  readonly receive: (message: M, context: Actor.Context<M>) => void | Effect.Effect<void, unknown, R>
  readonly init?: ((context: Actor.Context<M>) => Effect.Effect<void, unknown, R>) | undefined
  readonly terminate?: ((reason: ExitReason.ExitReason) => Effect.Effect<void, never, R>) | undefined
  readonly onExit?:
    | ((
      from: Option.Option<Actor.ActorRef<never>>,
      reason: ExitReason.ExitReason,
      context: Actor.Context<M>
    ) => void | Effect.Effect<void, unknown, R>)
    | undefined
  readonly trapExit?: boolean | undefined
}
interface ContextSpec<M> {
  readonly self: Actor.ActorRef<M>
  readonly monitor: (
    target: Actor.Target,
    onDown: (reason: ExitReason.ExitReason) => M
  ) => Effect.Effect<Actor.Monitor>
  readonly monitorUnsafe: (target: Actor.Target, onDown: (reason: ExitReason.ExitReason) => M) => Actor.Monitor
  readonly link: (ref: Actor.ActorRef<never>) => Effect.Effect<void>
  readonly unlink: (ref: Actor.ActorRef<never>) => Effect.Effect<void>
  readonly sendAfter: (delay: Duration.Input, message: M) => Effect.Effect<Actor.Timer>
  readonly sendAfterUnsafe: (delay: Duration.Input, message: M) => Actor.Timer
}
/** What a turn does may have a synchronous twin, named so. */
interface Twins {
  readonly linkUnsafe: (ref: Actor.ActorRef<never>) => void
  readonly unlinkUnsafe: (ref: Actor.ActorRef<never>) => void
}
interface OptionsSpec {
  readonly name?: string | undefined
  readonly mailboxCapacity?: number | "unbounded" | undefined
}
interface ActorRefSpec<M> {
  readonly id: number
  readonly name: Option.Option<string>
  readonly cast: (message: M) => Effect.Effect<void>
  readonly castUnsafe: (message: M) => void
  readonly call: <A, E = never>(
    make: (reply: Oneshot.Sender<A, E>) => M,
    options?: { readonly timeout?: Duration.Input | "infinity" | undefined }
  ) => Effect.Effect<A, E | Oneshot.NoReply | Actor.CallTimeout | Actor.ActorStopped>
  readonly awaitExit: Effect.Effect<ExitReason.ExitReason>
  readonly stop: (reason?: ExitReason.ExitReason) => Effect.Effect<void>
  readonly exit: (reason: ExitReason.ExitReason) => Effect.Effect<void>
  readonly isAlive: Effect.Effect<boolean>
}

type M = { readonly m: 1 }
type R = { readonly r: 1 }
export const _reasons: ExitReasonSpec = ExitReason

holds<Same<ExitReason.ExitReason, Reason>>()
none<Deviations<typeof ExitReason, ExitReasonSpec>>()
none<Deviations<Required<Actor.Behavior<M, R>>, Required<BehaviorSpec<M, R>>>>()
none<Extras<Actor.Behavior<M, R>, BehaviorSpec<M, R>>>()
none<Deviations<Actor.Context<M>, ContextSpec<M>>>()
none<Extras<Actor.Context<M>, ContextSpec<M> & Twins>>()
none<Deviations<Actor.Monitor, { readonly demonitor: Effect.Effect<void> }>>()
none<Deviations<Actor.Timer, { readonly cancel: Effect.Effect<void> }>>()
holds<Same<Actor.Options, OptionsSpec>>()
holds<Same<keyof Actor.Options, keyof OptionsSpec>>()
none<Deviations<Actor.ActorRef<M>, ActorRefSpec<M>>>()
none<Extras<Actor.ActorRef<M>, ActorRefSpec<M>>>()
holds<Same<Actor.Target, Actor.ActorRef<never> | Fiber.Fiber<unknown, unknown>>>()
holds<Same<Actor.Behavior<M>, Actor.Behavior<M, never>>>()
holds<
  Same<
    typeof Actor.spawn,
    <M, R = never>(
      behavior: Actor.Behavior<M, R>,
      options?: Actor.Options
    ) => Effect.Effect<Actor.ActorRef<M>, Actor.StartFailed, NoInfer<R> | Scope.Scope>
  >
>()
holds<
  Same<typeof Actor.deadLetters, Stream.Stream<{ readonly to: number; readonly message: unknown }>>
>()
holds<Extends<Actor.CallTimeout, Error & { readonly _tag: "CallTimeout" }>>()
holds<
  Extends<Actor.ActorStopped, Error & { readonly _tag: "ActorStopped"; readonly reason: ExitReason.ExitReason }>
>()
holds<Extends<Actor.StartFailed, Error & { readonly _tag: "StartFailed"; readonly reason: ExitReason.ExitReason }>>()

/* Contravariant: who can be told more can be told less. */
holds<Extends<Actor.ActorRef<string | number>, Actor.ActorRef<string>>>()
lacks<Extends<Actor.ActorRef<string>, Actor.ActorRef<string | number>>>()
holds<Extends<Actor.ActorRef<string>, Actor.ActorRef<never>>>()

const _spawned = () => Actor.spawn({ receive: (_message: "a" | "b") => {} })
holds<Same<ReturnType<typeof _spawned>, Effect.Effect<Actor.ActorRef<"a" | "b">, Actor.StartFailed, Scope.Scope>>>()
const _needy = (need: Effect.Effect<void, never, R>) => Actor.spawn({ receive: (_message: string) => need })
holds<Same<Effect.Services<ReturnType<typeof _needy>>, R | Scope.Scope>>()
const _called = (ref: Actor.ActorRef<Oneshot.Sender<number, "no">>) =>
  ref.call((reply: Oneshot.Sender<number, "no">) => reply)
holds<
  Same<
    ReturnType<typeof _called>,
    Effect.Effect<number, "no" | Oneshot.NoReply | Actor.CallTimeout | Actor.ActorStopped>
  >
>()

it("actor: every declared value exists and is of its kind", () => {
  assert.strictEqual(typeof Actor.spawn, "function")
  assert.isDefined(Actor.deadLetters)
  for (const one of [Actor.CallTimeout, Actor.ActorStopped, Actor.StartFailed]) {
    assert.isTrue(one.prototype instanceof Error)
  }
  assert.strictEqual(ExitReason.normal._tag, "Normal")
  assert.strictEqual(ExitReason.shutdown._tag, "Shutdown")
  assert.strictEqual(ExitReason.killed._tag, "Killed")
  assert.strictEqual(ExitReason.noProcess._tag, "NoProcess")
  assert.strictEqual(typeof Oneshot.make, "function")
})
