import { Effect, Pool, type Scope } from "effect"
import type { Resource, Stock } from "../harness/resource.ts"
import type { PoolSize } from "./plan.ts"

/** Effect's pool closes what it has too much by the clock alone: here after a minute, which is never. */
export const openEffectPool = (
  stock: Stock,
  { overflow, size }: PoolSize
): Effect.Effect<Pool.Pool<Resource>, never, Scope.Scope> => {
  const acquire = Effect.acquireRelease(Effect.sync(stock.open), (resource) => Effect.sync(() => stock.close(resource)))
  return overflow === 0
    ? Pool.make({ acquire, size })
    : Pool.makeWithTTL({ acquire, min: size, max: size + overflow, timeToLive: "1 minute" })
}
