/** Every scenario there is. Each name is unique, and says what the scenario is about. */
import type { Scenario } from "./scenario.ts"
import { badInput } from "./scenarios/badInput.ts"
import { calls } from "./scenarios/calls.ts"
import { dynamic } from "./scenarios/dynamic.ts"
import { failedRestarts } from "./scenarios/failedRestarts.ts"
import { intensity } from "./scenarios/intensity.ts"
import { meanwhile } from "./scenarios/meanwhile.ts"
import { nested } from "./scenarios/nested.ts"
import { processes } from "./scenarios/processes.ts"
import { siblings } from "./scenarios/siblings.ts"
import { significant } from "./scenarios/significant.ts"
import { startAndStop } from "./scenarios/startAndStop.ts"
import { strategies } from "./scenarios/strategies.ts"

export const scenarios: ReadonlyArray<Scenario> = [
  ...startAndStop,
  ...strategies,
  ...siblings,
  ...intensity,
  ...failedRestarts,
  ...meanwhile,
  ...calls,
  ...badInput,
  ...significant,
  ...dynamic,
  ...nested,
  ...processes
]
