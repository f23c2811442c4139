/** Prints the scenarios for `record.escript`. */
import { digestOf } from "./digest.ts"
import { labelOf } from "./scenario.ts"
import { scenarios } from "./scenarios.ts"

process.stdout.write(JSON.stringify(scenarios.map((scenario) => ({
  ...scenario,
  digest: digestOf(scenario),
  steps: scenario.steps.map((step) => ({ ...step, label: labelOf(step) }))
}))))
