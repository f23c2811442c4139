import { assert, it } from "@effect/vitest"
import type { Duration, Effect, Fiber, Option, Scope } from "effect"
import { Actor, type ExitReason, Registry, Supervisor } from "whitepool/actor"
import { type Deviations, type Extends, type Extras, holds, lacks, none, type Same } from "./types.ts"

interface RegistrySpec {
  readonly register: <M>(name: string, ref: Actor.ActorRef<M>) => Effect.Effect<void, Registry.NameTaken>
  readonly whereis: <M>(name: string) => Effect.Effect<Option.Option<Actor.ActorRef<M>>>
  readonly address: <M>(name: string) => Actor.ActorRef<M>
}
interface AnySupervisorSpec {
  readonly ref: Actor.ActorRef<never>
  readonly awaitExit: Effect.Effect<ExitReason.ExitReason>
}
interface ChildSpecSpec<R> {
  readonly id: string
  readonly start: Effect.Effect<Supervisor.Child, unknown, R | Scope.Scope>
  readonly restart?: "permanent" | "transient" | "temporary" | undefined
  readonly shutdown?: Duration.Input | "brutal_kill" | "infinity" | undefined
  readonly type?: "worker" | "supervisor" | undefined
  readonly significant?: boolean | undefined
}
interface FlagsSpec {
  readonly strategy?: "one_for_one" | "one_for_all" | "rest_for_one" | undefined
  readonly intensity?: number | undefined
  readonly period?: Duration.Input | undefined
  readonly autoShutdown?: "never" | "any_significant" | "all_significant" | undefined
  readonly name?: string | undefined
}
interface SupervisorSpec<R> extends AnySupervisorSpec {
  readonly startChild: (
    spec: Supervisor.ChildSpec<R>
  ) => Effect.Effect<Supervisor.Child, Supervisor.SupervisorError, R>
  readonly terminateChild: (id: string) => Effect.Effect<void, Supervisor.SupervisorError>
  readonly restartChild: (id: string) => Effect.Effect<Supervisor.Child, Supervisor.SupervisorError, R>
  readonly deleteChild: (id: string) => Effect.Effect<void, Supervisor.SupervisorError>
  readonly whichChildren: Effect.Effect<ReadonlyArray<Supervisor.ChildInfo>, Supervisor.SupervisorError>
  readonly countChildren: Effect.Effect<Supervisor.ChildCount, Supervisor.SupervisorError>
}
interface DynamicSpec<Args, R> extends AnySupervisorSpec {
  readonly startChild: (args: Args) => Effect.Effect<Supervisor.Child, Supervisor.SupervisorError, R>
  readonly terminateChild: (child: Supervisor.Child) => Effect.Effect<void, Supervisor.SupervisorError>
  readonly whichChildren: Effect.Effect<ReadonlyArray<Supervisor.ChildInfo>, Supervisor.SupervisorError>
  readonly countChildren: Effect.Effect<Supervisor.ChildCount, Supervisor.SupervisorError>
}
interface InfoSpec {
  readonly id: string | undefined
  readonly child: Supervisor.Child | "restarting" | undefined
  readonly type: "worker" | "supervisor"
  readonly restarts: number
}
interface CountSpec {
  readonly specs: number
  readonly active: number
  readonly supervisors: number
  readonly workers: number
}

type R1 = { readonly r1: 1 }
type R2 = { readonly r2: 1 }
type Args = { readonly args: 1 }

none<Deviations<Registry.Registry, RegistrySpec>>()
none<Extras<Registry.Registry, RegistrySpec>>()
holds<Same<typeof Registry.make, () => Effect.Effect<Registry.Registry>>>()
holds<Extends<Registry.NameTaken, Error & { readonly _tag: "NameTaken"; readonly taken: string }>>()

none<Deviations<Supervisor.AnySupervisor, AnySupervisorSpec>>()
holds<Same<Supervisor.Strategy, "one_for_one" | "one_for_all" | "rest_for_one">>()
holds<Same<Supervisor.Restart, "permanent" | "transient" | "temporary">>()
holds<Same<Supervisor.Child, Actor.ActorRef<never> | Fiber.Fiber<unknown, unknown> | Supervisor.AnySupervisor>>()
none<Deviations<Required<Supervisor.ChildSpec<R1>>, Required<ChildSpecSpec<R1>>>>()
holds<Same<keyof Supervisor.ChildSpec<R1>, keyof ChildSpecSpec<R1>>>()
holds<Extends<ChildSpecSpec<R1>, Supervisor.ChildSpec<R1>>>()
holds<Same<Supervisor.Flags, FlagsSpec>>()
holds<Same<keyof Supervisor.Flags, keyof FlagsSpec>>()
none<Deviations<Supervisor.Supervisor<R1>, SupervisorSpec<R1>>>()
none<Extras<Supervisor.Supervisor<R1>, SupervisorSpec<R1>>>()
none<Deviations<Supervisor.DynamicSupervisor<Args, R1>, DynamicSpec<Args, R1>>>()
none<Extras<Supervisor.DynamicSupervisor<Args, R1>, DynamicSpec<Args, R1>>>()
holds<Same<Supervisor.ChildInfo, InfoSpec>>()
holds<Same<Supervisor.ChildCount, CountSpec>>()
holds<
  Extends<
    Supervisor.SupervisorError,
    Error & {
      readonly _tag: "SupervisorError"
      readonly reason: string
      readonly childId: string | undefined
      readonly problems: ReadonlyArray<string>
    }
  >
>()

/* Defaults. */
holds<Same<Supervisor.ChildSpec, Supervisor.ChildSpec<never>>>()
holds<Same<Supervisor.Supervisor, Supervisor.Supervisor<never>>>()
holds<Same<Supervisor.DynamicSupervisor<Args>, Supervisor.DynamicSupervisor<Args, never>>>()
holds<Extends<{ readonly id: "a"; readonly start: Effect.Effect<Actor.ActorRef<string>> }, Supervisor.ChildSpec>>()
lacks<Extends<{ readonly id: "a"; readonly start: Effect.Effect<string> }, Supervisor.ChildSpec>>()
lacks<Extends<Supervisor.ChildSpec<R1>, Supervisor.ChildSpec>>()
holds<Extends<Supervisor.ChildSpec, Supervisor.ChildSpec<R1>>>()

/* Needs: what the starts need beyond their scopes. */
declare const one: { readonly id: "one"; readonly start: Effect.Effect<Actor.ActorRef<string>, "e", R1 | Scope.Scope> }
declare const two: { readonly id: "two"; readonly start: Effect.Effect<Fiber.Fiber<void>, never, R2> }
declare const free: { readonly id: "free"; readonly start: Effect.Effect<Supervisor.Supervisor, never, Scope.Scope> }
holds<Same<Supervisor.Needs<typeof one>, R1>>()
holds<Same<Supervisor.Needs<typeof two>, R2>>()
holds<Same<Supervisor.Needs<typeof free>, never>>()
holds<Same<Supervisor.Needs<Supervisor.ChildSpec>, never>>()
holds<Same<Supervisor.Needs<Supervisor.ChildSpec<R1>>, R1>>()

type MakeError = Actor.StartFailed | Supervisor.SupervisorError
const _both = () => Supervisor.make({ strategy: "rest_for_one" }, [one, two, free])
holds<Same<ReturnType<typeof _both>, Effect.Effect<Supervisor.Supervisor<R1 | R2>, MakeError, R1 | R2 | Scope.Scope>>>()
const _none = () => Supervisor.make({}, [])
holds<Same<ReturnType<typeof _none>, Effect.Effect<Supervisor.Supervisor, MakeError, Scope.Scope>>>()
const _free = () => Supervisor.make({}, [free])
holds<Same<ReturnType<typeof _free>, Effect.Effect<Supervisor.Supervisor, MakeError, Scope.Scope>>>()
const _array = (specs: ReadonlyArray<Supervisor.ChildSpec<R1>>) => Supervisor.make({}, specs)
holds<Same<ReturnType<typeof _array>, Effect.Effect<Supervisor.Supervisor<R1>, MakeError, R1 | Scope.Scope>>>()
const _inline = () =>
  Supervisor.make({}, [{ id: "a", start: Actor.spawn({ receive: (_message: string) => {} }), restart: "transient" }])
holds<Same<ReturnType<typeof _inline>, Effect.Effect<Supervisor.Supervisor, MakeError, Scope.Scope>>>()

/* startChild and restartChild need what the starts need; the questions need nothing. */
const _start = (supervisor: Supervisor.Supervisor<R1>) => supervisor.startChild(one)
holds<Same<ReturnType<typeof _start>, Effect.Effect<Supervisor.Child, Supervisor.SupervisorError, R1>>>()
const _startFree = (supervisor: Supervisor.Supervisor<R1>) => supervisor.startChild(free)
holds<Same<ReturnType<typeof _startFree>, Effect.Effect<Supervisor.Child, Supervisor.SupervisorError, R1>>>()
// @ts-expect-error: a child that needs what no child had when the supervisor was made
export const _startNeedy = (supervisor: Supervisor.Supervisor<R1>) => supervisor.startChild(two)
// @ts-expect-error: an unknown strategy is a compile-time error
export const _strategy = () => Supervisor.make({ strategy: "simple_one_for_one" }, [])
// @ts-expect-error: an unknown restart type is one
export const _restart = () => Supervisor.make({}, [{ ...free, restart: "always" }])
// @ts-expect-error: a start that gives nothing that lives is one
export const _nothing = (start: Effect.Effect<string>) => Supervisor.make({}, [{ id: "a", start }])
// @ts-expect-error: a supervisor is told nothing
export const _told = (supervisor: Supervisor.Supervisor) => supervisor.ref.cast("anything")

const _dynamic = () => Supervisor.dynamic({ intensity: 3 }, (_args: Args) => ({ start: one.start }))
holds<
  Same<
    ReturnType<typeof _dynamic>,
    Effect.Effect<Supervisor.DynamicSupervisor<Args, R1>, MakeError, R1 | Scope.Scope>
  >
>()
const _dynamicFree = () => Supervisor.dynamic({}, (_name: string) => ({ start: free.start, restart: "temporary" }))
holds<
  Same<ReturnType<typeof _dynamicFree>, Effect.Effect<Supervisor.DynamicSupervisor<string>, MakeError, Scope.Scope>>
>()
// @ts-expect-error: simple_one_for_one is the only strategy of a dynamic supervisor
export const _dynamicStrategy = () => Supervisor.dynamic({ strategy: "one_for_all" }, () => free)
holds<Extends<Supervisor.DynamicSupervisor<string | number>, Supervisor.DynamicSupervisor<string>>>()
lacks<Extends<Supervisor.DynamicSupervisor<string>, Supervisor.DynamicSupervisor<string | number>>>()
holds<Extends<Supervisor.DynamicSupervisor<Args>, Supervisor.AnySupervisor>>()
holds<Extends<Supervisor.Supervisor, Supervisor.Child>>()

it("supervisor and registry: every declared value exists and is of its kind", () => {
  for (const value of [Supervisor.make, Supervisor.dynamic, Registry.make]) assert.strictEqual(typeof value, "function")
  for (const error of [Supervisor.SupervisorError, Registry.NameTaken]) assert.isTrue(error.prototype instanceof Error)
})
