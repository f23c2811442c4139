/**
 * The options of a pool as they are now: all of its incarnations go by it, and `reconfigure` changes it.
 *
 * @internal
 */
import type * as Cause from "effect/Cause"
import { InvalidOptions } from "../PoolError.ts"
import { type Parts, partsOf, type Recipe, type Settings } from "./settings.ts"

/** @internal */
export class Plan {
  #recipe: Recipe
  settings: Settings
  parts: Parts
  /** Which typed failures broke a resource. Run on the caller's side. */
  isBroken: ((cause: Cause.Cause<unknown>) => boolean) | undefined

  constructor(recipe: Recipe) {
    this.#recipe = recipe
    this.settings = recipe.settings
    this.parts = partsOf(recipe.given)
    this.isBroken = this.parts.isBroken
  }

  /** As a whole, or not at all: then what is wrong with it. */
  change(to: (recipe: Recipe) => Recipe | InvalidOptions): InvalidOptions | undefined {
    const recipe = to(this.#recipe)
    if (recipe instanceof InvalidOptions) return recipe
    this.#recipe = recipe
    this.settings = recipe.settings
    this.parts = partsOf(recipe.given)
    this.isBroken = this.parts.isBroken
    return undefined
  }
}
