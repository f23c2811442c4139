/**
 * Races about a resource that several have, under a scheduler that picks tasks at random: whoever wins, no lease is lost and
 * no resource withheld. `SEED=…` replays one.
 */
import { assert, describe } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import type { Pool } from "whitepool"
import { crash } from "../support/crash.ts"
import type { Resource, Session } from "../support/world.ts"
import { beside, races, settle } from "./arena.ts"

type Leases = ReadonlyArray<Pool.Lease<Resource>>

const shared = { concurrency: 2 } as const

const checkinAll = (session: Session, leases: Leases) =>
  Effect.forEach(leases, (lease) => session.checkin(lease), { discard: true })

/** A lease of nobody. */
const borrow = (session: Session) => session.checkout({ owner: "none" })

/** How it has ended. */
const endOf = (exit: Exit.Exit<unknown, { readonly _tag: string }>): string => {
  if (Exit.isSuccess(exit)) return "alone"
  const [reason] = exit.cause.reasons
  if (reason?._tag === "Fail") return reason.error._tag
  if (reason?._tag === "Die") return (reason.defect as { readonly _tag: string })._tag
  return "interrupted"
}

/** A fiber that waits for ever is found out, with its seed, rather than waited for. */
const soon = <A, E>(fiber: Fiber.Fiber<A, E>) =>
  Effect.gen(function*() {
    yield* Effect.andThen(settle, settle)
    assert.isDefined(fiber.pollUnsafe(), "it waits for ever")
    return yield* Fiber.await(fiber)
  })

const interrupting = (fiber: Fiber.Fiber<unknown, unknown>) => Effect.sync(() => fiber.interruptUnsafe())

describe("a resource that two have", () => {
  races("both leave at once, and one waits", ["one", "other"], ({ session }) =>
    Effect.gen(function*() {
      const [a, b] = [yield* borrow(session), yield* borrow(session)]
      const waiter = yield* Effect.forkChild(session.use((_, lease) => Effect.succeed(lease.id)))
      yield* settle
      let first = ""
      const leave = (name: string, lease: Leases[number]) =>
        Effect.andThen(session.checkin(lease), Effect.sync(() => void (first ||= name)))
      yield* beside(leave("one", a), leave("other", b))
      yield* Fiber.join(waiter)
      return first as "one" | "other"
    }), shared)

  races(
    "it dies while one of them gives it back, and another one asks",
    ["same", "new"],
    ({ session, world }) =>
      Effect.gen(function*() {
        const [a, b] = [yield* borrow(session), yield* borrow(session)]
        const asker = yield* Effect.forkChild(session.use(({ id }) => Effect.succeed(id)))
        yield* beside(session.checkin(a), world.kill(a.resource))
        yield* settle
        assert.isFalse(b.isLive)
        const id = yield* Fiber.join(asker)
        return id === 1 ? "same" : "new"
      }),
    shared
  )

  races(
    "one breaks it while another one asks for it",
    ["shared", "kept away"],
    ({ session }) =>
      Effect.gen(function*() {
        const a = yield* borrow(session)
        const asker = yield* Effect.forkChild(borrow(session))
        yield* Effect.yieldNow
        yield* session.destroyed(a)
        const b = yield* Fiber.join(asker)
        const outcome = b.resource.id === 1 ? "shared" : "kept away"
        yield* session.checkin(b)
        return outcome
      }),
    shared
  )
})

describe("reserve", () => {
  races("against the last of the others", ["alone"], ({ session }) =>
    Effect.gen(function*() {
      const [a, b] = [yield* borrow(session), yield* borrow(session)]
      const [reserved] = yield* beside(
        Effect.scoped(Effect.tap(session.reserve(a), () =>
          Effect.map(Effect.exit(session.tryCheckout()), (exit) =>
            assert.isTrue(Exit.isFailure(exit))))),
        session.checkin(b)
      )
      yield* session.checkin(a)
      return endOf(reserved) as "alone"
    }), shared)

  races("against somebody new", ["first", "second"], ({ session }) =>
    Effect.gen(function*() {
      const a = yield* borrow(session)
      let isAlone = false
      const reserving = Effect.scoped(Effect.andThen(
        session.reserve(a),
        Effect.gen(function*() {
          isAlone = true
          yield* Effect.yieldNow
          isAlone = false
        })
      ))
      let outcome: "first" | "second" = "second"
      const using = session.use(() =>
        Effect.sync(() => {
          assert.isFalse(isAlone)
          outcome = "first"
        })
      )
      const [reserved] = yield* beside(Effect.tap(reserving, () => Effect.sync(() => void (outcome = "second"))), using)
      assert.strictEqual(endOf(reserved), "alone")
      yield* session.checkin(a)
      return outcome
    }), shared)

  races(
    "against the end of its own lease, and of the other",
    ["alone", "LeaseExpired"],
    ({ session }) =>
      Effect.gen(function*() {
        const [a, b] = [yield* borrow(session), yield* borrow(session)]
        const reserving = yield* Effect.forkChild(Effect.scoped(session.reserve(a)))
        yield* beside(session.checkin(b), session.checkin(a))
        return endOf(yield* soon(reserving)) as "alone"
      }),
    shared
  )

  races(
    "against an interruption, and the other one's end",
    ["alone", "interrupted"],
    ({ session }) =>
      Effect.gen(function*() {
        const [a, b] = [yield* borrow(session), yield* borrow(session)]
        const reserving = yield* Effect.forkChild(Effect.scoped(session.reserve(a)))
        yield* settle
        yield* beside(session.checkin(b), interrupting(reserving))
        const outcome = endOf(yield* soon(reserving)) as "alone" | "interrupted"
        const next = yield* session.tryCheckout({ owner: "none" })
        yield* checkinAll(session, [a, next])
        return outcome
      }),
    shared
  )

  races("two of one resource", ["first", "second"], ({ session }) =>
    Effect.gen(function*() {
      const leases = [yield* borrow(session), yield* borrow(session)]
      const [a, b] = leases as [Leases[number], Leases[number]]
      // The one that is refused gives way, as its error says.
      const reserving = (lease: Leases[number]) =>
        Effect.ensuring(
          Effect.scoped(session.reserve(lease)).pipe(
            Effect.as("alone"),
            Effect.catchTag("ReservationConflict", () => Effect.succeed("refused"))
          ),
          session.checkin(lease)
        )
      const [first, second] = yield* beside(reserving(a), reserving(b))
      assert.isTrue(Exit.isSuccess(first) && Exit.isSuccess(second))
      // Unless one had left before the other one came, one of them is refused.
      return Exit.isSuccess(second) && second.value === "refused" ? "first" : "second"
    }), shared)

  races("against a crash", ["alone", "LeaseExpired"], ({ session }) =>
    Effect.gen(function*() {
      const [a, b] = [yield* borrow(session), yield* borrow(session)]
      const reserving = yield* Effect.forkChild(Effect.scoped(session.reserve(a)))
      yield* beside(session.checkin(b), crash(session))
      return endOf(yield* soon(reserving)) as "alone"
    }), shared)
})
