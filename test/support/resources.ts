/** Small words of the tests about what is open. */
import { Duration, Effect } from "effect"
import type { Pool } from "whitepool"
import type { Resource, Session } from "./world.ts"

/** Tells which one it is. */
export const id = (resource: Resource): Effect.Effect<number> => Effect.succeed(resource.id)

export const ids = (resources: ReadonlyArray<Resource>): ReadonlyArray<number> =>
  resources.map((resource) => resource.id)

/** All numbers of a pool that are counts, those of its checks too, without those that are 0. */
export const numbers = (session: Session): Effect.Effect<Partial<Record<string, number>>> =>
  Effect.map(
    session.status,
    ({ abandoned, closing, idle, lent, opening, resetting, validating, waiting }) =>
      Object.fromEntries(
        Object.entries({ idle, lent, opening, resetting, validating, closing, waiting, abandoned })
          .filter(([, count]) => count > 0)
      )
  )

/** What a predicate was told, in plain numbers. */
export interface Told {
  readonly id: number
  readonly age: number
  readonly idleFor: number
  readonly uses: number
  readonly overflow: boolean
}

export const told = (info: Pool.ResourceInfo, { id }: Resource): Told => ({
  id,
  age: Duration.toMillis(info.age),
  idleFor: Duration.toMillis(info.idleFor),
  uses: info.uses,
  overflow: info.overflow
})
