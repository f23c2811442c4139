/** A program that makes a pool, uses it, lets somebody wait in vain, and never closes it. It must end by itself. */
import { Effect, Scope } from "effect"
import { Pool } from "../../../src/index.ts"

const program = Effect.gen(function*() {
  const session = yield* Pool.make({ factory: Effect.succeed({}), size: 1, maxOverflow: 1 })
  yield* session.use(() => session.use(() => Effect.void))
  const leases = [yield* session.checkout(), yield* session.checkout()]
  yield* Effect.exit(session.checkout({ timeout: 5 }))
  yield* Effect.forEach(leases, (lease) => session.checkin(lease))
  console.log((yield* session.status).lent === 0 ? "idle" : "not idle")
})

await Effect.runPromise(Effect.provideService(program, Scope.Scope, Scope.makeUnsafe()))
