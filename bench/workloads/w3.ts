import type { Workload } from "../harness/workload.ts"
import * as Peers from "./poolPeers.ts"

export const w3: ReadonlyArray<Workload> = [{
  id: "W3",
  title: "all wait at once, then all are served",
  about:
    "All 8 resources are held while so many fibers (or promises) are started that each want one; when all of them " +
    "wait, what is held is given back, and the clock runs from the first start until the last has been served. Each holds " +
    "its resource for one yield. The floor starts as many fibers that yield once. At 100 000 a good part of the time is the " +
    "garbage collector's: that many fibers are alive at once.",
  unit: "waiter",
  plotted: true,
  counts: "waiters",
  sizes: [
    { size: 1_000, cycles: 10_000, rounds: { full: 11, quick: 3 }, warmUps: { full: 4, quick: 3 } },
    { size: 10_000, cycles: 20_000, rounds: { full: 7, quick: 0 }, warmUps: { full: 2, quick: 1 } },
    { size: 100_000, cycles: 100_000, rounds: { full: 4, quick: 1 }, warmUps: { full: 1, quick: 1 } }
  ],
  contenders: [
    Peers.floor,
    Peers.whitepoolUse,
    Peers.notQuick(Peers.whitepoolCheckout),
    Peers.effectPoolUse,
    Peers.notQuick(Peers.effectPoolGet),
    Peers.withLimit(Peers.effectIoPool, 1_000, 0, "a borrow takes it the better part of a millisecond"),
    Peers.notQuick(Peers.genericPool),
    Peers.notQuick(Peers.tarn),
    Peers.notQuick(Peers.lightningPool),
    Peers.notQuick(Peers.pgPool),
    Peers.notQuick(Peers.poolboy)
  ]
}]
