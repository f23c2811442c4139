/**
 * Cancel safety: each waiting operation is interrupted at every point, and nothing is lost.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Scope, Stream } from "effect"
import { Mpsc, Oneshot } from "../../src/channel/index.ts"
import { sweep } from "../support/yieldSweep.ts"

const channel = (capacity: number) =>
  Effect.map(Mpsc.bounded<number>(capacity), ([tx, rx]) => ({ tx, rx, scope: Scope.makeUnsafe() }))
type Channel = Effect.Success<ReturnType<typeof channel>>

const collecting = (capacity: number) => Effect.map(channel(capacity), (c) => ({ ...c, got: [] as Array<number> }))
type Collecting = Effect.Success<ReturnType<typeof collecting>>

const drained = (rx: Mpsc.Receiver<number>) =>
  Effect.gen(function*() {
    const messages: Array<number> = []
    while (!(yield* rx.isEmpty)) messages.push(yield* rx.tryRecv)
    return messages
  })

const full = (messages: ReadonlyArray<number>, capacity = messages.length) =>
  Effect.orDie(Effect.tap(collecting(capacity), ({ tx }) => Effect.forEach(messages, (message) => tx.send(message))))

/** Everything sent is there once, in order, and all the room comes back. */
const whole = (c: Channel, taken: ReadonlyArray<number>, sent: ReadonlyArray<number>) =>
  Effect.gen(function*() {
    yield* Scope.close(c.scope, Exit.void)
    assert.deepStrictEqual([...taken, ...(yield* drained(c.rx))], sent)
    assert.strictEqual(yield* c.tx.capacity, c.tx.maxCapacity)
    // And it still works.
    yield* c.tx.send(99)
    assert.strictEqual(yield* c.rx.recv, 99)
  }).pipe(Effect.orDie)

const valueOr = <A, E, B>(exit: Exit.Exit<A, E>, otherwise: B): A | B => Exit.isSuccess(exit) ? exit.value : otherwise
const one = <E>(exit: Exit.Exit<number, E>): ReadonlyArray<number> => Exit.isSuccess(exit) ? [exit.value] : []

describe("recv", () => {
  it("loses nothing where a message is there", async () => {
    const { points } = await sweep({
      setup: full([1, 2, 3]),
      run: ({ rx }) => rx.recv,
      verify: (c, exit) => whole(c, one(exit), [1, 2, 3])
    })
    assert.isAbove(points, 60)
  })

  it("loses nothing where it must wait", async () => {
    const { points } = await sweep({
      setup: channel(3),
      run: ({ rx }) => rx.recv,
      beside: ({ tx }) => Effect.orDie(Effect.forEach([1, 2, 3], (message) => tx.send(message))),
      verify: (c, exit) => whole(c, one(exit), [1, 2, 3])
    })
    assert.isAbove(points, 120)
  })

  it("passes the message that woke it to the next one in line", async () => {
    await sweep({
      setup: collecting(3),
      run: ({ rx }) => rx.recv,
      beside: ({ got, rx, tx }) =>
        Effect.gen(function*() {
          yield* Effect.yieldNow
          yield* Effect.forkChild(Effect.tap(rx.recv, (message) => Effect.sync(() => got.push(message))), {
            startImmediately: true
          })
          yield* tx.send(1)
          yield* tx.send(2)
          while (got.length === 0) yield* Effect.yieldNow
        }).pipe(Effect.orDie),
      verify: (c, exit) => whole(c, [...one(exit), ...c.got].sort((a, b) => a - b), [1, 2])
    })
  })

  it("loses nothing through a program of several", async () => {
    const { points } = await sweep({
      setup: collecting(5),
      run: ({ got, rx }) =>
        Effect.gen(function*() {
          for (let i = 0; i < 4; i++) got.push(yield* rx.recv)
        }),
      beside: ({ tx }) =>
        Effect.gen(function*() {
          for (let i = 0; i < 4; i++) {
            yield* tx.send(i)
            yield* Effect.yieldNow
          }
        }).pipe(Effect.orDie),
      verify: (c) => whole(c, c.got, [0, 1, 2, 3])
    })
    assert.isAbove(points, 400)
  })
})

describe("recvMany", () => {
  it("loses nothing where messages are there", async () => {
    const { points } = await sweep({
      setup: full([1, 2, 3]),
      run: ({ rx }) => rx.recvMany(2),
      verify: (c, exit) => whole(c, valueOr(exit, []), [1, 2, 3])
    })
    assert.isAbove(points, 60)
  })

  it("loses nothing where it must wait", async () => {
    const { points } = await sweep({
      setup: channel(3),
      run: ({ rx }) => rx.recvMany(2),
      beside: ({ tx }) => Effect.orDie(Effect.forEach([1, 2, 3], (message) => tx.send(message))),
      verify: (c, exit) => whole(c, valueOr(exit, []), [1, 2, 3])
    })
    assert.isAbove(points, 120)
  })
})

describe("send", () => {
  const sends = (send: (c: Collecting) => Effect.Effect<void, unknown>) => {
    it("is not sent when it was interrupted, where there is room", async () => {
      const { points } = await sweep({
        setup: full([1], 2),
        run: send,
        verify: (c, exit) => whole(c, [], Exit.isSuccess(exit) ? [1, 7] : [1])
      })
      assert.isAbove(points, 60)
    })

    it("is not sent when it was interrupted, where it must wait", async () => {
      const { points } = await sweep({
        setup: full([1, 2]),
        run: send,
        beside: ({ got, rx }) =>
          Effect.gen(function*() {
            yield* Effect.yieldNow
            got.push(yield* rx.recv)
          }).pipe(Effect.orDie),
        verify: (c, exit) => whole(c, c.got, Exit.isSuccess(exit) ? [1, 2, 7] : [1, 2])
      })
      assert.isAbove(points, 120)
    })

    it("gives its place to the next one in line", async () => {
      await sweep({
        setup: full([1]),
        run: send,
        beside: ({ rx, tx }) =>
          Effect.gen(function*() {
            yield* Effect.yieldNow
            yield* Effect.yieldNow
            const next = yield* Effect.forkChild(tx.send(8), { startImmediately: true })
            while (next.pollUnsafe() === undefined) {
              yield* Effect.ignore(rx.tryRecv)
              yield* Effect.yieldNow
            }
          }),
        verify: (c) => Effect.flatMap(Effect.orDie(drained(c.rx)), () => whole(c, [], []))
      })
    })
  }

  describe("without a timeout", () => sends(({ tx }) => tx.send(7)))
  describe("with a timeout", () => sends(({ tx }) => tx.sendTimeout(7, "1 hour")))
})

describe("reserve", () => {
  it("gives the permit back where there is room", async () => {
    const { points } = await sweep({
      setup: channel(2),
      run: ({ scope, tx }) => Scope.provide(Effect.flatMap(tx.reserve, (permit) => permit.send(7)), scope),
      verify: (c, exit) =>
        Effect.gen(function*() {
          const messages = yield* drained(c.rx)
          // Sent is sent, though the interruption may come after it; otherwise the scope has the permit.
          assert.isTrue(Exit.isSuccess(exit) ? messages.length === 1 : messages.length <= 1)
          yield* whole(c, [], [])
        }).pipe(Effect.orDie)
    })
    assert.isAbove(points, 60)
  })

  it("gives the permit back where it must wait", async () => {
    const { points } = await sweep({
      setup: full([1]),
      run: ({ scope, tx }) => Scope.provide(tx.reserve, scope),
      beside: ({ rx }) => Effect.orDie(Effect.andThen(Effect.yieldNow, rx.recv)),
      verify: (c) => whole(c, [], [])
    })
    assert.isAbove(points, 120)
  })

  it("gives many permits back where there is room", async () => {
    await sweep({
      setup: channel(3),
      run: ({ scope, tx }) => Scope.provide(tx.reserveMany(2), scope),
      verify: (c) => whole(c, [], [])
    })
  })

  it("gives many permits back where it must wait", async () => {
    await sweep({
      setup: full([1, 2]),
      run: ({ scope, tx }) => Scope.provide(tx.reserveMany(2), scope),
      beside: ({ rx }) =>
        Effect.orDie(Effect.gen(function*() {
          yield* Effect.yieldNow
          yield* rx.recv
          yield* Effect.yieldNow
          yield* rx.recv
        })),
      verify: (c) => whole(c, [], [])
    })
  })
})

describe("closed", () => {
  it("takes nothing", async () => {
    const { points } = await sweep({
      setup: channel(1),
      run: ({ tx }) => tx.closed,
      beside: ({ rx }) => Effect.andThen(Effect.yieldNow, rx.close),
      verify: ({ rx, tx }) =>
        Effect.gen(function*() {
          assert.isTrue(yield* tx.isClosed)
          yield* tx.closed
          assert.strictEqual((yield* Effect.flip(rx.recv))._tag, "Disconnected")
        }).pipe(Effect.orDie)
    })
    assert.isAbove(points, 60)
  })
})

describe("stream", () => {
  // The pull loses nothing. What most of Effect's operators put around one can: they yield with an element in hand.
  const collect = ({ got, rx }: Collecting) =>
    Stream.runForEachArray(rx.stream, (messages) => {
      got.push(...messages)
      return Effect.void
    })

  it("loses nothing where messages are there", async () => {
    const { points } = await sweep({
      setup: Effect.tap(
        collecting(3),
        ({ tx }) => Effect.orDie(Effect.andThen(Effect.forEach([1, 2, 3], (m) => tx.send(m)), tx.drop))
      ),
      run: collect,
      verify: ({ got, rx }) =>
        Effect.map(Effect.orDie(drained(rx)), (left) => assert.deepStrictEqual([...got, ...left], [1, 2, 3]))
    })
    assert.isAbove(points, 180)
  })

  it("loses nothing where it must wait, and ends when the sender has gone", async () => {
    const { points } = await sweep({
      setup: collecting(3),
      run: collect,
      beside: ({ tx }) =>
        Effect.gen(function*() {
          for (const message of [1, 2, 3]) {
            yield* tx.send(message)
            yield* Effect.yieldNow
          }
          yield* tx.drop
        }).pipe(Effect.orDie),
      verify: ({ got, rx }, exit) =>
        Effect.map(Effect.orDie(drained(rx)), (left) => {
          assert.deepStrictEqual([...got, ...left], [1, 2, 3])
          if (Exit.isSuccess(exit)) assert.deepStrictEqual(got, [1, 2, 3])
        })
    })
    assert.isAbove(points, 200)
  })
})

describe("oneshot recv", () => {
  const oneshot = Effect.map(Oneshot.make<number>(), ([tx, rx]) => ({ tx, rx, back: [] as Array<number> }))
  type Setup = Effect.Success<typeof oneshot>

  /** The value has exactly one holder. */
  const held = ({ back, rx }: Setup, exit: Exit.Exit<number, unknown>) =>
    Effect.gen(function*() {
      const left = yield* Effect.exit(rx.tryRecv)
      assert.deepStrictEqual([...one(exit), ...back, ...one(left)], [1])
    })

  for (const timeout of [undefined, "1 hour"] as const) {
    it(`strands no value where it is there (timeout: ${timeout})`, async () => {
      const { points } = await sweep({
        setup: Effect.tap(oneshot, ({ tx }) => tx.send(1)),
        run: ({ rx }) => rx.recv({ timeout }),
        verify: held
      })
      assert.isAbove(points, 60)
    })

    it(`strands no value where it must wait (timeout: ${timeout})`, async () => {
      const { points } = await sweep({
        setup: oneshot,
        run: ({ rx }) => rx.recv({ timeout }),
        beside: ({ back, tx }) =>
          Effect.gen(function*() {
            yield* Effect.yieldNow
            const refused = yield* tx.send(1)
            if (refused._tag === "Some") back.push(refused.value)
          }),
        verify: held
      })
      assert.isAbove(points, 120)
    })
  }
})
