/**
 * How many messages a mailbox holds.
 *
 * @internal
 */
import type { Options } from "../Actor.ts"

/** A number that is not a positive integer is a mistake of the program, and throws. @internal */
export const capacityOf = (options: Options | undefined): number => {
  const capacity = options?.mailboxCapacity ?? "unbounded"
  if (capacity === "unbounded") return Infinity
  if (Number.isInteger(capacity) && capacity > 0) return capacity
  throw new RangeError(`mailboxCapacity must be a positive integer or "unbounded", got ${capacity}`)
}
