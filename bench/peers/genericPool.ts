/** generic-pool's `acquire` and `release`; its `use` is the same with a promise more. */
import * as genericPool from "generic-pool"
import { promiseSubject } from "../drivers/promisePool.ts"

export const subject = promiseSubject("generic-pool", (stock, { overflow, size, timeout }) => {
  const pool = genericPool.createPool({
    create: async () => stock.open(),
    destroy: async (resource) => stock.close(resource)
  }, {
    max: size + overflow,
    ...(overflow > 0 ? { min: size } : {}),
    ...(timeout === undefined ? {} : { acquireTimeoutMillis: timeout })
  })
  return {
    acquire: () => Promise.resolve(pool.acquire()),
    release: (resource) => pool.release(resource),
    waiting: () => pool.pending,
    close: async () => {
      await pool.drain()
      await pool.clear()
    }
  }
})
