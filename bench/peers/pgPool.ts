/** pg-pool with a client that does nothing: the pool alone, as others use it through its `Client` option. */
import { EventEmitter } from "node:events"
import type { Client, PoolClient } from "pg"
import Pool from "pg-pool"
import { promiseSubject } from "../drivers/promisePool.ts"
import type { Resource } from "../harness/resource.ts"

/** What pg-pool asks of a client. */
class TrivialClient extends EventEmitter implements Resource {
  held = false
  uses = 0
  // Read by the pool before it takes a client back.
  readonly _queryable = true
  readonly _ending = false

  connect(callback: (error?: Error) => void): void {
    callback()
  }

  end(callback: () => void): void {
    callback()
  }

  isConnected(): boolean {
    return true
  }

  ref(): void {}

  unref(): void {}
}

type Held = Resource & Pick<PoolClient, "release">

export const subject = promiseSubject<Held>("pg-pool", (stock, { overflow, size, timeout }) => {
  const pool = new Pool({
    Client: class extends TrivialClient {
      constructor() {
        super()
        stock.adopt(this)
      }
    } as unknown as new() => Client,
    max: size + overflow,
    ...(overflow > 0 ? { min: size } : {}),
    ...(timeout === undefined ? {} : { connectionTimeoutMillis: timeout })
  })
  return {
    acquire: () => pool.connect() as unknown as Promise<Held>,
    release: (client) => client.release(),
    waiting: () => pool.waitingCount,
    close: () => pool.end()
  }
})
