/**
 * OTP's `simple_one_for_one`: any number of children of one template, without ids. No spec is kept: a child that is not
 * restarted is forgotten.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import type { ActorRef } from "../Actor.ts"
import type { StartFailed } from "../ActorError.ts"
import type { ExitReason } from "../ExitReason.ts"
import type { Child, ChildCount, ChildInfo, ChildSpec, DynamicSupervisor, Flags, Needs } from "../Supervisor.ts"
import type { SupervisorError } from "../SupervisorError.ts"
import type { ChildRecord } from "./child.ts"
import { bodyOf } from "./childBody.ts"
import { type Settings, settingsOf, type Spec, specOf } from "./childSpec.ts"
import { makeInvalid, type Reply, Supervising } from "./supervising.ts"

type Order =
  | {
    readonly _tag: "Start"
    readonly args: unknown
    readonly context: Context.Context<never>
    readonly reply: Reply<Child>
  }
  | { readonly _tag: "Stop"; readonly child: unknown; readonly reply: Reply<void> }

type Template = (args: unknown) => unknown

class DynamicSupervising extends Supervising<Order> {
  readonly #template: Template
  /** In start order. */
  readonly #children = new Set<ChildRecord>()
  /** By what it last was: an actor or a fiber. */
  readonly #byKey = new Map<object, ChildRecord>()

  constructor(settings: Settings, context: Context.Context<never>, template: Template) {
    super(settings, context)
    this.#template = template
  }

  get children(): Iterable<ChildRecord> {
    return this.#children
  }

  order(order: Order): void | Effect.Effect<void> {
    switch (order._tag) {
      case "Start":
        // The template is code of the user's: not on the stack of whoever asks.
        return Effect.suspend(() => this.#start(order.args, order.context, order.reply))
      case "Stop":
        return this.#stop(order.child, order.reply)
    }
  }

  #start(args: unknown, context: Context.Context<never>, reply: Reply<Child>): Effect.Effect<void> {
    let spec: Spec | ReadonlyArray<string>
    try {
      spec = specOf(this.#template(args), "dynamic", this.settings.autoShutdown)
    } catch (error) {
      reply.failUnsafe(Cause.fail(this.makeStartFailed(undefined, Cause.die(error))))
      return Effect.void
    }
    if (!("start" in spec)) {
      this.refuse(reply, "invalid_options", undefined, spec)
      return Effect.void
    }
    const child = this.recordOf(spec, context)
    this.#children.add(child)
    return Effect.map(this.startFor(child, reply), (hasStarted) => {
      if (hasStarted) this.#index(child)
      else this.retire(child)
    })
  }

  #stop(given: unknown, reply: Reply<void>): void | Effect.Effect<void> {
    const body = bodyOf(given)
    const key = body instanceof TypeError ? undefined : body.key
    const child = key === undefined ? undefined : this.#byKey.get(key)
    if (child === undefined) {
      const isDead = !(body instanceof TypeError) && !body.isAlive
      return isDead ? void reply.sendUnsafe(undefined) : this.refuse(reply, "not_found", undefined)
    }
    return this.stopFor(child, reply)
  }

  readonly begin = Effect.succeed(undefined)

  readonly stopAll = Effect.suspend(() =>
    Effect.forEach(this.#children, (child) => child.stop, { concurrency: "unbounded", discard: true })
  )

  restart(child: ChildRecord): Effect.Effect<void> {
    return Effect.map(this.startAgain(child), (hasStarted) => {
      if (hasStarted) this.#index(child)
    })
  }

  /** One that is being restarted is still known by what it was. */
  #index(child: ChildRecord): void {
    this.#unindex(child)
    const key = child.life?.body?.key
    if (key === undefined) return
    this.#byKey.set(key, child)
    child.key = key
  }

  #unindex(child: ChildRecord): void {
    if (child.key !== undefined && this.#byKey.get(child.key) === child) this.#byKey.delete(child.key)
  }

  retire(child: ChildRecord): void {
    this.#unindex(child)
    this.#children.delete(child)
  }

  count(): ChildCount {
    let active = 0
    let supervisors = 0
    for (const child of this.#children) {
      if (!child.isRestarting) active++
      if (child.type === "supervisor") supervisors++
    }
    return { specs: 1, active, supervisors, workers: this.#children.size - supervisors }
  }
}

class DynamicSupervisorImpl<Args, R> implements DynamicSupervisor<Args, R> {
  readonly #inner: DynamicSupervising

  constructor(inner: DynamicSupervising) {
    this.#inner = inner
  }

  get ref(): ActorRef<never> {
    return this.#inner.process.process
  }

  get awaitExit(): Effect.Effect<ExitReason> {
    return this.#inner.process.awaitExit
  }

  readonly startChild = (args: Args): Effect.Effect<Child, SupervisorError, R> =>
    Effect.contextWith((context: Context.Context<R>) =>
      // What the template's spec needs is in the context that goes with it.
      this.#inner.ask((reply) => ({ _tag: "Start", args, context: context as Context.Context<never>, reply }))
    )

  readonly terminateChild = (child: Child): Effect.Effect<void, SupervisorError> =>
    this.#inner.ask((reply) => ({ _tag: "Stop", child, reply }))

  get whichChildren(): Effect.Effect<ReadonlyArray<ChildInfo>, SupervisorError> {
    return this.#inner.which
  }

  get countChildren(): Effect.Effect<ChildCount, SupervisorError> {
    return this.#inner.counted
  }
}

/** @internal */
export const dynamic = <Args, const Spec extends Omit<ChildSpec<unknown>, "id">>(
  flags: Omit<Flags, "strategy">,
  template: (args: Args) => Spec
): Effect.Effect<DynamicSupervisor<Args, Needs<Spec>>, StartFailed | SupervisorError, Needs<Spec> | Scope.Scope> =>
  Effect.contextWith((context: Context.Context<Needs<Spec> | Scope.Scope>) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.suspend((): Effect.Effect<DynamicSupervisor<Args, Needs<Spec>>, StartFailed | SupervisorError> => {
        const settings = settingsOf(flags, "dynamic")
        if (!("strategy" in settings)) return Effect.fail(makeInvalid(flags, settings))
        if (typeof template !== "function") return Effect.fail(makeInvalid(flags, ["template: must be a function"]))
        // What the children need is in the context in which they start.
        const inner = new DynamicSupervising(settings, context, template as Template)
        return Effect.as(
          inner.open(Context.get(context, Scope.Scope), restore),
          new DynamicSupervisorImpl<Args, Needs<Spec>>(inner)
        )
      })
    )
  )
