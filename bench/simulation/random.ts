/** Numbers that look like chance, and are the same in every run. */

/** From 0 up to 1, but never 1. */
export type Random = () => number

/** Mulberry32: 32 bits of state are plenty for some ten thousand callers. */
export const randomFrom = (seed: number): Random => {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The time between two callers who know nothing of each other. */
export const exponential = (random: Random, mean: number): number => -mean * Math.log(1 - random())

/** In parts of what the mean would be without a limit. */
const limit = 5

/** What no work takes longer than. */
export const longestWork = (mean: number): number => limit * mean / (1 - Math.exp(-limit))

/** How long somebody works with a resource: mostly short, sometimes long, but never longer than `longestWork`. */
export const workTime = (random: Random, mean: number): number => {
  const longest = longestWork(mean)
  return Math.min(exponential(random, longest / limit), longest)
}
