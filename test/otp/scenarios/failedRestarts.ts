import {
  countChildren,
  crash,
  deleteChild,
  restartChild,
  type Scenario,
  shutdown,
  startChild,
  terminateChild,
  top,
  wait,
  whichChildren,
  worker
} from "../scenario.ts"

const busy = top({ intensity: 3, period: 60 }, worker("a", { failsOn: [2] }), worker("b", { stopTakes: 800 }))

/** A start that fails while its child is being restarted. */
export const failedRestarts: ReadonlyArray<Scenario> = [
  {
    name: "a restart fails once: the next attempt counts too, and succeeds",
    tree: top({ intensity: 2, period: 60 }, worker("a"), worker("b", { failsOn: [2] }), worker("c")),
    steps: [crash("b"), whichChildren(), shutdown]
  },
  {
    name: "a restart fails once, and there is no second",
    tree: top({ intensity: 1, period: 60 }, worker("a"), worker("b", { failsOn: [2] }), worker("c")),
    steps: [crash("b")]
  },
  {
    name: "a restart fails until the intensity is used up",
    tree: top({ intensity: 3, period: 60 }, worker("a"), worker("b", { failsFrom: 2 }), worker("c")),
    steps: [crash("b")]
  },
  {
    name: "a transient child's restart fails: it is tried again",
    tree: top({ intensity: 3, period: 60 }, worker("a", { restart: "transient", failsOn: [2, 3] })),
    steps: [crash("a"), whichChildren(), countChildren(), shutdown]
  },
  ...["one_for_all", "rest_for_one"].flatMap((strategy): ReadonlyArray<Scenario> => [
    {
      name: `${strategy}: the restart of the one that crashed fails once`,
      tree: top({ strategy, intensity: 2, period: 60 }, worker("a"), worker("b", { failsOn: [2] }), worker("c")),
      steps: [crash("b"), whichChildren(), shutdown]
    },
    {
      name: `${strategy}: the restart of a later sibling fails once`,
      tree: top({ strategy, intensity: 2, period: 60 }, worker("a"), worker("b"), worker("c", { failsOn: [2] })),
      steps: [crash("b"), whichChildren(), shutdown]
    },
    {
      name: `${strategy}: the restart of the last sibling fails, and there is one after it that waits`,
      tree: top(
        { strategy, intensity: 3, period: 60 },
        worker("a"),
        worker("b"),
        worker("c", { failsOn: [2, 3] }),
        worker("d")
      ),
      steps: [crash("a"), whichChildren(), shutdown]
    },
    {
      name: `${strategy}: the restart of an earlier sibling fails once`,
      tree: top({ strategy, intensity: 2, period: 60 }, worker("a", { failsOn: [2] }), worker("b"), worker("c")),
      steps: [crash("c"), whichChildren(), shutdown]
    },
    {
      name: `${strategy}: a sibling's restart fails until the intensity is used up`,
      tree: top({ strategy, intensity: 2, period: 60 }, worker("a"), worker("b"), worker("c", { failsFrom: 2 })),
      steps: [crash("a")]
    },
    {
      name: `${strategy}: a temporary sibling is not started again when the restart of another fails`,
      tree: top(
        { strategy, intensity: 2, period: 60 },
        worker("a"),
        worker("b", { failsOn: [2] }),
        worker("c", { restart: "temporary" }),
        worker("d", { restart: "transient" })
      ),
      steps: [crash("a"), whichChildren(), shutdown]
    }
  ]),
  // While the supervisor waits for "b", the crash of "a" and what is asked then are in its mailbox; the next attempt,
  // which it asks of itself, comes after them.
  {
    name: "restarting: what is asked before the next attempt",
    tree: busy,
    steps: [
      terminateChild("b"),
      crash("a"),
      whichChildren(),
      countChildren(),
      startChild(worker("a")),
      restartChild("a"),
      deleteChild("a"),
      wait(1000),
      whichChildren(),
      shutdown
    ]
  },
  {
    name: "restarting: terminate_child comes before the next attempt, and there is none",
    tree: busy,
    steps: [
      terminateChild("b"),
      crash("a"),
      terminateChild("a"),
      whichChildren(),
      wait(1000),
      restartChild("a"),
      whichChildren(),
      shutdown
    ]
  },
  {
    name: "restarting: terminate_child, then delete_child, come before the next attempt",
    tree: busy,
    steps: [
      terminateChild("b"),
      crash("a"),
      terminateChild("a"),
      deleteChild("a"),
      wait(1000),
      whichChildren(),
      shutdown
    ]
  },
  {
    name: "restarting: terminate_child of a temporary one never restarted",
    tree: top(
      { intensity: 3, period: 60 },
      worker("a", { restart: "temporary", failsOn: [2] }),
      worker("b", { stopTakes: 800 })
    ),
    steps: [terminateChild("b"), crash("a"), terminateChild("a"), whichChildren(), wait(1000), shutdown]
  },
  {
    name: "restarting: the order to shut down comes before the next attempt",
    tree: busy,
    steps: [terminateChild("b"), crash("a"), shutdown, wait(1000)]
  },
  ...["one_for_all", "rest_for_one"].flatMap((strategy): ReadonlyArray<Scenario> => [
    {
      name: `restarting: what is asked before the next attempt under ${strategy}`,
      tree: { ...busy, flags: { ...busy.flags, strategy }, children: [...busy.children, worker("c"), worker("d")] },
      steps: [terminateChild("b"), crash("a"), whichChildren(), countChildren(), wait(1000), whichChildren(), shutdown]
    },
    {
      name: `restarting: a sibling crashes before the next attempt under ${strategy}`,
      tree: { ...busy, flags: { ...busy.flags, strategy }, children: [...busy.children, worker("c")] },
      steps: [
        terminateChild("b"),
        crash("a"),
        crash("c"),
        whichChildren(),
        wait(1000),
        whichChildren(),
        shutdown,
        wait(1000)
      ]
    }
  ]),
  {
    name: "restarting: a sibling crashes before the next attempt",
    tree: { ...busy, children: [...busy.children, worker("c", { failsOn: [2] })] },
    steps: [terminateChild("b"), crash("a"), crash("c"), whichChildren(), wait(1000), whichChildren(), shutdown]
  },
  {
    name: "start_child fails: nothing is kept",
    tree: top({}, worker("a")),
    steps: [
      startChild(worker("b", { failsOn: [1] })),
      whichChildren(),
      startChild(worker("b", { failsOn: [1] })),
      whichChildren(),
      shutdown
    ]
  },
  {
    name: "restart_child fails: the child stays as it was, and nothing counts",
    tree: top({ intensity: 0 }, worker("a"), worker("b", { failsOn: [2] })),
    steps: [
      terminateChild("b"),
      restartChild("b"),
      whichChildren(),
      restartChild("b"),
      whichChildren(),
      terminateChild("b"),
      deleteChild("b"),
      shutdown
    ]
  }
]
