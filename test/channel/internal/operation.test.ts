/**
 * Effects of our own: what they take and hand on in one step is never lost, and whoever waits is told when it has to go.
 */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Exit, Fiber } from "effect"
import { handOn, handOnVoid, inSameStep, waitAs, type Waiter } from "../../../src/channel/internal/operation.ts"
import { isWaiting, settle, started } from "../../support/waiting.ts"
import { sweep } from "../../support/yieldSweep.ts"

/** Resumed and left as the test says. */
class Recorded implements Waiter<string, never> {
  readonly log: Array<string> = []
  resume: (effect: Effect.Effect<string>) => void = () => {}

  enter(resume: (effect: Effect.Effect<string>) => void): void {
    this.log.push("enters")
    this.resume = resume
  }

  leave(): void {
    this.log.push("leaves")
  }
}

const waitFor = (waiter: Recorded) => Effect.withFiber((fiber) => waitAs(waiter, fiber))

describe("one step", () => {
  it("takes and hands on, or takes nothing, wherever it is interrupted", async () => {
    let taken = 0
    const { points, tooLate } = await sweep({
      setup: Effect.sync(() => void (taken = 0)),
      run: () => Effect.withFiber((fiber) => handOn(++taken, fiber)),
      verify: (_, exit) => Effect.sync(() => assert.strictEqual(Exit.isSuccess(exit) ? exit.value : 0, taken))
    })
    assert.isAbove(points, 60)
    assert.isBelow(tooLate, points)
  })

  it.effect("hands on nothing as well, and goes on with any effect", () =>
    Effect.gen(function*() {
      assert.isUndefined(yield* Effect.withFiber(handOnVoid))
      assert.strictEqual(
        yield* Effect.flip(Effect.withFiber((fiber) => inSameStep(Effect.fail("no"), fiber))),
        "no"
      )
    }))

  it.effect("what is handed on is not held on to", () =>
    Effect.gen(function*() {
      const values = [1, undefined, "two"]
      const got = yield* Effect.forEach(values, (value) => Effect.withFiber((fiber) => handOn(value, fiber)))
      assert.deepStrictEqual(got, values)
    }))
})

describe("a waiter", () => {
  it.effect("enters within the step, and goes on with what it is resumed with", () =>
    Effect.gen(function*() {
      const waiter = new Recorded()
      const fiber = yield* started(waitFor(waiter))
      assert.deepStrictEqual(waiter.log, ["enters"])
      assert.isTrue(isWaiting(fiber))
      waiter.resume(Effect.succeed("on"))
      assert.strictEqual(yield* Fiber.join(fiber), "on")
      assert.deepStrictEqual(waiter.log, ["enters"])
    }))

  it.effect("leaves when it is interrupted, also when it had been resumed but had not gone on", () =>
    Effect.gen(function*() {
      const waiter = new Recorded()
      const fiber = yield* started(waitFor(waiter))
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(waiter.log, ["enters", "leaves"])
      const resumed = new Recorded()
      const other = yield* started(waitFor(resumed))
      resumed.resume(Effect.andThen(Effect.yieldNow, Effect.succeed("too late")))
      yield* Fiber.interrupt(other)
      assert.deepStrictEqual(resumed.log, ["enters", "leaves"])
    }))

  it.effect("of several at once each is its own", () =>
    Effect.gen(function*() {
      const waiters = [new Recorded(), new Recorded()] as const
      const fibers = yield* Effect.all([started(waitFor(waiters[0])), started(waitFor(waiters[1]))])
      waiters[1].resume(Effect.succeed("second"))
      assert.strictEqual(yield* Fiber.join(fibers[1]), "second")
      yield* settle
      assert.isTrue(isWaiting(fibers[0]))
      waiters[0].resume(Effect.succeed("first"))
      assert.strictEqual(yield* Fiber.join(fibers[0]), "first")
    }))
})
