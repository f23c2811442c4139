/**
 * `checkoutMany` is interrupted at every point, with every `MaxOpsBeforeYield` from 3 to 64, whatever keeps it waiting; so is
 * the pool killed at every point of it. Afterwards the pool is whole: all of them were handed out, or none was touched.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Logger, Scope } from "effect"
import { Pool } from "whitepool"
import { type Actor, ExitReason, Supervisor } from "whitepool/actor"
import { crash } from "../support/crash.ts"
import { numbers } from "../support/resources.ts"
import { type Resource, type Session, World } from "../support/world.ts"
import { sweep, type Swept } from "../support/yieldSweep.ts"

interface Ground {
  readonly world: World
  readonly session: Session
  readonly scope: Scope.Closeable
  /** What keeps the swept one waiting. */
  readonly held: ReadonlyArray<Pool.Lease<Resource>>
  /** The swept one has all of them: from here on an interruption may have broken them. */
  had: boolean
}

const size = 3
const n = 2
const silent = Effect.provide(Logger.layer([]))
const yields = (count: number) =>
  Effect.forEach(Array.from({ length: count }), () => Effect.yieldNow, { discard: true })

/** A pool of its own for each run. */
const ground = (lent: number, options: Parameters<World["make"]>[0] = {}) =>
  Effect.gen(function*() {
    const world = new World()
    const scope = Scope.makeUnsafe()
    const session = yield* Scope.provide(world.make({ size, ...options }), scope)
    const held = yield* Effect.forEach(Array.from({ length: lent }), () => session.checkout({ owner: "none" }))
    return { world, session, scope, held, had: false } satisfies Ground
  }).pipe(Effect.orDie)

/** Gives the swept one time to queue, and then what it waits for, one after the other. */
const giveBack = ({ held, session }: Ground) =>
  Effect.andThen(
    yields(3),
    Effect.forEach(held, (lease) => Effect.andThen(session.checkin(lease), yields(2)), { discard: true })
  )

/** Until nothing is under way any more. */
const rest = (session: Session) =>
  Effect.gen(function*() {
    for (let i = 0; i < 60; i++) {
      const { closing, lent, opening, resetting, validating, waiting } = yield* session.status
      if (i > 2 && opening + closing + lent + resetting + validating + waiting === 0) return
      yield* Effect.yieldNow
    }
  })

const isLeases = (value: unknown): value is ReadonlyArray<Pool.Lease<Resource>> =>
  Array.isArray(value) && value.every(Pool.isLease)

const assertUnharmed = (g: Ground, exit: Exit.Exit<unknown, unknown>) =>
  Effect.gen(function*() {
    const { held, scope, session, world } = g
    if (Exit.isSuccess(exit) && isLeases(exit.value)) {
      assert.strictEqual(exit.value.length, n)
      assert.isTrue(exit.value.every(({ isLive }) => isLive), "all of them or none")
      assert.strictEqual(new Set(exit.value.map(({ resource }) => resource)).size, n)
      yield* Effect.forEach(exit.value, (lease) => session.checkin(lease))
    }
    yield* Effect.forEach(held, (lease) => session.checkin(lease))
    yield* rest(session)
    const open = world.begun - world.closed.length
    assert.deepStrictEqual(yield* numbers(session), { idle: open })
    assert.strictEqual(world.live, open)
    // Those that the caller had when it was interrupted are replaced, and no others.
    const replaced = g.had && Exit.hasInterrupts(exit) ? n : 0
    assert.isAtMost(world.begun, size + replaced)
    assert.isAtMost(world.closed.length, replaced)
    yield* Scope.close(scope, Exit.void)
    assert.strictEqual(world.live, 0)
    assert.deepStrictEqual(world.problems, [])
  }).pipe(Effect.orDie)

const many = (g: Ground, options?: Pool.OwnedCheckoutOptions) =>
  Effect.map(g.session.checkoutMany(n, options), (leases) => {
    g.had = true
    return leases
  })

const total = { points: 0 }
const counted = (least: number, { points }: Swept): void => {
  total.points += points
  assert.isAtLeast(points, least)
}

const operations: ReadonlyArray<[string, (g: Ground) => Effect.Effect<unknown, unknown>]> = [
  ["checkoutMany", (g) => many(g)],
  [
    "checkoutMany + checkin",
    (g) => Effect.flatMap(many(g), (leases) => Effect.forEach(leases, (lease) => g.session.checkin(lease)))
  ],
  [
    "checkoutMany of nobody + checkin in a guard",
    (g) =>
      Effect.acquireUseRelease(
        g.session.checkoutMany(n, { owner: "none" }),
        () => Effect.yieldNow,
        (leases) => Effect.forEach(leases, (lease) => g.session.checkin(lease))
      )
  ]
]

/** What comes behind the first of them is swept more coarsely. */
const coarse = Array.from({ length: 16 }, (_, index) => 3 + 4 * index)

describe.each(operations)("%s, interrupted at every point (B-7)", (name, run) => {
  const maxOps = name === "checkoutMany" ? undefined : coarse

  it("where enough is idle", async () => {
    counted(16, await sweep({ setup: ground(0), run, verify: assertUnharmed, maxOps }))
  })

  it("where it must wait for some of them", async () => {
    counted(16 * 5, await sweep({ setup: ground(2), run, beside: giveBack, verify: assertUnharmed, maxOps }))
  })

  it("where it must wait for all of them", async () => {
    counted(16 * 5, await sweep({ setup: ground(size), run, beside: giveBack, verify: assertUnharmed, maxOps }))
  })

  it("where it must wait for openings", async () => {
    const setup = Effect.map(ground(1, { start: "lazy" }), (g) => {
      g.world.open = (id) => yields(id)
      return g
    })
    counted(16 * 5, await sweep({ setup, run, beside: giveBack, verify: assertUnharmed, maxOps }))
  })
})

const rivals = { fairness: {} } as const
const grounds: ReadonlyArray<[string, Parameters<World["make"]>[0]]> = [
  ["of a pool that resets", { reset: () => Effect.yieldNow }],
  ["of a pool that validates", { validate: () => Effect.as(Effect.yieldNow, true), validationBypass: 0 }],
  ["of a pool whose tenants take turns", rivals]
]

/** As long as it is swept, another one wants as many, and a third one only one. */
const crowd = (g: Ground) =>
  Effect.gen(function*() {
    const rival = Effect.flatMap(
      g.session.checkoutMany(n, { key: "rival", owner: "none" }),
      (leases) => Effect.andThen(Effect.yieldNow, Effect.forEach(leases, (lease) => g.session.checkin(lease)))
    )
    const single = g.session.use(() => Effect.yieldNow, { key: "single" })
    yield* Effect.all([rival, single, giveBack(g)], { concurrency: "unbounded", discard: true })
  }).pipe(Effect.orDie)

describe.each(grounds)("checkoutMany %s, interrupted at every point beside others (deadlock)", (_, options) => {
  it("lets all of them have theirs", async () => {
    const setup = ground(0, { ...options, checkoutTimeout: "infinity" }).pipe(
      // A lease each, taken at once: under `validate` what is idle is doubtful.
      Effect.flatMap((g) =>
        Effect.map(
          Effect.forEach([1, 2, 3], () => g.session.checkout({ owner: "none" })),
          (held): Ground => ({ ...g, held })
        )
      ),
      Effect.orDie
    )
    const run = (g: Ground) =>
      Effect.flatMap(many(g, { key: "swept" }), (leases) => Effect.forEach(leases, (lease) => g.session.checkin(lease)))
    counted(16 * 5, await sweep({ setup, run, beside: crowd, verify: assertUnharmed, maxOps: coarse }))
  })
})

describe("checkoutMany, and the actor of the pool", () => {
  const run = ({ session }: Ground) => session.checkoutMany(n)

  it("interrupted at every point while it waits for an incarnation", async () => {
    const setup = Effect.gen(function*() {
      const g = yield* ground(0)
      yield* crash(g.session)
      return { ...g, had: true }
    }).pipe(silent)
    const verify = ({ scope, session, world }: Ground, exit: Exit.Exit<unknown, unknown>) =>
      Effect.gen(function*() {
        if (Exit.isSuccess(exit) && isLeases(exit.value)) {
          yield* Effect.forEach(exit.value, (lease) => session.checkin(lease))
        }
        yield* yields(60)
        assert.deepStrictEqual(yield* numbers(session), { idle: size })
        yield* Scope.close(scope, Exit.void)
        yield* yields(20)
        assert.strictEqual(world.live, 0)
        assert.deepStrictEqual(world.problems, [])
      }).pipe(silent)
    counted(16, await sweep({ setup, run, verify, maxOps: coarse }))
  })

  it("killed at every point: all or none, and the next incarnation is whole", async () => {
    const setup = Effect.gen(function*() {
      const world = new World()
      const scope = Scope.makeUnsafe()
      const { session, spec } = yield* Pool.childSpec("db", { factory: world.factory, size })
      const tree = yield* Scope.provide(Supervisor.make({}, [spec]), scope)
      const held = yield* Effect.forEach([1, 2], () => session.checkout({ owner: "none" }))
      const [info] = yield* tree.whichChildren
      return { world, session, scope, held, had: true, actor: info?.child as Actor.ActorRef<never> }
    }).pipe(Effect.provideService(Pool.CheckInvariants, true), Effect.orDie, silent)
    const verify = ({ scope, session, world }: Ground, exit: Exit.Exit<unknown, unknown>) =>
      Effect.gen(function*() {
        if (Exit.isSuccess(exit) && isLeases(exit.value)) {
          assert.strictEqual(new Set(exit.value.map(({ isLive }) => isLive)).size, 1)
          yield* Effect.forEach(exit.value, (lease) => session.checkin(lease))
        }
        yield* yields(60)
        assert.deepStrictEqual(yield* numbers(session), { idle: size })
        yield* Scope.close(scope, Exit.void)
        yield* yields(20)
        assert.strictEqual(world.live, 0)
        assert.deepStrictEqual(world.problems, [])
      }).pipe(silent)
    const beside = ({ actor }: Effect.Success<typeof setup>) => Effect.andThen(yields(2), actor.exit(ExitReason.killed))
    counted(16, await sweep({ setup, run, beside, verify, maxOps: coarse }))
  })
})

it("in all, more than 3 000 points", () => {
  console.log(`many sweep: ${total.points} points`)
  assert.isAbove(total.points, 3_000)
})
