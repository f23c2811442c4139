/**
 * Consumer mode: run to completion, one turn at a time.
 */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Deferred, Effect, Exit, Fiber, Latch, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { AsyncLocalStorage } from "node:async_hooks"
import { Mpsc } from "../../src/channel/index.ts"
import { defect, isWaiting, settle, started, tag } from "../support/waiting.ts"

describe("a turn", () => {
  it.effect("runs at once, on the sender's stack, when the consumer is idle", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const seen: Array<number> = []
      yield* rx.consume((n) => void seen.push(n))
      assert.isUndefined(tx.trySendUnsafe(1))
      assert.deepStrictEqual(seen, [1])
      yield* tx.send(2)
      yield* tx.trySend(3)
      yield* tx.sendTimeout(4, 0)
      yield* (yield* tx.reserve).send(5)
      assert.deepStrictEqual(seen, [1, 2, 3, 4, 5])
      assert.strictEqual(yield* rx.length, 0)
    }))

  it.effect("what was queued before is handled first, in order", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const seen: Array<number> = []
      for (const n of [1, 2, 3]) yield* tx.send(n)
      yield* rx.consume((n) => void seen.push(n))
      assert.deepStrictEqual(seen, [1, 2, 3])
    }))

  it.effect("runs to completion: what it sends to itself is handled after it, and the stack stays flat", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const seen: Array<string> = []
      let open = 0
      let deepest = 0
      yield* rx.consume((n) => {
        deepest = Math.max(deepest, ++open)
        if (n < 5) tx.trySendUnsafe(n + 1)
        if (n < 3) seen.push(`after ${n}`)
        open--
      })
      yield* tx.send(1)
      assert.deepStrictEqual(seen, ["after 1", "after 2"])
      assert.strictEqual(deepest, 1)
    }))

  it.effect("a hundred thousand messages to itself neither overflow the stack nor hold the event loop", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      let handled = 0
      yield* rx.consume((n) => {
        handled++
        if (n > 0) tx.trySendUnsafe(n - 1)
      })
      tx.trySendUnsafe(100_000)
      assert.isBelow(handled, 10_000)
      while (handled < 100_001) yield* Effect.yieldNow
      assert.strictEqual(handled, 100_001)
    }))

  it.effect("two consumers that send to each other for ever leave everybody else their turn", () =>
    Effect.gen(function*() {
      const [ping, pinged] = yield* Mpsc.unbounded<number>()
      const [pong, ponged] = yield* Mpsc.unbounded<number>()
      let rounds = 0
      yield* Effect.scoped(Effect.gen(function*() {
        yield* pinged.consume((n) => void pong.trySendUnsafe(n))
        yield* ponged.consume((n) => {
          rounds++
          ping.trySendUnsafe(n)
        })
        ping.trySendUnsafe(1)
        yield* settle
      }))
      assert.isAbove(rounds, 1000)
    }))

  it.effect("a ring of consumers does not deepen the stack", () =>
    Effect.gen(function*() {
      const size = 20_000
      const channels = yield* Effect.forEach(Array.from({ length: size }), () => Mpsc.unbounded<number>())
      let visited = 0
      for (const [i, [, rx]] of channels.entries()) {
        yield* rx.consume((n) => {
          visited++
          channels[i + 1]?.[0].trySendUnsafe(n)
        })
      }
      channels[0]![0].trySendUnsafe(1)
      while (visited < size) yield* Effect.yieldNow
      assert.strictEqual(visited, size)
    }))

  it.effect("releases the capacity when a message is taken", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(1)
      const gate = yield* Latch.make()
      yield* rx.consume((n) => n === 1 ? gate.await : undefined)
      yield* tx.send(1)
      assert.strictEqual(yield* tx.capacity, 1)
      yield* tx.send(2)
      const waiting = yield* started(tx.send(3))
      assert.strictEqual(yield* tag(tx.trySend(4)), "Full")
      yield* gate.open
      yield* Fiber.join(waiting)
      assert.strictEqual(yield* tx.capacity, 1)
    }))

  it.effect("a turn that interrupts the very fiber whose message it handles counts the room once", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(1)
      const gate = yield* Latch.make()
      const fibers: Array<Fiber.Fiber<void, unknown>> = []
      yield* rx.consume((n) => {
        if (n === 3) fibers[0]?.interruptUnsafe()
        return n === 1 ? gate.await : undefined
      })
      yield* tx.send(1)
      yield* tx.send(2)
      fibers.push(yield* started(tx.send(3)))
      yield* gate.open
      yield* Fiber.await(fibers[0]!)
      assert.strictEqual(yield* tx.capacity, 1)
    }))

  it.effect("a permit that holds the last room is handled like any message", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(1)
      const seen: Array<number> = []
      yield* rx.consume((n) => void seen.push(n))
      const permit = yield* tx.reserve
      assert.strictEqual(yield* tag(tx.trySend(2)), "Full")
      yield* permit.send(1)
      assert.deepStrictEqual(seen, [1])
      assert.strictEqual(yield* tx.capacity, 1)
    }))
})

describe("an Effect turn", () => {
  it.effect("holds the next message back until it ends", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const seen: Array<string> = []
      yield* rx.consume((n) => {
        seen.push(`begin ${n}`)
        return Effect.andThen(Effect.sleep("1 second"), Effect.sync(() => void seen.push(`end ${n}`)))
      })
      for (const n of [1, 2]) yield* tx.send(n)
      assert.deepStrictEqual(seen, ["begin 1"])
      assert.strictEqual(yield* rx.length, 1)
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(seen, ["begin 1", "end 1", "begin 2"])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(seen, ["begin 1", "end 1", "begin 2", "end 2"])
      yield* tx.send(3)
      assert.strictEqual(seen.at(-1), "begin 3")
    }))

  it.effect("Effect.void is no turn to wait for", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const seen: Array<number> = []
      yield* rx.consume((n) => {
        seen.push(n)
        return Effect.void
      })
      tx.trySendUnsafe(1)
      tx.trySendUnsafe(2)
      assert.deepStrictEqual(seen, [1, 2])
    }))

  it.effect("many in a row use no stack", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const done = yield* Deferred.make<void>()
      yield* rx.consume((n) => n === 50_000 ? Effect.asVoid(Deferred.succeed(done, undefined)) : Effect.sync(() => {}))
      for (let i = 0; i <= 50_000; i++) tx.trySendUnsafe(i)
      yield* Deferred.await(done)
    }))

  it.effect("runs with the context of who made the channel, not of who sends", () =>
    Effect.gen(function*() {
      class Name extends Context.Service<Name, string>()("Name") {}
      const seen: Array<string> = []
      const name = Effect.context<never>().pipe(
        Effect.map((context) => Context.getOrElse(Context.makeUnsafe<Name>(context.mapUnsafe), Name, () => "nobody")),
        Effect.map((name) => void seen.push(name))
      )
      const [tx, rx] = yield* Effect.provideService(Mpsc.unbounded<number>(), Name, "maker")
      yield* rx.consume(() => name)
      yield* Effect.provideService(tx.send(1), Name, "sender")
      yield* settle
      assert.deepStrictEqual(seen, ["maker"])
    }))

  it.effect("never sees the AsyncLocalStorage of who sends", () =>
    Effect.gen(function*() {
      const storage = new AsyncLocalStorage<string>()
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const seen: Array<string | undefined> = []
      yield* rx.consume(() => Effect.sync(() => void seen.push(storage.getStore())))
      storage.run("sender", () => {
        tx.trySendUnsafe(1)
        tx.trySendUnsafe(2)
      })
      yield* settle
      assert.deepStrictEqual(seen, [undefined, undefined])
    }))
})

describe("a crash", () => {
  const crashes: ReadonlyArray<readonly [string, () => void | Effect.Effect<void>]> = [
    ["a throw", () => {
      throw new Error("boom")
    }],
    ["a dying Effect", () => Effect.die(new Error("boom"))],
    ["an Effect that dies later", () => Effect.andThen(Effect.yieldNow, Effect.die(new Error("boom")))]
  ]
  for (const [name, crash] of crashes) {
    it.effect(`${name} never reaches the sender; it drops the receiver and is reported`, () =>
      Effect.gen(function*() {
        const [tx, rx] = yield* Mpsc.bounded<number>(2)
        const ended = yield* rx.consume((n) => n === 1 ? crash() : undefined)
        yield* tx.send(1)
        yield* Effect.ignore(tx.send(2))
        const exit = yield* ended
        assert.isTrue(Exit.isFailure(exit) && String(Cause.squash(exit.cause)).includes("boom"))
        assert.strictEqual(yield* tag(tx.send(3)), "Closed")
        assert.strictEqual(yield* tag(rx.recv), "Disconnected")
        assert.strictEqual(yield* rx.length, 0)
        assert.strictEqual(yield* ended, exit)
      }))
  }

  it.effect("an Effect that interrupts itself has failed", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(2)
      const ended = yield* rx.consume(() => Effect.interrupt)
      yield* tx.send(1)
      assert.isTrue(Exit.hasInterrupts(yield* ended))
      yield* tx.closed
    }))

  it.effect("wakes who waits for room, with the message", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(1)
      const gate = yield* Latch.make()
      yield* rx.consume(() => Effect.andThen(gate.await, Effect.die("boom")))
      yield* tx.send(1)
      yield* tx.send(2)
      const waiting = yield* started(Effect.flip(tx.send(3)))
      yield* gate.open
      assert.strictEqual((yield* Fiber.join(waiting)).value, 3)
    }))

  it.effect("on a message that was queued before, it is reported too", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(1)
      yield* tx.send(1)
      const ended = yield* rx.consume(() => {
        throw new Error("boom")
      })
      assert.isTrue(Exit.isFailure(yield* ended))
    }))
})

describe("the end of the scope", () => {
  it.effect("gives the receiver back to who polls", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const seen: Array<number> = []
      const ended = yield* Effect.scoped(Effect.gen(function*() {
        const ended = yield* rx.consume((n) => void seen.push(n))
        yield* tx.send(1)
        return ended
      }))
      assert.deepStrictEqual(yield* ended, Exit.void)
      yield* tx.send(2)
      assert.strictEqual(yield* rx.recv, 2)
      yield* rx.consume((n) => void seen.push(n))
      yield* tx.send(3)
      assert.deepStrictEqual(seen, [1, 3])
    }))

  it.effect("in an Effect turn: it is interrupted, waited for, and what is queued stays", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const scope = yield* Scope.make()
      const gate = yield* Latch.make()
      let isCleanedUp = false
      const ended = yield* Scope.provide(
        rx.consume(() =>
          Effect.onInterrupt(Effect.never, () =>
            Effect.andThen(
              gate.await,
              Effect.sync(() => {
                isCleanedUp = true
              })
            ))
        ),
        scope
      )
      for (const n of [1, 2]) yield* tx.send(n)
      yield* settle
      const closing = yield* started(Scope.close(scope, Exit.void))
      yield* tx.send(3)
      yield* settle
      assert.isTrue(isWaiting(closing))
      assert.include(yield* defect(rx.recv), "consumed")
      yield* gate.open
      yield* Fiber.join(closing)
      assert.isTrue(isCleanedUp)
      assert.deepStrictEqual(yield* ended, Exit.void)
      assert.deepStrictEqual(yield* rx.recvMany(9), [2, 3])
    }))

  it.effect("in an Effect turn that has not begun: it never does", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const scope = yield* Scope.make()
      let hasRun = false
      yield* Scope.provide(
        rx.consume(() =>
          Effect.sync(() => {
            hasRun = true
          })
        ),
        scope
      )
      tx.trySendUnsafe(1)
      yield* Scope.close(scope, Exit.void)
      yield* settle
      assert.isFalse(hasRun)
    }))

  it.effect("a defect in the interrupted turn's finalizer is reported, and drops the receiver", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const scope = yield* Scope.make()
      const ended = yield* Scope.provide(
        rx.consume(() => Effect.onInterrupt(Effect.never, () => Effect.die("boom"))),
        scope
      )
      yield* tx.send(1)
      yield* settle
      yield* Scope.close(scope, Exit.void)
      assert.isTrue(Exit.hasDies(yield* ended))
      yield* tx.closed
    }))

  it.effect("closed by the turn itself: a synchronous one is finished, and no other begins", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const scope = yield* Scope.make()
      const seen: Array<number> = []
      const ended = yield* Scope.provide(
        rx.consume((n) => {
          Effect.runSync(Scope.close(scope, Exit.void))
          seen.push(n)
        }),
        scope
      )
      yield* tx.send(1)
      yield* tx.send(2)
      assert.deepStrictEqual(seen, [1])
      assert.deepStrictEqual(yield* ended, Exit.void)
      assert.strictEqual(yield* rx.recv, 2)
    }))

  it.effect("closed by the turn itself: an Effect turn does not wait for itself", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const scope = yield* Scope.make()
      const ended = yield* Scope.provide(rx.consume(() => Scope.close(scope, Exit.void)), scope)
      yield* tx.send(1)
      assert.deepStrictEqual(yield* ended, Exit.void)
    }))

  it.effect("a scope that is closed already handles nothing", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const scope = yield* Scope.make()
      yield* Scope.close(scope, Exit.void)
      yield* tx.send(1)
      const ended = yield* Scope.provide(rx.consume(() => assert.fail("handled")), scope)
      assert.deepStrictEqual(yield* ended, Exit.void)
      assert.strictEqual(yield* rx.recv, 1)
    }))

  it.effect("a scope does not collect consumers that have ended", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      for (let i = 0; i < 3; i++) {
        const [tx, rx] = yield* Mpsc.unbounded<number>()
        const ended = yield* Scope.provide(rx.consume(() => {}), scope)
        yield* tx.drop
        yield* ended
      }
      assert.strictEqual(scope.state._tag, "Empty")
    }))
})

describe("the end of the channel", () => {
  it.effect("the consumer ends when the last sender has gone and everything is handled", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const gate = yield* Latch.make()
      const seen: Array<number> = []
      const ended = yield* rx.consume((n) => {
        seen.push(n)
        return n === 1 ? gate.await : undefined
      })
      for (const n of [1, 2, 3]) yield* tx.send(n)
      yield* tx.drop
      const waiting = yield* started(ended)
      yield* settle
      assert.isTrue(isWaiting(waiting))
      yield* gate.open
      assert.deepStrictEqual(yield* Fiber.join(waiting), Exit.void)
      assert.deepStrictEqual(seen, [1, 2, 3])
    }))

  it.effect("close lets it handle what is queued and permitted", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.bounded<number>(4)
      const seen: Array<number> = []
      const permit = yield* tx.reserve
      const ended = yield* rx.consume((n) => void seen.push(n))
      yield* rx.close
      const waiting = yield* started(ended)
      yield* settle
      assert.isTrue(isWaiting(waiting))
      yield* permit.send(1)
      assert.deepStrictEqual(yield* Fiber.join(waiting), Exit.void)
      assert.deepStrictEqual(seen, [1])
    }))

  it.effect("drop inside a turn ends it after that turn", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const seen: Array<number> = []
      for (const n of [1, 2]) yield* tx.send(n)
      const ended = yield* rx.consume((n) => {
        seen.push(n)
        return rx.drop
      })
      assert.deepStrictEqual(yield* ended, Exit.void)
      assert.deepStrictEqual(seen, [1])
      assert.strictEqual(yield* tag(tx.send(3)), "Closed")
    }))

  it.effect("on a channel that has ended already it ends at once", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      yield* tx.drop
      assert.deepStrictEqual(yield* yield* rx.consume(() => {}), Exit.void)
    }))
})

describe("one at a time", () => {
  it.effect("a second consume dies", () =>
    Effect.gen(function*() {
      const [, rx] = yield* Mpsc.unbounded<number>()
      yield* rx.consume(() => {})
      assert.include(yield* defect(rx.consume(() => {})), "consumed already")
    }))

  it.effect("receiving beside a consumer dies", () =>
    Effect.gen(function*() {
      const [, rx] = yield* Mpsc.unbounded<number>()
      yield* rx.consume(() => {})
      const receiving = [rx.recv, rx.recvMany(1), rx.tryRecv, Stream.runDrain(rx.stream)]
      for (const effect of receiving) assert.include(yield* defect(effect), "consumed")
    }))

  it.effect("consuming beside a waiting receiver dies", () =>
    Effect.gen(function*() {
      const [tx, rx] = yield* Mpsc.unbounded<number>()
      const fiber = yield* started(rx.recv)
      assert.include(yield* defect(rx.consume(() => {})), "polled")
      yield* tx.send(1)
      // It was woken, but has not taken its message yet.
      assert.include(yield* defect(rx.consume(() => {})), "polled")
      assert.strictEqual(yield* Fiber.join(fiber), 1)
      yield* rx.consume(() => {})
    }))
})
