import {
  crash,
  exit,
  kill,
  type Scenario,
  shutdown,
  startChild,
  startNamed,
  stop,
  terminateChild,
  top,
  wait,
  whichChildren,
  worker
} from "../scenario.ts"

const slow = { startTakes: 400 }
const flags = { intensity: 2, period: 60 }

/**
 * What happens while the supervisor is starting a child waits for its turn. Waits end far from what happens at 400 and
 * 800 ms, as real time is not exact.
 */
export const meanwhile: ReadonlyArray<Scenario> = [
  {
    name: "meanwhile: a child dies while another starts",
    tree: top(flags, worker("a")),
    steps: [startChild(worker("b", slow)), kill("a"), wait(600), whichChildren(), shutdown]
  },
  {
    name: "meanwhile: a child crashes and is to be terminated while another starts",
    tree: top(flags, worker("a")),
    steps: [startChild(worker("b", slow)), crash("a"), terminateChild("a"), wait(600), whichChildren(), shutdown]
  },
  {
    name: "meanwhile: a child is to be terminated, and crashes, while another starts",
    tree: top(flags, worker("a")),
    steps: [startChild(worker("b", slow)), terminateChild("a"), crash("a"), wait(600), whichChildren(), shutdown]
  },
  {
    name: "meanwhile: two children die while another starts, and there is one restart",
    tree: top({ intensity: 1, period: 60 }, worker("a"), worker("b")),
    steps: [startChild(worker("c", slow)), kill("b"), kill("a"), wait(600)]
  },
  {
    name: "meanwhile: gen_server:stop comes after what came before it",
    tree: top(flags, worker("a")),
    steps: [startChild(worker("b", slow)), kill("a"), stop(), wait(600)]
  },
  {
    name: "meanwhile: a child dies while it is restarted for a sibling's sake under one_for_one",
    tree: top(flags, worker("a"), worker("b", slow)),
    steps: [kill("b"), kill("a"), whichChildren(), wait(600), whichChildren(), shutdown]
  },
  ...["one_for_all", "rest_for_one"].flatMap((strategy): ReadonlyArray<Scenario> => [
    {
      name: `meanwhile: one just started dies while a later one starts under ${strategy}`,
      tree: top({ ...flags, strategy }, worker("a"), worker("b", slow), worker("c")),
      steps: [crash("a"), kill("a"), whichChildren(), wait(450), wait(600), whichChildren(), shutdown]
    },
    {
      name: `meanwhile: one just started ends normally while a later one starts under ${strategy}`,
      tree: top({ ...flags, strategy }, worker("a", { restart: "transient" }), worker("b", slow), worker("c")),
      steps: [crash("a"), exit("a", "normal"), wait(600), whichChildren(), shutdown]
    },
    {
      name: `meanwhile: siblings die together under ${strategy}, and are restarted once`,
      tree: top({ strategy, intensity: 1, period: 60 }, worker("a"), worker("b"), worker("c")),
      steps: [startChild(worker("d", slow)), kill("a"), kill("c"), wait(450), wait(600), whichChildren(), shutdown]
    }
  ]),
  {
    name: "meanwhile: a dynamic child dies while another starts",
    tree: { id: "top", flags, template: slow },
    steps: [
      startNamed("x"),
      wait(600),
      startNamed("y"),
      kill("x"),
      whichChildren(),
      wait(450),
      wait(600),
      whichChildren(),
      { ...shutdown, unordered: true }
    ]
  }
]
