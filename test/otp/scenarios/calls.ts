import {
  countChildren,
  crash,
  deleteChild,
  exit,
  kill,
  restartChild,
  type Scenario,
  shutdown,
  startChild,
  stop,
  terminateChild,
  top,
  type Tree,
  wait,
  whichChildren,
  worker
} from "../scenario.ts"

const one = top({}, worker("a"))
const inner: Tree = { id: "inner", type: "supervisor", flags: {}, children: [worker("x")] }

/** What `start_child` and its sisters answer. */
export const calls: ReadonlyArray<Scenario> = [
  {
    name: "start_child: the new one is the last",
    tree: one,
    steps: [startChild(worker("b")), startChild(worker("c")), whichChildren(), shutdown]
  },
  { name: "start_child: already_started", tree: one, steps: [startChild(worker("a")), whichChildren(), shutdown] },
  {
    name: "start_child: already_present",
    tree: one,
    steps: [terminateChild("a"), startChild(worker("a")), whichChildren(), shutdown]
  },
  {
    name: "start_child: a temporary one that has ended is no longer there",
    tree: one,
    steps: [
      startChild(worker("b", { restart: "temporary" })),
      exit("b", "normal"),
      startChild(worker("b", { restart: "temporary" })),
      whichChildren(),
      shutdown
    ]
  },
  {
    name: "start_child: a child added later is restarted like the others",
    tree: top({ strategy: "rest_for_one" }, worker("a"), worker("b")),
    steps: [startChild(worker("c")), crash("b"), whichChildren(), shutdown]
  },
  {
    name: "start_child: a whole supervisor",
    tree: one,
    steps: [startChild(inner), whichChildren(), countChildren(), shutdown]
  },
  {
    name: "terminate_child: stops, keeps the spec, does not restart, and can be repeated",
    tree: top({ intensity: 0 }, worker("a"), worker("b")),
    steps: [terminateChild("a"), terminateChild("a"), whichChildren(), countChildren(), shutdown]
  },
  {
    name: "terminate_child: forgets a temporary one",
    tree: top({}, worker("a", { restart: "temporary" })),
    steps: [terminateChild("a"), whichChildren(), terminateChild("a"), restartChild("a"), shutdown]
  },
  {
    name: "terminate_child: a transient one stays",
    tree: top({}, worker("a", { restart: "transient" })),
    steps: [terminateChild("a"), whichChildren(), restartChild("a"), whichChildren(), shutdown]
  },
  {
    name: "terminate_child: not_found",
    tree: one,
    steps: [terminateChild("b"), restartChild("b"), deleteChild("b"), shutdown]
  },
  {
    name: "terminate_child: by brutal_kill",
    tree: top({}, worker("a", { shutdown: "brutal_kill" })),
    steps: [terminateChild("a"), whichChildren(), shutdown]
  },
  {
    name: "terminate_child: a child that needs longer than its budget",
    tree: top({}, worker("a", { shutdown: 300, stopTakes: 2000 })),
    steps: [terminateChild("a"), wait(500), whichChildren(), shutdown]
  },
  {
    name: "terminate_child: a supervisor, with all it has",
    tree: top({}, inner),
    steps: [terminateChild("inner"), whichChildren(), countChildren(), restartChild("inner"), whichChildren(), shutdown]
  },
  { name: "restart_child: running", tree: one, steps: [restartChild("a"), shutdown] },
  {
    name: "restart_child: one that was terminated keeps its place",
    tree: top({}, worker("a"), worker("b"), worker("c")),
    steps: [terminateChild("b"), restartChild("b"), whichChildren(), shutdown]
  },
  {
    name: "restart_child: a transient one that had ended normally",
    tree: top({}, worker("a", { restart: "transient" })),
    steps: [exit("a", "normal"), restartChild("a"), whichChildren(), shutdown]
  },
  {
    name: "delete_child: running",
    tree: one,
    steps: [deleteChild("a"), terminateChild("a"), deleteChild("a"), whichChildren(), deleteChild("a"), shutdown]
  },
  {
    name: "delete_child: its id is free",
    tree: top({}, worker("a"), worker("b")),
    steps: [terminateChild("a"), deleteChild("a"), startChild(worker("a")), whichChildren(), shutdown]
  },
  {
    name: "delete_child: a transient one that had ended normally",
    tree: top({}, worker("a", { restart: "transient" })),
    steps: [exit("a", "normal"), deleteChild("a"), whichChildren(), countChildren(), shutdown]
  },
  {
    name: "count_children: specs, active, supervisors, workers",
    tree: top({}, worker("a"), worker("b", { restart: "transient" }), inner, worker("c", { restart: "temporary" })),
    steps: [countChildren(), exit("b", "normal"), countChildren(), exit("c", "normal"), countChildren(), shutdown]
  },
  {
    name: "which_children: in every state",
    tree: top({}, worker("a"), worker("b"), inner),
    steps: [terminateChild("b"), whichChildren(), shutdown]
  },
  {
    name: "a supervisor that has ended answers noproc",
    tree: one,
    steps: [
      shutdown,
      startChild(worker("b")),
      terminateChild("a"),
      restartChild("a"),
      deleteChild("a"),
      whichChildren(),
      countChildren()
    ]
  },
  {
    name: "a call that waits when its supervisor ends",
    tree: top({}, worker("a", { stopTakes: 400 }), worker("b")),
    steps: [stop(), whichChildren(), wait(600)]
  },
  {
    name: "a call that is under way when its supervisor is killed",
    tree: top({}, worker("a", { stopTakes: 400, shutdown: "infinity" })),
    steps: [terminateChild("a"), { ...kill("top"), unordered: true }, wait(600)]
  }
]
