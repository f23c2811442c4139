/**
 * A question that the mailbox holds back: turns nested deeper than the actor layer lets them nest (see `consumer.ts`), so the
 * pool hears of a checkout only after the asker has gone to sleep, or has left.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Actor } from "whitepool/actor"
import { assertWhole, counts, type Session, settle, World } from "../support/world.ts"

/** Runs `act` inside as many turns, each in another's send. */
const nested = (turns: number, act: () => void) =>
  Effect.gen(function*() {
    let next = act
    for (let i = 0; i < turns; i++) {
      const inner = next
      const ref = yield* Actor.spawn<undefined>({ receive: () => inner() })
      next = () => ref.castUnsafe(undefined)
    }
    next()
  })

/** Starts `ask` where the pool cannot answer at once; `beside` runs there too, right after it. */
const heldBack = <A, E>(
  session: Session,
  ask: Effect.Effect<A, E>,
  beside: (fiber: Fiber.Fiber<A, E>) => void = () => {}
) =>
  Effect.gen(function*() {
    const fork = Effect.runForkWith(yield* Effect.context())
    let fiber: Fiber.Fiber<A, E> | undefined
    yield* nested(70, () => {
      fiber = fork(ask)
      assert.isUndefined(fiber.pollUnsafe(), "it was held back")
      beside(fiber)
    })
    yield* settle
    assert.isDefined(fiber)
    return { fiber, numbers: yield* counts(session) }
  })

describe("a question that the mailbox holds back", () => {
  const faces: Record<string, (session: Session) => Effect.Effect<unknown, unknown>> = {
    use: (session) => session.use(({ id }) => Effect.succeed(id)),
    scoped: (session) => Effect.scoped(session.scoped()),
    checkout: (session) => Effect.flatMap(session.checkout({ owner: "none" }), session.checkin),
    tryCheckout: (session) => Effect.flatMap(session.tryCheckout({ owner: "none" }), session.checkin)
  }

  for (const [name, ask] of Object.entries(faces)) {
    it.effect(`is answered later: ${name}`, () =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({})
        const { fiber } = yield* heldBack(session, ask(session))
        yield* Fiber.join(fiber)
        yield* assertWhole(session, world, 1)
        assert.strictEqual(world.begun, 1)
      }))

    it.effect(`takes nothing when its asker has left meanwhile: ${name}`, () =>
      Effect.gen(function*() {
        const world = new World()
        const session = yield* world.pool({})
        const { fiber } = yield* heldBack(session, ask(session), (fiber) => fiber.interruptUnsafe())
        yield* Fiber.await(fiber)
        yield* assertWhole(session, world, 1)
        assert.strictEqual(world.begun, 1, "untouched, so not replaced")
      }))
  }

  it.effect("waits in line like any other when it is heard", () =>
    Effect.gen(function*() {
      const world = new World()
      const session = yield* world.pool({})
      const lease = yield* session.checkout()
      const { fiber, numbers } = yield* heldBack(session, session.use(({ id }) => Effect.succeed(id)))
      assert.deepStrictEqual(numbers, { lent: 1, waiting: 1 })
      yield* session.checkin(lease)
      assert.strictEqual(yield* Fiber.join(fiber), 1)
    }))
})
