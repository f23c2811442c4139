/** A check in the fiber of its worker: what its end says of the resource, and what it has for as long as it runs. */
import { assert, describe, it } from "@effect/vitest"
import { Cause, Context, Deferred, Effect, Exit } from "effect"
import { info, openShop, Shop } from "../support/shop.ts"
import { untyped } from "../support/untyped.ts"
import { settle } from "../support/waiting.ts"

const fine = Effect.succeed(true)

describe("a check", () => {
  const jobs: ReadonlyArray<"validate" | "probe" | "reset"> = ["validate", "probe", "reset"]

  for (const job of jobs) {
    const answers: ReadonlyArray<[string, () => unknown, boolean, string | undefined]> = [
      ["true", () => fine, true, undefined],
      ["nothing", () => Effect.void, true, undefined],
      ["true after a while", () => Effect.andThen(Effect.yieldNow, fine), true, undefined],
      ["false", () => Effect.succeed(false), job === "reset", undefined],
      ["a failure", () => Effect.fail(new Error("ECONNRESET")), false, "ECONNRESET"],
      ["a defect", () => Effect.die(new Error("boom")), false, "boom"],
      ["its own interruption", () => Effect.interrupt, false, "All fibers interrupted without error"],
      [
        "a throw instead of an Effect",
        () => {
          throw new Error("thrown")
        },
        false,
        "thrown"
      ],
      ["a Promise instead of an Effect", () => Promise.resolve(true), false, "Not a valid effect"],
      ["nothing instead of an Effect", () => undefined, false, "Not a valid effect"],
      [
        "what is no Effect, half-way",
        () => Effect.flatMap(Effect.yieldNow, () => untyped<Effect.Effect<void>>(7)),
        false,
        "Not a valid effect"
      ],
      ["a finalizer that dies", () => Effect.addFinalizer(() => Effect.die(new Error("late"))), false, "late"]
    ]
    it.effect.each(answers)(`"${job}" that ends in %s`, ([, run, ok, why]) =>
      Effect.gen(function*() {
        const shop = yield* openShop({ [job]: () => untyped<Effect.Effect<boolean>>(run()) })
        shop.check(job)
        yield* settle
        assert.deepStrictEqual(shop.said(), [`${job} ${ok}`])
        const messages = shop.causes.map((cause) =>
          String(untyped<Error>(Cause.squash(cause)).message ?? Cause.squash(cause))
        )
        if (why === undefined) assert.deepStrictEqual(messages, [])
        else assert.include(messages[0], why)
        assert.strictEqual(shop.crew.size, 1, "it is the machine that says who is to close")
        shop.close()
        yield* settle
        assert.deepStrictEqual(shop.said(), ["closed", "exited Closed"])
      }))

    it.effect(`"${job}" with nothing to run is well at once`, () =>
      Effect.gen(function*() {
        const shop = yield* openShop({})
        shop.check(job)
        assert.deepStrictEqual(shop.said(), [`${job} true`])
      }))

    it.effect(`"${job}" gets the resource, and a scope of its own that ends before its verdict`, () =>
      Effect.gen(function*() {
        const shop = yield* openShop((shop) => ({
          [job]: (resource: unknown) =>
            Effect.andThen(Effect.addFinalizer(() => shop().note("let go")), shop().note(String(resource)))
        }))
        shop.check(job)
        yield* settle
        shop.check(job)
        yield* settle
        const once = ["the resource", "let go", `${job} true`]
        assert.deepStrictEqual(shop.said(), [...once, ...once])
      }))
  }

  it.effect("its scope is closed before the verdict also where what it returned was no Effect", () =>
    Effect.gen(function*() {
      const shop = yield* openShop((shop) => ({
        validate: () =>
          Effect.andThen(
            Effect.addFinalizer(() => Effect.andThen(Effect.yieldNow, shop().note("let go"))),
            Effect.flatMap(Effect.void, () => untyped<Effect.Effect<boolean>>(undefined))
          )
      }))
      shop.check("validate")
      yield* settle
      assert.deepStrictEqual(shop.said(), ["let go", "validate false"])
    }))

  it.effect("what it forked in its scope ends with it", () =>
    Effect.gen(function*() {
      const shop = yield* openShop((shop) => ({
        reset: () =>
          Effect.forkScoped(Effect.onInterrupt(Effect.never, () => shop().note("stopped")), { startImmediately: true })
      }))
      shop.check("reset")
      yield* settle
      assert.deepStrictEqual(shop.said(), ["stopped", "reset true"])
    }))

  it.effect("runs in the pool's context", () =>
    Effect.gen(function*() {
      class Who extends Context.Reference<string>("test/Who", { defaultValue: () => "nobody" }) {}
      const shop = yield* Effect.provideService(
        openShop((shop) => ({ probe: () => Effect.flatMap(Who, (who) => shop().note(who)) })),
        Who,
        "the pool"
      )
      shop.check("probe")
      yield* settle
      assert.deepStrictEqual(shop.said(), ["the pool", "probe true"])
    }))

  it.effect("while another is under way is none, and the next one is again", () =>
    Effect.gen(function*() {
      const answer = Deferred.makeUnsafe<boolean>()
      const shop = yield* openShop({ validate: () => Deferred.await(answer), shouldRetire: () => false })
      for (const job of ["validate", "validate", "probe", "judge", "reset"] as const) shop.check(job)
      yield* settle
      assert.deepStrictEqual(shop.said(), [])
      Deferred.doneUnsafe(answer, Exit.succeed(true))
      yield* settle
      assert.deepStrictEqual(shop.said(), ["validate true"])
      for (const job of ["judge", "validate"] as const) shop.check(job)
      yield* settle
      assert.deepStrictEqual(shop.said(), ["judge true", "validate true"])
    }))

  it.effect("of a worker that holds nothing, not yet or not any more, says nothing", () =>
    Effect.gen(function*() {
      const context = yield* Effect.context<never>()
      const opening = new Shop(context, { factory: Effect.never, validate: () => fine, shouldRetire: () => true })
        .open()
      for (const job of ["validate", "reset", "judge"] as const) opening.check(job)
      yield* settle
      assert.deepStrictEqual(opening.said(), [])

      const told = yield* openShop({ validate: () => fine, shouldRetire: () => true })
      told.close()
      for (const job of ["validate", "reset", "judge"] as const) told.check(job)
      yield* settle
      assert.deepStrictEqual(told.said(), ["closed", "exited Closed"])

      const dead = yield* openShop((shop) => ({ link: () => shop().link(), validate: () => fine }))
      dead.die()
      dead.check("validate")
      yield* settle
      assert.deepStrictEqual(dead.said(), ["died", "closed", "exited Closed"])
    }))
})

describe("shouldRetire", () => {
  it.effect("is asked by \"judge\", with the numbers and the resource, and answers at once", () =>
    Effect.gen(function*() {
      const asked: Array<unknown> = []
      let retire = true
      const shop = yield* openShop({
        reset: () => Effect.die("not asked for"),
        shouldRetire: (...given) => {
          asked.push(given)
          return retire
        }
      })
      shop.check("judge")
      retire = false
      shop.check("judge")
      assert.deepStrictEqual(shop.said(), ["judge false", "judge true"])
      assert.deepStrictEqual(asked, [[info, "the resource"], [info, "the resource"]])
      assert.deepStrictEqual(shop.causes, [])
    }))

  it.effect("that throws says yes, and what it threw is reported", () =>
    Effect.gen(function*() {
      const shop = yield* openShop({
        shouldRetire: () => {
          throw new Error("boom")
        }
      })
      shop.check("judge")
      shop.check("reset")
      assert.deepStrictEqual(shop.said(), ["judge false", "reset false"])
      assert.deepStrictEqual(shop.causes.map((cause) => untyped<Error>(Cause.squash(cause)).message), ["boom", "boom"])
    }))

  it.effect("that gives neither true nor false has not said yes", () =>
    Effect.gen(function*() {
      const shop = yield* openShop({ shouldRetire: () => untyped(Promise.resolve(true)) })
      shop.check("judge")
      assert.deepStrictEqual(shop.said(), ["judge true"])
    }))

  it.effect("is asked first on return, and what it retires is not reset (H15)", () =>
    Effect.gen(function*() {
      let retire = false
      const shop = yield* openShop((shop) => ({
        reset: () => shop().note("reset"),
        shouldRetire: () => {
          shop().log.push("asked")
          return retire
        }
      }))
      shop.check("reset")
      yield* settle
      assert.deepStrictEqual(shop.said(), ["asked", "reset", "reset true"])
      retire = true
      shop.check("reset")
      yield* settle
      assert.deepStrictEqual(shop.said(), ["asked", "reset false"])
    }))
})
