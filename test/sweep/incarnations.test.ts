/**
 * Whatever a session does between two incarnations of its pool is interrupted at every point; afterwards the pool is
 * whole. So is one that is killed at every point of what a session does.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Logger, Scope } from "effect"
import { Pool } from "whitepool"
import { type Actor, ExitReason, Supervisor } from "whitepool/actor"
import { crash } from "../support/crash.ts"
import { counts, type Session, World } from "../support/world.ts"
import { sweep } from "../support/yieldSweep.ts"

interface Ground {
  readonly world: World
  readonly session: Session
  readonly scope: Scope.Closeable
}

const size = 2
const silent = Effect.provide(Logger.layer([]))

const operations: ReadonlyArray<[string, (session: Session) => Effect.Effect<unknown, unknown>]> = [
  ["use", (session) => session.use(() => Effect.yieldNow)],
  ["scoped", (session) => Effect.scoped(session.scoped())],
  ["checkout", (session) => session.checkout()],
  ["checkout + checkin", (session) => Effect.flatMap(session.checkout(), (lease) => session.checkin(lease))],
  ["tryCheckout", (session) => Effect.exit(session.tryCheckout())]
]

const assertWhole = ({ scope, session, world }: Ground, exit: Exit.Exit<unknown, unknown>) =>
  Effect.gen(function*() {
    if (Exit.isSuccess(exit) && Pool.isLease(exit.value)) yield* session.checkin(exit.value)
    for (let i = 0; i < 60; i++) yield* Effect.yieldNow
    assert.deepStrictEqual(yield* counts(session), { idle: size })
    assert.strictEqual(world.live, size)
    yield* Scope.close(scope, Exit.void)
    for (let i = 0; i < 20; i++) yield* Effect.yieldNow
    assert.strictEqual(world.live, 0)
    assert.deepStrictEqual(world.problems, [])
  }).pipe(silent)

describe.each(operations)("%s", (_, run) => {
  it("interrupted at every point while it waits for an incarnation", async () => {
    const setup = Effect.gen(function*() {
      const world = new World()
      const scope = Scope.makeUnsafe()
      const session = yield* Scope.provide(world.make({ size }), scope)
      yield* crash(session)
      return { world, session, scope } satisfies Ground
    }).pipe(Effect.orDie, silent)
    const { points } = await sweep({ setup, run: ({ session }) => run(session), verify: assertWhole })
    assert.isAtLeast(points, 62)
  })

  it("interrupted at every point beside a kill of the pool's actor", async () => {
    const setup = Effect.gen(function*() {
      const world = new World()
      const scope = Scope.makeUnsafe()
      const { session, spec } = yield* Pool.childSpec("db", { factory: world.factory, size })
      const tree = yield* Scope.provide(Supervisor.make({}, [spec]), scope)
      const [info] = yield* tree.whichChildren
      const actor = info?.child as Actor.ActorRef<never>
      return { world, session, scope, actor }
    }).pipe(Effect.provideService(Pool.CheckInvariants, true), Effect.orDie, silent)
    const { points } = await sweep({
      setup,
      run: ({ session }) => run(session),
      beside: ({ actor }) => actor.exit(ExitReason.killed),
      verify: assertWhole
    })
    assert.isAtLeast(points, 62)
  })
})

describe("the start of a pool in a place of its own", () => {
  const setup = Effect.gen(function*() {
    const world = new World()
    world.open = () => Effect.yieldNow
    const { session, spec } = yield* Pool.childSpec("db", { factory: world.factory, size })
    return { world, session, spec, scope: Scope.makeUnsafe() }
  }).pipe(Effect.orDie, silent)
  type Plot = Effect.Success<typeof setup>

  /** Nothing is left of it, and another start has a pool. */
  const assertAgain = ({ scope, session, spec, world }: Plot) =>
    Effect.gen(function*() {
      yield* Scope.close(scope, Exit.void)
      for (let i = 0; i < 30; i++) yield* Effect.yieldNow
      yield* session.shutdown()
      assert.strictEqual(world.live, 0)
      yield* Effect.scoped(Effect.andThen(Supervisor.make({}, [spec]), session.use(() => Effect.void)))
      assert.strictEqual(world.live, 0)
      assert.deepStrictEqual(world.problems, [])
    }).pipe(Effect.orDie, silent)

  it("under a supervisor, interrupted at every point", async () => {
    const run = ({ scope, spec }: Plot) => Scope.provide(Supervisor.make({}, [spec]), scope)
    const { points } = await sweep({ setup, run, verify: assertAgain })
    assert.isAtLeast(points, 62)
  })

  it("by hand, interrupted at every point, while its scope closes", async () => {
    const { points } = await sweep({
      setup,
      run: ({ scope, spec }) => Scope.provide(spec.start, scope),
      beside: ({ scope }) => Effect.andThen(Effect.yieldNow, Scope.close(scope, Exit.void)),
      verify: assertAgain
    })
    assert.isAtLeast(points, 62)
  })
})
