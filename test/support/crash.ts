/** How a test makes the supervisor actor of a pool crash. */
import { Effect } from "effect"
import type { Pool } from "whitepool"
import { Core } from "../../src/pool/internal/core.ts"

/** The supervisor actor gets a message that it cannot understand, and dies of it. Nothing for a pool that has none. */
export const crash = (session: Pool.Session<unknown, unknown>): Effect.Effect<void> =>
  Effect.gen(function*() {
    const cores: Array<Core> = []
    const post = Core.prototype.post
    Core.prototype.post = function(message) {
      cores.push(this)
      return post.call(this, message)
    }
    yield* Effect.ensuring(session.status, Effect.sync(() => Core.prototype.post = post))
    cores[0]?.post({ _tag: "Nonsense" } as never)
  })
