/** Effect's `Pool.get`, in a scope of its own for each borrow. */
import { Effect, Pool } from "effect"
import { type Body, effectSubject } from "../drivers/effectPool.ts"
import { openEffectPool } from "../drivers/openEffectPool.ts"
import type { Resource } from "../harness/resource.ts"

const within = (pool: Pool.Pool<Resource>, body: Body) => Effect.scoped(Effect.flatMap(Pool.get(pool), body))

export const subject = effectSubject(
  "effect Pool.get",
  (stock, options) =>
    Effect.map(openEffectPool(stock, options), (pool) => ({
      borrow: (body) => within(pool, body),
      borrowWithin: (millis, body) => Effect.timeout(within(pool, body), millis),
      waiting: Effect.sync(() => pool.state.waiters.size)
    }))
)
