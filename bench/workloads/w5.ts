import type { Workload } from "../harness/workload.ts"
import * as Peers from "./poolPeers.ts"

export const w5: ReadonlyArray<Workload> = [{
  id: "W5",
  title: "overflow churn",
  about:
    "A pool of size 4 with an overflow of 4; eight borrow at once, each holds its resource for one yield, then all " +
    "have given back, over and over. Ours and poolboy open four resources in each burst and close them after it. No other " +
    "pool here has an overflow: they may open between 4 and 8, and what they have opened they close by the clock, after " +
    "longer than the run takes. So they open nothing during the rounds, and do less.",
  unit: "borrow",
  plotted: true,
  sizes: [{ size: 8, cycles: 8_000, rounds: { full: 25, quick: 5 }, warmUps: { full: 9, quick: 5 } }],
  contenders: [
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
