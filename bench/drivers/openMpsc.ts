import { Mpsc } from "whitepool/channel"

export const openMpsc = (capacity: number) =>
  capacity === Infinity ? Mpsc.unbounded<number>() : Mpsc.bounded<number>(capacity)
