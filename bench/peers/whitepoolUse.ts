/** Our `use`, everything at its default. */
import { Effect } from "effect"
import { Pool } from "whitepool"
import { effectSubject } from "../drivers/effectPool.ts"

export const subject = effectSubject("whitepool use", (stock, { overflow, size }) =>
  Effect.map(
    Pool.make({
      factory: Effect.acquireRelease(Effect.sync(stock.open), (resource) => Effect.sync(() => stock.close(resource))),
      size,
      maxOverflow: overflow
    }),
    (session) => ({
      borrow: (body) => session.use(body),
      borrowWithin: (millis, body) => session.use(body, { timeout: millis }),
      waiting: Effect.map(session.status, ({ waiting }) => waiting)
    })
  ))
