import type { Workload } from "../harness/workload.ts"
import * as Peers from "./poolPeers.ts"

export const w1: ReadonlyArray<Workload> = [{
  id: "W1",
  title: "an idle resource, one fiber",
  about:
    "One fiber borrows, does nothing and gives back, over and over; the resource is always idle. The floor is two " +
    "`Effect.sync`, built anew for each cycle as all the others are. `Pool.get` has a scope of its own for each borrow. " +
    "With policies: a lifetime, an idle timeout, and a validation that is bypassed. `KeyedPool.use` finds its pool by a key.",
  unit: "cycle",
  plotted: true,
  sizes: [{ size: 1, cycles: 20_000, rounds: { full: 31, quick: 7 }, warmUps: { full: 9, quick: 5 } }],
  contenders: [
    Peers.floor,
    Peers.whitepoolUse,
    Peers.whitepoolPolicies,
    Peers.withLimit(Peers.whitepoolKeyed, Infinity, 0, "it is for a full run"),
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
