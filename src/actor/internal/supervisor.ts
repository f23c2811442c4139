/**
 * A supervisor of children with ids: their table, and what is done with it. See `docs/decisions/0013`.
 *
 * @internal
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import type { ActorRef } from "../Actor.ts"
import type { StartFailed } from "../ActorError.ts"
import type { ExitReason } from "../ExitReason.ts"
import type { Child, ChildCount, ChildInfo, ChildSpec, Flags, Needs, Supervisor } from "../Supervisor.ts"
import { SupervisorError } from "../SupervisorError.ts"
import type { ChildRecord } from "./child.ts"
import { idOf, type Settings, settingsOf, type Spec, specOf, specsOf } from "./childSpec.ts"
import { makeInvalid, type Reply, Supervising } from "./supervising.ts"

type Order =
  | {
    readonly _tag: "Start"
    readonly spec: Spec
    readonly context: Context.Context<never>
    readonly reply: Reply<Child>
  }
  | { readonly _tag: "Stop"; readonly id: string; readonly reply: Reply<void> }
  | { readonly _tag: "Again"; readonly id: string; readonly reply: Reply<Child> }
  | { readonly _tag: "Delete"; readonly id: string; readonly reply: Reply<void> }

class StaticSupervising extends Supervising<Order> {
  /** In start order: a child that is restarted keeps its place. */
  readonly #table = new Map<string, ChildRecord>()

  constructor(settings: Settings, context: Context.Context<never>, specs: ReadonlyArray<Spec>) {
    super(settings, context)
    for (const spec of specs) this.#enter(this.recordOf(spec))
  }

  get children(): Iterable<ChildRecord> {
    return this.#table.values()
  }

  #enter(child: ChildRecord): void {
    // Checked: only the children of a dynamic supervisor have no id.
    this.#table.set(child.spec.id!, child)
  }

  order(order: Order): void | Effect.Effect<void> {
    switch (order._tag) {
      case "Start":
        return this.#start(order.spec, order.context, order.reply)
      case "Stop":
        return this.#stop(order.id, order.reply)
      case "Again":
        return this.#again(order.id, order.reply)
      case "Delete":
        return this.#delete(order.id, order.reply)
    }
  }

  /** On the caller's side: if reading the spec throws, that is the caller's mistake and no turn's. */
  check(given: unknown): Spec | SupervisorError {
    const spec = specOf(given, "static", this.settings.autoShutdown)
    return "start" in spec ? spec : this.makeError("invalid_options", idOf(given), spec)
  }

  #start(spec: Spec, context: Context.Context<never>, reply: Reply<Child>): void | Effect.Effect<void> {
    const present = this.#table.get(spec.id!)
    if (present !== undefined) {
      return this.refuse(reply, present.life === undefined ? "already_present" : "already_started", spec.id)
    }
    const child = this.recordOf(spec, context)
    // Entered before it starts: whatever interrupts the start, `terminate` finds what it has started.
    this.#enter(child)
    return Effect.map(this.startFor(child, reply), (hasStarted) => {
      if (!hasStarted) this.#table.delete(spec.id!)
    })
  }

  #stop(id: string, reply: Reply<void>): void | Effect.Effect<void> {
    const child = this.#table.get(id)
    if (child === undefined) return this.refuse(reply, "not_found", id)
    return this.stopFor(child, reply)
  }

  #again(id: string, reply: Reply<Child>): void | Effect.Effect<void> {
    const child = this.#stoppedOrRefuse(id, reply)
    return child === undefined ? undefined : Effect.asVoid(this.startFor(child, reply))
  }

  #delete(id: string, reply: Reply<void>): void {
    if (this.#stoppedOrRefuse(id, reply) === undefined) return
    this.#table.delete(id)
    reply.sendUnsafe(undefined)
  }

  #stoppedOrRefuse<A>(id: string, reply: Reply<A>): ChildRecord | undefined {
    const child = this.#table.get(id)
    if (child?.isStopped === true) return child
    this.refuse(reply, child === undefined ? "not_found" : child.isRestarting ? "restarting" : "running", id)
    return undefined
  }

  readonly begin = Effect.suspend(() => this.#startAll(this.children))

  /** In order, up to the first that does not start. */
  readonly #startAll = Effect.fnUntraced({ self: this }, function*(children: Iterable<ChildRecord>) {
    for (const child of children) {
      const failure = yield* child.start
      if (failure !== undefined) return this.makeStartFailed(child.spec.id, failure)
    }
    return undefined
  })

  readonly stopAll = Effect.suspend(() => this.#stopThem(Array.from(this.children)))

  #stopThem(children: ReadonlyArray<ChildRecord>): Effect.Effect<void> {
    return Effect.forEach(children.slice().reverse(), (child) => child.stop, { discard: true })
  }

  restart(child: ChildRecord): Effect.Effect<void> {
    switch (this.settings.strategy) {
      case "one_for_one":
        return Effect.asVoid(this.startAgain(child))
      case "one_for_all":
        return this.#restartThem(Array.from(this.children))
      case "rest_for_one": {
        const all = Array.from(this.children)
        return this.#restartThem(all.slice(all.indexOf(child)))
      }
    }
  }

  readonly #restartThem = Effect.fnUntraced({ self: this }, function*(children: ReadonlyArray<ChildRecord>) {
    for (const child of children.slice().reverse()) {
      child.isComingBack = child.spec.restart !== "temporary"
      yield* child.stop
      this.retire(child)
    }
    // Also those that had been stopped before; but the first that fails is tried again by itself.
    for (const child of children) {
      if (child.spec.restart !== "temporary" && !(yield* this.startAgain(child))) return
    }
  })

  retire(child: ChildRecord): void {
    if (child.spec.restart === "temporary") this.#table.delete(child.spec.id!)
  }

  count(): ChildCount {
    const all = Array.from(this.children)
    const supervisors = all.filter((child) => child.type === "supervisor").length
    const active = all.filter((child) => child.isActive).length
    return { specs: all.length, active, supervisors, workers: all.length - supervisors }
  }
}

class SupervisorImpl<R> implements Supervisor<R> {
  readonly #inner: StaticSupervising

  constructor(inner: StaticSupervising) {
    this.#inner = inner
  }

  get ref(): ActorRef<never> {
    return this.#inner.process.process
  }

  get awaitExit(): Effect.Effect<ExitReason> {
    return this.#inner.process.awaitExit
  }

  readonly startChild = (given: ChildSpec<R>): Effect.Effect<Child, SupervisorError, R> =>
    Effect.contextWith((context: Context.Context<R>) => {
      const spec = this.#inner.check(given)
      if (spec instanceof SupervisorError) return Effect.fail(spec)
      // What the spec needs is in the context that goes with it.
      return this.#inner.ask((reply) => ({ _tag: "Start", spec, context: context as Context.Context<never>, reply }))
    })

  readonly terminateChild = (id: string): Effect.Effect<void, SupervisorError> =>
    this.#inner.ask((reply) => ({ _tag: "Stop", id, reply }))

  readonly restartChild = (id: string): Effect.Effect<Child, SupervisorError, R> =>
    this.#inner.ask((reply) => ({ _tag: "Again", id, reply }))

  readonly deleteChild = (id: string): Effect.Effect<void, SupervisorError> =>
    this.#inner.ask((reply) => ({ _tag: "Delete", id, reply }))

  get whichChildren(): Effect.Effect<ReadonlyArray<ChildInfo>, SupervisorError> {
    return this.#inner.which
  }

  get countChildren(): Effect.Effect<ChildCount, SupervisorError> {
    return this.#inner.counted
  }
}

/** @internal */
export const make = <const Specs extends ReadonlyArray<ChildSpec<unknown>>>(
  flags: Flags,
  children: Specs
): Effect.Effect<
  Supervisor<Needs<Specs[number]>>,
  StartFailed | SupervisorError,
  Needs<Specs[number]> | Scope.Scope
> =>
  Effect.contextWith((context: Context.Context<Needs<Specs[number]> | Scope.Scope>) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.suspend((): Effect.Effect<Supervisor<Needs<Specs[number]>>, StartFailed | SupervisorError> => {
        const settings = settingsOf(flags, "static")
        const specs = specsOf(children, "strategy" in settings ? settings.autoShutdown : "never")
        const problems = ["strategy" in settings ? [] : settings, "problems" in specs ? specs.problems : []].flat()
        if (!("strategy" in settings) || "problems" in specs) return Effect.fail(makeInvalid(flags, problems))
        // What the children need is in the context in which they start.
        const inner = new StaticSupervising(settings, context, specs)
        return Effect.as(inner.open(Context.get(context, Scope.Scope), restore), new SupervisorImpl(inner))
      })
    )
  )
