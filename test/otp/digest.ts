import { createHash } from "node:crypto"
import type { Scenario } from "./scenario.ts"

/** Changes with the scenario, so that a recording of an older one is found out. */
export const digestOf = (scenario: Scenario): string =>
  createHash("sha256").update(JSON.stringify(scenario)).digest("hex").slice(0, 12)
