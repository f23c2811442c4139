import type { Workload } from "../harness/workload.ts"
import * as Peers from "./poolPeers.ts"

export const w2: ReadonlyArray<Workload> = [{
  id: "W2",
  title: "64 fibers on 8 resources, one yield inside",
  about:
    "64 fibers (or promises) share 8 resources; each borrows, yields once, gives back, over and over, so that 56 of " +
    "them wait at any time. The yield is the same for all: all who yield in one turn of the event loop go on in the next. " +
    "The floor has no pool: each of its cycles is one bare `Effect.callback`, ended by a shared flush, and the yield.",
  unit: "cycle",
  plotted: true,
  sizes: [{ size: 64, cycles: 16_000, rounds: { full: 25, quick: 5 }, warmUps: { full: 9, quick: 5 } }],
  contenders: [
    Peers.floor,
    Peers.whitepoolUse,
    Peers.whitepoolCheckout,
    Peers.effectPoolUse,
    Peers.effectPoolGet,
    Peers.effectIoPool,
    Peers.genericPool,
    Peers.tarn,
    Peers.lightningPool,
    Peers.pgPool,
    Peers.poolboy
  ]
}]
