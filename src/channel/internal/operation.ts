/**
 * Operations that are effects themselves: one object and one step of the run loop, where a built-in takes several.
 *
 * The run loop may yield, and the fiber be interrupted there, between any two steps. What is taken in one step and handed
 * out in the next, as by `Effect.suspend(() => { take(); return Effect.succeed(value) })`, is lost now and then. So an
 * operation looks, takes and hands on in one step, or it looks and waits in one step. Effect's own `Queue.take` does the
 * same.
 *
 * ```text
 * handOn(value, fiber)        as Effect.succeed(value), within this step
 * waitAs(waiter, fiber)       as Effect.callback, within this step
 * inSameStep(effect, fiber)   any effect, within this step
 * Effect.fail(error)          where nothing was taken, the next step will do
 * ```
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Effectable from "effect/Effectable"
import type * as Fiber from "effect/Fiber"

/** Whatever fiber evaluates an operation. @internal */
export type AnyFiber = Fiber.Fiber<unknown, unknown>

/** @internal */
export interface Evaluated extends Effect.Effect<unknown, unknown, unknown> {
  evaluate(fiber: AnyFiber): Effect.Effect<unknown, unknown, unknown>
}

const protoOf = (label: string, evaluate: Evaluated["evaluate"]) => Effectable.Prototype<Evaluated>({ label, evaluate })

/**
 * Makes the instances of a class effects, as `Effectable.Mixin` does, but with no class in between: the run loop calls
 * their `evaluate` itself.
 *
 * @internal
 */
export const evaluatedByItself = (label: string, klass: { readonly prototype: Evaluated }): void => {
  const proto = protoOf(label, Reflect.get(klass.prototype, "evaluate"))
  Object.defineProperties(klass.prototype, Object.getOwnPropertyDescriptors(proto))
}

/** The type of what `evaluatedByItself` makes of a class. @internal */
export const Operation = class {} as unknown as abstract new<A, E = never, R = never>() => Effect.Effect<A, E, R>

/** The name of what the run loop calls. It is Effect's own affair, so it is looked up. */
const evaluateKey = (() => {
  const evaluate: Evaluated["evaluate"] = (fiber) => Effect.succeed(fiber)
  const proto: object = protoOf("", evaluate)
  const key = Object.keys(proto).find((key) => Reflect.get(proto, key) === evaluate)
  if (key === undefined) throw new Error("whitepool does not know this version of effect: nothing evaluates an effect")
  return key as "evaluate"
})()

/** Evaluates an effect in place of the operation that `fiber` is evaluating: no yield comes between. @internal */
export const inSameStep = <A, E, R>(effect: Effect.Effect<A, E, R>, fiber: AnyFiber): Effect.Effect<A, E, R> =>
  (effect as unknown as { readonly evaluate: (fiber: AnyFiber) => Effect.Effect<A, E, R> })[evaluateKey](fiber)

/** What is being handed on: set right before `handing` is evaluated. */
let handed: unknown

/** One for all of them. */
const handing = Effect.sync(() => {
  const value = handed
  handed = undefined
  return value
})

/** @internal */
export const handOn = <A>(value: A, fiber: AnyFiber): Effect.Effect<A> => {
  handed = value
  return inSameStep(handing as Effect.Effect<A>, fiber)
}

/** @internal */
export const handOnVoid = (fiber: AnyFiber): Effect.Effect<void> => inSameStep(Effect.void, fiber)

/** Somebody who is resumed later, or leaves. @internal */
export interface Waiter<A, E> {
  /** The fiber is suspended, and `resume` makes it go on. */
  enter(resume: (effect: Effect.Effect<A, E>) => void): void
  /** The fiber was interrupted, perhaps when it had been resumed already, but had not come to go on. */
  leave(): void
}

/** Whoever is about to wait: set right before `waiting` is evaluated. */
let entering: Waiter<never, never> | undefined

/** One for all of them: nothing is made for a wait but what it needs itself. */
const waiting = Effect.callback<never>((resume) => {
  const waiter = entering!
  entering = undefined
  waiter.enter(resume)
  return new Leave(waiter)
})

class Leave extends Operation<void> {
  readonly #waiter: Waiter<never, never>

  constructor(waiter: Waiter<never, never>) {
    super()
    this.#waiter = waiter
  }

  evaluate(): Effect.Effect<void> {
    this.#waiter.leave()
    return Effect.void
  }
}

evaluatedByItself("Leave", Leave)

/** @internal */
export const waitAs = <A, E>(waiter: Waiter<A, E>, fiber: AnyFiber): Effect.Effect<A, E> => {
  entering = waiter as unknown as Waiter<never, never>
  return inSameStep(waiting as Effect.Effect<A, E>, fiber)
}
