/** Our `checkout` and `checkin`, everything at its default: the owner is watched. */
import { Effect } from "effect"
import { Pool } from "whitepool"
import { type Body, effectSubject } from "../drivers/effectPool.ts"

const within = (session: Pool.Session<Parameters<Body>[0]>, body: Body, options?: Pool.CheckoutOptions) =>
  Effect.flatMap(
    session.checkout(options),
    (lease) => Effect.flatMap(body(lease.resource), () => session.checkin(lease))
  )

export const subject = effectSubject("whitepool checkout+checkin", (stock, { overflow, size }) =>
  Effect.map(
    Pool.make({
      factory: Effect.acquireRelease(Effect.sync(stock.open), (resource) => Effect.sync(() => stock.close(resource))),
      size,
      maxOverflow: overflow
    }),
    (session) => ({
      borrow: (body) => within(session, body),
      borrowWithin: (millis, body) => within(session, body, { timeout: millis }),
      waiting: Effect.map(session.status, ({ waiting }) => waiting)
    })
  ))
