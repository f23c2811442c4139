/** Our `use`, of a pool with a lifetime, an idle timeout and a validation that is bypassed, as nearly all are in a busy pool. */
import { Effect } from "effect"
import { Pool } from "whitepool"
import { effectSubject } from "../drivers/effectPool.ts"

export const subject = effectSubject("whitepool use with policies", (stock, { overflow, size }) =>
  Effect.map(
    Pool.make({
      factory: Effect.acquireRelease(Effect.sync(stock.open), (resource) => Effect.sync(() => stock.close(resource))),
      size,
      maxOverflow: overflow,
      minIdle: 0,
      idleTimeout: "10 minutes",
      maxLifetime: "30 minutes",
      validate: () => Effect.succeed(true)
    }),
    (session) => ({
      borrow: (body) => session.use(body),
      borrowWithin: (millis, body) => session.use(body, { timeout: millis }),
      waiting: Effect.map(session.status, ({ waiting }) => waiting)
    })
  ))
