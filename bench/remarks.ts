/**
 * What the numbers cannot say themselves: a paragraph for a place where we lose. Put into the page below the generated line
 * of that workload, or of that peer in it.
 */
export interface Remark {
  readonly workload: string
  /** Without: for the whole workload. */
  readonly peer?: string | undefined
  readonly text: string
}

export const remarks: ReadonlyArray<Remark> = [
  {
    workload: "W1",
    text:
      "A profile of W1 says where the limit is. Of a `use`, Effect's run loop takes 61 %: the loop of the bench itself, the " +
      "body, and the guard (`Effect.onExitPrimitive`) without which an interruption would lose the resource. Ours are 28 %: the " +
      "cell, two turns of the actor, the lease. With no pool at all, a guard around the same body takes 1.1 times as long as the " +
      "floor, so that a pool that cost nothing would still take 0.45 times as long as `Pool.use`. `checkout` with `checkin` is " +
      "two effects and what joins them, where `Pool.use` is one: Effect's part alone is 58 % of it. The promises of " +
      "lightning-pool are settled without a scheduler; 0.35 of it would be below the floor."
  },
  {
    workload: "W2",
    text:
      "In the pools of promises a promise waits where with us a fiber does. The floor, which suspends and yields in Effect " +
      "with no pool at all, takes about as long as the whole cycle of the fastest of them."
  },
  {
    workload: "W3",
    text:
      "A waiting promise is a smaller thing than a waiting fiber: at 100 000 the floor alone takes about as long as the " +
      "pools of promises that are ahead."
  },
  {
    workload: "W4",
    text:
      "Every waiter gets an error of its own, with what it waited and what the pool looked like, and fails through the guard " +
      "around it. A profile of the processor's time: 44 % for the collector, 9 % for making the errors, the rest is Effect's " +
      "failing and resuming, which the floor has too."
  },
  {
    workload: "W5",
    text:
      "Here the others do less. Ours opens four resources in each burst, each on a worker fiber with a scope of its own, and " +
      "closes them when nobody waits any more, as poolboy does. The others have opened theirs before the first round that " +
      "counts, and keep them."
  },
  {
    workload: "W6 mpsc bounded",
    text:
      "Taking all there is costs both sides little beside the sends, each of which is an effect of its own; the two are alike " +
      "within the spread, and change places from run to run."
  },
  {
    workload: "W7",
    text:
      "Server and clients share the two cores of this machine and a query takes 27 µs, so a microsecond more per query shows, " +
      "and the spread is wide. With 16 fibers on ten connections most queries find a client at once; those that do not suspend " +
      "for the pool, and are resumed by a task of the scheduler, never on the stack of whoever gives back."
  },
  {
    workload: "size",
    text:
      "The supervisor that starts a pool again after a crash, with its restart strategies and budgets, is about a fifth of it, the actors are another. " +
      "It is not optional: it is what a pool survives by."
  }
]
