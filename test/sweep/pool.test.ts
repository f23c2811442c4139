/**
 * Whatever a session does is interrupted at every point, with every `MaxOpsBeforeYield` from 3 to 64, both where nothing
 * waits and where it must wait; afterwards the pool is whole.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scheduler, Scope } from "effect"
import { Pool } from "whitepool"
import { counts, type Resource, type Session, World } from "../support/world.ts"
import { sweep, type Swept } from "../support/yieldSweep.ts"

interface Ground {
  readonly world: World
  readonly session: Session
  readonly scope: Scope.Closeable
  /** What keeps the swept one waiting. */
  readonly held: ReadonlyArray<Pool.Lease<Resource>>
  readonly isLazy: boolean
  /** The resource has reached the hands of the swept one: from here on an interruption may have broken it. */
  had: boolean
}

const size = 2

/** A pool of its own for each run. */
const ground = (lent: number, options: Parameters<World["make"]>[0] = {}) =>
  Effect.gen(function*() {
    const world = new World()
    const scope = Scope.makeUnsafe()
    const session = yield* Scope.provide(world.make({ size, ...options }), scope)
    const held = yield* Effect.forEach(Array.from({ length: lent }), () => session.checkout({ owner: "none" }))
    const isLazy = options.start === "lazy"
    return { world, session, scope, held, isLazy, had: false } satisfies Ground
  }).pipe(Effect.orDie)

/** Gives the swept one time to queue, and then what it waits for. */
const giveBack = ({ held, session }: Ground) =>
  Effect.gen(function*() {
    for (let i = 0; i < 4; i++) yield* Effect.yieldNow
    yield* Effect.forEach(held, (lease) => session.checkin(lease))
  })

const assertUnharmed = (g: Ground, exit: Exit.Exit<unknown, unknown>) =>
  Effect.gen(function*() {
    const { held, scope, session, world } = g
    if (Exit.isSuccess(exit) && Pool.isLease(exit.value)) yield* session.checkin(exit.value)
    yield* Effect.forEach(held, (lease) => session.checkin(lease))
    yield* rest(session)
    // A lazy pool has as many as were asked for at once: those of the setup, and one more if the swept one came to ask.
    const open = world.begun - world.closed.length
    assert.isAtLeast(open, Math.max(held.length, g.isLazy ? 1 : size))
    assert.deepStrictEqual(yield* counts(session), { idle: open })
    assert.strictEqual(world.live, open)
    // One that was interrupted before it had a resource has broken none.
    const replaced = g.had && Exit.hasInterrupts(exit) ? 1 : 0
    assert.isAtMost(world.begun, size + replaced)
    assert.isAtMost(world.closed.length, replaced)
    yield* Scope.close(scope, Exit.void)
    assert.strictEqual(world.live, 0)
    assert.deepStrictEqual(world.problems, [])
  })

/** Until nothing is under way any more. */
const rest = (session: Session) =>
  Effect.gen(function*() {
    for (let i = 0; i < 50; i++) {
      const { closing, lent, opening, waiting } = yield* session.status
      if (i > 2 && opening + closing + lent + waiting === 0) return
      yield* Effect.yieldNow
    }
  })

/** Marks the moment in which the caller has what it asked for. */
const marked = <A>(g: Ground, value: A): A => {
  g.had = true
  return value
}

const checkout = (g: Ground) => Effect.map(g.session.checkout(), (lease) => marked(g, lease))

const operations: ReadonlyArray<[string, (g: Ground) => Effect.Effect<unknown, unknown>]> = [
  ["use", (g) => g.session.use(() => marked(g, Effect.yieldNow))],
  ["use that fails", (g) => g.session.use(() => marked(g, Effect.fail("query")))],
  ["scoped", (g) => Effect.scoped(Effect.map(g.session.scoped(), (resource) => marked(g, resource)))],
  ["checkout", checkout],
  ["checkout + checkin", (g) => Effect.flatMap(checkout(g), (lease) => g.session.checkin(lease))],
  ["checkout of nobody + checkin in a guard", (g) =>
    Effect.acquireUseRelease(
      g.session.checkout({ owner: "none" }),
      () => Effect.sync(() => marked(g, undefined)),
      (lease) => g.session.checkin(lease)
    )]
]

const total = { points: 0, tooLate: 0 }
const counted = (name: string, least: number, { points, tooLate }: Swept): void => {
  total.points += points
  total.tooLate += tooLate
  assert.isAtLeast(points, least, `${name}: points`)
}

describe.each(operations)("%s, interrupted at every point (B-7)", (name, run) => {
  it("where a resource is idle", async () => {
    counted(name, 62, await sweep({ setup: ground(0), run, verify: assertUnharmed }))
  })

  it("where it must wait for a lease", async () => {
    counted(name, 62 * 5, await sweep({ setup: ground(size), run, beside: giveBack, verify: assertUnharmed }))
  })

  it("where it must wait for an opening", async () => {
    const setup = Effect.map(ground(1, { start: "lazy" }), (g) => {
      g.world.open = () => Effect.andThen(Effect.yieldNow, Effect.yieldNow)
      return g
    })
    counted(name, 62 * 5, await sweep({ setup, run, beside: giveBack, verify: assertUnharmed }))
  })
})

describe("tryCheckout, interrupted at every point", () => {
  const run = (g: Ground) => Effect.map(g.session.tryCheckout(), (lease) => marked(g, lease))

  it("where a resource is idle", async () => {
    counted("tryCheckout", 62, await sweep({ setup: ground(0), run, verify: assertUnharmed }))
  })

  it("where it is full", async () => {
    counted("tryCheckout", 62, await sweep({ setup: ground(size), run, verify: assertUnharmed }))
  })
})

const own = Scope.makeUnsafe

describe("clone, interrupted at every point", () => {
  it("counts no session that nobody has, so that the last drop still ends the pool", async () => {
    const setup = Effect.map(ground(0, { stopWithLastSession: true }), (g) => ({ ...g, inner: own() }))
    counted(
      "clone",
      62,
      await sweep({
        setup,
        run: ({ inner, session }) => Scope.provide(session.clone, inner),
        verify: ({ inner, scope, session, world }) =>
          Effect.gen(function*() {
            yield* Scope.close(inner, Exit.void)
            assert.deepStrictEqual(yield* counts(session), { idle: size })
            yield* session.drop
            yield* session.awaitShutdown
            assert.strictEqual(world.live, 0)
            yield* Scope.close(scope, Exit.void)
            assert.deepStrictEqual(world.problems, [])
          })
      })
    )
  })
})

describe("shutdown, interrupted at every point", () => {
  /** The pool shuts down nevertheless, or was never asked to. */
  const verify = ({ held, scope, session, world }: Ground) =>
    Effect.gen(function*() {
      yield* Effect.forEach(held, (lease) => session.checkin(lease))
      const { state } = yield* session.status
      if (state === "ready") assert.strictEqual(world.live, size)
      else yield* session.awaitShutdown
      yield* session.shutdown()
      assert.deepStrictEqual(yield* counts(session), {})
      assert.strictEqual(world.live, 0)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(world.problems, [])
    })

  it("where nothing is lent", async () => {
    counted("shutdown", 62 * 2, await sweep({ setup: ground(0), run: ({ session }) => session.shutdown(), verify }))
  })

  it("where it must wait for leases", async () => {
    const run = ({ session }: Ground) => session.shutdown()
    counted("shutdown", 62 * 5, await sweep({ setup: ground(size), run, beside: giveBack, verify }))
  })

  it("now, where leases must be revoked and closings waited for", async () => {
    const setup = Effect.map(ground(size), (g) => {
      g.world.close = () => Effect.andThen(Effect.yieldNow, Effect.yieldNow)
      return g
    })
    counted("shutdown", 62 * 3, await sweep({ setup, run: ({ session }) => session.shutdown({ mode: "now" }), verify }))
  })

  it("awaitShutdown, which only looks", async () => {
    const run = ({ session }: Ground) => session.awaitShutdown
    const beside = (g: Ground) => Effect.andThen(giveBack(g), g.session.shutdown())
    counted("awaitShutdown", 62 * 5, await sweep({ setup: ground(size), run, beside, verify }))
  })
})

describe("adopt, interrupted at every point", () => {
  it("leaves the lease to its adopter's end, or untouched: closed at most once and never lost", async () => {
    const verify = (g: Ground, exit: Exit.Exit<unknown, unknown>) =>
      Effect.gen(function*() {
        yield* rest(g.session)
        const lease = g.held[0]!
        // Adopted and interrupted: abandoned. Interrupted before: still its own.
        if (lease.isLive) assert.strictEqual(g.world.begun, size)
        else assert.isTrue(Exit.hasInterrupts(exit))
        g.had = true
        yield* assertUnharmed(g, exit)
      })
    counted(
      "adopt",
      62,
      await sweep({ setup: ground(1), run: ({ held, session }) => session.adopt(held[0]!), verify })
    )
  })
})

describe("make, interrupted at every point", () => {
  it("closes what was opened", async () => {
    const setup = Effect.sync(() => {
      const world = new World()
      world.open = () => Effect.yieldNow
      return { world, scope: own() }
    })
    counted(
      "make",
      62 * 3,
      await sweep({
        setup,
        run: ({ scope, world }) => Scope.provide(world.make({ size }), scope),
        verify: ({ scope, world }, exit) =>
          Effect.gen(function*() {
            if (Exit.isSuccess(exit)) assert.deepStrictEqual(yield* counts(exit.value), { idle: size })
            yield* Scope.close(scope, Exit.void)
            assert.strictEqual(world.live, 0)
            assert.deepStrictEqual(world.problems, [])
          })
      })
    )
  })
})

describe("checkout after any number of operations", () => {
  it("interrupted right behind the grant gives the resource back untouched", async () => {
    let points = 0
    for (let before = 0; before < 36; before++) {
      const steps = Effect.forEach(Array.from({ length: before }), () => Effect.void, { discard: true })
      const run = (g: Ground) => Effect.andThen(steps, checkout(g))
      const swept = await sweep({ setup: ground(0), run, verify: assertUnharmed, maxOps: [31, 32, 33, 34] })
      points += swept.points
    }
    counted("checkout", 36 * 4, { points, tooLate: 0 })
  })
})

describe.each(operations)("%s after any number of operations", (_, run) => {
  it("is served also by who comes right behind the asking, before a step more", async () => {
    for (let before = 0; before < 36; before++) {
      const steps = Effect.forEach(Array.from({ length: before }), () => Effect.void, { discard: true })
      const program = Effect.gen(function*() {
        const g = yield* ground(size)
        const asker = yield* Effect.forkChild(
          Effect.provideService(Effect.andThen(steps, run(g)), Scheduler.MaxOpsBeforeYield, 32),
          { startImmediately: true }
        )
        while ((yield* g.session.status).waiting === 0) yield* Effect.yieldNow
        yield* Effect.forEach(g.held, (lease) => g.session.checkin(lease))
        for (let i = 0; i < 50 && asker.pollUnsafe() === undefined; i++) yield* Effect.yieldNow
        const exit = asker.pollUnsafe()
        assert.isDefined(exit, `after ${before} operations it waits for ever`)
        yield* assertUnharmed(g, exit)
      })
      await Effect.runPromise(program)
    }
  })
})

it("in all, more than 11 000 points", () => {
  console.log(`pool sweep: ${total.points} points, ${total.tooLate} of them too late to interrupt`)
  assert.isAbove(total.points, 11_000)
})
