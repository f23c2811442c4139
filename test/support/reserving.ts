/** A resource that several have, and of which one wants to be alone with it. */
import { Effect, Exit, type Fiber, Scope } from "effect"
import type { Pool } from "whitepool"
import { forkSettled, lend, type Session, World } from "./world.ts"

export type Lease = Pool.Lease<unknown>

/** A pool of one resource, and so many leases of it, which the end of no fiber takes back. */
export const sharing = (leases: number, options: Parameters<World["pool"]>[0] = {}) =>
  Effect.gen(function*() {
    const world = new World()
    const session = yield* world.pool({ concurrency: 4, link: world.link, ...options })
    const [a, b, c] = yield* lend(session, leases)
    return { world, session, a: a!, b: b!, c: c! }
  })

/** Reserves in a scope of its own, beside the test. */
export const reserving = (session: Session, lease: Lease) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const fiber = yield* forkSettled(Scope.provide(session.reserve(lease), scope))
    return { scope, fiber, close: Scope.close(scope, Exit.void) }
  })

/** How it has ended: the tag of its failure or defect. */
export const endOf = (fiber: Fiber.Fiber<void, { readonly _tag: string }>): string => {
  const exit = fiber.pollUnsafe()
  if (exit === undefined) return "waits"
  if (Exit.isSuccess(exit)) return "alone"
  const [reason] = exit.cause.reasons
  if (reason?._tag === "Fail") return reason.error._tag
  if (reason?._tag === "Die") return (reason.defect as { readonly _tag: string })._tag
  return "interrupted"
}

export const checkinAll = (session: Session, ...all: ReadonlyArray<Lease>) =>
  Effect.forEach(all, (lease) => session.checkin(lease))
