import {
  countChildren,
  kill,
  type Scenario,
  shutdown,
  signal,
  startChild,
  stop,
  terminateChild,
  top,
  unordered,
  wait,
  whichChildren,
  worker
} from "../scenario.ts"

const three = top({}, worker("a"), worker("b"), worker("c"))

/** Start in order, stop in reverse order, the budgets of a stop. */
export const startAndStop: ReadonlyArray<Scenario> = [
  { name: "start: in order; an order to shut down: in reverse order", tree: three, steps: [whichChildren(), shutdown] },
  { name: "start: no children", tree: top({}), steps: [whichChildren(), countChildren(), shutdown] },
  { name: "stop: gen_server:stop", tree: three, steps: [stop()] },
  { name: "stop: gen_server:stop with shutdown", tree: three, steps: [stop("shutdown")] },
  { name: "stop: gen_server:stop with a crash", tree: three, steps: [stop("crash")] },
  { name: "stop: the parent's exit with {shutdown,x}", tree: three, steps: [signal("top", "{shutdown,x}")] },
  { name: "stop: the parent's exit with normal", tree: three, steps: [signal("top", "normal")] },
  { name: "stop: the parent crashes", tree: three, steps: [signal("top", "crash")] },
  {
    name: "stop: a stranger's exit signal",
    tree: three,
    steps: [{ do: "stranger", of: "top", reason: "crash" }, whichChildren()]
  },
  {
    name: "stop: the crash of a stranger that is linked",
    tree: three,
    steps: [{ do: "linked", of: "top", reason: "crash" }, whichChildren(), shutdown]
  },
  {
    name: "stop: the supervisor is killed",
    tree: top({}, worker("a", { traps: false }), worker("b", { traps: false }), worker("c", { traps: false })),
    steps: [unordered(kill("top"))]
  },
  {
    name: "stop: the supervisor of children that trap exits is killed",
    tree: top({}, worker("a", { traps: true }), worker("b", { traps: true })),
    steps: [unordered(kill("top"))]
  },
  {
    name: "stop: brutal_kill",
    tree: top({}, worker("a"), worker("b", { shutdown: "brutal_kill" }), worker("c")),
    steps: [shutdown]
  },
  {
    name: "stop: all by brutal_kill, in reverse order",
    tree: top({}, ...["a", "b", "c"].map((id) => worker(id, { shutdown: "brutal_kill" }))),
    steps: [shutdown]
  },
  {
    name: "stop: a child that needs longer than its budget is killed, and the others have theirs",
    tree: top({}, worker("a"), worker("b", { shutdown: 300, stopTakes: 2000 }), worker("c")),
    steps: [shutdown, wait(500)]
  },
  {
    name: "stop: a child within its budget ends by itself",
    tree: top({}, worker("a"), worker("b", { shutdown: 2000, stopTakes: 300 }), worker("c")),
    steps: [shutdown, wait(500)]
  },
  {
    name: "stop: infinity waits",
    tree: top({}, worker("a"), worker("b", { shutdown: "infinity", stopTakes: 600 })),
    steps: [shutdown, wait(900)]
  },
  {
    name: "stop: a worker has 5 seconds unless told otherwise",
    tree: top({}, worker("a", { stopTakes: 4500 }), worker("b", { stopTakes: 7000 })),
    steps: [shutdown, wait(5500), wait(5000)]
  },
  {
    name: "stop: a supervisor has all the time it needs unless told otherwise",
    tree: top({}, {
      id: "inner",
      type: "supervisor",
      flags: {},
      children: [worker("x", { shutdown: 8000, stopTakes: 6000 })]
    }),
    steps: [shutdown, wait(6500)]
  },
  {
    name: "stop: a child whose terminate crashes",
    tree: top({}, worker("a"), worker("b", { stopFails: true }), worker("c")),
    steps: [shutdown]
  },
  {
    name: "stop: a child that is killed while it terminates",
    tree: top({}, worker("a"), worker("b", { stopTakes: 2000 }), worker("c")),
    steps: [shutdown, kill("b")]
  },
  {
    name: "stop: the supervisor is killed while a child terminates",
    tree: top({}, worker("a", { traps: false }), worker("b", { shutdown: "infinity", stopTakes: 300 })),
    steps: [terminateChild("b"), unordered(kill("top")), unordered(wait(500))]
  },
  {
    name: "stop: what is asked during a slow stop waits for it",
    tree: top({}, worker("a"), worker("b", { stopTakes: 400 })),
    steps: [terminateChild("b"), whichChildren(), wait(600), shutdown]
  },
  {
    name: "stop: the order to shut down comes while a child starts",
    tree: top({}, worker("a")),
    steps: [startChild(worker("b", { startTakes: 400 })), shutdown, wait(600)]
  },
  {
    name: "stop: the supervisor is killed while a child starts",
    tree: top({}, worker("a", { traps: false })),
    steps: [startChild(worker("b", { startTakes: 400, traps: false })), unordered(kill("top")), wait(600)]
  },
  ...[1, 2, 3].map((n): Scenario => ({
    name: `boot: the start of child ${n} of 3 fails`,
    tree: top({}, ...["a", "b", "c"].map((id, index) => worker(id, index === n - 1 ? { failsOn: [1] } : {}))),
    steps: []
  })),
  {
    name: "boot: a start fails, and an earlier child is stopped by brutal_kill",
    tree: top({}, worker("a"), worker("b", { shutdown: "brutal_kill" }), worker("c", { failsOn: [1] })),
    steps: []
  },
  {
    name: "boot: the start of a temporary child fails",
    tree: top({}, worker("a"), worker("b", { restart: "temporary", failsOn: [1] })),
    steps: []
  }
]
