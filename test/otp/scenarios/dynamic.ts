import {
  countChildren,
  crash,
  type Dynamic,
  exit,
  type Flags,
  kill,
  type Scenario,
  shutdown,
  startNamed,
  terminateNamed,
  top,
  unordered,
  wait,
  whichChildren
} from "../scenario.ts"

const dynamicTop = (template: Dynamic["template"] = {}, flags: Flags = {}): Dynamic => ({ id: "top", flags, template })
const two = [startNamed("x"), startNamed("y")]

/** `simple_one_for_one`. OTP stops its children at once, and gives them in no order. */
export const dynamic: ReadonlyArray<Scenario> = [
  {
    name: "dynamic: starts with no child, and one for each start_child",
    tree: dynamicTop(),
    steps: [whichChildren(), countChildren(), ...two, whichChildren(), countChildren(), unordered(shutdown)]
  },
  {
    name: "dynamic: gen_server:stop",
    tree: dynamicTop(),
    steps: [...two, unordered({ do: "stop", of: "top", reason: "normal" })]
  },
  ...["permanent", "transient", "temporary"].flatMap((restart): ReadonlyArray<Scenario> => [
    {
      name: `dynamic: a ${restart} child crashes`,
      tree: dynamicTop({ restart }),
      steps: [...two, crash("x"), whichChildren(), countChildren(), unordered(shutdown)]
    },
    {
      name: `dynamic: a ${restart} child ends normally`,
      tree: dynamicTop({ restart }),
      steps: [...two, exit("x", "normal"), whichChildren(), countChildren(), unordered(shutdown)]
    },
    {
      name: `dynamic: a ${restart} child ends with {shutdown,x}`,
      tree: dynamicTop({ restart }),
      steps: [...two, exit("x", "{shutdown,x}"), whichChildren(), unordered(shutdown)]
    },
    {
      name: `dynamic: terminate_child of a ${restart} child forgets it; of a dead one it does nothing`,
      tree: dynamicTop({ restart }),
      steps: [...two, terminateNamed("x"), whichChildren(), countChildren(), terminateNamed("x"), unordered(shutdown)]
    }
  ]),
  {
    name: "dynamic: a start that fails is no child",
    tree: dynamicTop({ failsOn: [1] }),
    steps: [startNamed("x"), whichChildren(), startNamed("x"), whichChildren(), unordered(shutdown)]
  },
  {
    name: "dynamic: a restart that fails once",
    tree: dynamicTop({ failsOn: [2] }, { intensity: 2, period: 60 }),
    steps: [startNamed("x"), crash("x"), whichChildren(), countChildren(), unordered(shutdown)]
  },
  {
    name: "dynamic: a restart that fails until the intensity is used up",
    tree: dynamicTop({ failsFrom: 2 }, { intensity: 2, period: 60 }),
    steps: [startNamed("x"), crash("x")]
  },
  {
    name: "dynamic: the intensity is one for all children",
    tree: dynamicTop({}, { intensity: 1, period: 60 }),
    steps: [...two, crash("x"), unordered(crash("y"))]
  },
  {
    name: "dynamic: slow children have one budget, at the same time",
    tree: dynamicTop({ shutdown: 400, stopTakes: 2000 }),
    steps: [...two, unordered(shutdown), unordered(wait(600))]
  },
  {
    name: "dynamic: brutal_kill",
    tree: dynamicTop({ shutdown: "brutal_kill" }),
    steps: [...two, unordered(shutdown)]
  },
  {
    name: "dynamic: infinity waits for the last",
    tree: dynamicTop({ shutdown: "infinity", stopTakes: 300 }),
    steps: [...two, unordered(shutdown), unordered(wait(500))]
  },
  {
    name: "dynamic: the supervisor is killed",
    tree: dynamicTop({ traps: false }),
    steps: [...two, unordered(kill("top"))]
  },
  {
    name: "dynamic: any_significant",
    tree: dynamicTop({ restart: "temporary", significant: true }, { auto_shutdown: "any_significant" }),
    steps: [...two, unordered(exit("x", "normal"))]
  },
  {
    name: "dynamic: all_significant",
    tree: dynamicTop({ restart: "transient", significant: true }, { auto_shutdown: "all_significant" }),
    steps: [...two, exit("x", "normal"), whichChildren(), exit("y", "shutdown")]
  },
  {
    name: "dynamic: a child whose restart has failed is restarting",
    tree: dynamicTop({ failsOn: [2], stopTakes: 400 }, { intensity: 3, period: 60 }),
    steps: [...two, terminateNamed("x"), kill("y"), whichChildren(), countChildren(), wait(600), whichChildren()]
  },
  {
    name: "dynamic: terminate_child of one that is restarting",
    tree: dynamicTop({ failsOn: [2], stopTakes: 400 }, { intensity: 3, period: 60 }),
    steps: [...two, terminateNamed("x"), kill("y"), terminateNamed("y"), wait(600), whichChildren(), countChildren()]
  },
  {
    name: "dynamic: under another supervisor",
    tree: top({ intensity: 1, period: 60 }, {
      id: "inner",
      type: "supervisor",
      flags: { intensity: 0 },
      template: {}
    }),
    steps: [
      startNamed("x", "inner"),
      whichChildren(),
      crash("x"),
      whichChildren("inner"),
      startNamed("x", "inner"),
      shutdown
    ]
  },
  {
    name: "dynamic: a bad template is refused at once",
    tree: dynamicTop({ restart: "sometimes" }),
    steps: []
  }
]
