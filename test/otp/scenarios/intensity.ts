import {
  crash,
  exit,
  kill,
  restartChild,
  type Scenario,
  shutdown,
  type Step,
  terminateChild,
  top,
  wait,
  whichChildren,
  worker
} from "../scenario.ts"

const times = (n: number, step: Step): ReadonlyArray<Step> => Array.from({ length: n }, () => step)

/** How many restarts are too many. */
export const intensity: ReadonlyArray<Scenario> = [
  ...[0, 1, 3].flatMap((n): ReadonlyArray<Scenario> => [
    {
      name: `intensity ${n}: exactly as many restarts are allowed`,
      tree: top({ intensity: n, period: 60 }, worker("a"), worker("b")),
      steps: [...times(n, crash("a")), whichChildren(), shutdown]
    },
    {
      name: `intensity ${n}: one more ends the supervisor`,
      tree: top({ intensity: n, period: 60 }, worker("a"), worker("b"), worker("c")),
      steps: times(n + 1, crash("b"))
    }
  ]),
  ...["one_for_all", "rest_for_one"].map((strategy): Scenario => ({
    name: `intensity: a restart under ${strategy} counts once, however many are concerned`,
    tree: top({ strategy, intensity: 2, period: 60 }, worker("a"), worker("b"), worker("c")),
    steps: times(3, crash("a"))
  })),
  {
    name: "intensity: the defaults are 1 restart in 5 seconds",
    tree: top({}, worker("a")),
    steps: [crash("a"), crash("a")]
  },
  {
    name: "intensity: restarts of different children count together",
    tree: top({ intensity: 2, period: 60 }, worker("a"), worker("b"), worker("c")),
    steps: [crash("a"), kill("b"), crash("c")]
  },
  {
    name: "intensity: a restart longer ago than the period does not count",
    tree: top({ intensity: 1, period: 1 }, worker("a")),
    steps: [crash("a"), wait(2500), crash("a"), whichChildren(), shutdown]
  },
  {
    name: "intensity: a restart within the period counts",
    tree: top({ intensity: 1, period: 2 }, worker("a")),
    steps: [crash("a"), wait(1000), crash("a")]
  },
  // Each wait is within the period, and both together are not; OTP reads the time in whole seconds.
  {
    name: "intensity: the period slides",
    tree: top({ intensity: 2, period: 2 }, worker("a")),
    steps: [crash("a"), wait(1500), crash("a"), wait(1500), crash("a"), whichChildren(), crash("a")]
  },
  {
    name: "intensity: what is not restarted does not count",
    tree: top(
      { intensity: 0 },
      worker("a", { restart: "temporary" }),
      worker("b", { restart: "transient" }),
      worker("c")
    ),
    steps: [crash("a"), exit("b", "shutdown"), whichChildren(), shutdown]
  },
  {
    name: "intensity: restart_child does not count",
    tree: top({ intensity: 0 }, worker("a")),
    steps: [
      ...times(2, terminateChild("a")),
      restartChild("a"),
      terminateChild("a"),
      restartChild("a"),
      whichChildren(),
      shutdown
    ]
  },
  {
    name: "intensity: a permanent child that ends normally is restarted, and counts",
    tree: top({ intensity: 1, period: 60 }, worker("a")),
    steps: times(2, exit("a", "normal"))
  },
  {
    name: "intensity: the one that has ended has no terminate left when the supervisor gives up",
    tree: top({ strategy: "one_for_all", intensity: 0 }, worker("a"), worker("b"), worker("c")),
    steps: [crash("b")]
  }
]
