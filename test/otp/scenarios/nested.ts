import {
  type Child,
  countChildren,
  crash,
  type Flags,
  kill,
  type Scenario,
  shutdown,
  signal,
  stop,
  top,
  type Tree,
  unordered,
  wait,
  whichChildren,
  worker
} from "../scenario.ts"

const inner = (flags: Flags, options: Partial<Tree> = {}): Tree => ({
  id: "inner",
  type: "supervisor",
  flags,
  children: [worker("x"), worker("y")],
  ...options
})

const around = (flags: Flags, child: Child): Tree => top(flags, worker("a"), child, worker("c"))

/** Supervisors under supervisors. */
export const nested: ReadonlyArray<Scenario> = [
  {
    name: "nested: start in order, stop in reverse order, at every level",
    tree: around({}, inner({})),
    steps: [whichChildren(), whichChildren("inner"), countChildren(), shutdown]
  },
  {
    name: "nested: three levels",
    tree: around(
      {},
      inner({}, { children: [worker("x"), { id: "deep", type: "supervisor", flags: {}, children: [worker("z")] }] })
    ),
    steps: [crash("z"), crash("z"), whichChildren("inner"), crash("z"), crash("z"), whichChildren(), shutdown]
  },
  {
    name: "nested: a crash within the inner intensity stays inside",
    tree: around({ intensity: 0 }, inner({ intensity: 1 })),
    steps: [crash("x"), whichChildren(), shutdown]
  },
  {
    name: "nested: beyond the inner intensity the outer one restarts the inner",
    tree: around({ intensity: 1, period: 60 }, inner({ intensity: 0 })),
    steps: [crash("x"), whichChildren(), whichChildren("inner"), shutdown]
  },
  {
    name: "nested: beyond both intensities all ends",
    tree: around({ intensity: 1, period: 60 }, inner({ intensity: 0 })),
    steps: [crash("x"), crash("y")]
  },
  {
    name: "nested: the inner one starts with a fresh window",
    tree: around({ intensity: 2, period: 60 }, inner({ intensity: 1, period: 60 })),
    steps: [crash("x"), crash("x"), crash("x"), whichChildren(), shutdown]
  },
  ...["transient", "temporary"].map((restart): Scenario => ({
    name: `nested: a ${restart} inner supervisor that gives up is not restarted`,
    tree: around({}, inner({ intensity: 0 }, { restart })),
    steps: [crash("x"), whichChildren(), countChildren(), shutdown]
  })),
  ...["one_for_all", "rest_for_one"].map((strategy): Scenario => ({
    name: `nested: an inner supervisor gives up under ${strategy}`,
    tree: around({ strategy }, inner({ intensity: 0 })),
    steps: [crash("x"), whichChildren(), shutdown]
  })),
  {
    name: "nested: a sibling's crash stops and starts the inner supervisor under one_for_all",
    tree: around({ strategy: "one_for_all" }, inner({})),
    steps: [crash("a"), whichChildren("inner"), shutdown]
  },
  {
    name: "nested: the inner supervisor is killed",
    tree: around({}, inner({}, { children: [worker("x", { traps: false })] })),
    steps: [unordered(kill("inner")), whichChildren()]
  },
  {
    name: "nested: the inner supervisor is stopped by gen_server:stop",
    tree: around({}, inner({})),
    steps: [unordered(stop("normal", "inner")), whichChildren(), shutdown]
  },
  {
    name: "nested: a transient inner supervisor is stopped by gen_server:stop",
    tree: around({}, inner({}, { restart: "transient" })),
    steps: [unordered(stop("normal", "inner")), whichChildren(), shutdown]
  },
  {
    name: "nested: an inner supervisor with a budget is killed when it is over",
    tree: around(
      {},
      inner({}, { shutdown: 300, children: [worker("x", { shutdown: 5000, stopTakes: 1500, traps: true })] })
    ),
    steps: [shutdown, wait(500), wait(1500)]
  },
  {
    name: "nested: an inner supervisor is stopped by brutal_kill",
    tree: top(
      {},
      worker("a"),
      inner({}, { shutdown: "brutal_kill", children: [worker("x", { traps: false }), worker("y", { traps: false })] })
    ),
    steps: [unordered(shutdown)]
  },
  {
    name: "nested: an inner supervisor has all the time its children need",
    tree: around({}, inner({}, { children: [worker("x", { stopTakes: 300 }), worker("y", { stopTakes: 300 })] })),
    steps: [shutdown, wait(1000)]
  },
  {
    name: "nested: the first start of the inner supervisor fails",
    tree: around({}, inner({}, { children: [worker("x"), worker("y", { failsOn: [1] })] })),
    steps: []
  },
  {
    name: "nested: the restart of the inner supervisor fails once",
    tree: around(
      { intensity: 2, period: 60 },
      inner({ intensity: 0 }, { children: [worker("x"), worker("y", { failsOn: [2] })] })
    ),
    steps: [crash("x"), whichChildren(), shutdown]
  },
  {
    name: "nested: the restart of the inner supervisor fails until the outer intensity is used up",
    tree: around(
      { intensity: 2, period: 60 },
      inner({ intensity: 0 }, { children: [worker("x"), worker("y", { failsFrom: 2 })] })
    ),
    steps: [crash("x")]
  },
  {
    name: "nested: the outer supervisor is killed",
    tree: top({}, inner({}, { children: [worker("x")] }), worker("c", { traps: false })),
    steps: [unordered(kill("top"))]
  },
  {
    name: "nested: the parent's crash goes down as shutdown",
    tree: around({}, inner({})),
    steps: [signal("top", "crash")]
  }
]
