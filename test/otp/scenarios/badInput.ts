import {
  type Flags,
  type Scenario,
  shutdown,
  startChild,
  top,
  whichChildren,
  type Worker,
  worker
} from "../scenario.ts"

const badFlags: ReadonlyArray<readonly [name: string, flags: Flags]> = [
  ["an unknown strategy", { strategy: "two_for_one" }],
  ["a negative intensity", { intensity: -1 }],
  ["an intensity that is no integer", { intensity: 1.5 }],
  ["a period of 0", { period: 0 }],
  ["a negative period", { period: -5 }],
  ["an unknown auto_shutdown", { auto_shutdown: "sometimes" }]
]

const badSpecs: ReadonlyArray<readonly [name: string, spec: Omit<Worker, "id">]> = [
  ["an unknown restart type", { restart: "sometimes" }],
  ["a negative shutdown", { shutdown: -1 }],
  ["an unknown shutdown", { shutdown: "later" }],
  ["an unknown type", { type: "manager" }],
  ["significant under auto_shutdown never", { restart: "transient", significant: true }]
]

/** One fault each: OTP names the first that it finds. */
export const badInput: ReadonlyArray<Scenario> = [
  ...badFlags.map(([name, flags]): Scenario => ({
    name: `bad flags: ${name}`,
    tree: top(flags, worker("a")),
    steps: []
  })),
  ...badSpecs.flatMap(([name, spec]): ReadonlyArray<Scenario> => [
    { name: `bad spec: ${name}`, tree: top({}, worker("a"), worker("b", spec)), steps: [] },
    {
      name: `bad spec for start_child: ${name}`,
      tree: top({}, worker("a")),
      steps: [startChild(worker("b", spec)), whichChildren(), shutdown]
    }
  ]),
  {
    name: "bad spec: significant and permanent",
    tree: top({ auto_shutdown: "any_significant" }, worker("a", { significant: true })),
    steps: []
  },
  {
    name: "bad spec for start_child: significant and permanent",
    tree: top({ auto_shutdown: "any_significant" }),
    steps: [startChild(worker("a", { significant: true })), whichChildren(), shutdown]
  },
  { name: "bad spec: a duplicate id", tree: top({}, worker("a"), worker("b"), worker("a")), steps: [] }
]
