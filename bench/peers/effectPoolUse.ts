/** Effect's `Pool.use`. */
import { Effect, Pool } from "effect"
import { effectSubject } from "../drivers/effectPool.ts"
import { openEffectPool } from "../drivers/openEffectPool.ts"

export const subject = effectSubject(
  "effect Pool.use",
  (stock, options) =>
    Effect.map(openEffectPool(stock, options), (pool) => ({
      borrow: (body) => Pool.use(pool, body),
      borrowWithin: (millis, body) => Effect.timeout(Pool.use(pool, body), millis),
      waiting: Effect.sync(() => pool.state.waiters.size)
    }))
)
