/** The suite's own configuration, with one fault put in: `MUTANT=id npx vitest run --config test/mutants/vitest.config.ts`. */
import { fileURLToPath } from "node:url"
import { defineConfig, mergeConfig } from "vitest/config"
import suite from "../vitest.config.ts"
import { mutants, mutate } from "./mutants.ts"

const id = process.env["MUTANT"]
const mutant = mutants.find((each) => each.id === id)
if (id !== undefined && mutant === undefined) throw new Error(`there is no mutant ${id}`)
const file = mutant && fileURLToPath(new URL(`../../${mutant.file}`, import.meta.url))

export default mergeConfig(
  suite,
  defineConfig({
    plugins: [{
      name: "mutant",
      enforce: "pre",
      transform: (code, module) => module.split("?")[0] === file ? mutate(code, mutant!) : undefined
    }],
    // One process for all files: each mutant starts anew anyway, and loads everything only once. A test that hangs under
    // a mutant is soon over, and so is the hook that then interrupts it in vain.
    test: { isolate: false, fileParallelism: id === undefined, bail: 1, testTimeout: 6_000, hookTimeout: 2_000 }
  })
)
