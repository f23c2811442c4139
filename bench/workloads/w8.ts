import type { Contender, Workload } from "../harness/workload.ts"
import { effectPoolGet, effectPoolUse, whitepoolCheckout, whitepoolUse } from "./poolPeers.ts"

const exposed = (contender: Contender): Contender => ({ ...contender, nodeFlags: ["--expose-gc"] })

const pools: ReadonlyArray<Contender> = [whitepoolUse, whitepoolCheckout, effectPoolUse, effectPoolGet].map(exposed)

export const w8: ReadonlyArray<Workload> = [
  {
    id: "W8 waiter",
    title: "what a waiter weighs",
    about:
      "The heap in use with and without so many fibers that wait for a resource, after garbage collections. The floor " +
      "is a fiber that is suspended in a bare `Effect.callback` of which nobody keeps the `resume`.",
    unit: "waiter",
    counts: "waiters",
    shows: ["bytes"],
    // Bytes are no times: they hardly spread.
    sizes: [10_000, 100_000].map((size) => ({
      size,
      cycles: size,
      rounds: { full: size > 10_000 ? 2 : 3, quick: size > 10_000 ? 0 : 1 },
      warmUps: { full: size > 10_000 ? 0 : 1, quick: 0 }
    })),
    contenders: [exposed({ peer: "suspended fiber", kind: "floor", program: "peers/suspended" }), ...pools]
  },
  {
    id: "W8 heap",
    title: "what ten million cycles leave behind",
    about: "The heap in use after each million cycles of W1, after garbage collections.",
    unit: "cycle",
    shows: ["retained"],
    // The heap holds the code as well.
    compared: false,
    sizes: [{ size: 1, cycles: 1_000_000, rounds: { full: 10, quick: 2 }, warmUps: { full: 0, quick: 0 } }],
    contenders: pools
  }
]
