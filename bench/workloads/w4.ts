import type { Workload } from "../harness/workload.ts"
import * as Peers from "./poolPeers.ts"

const fullOnly = "it is for a full run"
const tooLong = "its queue is searched once per waiter: a round takes too long"

export const w4: ReadonlyArray<Workload> = [{
  id: "W4",
  title: "all wait until their deadline",
  about:
    "All 8 resources are held while so many fibers (or promises) are started that each want one within a deadline; " +
    "all of them fail by it. Then what is held is given back, one more borrow must succeed, and the pool must say that " +
    "nobody waits. A deadline is long enough for all to be waiting before the first is due, and the same for everybody " +
    "(100 ms, 500 ms, 4 s). What is measured is the processor's time, its kernel's and the collector's threads included, " +
    "since the waiting itself costs none. The floor starts as many fibers, each suspended in a bare `Effect.callback`, " +
    "and one timer fails them all. `Pool.use` and `Pool.get` have no deadline of their own: `Effect.timeout` gives it to " +
    "them. To the promise pools it is given by their option.",
  unit: "waiter",
  plotted: true,
  counts: "waiters",
  sizes: [
    { size: 1_000, cycles: 8_000, rounds: { full: 4, quick: 1 }, warmUps: { full: 1, quick: 0 } },
    { size: 10_000, cycles: 10_000, rounds: { full: 3, quick: 0 }, warmUps: { full: 1, quick: 1 } },
    { size: 100_000, cycles: 100_000, rounds: { full: 3, quick: 1 }, warmUps: { full: 1, quick: 0 } }
  ],
  contenders: [
    Peers.floor,
    Peers.whitepoolUse,
    Peers.withLimit(Peers.whitepoolCheckout, Infinity, 0, fullOnly),
    Peers.withLimit(Peers.effectPoolUse, Infinity, 1_000, fullOnly),
    Peers.withLimit(Peers.effectPoolGet, 10_000, 0, "its rounds take long, and `Pool.use` tells enough"),
    Peers.withLimit(Peers.effectIoPool, 1_000, 0, "a borrow takes it the better part of a millisecond"),
    Peers.withLimit(Peers.genericPool, Infinity, 0, fullOnly),
    Peers.withLimit(Peers.tarn, 10_000, 0, tooLong),
    Peers.withLimit(Peers.lightningPool, Infinity, 0, fullOnly),
    Peers.withLimit(Peers.pgPool, 10_000, 0, tooLong),
    Peers.withLimit(Peers.poolboy, 10_000, 0, tooLong)
  ]
}]
