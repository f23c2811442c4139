/**
 * OTP's supervisors for Effect: who starts whom, in which order, and what becomes of the others when one of them ends.
 *
 * ```text
 *                     ┌─────── top ───────┐               children start from left to right,
 *                     │   one_for_all     │               and stop from right to left
 *            ┌────────┴──┬─────────┬──────┴────┐
 *            ▼           ▼         ▼           ▼
 *          clock       cache    sessions     db pool      actors, fibers, and whole supervisors
 *         (actor)     (fiber)  (supervisor)  (supervisor)
 *                                  │
 *                        ┌─────────┼─────────┐
 *                        ▼         ▼         ▼            too many restarts: `sessions` stops its children,
 *                      alice      bob      carol          ends, and `top` decides
 * ```
 *
 * **Strategies.** Who is restarted when one child has ended and is to be restarted (here `b` of `a, b, c`):
 *
 * | strategy       | stopped first, in reverse order | then started, in order | use it when                       |
 * | -------------- | ------------------------------- | ---------------------- | --------------------------------- |
 * | `one_for_one`  |                                 | `b`                    | they do not know each other       |
 * | `rest_for_one` | `c`                             | `b`, `c`               | later ones build on earlier ones  |
 * | `one_for_all`  | `c`, `a`                        | `a`, `b`, `c`          | none is of use without the others |
 *
 * `temporary` ones among the stopped are forgotten; those that had been stopped before are started with the others.
 *
 * **Restart types.** What the end of a child means:
 *
 * | `restart`   | it ended `Normal` or `Shutdown` | it ended otherwise         |
 * | ----------- | ------------------------------- | -------------------------- |
 * | `permanent` | is restarted                    | is restarted               |
 * | `transient` | stays in the table, stopped     | is restarted               |
 * | `temporary` | is forgotten                    | is forgotten               |
 *
 * **Restart intensity.** Every restart is counted first, and so is every failed attempt at one. When more than
 * `intensity` of them lie within the last `period`, the supervisor gives up: it stops its children in reverse order and
 * ends with `Shutdown`, and its own supervisor decides. A restart that fails is tried again by a message of the
 * supervisor to itself, so that a stop can come in between.
 *
 * **Stopping a child.** Its scope is closed: an actor spawned in it ends with `Shutdown`, a fiber forked in it is
 * interrupted, a supervisor made in it stops its own children. A child that was made elsewhere and lives on is then sent
 * `Shutdown`. When `shutdown` has passed it is sent `Killed`; `"brutal_kill"` begins with that. The scope of a child that
 * ends by itself is closed before anything else happens to the child.
 *
 * **One thing at a time.** A supervisor is an actor. Starting, stopping and restarting are its turns; what it is asked
 * meanwhile waits. So a `start` that calls its own supervisor, and waits for the answer, waits for itself.
 *
 * **Signals.** `ref.exit(reason)` is an order, as from a parent in OTP: the supervisor stops its children in reverse
 * order and ends with that reason, be it `Normal`. `ref.exit(killed)` ends it at once; its children then end with
 * `Killed`, and their scopes are closed. As in OTP, that exit of the parent runs the `terminate` of a child that traps
 * exits, and a supervisor among them stops its own children in order; `onExit` is not asked. The end of an actor that is
 * linked to the supervisor is ignored.
 *
 * **Logs.** A child that ends abnormally, a restart that fails, a child that will not stop: a warning. Giving up: an
 * error. They go to the logger that `make` was run with, and name supervisor, child and reason.
 *
 * **Where it differs from OTP**
 *
 * - Children live in scopes, and may be fibers. There is no `ignore`: `start` gives a child, or fails.
 * - A supervisor that is told to end while a child starts interrupts that `start`; OTP waits for it.
 * - JavaScript has no `kill`: what does not end within 5 seconds of `Killed` (uninterruptible code, a finalizer that
 *   hangs) is abandoned with a warning, and the supervisor goes on.
 * - Durations are those of Effect: a bare number is milliseconds, for `period` too. All times are those of the clock that
 *   `make` was run with.
 * - Unknown flags and keys are refused, and every problem is reported at once.
 * - `whichChildren` is in start order; OTP's `which_children/1` begins with the last.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import type { ActorRef } from "./Actor.ts"
import type { StartFailed } from "./ActorError.ts"
import type { ExitReason } from "./ExitReason.ts"
import * as internalDynamic from "./internal/dynamicSupervisor.ts"
import * as internal from "./internal/supervisor.ts"
import type { SupervisorError } from "./SupervisorError.ts"

export { SupervisorError } from "./SupervisorError.ts"

/* oxlint-disable typescript/no-explicit-any -- a spec may need any services: what it needs is read off by `Needs` */

/**
 * Who is restarted along with a child: see the table of strategies above.
 *
 * @category models
 * @since 0.1.0
 */
export type Strategy = "one_for_one" | "one_for_all" | "rest_for_one"

/**
 * Whether a child that has ended is restarted: always, after an abnormal end, never.
 *
 * @see `ExitReason.isAbnormal` for which ends are abnormal
 * @category models
 * @since 0.1.0
 */
export type Restart = "permanent" | "transient" | "temporary"

/**
 * Whether the end of `significant` children ends their supervisor, with `Shutdown`: not at all, that of any one of them,
 * or that of the last one. Only an end by itself counts, after which the child is not restarted; a `terminateChild` or a
 * stop for a sibling's sake does not.
 *
 * @category models
 * @since 0.1.0
 */
export type AutoShutdown = "never" | "any_significant" | "all_significant"

/**
 * What the `start` of a spec gives: what the supervisor watches, and whose end is the child's end. An address of a
 * `Registry` stands for its holder at that moment.
 *
 * @category models
 * @since 0.1.0
 */
export type Child = ActorRef<never> | Fiber.Fiber<unknown, unknown> | AnySupervisor

/**
 * What both kinds of supervisor are to the one above them.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnySupervisor {
  /** For monitors, links, `stop` and `exit`. It takes no messages. */
  readonly ref: ActorRef<never>
  /** Waits for the end of the supervisor: after its children's, unless it was killed. **Cancel safety.** It only looks. */
  readonly awaitExit: Effect.Effect<ExitReason>
}

/**
 * What the `start` of a spec needs beyond its scope.
 *
 * @category models
 * @since 0.1.0
 */
export type Needs<S extends { readonly start: any }> = Exclude<Effect.Services<S["start"]>, Scope.Scope>

/**
 * How one child is started, restarted and stopped. OTP: `child_spec()`.
 *
 * @category models
 * @since 0.1.0
 */
export interface ChildSpec<R = never> {
  /** Not empty, and unique in its supervisor. */
  readonly id: string
  /**
   * Starts the child, in a scope that is its own: it is closed when the child has ended, whatever its end. Run again for
   * each restart. It runs in the supervisor's fiber and in the context of `make`. If it fails, dies or gives something
   * that is no child, its scope is closed and nothing is left. The supervisor itself, or one above it, is no child: each
   * would wait for the other's end.
   */
  readonly start: Effect.Effect<Child, unknown, R | Scope.Scope>
  /** Default `"permanent"`. */
  readonly restart?: Restart | undefined
  /**
   * How long it may take to stop before it is killed. Default 5 seconds for workers, `"infinity"` for supervisors, which
   * need the time to stop their own children. `0` is legal.
   *
   * **Gotchas.** What cannot be interrupted, and a finalizer that hangs, gets up to 5 seconds beyond that, also with
   * `"brutal_kill"`, before it is abandoned: the supervisor waits so long.
   */
  readonly shutdown?: Duration.Input | "brutal_kill" | "infinity" | undefined
  /** Default: `"supervisor"` when `start` gives a supervisor, else `"worker"`. */
  readonly type?: "worker" | "supervisor" | undefined
  /** Default `false`. Refused together with `permanent`, and under `autoShutdown: "never"`, as in OTP. */
  readonly significant?: boolean | undefined
}

/**
 * How a supervisor deals with its children. OTP: `sup_flags()`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Flags {
  /** Default `"one_for_one"`. */
  readonly strategy?: Strategy | undefined
  /** How many restarts within `period` are borne. Default 1, as OTP's. A whole number; with `0` the first one is too many. */
  readonly intensity?: number | undefined
  /** Default 5 seconds, as OTP's. Longer than zero. */
  readonly period?: Duration.Input | undefined
  /** Default `"never"`. */
  readonly autoShutdown?: AutoShutdown | undefined
  /** For people who read logs and errors; need not be unique. */
  readonly name?: string | undefined
}

/**
 * What a supervisor says about a child.
 *
 * @category models
 * @since 0.1.0
 */
export interface ChildInfo {
  /** `undefined` for a child of `dynamic`. */
  readonly id: string | undefined
  /** What `start` gave; `"restarting"` between a failed restart and the next attempt; `undefined` when it is stopped. */
  readonly child: Child | "restarting" | undefined
  readonly type: "worker" | "supervisor"
  /** Automatic restarts of this child, for a sibling's sake too. Those that failed are not counted. */
  readonly restarts: number
}

/**
 * OTP's `count_children/1`.
 *
 * @category models
 * @since 0.1.0
 */
export interface ChildCount {
  /** Children in the table, running or not. Of a dynamic supervisor: 1, its template. */
  readonly specs: number
  /** Those that run. */
  readonly active: number
  /** Children of that type, running or not. */
  readonly supervisors: number
  /** Children of that type, running or not. */
  readonly workers: number
}

/**
 * A supervisor, as one that asks it for things sees it. Everything it is asked is a message to it, and waits for its
 * turn, however long the turns before it take: OTP's `infinity`. After the supervisor's end, and when it ends while
 * somebody waits, the answer is a `SupervisorError` of reason `noproc`. What it can do can be taken from it and passed on:
 * `Effect.forEach(ids, supervisor.terminateChild)`.
 *
 * **Cancel safety.** Interrupted, what was asked for is done nevertheless; only nobody is told.
 *
 * @category models
 * @since 0.1.0
 */
export interface Supervisor<R = never> extends AnySupervisor {
  /**
   * Adds a child behind the others, and starts it. OTP: `start_child/2`.
   *
   * **Details.** It starts in the context of `make`, over which the services of this caller are laid, each time; its span
   * and its scope are left out. Fails with `already_started` or `already_present` when there is a child of that id, with
   * `invalid_options`, and with `start_failed`, whose `cause` is the child's own failure: then it is not added.
   *
   * **Gotchas.** Called by the `start` of one of its own children it waits for itself, as in OTP.
   */
  readonly startChild: (spec: ChildSpec<R>) => Effect.Effect<Child, SupervisorError, R>
  /** Stops a child. Its spec stays, unless it is `temporary`. Fails with `not_found`. OTP: `terminate_child/2`. */
  readonly terminateChild: (id: string) => Effect.Effect<void, SupervisorError>
  /**
   * Starts a child that is stopped, at its place. Fails with `not_found`, `running`, `restarting` or `start_failed`, and
   * then it stays stopped. OTP: `restart_child/2`.
   */
  readonly restartChild: (id: string) => Effect.Effect<Child, SupervisorError, R>
  /** Forgets a child that is stopped. Fails with `not_found`, `running` or `restarting`. OTP: `delete_child/2`. */
  readonly deleteChild: (id: string) => Effect.Effect<void, SupervisorError>
  /** In start order. */
  readonly whichChildren: Effect.Effect<ReadonlyArray<ChildInfo>, SupervisorError>
  readonly countChildren: Effect.Effect<ChildCount, SupervisorError>
}

/**
 * A supervisor of any number of children of one kind, which have no ids. What is said of `Supervisor` holds for it too.
 *
 * @category models
 * @since 0.1.0
 */
export interface DynamicSupervisor<in Args, R = never> extends AnySupervisor {
  /**
   * Starts a child by the template's spec for these arguments. Fails with `start_failed`, also when the template throws,
   * and with `invalid_options` when what it gives is no spec.
   */
  readonly startChild: (args: Args) => Effect.Effect<Child, SupervisorError, R>
  /** Stops a child, and forgets it. One already dead: nothing to do, no error. A living stranger: `not_found`. */
  readonly terminateChild: (child: Child) => Effect.Effect<void, SupervisorError>
  /** In start order. */
  readonly whichChildren: Effect.Effect<ReadonlyArray<ChildInfo>, SupervisorError>
  readonly countChildren: Effect.Effect<ChildCount, SupervisorError>
}

/**
 * Starts a supervisor and its children, in order. It lives until it gives up, is told to end, or the scope closes; then
 * its children are stopped in reverse order, and closing waits for that.
 *
 * **Details**
 *
 * Children start in the context of this call: its services, its clock, its scheduler, its logger, its async-local
 * storage; without its span and its scope.
 *
 * With impossible flags or specs it fails with a `SupervisorError` of reason `invalid_options`, whose `problems` has all
 * of them in OTP's words (`invalid_intensity`, `duplicate_child_name`, …); nothing was started. When a child does not
 * start, those before it are stopped in reverse order, and it fails with `StartFailed`; the reason in it is `Shutdown`
 * with a `SupervisorError` of reason `start_failed` as its detail, whose `childId` and `cause` say which child, and why.
 *
 * **Cancel safety.** Interrupted, it interrupts the `start` under way, stops what was started, and nothing is left.
 *
 * **Example** (Let it crash, and start it again)
 *
 * ```ts
 * import { Effect, Logger } from "effect"
 * import { Actor, Supervisor } from "whitepool/actor"
 *
 * const worker = (id: string) => ({
 *   id,
 *   start: Effect.gen(function*() {
 *     console.log(`${id} starts`) // => a starts
 *     // => b starts
 *     // => c starts
 *     // => b starts
 *     // => c starts
 *     return yield* Actor.spawn<string>({ receive: (message) => Effect.fail(message) })
 *   })
 * })
 *
 * const program = Effect.gen(function*() {
 *   const supervisor = yield* Supervisor.make(
 *     { name: "top", strategy: "rest_for_one" },
 *     [worker("a"), worker("b"), worker("c")]
 *   )
 *   const [, b] = yield* supervisor.whichChildren
 *   if (b !== undefined && typeof b.child === "object" && "exit" in b.child) {
 *     yield* b.child.exit({ _tag: "Killed" })
 *     yield* b.child.awaitExit
 *   }
 *   const after = yield* supervisor.whichChildren
 *   console.log(after.map(({ id, restarts }) => `${id}: ${restarts}`).join(", ")) // => a: 0, b: 1, c: 1
 * })
 *
 * await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(Logger.layer([]))))
 * ```
 *
 * **Example** (Giving up)
 *
 * ```ts
 * import { Effect, Logger } from "effect"
 * import { ExitReason, Supervisor } from "whitepool/actor"
 *
 * const program = Effect.gen(function*() {
 *   let starts = 0
 *   const hopeless = Effect.suspend(() => {
 *     starts++
 *     return Effect.forkScoped(Effect.fail("again"))
 *   })
 *   const supervisor = yield* Supervisor.make({ intensity: 3, period: "1 minute" }, [{ id: "hopeless", start: hopeless }])
 *   console.log(ExitReason.format(yield* supervisor.awaitExit)) // => Shutdown
 *   console.log(starts) // => 4
 * })
 *
 * await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(Logger.layer([]))))
 * ```
 *
 * @see {@link dynamic} for children of one kind, started on demand
 * @category constructors
 * @since 0.1.0
 */
export const make: <const Specs extends ReadonlyArray<ChildSpec<any>>>(
  flags: Flags,
  children: Specs
) => Effect.Effect<
  Supervisor<Needs<Specs[number]>>,
  StartFailed | SupervisorError,
  Needs<Specs[number]> | Scope.Scope
> = internal.make

/**
 * A supervisor that starts with no child, and starts each one on demand by the same template. OTP: `simple_one_for_one`.
 *
 * **Details**
 *
 * Children are restarted one for one. They have no ids, and no spec is kept: a child that is not restarted is forgotten,
 * and so is one that is terminated. All are stopped at the same time. The template runs in a turn of the supervisor.
 *
 * **Example** (One child per visitor)
 *
 * ```ts
 * import { Effect } from "effect"
 * import { Actor, Supervisor } from "whitepool/actor"
 *
 * const program = Effect.gen(function*() {
 *   const visitors = yield* Supervisor.dynamic({ name: "visitors" }, (name: string) => ({
 *     start: Actor.spawn<string>({
 *       init: () => Effect.sync(() => console.log(`${name} is here`)), // => ann is here
 *       // => bob is here
 *       terminate: () => Effect.sync(() => console.log(`${name} has left`)), // => bob has left
 *       receive: (message) => console.log(`${name} hears ${message}`)
 *     }),
 *     restart: "temporary"
 *   }))
 *   yield* visitors.startChild("ann")
 *   const bob = yield* visitors.startChild("bob")
 *   yield* visitors.terminateChild(bob)
 *   console.log((yield* visitors.countChildren).active) // => 1
 *   // => ann has left
 * })
 *
 * await Effect.runPromise(Effect.scoped(program))
 * ```
 *
 * @see {@link make} for children with ids, known beforehand
 * @category constructors
 * @since 0.1.0
 */
export const dynamic: <Args, const Spec extends Omit<ChildSpec<any>, "id">>(
  flags: Omit<Flags, "strategy">,
  template: (args: Args) => Spec
) => Effect.Effect<DynamicSupervisor<Args, Needs<Spec>>, StartFailed | SupervisorError, Needs<Spec> | Scope.Scope> =
  internalDynamic.dynamic
