import {
  crash,
  exit,
  kill,
  restartChild,
  type Scenario,
  shutdown,
  terminateChild,
  top,
  wait,
  whichChildren,
  worker
} from "../scenario.ts"

/** What a restart of one child does to the others. */
export const siblings: ReadonlyArray<Scenario> = ["one_for_all", "rest_for_one"].flatMap((
  strategy
): ReadonlyArray<Scenario> => [
  ...["a", "c"].map((id): Scenario => ({
    name: `${strategy}: the ${id === "a" ? "first" : "last"} child crashes`,
    tree: top({ strategy }, worker("a"), worker("b"), worker("c")),
    steps: [crash(id), whichChildren(), shutdown]
  })),
  {
    name: `${strategy}: temporary siblings are stopped and forgotten`,
    tree: top({ strategy }, worker("a"), worker("b"), worker("c", { restart: "temporary" }), worker("d")),
    steps: [crash("b"), whichChildren(), shutdown]
  },
  {
    name: `${strategy}: a temporary sibling before the one that crashes`,
    tree: top({ strategy }, worker("a", { restart: "temporary" }), worker("b"), worker("c")),
    steps: [crash("b"), whichChildren(), shutdown]
  },
  {
    name: `${strategy}: a transient sibling that had ended normally is started again`,
    tree: top({ strategy }, worker("a"), worker("b"), worker("c", { restart: "transient" })),
    steps: [exit("c", "normal"), whichChildren(), crash("b"), whichChildren(), shutdown]
  },
  {
    name: `${strategy}: a terminated sibling is started again`,
    tree: top({ strategy }, worker("a"), worker("b"), worker("c")),
    steps: [terminateChild("c"), whichChildren(), crash("a"), whichChildren(), shutdown]
  },
  {
    name: `${strategy}: a terminated sibling before the one that crashes`,
    tree: top({ strategy }, worker("a"), worker("b"), worker("c")),
    steps: [terminateChild("a"), crash("b"), whichChildren(), shutdown]
  },
  {
    name: `${strategy}: a sibling stopped by brutal_kill and one that is slow`,
    tree: top(
      { strategy },
      worker("a"),
      worker("b", { shutdown: "brutal_kill" }),
      worker("c", { shutdown: 300, stopTakes: 2000 })
    ),
    steps: [crash("a"), wait(500), whichChildren(), shutdown, wait(500)]
  },
  {
    name: `${strategy}: a sibling that dies while it is being stopped is not restarted twice`,
    tree: top({ strategy, intensity: 1 }, worker("a"), worker("b", { stopTakes: 400 }), worker("c")),
    steps: [crash("a"), kill("b"), whichChildren(), shutdown, wait(600)]
  },
  {
    name: `${strategy}: a sibling that crashes while another is being stopped`,
    tree: top({ strategy, intensity: 1 }, worker("a"), worker("b"), worker("c", { stopTakes: 400 })),
    steps: [crash("a"), kill("b"), wait(600), whichChildren(), shutdown, wait(600)]
  },
  {
    name: `${strategy}: a sibling whose terminate crashes`,
    tree: top({ strategy }, worker("a"), worker("b", { stopFails: true })),
    steps: [crash("a"), whichChildren(), shutdown]
  },
  {
    name: `${strategy}: restart_child of one concerns no other`,
    tree: top({ strategy }, worker("a"), worker("b"), worker("c")),
    steps: [terminateChild("b"), restartChild("b"), whichChildren(), shutdown]
  },
  {
    name: `${strategy}: two crash one after the other`,
    tree: top({ strategy, intensity: 3 }, worker("a"), worker("b"), worker("c")),
    steps: [crash("c"), crash("a"), whichChildren(), shutdown]
  }
])
