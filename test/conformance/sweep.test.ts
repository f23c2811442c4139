import { assert, it } from "@effect/vitest"
import { Effect, Fiber, References } from "effect"
import { Mpsc } from "whitepool/channel"
import { settle } from "./support.ts"
import { makePool } from "./world.ts"

/** Interrupts `work` after every number of scheduler turns until one run completes, for many yield frequencies. */
const sweep = <E, E2, R>(
  work: Effect.Effect<unknown, E, R>,
  meanwhile: Effect.Effect<unknown>,
  check: Effect.Effect<void, E2, R>
) =>
  Effect.gen(function*() {
    let points = 0
    for (let ops = 3; ops <= 24; ops++) {
      for (let turns = 0;; turns++) {
        const fiber = yield* Effect.forkChild(Effect.provideService(work, References.MaxOpsBeforeYield, ops))
        for (let turn = 0; turn < turns; turn++) {
          yield* Effect.yieldNow
          if (turn === 2) yield* meanwhile
        }
        const done = fiber.pollUnsafe() !== undefined
        yield* Fiber.interrupt(fiber)
        yield* settle
        yield* check
        points++
        if (done) break
        assert.isBelow(turns, 500)
      }
    }
    assert.isAbove(points, 30)
  })

const whole = (session: { readonly status: Effect.Effect<object> }) =>
  Effect.map(session.status, (status) => assert.deepInclude(status, { idle: 1, lent: 0, waiting: 0, closing: 0 }))

it.effect(
  "sweep: use, scoped, checkout and checkin of an idle resource leave the pool whole",
  () =>
    Effect.gen(function*() {
      const { session } = yield* makePool()
      yield* sweep(session.use(() => Effect.yieldNow), Effect.void, whole(session))
      yield* sweep(Effect.scoped(session.scoped()), Effect.void, whole(session))
      yield* sweep(Effect.flatMap(session.checkout(), session.checkin), Effect.void, whole(session))
      yield* sweep(Effect.scoped(session.clone), Effect.void, whole(session))
    }),
  60_000
)

it.effect("sweep: an interrupted checkout that its caller never had destroys nothing", () =>
  Effect.gen(function*() {
    const { session, world } = yield* makePool({ onAbandoned: "checkin", onInterrupt: "checkin" })
    yield* sweep(session.use(() => Effect.void), Effect.void, whole(session))
    yield* sweep(Effect.flatMap(session.checkout(), session.checkin), Effect.void, whole(session))
    assert.deepStrictEqual(world.closed, [])
  }), 60_000)

it.effect("sweep: use, scoped and checkout that must wait leave the pool whole", () =>
  Effect.gen(function*() {
    const { session } = yield* makePool()
    const waits = [
      session.use(() => Effect.void),
      Effect.scoped(session.scoped()),
      Effect.flatMap(session.checkout(), session.checkin)
    ]
    for (const wait of waits) {
      let held = yield* session.checkout({ owner: "none" })
      const again = Effect.gen(function*() {
        yield* session.checkin(held)
        yield* settle
        yield* whole(session)
        held = yield* session.checkout({ owner: "none" })
      })
      yield* sweep(wait, Effect.suspend(() => session.checkin(held)), again)
      yield* session.checkin(held)
    }
  }), 60_000)

it.effect(
  "sweep: send, reserve, reserveMany and recv, waiting or not, lose no message and no room",
  () =>
    Effect.gen(function*() {
      const [sender, receiver] = yield* Mpsc.bounded<number>(2)
      let sent = 0
      let received = 0
      const take = Effect.map(receiver.recv, () => received++)
      const put = Effect.map(sender.send(1), () => sent++)
      const empty = Effect.gen(function*() {
        while ((yield* receiver.length) > 0) yield* take
        assert.strictEqual(yield* sender.capacity, 2)
      })
      const fill = Effect.andThen(empty, Effect.andThen(put, put))
      yield* sweep(put, Effect.void, empty)
      yield* sweep(Effect.scoped(sender.reserve), Effect.void, empty)
      yield* sweep(Effect.scoped(sender.reserveMany(2)), Effect.void, empty)
      yield* fill
      yield* sweep(put, Effect.orDie(take), fill)
      yield* sweep(Effect.scoped(sender.reserve), Effect.orDie(take), fill)
      yield* sweep(Effect.scoped(sender.reserveMany(2)), Effect.orDie(Effect.andThen(take, take)), fill)
      yield* empty
      assert.isAtLeast(received, sent)
      const [mine, theirs] = yield* Mpsc.unbounded<number>()
      let offered = 0
      yield* sweep(
        theirs.recv,
        Effect.sync(() => {
          offered++
          assert.isUndefined(mine.trySendUnsafe(1))
        }),
        Effect.asVoid(Effect.flatMap(theirs.length, (length) => length > 0 ? theirs.recvMany(9) : Effect.void))
      )
      assert.isAbove(offered, 30)
    }),
  60_000
)
