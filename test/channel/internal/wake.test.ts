/**
 * How waiting fibers are woken: the outbox, the timer, and the two together.
 */
import { assert, describe, it } from "@effect/vitest"
import { Clock, Context, Effect, Fiber, Scheduler } from "effect"
import { TestClock } from "effect/testing"
import { AsyncLocalStorage } from "node:async_hooks"
import { Mpsc, Oneshot } from "../../../src/channel/index.ts"
import { Host } from "../../../src/channel/internal/host.ts"
import { Outbox } from "../../../src/channel/internal/outbox.ts"
import { Timer } from "../../../src/channel/internal/timer.ts"
import { settle, started, tag } from "../../support/waiting.ts"

/** Runs its tasks when told to. */
class ManualScheduler implements Scheduler.Scheduler {
  readonly executionMode = "async"
  tasks: Array<() => void> = []
  shouldYield = () => false
  makeDispatcher = () => ({ scheduleTask: (task: () => void) => void this.tasks.push(task), flush: () => {} })
  step(): void {
    const tasks = this.tasks
    this.tasks = []
    for (const task of tasks) task()
  }
}

const manual = () => {
  const scheduler = new ManualScheduler()
  return { scheduler, host: new Host(Context.make(Scheduler.Scheduler, scheduler)) }
}

describe("Outbox", () => {
  it("delivers in order, in one task, never at once", () => {
    const { host, scheduler } = manual()
    const seen: Array<number> = []
    const outbox = new Outbox(host)
    for (const n of [1, 2, 3]) outbox.add({ deliver: () => void seen.push(n) })
    assert.deepStrictEqual([seen.length, scheduler.tasks.length], [0, 1])
    scheduler.step()
    assert.deepStrictEqual(seen, [1, 2, 3])
    assert.lengthOf(scheduler.tasks, 0)
  })

  it("what a delivery causes goes to the next flush", () => {
    const { host, scheduler } = manual()
    const seen: Array<string> = []
    const outbox = new Outbox(host)
    outbox.add({
      deliver: () => {
        outbox.add({ deliver: () => void seen.push("caused") })
        seen.push("first")
      }
    })
    outbox.add({ deliver: () => void seen.push("second") })
    scheduler.step()
    assert.deepStrictEqual(seen, ["first", "second"])
    scheduler.step()
    assert.deepStrictEqual(seen, ["first", "second", "caused"])
  })

  it("a mass of deliveries is cut into pieces, in order", () => {
    const { host, scheduler } = manual()
    const seen: Array<number> = []
    const outbox = new Outbox(host)
    for (let i = 0; i < 10_000; i++) outbox.add({ deliver: () => void seen.push(i) })
    scheduler.step()
    assert.isBelow(seen.length, 2000)
    outbox.add({ deliver: () => void seen.push(10_000) })
    while (scheduler.tasks.length > 0) scheduler.step()
    assert.deepStrictEqual(seen, Array.from({ length: 10_001 }, (_, i) => i))
  })

  it("a delivery that throws is not repeated, and holds up nobody", () => {
    const { host, scheduler } = manual()
    const seen: Array<string> = []
    let flushes = 0
    const outbox = new Outbox(host, () => void flushes++)
    outbox.add({
      deliver: () => {
        seen.push("throws")
        throw new Error("boom")
      }
    })
    outbox.add({ deliver: () => void seen.push("next") })
    assert.throws(() => scheduler.step(), "boom")
    scheduler.step()
    assert.deepStrictEqual([seen, flushes], [["throws", "next"], 2])
  })
})

describe("Timer", () => {
  const setup = Effect.gen(function*() {
    const host = new Host(yield* Effect.context<never>())
    const fired: Array<number> = []
    return { fired, timer: new Timer(host, () => void fired.push(host.now())) }
  })

  it.effect("fires once, at its instant", () =>
    Effect.gen(function*() {
      const { fired, timer } = yield* setup
      timer.aim(1000)
      yield* TestClock.adjust(999)
      assert.deepStrictEqual([fired.length, timer.isArmed], [0, true])
      yield* TestClock.adjust(1)
      assert.deepStrictEqual([fired, timer.isArmed], [[1000], false])
      yield* TestClock.adjust(5000)
      assert.lengthOf(fired, 1)
    }))

  it.effect("is aimed earlier, left alone when early enough, and disarmed", () =>
    Effect.gen(function*() {
      const { fired, timer } = yield* setup
      timer.aim(1000)
      timer.aim(500)
      timer.aim(800)
      yield* TestClock.adjust(2000)
      assert.deepStrictEqual(fired, [500])
      timer.aim(3000)
      timer.aim(undefined)
      assert.isFalse(timer.isArmed)
      yield* TestClock.adjust(5000)
      assert.lengthOf(fired, 1)
    }))

  it.effect("an instant that is past fires as soon as it can", () =>
    Effect.gen(function*() {
      const { fired, timer } = yield* setup
      yield* TestClock.adjust(1000)
      timer.aim(5)
      yield* settle
      assert.deepStrictEqual(fired, [1000])
    }))
})

describe("deadlines on one timer", () => {
  /** A clock that counts who sleeps on it. */
  const counted = Effect.gen(function*() {
    const clock = yield* Clock.Clock
    const count = { begun: 0, asleep: 0 }
    const counting: Clock.Clock = Object.assign(Object.create(clock), {
      sleep: (duration: Parameters<Clock.Clock["sleep"]>[0]) =>
        Effect.suspend(() => {
          count.begun++
          count.asleep++
          return Effect.ensuring(clock.sleep(duration), Effect.sync(() => void count.asleep--))
        })
    })
    return { count, counting }
  })

  it.effect("however many wait, one sleeps; and none once the last has gone", () =>
    Effect.gen(function*() {
      const { count, counting } = yield* counted
      const pairs = yield* Effect.provideService(
        Effect.all(Array.from({ length: 100 }, () => Oneshot.make<number>())),
        Clock.Clock,
        counting
      )
      const fibers = yield* Effect.forEach(pairs, ([, rx], i) => started(Effect.exit(rx.recv({ timeout: 1000 + i }))))
      yield* settle
      assert.strictEqual(count.asleep, 1)
      for (const [i, [tx]] of pairs.entries()) {
        if (i % 2 === 0) yield* tx.send(i)
        else yield* Fiber.interrupt(fibers[i]!)
      }
      yield* settle
      assert.strictEqual(count.asleep, 0)
    }))

  it.effect("a wait that ends within the same batch arms nothing", () =>
    Effect.gen(function*() {
      const { count, counting } = yield* counted
      const [tx, rx] = yield* Effect.provideService(Oneshot.make<number>(), Clock.Clock, counting)
      const fiber = yield* started(rx.recv({ timeout: 1000 }))
      tx.sendUnsafe(1)
      assert.strictEqual(yield* Fiber.join(fiber), 1)
      yield* settle
      assert.strictEqual(count.begun, 0)
    }))

  it.effect("later deadlines follow when the first has passed or left", () =>
    Effect.gen(function*() {
      const ends: Array<string> = []
      const [tx] = yield* Mpsc.bounded<number>(1)
      yield* tx.send(0)
      const wait = (millis: number) =>
        started(Effect.tap(tag(tx.sendTimeout(1, millis)), () => Effect.sync(() => void ends.push(`${millis}`))))
      const fibers = yield* Effect.all([wait(300), wait(100), wait(200), wait(150)])
      yield* settle
      yield* TestClock.adjust(120)
      yield* Fiber.interrupt(fibers[3])
      yield* TestClock.adjust(80)
      yield* settle
      assert.deepStrictEqual(ends, ["100", "200"])
      yield* TestClock.adjust(100)
      yield* settle
      assert.deepStrictEqual(ends, ["100", "200", "300"])
    }))
})

describe("Host", () => {
  it.effect("the same context gives the same host", () =>
    Effect.gen(function*() {
      const context = yield* Effect.context<never>()
      assert.strictEqual(Host.of(context), Host.of(context))
      assert.notStrictEqual(Host.of(context), Host.of(Context.empty()))
    }))
})

describe("AsyncLocalStorage", () => {
  it("a fiber that waited keeps its own, whoever wakes it", async () => {
    const storage = new AsyncLocalStorage<string>()
    const seen: Array<string | undefined> = []
    const [tx, rx] = await Effect.runPromise(Mpsc.bounded<number>(1))
    const [answer, reply] = await Effect.runPromise(Oneshot.make<number>())
    const look = Effect.sync(() => void seen.push(storage.getStore()))
    const waiting = storage.run("receiver", () =>
      Promise.all([
        Effect.runPromise(Effect.andThen(rx.recv, look)),
        Effect.runPromise(Effect.andThen(reply.recv(), look))
      ]))
    storage.run("sender", () => {
      tx.trySendUnsafe(1)
      answer.sendUnsafe(1)
    })
    await waiting
    assert.deepStrictEqual(seen, ["receiver", "receiver"])
  })
})
