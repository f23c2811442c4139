/**
 * The numbers of all shards, as if they were one pool.
 *
 * @internal
 */
import type { Status } from "../Status.ts"

/** The state of the whole is the best one of a part. */
const words: ReadonlyArray<Status["state"]> = ["ready", "overflow", "full", "draining", "closed"]

/** @internal */
export const sumStatus = (name: string, parts: ReadonlyArray<Status>): Status => {
  const sum: Record<string, unknown> = {}
  for (const part of parts) {
    for (const [key, value] of Object.entries(part)) {
      if (typeof value === "number") sum[key] = (sum[key] as number | undefined ?? 0) + value
    }
  }
  const state = words.find((word) => parts.some((part) => part.state === word))!
  return { ...sum as unknown as Status, name, state, suspended: parts.every(({ suspended }) => suspended) }
}
