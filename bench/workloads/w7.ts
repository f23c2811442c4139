import { provideDatabase } from "../harness/database.ts"
import type { Contender, Size, Workload } from "../harness/workload.ts"

const size = (fibers: number, cycles: number): Size => ({
  size: fibers,
  cycles,
  rounds: { full: 25, quick: fibers === 1 ? 0 : 3 },
  warmUps: { full: 3, quick: 1 }
})

const contenders: ReadonlyArray<Contender> = [
  { peer: "whitepool use", kind: "ours", program: "peers/whitepoolPostgres" },
  { peer: "pg.Pool", kind: "other", program: "peers/pgPoolPostgres" },
  {
    peer: "bare clients",
    kind: "floor",
    program: "peers/bareClients",
    limit: { full: 16, quick: 16, because: "without a pool 256 fibers only wait inside ten clients" }
  }
]

export const w7: ReadonlyArray<Workload> = [{
  id: "W7",
  title: "a real PostgreSQL",
  about:
    "`SELECT $1::TEXT` from so many fibers over ten connections (over one for one fiber), the answers checked. All ask " +
    "from Effect fibers through the same wrapper of `query`; only the pool differs. The latency of a query is what its " +
    "fiber sees, the wait for a connection included.",
  unit: "query",
  counts: "fibers",
  shows: ["cost", "p50", "p99"],
  sizes: [size(1, 500), size(16, 2_000), size(256, 2_560)],
  contenders,
  provide: provideDatabase
}]
