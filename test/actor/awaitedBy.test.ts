/** Whoever is interrupted while it waits for an actor waits for it no more: the pool takes a waiting fiber's leases. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import { TestClock } from "effect/testing"
import { Actor, ExitReason, Supervisor } from "whitepool/actor"
import { type AwaitedBy, whileAwaited } from "../../src/actor/internal/awaitedBy.ts"
import { Process } from "../../src/actor/internal/process.ts"
import { sweep } from "../support/yieldSweep.ts"
import { settle } from "./support/settle.ts"

const awaitedBy = (ref: Actor.ActorRef<never>): AwaitedBy =>
  ref instanceof Process ? ref.awaitedBy : assert.fail("no actor of this library")

describe("a fiber that waits for an actor", () => {
  it("is not entered for good, wherever it is interrupted", async () => {
    const swept = await sweep({
      setup: Effect.sync(() => new Set<Fiber.Fiber<unknown, unknown>>()),
      run: (entered) => whileAwaited(entered, Effect.repeat(Effect.yieldNow, { times: 3 })),
      verify: (entered) => Effect.sync(() => assert.strictEqual(entered.size, 0))
    })
    assert.isAbove(swept.points, 100)
  })

  for (const operation of ["stop", "whichChildren"] as const) {
    it(`in ${operation} is not entered for good, wherever it is interrupted`, async () => {
      const swept = await sweep({
        maxOps: [3, 4, 5, 6, 7, 8, 9, 10],
        setup: Effect.orDie(Effect.gen(function*() {
          const scope = yield* Scope.make()
          return { scope, supervisor: yield* Scope.provide(Supervisor.make({}, []), scope) }
        })),
        run: ({ supervisor }): Effect.Effect<unknown, Supervisor.SupervisorError> =>
          operation === "stop" ? supervisor.ref.stop() : supervisor.whichChildren,
        verify: ({ scope, supervisor }) =>
          Effect.gen(function*() {
            assert.strictEqual(awaitedBy(supervisor.ref).size, 0)
            yield* Scope.close(scope, Exit.void)
          })
      })
      assert.isAbove(swept.points, 10)
    })
  }

  it.effect("is entered while it closes the scope of a killed supervisor, until the last child has ended", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const start = Actor.spawn<string>({ receive: () => {}, trapExit: true, terminate: () => Effect.sleep(10) })
      const supervisor = yield* Scope.provide(Supervisor.make({}, [{ id: "a", start }]), scope)
      yield* supervisor.ref.exit(ExitReason.killed)
      yield* supervisor.awaitExit
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* settle
      const waiting = [...awaitedBy(supervisor.ref)]
      yield* TestClock.adjust(10)
      yield* Fiber.join(closing)
      assert.deepStrictEqual(waiting.map(({ id }) => id), [closing.id])
      assert.strictEqual(awaitedBy(supervisor.ref).size, 0)
    }))
})
