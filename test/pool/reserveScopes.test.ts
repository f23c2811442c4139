/** The scope in which a resource is reserved: closed before, closed meanwhile, or open for long (C7). */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber, Scope } from "effect"
import type { Pool } from "whitepool"
import { id } from "../support/resources.ts"
import { isWaiting } from "../support/waiting.ts"
import { forkSettled, lend, type Session, settle, World } from "../support/world.ts"

type Lease = Pool.Lease<unknown>

/** A pool of one resource, and so many leases of it, which the end of no fiber takes back. */
const sharing = (leases: number, options: Parameters<World["pool"]>[0] = {}) =>
  Effect.gen(function*() {
    const world = new World()
    const session = yield* world.pool({ concurrency: 4, link: world.link, ...options })
    const [a, b, c] = yield* lend(session, leases)
    return { world, session, a: a!, b: b!, c: c! }
  })

/** Reserves in a scope of its own, beside the test. */
const reserving = (session: Session, lease: Lease) =>
  Effect.gen(function*() {
    const scope = yield* Scope.make()
    const fiber = yield* forkSettled(Scope.provide(session.reserve(lease), scope))
    return { scope, fiber, close: Scope.close(scope, Exit.void) }
  })

/** How it has ended: the tag of its failure or defect. */
const endOf = (fiber: Fiber.Fiber<void, { readonly _tag: string }>): string => {
  const exit = fiber.pollUnsafe()
  if (exit === undefined) return "waits"
  if (Exit.isSuccess(exit)) return "alone"
  const [reason] = exit.cause.reasons
  if (reason?._tag === "Fail") return reason.error._tag
  if (reason?._tag === "Die") return (reason.defect as { readonly _tag: string })._tag
  return "interrupted"
}

const checkinAll = (session: Session, ...all: ReadonlyArray<Lease>) =>
  Effect.forEach(all, (lease) => session.checkin(lease))

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
