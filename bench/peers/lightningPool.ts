/** lightning-pool, without its limit of 1 000 waiters. */
import { Pool } from "lightning-pool"
import { promiseSubject } from "../drivers/promisePool.ts"
import type { Resource } from "../harness/resource.ts"

export const subject = promiseSubject("lightning-pool", (stock, { overflow, size, timeout }) => {
  const pool = new Pool<Resource>({ create: stock.open, destroy: stock.close }, {
    max: size + overflow,
    maxQueue: Number.MAX_SAFE_INTEGER,
    ...(overflow > 0 ? { min: size } : {}),
    ...(timeout === undefined ? {} : { acquireTimeoutMillis: timeout })
  })
  return {
    acquire: () => pool.acquire(),
    release: (resource) => pool.release(resource),
    waiting: () => pool.pending,
    close: () => pool.closeAsync()
  }
})
