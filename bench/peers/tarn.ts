/** tarn, which knows no pool without a minimum. */
import { Pool } from "tarn"
import { promiseSubject } from "../drivers/promisePool.ts"

export const subject = promiseSubject("tarn", (stock, { overflow, size, timeout }) => {
  const pool = new Pool({
    create: stock.open,
    destroy: stock.close,
    min: overflow > 0 ? size : 0,
    max: size + overflow,
    ...(timeout === undefined ? {} : { acquireTimeoutMillis: timeout })
  })
  return {
    acquire: () => pool.acquire().promise,
    release: (resource) => pool.release(resource),
    waiting: () => pool.numPendingAcquires(),
    close: () => pool.destroy()
  }
})
