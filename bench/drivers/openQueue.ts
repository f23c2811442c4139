import { Queue } from "effect"

export const openQueue = (capacity: number) =>
  capacity === Infinity ? Queue.unbounded<number>() : Queue.bounded<number>(capacity)
