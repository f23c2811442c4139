/** A backend that is asked whether a resource is well, and all the ways in which it may not be. */
import { Effect, type Scope } from "effect"
import { TestClock } from "effect/testing"
import { untyped } from "./untyped.ts"
import type { Resource } from "./world.ts"

/** Long enough for every idle resource to be looked at again before it is lent. */
export const outOfSight = TestClock.adjust("1 second")

/** Answers a check of a resource as the test likes, and notes whose it was. */
export class Doctor {
  readonly seen: Array<number> = []
  answer: (resource: Resource) => Effect.Effect<boolean, unknown, Scope.Scope> = () => Effect.succeed(true)

  readonly check = (resource: Resource): Effect.Effect<boolean, unknown, Scope.Scope> => {
    this.seen.push(resource.id)
    return this.answer(resource)
  }
}

/** All the ways in which a check can end other than well. */
export const unwell: ReadonlyArray<[string, () => Effect.Effect<boolean, unknown, Scope.Scope>]> = [
  ["fails", () => Effect.fail(new Error("ECONNRESET"))],
  ["dies", () => Effect.die("boom")],
  ["throws", () => {
    throw new Error("boom")
  }],
  ["interrupts itself", () => Effect.interrupt],
  ["returns a Promise", () => untyped(Promise.resolve(true))],
  ["turns out to be no Effect", () => Effect.flatMap(Effect.yieldNow, () => untyped<Effect.Effect<boolean>>(undefined))]
]
