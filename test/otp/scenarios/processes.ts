import { kill, type Process, type Reason, type Scenario, signal, type Step, unordered } from "../scenario.ts"

const [a, b, c]: readonly [Process, Process, Process] = [{ id: "a" }, { id: "b" }, { id: "c" }]
const trapping: Process = { id: "b", traps: true }

const tell = (id: string, what: "link" | "unlink" | "monitor" | "demonitor", to: string): Step => ({
  do: "tell",
  id,
  what,
  to
})
const killAnd = (id: string, what: "link" | "unlink" | "monitor" | "demonitor", to: string): Step => ({
  do: "tell",
  id,
  what,
  to,
  killFirst: true
})
const ends = (id: string, reason: Reason): Step => ({ do: "tell", id, reason })

const reasons: ReadonlyArray<Reason> = ["normal", "shutdown", "{shutdown,x}", "crash"]

/** Links, monitors and exit signals between plain processes. */
export const processes: ReadonlyArray<Scenario> = [
  ...reasons.flatMap((reason): ReadonlyArray<Scenario> => [
    {
      name: `link: ${reason} crosses unless it is normal`,
      processes: [a, b],
      steps: [tell("b", "link", "a"), ends("a", reason)]
    },
    {
      name: `link: who traps gets ${reason} as a message`,
      processes: [a, trapping],
      steps: [tell("b", "link", "a"), ends("a", reason)]
    },
    {
      name: `monitor: exactly one down, with ${reason}`,
      processes: [a, b],
      steps: [tell("b", "monitor", "a"), ends("a", reason)]
    },
    { name: `exit: ${reason} from outside`, processes: [a], steps: [signal("a", reason)] },
    { name: `exit: ${reason} from outside to one that traps`, processes: [trapping], steps: [signal("b", reason)] },
    {
      name: `monitor: ${reason} from outside is the reason of the down`,
      processes: [a, b],
      steps: [tell("b", "monitor", "a"), signal("a", reason)]
    },
    {
      name: `link: ${reason} from the side that was linked to`,
      processes: [a, b],
      steps: [tell("a", "link", "b"), ends("a", reason)]
    }
  ]),
  { name: "exit: kill cannot be trapped, and is killed", processes: [trapping], steps: [kill("b")] },
  { name: "link: killed crosses", processes: [a, b], steps: [tell("b", "link", "a"), kill("a")] },
  {
    name: "link: killed can be trapped when it comes over a link",
    processes: [a, trapping],
    steps: [tell("b", "link", "a"), kill("a")]
  },
  { name: "monitor: of the killed", processes: [a, b], steps: [tell("b", "monitor", "a"), kill("a")] },
  {
    name: "link: a chain falls as one",
    processes: [a, b, c],
    steps: [tell("a", "link", "b"), tell("b", "link", "c"), unordered(ends("a", "crash"))]
  },
  {
    name: "link: one that traps ends the chain",
    processes: [a, trapping, c],
    steps: [tell("a", "link", "b"), tell("b", "link", "c"), ends("a", "crash"), ends("c", "crash")]
  },
  { name: "link: to the dead", processes: [a, b], steps: [ends("a", "normal"), tell("b", "link", "a")] },
  {
    name: "link: to the dead, trapping",
    processes: [a, trapping],
    steps: [ends("a", "crash"), tell("b", "link", "a")]
  },
  { name: "link: to itself", processes: [a], steps: [tell("a", "link", "a"), ends("a", "crash")] },
  {
    name: "link: twice is once",
    processes: [a, b],
    steps: [tell("b", "link", "a"), tell("b", "link", "a"), tell("b", "unlink", "a"), ends("a", "crash")]
  },
  {
    name: "link: from both sides is one, and sends one message",
    processes: [a, trapping],
    steps: [tell("b", "link", "a"), tell("a", "link", "b"), ends("a", "crash")]
  },
  {
    name: "unlink: from the other side",
    processes: [a, b],
    steps: [tell("b", "link", "a"), tell("a", "unlink", "b"), ends("a", "crash")]
  },
  { name: "unlink: of one never linked", processes: [a, b], steps: [tell("b", "unlink", "a"), ends("a", "crash")] },
  {
    name: "unlink: an exit that has arrived stays",
    processes: [a, trapping],
    steps: [tell("b", "link", "a"), killAnd("b", "unlink", "a")]
  },
  { name: "monitor: of the dead", processes: [a, b], steps: [ends("a", "crash"), tell("b", "monitor", "a")] },
  {
    name: "monitor: twice is two",
    processes: [a, b],
    steps: [tell("b", "monitor", "a"), tell("b", "monitor", "a"), ends("a", "crash")]
  },
  { name: "monitor: of itself", processes: [a], steps: [tell("a", "monitor", "a"), ends("a", "crash")] },
  {
    name: "monitor: the one that watches ends first",
    processes: [a, b],
    steps: [tell("b", "monitor", "a"), ends("b", "crash"), ends("a", "crash")]
  },
  { name: "monitor: one side only", processes: [a, b], steps: [tell("b", "monitor", "a"), ends("b", "crash")] },
  {
    name: "demonitor: nothing comes",
    processes: [a, b],
    steps: [tell("b", "monitor", "a"), tell("b", "demonitor", "a"), ends("a", "crash")]
  },
  {
    name: "demonitor: takes away a down that has arrived",
    processes: [a, b],
    steps: [tell("b", "monitor", "a"), killAnd("b", "demonitor", "a")]
  },
  {
    name: "monitor and link: both messages come, each once",
    processes: [a, trapping],
    steps: [tell("b", "monitor", "a"), tell("b", "link", "a"), unordered(ends("a", "shutdown"))]
  }
]
