/** `use` of a `KeyedPool` with one key: what finding the pool, and noting that its key is in use, cost. */
import { Effect } from "effect"
import { KeyedPool } from "whitepool/pools"
import { effectSubject } from "../drivers/effectPool.ts"

const waitingOf = ({ waiting }: { readonly waiting: number }): number => waiting

export const subject = effectSubject("whitepool KeyedPool.use", (stock, { overflow, size }) =>
  Effect.map(
    KeyedPool.make({
      lookup: () => ({
        factory: Effect.acquireRelease(Effect.sync(stock.open), (resource) => Effect.sync(() => stock.close(resource))),
        size,
        maxOverflow: overflow
      })
    }),
    (pools) => ({
      borrow: (body) => pools.use("one", body),
      borrowWithin: (millis, body) => pools.use("one", body, { timeout: millis }),
      waiting: Effect.orDie(Effect.flatMap(pools.session("one"), (session) => Effect.map(session.status, waitingOf)))
    })
  ))
