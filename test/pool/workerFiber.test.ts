/** A worker that is told to close, or whose resource dies, while it checks; and the jitter it draws. */
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Exit, Random } from "effect"
import { Host } from "../../src/channel/internal/host.ts"
import { crewOf } from "../../src/pool/internal/crew.ts"
import type { Parts } from "../../src/pool/internal/settings.ts"
import { Worker } from "../../src/pool/internal/worker.ts"
import { interleavings } from "../support/seededScheduler.ts"
import { settingsOf } from "../support/settings.ts"
import { info, openShop, type Shop } from "../support/shop.ts"
import { untyped } from "../support/untyped.ts"
import { settle } from "../support/waiting.ts"

/** A check that goes on until it is interrupted, and takes a while over that. */
const stubborn = (shop: () => Shop) => () =>
  Effect.onInterrupt(
    Effect.andThen(Effect.addFinalizer(() => Effect.andThen(Effect.yieldNow, shop().note("let go"))), Effect.never),
    () => Effect.andThen(Effect.yieldNow, shop().note("stopped"))
  )

describe("a worker that is told to close during a check", () => {
  it.effect("says nothing of the check, and closes the resource only after all of it has ended (F-4)", () =>
    Effect.gen(function*() {
      const shop = yield* openShop((shop) => ({ reset: stubborn(shop) }))
      shop.check("reset")
      yield* settle
      shop.close()
      assert.deepStrictEqual(shop.said(), [], "not on the spot: the check takes a while over it")
      yield* settle
      assert.deepStrictEqual(shop.said(), ["stopped", "let go", "closed", "exited Closed"])
      assert.strictEqual(shop.crew.size, 0)
    }))

  it.effect("does so also where the link does not obey its interruption", () =>
    Effect.gen(function*() {
      const shop = yield* openShop((shop) => ({
        link: () => Effect.uninterruptible(shop().link()),
        reset: stubborn(shop)
      }))
      shop.check("reset")
      yield* settle
      shop.close()
      yield* settle
      assert.deepStrictEqual(shop.said(), ["stopped", "let go"])
      shop.die()
      yield* settle
      assert.deepStrictEqual(shop.said(), ["closed", "exited Closed"])
    }))

  it.effect("before the check has taken its first step closes all the same", () =>
    Effect.gen(function*() {
      const fork = Effect.runForkWith(yield* Effect.context<never>())
      let hold = false
      const shop = yield* openShop(
        (shop) => ({ validate: () => Effect.as(shop().note("checked"), true) }),
        { fork: (effect) => fork(hold ? Effect.andThen(Effect.yieldNow, effect) : effect) }
      )
      hold = true
      shop.check("validate")
      shop.close()
      yield* settle
      assert.deepStrictEqual(shop.said(), ["closed", "exited Closed"])
    }))

  it.effect("waits for one that cannot be interrupted, and is given up as any closing is", () =>
    Effect.gen(function*() {
      const end = Deferred.makeUnsafe<void>()
      const shop = yield* openShop({ reset: () => Effect.uninterruptible(Deferred.await(end)) })
      shop.check("reset")
      shop.close()
      yield* settle
      assert.deepStrictEqual(shop.said(), [])
      shop.crew.giveUp(shop.worker)
      assert.deepStrictEqual(shop.said(), ["exited Closed, abandoned"])
      yield* settle
      assert.deepStrictEqual(shop.said(), [], "a reset must not run on a closed resource")
      Deferred.doneUnsafe(end, Exit.void)
      yield* settle
      assert.deepStrictEqual(
        shop.said(),
        ["closed"],
        "when it ends after all it is closed, and nobody wants to hear of it"
      )
    }))

  it.effect("in the very step in which the check answers says either, never both, and closes once", () =>
    Effect.gen(function*() {
      const answer = () => Deferred.makeUnsafe<boolean>()
      const late = answer()
      const told = yield* openShop({ validate: () => Deferred.await(late) })
      told.check("validate")
      told.close()
      Deferred.doneUnsafe(late, Exit.succeed(true))
      yield* settle
      assert.deepStrictEqual(told.said(), ["closed", "exited Closed"])

      const early = answer()
      const answered = yield* openShop({ validate: () => Deferred.await(early) })
      answered.check("validate")
      yield* settle
      Deferred.doneUnsafe(early, Exit.succeed(true))
      answered.close()
      yield* settle
      assert.deepStrictEqual(answered.said(), ["validate true", "closed", "exited Closed"])
    }))

  it("whatever the order of their steps", () =>
    interleavings({
      outcomes: ["answered", "told"],
      race: Effect.gen(function*() {
        const shop = yield* openShop((shop) => ({
          validate: () =>
            Effect.gen(function*() {
              yield* Effect.addFinalizer(() => shop().note("let go"))
              for (let i = 0; i < 3; i++) yield* Effect.yieldNow
              return true
            })
        }))
        shop.check("validate")
        for (let i = 0; i < 3; i++) yield* Effect.yieldNow
        shop.close()
        while (!shop.log.includes("exited Closed")) yield* Effect.yieldNow
        const said = shop.said().filter((line) => line !== "let go")
        if (said.length === 2) {
          assert.deepStrictEqual(said, ["closed", "exited Closed"])
          return "told" as const
        }
        assert.deepStrictEqual(said, ["validate true", "closed", "exited Closed"])
        return "answered" as const
      })
    }))
})

describe("a resource that dies during a check", () => {
  it.effect("is reported at once, and closed when the check has ended, of which nothing is said", () =>
    Effect.gen(function*() {
      const shop = yield* openShop((shop) => ({ link: () => shop().link(), reset: stubborn(shop) }))
      shop.check("reset")
      yield* settle
      shop.die()
      assert.deepStrictEqual(shop.said(), ["died"])
      yield* settle
      assert.deepStrictEqual(shop.said(), ["stopped", "let go", "closed", "exited Closed"])
    }))

  it.effect("of the very first step of the check, too", () =>
    Effect.gen(function*() {
      const shop = yield* openShop((shop) => ({
        link: () => shop().link(),
        validate: () => Effect.andThen(Effect.sync(() => shop().die()), Effect.never)
      }))
      shop.check("validate")
      yield* settle
      assert.deepStrictEqual(shop.said(), ["died", "closed", "exited Closed"])
    }))

  it.effect("when the check cannot be interrupted is given up as any closing is", () =>
    Effect.gen(function*() {
      const shop = yield* openShop((shop) => ({
        link: () => shop().link(),
        validate: () => Effect.uninterruptible(Effect.never)
      }))
      shop.check("validate")
      shop.die()
      yield* settle
      shop.crew.giveUp(shop.worker)
      yield* settle
      assert.deepStrictEqual(shop.said(), ["died", "exited Closed, abandoned"])
    }))

  it("whatever the order of their steps", () =>
    interleavings({
      outcomes: ["answered", "died"],
      race: Effect.gen(function*() {
        const shop = yield* openShop((shop) => ({
          link: () => shop().link(),
          probe: () => Effect.forEach([1, 2, 3], () => Effect.yieldNow)
        }))
        shop.check("probe")
        for (let i = 0; i < 3; i++) yield* Effect.yieldNow
        shop.die()
        while (!shop.log.includes("exited Closed")) yield* Effect.yieldNow
        const said = shop.said()
        const [first] = said
        assert.deepStrictEqual(first === "died" ? said : said.slice(1), ["died", "closed", "exited Closed"])
        return first === "died" ? "died" as const : "answered" as const
      })
    }))
})

describe("the jitter of a resource", () => {
  it.effect("is drawn once, from the Random of the pool's context (H7)", () =>
    Effect.gen(function*() {
      const drawn = (seed: string) =>
        Effect.gen(function*() {
          const context = yield* Effect.context<never>()
          const settings = settingsOf({ factory: Effect.succeed({}), size: 1 }, "db")
          if (settings instanceof Error) return yield* Effect.die(settings)
          const jitters: Array<number> = []
          const crew = crewOf(
            {
              settings,
              host: new Host(context),
              post: (message) => message._tag === "Ready" && jitters.push(message.jitter),
              infoOf: () => info,
              launch: (job) => job(),
              log: () => {}
            },
            untyped<Parts>({ factory: Effect.succeed({}) }),
            Effect.runForkWith(context)
          )
          for (let id = 0; id < 3; id++) crew.open(new Worker(id))
          crew.closeAll()
          return jitters
        }).pipe(Random.withSeed(seed))
      const jitters = yield* drawn("a")
      assert.strictEqual(new Set(jitters).size, 3)
      assert.isTrue(jitters.every((jitter) => jitter >= 0 && jitter < 1))
      assert.deepStrictEqual(yield* drawn("a"), jitters)
      assert.notDeepEqual(yield* drawn("b"), jitters)
    }))
})
