/** Options as the machine reads them. */
import * as assert from "node:assert/strict"
import { recipeOf, type Settings } from "../../src/pool/internal/settings.ts"
import type { Options } from "../../src/pool/Options.ts"
import { InvalidOptions } from "../../src/pool/PoolError.ts"

export const settingsOf = <A, E, R, RL>(options: Options<A, E, R, RL>, name: string): Settings => {
  const recipe = recipeOf(options, name)
  assert.ok(!(recipe instanceof InvalidOptions))
  return recipe.settings
}
