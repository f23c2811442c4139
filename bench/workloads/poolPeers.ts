/** Who takes part in W1 to W5. */
import type { Contender, Limit } from "../harness/workload.ts"
import { poolboy as program } from "../poolboy/poolboy.ts"

export const floor: Contender = { peer: "floor", kind: "floor", program: "peers/floor" }
export const whitepoolUse: Contender = { peer: "whitepool use", kind: "ours", program: "peers/whitepoolUse" }
export const whitepoolCheckout: Contender = {
  peer: "whitepool checkout+checkin",
  kind: "ours",
  program: "peers/whitepoolCheckout"
}
export const whitepoolPolicies: Contender = {
  peer: "whitepool use with policies",
  kind: "ours",
  program: "peers/whitepoolPolicies"
}
export const whitepoolKeyed: Contender = {
  peer: "whitepool KeyedPool.use",
  kind: "ours",
  program: "peers/whitepoolKeyed"
}
export const effectPoolUse: Contender = { peer: "effect Pool.use", kind: "effect", program: "peers/effectPoolUse" }
export const effectPoolGet: Contender = { peer: "effect Pool.get", kind: "effect", program: "peers/effectPoolGet" }
export const effectIoPool: Contender = {
  peer: "@effect/io Pool",
  kind: "effect",
  program: "peers/effectIoPool",
  oneIn: 50,
  limit: { full: Infinity, quick: 0, because: "it is for a full run" }
}
export const genericPool: Contender = { peer: "generic-pool", kind: "promise", program: "peers/genericPool" }
export const tarn: Contender = { peer: "tarn", kind: "promise", program: "peers/tarn" }
export const lightningPool: Contender = { peer: "lightning-pool", kind: "promise", program: "peers/lightningPool" }
export const pgPool: Contender = { peer: "pg-pool", kind: "promise", program: "peers/pgPool" }
export const poolboy: Contender = { peer: "poolboy", kind: "beam", program }

export const withLimit = (contender: Contender, full: number, quick: number, because: string): Contender => ({
  ...contender,
  limit: { full, quick, because } satisfies Limit
})

/** The slow ones leave the large sizes to a full run. */
export const notQuick = (contender: Contender): Contender =>
  withLimit(contender, Infinity, 1_000, "it is for a full run")
