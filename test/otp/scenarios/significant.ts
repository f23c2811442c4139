import {
  crash,
  exit,
  kill,
  type Scenario,
  shutdown,
  startChild,
  terminateChild,
  top,
  type Tree,
  wait,
  whichChildren,
  worker
} from "../scenario.ts"

const transient = { restart: "transient", significant: true }
const temporary = { restart: "temporary", significant: true }

/** Significant children and `auto_shutdown`. */
export const significant: ReadonlyArray<Scenario> = [
  ...["any_significant", "all_significant"].flatMap((auto_shutdown): ReadonlyArray<Scenario> => [
    {
      name: `${auto_shutdown}: a significant transient child ends normally`,
      tree: top({ auto_shutdown }, worker("a"), worker("b", transient), worker("c", transient), worker("d")),
      steps: [exit("b", "normal"), exit("c", "shutdown")].slice(0, auto_shutdown === "any_significant" ? 1 : 2)
    },
    {
      name: `${auto_shutdown}: a significant transient child crashes`,
      tree: top({ auto_shutdown }, worker("a"), worker("b", transient)),
      steps: [crash("b"), whichChildren(), exit("b", "{shutdown,x}")]
    },
    {
      name: `${auto_shutdown}: a significant temporary child crashes`,
      tree: top({ auto_shutdown }, worker("a"), worker("b", temporary)),
      steps: [crash("b")]
    },
    {
      name: `${auto_shutdown}: the one significant child is killed`,
      tree: top({ auto_shutdown }, worker("a"), worker("b", temporary), worker("c")),
      steps: [kill("b")]
    },
    {
      name: `${auto_shutdown}: a child that is not significant ends`,
      tree: top({ auto_shutdown }, worker("a", { restart: "transient" }), worker("b", transient)),
      steps: [exit("a", "normal"), whichChildren(), shutdown]
    },
    {
      name: `${auto_shutdown}: terminate_child of a significant child ends nothing else`,
      tree: top({ auto_shutdown }, worker("a"), worker("b", transient), worker("c", temporary)),
      steps: [terminateChild("b"), terminateChild("c"), whichChildren(), shutdown]
    },
    {
      name: `${auto_shutdown}: a significant child is added by start_child`,
      tree: top({ auto_shutdown }, worker("a")),
      steps: [startChild(worker("b", temporary)), exit("b", "normal")]
    },
    {
      name: `${auto_shutdown}: a significant sibling stopped by a restart of all does not end it`,
      tree: top(
        { strategy: "one_for_all", auto_shutdown },
        worker("a"),
        worker("b", temporary),
        worker("c", transient)
      ),
      steps: [crash("a"), whichChildren(), exit("c", "normal")]
    },
    {
      name: `${auto_shutdown}: a significant supervisor that ends escalates`,
      tree: top(
        { auto_shutdown: "any_significant" },
        worker("a"),
        {
          id: "inner",
          restart: "transient",
          type: "supervisor",
          significant: true,
          flags: { auto_shutdown },
          children: [worker("x"), worker("y", temporary)]
        } satisfies Tree
      ),
      steps: [exit("y", "normal")]
    }
  ]),
  {
    name: "all_significant: one that is restarting has not ended",
    tree: top(
      { auto_shutdown: "all_significant", intensity: 2, period: 60 },
      worker("a", { stopTakes: 400 }),
      worker("b", { ...transient, failsOn: [2] }),
      worker("c", transient)
    ),
    steps: [terminateChild("a"), crash("b"), exit("c", "normal"), wait(600), whichChildren(), exit("b", "normal")]
  },
  {
    name: "all_significant: a terminated one no longer counts",
    tree: top({ auto_shutdown: "all_significant" }, worker("a"), worker("b", transient), worker("c", transient)),
    steps: [terminateChild("b"), exit("c", "normal")]
  }
]
