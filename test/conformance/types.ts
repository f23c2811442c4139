import type { Effect } from "effect"

/** Mutual assignability, `any` never counting as a match for anything else. */
export type Same<A, B> = IsAny<A> extends IsAny<B> ? [A] extends [B] ? [B] extends [A] ? true : false : false : false
type IsAny<A> = 0 extends 1 & A ? true : false

/** The members of `Spec` that `Actual` lacks or types otherwise; `never` when it conforms. */
export type Deviations<Actual, Spec> = {
  [K in keyof Spec]: K extends keyof Actual ? Same<Actual[K], Spec[K]> extends true ? never : K : K
}[keyof Spec]

/** Members that `Actual` has beyond `Spec`, symbols and those of a type id aside. */
export type Extras<Actual, Spec> = Exclude<keyof Actual, keyof Spec | symbol | `~${string}` | `_${string}`>

/** Compiles only for `never`. */
export const none = <_D extends never>() => true
/** Compiles only for `true`. */
export const holds = <_T extends true>() => true
export const lacks = <_T extends false>() => true

export type Extends<A, B> = [A] extends [B] ? true : false
export type ErrorOf<F extends (...args: Array<any>) => Effect.Effect<any, any, any>> = Effect.Error<ReturnType<F>>
