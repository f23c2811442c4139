/**
 * What a checkout asks for beyond a resource, found out on the caller's side, where its code may run.
 *
 * @internal
 */
import { InvalidOptions } from "../PoolError.ts"
import type { CheckoutOptions } from "../Session.ts"
import type { Terms } from "./borrow.ts"
import type { Front } from "./front.ts"
import type { Worker } from "./worker.ts"

/** @internal */
export const termsOf = <A>(front: Front, { key, prefer, priority = 0 }: CheckoutOptions<A>): Terms | undefined => {
  if (!Number.isSafeInteger(priority) || priority < 0) {
    throw new InvalidOptions({
      pool: front.settings.name,
      problems: ["priority: must be a whole number of at least 0"]
    })
  }
  if (priority === 0 && key === undefined && prefer === undefined) return undefined
  return { priority, key, preferred: prefer && preferred(front, prefer) }
}

/** The first of those that are idle, in the order in which they would be lent. By the time it is asked for, it may be gone. */
const preferred = <A>(front: Front, prefer: NonNullable<CheckoutOptions<A>["prefer"]>): Worker | undefined => {
  const { core } = front
  if (core === undefined) return undefined
  const { idle } = core.machine.state
  const idlers: Array<Worker> = []
  for (let worker = idle.head; worker !== undefined; worker = worker.next) idlers.push(worker)
  if (front.settings.strategy === "lifo") idlers.reverse()
  return idlers.find((worker) => prefer(core.shell.infoOf(worker), worker.resource as A))
}

/** Those with an open resource that it holds of. @internal */
export const thoseThat = <A>(
  front: Front,
  predicate: NonNullable<CheckoutOptions<A>["prefer"]>
): ReadonlyArray<Worker> => {
  const { core } = front
  if (core === undefined) return []
  return Array.from(core.machine.state.workers).filter((worker) =>
    worker.state !== "opening" && worker.state !== "closing" &&
    predicate(core.shell.infoOf(worker), worker.resource as A)
  )
}
