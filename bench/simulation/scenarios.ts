/** What is simulated: one part of the page each. */
import * as Duration from "effect/Duration"
import { Overload } from "../../src/index.ts"
import type { Run, Traffic } from "./simulate.ts"

/** One set of options, under ever more load. */
export interface Curve {
  readonly options: Run["options"]
  readonly traffic: (load: number) => ReadonlyArray<Traffic>
}

/** What is drawn of a curve, and has rows in the table. */
export interface Line {
  readonly label: string
  readonly colour: string
  readonly curve: Curve
  /** Whose calls. */
  readonly traffic: string
  /** It stands in another table already. */
  readonly isReference?: boolean | undefined
}

export interface Scenario {
  /** The plot's file, without `.svg`. */
  readonly id: string
  readonly title: string
  /** The options, as one would write them. */
  readonly about: string
  readonly axis: string
  /** What is drawn beside the latency: what the pool has achieved, or what the callers have. */
  readonly shows: "goodput" | "inTime"
  readonly lines: ReadonlyArray<Line>
  /** What to see in it. */
  readonly reading: ReadonlyArray<string>
}

const patience = 1_000

const everybody = (load: number): ReadonlyArray<Traffic> => [{ name: "everybody", load, patience }]

export const plain: Curve = { options: {}, traffic: everybody }
export const maxWaiting: Curve = { options: { maxWaiting: 20 }, traffic: everybody }
export const codel: Curve = { options: { overload: Overload.codel() }, traffic: everybody }

const classes = (load: number): ReadonlyArray<Traffic> => [
  { name: "class 0", load: 0.2 * load, patience, priority: 0 },
  { name: "class 1", load: 0.3 * load, patience, priority: 1 },
  { name: "class 2", load: 0.5 * load, patience, priority: 2 }
]

export const priorities: Curve = { options: {}, traffic: classes }
export const prioritiesCodel: Curve = { options: { overload: Overload.codel() }, traffic: classes }

/** Of class 0 ever more, and somebody of class 1 now and then, who has time. */
const rivals = (load: number): ReadonlyArray<Traffic> => [
  { name: "class 0", load, patience, priority: 0 },
  { name: "class 1", load: 0.1, patience: 5_000, priority: 1 }
]

export const ageing: Curve = { options: {}, traffic: rivals }
export const strict: Curve = { options: { priorityAging: Duration.infinity }, traffic: rivals }

const quiet = ["a", "b", "c"].map((key): Traffic => ({ name: "quiet", load: 0.1, patience, key }))

const tenants = (load: number): ReadonlyArray<Traffic> => [{ name: "noisy", load, patience, key: "noisy" }, ...quiet]

export const firstCome: Curve = { options: {}, traffic: tenants }
export const fair: Curve = { options: { fairness: {} }, traffic: tenants }
export const fairCodel: Curve = { options: { fairness: {}, overload: Overload.codel() }, traffic: tenants }

const grey = "#9aa0a6"
const red = "#d1495b"
const blue = "#30638e"
const green = "#66a182"
const yellow = "#c9a227"

const plainQueue: Line = {
  label: "plain queue",
  colour: grey,
  curve: plain,
  traffic: "everybody",
  isReference: true
}
const offered = "offered load, in parts of what the pool can do"

export const scenarios: ReadonlyArray<Scenario> = [
  {
    id: "plain-queue",
    title: "A plain queue",
    about: "No policy: first come, first served, and whoever has waited for `checkoutTimeout` gives up.",
    axis: offered,
    shows: "goodput",
    lines: [{ ...plainQueue, colour: red, isReference: false }],
    reading: [
      "Up to four fifths of what the pool can do, one hardly notices that there is a queue.",
      "Beyond what it can do the pool is as busy as ever, but nearly all that it does is in vain: whoever comes to its turn has " +
      "waited for nearly as long as it can, and its answer comes too late. More load makes it worse, and so does a longer timeout.",
      "Those who are not served learn it last: after their whole timeout."
    ]
  },
  {
    id: "max-waiting",
    title: "`maxWaiting`",
    about: "`maxWaiting: 20`: of those who find as many in the queue, everybody is turned away at once.",
    axis: offered,
    shows: "goodput",
    lines: [plainQueue, { label: "maxWaiting: 20", colour: red, curve: maxWaiting, traffic: "everybody" }],
    reading: [
      "The pool does what it can, at any load, and who is turned away knows at once.",
      "The limit is a time in disguise: 20 who wait, divided by 4 resources, each lent for 20 ms, are 100 ms. Where the work " +
      "takes ten times as long today, those served wait ten times as long.",
      "It turns away whoever comes in a burst, too, that the pool could have got over: see 1.0, where there is no overload yet."
    ]
  },
  {
    id: "codel",
    title: "Controlled delay",
    about: "`overload: Overload.codel()`, with its defaults: a target of 50 ms, an interval of 2 seconds.",
    axis: offered,
    shows: "goodput",
    lines: [plainQueue, { label: "codel", colour: red, curve: codel, traffic: "everybody" }],
    reading: [
      "Below what the pool can do, nobody is turned away, however long the queue is for a moment.",
      "In overload the pool does what it can, and those served have waited for about twice the target, however long the work " +
      "takes: it is the time that is limited, not the number.",
      "Little more than it can do is where the 99th percentile is worst: whenever the queue was short once within an interval, " +
      "it is left to grow for the next one. A shorter `interval` notices sooner, and takes more bursts for overload."
    ]
  },
  {
    id: "priorities",
    title: "Priorities",
    about:
      "`checkout({ priority })`: one fifth of the load is of class 0, three tenths of class 1, half of it of class 2; " +
      "`priorityAging` has its default, one second.",
    axis: `${offered}, all classes together`,
    shows: "inTime",
    lines: [
      { label: "class 0", colour: red, curve: priorities, traffic: "class 0" },
      { label: "class 1", colour: blue, curve: priorities, traffic: "class 1" },
      { label: "class 2", colour: green, curve: priorities, traffic: "class 2" },
      { label: "class 2, with codel", colour: yellow, curve: prioritiesCodel, traffic: "class 2" }
    ],
    reading: [
      "Class 0 notices no overload, as long as the pool could serve its class alone: at 3.0 it asks for three fifths of what the " +
      "pool can do.",
      "Nobody is turned away: a priority only says who waits. The worst class that still has its turn fares as everybody does in a " +
      "plain queue, and those below it have nothing. With `overload` each class has a controlled delay of its own: what the better " +
      "ones leave is well spent then. See class 2 at 1.2."
    ]
  },
  {
    id: "ageing",
    title: "Priorities and ageing",
    about:
      "`priorityAging`, one second by default, and switched off: now class 0 alone asks for ever more, up to three times of what " +
      "the pool can do, while class 1 asks for a tenth of it, and would wait for five seconds.",
    axis: "load of class 0, in parts of what the pool can do",
    shows: "inTime",
    lines: [
      { label: "class 1, priorityAging: infinity", colour: grey, curve: strict, traffic: "class 1" },
      { label: "class 1, priorityAging: 1 second", colour: blue, curve: ageing, traffic: "class 1" },
      { label: "class 0, priorityAging: 1 second", colour: red, curve: ageing, traffic: "class 0" }
    ],
    reading: [
      "Without ageing class 1 has nothing as soon as class 0 asks for all there is. With it class 1 waits for a second longer than " +
      "class 0, and has its answer.",
      "Only who can wait for so long is helped: a timeout that is shorter than `priority` times `priorityAging` is one without ageing."
    ]
  },
  {
    id: "fairness",
    title: "Fairness between tenants",
    about:
      "`fairness: {}` and `checkout({ key })`: three quiet tenants ask for a tenth of what the pool can do, each, while a noisy " +
      "one asks for ever more.",
    axis: "load of the noisy tenant, in parts of what the pool can do",
    shows: "inTime",
    lines: [
      { label: "quiet, first come first served", colour: grey, curve: firstCome, traffic: "quiet" },
      { label: "quiet, with fairness", colour: red, curve: fair, traffic: "quiet" },
      { label: "noisy, with fairness", colour: blue, curve: fair, traffic: "noisy" },
      { label: "noisy, with fairness and codel", colour: yellow, curve: fairCodel, traffic: "noisy" }
    ],
    reading: [
      "First come, first served makes everybody pay for the noisy one.",
      "With fairness a quiet tenant waits for one round at most, so the noisy one's load is the noisy one's affair.",
      "What the others leave is the noisy one's, but in a queue of its own, which is as bad as any plain queue. With `overload` each " +
      "key has a controlled delay of its own: the noisy one is turned away in time, and has as many answers as there are left."
    ]
  }
]
