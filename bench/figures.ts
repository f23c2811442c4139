/** The figures to reach. The page's table and the guard are made of them. */
import type { Figure, Measure, Point } from "./harness/figure.ts"
import { count } from "./harness/format.ts"

type Extra = Partial<Pick<Figure, "guarded" | "limit">>

const limit = (value: number, because: string): Extra => ({ limit: { value, because } })

const suspending = "who waits suspends twice, for the pool and for the query, and a query takes but 27 µs here."

const guarding =
  "of its time 61 % are Effect's own: the loop, the body, and the guard that no interruption can get past."

const use = "whitepool use"
const checkout = "whitepool checkout+checkin"
const floor = "floor"

const at = (workload: string, size: number, peer: string): Point => ({ workload, size, peer })

const figure = (
  workload: string,
  what: string,
  direction: Figure["direction"],
  wanted: number,
  unit: string,
  measure: Measure,
  extra: Extra = {}
): Figure => ({ workload, what, direction, wanted, unit, measure, guarded: true, ...extra })

/** Ours costs at most so many times as much as theirs. */
const atMost = (wanted: number, workload: string, size: number, ours: string, theirs: string, extra?: Extra): Figure =>
  figure(workload, `${ours} ÷ ${theirs}`, "at most", wanted, "×", {
    of: "ratio",
    field: "cost",
    ours: at(workload, size, ours),
    theirs: at(workload, size, theirs)
  }, extra)

/** Ours does at least so many times as many in the same time. */
const throughput = (wanted: number, workload: string, size: number, ours: string, theirs: string, extra?: Extra) =>
  figure(workload, `throughput of ${ours} ÷ ${theirs}`, "at least", wanted, "×", {
    of: "throughput",
    ours: at(workload, size, ours),
    theirs: at(workload, size, theirs)
  }, extra)

const fastestPromise = (wanted: number, workload: string, size: number, extra?: Extra): Figure =>
  figure(workload, `${use} ÷ the fastest JavaScript peer`, "at most", wanted, "×", {
    of: "fastest",
    ours: at(workload, size, use),
    kinds: ["effect", "promise"]
  }, extra)

const queries = (size: number, theirs: string, extra?: Extra): Figure => ({
  ...throughput(0.97, "W7", size, use, theirs, extra),
  what: `throughput of ${use} ÷ ${theirs}, ${size} fibers`
})

/** The 99th percentile; one pause of the machine decides it. */
const slowest = (wanted: number, size: number, theirs: string): Figure =>
  figure("W7", `p99 of ${use} ÷ ${theirs}, ${size} fibers`, "at most", wanted, "×", {
    of: "ratio",
    field: "p99",
    ours: at("W7", size, use),
    theirs: at("W7", size, theirs)
  }, { guarded: false })

const waiter = (size: number, extra: Extra = { guarded: false }): Figure =>
  figure("W8 waiter", `${use} less a suspended fiber, of ${count(size)}`, "at most", 900, "bytes", {
    of: "difference",
    field: "bytes",
    ours: at("W8 waiter", size, use),
    theirs: at("W8 waiter", size, "suspended fiber"),
    unit: 1
  }, extra)

const drift = (ours: string): Figure =>
  figure("W8 heap", `heap of ${ours}, from the first million to the last`, "at most", 2, "%", {
    of: "drift",
    field: "retained",
    ours: at("W8 heap", 1, ours)
  })

export const figures: ReadonlyArray<Figure> = [
  atMost(0.65, "W1", 1, use, "effect Pool.use", limit(0.85, guarding)),
  atMost(0.45, "W1", 1, use, "generic-pool", limit(0.6, guarding)),
  atMost(0.35, "W1", 1, use, "lightning-pool", limit(0.85, "0.35 of it is below the floor.")),
  atMost(
    1.6,
    "W1",
    1,
    use,
    floor,
    limit(2.1, "the guard alone, around the same body, takes 1.1 times as long as the floor.")
  ),
  atMost(0.75, "W1", 1, checkout, "effect Pool.get"),
  atMost(
    1,
    "W1",
    1,
    checkout,
    "effect Pool.use",
    limit(1.3, "they are two effects, and what joins them; `Pool.use` is one.")
  ),

  atMost(1.25, "W1", 1, `${use} with policies`, use),

  atMost(0.55, "W2", 64, use, "effect Pool.use"),
  atMost(2.4, "W2", 64, use, floor),
  fastestPromise(1, "W2", 64, limit(2, "the floor in Effect takes as long as the fastest pool of promises.")),
  atMost(1, "W2", 64, use, "poolboy"),

  atMost(0.4, "W3", 100_000, use, "effect Pool.use"),
  atMost(0.3, "W3", 100_000, use, "tarn"),
  atMost(
    1.35,
    "W3",
    100_000,
    use,
    floor,
    limit(1.5, "a third of it is the collector's, which carries a place in a queue beside each of the fibers.")
  ),
  figure("W3", `${use} ÷ ${floor} at 100 000, in parts of that at 1 000`, "at most", 1.3, "×", {
    of: "growth",
    by: "ratio",
    ours: at("W3", 100_000, use),
    theirs: at("W3", 100_000, floor),
    from: 1_000
  }),

  figure(
    "W4",
    `${use} less ${floor}, per waiter at 100 000`,
    "at most",
    3,
    "µs",
    {
      of: "difference",
      field: "cost",
      ours: at("W4", 100_000, use),
      theirs: at("W4", 100_000, floor),
      unit: 1_000
    },
    // A time, no ratio.
    {
      guarded: false,
      ...limit(6, "of its time 44 % are the collector's, and 9 % go into making an error for each of them.")
    }
  ),
  figure("W4", `${use} per waiter, at 100 000 ÷ at 1 000`, "at most", 1.5, "×", {
    of: "ratio",
    field: "cost",
    ours: at("W4", 100_000, use),
    theirs: at("W4", 1_000, use)
  }, {
    limit: {
      value: 3,
      because:
        "the floor itself takes two to three times as much per waiter there, since the collector carries 100 000 living fibers."
    }
  }),
  figure("W4", `${use} less ${floor} per waiter, at 100 000 ÷ at 1 000`, "at most", 1.5, "×", {
    of: "growth",
    by: "difference",
    ours: at("W4", 100_000, use),
    theirs: at("W4", 100_000, floor),
    from: 1_000
  }, {
    // A quick run has one pair for each of the two differences.
    guarded: false
  }),

  atMost(
    1,
    "W5",
    8,
    use,
    "effect Pool.use",
    limit(1.5, "ours opens and closes four resources in each burst, as poolboy does; its closes none.")
  ),

  atMost(0.35, "W6 call", 1_000, "whitepool call", "effect Queue+Deferred"),
  throughput(1, "W6 mpsc bounded", 5_000, "whitepool recv", "effect Queue.take"),
  throughput(1, "W6 mpsc bounded", 5_000, "whitepool recvMany", "effect Queue.takeAll"),
  throughput(1, "W6 mpsc unbounded", 5_000, "whitepool recv", "effect Queue.take"),
  throughput(1, "W6 mpsc unbounded", 5_000, "whitepool recvMany", "effect Queue.takeAll"),

  queries(16, "bare clients", limit(0.9, suspending)),
  queries(16, "pg.Pool", limit(0.9, suspending)),
  queries(256, "pg.Pool"),
  slowest(1.1, 16, "bare clients"),
  slowest(1.1, 16, "pg.Pool"),
  slowest(1.1, 256, "pg.Pool"),

  waiter(10_000, { guarded: true }),
  waiter(100_000),
  figure("W8 waiter", `${use} ÷ effect Pool.use, fiber included`, "at most", 1, "×", {
    of: "ratio",
    field: "bytes",
    ours: at("W8 waiter", 10_000, use),
    theirs: at("W8 waiter", 10_000, "effect Pool.use")
  }),
  drift(use),
  drift(checkout),

  figure(
    "import",
    "effect and whitepool, less effect",
    "at most",
    20,
    "ms",
    {
      of: "difference",
      field: "cost",
      ours: at("import", 1, "effect, whitepool"),
      theirs: at("import", 1, "effect"),
      unit: 1e6
    },
    // A time, no ratio.
    { guarded: false }
  ),
  figure(
    "size",
    "Pool of whitepool",
    "at most",
    20,
    "KB",
    {
      of: "value",
      field: "bytes",
      ours: at("size", 1, "Pool of whitepool"),
      unit: 1e3
    },
    limit(
      42,
      "the policies are a quarter of it, the supervisor that restarts a pool after a crash and its actors another."
    )
  )
]
