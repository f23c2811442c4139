/**
 * Whatever a session does with a resource that another one has, too, is interrupted at every point; afterwards the other
 * one has it still, no seat is lost, nobody new is kept away, and the pool is whole.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope } from "effect"
import { Pool } from "whitepool"
import { counts, type Resource, type Session, World } from "../support/world.ts"
import { sweep, type Swept } from "../support/yieldSweep.ts"

interface Ground {
  readonly world: World
  readonly session: Session
  readonly scope: Scope.Closeable
  /** Of one resource: the first is what the swept one shares, the others are in its way. */
  readonly held: ReadonlyArray<Pool.Lease<Resource>>
  /** The resource has reached the hands of the swept one: from here on an interruption may have broken it. */
  had: boolean
}

const concurrency = 3

/** One resource, of which so many seats are taken. */
const ground = (taken: number, options: Parameters<World["make"]>[0] = {}) =>
  Effect.gen(function*() {
    const world = new World()
    const scope = Scope.makeUnsafe()
    const session = yield* Scope.provide(world.make({ size: 1, concurrency, ...options }), scope)
    const held = yield* Effect.forEach(Array.from({ length: taken }), () => session.checkout({ owner: "none" }))
    return { world, session, scope, held, had: false } satisfies Ground
  }).pipe(Effect.orDie)

const yields = (count: number) =>
  Effect.forEach(Array.from({ length: count }), () => Effect.yieldNow, { discard: true })

/** Gives the swept one time to queue, and then what it waits for. */
const giveBack = ({ held, session }: Ground) =>
  Effect.andThen(yields(4), Effect.forEach(held.slice(1), (lease) => session.checkin(lease)))

const assertUnharmed = (g: Ground, exit: Exit.Exit<unknown, unknown>) =>
  Effect.gen(function*() {
    const { held, scope, session, world } = g
    if (Exit.isSuccess(exit) && Pool.isLease(exit.value)) yield* session.checkin(exit.value)
    yield* yields(8)
    assert.isTrue(held[0]!.isLive, "the one beside it has its lease still")
    assert.strictEqual(held[0]!.resource, world.opened[0])
    yield* Effect.forEach(held.slice(1), (lease) => session.checkin(lease))
    const replaced = g.had && Exit.hasInterrupts(exit) ? 1 : 0
    // All seats but one are there, at once: unless it is broken.
    if (replaced === 0) {
      const others = yield* Effect.forEach([2, 3], () => session.tryCheckout({ owner: "none" }))
      yield* Effect.forEach(others, (lease) => session.checkin(lease))
    }
    yield* session.checkin(held[0]!)
    yield* yields(12)
    assert.deepStrictEqual(yield* counts(session), { idle: 1 })
    assert.isAtMost(world.begun, 1 + replaced)
    assert.strictEqual(world.live, 1)
    const all = yield* Effect.forEach([1, 2, 3], () => session.tryCheckout({ owner: "none" }))
    assert.strictEqual(new Set(all.map(({ resource }) => resource)).size, 1)
    yield* Effect.forEach(all, (lease) => session.checkin(lease))
    yield* Scope.close(scope, Exit.void)
    assert.strictEqual(world.live, 0)
    assert.deepStrictEqual(world.problems, [])
  }).pipe(Effect.orDie)

/** Marks the moment in which the caller has what it asked for. */
const marked = <A>(g: Ground, value: A): A => {
  g.had = true
  return value
}

const checkout = (g: Ground) => Effect.map(g.session.checkout(), (lease) => marked(g, lease))

const operations: ReadonlyArray<[string, (g: Ground) => Effect.Effect<unknown, unknown>]> = [
  ["use", (g) => g.session.use(() => marked(g, Effect.yieldNow))],
  ["scoped", (g) => Effect.scoped(Effect.map(g.session.scoped(), (resource) => marked(g, resource)))],
  ["checkout", checkout],
  ["checkout + checkin", (g) => Effect.flatMap(checkout(g), (lease) => g.session.checkin(lease))]
]

const total = { points: 0 }
const counted = (least: number, { points }: Swept): void => {
  total.points += points
  assert.isAtLeast(points, least)
}

describe.each(operations)("%s of a shared resource, interrupted at every point (B-7)", (_, run) => {
  it("where there is a seat", async () => {
    counted(62, await sweep({ setup: ground(1), run, verify: assertUnharmed }))
  })

  it("where it must wait for one", async () => {
    const setup = ground(concurrency)
    counted(62 * 5, await sweep({ setup, run, beside: giveBack, verify: assertUnharmed }))
  })
})

it("tryCheckout of a shared resource, interrupted at every point", async () => {
  const run = (g: Ground) => Effect.map(g.session.tryCheckout(), (lease) => marked(g, lease))
  counted(62, await sweep({ setup: ground(1), run, verify: assertUnharmed }))
})

describe("reserve, interrupted at every point", () => {
  const reserve = ({ held, session }: Ground) =>
    Effect.scoped(Effect.andThen(session.reserve(held[0]!), Effect.yieldNow))

  it("where it is alone", async () => {
    counted(62, await sweep({ setup: ground(1), run: reserve, verify: assertUnharmed }))
  })

  it("where it must wait until the others have left", async () => {
    const setup = ground(concurrency)
    counted(62 * 5, await sweep({ setup, run: reserve, beside: giveBack, verify: assertUnharmed }))
  })

  it("where another one keeps it waiting for ever, and somebody waits for a seat", async () => {
    const setup = ground(2)
    const beside = (g: Ground) => Effect.andThen(yields(6), g.session.checkin(g.held[1]!))
    const run = (g: Ground) => Effect.andThen(reserve(g), g.session.use(() => marked(g, Effect.void)))
    counted(62 * 5, await sweep({ setup, run, beside, verify: assertUnharmed }))
  })

  it("in a scope that lives on: what it reserved is free when that closes, and not before", async () => {
    const setup = Effect.map(ground(2), (g) => ({ ...g, inner: Scope.makeUnsafe() }))
    counted(
      62 * 5,
      await sweep({
        setup,
        run: ({ held, inner, session }) => Scope.provide(session.reserve(held[0]!), inner),
        beside: giveBack,
        verify: (g, exit) =>
          Effect.gen(function*() {
            const other = yield* Effect.exit(g.session.tryCheckout({ owner: "none" }))
            // Interrupted when it had been granted already, it is the scope's nevertheless.
            if (Exit.isSuccess(exit)) assert.strictEqual(other._tag, "Failure")
            if (Exit.isSuccess(other)) yield* g.session.checkin(other.value)
            yield* Scope.close(g.inner, Exit.void)
            yield* assertUnharmed(g, exit)
          })
      })
    )
  })

  it("of a resource that dies beside it: it ends, and so does the pool", async () => {
    const setup = Effect.gen(function*() {
      const world = new World()
      const scope = Scope.makeUnsafe()
      const session = yield* Scope.provide(world.make({ size: 1, concurrency, link: world.link }), scope)
      const held = yield* Effect.forEach([1, 2], () => session.checkout({ owner: "none" }))
      return { world, session, scope, held, had: false } satisfies Ground
    }).pipe(Effect.orDie)
    const beside = ({ world }: Ground) => Effect.andThen(yields(4), world.kill(world.opened[0]!))
    const verify = ({ held, scope, session, world }: Ground) =>
      Effect.gen(function*() {
        yield* yields(12)
        assert.deepStrictEqual(held.map(({ isLive }) => isLive), [false, false])
        assert.deepStrictEqual(yield* counts(session), { idle: 1 })
        yield* Scope.close(scope, Exit.void)
        assert.strictEqual(world.live, 0)
        assert.deepStrictEqual(world.problems, [])
      })
    counted(62 * 3, await sweep({ setup, run: (g) => Effect.exit(reserve(g)), beside, verify }))
  })
})

it("in all, more than 4 000 points", () => {
  console.log(`sharing sweep: ${total.points} points`)
  assert.isAbove(total.points, 4_000)
})
