/** The scope in which a resource is reserved: closed before, closed meanwhile, or open for long (C7). */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { checkinAll, endOf, reserving, sharing } from "../support/reserving.ts"
import { id } from "../support/resources.ts"
import { isWaiting } from "../support/waiting.ts"
import { forkSettled, settle } from "../support/world.ts"

/** How many finalizers a scope has. */
const finalizersOf = ({ state }: Scope.Closeable): number => state._tag === "Open" ? state.finalizers?.size ?? 1 : 0

describe("reserve", () => {
  it.effect("in a scope that is closed already withholds nothing from others", () =>
    Effect.gen(function*() {
      for (const leases of [1, 2]) {
        const { a, session } = yield* sharing(leases)
        const scope = yield* Scope.make()
        yield* Scope.close(scope, Exit.void)
        const fiber = yield* forkSettled(Scope.provide(session.reserve(a), scope))
        const waiter = yield* forkSettled(session.use(id))
        yield* Fiber.interrupt(fiber)
        yield* settle
        assert.isFalse(isWaiting(waiter), `${leases} leases`)
      }
    }))

  it.effect("in a scope that closes while it waits it is interrupted, and withholds nothing", () =>
    Effect.gen(function*() {
      const { a, b, session } = yield* sharing(2)
      const { close, fiber } = yield* reserving(session, a)
      yield* close
      assert.strictEqual(yield* session.use(id), 1)
      yield* checkinAll(session, b, a)
      yield* settle
      assert.strictEqual(endOf(fiber), "interrupted")
    }))

  it.effect("leaves nothing behind in a scope that lives long, if it reserves nothing", () =>
    Effect.gen(function*() {
      const { a, b, session } = yield* sharing(2)
      yield* reserving(session, a)
      const scope = yield* Scope.make()
      for (let n = 0; n < 10; n++) yield* Effect.exit(Scope.provide(session.reserve(b), scope))
      assert.isAtMost(finalizersOf(scope), 1)
    }))
})
