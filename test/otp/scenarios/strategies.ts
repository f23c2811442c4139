import { crash, exit, kill, type Scenario, shutdown, type Step, top, whichChildren, worker } from "../scenario.ts"

const ends: ReadonlyArray<readonly [name: string, step: Step]> = [
  ["crashes", crash("b")],
  ["ends with normal", exit("b", "normal")],
  ["ends with shutdown", exit("b", "shutdown")],
  ["ends with {shutdown,x}", exit("b", "{shutdown,x}")],
  ["is killed", kill("b")]
]

/** Each strategy with each restart type and each end: the middle one of three ends. */
export const strategies: ReadonlyArray<Scenario> = ["one_for_one", "one_for_all", "rest_for_one"].flatMap((strategy) =>
  ["permanent", "transient", "temporary"].flatMap((restart) =>
    ends.map(([name, step]): Scenario => ({
      name: `${strategy}: a ${restart} child ${name}`,
      tree: top({ strategy }, worker("a"), worker("b", { restart }), worker("c")),
      steps: [step, whichChildren(), shutdown]
    }))
  )
)
