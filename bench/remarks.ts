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
    workload: "W5",
    text:
      "Here the others do less. Ours opens four resources in each burst, each on a worker fiber with a scope of its own, and " +
      "closes them when nobody waits any more, as poolboy does. The others have opened theirs before the first round that " +
      "counts, and keep them."
  }
]
