/** A pool of which several resources are asked for together. */
import { Effect } from "effect"
import type { Pool } from "whitepool"
import { ids } from "./resources.ts"
import { lend, type Resource, type Session, World } from "./world.ts"

export type Leases = ReadonlyArray<Pool.Lease<Resource>>

export const many = (session: Session, n: number, options: Pool.OwnedCheckoutOptions = {}) =>
  session.checkoutMany(n, { owner: "none", ...options })

export const checkinAll = (session: Session, leases: Leases) =>
  Effect.forEach(leases, (lease) => session.checkin(lease), { discard: true })

export const resourcesOf = (leases: Leases) => ids(leases.map(({ resource }) => resource)).slice().sort((a, b) => a - b)

/** A pool of so many, of which so many are lent. */
export const pool = (size: number, lent: number, options: Parameters<World["pool"]>[0] = {}) =>
  Effect.gen(function*() {
    const world = new World()
    const session = yield* world.pool({ size, link: world.link, ...options })
    return { world, session, held: yield* lend(session, lent) }
  })
