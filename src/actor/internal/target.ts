/**
 * Who is meant by what somebody holds: an actor itself, or a name that stands for whoever bears it now.
 *
 * @internal
 */
import * as Cause from "effect/Cause"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import type { ActorRef } from "../Actor.ts"
import type { Process } from "./process.ts"

/** What every ref of this library is. @internal */
export abstract class Resolvable {
  abstract readonly id: number
  abstract readonly name: Option.Option<string>
  /** Of an address: whoever bears the name at this moment. */
  abstract get process(): Process<never> | undefined

  toJSON(): unknown {
    return { _id: "ActorRef", id: this.id, name: Option.getOrUndefined(this.name) }
  }

  [Inspectable.NodeInspectSymbol](): unknown {
    return this.toJSON()
  }
}

let lastId = 0

/** @internal */
export const nextId = (): number => ++lastId

/** `undefined`: nobody bears that name. @internal */
export const processOf = (target: ActorRef<never>): Process<never> | undefined => {
  if (target instanceof Resolvable) return target.process
  throw new TypeError(`not an actor of this library: ${describe(target)}`)
}

/** The name of whatever went wrong, without its contents: those may hold secrets. @internal */
export const errorName = (cause: Cause.Cause<unknown>): string => nameOf(Cause.squash(cause))

/** @internal */
export const nameOf = (error: unknown): string => {
  if (typeof error !== "object" || error === null) return typeof error
  if ("_tag" in error && typeof error._tag === "string") return error._tag
  return error instanceof Error ? error.name : "object"
}

/** For the message of a mistake: what kind of thing it is, and nothing of its content. @internal */
export const describe = (thing: unknown): string => {
  if (thing === null || typeof thing !== "object") return thing === null ? "null" : typeof thing
  const tag: unknown = "_tag" in thing ? thing._tag : undefined
  return typeof tag === "string" ? tag : thing.constructor?.name ?? "object"
}
