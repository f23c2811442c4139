/** Everything that is measured. */
import type { Workload } from "./harness/workload.ts"
import { w1 } from "./workloads/w1.ts"
import { w2 } from "./workloads/w2.ts"
import { w3 } from "./workloads/w3.ts"
import { w4 } from "./workloads/w4.ts"
import { w5 } from "./workloads/w5.ts"
import { w6 } from "./workloads/w6.ts"
import { w7 } from "./workloads/w7.ts"
import { w8 } from "./workloads/w8.ts"

export { inspections } from "./workloads/inspections.ts"

export const workloads: ReadonlyArray<Workload> = [...w1, ...w2, ...w3, ...w4, ...w5, ...w6, ...w7, ...w8]
